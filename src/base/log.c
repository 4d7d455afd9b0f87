#include "base/log.h"

#include "base/log_target.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAXIMUM    2048 /* less than PIPE_BUF: written whole or not at all */
#define OURS_MAXIMUM    512  /* of it: what is not escaped, names, numbers and marks */
#define MESSAGE_MAXIMUM 1000
#define QUOTE_MAXIMUM   200
#define PLAIN_MAXIMUM   45        /* an IPv6 address */
#define AUTHPRIV        (10 << 3) /* syslog's facility for what only administrators may read */

struct line {
	char data[LINE_MAXIMUM];
	size_t length;
};

/* How bytes that may not stand in a line as they are become harmless. */
struct escaping {
	bool marks;      /* quotes and backslashes get a backslash */
	const char *hex; /* what stands before the two digits of what is no printable ASCII */
};
static const struct escaping as_message = {false, "\\x"}, as_quoted = {true, "\\x"},
			     as_json = {true, "\\u00"};

static char program_name[100] = "jwt-fcgi";
static enum log_target target;
static bool is_json;
static size_t lost;

/* What a line begins with, the same for all lines of a second. */
static struct {
	time_t second;
	char text[256];
} head;

void
log_open(const char *program)
{
	snprintf(program_name, sizeof(program_name), "%s", program);
	target = log_target_find();
	head.second = 0;
}

void
log_to(const char *name)
{
	const char *why;

	is_json = strcmp(name, "json") == 0;
	head.second = 0;
	if (strcmp(name, "syslog") != 0)
		return;
	why = log_target_syslog();
	if (why != NULL)
		log_warning("JWT_LOG: /dev/log: %s; lines are lost until there is a syslogd", why);
	target = TARGET_SYSLOG;
	head.second = 0;
}

static void
make_head(time_t now)
{
	char when[32];
	struct tm parts;

	/* RFC 3164 section 4.1.2: local time without a year. */
	if (target == TARGET_SYSLOG)
		strftime(when, sizeof(when), "%b %e %H:%M:%S", localtime_r(&now, &parts));
	else
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
	if (is_json)
		snprintf(head.text, sizeof(head.text),
		    "{\"time\":\"%s\",\"program\":\"%s\",\"pid\":%d,\"level\":\"", when,
		    program_name, (int)getpid());
	else if (target == TARGET_JOURNAL)
		snprintf(head.text, sizeof(head.text), "%s[%d]: ", program_name, (int)getpid());
	else
		snprintf(
		    head.text, sizeof(head.text), "%s %s[%d]: ", when, program_name, (int)getpid());
	head.second = now;
}

static inline void
put_bytes(struct line *line, const char *data, size_t length)
{
	size_t room = sizeof(line->data) - line->length;

	if (length > room)
		length = room;
	memcpy(line->data + line->length, data, length);
	line->length += length;
}

static inline void
put(struct line *line, const char *text)
{
	put_bytes(line, text, strlen(text));
}

static void
put_escaped(struct line *line, struct bytes text, size_t maximum, const struct escaping *how)
{
	static const char digits[] = "0123456789abcdef";
	size_t length = text.length < maximum ? text.length : maximum;

	for (size_t i = 0; i < length && line->length < LINE_MAXIMUM - OURS_MAXIMUM; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		char hex[] = {digits[byte >> 4], digits[byte & 15]};

		if (byte < ' ' || byte >= 0x7f) {
			put(line, how->hex);
			put_bytes(line, hex, sizeof(hex));
			continue;
		}
		if (how->marks && (byte == '"' || byte == '\\'))
			line->data[line->length++] = '\\';
		line->data[line->length++] = (char)byte;
	}
}

static void
put_quoted(struct line *line, struct bytes text)
{
	put(line, "\"");
	put_escaped(line, text, QUOTE_MAXIMUM, &as_quoted);
	put(line, text.length > QUOTE_MAXIMUM ? "\"..." : "\"");
}

static void
put_priority(struct line *line, enum log_level level)
{
	char text[16];

	if (target == TARGET_PLAIN)
		return;
	snprintf(
	    text, sizeof(text), "<%d>", (int)(target == TARGET_SYSLOG ? AUTHPRIV | level : level));
	put(line, text);
}

