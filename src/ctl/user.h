/*
 * What the subcommands for users share.
 */
#ifndef CTL_USER_H
#define CTL_USER_H

#include "ctl/command.h"

/* Whether white space is around the name: a login drops it (str.strip() of Python). */
bool user_name_is_trimmed(const char *name);

#endif
