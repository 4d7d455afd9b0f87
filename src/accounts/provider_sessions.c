#include "accounts/provider_sessions.h"

#include "accounts/accounts.h"
#include "base/b64url.h"
#include "base/crypto.h"
#include "base/utf8.h"
#include "db/query.h"
#include "db/statements.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_BYTES 32
#define SEEN_SECONDS 60 /* at most, between two notes that a session was used */

/* Columns of BROWSER_FIND; the account's follow. */
enum { AUTH_TIME, UNSEEN, OWNER };

/* base64url(secret) "." base64url(user id): the row can be found by its primary key. */
static const char *
write_cookie(struct arena *arena, struct bytes secret, const char *user_id)
{
	struct buffer cookie = {.arena = arena};

	b64url_encode(&cookie, secret);
	buffer_putc(&cookie, '.');
	b64url_encode(&cookie, bytes_of(user_id));
	return cookie.data;
}

/* false: not one of our cookies. *user_id is text for PostgreSQL: UTF-8 without NUL. */
static bool
read_cookie(struct arena *arena, struct bytes cookie, char sid[static SESSION_ID_SIZE],
    const char **user_id)
{
	struct bytes part, secret, owner;

	if (!bytes_cut(&cookie, ".", &part) || !b64url_decode(arena, part, &secret) ||
	    secret.length != SECRET_BYTES || !b64url_decode(arena, cookie, &owner) ||
	    owner.length == 0 || memchr(owner.data, '\0', owner.length) != NULL ||
	    utf8_valid(owner) != owner.length)
		return false;
	*user_id = arena_copy(arena, owner.data, owner.length);
	session_derive_id(secret, sid);
	return true;
}

enum verdict
provider_session_begin(struct sessions *sessions, struct arena *arena,
    const struct account *account, const struct device *device, struct provider_session *out,
    const char **cookie)
{
	const struct config *config = sessions->config;
	unsigned char secret[SECRET_BYTES];
	const struct bytes bytes = {(const char *)secret, sizeof(secret)};
	char sid[SESSION_ID_SIZE];
	struct session session;
	struct session_terms terms = {.client = "",
	    .sid = sid,
	    .life = config->oidc_session_idle,
	    .age = config->oidc_session_lifetime};
	enum verdict verdict;

	if (!crypto_random(secret, sizeof(secret)))
		return VERDICT_UNDECIDED;
	session_derive_id(bytes, sid);
	verdict = sessions_begin(sessions, arena, &terms, account, device, &session);
	if (verdict == VERDICT_YES) {
		*cookie = write_cookie(arena, bytes, account->user_id);
		verdict = provider_session_find(sessions, arena, bytes_of(*cookie), out);
	}
	explicit_bzero(secret, sizeof(secret));
	return verdict;
}

bool
provider_session_claim(struct arena *arena, struct bytes cookie, struct provider_session *out)
{
	char *sid = arena_alloc(arena, SESSION_ID_SIZE);

	*out = (struct provider_session){.sid = sid};
	return read_cookie(arena, cookie, sid, &out->user_id);
}

const char *
provider_session_seen_period(const struct sessions *sessions, struct arena *arena)
{
	long quarter = sessions->config->oidc_session_idle / 4;

	return session_interval(arena, quarter < SEEN_SECONDS ? quarter : SEEN_SECONDS);
}

void
provider_session_seen(
    struct sessions *sessions, struct arena *arena, const char *user_id, const char *sid)
{
	const char *idle = session_interval(arena, sessions->config->oidc_session_idle);

	(void)query_ask(sessions->database, arena, BROWSER_SEEN,
	    (const char *[]){user_id, sid, idle, provider_session_seen_period(sessions, arena)},
	    NULL);
}

enum verdict
provider_session_find(struct sessions *sessions, struct arena *arena, struct bytes cookie,
    struct provider_session *out)
{
	const char *period = provider_session_seen_period(sessions, arena);
	struct account owner;
	enum verdict verdict;
	struct rows rows;

	if (!provider_session_claim(arena, cookie, out))
		return VERDICT_NO;
	verdict = query_ask(sessions->database, arena, BROWSER_FIND,
	    (const char *[]){out->user_id, out->user_id, out->sid, period}, &rows);
	if (verdict != VERDICT_YES)
		return verdict;
	out->auth_time = atoll(rows.values[AUTH_TIME]);
	if (query_is_true(rows.values[UNSEEN]))
		provider_session_seen(sessions, arena, out->user_id, out->sid);
	query_cut(&rows, OWNER);
	if (rows.count > 1 || !account_read(&rows, "browser session", &owner))
		return VERDICT_UNDECIDED;
	out->name = owner.name;
	return (owner.active || !sessions->config->check_user_is_active) &&
		       strcmp(owner.user_id, out->user_id) == 0
		   ? VERDICT_YES
		   : VERDICT_NO;
}

enum verdict
provider_session_end(
    struct sessions *sessions, struct arena *arena, const struct provider_session *browser)
{
	return sessions_end(sessions, arena, browser->user_id, browser->sid);
}
