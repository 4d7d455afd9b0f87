#include "endpoints/session.h"

#include <string.h>

#define GENERATION_MAXIMUM \
	INT64_C(2147483646) /* one below PostgreSQL's integer: it may be added to */
#define AGENT_MAXIMUM 200   /* characters, here bytes */

bool
session_read(const struct config *config, struct json_object *claims, struct session *out)
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
session_write(
    const struct claims_context *context, struct json_object *claims, const struct session *session)
{
	json_put_text(claims, context->config->session_id_claim, session->sid);
	json_put_integer(claims, context->config->session_generation_claim, session->gen);
	json_put_integer(claims, "exp", context->now + session->seconds);
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
session_device(const struct request *request)
{
	if (!request->config->session_device)
		return (struct device){.address = NULL};
	return (struct device){printable(request->arena, request->remote_address),
	    printable(request->arena, request->user_agent)};
}
