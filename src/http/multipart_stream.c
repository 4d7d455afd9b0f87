#include "http/multipart_stream.h"

#include <string.h>

#define CHUNK (64 * 1024) /* FileUploadHandler.chunk_size */

static bool
stream_load(struct stream *stream)
{
	size_t left = stream->body.length - stream->loaded;

	stream->loaded += left < CHUNK ? left : CHUNK;
	return left > 0;
}

bool
part_next(struct stream *stream, struct part *out)
{
	*out = (struct part){stream->position, stream->position, false};
	return stream->position < stream->loaded || stream_load(stream);
}

/* BoundaryIter._find_boundary(): a line end before the boundary belongs to it, even half of one. */
static size_t
without_line_end(const char *body, size_t start, size_t end)
{
	if (end > start && body[end - 1] == '\n')
		end--;
	if (end > start && body[end - 1] == '\r')
		end--;
	return end;
}

/* BoundaryIter.__next__() */
bool
part_more(struct stream *stream, struct part *part)
{
	size_t start = stream->position, rollback = stream->separator.length + 6;
	const char *body = stream->body.data, *found;

	if (part->whole)
		return false;
	while (stream->loaded - start <= rollback && stream_load(stream))
		;
	stream->position = stream->loaded;
	if (stream->loaded == start) {
		part->whole = true;
		return false;
	}
	found = memmem(
	    body + start, stream->loaded - start, stream->separator.data, stream->separator.length);
	if (found != NULL) {
		part->end = without_line_end(body, start, (size_t)(found - body));
		part->whole = true;
		stream->position = (size_t)(found - body) + stream->separator.length;
		return true;
	}
	part->whole = stream->loaded - start <= rollback;
	if (!part->whole)
		stream->position -= rollback;
	part->end = stream->position;
	return true;
}
