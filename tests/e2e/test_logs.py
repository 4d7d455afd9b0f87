"""Log lines carry no password, no token, no key, and no raw byte of a client; and nobody waits for their reader."""
import contextlib
import fcntl
import json
import os
import re
import socket
import subprocess
import time

import pytest
from harness import client, fastcgi, hashes, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import KEY, PROFILES
from harness.tokens import Maker

SECRET = "a-password-that-must-not-be-seen"
LINE = re.compile(r"\S+ (token|refresh|hello|verify|blacklist|sliding|sliding_refresh)\[\d+\]: ")


def noise(port, token):
    """Requests with something of the client in every place that might be logged."""
    json_type = ["Content-Type: application/json"]
    body = f'{{"username": "{SECRET}\\u0007\\n", "password": "{SECRET}"}}'
    yield "POST /api/token/", json_type, body
    yield "POST /api/token/", json_type, f'{{"username": "alice", "password": "{SECRET}"}}'
    yield "POST /api/token/", json_type, f'{{"username": "alice", "password": "{PASSWORD}"}}'
    yield "POST /api/token/", json_type, '{"username": "\udcff\udcfe\x01\x02'
    yield "POST /api/token/", ["Content-Type: x/\x1b[31m\u00e9"], SECRET
    yield "POST /api/token/refresh/", json_type, f'{{"refresh": "{token}"}}'
    yield "POST /api/token/refresh/", json_type, f'{{"refresh": "{token}x"}}'
    yield f"GET /hello/?access={token}&p={SECRET}", [], None
    yield "GET /hello/", [f"Authorization: Bearer {token}"], None
    yield "GET /hello/", [f"Authorization: Bearer {token} {SECRET}"], None
    yield "GET /hello/", [f"User-Agent: {SECRET}\x1b[2J", f"Referer: /{SECRET}", "X-Forwarded-For: \u00e9"], None
    yield "GARBAGE /hello/", [], None
    yield f"POST /{SECRET}/%0a%1b", json_type, "{}"


def test_nothing_secret_is_logged(stack):
    server = stack()
    maker = Maker()
    tokens = [maker.make({"kind": kind, "set": set_}) for kind in ("access", "refresh")
              for set_ in ({}, {"user_id": 4242}, {"exp": "t0-5"})]
    count = 0
    for token in tokens:
        for line, headers, body in noise(server.port, token):
            answer = client.ask(server.port, line, headers, body)
            assert 200 <= answer.status < 500
            count += 1
    log = server.main.output()
    assert len(LINE.findall(log)) >= count - 2 * len(tokens), "one line per request that reached a program"
    for secret in (SECRET, PASSWORD, KEY, KEY[:20]):
        assert secret not in log
    for token in tokens:
        for part in token.split("."):
            assert part[:24] not in log or part.startswith("eyJhbGciOi")
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}", log)
    lines = [line for line in log.splitlines() if LINE.match(line)]
    assert all(character.isprintable() and character.isascii() for line in lines for character in line)


def test_one_line_per_request(stack):
    server = stack(JWT_LEEWAY="7")  # a server of its own
    before = len(LINE.findall(server.main.output()))
    for _ in range(10):
        client.ask(server.port, "GET /hello/")
    assert len(LINE.findall(server.main.output())) == before + 10


# name: the stored string, whether active, the password that is tried; None: there is no such user.
REFUSED = {
    "no-such-name": None,
    "wrong-password": (hashes.pbkdf2(PASSWORD, 1000), True, SECRET),
    "inactive": (hashes.pbkdf2(PASSWORD, 1000), False, PASSWORD),
    "no-password": ("!" + "x" * 40, True, PASSWORD),
    "unknown-hash": ("{SSHA}c2Vhc2FsdHNlYXNhbHRzZWFzYWx0c2Vh", True, PASSWORD),
}


def test_why_a_login_was_refused_is_in_the_log_alone(site, stack):
    server = stack()
    answers = []
    for reason, person in REFUSED.items():
        if person:
            site.execute(
                "INSERT INTO auth_user (username, password, is_active, is_superuser, is_staff, first_name,"
                " last_name, email, date_joined) VALUES (%s, %s, %s, false, false, '', '', '', now())", f"refused {reason}", *person[:2])
        answer = client.post_json(server.port, "/api/token/", {
            "username": f"refused {reason}", "password": person[2] if person else PASSWORD})
        line = server.main.output().splitlines()[-1]
        assert "outcome=no-account" in line and line.endswith(f" reason={reason}"), line
        answers.append((answer.status, answer.body))
    assert len(set(answers)) == 1 and answers[0][0] == 401
    assert client.post_json(server.port, "/api/token/", {"username": "alice", "password": PASSWORD}).status == 200
    assert "reason" not in server.main.output().splitlines()[-1]


