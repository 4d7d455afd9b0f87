"""sql/changes.sql and changes-remove.sql: what a change of a user writes into the feed, without our programs."""
import contextlib
import itertools
import statistics
import time

import psycopg2
import pytest
from harness import ours

SQL = ours.CHECKOUT / "sql"
NUMBERS = itertools.count()


@pytest.fixture
def database(cluster):
    """The name of a new database with Django's tables and three users."""
    name = f"changes{next(NUMBERS)}"
    with contextlib.closing(cluster.connect("postgres")) as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
    cluster.psql(name, "-f", SQL / "schema.sql")
    cluster.psql(name, "-c", """INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name,
        email, is_staff, is_active, date_joined)
        SELECT i, 'hash' || i, false, 'user' || i, '', '', '', false, true, now() FROM generate_series(1, 3) i""")
    return name


@pytest.fixture
def connection(cluster, database):
    cluster.psql(database, "-f", SQL / "changes.sql")
    with contextlib.closing(cluster.connect(database)) as connection:
        yield connection


def run(connection, sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def take(connection):
    """The rows of the feed, which is emptied: (user_id, ends) each."""
    rows = run(connection, "SELECT user_id, ends FROM jwt_change ORDER BY xid, user_id")
    run(connection, "DELETE FROM jwt_change")
    return rows


SAVED = """UPDATE auth_user SET password = password, last_login = now(), is_superuser = is_superuser,
    username = username, first_name = 'A', last_name = last_name, email = 'a@example.org', is_staff = true,
    is_active = is_active, date_joined = date_joined WHERE id = 1"""


@pytest.mark.parametrize("sql, rows", [
    ("UPDATE auth_user SET password = 'other' WHERE id = 1", [("1", True)]),
    ("UPDATE auth_user SET is_active = false WHERE id = 2", [("2", True)]),
    ("UPDATE auth_user SET username = 'renamed' WHERE id = 1", [("1", False)]),
    ("UPDATE auth_user SET id = 9 WHERE id = 1", [("1", True)]),
    ("DELETE FROM auth_user WHERE id = 3", [("3", True)]),
    ("DELETE FROM auth_user", [("1", True), ("2", True), ("3", True)]),
    ("TRUNCATE auth_user CASCADE", [("", True)]),
    ("UPDATE auth_user SET last_login = now()", []),
    (SAVED, []),
    ("SET session_replication_role = replica; UPDATE auth_user SET password = 'other' WHERE id = 1", [("1", True)]),
    ("SET session_replication_role = replica; TRUNCATE auth_user CASCADE", [("", True)]),
])
def test_statements_write_these_rows_to_the_feed(connection, sql, rows):
    run(connection, sql)
    assert take(connection) == rows


def test_activation_ends_nothing(connection):
    run(connection, "UPDATE auth_user SET is_active = false WHERE id = 1")
    run(connection, "UPDATE auth_user SET is_active = true WHERE id = 1")
    assert take(connection) == [("1", True), ("1", False)]


def test_a_renewed_hash_ends_nothing(connection):
    renew = """UPDATE auth_user SET password = %s WHERE id = 1
        AND set_config('jwt_fcgi.rehash', %s, true) IS NOT NULL"""
    run(connection, renew, "renewed", "renewed")
    assert take(connection) == [("1", False)]
    run(connection, renew, "another", "renewed")
    assert take(connection) == [("1", True)], "only that very hash is excused"
    run(connection, "UPDATE auth_user SET password = 'renewed' WHERE id = 1")
    assert take(connection) == [("1", True)], "the excuse ends with its statement"


def test_a_change_counts_once_it_is_committed(connection):
    """A change counts once it is committed, also from a savepoint or in two phases; not if it is rolled back."""
    run(connection, "BEGIN")
    run(connection, "UPDATE auth_user SET password = 'a' WHERE id = 1")
    run(connection, "SAVEPOINT here")
    run(connection, "UPDATE auth_user SET password = 'b' WHERE id = 2")
    run(connection, "ROLLBACK TO here")
    run(connection, "SAVEPOINT there")
    run(connection, "UPDATE auth_user SET password = 'c' WHERE id = 3")
    run(connection, "RELEASE there")
    run(connection, "COMMIT")
    assert take(connection) == [("1", True), ("3", True)]
    run(connection, "BEGIN")
    run(connection, "UPDATE auth_user SET password = 'd' WHERE id = 1")
    run(connection, "ROLLBACK")
    assert take(connection) == []


def test_the_date_is_that_of_the_commit(connection):
    run(connection, "BEGIN")
    run(connection, "UPDATE auth_user SET password = 'a' WHERE id = 1")
    run(connection, "SELECT pg_sleep(0.3)")
    run(connection, "COMMIT")
    [(late,)] = run(connection, "SELECT clock_timestamp() - at < interval '0.25 s' FROM jwt_change")
    assert late


def test_a_third_partys_trigger_may_make_the_change(connection):
    """The statement does not name the column that changes."""
    run(connection, """CREATE FUNCTION lock_out() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.is_active := false; RETURN NEW; END $$""")
    run(connection, "CREATE TRIGGER lock_out BEFORE UPDATE ON auth_user FOR EACH ROW EXECUTE FUNCTION lock_out()")
    run(connection, "UPDATE auth_user SET email = 'x' WHERE id = 1")
    assert take(connection) == [("1", True)]


def test_old_rows_go_when_new_ones_come(connection):
    run(connection, """INSERT INTO jwt_change (user_id, at)
        SELECT i, now() - interval '3 days' FROM generate_series(1, 100) i""")
    for i in range(20):
        run(connection, "UPDATE auth_user SET password = %s WHERE id = 1", f"p{i}")
    [(old, new)] = run(connection, """SELECT count(*) FILTER (WHERE at < now() - interval '2 days'),
        count(*) FILTER (WHERE at > now() - interval '1 hour') FROM jwt_change""")
    assert (old, new) == (0, 20)


def test_any_order_and_any_number_of_times(cluster, database):
    for name in ("changes", "roles", "changes", "changes-remove", "roles", "changes-remove", "changes", "roles"):
        cluster.psql(database, "-f", SQL / f"{name}.sql")
    with contextlib.closing(cluster.connect(database)) as connection:
        run(connection, "UPDATE auth_user SET password = 'other' WHERE id = 1")
        assert take(connection) == [("1", True)]
    with contextlib.closing(cluster.connect(database, "jwt_fcgi")) as connection:
        assert run(connection, "SELECT count(*) FROM jwt_change") == [(0,)]
        run(connection, "INSERT INTO jwt_change (user_id) VALUES ('1')")
        for refused in ("DELETE FROM jwt_change", "UPDATE jwt_change SET ends = false",
                        "SELECT jwt_change_sweep()", "SELECT jwt_user_changed()"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(connection, refused)


def test_a_superuser_may_install_it(cluster, database):
    """The owner of the table of users reads the feed, too: programs in place of a Django site may have his role."""
    cluster.psql(database, "-c", f"CREATE ROLE {database}_site LOGIN; ALTER TABLE auth_user OWNER TO {database}_site",
                 "-f", SQL / "changes.sql")
    with contextlib.closing(cluster.connect(database, f"{database}_site")) as connection:
        run(connection, "UPDATE auth_user SET password = 'other' WHERE id = 1")
        assert run(connection, "SELECT user_id FROM jwt_change") == [("1",)]


def test_the_feed_is_removed(cluster, database, connection):
    cluster.psql(database, "-f", SQL / "changes-remove.sql")
    run(connection, "UPDATE auth_user SET password = 'other' WHERE id = 1")
    assert run(connection, "SELECT to_regclass('jwt_change')") == [(None,)]
    assert run(connection, "SELECT count(*) FROM pg_proc WHERE proname LIKE 'jwt%%'") == [(0,)]


def test_a_custom_table_of_users(cluster, database):
    """Another schema, other names of columns, a uuid that goes into the tokens, a name that SQL reserves."""
    cluster.psql(database, "-c", """CREATE SCHEMA shop; CREATE TABLE shop."user" (
        pk bigint PRIMARY KEY, "Public" uuid NOT NULL, mail text, "hash" text, enabled boolean, seen timestamptz);
        INSERT INTO shop."user" VALUES (1, '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'a@b', 'x', true, NULL)""")
    names = {"users": 'shop."user"', "id": "Public", "username": "mail", "password": "hash", "active": "enabled"}
    variables = [word for name, value in names.items() for word in ("-v", f"{name}={value}")]
    for _ in range(2):
        cluster.psql(database, *variables, "-f", SQL / "changes.sql")
    row = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    with contextlib.closing(cluster.connect(database)) as connection:
        for change, ends in (("hash = 'y'", True), ("enabled = NULL", True), ("enabled = true", False), ("mail = 'c@d'", False)):
            run(connection, f'UPDATE shop."user" SET {change}')
            assert take(connection) == [(row, ends)], change
        run(connection, 'UPDATE shop."user" SET seen = now()')
        assert take(connection) == []


def test_a_migration_of_a_column(cluster, database, connection):
    """PostgreSQL refuses to alter what a trigger looks at, so the triggers go before and come back after."""
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        run(connection, "ALTER TABLE auth_user ALTER password TYPE text")
    cluster.psql(database, "-f", SQL / "changes-remove.sql")
    run(connection, "ALTER TABLE auth_user ALTER password TYPE text")
    cluster.psql(database, "-f", SQL / "changes.sql")
    run(connection, "UPDATE auth_user SET password = 'other' WHERE id = 1")
    assert take(connection) == [("1", True)]


def test_the_cost_of_the_triggers(cluster, database):
    """A save that changes nothing of the user writes nothing into the feed; docs/scale.md has the medians of a run."""
    took = {}
    for number in range(6):
        name = "changes" if number % 2 else "changes-remove"
        cluster.psql(database, "-f", SQL / f"{name}.sql")
        with contextlib.closing(cluster.connect(database)) as connection:
            for column, value in (("last_login", "now()"), ("password", "gen_random_uuid()")):
                for _ in range(100):
                    begun = time.perf_counter()
                    run(connection, f"UPDATE auth_user SET {column} = {value} WHERE id = 1")
                    took.setdefault((column, name), []).append(time.perf_counter() - begun)
            if name == "changes":
                assert take(connection) == [("1", True)] * 100, "those of the password"
    for (column, name), seconds in sorted(took.items()):
        print(f"UPDATE of {column} after {name}.sql: {statistics.median(seconds) * 1000:.3f} ms")
