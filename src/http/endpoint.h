/*
 * An endpoint: a function from a request to a reply.
 *
 * Each program defines its endpoint and is linked with http/main.c, which serves it. handle() makes
 * the checks that all endpoints share, in the order of Django REST framework: Accept (406),
 * authentication by admit() (401), method (405), body (415, 400), fields (400). answer() finds the
 * values of the fields in request->values, in the order of the endpoint's fields.
 */
#pragma once

#include "base/verdict.h"
#include "http/reply.h"

/* A program's state between requests. Each program defines it; http/ only passes it on. */
struct context;

/* A text field of the request's body, like DRF's CharField(required=True). */
enum field_kind {
	FIELD_END, /* ends the list */
	FIELD_TEXT,
	FIELD_OPTIONAL,  /* may be missing: then its value has length 0 */
	FIELD_COOKIE,    /* required if JWT_REFRESH_COOKIE is off; else the cookie may replace it */
	FIELD_LOGIN,     /* named by JWT_USERNAME_FIELD */
	FIELD_PASSWORD,  /* named "password"; JWT_PASSWORD_TRIM: whether to strip white space */
	FIELD_READ_ONLY, /* a member of the answer that OPTIONS lists; not in the request */
};

struct field {
	enum field_kind kind;
	const char *name;
};

#define FIELDS_MAXIMUM 3 /* of one endpoint, without the end */

/* A member of a 200 answer, for the OpenAPI document. */
enum member_kind {
	MEMBER_END, /* ends the list */
	MEMBER_TEXT,
	MEMBER_OPTIONAL, /* a text; may be missing */
	MEMBER_COOKIE,   /* a text; present if JWT_REFRESH_COOKIE is off */
	MEMBER_ROTATED,  /* as MEMBER_COOKIE, and only if refresh tokens are rotated */
	MEMBER_NULLABLE, /* a text or null */
	MEMBER_TIME,     /* an RFC 3339 timestamp */
	MEMBER_INTEGER,
	MEMBER_BOOLEAN,
};

struct member {
	enum member_kind kind;
	const char *name;
};

#define MEMBERS_MAXIMUM 8 /* of one endpoint, without the end */

struct endpoint {
	const char *name;  /* of the program */
	const char *allow; /* the value of the Allow header; NULL with decide() */
	const char *title; /* name and description of DRF's view, for OPTIONS */
	const char *description;
	/* FIELD_END ends them; FIELD_READ_ONLY stands last. */
	struct field fields[FIELDS_MAXIMUM + 1];
	/* For the OpenAPI document; an endpoint without a schema is not in it (describe.h). */
	const char *path, *schema;
	struct member members[MEMBERS_MAXIMUM + 1]; /* MEMBER_END ends them */
	const char *const *choices; /* the values of FIELD_OPTIONAL, NULL at the end; NULL: any */
	/*
	 * If set, the answer is an array of objects of the schema, each identified by this member;
	 * DELETE of the path and the member's value removes one.
	 */
	const char *item;
	/* A query parameter that may be repeated: the answer has a boolean for each value. */
	const char *query;
	bool bearer; /* requires an access token */
	bool signs;  /* loads private keys; else public keys are enough */
	/* Verifies passwords, 0.1 s each: JWT_LOGIN_NICE, JWT_LOGIN_QUEUE and JWT_THROTTLE apply.
	 */
	bool slow;
	bool needs_names; /* known owners are kept with their names (accounts/known.h) */
	bool one_form;    /* no content negotiation: ignores the Accept header */

	/*
	 * Set for OAuth endpoints and pages, which are not DRF views; makes all of their refusals.
	 * A malformed request (400, 413, 431) and the method (405; OPTIONS is 204) are judged
	 * before admit(); there are no fields and no content negotiation. argument: replaces {} in
	 * the sentence, not escaped; may be NULL.
	 */
	struct reply (*refuse)(struct request *, enum wire, const char *argument);

	/* Called once, before the first request; NULL, after logging why: refuse to start. */
	struct context *(*start)(const struct config *, const struct endpoint *);
	/*
	 * Checks tables and columns of the database and, if `rights`, the privileges: NO after
	 * logging each fault, UNDECIDED if the database does not answer. Not called for a single
	 * CGI request. NULL: nothing to check.
	 */
	enum verdict (*check)(struct context *, bool rights);
	/* Authentication: a reply with status 0 admits the request. NULL: not required. */
	struct reply (*admit)(struct request *, struct context *);
	struct reply (*answer)(struct request *, struct context *);
	/*
	 * Replaces all of the above: decides whether a request to another program may pass. Ignores
	 * method, Accept header and body; also serves FastCGI's authorizer role.
	 */
	struct reply (*decide)(struct request *, struct context *);
};
