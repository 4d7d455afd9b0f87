#include "db/session_statements.h"

#define SECONDS_LEFT "ceil(extract(epoch FROM s.expires_at - now()))::bigint"

#define TIME_FORMAT "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

const char *
session_active_of(struct arena *arena, const struct config *config, const char *column)
{
	if (!config->check_user_is_active)
		return "true";
	return arena_printf(arena,
	    "lower(btrim(u.%s::text, E' \\t\\n\\x0b\\f\\r')) IN ('true', 't', 'yes', 'y', 'on', '1')",
	    column);
}

/* The operator's query decides the type of $1, and may have more columns, also one named id. */
struct session_users
session_users_of(struct arena *arena, const struct config *config)
{
	const char *id = statements_quote(arena, config->user_id_field);
	const char *password = statements_quote(arena, config->user_password_field);
	const char *active = statements_quote(arena, config->user_active_field);

	if (config->user_query != NULL)
		return (struct session_users){.id = "u.jwt_id",
		    .password = "u.jwt_password",
		    .active = session_active_of(arena, config, "jwt_active"),
		    .is_user = "u.jwt_id::text = $1::text",
		    .from_item = arena_printf(
			arena, "(%s\n) u(jwt_id, jwt_password, jwt_active)", config->user_id_query),
		    .lock_clause = ""};
	return (struct session_users){.id = arena_printf(arena, "u.%s", id),
	    .password = arena_printf(arena, "u.%s", password),
	    .active = session_active_of(arena, config, active),
	    .is_user = arena_printf(arena, "u.%s = $1", id),
	    .from_item = arena_printf(arena, "%s u", statements_quote(arena, config->user_table)),
	    .lock_clause = " FOR SHARE"};
}

/*
 * Begins a session after a login, or for a refresh token that was issued without one. If the
 * password is being changed, a login that verified the old one waits and then finds another hash.
 */
static void
make_begin(struct arena *arena, const struct session_users *users, struct statement *made)
{
	const char *columns =
	    "INSERT INTO jwt_session (user_id, sid, gen, held, created_at, rotated_at,"
	    " expires_at, ends_at, address, agent, client_id)";
	const char *times = "least(t + $4::interval, t + $5::interval), t + $5::interval";

	made[SESSION_BEGIN] = (struct statement){
	    arena_printf(arena,
		"%s SELECT u.id::text, $3::uuid, 1, 0, t, t, %s, $6, $7, $8"
		" FROM (SELECT %s AS id FROM %s WHERE %s AND %s = $2 AND %s%s) u,"
		" LATERAL (SELECT clock_timestamp() AS t) clock"
		" ON CONFLICT (user_id, sid) DO UPDATE SET sid = excluded.sid"
		" RETURNING ceil(extract(epoch FROM expires_at - clock_timestamp()))::bigint",
		columns, times, users->id, users->from_item, users->is_user, users->password,
		users->active, users->lock_clause),
	    8, REPEATABLE};
	/*
	 * The id must be spelled as in the token, because changes are found by this spelling. A
	 * token older than the greatest age of a session is refused: its session may have been
	 * deleted, and it would be converted a second time.
	 */
	made[SESSION_CONVERT] = (struct statement){
	    arena_printf(arena,
		"%s SELECT u.id::text, $3::uuid, 1, 0, t, t, %s, $6, $7, NULL"
		" FROM (SELECT %s AS id FROM %s WHERE %s AND %s%s) u,"
		" LATERAL (SELECT clock_timestamp() AS t) clock"
		" WHERE u.id::text = $2 AND t < to_timestamp($8::bigint) + $5::interval"
		" AND NOT EXISTS (SELECT FROM jwt_change c"
		" WHERE c.user_id IN ($2, '') AND c.ends"
		" AND (c.sid = $3::uuid OR c.sid IS NULL AND c.at > to_timestamp($8::bigint)))"
		" ON CONFLICT (user_id, sid) DO NOTHING"
		" RETURNING ceil(extract(epoch FROM expires_at - clock_timestamp()))::bigint",
		columns, times, users->id, users->from_item, users->is_user, users->active,
		users->lock_clause),
	    8, LOOKUP};
}

