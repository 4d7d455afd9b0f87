"""Permissions: auth_check's 403, the program permissions, and what of it is remembered."""
import contextlib
import json
import random
import re
import subprocess
import time
from urllib.parse import quote

import pytest
from harness import client, cutter, fastcgi, ours, process, reference, servers
from harness.fixtures import skip_without
from harness.profiles import PROFILES
from harness.site import own_site
from harness.tokens import Maker

SQL = ours.CHECKOUT / "sql"
LATEST = 0.3  # seconds after a commit at which it must be seen
FORBIDDEN = {"detail": "You do not have permission to perform this action."}
VIEW, CHANGE = "auth.view_user", "auth.change_user"

HAS_PERM = """
import json, sys, django
django.setup()
from django.contrib.auth.models import User
asked = json.load(sys.stdin)
json.dump([User.objects.get(pk=user).has_perm(name) for user, name in asked], sys.stdout)
"""


@pytest.fixture(scope="module")
def kept():
    """A site of its own: its cluster is what these tests break."""
    skip_without("auth_check", "permissions")
    with own_site("permissions", "-c", "CREATE EXTENSION pg_stat_statements") as site:
        yield site


@pytest.fixture(autouse=True)
def restored(kept):
    kept.execute("""TRUNCATE auth_user_groups, auth_user_user_permissions, auth_group_permissions, auth_group CASCADE;
        UPDATE auth_user SET is_superuser = false WHERE is_superuser""")
    kept.cluster.psql(kept.name, "-f", SQL / "changes-remove.sql", "-f", SQL / "permissions.sql")
    kept.restore()


@pytest.fixture
def triggers(kept):
    kept.cluster.psql(kept.name, "-f", SQL / "changes.sql", "-f", SQL / "permissions.sql")


def settings_of(site, **settings):
    return ours.environment(site.our_environment(), {**PROFILES["plain"].our_settings(), **settings})


@pytest.fixture
def start(kept):
    with contextlib.ExitStack() as stack:
        yield lambda name="auth_check", **settings: stack.enter_context(
            fastcgi.Program(name, settings_of(kept, **settings)))


def token(user=1):
    return Maker().make({"kind": "access", "set": {"user_id": str(user)}})


def ask(program, permission, user=1, path="/blog/", method="GET", **more):
    parameters, _ = fastcgi.get(path, token(user))
    return program.answer({**parameters, "REQUEST_METHOD": method, "AUTH_PERMISSION": permission, **more})


def may(program, permission, user=1, **more):
    answer = ask(program, permission, user, **more)
    assert answer.status in (204, 403), (answer, program.log.read_text())
    return answer.status == 204


def give(site, name, user=1):
    site.execute("INSERT INTO auth_user_user_permissions (user_id, permission_id) SELECT %s, id FROM auth_permission"
                 " WHERE codename = %s", user, name.partition(".")[2])


def give_group(site, name, user=1):
    site.execute("""WITH made AS (INSERT INTO auth_group (name) VALUES ('g') ON CONFLICT (name) DO UPDATE SET name = 'g' RETURNING id),
        member AS (INSERT INTO auth_user_groups (user_id, group_id) SELECT %s, id FROM made ON CONFLICT DO NOTHING)
        INSERT INTO auth_group_permissions (group_id, permission_id) SELECT made.id, p.id FROM made, auth_permission p
        WHERE codename = %s""", user, name.partition(".")[2])


# The rule.


