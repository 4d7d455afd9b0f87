/*
 * jwtctl's subcommands for the public half of a key file.
 */
#include "ctl/keydir.h"
#include "ctl/report.h"
#include "signing/pem.h"

#include <stdio.h>

static enum outcome
thumbprint(const struct invocation *invocation)
{
	static const struct column columns[] = {
	    {"kid", COLUMN_TEXT}, {"alg", COLUMN_TEXT}, {NULL, COLUMN_TEXT}};
	struct report report = report_new(invocation, columns);
	struct keys keys;

	if (!keydir_read_file(invocation, invocation->arguments[0], &keys))
		return OUTCOME_UNDECIDED;
	for (size_t i = 0; i < keys.count; i++) {
		const char *cells[] = {keys.keys[i]->id, keys.keys[i]->algorithm->name};

		report_add(&report, cells);
		if (!invocation->json)
			puts(keys.keys[i]->id);
	}
	if (invocation->json)
		report_list(&report);
	keyfile_free(&keys);
	return OUTCOME_YES;
}

static enum outcome
export_public(const struct invocation *invocation)
{
	bool jwk = invocation->json || command_value(invocation, "jwk") != NULL;
	enum outcome outcome = OUTCOME_YES;
	struct keys keys;

	if (!keydir_read_file(invocation, invocation->arguments[0], &keys))
		return OUTCOME_UNDECIDED;
	for (size_t i = 0; i < keys.count; i++) {
		const struct key *key = keys.keys[i];

		if (key->jwk == NULL) {
			command_error(invocation, "a secret has no public half");
			outcome = OUTCOME_NO;
		} else if (jwk) {
			puts(key->jwk);
		} else {
			fputs(pem_public(invocation->arena, key->pair), stdout);
		}
	}
	keyfile_free(&keys);
	return outcome;
}

const struct command key_public_commands[] = {
    {
	.name = "key thumbprint",
	.arguments = "FILE",
	.summary = "Show a key's RFC 7638 thumbprint, the kid of its tokens",
	.examples = "  jwtctl key thumbprint key.pem\n",
	.options = {{"algorithm", "ALG", "if the key fits several"}},
	.without_settings = true,
	.run = thumbprint,
    },
    {
	.name = "key export-public",
	.arguments = "FILE",
	.summary = "Show the public half of a key, as PEM or as a JWK",
	.examples = "  jwtctl key export-public keys/active/mine.pem > keys/active/mine.pub\n"
		    "  jwtctl key export-public --jwk key.pem\n",
	.options = {{"jwk", NULL, "as a JWK"}, {"algorithm", "ALG", "if the key fits several"}},
	.without_settings = true,
	.run = export_public,
    },
    {.name = NULL},
};
