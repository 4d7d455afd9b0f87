"""Claims and answers of the operator's own: JWT_CLAIMS_QUERY, JWT_LOGIN_ANSWER_QUERY, JWT_CLAIMS_HEADERS."""
import contextlib
import json
import re
import subprocess
import types
from urllib.parse import unquote

import pytest
from harness import client, cutter, fastcgi, ours
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import Site
from harness.tokens import claims_of, un_b64url

PAIR = ("token", "refresh")
OWN = {"token_type", "exp", "iat", "jti", "user_id", "sid", "gen", "refresh_exp"}
PEOPLE = """
UPDATE auth_user SET is_staff = true, is_superuser = true, first_name = 'José "<\U0001f600>" \\', last_name = 'Straße',
	email = 'alice@example.test', date_joined = '2026-01-02 03:04:05.678901+00' WHERE username = 'alice';
UPDATE auth_user SET date_joined = '2026-01-02 03:04:05+00' WHERE username = 'bob';
"""


@pytest.fixture(scope="module")
def kept(cluster):
    """A site of its own, for what the role may read besides."""
    skip_without(*PAIR, "sliding", "sliding_refresh", "hello", "auth_check")
    site = Site(cluster, "claims")
    cluster.psql("claims", "-f", ours.CHECKOUT / "sql" / "sessions.sql", "-c", "CREATE EXTENSION pg_stat_statements",
                 "-c", "GRANT SELECT ON auth_user TO jwt_fcgi")
    site.execute(PEOPLE)
    site.execute("CREATE TABLE facts (user_id integer, name text, value json); GRANT SELECT ON facts TO jwt_fcgi")
    yield site
    site.end()


@pytest.fixture(autouse=True)
def restored(kept):
    kept.restore()
    kept.execute("DELETE FROM facts; DELETE FROM jwt_session")


def environment(site, profile="plain", **settings):
    return ours.environment(site.our_environment(), {**PROFILES[profile].our_settings(), **settings})


@contextlib.contextmanager
def running(site, *names, profile="plain", **settings):
    """The programs of these names as attributes."""
    with contextlib.ExitStack() as stack:
        every = environment(site, profile, **settings)
        yield types.SimpleNamespace(**{
            name: stack.enter_context(fastcgi.Program(name, every)) for name in names})


def log_in(program, name="alice", password=PASSWORD):
    return program.answer(*fastcgi.login(name, password))


def refresh(program, token, field="refresh"):
    return program.answer(*fastcgi.post("/", {field: token}))


def good(answer):
    assert answer.status == 200, answer
    return answer.json()


def custom(token):
    return custom_of(claims_of(token))


def custom_of(claims):
    return {name: value for name, value in claims.items() if name not in OWN}


def lines(program, word):
    return [line for line in program.log.read_text(errors="backslashreplace").splitlines() if word in line]


def unavailable(answer, program, setting, words):
    """503, and one line of the log, which names the setting."""
    assert answer.status == 503, answer
    assert len(lines(program, setting)) == 1, program.log.read_text()
    assert words in lines(program, setting)[0]
    return True


# --- Beside Django with serializers of its own.

def both(kept, profile):
    kept.restore()
    return kept.reference(profile), kept.ours(profile)


@pytest.mark.parametrize("name, password", [("alice", PASSWORD), ("bob", "another password")])
@pytest.mark.parametrize("profile", ["site", "site-rotate"])
def test_tokens_and_answers_are_those_of_django(kept, profile, name, password):
    """Names, order, values and types, in the tokens of a login and of a refresh, and in the answer."""
    seen = []
    for server in both(kept, profile):
        kept.restore()
        answer = good(client.post_json(server.port, "/api/token/", {"username": name, "password": password}))
        renewed = good(client.post_json(server.port, "/api/token/refresh/", {"refresh": answer["refresh"]}))
        tokens = [answer["refresh"], answer["access"], *renewed.values()]
        assert all(un_b64url(token.split(".")[1]).isascii() for token in tokens)
        seen.append({
            "claims": [[(claim, value) for claim, value in claims_of(token).items()
                        if claim not in ("exp", "iat", "jti")] for token in tokens],
            "names": [list(claims_of(token)) for token in tokens[:2]],
            "answer": [(member, value) for member, value in answer.items() if member not in ("refresh", "access")],
            "members": [list(answer), list(renewed)],
        })
    assert seen[0] == seen[1]
    assert dict(seen[1]["claims"][0])["role"] == ("staff" if name == "alice" else "member")
    assert ("family" in dict(seen[1]["claims"][0])) == (name == "alice")