def test_a_log_file_that_is_truncated_goes_on(tmp_path):
    """As logrotate does with copytruncate."""
    skip_without("health")
    log = tmp_path / "log"
    settings = ours.environment({"PGHOST": "/nonexistent"}, {"JWT_SIGNING_KEY": KEY})
    with log.open("ab") as appended, fastcgi.Program("health", settings, stderr=appended) as program:
        program.answer(*fastcgi.get("/healthz/live"))
        process.wait_for(lambda: b"status=200" in log.read_bytes(), "the first line")
        os.truncate(log, 0)
        program.answer(*fastcgi.get("/healthz/live"))
        lines = process.wait_for(log.read_bytes, "the next line").splitlines()
        assert len(lines) == 1 and b"status=200" in lines[0] and b"\0" not in lines[0]


# --- Where the lines go: JWT_LOG, and what standard error is.

STRANGE = {"REQUEST_METHOD": 'GE"T\\\n', "REMOTE_ADDR": "\u00e9 status=200"}
PLAIN = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "2001:db8::1"}
FIELDS = re.compile(r' (\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)')
TEXT = r"jwks\[\d+\]: request( \w+=.*)"
ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
A_MOMENT = 3.0  # of the slowest request among very many, on a busy machine


def serving(log=None, name="jwks", **more):
    """A program of which nothing is asked but lines of its log: jwks wants no database."""
    skip_without(name)
    settings = {**PROFILES["default"].our_settings(), **({"JWT_LOG": log} if log else {})}
    if ours.sanitized(name):
        settings["JWT_SANDBOX"] = "off"  # such a build has none, and says so in a line that others have not
    return fastcgi.Program(name, ours.environment({"PGHOST": "/nonexistent"}, settings), **more)


def fields(text):
    """name=value of a whole line; nothing may stand between."""
    assert FIELDS.sub("", text) == "", text
    return dict(FIELDS.findall(text))


def test_a_request_is_names_and_values():
    with serving() as program:
        program.ask(STRANGE)
        program.ask(PLAIN)
        strange, plain = (re.fullmatch(f"{ISO} {TEXT}", line) for line in program.log.read_text().splitlines())
    found = fields(strange[1])
    assert list(found) == ["method", "status", "outcome", "user", "from", "ms"]
    assert found["method"] == r'"GE\"T\\\x0a"' and found["from"] == r'"\xc3\xa9 status=200"'
    assert found["status"] == "405" and found["outcome"] == "method" and found["user"] == "-"
    found = fields(plain[1])
    assert found["method"] == "GET" and found["from"] == "2001:db8::1" and re.fullmatch(r"\d+\.\d{3}", found["ms"])


def test_json_lines():
    with serving("json", "hello") as program:
        program.ask(STRANGE)
        program.ask({**PLAIN, "HTTP_AUTHORIZATION": "Bearer " + Maker().make({"kind": "access"})})
        lines = [json.loads(line) for line in program.log.read_text().splitlines()]
    assert lines[0]["level"] == "error" and lines[0]["message"].startswith('database: cannot connect: "')
    strange, failed = (line for line in lines if line["message"] == "request")
    assert isinstance(strange.pop("ms"), float) and re.fullmatch(ISO, strange.pop("time"))
    assert strange == {
        "program": "hello", "pid": program.process.pid, "level": "info", "message": "request", "method": 'GE"T\\\n',
        "status": 401, "outcome": "no-token", "user": None, "from": "\u00c3\u00a9 status=200"}
    assert (failed["level"], failed["status"], failed["outcome"]) == ("warning", 503, "unavailable")


def test_the_journal_takes_priorities_and_has_the_time():
    """sd-daemon(3): only if standard error is that very stream."""
    for kind in ("text", "json"):
        for own, prefix in ((True, "<6>"), (False, "")):
            ours_end, its_end = socket.socketpair()
            ours_end.settimeout(10)
            status = os.fstat(its_end.fileno())
            stream = f"{status.st_dev}:{status.st_ino + (not own)}"
            with ours_end, its_end, as_environment(JOURNAL_STREAM=stream), serving(kind, stderr=its_end) as program:
                program.ask(PLAIN)
                line = ours_end.recv(4096).decode()
            assert line.startswith(prefix) and line.endswith("\n")
            rest = line[len(prefix):-1]
            if kind == "json":
                assert json.loads(rest)["status"] == 200
            else:
                assert re.fullmatch(TEXT if own else f"{ISO} {TEXT}", rest)


