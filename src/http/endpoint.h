/*
 * An endpoint: a function from a request to a reply.
 *
 * A program states its endpoint and is linked with http/main.c, which serves it. handle() judges
 * everything that can be said of a request without knowing what it is for, in the order of Django
 * REST framework: what the client accepts (406), authentication (401, admit()), the method (405),
 * the body (415, 400), its fields (400). answer() then finds the fields' values in request->values,
 * in the order of the endpoint's fields.
 */
#pragma once

#include "base/verdict.h"
#include "http/reply.h"

/* What a program keeps between requests: completed by each program, opaque to http/. */
struct context;

/* A text field of the request's body, as DRF's CharField(required=True). */
enum field_kind {
	FIELD_END, /* ends the list */
	FIELD_TEXT,
	FIELD_OPTIONAL,  /* a text that may be missing: its value then has no bytes */
	FIELD_COOKIE,    /* a text that may be missing where JWT_REFRESH_COOKIE is not off */
	FIELD_LOGIN,     /* a text, named as JWT_USERNAME_FIELD says */
	FIELD_PASSWORD,  /* "password"; white space around it is kept if JWT_PASSWORD_TRIM is off */
	FIELD_READ_ONLY, /* only described by OPTIONS: a member of the answer, not of the request */
};

struct field {
	enum field_kind kind;
	const char *name;
};

#define FIELDS_MAXIMUM 4

/* A member of the answer 200, for the OpenAPI document. */
enum member_kind {
	MEMBER_END, /* ends the list */
	MEMBER_TEXT,
	MEMBER_OPTIONAL, /* a text that may be missing */
	MEMBER_COOKIE,   /* a text, if JWT_REFRESH_COOKIE is off */
	MEMBER_ROTATED,  /* as MEMBER_COOKIE, if refresh tokens are rotated as well */
	MEMBER_NULLABLE, /* a text or null */
	MEMBER_TIME,     /* a text as RFC 3339 has it */
	MEMBER_INTEGER,
	MEMBER_BOOLEAN,
};

struct member {
	enum member_kind kind;
	const char *name;
};

#define MEMBERS_MAXIMUM 9

struct endpoint {
	const char *name;  /* of the program */
	const char *allow; /* the methods, as the Allow header lists them; NULL with decide() */
	const char *title; /* DRF's name and description of the view, for OPTIONS */
	const char *description;             /* as the text of a JSON string */
	struct field fields[FIELDS_MAXIMUM]; /* FIELD_END ends them; FIELD_READ_ONLY stands last */
	/* For the OpenAPI document, which leaves an endpoint without a schema out (describe.h). */
	const char *path, *schema;
	struct member members[MEMBERS_MAXIMUM]; /* MEMBER_END ends them */
	const char *const *choices; /* the values of FIELD_OPTIONAL, NULL at the end; NULL: any */
	/* The member that identifies an object: the answer is an array of objects of the schema,
	   and DELETE of the path and this member's value ends one. NULL: the answer is an object.
	 */
	const char *item;
	/* A parameter of the query that may be repeated: the answer has a boolean for each value.
	 */
	const char *query;
	bool bearer; /* wants an access token */
	bool signs;  /* needs private keys; else public ones are enough */
	/* Verifies passwords, each 0.1 s of a processor: JWT_LOGIN_NICE, JWT_LOGIN_QUEUE and
	 * JWT_THROTTLE apply. */
	bool slow;
	bool one_form; /* answers in one form, whatever the Accept header says, as a file would */

	/*
	 * Set for an endpoint of OAuth and for a page, which are no views of DRF: the defects of a
	 * request (400, 413, 431) and the method (405, OPTIONS is 204) are judged before admit(),
	 * and each refusal is made here. There are no fields, and nothing is negotiated. argument:
	 * what stands for {} in the wire's sentence, raw; may be NULL.
	 */
	struct reply (*refuse)(struct request *, enum wire, const char *argument);

	/* Once, before the first request. NULL, after a line in the log: refuse to start. */
	struct context *(*start)(const struct config *, const struct endpoint *);
	/*
	 * Whether the database has what is needed, and, if `rights`, the rights: NO after a
	 * line in the log for each fault, UNDECIDED if it does not answer. Not called for a single
	 * CGI request. NULL: there is nothing to check.
	 */
	enum verdict (*check)(struct context *, bool rights);
	/* Authentication: a reply with status 0 admits the request. NULL: no authentication. */
	struct reply (*admit)(struct request *, struct context *);
	struct reply (*answer)(struct request *, struct context *);
	/*
	 * In place of all that: whether a request may pass that is answered elsewhere. Method,
	 * Accept header and body are not looked at, and FastCGI's role of an authorizer is served
	 * too.
	 */
	struct reply (*decide)(struct request *, struct context *);
};
