"""What the sandbox refuses to a running program, asked from inside; and that the program's own work goes on.

A preloaded library (harness/inside.c) makes the system calls in the process of the program.
"""
import contextlib
import ctypes
import errno
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
from harness import fastcgi, oidc, ours, postgres, preload, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import Site

BUILT = [name for name in (*ours.PROGRAMS, *ours.OIDC_PROGRAMS) if not ours.missing([name])]
GOOD = {"REQUEST_METHOD": "DELETE", "CONTENT_LENGTH": "", "REMOTE_ADDR": "127.0.0.1"}
REFUSED = {errno.EPERM, errno.EACCES, errno.ENOSYS}
BY_LANDLOCK = {"create a file", "create a file in /dev/shm", "read /etc/passwd", "read /etc/shadow",
               "read /proc/1/environ", "read its own environment", "read the folder /"}
BY_NUMBER = {"an IPv4 socket", "an IPv6 socket", "a routing socket",  # only where PostgreSQL is local
             "a connection to another port"}


def landlock():
    """The version of the kernel's Landlock; 0 without it."""
    return max(ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1), 0)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return preload.build("inside", tmp_path_factory.mktemp("inside"))


@pytest.fixture
def inside(library, tmp_path):
    """inside(settings): the settings with the library, and a folder that its calls may change."""
    folder = tmp_path / "inside"
    folder.mkdir()
    (folder / "victim").write_text("")
    return lambda settings: {**settings, "LD_PRELOAD": str(library), "INSIDE_FOLDER": str(folder)}


def calls(program):
    """name: 0, or the errno of the call that was made inside the program."""
    program.process.send_signal(signal.SIGURG)
    process.wait_for(lambda: "inside: end\n" in program.log.read_text(), "the end of the calls")
    lines = re.findall(r"^inside: (.*): (\d+)$", program.log.read_text(), re.M)
    return {name: int(error) for name, error in lines}


def skip_without_sandbox(name):
    if ours.sanitized(name):
        pytest.skip("a build with AddressSanitizer has no sandbox")


def environment(site, **settings):
    return ours.environment(site.environment(), {**PROFILES["default"].our_settings(), **settings})


def status(program, name):
    text = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    return re.search(rf"^{name}:\s+(\S+)$", text, re.M).group(1)


@pytest.fixture(scope="module")
def settings_of(site, oidc_site, tmp_path_factory):
    """The settings that a program starts with: those of OpenID Connect need more."""
    keys = tmp_path_factory.mktemp("oidc") / "keys"
    oidc.generate_key(keys)

    def settings(name, **more):
        if name not in ours.OIDC_PROGRAMS:
            return environment(site, **more)
        return environment(oidc_site, JWT_SIGNING_KEY="", JWT_KEY_DIR=str(keys), JWT_SESSIONS="on",
                           JWT_OIDC_ISSUER="https://op.example.test", **more)

    return settings


@pytest.mark.parametrize("name", BUILT)
def test_system_calls_are_refused(settings_of, name, tmp_path, inside):
    skip_without_sandbox(name)
    with fastcgi.Program(name, inside(settings_of(name, JWT_METRICS_DIR=str(tmp_path)))) as program:
        expected = program.ask(GOOD)
        assert (status(program, "NoNewPrivs"), status(program, "Seccomp")) == ("1", "2")
        kept = 0b110 if os.geteuid() == 0 else 0  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
        assert int(status(program, "CapEff"), 16) & ~kept == 0
        limits = pathlib.Path(f"/proc/{program.process.pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0", limits)
        if landlock():
            assert "sandbox" not in program.log.read_text(), "a part of the sandbox is missing"
        made = calls(program)
        assert len(made) > 20 and BY_LANDLOCK | BY_NUMBER < set(made)
        possible = set() if landlock() else BY_LANDLOCK
        assert not {call: error for call, error in made.items() if call not in possible and error not in REFUSED}
        assert program.ask(GOOD) == expected
    if not landlock():
        pytest.skip("this kernel has no Landlock, which refuses files")


