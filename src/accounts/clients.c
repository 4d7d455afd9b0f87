#include "accounts/clients.h"

#include "accounts/accounts.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "db/query.h"
#include "db/statements.h"

#include <openssl/crypto.h>
#include <string.h>

#define PREFIX      "sha256$"
#define STORED_SIZE (sizeof(PREFIX) + 2 * SHA256_DIGEST_LENGTH)

/* Columns of CLIENT_FIND. */
enum {
	NAME,
	SECRET,
	REDIRECTS,
	POST_LOGOUTS,
	SCOPES,
	ALGORITHM,
	AUDIENCE,
	NATIVE,
	PKCE,
	FIRST,
	INTROSPECT,
	COLUMNS
};

#define SEEN_MAXIMUM 16

struct row {
	const char *client_id, *values[COLUMNS];
};

struct clients {
	long milliseconds; /* for which rows are cached */
	int64_t until;     /* clock_milliseconds() when all of `seen` expire */
	struct arena *arena;
	size_t count;
	struct row seen[SEEN_MAXIMUM];
};

struct clients *
clients_new(const struct config *config)
{
	struct clients *clients = arena_alloc(arena_of_process(), sizeof(*clients));

	clients->milliseconds = config->feed_poll;
	clients->arena = arena_new();
	return clients;
}

static void
copy_row(struct arena *arena, const struct row *row, struct row *out)
{
	out->client_id = arena_copy(arena, row->client_id, strlen(row->client_id));
	for (int i = 0; i < COLUMNS; i++)
		out->values[i] = row->values[i] == NULL
				     ? NULL
				     : arena_copy(arena, row->values[i], strlen(row->values[i]));
}

static const struct row *
recall(struct clients *clients, const char *client_id, int64_t now)
{
	if (now >= clients->until) {
		arena_reset(clients->arena);
		clients->count = 0;
	}
	for (size_t i = 0; i < clients->count; i++)
		if (strcmp(clients->seen[i].client_id, client_id) == 0)
			return &clients->seen[i];
	return NULL;
}

/* now: the time before the row was read. */
static void
remember(struct clients *clients, const struct row *row, int64_t now)
{
	if (clients->milliseconds == 0 || clients->count == SEEN_MAXIMUM)
		return;
	if (clients->count == 0)
		clients->until = now + clients->milliseconds;
	copy_row(clients->arena, row, &clients->seen[clients->count++]);
}

static enum verdict
read_row(struct accounts *accounts, struct arena *arena, const char *client_id, struct row *out)
{
	struct clients *clients = accounts->clients;
	int64_t now = clock_milliseconds();
	const struct row *known = recall(clients, client_id, now);
	struct rows rows;
	enum verdict verdict;

	if (known != NULL) {
		copy_row(arena, known, out);
		return VERDICT_YES;
	}
	verdict = query_ask(accounts->database, arena, CLIENT_FIND, &client_id, &rows);
	if (verdict != VERDICT_YES)
		return verdict;
	out->client_id = client_id;
	memcpy(out->values, rows.values, sizeof(out->values));
	remember(clients, out, now);
	return VERDICT_YES;
}

/* The words of a text, separated by spaces; a NULL ends them. */
static const char *const *
split(struct arena *arena, const char *text)
{
	struct bytes rest = bytes_of(text), word;
	const char **words = arena_alloc(arena, (rest.length / 2 + 2) * sizeof(*words));
	size_t count = 0;

	while (bytes_word(&rest, &word))
		words[count++] = arena_copy(arena, word.data, word.length);
	return words;
}

enum verdict
client_find(
    struct accounts *accounts, struct arena *arena, const char *client_id, struct client *out)
{
	struct row row = {.client_id = client_id};
	enum verdict verdict = read_row(accounts, arena, client_id, &row);
	const char *const *values = row.values;

	if (verdict != VERDICT_YES)
		return verdict;
	*out = (struct client){.id = client_id,
	    .name = values[NAME],
	    .secret = values[SECRET],
	    .redirect_uris = split(arena, values[REDIRECTS]),
	    .post_logout_redirect_uris = split(arena, values[POST_LOGOUTS]),
	    .scopes = split(arena, values[SCOPES]),
	    .id_token_alg = values[ALGORITHM],
	    .audience = values[AUDIENCE],
	    .native = query_is_true(values[NATIVE]),
	    .require_pkce = query_is_true(values[PKCE]),
	    .first_party = query_is_true(values[FIRST]),
	    .introspect = query_is_true(values[INTROSPECT])};
	return VERDICT_YES;
}

static void
hash_secret(const char *secret, char out[static STORED_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	crypto_sha256(bytes_of(secret), digest);
	memcpy(out, PREFIX, sizeof(PREFIX) - 1);
	bytes_to_hex(digest, sizeof(digest), out + sizeof(PREFIX) - 1);
	out[STORED_SIZE - 1] = '\0';
}

const char *
client_secret_hash(struct arena *arena, const char *secret)
{
	char *out = arena_alloc(arena, STORED_SIZE);

	hash_secret(secret, out);
	return out;
}

bool
client_secret_matches(const struct client *client, const char *secret)
{
	const char *stored = client == NULL ? NULL : client->secret;
	char made[STORED_SIZE];

	hash_secret(secret, made);
	return stored != NULL && strlen(stored) == STORED_SIZE - 1 &&
	       CRYPTO_memcmp(made, stored, STORED_SIZE - 1) == 0;
}

enum verdict
client_consented(struct accounts *accounts, struct arena *arena, const char *user_id,
    const char *client_id, const char *scopes)
{
	return query_ask(accounts->database, arena, CONSENT_FIND,
	    (const char *[]){user_id, client_id, scopes}, NULL);
}

enum verdict
client_consent(struct accounts *accounts, struct arena *arena, const char *user_id,
    const char *client_id, const char *scopes)
{
	return query_ask(accounts->database, arena, CONSENT_STORE,
	    (const char *[]){user_id, client_id, scopes}, NULL);
}
