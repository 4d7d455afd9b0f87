/*
 * One request: what FastCGI or CGI passed, and what http/ has parsed of it. Everything lives until
 * the request is answered.
 */
#pragma once

#include "base/bytes.h"
#include "config/config.h"
#include "http/wire.h"
#include "json/json.h"

struct field;
struct reply;

struct request {
	struct arena *arena;
	const struct config *config;
	int64_t now; /* clock_seconds(), read once for each request */

	/* The web server's parameters, NULL if absent. Raw, but without NUL bytes. */
	const char *method, *query, *content_type, *content_length, *accept, *if_none_match;
	const char *transfer_encoding;
	const char *uri;            /* as the client sent it */
	const char *permission;     /* required by the web server; NULL or "": none */
	const char *path;           /* the normalized uri; NULL or "": unknown */
	const char *authorization;  /* JWT_AUTH_HEADER_NAME or REDIRECT_HTTP_AUTHORIZATION */
	const char *remote_address; /* the web server's peer; after request_complete() the client */
	const char *forwarded_for, *user_agent;
	/* Only with JWT_REFRESH_COOKIE or JWT_OIDC_ISSUER. */
	const char *cookie, *origin, *fetch_site, *host, *scheme, *accept_language;
	struct bytes body;
	bool authorizer;  /* FastCGI's authorizer role: decides, answers no client */
	enum wire defect; /* of the request as a whole, such as no method; WIRE_OK: none */

	const char *allow; /* Allow header of this path, set by admit(); NULL: the endpoint's */
	struct json_object *claims; /* of the token that admit() accepted; may be NULL */
	const struct bytes *values; /* of the endpoint's fields; UTF-8 without NUL */
	const char *reason; /* why a login was refused; only for the log, never for the client */
	/*
	 * The id of a token's owner, or of the user who logs in; after admit() the user is
	 * authenticated. For statements and the log; NULL: none.
	 */
	const char *user_id;
	const char *client; /* OAuth's client_id, for the log; may be NULL */
};

/*
 * Store the web server's parameters, each "NAME=value" and NUL-terminated, or one of them. Unknown
 * ones are ignored.
 */
void request_parameters(struct request *, char *const *variables);
void request_parameter(struct request *, struct bytes name, struct bytes value);

bool request_is_post(const struct request *);

/* Whether the client sent its body in chunks and the web server does not know its length. */
bool request_is_chunked(const struct request *);

/* Call when parameters and body are stored: checks the length, finds the client's address. */
void request_complete(struct request *);

/*
 * Finds the token in the Authorization header (or JWT_AUTH_HEADER_NAME) as SimpleJWT does: exactly
 * two words, the first one of JWT_AUTH_HEADER_TYPES. Returns WIRE_OK, WIRE_NOT_PROVIDED or
 * WIRE_BAD_AUTHORIZATION.
 */
enum wire request_token(const struct request *, struct bytes *out);

enum header_found {
	HEADER_NONE, /* no header, or another scheme */
	HEADER_FOUND,
	HEADER_MALFORMED,
};

/*
 * Finds the credentials of that scheme (case is ignored) in an Authorization header (RFC 9110
 * section 11.4): exactly one word.
 */
enum header_found request_authorization(
    const struct request *, const char *scheme, struct bytes *out);

/*
 * Decodes a client's id and secret in a Basic header (RFC 6749 section 2.3.1), UTF-8. Either may be
 * empty.
 */
enum header_found request_basic(const struct request *, const char **id, const char **secret);

/* Checks the Accept header and ?format=: WIRE_OK, WIRE_NOT_ACCEPTABLE or WIRE_NOT_FOUND. */
enum wire request_negotiate(struct request *);

/*
 * Parses the body and stores the endpoint's fields in request->values. Returns false with a refusal
 * (413, 415, 400) in *out.
 */
bool request_fields(struct request *, const struct field *fields, struct reply *out);

/* The name of a field in the body, and whether a request without it is refused. */
const char *request_field_name(const struct config *, const struct field *);
bool request_needs_field(const struct config *, const struct field *);
