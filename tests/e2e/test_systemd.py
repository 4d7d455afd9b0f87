"""The units as systemd's own tools judge them, socket activation, and a reload under load."""
import os
import signal
import subprocess
import threading

import pytest

from harness import client, ours, process, servers, tokens
from harness.profiles import PROFILES

PROGRAMS = ("token", "refresh", "hello", "verify", "blacklist", "sliding", "sliding_refresh", "auth_check", "health", "metrics")


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """The units of every endpoint, with programs that are there."""
    folder = tmp_path_factory.mktemp("units")
    for program in PROGRAMS:
        for kind in ("socket", "service"):
            text = (ours.CHECKOUT / f"systemd/jwt-fcgi@.{kind}").read_text()
            text = text.replace("/usr/lib/jwt-fcgi/%i", str(ours.program(program)))
            (folder / f"jwt-fcgi@{program}.{kind}").write_text(text)
    return folder


def analyze(*arguments):
    return subprocess.run([servers.tool("systemd-analyze"), *arguments], capture_output=True, text=True)


def test_the_units_are_accepted(units):
    done = analyze("verify", "--man=no", *sorted(map(str, units.iterdir())))
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_little_is_exposed(units):
    done = analyze("security", "--offline=true", "--no-pager", "--threshold=20", units / "jwt-fcgi@token.service")
    assert done.returncode == 0, done.stdout.splitlines()[-1]
    assert float(done.stdout.strip().splitlines()[-1].split(": ")[1].split()[0]) < 2.0


@pytest.fixture
def server(site):
    site.restore()
    server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(), ("hello",))
    yield server
    server.end()


def start_nginx(server):
    return servers.nginx_start(server, f"""
	include jwt-fcgi/upstreams.conf;
	server {{
		listen 127.0.0.1:{server.port};
		include jwt-fcgi/locations.conf;
	}}""")


def hello(server):
    header = "Authorization: Bearer " + tokens.Maker("plain").make({})
    return client.ask(server.port, "GET /hello/", [header]).status


@pytest.mark.parametrize("wrapper", [(), ("/usr/bin/multiwatch", "-f", "2", "-s", "TERM", "--")])
def test_socket_activation(server, wrapper):
    """Descriptor 3 and LISTEN_PID, without a wrapper; StandardInput=socket where there is one."""
    path = server.folder / "hello.sock"
    inetd = ("sh", "-c", 'exec "$@" <&3', "sh") if wrapper else ()
    server.start(servers.tool("systemd-socket-activate"), "-l", path, "--", *inetd, *wrapper, server.bin / "hello")
    process.wait_for(lambda: servers.listens(path), "the socket")
    start_nginx(server)
    assert [hello(server) for _ in range(5)] == [200] * 5


def test_a_reload_loses_nobody(server):
    path = server.folder / "hello.sock"
    server.start("spawn-fcgi", "-n", "-s", path, "--", "/usr/bin/multiwatch", "-f", "2", "-s", "TERM", "--",
                 server.bin / "hello")
    process.wait_for(lambda: servers.listens(path), "the socket")
    multiwatch = server.started[-1]
    start_nginx(server)
    assert hello(server) == 200
    before = set(process.children(multiwatch.pid)) - {multiwatch.pid}
    seen, done = [], threading.Event()

    def ask():
        while not done.is_set():
            seen.append(hello(server))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    process.wait_for(lambda: len(seen) > 20, "requests")
    os.kill(multiwatch.pid, signal.SIGUSR2)
    process.wait_for(lambda: not any(process.alive(pid) for pid in before), "the old processes to end")
    at_end = len(seen)
    process.wait_for(lambda: len(seen) > at_end + 20, "requests after it")
    done.set()
    for thread in threads:
        thread.join()
    assert set(seen) == {200}
    assert multiwatch.poll() is None
    assert len(process.children(multiwatch.pid)) == 3
