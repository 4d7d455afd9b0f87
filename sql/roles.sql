-- The login role of the programs. It reads four columns of a user, replaces a password hash by a
-- newer one, notes the last login, and adds rows to the two token tables; nothing else.
--
--     psql -v ON_ERROR_STOP=1 -f roles.sql
--
-- To be run after schema.sql by the owner of the tables, with CREATEROLE; can be run again at any
-- time. The role has no password: give it one (\password jwt_fcgi) or let it in by peer
-- authentication.
SET client_min_messages = warning;
BEGIN;

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jwt_fcgi') THEN
		CREATE ROLE jwt_fcgi LOGIN;
	END IF;
END $$;

GRANT SELECT (id, username, password, is_active) ON auth_user TO jwt_fcgi;
GRANT UPDATE (password, last_login) ON auth_user TO jwt_fcgi;

GRANT SELECT, INSERT ON token_blacklist_outstandingtoken, token_blacklist_blacklistedtoken
	TO jwt_fcgi;
GRANT USAGE ON SEQUENCE token_blacklist_outstandingtoken_id_seq,
	token_blacklist_blacklistedtoken_id_seq TO jwt_fcgi;

COMMIT;
