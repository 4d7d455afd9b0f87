#include "db/oidc_statements.h"

#include "db/session_statements.h"

/* CONSENT_STORE locks the user's row: it waits for a deletion in progress, then finds no user. */
static void
make_clients(struct arena *arena, const struct session_users *users, struct statement *made)
{
	made[CLIENT_FIND] = (struct statement){
	    "SELECT name, secret, array_to_string(redirect_uris, ' '),"
	    " array_to_string(post_logout_redirect_uris, ' '), array_to_string(scopes, ' '),"
	    " id_token_alg, audience, native, require_pkce, first_party, introspect"
	    " FROM oidc_client WHERE client_id = $1 AND active",
	    1, LOOKUP};
	made[CONSENT_FIND] =
	    (struct statement){"SELECT 1 FROM oidc_consent WHERE user_id = $1 AND client_id = $2"
			       " AND scopes @> string_to_array($3, ' ')",
		3, LOOKUP};
	made[CONSENT_STORE] = (struct statement){
	    arena_printf(arena,
		"WITH owner AS MATERIALIZED (SELECT %s::text AS id FROM %s WHERE %s%s)"
		" INSERT INTO oidc_consent (user_id, client_id, scopes)"
		" SELECT id, $2, string_to_array($3, ' ') FROM owner"
		" ON CONFLICT (user_id, client_id)"
		" DO UPDATE SET scopes = ARRAY(SELECT DISTINCT unnest(oidc_consent.scopes ||"
		" excluded.scopes)) RETURNING 1",
		users->id, users->from_item, users->is_user, users->lock_clause),
	    3, REPEATABLE};
}

/*
 * The time of the login is copied from the browser's session in full precision: cut to seconds, a
 * change of the password just before the login would seem to come after it.
 *
 * Codes are deleted in batches an hour after they expired. Until then redeemed codes are kept, to
 * detect a replay. min() and EXISTS avoid reading the table if no code is old: a plan made while
 * the table was small reads all of it, and PostgreSQL 17 then uses the index for min() alone.
 */
static void
make_code(struct arena *arena, const struct session_users *users, struct statement *made)
{
	made[CODE_CREATE] = (struct statement){
	    arena_printf(arena,
		"WITH session AS MATERIALIZED (SELECT s.user_id, s.sid, s.created_at,"
		" s.rotated_at <= now() - $11::interval AS unseen"
		" FROM %s, jwt_session s WHERE %s AND %s AND %s::text = $2"
		" AND s.user_id = $2 AND s.sid = $9::uuid AND s.client_id = ''"
		" AND s.expires_at > now() AND " SESSION_ALIVE "),"
		" made AS (INSERT INTO oidc_code (code, client_id, user_id, scopes,"
		" redirect_uri, code_challenge, nonce, auth_time, browser, expires_at)"
		" SELECT $3::bytea, $4, user_id, string_to_array($5, ' '), $6, $7, $8,"
		" created_at, sid, now() + $10::interval FROM session"
		" ON CONFLICT (code) DO UPDATE SET code = excluded.code)"
		" SELECT unseen FROM session",
		users->from_item, users->is_user, users->active, users->id),
	    11, LOOKUP};
	made[CODE_SWEEP] = (struct statement){
	    "WITH old AS MATERIALIZED (SELECT code FROM oidc_code"
	    " WHERE expires_at < now() - interval '1 hour'"
	    " AND (SELECT min(expires_at) FROM oidc_code) < now() - interval '1 hour'"
	    " ORDER BY expires_at LIMIT 32 FOR UPDATE SKIP LOCKED)"
	    " DELETE FROM oidc_code WHERE EXISTS (SELECT FROM old)"
	    " AND code = ANY (ARRAY(SELECT code FROM old))",
	    0, REPEATABLE};
	made[CODE_READ] = (struct statement){
	    "SELECT user_id, array_to_string(scopes, ' '), nonce,"
	    " floor(extract(epoch FROM auth_time))::bigint, replace(sid::text, '-', ''),"
	    " extract(epoch FROM clock_timestamp() + $5::interval)"
	    " FROM oidc_code WHERE code = $1::bytea AND client_id = $2"
	    " AND code_challenge IS NOT DISTINCT FROM $3"
	    " AND (sid IS NOT NULL OR redirect_uri = $4 AND expires_at > now())",
	    5, LOOKUP};
}

/*
 * Of several redemptions at once the first takes the code; the others wait for its row, see the sid
 * and take nothing. A repeat with the same sid, after a lost connection, succeeds again. The
 * columns that CODE_READ has compared never change.
 *
 * It does not wait for a change of the owner in progress: the session begins at the time of the
 * login, before the change, so the change ends it when it is committed (SESSION_ALIVE).
 *
 * If there are two owners, (SELECT true FROM owner) is an error, so the code is not taken.
 *
 * PostgreSQL may execute a statement late, after waiting for a lock or an interruption of the
 * network, when the program has given up and answered 503. It must not take the code then: the
 * client's next try would be a replay. So CODE_READ returns a time by PostgreSQL's clock after
 * which the code is not taken.
 */
