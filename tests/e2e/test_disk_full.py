"""No space left on a device: the database's, where its tables or its log are, and our own."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import psycopg2
import pytest
from harness import fastcgi, ours, postgres, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import Site
from harness.tokens import Maker


class Disk:
    """A small file system of its own."""

    def __init__(self, folder, mebibytes):
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0777", "disk", folder],
                                 capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(f"mounting a small file system is not permitted: {mounted.stderr.strip()}")
        self.folder = folder

    @contextlib.contextmanager
    def full(self):
        ballast = self.folder / "ballast"
        with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass
        assert os.statvfs(self.folder).f_bfree == 0
        yield
        ballast.unlink(missing_ok=True)

    def remove(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


@pytest.fixture(scope="module")
def disk():
    """disk(mebibytes): one that is gone behind the tests."""
    parent, disks = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-disk-")), []
    parent.chmod(0o755)  # other users work there

    def make(mebibytes=1):
        disks.append(Disk(parent / str(len(disks)), mebibytes))
        return disks[-1]

    yield make
    for one in disks:
        one.remove()
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def away(disk):
    """A site of its own whose tables of tokens and log of changes are on small disks."""
    skip_without("token", "refresh", "hello")
    tables, log = disk(2), disk(64)
    cluster = OnDisk(log)
    try:
        site = Site(cluster)
        site.tables, site.log = tables, log
        owner = postgres.as_owner()[1]
        (tables.folder / "space").mkdir()
        if owner:
            shutil.chown(tables.folder / "space", owner.pw_uid, owner.pw_gid)
        site.execute(f"CREATE TABLESPACE small LOCATION '{tables.folder}/space'")
        for kind, name in site.execute(
                "SELECT CASE relkind WHEN 'r' THEN 'TABLE' ELSE 'INDEX' END, relname FROM pg_class"
                " WHERE relname LIKE 'token_blacklist%' AND relkind IN ('r', 'i') ORDER BY relkind DESC"):
            site.execute(f'ALTER {kind} "{name}" SET TABLESPACE small')
        site.execute("ALTER ROLE jwt_fcgi SET synchronous_commit = on")
        yield site
        site.end()
    finally:
        cluster.remove()


class OnDisk(postgres.Cluster):
    def __init__(self, disk):
        self.disk = disk
        super().__init__()

    def make(self):
        owner = postgres.as_owner()[1]
        (self.disk.folder / "log").mkdir()
        if owner:
            shutil.chown(self.disk.folder / "log", owner.pw_uid, owner.pw_gid)
        super().make("--waldir", self.disk.folder / "log", "--wal-segsize=1")


def environment(site, **settings):
    return ours.environment(site.our_environment(), {**PROFILES["rotate"].our_settings(), **settings})


@contextlib.contextmanager
def programs(site):
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(fastcgi.Program(name, environment(site)))
               for name in ("token", "refresh", "hello")}


def login(programs):
    return programs["token"].answer(*fastcgi.login("alice", PASSWORD))


def rotate(programs, token):
    return programs["refresh"].answer(*fastcgi.post("/api/token/refresh/", {"refresh": token}))


def hello(programs):
    return programs["hello"].answer(*fastcgi.get("/hello/", Maker().make({})))


def is_unavailable(answer):
    assert answer.status == 503 and int(answer.header("Retry-After")) > 0
    assert answer.json()["code"] == "unavailable"


def test_no_space_for_the_tables(away):
    """What has to write is answered with 503, and a token that was not exchanged stays what it was; reads go on."""
    with programs(away) as running:
        token = login(running).json()["refresh"]
        with away.tables.full():
            with contextlib.suppress(psycopg2.errors.DiskFull):  # what the tables have left
                away.execute("CREATE TABLE filler TABLESPACE small AS SELECT generate_series(1, 1000000)")
            deadline = time.monotonic() + 20
            while (answer := login(running)).status == 200 and time.monotonic() < deadline:
                pass
            is_unavailable(answer)
            for _ in range(3):
                is_unavailable(login(running))
                is_unavailable(rotate(running, token))
                assert running["token"].answer(*fastcgi.login("alice", "wrong")).status == 401
                assert hello(running).status == 200
        assert rotate(running, token).status == 200
        assert rotate(running, token).status == 401, "and only once"
        assert login(running).status == 200
        assert all(program.process.poll() is None for program in running.values())


def test_no_space_for_the_log_of_changes(away):
    """PostgreSQL stops itself: 503 until it runs again, and then nothing that was acknowledged is lost."""
    with programs(away) as running:
        tokens = [login(running).json()["refresh"] for _ in range(3)]
        with away.log.full():
            with contextlib.suppress(psycopg2.DatabaseError):
                for _ in range(100):
                    if (answer := login(running)).status == 200:
                        tokens.append(answer.json()["refresh"])
                    away.execute("SELECT pg_switch_wal()")
                raise AssertionError("the disk never was full")
            for _ in range(3):
                assert {login(running).status, rotate(running, tokens[0]).status} <= {200, 503}
                assert hello(running).status in (200, 503)
        process.wait_for(lambda: away.cluster.postmaster.poll() is not None or away.cluster.answers(), "PostgreSQL")
        if away.cluster.postmaster.poll() is not None:
            away.cluster.start()
        process.wait_for(lambda: login(running).status == 200, "service to be back")
        away.connect_again()
        known = {token for token, in away.execute("SELECT token FROM token_blacklist_outstandingtoken")}
        assert set(tokens) <= known
        assert rotate(running, tokens[1]).status == hello(running).status == 200
        assert all(program.process.poll() is None for program in running.values())


def test_no_space_for_our_log(site, disk):
    """Whoever cannot be told is not waited for."""
    log = disk()
    with log.full():
        path = log.folder / "log"
        path.touch()
        settings = environment(site)
        with open(path, "ab") as standard_error, fastcgi.Program("hello", settings, standard_error) as program:
            for _ in range(3):
                assert hello({"hello": program}).status == 200
            assert path.stat().st_size == 0


def test_no_space_for_what_is_counted(site, disk):
    """Tries that cannot be counted are no reason to let them through; requests that cannot be are."""
    small = disk()
    settings = environment(site, JWT_THROTTLE="on", JWT_THROTTLE_FILE=str(small.folder / "throttle"))
    counting = environment(site, JWT_METRICS_DIR=str(small.folder))
    with small.full():
        with fastcgi.Program("token", settings) as program:
            assert program.process.wait(10) == 1
            assert "JWT_THROTTLE_FILE" in program.log.read_text() and "No space" in program.log.read_text()
        with fastcgi.Program("hello", counting) as program:
            assert hello({"hello": program}).status == 200
            assert "metrics disabled" in program.log.read_text()
    roomy = disk(2)
    settings["JWT_THROTTLE_FILE"], counting["JWT_METRICS_DIR"] = str(roomy.folder / "throttle"), str(roomy.folder)
    with fastcgi.Program("token", settings) as token, fastcgi.Program("hello", counting) as counted:
        assert login({"token": token}).status == 200
        assert hello({"hello": counted}).status == 200
        with roomy.full():  # what they need is theirs already
            for number in range(50):
                answer = token.answer(*fastcgi.login(f"somebody {number}", "x"))
                assert answer.status == (401 if number < 20 else 429)
            assert hello({"hello": counted}).status == 200


def test_no_space_for_a_key(disk):
    """jwtctl says so and leaves no half of a key."""
    keys = disk()
    folder = keys.folder / "keys"
    folder.mkdir()
    command = [ours.program("jwtctl"), "key", "generate", "--dir", folder, "--algorithm", "ES256"]
    environment = ours.plain_environment()
    with keys.full():
        failed = subprocess.run([*command, "--state", "active"], env=environment, capture_output=True, text=True)
        assert failed.returncode and "No space left" in failed.stderr
        assert not files(folder)
    assert subprocess.run([*command, "--state", "active"], env=environment).returncode == 0
    before = files(folder)
    with keys.full():
        assert subprocess.run(command, env=environment, capture_output=True).returncode
    assert files(folder) == before


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]
