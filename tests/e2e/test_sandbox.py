"""What a program can still do once it serves, asked from inside; and that its own work goes on.

A debugger that root may still attach makes the calls in the running program, as somebody would who
has broken into it.
"""
import contextlib
import errno
import os
import pathlib
import platform
import re
import shutil
import subprocess

import pytest
from harness import fastcgi, ours, postgres, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import Site

BUILT = [name for name in ours.PROGRAMS if not ours.missing([name])]
GOOD = {"REQUEST_METHOD": "DELETE", "CONTENT_LENGTH": "", "REMOTE_ADDR": "127.0.0.1"}
CALLS = {
    "execve of /bin/sh": (59, '"/bin/sh"', "0", "0"),
    "execveat": (322, "-100", '"/bin/sh"', "0", "0", "0"),
    "fork": (57,),
    "vfork": (58,),
    "clone": (56, "17", "0", "0", "0", "0"),
    "clone3": (435, "0", "0"),
    "ptrace": (101, "16", "1", "0", "0"),
    "process_vm_readv": (310, "1", "0", "0", "0", "0", "0"),
    "kill": (62, "1", "0"),
    "read /etc/passwd": (257, "-100", '"/etc/passwd"', "0"),
    "read /etc/shadow": (257, "-100", '"/etc/shadow"', "0"),
    "read the folder /": (257, "-100", '"/"', "65536"),
    "read /proc/1/environ": (257, "-100", '"/proc/1/environ"', "0"),
    "read its own environment": (257, "-100", '"/proc/self/environ"', "0"),
    "write a file in /tmp": (257, "-100", '"/tmp/jwt-fcgi-broken-in"', "577", "384"),
    "write a file in /dev/shm": (257, "-100", '"/dev/shm/jwt-fcgi-broken-in"', "577", "384"),
    "remove a file": (87, '"/etc/hostname"'),
    "make a folder": (83, '"/tmp/jwt-fcgi-broken-in"', "448"),
    "chmod": (90, '"/etc/hostname"', "511"),
    "an internet socket": (41, "2", "1", "0"),
    "an internet socket of IPv6": (41, "10", "2", "0"),
    "a raw socket": (41, "2", "3", "1"),
    "a packet socket": (41, "17", "3", "0"),
    "mount": (165, '"a"', '"/tmp"', '"tmpfs"', "0", "0"),
    "unshare": (272, "268435456"),
    "setuid": (105, "0"),
    "bpf": (321, "0", "0", "0"),
    "io_uring": (425, "1", "0"),
    "keyctl": (250, "0", "0"),
    "userfaultfd": (323, "0"),
    "init_module": (175, "0", "0", '""'),
}
REFUSED = {errno.EPERM, errno.EACCES, errno.ENOSYS}

inside = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("gdb") or platform.machine() != "x86_64",
    reason="needs root, gdb and x86-64",
)


def environment(site, **settings):
    return ours.environment(site.environment(), {**PROFILES["default"].our_settings(), **settings})


def status(program, name):
    text = pathlib.Path(f"/proc/{program.process.pid}/status").read_text()
    return re.search(rf"^{name}:\s+(\S+)$", text, re.M).group(1)


def sanitized(program):
    return "libasan" in pathlib.Path(f"/proc/{program.process.pid}/maps").read_text()


def debugger(program, *commands):
    arguments = [part for command in commands for part in ("-ex", command)]
    return subprocess.run(
        ["gdb", "-nx", "-batch", "-p", str(program.process.pid), *arguments],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    ).stdout


ERROR = "*((int *(*)(void))__errno_location)()"


def called(program, calls):
    """name: 0 or the error that the call made in the program."""
    commands = []
    for name, (number, *arguments) in calls.items():
        commands += [
            f"set $result = ((long (*)(long, ...))syscall)({', '.join([str(number), *arguments])})",
            f'printf "%s: %ld %d\\n", "{name}", $result, $result < 0 ? {ERROR} : 0',
        ]
    output = debugger(program, *commands)
    return {name: int(error) for name, error in re.findall(r"^(.*): -?\d+ (\d+)$", output, re.M)}


@inside
@pytest.mark.parametrize("name", BUILT)
def test_the_room_is_empty(site, name, tmp_path):
    with fastcgi.Program(name, environment(site, JWT_METRICS_DIR=str(tmp_path))) as program:
        expected = program.ask(GOOD)
        if sanitized(program):
            pytest.skip("a build with AddressSanitizer has no sandbox")
        assert "sandbox" not in program.log.read_text(), "nothing is missing here"
        assert (status(program, "NoNewPrivs"), status(program, "Seccomp")) == ("1", "2")
        assert int(status(program, "CapEff"), 16) & ~0b110 == 0, "but CAP_DAC_*, as root"
        limits = pathlib.Path(f"/proc/{program.process.pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0", limits)
        errors = called(program, CALLS)
        assert set(errors) == set(CALLS)
        assert not {name: error for name, error in errors.items() if error not in REFUSED}
        assert program.ask(GOOD) == expected


