-- Permissions for auth_check and the program permissions: grants the rights to read Django's tables, and, if the change
-- feed (changes.sql) is installed, creates triggers that write changes of permissions to it. Without the triggers the
-- programs ask the database for every permission; with them they keep the answers until one changes.
--
--     psql -v ON_ERROR_STOP=1 [-v users=auth_user] [-v id=id] [-v key=id] -f permissions.sql
--
-- users is JWT_USER_TABLE (schema.table is possible), id JWT_USER_ID_FIELD, key JWT_USER_KEY_FIELD.
--
-- Run it as the owner of the tables, with CREATE on their schema, or as a superuser, after roles.sql and changes.sql; it
-- can be run again at any time. If JWT_PERMISSION_QUERY reads further tables and uses neither $3 nor $4, each of these tables
-- needs triggers too, or the programs do not see its changes:
--
--     SELECT jwt_watch_permissions('team_member', 'user_id');  -- a change concerns the user of the row
--     SELECT jwt_watch_permissions('team');                    -- a change may concern every user
\if :{?users} \else \set users auth_user \endif
\if :{?id} \else \set id id \endif
\if :{?key} \else \set key id \endif
SET client_min_messages = warning;
BEGIN;

SELECT format('%I.%I', nspname, relname || '_groups') AS groups,
		format('%I.%I', nspname, relname || '_user_permissions') AS permissions
	FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE c.oid = :'users'::regclass \gset

SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jwt_fcgi') AS role, to_regclass('jwt_change') IS NOT NULL AS feed \gset
\if :role
GRANT SELECT (is_superuser) ON :users TO jwt_fcgi;
GRANT SELECT ON :groups, :permissions, auth_group_permissions, auth_permission, django_content_type TO jwt_fcgi;
\endif

\if :feed
-- The argument is the column with the user's id; '': a change concerns every user. Then a transaction adds only one row to
-- the feed, however many rows it changes.
CREATE OR REPLACE FUNCTION jwt_permission_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	rows jsonb[] := '{}';
BEGIN
	IF TG_LEVEL = 'STATEMENT' OR TG_ARGV[0] = '' THEN
		INSERT INTO jwt_change (user_id, ends) SELECT '', false WHERE NOT EXISTS (SELECT FROM jwt_change
			WHERE xid = pg_current_xact_id() AND user_id = '' AND sid IS NULL AND NOT ends);
		RETURN NULL;
	END IF;
	IF TG_OP <> 'INSERT' THEN
		rows := rows || to_jsonb(OLD);
	END IF;
	IF TG_OP <> 'DELETE' THEN
		rows := rows || to_jsonb(NEW);
	END IF;
	INSERT INTO jwt_change (user_id, ends)
		SELECT DISTINCT value ->> TG_ARGV[0], false FROM unnest(rows) value WHERE value ->> TG_ARGV[0] <> '';
	RETURN NULL;
END $$;

-- ALWAYS: the triggers also fire under logical replication and with session_replication_role = replica.
CREATE OR REPLACE FUNCTION jwt_watch_permissions(watched regclass, user_column text DEFAULT '') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('DROP TRIGGER IF EXISTS jwt_permission ON %1$s;
		DROP TRIGGER IF EXISTS jwt_permission_emptied ON %1$s;
		CREATE TRIGGER jwt_permission AFTER INSERT OR UPDATE OR DELETE ON %1$s
			FOR EACH ROW EXECUTE FUNCTION jwt_permission_changed(%2$L);
		CREATE TRIGGER jwt_permission_emptied AFTER TRUNCATE ON %1$s EXECUTE FUNCTION jwt_permission_changed(%2$L);
		ALTER TABLE %1$s ENABLE ALWAYS TRIGGER jwt_permission, ENABLE ALWAYS TRIGGER jwt_permission_emptied',
		watched, user_column);
END $$;

SELECT format('ALTER FUNCTION jwt_permission_changed() SET search_path = %I, pg_temp', current_schema()) \gexec
REVOKE ALL ON FUNCTION jwt_permission_changed(), jwt_watch_permissions(regclass, text) FROM PUBLIC;

-- The second column of these tables refers to the user's key, by which the programs read them too. If tokens carry another
-- column than the key, a change concerns every user.
SELECT jwt_watch_permissions(attrelid, CASE :'id' WHEN :'key' THEN attname ELSE '' END) FROM pg_attribute
	WHERE attrelid IN (:'groups'::regclass, :'permissions'::regclass) AND attnum = 2 \g /dev/null
SELECT jwt_watch_permissions(watched) FROM unnest(ARRAY['auth_group_permissions', 'auth_permission',
	'django_content_type']::regclass[]) watched \g /dev/null
DROP TRIGGER IF EXISTS jwt_permission ON :users;
CREATE TRIGGER jwt_permission AFTER UPDATE ON :users FOR EACH ROW
	WHEN (OLD.is_superuser IS DISTINCT FROM NEW.is_superuser) EXECUTE FUNCTION jwt_permission_changed(:'id');
ALTER TABLE :users ENABLE ALWAYS TRIGGER jwt_permission;
\endif
COMMIT;
