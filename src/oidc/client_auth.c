#include "oidc/client_auth.h"

#include "oidc/oauth.h"

#include <string.h>

/* What a client presents. */
struct credentials {
	const char *id, *secret; /* NULL: not given */
};

/* WIRE_OK, or why there is nothing to compare. */
static enum wire
read_credentials(const struct request *request, const struct parameter *id,
    const struct parameter *secret, struct credentials *out)
{
	*out = (struct credentials){id->value, secret->value};
	switch (request_basic(request, &out->id, &out->secret)) {
	case HEADER_NONE:
		return out->id == NULL ? WIRE_OAUTH_CLIENT : WIRE_OK;
	case HEADER_MALFORMED:
		return WIRE_OAUTH_CLIENT;
	case HEADER_FOUND:
		break;
	}
	if (secret->value != NULL || (id->value != NULL && strcmp(id->value, out->id) != 0))
		return WIRE_OAUTH_TWO_WAYS;
	/* Libraries send a public client's id as a name without a password. */
	if (*out->secret == '\0')
		out->secret = NULL;
	return WIRE_OK;
}

static struct reply
refuse_for(struct request *request, long seconds)
{
	const char *text = arena_printf(request->arena, "%ld", seconds);
	struct reply reply = oauth_refuse(request, WIRE_OAUTH_THROTTLED, text);

	reply_header(request, &reply, "Retry-After", text);
	return reply;
}

/* YES: *out is the client. NO: unknown (then its secret is NULL), or with another secret. */
static enum verdict
authenticate(struct request *request, struct accounts *accounts, const struct credentials *given,
    struct client *out)
{
	enum verdict found = client_find(accounts, request->arena, given->id, out);
	bool matches;

	if (found == VERDICT_UNDECIDED)
		return found;
	if (found == VERDICT_NO)
		*out = (struct client){.secret = NULL};
	matches = client_secret_matches(out, given->secret == NULL ? "" : given->secret);
	if (out->secret == NULL)
		matches = given->secret == NULL;
	return found == VERDICT_YES && matches ? VERDICT_YES : VERDICT_NO;
}

struct reply
client_auth(struct request *request, struct accounts *accounts, struct throttle *throttle,
    struct parameter *parameters, size_t count, struct client *out)
{
	struct reply reply = oauth_parameters(request, parameters, count);
	const char *address = request->remote_address;
	struct credentials given;
	enum wire read;
	long wait;

	if (reply.status != 0)
		return reply;
	read = read_credentials(request, &parameters[0], &parameters[1], &given);
	if (read != WIRE_OK)
		return oauth_refuse(request, read, NULL);
	request->client = given.id;
	wait = throttle_client_wait(throttle, address, given.id, request->now);
	if (wait > 0)
		return refuse_for(request, wait);
	switch (authenticate(request, accounts, &given, out)) {
	case VERDICT_YES:
		return reply;
	case VERDICT_NO:
		/* Unknown ids are not counted: they would fill the table and displace others. */
		if (out->secret != NULL)
			throttle_client_refused(throttle, address, given.id, request->now);
		return oauth_refuse(request, WIRE_OAUTH_CLIENT, NULL);
	default:
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	}
}

struct reply
client_auth_token(struct request *request, struct accounts *accounts, struct throttle *throttle,
    struct client *client, struct bytes *token)
{
	enum { ID, SECRET, TOKEN, HINT, PARAMETERS };
	struct parameter given[PARAMETERS] = {[ID] = {.name = "client_id"},
	    [SECRET] = {.name = "client_secret"},
	    [TOKEN] = {.name = "token", .maximum = OAUTH_TOKEN_MAXIMUM},
	    [HINT] = {.name = "token_type_hint"}};
	struct reply reply = client_auth(request, accounts, throttle, given, PARAMETERS, client);

	if (reply.status == 0 && given[TOKEN].value == NULL)
		return oauth_refuse(request, WIRE_OAUTH_MISSING, given[TOKEN].name);
	*token = bytes_of(given[TOKEN].value);
	return reply;
}
