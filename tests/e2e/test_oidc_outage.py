"""The endpoints of clients while the database is away: 503, and afterwards everything is as good as before."""
import contextlib
import json
import threading

import pytest
from harness import codes, cutter, fastcgi, oidc, ours, process
from harness.codes import age_sessions, basic, new_code, post, redeem, refresh, tokens
from harness.fixtures import skip_without
from harness.profiles import KEY
from harness.site import own_site
from harness.tokens import Maker, claims_of

PROGRAMS = ("oauth_token", "userinfo", "introspect", "revoke")


@pytest.fixture(scope="module")
def running():
    """A cluster of its own, which these tests break."""
    skip_without(*PROGRAMS, "jwtctl")
    with own_site("outage", "-f", ours.CHECKOUT / "sql" / "oidc.sql") as site:
        with oidc.Provider(site, JWT_DATABASE_TIMEOUT="1", JWT_OIDC_CODE_LIFETIME="600", JWT_SIGNING_KEY=KEY,
                           JWT_TOKEN_BLACKLIST="on") as provider:
            yield provider


@pytest.fixture
def provider(running):
    running.restore()
    return running


def is_outage(answer):
    assert (answer.status, answer.json()) == (503, {"error": "temporarily_unavailable"}), answer
    assert answer.header("Retry-After") and answer.header("Cache-Control") == "no-store"
    assert answer.header("WWW-Authenticate") is None
    return True


@contextlib.contextmanager
def locked(provider, table):
    """Nobody else can read or write the table."""
    with contextlib.closing(provider.site.cluster.connect(provider.site.name)) as connection:
        connection.autocommit = False
        connection.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()


def restart(provider):
    cluster = provider.site.cluster
    cluster.kill()
    cluster.start()
    provider.site.connect_again()


def recovers(ask):
    """A query that follows a missed deadline has less time: the first good answer counts."""
    return process.wait_for(lambda: (answer := ask()).status == 200 and answer, "the program to recover")


@pytest.mark.parametrize("table", ["oidc_client", "oidc_code", "auth_user"])
def test_an_outage_at_each_step_before_the_last_leaves_the_code_good(provider, table):
    """Each of the tables is first read by another statement."""
    code = new_code(provider)
    with locked(provider, table):
        assert is_outage(redeem(provider, code))
    answer = recovers(lambda: redeem(provider, code)).json()
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(1,)]
    assert codes.statuses(provider, answer["access_token"]) == {200}


@pytest.mark.parametrize("table", ["auth_user", "jwt_change", "jwt_session"])
def test_a_statement_that_was_given_up_takes_no_code(provider, table):
    """PostgreSQL goes on with it when the lock is gone, long after the client was told to come again."""
    def is_there(how=""):
        return provider.site.execute(f"SELECT 1 FROM pg_stat_activity WHERE application_name = 'oauth_token' {how}")

    for _ in range(3):  # so that the statements are prepared
        recovers(lambda: redeem(provider, new_code(provider)))
    code = new_code(provider)
    with locked(provider, table):
        assert is_outage(redeem(provider, code))
        process.wait_for(lambda: is_there("AND clock_timestamp() > xact_start + interval '1.2 s'"), "its end")
    process.wait_for(lambda: not is_there(), "the connection to end")
    answer = redeem(provider, code)
    assert answer.status == 200, answer.body
    assert codes.statuses(provider, answer.json()["access_token"]) == {200}


@pytest.mark.parametrize("after", ["a good answer", "an outage"])
def test_a_statement_that_arrives_late_takes_no_code(provider, after):
    """The network stands still, or the server's process: it begins when the client was told to come again."""
    def connections():
        return provider.site.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'oauth_token'")

    way, before = cutter.Cutter(provider.site.cluster), connections()
    try:
        with oidc.Provider(provider.site, PGHOST=str(way.folder), JWT_DATABASE_TIMEOUT="1",
                           JWT_OIDC_CODE_LIFETIME="600") as other:
            code = new_code(other)
            if after == "an outage":  # then queries have half a second until one is answered
                with locked(other, "oidc_client"):
                    assert is_outage(redeem(other, code))
            way.hold("SET sid")
            assert is_outage(redeem(other, code))
            assert way.holding.is_set()
            way.release()
            process.wait_for(lambda: connections() == before, "the statement to end")
            assert other.site.execute("SELECT count(*) FROM jwt_session") == [(0,)]
            assert recovers(lambda: redeem(other, code)).json()["access_token"]
    finally:
        way.end()