def test_sliding_tokens_are_those_of_django(kept):
    seen = []
    for server in both(kept, "site"):
        answer = good(client.post_json(server.port, "/api/token/sliding/", {"username": "alice", "password": PASSWORD}))
        token = answer.pop("token")
        renewed = good(client.post_json(server.port, "/api/token/sliding/refresh/", {"token": token}))["token"]
        seen.append((answer, list(claims_of(token)), custom(token), custom(renewed)))
    assert seen[0] == seen[1] and seen[1][2]["role"] == "staff" and "user" in seen[1][0]


def test_each_takes_the_others_tokens(kept):
    """Claims that Django wrote are fresh after a refresh here, and the other way round they are kept."""
    django, mine = both(kept, "site")
    for one, other in ((django, mine), (mine, django)):
        token = good(client.post_json(one.port, "/api/token/", {"username": "alice", "password": PASSWORD}))["refresh"]
        access = good(client.post_json(other.port, "/api/token/refresh/", {"refresh": token}))["access"]
        assert custom(access) == custom(token)
        assert client.hello(one.port, access).status == 200


# --- Types.

TYPES = [
    ("9007199254740993", 9007199254740993), ("(-9223372036854775808)::bigint", -2**63), ("9223372036854775807", 2**63 - 1),
    ("1.5::float8", 1.5), ("1e20::float8", 1e20), ("'NaN'::float8", "NaN"), ("12.50::numeric", 12.5),
    ("true", True), ("''", ""), ("'a'::char(3)", "a  "), ("'\\u00e9'::text", "\\u00e9"), ("U&'\\00e9\\+01F600'", "é\U0001f600"),
    ("ARRAY[1, NULL, 2]", [1, None, 2]), ("ARRAY[]::text[]", []), ("ARRAY[ARRAY['a'], ARRAY['b']]", [["a"], ["b"]]),
    ("'{\"a\": {\"b\": [1, null]}}'::jsonb", {"a": {"b": [1, None]}}), ("'[ 1 , 2 ]'::json", [1, 2]),
    ("timestamptz '2026-01-02 03:04:05.5+00'", "2026-01-02T03:04:05.5+00:00"), ("date '2026-01-02'", "2026-01-02"),
    ("'6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b11'::uuid", "6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b11"),
    ("'\\x00ff'::bytea", "\\x00ff"), ("ROW(1, 'a')", {"f1": 1, "f2": "a"}), ("E'\\t\\u2028\"\\\\'", "\t\u2028\"\\"),
]


def test_types_of_values(kept):
    """As PostgreSQL makes JSON of them; NULL is left out, order is kept."""
    columns = ", ".join(f"{sql} AS c{number}" for number, (sql, _) in enumerate(TYPES))
    query = f"SELECT {columns}, NULL AS nothing, $1::integer + 1 AS \"Größe 'x'\" FROM auth_user WHERE id = $1"
    with running(kept, "token", JWT_CLAIMS_QUERY=query) as programs:
        token = good(log_in(programs.token))["refresh"]
        found = custom(token)
        assert list(found) == [*(f"c{number}" for number in range(len(TYPES))), "Größe 'x'"]
        for number, (sql, value) in enumerate(TYPES):
            assert found[f"c{number}"] == value and type(found[f"c{number}"]) is type(value), sql
        assert found["Größe 'x'"] == 2 and un_b64url(token.split(".")[1]).isascii()


def test_no_row_is_no_claims(kept):
    with running(kept, "token", JWT_CLAIMS_QUERY="SELECT 1 AS a WHERE $1 = 'x'",
                 JWT_LOGIN_ANSWER_QUERY="SELECT 1 AS a WHERE $1 = 'x'") as programs:
        answer = good(log_in(programs.token))
        assert list(answer) == ["refresh", "access"] and custom(answer["access"]) == {}


def test_the_id_of_another_column(kept):
    query = "SELECT email FROM auth_user WHERE username = $1"
    with running(kept, *PAIR, JWT_USER_ID_FIELD="username", JWT_USER_ID_CLAIM="sub", JWT_CLAIMS_QUERY=query) as programs:
        tokens = good(log_in(programs.token))
        renewed = good(refresh(programs.refresh, tokens["refresh"]))["access"]
        assert claims_of(tokens["access"])["email"] == claims_of(renewed)["email"] == "alice@example.test"


