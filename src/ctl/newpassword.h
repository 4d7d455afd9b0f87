/*
 * A new password, chosen by a person: asked for twice without echo where standard input is a
 * terminal, else one line of it. Never an argument.
 */
#ifndef CTL_NEWPASSWORD_H
#define CTL_NEWPASSWORD_H

#include "ctl/command.h"

/*
 * Reads one and checks it as Django's default validators would: eight characters, not only digits,
 * none that everybody tries first, nothing like the name (NULL: nobody's). false after a word on
 * standard error. --weak lets all pass but what nobody could log in with.
 */
bool newpassword_read(const struct invocation *, const char *name, struct bytes *out);

/* Reads an existing password: one question, nothing is checked. false after a word on stderr. */
bool newpassword_ask(const struct invocation *, struct bytes *out);

#endif
