#include "oidc/client_auth.h"

#include "oidc/oauth.h"

#include <string.h>

/* What a client says of itself. */
struct credentials {
	const char *id, *secret; /* NULL: not given */
};

/* WIRE_OK, or why nothing can be compared. */
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

struct reply
client_auth(struct request *request, struct accounts *accounts, struct parameter *parameters,
    size_t count, struct client *out)
{
	struct reply reply = oauth_parameters(request, parameters, count);
	struct credentials given;
	enum verdict found;
	enum wire read;
	bool matches;

	if (reply.status != 0)
		return reply;
	read = read_credentials(request, &parameters[0], &parameters[1], &given);
	if (read != WIRE_OK)
		return oauth_refuse(request, read, NULL);
	request->client = given.id;
	found = client_find(accounts, request->arena, given.id, out);
	if (found == VERDICT_UNDECIDED)
		return oauth_refuse(request, WIRE_UNAVAILABLE, NULL);
	if (found == VERDICT_NO)
		*out = (struct client){.secret = NULL};
	matches = client_secret_matches(out, given.secret == NULL ? "" : given.secret);
	if (found == VERDICT_NO || (out->secret == NULL ? given.secret != NULL : !matches))
		return oauth_refuse(request, WIRE_OAUTH_CLIENT, NULL);
	return reply;
}