def issue(site, kind, user="1", **settings):
    """What jwtctl makes and says: (status, token, lines)."""
    done = subprocess.run([ours.program("jwtctl"), "issue", "--user", user, "--type", kind],
                          env=environment(site, **settings), capture_output=True, text=True)
    return done.returncode, done.stdout.strip(), done.stderr


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
def test_a_token_of_jwtctl_has_them_as_one_of_a_login(kept, kind):
    query = "SELECT is_staff, email, NULL AS nothing, ARRAY[1] AS list FROM auth_user WHERE id = $1"
    with running(kept, "token", JWT_CLAIMS_QUERY=query) as programs:
        login = claims_of(good(log_in(programs.token))["refresh"])
    status, token, said = issue(kept, kind, JWT_CLAIMS_QUERY=query)
    assert (status, said) == (0, "")
    assert list(custom(token).items()) == list(custom_of(login).items())
    assert custom(token) == {"is_staff": True, "email": "alice@example.test", "list": [1]}
    assert claims_of(token)["user_id"] == login["user_id"]


@pytest.mark.parametrize("query, words", [
    ("SELECT 1 / (CASE WHEN $1 <> '' THEN 0 END) AS a", "JWT_CLAIMS_QUERY: 22012"),
    ("SELECT $1 AS a, 1 AS exp", "JWT_CLAIMS_QUERY: a column has the name"),
    ("SELECT repeat('x', 5000) AS a WHERE $1 <> ''", "JWT_CLAIMS_QUERY: a token of .* bytes is refused"),
])
def test_jwtctl_makes_no_token_where_a_login_has_none(kept, query, words):
    status, token, said = issue(kept, "access", JWT_CLAIMS_QUERY=query)
    assert (status, token) == (2, "") and re.search(words, said), said


def test_jwtctl_makes_no_token_during_an_outage(kept):
    query = "SELECT email FROM auth_user WHERE id = $1"
    status, token, said = issue(kept, "access", JWT_CLAIMS_QUERY=query, PGHOST="/nonexistent")
    assert (status, token) == (2, "") and "the database has not answered: no token is made" in said
    status, token, said = issue(kept, "access", "4711", JWT_CLAIMS_QUERY=query)
    assert status == 0 and custom(token) == {} and "there is no user of that id: the token has no claims" in said


# --- At a refresh.

ROLE = "SELECT value AS role FROM facts WHERE user_id = $1::integer AND name = 'role'"


def role(kept, value):
    kept.execute("DELETE FROM facts WHERE name = 'role'")
    if value is not None:
        kept.execute("INSERT INTO facts VALUES (1, 'role', %s)", json.dumps(value))


WAYS = {
    "plain": {},
    "rotation": {"JWT_ROTATE_REFRESH_TOKENS": "on"},
    "blacklist": {"JWT_ROTATE_REFRESH_TOKENS": "on", "JWT_BLACKLIST_AFTER_ROTATION": "on", "JWT_TOKEN_BLACKLIST": "on"},
    "5.2": {"JWT_ROTATE_REFRESH_TOKENS": "on", "JWT_COMPAT": "5.2"},
    "sessions": {"JWT_SESSIONS": "on"},
    "sessions without rotation": {"JWT_SESSIONS": "on", "JWT_SESSION_ROTATE": "off"},
    "password": {"JWT_SESSIONS": "on", "JWT_CHECK_REVOKE_TOKEN": "on"},
}


@pytest.mark.parametrize("way", WAYS)
def test_fresh_at_each_refresh(kept, way):
    """A new value, and none where there is none any more; what the programs write stays."""
    role(kept, "boss")
    with running(kept, *PAIR, "hello", JWT_CLAIMS_QUERY=ROLE, JWT_SESSION_GRACE="0", **WAYS[way]) as programs:
        tokens = good(log_in(programs.token))
        assert {claims_of(token)["role"] for token in tokens.values()} == {"boss"}
        for value in ("clerk", ["a", "b"], None, "boss"):
            role(kept, value)
            renewed = good(refresh(programs.refresh, tokens["refresh"]))
            for token in renewed.values():
                assert claims_of(token).get("role") == value
            before = claims_of(tokens["access"]).keys() - {"role"}
            assert claims_of(renewed["access"]).keys() - {"role"} == before
            tokens = {**tokens, **renewed}
            assert programs.hello.answer(*fastcgi.get("/hello/", tokens["access"])).status == 200


