/*
 * One request, as FastCGI or CGI handed it over and as far as http/ has read it.
 * Everything in it lives until the request is answered.
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
	int64_t now; /* seconds since the epoch, read once for each request */

	/* The web server's parameters; NULL where it sent none. No NUL inside, otherwise raw. */
	const char *method, *query, *content_type, *content_length, *accept, *if_none_match;
	const char *transfer_encoding;
	const char *uri;            /* as the client wrote it */
	const char *permission;     /* that the web server wants of the user; NULL or "": none */
	const char *path;           /* what the web server made of uri; NULL or "": not known */
	const char *authorization;  /* of JWT_AUTH_HEADER_NAME, else REDIRECT_HTTP_AUTHORIZATION */
	const char *remote_address; /* the web server's peer; once complete, the client */
	const char *forwarded_for, *user_agent;
	/* With JWT_REFRESH_COOKIE or JWT_OIDC_ISSUER. */
	const char *cookie, *origin, *fetch_site, *host, *scheme, *accept_language;
	struct bytes body;
	bool body_ignored; /* set before it is received: the endpoint has no use for a body */
	bool
	    authorizer; /* in FastCGI's role AUTHORIZER: a decision, not an answer for the client */
	enum wire defect; /* WIRE_OK, or what is wrong with the request as a whole */

	const char
	    *allow; /* the methods of this path, if they are not the endpoint's; admit() sets it */
	struct json_object *claims; /* of the token that admit() has let in; may be NULL */
	const struct bytes *values; /* of the endpoint's fields, UTF-8 without NUL */
	const char *reason; /* why a login was refused, for the log and never for the client */
	const char *user;   /* the user whom it is about, for the log; may be NULL */
	const char *client; /* the client_id of OAuth, for the log; may be NULL */
};

/*
 * Take the web server's parameters into the request, "NAME=value" each with a NULL at the end, or
 * one of them; what it has no use for is ignored.
 */
void request_parameters(struct request *, char *const *variables);
void request_parameter(struct request *, struct bytes name, struct bytes value);

bool request_is_post(const struct request *);

/*
 * Whether the client sent its body in chunks and the web server did not count them: then the body
 * ends where the web server ends it.
 */
bool request_is_chunked(const struct request *);

/* To be called when all parameters and the body are there: whether the length is as announced. */
void request_complete(struct request *);

/*
 * The token of the Authorization header, or of what JWT_AUTH_HEADER_NAME says, as SimpleJWT reads
 * it: exactly two words, the first one of JWT_AUTH_HEADER_TYPES. WIRE_OK, WIRE_NOT_PROVIDED or
 * WIRE_BAD_AUTHORIZATION.
 */
enum wire request_token(const struct request *, struct bytes *out);

enum header_found {
	HEADER_NONE, /* none, or one of another scheme */
	HEADER_FOUND,
	HEADER_MALFORMED,
};

/*
 * The credentials of an Authorization header (RFC 9110 section 11.4) of a scheme, in any case:
 * exactly one word.
 */
enum header_found request_authorization(
    const struct request *, const char *scheme, struct bytes *out);

/*
 * Id and secret of a client in a Basic header, form-decoded (RFC 6749 section 2.3.1), UTF-8. Either
 * may be empty.
 */
enum header_found request_basic(const struct request *, const char **id, const char **secret);

/* What the Accept header and ?format= ask for: WIRE_OK, WIRE_NOT_ACCEPTABLE or WIRE_NOT_FOUND. */
enum wire request_negotiate(struct request *);

/*
 * Reads the body and the endpoint's fields of it into request->values. true, or false with the
 * refusal in *out (413, 415, 400).
 */
bool request_fields(struct request *, const struct field *fields, struct reply *out);

/* The name of a field in the body, and whether a request without it is refused. */
const char *request_field_name(const struct config *, const struct field *);
bool request_needs_field(const struct config *, const struct field *);
