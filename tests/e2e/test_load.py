"""Many at once: connections that the web server keeps, and logins that come faster than they can be hashed."""
import os
import signal
import struct
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
