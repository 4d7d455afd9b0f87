/*
 * Authentication with an access token, for protected resources.
 */
#pragma once

#include "endpoints/policy.h"

/*
 * An endpoint's admit(): authenticates the request by its Authorization header, as SimpleJWT's
 * JWTAuthentication does. Returns status 0 with the token's claims in request->claims, or the
 * refusal.
 */
struct reply bearer_admit(struct request *, struct context *);

/* The same for an endpoint about sessions: 404 without JWT_SESSIONS; always reads the owner. */
struct reply bearer_admit_session(struct request *, struct context *);

/* As bearer_admit(), with the account in *out. */
struct reply bearer_judge(
    struct request *, const struct context *, enum wanted, struct account *out);
