"""Guessed passwords have to wait: through the real Nginx, counted together by several workers."""
import base64
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.parse

import pytest
from harness import client, fastcgi, ours, process
from harness.fixtures import skip_without
from harness.oidc import SECRET, Provider, add_client
from harness.people import PASSWORD
from harness.profiles import PROFILES

TRIES = 5  # of one name from one address, before the first wait


@pytest.fixture
def environment(site, tmp_path):
    skip_without("token")
    return ours.environment(site.environment(), {
        **PROFILES["default"].our_settings(), "JWT_THROTTLE": "on", "JWT_THROTTLE_FILE": str(tmp_path / "table"),
    })


def login(program, name, password, address="192.0.2.1"):
    parameters, body = fastcgi.login(name, password)
    return program.answer({**parameters, "REMOTE_ADDR": address}, body)


def is_throttled(answer):
    assert answer.status == 429 and answer.reason == "Too Many Requests"
    seconds = int(answer.header("Retry-After"))
    assert answer.json() == {
        "detail": f"Request was throttled. Expected available in {seconds} seconds.", "code": "throttled"}
    assert answer.header("Cache-Control") == "no-store"
    return seconds


def exhaust(ask, least=2):
    """Guesses until it has to wait for that long, so that the next second does not let it through."""
    for _ in range(1000):
        answer = ask()
        if answer.status == 429 and is_throttled(answer) >= least:
            return
        assert answer.status in (401, 429)
        time.sleep(0.01)
    raise AssertionError("never throttled")


def test_two_programs_count_together_and_the_owner_gets_in(environment):
    with fastcgi.Program("token", environment) as one, fastcgi.Program("token", environment) as other:
        assert login(one, "alice", PASSWORD, "2001:db8:7::1").status == 200
        for turn in range(TRIES):
            assert login((one, other)[turn % 2], "alice", "guess").status == 401
        exhaust(lambda: login(one, "alice", "guess"))
        is_throttled(login(other, "alice", PASSWORD))  # the right one has to wait too
        numbers = iter(range(1000))  # the whole internet, at one name
        exhaust(lambda: login(one, "alice", "guess", f"198.{next(numbers)}.1.1"))
        is_throttled(login(other, "alice", "guess", "203.0.113.1"))
        for turn in range(3):
            assert login(other, "alice", PASSWORD, f"2001:db8:7:0:{turn}::2").status == 200


def test_no_hash_is_computed_for_who_has_to_wait(environment):
    with fastcgi.Program("token", {**environment, "JWT_PBKDF2_ITERATIONS": "600000"}) as program:
        exhaust(lambda: login(program, "nobody", "guess"), 3)
        begun = process.processor_time(program.process.pid)
        for _ in range(50):
            is_throttled(login(program, "nobody", "guess"))
        assert process.processor_time(program.process.pid) - begun < 0.1


def test_the_counts_survive_a_worker(environment):
    with fastcgi.Program("token", environment) as program:
        exhaust(lambda: login(program, "bob", "guess"))
        program.process.kill()
    with fastcgi.Program("token", environment) as program:
        is_throttled(login(program, "bob", "guess"))


def test_a_wait_ends(environment):
    with fastcgi.Program("token", environment) as program:
        exhaust(lambda: login(program, "alice", "guess"))
        time.sleep(is_throttled(login(program, "alice", "guess")) + 0.1)
        assert login(program, "alice", PASSWORD).status == 200
        assert login(program, "alice", "guess").status == 401, "and from now on he is known here"


def test_an_outage_is_not_counted(environment):
    with fastcgi.Program("token", {**environment, "PGHOST": "/nonexistent"}) as program:
        for _ in range(3 * TRIES):
            assert login(program, "alice", PASSWORD).status == 503


@pytest.fixture
def served(site):
    """Behind Nginx, with a table in a folder where any user can make it."""
    skip_without("token", "sliding")
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-throttle-") as folder:
        os.chmod(folder, 0o1777)
        yield site.ours("default", JWT_THROTTLE="on", JWT_THROTTLE_FILE=f"{folder}/table")


