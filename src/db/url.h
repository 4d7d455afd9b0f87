/*
 * The settings JWT_DATABASE_URL and DATABASE_URL: a URL or a list of keyword=value, as libpq reads
 * them.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

#define URL_OPTIONS_MAXIMUM 16

/* Options that libpq has no variable for; a NULL ends them. They live as long as the process. */
struct url_options {
	const char *names[URL_OPTIONS_MAXIMUM + 1], *values[URL_OPTIONS_MAXIMUM + 1];
};

/*
 * Puts the options into libpq's PG* variables, where an existing one wins, and those without a
 * variable into *rest. url: NULL has no options. setting: its name, for the log. false, after a
 * line in the log, for what libpq does not understand; the line shows nothing of a password.
 */
bool url_read(const char *setting, const char *url, struct url_options *rest);
