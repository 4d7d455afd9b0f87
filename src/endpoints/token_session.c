#include "endpoints/token_session.h"

#include "base/log.h"

#include <string.h>

#define GENERATION_MAXIMUM \
	INT64_C(2147483646) /* PostgreSQL's largest integer, less the 1 that a refresh adds */
#define AGENT_MAXIMUM 200   /* characters, here bytes */

bool
token_session_read(const struct config *config, struct json_object *claims, struct session *out)
{
	struct bytes sid = json_string(json_member(claims, config->session_id_claim));
	int64_t gen = 0;

	*out = (struct session){.gen = 0};
	if (!config->sessions || (!json_has(claims, config->session_id_claim) &&
				     !json_has(claims, config->session_generation_claim)))
		return true;
	if (!session_is_id(sid) ||
	    !json_integer(json_member(claims, config->session_generation_claim), &gen) || gen < 1 ||
	    gen > GENERATION_MAXIMUM)
		return false;
	memcpy(out->sid, sid.data, SESSION_ID_SIZE);
	out->gen = (long)gen;
	return true;
}

void
token_session_write(
    const struct claims_context *signing, struct json_object *claims, const struct session *session)
{
	json_put_text(claims, signing->config->session_id_claim, session->sid);
	json_put_integer(claims, signing->config->session_generation_claim, session->gen);
	json_put_integer(claims, "exp", signing->now + session->seconds);
}

/* Printable ASCII of at most AGENT_MAXIMUM bytes; other bytes become '?'. */
static const char *
printable(struct arena *arena, const char *text)
{
	char *copy;

	if (text == NULL)
		return NULL;
	copy = arena_copy(arena, text, strnlen(text, AGENT_MAXIMUM));
	for (char *at = copy; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return copy;
}

struct device
token_session_device(const struct request *request)
{
	if (!request->config->session_device)
		return (struct device){.address = NULL};
	return (struct device){printable(request->arena, request->remote_address),
	    printable(request->arena, request->user_agent)};
}

/* The answer to each outcome, and its word for the log (NULL: the answer's own). */
static const struct {
	enum wire wire;
	const char *outcome;
} outcomes[] = {
    [SESSION_UNAVAILABLE] = {WIRE_UNAVAILABLE, NULL},
    [SESSION_OK] = {WIRE_OK, NULL},
    [SESSION_RECOVERED] = {WIRE_OK, "session-recovered"},
    [SESSION_BEHIND] = {WIRE_OK, "session-behind"},
    [SESSION_CONVERTED] = {WIRE_OK, "session-converted"},
    [SESSION_REPLAYED] = {WIRE_TOKEN_BLACKLISTED, "session-replayed"},
    [SESSION_ENDED] = {WIRE_TOKEN_BLACKLISTED, "session-ended"},
    [SESSION_EXPIRED] = {WIRE_TOKEN_EXPIRED, NULL},
    [SESSION_NO_ACCOUNT] = {WIRE_NO_ACCOUNT_FOR_TOKEN, NULL},
    [SESSION_AGAIN] = {WIRE_UNAVAILABLE, NULL}, /* sessions_refresh() never returns it */
};

/* For an administrator who looks for stolen tokens. sid: its first 8 digits. */
static void
log_unusual(const struct request *request, enum session_outcome outcome,
    const struct session *shown, const struct session *given)
{
	const char *sid = arena_copy(request->arena, given->sid, 8);
	const struct log_field fields[] = {{"outcome", .text = outcomes[outcome].outcome},
	    {"user", .text = request->user_id}, {"sid", .text = sid},
	    {"shown", LOG_FIELD_NUMBER, .number = shown->gen},
	    {"gen", LOG_FIELD_NUMBER, .number = given->gen},
	    {"from", .text = request->remote_address}, {.name = NULL}};

	log_event(LEVEL_WARNING, "session", fields);
}

/* The user id, also noted for the log; NULL: the token names no user. */
static const char *
owner_of(struct request *request, const struct context *context, struct json_object *claims)
{
	struct claims_context signing = context_claims(request, context);
	const char *user_id;

	if (claims_user(&signing, claims, &user_id) != CLAIMS_USER)
		return NULL;
	request->user_id = user_id;
	return user_id;
}

static enum session_outcome
convert(struct request *request, const struct context *context, struct json_object *claims,
    struct bytes token, struct session *out)
{
	struct device device = token_session_device(request);
	int64_t iat = 0;

	claims_time(claims, "iat", &iat);
	return sessions_convert(
	    context->sessions, request->arena, request->user_id, token, iat, &device, out);
}

enum wire
token_session_refresh(struct request *request, const struct context *context,
    const struct session_terms *terms, struct json_object *claims, struct bytes token,
    struct session *out, const char **outcome)
{
	const char *user_id = owner_of(request, context, claims);
	enum session_outcome made;
	struct session shown;

	*outcome = NULL;
	if (user_id == NULL || !token_session_read(context->config, claims, &shown))
		return WIRE_TOKEN_INVALID;
	if (*shown.sid == '\0' && !context->config->session_convert)
		return WIRE_TOKEN_INVALID;
	*out = shown;
	made = *shown.sid == '\0' ? convert(request, context, claims, token, out)
				  : sessions_refresh(context->sessions, request->arena, terms,
					user_id, &shown, out);
	if (made == SESSION_RECOVERED || made == SESSION_BEHIND || made == SESSION_REPLAYED)
		log_unusual(request, made, &shown, out);
	*outcome = outcomes[made].outcome;
	return outcomes[made].wire;
}

enum wire
token_session_end(struct request *request, const struct context *context,
    struct json_object *claims, struct bytes token)
{
	const char *user_id = owner_of(request, context, claims);
	struct session session;
	bool of_before;
	enum verdict ended;

	if (user_id == NULL || !token_session_read(context->config, claims, &session))
		return WIRE_TOKEN_INVALID;
	of_before = *session.sid == '\0';
	if (of_before)
		session_id_of_token(token, session.sid);
	ended = sessions_end(context->sessions, request->arena, user_id, session.sid);
	/* A token that was never converted is converted first, so that its end is stored. */
	if (ended == VERDICT_NO && of_before) {
		enum wire made = outcomes[convert(request, context, claims, token, &session)].wire;

		if (made != WIRE_OK)
			return made;
		ended = sessions_end(context->sessions, request->arena, user_id, session.sid);
	}
	return wire_of_verdict(ended, WIRE_TOKEN_BLACKLISTED);
}
