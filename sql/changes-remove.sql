-- Removes what changes.sql and permissions.sql created. The programs continue to work, but every request reads its user.
--
--     psql -v ON_ERROR_STOP=1 -f changes-remove.sql
SET client_min_messages = warning;
BEGIN;
DROP FUNCTION IF EXISTS jwt_user_changed(), jwt_change_sweep(), jwt_permission_changed(),
	jwt_watch_permissions(regclass, text) CASCADE;
DROP TABLE IF EXISTS jwt_change CASCADE;
COMMIT;
