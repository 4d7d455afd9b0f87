/*
 * The settings of OpenID Connect (JWT_OIDC_*), as far as they can be judged without keys.
 */
#pragma once

#include "config/config.h"

/* The scopes of OpenID Connect itself, which need no setting; NULL ends them. */
extern const char *const oidc_settings_scopes[];

/*
 * Whether JWT_OIDC_ISSUER and JWT_OIDC_SCOPES are good; true where there is no issuer. false after
 * a line in the log for each fault.
 */
bool oidc_settings_agree(struct arena *, const struct config *);
