#include "http/request.h"

#include "base/b64url.h"
#include "http/form.h"
#include "http/forwarded.h"
#include "http/media.h"
#include "http/parameters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPACES " \t\n\v\f\r"

/* Parameters that only cookies and pages need. */
static const char **
cookie_field_of(struct request *request, struct bytes name)
{
	if (request->config->refresh_cookie == REFRESH_COOKIE_OFF &&
	    request->config->oidc_issuer == NULL)
		return NULL;
	if (bytes_equal(name, "HTTP_COOKIE"))
		return &request->cookie;
	if (bytes_equal(name, "HTTP_ORIGIN"))
		return &request->origin;
	if (bytes_equal(name, "HTTP_SEC_FETCH_SITE"))
		return &request->fetch_site;
	if (bytes_equal(name, "HTTP_HOST"))
		return &request->host;
	if (bytes_equal(name, "REQUEST_SCHEME"))
		return &request->scheme;
	if (bytes_equal(name, "HTTP_ACCEPT_LANGUAGE"))
		return &request->accept_language;
	return NULL;
}

/* Where the parameter of that name is stored; NULL if it is not needed. */
static const char **
field_of(struct request *request, struct bytes name)
{
	if (bytes_equal(name, "REQUEST_METHOD"))
		return &request->method;
	if (bytes_equal(name, "REQUEST_URI"))
		return &request->uri;
	/* Set by Nginx or Apache's configuration: a client's headers are HTTP_... variables. */
	if (bytes_equal(name, "AUTH_PERMISSION"))
		return &request->permission;
	if (bytes_equal(name, "AUTH_PATH"))
		return &request->path;
	if (bytes_equal(name, "QUERY_STRING"))
		return &request->query;
	if (bytes_equal(name, "CONTENT_TYPE"))
		return &request->content_type;
	if (bytes_equal(name, "CONTENT_LENGTH"))
		return &request->content_length;
	if (bytes_equal(name, "HTTP_TRANSFER_ENCODING"))
		return &request->transfer_encoding;
	if (bytes_equal(name, "HTTP_ACCEPT"))
		return &request->accept;
	if (bytes_equal(name, "HTTP_IF_NONE_MATCH"))
		return &request->if_none_match;
	if (bytes_equal(name, "REMOTE_ADDR"))
		return &request->remote_address;
	if (bytes_equal(name, "HTTP_X_FORWARDED_FOR"))
		return &request->forwarded_for;
	if (bytes_equal(name, "HTTP_USER_AGENT"))
		return &request->user_agent;
	if (bytes_equal(name, request->config->auth_header_name))
		return &request->authorization;
	/* Apache's name after an internal redirect. */
	if (bytes_equal(name, "REDIRECT_HTTP_AUTHORIZATION") && request->authorization == NULL)
		return &request->authorization;
	return cookie_field_of(request, name);
}

void
request_parameter(struct request *request, struct bytes name, struct bytes value)
{
	const char **field = field_of(request, name);

	if (field == NULL)
		return;
	/* Of two headers it is unknown which one a proxy wrote: "" is malformed, so none counts. */
	if (field == &request->forwarded_for && *field != NULL)
		value = bytes_of("");
	/* Nor is it known which of two cookies or origins the browser sent. */
	if (*field != NULL && (field == &request->cookie || field == &request->origin ||
				  field == &request->fetch_site || field == &request->host))
		request->defect = WIRE_BAD_REQUEST;
	if (value.length > 0 && memchr(value.data, '\0', value.length) != NULL)
		request->defect = WIRE_BAD_REQUEST;
	else
		*field = arena_copy(request->arena, value.data, value.length);
}

void
request_parameters(struct request *request, char *const *variables)
{
	for (; *variables != NULL; variables++) {
		const char *value = strchr(*variables, '=');

		if (value != NULL)
			request_parameter(request,
			    (struct bytes){*variables, (size_t)(value - *variables)},
			    bytes_of(value + 1));
	}
}

/* Parses decimal digits; false for anything else, and on overflow. No text is 0. */
static bool
parse_length(const char *text, size_t *out)
{
	char *end;
	long long length;

	if (text == NULL || *text == '\0') {
		*out = 0;
		return true;
	}
	errno = 0;
	length = strtoll(text, &end, 10);
	if (text[strspn(text, "0123456789")] != '\0' || errno != 0)
		return false;
	*out = (size_t)length;
	return true;
}

bool
request_is_post(const struct request *request)
{
	return strcmp(request->method, "POST") == 0;
}

bool
request_is_chunked(const struct request *request)
{
	const char *length = request->content_length;

	if (length != NULL && *length != '\0')
		return strcmp(length, "-1") == 0; /* as Caddy sends it */
	return request->transfer_encoding != NULL &&
	       strcasestr(request->transfer_encoding, "chunked") != NULL;
}

