"""What PostgreSQL keeps for OpenID Connect: clients, codes, browsers and sessions, each step one statement.

Driven through the accounts' part of the programs (tests/unit/oidc_tool), several processes at once, with the role of
the programs. `age` moves rows into the past, so that no test waits.
"""
import contextlib
import json
import re
import subprocess
import threading

import psycopg2
import pytest
from harness import bouncer, fastcgi, ours, process
from harness.fixtures import skip_without
from harness.oidc import CALLBACK, CHALLENGE, add_client
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import Site

SQL = ours.CHECKOUT / "sql"
TOOL = ours.BUILD / "tests/unit/oidc_tool"
# JWT_FEED_POLL: a change of a client counts at once.
ISSUER = {"JWT_SESSIONS": "on", "JWT_OIDC_ISSUER": "https://login.example.com", "JWT_FEED_POLL": "0"}
OTHER = "x" * 43  # the challenge of another verifier
MANY = 20


@pytest.fixture(scope="module")
def kept(cluster):
    if not TOOL.exists():
        pytest.skip(f"no oidc_tool in {ours.BUILD}")
    site = Site(cluster, "oidc_state")
    cluster.psql("oidc_state", "-f", SQL / "oidc.sql")
    yield site
    site.end()


@pytest.fixture(autouse=True)
def restored(kept):
    kept.restore()
    kept.execute("DELETE FROM jwt_session; DELETE FROM jwt_change; DELETE FROM oidc_client")
    add_client(kept, "web")
    add_client(kept, "other")


