/*
 * The bearer of an access token, for resources that only a known user may see.
 */
#pragma once

#include "endpoints/policy.h"

/*
 * An endpoint's admit(): authenticates the request by its Authorization header, as SimpleJWT's
 * JWTAuthentication. Status 0 with the token's claims in request->claims, or the refusal.
 */
struct reply bearer_admit(struct request *, struct context *);

/* The same for an endpoint about sessions: 404 without JWT_SESSIONS, and the owner is read. */
struct reply bearer_admit_session(struct request *, struct context *);

/* The same, with the account in *out. */
struct reply bearer_judge(
    struct request *, const struct context *, enum wanted, struct account *out);
