"""A temporary PostgreSQL cluster on a unix socket in its own folder, without durability."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

import psycopg2

from . import process

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "600",
    "shared_buffers": "64MB",
    "max_prepared_transactions": "10",
    "shared_preload_libraries": "pg_stat_statements",
}


def program(name):
    bindir = os.environ.get("PG_BINDIR")
    if not bindir:
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        if found:
            return str(found[-1])
        return shutil.which(name) or name
    return os.path.join(bindir, name)


def as_owner():
    """The owner of the cluster: as root Debian's user postgres, because the server refuses to run as root."""
    if os.geteuid() != 0:
        return [], None
    user = pwd.getpwnam("postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user


class Cluster:
    def __init__(self):
        self.prefix, owner = as_owner()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-pg-"))
        self.folder.chmod(0o755)
        if owner:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self.log = self.folder / "log"
        self.postmaster = None
        self.make()
        self.start()

    def run(self, name, *arguments):
        """Runs one of PostgreSQL's programs as the owner of the cluster."""
        subprocess.run([*self.prefix, program(name), *arguments], check=True, capture_output=True, cwd="/")

    def make(self, *arguments):
        self.run("initdb", "--pgdata", self.folder / "data", "--auth=trust", "--username=postgres",
                 "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", *arguments)

    def start(self):
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        self.postmaster = process.start(
            [*self.prefix, program("postgres"), "-D", self.folder / "data", "-k", self.folder, *options],
            self.log, cwd="/",
        )
        process.wait_for(self.answers, "PostgreSQL to accept connections", 30)

    def answers(self):
        if self.postmaster.poll() is not None:
            raise process.Unfinished(self.log.read_text())
        try:
            self.connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def connect(self, database, user="postgres"):
        connection = psycopg2.connect(host=str(self.folder), user=user, dbname=database,
                                      connect_timeout=5)
        connection.autocommit = True
        return connection

    def environment(self, database, user="postgres"):
        return {"PGHOST": str(self.folder), "PGUSER": user, "PGDATABASE": database, "PGPORT": "5432"}

    def psql(self, database, *arguments, **more):
        return subprocess.run(
            [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments],
            env={**os.environ, **self.environment(database)}, check=True, **more,
        )

    # The faults of the outage tests.

    def stop(self, number=signal.SIGINT):
        process.end(self.postmaster, number=number)
        self.postmaster = None

    def kill(self):
        """Kills all processes at once, as a power failure does."""
        self.signal_all(signal.SIGKILL)
        self.postmaster.wait()
        self.postmaster = None

    def signal_all(self, number):
        for pid in process.children(self.postmaster.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextlib.contextmanager
    def hanging(self):
        self.signal_all(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal_all(signal.SIGCONT)

    def remove(self):
        if self.postmaster:
            self.signal_all(signal.SIGCONT)
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Standby(Cluster):
    """A standby of another cluster, read-only until it is promoted."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def make(self):
        self.run("pg_basebackup", "-h", self.primary.folder, "-U", "postgres", "-D", self.folder / "data",
                 "-R", "-c", "fast", "-X", "stream")

    def promote(self):
        with contextlib.closing(self.connect("postgres")) as connection:
            connection.cursor().execute("SELECT pg_promote()")
