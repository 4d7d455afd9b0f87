/*
 * What tokens say of the session that they belong to (JWT_SESSIONS, accounts/sessions.h).
 */
#pragma once

#include "endpoints/context.h"

/*
 * A token names its session by two claims, an id of 32 lower-case hexadecimal digits and a
 * generation from 1 on, or by none: then out->sid is "". false: anything else. Without JWT_SESSIONS
 * they are claims like others.
 */
bool session_read(const struct config *, struct json_object *claims, struct session *out);

/* Puts a session into the claims of a refresh token, which then expires with it. */
void session_write(
    const struct claims_context *, struct json_object *claims, const struct session *);

/*
 * Refreshes the session of a refresh token that policy_token() has found good, or makes one of a
 * token without (JWT_SESSION_CONVERT). WIRE_OK with what new tokens have to say, or the reason of
 * the refusal. *outcome is the word for the log; what is unusual is logged as an event too.
 */
enum wire session_refresh(struct request *, const struct context *, const struct session_terms *,
    struct json_object *claims, struct bytes token, struct session *out, const char **outcome);

/*
 * Ends the session of a refresh token of any generation, which may have none yet:
 * WIRE_TOKEN_BLACKLISTED if it is over.
 */
enum wire session_end(
    struct request *, const struct context *, struct json_object *claims, struct bytes token);

/* Address and user agent of the request; nothing without JWT_SESSION_DEVICE. */
struct device session_device(const struct request *);
