-- Sessions: one row for each login, for JWT_SESSIONS=on. Brings changes.sql up to date first and takes the
-- same psql variables.
--
--     psql -v ON_ERROR_STOP=1 [-v users=auth_user ...] -f sessions.sql
--
-- To be run by the owner of the table of users; before or after roles.sql; can be run again at any time.
\ir changes.sql
SET client_min_messages = warning;
BEGIN;

-- gen is the generation of the newest refresh token that was issued, held the newest that the client has
-- shown. There is no further index, so that every update is a HOT update; the fill factor leaves room for
-- it. There is no foreign key, because users may be in any table.
CREATE TABLE IF NOT EXISTS jwt_session (
	user_id text NOT NULL,
	sid uuid NOT NULL,
	gen integer NOT NULL,
	held integer NOT NULL,
	created_at timestamptz NOT NULL,
	rotated_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,          -- later with each refresh
	ends_at timestamptz NOT NULL,             -- never later
	address text,                             -- of the login, if JWT_SESSION_DEVICE is on
	agent text,
	PRIMARY KEY (user_id, sid)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- For OpenID Connect (oidc.sql). client_id is NULL for a password login and '' for the login of a browser
-- at the provider; otherwise the row is a login at that client.
ALTER TABLE jwt_session ADD COLUMN IF NOT EXISTS client_id text, ADD COLUMN IF NOT EXISTS scopes text[];

-- A change that ends all sessions of a user, or of every user, deletes them when it enters the change feed.
-- Rows of one user are locked in the order of sid, as by the programs, so that there are no deadlocks.
CREATE OR REPLACE FUNCTION jwt_session_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	IF NEW.user_id = '' THEN
		DELETE FROM jwt_session;
		RETURN NULL;
	END IF;
	PERFORM FROM jwt_session WHERE user_id = NEW.user_id AND sid IS DISTINCT FROM NEW.keep ORDER BY sid FOR UPDATE;
	DELETE FROM jwt_session WHERE user_id = NEW.user_id AND sid IS DISTINCT FROM NEW.keep;
	RETURN NULL;
END $$;
SELECT format('ALTER FUNCTION jwt_session_end() SET search_path = %I, pg_temp', current_schema()) \gexec
REVOKE ALL ON FUNCTION jwt_session_end() FROM PUBLIC;

DROP TRIGGER IF EXISTS jwt_session_ended ON jwt_change;
CREATE TRIGGER jwt_session_ended AFTER INSERT ON jwt_change FOR EACH ROW
	WHEN (NEW.ends AND NEW.sid IS NULL) EXECUTE FUNCTION jwt_session_end();
ALTER TABLE jwt_change ENABLE ALWAYS TRIGGER jwt_session_ended;

SELECT 'GRANT SELECT, INSERT, UPDATE, DELETE ON jwt_session TO jwt_fcgi'
	WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'jwt_fcgi') \gexec
COMMIT;
