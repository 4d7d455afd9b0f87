"""The change feed with real programs: known owners are not read, and no change is missed.

Each change is asked of several processes of which each has answered 200 from its table of known owners before. An
answer of 200 to a request that was sent 300 ms after the commit is a failure, and so is a 401 for a good token.
"""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from harness import bouncer, client, fastcgi, ours, postgres, process, reference
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.postgres import Cluster, Standby
from harness.profiles import PROFILES
from harness.site import own_site
from harness.tokens import Maker

LATEST = 0.3  # seconds after a commit at which it must be seen
SQL = ours.CHECKOUT / "sql"
PROCESSES = 4
(FAKETIME, *_) = [*pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None]


@pytest.fixture(scope="module")
def fed():
    """A site of its own, with the feed: its cluster is what these tests break."""
    skip_without("hello", "refresh", "auth_check", "sliding_refresh")
    with own_site("fed", "-f", SQL / "changes.sql", "-c", "CREATE EXTENSION pg_stat_statements") as site:
        yield site


@pytest.fixture(autouse=True)
def restored(fed):
    fed.cluster.psql("fed", "-f", SQL / "changes.sql")
    fed.restore()


class Fleet:
    """Processes of one program, each with counters of its own."""

    def __init__(self, stack, site, folder, name="hello", count=PROCESSES, environment=None, **settings):
        self.name, self.metrics, self.programs = name, [], []
        for number in range(count):
            counters = folder / f"metrics{number}"
            counters.mkdir(mode=0o777)
            every = ours.environment(environment or site.our_environment(), {
                **PROFILES["plain"].our_settings(), "JWT_METRICS_DIR": str(counters), **settings})
            self.metrics.append(stack.enter_context(
                fastcgi.Program("metrics", fastcgi.plain_environment(JWT_METRICS_DIR=str(counters)))))
            self.programs.append(stack.enter_context(fastcgi.Program(name, every)))

    def status(self, program, token):
        if self.name == "hello":
            return program.answer(*fastcgi.get("/hello/", token)).status
        field = "refresh" if self.name == "refresh" else "token"
        return program.answer(*fastcgi.post("/", {field: token})).status

    def counters(self, number):
        """(hits, reads) of one process."""
        text = self.metrics[number].answer(*fastcgi.get("/metrics")).body.decode()
        found = dict(re.findall(rf'jwt_fcgi_owners_total{{program="{self.name}",source="(\w+)"}} (\d+)', text))
        return int(found.get("known", 0)), int(found.get("database", 0))

    def warm(self, *tokens):
        """Every process has answered each of these tokens from its table."""
        for number, program in enumerate(self.programs):
            for token in tokens:
                def known():
                    before, _ = self.counters(number)
                    assert self.status(program, token) == 200
                    return self.counters(number)[0] > before

                process.wait_for(known, "an answer without a read")

    def refuses(self, token, since=None, status=401):
        """Every process refuses the token, and has since LATEST after the commit, which is at most `since`."""
        since = time.monotonic() if since is None else since
        for program in self.programs:
            while True:
                sent = time.monotonic()
                answer = self.status(program, token)
                if answer == status:
                    break
                assert answer == 200, program.log.read_text()
                assert sent - since < LATEST, f"200 for a request {sent - since:.3f} s after the commit"
                time.sleep(0.02)

    def accepts(self, token):
        return {self.status(program, token) for program in self.programs} == {200}


@pytest.fixture
def fleet(fed, tmp_path):
    tmp_path.chmod(0o755)
    with contextlib.ExitStack() as stack:
        yield lambda **more: Fleet(stack, fed, tmp_path, **more)


def token(user_id=1, kind="access", **claims):
    return Maker().make({"kind": kind, "set": {"user_id": str(user_id), **claims}})


