"""Signals to the programs and to ./run, and workers that are killed."""
import os
import signal

import pytest
from harness import client, fastcgi, ours, process
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.tokens import Maker

SERVED = ("token", "refresh", "hello")
WELL = {"token": 200, "refresh": 200, "hello": 200}


def statuses(port):
    maker = Maker()
    login = {"username": "alice", "password": PASSWORD}
    return {
        "token": client.post_json(port, "/api/token/", login).status,
        "refresh": client.post_json(port, "/api/token/refresh/", {"refresh": maker.make({"kind": "refresh"})}).status,
        "hello": client.hello(port, maker.make({})).status,
    }


def environment(site, **settings):
    return ours.environment(site.our_environment(), {**PROFILES["default"].our_settings(), **settings})


@pytest.mark.parametrize("name", SERVED)
def test_a_killed_worker_is_replaced(stack, name):
    server = stack("default")
    before = server.main.workers(name)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    after = process.wait_for(
        lambda: len(now := server.main.workers(name)) == len(before) and not set(now) & set(before) and now,
        "new workers",
    )
    assert len(after) == len(before)
    assert statuses(server.port) == WELL


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1))
@pytest.mark.parametrize("name", SERVED)
def test_a_signal_ends_an_idle_program_at_once(site, name, number):
    with fastcgi.Program(name, environment(site)) as program:
        parameters, _ = fastcgi.login("x", "x")
        output, ended = program.ask({**parameters, "REQUEST_METHOD": "DELETE", "CONTENT_LENGTH": ""})
        assert ended and output
        program.process.send_signal(number)
        assert program.process.wait(15) == 0, "without another request"


def test_a_signal_before_the_first_request(site):
    for _ in range(20):
        with fastcgi.Program("hello", environment(site)) as program:
            process.wait_for(lambda: process.at_rest(program.process.pid), "the program to wait for a request")
            program.process.terminate()
            assert program.process.wait(5) == 0


@pytest.mark.parametrize("wrapper", ((), ("/usr/bin/multiwatch", "-f", "1", "-s", "TERM", "--")))
def test_a_signal_lets_a_busy_program_answer_first(site, wrapper):
    """multiwatch 1.0.0 sends SIGQUIT where it was told to send SIGTERM."""
    settings = environment(site, JWT_PBKDF2_ITERATIONS="3000000")
    with fastcgi.Program("token", settings, wrapper=wrapper) as program:
        with program.connect() as connection:
            connection.sendall(fastcgi.request(*fastcgi.login("nobody", "x")))
            process.wait_for(lambda: process.processor_time(process.children(program.process.pid)[-1]) > 0.15,
                             "the program to be busy")
            program.process.terminate()
            output, ended = fastcgi.read_answer(connection)
        assert ended and b"Status: 401" in output and b"No active account" in output
        assert program.process.wait(5) == 0


def test_a_signal_ends_run_and_its_processes(stack, site):
    """SIGTERM to ./run ends whatever it started, and its port is free at once."""
    server = stack("default", JWT_LEEWAY="5")
    tree = process.children(server.main.process.pid)
    server.main.process.terminate()
    assert server.main.process.wait(15) == 0
    process.wait_for(lambda: not any(map(process.alive, tree)), "every process to end")
    with pytest.raises(OSError):
        process.accepts(server.port)
    site.running["ours"].popitem()  # that one