def test_as_has_perm_on_200_random_combinations(kept, start):
    """The real Django's answers for users, groups and permissions, all of them at random (the seed is fixed)."""
    dice = random.Random(19)
    permissions = [(number, f"{app}.{name}") for number, app, name in kept.execute(
        "SELECT p.id, app_label, codename FROM auth_permission p JOIN django_content_type c ON c.id = content_type_id")]
    names = [name for _, name in permissions] + ["auth.no_such", "view_user", "auth.", ".view_user", "", "auth.view_user.x"]
    users = [user for user, in kept.execute("SELECT id FROM auth_user ORDER BY id LIMIT 20")]
    kept.execute("INSERT INTO auth_group (id, name) SELECT i, 'random' || i FROM generate_series(901, 906) i")
    for table, left, right, pairs in (
            ("auth_user_groups (user_id, group_id)", users, range(901, 907), 25),
            ("auth_group_permissions (group_id, permission_id)", range(901, 907), [n for n, _ in permissions], 40),
            ("auth_user_user_permissions (user_id, permission_id)", users, [n for n, _ in permissions], 60)):
        for pair in {(dice.choice(left), dice.choice(right)) for _ in range(pairs)}:
            kept.execute(f"INSERT INTO {table} VALUES (%s, %s)", *pair)
    kept.execute("UPDATE auth_user SET is_superuser = true WHERE id IN (2, 3)")  # 2 is not active
    asked = [(dice.choice(users), dice.choice(names)) for _ in range(200)]
    django = json.loads(subprocess.run(
        [reference.PYTHON, "-c", HAS_PERM], input=json.dumps(asked), check=True, text=True, capture_output=True,
        env=reference.environment(PROFILES["plain"], kept.environment()), cwd=reference.SITE).stdout)
    assert {True, False} == set(django)
    check, tell = start(JWT_CHECK_USER_IS_ACTIVE="off"), start("permissions", JWT_CHECK_USER_IS_ACTIVE="off")
    for (user, name), expected in zip(asked, django, strict=True):
        if name:  # auth_check takes an empty name as none
            assert may(check, name, user) == expected, (user, name)
            assert has(tell, name, user=user).json() == {name: expected}


def test_another_table_of_users(kept, start):
    """Django's tables for a model of another name, in another schema; the key is no token's id."""
    kept.execute("""DROP SCHEMA IF EXISTS club CASCADE; CREATE SCHEMA club;
        CREATE TABLE club.members_member (pk int PRIMARY KEY, uid text UNIQUE, login text, password text, is_active bool, is_superuser bool);
        CREATE TABLE club.members_member_groups (id int, person_id int, group_id int);
        CREATE TABLE club.members_member_user_permissions (id int, person_id int, permission_id int);
        INSERT INTO club.members_member VALUES (7, 'u-7', 'a', '!', true, false), (8, 'u-8', 'b', '!', true, true);
        INSERT INTO club.members_member_user_permissions SELECT 1, 7, id FROM auth_permission WHERE codename = 'view_user';
        GRANT USAGE ON SCHEMA club TO jwt_fcgi; GRANT SELECT (pk, uid, login, password, is_active) ON club.members_member TO jwt_fcgi""")
    kept.execute("INSERT INTO auth_group (id, name) VALUES (950, 'club'); INSERT INTO club.members_member_groups VALUES (1, 7, 950);"
                 "INSERT INTO auth_group_permissions (group_id, permission_id) SELECT 950, id FROM auth_permission"
                 " WHERE codename = 'add_group'")
    variables = ("-v", "users=club.members_member", "-v", "id=uid")
    kept.cluster.psql(kept.name, *variables, "-v", "username=login", "-f", SQL / "changes.sql")
    kept.cluster.psql(kept.name, *variables, "-v", "key=pk", "-f", SQL / "permissions.sql")
    check = start(JWT_USER_TABLE="club.members_member", JWT_USER_KEY_FIELD="pk", JWT_USER_ID_FIELD="uid", JWT_USERNAME_FIELD="login")
    for _ in range(3):
        assert may(check, VIEW, "u-7") and may(check, "auth.add_group", "u-7") and not may(check, CHANGE, "u-7")
        assert may(check, CHANGE, "u-8")
    kept.execute("DELETE FROM club.members_member_user_permissions")
    seen_within(lambda: not may(check, VIEW, "u-7"))
    kept.execute("UPDATE club.members_member SET is_superuser = false")
    seen_within(lambda: not may(check, CHANGE, "u-8"))
    kept.execute("DROP SCHEMA club CASCADE")


def test_a_table_with_its_columns_in_other_places_is_refused(kept, start):
    """The user's column is found by its place: what stands elsewhere must not be taken for it."""
    give_group(kept, VIEW)
    kept.execute("ALTER TABLE auth_user_groups RENAME user_id TO x; ALTER TABLE auth_user_groups RENAME group_id TO user_id;"
                 "ALTER TABLE auth_user_groups RENAME x TO group_id")
    try:
        assert ask(start(), VIEW).status == 503
    finally:
        kept.execute("ALTER TABLE auth_user_groups RENAME group_id TO x; ALTER TABLE auth_user_groups RENAME user_id TO group_id;"
                     "ALTER TABLE auth_user_groups RENAME x TO user_id")


# auth_check's answers.


