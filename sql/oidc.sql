-- OpenID Connect, for JWT_OIDC_ISSUER: clients, authorization codes, consents. Runs sessions.sql first and takes the same
-- psql variables.
--
--     psql -v ON_ERROR_STOP=1 [-v users=auth_user ...] -f oidc.sql
--
-- Run it as the owner of the table of users, before or after roles.sql; it can be run again at any time. Then add
-- clients, with `jwtctl client add` or in SQL. This client gets a secret, which is shown once and not stored:
--
--     SELECT secret, 'sha256$' || encode(sha256(secret::bytea), 'hex') AS hash FROM (SELECT
--         encode(sha256((gen_random_uuid()::text || gen_random_uuid())::bytea), 'hex') AS secret) made \gset
--     \echo :secret
--     INSERT INTO oidc_client (client_id, name, secret, redirect_uris, post_logout_redirect_uris)
--     VALUES ('wiki', 'The wiki', :'hash', '{https://wiki.example.com/callback}', '{https://wiki.example.com/}');
--
-- A public client, such as a page in the browser or an application on a telephone, has no secret:
--
--     INSERT INTO oidc_client (client_id, name, auth_method, redirect_uris)
--     VALUES ('app', 'The app', 'none', '{https://app.example.com/callback}');
\ir sessions.sql
SET client_min_messages = warning;
BEGIN;

