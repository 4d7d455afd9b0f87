#include "db/statements.h"

#include "base/buffer.h"
#include "db/oidc_statements.h"
#include "db/session_statements.h"

_Static_assert(STATEMENT_COUNT <= STATEMENTS_MAXIMUM, "query.h");

const char *
statements_quote(struct arena *arena, const char *name)
{
	struct buffer out = {.arena = arena};

	buffer_putc(&out, '"');
	for (; *name != '\0'; name++)
		buffer_puts(&out, *name == '.' ? "\".\"" : (const char[]){*name, '\0'});
	buffer_putc(&out, '"');
	return out.data;
}

static const char *
user_query(struct arena *arena, const struct config *config, const char *where)
{
	return arena_printf(arena, "SELECT %s, %s, %s, %s, %s FROM %s WHERE %s = $1",
	    statements_quote(arena, config->user_id_field),
	    statements_quote(arena, config->user_password_field),
	    statements_quote(arena, config->user_active_field),
	    statements_quote(arena, config->user_key_field),
	    statements_quote(arena, config->username_field),
	    statements_quote(arena, config->user_table), statements_quote(arena, where));
}

/* Writing stored hashes into the table of users. */
static void
make_passwords(struct arena *arena, const struct config *config, struct statement *made)
{
	const char *table = statements_quote(arena, config->user_table);
	const char *key = statements_quote(arena, config->user_key_field);
	const char *password = statements_quote(arena, config->user_password_field);

	/*
	 * Only if the old hash is still stored. jwt_fcgi.rehash, which is set for this statement,
	 * tells the change feed that the password is the same (sql/changes.sql).
	 */
	made[PASSWORD_STORE] = (struct statement){
	    arena_printf(arena,
		"UPDATE %s SET %s = $2::text WHERE %s = $1 AND %s = $3"
		" AND set_config('jwt_fcgi.rehash', $2::text, true) IS NOT NULL RETURNING %s",
		table, password, key, password, key),
	    3, REPEATABLE};
}

/*
 * The tables of the blacklist app are read and inserted into, never updated, so the role needs no
 * more rights. The id of a deleted user is stored as NULL, as by Django's SET_NULL.
 */
static void
make_tokens(struct arena *arena, const char *user, struct statement *made)
{
	made[TOKEN_OUTSTANDING] = (struct statement){
	    arena_printf(arena,
		"INSERT INTO token_blacklist_outstandingtoken"
		" (user_id, jti, token, expires_at, created_at)"
		" VALUES (%s, $2, $3, to_timestamp($4::bigint), CASE WHEN $5::boolean THEN now() END)"
		" ON CONFLICT (jti) DO NOTHING",
		user),
	    5, REPEATABLE};
	made[TOKEN_BLACKLISTED] = (struct statement){
	    "SELECT 1 FROM token_blacklist_blacklistedtoken blacklisted"
	    " JOIN token_blacklist_outstandingtoken outstanding ON blacklisted.token_id = outstanding.id"
	    " WHERE outstanding.jti = $1",
	    1, LOOKUP};
	/* The unique token_id admits one of several; a second query could not tell which. */
	made[TOKEN_BLACKLIST] = (struct statement){
	    "INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)"
	    " SELECT id, now() FROM token_blacklist_outstandingtoken WHERE jti = $1"
	    " ON CONFLICT (token_id) DO NOTHING RETURNING id",
	    1, ONCE};
	/* Only of serial columns ('a'): an identity column needs no right to its sequence. */
	made[SEQUENCES] = (struct statement){
	    "SELECT s.relname::text FROM pg_class s JOIN pg_depend d ON d.objid = s.oid"
	    " AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
	    " WHERE d.deptype = 'a' AND d.refobjid IN"
	    " (to_regclass('token_blacklist_outstandingtoken'),"
	    " to_regclass('token_blacklist_blacklistedtoken')) AND CASE s.relkind"
	    " WHEN 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END ORDER BY 1",
	    0, REPEATABLE};
}

/*
 * Django's rule (ModelBackend.has_perm). The tables that join users with groups and permissions are
 * named after the table of users. Their columns are id, the user, and group_id or permission_id.
 * The user's column is named after the model, whose name is not known here, so it is renamed by its
 * position; if the columns are in another order, the third name is missing, which is an error.
 * coalesce() is for EXPLAIN, where all parameters are NULL: without it the planner would drop the
 * inner tables, and with them the check of the rights.
 */
