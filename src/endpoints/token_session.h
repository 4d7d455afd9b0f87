/*
 * The session that a token belongs to (JWT_SESSIONS, accounts/sessions.h): its claims, and how it
 * is refreshed and ended.
 */
#pragma once

#include "endpoints/context.h"

/*
 * Reads the two claims that name a token's session: its id and a generation from 1 on. out->sid is
 * "" for a token with neither, and without JWT_SESSIONS, where they are claims like any other.
 * false: one is missing or malformed.
 */
bool token_session_read(const struct config *, struct json_object *claims, struct session *out);

/* Writes a session into the claims of a refresh token, which then expires with it. */
void token_session_write(
    const struct claims_context *, struct json_object *claims, const struct session *);

/*
 * Refreshes the session of a refresh token that policy_token() has found good, or converts a token
 * without a session to one (JWT_SESSION_CONVERT). Returns WIRE_OK with the session for the new
 * tokens in *out, or why it is refused. *outcome is the word for the log, NULL for the answer's
 * own; replays and recoveries are logged as events too.
 */
enum wire token_session_refresh(struct request *, const struct context *,
    const struct session_terms *, struct json_object *claims, struct bytes token,
    struct session *out, const char **outcome);

/*
 * Ends the session of a token of any generation, or the one that it would be converted to. Returns
 * WIRE_OK, WIRE_TOKEN_BLACKLISTED if the session has ended already, or why it is refused.
 */
enum wire token_session_end(
    struct request *, const struct context *, struct json_object *claims, struct bytes token);

/* Address and user agent of the request; both NULL without JWT_SESSION_DEVICE. */
struct device token_session_device(const struct request *);