def requests(pair, sliding, other):
    """What each program is there for, with tokens of the site; the last ones end sessions."""
    access, refresh = pair["access"], pair["refresh"]
    parameters, body = fastcgi.post("/api/logout/", {})
    yield "token", fastcgi.login("alice", PASSWORD)
    yield "sliding", fastcgi.login("alice", PASSWORD, "/api/token/sliding/")
    yield "refresh", fastcgi.post("/api/token/refresh/", {"refresh": refresh})
    yield "sliding_refresh", fastcgi.post("/api/token/sliding/refresh/", {"token": sliding["token"]})
    yield "verify", fastcgi.post("/api/token/verify/", {"token": access})
    yield "hello", fastcgi.get("/hello/", access)
    yield "auth_check", fastcgi.get("/", access)
    yield "health", fastcgi.get("/healthz/ready")
    yield "jwks", fastcgi.get("/.well-known/jwks.json")
    yield "metrics", fastcgi.get("/metrics")
    yield "sessions", fastcgi.get("/api/sessions/", access)
    yield "permissions", fastcgi.get("/api/permissions/?has=blog.add_post", access)
    yield "blacklist", fastcgi.post("/api/token/blacklist/", {"refresh": refresh})
    yield "logout", ({**parameters, "HTTP_AUTHORIZATION": f"Bearer {other['access']}"}, body)


@pytest.fixture(scope="module")
def with_sessions(cluster):
    site = Site(cluster, "sandbox_sessions")
    cluster.psql("sandbox_sessions", "-f", ours.CHECKOUT / "sql" / "sessions.sql")
    yield site
    site.end()


@pytest.mark.parametrize("sessions", ["off", "on"])
def test_each_program_works_in_its_sandbox(request, tmp_path, sessions):
    """With its room emptied, each still connects anew, takes other keys into use, and counts."""
    skip_without(*ours.PROGRAMS, "jwtctl")
    site = request.getfixturevalue("site" if sessions == "off" else "with_sessions")
    keys = tmp_path / "keys"
    settings = environment(site, JWT_SIGNING_KEY="", JWT_KEY_DIR=str(keys), JWT_METRICS_DIR=str(tmp_path),
                           JWT_SESSIONS=sessions)

    def generate():
        subprocess.run([ours.program("jwtctl"), "key", "generate", "--dir", keys, "--algorithm", "ES256",
                        "--state", "active"], check=True, capture_output=True, env=ours.environment({}, {}))

    generate()
    with contextlib.ExitStack() as stack:
        programs = {name: stack.enter_context(fastcgi.Program(name, settings)) for name in ours.PROGRAMS}

        def statuses():
            pair, other = (programs["token"].answer(*fastcgi.login("alice", PASSWORD)).json() for _ in range(2))
            sliding = programs["sliding"].answer(*fastcgi.login("alice", PASSWORD)).json()
            return {name: programs[name].answer(*request).status for name, request in requests(pair, sliding, other)}

        good = {**dict.fromkeys(ours.PROGRAMS, 200), "auth_check": 204}
        if sessions == "off":
            good |= {"logout": 404, "sessions": 404}
        assert statuses() == good
        site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY(%s)",
                     list(programs))
        generate()
        with_keys = set(ours.PROGRAMS) - {"metrics", "health"} - ({"logout", "sessions"} if sessions == "off" else set())
        process.wait_for(lambda: statuses() == good and all(
            "keys: 2" in programs[name].log.read_text() for name in with_keys), "the new key", 10)
        for name in with_keys:
            assert f'program="{name}"'.encode() in programs["metrics"].answer(*fastcgi.get("/metrics")).body
        for program in programs.values():
            assert ours.sanitized("hello") or status(program, "Seccomp") == "2"