class Tool:
    """One process, as a program is one. Arguments and answers are texts; None is NULL."""

    def __init__(self, environment):
        self.process = subprocess.Popen([TOOL], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def send(self, *arguments):
        self.process.stdin.write("\t".join("-" if one is None else str(one) for one in arguments) + "\n")
        self.process.stdin.flush()

    def receive(self):
        return [None if one == "-" else one for one in self.process.stdout.readline().rstrip("\n").split("\t")]

    def ask(self, *arguments):
        self.send(*arguments)
        return self.receive()

    def good(self, *arguments):
        verdict, *rest = self.ask(*arguments)
        assert verdict == "yes", arguments
        return rest

    def end(self):
        """Its log."""
        log = self.process.communicate(timeout=30)[1]
        assert self.process.returncode == 0, log
        return log


def settings_of(site, **settings):
    return ours.environment(site.our_environment(), {**PROFILES["plain"].our_settings(), **ISSUER, **settings})


@contextlib.contextmanager
def tools(environment, count=1):
    started = [Tool(environment) for _ in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.end()


@pytest.fixture(scope="module")
def crowd(kept):
    """As many processes, each with a connection of its own."""
    with tools(settings_of(kept), MANY) as started:
        yield started


@pytest.fixture
def tool(crowd):
    return crowd[0]


def all_at_once(crowd, *arguments):
    for one in crowd:
        one.send(*arguments)
    return [one.receive() for one in crowd]


class Login:
    """alice at the provider, in a browser, and codes for her."""

    def __init__(self, tool):
        self.tool = tool
        self.cookie, self.user, self.sid, self.name, self.auth_time = tool.good("login", "alice", PASSWORD)

    def code(self, client="web", scopes="openid offline_access", challenge=CHALLENGE, nonce="n"):
        [text] = self.tool.good("create", client, self.user, scopes, CALLBACK, challenge, nonce, self.sid)
        return text

    def redeeming(self, code, client="web", uri=CALLBACK, challenge=CHALLENGE, sid=None, kind="offline"):
        return "redeem", code, client, uri, challenge, sid, kind

    def read(self, code):
        """User, scopes, nonce, auth_time, sid if it was redeemed; the client and all that it shows is right."""
        return self.tool.ask("read", code, "web", CALLBACK, CHALLENGE)

    def redeem(self, code, **more):
        return self.tool.ask(*self.redeeming(code, **more))

    def family(self, **more):
        """The sid of a new session at the client."""
        verdict, sid, _ = self.redeem(self.code(), **more)
        assert verdict == "yes"
        return sid

    def refresh(self, sid, gen=1, client="web"):
        return self.tool.ask("refresh", client, self.user, sid, gen)


@pytest.fixture
def login(tool):
    return Login(tool)


def age(site, seconds, table="jwt_session", columns=("created_at", "rotated_at", "expires_at", "ends_at")):
    moved = ", ".join(f"{column} = {column} - make_interval(secs => %s)" for column in columns)
    site.execute(f"UPDATE {table} SET {moved}", *[seconds] * len(columns))


def age_codes(site, seconds):
    age(site, seconds, "oidc_code", ("expires_at",))


# --- The tables.

def tables(cluster, database):
    done = subprocess.run(["pg_dump", "--schema-only", "--no-owner", "--restrict-key=x"], check=False, text=True,
                          capture_output=True, env=ours.environment(cluster.environment(database), {}))
    if done.returncode != 0:  # a release that knows no such option
        done = subprocess.run(["pg_dump", "--schema-only", "--no-owner"], check=True, text=True, capture_output=True,
                              env=ours.environment(cluster.environment(database), {}))
    return sorted(done.stdout.splitlines())


def test_the_file_can_be_run_again_and_keeps_the_rows(cluster, kept, login):
    before, sid, code = tables(cluster, "oidc_state"), login.family(), login.code()
    kept.execute("ALTER TABLE oidc_code SET LOGGED, RESET (fillfactor)")  # as it was once
    for name in ("oidc", "roles", "sessions"):
        cluster.psql("oidc_state", "-f", SQL / f"{name}.sql", stdout=subprocess.DEVNULL)
    assert tables(cluster, "oidc_state") == before
    assert login.refresh(sid)[0] == "ok" and login.redeem(code)[0] == "yes"


@pytest.mark.parametrize("order", [("schema", "roles", "oidc"), ("schema", "oidc", "roles")])
def test_in_either_order_and_by_an_owner_who_is_no_superuser(cluster, kept, order):
    kept.execute("CREATE ROLE oidc_keeper LOGIN CREATEROLE")
    kept.execute("CREATE DATABASE oidc_orders OWNER oidc_keeper")
    try:
        for name in order:
            subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", SQL / f"{name}.sql"], check=True,
                           env=ours.environment(cluster.environment("oidc_orders", "oidc_keeper"), {}))
        with tools({**settings_of(kept), "PGDATABASE": "oidc_orders"}) as [one]:
            assert one.ask("check") == ["yes"]
    finally:
        kept.execute("DROP DATABASE oidc_orders WITH (FORCE)")
        kept.execute("DROP ROLE oidc_keeper")


GOOD = ["https://rp.example/callback", "https://rp.example", "https://rp.example?a=b", "https://rp.example:8443/",
        "https://[2001:db8::1]/c", "http://127.0.0.1/", "http://127.0.0.1:8000/c?x=1&y=2", "http://[::1]:1/c",
        "http://localhost:3000/cb", "com.example.app:/callback", "com.example.app://callback/x", "https://r.example/%20"]
BAD = ["", "callback", "/callback", "//rp.example/c", "https://", "https:///c", "https://rp.example/c#f",
       "https://rp.example/#", "https://rp.example/*", "https://*.example/c", "https://a@rp.example/c",
       "https://rp.example:8443x/", "https://rp.example/a b", "https://rp.example/\n", "https://rp.example/ä",
       "https://rp.example\\@evil.example/", "http://rp.example/c", "http://127.0.0.1.evil.example/c",
       "http://localhost.evil.example/", "http://127.0.0.1@evil.example/", "http://[::2]/", "javascript:alert(1)",
       "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "app:/callback",
       "https://rp.example/" + "x" * 2048, None]


@pytest.mark.parametrize("column", ["redirect_uris", "post_logout_redirect_uris"])
def test_redirect_uris_are_judged_when_they_are_stored(kept, column):
    for uri in GOOD:
        kept.execute(f"UPDATE oidc_client SET {column} = %s WHERE client_id = 'web'", [GOOD[0], uri])
    for uri in BAD:
        with pytest.raises(psycopg2.errors.CheckViolation):
            kept.execute(f"UPDATE oidc_client SET {column} = %s WHERE client_id = 'web'", [GOOD[0], uri])
            pytest.fail(f"{uri!r} was stored")


@pytest.mark.parametrize("column, value", [
    ("client_id", "a:b"), ("client_id", ""), ("client_id", "a b"), ("client_id", "x" * 129), ("client_id", "ä"),
    ("name", ""), ("name", " \t"), ("name", "a\nb"),
    ("secret", None), ("secret", "the secret itself"), ("secret", "sha256$" + "A" * 64), ("secret", "sha256$12"),
    ("auth_method", "none"), ("auth_method", "private_key_jwt"),
    ("scopes", ["openid", "a b"]), ("scopes", ["a\"b"]), ("scopes", [""]), ("scopes", [None]), ("scopes", ["ä"]),
    ("id_token_alg", "none"), ("id_token_alg", "HS256"), ("id_token_alg", ""), ("audience", ""),
])
def test_a_faulty_client_is_not_stored(kept, column, value):
    with pytest.raises(psycopg2.errors.CheckViolation):
        kept.execute(f"UPDATE oidc_client SET {column} = %s WHERE client_id = 'web'", value)


def test_a_public_client_needs_pkce(kept):
    add_client(kept, "app", auth_method="none")
    with pytest.raises(psycopg2.errors.CheckViolation):
        add_client(kept, "careless", auth_method="none", require_pkce=False)


def test_the_example_of_the_file(cluster, kept, tool):
    """Its comment can be pasted into psql; the secret that it shows is the client's."""
    comment = [line[3:] for line in (SQL / "oidc.sql").read_text().splitlines() if line.startswith("--     ")]
    example = "\n".join(line.strip() for line in comment if "psql" not in line)
    shown = cluster.psql("oidc_state", "-f", "-", input=example, text=True, capture_output=True)
    secret = shown.stdout.strip()
    assert len(secret) == 64
    assert tool.ask("secret", "wiki", secret) == ["yes"] and tool.ask("secret", "wiki", secret[1:]) == ["no"]
    assert tool.good("client", "app")[1] is None


@pytest.mark.parametrize("statement", [
    "INSERT INTO oidc_client (client_id, name, auth_method, redirect_uris) VALUES ('x', 'x', 'none', '{}')",
    "UPDATE oidc_client SET redirect_uris = '{}'", "DELETE FROM oidc_client", "TRUNCATE oidc_code",
    "DELETE FROM oidc_consent", "SELECT * FROM auth_user", "SELECT date_joined FROM auth_user",
    "UPDATE auth_user SET email = ''", "SELECT jwt_oidc_grant('auth_user')", "SELECT jwt_oidc_client_ended()",
    "SELECT jwt_oidc_user_removed()",
])
def test_role_is_refused(cluster, kept, statement):
    with contextlib.closing(cluster.connect("oidc_state", "jwt_fcgi")) as connection:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            connection.cursor().execute(statement)


@pytest.mark.parametrize("break_it, words, mend", [
    ("ALTER TABLE oidc_consent RENAME TO away", "oidc_consent.*sql/oidc.sql", "ALTER TABLE away RENAME TO oidc_consent"),
    ("ALTER TABLE oidc_code RENAME nonce TO away", "nonce.*sql/oidc.sql", "ALTER TABLE oidc_code RENAME away TO nonce"),
    ("ALTER TABLE jwt_session RENAME client_id TO away", "client_id.*sql/sessions.sql",
     "ALTER TABLE jwt_session RENAME away TO client_id"),
    ("REVOKE SELECT ON oidc_client FROM jwt_fcgi", "oidc_client.*sql/roles.sql", "GRANT SELECT ON oidc_client TO jwt_fcgi"),
    ("REVOKE DELETE ON oidc_code FROM jwt_fcgi", "oidc_code.*sql/roles.sql", "GRANT DELETE ON oidc_code TO jwt_fcgi"),
    ("REVOKE SELECT (email) ON auth_user FROM jwt_fcgi", "auth_user.*sql/roles.sql",
     "GRANT SELECT (email) ON auth_user TO jwt_fcgi"),
])
def test_check_names_what_is_missing(kept, break_it, words, mend):
    kept.execute(break_it)
    try:
        checker = Tool(settings_of(kept))
        assert checker.ask("check") == ["no"]
        log = checker.end()
    finally:
        kept.execute(mend)
    assert re.search(words, log), log


def test_check_compares_how_long_changes_are_kept(kept):
    checker = Tool(settings_of(kept, JWT_OIDC_REFRESH_LIFETIME="864000"))
    assert checker.ask("check") == ["no"]
    assert "864420 seconds" in checker.end()


# --- Clients and consent.

def test_client(kept, tool):
    add_client(kept, "full", name="Fülle & <b>", scopes=["openid", "a:b"], redirect_uris=["https://a.example/", CALLBACK],
               post_logout_redirect_uris=[], native=True, require_pkce=False, first_party=False,
               id_token_alg="ES256", audience="api")
    secret = kept.execute("SELECT secret FROM oidc_client WHERE client_id = 'full'")[0][0]
    assert tool.good("client", "full") == ["Fülle & <b>", secret, f"https://a.example/ {CALLBACK}", "", "openid a:b",
                                           "ES256", "api", "100"]
    kept.execute("UPDATE oidc_client SET active = false WHERE client_id = 'full'")
    for unknown in ("full", "FULL", "", "web ", "x" * 5000, "' OR true --"):
        assert tool.ask("client", unknown) == ["no"]


def test_a_client_that_was_read_is_not_read_again_for_a_while(kept):
    """No code is redeemed for a client that was disabled since, even without the trigger."""
    with tools(settings_of(kept, JWT_FEED_POLL="10000")) as [tool]:
        login = Login(tool)
        code, before = login.code(), tool.good("client", "web")
        kept.execute("SET session_replication_role = replica; UPDATE oidc_client SET name = 'Other', active = false;"
                     " SET session_replication_role = origin")
        assert tool.good("client", "web") == before and tool.ask("client", "other") == ["no"]
        assert login.redeem(code) == login.redeem(login.code()) == ["no"]
        kept.execute("SET session_replication_role = replica; UPDATE oidc_client SET active = true;"
                     " SET session_replication_role = origin")
        assert login.redeem(code)[0] == "yes"
    with tools(settings_of(kept, JWT_FEED_POLL="50")) as [tool]:
        assert tool.good("client", "web")[0] == "Other"
        kept.execute("UPDATE oidc_client SET name = 'Web'")
        process.wait_for(lambda: tool.good("client", "web")[0] == "Web", "the client to be read again")


def test_more_clients_than_a_process_remembers(kept):
    for number in range(20):
        add_client(kept, f"c{number}")
    with tools(settings_of(kept, JWT_FEED_POLL="10000")) as [tool]:
        for _ in range(2):
            for number in range(20):
                assert tool.good("client", f"c{number}")[0] == f"The client c{number}"


def test_secret(kept, tool):
    add_client(kept, "public", auth_method="none")
    kept.execute("UPDATE oidc_client SET secret = 'sha256$' || encode(sha256('right'), 'hex') WHERE client_id = 'web'")
    stored = kept.execute("SELECT secret FROM oidc_client WHERE client_id = 'web'")[0][0]
    assert tool.ask("secret", "web", "right") == ["yes"]
    for client, secret in (("web", "Right"), ("web", ""), ("web", stored), ("web", "right "), ("other", "right"),
                           ("public", ""), ("public", "right"), ("unknown", "right")):
        assert tool.ask("secret", client, secret) == ["no"]


def test_consent_grows(kept, tool):
    def has(scopes, client="web", user="1"):
        return tool.ask("consented", user, client, scopes)[0]

    assert has("openid") == "no"
    tool.good("consent", "1", "web", "openid profile")
    assert [has("openid"), has("profile openid"), has("openid email")] == ["yes", "yes", "no"]
    tool.good("consent", "1", "web", "email openid")
    assert has("openid profile email") == "yes"
    assert [has("openid", "other"), has("openid", user="2"), has("openid offline_access")] == ["no"] * 3
    kept.execute("DELETE FROM oidc_client WHERE client_id = 'web'")
    add_client(kept, "web")
    assert has("openid") == "no"


def test_consents_at_once_are_all_kept(kept, crowd):
    for number, one in enumerate(crowd):
        one.send("consent", "1", "web", f"scope{number} openid")
    assert {one.receive()[0] for one in crowd} == {"yes"}
    assert crowd[0].ask("consented", "1", "web", " ".join(f"scope{n}" for n in range(MANY))) == ["yes"]


def consents(site):
    return [user for [user] in site.execute("SELECT user_id FROM oidc_consent ORDER BY 1")]


@pytest.mark.parametrize("removal, left", [
    ("DELETE FROM auth_user WHERE id = 1", ["2"]),
    ("SET session_replication_role = replica; DELETE FROM auth_user WHERE id = 1; SET session_replication_role = origin",
     ["2"]),
    ("UPDATE auth_user SET id = 1001 WHERE id = 1", ["2"]),
    ("TRUNCATE auth_user CASCADE", []),
    ("UPDATE auth_user SET is_active = false, password = 'x' WHERE id = 1", ["1", "2"]),
    ("BEGIN; DELETE FROM auth_user WHERE id = 1; ROLLBACK", ["1", "2"]),
])
def test_consents_end_with_their_user(cluster, kept, tool, removal, left):
    for user in ("1", "2"):
        tool.good("consent", user, "web", "openid")
    cluster.psql("oidc_state", "-c", removal)
    assert consents(kept) == left


def test_a_user_of_the_same_id_inherits_no_consent(cluster, kept, tool):
    tool.good("consent", "1", "web", "openid")
    cluster.psql("oidc_state", "-c", "BEGIN; CREATE TEMP TABLE same AS SELECT * FROM auth_user WHERE id = 1;"
                 " DELETE FROM auth_user WHERE id = 1; INSERT INTO auth_user SELECT * FROM same; COMMIT")
    assert tool.ask("consented", "1", "web", "openid") == ["no"]


def test_a_consent_waits_for_a_deletion_in_progress(cluster, kept, tool):
    with contextlib.closing(cluster.connect("oidc_state")) as other:
        other.autocommit = False
        other.cursor().execute("DELETE FROM auth_user WHERE id = 1")
        tool.send("consent", "1", "web", "openid")
        process.wait_for(lambda: kept.execute("SELECT 1 FROM pg_stat_activity WHERE datname = 'oidc_state'"
                                              " AND wait_event_type = 'Lock'"), "the consent to wait")
        other.commit()
    assert tool.receive() == ["no"] and consents(kept) == []
    assert tool.ask("consent", "1001", "web", "openid") == ["no"]


def test_consents_of_users_who_were_deleted_before(cluster, kept):
    kept.execute("INSERT INTO oidc_consent VALUES ('1', 'web', '{openid}'), ('1001', 'web', '{openid}')")
    cluster.psql("oidc_state", "-f", SQL / "oidc.sql", stdout=subprocess.DEVNULL)
    assert consents(kept) == ["1"]


# --- Browsers.

def test_browser(kept, login, tool):
    assert login.name == "alice"
    assert tool.good("browser", login.cookie) == [login.user, login.sid, "alice", login.auth_time]
    [row] = kept.execute("SELECT s::text, created_at = rotated_at, client_id,"
                         " extract(epoch FROM ends_at - created_at)::int, extract(epoch FROM expires_at - created_at)::int"
                         " FROM jwt_session s")
    assert row[1:] == (True, "", 43200, 3600)
    assert login.cookie.split(".")[0] not in row[0]
    again = Login(tool)
    assert again.cookie != login.cookie and again.sid != login.sid
    assert tool.ask("logout", login.cookie) == ["yes"] and tool.ask("browser", login.cookie) == ["no"]
    assert tool.ask("browser", again.cookie)[0] == "yes"
    assert kept.execute("SELECT user_id, replace(sid::text, '-', ''), ends FROM jwt_change") == [
        (login.user, login.sid, True)]


def test_a_cookie_that_is_none(kept, login, tool):
    secret, owner = login.cookie.split(".")
    other = Login(tool).cookie.split(".")[0]
    for cookie in ("", ".", secret, f"{secret}.", f".{owner}", f"{secret}.Mg", f"{secret}.{owner}.", f"{secret}.{owner}=",
                   f"{secret[:-1]}.{owner}", f"{secret}A.{owner}", f"{secret}.gA", f"{secret}.AA", f"{secret}.MQA",
                   f"{secret}.J09SIDEtLQ", login.sid, f"{login.sid}.{owner}", f"{other[:20]}{secret[20:]}.{owner}",
                   f"{secret}.{'x' * 8000}"):
        assert tool.ask("browser", cookie) == ["no"], cookie
    assert tool.ask("browser", login.cookie)[0] == "yes"


def test_a_browser_that_is_used_stays_logged_in_until_the_absolute_end(kept, login, tool):
    for _ in range(12):
        age(kept, 3500)
        assert tool.ask("browser", login.cookie)[0] == "yes"
    age(kept, 3000)
    assert tool.ask("browser", login.cookie) == ["no"]


def test_a_browser_is_noted_once_a_minute(kept, login, tool):
    def seen():
        return kept.execute("SELECT xmin::text, rotated_at = created_at FROM jwt_session")[0]

    first = seen()
    age(kept, 50)
    aged = seen()
    tool.good("browser", login.cookie)
    assert seen() == aged and first[1]
    age(kept, 20)
    assert tool.good("browser", login.cookie)[3] == str(int(login.auth_time) - 70)
    noted = seen()
    assert not noted[1]
    tool.good("browser", login.cookie)
    login.code()
    assert seen() == noted
    age(kept, 70)
    login.code()
    assert kept.execute("SELECT rotated_at > now() - interval '30 seconds' FROM jwt_session") == [(True,)]


def test_idle(kept, login, tool):
    age(kept, 3700)
    assert tool.ask("browser", login.cookie) == ["no"]


@pytest.mark.parametrize("change", [
    "UPDATE auth_user SET is_active = false WHERE username = 'alice'",
    "UPDATE auth_user SET password = 'x' WHERE username = 'alice'",
    "DELETE FROM auth_user WHERE username = 'alice'",
    "INSERT INTO jwt_change (user_id) SELECT id FROM auth_user WHERE username = 'alice'",
    "INSERT INTO jwt_change (user_id) VALUES ('')",
])
def test_what_ends_the_users_sessions_ends_browser_code_and_client(kept, login, tool, change):
    code, sid = login.code(), login.family()
    kept.execute(change)
    assert tool.ask("browser", login.cookie) == ["no"]
    assert login.redeem(code) == ["no"]
    assert login.refresh(sid)[0] in ("ended", "no-account")
    assert kept.execute("SELECT count(*) FROM jwt_session") == [(0,)]
    assert tool.ask("create", "web", login.user, "openid", CALLBACK, None, None, login.sid) == ["no"]


def test_a_login_after_a_change_of_the_same_second(kept, tool):
    kept.execute("UPDATE auth_user SET first_name = 'A', password = password || ' ' WHERE username = 'alice';"
                 "UPDATE auth_user SET password = rtrim(password) WHERE username = 'alice'")
    login = Login(tool)
    sid = login.family()
    age(kept, 11, columns=("rotated_at",))
    assert login.refresh(sid)[:2] == ["ok", "2"]


def test_last_login_and_names_end_nothing(kept, login):
    code, sid = login.code(), login.family()
    kept.execute("UPDATE auth_user SET last_login = now(), first_name = 'Alice' WHERE username = 'alice'")
    assert login.redeem(code)[0] == "yes" and login.refresh(sid)[0] == "ok"


# --- Codes.

def test_code(kept, login):
    code = login.code()
    assert len(code) == 43
    assert login.read(code) == ["yes", login.user, "openid offline_access", "n", login.auth_time, None]
    assert kept.execute("SELECT replace(browser::text, '-', '') FROM oidc_code") == [(login.sid,)]
    assert code not in kept.execute("SELECT c::text FROM oidc_code c")[0][0]
    verdict, sid, seconds = login.redeem(code)
    assert (verdict, seconds) == ("yes", "86400")
    assert login.read(code)[5] == sid
    [row] = kept.execute(
        "SELECT user_id, gen, held, client_id, scopes, created_at = (SELECT auth_time FROM oidc_code),"
        " extract(epoch FROM ends_at - created_at)::int FROM jwt_session WHERE sid = %s", sid)
    assert row == (login.user, 1, 0, "web", ["openid", "offline_access"], True, 2592000)


def test_a_family_without_refresh_tokens_lives_as_long_as_its_access_token(kept, login):
    _, sid, seconds = login.redeem(login.code(), kind="online")
    assert seconds == "300"
    assert kept.execute("SELECT expires_at = ends_at, expires_at <= now() + interval '300 seconds' FROM jwt_session"
                        " WHERE sid = %s", sid) == [(True, True)]


def test_a_family_that_begins_late_ends_no_later(kept, login):
    age(kept, 3000)
    with tools(settings_of(kept, JWT_OIDC_REFRESH_MAXIMUM="3500", JWT_OIDC_SESSION_LIFETIME="3500")) as [short]:
        late = Login.__new__(Login)
        late.__dict__ = {**login.__dict__, "tool": short}
        verdict, sid, seconds = late.redeem(late.code())
        assert verdict == "yes" and 480 < int(seconds) <= 500
        assert late.refresh(sid)[:2] == ["ok", "1"]
        age(kept, 501)
        assert late.refresh(sid)[0] == "expired"


def test_lifetimes_are_settings(kept):
    with tools(settings_of(kept, JWT_OIDC_CODE_LIFETIME="7", JWT_OIDC_SESSION_IDLE="100", JWT_OIDC_SESSION_LIFETIME="200",
                           JWT_OIDC_REFRESH_LIFETIME="300", JWT_OIDC_REFRESH_MAXIMUM="400")) as [tool]:
        login = Login(tool)
        assert login.redeem(login.code())[2] == "300"
    assert kept.execute("SELECT extract(epoch FROM expires_at - auth_time)::int FROM oidc_code") == [(7,)]
    assert kept.execute("SELECT client_id, extract(epoch FROM expires_at - rotated_at)::int, extract(epoch FROM"
                        " ends_at - created_at)::int FROM jwt_session ORDER BY 1") == [("", 100, 200), ("web", 300, 400)]


def test_an_expired_code(kept, login):
    code = login.code()
    age_codes(kept, 61)
    assert login.read(code) == login.redeem(code) == ["no"]


@pytest.mark.parametrize("challenge, wrong", [
    (CHALLENGE, {"client": "other"}), (CHALLENGE, {"uri": CALLBACK + "/"}), (CHALLENGE, {"challenge": OTHER}),
    (CHALLENGE, {"challenge": None}), (None, {"challenge": CHALLENGE}), (None, {"client": "other"}),
], ids=["client", "uri", "verifier", "no verifier", "downgrade", "client without PKCE"])
def test_what_is_wrong_burns_no_code_and_ends_no_session(kept, login, challenge, wrong):
    """A replay with another redirect URI ends the session: the client and its verifier prove who asks."""
    code = login.code(challenge=challenge)
    use = {"challenge": challenge, **wrong}
    assert login.redeem(code, **use) == ["no"]
    verdict, sid, _ = login.redeem(code, challenge=challenge)
    assert verdict == "yes"
    assert login.redeem(code, **use) == ["no"]
    assert login.refresh(sid)[0] == ("ended" if "uri" in wrong else "ok")


@pytest.mark.parametrize("user", ["x", "", "01", " 1", "9" * 30])
def test_a_code_of_what_is_no_user(kept, login, user):
    code = login.code()
    kept.execute("UPDATE oidc_code SET user_id = %s", user)
    assert login.redeem(code) == ["no"]


@pytest.mark.parametrize("later", [0, 30, 3000])
def test_a_replay_ends_the_family_and_no_other(kept, login, later):
    code, other = login.code(), login.family()
    sid = login.redeem(code)[1]
    age_codes(kept, later)
    kept.execute("DELETE FROM jwt_change")
    assert login.redeem(code) == ["no"]
    assert login.refresh(sid)[0] == "ended"
    assert kept.execute("SELECT user_id, replace(sid::text, '-', ''), ends FROM jwt_change") == [(login.user, sid, True)]
    assert login.redeem(code) == ["no"]
    assert kept.execute("SELECT count(*) FROM jwt_change") == [(1,)]
    assert login.refresh(other)[0] == "ok"
    assert login.tool.ask("browser", login.cookie)[0] == "yes"


def test_a_statement_that_is_repeated_is_the_same_step(kept, login):
    """After a lost connection nothing tells whether it was carried out."""
    code, sid = login.code(), "0123456789abcdef0123456789abcdef"
    assert login.redeem(code, sid=sid) == login.redeem(code, sid=sid) == ["yes", sid, "86400"]
    assert kept.execute("SELECT count(*) FROM jwt_session WHERE client_id = 'web'") == [(1,)]
    assert login.refresh(sid)[0] == "ok"
    assert login.redeem(code) == ["no"]
    assert login.redeem(code, sid=sid) == ["no"] and login.refresh(sid)[0] == "ended"


def test_a_lost_connection_is_opened_again(kept, login):
    code = login.code()
    kept.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'oidc_tool'")
    assert login.redeem(code)[0] == "yes"


@pytest.mark.parametrize("table", ["jwt_session", "jwt_change", "oidc_code"])
def test_what_could_not_be_decided_burns_no_code(kept, login, table):
    code = login.code()
    kept.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        assert login.redeem(code) == ["undecided"]
        assert login.tool.ask("browser", login.cookie) == ["undecided"] or table == "oidc_code"
    finally:
        kept.execute(f"ALTER TABLE away RENAME TO {table}")
    assert login.redeem(code)[0] == "yes"


def race(kept, crowd, login):
    code = login.code()
    answers = all_at_once(crowd, *login.redeeming(code))
    won = [answer[1] for answer in answers if answer[0] == "yes"]
    assert len(won) == 1 and sorted(answers)[:-1] == [["no"]] * (len(crowd) - 1)
    rows = kept.execute("SELECT replace(sid::text, '-', '') FROM jwt_session WHERE client_id = 'web'")
    assert rows in ([], [(won[0],)])  # one that came late has ended it
    assert login.redeem(code) == ["no"] and login.refresh(won[0])[0] == "ended"


def test_of_many_at_once_one_redeems(kept, crowd, login):
    for _ in range(10):
        race(kept, crowd, login)


def test_of_many_at_once_one_redeems_behind_a_pooler(cluster, kept):
    if bouncer.PROGRAM is None:
        pytest.skip("no pgbouncer")
    pool = bouncer.Bouncer(cluster, "jwt_fcgi")
    try:
        with tools(pool.environment(settings_of(kept)), MANY) as crowd:
            login = Login(crowd[0])
            for _ in range(5):
                race(kept, crowd, login)
            assert crowd[1].ask("browser", login.cookie)[0] == "yes"
    finally:
        pool.remove()


def test_simultaneous_redemptions_end_no_session(cluster, kept, crowd, login):
    """All read the code before the first is done: a double request harms nothing."""
    code = login.code()
    with contextlib.closing(cluster.connect("oidc_state")) as other:
        other.autocommit = False
        other.cursor().execute("SELECT FROM oidc_code FOR UPDATE")
        for one in crowd:
            one.send(*login.redeeming(code))
        process.wait_for(lambda: kept.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0] >= MANY,
                         "all to wait for the code")
        other.rollback()
    answers = [one.receive() for one in crowd]
    [sid] = [answer[1] for answer in answers if answer[0] == "yes"]
    assert login.refresh(sid)[0] == "ok"


