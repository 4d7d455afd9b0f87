-- The tables, as the migrations of Django 3.2 (django.contrib.auth) and of SimpleJWT 5.2
-- (rest_framework_simplejwt.token_blacklist) create them: same names, types, constraints and indexes. The programs use
-- the first three. The others are empty; with them Django can take over the database with `migrate --fake-initial`. On
-- a database that Django has migrated, this file changes nothing.
--
--     psql -v ON_ERROR_STOP=1 -f schema.sql
--
-- It needs only the right to create tables and can be run again at any time.
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

-- If the blacklist is used: one row for each refresh token that was issued.
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

-- The revoked ones of these tokens.
CREATE TABLE IF NOT EXISTS token_blacklist_blacklistedtoken (
	id bigserial NOT NULL PRIMARY KEY,
	blacklisted_at timestamp with time zone NOT NULL,
	token_id bigint NOT NULL UNIQUE
		CONSTRAINT token_blacklist_blacklistedtoken_token_id_3cc7fe56_fk
		REFERENCES token_blacklist_outstandingtoken (id) DEFERRABLE INITIALLY DEFERRED
);

-- The other tables of these migrations, which only Django uses.
CREATE TABLE IF NOT EXISTS django_content_type (
	id serial NOT NULL PRIMARY KEY,
	app_label varchar(100) NOT NULL,
	model varchar(100) NOT NULL,
	CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model)
);

CREATE TABLE IF NOT EXISTS auth_permission (
	id serial NOT NULL PRIMARY KEY,
	name varchar(255) NOT NULL,
	content_type_id integer NOT NULL
		CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co
		REFERENCES django_content_type (id) DEFERRABLE INITIALLY DEFERRED,
	codename varchar(100) NOT NULL,
	CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq
		UNIQUE (content_type_id, codename)
);
CREATE INDEX IF NOT EXISTS auth_permission_content_type_id_2f476e4b
	ON auth_permission (content_type_id);

CREATE TABLE IF NOT EXISTS auth_group (
	id serial NOT NULL PRIMARY KEY,
	name varchar(150) NOT NULL UNIQUE
);
CREATE INDEX IF NOT EXISTS auth_group_name_a6ea08ec_like
	ON auth_group (name varchar_pattern_ops);

CREATE TABLE IF NOT EXISTS auth_group_permissions (
	id bigserial NOT NULL PRIMARY KEY,
	group_id integer NOT NULL
		CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id
		REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED,
	permission_id integer NOT NULL
		CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm
		REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq
		UNIQUE (group_id, permission_id)
);
CREATE INDEX IF NOT EXISTS auth_group_permissions_group_id_b120cbf9
	ON auth_group_permissions (group_id);
CREATE INDEX IF NOT EXISTS auth_group_permissions_permission_id_84c5c92e
	ON auth_group_permissions (permission_id);

CREATE TABLE IF NOT EXISTS auth_user_groups (
	id bigserial NOT NULL PRIMARY KEY,
	user_id integer NOT NULL
		CONSTRAINT auth_user_groups_user_id_6a12ed8b_fk_auth_user_id
		REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	group_id integer NOT NULL
		CONSTRAINT auth_user_groups_group_id_97559544_fk_auth_group_id
		REFERENCES auth_group (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT auth_user_groups_user_id_group_id_94350c0c_uniq UNIQUE (user_id, group_id)
);
CREATE INDEX IF NOT EXISTS auth_user_groups_user_id_6a12ed8b ON auth_user_groups (user_id);
CREATE INDEX IF NOT EXISTS auth_user_groups_group_id_97559544 ON auth_user_groups (group_id);

CREATE TABLE IF NOT EXISTS auth_user_user_permissions (
	id bigserial NOT NULL PRIMARY KEY,
	user_id integer NOT NULL
		CONSTRAINT auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id
		REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED,
	permission_id integer NOT NULL
		CONSTRAINT auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm
		REFERENCES auth_permission (id) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT auth_user_user_permissions_user_id_permission_id_14a6b632_uniq
		UNIQUE (user_id, permission_id)
);
CREATE INDEX IF NOT EXISTS auth_user_user_permissions_user_id_a95ead1b
	ON auth_user_user_permissions (user_id);
CREATE INDEX IF NOT EXISTS auth_user_user_permissions_permission_id_1fbb5f2c
	ON auth_user_user_permissions (permission_id);

-- Django's record of applied migrations; adds those of an application if Django has recorded none of it.
CREATE TABLE IF NOT EXISTS django_migrations (
	id bigserial NOT NULL PRIMARY KEY,
	app varchar(255) NOT NULL,
	name varchar(255) NOT NULL,
	applied timestamp with time zone NOT NULL
);
INSERT INTO django_migrations (app, name, applied)
SELECT app, name, now()
FROM (VALUES
	('contenttypes', '0001_initial'),
	('contenttypes', '0002_remove_content_type_name'),
	('auth', '0001_initial'),
	('auth', '0002_alter_permission_name_max_length'),
	('auth', '0003_alter_user_email_max_length'),
	('auth', '0004_alter_user_username_opts'),
	('auth', '0005_alter_user_last_login_null'),
	('auth', '0006_require_contenttypes_0002'),
	('auth', '0007_alter_validators_add_error_messages'),
	('auth', '0008_alter_user_username_max_length'),
	('auth', '0009_alter_user_last_name_max_length'),
	('auth', '0010_alter_group_name_max_length'),
	('auth', '0011_update_proxy_permissions'),
	('auth', '0012_alter_user_first_name_max_length'),
	('token_blacklist', '0001_initial'),
	('token_blacklist', '0002_outstandingtoken_jti_hex'),
	('token_blacklist', '0003_auto_20171017_2007'),
	('token_blacklist', '0004_auto_20171017_2013'),
	('token_blacklist', '0005_remove_outstandingtoken_jti'),
	('token_blacklist', '0006_auto_20171017_2113'),
	('token_blacklist', '0007_auto_20171017_2214'),
	('token_blacklist', '0008_migrate_to_bigautofield'),
	('token_blacklist', '0010_fix_migrate_to_bigautofield'),
	('token_blacklist', '0011_linearizes_history'),
	('token_blacklist', '0012_alter_outstandingtoken_user')
) AS done (app, name)
WHERE NOT EXISTS (SELECT FROM django_migrations noted WHERE noted.app = done.app);

COMMIT;
