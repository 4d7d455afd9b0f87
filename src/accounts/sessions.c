#include "accounts/sessions.h"

#include "accounts/accounts.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "db/query.h"
#include "db/statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NIL "00000000-0000-0000-0000-000000000000"

const char *
session_interval(struct arena *arena, long seconds)
{
	return arena_printf(arena, "%ld seconds", seconds);
}

struct session_terms
session_password_terms(const struct config *config)
{
	return (struct session_terms){.life = config->refresh_token_lifetime,
	    .age = config->session_max_age,
	    .grace = config->session_grace,
	    .recovery = config->session_recovery,
	    .rotate = config->session_rotate};
}

struct session_terms
session_client_terms(const struct config *config, const char *client_id, bool offline)
{
	return (struct session_terms){.client = client_id,
	    .life = offline ? config->oidc_refresh_lifetime : config->access_token_lifetime,
	    .age = offline ? config->oidc_refresh_maximum : 0,
	    .grace = config->oidc_refresh_grace,
	    .rotate = true};
}

struct sessions *
sessions_open(const struct config *config, struct database *database)
{
	struct sessions *sessions = arena_alloc(arena_of_process(), sizeof(*sessions));

	sessions->database = database;
	sessions->config = config;
	sessions->swept_user = memory_need(strdup(""));
	memcpy(sessions->swept_sid, NIL, sizeof(NIL));
	return sessions;
}

static void
write_id(const unsigned char *bytes, char out[static SESSION_ID_SIZE])
{
	bytes_to_hex(bytes, CRYPTO_ID_BYTES, out);
	out[SESSION_ID_SIZE - 1] = '\0';
}

bool
session_is_id(struct bytes text)
{
	for (size_t i = 0; i < text.length; i++)
		if ((text.data[i] < '0' || text.data[i] > '9') &&
		    (text.data[i] < 'a' || text.data[i] > 'f'))
			return false;
	return text.length == SESSION_ID_SIZE - 1;
}

bool
session_new_id(char out[static SESSION_ID_SIZE])
{
	unsigned char bytes[CRYPTO_ID_BYTES];

	if (!crypto_random(bytes, sizeof(bytes)))
		return false;
	write_id(bytes, out);
	return true;
}

void
session_derive_id(struct bytes text, char out[static SESSION_ID_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	crypto_sha256(text, digest);
	write_id(digest, out);
}

void
sessions_evict(struct sessions *sessions, struct arena *arena, const char *user_id)
{
	long max = sessions->config->session_max;

	if (max > 0)
		query_ask(sessions->database, arena, SESSION_EVICT,
		    (const char *[]){user_id, arena_printf(arena, "%ld", max)}, NULL);
}

void
sessions_sweep(struct sessions *sessions, struct arena *arena)
{
	struct rows rows;
	enum verdict verdict = query_ask(sessions->database, arena, SESSION_SWEEP,
	    (const char *[]){sessions->swept_user, sessions->swept_sid}, &rows);
	bool goes_on = verdict == VERDICT_YES && strlen(rows.values[1]) < sizeof(NIL);

	if (verdict == VERDICT_UNDECIDED)
		return;
	free(sessions->swept_user);
	sessions->swept_user = memory_need(strdup(goes_on ? rows.values[0] : ""));
	snprintf(
	    sessions->swept_sid, sizeof(sessions->swept_sid), "%s", goes_on ? rows.values[1] : NIL);
}

enum verdict
sessions_begin(struct sessions *sessions, struct arena *arena, const struct session_terms *terms,
    const struct account *account, const struct device *device, struct session *out)
{
	enum verdict verdict;
	struct rows rows;

	if (terms->sid != NULL)
		memcpy(out->sid, terms->sid, SESSION_ID_SIZE);
	else if (!session_new_id(out->sid))
		return VERDICT_UNDECIDED;
	verdict = query_ask(sessions->database, arena, SESSION_BEGIN,
	    (const char *[]){account->user_id, account->password, out->sid,
		session_interval(arena, terms->life), session_interval(arena, terms->age),
		device->address, device->agent, terms->client},
	    &rows);
	if (verdict != VERDICT_YES)
		return verdict;
	out->gen = 1;
	out->seconds = atol(rows.values[0]);
	if (terms->client == NULL)
		sessions_evict(sessions, arena, account->user_id);
	sessions_sweep(sessions, arena);
	return VERDICT_YES;
}

enum verdict
sessions_end(struct sessions *sessions, struct arena *arena, const char *user_id, const char *sid)
{
	enum verdict ended = query_ask(
	    sessions->database, arena, SESSION_END, (const char *[]){user_id, sid, NULL}, NULL);

	return ended == VERDICT_NO && query_repeated(sessions->database) ? VERDICT_YES : ended;
}

enum verdict
sessions_end_all(struct sessions *sessions, struct arena *arena, const char *user_id,
    const char *keep, long *count)
{
	struct rows rows;
	enum verdict verdict = query_ask(
	    sessions->database, arena, SESSION_END_ALL, (const char *[]){user_id, keep}, &rows);

	*count = verdict == VERDICT_YES ? atol(rows.values[0]) : 0;
	return verdict;
}

enum verdict
sessions_list(struct sessions *sessions, struct arena *arena, const char *user_id, struct rows *out)
{
	return query_ask(sessions->database, arena, SESSION_LIST, &user_id, out);
}
