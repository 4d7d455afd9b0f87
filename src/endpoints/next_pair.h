/*
 * The refresh of a token pair with JWT_SESSIONS: the session's row decides, and the answer has its
 * next generation.
 */
#pragma once

#include "endpoints/context.h"

/* refresh: the claims of `token`, which policy_token() has found good. */
struct reply next_pair_answer(
    struct request *, struct context *, struct bytes token, struct json_object *refresh);