@pytest.mark.parametrize("change", ["password = 'x'", "is_active = false"])
def test_a_change_in_progress_while_a_code_is_redeemed(cluster, kept, login, change):
    """The redemption does not wait for it; a session that began before the commit is not alive after it."""
    code = login.code()
    with contextlib.closing(cluster.connect("oidc_state")) as other:
        other.autocommit = False
        other.cursor().execute(f"UPDATE auth_user SET {change} WHERE username = 'alice'")
        verdict, sid, _ = login.redeem(code)
        assert verdict == "yes"
        [row] = kept.execute("DELETE FROM jwt_session WHERE sid = %s RETURNING jwt_session::text", sid)
        other.commit()
        kept.execute("INSERT INTO jwt_session SELECT (%s::jwt_session).*", *row)
    assert login.refresh(sid)[0] in ("ended", "no-account")


def test_old_codes_are_swept_by_new_ones(kept, login):
    """One new code in sixteen does it."""
    def until(left):
        for _ in range(1000):
            fresh = login.code()
            if kept.execute("SELECT count(*) FROM oidc_code WHERE expires_at < now() - interval '50 minutes'") == [(left,)]:
                return fresh
        return None

    redeemed, unused = login.code(), login.code()
    sid = login.redeem(redeemed)[1]
    age_codes(kept, 3500)
    for _ in range(100):
        login.code()
    assert kept.execute("SELECT count(*) FROM oidc_code") == [(102,)]
    assert login.redeem(redeemed) == ["no"] and login.refresh(sid)[0] == "ended"
    age_codes(kept, 200)
    assert until(0), "old codes stay"
    assert login.read(unused) == ["no"]
    kept.execute("INSERT INTO oidc_code SELECT sha256(n::text::bytea), client_id, user_id, scopes, redirect_uri, code_challenge,"
                 " nonce, auth_time, browser, now() - interval '2 hours', NULL FROM oidc_code, generate_series(1, 40) n"
                 " WHERE code = (SELECT code FROM oidc_code LIMIT 1)")
    assert until(8) and until(0), "of 40, 32 at a time"
    assert login.redeem(login.code())[0] == "yes"


