"""./run itself: its private database, what it says, how it ends, and what it leaves behind."""
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.parse

import jwt
import pytest
from harness import client, oidc, ours, process, tokens
from harness.fixtures import skip_without
from harness.pages import Page

RUN = ours.CHECKOUT / "run"
VITOR = {"username": "vitor", "password": "123"}
DATA = {"build", "cluster", "key", "keys", "postgres.log", "source", "work.log"}


class Run:
    """One ./run on a free port, by default with a state folder of its own."""

    def __init__(self, folder, *arguments, port=None, before=(), run=RUN, **environment):
        self.port = port or process.free_port()
        self.state = folder / "state"
        self.log = folder / f"log-{self.port}-{len(list(folder.iterdir()))}"
        self.process = process.start(
            [*before, run, "--port", str(self.port), "--workers", "1", *arguments], self.log, cwd="/tmp",
            env={**ours.environment({}, {}), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        )

    def output(self):
        return self.log.read_text()

    def complaints(self):
        return [line for line in self.output().splitlines() if line.startswith("run: ")]

    def ready(self):
        if self.process.poll() is not None:
            raise process.Unfinished(f"./run ended:\n{self.output()}")
        return "http post" in self.output()

    def wait(self, seconds=60):
        process.wait_for(self.ready, "./run", seconds)
        return self

    def tree(self):
        return process.children(self.process.pid)

    def login(self, **who):
        return client.post_json(self.port, "/api/token/", {**VITOR, **who})

    def psql(self, command):
        found = [line for line in self.output().splitlines() if line.startswith("database: ")]
        subprocess.run([*found[-1].split()[1:], "-X", "-q", "-c", command], check=True, cwd="/",
                       env=ours.environment({}, {}))

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)


