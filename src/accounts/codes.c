#include "accounts/codes.h"

#include "accounts/provider_sessions.h"
#include "base/b64url.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "db/query.h"
#include "db/statements.h"

#include <stdlib.h>
#include <string.h>

#define CODE_BYTES 32

#define OWNER 1 /* the first column of CODE_REDEEM that is the account's */

/* Columns of CODE_READ. */
enum { USER, SCOPES, NONCE, TIME, SID, END };

/* The SHA-256 of a code in SQL's notation for bytes. */
static const char *
hash_of(struct arena *arena, const char *text)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[2 * sizeof(digest)];

	crypto_sha256(bytes_of(text), digest);
	bytes_to_hex(digest, sizeof(digest), hex);
	return arena_printf(arena, "\\x%.*s", (int)sizeof(hex), hex);
}

/* Sets *text to a new code and returns its hash; NULL if there is no randomness. */
static const char *
new_code(struct arena *arena, const char **text)
{
	unsigned char random[CODE_BYTES];
	struct buffer made = {.arena = arena};

	if (!crypto_random(random, sizeof(random)))
		return NULL;
	b64url_encode(&made, (struct bytes){(const char *)random, sizeof(random)});
	explicit_bzero(random, sizeof(random));
	*text = made.data;
	return hash_of(arena, made.data);
}

enum verdict
code_create(
    struct sessions *sessions, struct arena *arena, const struct code *code, const char **text)
{
	const char *life = session_interval(arena, sessions->config->oidc_code_lifetime);
	const char *hash = new_code(arena, text);
	struct database *database = sessions->database;
	enum verdict verdict;
	struct rows rows;

	if (hash == NULL)
		return VERDICT_UNDECIDED;
	verdict = query_ask(database, arena, CODE_CREATE,
	    (const char *[]){code->user_id, code->user_id, hash, code->client_id, code->scopes,
		code->redirect_uri, code->code_challenge, code->nonce, code->browser_sid, life,
		provider_session_seen_period(sessions, arena)},
	    &rows);
	if (verdict != VERDICT_YES)
		return verdict;
	if (query_is_true(rows.values[0]))
		provider_session_seen(sessions, arena, code->user_id, code->browser_sid);
	/* For one code in 16, as hashes are random: a sweep costs as much as CODE_CREATE. */
	if (hash[2] == '0')
		(void)query_ask(database, arena, CODE_SWEEP, NULL, NULL);
	return VERDICT_YES;
}

enum verdict
code_read(struct sessions *sessions, struct arena *arena, const char *text,
    const struct code_use *use, struct code *out)
{
	const long seconds = sessions->config->database_timeout;
	const char *hash = hash_of(arena, text), *const * values;
	int64_t end = clock_milliseconds() + seconds * 1000;
	struct rows rows;
	enum verdict verdict = query_ask(sessions->database, arena, CODE_READ,
	    (const char *[]){hash, use->client_id, use->challenge, use->redirect_uri,
		session_interval(arena, seconds)},
	    &rows);

	if (verdict != VERDICT_YES)
		return verdict;
	values = rows.values;
	*out = (struct code){.hash = hash,
	    .user_id = values[USER],
	    .scopes = values[SCOPES],
	    .nonce = values[NONCE],
	    .auth_time = atoll(values[TIME]),
	    .sid = values[SID],
	    .end_there = values[END],
	    .end_here = end};
	return VERDICT_YES;
}

enum verdict
code_redeem(struct sessions *sessions, struct arena *arena, const struct code *code,
    const struct session_terms *terms, struct account *owner, long *seconds)
{
	struct rows rows;
	enum verdict verdict = query_ask(sessions->database, arena, CODE_REDEEM,
	    (const char *[]){code->user_id, code->hash, terms->sid,
		session_interval(arena, terms->life),
		terms->age == 0 ? NULL : session_interval(arena, terms->age), code->end_there},
	    &rows);

	/* After that time the statement takes no code, so its NO says nothing about this one. */
	if (verdict == VERDICT_NO && clock_milliseconds() >= code->end_here)
		return VERDICT_UNDECIDED;
	if (verdict != VERDICT_YES)
		return verdict;
	*seconds = atol(rows.values[0]);
	query_cut(&rows, OWNER);
	if (!account_read(&rows, "authorization code", owner))
		return VERDICT_UNDECIDED;
	/* For one session in 16, as ids are random: a sweep costs three times CODE_REDEEM. */
	if (*terms->sid == '0')
		sessions_sweep(sessions, arena);
	return VERDICT_YES;
}