def test_logged_out_at_the_provider(login, tool):
    """No new code, but the sessions of the clients go on."""
    sid = login.family()
    tool.good("logout", login.cookie)
    assert tool.ask("create", "web", login.user, "openid", CALLBACK, None, None, login.sid) == ["no"]
    assert login.refresh(sid)[0] == "ok"


def test_a_session_of_a_client_makes_no_code(login, tool):
    sid = login.family()
    assert tool.ask("create", "web", login.user, "openid", CALLBACK, None, None, sid) == ["no"]


# --- Refresh tokens of clients.

def test_refresh(kept, login):
    sid = login.family()
    assert login.refresh(sid) == ["ok", "1", "86400"]  # within the grace of its beginning
    age(kept, 11, columns=("rotated_at",))
    assert login.refresh(sid) == ["ok", "2", "86400"]
    assert login.refresh(sid, 1) == login.refresh(sid, 2) == ["ok", "2", "86400"]
    age(kept, 11, columns=("rotated_at",))
    assert login.refresh(sid, 1)[0] == "replayed"
    assert login.refresh(sid, 2)[0] == "ended"
    assert kept.execute("SELECT replace(sid::text, '-', ''), ends FROM jwt_change") == [(sid, True)]


def test_of_many_refreshes_at_once_all_get_one_generation(kept, crowd, login):
    sid = login.family()
    for gen in range(1, 11):
        age(kept, 11, columns=("rotated_at",))
        answers = all_at_once(crowd, "refresh", "web", login.user, sid, gen)
        assert answers == [["ok", str(gen + 1), "86400"]] * MANY
    assert login.refresh(sid, 9)[0] == "replayed" and login.refresh(sid, 11)[0] == "ended"


