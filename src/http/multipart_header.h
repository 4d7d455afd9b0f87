/*
 * The headers of a part of a multipart body, and the one of the body itself, as
 * django.http.multipartparser reads them.
 */
#ifndef HTTP_MULTIPART_HEADER_H
#define HTTP_MULTIPART_HEADER_H

#include "base/bytes.h"

struct codec;

/* A parameter; text: it came as name*=charset'language'value and is UTF-8 already (RFC 2231). */
struct header_value {
	bool present, text;
	struct bytes bytes;
};

enum part_kind {
	PART_RAW, /* nothing to be named by: no Content-Disposition, or no header at all */
	PART_FIELD,
	PART_FILE,
};

struct part_header {
	enum part_kind kind;
	struct header_value name, filename;
	bool base64;
};

/* Both are false, with *message, where Django raises what it does not catch. */
bool part_header_read(
    struct arena *, struct bytes header, struct part_header *out, const char **message);
bool boundary_read(
    struct arena *, struct bytes content_type, struct header_value *out, const char **message);

/* As UTF-8. */
struct bytes header_text(struct arena *, struct header_value, const struct codec *);

/* The name as UTF-8 without the white space around it. */
struct bytes part_name(struct arena *, const struct part_header *, const struct codec *);

/* Whether a name is left of the filename once Django has cut the folders off. */
bool part_has_filename(struct arena *, const struct part_header *, const struct codec *);

#endif
