/*
 * jwtctl's subcommands for tokens: verify and decode.
 */
#include "ctl/keydir.h"
#include "ctl/report.h"

#include "base/b64url.h"
#include "signing/claims.h"
#include "signing/jws.h"
#include "json/json.h"

#include <stdio.h>

#define TOKEN_MAXIMUM (1024 * 1024)

/* Cuts off the part before the next dot and decodes it; NULL if it is no JSON object. */
static struct json_object *
cut_object(struct arena *arena, struct bytes *rest)
{
	struct bytes part, text;
	struct json_object *object;

	if (!bytes_cut(rest, ".", &part) || !b64url_decode(arena, part, &text))
		return NULL;
	json_parse(arena, text, JSON_STRICT, &object, NULL);
	return json_kind(object) == JSON_OBJECT ? object : NULL;
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

/* Whether a claim's value may be a time: an integer that is one between 2001 and 2286. */
static bool
is_time(struct json_object *value, int64_t *out)
{
	return json_integer(value, out) && *out >= 1000000000 && *out < 10000000000;
}

static void
print_members(struct arena *arena, const char *title, struct json_object *object, int64_t now)
{
	printf("%s\n", title);
	for (struct json_entry e = json_first(object); e.name != NULL; json_next(&e)) {
		struct buffer text = {.arena = arena};
		int64_t seconds;

		buffer_printf(&text, "  %s: ", report_printable(arena, e.name));
		json_write(&text, e.value, true);
		if (is_time(e.value, &seconds))
			buffer_printf(&text, "  (%s, %s%s%s)", report_date(arena, seconds),
			    seconds > now ? "in " : "",
			    duration_text(arena, seconds > now ? seconds - now : now - seconds),
			    seconds > now ? "" : " ago");
		puts(text.data);
	}
}

static void
print_json(struct arena *arena, struct json_object *header, struct json_object *claims, int64_t now)
{
	struct json_object *told = json_new_object(arena);
	struct buffer text = {.arena = arena};
	int64_t expires;

	json_put_bool(told, "verified", false);
	json_put(told, "header", header);
	json_put(told, "claims", claims);
	if (json_integer(json_member(claims, "exp"), &expires))
		json_put_integer(told, "expires_in", expires - now);
	json_write(&text, told, true);
	puts(text.data);
}

static enum outcome
decode(const struct invocation *invocation)
{
	struct arena *arena = invocation->arena;
	struct json_object *header, *claims;
	struct bytes rest;
	int64_t now, expires;

	if (!command_clock(invocation, &now) ||
	    !command_read_line(invocation, TOKEN_MAXIMUM, &rest))
		return OUTCOME_UNDECIDED;
	header = cut_object(arena, &rest);
	claims = header == NULL ? NULL : cut_object(arena, &rest);
	if (claims == NULL) {
		command_error(invocation,
		    "not a token: two JSON objects in base64url and a signature, "
		    "with dots between, are expected");
		return OUTCOME_NO;
	}
	if (invocation->json) {
		print_json(arena, header, claims, now);
		return OUTCOME_YES;
	}
	puts("NOT VERIFIED: the signature was not looked at; any sender could have written this.");
	print_members(arena, "header", header, now);
	print_members(arena, "claims", claims, now);
	if (json_integer(json_member(claims, "exp"), &expires))
		printf("%s%s\n", expires > now ? "lifetime left: " : "expired since: ",
		    duration_text(arena, expires > now ? expires - now : now - expires));
	return OUTCOME_YES;
}

/* The keys of --key, for --algorithm; NULL after a line on stderr. */
static struct keyring *
read_keys(const struct invocation *invocation)
{
	const char *name = command_value(invocation, "algorithm");
	const char *file = command_value(invocation, "key");
	struct keys keys;

	if (name == NULL || file == NULL) {
		command_error(invocation, "--algorithm and --key are needed; see --help");
		return NULL;
	}
	return keydir_read_file(invocation, file, &keys) ? keyring_of(ring_of(&keys)) : NULL;
}

/* Why a token with a good signature is not valid now; NULL if it is valid. */
static const char *
claims_why(struct claims_context *signing, struct bytes token, struct bytes payload)
{
	struct json_object *claims;
	int64_t expires;

	if (!json_parse(signing->arena, payload, JSON_STRICT, &claims, NULL) ||
	    json_kind(claims) != JSON_OBJECT)
		return "its claims are no JSON object";
	switch (claims_read(signing, token, &claims)) {
	case CLAIMS_GOOD:
		return NULL;
	case CLAIMS_EXPIRED:
		claims_time(claims, "exp", &expires);
		return arena_printf(
		    signing->arena, "it expired at %s", report_date(signing->arena, expires));
	default:
		return "its exp, iat or nbf is no time, or lies in the future, or its iss or aud "
		       "is another";
	}
}

static enum outcome
tell_verdict(const struct invocation *invocation, const char *why)
{
	static const struct column columns[] = {
	    {"valid", COLUMN_BOOL}, {"reason", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	const char *cells[] = {why == NULL ? "true" : "false", why};

	if (invocation->json)
		report_row(invocation, columns, cells);
	else if (why == NULL)
		puts("valid");
	else
		command_error(invocation, "not valid: %s", why);
	return why == NULL ? OUTCOME_YES : OUTCOME_NO;
}

static enum outcome
verify(const struct invocation *invocation)
{
	const struct config config = {.compat = COMPAT_HEAD,
	    .issuer = command_value(invocation, "issuer"),
	    .audience = command_value(invocation, "audience")};
	struct claims_context signing = {.arena = invocation->arena, .config = &config};
	const char *why = NULL;
	struct bytes token, payload;

	if (!command_clock(invocation, &signing.now) ||
	    (signing.keyring = read_keys(invocation)) == NULL)
		return OUTCOME_UNDECIDED;
	if (!command_read_line(invocation, TOKEN_MAXIMUM, &token)) {
		keyring_free(signing.keyring);
		return OUTCOME_UNDECIDED;
	}
	if (!jws_verify(invocation->arena, signing.keyring, signing.now, token, &payload))
		why = jws_fault(invocation->arena, signing.keyring, signing.now, token);
	else if (command_value(invocation, "signature-only") == NULL)
		why = claims_why(&signing, token, payload);
	keyring_free(signing.keyring);
	return tell_verdict(invocation, why);
}

const struct command token_read_commands[] = {
    {
	.name = "verify",
	.summary = "Say whether the token on standard input is valid",
	.examples = "  jwtctl verify --algorithm HS256 --key /etc/jwt-fcgi/key < token\n"
		    "  curl -s https://example.org/.well-known/jwks.json > keys.json\n"
		    "  echo \"$access\" | jwtctl verify --algorithm ES256 --key keys.json --json\n",
	.options = {{"algorithm", "ALG", "the only one that is accepted, such as ES256"},
	    {"key", "FILE", "PEM, JWK, JWK Set or the secret itself"},
	    {"signature-only", NULL, "do not look at the claims"},
	    {"issuer", "NAME", "required as iss"}, {"audience", "NAME", "required in aud"},
	    {"now", "SECONDS", "since the epoch; default: the current time"}},
	.without_settings = true,
	.run = verify,
    },
    {
	.name = "decode",
	.summary = "Show the contents of a token on standard input, without verifying it",
	.examples = "  jwtctl decode < token\n"
		    "  echo \"$access\" | jwtctl decode --json\n",
	.options = {{"now", "SECONDS", "since the epoch; default: the current time"}},
	.without_settings = true,
	.run = decode,
    },
    {.name = NULL},
};
