"""Several hosts in PGHOST: whichever of them is away, silent or of the wrong kind, service is at the next one."""
import contextlib
import socket
import time

import pytest
from harness import fastcgi, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.postgres import Cluster, Standby
from harness.profiles import PROFILES
from harness.site import Site, own_site

DEADLINE = 2


@pytest.fixture(scope="module")
def primary():
    skip_without("token")
    with own_site() as site:
        yield site


@pytest.fixture(scope="module")
def standby(primary):
    cluster = Standby(primary.cluster)
    yield cluster
    cluster.remove()


@contextlib.contextmanager
def silence():
    """A host that takes every connection and then says nothing, as one whose database hangs; its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


def program(site, *hosts, **settings):
    """One that writes nothing and knows these hosts: a number is a port of 127.0.0.1, else it is a cluster."""
    ports = [host if isinstance(host, int) else 5432 for host in hosts]
    names = ["127.0.0.1" if isinstance(host, int) else host.folder for host in hosts]
    return fastcgi.Program("token", ours.environment(site.environment(), {
        **PROFILES["plain"].our_settings(), "PGHOST": ",".join(map(str, names)),
        "PGPORT": ",".join(map(str, ports)), "JWT_DATABASE_TIMEOUT": str(DEADLINE), **settings}))


def login(program):
    answer = program.answer(*fastcgi.login("alice", PASSWORD))
    if answer.status == 503:
        assert int(answer.header("Retry-After")) > 0
    return answer.status


def timed_login(program):
    begun = time.monotonic()
    return login(program), time.monotonic() - begun


def cut(site):
    """Ends all connections of programs, so that they come again."""
    site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE datname = current_database() AND pid <> pg_backend_pid()")



@pytest.mark.parametrize("order", ("silent primary", "primary silent"))
def test_a_silent_host_is_passed_over(primary, order):
    with silence() as silent:
        known = {"silent": silent, "primary": primary.cluster}
        with program(primary, *(known[name] for name in order.split())) as token:
            assert login(token) == 200
            cut(primary)
            status, seconds = timed_login(token)
            assert status == 200 and seconds < DEADLINE
            assert timed_login(token)[1] < 0.5, "the connection stays"


def test_when_all_hosts_are_silent(primary):
    """No longer than the deadline, and then as after any outage."""
    with silence() as one, silence() as other, program(primary, one, other) as token:
        status, seconds = timed_login(token)
        assert status == 503 and seconds < DEADLINE + 1
        log = token.log.read_text()
        assert f'no answer in time from "127.0.0.1" port {one}\n' in log
        assert f'no answer in time from "127.0.0.1" port {other}\n' in log


@pytest.mark.parametrize("kind, order, wanted", (
    ("read-write", "standby silent primary", "primary"),
    ("standby", "primary silent standby", "standby"),
    ("prefer-standby", "silent primary standby", "standby"),
    ("prefer-standby", "primary silent", "primary"),
    ("any", "silent standby", "standby"),
))
def test_the_kind_of_host_that_is_wanted(primary, standby, kind, order, wanted):
    """It is found behind the silent one, and behind those of another kind."""
    with silence() as silent:
        known = {"silent": silent, "primary": primary.cluster, "standby": standby}
        with program(primary, *(known[name] for name in order.split()), PGTARGETSESSIONATTRS=kind,
                     JWT_DATABASE_TIMEOUT="1") as token:
            process.wait_for(lambda: login(token) == 200, "a login")
            assert sessions(known[wanted]) == 1


def sessions(cluster):
    with contextlib.closing(cluster.connect("site")) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'token'")
            return cursor.fetchone()[0]


def test_the_limit_of_the_settings_counts(primary):
    """PGCONNECT_TIMEOUT is for each host, as libpq has it."""
    settings = {"JWT_DATABASE_TIMEOUT": "20", "PGCONNECT_TIMEOUT": "1"}
    with silence() as silent:
        with program(primary, silent, primary.cluster, **settings) as token:
            status, seconds = timed_login(token)
            assert status == 200 and 1 <= seconds < 5
        with program(primary, silent, **settings) as token:
            status, seconds = timed_login(token)
            assert status == 503 and 1 <= seconds < 5


@contextlib.contextmanager
def killed(cluster):
    cluster.kill()
    yield


@pytest.mark.parametrize("fault", (killed, Cluster.hanging))
def test_a_standby_is_promoted(fault):
    """Service goes on where writing is possible, whether the first host is gone or silent."""
    skip_without("token")
    with contextlib.ExitStack() as stack:
        first = Cluster()
        stack.callback(first.remove)
        site = Site(first)
        second = Standby(first)
        stack.callback(second.remove)
        site.connection.close()
        with program(site, first, second, PGTARGETSESSIONATTRS="read-write") as token:
            assert login(token) == 200
            with fault(first):
                assert login(token) == 503
                second.promote()
                process.wait_for(lambda: login(token) == 200, "service on the promoted one")
                assert timed_login(token)[1] < 1, "the first one is not asked again"
                assert token.process.poll() is None
