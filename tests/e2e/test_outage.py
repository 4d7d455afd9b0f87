"""PostgreSQL away or hanging: 503 within 5 s, never a 401, and back without a restart; signals."""
import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client, fastcgi, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.postgres import Cluster
from harness.profiles import PROFILES
from harness.site import Site
from harness.tokens import Maker

SERVED = ("token", "refresh", "hello")


@pytest.fixture(scope="module")
def away():
    """A site of its own: its cluster is what these tests break."""
    skip_without(*SERVED)
    cluster = Cluster()
    site = Site(cluster)
    yield site
    site.end()
    cluster.remove()


def requests(port):
    """One request per program that cannot be answered without the database."""
    maker = Maker()
    yield "token", lambda: client.post_json(port, "/api/token/", {"username": "alice", "password": PASSWORD})
    yield "token, unknown", lambda: client.post_json(port, "/api/token/", {"username": "x", "password": "x"})
    yield "refresh", lambda: client.post_json(port, "/api/token/refresh/", {"refresh": maker.make({"kind": "refresh"})})
    yield "hello", lambda: client.hello(port, maker.make({}))


def statuses(port):
    return {name: ask().status for name, ask in requests(port)}


WELL = {"token": 200, "token, unknown": 401, "refresh": 200, "hello": 200}


def is_unavailable(name, answer, seconds):
    assert answer.status == 503, f"{name}: {answer.status} {answer.body!r}"
    assert answer.header("Content-Type") == "application/json" and answer.json()["detail"]
    assert int(answer.header("Retry-After")) > 0
    assert answer.header("Cache-Control") == "no-store"
    assert seconds < 5, f"{name} took {seconds:.1f} s"


@contextlib.contextmanager
def stopped(cluster):
    cluster.stop()
    yield
    cluster.start()


@contextlib.contextmanager
def killed(cluster):
    cluster.kill()
    yield
    cluster.start()


@contextlib.contextmanager
def hanging(cluster):
    cluster.signal_all(signal.SIGSTOP)
    yield
    cluster.signal_all(signal.SIGCONT)


FAULTS = {"stopped": stopped, "killed": killed, "hanging": hanging}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_database_is_away_and_comes_back(away, fault):
    server = away.ours("default")
    assert statuses(server.port) == WELL
    before = {name: server.main.workers(name) for name in SERVED}
    with FAULTS[fault](away.cluster):
        for _ in range(2):
            for name, ask in requests(server.port):
                begun = time.monotonic()
                answer = ask()
                is_unavailable(name, answer, time.monotonic() - begun)
    assert statuses(server.port) == WELL, "the next request is served"
    assert {name: server.main.workers(name) for name in SERVED} == before, "nobody was restarted"


@pytest.mark.parametrize("fault", FAULTS)
def test_many_at_once_share_one_deadline(away, fault):
    """They wait in one process for the same session: none of them longer than one would alone."""
    token = Maker().make({})
    with fastcgi.Program("hello", environment(away)) as program:
        def ask(_):
            begun = time.monotonic()
            answer = program.answer(*fastcgi.get("/hello/", token))
            return answer.status, time.monotonic() - begun

        with ThreadPoolExecutor(24) as pool:
            assert {status for status, _ in pool.map(ask, range(24))} == {200}
            with FAULTS[fault](away.cluster):
                answers = list(pool.map(ask, range(24)))
                assert {status for status, _ in answers} == {503}
                assert max(seconds for _, seconds in answers) < 5
            assert {status for status, _ in pool.map(ask, range(24))} == {200}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_needs_no_database_is_answered_all_the_same(away, fault):
    server = away.ours("default")
    with FAULTS[fault](away.cluster):
        assert client.post_json(server.port, "/api/token/", {}).status == 400
        assert client.post_json(server.port, "/api/token/refresh/", {"refresh": "x"}).status == 401
        assert client.ask(server.port, "GET /hello/").status == 401
        assert client.ask(server.port, "GET /api/token/").status == 405


def test_connections_that_the_server_cut(away):
    server = away.ours("default")
    assert statuses(server.port) == WELL
    away.connect_again()
    away.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert statuses(server.port) == WELL


def test_a_locked_table(away):
    """A lock is an outage of a kind: the answer is 503 in time, and not a wrong one."""
    server = away.ours("default")
    assert statuses(server.port) == WELL
    holder = away.cluster.connect(away.name)
    holder.autocommit = False
    holder.cursor().execute("LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE")
    try:
        for name, ask in requests(server.port):
            begun = time.monotonic()
            is_unavailable(name, ask(), time.monotonic() - begun)
    finally:
        holder.rollback()
        holder.close()
    assert statuses(server.port) == WELL


@pytest.mark.parametrize("name", SERVED)
def test_a_killed_worker_is_replaced(away, name):
    server = away.ours("default")
    before = server.main.workers(name)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    after = process.wait_for(
        lambda: len(now := server.main.workers(name)) == len(before) and not set(now) & set(before) and now,
        "new workers",
    )
    assert len(after) == len(before)
    assert statuses(server.port) == WELL


def environment(away, **settings):
    return ours.environment(away.our_environment(), {**PROFILES["default"].our_settings(), **settings})


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1))
@pytest.mark.parametrize("name", SERVED)
def test_a_signal_ends_an_idle_program_at_once(away, name, number):
    with fastcgi.Program(name, environment(away)) as program:
        parameters, _ = fastcgi.login("x", "x")
        output, ended = program.ask({**parameters, "REQUEST_METHOD": "DELETE", "CONTENT_LENGTH": ""})
        assert ended and output
        program.process.send_signal(number)
        assert program.process.wait(15) == 0, "without another request"


def test_a_signal_before_the_first_request(away):
    for _ in range(20):
        with fastcgi.Program("hello", environment(away)) as program:
            process.wait_for(lambda: waits(program.process.pid), "the program to wait for a request")
            program.process.terminate()
            assert program.process.wait(5) == 0


def waits(pid):
    with open(f"/proc/{pid}/wchan") as wchan, open(f"/proc/{pid}/comm") as comm:
        return comm.read().strip() == "hello" and "poll" in wchan.read() or state(pid) == "S"


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


@pytest.mark.parametrize("wrapper", ((), ("/usr/bin/multiwatch", "-f", "1", "-s", "TERM", "--")))
def test_a_signal_lets_a_busy_program_answer_first(away, wrapper):
    """multiwatch 1.0.0 sends SIGQUIT where it was told to send SIGTERM."""
    settings = environment(away, JWT_PBKDF2_ITERATIONS="3000000")
    with fastcgi.Program("token", settings, wrapper=wrapper) as program:
        with program.connect() as connection:
            connection.sendall(fastcgi.request(*fastcgi.login("nobody", "x")))
            process.wait_for(lambda: cpu_ticks(process.children(program.process.pid)[-1]) > 15,
                             "the program to be busy")
            program.process.terminate()
            output, ended = fastcgi.read_answer(connection)
        assert ended and b"Status: 401" in output and b"No active account" in output
        assert program.process.wait(5) == 0


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[11])


def test_the_end_of_everything(away):
    """SIGTERM to ./run ends whatever it started, and its port is free at once."""
    server = away.ours("default", JWT_LEEWAY="5")
    tree = process.children(server.main.process.pid)
    server.main.process.terminate()
    assert server.main.process.wait(15) == 0
    process.wait_for(lambda: not any(map(process.alive, tree)), "every process to end")
    with pytest.raises(OSError):
        process.accepts(server.port)
    away.running["ours"].popitem()  # that one
