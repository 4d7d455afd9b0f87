-- The tables, as the migrations of Django 3.2 (django.contrib.auth) and of SimpleJWT 5.2
-- (rest_framework_simplejwt.token_blacklist) make them: same names, types, constraints and indexes.
-- On a database that Django migrated this changes nothing; on one that this made, Django continues
-- with `migrate --fake-initial`.
--
--     psql -v ON_ERROR_STOP=1 -f schema.sql
--
-- Needs no more than the right to create tables; can be run again at any time.
SET client_min_messages = warning;
BEGIN;

CREATE TABLE IF NOT EXISTS auth_user (
	id serial NOT NULL PRIMARY KEY,
	password varchar(128) NOT NULL,
	last_login timestamp with time zone,
	is_superuser boolean NOT NULL,
	username varchar(150) NOT NULL UNIQUE,
	first_name varchar(150) NOT NULL,
	last_name varchar(150) NOT NULL,
	email varchar(254) NOT NULL,
	is_staff boolean NOT NULL,
	is_active boolean NOT NULL,
	date_joined timestamp with time zone NOT NULL
);
CREATE INDEX IF NOT EXISTS auth_user_username_6821ab7c_like
	ON auth_user (username varchar_pattern_ops);

-- One row for each refresh token that was issued, where the blacklist is used.
CREATE TABLE IF NOT EXISTS token_blacklist_outstandingtoken (
	id bigserial NOT NULL PRIMARY KEY,
	token text NOT NULL,
	created_at timestamp with time zone,
	expires_at timestamp with time zone NOT NULL,
	user_id integer
		CONSTRAINT token_blacklist_outs_user_id_83bc629a_fk_auth_user
		REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	jti varchar(255) NOT NULL
		CONSTRAINT token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_uniq UNIQUE
);
CREATE INDEX IF NOT EXISTS token_blacklist_outstandingtoken_jti_hex_d9bdf6f7_like
	ON token_blacklist_outstandingtoken (jti varchar_pattern_ops);
CREATE INDEX IF NOT EXISTS token_blacklist_outstandingtoken_user_id_83bc629a
	ON token_blacklist_outstandingtoken (user_id);

-- Those of them that must not be accepted any more.
CREATE TABLE IF NOT EXISTS token_blacklist_blacklistedtoken (
	id bigserial NOT NULL PRIMARY KEY,
	blacklisted_at timestamp with time zone NOT NULL,
	token_id bigint NOT NULL UNIQUE
		CONSTRAINT token_blacklist_blacklistedtoken_token_id_3cc7fe56_fk
		REFERENCES token_blacklist_outstandingtoken (id) DEFERRABLE INITIALLY DEFERRED
);

COMMIT;