CHANGES = {
    "deactivated": "UPDATE auth_user SET is_active = false WHERE id = 1",
    "deleted": "DELETE FROM auth_user WHERE id = 1",
    "id changed": "UPDATE auth_user SET id = 1000 WHERE id = 1",
    "in a savepoint": "BEGIN; SAVEPOINT a; UPDATE auth_user SET is_active = false WHERE id = 1; RELEASE a; COMMIT",
    "as a replica": "SET session_replication_role = replica; UPDATE auth_user SET is_active = false WHERE id = 1;"
                    "RESET session_replication_role",
    "everybody deleted": "TRUNCATE auth_user CASCADE",
    "10,000 at once": "INSERT INTO auth_user SELECT i, 'x', NULL, false, 'many' || i, '', '', '', false, true, now()"
                      " FROM generate_series(20001, 30000) i; UPDATE auth_user SET is_active = false",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(fed, fleet, change):
    hello = fleet()
    hello.warm(token(1))
    fed.execute(CHANGES[change])
    hello.refuses(token(1))


@pytest.mark.parametrize("name, kind", [("refresh", "refresh"), ("sliding_refresh", "sliding")])
def test_a_change_is_seen_by_every_program(fed, fleet, name, kind):
    programs = fleet(name=name)
    programs.warm(token(1, kind))
    fed.execute(CHANGES["deactivated"])
    programs.refuses(token(1, kind))


def test_other_users_stay_known(fed, fleet):
    hello = fleet(count=1)
    hello.warm(token(1), token(4))
    fed.execute(CHANGES["deactivated"])
    hello.refuses(token(1))
    known, read = hello.counters(0)
    assert hello.accepts(token(4))
    assert hello.counters(0) == (known + 1, read)


def test_a_password_that_is_changed_ends_tokens(fed, fleet):
    hello = fleet(JWT_CHECK_REVOKE_TOKEN="on")
    [(stored,)] = fed.execute("SELECT upper(md5(password)) FROM auth_user WHERE id = 1")
    good = token(1, hash_password=stored)
    hello.warm(good)
    hello.refuses(token(1, hash_password="0" * 32), since=0)
    hello.refuses(token(1), since=0)
    fed.execute("UPDATE auth_user SET password = 'another' WHERE id = 1")
    hello.refuses(good)


def test_a_renamed_user(fed, fleet):
    """auth_check remembers the name that it hands on; a name of 41 bytes is read each time."""
    check = fleet(name="auth_check", count=1)

    def name(user_id=1):
        answer = check.programs[0].answer(*fastcgi.get("/", token(user_id)))
        assert answer.status == 204
        return answer.header("X-Auth-Username")

    def known():
        before, _ = check.counters(0)
        assert name() == "alice"
        return check.counters(0)[0] > before

    process.wait_for(known, "an answer without a read")
    fed.execute("UPDATE auth_user SET username = 'alina' WHERE id = 1")
    changed = time.monotonic()
    while name() != "alina":
        assert time.monotonic() - changed < LATEST + 0.2
    fed.execute("UPDATE auth_user SET username = %s WHERE id = 1", "x" * 41)
    process.wait_for(lambda: name() == "x" * 41, "the long name")
    before = check.counters(0)
    assert name() == "x" * 41
    assert check.counters(0) == (before[0], before[1] + 1)


DJANGO = {  # what a site's own code, its shell and its admin do: the token must be refused after each
    "save": "user.is_active = False; user.save()",
    "save of some fields": "user.is_active = False; user.save(update_fields=['is_active'])",
    "query": "User.objects.filter(pk=1).update(is_active=False)",
    "password": "user.set_password('another'); user.save()",
    "delete": "user.delete()",
    "transaction": "with transaction.atomic():\n    user.is_active = False; user.save(); time.sleep(0.5)",
}


ADMIN = """
import sys, types
from django.contrib import admin
from django.test import Client
from django.test.utils import override_settings
from django.urls import path
sys.modules["admin_urls"] = types.SimpleNamespace(urlpatterns=[path("admin/", admin.site.urls)])
with override_settings(ROOT_URLCONF="admin_urls", MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware"]):
    client, boss = Client(), User.objects.create_superuser("boss")
    client.force_login(boss)
    assert client.post("/admin/auth/user/1/{page}/", {form}).status_code == 302
    boss.delete()
"""
FORMS = {  # of the admin: a change of the user without the tick of "active", and a new password
    "change": {"username": "alice", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"},
    "password": {"password1": "a password of the admin's", "password2": "a password of the admin's"},
}
DJANGO |= {f"admin, {page}": ADMIN.format(page=page, form=form) for page, form in FORMS.items()}


def django(site, lines):
    subprocess.run(
        [reference.PYTHON, "-c", "import time, django; django.setup(); from django.db import transaction\n"
         "from django.contrib.auth import get_user_model; User = get_user_model()\n"
         f"user = User.objects.get(pk=1)\n{lines}"],
        env=reference.environment(PROFILES["plain"], site.environment()), check=True)


@pytest.mark.parametrize("change", DJANGO)
def test_a_change_by_django(fed, fleet, change):
    hello = fleet(JWT_CHECK_REVOKE_TOKEN="on")
    [(stored,)] = fed.execute("SELECT upper(md5(password)) FROM auth_user WHERE id = 1")
    good = token(1, hash_password=stored)
    hello.warm(good)
    django(fed, DJANGO[change])
    hello.refuses(good)


def test_a_user_renamed_by_django(fed, fleet):
    check = fleet(name="auth_check")

    def names():
        answers = [program.answer(*fastcgi.get("/", token(1))) for program in check.programs]
        assert {answer.status for answer in answers} == {204}
        return {answer.header("X-Auth-Username") for answer in answers}

    def known():
        before = [check.counters(number)[0] for number in range(PROCESSES)]
        assert names() == {"alice"}
        return all(check.counters(number)[0] > before[number] for number in range(PROCESSES))

    process.wait_for(known, "answers without a read")
    django(fed, "user.username = 'alina'; user.save()")
    time.sleep(LATEST)
    assert names() == {"alina"}


def test_two_instances_with_several_workers(fed, tmp_path):
    """Behind Nginx, where the workers of a program share a socket: each has answered, and none does afterwards."""
    tmp_path.chmod(0o755)
    good = token(1)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(16) as pool:
        instances = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir(mode=0o755)
            instances.append(ours.Ours(fed.our_environment(), PROFILES["plain"].our_settings(), tmp_path / name,
                                       ["--workers", "3"]))
            stack.callback(instances[-1].end)
        for instance in instances:
            process.wait_for(instance.ready, "./run", 30)

        def ask():
            return list(pool.map(lambda number: client.hello(instances[number % 2].port, good).status, range(64)))

        def answered():
            """Whether each worker has answered 10 times: from its table, but for the first two."""
            assert set(ask()) == {200}
            for instance in instances:
                pids = re.findall(r"hello\[(\d+)\]: .*status=200", instance.output())
                if len([pid for pid in set(pids) if pids.count(pid) >= 10]) < 3:
                    return False
            return True

        process.wait_for(answered, "answers of each worker", 60)
        fed.execute(CHANGES["deactivated"])
        time.sleep(LATEST)
        assert set(ask() + ask()) == {401}


@pytest.mark.skipif(not bouncer.PROGRAM, reason="no pgbouncer")
@pytest.mark.parametrize("change", ["deactivated", "deleted", "everybody deleted", "10,000 at once"])
def test_a_change_behind_a_pooler(fed, fleet, change):
    """Four processes share two sessions of PgBouncer in transaction mode: each question may meet another one."""
    pool = bouncer.Bouncer(fed.cluster, fed.our_environment()["PGUSER"])
    try:
        hello = fleet(environment=pool.environment(fed.our_environment()))
        hello.warm(token(1))
        fed.execute(CHANGES[change])
        hello.refuses(token(1))
    finally:
        pool.remove()


def test_a_late_commit(fed, fleet):
    """The transaction that began first commits last, 3 s later: an order by number or time would miss it."""
    hello = fleet()
    hello.warm(token(1), token(4))
    with contextlib.closing(fed.cluster.connect("fed")) as late:
        late.autocommit = False
        late.cursor().execute(CHANGES["deactivated"])
        fed.execute("UPDATE auth_user SET is_active = false WHERE id = 4")
        hello.refuses(token(4))
        for _ in range(10):
            assert hello.accepts(token(1))
            time.sleep(LATEST)  # the other change is history for every process
        late.commit()
    hello.refuses(token(1))


def test_a_two_phase_commit(fed, fleet):
    hello = fleet()
    hello.warm(token(1))
    fed.execute(f"BEGIN; {CHANGES['deactivated']}; PREPARE TRANSACTION 'one'")
    assert hello.accepts(token(1))
    fed.execute("COMMIT PREPARED 'one'")
    hello.refuses(token(1))


def test_a_rolled_back_change(fed, fleet):
    hello = fleet(count=1)
    hello.warm(token(1))
    fed.execute(f"BEGIN; {CHANGES['deactivated']}; ROLLBACK")
    time.sleep(LATEST)
    before = hello.counters(0)
    assert hello.accepts(token(1))
    assert hello.counters(0) == (before[0] + 1, before[1])


FEED_GONE = {
    "triggers disabled": ("ALTER TABLE auth_user DISABLE TRIGGER jwt_changed",
                          "ALTER TABLE auth_user ENABLE ALWAYS TRIGGER jwt_changed"),
    "triggers enabled for the origin only": ("ALTER TABLE auth_user ENABLE TRIGGER jwt_changed", "SELECT 1"),
    "feed dropped": ("DROP TABLE jwt_change CASCADE; DROP TRIGGER jwt_changed ON auth_user;"
                     "DROP TRIGGER jwt_removed ON auth_user; DROP TRIGGER jwt_emptied ON auth_user", "SELECT 1"),
    "right taken": ("REVOKE SELECT ON jwt_change FROM jwt_fcgi", "SELECT 1"),
    "table swapped": ("CREATE TABLE other (LIKE auth_user INCLUDING ALL); INSERT INTO other SELECT * FROM auth_user;"
                      "ALTER TABLE auth_user RENAME TO kept; ALTER TABLE other RENAME TO auth_user;"
                      "GRANT SELECT ON auth_user TO jwt_fcgi",
                      "DROP TABLE auth_user; ALTER TABLE kept RENAME TO auth_user"),
}


@pytest.mark.parametrize("gone", FEED_GONE)
def test_a_feed_that_becomes_unusable(fed, fleet, gone):
    """Then every request reads, and the log says so."""
    away, back = FEED_GONE[gone]
    hello = fleet()
    hello.warm(token(1))
    fed.execute(away)
    try:
        time.sleep(LATEST)
        assert hello.accepts(token(1))
        fed.execute(CHANGES["deactivated"])
        hello.refuses(token(1), since=time.monotonic() - LATEST)
        assert "change feed" in hello.programs[0].log.read_text() or "jwt_change" in hello.programs[0].log.read_text()
    finally:
        fed.execute(back)


OTHERS = {  # what changes.sql is run with
    "other id": ["-v", "id=username"],
    "other password": ["-v", "password=email"],
    "other activity": ["-v", "active=is_staff"],
    "other name": ["-v", "username=email"],
    "other schema": ["-v", "users=public.auth_user", "-c", "CREATE SCHEMA other; SET search_path = other"],
    "children": ["-c", "CREATE SCHEMA other; CREATE TABLE other.child () INHERITS (auth_user);"
                       "WITH one AS (DELETE FROM auth_user WHERE id = 1 RETURNING *)"
                       "INSERT INTO other.child SELECT * FROM one"],
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_feed_of_something_else_is_none(fed, fleet, other):
    """Triggers that watch other columns than the settings name, or not all rows, or fill a table that is not read."""
    fed.cluster.psql("fed", *OTHERS[other], "-f", SQL / "changes.sql")
    try:
        hello = fleet(count=1)
        for _ in range(5):
            assert hello.accepts(token(1))
        assert hello.counters(0) == (0, 5)
        fed.execute(CHANGES["deactivated"])
        hello.refuses(token(1), since=0)
        assert hello.programs[0].log.read_text().count("change feed: not in use") == 1
    finally:
        fed.execute("DROP SCHEMA IF EXISTS other CASCADE")


def test_a_feed_of_the_columns_that_settings_name(fed, fleet):
    fed.cluster.psql("fed", "-v", "id=username", "-f", SQL / "changes.sql")
    hello = fleet(JWT_USER_ID_FIELD="username")
    hello.warm(token("alice"))
    fed.execute(CHANGES["deactivated"])
    hello.refuses(token("alice"))


def test_a_cut_connection(fed, fleet):
    """A change that was made while a process had no connection."""
    hello = fleet()
    hello.warm(token(1))
    with contextlib.closing(fed.cluster.connect("fed")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'jwt_fcgi'")
        cursor.execute(CHANGES["deactivated"])
        cursor.execute("DELETE FROM jwt_change")  # so that only the new connection can tell
    hello.refuses(token(1))


def works(action):
    try:
        action()
    except psycopg2.Error:
        return False
    return True


@pytest.mark.skipif(not bouncer.PROGRAM, reason="no pgbouncer")
def test_a_crash_behind_a_pooler(fed, fleet):
    """PostgreSQL starts its processes anew, transaction ids that were not on disk come again, and no connection ends."""
    pool = bouncer.Bouncer(fed.cluster, fed.our_environment()["PGUSER"])
    try:
        hello = fleet(environment=pool.environment(fed.our_environment()))
        hello.warm(token(1))
        with contextlib.closing(fed.cluster.connect("fed")) as victim:
            os.kill(victim.get_backend_pid(), signal.SIGKILL)

        process.wait_for(lambda: not works(lambda: fed.execute("SELECT 1")), "the end of all connections")
        process.wait_for(lambda: works(fed.connect_again), "PostgreSQL")
        fed.execute(CHANGES["deactivated"])
        fed.execute("DELETE FROM jwt_change")  # as if its id had been seen before
        hello.refuses(token(1))
    finally:
        pool.remove()


@pytest.mark.skipif(not FAKETIME or ours.sanitized("hello"), reason="needs libfaketime, and no AddressSanitizer")
def test_a_process_that_was_silent_for_a_minute(fed, fleet, tmp_path):
    """The feed may have dropped rows meanwhile, so the next question begins anew."""
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    hello = fleet(JWT_SANDBOX="off", LD_PRELOAD=str(FAKETIME), FAKETIME_TIMESTAMP_FILE=str(clock),
                  FAKETIME_NO_CACHE="1")
    hello.warm(token(1))
    fed.execute(CHANGES["deactivated"])
    fed.execute("DELETE FROM jwt_change")
    time.sleep(LATEST)
    assert hello.accepts(token(1)), "nothing tells"
    clock.write_text("+61\n")
    hello.refuses(token(1), since=0)


@pytest.mark.skipif(not FAKETIME or ours.sanitized("hello"), reason="needs libfaketime, and no AddressSanitizer")
@pytest.mark.parametrize("offset", [-3600, 3600])
def test_a_clock_that_is_set(fed, fleet, tmp_path, offset):
    """NTP or an administrator sets the host's clock; the monotonic one goes on."""
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    hello = fleet(JWT_SANDBOX="off", LD_PRELOAD=str(FAKETIME), FAKETIME_TIMESTAMP_FILE=str(clock),
                  FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
    good = token(1, iat="t0-86400", exp="t0+86400")
    hello.warm(good)
    clock.write_text(f"{offset:+d}\n")
    hello.warm(good)
    fed.execute(CHANGES["deactivated"])
    hello.refuses(good)


def test_an_unusual_spelling_of_an_id(fleet):
    """It finds a row in PostgreSQL, and is no user id all the same: never accepted, never known."""
    hello = fleet()
    hello.warm(token("1"))
    for user_id in ("01", " 1", "1 ", "+1"):
        for _ in range(3):
            hello.refuses(token(user_id), since=0)


def test_a_dump_that_is_restored(fed, fleet):
    """Its rows carry transaction ids that this server has not reached yet; changes after it are seen."""
    for number in range(300):
        fed.execute("UPDATE auth_user SET password = %s WHERE id = 4", str(number))
    dump = subprocess.run([postgres.program("pg_dump"), "fed"], env={**os.environ, **fed.environment()},
                          check=True, capture_output=True).stdout
    other = Cluster()
    try:
        with contextlib.closing(other.connect("postgres")) as connection:
            connection.cursor().execute("CREATE ROLE jwt_fcgi LOGIN")
            connection.cursor().execute("CREATE DATABASE fed")
        other.psql("fed", input=dump, stdout=subprocess.DEVNULL)
        hello = fleet(environment=other.environment("fed", "jwt_fcgi"))
        hello.warm(token(1))
        other.psql("fed", "-c", CHANGES["deactivated"])
        hello.refuses(token(1))
    finally:
        other.remove()


def test_a_fail_over_to_a_standby_that_lost_commits(fed, fleet):
    """The standby never heard of the change that a process knows; nothing known before is trusted there."""
    standby = Standby(fed.cluster)
    try:
        hosts = {**fed.our_environment(), "PGHOST": f"{fed.cluster.folder},{standby.folder}", "PGPORT": "5432,5432",
                 "PGTARGETSESSIONATTRS": "read-write"}
        with contextlib.closing(standby.connect("postgres")) as connection:
            cursor = connection.cursor()
            cursor.execute("ALTER SYSTEM SET primary_conninfo = ''")  # from now on it receives nothing
            cursor.execute("SELECT pg_reload_conf()")

            def is_alone():
                cursor.execute("SELECT FROM pg_stat_wal_receiver")
                return cursor.rowcount == 0

            process.wait_for(is_alone, "the end of the replication")
        fed.execute("INSERT INTO auth_user SELECT 777, password, NULL, false, 'new', '', '', '', false, true, now()"
                    " FROM auth_user WHERE id = 1")
        hello = fleet(environment=hosts)
        hello.warm(token(777))
        fed.cluster.stop()
        with contextlib.closing(standby.connect("postgres")) as connection:
            connection.cursor().execute("SELECT pg_promote(false)")

        def on_the_standby():
            statuses = {hello.status(program, token(1)) for program in hello.programs}
            assert statuses <= {200, 503}, "an outage is no refusal"
            return statuses == {200}

        process.wait_for(on_the_standby, "the standby", 60)
        hello.refuses(token(777), since=0)
    finally:
        standby.remove()
        if fed.cluster.postmaster is None:
            fed.cluster.start()
            fed.connect_again()


def test_on_a_standby_every_request_reads(fed, fleet):
    standby = Standby(fed.cluster)
    try:
        hello = fleet(environment=standby.environment("fed", "jwt_fcgi"), count=1)
        for _ in range(5):
            assert hello.accepts(token(1))
        assert hello.counters(0) == (0, 5)
    finally:
        standby.remove()


@contextlib.contextmanager
def away(fed):
    fed.cluster.stop()
    try:
        yield
    finally:
        fed.cluster.start()
        fed.connect_again()


def test_an_outage_is_503(fed, fleet):
    hello = fleet()
    hello.warm(token(1))
    with away(fed):
        time.sleep(LATEST)
        hello.refuses(token(1), since=0, status=503)
    process.wait_for(lambda: hello.accepts(token(1)), "service again")


def test_known_owners_may_outlive_an_outage(fed, fleet):
    """JWT_FEED_STALE: known ones for so many seconds, others not."""
    hello = fleet(JWT_FEED_STALE="5")
    warm = time.monotonic()  # each program reads the feed from here on until the database is away
    hello.warm(token(1))
    with away(fed):
        while True:
            accepted = hello.accepts(token(1))
            if time.monotonic() - warm > 4:
                break
            assert accepted
            assert {hello.status(program, token(4)) for program in hello.programs} == {503}
        process.wait_for(lambda: {hello.status(p, token(1)) for p in hello.programs} == {503}, "the end of the 5 s")
    process.wait_for(lambda: hello.accepts(token(1)), "service again")
    fed.execute(CHANGES["deactivated"])
    hello.refuses(token(1))


def test_known_owners_cost_no_statement(fed, fleet):
    """A thousand requests, and PostgreSQL has seen nothing but the feed's own questions."""
    hello = fleet(count=1)
    hello.warm(token(1))
    fed.execute("SELECT pg_stat_statements_reset()")
    begun = time.monotonic()
    asked = 0
    while asked < 1000 or time.monotonic() - begun < 1:  # some looks on a fast machine, too
        assert hello.status(hello.programs[0], token(1)) == 200
        asked += 1
    looks = (time.monotonic() - begun) / 0.25 + 2
    rows = fed.execute("SELECT query, calls FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid"
                       " WHERE rolname = 'jwt_fcgi'")
    assert all("jwt_change" in query for query, _ in rows), rows
    assert 1 <= sum(calls for _, calls in rows) <= looks


@pytest.mark.parametrize("settings", [{"JWT_FEED_KNOWN": "0"}, {}])
def test_without_it_every_request_reads(fed, fleet, settings):
    if not settings:
        fed.cluster.psql("fed", "-f", SQL / "changes-remove.sql")
    hello = fleet(count=1, **settings)
    for _ in range(10):
        assert hello.accepts(token(1))
    assert hello.counters(0) == (0, 10)
    fed.execute(CHANGES["deactivated"])
    hello.refuses(token(1), since=0)


def test_a_poll_for_every_request(fed, fleet):
    """JWT_FEED_POLL=0: no change is ever late."""
    hello = fleet(JWT_FEED_POLL="0")
    hello.warm(token(1))
    fed.execute(CHANGES["deactivated"])
    hello.refuses(token(1), since=0)


def test_a_login_that_renews_the_hash_is_a_change(fed, fleet):
    """The owner is read again, and his token stays good."""
    hello = fleet(count=1)
    hello.warm(token(30))
    every = ours.environment(fed.our_environment(), {**PROFILES["plain"].our_settings(), "JWT_PASSWORD_REHASH": "upgrade"})
    with fastcgi.Program("token", every) as login:
        assert login.answer(*fastcgi.login("h_old_iter", PASSWORD)).status == 200
    assert fed.execute("SELECT user_id, ends FROM jwt_change ORDER BY xid DESC LIMIT 1") == [("30", False)]
    _, before = hello.counters(0)

    def read_again():
        assert hello.accepts(token(30))
        return hello.counters(0)[1] > before

    process.wait_for(read_again, "a read")


def test_what_is_counted(fed, fleet):
    hello = fleet(count=1)
    hello.warm(token(1), token(4))

    def gauges():
        text = hello.metrics[0].answer(*fastcgi.get("/metrics")).body.decode()
        return dict(re.findall(r'jwt_fcgi_feed_(\w+)\{program="hello"\} ([\d.]+)', text))

    assert hello.accepts(token(1))
    assert gauges()["known_owners"] == "2"
    process.wait_for(lambda: float(gauges()["age_seconds"]) > 1, "no question without a request")
    assert hello.accepts(token(1))
    assert float(gauges()["age_seconds"]) < 1
