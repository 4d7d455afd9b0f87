"""sql/: the tables are Django's, the role can do what the programs need and no more."""
import contextlib
import subprocess

import psycopg2
import pytest
from harness import client, ours, process, reference
from harness.fixtures import skip_without

SQL = ours.CHECKOUT / "sql"
KEY = "a key of the tests that is long enough"
TABLES = ["auth_*", "token_blacklist_*", "django_content_type", "django_migrations"]
EVERYTHING = {
    "JWT_TOKEN_BLACKLIST": "on", "JWT_ROTATE_REFRESH_TOKENS": "on", "JWT_BLACKLIST_AFTER_ROTATION": "on",
    "JWT_UPDATE_LAST_LOGIN": "on", "JWT_CHECK_REVOKE_TOKEN": "on", "JWT_PASSWORD_REHASH": "django",
}
MAY = {
    "SELECT": {("auth_user", column) for column in ("id", "username", "password", "is_active", "is_superuser")},
    "UPDATE": {("auth_user", column) for column in ("password", "last_login")},
    "INSERT": set(),
}
READ = ("auth_group_permissions", "auth_permission", "auth_user_groups", "auth_user_user_permissions", "django_content_type")


@pytest.fixture(scope="module")
def database(cluster):
    """What sql/ makes when all of it is run twice by somebody who is no superuser."""
    with contextlib.closing(cluster.connect("postgres")) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE ROLE keeper LOGIN CREATEROLE")
        cursor.execute("CREATE DATABASE sql_ours OWNER keeper")
    for name in ("schema", "roles", "permissions", "seed") * 2:
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", SQL / f"{name}.sql"], check=True,
            env=ours.environment(cluster.environment("sql_ours", "keeper"), {}),
        )
    return "sql_ours"


def dump(cluster, database):
    """The statements that make the tables, in the order of the alphabet."""
    tables = [f"--table={table}" for table in TABLES]
    done = subprocess.run(
        ["pg_dump", "--schema-only", "--no-owner", "--no-privileges", *tables], check=True, text=True,
        capture_output=True, env=ours.environment(cluster.environment(database), {}),
    )
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(("--", "\\", "SET "))]
    return sorted(" ".join(lines).split(";"))


def without_sequences(statements):
    return [one for one in statements if " SEQUENCE " not in one and "nextval(" not in one]


def test_tables_are_those_of_djangos_migrations(cluster, database):
    with contextlib.closing(cluster.connect("postgres")) as connection:
        connection.cursor().execute("CREATE DATABASE sql_django")
    reference.populate(cluster.environment("sql_django"))
    made, before = dump(cluster, database), dump(cluster, "sql_django")
    if any(" AS IDENTITY " in one for one in before):  # Django 4.1 and later; the same to a program
        assert without_sequences(made) == without_sequences(before)
    else:
        assert made == before
    cluster.psql("sql_django", "-f", SQL / "schema.sql")
    assert dump(cluster, "sql_django") == before


def columns(cluster, database):
    with contextlib.closing(cluster.connect(database)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        return cursor.fetchall()


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "REFERENCES"])
def test_role_has_no_other_right_to_a_column(cluster, database, right):
    with contextlib.closing(cluster.connect(database)) as connection:
        cursor = connection.cursor()
        has = set()
        for table, column in columns(cluster, database):
            cursor.execute("SELECT has_column_privilege('jwt_fcgi', %s, %s, %s)", (table, column, right))
            if cursor.fetchone()[0]:
                has.add((table, column))
    expected = set(MAY.get(right, ()))
    if right in ("SELECT", "INSERT"):
        expected |= {(table, column) for table, column in columns(cluster, database)
                     if table.startswith("token_blacklist_")}
    if right == "SELECT":
        expected |= {(table, column) for table, column in columns(cluster, database) if table in READ}
    assert has == expected


@pytest.mark.parametrize("statement", [
    "SELECT email FROM auth_user",
    "INSERT INTO auth_user (username) VALUES ('x')",
    "UPDATE auth_user SET is_active = true",
    "UPDATE auth_user SET is_superuser = true",
    "DELETE FROM auth_user",
    "TRUNCATE auth_user CASCADE",
    "DELETE FROM token_blacklist_blacklistedtoken",
    "UPDATE token_blacklist_outstandingtoken SET jti = 'x'",
    "SELECT * FROM auth_group",
    "SELECT * FROM django_migrations",
    "CREATE TABLE mine (a integer)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "SELECT nextval('auth_user_id_seq')",
    "SELECT setval('token_blacklist_outstandingtoken_id_seq', 1)",
])
def test_role_is_refused(cluster, database, statement):
    connection = psycopg2.connect(host=str(cluster.folder), user="jwt_fcgi", dbname=database)
    with contextlib.closing(connection), pytest.raises(psycopg2.errors.InsufficientPrivilege):
        connection.cursor().execute(statement)


