#include "oidc/authorization.h"

#include "http/request.h"
#include "oidc/redirect_uri.h"
#include "oidc/scopes.h"

#include <inttypes.h>

#define STATE_MAXIMUM    4096
#define NONCE_MAXIMUM    1024
#define HINT_MAXIMUM     4096 /* an ID token with such a nonce */
#define CHALLENGE_LENGTH 43   /* base64url of SHA-256 */
#define BASE64URL        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

enum {
	CLIENT_ID,
	REDIRECT_URI,
	RESPONSE_TYPE,
	RESPONSE_MODE,
	SCOPE,
	STATE,
	NONCE,
	CODE_CHALLENGE,
	CODE_CHALLENGE_METHOD,
	PROMPT,
	MAX_AGE,
	ID_TOKEN_HINT,
	LOGIN_HINT,
	UI_LOCALES,
	DISPLAY,
	CLAIMS_LOCALES,
	ACR_VALUES,
	REQUEST,
	REQUEST_URI,
	REGISTRATION,
	PARAMETERS
};
_Static_assert(PARAMETERS == AUTHORIZATION_PARAMETERS, "as many as there are");

static const struct parameter known[PARAMETERS] = {
    [CLIENT_ID] = {.name = "client_id"},
    [REDIRECT_URI] = {.name = "redirect_uri"},
    [RESPONSE_TYPE] = {.name = "response_type"},
    [RESPONSE_MODE] = {.name = "response_mode"},
    [SCOPE] = {.name = "scope"},
    [STATE] = {.name = "state", .maximum = STATE_MAXIMUM},
    [NONCE] = {.name = "nonce", .maximum = NONCE_MAXIMUM},
    [CODE_CHALLENGE] = {.name = "code_challenge"},
    [CODE_CHALLENGE_METHOD] = {.name = "code_challenge_method"},
    [PROMPT] = {.name = "prompt"},
    [MAX_AGE] = {.name = "max_age"},
    [ID_TOKEN_HINT] = {.name = "id_token_hint", .maximum = HINT_MAXIMUM},
    [LOGIN_HINT] = {.name = "login_hint"},
    [UI_LOCALES] = {.name = "ui_locales"},
    [DISPLAY] = {.name = "display"},
    [CLAIMS_LOCALES] = {.name = "claims_locales"},
    [ACR_VALUES] = {.name = "acr_values"},
    [REQUEST] = {.name = "request"},
    [REQUEST_URI] = {.name = "request_uri"},
    [REGISTRATION] = {.name = "registration"},
};

void
authorization_names(struct authorization *authorization)
{
	memcpy(authorization->parameters, known, sizeof(known));
}

void
authorization_refuse(
    struct authorization *authorization, const char *error, const char *description)
{
	authorization->error = error;
	authorization->description = description;
}

static bool
invalid(struct authorization *authorization, const char *description)
{
	authorization_refuse(authorization, "invalid_request", description);
	return false;
}

static bool
read_response_mode(struct authorization *authorization)
{
	const char *mode = authorization->parameters[RESPONSE_MODE].value;

	authorization->form_post = mode != NULL && strcmp(mode, "form_post") == 0;
	return mode == NULL || authorization->form_post || strcmp(mode, "query") == 0;
}

/* Refuses repeated and too long parameters, and those that are not supported. */
static bool
read_form(struct authorization *authorization)
{
	static const struct {
		int parameter;
		const char *error, *description;
	} unsupported[] = {
	    {REQUEST, "request_not_supported", "Request objects are not supported."},
	    {REQUEST_URI, "request_uri_not_supported", "Request URIs are not supported."},
	    {REGISTRATION, "registration_not_supported", "Registration is not supported."},
	};
	const struct parameter *parameters = authorization->parameters;

	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].repeated)
			return invalid(authorization, "A parameter is there more than once.");
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(*unsupported); i++) {
		const struct parameter *one = &parameters[unsupported[i].parameter];

		if (one->value == NULL && !one->too_long)
			continue;
		authorization_refuse(
		    authorization, unsupported[i].error, unsupported[i].description);
		return false;
	}
	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].too_long)
			return invalid(authorization, "A parameter is too long.");
	return true;
}

static bool
read_response_type(struct authorization *authorization)
{
	const char *type = authorization->parameters[RESPONSE_TYPE].value;

	if (type == NULL)
		return invalid(authorization, "The parameter response_type is missing.");
	if (strcmp(type, "code") == 0)
		return true;
	authorization_refuse(
	    authorization, "unsupported_response_type", "The response type must be code.");
	return false;
}