def test_only_the_web_server_says_the_address(served):
    """A header of the client does not change its address."""
    server = served
    headers = ["X-Forwarded-For: 203.0.113.%d", "Forwarded: for=203.0.113.%d", "X-Real-IP: 203.0.113.%d",
               "Remote-Addr: 203.0.113.%d", "Remote_Addr: 203.0.113.%d", "Client-IP: 203.0.113.%d"]
    exhaust(lambda: client.post_json(server.port, "/api/token/", {"username": "alice", "password": "guess"}))
    for turn, header in enumerate(headers):
        is_throttled(client.post_json(
            server.port, "/api/token/", {"username": "alice", "password": "guess"}, [header % turn]))
    answer = client.post_json(server.port, "/api/token/sliding/", {"username": "alice", "password": PASSWORD})
    is_throttled(answer)  # the same counts behind both doors


def test_stuffing_shows_in_the_log(environment):
    with fastcgi.Program("token", environment) as program:
        for turn in range(150):
            login(program, f"user{turn}", "Summer2026!", f"198.{turn}.1.1")
        assert re.search(r"credential stuffing\? 50 refused logins within a minute, of about \d+ names",
                         program.log.read_text())


def test_it_is_off_unless_asked_for(environment):
    with fastcgi.Program("token", {**environment, "JWT_THROTTLE": "off"}) as program:
        for _ in range(3 * TRIES):
            assert login(program, "alice", "guess").status == 401


def test_a_table_that_cannot_be_is_told_at_the_start(environment):
    with fastcgi.Program("token", {**environment, "JWT_THROTTLE_FILE": "/nonexistent/table"}) as program:
        assert program.process.wait(15) == 1
        assert "JWT_THROTTLE_FILE /nonexistent/table: No such file or directory" in program.log.read_text()


# --- Secrets of clients (/oauth/token, /oauth/introspect, /oauth/revoke).

CLIENT_TRIES = 10  # of one client from one address, before the first wait
SENDERS = ["basic", "post"]


@pytest.fixture(scope="module")
def limited(oidc_site):
    skip_without("oauth_token", "introspect", "revoke")
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-throttle-") as folder:
        os.chmod(folder, 0o1777)
        with Provider(oidc_site, JWT_THROTTLE="on", JWT_THROTTLE_FILE=f"{folder}/table") as provider:
            yield provider


@pytest.fixture
def secrets_of(limited):
    """secrets_of(program, client_id, secret, address, how): the answer of a program; nothing was counted before."""
    limited.restore()
    subprocess.run([ours.program("jwtctl"), "throttle", "forgive", "--all"], env=limited.environment, check=True)

    def ask(name, client_id, secret, address="192.0.2.1", how="basic"):
        fields = {"grant_type": "refresh_token", "refresh_token": "none", "token": "none"}
        headers = {}
        if how == "post":
            fields |= {"client_id": client_id, "client_secret": secret}
        else:
            pair = ":".join(urllib.parse.quote(one, safe="") for one in (client_id, secret))
            headers = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(pair.encode()).decode()}
        body = urllib.parse.urlencode(fields).encode()
        return limited.programs[name][0].answer(
            {**fastcgi.get("/oauth/x")[0], "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)),
             "CONTENT_TYPE": "application/x-www-form-urlencoded", "REMOTE_ADDR": address, **headers}, body)

    return ask


RIGHT = {"oauth_token": 400, "introspect": 200, "revoke": 200}  # of a secret that is right and a token that is none


def is_limited(answer):
    assert answer.status == 429 and answer.header("Content-Type") == "application/json"
    seconds = int(answer.header("Retry-After"))
    assert answer.json() == {"error": "temporarily_unavailable",
                             "error_description": f"Too many wrong client secrets. Try again in {seconds} seconds."}
    assert answer.header("Cache-Control") == "no-store" and answer.header("WWW-Authenticate") is None
    return seconds


def exhaust_secrets(ask, least=4):
    for _ in range(1000):
        answer = ask()
        if answer.status == 429 and is_limited(answer) >= least:
            return
        assert answer.status in (401, 429)
        time.sleep(0.01)
    raise AssertionError("never limited")


@pytest.mark.parametrize("how", SENDERS)
@pytest.mark.parametrize("name", RIGHT)
def test_wrong_secrets_of_a_client_have_to_wait(secrets_of, name, how):
    for _ in range(CLIENT_TRIES):
        assert secrets_of(name, "web", "wrong", how=how).status == 401
    exhaust_secrets(lambda: secrets_of(name, "web", "wrong", how=how))
    for other in RIGHT:  # they count together
        is_limited(secrets_of(other, "web", SECRET))
    assert secrets_of(name, "web", SECRET, "192.0.2.2", how).status == RIGHT[name]
    assert secrets_of(name, "post", SECRET, how=how).status == RIGHT[name], "another client at the same address"


