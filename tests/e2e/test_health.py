"""/healthz/live and /healthz/ready: what each depends on, and who may ask."""
import contextlib
import time

import pytest

from harness import client, process, servers
from harness.profiles import PROFILES

HTTP = """
	include jwt-fcgi/upstreams.conf;
	server {{
		listen 127.0.0.1:{port};
		set_real_ip_from 127.0.0.1;
		real_ip_header X-Real-IP;
		include jwt-fcgi/errors.conf;
		include jwt-fcgi/locations.conf;
		include jwt-fcgi/health.conf;
	}}"""


@contextlib.contextmanager
def serving(site, **database):
    """The program, with a door to the database that can be shut."""
    server = servers.Server(
        {**site.our_environment(), **database}, PROFILES["default"].our_settings(), ("health",))
    try:
        door = server.folder / "postgres"
        door.symlink_to(site.cluster.folder)
        server.configuration.write_text(
            server.configuration.read_text().replace(f"PGHOST={site.cluster.folder}", f"PGHOST={door}"))
        server.spawn("health")
        yield servers.nginx_start(server, HTTP.format(port=server.port))
    finally:
        server.end()


@pytest.fixture(scope="module")
def server(site):
    with serving(site) as server:
        yield server


def ask(server, path, *headers, method="GET"):
    return client.ask(server.port, f"{method} /healthz/{path}", headers)


@pytest.mark.parametrize("path", ["live", "ready", "live/", "ready/", "ready?x=/live"])
def test_all_is_well(server, path):
    answer = ask(server, path, "Accept: text/plain")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert answer.header("Cache-Control") == "no-store"
    assert ask(server, path, method="HEAD").status == 200
    assert ask(server, path, method="POST").status == 405


def test_not_for_the_world(server):
    answer = ask(server, "ready", "X-Real-IP: 192.0.2.1")
    assert answer.status == 403
    assert answer.json() == {"detail": "You do not have permission to perform this action."}


def test_without_the_database_it_lives_and_is_not_ready(server, site):
    door = server.folder / "postgres"
    door.unlink()
    site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'health'")
    answer = ask(server, "ready")
    assert answer.status == 503
    assert answer.header("Retry-After") and answer.json()["code"] == "unavailable"
    assert ask(server, "live").status == 200
    door.symlink_to(site.cluster.folder)
    process.wait_for(lambda: ask(server, "ready").status == 200, "readiness to come back")


def test_without_the_tables_it_lives_and_is_not_ready(site):
    with serving(site, PGDATABASE="postgres") as server:
        assert ask(server, "live").status == 200
        assert ask(server, "ready").status == 503
        assert ask(server, "ready").status == 503
        assert "schema.sql" in server.log()


def test_asking_is_cheap(server, site):
    begun = time.monotonic()
    for _ in range(50):
        assert ask(server, "ready").status == 200
    assert time.monotonic() - begun < 10
    connections = site.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name ~ 'health'")
    assert connections[0][0] == 1
