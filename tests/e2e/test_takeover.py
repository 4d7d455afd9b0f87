"""docs/django.md, command by command, with users who are logged in.

A Django site behind an Nginx of its own; its clients never stop asking while its token URLs go to our
programs and come back.
"""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from harness import client, nginx, ours, process, reference
from harness.fixtures import skip_without
from harness.pages import Page
from harness.people import PASSWORD
from harness.profiles import PROFILES

PROGRAMS = ("token", "refresh", "verify", "blacklist", "sliding", "sliding_refresh")
PROFILE = "rotate"
PAGE = Page("docs/django.md")
CONFIGURE, CHECK, START, COPY, RELOAD = (
    PAGE.block(name) for name in ("configure", "check", "start without systemd", "pieces", "switch"))
IN_HTTP, IN_SERVER = PAGE.block("in http"), PAGE.block("in server")


class Host:
    """The machine of the site, as far as the page's commands see it: a folder in place of /."""

    def __init__(self, django, database):
        self.folder = Path(tempfile.mkdtemp(prefix="jwt-fcgi-takeover-"))
        self.folder.chmod(0o755)
        self.environment = reference.environment(PROFILES[PROFILE], database)
        self.programs = None
        for path in ("etc/nginx", "usr/local/libexec/jwt-fcgi", "usr/local/share/jwt-fcgi", "bin"):
            (self.folder / path).mkdir(parents=True)
        shutil.copytree(ours.CHECKOUT / "nginx", self.folder / "usr/local/share/jwt-fcgi/nginx")
        for name in PROGRAMS:
            shutil.copy(ours.program(name), self.folder / "usr/local/libexec/jwt-fcgi")
        (self.folder / "bin/jwt-fcgi-from-django").symlink_to(ours.CHECKOUT / "scripts/from-django")
        (self.folder / "bin/python3").symlink_to(reference.PYTHON)
        self.site = nginx.TO_DJANGO.format(socket=django.socket)
        self.nginx = nginx.Nginx(self.folder / "etc/nginx", self.site)
        process.wait_for(self.nginx.ready, "Nginx")
        self.port = self.nginx.port

    def commands(self, text):
        """The page's words, with the paths of this host, and a user that is there."""
        configuration = self.folder / "etc/nginx/nginx.conf"
        for word, here in (
            ("mysite.settings", "reference.settings"),
            ("/etc/", f"{self.folder}/etc/"),
            ("/run/", f"{self.folder}/run/"),
            ("/usr/local/", f"{self.folder}/usr/local/"),
            ("id jwt_fcgi || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin jwt_fcgi\n", ""),
            ("-u jwt_fcgi -g jwt_fcgi", "-u nobody -g nogroup"),
            ("jwt_fcgi ", "nobody "),
            ("nginx -", f"nginx -c {configuration} -e {self.folder}/log -"),
        ):
            text = text.replace(word, here)
        if os.geteuid() != 0:  # what only root can give away
            text = text.replace(" -o nobody", "").replace(" -u nobody -g nogroup -G www-data", "")
            text = text.replace("runuser -u nobody -- ", "")
        return ["bash", "-e", "-o", "pipefail", "-c", text]

    def shell(self):
        """A site's own environment: what the database is, stands in its settings."""
        path = f"{self.folder}/bin:{os.environ['PATH']}:/usr/sbin"
        return {"PATH": path, "HOME": os.environ.get("HOME", "/")}

    def run(self, text, **more):
        done = subprocess.run(self.commands(text), cwd=self.folder, env={**more, **self.shell()},
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done

    def start(self, text):
        """Commands that stay: the programs of all of them are below one process."""
        self.programs = process.start(self.commands(f"{text}\nwait"), self.folder / "programs.log",
                                      cwd=self.folder, env=self.shell())
        sockets = [self.folder / f"run/jwt-fcgi/{name}.sock" for name in PROGRAMS]
        process.wait_for(lambda: all(socket.is_socket() for socket in sockets), "the sockets")

    def configure(self, in_http="", in_server=""):
        """Edit the site's configuration; the pieces name sockets in /run."""
        pieces = self.folder / "etc/nginx/jwt-fcgi"
        for file in pieces.glob("*.conf"):
            file.write_text(file.read_text().replace("unix:/run/", f"unix:{self.folder}/run/"))
        text = nginx.CONFIGURATION.format(
            folder=self.folder / "etc/nginx", port=self.port, http=in_http, server=in_server + self.site)
        if os.geteuid() == 0:
            text = "user www-data;" + text  # as Debian's nginx.conf
        (self.folder / "etc/nginx/nginx.conf").write_text(text)

    def workers(self):
        return set(process.children(self.nginx.nginx.pid)[1:])

    def reload(self):
        """And wait until no worker of the old configuration takes a request any more."""
        before = self.workers()
        self.run(RELOAD)
        process.wait_for(lambda: self.workers() and not self.workers() & before, "new workers of Nginx")

    def all_gone(self):
        """A multiwatch that is told to end may just have started one more."""
        try:
            os.killpg(self.programs.pid, signal.SIGKILL)
        except ProcessLookupError:
            return True
        return False

    def end(self):
        if self.programs:
            os.killpg(self.programs.pid, signal.SIGTERM)  # all that the shell has started
            process.end(self.programs)
            process.wait_for(self.all_gone, "the end of all programs")
        self.nginx.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Person:
    """A client with a session, who remembers whose answers he got."""

    def __init__(self, port, name):
        self.port, self.name = port, name
        self.login()

    def post(self, path, **fields):
        answer = client.post_json(self.port, path, fields)
        self.served_by = "ours" if answer.header("Cache-Control") else "Django"
        return answer

    def take(self, answer):
        assert answer.status == 200, answer.body
        self.access, self.refresh = answer.json()["access"], answer.json()["refresh"]
        return self.served_by

    def login(self):
        return self.take(self.post("/api/token/", username=self.name, password=PASSWORD))

    def renew(self):
        """Another pair for the refresh token, which is worth nothing afterwards."""
        used = self.refresh
        by = self.take(self.post("/api/token/refresh/", refresh=used))
        self.refused(used)
        return by

    def refused(self, token):
        answer = self.post("/api/token/refresh/", refresh=token)
        assert (answer.status, answer.json()["detail"]) == (401, "Token is blacklisted")

    def log_out(self):
        answer = self.post("/api/token/blacklist/", refresh=self.refresh)
        assert (answer.status, answer.json()) == (200, {})
        self.refused(self.refresh)

    def is_in(self):
        """Django's own view knows the access token, whoever gave it out."""
        answer = client.hello(self.port, self.access)
        assert (answer.status, answer.json()) == (200, {"message": "Hello, World!"})
        assert answer.header("Cache-Control") is None, "/hello/ stays with Django"
        return True


@contextlib.contextmanager
def somebody_who_never_stops(port):
    """Asks and renews without a pause; a single refusal, or none who answers, fails the test."""
    person, stop, count, wrong = Person(port, "h_argon2id"), threading.Event(), [], []

    def work():
        try:
            while not stop.is_set():
                person.is_in()
                count.append(person.take(person.post("/api/token/refresh/", refresh=person.refresh)))
        except Exception as error:
            wrong.append(repr(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield count
    finally:
        stop.set()
        thread.join(30)
    assert not wrong and not thread.is_alive(), wrong


@pytest.fixture
def host(site, reference):
    skip_without(*PROGRAMS)
    host = Host(reference(PROFILE).main, site.environment())
    yield host
    host.end()


def test_takeover_and_back(host):
    ada, bob, eve = people = [Person(host.port, name) for name in ("alice", "MixedCase", "h_old_iter")]
    gone = eve.refresh
    eve.log_out()
    assert eve.login() == "Django" and ada.renew() == "Django"

    with somebody_who_never_stops(host.port) as served:
        done = host.run(CONFIGURE, **host.environment)
        assert done.stderr == "", "the reference site has nothing that we lack"
        assert "JWT_SIGNING_KEY=********" in host.run(CHECK).stdout
        host.start(START)
        host.run(COPY)
        host.configure(IN_HTTP, IN_SERVER)
        host.reload()
        began = len(served)

        for person in people:
            assert person.is_in() and person.renew() == "ours" and person.is_in()
        ada.refused(gone)
        assert bob.login() == "ours" and bob.is_in()
        of_ours = eve.refresh
        eve.log_out()
        assert eve.login() == "ours"
        assert ada.post("/api/token/verify/", token=ada.refresh).status == 200
        assert ada.post("/api/token/", username="alice", password="wrong").status == 401
        assert ada.post("/api/token/", username="inactive", password=PASSWORD).status == 401
        process.wait_for(lambda: len(served) > began + 20, "requests that go on")

        host.configure(IN_HTTP)
        host.reload()
        began = len(served)
        for person in people:
            assert person.is_in() and person.renew() == "Django" and person.is_in()
        ada.refused(of_ours)
        assert bob.login() == "Django" and bob.is_in()
        process.wait_for(lambda: len(served) > began + 20, "requests that go on")
    assert {"ours", "Django"} == set(served) and served[0] == served[-1] == "Django"
