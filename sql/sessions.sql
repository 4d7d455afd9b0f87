-- Sessions, for JWT_SESSIONS=on: one row for each login. Runs changes.sql first and takes the same psql variables.
--
--     psql -v ON_ERROR_STOP=1 [-v users=auth_user ...] -f sessions.sql
--
-- Run it as the owner of the table of users, before or after roles.sql; it can be run again at any time.
\ir changes.sql
SET client_min_messages = warning;
BEGIN;

-- A session lasts as long as its row. gen is the generation of the newest refresh token that was issued, held the newest
-- that a client has used. There is no further index, so that every update is a HOT update, for which the fill factor
-- leaves room. There is no foreign key, because users may be in any table.
CREATE TABLE IF NOT EXISTS jwt_session (
	user_id text NOT NULL,
	sid uuid NOT NULL,
	gen integer NOT NULL,
	held integer NOT NULL,
	created_at timestamptz NOT NULL,
	rotated_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,          -- each refresh moves it
	ends_at timestamptz NOT NULL,             -- never moves
	address text,                             -- of the login, if JWT_SESSION_DEVICE is on
	agent text,
	PRIMARY KEY (user_id, sid)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- For OpenID Connect (oidc.sql). client_id is NULL for a password login, '' for the login of a browser at the provider,
-- otherwise the client that the user logged in to.
ALTER TABLE jwt_session ADD COLUMN IF NOT EXISTS client_id text, ADD COLUMN IF NOT EXISTS scopes text[];

-- Deletes all sessions of a user, or of every user, when the change feed gets a row that says so. Rows of one user are
-- locked in the order of sid, as the programs do, to avoid deadlocks.
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
