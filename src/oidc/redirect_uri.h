/*
 * Redirect URIs. The table of clients checks which may be registered (sql/oidc.sql).
 */
#pragma once

#include <stdbool.h>

/*
 * Whether a request's URI is the registered one, byte for byte (RFC 9700 section 4.1.3). For native
 * applications any port of http://127.0.0.1 and http://[::1] matches (RFC 8252 section 7.3).
 */
bool redirect_uri_matches(const char *registered, const char *uri, bool native);