/*
 * Rotation and recovery make the same assignment. Of several at once the first updates the row; the
 * others wait for it, see the new rotated_at and update nothing. A crash of PostgreSQL may lose the
 * last rotations (synchronous_commit is off), which is harmless: a token that is ahead of its row
 * is accepted, whatever the grace period.
 */
static void
make_refresh(struct arena *arena, const struct session_users *users, struct statement *made)
{
	made[SESSION_REFRESH] = (struct statement){
	    arena_printf(arena,
		"WITH moved AS (UPDATE jwt_session s SET held = $4::integer,"
		" gen = greatest(s.gen, $4::integer) + 1, rotated_at = now(),"
		" expires_at = least(now() + $5::interval, s.ends_at)"
		" FROM %s WHERE s.user_id = $2 AND s.sid = $3::uuid"
		" AND s.client_id IS NOT DISTINCT FROM $9 AND s.expires_at > now() AND %s AND %s AND " SESSION_ALIVE
		" AND (s.rotated_at <= now() - $6::interval AND (s.gen = $4::integer"
		" OR s.held = $4::integer AND s.rotated_at > now() - $7::interval)"
		" OR s.gen < $4::integer AND $8::boolean)"
		" RETURNING s.user_id, s.sid, s.gen, s.expires_at),"
		" noted AS (INSERT INTO jwt_change (user_id, sid, ends)"
		" SELECT user_id, sid, false FROM moved WHERE gen > $4::integer + 1)"
		" SELECT s.gen, " SECONDS_LEFT " FROM moved s"
		" WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL",
		users->from_item, users->is_user, users->active),
	    9, LOOKUP};
	made[SESSION_STATE] = (struct statement){
	    arena_printf(arena,
		"SELECT (%s)::boolean, s.gen, s.held, s.rotated_at > now() - $4::interval,"
		" s.rotated_at > now() - $5::interval, s.expires_at > now(), " SECONDS_LEFT
		" FROM %s LEFT JOIN jwt_session s ON s.user_id = $2 AND s.sid = $3::uuid"
		" AND s.client_id IS NOT DISTINCT FROM $6 AND " SESSION_ALIVE " WHERE %s",
		users->active, users->from_item, users->is_user),
	    6, LOOKUP};
}

/* The sessions of a user are locked in the order of sid, as in sql/sessions.sql: no deadlock. */
static void
make_end(struct statement *made)
{
	made[SESSION_END] = (struct statement){
	    "WITH gone AS (DELETE FROM jwt_session WHERE user_id = $1 AND sid = $2::uuid"
	    " AND ($3::integer IS NULL OR gen > $3::integer) RETURNING user_id, sid)"
	    " INSERT INTO jwt_change (user_id, sid) SELECT user_id, sid FROM gone RETURNING 1",
	    3, REPEATABLE};
	made[SESSION_END_ALL] = (struct statement){
	    "WITH locked AS MATERIALIZED (SELECT sid FROM jwt_session WHERE user_id = $1"
	    " AND sid IS DISTINCT FROM $2::uuid ORDER BY sid FOR UPDATE),"
	    " gone AS (DELETE FROM jwt_session WHERE user_id = $1"
	    " AND sid IN (SELECT sid FROM locked) RETURNING sid),"
	    " noted AS (INSERT INTO jwt_change (user_id, keep) SELECT $1, $2::uuid"
	    " WHERE EXISTS (SELECT FROM gone) OR NOT EXISTS (SELECT FROM jwt_change"
	    " WHERE user_id = $1 AND ends AND sid IS NULL AND keep IS NOT DISTINCT FROM $2::uuid"
	    " AND at > now() - interval '1 second'))"
	    " SELECT count(*) FROM gone",
	    2, REPEATABLE};
	made[SESSION_END_EVERY] =
	    (struct statement){"WITH noted AS (INSERT INTO jwt_change (user_id) VALUES (''))"
			       " SELECT count(*) FROM jwt_session",
		0, REPEATABLE};
}

/*
 * Ends a user's sessions above the limit, and deletes expired ones. Only sessions of password
 * logins are counted: those of browsers and clients end by time alone.
 */
