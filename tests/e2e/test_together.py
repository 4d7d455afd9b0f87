"""One process and many connections: each gets its own answer, and none delays the others."""
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

MANY = 40
pytestmark = pytest.mark.skipif(bool(ours.missing([NAME, "verify"])), reason=f"not built in {ours.BUILD}")
ACTIVE = [person for person in PEOPLE if person.get("active", True)]


@pytest.fixture
def one(site):
    """One process, with its statement prepared; what waits for a test is given up later than tests are."""
    site.restore()
    environment = ours.environment(site.our_environment(), PROFILES["default"].our_settings())
    with fastcgi.Program(NAME, {**environment, "JWT_DATABASE_TIMEOUT": "60", "JWT_REQUEST_TIMEOUT": "60"}) as program:
        for _ in range(3):
            assert whom(program.answer(*asking(1))) == (204, "1")
        yield program


def backend(site):
    """The server's process of the program's connection; one of a connection before it may need a moment to end."""
    def pids():
        return site.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND usename = 'jwt_fcgi'", NAME)

    process.wait_for(lambda: len(pids()) == 1, "the program's only connection")
    return pids()[0][0]


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


def test_each_gets_its_own_answer(one):
    users = [person["id"] for person in ACTIVE][:MANY]
    for _ in range(5):
        with fastcgi.queue(one, [asking(user) for user in users]) as connections:
            pass
        assert [whom(receive(connection)) for connection in connections] == [(204, str(user)) for user in users]


def test_odd_ones_among_them(one, site):
    """What PostgreSQL refuses costs neither the others' answers nor the connection."""
    odd = {"x": 401, "9" * 30: 401, "999999": 401}
    pid = backend(site)
    with fastcgi.queue(one, [asking(user) for user in (1, 1, *odd, 4, 4)]) as connections:
        pass
    answers = [receive(connection) for connection in connections]
    assert [whom(answer) for answer in answers[:2] + answers[-2:]] == [(204, "1")] * 2 + [(204, "4")] * 2
    assert [answer.status for answer in answers[2:-2]] == list(odd.values())
    assert backend(site) == pid


def test_a_session_that_ends_under_them(one, site):
    pid = backend(site)
    with fastcgi.queue(one, [asking(1)] * MANY) as connections:
        site.execute("SELECT pg_terminate_backend(%s)", pid)
    assert {whom(receive(connection)) for connection in connections} == {(204, "1")}
    assert backend(site) != pid


def test_slow_peers_delay_no_other(site):
    """Each has sent half a request; it is answered once the other half has come.

    Were one waited for, it would be until its deadline, and it would have no answer.
    """
    site.restore()
    environment = ours.environment(site.our_environment(), PROFILES["default"].our_settings())
    with fastcgi.Program(NAME, {**environment, "JWT_REQUEST_TIMEOUT": "30"}) as one:
        parameters, body = asking(1)
        half = fastcgi.request(parameters, body)[:-20]
        slow = [one.connect() for _ in range(MANY)]
        for connection in slow:
            connection.sendall(half)
        for _ in range(20):
            assert whom(one.answer(*asking(1))) == (204, "1")
        for connection in slow:
            connection.sendall(fastcgi.request(parameters, body)[-20:])
            assert whom(receive(connection)) == (204, "1")


def test_a_request_that_came_in_time_but_is_read_late(site):
    """Its other half came while the process answered another one, its deadline too."""
    site.restore()
    environment = ours.environment(site.our_environment(), PROFILES["default"].our_settings())
    with fastcgi.Program(NAME, {**environment, "JWT_REQUEST_TIMEOUT": "1"}) as program:
        assert whom(program.answer(*asking(1))) == (204, "1")
        data, before = fastcgi.request(*asking(4)), descriptors(program)
        late = program.connect()
        late.sendall(data[:-20])
        begun = time.monotonic()
        process.wait_for(lambda: descriptors(program) == before + 1, "the incomplete request to be accepted")
        with standing(backend(site)):
            busy = program.send(*asking(1))
            process.wait_for(lambda: descriptors(program) == before + 2, "the other request to be accepted")
            late.sendall(data[-20:])
            time.sleep(max(0, begun + 1.2 - time.monotonic()))
        assert whom(receive(busy)) == (204, "1")
        assert whom(receive(late)) == (204, "4")


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


def test_new_connections_and_kept_ones_get_their_share(one):
    """Those that always have the next request ready do not keep a new connection waiting."""
    kept = [keeping(one) for _ in range(10)]
    for _ in range(20):
        with fastcgi.queue(one, [asking(1)]) as connections:
            for connection in kept:
                ask_again(connection)
        for connection in kept:
            assert b"Status: 204" in answer_of(connection)
        assert whom(receive(connections[0])) == (204, "1")


def test_a_stop_answers_what_has_been_received(one, site):
    """The request in hand, complete ones on kept connections, and one that was accepted incomplete."""
    kept = [keeping(one) for _ in range(3)]
    parameters, body = asking(1)
    data = fastcgi.request(parameters, body)
    before = descriptors(one)
    half = one.connect()
    half.sendall(data[:-20])
    process.wait_for(lambda: descriptors(one) > before, "the incomplete request to be accepted")
    with standing(backend(site)):
        busy = one.send(*asking(1))

        def accepted():
            assert one.process.poll() is None and "database: " not in one.log.read_text(), one.log.read_text()
            return descriptors(one) > before + 1

        process.wait_for(accepted, "the request to be accepted")
        for connection in kept:
            ask_again(connection)
        one.process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            one.process.wait(0.2)
    assert whom(receive(busy)) == (204, "1")
    for connection in kept:
        assert b"Status: 204" in answer_of(connection)
        assert connection.recv(1) == b"", "nothing more is to be sent on it"
        connection.close()
    with pytest.raises(subprocess.TimeoutExpired):
        one.process.wait(0.2)
    half.sendall(data[-20:])
    assert whom(receive(half)) == (204, "1")
    assert one.process.wait(5) == 0


def test_a_stop_answers_the_one_that_was_just_accepted(one):
    """The web server has connected, and its request comes later."""
    before = descriptors(one)
    connection = one.connect()
    process.wait_for(lambda: descriptors(one) > before, "the connection to be accepted")
    one.process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        one.process.wait(0.2)
    connection.sendall(fastcgi.request(*asking(1)))
    assert whom(receive(connection)) == (204, "1")
    assert one.process.wait(5) == 0


@pytest.mark.parametrize("count", (1, 8))
def test_a_stop_is_not_delayed_by_new_connections(one, count):
    """One of those that wait may be known to this process alone; the others are for its successor."""
    with fastcgi.queue(one, [asking(1)] * count) as connections:
        one.process.terminate()
    assert one.process.wait(5) == 0
    connections[0].settimeout(0.5)
    assert whom(receive(connections[0])) == (204, "1")
    for connection in connections[1:]:
        connection.settimeout(0)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.close()


def test_many_connections_again_and_again(one):
    users = [person["id"] for person in ACTIVE]
    for round in range(20):
        connections = [(user, one.send(*asking(user))) for user in (users * 10)[:60]]
        for user, connection in connections:
            assert whom(receive(connection)) == (204, str(user)), round