static const char *
django_permission(struct arena *arena, const struct config *config)
{
	const char *table = config->user_table, *key = config->user_key_field;
	const char *groups = arena_printf(arena, "%s_groups", table);
	const char *permissions = arena_printf(arena, "%s_user_permissions", table);

	return arena_printf(arena,
	    "SELECT u.is_superuser OR EXISTS (SELECT FROM django_content_type c"
	    " JOIN auth_permission p ON p.content_type_id = c.id"
	    " WHERE c.app_label = split_part(coalesce($2, ''), '.', 1)"
	    " AND c.app_label || '.' || p.codename = coalesce($2, '')"
	    " AND (EXISTS (SELECT FROM %s m (row_id, jwt_user) WHERE m.jwt_user = u.%s"
	    " AND m.permission_id = p.id)"
	    " OR EXISTS (SELECT FROM %s m (row_id, jwt_user)"
	    " JOIN auth_group_permissions g ON g.group_id = m.group_id"
	    " WHERE m.jwt_user = u.%s AND g.permission_id = p.id)))"
	    " FROM %s u WHERE u.%s = $1 AND u.%s",
	    statements_quote(arena, permissions), statements_quote(arena, key),
	    statements_quote(arena, groups), statements_quote(arena, key),
	    statements_quote(arena, table), statements_quote(arena, config->user_id_field),
	    statements_quote(arena, config->user_active_field));
}

/*
 * The query must return one boolean; PostgreSQL checks that. All four parameters are mentioned,
 * because the query may use fewer. A query that closes the parentheses around it may fit into one
 * of the two statements, but not into the other.
 */
static void
make_permission(struct arena *arena, const struct config *config, struct statement *made)
{
	const char *named = "num_nulls($1::text, $2::text, $3::text, $4::text) >= 0";
	const char *query = config->permission_query;

	if (query != NULL)
		made[PERMISSION_TEXT] = (struct statement){
		    arena_printf(arena, "SELECT FROM (%s\n) q WHERE %s", query, named), 4,
		    REPEATABLE};
	if (query == NULL && config->user_query == NULL)
		query = django_permission(arena, config);
	if (query != NULL)
		made[PERMISSION] = (struct statement){
		    arena_printf(arena, "SELECT ((%s\n)) IS TRUE WHERE %s", query, named), 4,
		    REPEATABLE};
}

/*
 * The changes since a snapshot (sql/changes.sql). A statement has one snapshot, so the rows and the
 * snapshot that it returns belong together: a change that it did not see is not visible in that
 * snapshot, and the next query finds it. xid must be below the snapshot's end, because after a dump
 * and restore rows carry transaction ids of the future.
 *
 * The feed cannot be used if its triggers watch other columns (tgargs) or write to a table of
 * another schema (tgfoid), or if the table of users has children or partitions, whose rows can
 * change without the triggers. Looking for the triggers of permissions takes 55 us, as long as the
 * rest.
 *
 * After a crash, PostgreSQL may use transaction ids that were not yet on disk a second time. Behind
 * a pooler the connection does not show the crash, nor does the start of the postmaster. But it
 * resets the statistics, so the time of that reset does (11 us; not before version 15, where it
 * would read a file).
 */
