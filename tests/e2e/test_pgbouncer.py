"""PgBouncer in transaction mode between the programs and PostgreSQL: any question may meet any session."""
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client, fastcgi, ours, process
from harness.bouncer import PROGRAM, Bouncer
from harness.people import PASSWORD, PEOPLE
from harness.profiles import PROFILES
from harness.site import Site
from harness.whoami import NAME, asking, whom

pytestmark = pytest.mark.skipif(
    not PROGRAM or bool(ours.missing(["token", "refresh", "hello", NAME])), reason="no pgbouncer, or nothing built")


@pytest.fixture(scope="module")
def pooled(cluster):
    """A site whose programs reach the cluster through two sessions, all of them together."""
    site = Site(cluster, "pooled")
    direct = site.our_environment()
    site.bouncer = Bouncer(cluster, direct["PGUSER"])
    try:
        site.our_environment = lambda: site.bouncer.environment(direct)
        yield site
    finally:
        site.end()
        site.bouncer.remove()


def log_in(server):
    answer = client.post_json(server.port, "/api/token/", {"username": "alice", "password": PASSWORD})
    assert answer.status == 200, server.main.output()
    return answer.json()


def use(server):
    """All of a client's life: log in, look, rotate, rotate again, and the old token is worth nothing."""
    first = log_in(server)
    assert client.hello(server.port, first["access"]).status == 200
    rotated = client.post_json(server.port, "/api/token/refresh/", {"refresh": first["refresh"]})
    assert rotated.status == 200
    again = client.post_json(server.port, "/api/token/refresh/", {"refresh": first["refresh"]})
    assert (again.status, again.json()["detail"]) == (401, "Token is blacklisted")
    assert client.post_json(
        server.port, "/api/token/refresh/", {"refresh": rotated.json()["refresh"]}).status == 200
    return client.hello(server.port, rotated.json()["access"]).status


def test_many_clients_share_two_sessions(pooled):
    server = pooled.ours("rotate")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: use(server), range(80))) == {200}
    assert "unavailable" not in server.main.output()
    sessions = pooled.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'pooled' AND application_name <> ''"
        " AND pid <> pg_backend_pid()")[0][0]
    assert sessions <= 2


def test_sessions_that_go_away_are_not_noticed(pooled):
    """What was prepared is gone with them: one question more, no refusal."""
    server = pooled.ours("rotate")
    assert use(server) == 200
    access = log_in(server)["access"]
    for _ in range(3):
        pooled.execute("SELECT pg_terminate_backend(pid, 15000) FROM pg_stat_activity"
                       " WHERE datname = 'pooled' AND pid <> pg_backend_pid()")
        assert {client.hello(server.port, access).status for _ in range(4)} == {200}


def test_what_is_refused_mixes_up_no_answers(pooled):
    """Questions of many requests at a time, some of which PostgreSQL refuses: PgBouncer is easily confused by them."""
    environment = ours.environment(pooled.our_environment(), PROFILES["default"].our_settings())
    users = [(person["id"], 204, str(person["id"])) for person in PEOPLE if person.get("active", True)][:12]
    odd = [(user, 401, None) for user in ("x", "9" * 30, "999999")]
    asked = [(asking(user), *expected) for user, *expected in 4 * users + odd * (len(users) // len(odd))]

    def ask(number):
        with fastcgi.Program(NAME, environment) as program, ThreadPoolExecutor(16) as pool:
            chosen = random.Random(number).choices(asked, k=15000)
            found = list(pool.map(lambda one: whom(program.answer(*one[0])), chosen))
        return [(status, user, *got) for (_, status, user), got in zip(chosen, found) if got != (status, user)]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(ask, range(2))) == [[], []]


def test_one_rotation_of_many_wins(pooled):
    server = pooled.ours("rotate")
    refresh = log_in(server)["refresh"]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(
            lambda _: client.post_json(server.port, "/api/token/refresh/", {"refresh": refresh}).status,
            range(16)))
    assert sorted(statuses)[:2] == [200, 401]


def live(server, answers, stop):
    """Logs in, looks and rotates until it is time to stop; the refresh tokens that were given out. Each answer
    goes into answers, as (when it was asked for, what, status)."""
    given = []

    def ask(what, request, *arguments):
        begun = time.monotonic()
        answer = request(server.port, *arguments)
        answers.append((begun, what, answer.status))
        given.extend([answer.json()["refresh"]] if answer.status == 200 and what != "hello" else [])
        return answer

    while not stop.is_set():
        login = ask("token", client.post_json, "/api/token/", {"username": "alice", "password": PASSWORD})
        if login.status == 200:
            ask("hello", client.hello, login.json()["access"])
            ask("refresh", client.post_json, "/api/token/refresh/", {"refresh": given[-1]})
    return given


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGKILL))
def test_a_restart_under_load(pooled, number):
    """503 and nothing else while it is away, service afterwards, and whatever was given out is in the table."""
    server = pooled.ours("rotate")
    assert use(server) == 200
    stop, answers = threading.Event(), []

    def served(begin):
        """Whether each program has answered a request of that time or later."""
        return {what for when, what, status in list(answers) if when > begin and status == 200} == {
            "token", "hello", "refresh"}

    with ThreadPoolExecutor(8) as pool:
        lives = [pool.submit(live, server, answers, stop) for _ in range(8)]
        try:
            process.wait_for(lambda: served(0), "answers before")
            pooled.bouncer.end(number)
            process.wait_for(lambda: 503 in {status for _, _, status in list(answers)}, "an outage")
            pooled.bouncer.start()
            back = time.monotonic()
            process.wait_for(lambda: served(back), "service to be back")
            restored = time.monotonic()
            process.wait_for(lambda: served(restored), "more answers")
        finally:
            stop.set()
        given = {token for life in lives for token in life.result()}
    assert {status for _, _, status in answers} == {200, 503}
    assert {status for when, _, status in answers if when > restored} == {200}
    listed = {token for token, in pooled.execute("SELECT token FROM token_blacklist_outstandingtoken")}
    assert given <= listed