@contextlib.contextmanager
def serving(cluster, database, folder, **settings):
    """./run on that database; each program prepares every statement before its first request."""
    skip_without("token", "refresh", "hello")
    run = ours.Ours(cluster.environment(database, "jwt_fcgi"), {"JWT_SIGNING_KEY": KEY, **settings}, folder)
    try:
        process.wait_for(run.ready, "./run")
        yield run
    finally:
        run.end()


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["default", "everything"])
def test_every_statement_can_be_prepared_and_vitor_logs_in(cluster, database, tmp_path, settings):
    with serving(cluster, database, tmp_path, **settings) as run:
        login = {"username": "vitor", "password": "123"}
        pair = client.post_json(run.port, "/api/token/", login)
        assert pair.status == 200
        assert client.hello(run.port, pair.json()["access"]).status == 200
        refresh = {"refresh": pair.json()["refresh"]}
        assert client.post_json(run.port, "/api/token/refresh/", refresh).status == 200
        wrong = client.post_json(run.port, "/api/token/", {**login, "password": "124"})
        assert wrong.status == 401
    assert "database" not in run.output()


def test_a_missing_table_ends_the_start(cluster, database, tmp_path):
    with contextlib.closing(cluster.connect("postgres")) as connection:
        connection.cursor().execute("CREATE DATABASE sql_bare OWNER keeper")
    with pytest.raises(process.Unfinished, match='auth_user.*sql/schema.sql'):
        with serving(cluster, "sql_bare", tmp_path):
            pass


# --- Another table of users.

MEMBERS = """
CREATE SCHEMA club;
CREATE TABLE club."Members" ("No" uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text UNIQUE, secret text,
	open boolean, seen timestamptz, note text);
GRANT USAGE ON SCHEMA club TO PUBLIC;
INSERT INTO club."Members" (email, secret, open)
	SELECT 'ada@example.test', password, true FROM auth_user WHERE username = 'vitor';
"""
COLUMNS = {"users": 'club."Members"', "key": "No", "login": "email", "password": "secret", "active": "open",
           "last_login": "seen"}
COLUMN_SETTINGS = {
    "JWT_USER_TABLE": "club.Members", "JWT_USER_KEY_FIELD": "No", "JWT_USER_ID_FIELD": "No",
    "JWT_USERNAME_FIELD": "email", "JWT_USER_PASSWORD_FIELD": "secret", "JWT_USER_ACTIVE_FIELD": "open",
    "JWT_USER_LAST_LOGIN_FIELD": "seen", "JWT_UPDATE_LAST_LOGIN": "on", "JWT_PASSWORD_REHASH": "django",
}


def test_the_role_for_another_table(cluster, database, tmp_path):
    """With the variables of psql the programs log in there, and the role has no right to another column."""
    with contextlib.closing(cluster.connect("postgres")) as connection:
        connection.cursor().execute("CREATE DATABASE sql_members OWNER keeper TEMPLATE sql_ours")
    cluster.psql("sql_members", "-c", MEMBERS)
    cluster.psql("sql_members", "-c", "REVOKE ALL ON auth_user FROM jwt_fcgi; REVOKE SELECT (id, username, password,"
                 " is_active), UPDATE (password, last_login) ON auth_user FROM jwt_fcgi;"
                 " DROP TABLE token_blacklist_blacklistedtoken, token_blacklist_outstandingtoken")
    variables = [word for item in COLUMNS.items() for word in ("-v", "{}={}".format(*item))]
    cluster.psql("sql_members", *variables, "-f", SQL / "roles.sql")
    with serving(cluster, "sql_members", tmp_path, **COLUMN_SETTINGS) as run:
        login = {"email": "ada@example.test", "password": "123"}
        assert client.post_json(run.port, "/api/token/", login).status == 200
    with contextlib.closing(cluster.connect("sql_members")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT seen IS NOT NULL, has_column_privilege('jwt_fcgi', 'club.\"Members\"', 'note', 'SELECT'),"
                       " has_any_column_privilege('jwt_fcgi', 'auth_user', 'SELECT') FROM club.\"Members\"")
        assert cursor.fetchone() == (True, False, False)
