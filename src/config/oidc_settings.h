/*
 * Checks the settings of OpenID Connect (JWT_OIDC_*), as far as possible without keys.
 */
#pragma once

#include "config/config.h"

/* The standard scopes, which need no setting; NULL-terminated. */
extern const char *const oidc_settings_scopes[];

/*
 * Whether JWT_OIDC_ISSUER and JWT_OIDC_SCOPES are valid; true without an issuer. Logs each fault.
 */
bool oidc_settings_agree(struct arena *, const struct config *);