@pytest.mark.parametrize("way", WAYS)
def test_copied_at_each_refresh(kept, way):
    """JWT_CLAIMS_REFRESH=off, as SimpleJWT: the claims of the login."""
    role(kept, "boss")
    with running(kept, *PAIR, JWT_CLAIMS_QUERY=ROLE, JWT_CLAIMS_REFRESH="off", **WAYS[way]) as programs:
        tokens = good(log_in(programs.token))
        role(kept, "clerk")
        for token in good(refresh(programs.refresh, tokens["refresh"])).values():
            assert claims_of(token)["role"] == "boss"


@pytest.mark.parametrize("way, value", [("on", "clerk"), ("off", "boss")])
def test_sliding(kept, way, value):
    role(kept, "boss")
    with running(kept, "sliding", "sliding_refresh", JWT_CLAIMS_QUERY=ROLE, JWT_CLAIMS_REFRESH=way,
                 JWT_LOGIN_ANSWER_QUERY="SELECT 'x'::text AS a, $1 AS id") as programs:
        answer = good(log_in(programs.sliding))
        assert claims_of(answer["token"])["role"] == "boss" and (answer["a"], answer["id"]) == ("x", "1")
        role(kept, "clerk")
        renewed = claims_of(good(refresh(programs.sliding_refresh, answer["token"], "token"))["token"])
        assert renewed["role"] == value
        assert renewed.keys() == claims_of(answer["token"]).keys()


def test_a_claim_that_no_query_gives_ends_with_the_token(kept):
    """Of a token of before: what is not of the query is not renewed."""
    role(kept, "boss")
    with running(kept, "token", JWT_CLAIMS_QUERY="SELECT 1 AS old WHERE $1 <> ''") as programs:
        token = good(log_in(programs.token))["refresh"]
    with running(kept, "refresh", JWT_CLAIMS_QUERY=ROLE) as programs:
        assert custom(good(refresh(programs.refresh, token))["access"]) == {"role": "boss"}


# --- What it costs.

def statements(kept, ask):
    """How many there are, without those by which some logins tidy up."""
    kept.execute("SELECT pg_stat_statements_reset()")
    good(ask())
    return kept.execute("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
                        " WHERE rolname = 'jwt_fcgi' AND query NOT LIKE '%DELETE FROM%'")[0][0]


@pytest.mark.parametrize("way", ["plain", "sessions"])
def test_each_query_costs_one_statement(kept, way):
    role(kept, "boss")
    costs = []
    more = {"JWT_CLAIMS_QUERY": ROLE, "JWT_LOGIN_ANSWER_QUERY": "SELECT $1 AS id"}
    for settings in ({}, {"JWT_CLAIMS_QUERY": ROLE}, more):
        with running(kept, *PAIR, JWT_FEED_KNOWN="0", **WAYS[way], **settings) as programs:
            for _ in range(2):
                token = good(log_in(programs.token))["refresh"]
                good(refresh(programs.refresh, token))  # its start has asked what it had to
            costs.append((statements(kept, lambda: log_in(programs.token)),
                          statements(kept, lambda: refresh(programs.refresh, token))))
    assert [login - costs[0][0] for login, _ in costs] == [0, 1, 2]
    assert [renewed - costs[0][1] for _, renewed in costs] == [0, 1, 1]


# --- What is refused at the start.

def checked(kept, program="token", **settings):
    every = environment(kept, **settings)
    done = subprocess.run([ours.program(program), "--check-config"], env=every, capture_output=True, text=True)
    return done.returncode, done.stderr


ALWAYS = ("token_type", "exp", "iat", "jti", "iss", "aud", "nbf", "sub", "user_id", "sid", "gen", "hash_password",
          "refresh_exp")