def test_another_clients_attempt_changes_nothing(kept, login):
    sid = login.family()
    age(kept, 11, columns=("rotated_at",))
    before = kept.execute("SELECT s::text FROM jwt_session s ORDER BY sid")
    for gen in (0, 1, 2, 9):
        for client in ("other", "", None, "WEB"):
            assert login.refresh(sid, gen, client)[0] == "ended"
    assert kept.execute("SELECT s::text FROM jwt_session s ORDER BY sid") == before
    assert kept.execute("SELECT count(*) FROM jwt_change") == [(0,)]
    assert login.refresh(sid)[:2] == ["ok", "2"]
    for client in ("web", None):
        assert login.refresh(login.sid, 1, client)[0] == "ended"  # the browser's session has no tokens


def test_the_settings_of_password_logins_do_not_count(kept, login):
    with tools(settings_of(kept, JWT_SESSION_ROTATE="off", JWT_SESSION_RECOVERY="86400", JWT_SESSION_GRACE="0",
                           JWT_OIDC_REFRESH_GRACE="100", JWT_OIDC_REFRESH_LIFETIME="1000")) as [other]:
        login.tool = other
        sid = login.family()
        age(kept, 90, columns=("rotated_at",))
        assert login.refresh(sid) == ["ok", "1", "1000"]
        age(kept, 20, columns=("rotated_at",))
        assert login.refresh(sid) == ["ok", "2", "1000"]
        age(kept, 101, columns=("rotated_at",))
        assert login.refresh(sid)[0] == "replayed"


