"""PostgreSQL away, hanging, or refusing its service; a program without descriptors or memory: 503 within 5 s,
never a 401, and service without a restart as soon as the cause is gone."""
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
from harness.site import own_site
from harness.tokens import Maker

SERVED = ("token", "refresh", "hello")
USER = "outage"  # a role for the programs whose rights a test can take without cutting its own connection


@pytest.fixture(scope="module")
def away():
    """A site of its own: its cluster is what these tests break."""
    skip_without(*SERVED)
    with own_site() as site:
        site.execute(f"CREATE ROLE {USER} LOGIN")
        site.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {USER}")
        site.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {USER}")
        yield site


@pytest.fixture(autouse=True)
def connected(away):
    """Whatever the test before has done to the server, or failed at."""
    away.connect_again()


def requests(port):
    """One request per program that cannot be answered without the database."""
    maker = Maker()
    yield "token", lambda: client.post_json(port, "/api/token/", {"username": "alice", "password": PASSWORD})
    yield "token, unknown", lambda: client.post_json(port, "/api/token/", {"username": "x", "password": "x"})
    yield "refresh", lambda: client.post_json(port, "/api/token/refresh/", {"refresh": maker.make({"kind": "refresh"})})
    yield "hello", lambda: client.hello(port, maker.make({}))


def statuses(port):
    return {name: ask().status for name, ask in requests(port)}


WELL = {"token": 200, "token, unknown": 401, "refresh": 200, "hello": 200}


def is_unavailable(name, answer, seconds):
    assert answer.status == 503, f"{name}: {answer.status} {answer.body!r}"
    assert answer.header("Content-Type") == "application/json" and answer.json()["detail"]
    assert int(answer.header("Retry-After")) > 0
    assert answer.header("Cache-Control") == "no-store"
    assert seconds < 5, f"{name} took {seconds:.1f} s"


def environment(away, **settings):
    return ours.environment(away.our_environment(), {**PROFILES["default"].our_settings(), **settings})


@contextlib.contextmanager
def stopped(cluster):
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


@contextlib.contextmanager
def killed(cluster):
    cluster.kill()
    try:
        yield
    finally:
        cluster.start()


FAULTS = {"stopped": stopped, "killed": killed, "hanging": Cluster.hanging}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_database_is_away_and_comes_back(away, fault):
    server = away.ours("default")
    assert statuses(server.port) == WELL
    before = {name: server.main.workers(name) for name in SERVED}
    with FAULTS[fault](away.cluster):
        for _ in range(2):
            for name, ask in requests(server.port):
                begun = time.monotonic()
                answer = ask()
                is_unavailable(name, answer, time.monotonic() - begun)
    assert statuses(server.port) == WELL, "the next request is served"
    assert {name: server.main.workers(name) for name in SERVED} == before, "nobody was restarted"


@pytest.mark.parametrize("fault", FAULTS)
def test_many_at_once_wait_in_line(away, fault):
    """The first waits for the whole deadline, each one behind it in the same process for half a second more."""
    many, token = 8, Maker().make({})
    with fastcgi.Program("hello", environment(away)) as program:
        def ask(_):
            begun = time.monotonic()
            answer = program.answer(*fastcgi.get("/hello/", token))
            return answer.status, time.monotonic() - begun

        with ThreadPoolExecutor(many) as pool:
            assert {status for status, _ in pool.map(ask, range(many))} == {200}
            with FAULTS[fault](away.cluster):
                answers = list(pool.map(ask, range(many)))
                assert {status for status, _ in answers} == {503}
                assert max(seconds for _, seconds in answers) < 3 + many * 0.5 + 1
            assert {status for status, _ in pool.map(ask, range(many))} == {200}


@pytest.mark.parametrize("fault", FAULTS)
def test_requests_without_a_query_are_answered_in_an_outage(away, fault):
    server = away.ours("default")
    with FAULTS[fault](away.cluster):
        assert client.post_json(server.port, "/api/token/", {}).status == 400
        assert client.post_json(server.port, "/api/token/refresh/", {"refresh": "x"}).status == 401
        assert client.ask(server.port, "GET /hello/").status == 401
        assert client.ask(server.port, "GET /api/token/").status == 405


def test_connections_that_the_server_cut(away):
    server = away.ours("default")
    assert statuses(server.port) == WELL
    away.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert statuses(server.port) == WELL