FAULTS = [
    *[("JWT_CLAIMS_QUERY", f"SELECT 1 AS a, $1 AS {name}", f'column "?{name}') for name in ALWAYS],
    *[("JWT_LOGIN_ANSWER_QUERY", f"SELECT $1 AS {name}", f'column "?{name}') for name in ("refresh", "access", "token")],
    ("JWT_CLAIMS_QUERY", "SELECT 1 AS a, $1", "column 2 has no name"),
    ("JWT_CLAIMS_QUERY", "SELECT 1 AS a, $1 AS a", 'two columns are named "?a'),
    ("JWT_CLAIMS_QUERY", "SELECT FROM auth_user WHERE id = $1", "returns no columns"),
    ("JWT_CLAIMS_QUERY", "SELECT 1 AS a", "has 0 parameters, not 1"),
    ("JWT_CLAIMS_QUERY", "SELECT $1 AS a, $2 AS b", "has 2 parameters, not 1"),
    ("JWT_CLAIMS_QUERY", "SELECT $1 AS a FROM none", 'relation .*none.* does not exist'),
    ("JWT_CLAIMS_QUERY", "SELECT $1 AS a;", "syntax error"),
    ("JWT_CLAIMS_QUERY", "SELECT $1 AS a /* open", "comment"),
    ("JWT_CLAIMS_QUERY", "SELECT $1 AS a; DROP TABLE facts", "multiple commands|syntax error"),
    ("JWT_CLAIMS_QUERY", "SELECT $1 AS a) q, (SELECT 2 AS b", "syntax error"),
    ("JWT_CLAIMS_QUERY", "DELETE FROM facts WHERE name = $1 RETURNING name", "syntax error|permission denied"),
    ("JWT_CLAIMS_QUERY", "SELECT action_flag AS a FROM django_admin_log WHERE object_id = $1", "permission denied"),
    ("JWT_LOGIN_ANSWER_QUERY", "SELECT $1 AS a FROM none", 'relation .*none.* does not exist'),
]


@pytest.mark.parametrize("setting, query, words", FAULTS)
def test_what_cannot_work_is_refused_at_the_start(kept, setting, query, words):
    status, said = checked(kept, **{setting: query})
    assert status == 2 and re.search(f"{setting}: .*({words})", said), said
    assert len([line for line in said.splitlines() if setting + ": " in line]) <= 2


@pytest.mark.parametrize("program", PAIR)
def test_a_program_does_not_start_with_a_reserved_name(kept, program):
    with running(kept, program, JWT_CLAIMS_QUERY="SELECT $1 AS exp") as programs:
        process = getattr(programs, program).process
        assert process.wait(10) != 0


@pytest.mark.parametrize("name", ALWAYS)
def test_a_query_overwrites_no_claim_of_the_programs(kept, name):
    """Also if the query was not checked at the start: jwtctl does not, and a program cannot during an outage."""
    status, token, said = issue(kept, "access", JWT_CLAIMS_QUERY=f"SELECT $1 AS {name}")
    assert (status, token) == (2, "") and "JWT_CLAIMS_QUERY: a column has the name" in said


@pytest.mark.parametrize("setting, name", [("JWT_CLAIMS_QUERY", "exp"), ("JWT_LOGIN_ANSWER_QUERY", "access")])
def test_a_column_that_is_renamed_overwrites_nothing(kept, setting, name):
    kept.execute("CREATE TABLE more (id integer, more text); INSERT INTO more VALUES (1, '9999999999'); GRANT SELECT ON more TO jwt_fcgi")
    try:
        with running(kept, "token", **{setting: "SELECT more.* FROM more WHERE id = $1"}) as programs:
            assert good(log_in(programs.token))
            kept.execute(f"ALTER TABLE more RENAME more TO {name}")
            assert unavailable(log_in(programs.token), programs.token, setting, "a column has the name")
    finally:
        kept.execute("DROP TABLE more")


@pytest.mark.parametrize("settings, name", [
    ({"JWT_TOKEN_TYPE_CLAIM": "typ"}, "typ"), ({"JWT_USER_ID_CLAIM": "uid"}, "uid"), ({"JWT_JTI_CLAIM": "id"}, "id"),
    ({"JWT_SESSION_ID_CLAIM": "session"}, "session"), ({"JWT_REVOKE_TOKEN_CLAIM": "digest"}, "digest"),
    ({"JWT_SLIDING_TOKEN_REFRESH_EXP_CLAIM": "until"}, "until"), ({"JWT_SESSION_GENERATION_CLAIM": "g"}, "g"),
])
def test_names_of_the_settings_are_reserved(kept, settings, name):
    query = {"JWT_CLAIMS_QUERY": f"SELECT $1 AS {name}"}
    assert checked(kept, **settings, **query)[0] == 2
    assert checked(kept, **query)[0] == 0


def test_text_that_ends_in_a_comment(kept):
    with running(kept, "token", JWT_CLAIMS_QUERY="SELECT 1 AS a WHERE $1 <> '' -- that is all") as programs:
        assert custom(good(log_in(programs.token))["access"]) == {"a": 1}


