"""One process and many requests at once: each gets its own answer, and slow peers hold up none of them."""
import contextlib
import os
import signal
import struct
import subprocess
import time

import pytest
from harness import fastcgi, ours, process
from harness.people import PEOPLE
from harness.profiles import PROFILES
from harness.whoami import NAME, asking, whom

AT_ONCE = 16  # requests in one process (src/base/fiber.h)
pytestmark = pytest.mark.skipif(bool(ours.missing([NAME, "verify"])), reason=f"not built in {ours.BUILD}")
ACTIVE = [person for person in PEOPLE if person.get("active", True)]


@pytest.fixture
def one(site):
    """One process, with its statement prepared."""
    site.restore()
    environment = ours.environment(site.our_environment(), PROFILES["default"].our_settings())
    with fastcgi.Program(NAME, environment) as program:
        for _ in range(3):
            assert whom(program.answer(*asking(1))) == (204, "1")
        yield program


def backend(site, name=NAME):
    (pid,), = site.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND usename = 'jwt_fcgi'", name)
    return pid


@contextlib.contextmanager
def standing(pid):
    """The server's process does not go on: questions are sent and have no answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def receive(connection):
    with connection:
        output, ended = fastcgi.read_answer(connection)
    assert ended
    return fastcgi.client.parse(b"HTTP/1.1 " + output.removeprefix(b"Status: "))


def taken(program, connections):
    """Whether the program has read what they sent."""
    fds = os.listdir(f"/proc/{program.process.pid}/fd")
    return sum(os.path.basename(os.readlink(f"/proc/{program.process.pid}/fd/{fd}")).startswith("socket:")
               for fd in fds if os.path.lexists(f"/proc/{program.process.pid}/fd/{fd}")) >= len(connections) + 2


def test_each_gets_its_own_answer(one, site):
    users = [person["id"] for person in ACTIVE][:40]
    for _ in range(5):
        with standing(backend(site)):
            connections = [one.send(*asking(user)) for user in users]
            process.wait_for(lambda: taken(one, connections[:1]), "the first request to be taken")
        assert [whom(receive(connection)) for connection in connections] == [(204, str(user)) for user in users]


def test_odd_ones_among_them(one, site):
    """What PostgreSQL refuses costs neither the others' answers nor the connection."""
    odd = {"x": 401, "9" * 30: 401, "999999": 401}
    pid = backend(site)
    with standing(pid):
        good = [one.send(*asking(1)) for _ in range(5)]
        others = {user: one.send(*asking(user)) for user in odd}
        more = [one.send(*asking(4)) for _ in range(5)]
        process.wait_for(lambda: taken(one, good[:1]), "the first request to be taken")
    assert {whom(receive(connection)) for connection in good} == {(204, "1")}
    assert {user: receive(connection).status for user, connection in others.items()} == odd
    assert {whom(receive(connection)) for connection in more} == {(204, "4")}
    assert backend(site) == pid


def test_a_session_that_ends_under_them(one, site):
    pid = backend(site)
    with standing(pid):
        connections = [one.send(*asking(1)) for _ in range(AT_ONCE)]
        process.wait_for(lambda: taken(one, connections[:1]), "the first request to be taken")
        site.execute("SELECT pg_terminate_backend(%s)", pid)
    assert {whom(receive(connection)) for connection in connections} == {(204, "1")}
    assert backend(site) != pid


def test_slow_peers_hold_nobody(one):
    """As many as there is room for, less one: each has sent half a request."""
    parameters, body = asking(1)
    half = fastcgi.request(parameters, body)[:-20]
    slow = [one.connect() for _ in range(AT_ONCE - 1)]
    for connection in slow:
        connection.sendall(half)
    begun = time.monotonic()
    for _ in range(20):
        assert whom(one.answer(*asking(1))) == (204, "1")
    assert time.monotonic() - begun < 2
    for connection in slow:
        connection.sendall(fastcgi.request(parameters, body)[-20:])
        assert whom(receive(connection)) == (204, "1")


def keeping(program):
    """A connection that is kept, after a first answer on it."""
    connection = program.connect()
    ask_again(connection)
    assert b"Status: 204" in answer_of(connection)
    return connection


def ask_again(connection):
    parameters, body = asking(1)
    flags = fastcgi.record(fastcgi.BEGIN, struct.pack("!HB5x", 1, 1))
    connection.sendall(flags + fastcgi.request(parameters, body)[len(flags):])


def answer_of(connection):
    data = b""
    while not data.endswith(fastcgi.record(fastcgi.END, bytes(8))):
        part = connection.recv(65536)
        assert part, data
        data += part
    return data


def descriptors(program):
    return len(os.listdir(f"/proc/{program.process.pid}/fd"))


def test_a_stop_answers_on_kept_connections_while_others_are_in_hand(one, site):
    kept = [keeping(one) for _ in range(3)]
    with standing(backend(site)):
        busy = one.send(*asking(1))
        process.wait_for(lambda: taken(one, [busy, *kept]), "the request to be taken")
        process.wait_for(lambda: process.at_rest(one.process.pid), "the program to be at rest")
        one.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            one.process.wait(0.2)
        for connection in kept:
            ask_again(connection)
        with pytest.raises(subprocess.TimeoutExpired):
            one.process.wait(0.2)
    assert whom(receive(busy)) == (204, "1")
    for connection in kept:
        assert b"Status: 204" in answer_of(connection)
        assert connection.recv(1) == b"", "nothing more is to be sent on it"
        connection.close()
    assert one.process.wait(5) == 0


def test_many_more_than_it_can_have_in_hand(one):
    users = [person["id"] for person in ACTIVE]
    for round in range(20):
        connections = [(user, one.send(*asking(user))) for user in (users * 10)[:60]]
        for user, connection in connections:
            assert whom(receive(connection)) == (204, str(user)), round
