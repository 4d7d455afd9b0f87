"""Outages of other kinds than a database that is away: read-only, without its tables, out of connections,
of another password; a program without descriptors.
"""
import contextlib
import resource
import time

import psycopg2
import pytest
from harness import fastcgi, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.postgres import Cluster
from harness.profiles import PROFILES
from harness.site import Site

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