def test_403_401_and_503(kept, start):
    check = start()
    answer = ask(check, VIEW)
    assert (answer.status, answer.json()) == (403, FORBIDDEN)
    assert answer.header("WWW-Authenticate") is None
    assert "outcome=no-permission" in check.log.read_text()
    parameters = {**fastcgi.get("/")[0], "AUTH_PERMISSION": VIEW}
    assert check.answer(parameters).status == 401
    assert check.answer({**parameters, "HTTP_AUTHORIZATION": "Bearer x"}).status == 401
    give(kept, VIEW)
    assert ask(check, VIEW).status == 204
    assert ask(check, "").status == 204
    kept.execute("ALTER TABLE auth_permission RENAME TO away")
    try:
        assert ask(check, VIEW).status == 503
        assert check.answer(parameters).status == 401
    finally:
        kept.execute("ALTER TABLE away RENAME TO auth_permission")


def test_an_outage_is_503(kept, start):
    check = start(JWT_DATABASE_TIMEOUT="1")
    give(kept, VIEW)
    assert ask(check, VIEW).status == 204
    kept.cluster.stop()
    try:
        assert ask(check, VIEW).status == ask(check, CHANGE).status == 503
    finally:
        kept.cluster.start()
        kept.connect_again()
    assert ask(check, VIEW).status == 204


@pytest.fixture
def way(kept):
    """To the database, on which answers get lost."""
    found = cutter.Cutter(kept.cluster)
    yield found
    found.end()


@pytest.mark.parametrize("statement", ["the user", "the permission"])
@pytest.mark.parametrize("name", ["auth_check", "permissions"])
def test_an_outage_between_two_statements_is_503(kept, start, way, name, statement):
    """Neither a yes nor a no, nor a part of an answer; and nothing of it is remembered."""
    give(kept, VIEW)
    program = start(name, PGHOST=str(way.folder), JWT_FEED_KNOWN="0")

    def answer():
        return ask(program, VIEW) if name == "auth_check" else has(program, CHANGE, VIEW)

    good = answer()
    assert good.status in (200, 204)
    way.cut("SELECT 1", {"the user": 0, "the permission": 1 if name == "auth_check" else 2}[statement], away=True)
    lost = answer()
    assert (lost.status, way.cuts) == (503, 1)
    assert b"true" not in lost.body and answer().status == 503
    way.back()
    again = answer()
    assert (again.status, again.body) == (good.status, good.body)


def test_an_outage_is_not_remembered(kept, triggers, start, way):
    """Of a known user: the permission that could not be asked for is asked for again."""
    give(kept, VIEW)
    check = start(PGHOST=str(way.folder))
    warm(kept, check, (CHANGE, 1))
    way.cut("SELECT 1", away=True)
    assert ask(check, VIEW).status == 503 and way.cuts == 1
    way.back()
    assert may(check, VIEW) and not may(check, CHANGE)


@pytest.mark.parametrize("name", ["HTTP_AUTH_PERMISSION", "HTTP_AUTH_PATH", "auth_permission", "HTTP_AUTH-PERMISSION"])
def test_a_client_cannot_name_the_permission(kept, start, name):
    give(kept, VIEW)
    assert ask(start(), CHANGE, **{name: VIEW}).status == 403


HOSTILE = ["'; DROP TABLE auth_user; --", "x' OR true --", '"', "\\", "$1", "%s", "a" * 8000, "\u2028.\U0001f600", "auth.view_user\n",
           " auth.view_user", "AUTH.VIEW_USER", "auth%view_user", "auth._iew_user", "auth.%"]


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_text_in_every_parameter(kept, start, value):
    """As a value each is nothing but a text that no permission has, and none is an outage."""
    give(kept, VIEW)
    check = start()
    assert not may(check, value)
    query = "SELECT $1 = '1' AND $2 = %s AND $3 = %s AND $4 = %s"
    plain = "".join(c if "!" <= c <= "~" else quote(c) for c in value)

    def quoted(text):
        return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"

    own = start(JWT_PERMISSION_QUERY=query % (quoted(value), quoted(plain), quoted(plain)))
    assert may(own, value, path=value, method=value)
    assert not may(own, value, path=value + "x", method=value)
    assert kept.execute("SELECT count(*) FROM auth_user")[0][0] > 10