@contextlib.contextmanager
def new_folder():
    """A folder that other users can enter, which those of pytest are not."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-run-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def folder():
    with new_folder() as path:
        yield path


@contextlib.contextmanager
def started(*arguments):
    """A ./run with a state folder of its own, ready."""
    skip_without("token", "refresh", "hello")
    with new_folder() as folder:
        one = Run(folder, "--state", folder / "state", "--programs", ours.BUILD, *arguments)
        try:
            yield one.wait()
        finally:
            process.end(one.process, seconds=30)


@pytest.fixture(scope="module")
def shared():
    """For all tests that only ask it something."""
    with started() as one:
        yield one


@pytest.fixture(scope="module")
def shared_with_cookie():
    with started("--cookie") as one:
        yield one


@pytest.fixture(scope="module")
def left():
    """The state folder of one that has ended."""
    with started() as one:
        assert one.end() == 0
        yield one.state


@pytest.fixture
def database(folder, left):
    """A state folder with database and keys, for `run` to begin with: it starts in two thirds of the time."""
    subprocess.run(["cp", "-a", left, folder / "state"], check=True)
    return folder / "state"


@pytest.fixture
def run(folder):
    """run(*arguments, **environment): started; ended and its tree gone when the test is over."""
    started = []

    def start(*arguments, **more):
        skip_without("token", "refresh", "hello")
        given = ["--programs", ours.BUILD] if "run" not in more else []
        started.append(Run(folder, "--state", folder / "state", *given, *arguments, **more))
        return started[-1]

    yield start
    for one in started:
        process.end(one.process, seconds=30)


def assert_nothing_left(run, tree):
    process.wait_for(lambda: not any(process.alive(pid) for pid in tree), "the end of all processes", 5)
    assert {path.name for path in run.state.iterdir()} <= DATA
    assert not [path for path in run.state.rglob("*") if path.is_socket()]
    with pytest.raises(ConnectionRefusedError):
        process.accepts(run.port)


# --- What it says.

def paste(lines):
    """As into a terminal: from anything else httpie would read a body."""
    try:
        outside, inside = os.openpty()
    except OSError:  # a chroot without /dev/pts
        outside = inside = os.open("/dev/null", os.O_RDWR)
        lines = [line.replace("http ", "http --ignore-stdin ", line.startswith("http ")) for line in lines]
    done = subprocess.run(["bash", "-euc", "\n".join(lines)], stdin=inside, capture_output=True, text=True,
                          timeout=60, env=ours.environment({}, {"HOME": "/nonexistent"}))
    for opened in {outside, inside}:
        os.close(opened)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_says_url_login_and_lines_to_paste(shared):
    one = shared
    lines = one.output().splitlines()
    assert f"http://127.0.0.1:{one.port}/" in lines
    assert "login: vitor password: 123" in lines
    assert f"state: {one.state}" in lines
    before = len(one.output())
    said = paste(line for line in lines if line.startswith(("answer=", "access=", "refresh=", "curl ", "http ")))
    assert said.count('"refresh":"') == 2 and said.count('"access":"') == 4
    assert said.count('{"message":"Hello, World!"}') == 2
    process.wait_for(lambda: one.output()[before:].count(" status=200 outcome=ok ") == 6, "a line for each request")


def test_serves_permissions_and_the_document_of_its_settings(shared_with_cookie):
    one = shared_with_cookie
    assert f"OpenAPI: http://127.0.0.1:{one.port}/api/schema/" in one.output().splitlines()
    got = client.ask(one.port, "GET /api/schema/")
    assert (got.status, got.header("Content-Type")) == (200, "application/json")
    assert list(got.json()["components"]["schemas"]["TokenObtainPair"]["properties"]) == ["access"]
    access = "Authorization: Bearer " + one.login().json()["access"]
    assert client.ask(one.port, "GET /api/permissions/?has=blog.add_post", [access]).json() == {"blog.add_post": False}
    one.psql("UPDATE auth_user SET is_superuser = true")
    process.wait_for(lambda: client.ask(one.port, "GET /api/permissions/?has=blog.add_post", [access]).json()
                     == {"blog.add_post": True}, "a superuser's permission")


def test_what_the_pages_say_to_try(run):
    """docs/claims.md and docs/permissions.md, word by word, but for the port."""
    exports = Page("docs/claims.md").block("try").removesuffix("./run\n")
    said = subprocess.run(["bash", "-euc", exports + "\nenv -0"], env={}, capture_output=True, text=True, check=True).stdout
    settings = dict(line.split("=", 1) for line in said.split("\0") if line.startswith("JWT_"))
    one = run(**settings).wait()
    answer = one.login().json()
    assert answer["user"] == {"id": 1, "name": "vitor"}
    assert tokens.claims_of(answer["access"]).items() >= {"email": "", "name": ""}.items()
    page = Page("docs/permissions.md")
    one.psql(page.block("try"))
    command = page.block("ask").replace(":8000/", f":{one.port}/")

    def ask():
        done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True, check=True,
                              env={"PATH": os.environ["PATH"], "access": answer["access"]})
        return done.stdout

    process.wait_for(lambda: ask() == '{"blog.add_post":true,"blog.change_post":false}', "the permission")


def test_a_cookie_in_place_of_the_refresh_token(shared_with_cookie):
    """Of a private database: with the tables of sessions, and lines to paste that are true."""
    one = shared_with_cookie
    assert list(one.login().json()) == ["access"]
    lines = one.output().splitlines()
    said = paste(line for line in lines if line.startswith(("cookies=", "answer=", "access=", "curl ", "http ")))
    assert '"refresh"' not in said and said.count('"access":"') == 3
    assert said.count('{"message":"Hello, World!"}') == 2


@pytest.mark.parametrize("arguments", [
    ["--port", "0"], ["--port", "65536"], ["--port", "80a"], ["--port"], ["--workers", "0"], ["--wrokers", "1"],
    ["--programs", "/nonexistent"], ["extra"],
])
def test_refuses_bad_options_in_one_line(arguments, folder):
    done = subprocess.run([RUN, *arguments], capture_output=True, text=True, env=ours.environment({}, {}))
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and not done.stdout


def test_help(folder):
    done = subprocess.run([RUN, "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: ./run") and "--fresh" in done.stdout


# --- What is kept.

def test_keeps_users_and_key(run):
    first = run().wait()
    token = first.login().json()["access"]
    first.psql("UPDATE auth_user SET username = 'renamed'")
    assert first.end() == 0
    second = run().wait()
    assert second.login(username="renamed").status == 200
    assert second.login().status == 401, "a user who was removed does not come back"
    assert client.hello(second.port, token).status == 200
    assert second.end() == 0
    third = run("--fresh").wait()
    assert third.login().status == 200
    assert third.login(username="renamed").status == 401
    assert client.hello(third.port, token).status == 401


def test_secrets_are_their_owners(shared):
    one = shared
    key = (one.state / "key").stat()
    assert key.st_mode & 0o777 == 0o600 and key.st_size == 64
    assert pwd.getpwuid(key.st_uid).pw_name == ("www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name)
    assert (one.state / "cluster").stat().st_mode & 0o777 == 0o700
    sockets = [path for path in one.state.rglob("*.sock") if path.is_socket()]
    assert sockets and all(path.stat().st_mode & 0o777 == 0o660 for path in sockets)


def environments(pids):
    """What the kernel shows of their environments, as they were at their start."""
    found = {}
    for pid in pids:
        try:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            found[f"{name} {pid}"] = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:  # it has ended, or hides it
            continue
    return found


def test_a_key_in_a_variable_is_in_no_environment(run):
    """./run was given it; what it starts, PostgreSQL, Nginx and multiwatch too, is not."""
    key = "a signing key that is in no environment but of its caller"
    one = run(JWT_SIGNING_KEY=key).wait()
    assert one.login().status == 200
    found = environments(set(one.tree()) - {one.process.pid})
    assert {name.split()[0] for name in found} >= {"nginx", "postgres", "multiwatch"}
    assert [name for name, text in found.items() if key.encode() in text] == []
    assert jwt.decode(one.login().json()["access"], key, ["HS256"])["token_type"] == "access"
    assert not (one.state / "key").exists(), "none is generated"
    one.end()
    assert not list(one.state.rglob("run-*/key"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused another user's folder")
@pytest.mark.parametrize("which", ["state", "parent", "open"])
def test_root_refuses_a_folder_of_another_user(folder, which):
    place = folder / "parent" / "state"
    place.mkdir(parents=True)
    if which == "open":
        place.parent.chmod(0o777)
    else:
        os.chown(place if which == "state" else place.parent, 65534, 65534)
    for state in (place, place / "new"):
        done = subprocess.run([RUN, "--state", state, "--programs", ours.BUILD, "--port", str(process.free_port())],
                              capture_output=True, text=True, env=ours.environment({}, {}))
        assert done.returncode == 1 and "--state" in done.stderr and not list(place.iterdir())


def test_nobody_writes_where_another_could_put_a_link(shared):
    one = shared
    owners = {path: path.lstat().st_uid for path in [one.state, *one.state.rglob("*")]}
    assert any(path.name == "token.sock" for path in owners)
    for path, owner in owners.items():
        if path != one.state:
            assert owners[path.parent] in (owner, os.geteuid()), path


def test_the_clusters_owner_does_not_say_what_is_run(run, folder, database):
    evil = folder / "bin"
    evil.mkdir()
    for name in ("postgres", "pg_isready"):
        (evil / name).write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
        (evil / name).chmod(0o755)
    (database / "cluster/PG_VERSION").write_text(f"../../..{folder}")
    refused(run(), "--fresh")
    assert not (folder / "ran").exists()


# --- OpenID Connect.

DOCUMENT = "GET /.well-known/openid-configuration"
SESSION_CLAIMS = {"sid", "gen"}


def claims_of(token):
    return set(jwt.decode(token, options={"verify_signature": False}))


def authorize(one):
    query = urllib.parse.urlencode({
        "client_id": "page", "redirect_uri": f"http://127.0.0.1:{one.port}/", "response_type": "code",
        "scope": "openid", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256"})
    return client.ask(one.port, f"GET /oauth/authorize?{query}")


def test_openid_connect_is_on_where_it_is_opened(run):
    skip_without("discovery", "authorize", "jwtctl")
    first = run().wait()
    assert client.ask(first.port, DOCUMENT).json()["issuer"] == f"http://127.0.0.1:{first.port}"
    assert "The page of ./run" in authorize(first).body.decode()
    keys = client.ask(first.port, "GET /.well-known/jwks.json").json()["keys"]
    assert [key["alg"] for key in keys] == ["RS256"]
    login = first.login().json()
    assert claims_of(login["access"]) >= SESSION_CLAIMS
    answer = client.post_json(first.port, "/api/token/refresh/", {"refresh": login["refresh"]}).json()
    assert list(answer) == ["access"], "as without sessions"
    assert first.end() == 0
    second = run().wait()
    assert second.port != first.port and authorize(second).status == 200, "the client comes to the next port"
    assert client.ask(second.port, "GET /.well-known/jwks.json").json()["keys"] == keys


@pytest.mark.parametrize("settings", [{"JWT_OIDC_ISSUER": ""}, {"JWT_SESSIONS": "off"}, {"JWT_ISSUER": "theirs"}])
def test_settings_that_switch_openid_connect_off(run, database, settings):
    shutil.rmtree(database / "keys")
    one = run(**settings).wait()
    assert client.ask(one.port, DOCUMENT).status == 503
    login = one.login()
    assert login.status == 200 and not claims_of(login.json()["access"]) & SESSION_CLAIMS
    assert not (one.state / "keys").exists()


# --- How it ends.

def shared_memory(tree):
    """The files of shared memory that these processes have, of which others on the machine have their own."""
    files = set()
    for pid in tree:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
            files |= set(re.findall(r" (/dev/shm/\S+)$", maps, re.M))
    return files


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.usefixtures("database")
def test_a_signal_ends_everything(run, number):
    one = run().wait()
    tree = one.tree()
    assert len(tree) > 15
    shared = shared_memory(tree)
    assert shared or not os.stat("/dev/shm").st_mode & 0o002, "PostgreSQL has some where it may"
    assert one.end(number) == 0
    assert_nothing_left(one, tree)
    assert not [path for path in shared if os.path.exists(path)]
    assert "Terminated" not in one.output() and not one.complaints()


def test_a_signal_ends_it_in_the_middle_of_its_start(run):
    one = run()
    process.wait_for(lambda: (one.state / "cluster.new").exists(), "initdb")
    tree = one.tree()
    assert one.end() == 0
    process.wait_for(lambda: not any(process.alive(pid) for pid in tree), "the end of all processes", 5)
    assert run().wait().login().status == 200


@pytest.mark.usefixtures("database")
def test_works_again_after_kill(run):
    one = run().wait()
    tree = one.tree()
    one.process.kill()
    one.process.wait()
    assert run(port=one.port).wait().login().status == 200
    process.wait_for(lambda: not any(process.alive(pid) for pid in tree), "the end of the first one's processes")


@pytest.mark.usefixtures("database")
def test_works_again_after_a_power_failure(run):
    one = run().wait()
    tree = one.tree()
    for pid in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    one.process.wait()
    process.wait_for(lambda: not any(process.alive(pid) for pid in tree), "the end")
    assert run(port=one.port).wait().login().status == 200


@pytest.mark.parametrize("name", ["nginx", "multiwatch", "postgres"])
@pytest.mark.usefixtures("database")
def test_ends_when_a_part_of_it_ends(run, name):
    one = run().wait()
    tree = one.tree()
    part = next(pid for pid in tree[1:] if os.path.basename(process.command_line(pid)[0].split()[0].rstrip(":")) == name)
    os.kill(part, signal.SIGKILL)
    assert one.process.wait(30) == 1
    assert len(one.complaints()) == 1 and "ended unexpectedly" in one.complaints()[0]
    assert_nothing_left(one, tree)


@pytest.mark.usefixtures("database")
def test_a_program_that_refuses_ends_the_start(run):
    one = run(JWT_SIGNING_KEY="short")
    assert one.process.wait(60) == 1
    assert "at least 32" in one.output() and one.complaints() == ["run: token refuses to start"]
    assert_nothing_left(one, [])


# --- Two of them.

def refused(one, word):
    assert one.process.wait(60) == 1
    assert len(one.complaints()) == 1 and word in one.complaints()[0], one.output()


def test_second_one_on_the_same_port(run, shared):
    refused(run(port=shared.port), "--port")
    assert shared.login().status == 200


def test_second_one_with_the_same_state(run, shared):
    refused(run("--state", shared.state), "--state")
    assert shared.login().status == 200


def test_taken_port(run):
    with socket.create_server(("127.0.0.1", 0)) as other:
        one = run(port=other.getsockname()[1])
        refused(one, "--port")
    assert not one.state.exists()


@pytest.mark.usefixtures("database")
def test_a_port_that_nobody_may_take_leaves_nothing(run):
    with socket.socket() as bound:  # taken, though nobody answers there
        bound.bind(("127.0.0.1", 0))
        one = run(port=bound.getsockname()[1])
        assert one.process.wait(60) == 1
    assert "Address already in use" in one.output()
    assert_nothing_left(one, [])


# --- With a database of somebody's own.

KEY = "a key of the tests that is long enough"


@pytest.fixture
def own(cluster):
    """The environment of a database with the tables and vitor."""
    with contextlib.closing(cluster.connect("postgres")) as connection:
        cursor = connection.cursor()
        cursor.execute("DROP DATABASE IF EXISTS own")
        cursor.execute("CREATE DATABASE own")
    for name in ("schema", "roles", "seed"):
        cluster.psql("own", "-f", ours.CHECKOUT / "sql" / f"{name}.sql")
    return cluster.environment("own", "jwt_fcgi")


def dumped(cluster):
    done = subprocess.run(["pg_dumpall"], env=ours.environment(cluster.environment("postgres"), {}),
                          check=True, capture_output=True)
    return [line for line in done.stdout.splitlines() if not line.startswith((b"\\restrict", b"\\unrestrict"))]


def test_changes_nothing_in_somebodys_database(run, own, cluster):
    before = dumped(cluster)
    first, second = (run(JWT_SIGNING_KEY=KEY, **own) for _ in range(2))
    for one in (first.wait(), second.wait()):
        assert one.login().status == 200
        assert "login:" not in one.output() and "cluster" not in one.output()
    assert client.hello(first.port, second.login().json()["access"]).status == 200
    assert (first.end(), second.end()) == (0, 0)
    assert dumped(cluster) == before
    assert not (first.state / "cluster").exists() and not (first.state / "key").exists()


def test_openid_connect_of_somebodys_database(run, own, cluster, folder):
    """On if the issuer is said, with keys of theirs; no client is made."""
    skip_without("discovery", "authorize", "jwtctl")
    cluster.psql("own", "-f", ours.CHECKOUT / "sql" / "oidc.sql")
    before = dumped(cluster)
    oidc.generate_key(folder / "keys")
    port = process.free_port()
    one = run(JWT_OIDC_ISSUER=f"http://127.0.0.1:{port}", JWT_SESSIONS="on", JWT_KEY_DIR=str(folder / "keys"),
              port=port, **own).wait()
    assert client.ask(port, DOCUMENT).json()["issuer"] == f"http://127.0.0.1:{port}"
    assert authorize(one).status == 400, "the page is no client there"
    assert one.end() == 0
    assert dumped(cluster) == before
    assert not (one.state / "keys").exists()


def test_settings_reach_the_programs_and_files_are_seen_from_the_callers_folder(run, own, folder):
    (folder / "secret").write_text(KEY)
    (folder / "secret").chmod(0o600)
    one = run(JWT_SIGNING_KEY_FILE=os.path.relpath(folder / "secret", "/tmp"), JWT_AUTH_HEADER_TYPES="Token", **own).wait()
    assert one.login().status == 200
    assert client.ask(one.port, "GET /hello/").header("WWW-Authenticate") == 'Token realm="api"'


def test_workers_come_back(run, own):
    one = run(JWT_SIGNING_KEY=KEY, **own).wait()
    for _ in range(8):
        worker = process.wait_for(lambda: workers(one, "hello"), "a worker")[0]
        os.kill(worker, signal.SIGKILL)
        process.wait_for(lambda: not process.alive(worker), "its end")
    process.wait_for(lambda: client.ask(one.port, "GET /hello/").status == 401, "another one")
    assert one.process.poll() is None


def workers(one, name):
    wanted = str(ours.program(name))
    return [pid for pid in one.tree() if process.command_line(pid)[:1] == [wanted]]


def test_needs_a_key_for_somebodys_database(run, own):
    refused(run(**own), "JWT_SIGNING_KEY")
    refused(run("--fresh", JWT_SIGNING_KEY=KEY, **own), "--fresh")


# --- From a fresh clone.

SOURCES = ("configure.ac", "Makefile.am", "m4", "run", "scripts", "src", "sql", "nginx", "texts", "tests/unit", "tests/fuzz")


def test_builds_as_an_ordinary_user_in_a_folder_with_a_blank(run, folder):
    """autoreconf, configure and make, a state folder elsewhere; as nobody where the tests are root's."""
    clone, home = folder / "a clone", folder / "home"
    for name in SOURCES:
        target = clone / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ours.CHECKOUT / name).is_dir() else shutil.copy2)(ours.CHECKOUT / name, target)
    home.mkdir()
    before = []
    if os.geteuid() == 0:
        before = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        subprocess.run(["chown", "-R", "nobody:nogroup", folder], check=True)
    # Whether it is built there is asked, not how well: gcc needs half the time.
    one = Run(folder, before=before, run=clone / "run", HOME=str(home), CFLAGS="-O0")
    try:
        one.wait(240)
        assert one.login().status == 200
        assert f"state: {home}/.local/state/jwt-fcgi/a-clone-" in one.output()
        command = next(line for line in one.output().splitlines() if line.startswith("users: "))
        listed = subprocess.run([*before, "sh", "-c", command.removeprefix("users: ")], capture_output=True, text=True)
        assert listed.returncode == 0 and "vitor" in listed.stdout, listed
    finally:
        process.end(one.process)