void
request_complete(struct request *request)
{
	size_t announced;

	if (request->config->trusted_proxies != NULL)
		request->remote_address =
		    forwarded_address(request->arena, request->config->trusted_proxies,
			request->remote_address, request->forwarded_for);
	if (request->method == NULL && request->defect != WIRE_HEADERS_TOO_LARGE)
		request->defect = WIRE_BAD_REQUEST;
	if (request->defect != WIRE_OK || request_is_chunked(request))
		return;
	if (!parse_length(request->content_length, &announced))
		request->defect = WIRE_BAD_REQUEST;
	else if (announced > (size_t)request->config->request_body_limit)
		request->defect = WIRE_TOO_LARGE;
	else if (announced != request->body.length)
		request->defect = WIRE_BAD_REQUEST;
}

/* The value of ?format= (DRF's URL_FORMAT_OVERRIDE), empty if there is none. */
static struct bytes
format_of(struct request *request)
{
	struct form_field *fields = NULL;
	const struct form_field *format;
	const char *message;

	if (request->query == NULL || strstr(request->query, "format") == NULL)
		return (struct bytes){NULL, 0};
	form_urlencoded(request->arena, bytes_of(request->query), false, &fields, &message);
	format = form_field(fields, "format");
	return format == NULL ? (struct bytes){NULL, 0} : format->value;
}

/*
 * Whether the Accept header has one of our media types: DRF's DefaultContentNegotiation with the
 * renderers for JSON and HTML. A client that wants HTML gets JSON, a deliberate difference.
 */
static bool
accepts(struct request *request, bool json, bool html)
{
	struct bytes rest = bytes_of(request->accept), type;
	bool more = true;

	if (request->accept == NULL)
		return true;
	while (more) {
		struct media media;

		more = bytes_cut(&rest, ",", &type);
		media = media_parse(type);
		if ((json && media_matches(media, "application", "json")) ||
		    (html && media_matches(media, "text", "html")))
			return true;
	}
	return false;
}

enum wire
request_negotiate(struct request *request)
{
	struct bytes format = format_of(request);
	bool json = format.length == 0 || bytes_equal(format, "json");
	bool html =
	    !request->config->json_only && (format.length == 0 || bytes_equal(format, "api"));

	if (!json && !html)
		return WIRE_NOT_FOUND;
	return accepts(request, json, html) ? WIRE_OK : WIRE_NOT_ACCEPTABLE;
}

/* The next word of a header; length 0 at its end. */
static struct bytes
next_word(const char **rest)
{
	const char *word = *rest + strspn(*rest, SPACES);
	size_t length = strcspn(word, SPACES);

	*rest = word + length;
	return (struct bytes){word, length};
}

enum wire
request_token(const struct request *request, struct bytes *out)
{
	const char *rest = request->authorization == NULL ? "" : request->authorization;
	struct bytes type = next_word(&rest);

	if (type.length == 0 || !bytes_among(type, request->config->auth_header_types))
		return WIRE_NOT_PROVIDED;
	*out = next_word(&rest);
	if (out->length == 0 || next_word(&rest).length > 0)
		return WIRE_BAD_AUTHORIZATION;
	return WIRE_OK;
}

enum header_found
request_authorization(const struct request *request, const char *scheme, struct bytes *out)
{
	const char *rest = request->authorization == NULL ? "" : request->authorization;
	struct bytes type = next_word(&rest);

	if (!bytes_equal_case(type, scheme))
		return HEADER_NONE;
	*out = next_word(&rest);
	return out->length == 0 || next_word(&rest).length > 0 ? HEADER_MALFORMED : HEADER_FOUND;
}

/* RFC 4648 section 4; padding is optional. */
static bool
base64_decode(struct arena *arena, struct bytes text, struct bytes *out)
{
	char *copy = arena_copy(arena, text.data, text.length);

	for (int i = 0; i < 2 && text.length > 0 && copy[text.length - 1] == '='; i++)
		text.length--;
	for (size_t i = 0; i < text.length; i++) {
		if (copy[i] == '-' || copy[i] == '_')
			return false;
		copy[i] = copy[i] == '+' ? '-' : copy[i] == '/' ? '_' : copy[i];
	}
	return b64url_decode(arena, (struct bytes){copy, text.length}, out);
}

enum header_found
request_basic(const struct request *request, const char **id, const char **secret)
{
	struct bytes text, before;
	enum header_found found = request_authorization(request, "Basic", &text);

	if (found != HEADER_FOUND)
		return found;
	if (!base64_decode(request->arena, text, &text) || !bytes_cut(&text, ":", &before))
		return HEADER_MALFORMED;
	*id = parameters_decode(request->arena, before);
	*secret = parameters_decode(request->arena, text);
	return *id == NULL || *secret == NULL ? HEADER_MALFORMED : HEADER_FOUND;
}
