/*
 * jwtctl's subcommands for tokens.
 */
#include "ctl/report.h"

#include "base/json.h"
#include "signing/b64url.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TOKEN_MAXIMUM (1024 * 1024)

/* The clock, or what --now says of it. */
static bool
read_clock(const struct invocation *invocation, int64_t *out)
{
	long now;

	if (!option_number(invocation, "now", 0, 253402300799, (long)time(NULL), &now))
		return false;
	*out = now;
	return true;
}

/* A part up to the next dot as a JSON object; NULL if it is none. */
static struct json *
cut_object(struct arena *arena, struct bytes *rest)
{
	const char *dot = rest->length == 0 ? NULL : memchr(rest->data, '.', rest->length);
	struct bytes part, text;
	struct json *object;

	if (dot == NULL)
		return NULL;
	part = (struct bytes){rest->data, (size_t)(dot - rest->data)};
	*rest = (struct bytes){dot + 1, rest->length - part.length - 1};
	if (!b64url_decode(arena, part, &text))
		return NULL;
	object = json_parse(arena, text, JSON_STRICT, NULL);
	return object != NULL && object->type == JSON_OBJECT ? object : NULL;
}

static const char *
duration_text(struct arena *arena, int64_t seconds)
{
	if (seconds >= 172800)
		return arena_printf(arena, "%lld days", (long long)(seconds / 86400));
	if (seconds >= 7200)
		return arena_printf(arena, "%lld h %lld min", (long long)(seconds / 3600),
		    (long long)(seconds / 60 % 60));
	if (seconds >= 120)
		return arena_printf(
		    arena, "%lld min %lld s", (long long)(seconds / 60), (long long)(seconds % 60));
	return arena_printf(arena, "%lld s", (long long)seconds);
}

/* Whether a claim's value could be a time: an integer between 2001 and 2286. */
static bool
is_time(const struct json *value, int64_t *out)
{
	return json_integer(value, out) && *out >= 1000000000 && *out < 10000000000;
}

static void
print_members(struct arena *arena, const char *title, const struct json *object, int64_t now)
{
	printf("%s\n", title);
	for (const struct json *member = object->first; member != NULL; member = member->next) {
		struct buffer text = {.arena = arena};
		int64_t seconds;

		buffer_puts(&text, "  ");
		json_write_string(&text, member->name, true);
		buffer_puts(&text, ": ");
		json_write(&text, member, true);
		if (is_time(member, &seconds))
			buffer_printf(&text, "  (%s, %s%s%s)", date_text(arena, seconds),
			    seconds > now ? "in " : "",
			    duration_text(arena, seconds > now ? seconds - now : now - seconds),
			    seconds > now ? "" : " ago");
		puts(text.data);
	}
}

static void
print_json(struct arena *arena, const struct json *header, const struct json *claims, int64_t now)
{
	struct buffer text = {.arena = arena};
	int64_t expires;

	buffer_puts(&text, "{\"verified\": false, \"header\": ");
	json_write(&text, header, true);
	buffer_puts(&text, ", \"claims\": ");
	json_write(&text, claims, true);
	if (json_integer(json_member(claims, "exp"), &expires))
		buffer_printf(&text, ", \"expires_in\": %lld", (long long)(expires - now));
	buffer_putc(&text, '}');
	puts(text.data);
}

static enum outcome
decode(const struct invocation *invocation)
{
	struct arena *arena = invocation->arena;
	const struct json *header, *claims;
	struct bytes rest;
	int64_t now, expires;

	if (!read_clock(invocation, &now) || !read_line(invocation, TOKEN_MAXIMUM, &rest))
		return OUTCOME_UNDECIDED;
	header = cut_object(arena, &rest);
	claims = header == NULL ? NULL : cut_object(arena, &rest);
	if (claims == NULL) {
		complain(invocation, "not a token: two JSON objects in base64url and a signature, "
				     "with dots between, are expected");
		return OUTCOME_NO;
	}
	if (invocation->json) {
		print_json(arena, header, claims, now);
		return OUTCOME_YES;
	}
	puts("NOT VERIFIED: the signature was not looked at; anybody could have written this.");
	print_members(arena, "header", header, now);
	print_members(arena, "claims", claims, now);
	if (json_integer(json_member(claims, "exp"), &expires))
		printf("%s%s\n", expires > now ? "lifetime left: " : "expired since: ",
		    duration_text(arena, expires > now ? expires - now : now - expires));
	return OUTCOME_YES;
}

const struct command token_commands[] = {
    {
	.name = "decode",
	.summary = "Show what a token on standard input says, without verifying it",
	.examples = "  jwtctl decode < token\n"
		    "  echo \"$access\" | jwtctl decode --json\n",
	.options = {{"now", "SECONDS", "the time, since the epoch, in place of the clock's"}},
	.run = decode,
    },
    {.name = NULL},
};
