-- OpenID Connect, for JWT_OIDC_ISSUER: clients, authorization codes and consents. Brings sessions.sql up to
-- date first and takes the same psql variables.
--
--     psql -v ON_ERROR_STOP=1 [-v users=auth_user ...] -f oidc.sql
--
-- To be run by the owner of the table of users; before or after roles.sql; can be run again at any time.
-- Clients are rows, which jwtctl client adds too. The secret of this one is shown once and not stored:
--
--     SELECT secret, 'sha256$' || encode(sha256(secret::bytea), 'hex') AS hash FROM (SELECT
--         encode(sha256((gen_random_uuid()::text || gen_random_uuid())::bytea), 'hex') AS secret) made \gset
--     \echo :secret
--     INSERT INTO oidc_client (client_id, name, secret, redirect_uris, post_logout_redirect_uris)
--     VALUES ('wiki', 'The wiki', :'hash', '{https://wiki.example.com/callback}', '{https://wiki.example.com/}');
--
-- A client without a secret, such as a page in the browser or an application on a telephone:
--
--     INSERT INTO oidc_client (client_id, name, auth_method, redirect_uris)
--     VALUES ('app', 'The app', 'none', '{https://app.example.com/callback}');
\ir sessions.sql
SET client_min_messages = warning;
BEGIN;

-- Redirect URIs are compared byte for byte, so they are checked once, here: https; http to the user's own machine
-- (RFC 8252 section 7.3); or the scheme of an application, which has a dot (section 7.1), unlike javascript and
-- data. No fragment, no user information, no wildcard, only characters of a URI.
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
-- Whether it may ask about, and revoke, tokens that belong to no client.
ALTER TABLE oidc_client ADD COLUMN IF NOT EXISTS introspect boolean NOT NULL DEFAULT false
	CONSTRAINT oidc_client_introspect CHECK (NOT introspect OR secret IS NOT NULL);

-- The end of a client ends its codes and sessions. (With a foreign key of oidc_code, each code would lock the
-- client's row, so that all codes of a client would write to it.) Enabling a client again, or adding one with the
-- same id, ends them too: until the transaction that ended the client was committed, others could make and redeem
-- codes that it did not see. Codes are deleted before sessions: the DELETE waits for a transaction that redeems
-- one of them, and the session that was begun by it is found afterwards.
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

-- A code is found by its SHA-256. browser is the session in which the user logged in, sid the session that
-- began when the code was redeemed. Unlogged: after a crash of PostgreSQL, and on a standby that takes over,
-- the table is empty. That does little harm: a code is valid for a minute, and the browser's session gets another.
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
-- The table may be older and logged. The fill factor leaves room in the page for the row with its sid.
ALTER TABLE oidc_code SET UNLOGGED, SET (fillfactor = 50);
CREATE INDEX IF NOT EXISTS oidc_code_expires_at ON oidc_code (expires_at);

CREATE TABLE IF NOT EXISTS oidc_consent (
	user_id text NOT NULL,
	client_id text NOT NULL REFERENCES oidc_client ON DELETE CASCADE,
	scopes text[] NOT NULL,
	PRIMARY KEY (user_id, client_id)
);

-- A consent ends with its user, so that a later user of the same id does not inherit it; no foreign key, as in
-- sessions.sql. The argument is the name of the column of the id.
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

-- The rights of the programs, which include those of the claims' columns that the table of users has.
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
