"""Outages of other kinds than a database that is away: read-only, without its tables, out of connections,
of another password; a program without descriptors or memory; and what happens to a database when it is back.
"""
import contextlib
import pathlib
import resource
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from harness import client, fastcgi, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.postgres import Cluster
from harness.profiles import PROFILES
from harness.site import Site
from harness.tokens import Maker

USER = "outage"  # of the programs, so that the tests' own connection stays


@pytest.fixture(scope="module")
def away():
    skip_without("token", "refresh", "hello")
    cluster = Cluster()
    site = Site(cluster)
    site.execute(f"CREATE ROLE {USER} LOGIN")
    site.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {USER}")
    site.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {USER}")
    yield site
    site.connection.close()
    cluster.remove()


def environment(site, **settings):
    return ours.environment(site.environment(), {
        **PROFILES["default"].our_settings(), "PGUSER": USER, **settings})


def login(program, password=PASSWORD):
    answer = program.answer(*fastcgi.login("alice", password))
    if answer.status == 503:
        assert int(answer.header("Retry-After")) > 0 and answer.json()["code"] == "unavailable"
    return answer.status


def cut(site):
    """Ends the programs' connections, so that they come again."""
    site.execute("SELECT pg_terminate_backend(pid, 15000) FROM pg_stat_activity WHERE usename = %s", USER)


@contextlib.contextmanager
def connections_used_up(site):
    site.execute(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    cut(site)
    yield
    site.execute(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@contextlib.contextmanager
def read_only(site):
    site.execute(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    cut(site)
    yield
    site.execute(f"ALTER ROLE {USER} RESET default_transaction_read_only")


@contextlib.contextmanager
def table_gone(site):
    site.execute("ALTER TABLE auth_user RENAME TO auth_user_gone")
    yield
    site.execute("ALTER TABLE auth_user_gone RENAME TO auth_user")


@contextlib.contextmanager
def rights_gone(site):
    site.execute(f"REVOKE SELECT ON auth_user FROM {USER}")
    yield
    site.execute(f"GRANT SELECT ON auth_user TO {USER}")


def lets_in(site):
    try:
        site.cluster.connect(site.name, USER).close()
    except psycopg2.OperationalError:
        return False
    return True


@contextlib.contextmanager
def password_wrong(site):
    """As after a change of the password: the server wants one that we do not have."""
    rules = site.cluster.folder / "data" / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all {USER} scram-sha-256\n{before}")
    site.execute("SELECT pg_reload_conf()")
    process.wait_for(lambda: not lets_in(site), "the new rules")
    cut(site)
    yield
    rules.write_text(before)
    site.execute("SELECT pg_reload_conf()")


FAULTS = {fault.__name__: fault for fault in
          (connections_used_up, read_only, table_gone, rights_gone, password_wrong)}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_database_refuses_its_service(away, fault):
    """503 in time, for good and bad passwords alike; and the next request after it is served."""
    with fastcgi.Program("token", environment(away)) as program:
        assert login(program) == 200
        with FAULTS[fault](away):
            begun = time.monotonic()
            assert login(program) == 503
            if fault != "read_only":  # a refusal writes nothing
                assert login(program, "wrong") == 503
            assert time.monotonic() - begun < 5
        process.wait_for(lambda: login(program) == 200, "service to be back")
        assert login(program, "wrong") == 401
        assert program.process.poll() is None


def test_descriptors_run_out(away):
    """No descriptor for a connection of any kind is an outage, and over when there is one again."""
    with fastcgi.Program("token", environment(away)) as program:
        assert login(program) == 200
        pid = program.process.pid
        highest = max(process.descriptors(pid))
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        cut(away)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
        assert login(program) in (200, 503)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4, limits[1]))
        with program.connect() as connection:  # waits in the queue meanwhile
            connection.sendall(fastcgi.request(*fastcgi.login("alice", PASSWORD)))
            process.wait_for(lambda: "cannot accept: Too many open files" in program.log.read_text(), "its complaint")
            assert program.process.poll() is None
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            output, ended = fastcgi.read_answer(connection)
        assert ended and output[:11] in (b"Status: 200", b"Status: 503")
        process.wait_for(lambda: login(program) == 200, "service to be back")
        assert program.process.poll() is None


@pytest.mark.skipif(ours.sanitized("token"), reason="AddressSanitizer maps more than any limit")
def test_a_worker_at_the_end_of_its_memory(stack):
    """Its limit reached, it ends or says 503, and whoever comes next is served by another."""
    server = stack("plain", JWT_LEEWAY="6")
    big = {"username": "alice", "password": "x" * 900000}
    before = server.main.workers("token")
    for pid in before:
        used = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (used + (1 << 19), resource.RLIM_INFINITY))
    answer = client.post_json(server.port, "/api/token/", big)
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0 and answer.json()["code"] == "unavailable"
    assert client.post_json(server.port, "/api/token/", {"username": "alice", "password": PASSWORD}).status == 200
    process.wait_for(lambda: set(server.main.workers("token")) - set(before), "another worker")
    assert client.post_json(server.port, "/api/token/", big).status == 401
    assert "out of memory" in server.main.output()


class Storm:
    """Everything that the log of a cluster says about connections from now on."""

    def __init__(self, cluster):
        self.log, self.begin = cluster.log, cluster.log.stat().st_size

    def authorized(self, user):
        with open(self.log, "rb") as log:
            log.seek(self.begin)
            return log.read().count(b"connection authorized: user=" + user.encode())


def test_no_storm_of_connections_after_an_outage(away, tmp_path):
    """However many ask meanwhile and afterwards, each worker makes one connection."""
    tmp_path.chmod(0o755)
    server = ours.Ours(away.our_environment(), PROFILES["plain"].our_settings(), tmp_path, ("--workers", "4"))
    try:
        process.wait_for(server.ready, "./run", 30)
        token = Maker().make({})
        away.execute("ALTER SYSTEM SET log_connections = on")
        away.cluster.stop()

        def ask(number):
            if number % 4:
                return client.hello(server.port, token).status
            return client.post_json(server.port, "/api/token/", {"username": "alice", "password": PASSWORD}).status

        with ThreadPoolExecutor(32) as pool:
            assert set(pool.map(ask, range(200))) == {503}
            again = pool.map(ask, range(1000))
            away.cluster.start()
            storm = Storm(away.cluster)
            assert set(again) <= {200, 503}
            assert set(pool.map(ask, range(200))) == {200}
        away.connect_again()
        workers = len(server.workers("hello")) + len(server.workers("token"))
        count = away.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'jwt_fcgi'")[0][0]
        assert 2 <= count <= workers
        assert storm.authorized("jwt_fcgi") <= workers
    finally:
        server.end()