def requests(pair, sliding):
    """What each program is there for, with tokens of the site."""
    access, refresh = pair["access"], pair["refresh"]
    yield "token", fastcgi.login("alice", PASSWORD)
    yield "sliding", fastcgi.login("alice", PASSWORD, "/api/token/sliding/")
    yield "refresh", fastcgi.post("/api/token/refresh/", {"refresh": refresh})
    yield "sliding_refresh", fastcgi.post("/api/token/sliding/refresh/", {"token": sliding["token"]})
    yield "verify", fastcgi.post("/api/token/verify/", {"token": access})
    yield "blacklist", fastcgi.post("/api/token/blacklist/", {"refresh": refresh})
    yield "hello", fastcgi.get("/hello/", access)
    yield "auth_check", fastcgi.get("/", access)
    yield "health", fastcgi.get("/healthz/ready")
    yield "jwks", fastcgi.get("/.well-known/jwks.json")
    yield "metrics", fastcgi.get("/metrics")


def test_the_work_of_each_goes_on(site, tmp_path):
    """With its room emptied, each still connects anew, takes other keys into use, and counts."""
    skip_without(*ours.PROGRAMS, "jwtctl")
    keys = tmp_path / "keys"
    settings = environment(site, JWT_SIGNING_KEY="", JWT_KEY_DIR=str(keys), JWT_METRICS_DIR=str(tmp_path))

    def generate():
        subprocess.run([ours.program("jwtctl"), "key", "generate", "--dir", keys, "--algorithm", "ES256",
                        "--state", "active"], check=True, capture_output=True, env=ours.environment({}, {}))

    generate()
    with contextlib.ExitStack() as stack:
        programs = {name: stack.enter_context(fastcgi.Program(name, settings)) for name in ours.PROGRAMS}

        def statuses():
            pair = programs["token"].answer(*fastcgi.login("alice", PASSWORD)).json()
            sliding = programs["sliding"].answer(*fastcgi.login("alice", PASSWORD)).json()
            return {name: programs[name].answer(*request).status for name, request in requests(pair, sliding)}

        good = {name: 204 if name == "auth_check" else 200 for name in ours.PROGRAMS}
        assert statuses() == good
        site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                     " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        generate()
        with_keys = set(ours.PROGRAMS) - {"metrics", "health"}
        process.wait_for(lambda: statuses() == good and all(
            "keys: 2" in programs[name].log.read_text() for name in with_keys), "the new key", 10)
        for name in with_keys:
            assert f'program="{name}"'.encode() in programs["metrics"].answer(*fastcgi.get("/metrics")).body
        for program in programs.values():
            assert sanitized(program) or status(program, "Seccomp") == "2"


def test_off_and_log(site):
    skip_without("hello")
    for mode, seccomp in (("off", "0"), ("log", "2")):
        with fastcgi.Program("hello", environment(site, JWT_SANDBOX=mode)) as program:
            assert program.ask(GOOD)[1]
            if not sanitized(program):
                assert status(program, "Seccomp") == seccomp


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
        shutil.chown(data / name, *[postgres.as_owner()[1].pw_name] * 2 if postgres.as_owner()[1] else [None])


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


@inside
def test_over_tcp_only_the_database_can_be_reached(remote):
    cluster, settings = remote
    with fastcgi.Program("token", settings) as program:
        assert login(program) == 200
        if sanitized(program):
            pytest.skip("a build with AddressSanitizer has no sandbox")
        output = debugger(
            program, "set $p = ((unsigned char *(*)(long))malloc)(16)",
            "set {unsigned long}$p = 0x0100007f50000002",  # 127.0.0.1, port 80
            "set $fd = ((long (*)(long, ...))syscall)(41, 2, 1, 0)",
            "set $result = ((long (*)(long, ...))syscall)(42, $fd, $p, 16)",
            f'printf "socket %d connect %d error %d\\n", $fd >= 0, $result, {ERROR}',
        )
        assert re.search(r"socket 1 connect -1 error (\d+)", output), output
        found = int(re.search(r"error (\d+)", output).group(1))
        if landlock() >= 4:
            assert found == errno.EACCES
        assert login(program) == 200


def landlock():
    """The version of the kernel's Landlock; 0 without."""
    import ctypes

    return max(ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1), 0)
