/*
 * The parts of the documentation that tables know, printed while the project is built: commands and
 * settings for manual pages in mdoc(7), and settings for docs/settings.md.
 */
#ifndef CTL_MANUAL_H
#define CTL_MANUAL_H

#include "ctl/command.h"

/* part: "commands", "settings" or "markdown"; false if there is no such part. */
bool manual_print(const char *part, const struct command *const *tables);

#endif
