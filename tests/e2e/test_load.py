"""Many at once: connections that the web server keeps, and logins that come faster than they can be hashed."""
import pathlib
import selectors
import signal
import socket
import statistics
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client, fastcgi, nginx, ours, people, process
from harness.fastcgi import BEGIN, END, record
from harness.profiles import KEY

METHOD = {"REQUEST_METHOD": "DELETE", "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": ""}
KEEP = record(BEGIN, struct.pack("!HB5x", 1, 1)) + fastcgi.request(METHOD)[16:]
needs_programs = pytest.mark.skipif(bool(ours.missing(["hello", "token"])), reason=f"not built in {ours.BUILD}")


def program(name, **settings):
    return fastcgi.Program(
        name, fastcgi.plain_environment(JWT_SIGNING_KEY=KEY, PGHOST="/nonexistent", **settings))


def answered(connection):
    """One answer, up to the record that ends it; whether there was a whole one."""
    data = b""
    while not data.endswith(record(END, b"\0" * 8)):
        part = connection.recv(65536)
        if not part:
            return False
        data += part
    return b"Status: 40" in data


@needs_programs
def test_kept_connections_pin_no_process():
    """One process, more kept connections than that, and newcomers between them."""
    with program("hello") as hello:
        kept = []
        for _ in range(5):
            kept.append(hello.connect())
            kept[-1].sendall(KEEP)
            assert answered(kept[-1])
        for round in range(3):
            for connection in kept if round % 2 else reversed(kept):
                connection.sendall(KEEP)
                assert answered(connection)
            assert hello.ask(METHOD)[1]
        for connection in kept:  # all at once
            connection.sendall(KEEP)
        for connection in kept:
            assert answered(connection)
        for connection in kept[:3]:
            connection.close()
        kept[3].sendall(KEEP)
        assert answered(kept[3]) and hello.ask(METHOD)[1]
        kept[3].close()
        kept[4].close()
        assert hello.ask(METHOD)[1]


@needs_programs
def test_more_kept_connections_than_are_watched():
    with program("hello") as hello:
        kept, more = [], []
        for _ in range(250):
            kept.append(hello.connect())
            kept[-1].sendall(KEEP)
            assert answered(kept[-1])
        for _ in range(10):
            more.append(hello.connect())
            more[-1].sendall(KEEP)
            assert answered(more[-1])
        for connection in kept:
            connection.sendall(KEEP)
            assert answered(connection)
        assert more[-1].recv(1) == b""  # one too many was closed behind its answer
        for connection in kept + more:
            connection.close()


@needs_programs
def test_a_stop_answers_what_was_sent_on_a_kept_connection():
    with program("hello") as hello:
        connection = hello.connect()
        connection.sendall(KEEP)
        assert answered(connection)
        hello.process.send_signal(signal.SIGSTOP)
        connection.sendall(KEEP)
        hello.process.send_signal(signal.SIGTERM)
        hello.process.send_signal(signal.SIGCONT)
        assert answered(connection)
        assert hello.process.wait(10) == 0
        assert connection.recv(1) == b""
        connection.close()


@needs_programs
def test_a_login_keeps_its_connection_too():
    """Nginx may send the next login on it before it sees that it was closed, and would answer 502."""
    with program("token") as token, token.connect() as connection:
        for _ in range(2):
            connection.sendall(KEEP)
            assert answered(connection)


KEEPING = """
		fastcgi_keep_conn on;
		fastcgi_param REQUEST_METHOD $request_method;
		fastcgi_param CONTENT_TYPE $content_type;
		fastcgi_param CONTENT_LENGTH $content_length;
		location /hello/ { fastcgi_pass hello; }
		location /api/token/ { fastcgi_pass token; }
		location /api/token/refresh/ { fastcgi_pass refresh; }
"""


def test_an_nginx_that_keeps_connections(stack, tmp_path):
    """More of them than processes, from many clients at once: no request is lost, and none waits for ever."""
    ours = stack("plain")
    sockets = ours.folder / "state" / f"run-{ours.port}/fcgi"
    if not (sockets / "hello.sock").exists():
        pytest.skip("./run has its sockets elsewhere")
    for name in ("hello", "token", "refresh"):
        (sockets / f"{name}.sock").chmod(0o666)  # this Nginx has another user
    upstreams = "".join(
        f"upstream {name} {{ server unix:{sockets}/{name}.sock; keepalive 4; }}\n"
        for name in ("hello", "token", "refresh"))
    tmp_path.chmod(0o755)
    front = nginx.Nginx(tmp_path, KEEPING, upstreams)
    try:
        process.wait_for(front.ready, "Nginx")

        def live(_):
            answer = client.post_json(
                front.port, "/api/token/", {"username": "alice", "password": people.PASSWORD})
            assert answer.status == 200, (answer, (tmp_path / "nginx-error.log").read_text())
            answer = client.post_json(
                front.port, "/api/token/refresh/", {"refresh": answer.json()["refresh"]})
            assert answer.status == 200, (answer, (tmp_path / "nginx-error.log").read_text())
            access = answer.json()["access"]
            return {client.hello(front.port, access).status for _ in range(5)}

        with ThreadPoolExecutor(12) as pool:
            assert all(statuses == {200} for statuses in pool.map(live, range(60)))
    finally:
        front.end()


