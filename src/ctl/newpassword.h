/*
 * A new password, chosen by a person: asked for twice without echo where standard input is a
 * terminal, else one line of it. Never an argument.
 */
#pragma once

#include "ctl/command.h"

/*
 * Reads one and checks it as Django's default validators would: eight characters, not only digits,
 * none of the most common ones, not like the name (NULL: of no user). false after a line on
 * standard error. --weak admits all that a login could present.
 */
bool newpassword_read(const struct invocation *, const char *name, struct bytes *out);

/* Reads an existing password: asked for once, not checked. false after a line on stderr. */
bool newpassword_ask(const struct invocation *, struct bytes *out);