static void
make_redeem(
    struct arena *arena, const struct config *config, const char *by_id, struct statement *made)
{
	made[CODE_REDEEM] = (struct statement){
	    arena_printf(arena,
		"WITH owner AS MATERIALIZED (SELECT u.* FROM (%s\n)"
		" u(jwt_id, jwt_password, jwt_active) WHERE %s),"
		" taken AS (UPDATE oidc_code c SET sid = $3::uuid FROM owner u"
		" WHERE c.code = $2::bytea AND c.user_id = u.jwt_id::text"
		" AND (SELECT true FROM owner)"
		" AND EXISTS (SELECT FROM oidc_client o WHERE o.client_id = c.client_id AND o.active)"
		" AND (c.sid IS NULL AND c.expires_at > now() OR c.sid = $3::uuid"
		" AND NOT EXISTS (SELECT FROM jwt_change g WHERE g.user_id = c.user_id"
		" AND g.ends AND g.sid = $3::uuid))"
		" AND NOT EXISTS (SELECT FROM jwt_change g WHERE g.user_id IN (c.user_id, '')"
		" AND g.ends AND g.sid IS NULL AND g.at >= c.auth_time)"
		" AND (c.auth_time + $5::interval > now()) IS NOT FALSE"
		" AND clock_timestamp() < to_timestamp($6::double precision)"
		" RETURNING c.user_id, c.client_id, c.scopes, c.auth_time),"
		" begun AS (INSERT INTO jwt_session (user_id, sid, gen, held, created_at,"
		" rotated_at, expires_at, ends_at, client_id, scopes)"
		" SELECT user_id, $3::uuid, 1, 0, auth_time, now(),"
		" least(now() + $4::interval, auth_time + $5::interval),"
		" coalesce(auth_time + $5::interval, now() + $4::interval), client_id, scopes"
		" FROM taken ON CONFLICT (user_id, sid) DO NOTHING)"
		" SELECT ceil(extract(epoch FROM least($4::interval,"
		" taken.auth_time + $5::interval - now())))::bigint, owner.* FROM taken, owner",
		by_id, session_active_of(arena, config, "jwt_active")),
	    6, LOOKUP};
}

static void
make_browser(struct arena *arena, const char *by_id, struct statement *made)
{
	made[BROWSER_FIND] = (struct statement){
	    arena_printf(arena,
		"SELECT floor(extract(epoch FROM s.created_at))::bigint,"
		" s.rotated_at <= now() - $4::interval, u.* FROM (%s\n) u"
		" JOIN jwt_session s ON s.user_id = $2 AND s.sid = $3::uuid"
		" AND s.client_id = '' AND s.expires_at > now() AND " SESSION_ALIVE,
		by_id),
	    4, LOOKUP};
	/* Losing this in a crash does no harm, so it does not wait for the disk. */
	made[BROWSER_SEEN] = (struct statement){
	    "UPDATE jwt_session SET rotated_at = now(),"
	    " expires_at = least(now() + $3::interval, ends_at) WHERE user_id = $1"
	    " AND sid = $2::uuid AND client_id = '' AND expires_at > now()"
	    " AND rotated_at <= now() - $4::interval"
	    " RETURNING set_config('synchronous_commit', 'off', true)",
	    4, REPEATABLE};
}

/*
 * Columns that the table of users lacks are NULL: in the inner SELECT a name means the table's
 * column if it exists, else that of `absent`.
 */
static const char *
profile_query(struct arena *arena, const struct config *config)
{
	if (config->oidc_claims_query != NULL || config->user_query != NULL)
		return config->oidc_claims_query;
	return arena_printf(arena,
	    "SELECT nullif(btrim(concat_ws(' ', u.first_name, u.last_name)), '') AS name,"
	    " u.first_name AS given_name, u.last_name AS family_name, u.email FROM"
	    " (SELECT NULL::text AS first_name, NULL::text AS last_name, NULL::text AS email)"
	    " absent, LATERAL (SELECT first_name, last_name, email FROM %s WHERE %s = $1) u",
	    statements_quote(arena, config->user_table),
	    statements_quote(arena, config->user_id_field));
}

void
oidc_statements_make(
    struct arena *arena, const struct config *config, struct statement made[static STATEMENT_COUNT])
{
	struct session_users users = session_users_of(arena, config);
	const char *profile = profile_query(arena, config);

	make_clients(arena, &users, made);
	make_code(arena, &users, made);
	make_redeem(arena, config, made[USER_BY_ID].sql, made);
	make_browser(arena, made[USER_BY_ID].sql, made);
	if (profile != NULL)
		made[PROFILE] = statements_row(arena, profile);
	if (config->oidc_claims_query != NULL)
		made[PROFILE_TEXT] = (struct statement){profile, 1, REPEATABLE};
}