static void
make_sweep(struct statement *made)
{
	made[SESSION_EVICT] = (struct statement){
	    "WITH oldest AS MATERIALIZED (SELECT s.sid FROM jwt_session s WHERE s.user_id = $1"
	    " AND s.client_id IS NULL AND s.expires_at > now() AND " SESSION_ALIVE
	    " ORDER BY s.rotated_at DESC, s.created_at DESC, s.sid OFFSET $2::bigint),"
	    " locked AS MATERIALIZED (SELECT sid FROM jwt_session WHERE user_id = $1"
	    " AND sid IN (SELECT sid FROM oldest) ORDER BY sid FOR UPDATE),"
	    " gone AS (DELETE FROM jwt_session WHERE user_id = $1"
	    " AND sid IN (SELECT sid FROM locked) RETURNING user_id, sid)"
	    " INSERT INTO jwt_change (user_id, sid) SELECT user_id, sid FROM gone"
	    " RETURNING replace(sid::text, '-', '')",
	    2, REPEATABLE};
	/*
	 * The fifty rows after the last one of the previous step. It waits for no lock. Joined by
	 * ctid: a join by the key reads the whole of a table of some thousand rows.
	 */
	made[SESSION_SWEEP] = (struct statement){
	    "WITH step AS MATERIALIZED (SELECT ctid AS place, user_id, sid, expires_at"
	    " FROM jwt_session WHERE (user_id, sid) > ($1, $2::uuid)"
	    " ORDER BY user_id, sid LIMIT 50),"
	    " locked AS MATERIALIZED (SELECT ctid AS place FROM jwt_session"
	    " WHERE ctid = ANY (ARRAY(SELECT place FROM step WHERE expires_at <= now()))"
	    " AND expires_at <= now() FOR UPDATE SKIP LOCKED),"
	    " swept AS (DELETE FROM jwt_session"
	    " WHERE ctid = ANY (ARRAY(SELECT place FROM locked)))"
	    " SELECT user_id, sid FROM step ORDER BY user_id DESC, sid DESC LIMIT 1",
	    2, REPEATABLE};
}

static void
make_reads(struct arena *arena, const char *by_id, struct statement *made)
{
	made[SESSION_JUDGE] = (struct statement){
	    arena_printf(arena,
		"SELECT s.gen, s.held, NOT EXISTS (SELECT FROM jwt_change c"
		" WHERE c.user_id IN ($2, '') AND c.ends AND c.sid IS NULL"
		" AND c.at > to_timestamp($4::bigint)), u.*"
		" FROM (%s\n) u LEFT JOIN jwt_session s ON s.user_id = $2 AND s.sid = $3::uuid"
		" AND s.expires_at > now() AND " SESSION_ALIVE,
		by_id),
	    4, LOOKUP};
	/* The argument of the trigger that deletes old changes; without it they stay for ever. */
	made[SESSION_KEEP] = (struct statement){
	    "SELECT keep, keep::interval >= $1::interval"
	    " FROM (SELECT convert_from(btrim(tgargs, '\\x00'), 'UTF8') AS keep FROM pg_trigger"
	    " WHERE tgrelid = to_regclass('jwt_change') AND tgname = 'jwt_swept') swept",
	    1, LOOKUP};
	made[SESSION_LIST] = (struct statement){
	    "SELECT replace(s.sid::text, '-', ''),"
	    " to_char(s.created_at AT TIME ZONE 'UTC', " TIME_FORMAT "),"
	    " to_char(s.rotated_at AT TIME ZONE 'UTC', " TIME_FORMAT "),"
	    " to_char(s.expires_at AT TIME ZONE 'UTC', " TIME_FORMAT "), s.address, s.agent,"
	    " s.client_id FROM jwt_session s WHERE s.user_id = $1 AND s.expires_at > now() AND " SESSION_ALIVE
	    " ORDER BY s.rotated_at DESC, s.created_at DESC, s.sid LIMIT 1000",
	    1, LOOKUP};
}

void
session_statements_make(
    struct arena *arena, const struct config *config, struct statement made[static STATEMENT_COUNT])
{
	struct session_users users = session_users_of(arena, config);

	make_begin(arena, &users, made);
	make_refresh(arena, &users, made);
	make_end(made);
	make_sweep(made);
	make_reads(arena, made[USER_BY_ID].sql, made);
}
