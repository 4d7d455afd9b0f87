/*
 * What the subcommands for users share.
 */
#ifndef CTL_USER_H
#define CTL_USER_H

#include "ctl/command.h"

/* The first of `count` arguments, none of them empty; NULL after a line on standard error. */
const char *user_name_argument(const struct invocation *, size_t count);

/* Whether white space is around the name: a login drops it (str.strip() of Python). */
bool user_name_is_trimmed(const char *name);

#endif
