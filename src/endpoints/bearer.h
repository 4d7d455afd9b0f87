/*
 * The bearer of an access token, for resources that only a known user may see.
 */
#pragma once

#include "endpoints/policy.h"

/*
 * Authenticates the request by its Authorization header, as SimpleJWT's JWTAuthentication: a reply
 * with status 0, the token's claims in *claims and the account in *out; or the refusal.
 */
struct reply bearer_admit(struct request *, const struct context *, enum wanted,
    struct json_object **claims, struct account *out);

/*
 * For the admit of an endpoint about sessions: 404 without JWT_SESSIONS; else the bearer of a token
 * whose owner was read, with the token's claims in request->claims.
 */
struct reply bearer_admit_session(struct request *, struct context *);
