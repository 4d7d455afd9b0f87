#include "http/codec.h"

#include <errno.h>
#include <iconv.h>

#define NO_CONVERTER ((iconv_t)-1)

/*
 * The converter used last stays open: a form may ask for the same one at every percent escape, and
 * opening one reads files.
 */
static const char *converter_name;
static iconv_t converter = NO_CONVERTER;

static bool
converter_open(const char *name)
{
	if (converter_name == name && converter != NO_CONVERTER) {
		iconv(converter, NULL, NULL, NULL, NULL);
		return true;
	}
	if (converter != NO_CONVERTER)
		iconv_close(converter);
	converter = iconv_open("UTF-8", name);
	converter_name = name;
	return converter != NO_CONVERTER;
}

bool
codec_available(const struct codec *codec)
{
	return codec->iconv == NULL || converter_open(codec->iconv);
}

/* Converts up to the first error and puts out what iconv still holds back; 0 or that error. */
static int
convert(struct buffer *out, char **in, size_t *left)
{
	char piece[2048];
	int error;

	do {
		char *to = piece;
		size_t room = sizeof(piece);

		error = iconv(converter, in, left, &to, &room) == (size_t)-1 ? errno : 0;
		buffer_put(out, piece, (size_t)(to - piece));
	} while (error == E2BIG);

	char *to = piece;
	size_t room = sizeof(piece);

	iconv(converter, NULL, NULL, &to, &room);
	buffer_put(out, piece, (size_t)(to - piece));
	return error;
}

/* Byte by byte, lest iconv compose characters (CP1255, CP1258), which Python leaves as they are. */
bool
codec_charmap(struct decoding *d)
{
	char *in = (char *)(uintptr_t)d->in.data; /* iconv(3) has no const, but does not write */

	if (!codec_available(d->codec))
		return codec_utf8(d);
	for (size_t at = 0; at < d->in.length; at++) {
		char *byte = in + at;
		size_t left = 1;

		if ((unsigned char)*byte < 0x80)
			buffer_putc(d->out, *byte);
		else if (convert(d->out, &byte, &left) != 0 &&
			 !codec_error(d, at, 1, d->codec->message, "character maps to <undefined>"))
			return false;
	}
	return true;
}

/* EILSEQ costs one byte, as in most of CPython's codecs; EINVAL is an unfinished end. */
bool
codec_multibyte(struct decoding *d)
{
	char *in = (char *)(uintptr_t)d->in.data;
	size_t left = d->in.length;

	if (!codec_available(d->codec))
		return codec_utf8(d);
	while (left > 0) {
		int error = convert(d->out, &in, &left);
		bool bad = error == EILSEQ;
		size_t skip = bad ? 1 : left;

		if (error == 0 || left == 0)
			break;
		if (!codec_error(d, d->in.length - left, skip, d->codec->message,
			bad ? "illegal multibyte sequence" : "incomplete multibyte sequence"))
			return false;
		in += skip;
		left -= skip;
	}
	return true;
}