/* RFC 7636 section 4.3: without a method it would be "plain", which is refused. */
static bool
read_challenge(struct authorization *authorization)
{
	const char *challenge = authorization->parameters[CODE_CHALLENGE].value;
	const char *method = authorization->parameters[CODE_CHALLENGE_METHOD].value;
	const struct client *client = &authorization->client;

	authorization->code_challenge = challenge;
	if (challenge == NULL && (client->require_pkce || client->secret == NULL))
		return invalid(authorization, "The parameter code_challenge is missing.");
	if (challenge == NULL && method == NULL)
		return true;
	if (method == NULL || strcmp(method, "S256") != 0)
		return invalid(authorization, "The code_challenge_method must be S256.");
	if (challenge == NULL || strlen(challenge) != CHALLENGE_LENGTH ||
	    strspn(challenge, BASE64URL) != CHALLENGE_LENGTH)
		return invalid(
		    authorization, "The code_challenge must be 43 characters of base64url.");
	return true;
}

static bool
read_prompt(struct authorization *authorization)
{
	struct bytes rest = bytes_of(authorization->parameters[PROMPT].value), word;
	bool others = false;

	while (bytes_word(&rest, &word)) {
		if (bytes_equal(word, "none"))
			authorization->prompt_none = true;
		else if (bytes_equal(word, "login") || bytes_equal(word, "select_account"))
			others = authorization->prompt_login = true;
		else if (bytes_equal(word, "consent"))
			others = authorization->prompt_consent = true;
		else
			return invalid(authorization, "The parameter prompt has an unknown value.");
	}
	if (authorization->prompt_none && others)
		return invalid(authorization, "The prompt none has no other beside it.");
	return true;
}

/* A number that overflows is the largest: longer than any session. */
static bool
read_max_age(struct authorization *authorization)
{
	const char *text = authorization->parameters[MAX_AGE].value;

	authorization->max_age = -1;
	if (text == NULL)
		return true;
	if (text[strspn(text, "0123456789")] != '\0')
		return invalid(authorization, "The parameter max_age is not a number.");
	authorization->max_age = strtoimax(text, NULL, 10);
	return true;
}

bool
authorization_read(struct authorization *authorization)
{
	const struct parameter *parameters = authorization->parameters;
	bool mode = read_response_mode(authorization);

	authorization->state = parameters[STATE].value;
	authorization->nonce = parameters[NONCE].value;
	authorization->login_hint = parameters[LOGIN_HINT].value;
	authorization->id_token_hint = parameters[ID_TOKEN_HINT].value;
	authorization->ui_locales = parameters[UI_LOCALES].value;
	if (!read_form(authorization))
		return false;
	if (!mode)
		return invalid(authorization, "The response_mode must be query or form_post.");
	return read_response_type(authorization) && read_challenge(authorization) &&
	       read_prompt(authorization) && read_max_age(authorization);
}

static bool
read_scope(struct request *request, struct authorization *authorization)
{
	const char *asked = authorization->parameters[SCOPE].value;

	authorization->scopes = scopes_grant(
	    request->arena, asked, authorization->client.scopes, request->config->oidc_scopes);
	if (*authorization->scopes != '\0')
		return true;
	authorization_refuse(
	    authorization, "invalid_scope", "The client may have none of these scopes.");
	return false;
}

static const char *
registered_uri(const struct client *client, const char *uri)
{
	for (const char *const *one = client->redirect_uris; uri != NULL && *one != NULL; one++)
		if (redirect_uri_matches(*one, uri, client->native))
			return uri;
	return NULL;
}

/* AUTHORIZATION_GOOD, or what the client cannot be told, as the redirect URI may not be its own. */
static enum authorization_outcome
find_client(struct request *request, struct accounts *accounts, struct authorization *authorization)
{
	const char *id = authorization->parameters[CLIENT_ID].value;

	authorization->fault = FAULT_CLIENT;
	request->client = id;
	if (id == NULL)
		return AUTHORIZATION_PAGE;
	switch (client_find(accounts, request->arena, id, &authorization->client)) {
	case VERDICT_UNDECIDED:
		return AUTHORIZATION_UNAVAILABLE;
	case VERDICT_NO:
		return AUTHORIZATION_PAGE;
	case VERDICT_YES:
		break;
	}
	authorization->fault = FAULT_REDIRECT_URI;
	authorization->redirect_uri =
	    registered_uri(&authorization->client, authorization->parameters[REDIRECT_URI].value);
	return authorization->redirect_uri == NULL ? AUTHORIZATION_PAGE : AUTHORIZATION_GOOD;
}

enum authorization_outcome
authorization_judge(struct request *request, struct accounts *accounts, struct authorization *out)
{
	enum authorization_outcome found;

	*out = (struct authorization){.fault = FAULT_REQUEST};
	authorization_names(out);
	if (parameters_of_request(request, out->parameters, PARAMETERS) != PARAMETERS_GOOD)
		return AUTHORIZATION_PAGE;
	found = find_client(request, accounts, out);
	if (found != AUTHORIZATION_GOOD)
		return found;
	out->fault = FAULT_NONE;
	return authorization_read(out) && read_scope(request, out) ? AUTHORIZATION_GOOD
								   : AUTHORIZATION_CLIENT;
}
