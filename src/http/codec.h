/*
 * The text codecs of Python that a request may name, each with the way to read it. For charset.c,
 * percent.c and the two form readers; everybody else uses http/charset.h.
 */
#ifndef HTTP_CODEC_H
#define HTTP_CODEC_H

#include "base/bytes.h"

/* What to do with bytes that a charset does not have. */
enum codec_errors {
	CODEC_REPLACE, /* U+FFFD, in CPython's grouping */
	CODEC_STRICT,  /* stop, with CPython's message */
	CODEC_STREAM,  /* as strict, but as a codecs.StreamReader: what is unfinished at the end is
			* dropped, and UTF-16 and UTF-32 must start with a byte order mark */
};

struct decoding {
	const struct codec *codec;
	struct bytes in;
	enum codec_errors errors;
	struct buffer *out; /* UTF-8 */
	const char *message;
};

struct codec {
	const char *module;  /* Python's name of the module, which is also a name of the codec */
	const char *message; /* what its error messages call it */
	const char *iconv;   /* iconv's name, if that reads it */
	bool (*decode)(struct decoding *);
	const char *aliases; /* as in Python's encodings.aliases, separated by blanks */
};

/* By any of its names, written in any of the ways that Python accepts; NULL if there is none. */
const struct codec *codec_find(struct bytes name);

/* For the names that charset_of() returns: NULL and what is unknown are UTF-8. */
const struct codec *codec_of(const char *charset);

/* Appends the text as UTF-8 with U+FFFD for what cannot be decoded. */
void codec_put(const struct codec *, struct bytes in, struct buffer *out);

/* The readers of one kind each; false with decoding->message set, never for CODEC_REPLACE. */
bool codec_ascii(struct decoding *);
bool codec_latin1(struct decoding *);
bool codec_utf8(struct decoding *);
bool codec_utf8_sig(struct decoding *);
bool codec_utf16(struct decoding *);
bool codec_utf16_le(struct decoding *);
bool codec_utf16_be(struct decoding *);
bool codec_utf32(struct decoding *);
bool codec_utf32_le(struct decoding *);
bool codec_utf32_be(struct decoding *);
bool codec_charmap(struct decoding *);   /* one byte a character, by iconv */
bool codec_multibyte(struct decoding *); /* by iconv */

/* Whether this system's iconv has the codec; true for those that need no iconv. */
bool codec_available(const struct codec *);

/* Puts U+FFFD (true), or sets the message of a UnicodeDecodeError (false). */
bool codec_error(struct decoding *, size_t at, size_t count, const char *name, const char *reason);

#endif