def test_a_column_named_as_the_row_in_the_statement_around_the_text(kept):
    with running(kept, "token", JWT_CLAIMS_QUERY="SELECT 1 AS found, 2 AS a WHERE $1 <> ''") as programs:
        assert custom(good(log_in(programs.token))["access"]) == {"found": 1, "a": 2}


# --- Errors and outages.

ERRORS = [
    ("SELECT 1 / (CASE WHEN $1 <> '' THEN 0 END) AS a", "22012"),
    ("SELECT username::integer AS a FROM auth_user WHERE id = $1", "22P02"),
    ("SELECT 1 AS a FROM generate_series(1, 2) WHERE $1 <> ''", "more than one row"),
    ("""SELECT '{"a": 1, "a": 2}'::json AS a WHERE $1 <> ''""", "comes twice"),
    ("""SELECT '"\\ud800"'::json AS a WHERE $1 <> ''""", "surrogate"),
    ("SELECT 9223372036854775808 AS a WHERE $1 <> ''", "refused as JSON"),
    ("SELECT 10::numeric ^ 100 AS a WHERE $1 <> ''", "refused as JSON"),
    ("SELECT (repeat('[', 40) || repeat(']', 40))::json AS a WHERE $1 <> ''", "refused as JSON"),
]


@pytest.mark.parametrize("setting", ["JWT_CLAIMS_QUERY", "JWT_LOGIN_ANSWER_QUERY"])
@pytest.mark.parametrize("query, words", ERRORS)
def test_an_error_is_an_outage_and_one_line(kept, setting, query, words):
    with running(kept, "token", **{setting: query}) as programs:
        assert unavailable(log_in(programs.token), programs.token, setting, words)


def test_an_error_at_a_refresh_keeps_the_token(kept):
    """Also where the session would have rotated: the token is still the last one."""
    kept.execute("INSERT INTO facts VALUES (1, 'divisor', '1')")
    query = "SELECT 1 / (value::text)::integer AS a FROM facts WHERE user_id = $1::integer"
    for way in WAYS.values():
        kept.execute("UPDATE facts SET value = '1'")
        with running(kept, *PAIR, JWT_CLAIMS_QUERY=query, JWT_SESSION_GRACE="0", JWT_SESSION_RECOVERY="0",
                     **way) as programs:
            token = good(log_in(programs.token))["refresh"]
            kept.execute("UPDATE facts SET value = '0'")
            assert unavailable(refresh(programs.refresh, token), programs.refresh, "JWT_CLAIMS_QUERY", "22012")
            assert refresh(programs.refresh, token).status == 503
            kept.execute("UPDATE facts SET value = '1'")
            assert claims_of(good(refresh(programs.refresh, token))["access"])["a"] == 1


def test_a_refused_login_asks_nothing(kept):
    query = "SELECT 1 / (CASE WHEN $1 <> '' THEN 0 END) AS a"
    with running(kept, "token", JWT_CLAIMS_QUERY=query, JWT_LOGIN_ANSWER_QUERY=query) as programs:
        for name, password in (("alice", "wrong"), ("inactive", PASSWORD), ("unknown", PASSWORD)):
            assert log_in(programs.token, name, password).status == 401
        assert not lines(programs.token, "JWT_CLAIMS_QUERY")


@pytest.fixture
def way(kept):
    """To the database, on which answers get lost."""
    found = cutter.Cutter(kept.cluster)
    yield found
    found.end()


OUTAGES = {"plain": 2, "rotation": 2, "blacklist": 2, "sessions": 1}  # how many SELECTs a refresh sends before it writes
LOGIN = {"JWT_CLAIMS_QUERY": ROLE, "JWT_LOGIN_ANSWER_QUERY": "SELECT $1 AS id", "JWT_UPDATE_LAST_LOGIN": "on", "JWT_FEED_KNOWN": "0"}


def written(kept):
    return kept.execute("SELECT user_id, gen FROM jwt_session"), kept.execute(
        "SELECT jti FROM token_blacklist_outstandingtoken"), kept.execute(
        "SELECT token_id FROM token_blacklist_blacklistedtoken")