-- Redirect URIs are checked here only, because the programs compare them byte for byte. Allowed are https, http on a
-- loopback address (RFC 8252 section 7.3), and an application's own scheme, which must have a dot (section 7.1), so not
-- javascript or data. No fragment, user information or wildcard, and only characters of a URI.
CREATE OR REPLACE FUNCTION jwt_oidc_uris_good(uris text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog AS $$
	SELECT count(*) = 0 FROM unnest(uris) uri WHERE uri IS NULL OR length(uri) > 2048
		OR uri !~ '^[]A-Za-z0-9._~:/?[@!$&''()+,;=%-]+$'
		OR uri !~ '^(https://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?([/?]|$)'
			'|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]{1,5})?([/?]|$)'
			'|[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/)'
$$;

-- RFC 6749 section 3.3.
CREATE OR REPLACE FUNCTION jwt_oidc_scopes_good(scopes text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
	SET search_path = pg_catalog AS $$
	SELECT count(*) = 0 FROM unnest(scopes) scope WHERE scope IS NULL OR scope !~ '^[]!#-[^-~]+$'
$$;

CREATE TABLE IF NOT EXISTS oidc_client (
	client_id text PRIMARY KEY CHECK (client_id ~ '^[!-~]{1,128}$' AND client_id !~ ':'),
	name text NOT NULL CHECK (name ~ '[^[:space:]]' AND name !~ '[[:cntrl:]]'),   -- shown on pages
	secret text CHECK (secret ~ '^sha256\$[0-9a-f]{64}$'),      -- NULL: a public client
	auth_method text NOT NULL DEFAULT 'client_secret_basic'
		CHECK (auth_method IN ('client_secret_basic', 'client_secret_post', 'none')),
	redirect_uris text[] NOT NULL CHECK (jwt_oidc_uris_good(redirect_uris)),
	post_logout_redirect_uris text[] NOT NULL DEFAULT '{}' CHECK (jwt_oidc_uris_good(post_logout_redirect_uris)),
	scopes text[] NOT NULL DEFAULT '{openid,profile,email}' CHECK (jwt_oidc_scopes_good(scopes)),
	native boolean NOT NULL DEFAULT false,      -- loopback redirect URIs may have any port; consent each time
	require_pkce boolean NOT NULL DEFAULT true,
	first_party boolean NOT NULL DEFAULT true,  -- no consent page, unless native
	id_token_alg text NOT NULL DEFAULT 'RS256' CHECK (id_token_alg ~ '^((RS|PS|ES)(256|384|512)|ES256K|EdDSA)$'),
	audience text CHECK (audience <> ''),       -- aud of its access tokens; NULL: JWT_OIDC_AUDIENCE
	active boolean NOT NULL DEFAULT true,
	CHECK ((secret IS NULL) = (auth_method = 'none')),
	CHECK (require_pkce OR auth_method <> 'none')
);
-- Whether the client may introspect and revoke tokens that belong to no client.
ALTER TABLE oidc_client ADD COLUMN IF NOT EXISTS introspect boolean NOT NULL DEFAULT false
	CONSTRAINT oidc_client_introspect CHECK (NOT introspect OR secret IS NOT NULL);

-- Removing or disabling a client deletes its codes and sessions. (A foreign key in oidc_code would lock, and so write to,
-- the client's row for each code.) Enabling a client again, or adding one with the same id, deletes them too: before
-- the client's end was committed, other transactions could create and redeem codes which that transaction did not see.
-- Codes are deleted before sessions: the DELETE waits for a transaction that redeems one of them, so the session that this
-- transaction creates is found afterwards.
CREATE OR REPLACE FUNCTION jwt_oidc_client_ended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	ids text[] := ARRAY[OLD.client_id, NEW.client_id];
BEGIN
	DELETE FROM oidc_code WHERE client_id = ANY (ids);
	PERFORM FROM jwt_session WHERE client_id = ANY (ids) ORDER BY user_id, sid FOR UPDATE;
	WITH gone AS (DELETE FROM jwt_session WHERE client_id = ANY (ids) RETURNING user_id, sid)
		INSERT INTO jwt_change (user_id, sid) SELECT user_id, sid FROM gone;
	RETURN NULL;
END $$;
SELECT format('ALTER FUNCTION jwt_oidc_client_ended() SET search_path = %I, pg_temp', current_schema()) \gexec
REVOKE ALL ON FUNCTION jwt_oidc_client_ended() FROM PUBLIC;
DROP TRIGGER IF EXISTS jwt_oidc_client_added ON oidc_client;
DROP TRIGGER IF EXISTS jwt_oidc_client_removed ON oidc_client;
DROP TRIGGER IF EXISTS jwt_oidc_client_disabled ON oidc_client;
DROP TRIGGER IF EXISTS jwt_oidc_client_switched ON oidc_client;
CREATE TRIGGER jwt_oidc_client_added AFTER INSERT ON oidc_client
	FOR EACH ROW EXECUTE FUNCTION jwt_oidc_client_ended();
CREATE TRIGGER jwt_oidc_client_removed AFTER DELETE ON oidc_client
	FOR EACH ROW EXECUTE FUNCTION jwt_oidc_client_ended();
CREATE TRIGGER jwt_oidc_client_switched AFTER UPDATE ON oidc_client
	FOR EACH ROW WHEN (OLD.active <> NEW.active OR OLD.client_id <> NEW.client_id)
	EXECUTE FUNCTION jwt_oidc_client_ended();

-- code is the SHA-256 of the code. browser is the session in which the user logged in, sid the session that began when the
-- code was redeemed. Unlogged: after a crash of PostgreSQL, and on a standby that takes over, the table is empty. Little
-- is lost: a code is valid for a minute, and with the browser's session the user gets another without a password.
CREATE UNLOGGED TABLE IF NOT EXISTS oidc_code (
	code bytea PRIMARY KEY,
	client_id text NOT NULL,
	user_id text NOT NULL,
	scopes text[] NOT NULL,
	redirect_uri text NOT NULL,
	code_challenge text,
	nonce text,
	auth_time timestamptz NOT NULL,
	browser uuid NOT NULL,
	expires_at timestamptz NOT NULL,
	sid uuid
);
-- For tables of earlier releases, which were logged. The fill factor leaves room to update a row with its sid in the same
-- page.
ALTER TABLE oidc_code SET UNLOGGED, SET (fillfactor = 50);
CREATE INDEX IF NOT EXISTS oidc_code_expires_at ON oidc_code (expires_at);

CREATE TABLE IF NOT EXISTS oidc_consent (
	user_id text NOT NULL,
	client_id text NOT NULL REFERENCES oidc_client ON DELETE CASCADE,
	scopes text[] NOT NULL,
	PRIMARY KEY (user_id, client_id)
);

-- Deletes a user's consents with the user, so that a later user with the same id does not inherit them; no foreign key, as
-- in sessions.sql. The argument is the name of the id column.
CREATE OR REPLACE FUNCTION jwt_oidc_user_removed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	DELETE FROM oidc_consent WHERE TG_OP = 'TRUNCATE' OR user_id = to_jsonb(OLD) ->> TG_ARGV[0];
	RETURN NULL;
END $$;
SELECT format('ALTER FUNCTION jwt_oidc_user_removed() SET search_path = %I, pg_temp', current_schema()) \gexec
REVOKE ALL ON FUNCTION jwt_oidc_user_removed() FROM PUBLIC;
DROP TRIGGER IF EXISTS jwt_oidc_user_removed ON :users;
DROP TRIGGER IF EXISTS jwt_oidc_user_renumbered ON :users;
DROP TRIGGER IF EXISTS jwt_oidc_users_emptied ON :users;
CREATE TRIGGER jwt_oidc_user_removed AFTER DELETE ON :users FOR EACH ROW EXECUTE FUNCTION jwt_oidc_user_removed(:'id');
CREATE TRIGGER jwt_oidc_user_renumbered AFTER UPDATE ON :users FOR EACH ROW
	WHEN (OLD.:"id" IS DISTINCT FROM NEW.:"id") EXECUTE FUNCTION jwt_oidc_user_removed(:'id');
CREATE TRIGGER jwt_oidc_users_emptied AFTER TRUNCATE ON :users EXECUTE FUNCTION jwt_oidc_user_removed();
ALTER TABLE :users ENABLE ALWAYS TRIGGER jwt_oidc_user_removed, ENABLE ALWAYS TRIGGER jwt_oidc_user_renumbered,
	ENABLE ALWAYS TRIGGER jwt_oidc_users_emptied;
-- Consents of users who were deleted before these triggers existed.
DELETE FROM oidc_consent WHERE NOT EXISTS (SELECT FROM :users u WHERE u.:"id"::text = oidc_consent.user_id);

-- Grants the rights that the programs need, including the columns for claims that the table of users has.
CREATE OR REPLACE FUNCTION jwt_oidc_grant(users regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	claim name;
BEGIN
	GRANT SELECT ON oidc_client TO jwt_fcgi;
	GRANT SELECT, INSERT, UPDATE, DELETE ON oidc_code TO jwt_fcgi;
	GRANT SELECT, INSERT, UPDATE ON oidc_consent TO jwt_fcgi;
	FOR claim IN SELECT attname FROM pg_attribute WHERE attrelid = users AND attnum > 0 AND NOT attisdropped
		AND attname IN ('first_name', 'last_name', 'email')
	LOOP
		EXECUTE format('GRANT SELECT (%I) ON %s TO jwt_fcgi', claim, users);
	END LOOP;
END $$;
REVOKE ALL ON FUNCTION jwt_oidc_grant(regclass) FROM PUBLIC;
SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jwt_fcgi') AS role \gset
\if :role
SELECT jwt_oidc_grant(:'users'::regclass) AS granted \gset
\endif
COMMIT;