static void
put_number(struct line *line, const struct log_field *field)
{
	char digits[32];
	size_t at = sizeof(digits);
	size_t decimals = field->kind == LOG_FIELD_THOUSANDTHS ? 3 : 0;
	unsigned long rest = field->number < 0 ? 0 : (unsigned long)field->number;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
		if (decimals > 0 && sizeof(digits) - at == decimals)
			digits[--at] = '.';
	} while (rest > 0 || sizeof(digits) - at < (decimals > 0 ? decimals + 2 : 1));
	put_bytes(line, digits + at, sizeof(digits) - at);
}

/* Whether a value needs no quotes: readers of name=value split at blanks. */
static bool
is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.length; i++) {
		char byte = value.data[i];

		if ((byte < '-' || byte > ':') && (byte < 'A' || byte > 'Z') &&
		    (byte < 'a' || byte > 'z') && byte != '_')
			return false;
	}
	return value.length > 0 && value.length <= PLAIN_MAXIMUM && !bytes_equal(value, "-");
}

static void
put_text_value(struct line *line, const char *text)
{
	struct bytes value = bytes_of(text);

	if (text == NULL)
		put(line, "-");
	else if (is_plain(value))
		put_bytes(line, value.data, value.length);
	else
		put_quoted(line, value);
}

static void
put_json_value(struct line *line, const char *value)
{
	if (value == NULL) {
		put(line, "null");
		return;
	}
	put(line, "\"");
	put_escaped(line, bytes_of(value), QUOTE_MAXIMUM, &as_json);
	put(line, "\"");
}

static void
put_text(struct line *line, const char *what, const struct log_field *fields)
{
	put_escaped(line, bytes_of(what), MESSAGE_MAXIMUM, &as_message);
	for (; fields->name != NULL; fields++) {
		put(line, " ");
		put(line, fields->name);
		put(line, "=");
		if (fields->kind == LOG_FIELD_TEXT)
			put_text_value(line, fields->text);
		else
			put_number(line, fields);
	}
}

static void
put_json(struct line *line, const char *what, enum log_level level, const struct log_field *fields)
{
	put(line, level == LEVEL_ERROR ? "error" : level == LEVEL_WARNING ? "warning" : "info");
	put(line, "\",\"message\":\"");
	put_escaped(line, bytes_of(what), MESSAGE_MAXIMUM, &as_json);
	put(line, "\"");
	for (; fields->name != NULL; fields++) {
		put(line, ",\"");
		put(line, fields->name);
		put(line, "\":");
		if (fields->kind == LOG_FIELD_TEXT)
			put_json_value(line, fields->text);
		else
			put_number(line, fields);
	}
	put(line, "}");
}

static bool
emit(enum log_level level, const char *what, const struct log_field *fields)
{
	static struct line line;
	time_t now = time(NULL);

	if (now != head.second)
		make_head(now);
	line.length = 0;
	put_priority(&line, level);
	put(&line, head.text);
	if (is_json)
		put_json(&line, what, level, fields);
	else
		put_text(&line, what, fields);
	if (target != TARGET_SYSLOG)
		put(&line, "\n");
	return log_target_write(target, line.data, line.length, lost == 0);
}

/* That lines are missing is told before the first one that gets through again. */
static bool
tell_lost(void)
{
	return emit(LEVEL_WARNING, "lines of this log were lost",
	    (struct log_field[]){
		{"count", LOG_FIELD_NUMBER, .number = (long)lost}, {.name = NULL}});
}

void
log_event(enum log_level level, const char *what, const struct log_field *fields)
{
	int error = errno;

	if (lost > 0 && tell_lost())
		lost = 0;
	if (lost > 0 || !emit(level, what, fields))
		lost++;
	errno = error;
}

static void
log_words(enum log_level level, const char *format, va_list arguments)
{
	static const struct log_field none = {.name = NULL};
	char message[MESSAGE_MAXIMUM + 1];
	int error = errno;

	vsnprintf(message, sizeof(message), format, arguments);
	errno = error;
	log_event(level, message, &none);
}

void
log_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_words(LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void
log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_words(LEVEL_WARNING, format, arguments);
	va_end(arguments);
}

void
log_notice(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_words(LEVEL_INFO, format, arguments);
	va_end(arguments);
}

const char *
log_quote(struct arena *arena, struct bytes outside)
{
	struct line quoted = {.length = 0};

	put_quoted(&quoted, outside);
	return arena_copy(arena, quoted.data, quoted.length);
}
