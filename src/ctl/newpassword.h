/*
 * Passwords from standard input: a terminal is prompted without echo, else one line is read.
 */
#pragma once

#include "ctl/command.h"

/*
 * Reads a new password, from a terminal twice, and checks it as Django's default validators would:
 * at least eight characters, not only digits, not a common one, not similar to the name (may be
 * NULL). --weak admits any password that a login could send. false after a line on standard error.
 */
bool newpassword_read(const struct invocation *, const char *name, struct bytes *out);

/* Reads an existing password, once, without checks. false after a line on stderr. */
bool newpassword_ask(const struct invocation *, struct bytes *out);