def test_a_locked_table(away):
    """A lock is an outage of a kind: the answer is 503 in time, and not a wrong one."""
    server = away.ours("default")
    assert statuses(server.port) == WELL
    holder = away.cluster.connect(away.name)
    holder.autocommit = False
    holder.cursor().execute("LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE")
    try:
        for name, ask in requests(server.port):
            begun = time.monotonic()
            is_unavailable(name, ask(), time.monotonic() - begun)
    finally:
        holder.rollback()
        holder.close()
    assert statuses(server.port) == WELL


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
    try:
        yield
    finally:
        site.execute(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@contextlib.contextmanager
def read_only(site):
    site.execute(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    cut(site)
    try:
        yield
    finally:
        site.execute(f"ALTER ROLE {USER} RESET default_transaction_read_only")


@contextlib.contextmanager
def table_gone(site):
    site.execute("ALTER TABLE auth_user RENAME TO auth_user_gone")
    try:
        yield
    finally:
        site.execute("ALTER TABLE auth_user_gone RENAME TO auth_user")


@contextlib.contextmanager
def rights_gone(site):
    site.execute(f"REVOKE SELECT ON auth_user FROM {USER}")
    try:
        yield
    finally:
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
    try:
        site.execute("SELECT pg_reload_conf()")
        process.wait_for(lambda: not lets_in(site), "the new rules")
        cut(site)
        yield
    finally:
        rules.write_text(before)
        site.execute("SELECT pg_reload_conf()")


REFUSALS = {fault.__name__: fault for fault in
          (connections_used_up, read_only, table_gone, rights_gone, password_wrong)}


@pytest.mark.parametrize("fault", REFUSALS)
def test_the_database_refuses_its_service(away, fault):
    """503 in time, for good and bad passwords alike; and the next request after it is served."""
    with fastcgi.Program("token", environment(away, PGUSER=USER)) as program:
        assert login(program) == 200
        with REFUSALS[fault](away):
            # a refusal of a password writes nothing
            for password in (PASSWORD, "wrong") if fault != "read_only" else (PASSWORD,):
                begun = time.monotonic()
                assert login(program, password) == 503
                assert time.monotonic() - begun < 5
        process.wait_for(lambda: login(program) == 200, "service to be back")
        assert login(program, "wrong") == 401
        assert program.process.poll() is None


def test_a_table_altered_under_prepared_statements(away):
    away.execute("PREPARE users AS SELECT username FROM auth_user")
    with fastcgi.Program("token", environment(away, PGUSER=USER)) as program:
        assert [login(program) for _ in range(3)] == [200] * 3
        away.execute("ALTER TABLE auth_user ALTER username TYPE varchar(151)")
        try:
            with pytest.raises(psycopg2.errors.FeatureNotSupported):
                away.execute("EXECUTE users")
            assert [login(program) for _ in range(3)] == [200] * 3
            assert "database: " not in program.log.read_text()
        finally:
            away.execute("ALTER TABLE auth_user ALTER username TYPE varchar(150)")


def test_what_the_server_cannot_do_is_named(away):
    """0A000 of a statement that is not prepared is no outdated plan: a new connection changes nothing."""
    away.execute("CREATE FUNCTION broken(text) RETURNS SETOF auth_user LANGUAGE plpgsql AS"
                 " $$ BEGIN RAISE feature_not_supported USING MESSAGE = 'not here'; END $$")
    query = "SELECT id, password, is_active FROM broken($1)"
    every = environment(away, PGUSER=USER, JWT_USER_QUERY=query, JWT_USER_ID_QUERY=query)
    with fastcgi.Program("token", every) as program:
        assert [login(program) for _ in range(3)] == [503] * 3
        assert program.log.read_text().count("database: 0A000: ") == 3


def test_descriptors_run_out(away):
    """No descriptor for a connection of any kind is an outage, and over when there is one again."""
    with fastcgi.Program("token", environment(away, PGUSER=USER)) as program:
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
    """Its limit reached, it ends or says 503, and the next request is served by another."""
    server = stack("plain", JWT_LEEWAY="6")
    big = {"username": "alice", "password": "x" * 60000}
    before = server.main.workers("token")
    for pid in before:
        used = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (used + (1 << 14), resource.RLIM_INFINITY))
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