def test_an_attacker_locks_no_client_out(secrets_of):
    """Neither from one address nor from many."""
    for number in range(40):
        assert secrets_of("oauth_token", "web", "wrong", f"198.51.100.{number}").status == 401
    exhaust_secrets(lambda: secrets_of("oauth_token", "web", "wrong", "2001:db8:1::1"))
    is_limited(secrets_of("oauth_token", "web", "wrong", "2001:db8:1::2"))
    for address in ("192.0.2.1", "2001:db8:2::1"):
        assert secrets_of("oauth_token", "web", SECRET, address).status == RIGHT["oauth_token"]


def test_right_secrets_are_never_counted(secrets_of):
    for _ in range(5 * CLIENT_TRIES):
        assert secrets_of("introspect", "web", SECRET).status == 200
    for _ in range(CLIENT_TRIES - 1):
        assert secrets_of("introspect", "web", "wrong").status == 401
    for _ in range(5 * CLIENT_TRIES):
        assert secrets_of("introspect", "web", SECRET).status == 200


@pytest.mark.parametrize("client_id, secret", [("unknown", "wrong"), ("off", SECRET), ("spa", "wrong")])
def test_a_client_without_a_secret_is_not_counted(limited, secrets_of, client_id, secret):
    """There is nothing to guess; and invented client ids would make the table forget the tries of others."""
    for _ in range(3 * CLIENT_TRIES):
        assert secrets_of("oauth_token", client_id, secret).status == 401
    shown = subprocess.run([ours.program("jwtctl"), "throttle", "show", "--json"], env=limited.environment,
                           capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["counted"] == 0


def test_secrets_without_an_address_are_not_limited(secrets_of):
    """All clients would be one."""
    for _ in range(3 * CLIENT_TRIES):
        assert secrets_of("revoke", "web", "wrong", "").status == 401


def test_a_user_and_a_client_of_one_name_are_two(limited, secrets_of):
    add_client(limited.site, "alice")
    exhaust_secrets(lambda: secrets_of("oauth_token", "alice", "wrong"))
    assert login(limited.programs["token"][0], "alice", PASSWORD).status == 200


def test_a_throttled_login_runs_no_statement(cluster, limited, secrets_of):
    exhaust_secrets(lambda: secrets_of("oauth_token", "web", "wrong"))
    with contextlib.closing(cluster.connect(limited.site.name)) as other:
        other.autocommit = False
        other.cursor().execute("LOCK oidc_client")
        begun = time.monotonic()
        is_limited(secrets_of("oauth_token", "web", "wrong"))
        assert time.monotonic() - begun < 1, "it waited for the table"


def test_an_administrator_sees_and_forgives_wrong_secrets(limited, secrets_of):
    def throttle(*arguments):
        return subprocess.run([ours.program("jwtctl"), "throttle", *arguments, "web", "--address", "192.0.2.1", "--json"],
                              env=limited.environment, capture_output=True, text=True, check=True).stdout

    exhaust_secrets(lambda: secrets_of("oauth_token", "web", "wrong"))
    [row] = [row for row in json.loads(throttle("show")) if row["by"] == "client"]
    assert row["tries"] > CLIENT_TRIES and row["wait"] > 0
    throttle("forgive")
    assert secrets_of("oauth_token", "web", SECRET).status == RIGHT["oauth_token"]


def test_fail2ban_finds_who_guesses(limited, secrets_of):
    """By the expression of docs/deploy.md."""
    text = (ours.CHECKOUT / "docs/deploy.md").read_text()
    pattern = re.search(r"`failregex = (.*?)`", text).group(1).replace("<ADDR>", re.escape("192.0.2.1"))
    before = {name: len(limited.log(name)) for name in ("revoke", "introspect", "token")}
    assert secrets_of("introspect", "web", SECRET).status == RIGHT["introspect"]
    assert secrets_of("revoke", "web", "wrong").status == 401
    assert login(limited.programs["token"][0], "alice", "guess").status == 401
    found = {name: bool(re.search(pattern, limited.log(name)[start:])) for name, start in before.items()}
    assert found == {"revoke": True, "introspect": False, "token": True}