BOTH_WAYS = """
		keepalive_requests 1000000;
		fastcgi_param REQUEST_METHOD $request_method;
		location /plain/ { fastcgi_pass plain; }
		location /kept/ { fastcgi_keep_conn on; fastcgi_pass kept; }
"""


class Asker:
    """One client's connection that sends the next request when it has the answer to the last one."""

    def __init__(self, port, path):
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.request = b"GET /%s/ HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()
        self.took = []

    def send(self):
        self.begun = time.monotonic()
        self.connection.sendall(self.request)

    def receive(self):
        answer = self.connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 401 "), answer
        self.took.append(time.monotonic() - self.begun)


def ask_for(seconds, askers):
    with selectors.DefaultSelector() as selector:
        for asker in askers:
            selector.register(asker.connection, selectors.EVENT_READ, asker)
            asker.send()
        end, waiting = time.monotonic() + seconds, len(askers)
        while waiting:
            for key, _ in selector.select(20):
                key.data.receive()
                if time.monotonic() < end:
                    key.data.send()
                else:
                    waiting -= 1


@needs_programs
def test_of_64_kept_connections_none_starves(tmp_path):
    """Two processes. With libfcgi alone each would belong to one connection until that is idle."""
    tmp_path.chmod(0o755)
    with program("hello") as hello:
        pathlib.Path(hello.folder.name).chmod(0o755)
        pathlib.Path(hello.path).chmod(0o666)
        hello.listener.listen(256)
        other = subprocess.Popen([ours.program("hello")], stdin=hello.listener, stderr=subprocess.DEVNULL,
                                 env=fastcgi.plain_environment(JWT_SIGNING_KEY=KEY, PGHOST="/nonexistent"))
        front = nginx.Nginx(tmp_path, BOTH_WAYS, "".join(
            f"upstream {name} {{ server unix:{hello.path}; {more} }}\n"
            for name, more in (("plain", ""), ("kept", "keepalive 64;"))))
        try:
            process.wait_for(front.ready, "Nginx")
            askers = {path: [Asker(front.port, path) for _ in range(64)] for path in ("plain", "kept")}
            for _ in range(6):
                for each in askers.values():
                    ask_for(0.5, each)
            slowest = {path: statistics.quantiles([took for asker in each for took in asker.took], n=100)[98]
                       for path, each in askers.items()}
            counts = {path: sorted(len(asker.took) for asker in each) for path, each in askers.items()}
            print(slowest, {path: (count[0], count[-1]) for path, count in counts.items()})
            assert slowest["kept"] <= 3 * slowest["plain"]
            assert counts["kept"][0] >= counts["kept"][-1] / 3, "each gets its share"
        finally:
            front.end()
            process.end(other)


def nice_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[16])


@needs_programs
@pytest.mark.parametrize("name, settings, expected", [
    ("token", {}, 5), ("token", {"JWT_LOGIN_NICE": "3"}, 3), ("hello", {"JWT_LOGIN_NICE": "3"}, nice_of("self"))])
def test_only_programs_that_hash_are_nice(name, settings, expected):
    with program(name, **settings) as one:
        assert one.ask(METHOD)[1]
        assert nice_of(one.process.pid) == expected


def test_of_too_many_logins_some_are_refused_at_once(stack):
    """One process, two may wait: of the others each is told at once to come back."""
    ours = stack("plain", JWT_LOGIN_QUEUE="2", JWT_PBKDF2_ITERATIONS="4000000")
    login = {"username": "alice", "password": "wrong"}

    def log_in(_):
        begun = time.monotonic()
        answer = client.post_json(ours.port, "/api/token/", login)
        return answer, time.monotonic() - begun

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(log_in, range(16)))
    refused = [(answer, took) for answer, took in answers if answer.status == 503]
    assert {answer.status for answer, _ in answers} == {401, 503}
    assert 16 - len(refused) <= 6
    one_login = min(took for answer, took in answers if answer.status == 401)
    for answer, took in refused:
        assert answer.header("Retry-After") and answer.json()["code"] == "unavailable"
        assert took < one_login
    assert client.post_json(ours.port, "/api/token/", login).status == 401
