#include "http/form.h"

#include "http/base64.h"
#include "http/codec.h"
#include "http/multipart_header.h"
#include "http/multipart_stream.h"

#include <string.h>

#define MOST_FIELDS   1000 /* settings.DATA_UPLOAD_MAX_NUMBER_FIELDS */
#define MOST_FILES    100  /* settings.DATA_UPLOAD_MAX_NUMBER_FILES */
#define HEADER_WINDOW 1024 /* Parser.__iter__(): headers that end later are none */

struct list {
	struct form_field *first, *last;
};

struct multipart {
	struct arena *arena;
	const struct codec *codec;
	struct stream stream;
	struct part part;
	size_t content; /* where the part's content starts */
	struct part_header header;
	size_t field_count, file_count;
	struct list texts, files;
	struct form_field *unfinished; /* a file that counts once another part follows */
	const char **message;
};

static void
list_add(struct list *list, struct form_field *field)
{
	if (list->first == NULL)
		list->first = field;
	else
		list->last->next = field;
	list->last = field;
}

static bool
refuse(struct multipart *m, const char *message)
{
	*m->message = message;
	return false;
}

/* Reads the part's first bytes; false at the end of the body and for what Django fails on. */
static bool
part_open(struct multipart *m)
{
	const char *start = m->stream.body.data + m->part.start, *end;
	size_t window;

	while (m->part.end - m->part.start < HEADER_WINDOW && part_more(&m->stream, &m->part))
		;
	window = m->part.end - m->part.start;
	if (window > HEADER_WINDOW)
		window = HEADER_WINDOW;
	m->header = (struct part_header){.kind = PART_RAW};
	end = memmem(start, window, "\r\n\r\n", 4);
	if (end == NULL)
		return true;
	m->content = m->part.start + (size_t)(end - start) + 4;
	return part_header_read(
	    m->arena, (struct bytes){start, (size_t)(end - start)}, &m->header, m->message);
}

static struct form_field *
field_new(struct multipart *m)
{
	struct form_field *field = arena_alloc(m->arena, sizeof(*field));

	field->name = part_name(m->arena, &m->header, m->codec);
	field->file = m->header.kind == PART_FILE;
	return field;
}

static void
text_read(struct multipart *m)
{
	struct form_field *field = field_new(m);
	struct buffer value = {.arena = m->arena};
	struct bytes raw, decoded;

	while (part_more(&m->stream, &m->part))
		;
	raw = (struct bytes){m->stream.body.data + m->content, m->part.end - m->content};
	if (m->header.base64 && base64_decode(m->arena, raw, &decoded))
		raw = decoded;
	codec_put(m->codec, raw, &value);
	field->value = buffer_bytes(&value);
	list_add(&m->texts, field);
}

/* Decodes what makes whole groups of four and leaves the rest in the buffer. */
static bool
chunk_is_base64(struct multipart *m, struct bytes chunk, struct buffer *kept)
{
	struct bytes decoded;
	size_t whole;

	for (size_t i = 0; i < chunk.length; i++) {
		if (strchr(" \t\n\v\f\r", chunk.data[i]) == NULL || chunk.data[i] == '\0')
			buffer_putc(kept, chunk.data[i]);
	}
	whole = kept->length - kept->length % 4;
	if (whole > 0 && !base64_decode(m->arena, (struct bytes){kept->data, whole}, &decoded))
		return false;
	if (kept->length > whole)
		memmove(kept->data, kept->data + whole, kept->length - whole);
	kept->length -= whole;
	return true;
}

/* Of a file only its being one matters, and whether its base64 is right, piece by piece. */
static bool
file_read(struct multipart *m)
{
	struct buffer kept = {.arena = m->arena};
	size_t start = m->content;

	if (!part_has_filename(m->arena, &m->header, m->codec))
		return true;
	do {
		struct bytes chunk = {m->stream.body.data + start, m->part.end - start};

		if (m->header.base64 && !chunk_is_base64(m, chunk, &kept))
			return refuse(m, "Could not decode base64 data.");
		start = m->part.end;
	} while (part_more(&m->stream, &m->part));
	if (kept.length > 0)
		return refuse(m, "Could not decode base64 data.");
	m->unfinished = field_new(m);
	return true;
}

