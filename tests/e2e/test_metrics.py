"""What the programs count, over all of their processes, as Prometheus reads it."""
import os
import re
import signal
import subprocess

import pytest

from harness import client, ours, people, process, servers, tokens
from harness.profiles import PROFILES

HTTP = """
	include jwt-fcgi/upstreams.conf;
	server {{
		listen 127.0.0.1:{port};
		include jwt-fcgi/locations.conf;
		include jwt-fcgi/health.conf;
		include jwt-fcgi/metrics.conf;
	}}"""


@pytest.fixture(scope="module")
def server(site):
    server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(), ("token", "hello", "metrics"))
    try:
        folder = server.folder / "metrics.d"
        folder.mkdir()
        server.own(folder)
        with server.configuration.open("a") as file:
            file.write(f"JWT_METRICS_DIR={folder}\n")
        for name in ("token", "hello", "metrics"):
            server.start("spawn-fcgi", "-n", "-s", server.folder / f"{name}.sock", "--",
                         "/usr/bin/multiwatch", "-f", "3", "-s", "TERM", "--", server.bin / name)
            process.wait_for(lambda path=server.folder / f"{name}.sock": servers.listens(path), "a socket")
            if name == "hello":
                server.hello = server.started[-1]
        yield servers.nginx_start(server, HTTP.format(port=server.port))
    finally:
        server.end()


def scrape(server):
    answer = client.ask(server.port, "GET /metrics")
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return answer.body.decode()


def values(server):
    return {name: float(value) for name, value in re.findall(r"^([^#\n]\S*) (\S+)$", scrape(server), re.M)}


def requests(program, status, outcome):
    return f'jwt_fcgi_requests_total{{program="{program}",status="{status}",outcome="{outcome}"}}'


def log_in(server, password):
    return client.post_json(server.port, "/api/token/", {"username": "alice", "password": password}).status


def hello(server, token="x.y.z"):
    return client.ask(server.port, "GET /hello/", ["Authorization: Bearer " + token]).status


def test_everything_is_counted_once(server):
    token = tokens.Maker("plain").make({})
    before = values(server)
    for _ in range(7):
        assert hello(server, token) == 200
    for _ in range(5):
        assert hello(server) == 401
    assert log_in(server, people.PASSWORD) == 200
    assert log_in(server, "wrong") == 401
    assert log_in(server, "wrong") == 401
    after = values(server)

    def more(name):
        return after.get(name, 0) - before.get(name, 0)

    assert more(requests("hello", 200, "ok")) == 7
    assert more(requests("hello", 401, "token-invalid")) == 5
    assert more(requests("token", 200, "ok")) == 1
    assert more(requests("token", 401, "no-account")) == 2
    assert more('jwt_fcgi_request_duration_seconds_count{program="hello"}') == 12
    assert more('jwt_fcgi_request_duration_seconds_bucket{program="hello",le="+Inf"}') == 12
    assert more('jwt_fcgi_password_duration_seconds_count{program="token"}') == 3
    assert more('jwt_fcgi_password_duration_seconds_sum{program="token"}') > 0
    assert more('jwt_fcgi_database_errors_total{program="hello"}') == 0


def test_killed_workers_lose_nothing(server):
    token = tokens.Maker("plain").make({})
    name = requests("hello", 200, "ok")
    before = values(server).get(name, 0)
    for _ in range(3):
        assert hello(server, token) == 200
        for pid in process.children(server.hello.pid)[1:]:
            os.kill(pid, signal.SIGKILL)
        process.wait_for(lambda: hello(server) == 401, "other workers")
    assert values(server)[name] == before + 3


def test_prometheus_reads_it(server):
    hello(server)
    done = subprocess.run([servers.tool("promtool"), "check", "metrics"], input=scrape(server), text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_broken_file_is_begun_again(server):
    """As after a full disk or another release: nobody crashes, the next process counts from zero."""
    for text in (b"", b"\xff" * 100_000):
        path = server.folder / "metrics.d" / "other.metrics"
        path.write_bytes(text)
        assert "other" not in scrape(server)
        path.unlink()
    (server.folder / "metrics.d" / "verify.metrics").write_bytes(b"\0" * 10)
    assert 'program="verify"' not in scrape(server)


def test_what_somebody_else_put_there_is_not_written(site, tmp_path):
    (tmp_path / "precious").write_text("not a counter")
    (tmp_path / "hello.metrics").symlink_to(tmp_path / "precious")
    settings = ours.environment(site.our_environment(), {
        **PROFILES["plain"].our_settings(), "JWT_METRICS_DIR": str(tmp_path), "REQUEST_METHOD": "GET"})
    done = subprocess.run([ours.program("hello")], env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0 and "metrics disabled" in done.stderr
    (tmp_path / "hello.metrics").unlink()
    (tmp_path / "hello.metrics").write_text("open to others")
    (tmp_path / "hello.metrics").chmod(0o666)
    done = subprocess.run([ours.program("hello")], env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "metrics disabled" in done.stderr and "is open to others" in done.stderr
    assert (tmp_path / "hello.metrics").read_text() == "open to others"
    assert (tmp_path / "precious").read_text() == "not a counter"


def test_without_the_folder(site):
    server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(), ("hello", "metrics"))
    try:
        for name, words, status in (("metrics", "JWT_METRICS_DIR must be set", 1), ("hello", "", 0)):
            done = subprocess.run([server.bin / name], env={"REQUEST_METHOD": "GET"}, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True)
            assert done.returncode == status and words in done.stderr
        done = subprocess.run([server.bin / "hello"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={"REQUEST_METHOD": "GET", "JWT_METRICS_DIR": "/nowhere"})
        assert done.returncode == 0 and done.stdout.startswith("Status: 401")
        assert "metrics disabled" in done.stderr
    finally:
        server.end()


@pytest.mark.parametrize("name", ["hello", "metrics"])
def test_the_check_names_a_folder_that_is_missing(site, tmp_path, name):
    (tmp_path / "file").touch()
    for folder, word in ((tmp_path, None), (tmp_path / "none", "No such file or directory"),
                         (tmp_path / "file", "Not a directory")):
        done = subprocess.run([ours.program(name), "--check-config"], text=True, capture_output=True, env=ours.environment(
            site.our_environment(), {**PROFILES["plain"].our_settings(), "JWT_METRICS_DIR": str(folder)}))
        assert done.returncode == (0 if word is None else 1), done.stderr
        assert word is None or f"JWT_METRICS_DIR: {folder}: {word}\n" in done.stderr
