/*
 * The settings JWT_DATABASE_URL and DATABASE_URL: a URL or a list of keyword=value in libpq's
 * syntax.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

#define URL_OPTIONS_MAXIMUM 16

/* Options without a PG* variable; a NULL ends them. They live as long as the process. */
struct url_options {
	const char *names[URL_OPTIONS_MAXIMUM + 1], *values[URL_OPTIONS_MAXIMUM + 1];
};

/*
 * Sets libpq's PG* variables from the options of a URL, except those already set, and puts options
 * without a variable into *rest. url: NULL has no options. setting: its name, for the log. false if
 * libpq cannot parse it, after a line in the log that shows nothing of a password.
 */
bool url_read(const char *setting, const char *url, struct url_options *rest);