@pytest.mark.parametrize("name", ["x' OR true --", "1'; DROP TABLE auth_user; --", "') q; --", "$2", "\\", "a\nb"])
def test_a_hostile_user_id_of_a_permission(kept, start, name):
    give(kept, VIEW)
    kept.execute("UPDATE auth_user SET username = %s WHERE id = 1", name)
    by_name = {"JWT_USER_ID_FIELD": "username"}
    check = start(**by_name)
    assert may(check, VIEW, name) and not may(check, CHANGE, name)
    own = start(JWT_PERMISSION_QUERY="SELECT true FROM auth_user WHERE username = $1 AND id = 1", **by_name)
    assert may(own, VIEW, name) and not may(own, VIEW, "bob")
    assert kept.execute("SELECT count(*) FROM auth_user")[0][0] > 10


def test_bytes_that_are_no_text_are_no_outage(kept, start):
    own = start(JWT_PERMISSION_QUERY="SELECT $3 = '/%FF%C0' AND $2 = 'a.b'")
    assert may(own, "a.b", path="/\udcff\udcc0")
    assert may(own, "a.b", path="/other", AUTH_PATH="/\udcff\udcc0")


# The operator's query.


@pytest.mark.parametrize("query, answer", [
    ("SELECT true", 204), ("SELECT false", 403), ("SELECT NULL::boolean", 403), ("SELECT true WHERE false", 403),
    ("SELECT true UNION ALL SELECT true", 503), ("SELECT 1 / (length($2) - 3) = 0", 503),
    ("SELECT $3 = '/p' AND $4 = 'PUT' AND $1 = '1' AND $2 = 'a.b'", 204), ("SELECT $3 = '/p' -- a comment", 204)])
def test_a_query_of_the_operator(kept, start, query, answer):
    check = start(JWT_PERMISSION_QUERY=query)
    assert ask(check, "a.b", path="/p", method="PUT").status == answer
    lines = [line for line in check.log.read_text().splitlines() if "JWT_PERMISSION_QUERY" in line]
    assert len(lines) == (answer == 503), lines


@pytest.mark.parametrize("query, why", [
    ("SELECT nonsense", "42703"), ("SELECT true FROM no_such_table", "42P01"), ("SELECT 1", "42804: .*boolean"),
    ("SELECT true, true", "42601: .*one column"), ("SELECT 'true'", "42804: .*boolean"), ("SELECT", "one column"),
    ("SELECT $5 = 'x'", "has 5 parameters, not 4"), ("SELECT true /* open", "42601"),
    ("SELECT true; SELECT true", "42601"), ("SELECT true;", "42601"), ("SELECT true)", "42601"),
    ("SELECT true) q, (SELECT true", "42601"), ("SELECT true), (SELECT true", "4260|42804"),
    ("SELECT true)) IS TRUE OR ((SELECT true", "42601"), ("SELECT true) UNION (SELECT true", "42601"), ("DELETE FROM auth_user RETURNING true", "42601"),
    ("SELECT true FROM auth_group", "42501"), ("SELECT $3 IS NULL", "42P08"), ("SELECT (", "42601")])
def test_check_config_finds_what_cannot_work(kept, query, why):
    for name in ("auth_check", "permissions"):
        done = subprocess.run([ours.program(name), "--check-config"], text=True, capture_output=True,
                              env=settings_of(kept, JWT_PERMISSION_QUERY=query))
        assert done.returncode != 0
        assert re.search(f"JWT_PERMISSION_QUERY: .*{why}", done.stderr), done.stderr


def test_check_config_finds_missing_rights_and_tables(kept):
    def check(name, **settings):
        return subprocess.run([ours.program(name), "--check-config"], text=True, capture_output=True, env=settings_of(kept, **settings))

    assert check("permissions").returncode == 0
    kept.execute("REVOKE SELECT ON auth_group_permissions FROM jwt_fcgi")
    done = check("permissions")
    assert done.returncode != 0 and "sql/permissions.sql grants the rights" in done.stderr
    assert check("auth_check").returncode == 0
    queries = {"JWT_USER_QUERY": "SELECT id, password, is_active FROM auth_user WHERE username = $1",
               "JWT_USER_ID_QUERY": "SELECT id, password, is_active FROM auth_user WHERE id::text = $1"}
    done = check("permissions", **queries)
    assert done.returncode != 0 and "JWT_PERMISSION_QUERY is not set" in done.stderr
    assert check("permissions", JWT_PERMISSION_QUERY="SELECT true", **queries).returncode == 0


