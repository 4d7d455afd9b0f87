-- Creates the login role of the programs, jwt_fcgi. It may read the columns of a user that a login needs, replace a
-- password hash, write the last login, and add rows to the two token tables; nothing else. If the tables of changes.sql,
-- sessions.sql and oidc.sql exist, it may use them too; for oidc.sql it also reads first_name, last_name and email.
--
--     psql -v ON_ERROR_STOP=1 -f roles.sql
--
-- Run it after schema.sql as the owner of the tables, with CREATEROLE; it can be run again at any time. The role has no
-- password: set one (\password jwt_fcgi), or allow peer authentication.
--
-- For another table of users, name the table and its columns as in the settings JWT_USER_*; users is written as in SQL.
-- from-django --roles prints the whole command for a Django site:
--
--     psql -v ON_ERROR_STOP=1 -v users='"members_member"' -v login=email -f roles.sql
\if :{?users} \else \set users auth_user \endif
\if :{?key} \else \set key id \endif
\if :{?id} \else \set id :key \endif
\if :{?login} \else \set login username \endif
\if :{?password} \else \set password password \endif
\if :{?active} \else \set active is_active \endif
\if :{?last_login} \else \set last_login last_login \endif
SET client_min_messages = warning;
BEGIN;

DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'jwt_fcgi') THEN
		CREATE ROLE jwt_fcgi LOGIN;
	END IF;
END $$;

GRANT SELECT (:"key", :"id", :"login", :"password", :"active") ON :users TO jwt_fcgi;
GRANT UPDATE (:"password", :"last_login") ON :users TO jwt_fcgi;

SELECT to_regclass('token_blacklist_blacklistedtoken') IS NOT NULL AS tokens \gset
\if :tokens
GRANT SELECT, INSERT ON token_blacklist_outstandingtoken, token_blacklist_blacklistedtoken
	TO jwt_fcgi;
GRANT USAGE ON SEQUENCE token_blacklist_outstandingtoken_id_seq,
	token_blacklist_blacklistedtoken_id_seq TO jwt_fcgi;
\endif

SELECT 'GRANT SELECT, INSERT ON jwt_change TO jwt_fcgi' WHERE to_regclass('jwt_change') IS NOT NULL \gexec
SELECT 'GRANT SELECT, INSERT, UPDATE, DELETE ON jwt_session TO jwt_fcgi'
	WHERE to_regclass('jwt_session') IS NOT NULL \gexec
SELECT to_regclass('oidc_client') IS NOT NULL AS oidc \gset
\if :oidc
SELECT jwt_oidc_grant(:'users'::regclass) AS granted \gset
\endif

COMMIT;
