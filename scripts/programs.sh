# shellcheck shell=bash
# The programs that ./run and scripts/web serve, behind the URLs of nginx/; to be sourced (bash). A provider of OpenID
# Connect serves oidc_programs too.
programs=(token refresh hello verify blacklist sliding sliding_refresh jwks logout sessions permissions)
oidc_programs=(discovery authorize login end_session oauth_token userinfo introspect revoke)