@pytest.mark.parametrize("number, statement", enumerate(("the user", "the answer", "the claims")))
@pytest.mark.parametrize("settings", ["plain", "blacklist", "sessions"])
def test_an_outage_during_a_login_leaves_nothing(kept, way, settings, number, statement):
    """It begins once the statements before this one are answered; nothing is written before the last of them is."""
    role(kept, "boss")
    with running(kept, "token", PGHOST=str(way.folder), **LOGIN, **WAYS[settings]) as programs:
        programs.token.answer(*fastcgi.get("/"))  # its start asks the database, too
        before = written(kept)
        way.cut("SELECT 1", number, away=True)
        answer = log_in(programs.token)
        assert (way.cuts, answer.status) == (1, 503), statement
        assert not {"refresh", "access", "id"} & answer.json().keys()
        assert log_in(programs.token).status == 503
        assert written(kept) == before
        way.back()
        assert good(log_in(programs.token))["id"] == "1"
        sessions, outstanding, _ = written(kept)
        assert (len(sessions), len(outstanding)) == (settings == "sessions", settings == "blacklist")


@pytest.mark.parametrize("number", range(3))
def test_an_answer_that_is_lost_once_is_asked_for_again(kept, way, number):
    role(kept, "boss")
    with running(kept, "token", PGHOST=str(way.folder), **LOGIN, **WAYS["sessions"]) as programs:
        programs.token.answer(*fastcgi.get("/"))
        way.cut("SELECT 1", number)
        answer = good(log_in(programs.token))
        assert way.cuts == 1 and custom(answer["access"]) == {"role": "boss"} and answer["id"] == "1"
        assert written(kept)[0] == [("1", 1)]


@pytest.mark.parametrize("settings, number", [(name, n) for name, count in OUTAGES.items() for n in range(count)])
def test_an_outage_during_a_refresh_keeps_the_token(kept, way, settings, number):
    """At the statement that finds the user, and at the claims behind it."""
    role(kept, "boss")
    every = {**LOGIN, **WAYS[settings], "JWT_SESSION_GRACE": "0", "JWT_SESSION_RECOVERY": "0"}
    with running(kept, "token", **every) as programs:
        token = good(log_in(programs.token))["refresh"]
    with running(kept, "refresh", PGHOST=str(way.folder), **every) as programs:
        programs.refresh.answer(*fastcgi.get("/"))
        before = written(kept)
        way.cut("SELECT 1", number, away=True)
        assert (refresh(programs.refresh, token).status, way.cuts) == (503, 1)
        assert refresh(programs.refresh, token).status == 503
        assert written(kept) == before
        way.back()
        assert claims_of(good(refresh(programs.refresh, token))["access"])["role"] == "boss"


def test_no_answer_in_time(kept):
    with running(kept, "token", JWT_DATABASE_TIMEOUT="1",
                 JWT_CLAIMS_QUERY="SELECT pg_sleep(5)::text AS a WHERE $1 <> ''") as programs:
        assert log_in(programs.token).status == 503


@pytest.mark.parametrize("way", ["plain", "sessions"])
def test_a_token_that_is_too_large(kept, way):
    """4096 bytes are allowed and no more; the line names the setting."""
    kept.execute("INSERT INTO facts VALUES (1, 'long', '\"\"')")
    query = "SELECT value AS text FROM facts WHERE user_id = $1::integer"

    def set_length(length):
        kept.execute("UPDATE facts SET value = to_json(repeat('x', %s))", length)

    with running(kept, *PAIR, JWT_CLAIMS_QUERY=query, JWT_SESSION_GRACE="0", **WAYS[way]) as programs:
        size = len(good(log_in(programs.token))["refresh"])
        fits = (4096 - size) * 3 // 4
        set_length(fits - 2)
        token = good(log_in(programs.token))["refresh"]
        assert 4090 <= len(token) <= 4096
        set_length(fits + 4)
        for program, answer in ((programs.token, log_in(programs.token)), (programs.refresh, refresh(programs.refresh, token))):
            assert unavailable(answer, program, "JWT_CLAIMS_QUERY", "4096")
        assert "xxx" not in programs.token.log.read_text()


def test_without_the_query_no_size_is_refused(kept):
    with running(kept, "token", JWT_AUDIENCE="a" * 5000) as programs:
        assert len(good(log_in(programs.token))["access"]) > 5000


# --- Hostile values.

