/*
 * jwtctl's subcommands for the file of a key by itself.
 */
#include "signing/keyfile.h"

#include "ctl/report.h"
#include "signing/pem.h"

#include <stdio.h>

static bool
read_file(const struct invocation *invocation, struct keys *out)
{
	const char *name = option_value(invocation, "algorithm"), *why;
	struct key_load_options options = {.any_mode = true};

	if (invocation->arguments[0] == NULL || invocation->arguments[1] != NULL) {
		complain(invocation, "one FILE is expected; see --help");
		return false;
	}
	if (name != NULL && (options.algorithm = algorithm_find(bytes_of(name))) == NULL) {
		complain(
		    invocation, "unknown algorithm %s", printable(invocation->arena, name).data);
		return false;
	}
	if (keyfile_read(invocation->arena, invocation->arguments[0], &options, out, &why))
		return true;
	complain(
	    invocation, "%s %s", printable(invocation->arena, invocation->arguments[0]).data, why);
	return false;
}

static enum outcome
thumbprint(const struct invocation *invocation)
{
	static const struct column columns[] = {
	    {"kid", COLUMN_TEXT}, {"alg", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	struct report report = report_new(invocation, columns);
	struct keys keys;

	if (!read_file(invocation, &keys))
		return OUTCOME_UNDECIDED;
	for (size_t i = 0; i < keys.count; i++) {
		const char *cells[] = {keys.keys[i]->id, keys.keys[i]->algorithm->name};

		report_add(&report, cells);
		if (!invocation->json)
			puts(keys.keys[i]->id);
	}
	if (invocation->json)
		report_list(&report);
	keys_free(&keys);
	return OUTCOME_YES;
}

static enum outcome
export_public(const struct invocation *invocation)
{
	bool jwk = invocation->json || option_value(invocation, "jwk") != NULL;
	enum outcome outcome = OUTCOME_YES;
	struct keys keys;

	if (!read_file(invocation, &keys))
		return OUTCOME_UNDECIDED;
	for (size_t i = 0; i < keys.count; i++) {
		const struct key *key = keys.keys[i];

		if (key->jwk == NULL) {
			complain(invocation, "a secret has no public half");
			outcome = OUTCOME_NO;
		} else if (jwk) {
			puts(key->jwk);
		} else {
			fputs(pem_public(invocation->arena, key->pair), stdout);
		}
	}
	keys_free(&keys);
	return outcome;
}

const struct command keyfile_commands[] = {
    {
	.name = "key thumbprint",
	.arguments = "FILE",
	.summary = "Show a key's RFC 7638 thumbprint, the kid of its tokens",
	.examples = "  jwtctl key thumbprint key.pem\n",
	.options = {{"algorithm", "ALG", "of a key that fits several"}},
	.run = thumbprint,
    },
    {
	.name = "key export-public",
	.arguments = "FILE",
	.summary = "Show the public half of a key, as PEM or as a JWK",
	.examples = "  jwtctl key export-public keys/active/mine.pem > keys/active/mine.pub\n"
		    "  jwtctl key export-public --jwk key.pem\n",
	.options = {{"jwk", NULL, "as a JWK"}, {"algorithm", "ALG", "of a key that fits several"}},
	.run = export_public,
    },
    {.name = NULL},
};