@pytest.mark.parametrize("mode, seccomp", (("off", "0"), ("log", "2")))
def test_off_and_log(site, inside, mode, seccomp):
    """They refuse nothing; and what is refused above is refused by the sandbox."""
    skip_without("hello")
    skip_without_sandbox("hello")
    settings = inside(environment(site, JWT_SANDBOX=mode))
    with fastcgi.Program("hello", {**settings, "INSIDE_HARMLESS": "1"}) as program:
        assert program.ask(GOOD)[1]
        assert status(program, "Seccomp") == seccomp
        made = calls(program)
        places = {0, errno.ECONNREFUSED, errno.EAFNOSUPPORT}  # a host without that port, without IPv6
        assert not {call: error for call, error in made.items() if error not in places}


@pytest.fixture(scope="module")
def remote(tmp_path_factory):
    """A site whose database is reached by name over TCP, with TLS and a password from a file."""
    skip_without("token")
    monkeypatch, folder = pytest.MonkeyPatch(), tmp_path_factory.mktemp("remote")
    cluster = postgres.Cluster()
    site = Site(cluster)
    site.execute("CREATE ROLE remote LOGIN SUPERUSER PASSWORD 'from a file'")
    site.connection.close()
    certify(cluster)
    (cluster.folder / "data" / "pg_hba.conf").write_text(
        "local all all trust\nhostssl all remote all scram-sha-256\n")
    cluster.stop()
    port = str(process.free_port())
    for name, value in {"listen_addresses": "localhost", "port": port, "ssl": "on"}.items():
        monkeypatch.setitem(postgres.SETTINGS, name, value)
    monkeypatch.setenv("PGPORT", port)
    cluster.start()
    passwords = folder / "passwords"
    passwords.write_text("*:*:*:remote:from a file\n")
    passwords.chmod(0o600)
    settings = environment(site, PGHOST="localhost", PGPORT=port, PGUSER="remote", PGSSLMODE="verify-ca",
                           PGPASSFILE=str(passwords), PGSSLROOTCERT=str(folder / "server.crt"))
    shutil.copy(cluster.folder / "data" / "server.crt", folder)
    yield cluster, settings
    cluster.remove()
    monkeypatch.undo()


def certify(cluster):
    data = cluster.folder / "data"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", data / "server.key", "-out", data / "server.crt"], check=True, capture_output=True,
    )
    for name in ("server.key", "server.crt"):
        (data / name).chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(data / name, "postgres", "postgres")


def login(program):
    return program.answer(*fastcgi.login("alice", PASSWORD)).status


def test_reconnecting_by_name_with_tls_and_a_password_file(remote):
    cluster, settings = remote
    with fastcgi.Program("token", settings) as program:
        assert login(program) == 200
        for _ in range(2):
            cluster.stop()
            assert login(program) == 503
            cluster.start()
            assert login(program) == 200
        # A password file that is replaced, as tools do it, is read anew.
        path = pathlib.Path(settings["PGPASSFILE"])
        path.with_suffix(".new").write_text("*:*:*:remote:from a file\n# written anew\n")
        path.with_suffix(".new").chmod(0o600)
        path.with_suffix(".new").rename(path)
        cluster.stop()
        cluster.start()
        assert login(program) == 200


def test_over_tcp_only_the_database_can_be_reached(remote, inside):
    skip_without_sandbox("token")
    _, settings = remote
    with fastcgi.Program("token", inside(settings)) as program:
        assert login(program) == 200
        made = calls(program)
        assert made["an IPv4 socket"] == made["an IPv6 socket"] == 0
        if landlock() >= 4:
            assert made["a connection to another port"] == errno.EACCES
        assert not {call: error for call, error in made.items()
                    if call not in BY_NUMBER | BY_LANDLOCK and error not in REFUSED}
        assert login(program) == 200
    if landlock() < 4:
        pytest.skip("this kernel's Landlock does not refuse ports (before Linux 6.7)")