def test_users_of_a_query_need_a_query_of_permissions(kept, start):
    check = start(JWT_USER_QUERY="SELECT id, password, is_active FROM auth_user WHERE username = $1",
                  JWT_USER_ID_QUERY="SELECT id, password, is_active FROM auth_user WHERE id::text = $1")
    assert ask(check, VIEW).status == 503
    assert "JWT_PERMISSION_QUERY is not set" in check.log.read_text()


# What is remembered.


def statements(site, program, *asked):
    """How many statements these questions cost, polls of the feed aside."""
    site.execute("SELECT pg_stat_statements_reset()")
    for permission, user in asked:
        ask(program, permission, user)
    return site.execute("""SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = userid
        WHERE rolname = 'jwt_fcgi' AND query NOT LIKE '%%pg_current_snapshot%%'""")[0][0]


def seen_within(condition, since=None):
    since = time.monotonic() if since is None else since
    while True:
        sent = time.monotonic()
        if condition():
            return
        assert sent - since < LATEST, f"not seen by a request {sent - since:.3f} s after the commit"
        time.sleep(0.02)


def warm(site, program, *asked):
    process.wait_for(lambda: statements(site, program, *asked) == 0, "answers without a statement")


def test_known_answers_cost_no_statement(kept, triggers, start):
    check = start()
    give(kept, VIEW)
    asked = [(VIEW, 1), (CHANGE, 1), (VIEW, 4)]
    warm(kept, check, *asked)
    assert statements(kept, check, *asked * 20) == 0
    assert [may(check, *one) for one in asked] == [True, False, False]


def test_without_triggers_each_question_is_asked(kept, start):
    kept.cluster.psql(kept.name, "-f", SQL / "changes.sql")
    check = start()
    for _ in range(4):
        ask(check, VIEW)
    assert statements(kept, check, *[(VIEW, 1)] * 5) == 5
    give(kept, VIEW)
    assert may(check, VIEW)
    kept.execute("DELETE FROM auth_user_user_permissions")
    assert not may(check, VIEW)


@pytest.mark.parametrize("query", ["SELECT $3::text IS NOT NULL", "SELECT $4 = 'GET'", "SELECT $03 = '/'", "SELECT '$3' <> $2"])
def test_an_answer_for_a_path_or_method_is_not_remembered(kept, triggers, start, query):
    check = start(JWT_PERMISSION_QUERY=query)
    for _ in range(4):
        ask(check, VIEW)
    assert statements(kept, check, *[(VIEW, 1)] * 5) == 5


def test_an_answer_for_the_user_alone_is_remembered(kept, triggers, start):
    """Until a table that jwt_watch_permissions() watches changes."""
    kept.execute("CREATE TABLE team (user_id int); GRANT SELECT ON team TO jwt_fcgi; INSERT INTO team VALUES (1)")
    kept.execute("SELECT jwt_watch_permissions('team', 'user_id')")
    try:
        check = start(JWT_PERMISSION_QUERY="SELECT true FROM team WHERE user_id::text = $1 AND $2 = 'a.b'")
        warm(kept, check, ("a.b", 1), ("a.b", 4))
        assert may(check, "a.b") and not may(check, "a.b", 4)
        kept.execute("UPDATE team SET user_id = 4")
        seen_within(lambda: not may(check, "a.b") and may(check, "a.b", 4))
    finally:
        kept.execute("DROP TABLE team")


GAINS = {
    "own permission": lambda site: give(site, VIEW),
    "a group's permission": lambda site: give_group(site, VIEW),
    "superuser": lambda site: site.execute("UPDATE auth_user SET is_superuser = true WHERE id = 1"),
}
LOSSES = {
    "own permission": "DELETE FROM auth_user_user_permissions",
    "a group's permission": "DELETE FROM auth_group_permissions",
    "superuser": "UPDATE auth_user SET is_superuser = false",
    "membership": "DELETE FROM auth_user_groups",
    "another's": "UPDATE auth_user_groups SET user_id = 4",
    "another group": "UPDATE auth_group_permissions SET permission_id = (SELECT min(id) FROM auth_permission WHERE codename = 'add_group')",
    "renamed": "UPDATE auth_permission SET codename = 'renamed' WHERE codename = 'view_user'",
    "app renamed": "UPDATE django_content_type SET app_label = 'other' WHERE app_label = 'auth'",
    "emptied": "TRUNCATE auth_group_permissions, auth_user_user_permissions",
    "as a replica": "SET session_replication_role = replica; DELETE FROM auth_group_permissions; RESET session_replication_role",
    "triggers away": "DROP FUNCTION jwt_permission_changed CASCADE; DELETE FROM auth_group_permissions",
    "inactive": "UPDATE auth_user SET is_active = false WHERE id = 1",
}
HELD_BY = {"own permission": GAINS["own permission"], "superuser": GAINS["superuser"]}
BACK = {"renamed": "UPDATE auth_permission SET codename = 'view_user' WHERE codename = 'renamed'",
        "app renamed": "UPDATE django_content_type SET app_label = 'auth' WHERE app_label = 'other'"}


