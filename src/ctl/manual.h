/*
 * The parts of the manual pages that tables know: printed as mdoc(7) while the project is built, so
 * that no page can say anything else than the programs do.
 */
#ifndef CTL_MANUAL_H
#define CTL_MANUAL_H

#include "ctl/command.h"

/* "commands" or "settings"; false if there is no such part. */
bool manual_print(const char *part, const struct command *const *tables);

#endif