def test_idle_and_absolute_end_of_a_client(kept, login):
    sid = login.family()
    for gen in range(1, 31):
        age(kept, 86300)
        assert login.refresh(sid, gen)[:2] == ["ok", str(gen + 1)]
    age(kept, 4000)
    assert login.refresh(sid, 31)[0] == "expired"
    sid = Login(login.tool).family()
    age(kept, 86500)
    assert login.refresh(sid)[0] == "expired"


def test_a_client_that_is_disabled_or_removed_loses_its_sessions(kept, login):
    mine, other = login.family(), login.redeem(login.code("other"), client="other")[1]
    kept.execute("UPDATE oidc_client SET name = 'Web' WHERE client_id = 'web'")
    assert login.refresh(mine)[0] == "ok"
    kept.execute("UPDATE oidc_client SET active = false WHERE client_id = 'web'")
    assert login.refresh(mine)[0] == "ended" and login.refresh(other, client="other")[0] == "ok"
    assert kept.execute("SELECT replace(sid::text, '-', '') FROM jwt_change WHERE ends") == [(mine,)]
    code = login.code("other")
    kept.execute("UPDATE oidc_client SET active = true")
    assert login.refresh(mine)[0] == "ended"
    kept.execute("DELETE FROM oidc_client WHERE client_id = 'other'")
    assert login.refresh(other, client="other")[0] == "ended" and login.tool.ask("read", code) == ["no"]
    assert login.tool.ask("browser", login.cookie)[0] == "yes"


RENAMED = "UPDATE oidc_client SET client_id = 'former' WHERE client_id = 'web'"
BACK = "UPDATE oidc_client SET active = true, client_id = 'web' WHERE client_id IN ('web', 'former')"
ADDED = "INSERT INTO oidc_client SELECT * FROM web"


@pytest.mark.parametrize("end, begin", [
    ("UPDATE oidc_client SET active = false WHERE client_id = 'web'", BACK), (RENAMED, BACK), (RENAMED, ADDED),
    ("DELETE FROM oidc_client WHERE client_id = 'web'", ADDED),
])
def test_what_begins_while_a_client_is_ended_is_gone_when_it_begins_again(kept, login, end, begin):
    """Many sessions take a while to end; meanwhile the client still looks as before to all others."""
    kept.execute("CREATE TABLE web AS SELECT * FROM oidc_client WHERE client_id = 'web'")
    try:
        with contextlib.closing(kept.cluster.connect(kept.name)) as connection:
            connection.autocommit = False
            connection.cursor().execute(end)
            sid, code = login.family(), login.code()
            connection.commit()
        assert login.redeem(code) == ["no"]
        code = login.code()  # by a process that has read the client before
        kept.execute(begin)
        assert login.refresh(sid)[0] == "ended"
        assert login.redeem(code) == ["no"]
        assert login.redeem(login.code())[0] == "yes"
    finally:
        kept.execute("DROP TABLE web")