HOSTILE = ["1'; DROP TABLE facts; --", "') q; DELETE FROM auth_user; --", "$1", "%s%n%x", "a\nb: c", "\\", "x\u2028\U0001f600"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_user_id_is_a_parameter(kept, name):
    """An id of text that looks like SQL: it is the id, and nothing else happens."""
    people = kept.execute("SELECT count(*) FROM auth_user")
    kept.execute("UPDATE auth_user SET username = %s WHERE id = 1", name)
    query = "SELECT $1 AS given, email FROM auth_user WHERE username = $1"
    with running(kept, *PAIR, JWT_USER_ID_FIELD="username", JWT_CLAIMS_QUERY=query, JWT_LOGIN_ANSWER_QUERY=query) as programs:
        answer = good(log_in(programs.token, name.strip()))
        renewed = good(refresh(programs.refresh, answer["refresh"]))["access"]
        assert custom(answer["access"]) == custom(renewed) == {"given": name, "email": "alice@example.test"}
        assert answer["given"] == name
        assert "a\nb" not in programs.token.log.read_text()
    assert kept.execute("SELECT count(*) FROM auth_user") == people
    assert kept.execute("SELECT count(*) FROM facts") == [(0,)]


# --- The answer.

@pytest.mark.parametrize("settings", [{}, {"JWT_SESSIONS": "on"}])
def test_the_answer_has_the_columns_behind_its_own(kept, settings):
    query = ("SELECT json_build_object('id', id, 'name', first_name) AS user, NULL AS nothing, ARRAY['a'] AS list"
             " FROM auth_user WHERE id = $1")
    with running(kept, *PAIR, JWT_LOGIN_ANSWER_QUERY=query, **settings) as programs:
        answer = log_in(programs.token)
        assert list(good(answer)) == ["refresh", "access", "user", "list"]
        assert answer.json()["user"]["name"] == 'José "<\U0001f600>" \\' and "José".encode() in answer.body
        assert custom(answer.json()["access"]) == {}
        assert "user" not in good(refresh(programs.refresh, answer.json()["refresh"]))


def test_the_answer_with_the_refresh_token_in_a_cookie(kept):
    with running(kept, "token", JWT_SESSIONS="on", JWT_REFRESH_COOKIE="insecure",
                 JWT_LOGIN_ANSWER_QUERY="SELECT $1 AS id", JWT_CLAIMS_QUERY="SELECT $1 AS own") as programs:
        answer = log_in(programs.token)
        assert list(good(answer)) == ["access", "id"]
        cookie = answer.header("Set-Cookie").partition("=")[2].partition(";")[0]
        assert claims_of(cookie)["own"] == "1" and cookie.encode() not in answer.body


# --- auth_check.

VALUES = {"role": ("boss", "boss"), "tenant_id": (7, "7"), "admin": (True, "true"), "list": (["a", "é"], '["a","\\u00e9"]'),
          "name": ("Jos\u00e9\r\nX: %", "Jos%C3%A9%0D%0AX:%20%25"), "none": (None, None), "long": ("x" * 2049, None),
          "object": ({"a": 1}, '{"a":1}'), "empty": ("", None)}


@pytest.mark.parametrize("name", VALUES)
def test_auth_check_hands_claims_on(kept, name):
    value, header = VALUES[name]
    kept.execute("INSERT INTO facts VALUES (1, %s, %s)", name, json.dumps(value))
    query = f"SELECT value AS {name} FROM facts WHERE user_id = $1::integer"
    with running(kept, "token", "auth_check", JWT_CLAIMS_QUERY=query, JWT_CLAIMS_HEADERS=f"absent,{name}") as programs:
        access = good(log_in(programs.token))["access"]
        parameters, _ = fastcgi.get("/x", access)
        answer = programs.auth_check.answer(parameters)
        spelled = "-".join(word.capitalize() for word in name.split("_"))
        assert answer.status == 204 and answer.header("X-Auth-" + spelled) == header
        assert answer.header("X-Auth-Absent") is None and answer.header("X") is None
        if isinstance(value, str) and header:
            assert unquote(header) == value
        message = bytearray(fastcgi.request(parameters))
        message[9] = 2  # the role
        with programs.auth_check.connect() as connection:
            connection.sendall(message)
            output, _ = fastcgi.read_answer(connection)
        authorizer = client.parse(b"HTTP/1.1 200 OK\r\n" + output)
        assert authorizer.header("Variable-AUTH_" + name.upper()) == header
        assert authorizer.header("Variable-AUTH_USER_ID") == "1"


@pytest.mark.parametrize("words", ["user-id", "User_Id", "username", "token_id", "CLAIMS", "type", "1a", "a:b",
                                   "a,a", "a_b,A-b", "_a", "é"])
def test_names_that_are_no_headers(kept, words):
    status, said = checked(kept, "auth_check", JWT_CLAIMS_HEADERS=words)
    assert status == 1 and "JWT_CLAIMS_HEADERS: " in said