@contextlib.contextmanager
def as_environment(**variables):
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def ask_often(program, count):
    """The slowest of so many requests, in seconds."""
    slowest = 0.0
    for _ in range(count):
        begun = time.monotonic()
        output, ended = program.ask(PLAIN)
        slowest = max(slowest, time.monotonic() - begun)
        assert ended and b"Status: 200 OK" in output
    return slowest


def lost_and_told(lines):
    """How many lines of requests there are, with those of which the log says that they are missing."""
    lost = [int(fields(line.partition("were lost")[2])["count"]) for line in lines if "lines of this log were lost" in line]
    return sum(": request " in line for line in lines), lost


@pytest.mark.parametrize("kind", ["pipe", "stream"])
def test_a_reader_that_is_stuck_holds_nobody(kind):
    if kind == "pipe":
        reader, writer = os.pipe()
        size = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
    else:
        ends = socket.socketpair()
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        reader, writer = (end.detach() for end in ends)
        size = 1 << 16
    count = size // 40
    with serving(stderr=writer) as program:
        assert ask_often(program, count) < A_MOMENT
        os.set_blocking(reader, False)
        seen = everything(reader)
        program.ask(PLAIN)
        seen += everything(reader)
    os.close(reader)
    os.close(writer)
    told, lost = lost_and_told(seen.decode().splitlines())
    assert len(lost) == 1 and told + lost[0] == count + 1


def everything(descriptor):
    data = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(descriptor, 1 << 16):
            data += part
    return data


# A /dev of its own for the program, so that nothing of the system's is touched.
OWN_DEV = """
mount -t tmpfs tmpfs "$0" && for name in null zero random urandom; do
	touch "$0/$name" && mount --bind "/dev/$name" "$0/$name" || exit; done
ln -s "$1/log" "$0/log" && mkdir "$0/shm" && mount --move "$0" /dev && shift && exec "$@"
"""


@pytest.fixture
def syslogd(tmp_path):
    """Makes a socket where the program finds /dev/log; each call replaces the one before."""
    (tmp_path / "dev").mkdir()
    current = []

    def start():
        for old in current:
            old.close()
        (tmp_path / "log").unlink(missing_ok=True)
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        daemon.bind(str(tmp_path / "log"))
        daemon.settimeout(10)
        current[:] = [daemon]
        return daemon

    start.wrapper = ["unshare", "-m", "sh", "-c", OWN_DEV, tmp_path / "dev", tmp_path]
    if subprocess.run([*start.wrapper, "true"], capture_output=True).returncode:
        pytest.skip("cannot mount a /dev of its own (needs root)")
    yield start
    for daemon in current:
        daemon.close()


def waiting(daemon):
    daemon.setblocking(False)
    lines = []
    with contextlib.suppress(BlockingIOError):
        while True:
            lines.append(daemon.recv(4096).decode())
    daemon.settimeout(10)
    return lines


def test_syslog_and_its_restart(syslogd):
    daemon = syslogd()
    with serving("syslog", wrapper=syslogd.wrapper) as program:
        program.ask(PLAIN)
        line = daemon.recv(4096).decode()
        assert re.fullmatch(rf"<86>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d {TEXT}", line), "authpriv.info, RFC 3164"
        daemon = syslogd()
        program.ask(PLAIN)
        assert " request method=GET " in daemon.recv(4096).decode()
        assert program.log.read_text() == ""


def test_a_syslogd_that_is_stuck_or_away_holds_nobody(syslogd):
    daemon = syslogd()
    with serving("syslog", wrapper=syslogd.wrapper) as program:
        assert ask_often(program, 1000) < A_MOMENT  # net.unix.max_dgram_qlen is less
        lines = waiting(daemon)
        daemon.close()
        assert ask_often(program, 100) < A_MOMENT
        daemon = syslogd()
        program.ask(PLAIN)
        told, lost = lost_and_told(lines + waiting(daemon))
    assert told + sum(lost) == 1000 + 100 + 1


def test_no_syslogd_is_told_at_the_start(syslogd):
    with serving("syslog", wrapper=syslogd.wrapper) as program:
        program.ask(PLAIN)
        assert "JWT_LOG: /dev/log: No such file or directory; lines are lost until there is a syslogd" in (
            program.log.read_text())