STANDING = """
CREATE FUNCTION stand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock(17); RETURN NEW; END $$;
CREATE TRIGGER stand BEFORE INSERT ON jwt_session FOR EACH ROW EXECUTE FUNCTION stand()"""


def test_a_redemption_that_lasts_from_before_the_end_of_a_client_until_it_begins_again(kept):
    """The new beginning waits for it, and finds its session."""
    def waits(lock):
        return process.wait_for(lambda: kept.execute(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = %s AND datname = current_database()", lock), lock)

    with tools(settings_of(kept, JWT_DATABASE_TIMEOUT="60")) as [one], \
            contextlib.closing(kept.cluster.connect(kept.name)) as connection, \
            contextlib.closing(kept.cluster.connect(kept.name)) as other:
        login = Login(one)
        kept.execute(STANDING)
        try:
            connection.autocommit = False
            connection.cursor().execute("UPDATE oidc_client SET active = false WHERE client_id = 'web'")
            code = login.code()
            kept.execute("SELECT pg_advisory_lock(17)")
            login.tool.send(*login.redeeming(code))
            waits("advisory")
            connection.commit()
            begun = threading.Thread(target=lambda: other.cursor().execute("UPDATE oidc_client SET active = true"))
            begun.start()
            waits("transactionid")
            kept.execute("SELECT pg_advisory_unlock(17)")
            verdict, sid, _ = login.tool.receive()
            begun.join()
            assert verdict == "yes" and login.refresh(sid)[0] == "ended"
        finally:
            kept.execute("SELECT pg_advisory_unlock_all(); DROP TRIGGER stand ON jwt_session; DROP FUNCTION stand")


# --- Beside password logins.

@pytest.fixture
def password_logins(kept):
    """token and sessions with JWT_SESSION_MAX=1; .log_in() gives tokens."""
    skip_without("token", "sessions", "refresh")
    environment = settings_of(kept, JWT_SESSION_MAX="1")
    del environment["JWT_OIDC_ISSUER"]
    with fastcgi.Program("token", environment) as token, fastcgi.Program("sessions", environment) as sessions:
        token.log_in = lambda: token.answer(*fastcgi.login("alice", PASSWORD)).json()
        token.sessions = sessions
        yield token


def test_only_password_logins_are_counted(kept, login, password_logins):
    sids = [login.family() for _ in range(3)]
    for _ in range(3):
        password_logins.log_in()
    assert kept.execute("SELECT count(*) FROM jwt_session WHERE client_id IS NULL") == [(1,)]
    assert {login.refresh(sid)[0] for sid in sids} == {"ok"}
    assert login.tool.ask("browser", login.cookie)[0] == "yes"


def test_the_list_names_the_client(kept, login, password_logins):
    sid = login.family()
    tokens = password_logins.log_in()
    answer = password_logins.sessions.answer(*fastcgi.get("/api/sessions/", tokens["access"]))
    listed = {row["sid"]: row.get("client") for row in answer.json()}
    assert len(listed) == 3 and listed[sid] == "web" and listed[login.sid] == ""
    assert sum("client" in row for row in answer.json()) == 2
    shown = subprocess.run([ours.program("jwtctl"), "session", "list", "alice", "--json"], env=settings_of(kept),
                           text=True, capture_output=True, check=True).stdout
    assert sorted(str(row["client"]) for row in json.loads(shown)) == ["", "None", "web"]


@pytest.mark.parametrize("by", ["logins", "codes"])
def test_expired_rows_are_swept(kept, login, by):
    for _ in range(3):
        login.family(kind="online")
    age(kept, 43201)
    fresh = Login(login.tool) if by == "logins" else login
    if by == "codes":
        age(kept, -43201)
        kept.execute("UPDATE jwt_session SET expires_at = now() WHERE client_id = 'web'")
    for number in range(3):  # the hand goes to the end of the table, and back, and begins again
        if by == "logins":
            fresh = Login(login.tool)
        else:
            fresh.redeem(fresh.code(), sid=f"{number:032x}")
    assert kept.execute("SELECT count(*) FROM jwt_session WHERE expires_at <= now()") == [(0,)]


def test_a_redeemed_code_reads_no_whole_table(kept):
    """A connection adds to the statistics when it ends."""
    def counted():
        return kept.execute("SELECT n_tup_ins, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'jwt_session'")[0]

    kept.execute("INSERT INTO jwt_session SELECT n::text, gen_random_uuid(), 1, 0, now(), now(), now() + interval '1 day',"
                 " now() FROM generate_series(1, 10000) n; ANALYZE jwt_session")
    process.wait_for(lambda: counted()[0] >= 10000, "the rows to be counted")
    inserted, before = counted()
    with tools(settings_of(kept)) as [one]:
        login = Login(one)
        for number in range(30):  # this one sweeps
            assert login.redeem(login.code(), sid=f"{number:032x}")[0] == "yes"
    process.wait_for(lambda: counted()[0] >= inserted + 31, "the connection to end")
    assert counted()[1] - before < 10000


# --- Profiles.

def claims(answer):
    """What is known: neither null nor empty."""
    return {name: value for row in answer for name, value in json.loads(row).items() if value}


def test_profile_of_djangos_table(kept, tool):
    kept.execute("UPDATE auth_user SET first_name = 'Ada \"A\"', last_name = 'L <é>', email = 'ada@example.com'"
                 " WHERE username = 'alice'")
    user = str(kept.execute("SELECT id FROM auth_user WHERE username = 'alice'")[0][0])
    assert claims(tool.good("profile", user)) == {
        "name": 'Ada "A" L <é>', "given_name": 'Ada "A"', "family_name": "L <é>", "email": "ada@example.com"}
    kept.execute("UPDATE auth_user SET last_name = '', email = '' WHERE username = 'alice'")
    assert claims(tool.good("profile", user)) == {"name": 'Ada "A"', "given_name": 'Ada "A"'}
    assert tool.ask("profile", "999999") == ["no"]


def test_profile_of_a_query(kept):
    query = ("SELECT username AS nickname, is_active AS email_verified, 17 AS updated_at, NULL AS picture,"
             " '' AS website, email, json_build_object('country', 'ES') AS address FROM auth_user"
             " WHERE id = $1::integer -- a comment at the end")
    with tools(settings_of(kept, JWT_OIDC_CLAIMS_QUERY=query)) as [one]:
        kept.execute("UPDATE auth_user SET email = 'a@b.c' WHERE username = 'alice'")
        login = Login(one)
        assert claims(one.good("profile", login.user)) == {
            "nickname": "alice", "email_verified": True, "updated_at": 17, "email": "a@b.c", "address": {"country": "ES"}}
        assert one.ask("check") == ["yes"]
    for query, state in (("SELECT nonsense FROM auth_user WHERE id = $1", "42703"),
                         ("SELECT $1 AS a) found, (SELECT 2 AS b", "42601")):  # it closes the parenthesis around it
        checker = Tool(settings_of(kept, JWT_OIDC_CLAIMS_QUERY=query))
        assert checker.ask("check") == ["no"]
        assert f"JWT_OIDC_CLAIMS_QUERY: {state}" in checker.end()


MEMBERS = """
CREATE SCHEMA club;
CREATE TABLE club."Members" ("No" uuid PRIMARY KEY, login text UNIQUE, secret text, open boolean, seen timestamptz,
	last_name text, email text);
GRANT USAGE ON SCHEMA club TO PUBLIC;
INSERT INTO club."Members" SELECT '00000000-0000-0000-0000-00000000000a', 'ada', password, true, NULL, 'Lovelace', NULL
	FROM auth_user WHERE username = 'alice';
"""
COLUMNS = {"users": 'club."Members"', "key": "No", "id": "No", "login": "login", "username": "login",
           "password": "secret", "active": "open", "last_login": "seen"}
MEMBER_SETTINGS = {
    "JWT_USER_TABLE": "club.Members", "JWT_USER_KEY_FIELD": "No", "JWT_USER_ID_FIELD": "No",
    "JWT_USERNAME_FIELD": "login", "JWT_USER_PASSWORD_FIELD": "secret", "JWT_USER_ACTIVE_FIELD": "open",
    "JWT_USER_LAST_LOGIN_FIELD": "seen", "JWT_PASSWORD_REHASH": "off",
}
QUERY = {
    "JWT_USER_QUERY": 'SELECT "No", secret, open, "No", login FROM club."Members" WHERE login = $1',
    "JWT_USER_ID_QUERY": 'SELECT "No", secret, open, "No", login, seen AS auth_time, login AS sid, 1 AS gen'
                         ' FROM club."Members" WHERE "No"::text = $1 -- of a token',
    "JWT_FEED_KNOWN": "0",
}


@pytest.mark.parametrize("settings, found", [(MEMBER_SETTINGS, {"name": "Lovelace", "family_name": "Lovelace"}),
                                             (QUERY, {})], ids=["table", "query"])
def test_another_table_of_users(cluster, kept, settings, found):
    kept.execute("CREATE DATABASE oidc_members TEMPLATE template0")
    try:
        cluster.psql("oidc_members", "-f", SQL / "schema.sql")
        cluster.psql("oidc_members", "-c", "INSERT INTO auth_user (username, password, is_superuser, first_name,"
                     " last_name, email, is_staff, is_active, date_joined) VALUES ('alice', '"
                     + kept.execute("SELECT password FROM auth_user WHERE username = 'alice'")[0][0]
                     + "', false, '', '', '', false, true, now())")
        cluster.psql("oidc_members", "-c", MEMBERS)
        variables = [word for item in COLUMNS.items() for word in ("-v", "{}={}".format(*item))]
        for name in ("oidc", "roles", "oidc"):
            cluster.psql("oidc_members", *variables, "-f", SQL / f"{name}.sql")
        with contextlib.closing(cluster.connect("oidc_members")) as connection:
            connection.cursor().execute(
                "INSERT INTO oidc_client (client_id, name, auth_method, redirect_uris) VALUES ('web', 'x', 'none', %s)",
                ([CALLBACK],))
            with tools({**settings_of(kept, **settings), "PGDATABASE": "oidc_members"}) as [one]:
                if settings is QUERY:
                    cluster.psql("oidc_members", "-c", 'GRANT SELECT ON club."Members" TO jwt_fcgi')
                assert one.ask("check") == ["yes"]
                login = Login.__new__(Login)
                login.tool = one
                login.cookie, login.user, login.sid, login.name, _ = one.good("login", "ada", PASSWORD)
                assert login.name == "ada" and one.ask("browser", login.cookie)[0] == "yes"
                sid = login.family()
                assert login.refresh(sid)[0] == "ok"
                assert claims(one.ask("profile", login.user)[1:]) == found
                connection.cursor().execute('UPDATE club."Members" SET open = false')
                assert one.ask("browser", login.cookie) == ["no"]
                assert login.refresh(sid)[0] == "no-account"
    finally:
        kept.execute("DROP DATABASE oidc_members WITH (FORCE)")


TWICE = "SELECT id, password, is_active, id, username FROM auth_user, twice WHERE {} = $1"
TWICE_QUERIES = {"JWT_USER_QUERY": TWICE.format("username"), "JWT_USER_ID_QUERY": TWICE.format("id::text"),
                 "JWT_FEED_KNOWN": "0"}


def test_two_rows_for_one_user_leave_the_code_good(kept):
    """503: the operator's query is at fault, not the client."""
    kept.execute("CREATE TABLE twice AS SELECT 1; GRANT SELECT ON twice TO jwt_fcgi")
    try:
        with tools(settings_of(kept, **TWICE_QUERIES)) as [one]:
            login = Login(one)
            code = login.code()
            kept.execute("INSERT INTO twice VALUES (2)")
            assert login.redeem(code) == ["undecided"]
            assert one.ask("create", "web", login.user, "openid", CALLBACK, CHALLENGE, "n", login.sid) == ["undecided"]
            kept.execute("DELETE FROM twice WHERE ctid = (SELECT max(ctid) FROM twice)")
            assert login.redeem(code)[0] == "yes"
    finally:
        kept.execute("DROP TABLE twice")


# --- A backup.

def test_dump_and_restore(cluster, kept, login):
    used, fresh, sid = login.code(), login.code(), login.family()
    assert login.redeem(used)[0] == "yes"
    login.tool.good("consent", login.user, "web", "openid")
    dumped = subprocess.run(["pg_dump"], check=True, capture_output=True,
                            env=ours.environment(cluster.environment("oidc_state"), {})).stdout
    kept.execute("CREATE DATABASE oidc_restored")
    try:
        cluster.psql("oidc_restored", input=dumped, stdout=subprocess.DEVNULL)
        with tools({**settings_of(kept), "PGDATABASE": "oidc_restored"}) as [one]:
            assert one.ask("check") == ["yes"]
            login.tool = one
            assert one.ask("browser", login.cookie)[0] == "yes" and login.refresh(sid)[0] == "ok"
            assert login.redeem(used) == ["no"] and login.redeem(fresh)[0] == "yes"
            assert one.ask("consented", login.user, "web", "openid") == ["yes"]
    finally:
        kept.execute("DROP DATABASE oidc_restored WITH (FORCE)")
