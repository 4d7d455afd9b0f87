"""jwtctl token and throttle: an administrator lists tokens, revokes and flushes them, and forgives guesses."""
import json
import re
import subprocess
import time

import pytest
from harness import fastcgi, ours, reference
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import own_site
from harness.tokens import claims_of

TABLES = ("token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken")


@pytest.fixture(scope="module")
def kept():
    skip_without("jwtctl", "token", "refresh")
    with own_site("tokens", "-f", ours.CHECKOUT / "sql" / "sessions.sql") as site:
        yield site


@pytest.fixture
def environment(kept):
    """With the role of the programs."""
    kept.restore()
    kept.execute("DELETE FROM jwt_session; DELETE FROM jwt_change")
    return ours.environment(kept.our_environment(), PROFILES["default"].our_settings())


@pytest.fixture
def owner(kept, environment):
    return ours.environment(kept.environment(), PROFILES["default"].our_settings())


def jwtctl(environment, *arguments, status=0):
    done = subprocess.run([ours.program("jwtctl"), *arguments], env=environment, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def answer(environment, *arguments):
    return json.loads(jwtctl(environment, *arguments, "--json").stdout)


def log_in(environment, name="alice"):
    with fastcgi.Program("token", environment) as token:
        got = token.answer(*fastcgi.login(name, PASSWORD))
        assert got.status == 200, token.log.read_text()
        return got.json()["refresh"]


def refreshes(environment, token):
    with fastcgi.Program("refresh", environment) as refresh:
        return refresh.answer(*fastcgi.post("/api/token/refresh/", {"refresh": token})).status == 200


# --- Tokens.

def test_list(environment, kept):
    assert answer(environment, "token", "list") == []
    mine, other = log_in(environment), log_in(environment, "MixedCase")
    kept.execute("INSERT INTO token_blacklist_outstandingtoken (token, jti, expires_at, user_id)"
                 " VALUES ('old', 'old', now() - interval '1 second', 1)")
    rows = answer(environment, "token", "list")
    assert [row["jti"] for row in rows] == [claims_of(mine)["jti"], claims_of(other)["jti"]]
    assert rows[0] | {"created": 0} == {"user": "1", "jti": claims_of(mine)["jti"], "created": 0,
                                        "expires": claims_of(mine)["exp"], "revoked": False}
    assert answer(environment, "token", "list", "--user", "alice") == rows[:1]
    assert mine not in jwtctl(environment, "token", "list").stdout


def test_list_has_more_rows_than_one_answer(environment, kept):
    kept.execute("INSERT INTO token_blacklist_outstandingtoken (token, jti, expires_at, user_id)"
                 " SELECT '', i, now() + interval '1 hour', 1 + i % 2 FROM generate_series(1, 1100) i")
    assert len({row["jti"] for row in answer(environment, "token", "list")}) == 1100
    assert len({row["jti"] for row in answer(environment, "token", "list", "--user", "alice")}) == 550


def test_revoke(environment):
    mine, other = [log_in(environment), log_in(environment)], log_in(environment, "MixedCase")
    done = jwtctl(environment, "token", "revoke", "--user", "alice", "--json")
    assert json.loads(done.stdout) == {"revoked": 2, "ended": 0}
    assert re.search(r"token outcome=tokens-revoked user=1 revoked=2 ended=0", done.stderr)
    assert not any(refreshes(environment, token) for token in mine) and refreshes(environment, other)
    assert all(row["revoked"] for row in answer(environment, "token", "list", "--user", "alice"))
    assert answer(environment, "token", "revoke", "--user", "alice") == {"revoked": 0, "ended": 0}


def test_revoke_ends_sessions(environment):
    environment = {**environment, "JWT_SESSIONS": "on", "JWT_TOKEN_BLACKLIST": "off"}
    mine, other = log_in(environment), log_in(environment, "MixedCase")
    assert answer(environment, "token", "revoke", "--user", "alice") == {"revoked": 0, "ended": 1}
    assert not refreshes(environment, mine) and refreshes(environment, other)


FLUSHABLE = """
INSERT INTO token_blacklist_outstandingtoken (token, jti, created_at, expires_at, user_id)
SELECT '', i, now(), now() + CASE WHEN i % 3 = 0 THEN 1 ELSE -1 END * interval '1 hour', CASE WHEN i % 5 > 0 THEN 1 END
FROM generate_series(1, 2500) i;
INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, now() FROM token_blacklist_outstandingtoken WHERE jti::integer % 2 = 0;
"""


def rows(kept):
    return [kept.execute(f"SELECT * FROM {table} ORDER BY id") for table in TABLES]


def test_flush_leaves_what_djangos_leaves(owner, kept):
    kept.execute(FLUSHABLE)
    for table in TABLES:
        kept.execute(f"CREATE TEMPORARY TABLE first_{table} AS SELECT * FROM {table}")
    subprocess.run([reference.PYTHON, "-m", "django", "flushexpiredtokens", "--skip-checks"], check=True,
                   cwd=reference.SITE, env=reference.environment(PROFILES["default"], kept.environment()))
    left = rows(kept)
    assert [len(one) for one in left] == [833, 416]
    for table in reversed(TABLES):
        kept.execute(f"DELETE FROM {table}")
    for table in TABLES:
        kept.execute(f"INSERT INTO {table} SELECT * FROM first_{table}")
    assert answer(owner, "token", "flush") == {"deleted": 2500 - 833}
    assert rows(kept) == left
    assert answer(owner, "token", "flush") == {"deleted": 0}


def test_flush_takes_a_thousand_rows_a_statement(owner, kept):
    kept.execute(FLUSHABLE)
    kept.execute("CREATE TABLE gone (n bigint);"
                 "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS"
                 " 'BEGIN INSERT INTO gone SELECT count(*) FROM old; RETURN NULL; END';"
                 "CREATE TRIGGER note AFTER DELETE ON token_blacklist_outstandingtoken REFERENCING OLD TABLE AS old"
                 " FOR EACH STATEMENT EXECUTE FUNCTION note()")
    try:
        jwtctl(owner, "token", "flush")
        taken = [n for n, in kept.execute("SELECT n FROM gone WHERE n > 0")]
        assert len(taken) >= 3 and max(taken) <= 1000 and sum(taken) == 2500 - 833
    finally:
        kept.execute("DROP TRIGGER note ON token_blacklist_outstandingtoken; DROP FUNCTION note; DROP TABLE gone")


def test_flush_needs_the_owner(environment, kept):
    kept.execute(FLUSHABLE)
    assert "permission denied" in jwtctl(environment, "token", "flush", status=2).stderr


def test_token_refusals(environment):
    for command in ("list", "revoke"):
        said = jwtctl(environment, "token", command, "--user", "nobody-here", status=1).stderr
        assert "there is no user nobody-here" in said
    jwtctl(environment, "token", "revoke", status=2)
    off = {**environment, "JWT_TOKEN_BLACKLIST": "off"}
    away = {**environment, "PGHOST": "/nowhere"}
    for arguments in (["list"], ["revoke", "--user", "alice"], ["flush"]):
        assert "JWT_TOKEN_BLACKLIST is off" in jwtctl(off, "token", *arguments, status=2).stderr
        jwtctl(away, "token", *arguments, status=2)


# --- The rate limit.

@pytest.fixture
def limited(environment, tmp_path):
    return {**environment, "JWT_THROTTLE": "on", "JWT_THROTTLE_FILE": str(tmp_path / "table")}


def guess(program, name="alice", address="192.0.2.7", password="guess"):
    parameters, body = fastcgi.login(name, password)
    return program.answer({**parameters, "REMOTE_ADDR": address}, body)


def exhaust(program):
    """Up to a wait that does not end while the test looks."""
    for _ in range(1000):
        got = guess(program)
        if got.status == 429 and int(got.header("Retry-After")) > 2:
            return
        time.sleep(0.01)
    raise AssertionError("never throttled")


def test_a_running_program_sees_what_is_forgiven(limited):
    pair = ("alice", "--address", "192.0.2.7")
    with fastcgi.Program("token", limited) as token:
        exhaust(token)
        counts = {row["by"]: row for row in answer(limited, "throttle", "show", *pair)}
        assert set(counts) == {"address", "name", "pair"}
        assert counts["pair"]["tries"] > 5 and counts["pair"]["wait"] > 0
        jwtctl(limited, "throttle", "forgive", "alice")  # by name alone: the pair still waits
        assert [row["tries"] for row in answer(limited, "throttle", "show", "alice")] == [0]
        assert guess(token, password=PASSWORD).status == 429
        jwtctl(limited, "throttle", "forgive", *pair)
        assert guess(token, password=PASSWORD).status == 200
        kinds = {row["by"] for row in answer(limited, "throttle", "show", *pair)}
        assert kinds == {"address", "name", "pair", "known pair"}


def test_forgive_all(limited):
    with fastcgi.Program("token", limited) as token:
        assert guess(token, "MixedCase", password=PASSWORD).status == 200
        exhaust(token)
        assert answer(limited, "throttle", "show")["counted"] == 3
        assert answer(limited, "throttle", "show", "192.0.2.7")[0]["tries"] > 5
        jwtctl(limited, "throttle", "forgive", "--all")
        assert answer(limited, "throttle", "show") | {"failures": 0} == {"counted": 0, "known": 1, "failures": 0}
        assert guess(token, password=PASSWORD).status == 200


def test_throttle_refusals(limited, tmp_path):
    said = jwtctl(limited, "throttle", "show", status=2).stderr
    assert "No such file" in said and not (tmp_path / "table").exists()
    assert "JWT_THROTTLE is off" in jwtctl({**limited, "JWT_THROTTLE": "off"}, "throttle", "show", status=2).stderr
    for arguments in (["forgive"], ["forgive", "alice", "--all"], ["show", "--address", "192.0.2.7"],
                      ["forgive", "alice", "--address", "bob"], ["show", "alice", "bob"]):
        jwtctl(limited, "throttle", *arguments, status=2)