@pytest.mark.parametrize("change", LOSSES)
def test_a_loss_is_seen(kept, triggers, start, change):
    programs = [start(), start()]
    HELD_BY.get(change, GAINS["a group's permission"])(kept)
    for program in programs:
        warm(kept, program, (VIEW, 1))
        assert may(program, VIEW)
    kept.execute(LOSSES[change])
    since = time.monotonic()
    try:
        for program in programs:
            seen_within(lambda: ask(program, VIEW).status in (401, 403), since)
    finally:
        kept.execute(BACK.get(change, "SELECT"))


@pytest.mark.parametrize("change", GAINS)
def test_a_gain_is_seen(kept, triggers, start, change):
    check = start()
    warm(kept, check, (VIEW, 1))
    assert not may(check, VIEW)
    GAINS[change](kept)
    seen_within(lambda: may(check, VIEW))


def test_a_disabled_trigger_ends_what_is_remembered(kept, triggers, start):
    check = start()
    give(kept, VIEW)
    warm(kept, check, (VIEW, 1))
    kept.execute("ALTER TABLE auth_user_user_permissions DISABLE TRIGGER jwt_permission; DELETE FROM auth_user_user_permissions")
    seen_within(lambda: not may(check, VIEW))
    assert statements(kept, check, *[(VIEW, 1)] * 3) == 3


@pytest.mark.parametrize("name", ["hello", "auth_check"])
def test_who_asks_for_no_permission_does_not_look_at_the_triggers(kept, triggers, start, name):
    """Their state is what makes a poll dear; a program that looked would read its users again."""
    program = start(name)

    def polls():
        ask(program, "")
        return kept.execute("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query LIKE '%%pg_current_snapshot%%'")[0][0]

    warm(kept, program, ("", 1))
    kept.execute("ALTER TABLE auth_group_permissions DISABLE TRIGGER jwt_permission")
    kept.execute("SELECT pg_stat_statements_reset()")
    process.wait_for(lambda: polls() >= 3, "polls")
    assert kept.execute("""SELECT query FROM pg_stat_statements s JOIN pg_roles r ON r.oid = userid
        WHERE rolname = 'jwt_fcgi' AND query NOT LIKE '%%pg_current_snapshot%%'""") == []


def test_a_change_of_permissions_ends_no_session(kept, triggers):
    give_group(kept, VIEW)
    kept.execute("UPDATE auth_user SET is_superuser = true WHERE id = 1; DELETE FROM auth_group_permissions")
    assert kept.execute("SELECT user_id, ends FROM jwt_change WHERE user_id IN ('', '1') AND ends") == []
    assert ("1", False) in kept.execute("SELECT user_id, ends FROM jwt_change")


# GET /api/permissions/


def has(program, *names, user=1, query=None, bearer=True):
    parameters, _ = fastcgi.get("/api/permissions/", token(user) if bearer else None)
    query = "&".join("has=" + quote(name, safe="") for name in names) if query is None else query
    return program.answer({**parameters, "QUERY_STRING": query})


def test_a_front_end_asks(kept, start):
    tell = start("permissions")
    give(kept, VIEW)
    answer = has(tell, VIEW, CHANGE, VIEW)
    assert (answer.status, answer.body) == (200, b'{"auth.view_user":true,"auth.change_user":false}')
    assert has(tell).json() == has(tell, query="other=1&=&format=json").json() == {}
    assert has(tell, "\u2028'\"\U0001f600").json() == {"\u2028'\"\U0001f600": False}
    assert has(tell, VIEW, bearer=False).status == 401
    kept.execute("UPDATE auth_user SET is_active = false WHERE id = 1")
    assert has(tell, VIEW).status == 401


