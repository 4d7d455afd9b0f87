"""jwtctl session: an administrator lists sessions and ends them, with the role of the programs."""
import json
import re
import subprocess

import pytest
from harness import fastcgi, ours
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import own_site
from harness.tokens import claims_of


@pytest.fixture(scope="module")
def kept():
    skip_without("jwtctl", "token", "refresh", "hello")
    with own_site("sessions", "-f", ours.CHECKOUT / "sql" / "sessions.sql") as site:
        yield site


@pytest.fixture
def environment(kept):
    kept.restore()
    kept.execute("DELETE FROM jwt_session; DELETE FROM jwt_change")
    return ours.environment(kept.our_environment(), {**PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on"})


@pytest.fixture
def log_in(environment):
    with fastcgi.Program("token", environment) as token:
        def one(name="alice"):
            answer = token.answer(*fastcgi.login(name, PASSWORD))
            assert answer.status == 200, token.log.read_text()
            return answer.json()
        yield one


def jwtctl(environment, *arguments, status=0):
    done = subprocess.run([ours.program("jwtctl"), "session", *arguments], env=environment, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def sid(tokens):
    return claims_of(tokens["refresh"])["sid"]


def refreshes(environment, tokens):
    with fastcgi.Program("refresh", environment) as refresh:
        return refresh.answer(*fastcgi.post("/api/token/refresh/", {"refresh": tokens["refresh"]})).status == 200


def listed(environment, name="alice"):
    return json.loads(jwtctl(environment, "list", name, "--json").stdout)


def test_list(environment, log_in):
    assert listed(environment) == []
    one, other = log_in(), log_in()
    found = listed(environment)
    assert {row["sid"] for row in found} == {sid(one), sid(other)}
    assert list(found[0]) == ["sid", "created_at", "refreshed_at", "expires_at", "address", "agent", "client"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found[0]["expires_at"])
    assert found[0]["address"] is None and found[0]["agent"] is None and found[0]["client"] is None
    assert sid(one) in jwtctl(environment, "list", "alice").stdout


def test_end(environment, log_in):
    one, other = log_in(), log_in()
    done = jwtctl(environment, "end", "alice", sid(one), "--json")
    assert json.loads(done.stdout) == {"ended": 1}
    assert re.search(rf"session outcome=session-ended user=1 sid={sid(one)} ended=1", done.stderr)
    assert not refreshes(environment, one) and refreshes(environment, other)
    assert "no such session" in jwtctl(environment, "end", "alice", sid(one), status=1).stderr


def test_an_access_token_ends_at_once(environment, log_in):
    tokens = log_in()
    with fastcgi.Program("hello", {**environment, "JWT_FEED_POLL": "0"}) as hello:
        for _ in range(3):
            assert hello.answer(*fastcgi.get("/hello/", tokens["access"])).status == 200
        jwtctl(environment, "end-all", "alice")
        assert hello.answer(*fastcgi.get("/hello/", tokens["access"])).status == 401


def test_end_all(environment, log_in):
    alice = [log_in(), log_in()]
    other = log_in("MixedCase")
    done = jwtctl(environment, "end-all", "alice", "--json")
    assert json.loads(done.stdout) == {"ended": 2}
    assert "user=1 sid=all ended=2" in done.stderr
    assert not any(refreshes(environment, tokens) for tokens in alice) and refreshes(environment, other)
    assert json.loads(jwtctl(environment, "end-all", "alice", "--json").stdout) == {"ended": 0}


def test_end_all_of_everybody(environment, log_in):
    tokens = [log_in(), log_in("MixedCase")]
    assert json.loads(jwtctl(environment, "end-all", "--everybody", "--json").stdout) == {"ended": 2}
    assert not any(refreshes(environment, one) for one in tokens)


def test_another_user_has_no_such_session(environment, log_in):
    tokens = log_in()
    jwtctl(environment, "end", "MixedCase", sid(tokens), status=1)
    assert refreshes(environment, tokens)


def test_sweep(environment, log_in, kept):
    log_in(), log_in()
    kept.execute("INSERT INTO jwt_session SELECT 'gone', gen_random_uuid(), 1, 0, now(), now(),"
                 " now() - interval '1 hour', now() FROM generate_series(1, 120)")
    jwtctl(environment, "sweep")
    assert kept.execute("SELECT count(*) FROM jwt_session")[0][0] == 2


@pytest.mark.parametrize("arguments", [("list", "nobody-here"), ("end", "nobody-here", "0" * 32), ("end-all", "nobody-here")])
def test_no_such_user(environment, arguments):
    assert "there is no user nobody-here" in jwtctl(environment, *arguments, status=1).stderr


@pytest.mark.parametrize("arguments", [
    ("list",), ("end", "alice"), ("end", "alice", "x"), ("end", "alice", "A" * 32), ("end-all",),
    ("end-all", "alice", "--everybody"), ("list", "alice", "bob"), ("sweep", "alice"),
])
def test_usage(environment, arguments):
    jwtctl(environment, *arguments, status=2)


def test_without_sessions_and_without_a_database(environment):
    assert "JWT_SESSIONS is off" in jwtctl({**environment, "JWT_SESSIONS": "off"}, "list", "alice", status=2).stderr
    for arguments in (("list", "alice"), ("end", "alice", "0" * 32), ("end-all", "--everybody"), ("sweep",)):
        jwtctl({**environment, "PGHOST": "/nowhere"}, *arguments, status=2)