/* A file without a name for its field is never completed. */
static void
file_complete(struct multipart *m)
{
	if (m->unfinished != NULL && m->unfinished->name.length > 0)
		list_add(&m->files, m->unfinished);
	m->unfinished = NULL;
}

/* One turn of MultiPartParser._parse(); a part that is left unread goes on as the next one. */
static bool
part_read(struct multipart *m)
{
	if (!part_open(m))
		return false;
	file_complete(m);
	/* What stands before the first boundary and behind the last counts too, hence two more. */
	if (m->header.kind != PART_FILE && ++m->field_count > MOST_FIELDS + 2)
		return refuse(m, "The number of GET/POST parameters exceeded "
				 "settings.DATA_UPLOAD_MAX_NUMBER_FIELDS.");
	if (!m->header.name.present)
		return true;
	if (m->header.kind == PART_FIELD) {
		text_read(m);
		return true;
	}
	if (++m->file_count > MOST_FILES)
		return refuse(
		    m, "The number of files exceeded settings.DATA_UPLOAD_MAX_NUMBER_FILES.");
	return file_read(m);
}

/* cgi.valid_boundary(): "^[ -~]{0,200}[!-~]$", whose '$' lets a line feed follow. */
static bool
boundary_is_valid(struct bytes boundary)
{
	if (boundary.length > 0 && boundary.data[boundary.length - 1] == '\n')
		boundary.length--;
	for (size_t i = 0; i < boundary.length; i++) {
		if (boundary.data[i] < ' ' || boundary.data[i] > '~')
			return false;
	}
	return boundary.length > 0 && boundary.length <= 201 &&
	       boundary.data[boundary.length - 1] != ' ';
}

/* The text of a MultiPartParserError, with the header as WSGI has it: ISO 8859-1. */
static bool
refuse_type(struct multipart *m, const char *reason, const char *content_type)
{
	struct buffer text = {.arena = m->arena};

	buffer_puts(&text, reason);
	codec_put(codec_find(bytes_of("latin-1")), bytes_of(content_type), &text);
	return refuse(m, text.data);
}

static bool
separator_read(struct multipart *m, const char *content_type)
{
	struct header_value boundary;
	struct bytes type = bytes_of(content_type);
	struct buffer separator = {.arena = m->arena};

	if (strncmp(content_type, "multipart/", strlen("multipart/")) != 0)
		return refuse_type(m, "Invalid Content-Type: ", content_type);
	for (size_t i = 0; i < type.length; i++) {
		if ((unsigned char)type.data[i] >= 0x80)
			return refuse_type(
			    m, "Invalid non-ASCII Content-Type in multipart: ", content_type);
	}
	if (!boundary_read(m->arena, type, &boundary, m->message))
		return false;
	if (!boundary_is_valid(boundary.bytes))
		return refuse(m, arena_printf(m->arena, "Invalid boundary in multipart: %.*s",
				     boundary.present ? (int)boundary.bytes.length : 4,
				     boundary.present ? boundary.bytes.data : "None"));
	buffer_puts(&separator, "--");
	buffer_put(&separator, boundary.bytes.data, boundary.bytes.length);
	m->stream.separator = buffer_bytes(&separator);
	return true;
}

/* Django REST framework asks no parser about an empty body, and puts the files behind the texts. */
bool
form_multipart(struct arena *arena, struct bytes body, const char *content_type,
    const char *charset, struct form_field **out, const char **message)
{
	struct multipart m = {.arena = arena,
	    .codec = codec_of(charset),
	    .stream = {.body = body},
	    .message = message};

	*out = NULL;
	if (body.length == 0)
		return true;
	if (!separator_read(&m, content_type == NULL ? "" : content_type))
		return false;
	while (part_next(&m.stream, &m.part)) {
		if (!part_read(&m))
			return false;
	}
	if (m.texts.first != NULL)
		m.texts.last->next = m.files.first;
	*out = m.texts.first != NULL ? m.texts.first : m.files.first;
	return true;
}
