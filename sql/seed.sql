-- The tutorial's user: vitor, password 123. For a demonstration only, never for a database that others can reach. It can
-- be run again; an existing vitor does not change.
--
--     psql -v ON_ERROR_STOP=1 -f seed.sql
INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff,
	is_active, date_joined)
VALUES ('vitor',
	'pbkdf2_sha256$1000000$G3DRfxstJnpcNIvJsNMXSE$aELAL5zkigqQjqdMeI+OgnwsYyNbpqgHhpt0mhMhrxQ=',
	false, '', '', '', false, true, now())
ON CONFLICT (username) DO NOTHING;
