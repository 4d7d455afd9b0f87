-- The change feed: a table of users who have changed, filled by triggers on the table of users. The programs ask it for
-- the changes since they last asked, and so need not read a user again. Optional: without it every request reads its
-- user.
--
--     psql -v ON_ERROR_STOP=1 [-v users=auth_user] [-v id=id] [-v username=username]
--         [-v password=password] [-v active=is_active] [-v keep='26 hours'] -f changes.sql
--
-- users is JWT_USER_TABLE (schema.table is possible), id JWT_USER_ID_FIELD, username JWT_USERNAME_FIELD, password
-- JWT_USER_PASSWORD_FIELD, active JWT_USER_ACTIVE_FIELD. keep is how long a change is kept: at least the lifetimes of a
-- refresh token and an access token and two minutes.
--
-- Run it as the owner of the table of users, with CREATE on its schema, or as a superuser, before or after roles.sql; it
-- can be run again at any time. PostgreSQL 13 or newer. Before a migration that alters the type of one of these columns
-- run changes-remove.sql, and this file after it. For a table with partitions, or with tables that inherit from it, the
-- programs do not use the feed. They must connect to the primary server only: through a pooler that sends reads to
-- standbys, they could read a row before its change arrives there, and would never read it again.
\if :{?users} \else \set users auth_user \endif
\if :{?id} \else \set id id \endif
\if :{?username} \else \set username username \endif
\if :{?password} \else \set password password \endif
\if :{?active} \else \set active is_active \endif
\if :{?keep} \else \set keep '26 hours' \endif
SET client_min_messages = warning;
BEGIN;

CREATE TABLE IF NOT EXISTS jwt_change (
	user_id text NOT NULL,                    -- the user's id as text; '': every user
	sid uuid,                                 -- the session that ended; NULL: all sessions of the user
	keep uuid,                                -- except this one
	ends boolean NOT NULL DEFAULT true,       -- false: read the user again, but no session ends
	at timestamptz NOT NULL DEFAULT clock_timestamp(),
	xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX IF NOT EXISTS jwt_change_user ON jwt_change (user_id);
-- Every refresh looks for rows that ended all sessions of its user. Few rows do, so this partial index is small.
CREATE INDEX IF NOT EXISTS jwt_change_ends ON jwt_change (user_id) WHERE ends AND sid IS NULL;
CREATE INDEX IF NOT EXISTS jwt_change_xid ON jwt_change (xid);

-- The arguments are the names of the columns id, password, active and username. username is not used here, but the
-- programs compare all four with their settings and do not use a feed of other columns. The value of the active column
-- is compared as text, not cast, because an error here would fail the statement that changes the user.
CREATE OR REPLACE FUNCTION jwt_user_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	o jsonb;
	n jsonb;
	-- A login that only renews the hash of a password stores the new hash in this variable.
	rehash text := current_setting('jwt_fcgi.rehash', true);
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		INSERT INTO jwt_change (user_id) VALUES ('');
		RETURN NULL;
	END IF;
	o := to_jsonb(OLD);
	n := CASE TG_OP WHEN 'UPDATE' THEN to_jsonb(NEW) END;
	INSERT INTO jwt_change (user_id, ends) VALUES (o ->> TG_ARGV[0], n IS NULL
		OR n ->> TG_ARGV[0] IS DISTINCT FROM o ->> TG_ARGV[0]
		OR n ->> TG_ARGV[2] IS DISTINCT FROM o ->> TG_ARGV[2]
			AND coalesce(n ->> TG_ARGV[2], 'false') NOT IN ('true', 't', 'yes', 'y', 'on', '1')
		OR n ->> TG_ARGV[1] IS DISTINCT FROM o ->> TG_ARGV[1]
			AND rehash IS DISTINCT FROM n ->> TG_ARGV[1]);
	RETURN NULL;
END $$;

-- Every insert deletes up to eight rows that are too old, so the table needs no cleaning job.
CREATE OR REPLACE FUNCTION jwt_change_sweep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	DELETE FROM jwt_change WHERE ctid = ANY (ARRAY(
		SELECT ctid FROM (SELECT ctid, at FROM jwt_change ORDER BY xid LIMIT 8 FOR UPDATE SKIP LOCKED) oldest
		WHERE at < now() - TG_ARGV[0]::interval));
	RETURN NULL;
END $$;

-- These functions run with the owner's rights, so their search_path must find these tables and no others.
SELECT format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema())
	FROM unnest(ARRAY['jwt_user_changed()', 'jwt_change_sweep()']) name \gexec
REVOKE ALL ON FUNCTION jwt_user_changed(), jwt_change_sweep() FROM PUBLIC;

DROP TRIGGER IF EXISTS jwt_changed ON :users;
DROP TRIGGER IF EXISTS jwt_removed ON :users;
DROP TRIGGER IF EXISTS jwt_emptied ON :users;
DROP TRIGGER IF EXISTS jwt_swept ON jwt_change;
-- Deferred, so that a change is dated at its commit. WHEN: a save that changes none of these columns costs nothing.
CREATE CONSTRAINT TRIGGER jwt_changed AFTER UPDATE ON :users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	WHEN (OLD.:"id" IS DISTINCT FROM NEW.:"id" OR OLD.:"password" IS DISTINCT FROM NEW.:"password"
		OR OLD.:"active" IS DISTINCT FROM NEW.:"active" OR OLD.:"username" IS DISTINCT FROM NEW.:"username")
	EXECUTE FUNCTION jwt_user_changed(:'id', :'password', :'active', :'username');
CREATE CONSTRAINT TRIGGER jwt_removed AFTER DELETE ON :users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	EXECUTE FUNCTION jwt_user_changed(:'id', :'password', :'active', :'username');
CREATE TRIGGER jwt_emptied AFTER TRUNCATE ON :users EXECUTE FUNCTION jwt_user_changed();
-- FOR EACH ROW: the statement of a refresh, which may insert a row but rarely does, then costs nothing.
CREATE TRIGGER jwt_swept AFTER INSERT ON jwt_change FOR EACH ROW EXECUTE FUNCTION jwt_change_sweep(:'keep');
-- ALWAYS: the triggers also fire under logical replication and with session_replication_role = replica.
ALTER TABLE :users ENABLE ALWAYS TRIGGER jwt_changed, ENABLE ALWAYS TRIGGER jwt_removed,
	ENABLE ALWAYS TRIGGER jwt_emptied;
ALTER TABLE jwt_change ENABLE ALWAYS TRIGGER jwt_swept;

-- The programs connect either as the table's owner or with the role of roles.sql.
SELECT format('GRANT SELECT, INSERT ON jwt_change TO %I', pg_get_userbyid(relowner))
	FROM pg_class WHERE oid = :'users'::regclass \gexec
SELECT 'GRANT SELECT, INSERT ON jwt_change TO jwt_fcgi'
	WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'jwt_fcgi') \gexec
COMMIT;