static void
make_feed(struct statement *made)
{
#define FEED_TRIGGERS                                \
	"pg_trigger WHERE tgrelid = to_regclass($1)" \
	" AND tgname IN ('jwt_changed', 'jwt_removed', 'jwt_emptied')"
#define FEED_HEAD                                                                               \
	"SELECT concat(pg_postmaster_start_time(), ' ',"                                        \
	" CASE WHEN current_setting('server_version_num')::integer >= 150000"                   \
	" THEN pg_stat_get_bgwriter_stat_reset_time() END), pg_current_snapshot()::text,"       \
	" (SELECT string_agg(oid::text || tgenabled::text || xmin::text, ' ' ORDER BY tgname)"  \
	" FROM " FEED_TRIGGERS "), NOT pg_is_in_recovery()"                                     \
	" AND coalesce(has_table_privilege(to_regclass('jwt_change'), 'SELECT'), false)"        \
	" AND (SELECT count(*) FROM " FEED_TRIGGERS " AND tgenabled = 'A'"                      \
	" AND tgfoid = to_regproc('jwt_user_changed') AND tgargs IN ('', $2::bytea)) = 3"       \
	" AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = to_regclass($1)),"          \
	" CASE WHEN $3::boolean THEN (SELECT CASE count(*) WHEN 11 THEN"                        \
	" string_agg(oid::text || xmin::text, ' ' ORDER BY tgrelid, tgname) END"                \
	" FROM pg_trigger WHERE tgname IN ('jwt_permission', 'jwt_permission_emptied')"         \
	" AND tgenabled = 'A' AND tgfoid = to_regproc('jwt_permission_changed')"                \
	" AND tgrelid IN (to_regclass($1), to_regclass(regexp_replace($1, '.$', '_groups\"'))," \
	" to_regclass(regexp_replace($1, '.$', '_user_permissions\"')),"                        \
	" to_regclass('django_content_type'), to_regclass('auth_permission'),"                  \
	" to_regclass('auth_group_permissions'))) END"

	made[FEED_START] = (struct statement){FEED_HEAD ", NULL::text, NULL::text", 3, REPEATABLE};
	made[FEED_CHANGES] = (struct statement){FEED_HEAD
	    ", c.user_id, replace(c.sid::text, '-', '') FROM (SELECT 1) one LEFT JOIN LATERAL"
	    " (SELECT user_id, sid FROM jwt_change WHERE xid >= pg_snapshot_xmin($4::pg_snapshot)"
	    " AND xid < pg_snapshot_xmax(pg_current_snapshot())"
	    " AND NOT pg_visible_in_snapshot(xid, $4::pg_snapshot)"
	    " ORDER BY xid LIMIT 4097) c ON true",
	    4, REPEATABLE};
}

struct statement
statements_row(struct arena *arena, const char *query)
{
	return (struct statement){
	    arena_printf(
		arena, "SELECT (SELECT row_to_json(found.*) FROM (%s\n) found)::text", query),
	    1, REPEATABLE};
}

/* *text refuses a query that closes the parenthesis around it: it cannot be prepared alone. */
static void
make_operator(struct arena *arena, const char *query, struct statement *row, struct statement *text)
{
	if (query == NULL)
		return;
	*row = statements_row(arena, query);
	*text = (struct statement){query, 1, REPEATABLE};
}

const struct statement *
statements_make(struct arena *arena, const struct config *config)
{
	struct statement *made = arena_alloc(arena, STATEMENT_COUNT * sizeof(*made));
	const char *table = statements_quote(arena, config->user_table);
	const char *key = statements_quote(arena, config->user_key_field);
	const char *by_name = config->user_query, *by_id = config->user_id_query, *user = "$1";

	if (by_name == NULL) {
		by_name = user_query(arena, config, config->username_field);
		by_id = user_query(arena, config, config->user_id_field);
		user = arena_printf(arena, "(SELECT %s FROM %s WHERE %s = $1)", key, table, key);
		make_passwords(arena, config, made);
	}
	made[USER_BY_NAME] = (struct statement){by_name, 1, LOOKUP};
	made[USER_BY_ID] = (struct statement){by_id, 1, LOOKUP};
	if (config->update_last_login)
		made[LAST_LOGIN] = (struct statement){
		    arena_printf(arena, "UPDATE %s SET %s = now() WHERE %s = $1", table,
			statements_quote(arena, config->user_last_login_field), key),
		    1, REPEATABLE};
	if (config->token_blacklist)
		make_tokens(arena, user, made);
	make_permission(arena, config, made);
	make_feed(made);
	make_operator(arena, config->claims_query, &made[CLAIMS], &made[CLAIMS_TEXT]);
	make_operator(
	    arena, config->login_answer_query, &made[LOGIN_ANSWER], &made[LOGIN_ANSWER_TEXT]);
	if (config->sessions)
		session_statements_make(arena, config, made);
	if (config->sessions && config->oidc_issuer != NULL)
		oidc_statements_make(arena, config, made);
	return made;
}
