"""A database with Django's tables and the people of people.py, and both kinds of server for it."""
import contextlib
import pathlib
import shutil
import tempfile
from collections import OrderedDict

from . import nginx, ours, process, reference
from .postgres import Cluster
from .profiles import PROFILES

KEPT = 6  # servers of one kind that run at the same time

RESTORE = """
DELETE FROM token_blacklist_blacklistedtoken;
DELETE FROM token_blacklist_outstandingtoken;
DELETE FROM auth_user WHERE id NOT IN (SELECT id FROM people_at_first);
UPDATE auth_user u SET password = p.password, last_login = p.last_login, is_active = p.is_active, username = p.username
FROM people_at_first p WHERE p.id = u.id
AND (u.password, u.is_active, u.username) IS DISTINCT FROM (p.password, p.is_active, p.username)
OR p.id = u.id AND u.last_login IS NOT NULL;
INSERT INTO auth_user SELECT * FROM people_at_first p WHERE p.id NOT IN (SELECT id FROM auth_user);
"""


class Server:
    """A running server: its port, and the parts to end with it."""

    def __init__(self, port, parts, folder, main):
        self.port, self.parts, self.folder, self.main = port, parts, folder, main

    def end(self):
        for part in self.parts:
            part.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Site:
    def __init__(self, cluster, database="site"):
        self.cluster = cluster
        self.name = database
        self.running = {"reference": OrderedDict(), "ours": OrderedDict()}
        self.failed = {}
        with contextlib.closing(cluster.connect("postgres")) as connection:
            connection.cursor().execute(f"CREATE DATABASE {database}")
        reference.populate(self.environment())
        for name in ("roles", "permissions"):
            cluster.psql(database, "-f", ours.CHECKOUT / "sql" / f"{name}.sql")
        self.connection = cluster.connect(database)
        self.execute("CREATE TABLE people_at_first AS SELECT * FROM auth_user")

    def environment(self):
        """For Django, which owns the tables."""
        return self.cluster.environment(self.name)

    def our_environment(self):
        """For our programs, which need only the role of sql/roles.sql."""
        return self.cluster.environment(self.name, "jwt_fcgi")

    def connect_again(self):
        """Connects again after the cluster was stopped."""
        self.connection.close()
        self.connection = self.cluster.connect(self.name)

    def execute(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def restore(self):
        """Resets the people and deletes all tokens."""
        self.execute(RESTORE)

    def reference(self, profile):
        """The real Django with the settings of a profile."""
        return self._kept("reference", profile, lambda: self._start_reference(PROFILES[profile]))

    def ours(self, profile="default", **settings):
        """Our programs with the settings of a profile and more JWT_ settings."""
        every = {**PROFILES[profile].our_settings(), **settings}
        return self._kept("ours", tuple(sorted(every.items())), lambda: self._start_ours(every))

    def said(self):
        """The end of each Django's log, which says why it answered 500."""
        return {profile: server.main.log.read_text(errors="backslashreplace")[-5000:]
                for profile, server in self.running["reference"].items()}

    def _kept(self, kind, key, start):
        running = self.running[kind]
        if (kind, key) in self.failed:  # do not try again: thousands of tests may use it
            raise process.Unfinished(self.failed[kind, key])
        if key not in running:
            while len(running) >= KEPT:
                running.popitem(last=False)[1].end()
            try:
                running[key] = start()
            except process.Unfinished as failure:
                self.failed[kind, key] = str(failure)
                raise
        running.move_to_end(key)
        return running[key]

    def _start_reference(self, profile):
        folder = _folder()
        django = reference.Reference(profile, self.environment(), folder)
        front = nginx.Nginx(folder, nginx.TO_DJANGO.format(socket=django.socket))
        server = Server(front.port, [front, django], folder, django)
        return _when_ready(server, [django, front])

    def _start_ours(self, settings):
        folder = _folder()
        run = ours.Ours(self.our_environment(), settings, folder)
        return _when_ready(Server(run.port, [run], folder, run), [run])

    def end(self):
        for running in self.running.values():
            while running:
                running.popitem()[1].end()
        self.connection.close()


@contextlib.contextmanager
def own_site(name="site", *arguments):
    """A site with its own cluster, which tests may break. arguments: of psql, to install what else it needs."""
    cluster = Cluster()
    site = Site(cluster, name)
    if arguments:
        cluster.psql(name, *arguments)
    yield site
    site.end()
    cluster.remove()


def _folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-test-"))
    folder.chmod(0o755)
    return folder


def _when_ready(server, parts):
    try:
        for part in parts:
            process.wait_for(part.ready, f"{type(part).__name__} to be ready", 30)
    except BaseException:
        server.end()
        raise
    return server
