#include "oidc/answer.h"

#include "oidc/oauth.h"
#include "oidc/page.h"

#define FIELDS 4
/* Web servers keep all headers of a response in 16 KiB. */
#define LOCATION_MAXIMUM 12288

struct reply
answer_redirect(struct request *request, const char *outcome, const char *uri,
    const struct parameter *parameters, size_t count)
{
	struct buffer query = {.arena = request->arena};
	struct reply reply = reply_status(303, outcome);

	parameters_write(&query, parameters, count);
	if (query.length > 0)
		uri = arena_printf(request->arena, "%s%c%s", uri,
		    strchr(uri, '?') == NULL ? '?' : '&', query.data);
	reply.referrer = "no-referrer";
	reply_header(request, &reply, "Location", uri);
	return reply;
}

struct reply
answer_again(
    struct request *request, const char *path, const struct parameter *parameters, size_t count)
{
	struct reply reply = answer_redirect(
	    request, "again", oauth_url(request->arena, request->config, path), parameters, count);

	return strlen(reply.headers) <= LOCATION_MAXIMUM
		   ? reply
		   : page_refuse(request, WIRE_TOO_LARGE, NULL);
}

static struct reply
answer(struct request *request, const struct authorization *authorization, const char *outcome,
    struct parameter fields[static FIELDS])
{
	fields[FIELDS - 2] = (struct parameter){.name = "state", .value = authorization->state};
	fields[FIELDS - 1] =
	    (struct parameter){.name = "iss", .value = request->config->oidc_issuer};
	if (authorization->form_post)
		return page_post(request, outcome, authorization->redirect_uri, fields, FIELDS);
	return answer_redirect(request, outcome, authorization->redirect_uri, fields, FIELDS);
}

struct reply
answer_error(struct request *request, const struct authorization *authorization)
{
	struct parameter fields[FIELDS] = {{.name = "error", .value = authorization->error},
	    {.name = "error_description", .value = authorization->description}};

	return answer(request, authorization, authorization->error, fields);
}

enum verdict
answer_code(struct request *request, struct sessions *sessions,
    const struct authorization *authorization, const struct provider_session *session,
    struct reply *out)
{
	const struct code code = {
	    .client_id = authorization->client.id,
	    .user_id = session->user_id,
	    .scopes = authorization->scopes,
	    .redirect_uri = authorization->redirect_uri,
	    .code_challenge = authorization->code_challenge,
	    .nonce = authorization->nonce,
	    .browser_sid = session->sid,
	};
	struct parameter fields[FIELDS] = {{.name = "code"}, {.name = "error"}};
	enum verdict created = code_create(sessions, request->arena, &code, &fields[0].value);

	if (created == VERDICT_YES)
		*out = answer(request, authorization, "code", fields);
	return created;
}