@pytest.mark.parametrize("names, status", [
    (["a.b"] * 100, 200), (["a.b"] * 101, 400), (["a" * 255], 200), (["a" * 256], 400), (["a\0b"], 400), ([""], 400)])
def test_the_bounds_of_a_question(kept, start, names, status):
    answer = has(start("permissions"), *names)
    assert answer.status == status
    assert status == 200 or list(answer.json()) == ["has"]


def test_a_front_end_is_told_of_an_outage(kept, start):
    assert has(start("permissions", JWT_PERMISSION_QUERY="SELECT 1 / (length($2) - 3) = 5"), "a.bc", "a.b").status == 503


def test_the_path_of_a_front_ends_question_is_null(kept, start):
    assert has(start("permissions", JWT_PERMISSION_QUERY="SELECT $3::text IS NULL AND $4::text IS NULL"), "a.b").json() == {"a.b": True}


# The documentation's example, behind Nginx.


def blocks(page):
    text = (ours.CHECKOUT / "docs" / page).read_text()
    return dict(re.findall(r"<!-- test: (.+?) -->\n```\w*\n(.*?)```", text, re.S))


@pytest.fixture(scope="module")
def documents(kept):
    found = blocks("permissions.md")
    kept.execute("DROP TABLE IF EXISTS relation CASCADE; DROP FUNCTION IF EXISTS may")
    kept.execute(found["relations"].replace("%", "%%"))
    (query,) = found["relations query"].splitlines()
    server = servers.Server(kept.our_environment(), {**PROFILES["plain"].our_settings(), **dict([query.split("=", 1)])},
                            (*servers.NAMES, "permissions"))
    server.spawn_all()
    files = server.folder / "files"
    (files / "documents").mkdir(parents=True)
    (files / "documents" / "7").write_text("seven")
    yield servers.nginx_start(server, f"""
	include jwt-fcgi/upstreams.conf;
	server {{
		listen 127.0.0.1:{server.port};
		include jwt-fcgi/locations.conf;
		include jwt-fcgi/permissions.conf;
		include jwt-fcgi/auth_request.conf;
		location ^~ /documents/ {{
			set $jwt_fcgi_permission documents.open;
			include jwt-fcgi/protected.conf;
			root {files};
		}}
		location ^~ /plain/ {{
			include jwt-fcgi/protected.conf;
			alias {files}/documents/;
		}}
	}}""")
    server.end()


def get(server, path, user=1, method="GET", *headers):
    return client.ask(server.port, f"{method} {path}", ["Authorization: Bearer " + token(user), *headers])


@pytest.mark.parametrize("user, reads, writes", [(1, True, True), (4, True, True), (5, True, False), (7, False, False)])
def test_the_example_of_documents(documents, user, reads, writes):
    answer = get(documents, "/documents/7", user)
    assert answer.status == (200 if reads else 403)
    assert reads or answer.json() == FORBIDDEN
    assert get(documents, "/documents/7", user, "PUT").status == (405 if writes else 403)  # 405: of Nginx's files
    assert get(documents, "/plain/7", user).status == 200


def test_the_path_is_the_one_that_nginx_serves(documents, kept):
    """Not the one that the client wrote: /documents/8/../7 is document 7."""
    kept.execute("INSERT INTO relation VALUES ('document:8', 'owner', 'user:7') ON CONFLICT DO NOTHING")
    assert get(documents, "/documents/8", 7).status == 404
    for path in ("/documents/8/../7", "/documents/8/%2e%2e/7", "/documents/%38/..%2f7", "//documents/8/../7", "/documents/8/../7?x=/documents/8"):
        assert get(documents, path, 7).status in (403, 404), path
        assert get(documents, path, 1).status in (200, 404), path
    assert get(documents, "/documents/%37", 5).status == 200
    for name in ("AUTH_PERMISSION", "Auth-Permission", "jwt_fcgi_permission", "AUTH_PATH", "Auth-Path"):
        assert get(documents, "/documents/7", 7, "GET", f"{name}: /documents/8").status == 403


def test_permissions_behind_nginx(documents, kept):
    assert get(documents, "/api/permissions/?has=a.b").json() == {"a.b": False}
    assert client.ask(documents.port, "GET /documents/7", []).status == 401