def test_a_database_that_dies_under_the_last_statement(provider):
    """It waits for a lock when the database crashes: no session has begun. All codes are gone, also used ones."""
    used, code = new_code(provider), new_code(provider)
    sid = claims_of(redeem(provider, used).json()["access_token"])["sid"]
    provider.site.execute("CHECKPOINT")
    answers = []
    connection = provider.site.cluster.connect(provider.site.name)
    connection.autocommit = False
    connection.cursor().execute("LOCK TABLE jwt_session IN ACCESS EXCLUSIVE MODE")
    asked = threading.Thread(target=lambda: answers.append(redeem(provider, code)))
    asked.start()
    process.wait_for(lambda: provider.site.execute(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%oidc_code%%'"),
        "the statement to wait")
    restart(provider)
    asked.join()
    assert is_outage(answers[0])
    recovers(lambda: redeem(provider, new_code(provider)))
    for gone in (code, used):
        assert redeem(provider, gone).json()["error"] == "invalid_grant"
    left = provider.site.execute("SELECT replace(sid::text, '-', '') FROM jwt_session")
    assert len(left) == 2 and (sid,) in left


def test_a_database_that_is_stopped_between_code_and_tokens(provider):
    code = new_code(provider)
    cluster = provider.site.cluster
    cluster.stop()
    assert is_outage(redeem(provider, code))
    assert is_outage(post(provider, "/oauth/introspect", {"token": "x"}))
    cluster.start()
    provider.site.connect_again()
    answer = recovers(lambda: redeem(provider, code)).json()
    age_sessions(provider, 60)
    provider.site.execute("CHECKPOINT")
    cluster.kill()
    assert is_outage(refresh(provider, answer["refresh_token"]))
    assert is_outage(post(provider, "/oauth/revoke", {"token": answer["access_token"]}))
    for program in provider.programs["userinfo"]:
        assert is_outage(program.answer(*fastcgi.get("/", answer["access_token"])))
    cluster.start()
    provider.site.connect_again()
    recovers(lambda: refresh(provider, answer["refresh_token"]))


@pytest.mark.parametrize("table", ["oidc_client", "auth_user", "jwt_session"])
def test_an_outage_at_each_step_of_a_refresh(provider, table):
    first = tokens(provider)
    age_sessions(provider, 60)
    with locked(provider, table):
        assert is_outage(refresh(provider, first["refresh_token"]))
    recovers(lambda: refresh(provider, first["refresh_token"]))


@pytest.mark.parametrize("with_session, table", [
    (True, "oidc_client"), (True, "auth_user"), (True, "jwt_session"), (False, "oidc_client"), (False, "auth_user"),
    (False, "jwt_change"), (False, "token_blacklist_blacklistedtoken"),
])
def test_an_outage_at_each_step_of_a_token_that_no_client_owns(provider, with_session, table):
    """503, never active or not; the token is as good as before, and revoked only where the answer says it is."""
    oidc.add_client(provider.site, "gate", introspect=True)
    token = Maker().make({"kind": "refresh", "set": {"user_id": "1"}})
    if with_session:
        answer = provider.ask("POST /api/token/refresh/", ["Content-Type: application/json"],
                              json.dumps({"refresh": token}).encode())
        token = answer.json()["refresh"]

    def introspect():
        return post(provider, "/oauth/introspect", {"token": token}, "gate")

    def revoke():
        return post(provider, "/oauth/revoke", {"token": token}, "gate")

    with locked(provider, table):
        assert is_outage(introspect())
    assert recovers(introspect).json()["active"] is True
    # Revocation asks for the user of a token without a session only to list it.
    if (with_session, table) != (True, "auth_user"):
        with locked(provider, table):
            assert is_outage(revoke())
    recovers(revoke)
    assert recovers(introspect).json() == {"active": False}


def test_without_a_database_a_bad_request_is_still_a_bad_request(provider):
    """What is decided before the database is asked is decided without it."""
    with locked(provider, "oidc_client"):
        answer = provider.post("/oauth/token", b"grant_type=a&grant_type=b", [basic()])
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
        assert provider.post("/oauth/token", {"grant_type": "authorization_code"}).status == 401
