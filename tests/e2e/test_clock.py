"""The clock of the host set forward and back while programs run.

libfaketime gives them a clock that is read from a file for each look; their monotonic clock goes on as
it does when an administrator or NTP sets the other one.
"""

import array
import contextlib
import fcntl
import pathlib
import subprocess
import termios
import time
import urllib.parse

import pytest
from harness import codes, fastcgi, oidc, ours, process
from harness.fixtures import skip_without
from harness.oidc import oidc_site
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.tokens import claims_of

DAY, YEAR = 86400, 365 * 86400
(LIBRARY, *_) = [*pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None]
NAMES = ("token", "refresh", "hello")
pytestmark = pytest.mark.skipif(
    bool(ours.missing(NAMES)) or not LIBRARY or ours.sanitized("token"),
    reason="needs libfaketime and programs built without AddressSanitizer, which wants to be loaded first")


class Clock:
    def __init__(self, folder):
        self.file = folder / "clock"
        self.set(0)

    def set(self, offset):
        """So many seconds from the real time, for everybody at once."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{offset:+d}\n")
        new.rename(self.file)

    def running(self):
        """The variables by which a program has this clock."""
        return {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def environment(self, site, **settings):
        every = {**PROFILES["plain"].our_settings(), "JWT_SANDBOX": "off", **settings}  # it reads the file
        return {**ours.environment(site.environment(), every), **self.running()}


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def log_in(program, password=PASSWORD, name="alice"):
    return program.answer(*fastcgi.login(name, password))


def hello(program, token):
    answer = program.answer(*fastcgi.get("/hello/", token))
    return answer.status


def refresh(program, token):
    return program.answer(*fastcgi.post("/api/token/refresh/", {"refresh": token})).status


def test_tokens_go_by_the_clock(site, clock):
    """What is valid is said by the clock as it is now, and nobody has to be started again."""
    settings = clock.environment(site)
    with fastcgi.Program("token", settings) as token, fastcgi.Program("hello", settings) as greeter, \
            fastcgi.Program("refresh", settings) as refresher:
        pairs = {}
        for offset in (0, 2 * DAY, -2 * DAY, 50 * YEAR, 0):
            clock.set(offset)
            pairs[offset] = log_in(token).json()
            claims = claims_of(pairs[offset]["access"])
            assert abs(claims["iat"] - time.time() - offset) < 5
            for made, pair in pairs.items():
                expected = 200 if made == offset else 401  # expired, or from the future
                assert hello(greeter, pair["access"]) == expected
            assert refresh(refresher, pairs[offset]["refresh"]) == 200
        assert refresh(refresher, pairs[-2 * DAY]["refresh"]) == 401
        for program in (token, greeter, refresher):
            assert program.process.poll() is None


@pytest.mark.parametrize("offset", (YEAR, -YEAR))
def test_the_deadline_of_a_request(site, clock, offset):
    """It neither ends at once nor never when the clock jumps in the middle of it."""
    request = fastcgi.request(*fastcgi.login("alice", PASSWORD))
    with fastcgi.Program("token", clock.environment(site, JWT_REQUEST_TIMEOUT="1")) as program:
        assert log_in(program).status == 200
        with program.connect() as connection:
            connection.sendall(request[:50])
            clock.set(offset)
            connection.sendall(request[50:])
            output, ended = fastcgi.read_answer(connection)
            assert ended and output.startswith(b"Status: 200")
        clock.set(0)
        with program.connect() as connection:
            begun = time.monotonic()
            connection.sendall(request[:50])
            clock.set(offset)
            assert connection.recv(1) == b""
            assert 0.9 < time.monotonic() - begun < 5
        assert log_in(program).status == 200


@pytest.mark.parametrize("offset", (YEAR, -YEAR))
def test_the_deadline_of_the_database(site, clock, offset):
    settings = clock.environment(site, JWT_DATABASE_TIMEOUT="1")
    holder = site.cluster.connect(site.name)
    holder.autocommit = False
    with fastcgi.Program("token", settings) as program:
        assert log_in(program).status == 200
        holder.cursor().execute("LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE")
        try:
            with program.connect() as connection:
                begun = time.monotonic()
                connection.sendall(fastcgi.request(*fastcgi.login("alice", PASSWORD)))
                process.wait_for(lambda: site.execute("SELECT 1 FROM pg_locks WHERE NOT granted"), "it to wait")
                clock.set(offset)
                output, _ = fastcgi.read_answer(connection)
            assert output.startswith(b"Status: 503") and 0.9 < time.monotonic() - begun < 5
        finally:
            holder.close()
        assert log_in(program).status == 200


def test_the_deadline_of_a_cgi_request(site, clock):
    parameters, body = fastcgi.login("alice", PASSWORD)
    environment = {**clock.environment(site, JWT_REQUEST_TIMEOUT="5"), **parameters, "GATEWAY_INTERFACE": "CGI/1.1"}
    with subprocess.Popen([ours.program("token")], env=environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        for part in body[:5], body[5:10], body[10:]:
            process.wait_for(lambda: has_read_all(program), "the program to read")
            clock.set(YEAR)
            with contextlib.suppress(BrokenPipeError):  # it has given up
                program.stdin.write(part)
                program.stdin.flush()
        program.stdin.close()
        assert program.stdout.read().startswith(b"Status: 200")


def has_read_all(program):
    """It waits for more, or has ended."""
    unread = array.array("i", [0])
    fcntl.ioctl(program.stdin, termios.FIONREAD, unread)
    return program.poll() is not None or "poll" in wchan(program.pid) and unread[0] == 0


def wchan(pid):
    return pathlib.Path(f"/proc/{pid}/wchan").read_text()


def test_who_has_to_wait_does_not_wait_for_years(site, clock, tmp_path):
    """A clock set back or forward takes one wait from the guesser at most, and none is added."""
    settings = clock.environment(site, JWT_THROTTLE="on", JWT_THROTTLE_FILE=str(tmp_path / "throttle"))

    def guess_until_told_to_wait(name):
        for _ in range(40):
            answer = log_in(program, "guess", name)
            if answer.status == 429:
                return int(answer.header("Retry-After"))
            assert answer.status == 401
        raise AssertionError("never throttled")

    with fastcgi.Program("token", settings) as program:
        for offset in (0, YEAR, -YEAR, 0, -40 * YEAR, 40 * YEAR):
            clock.set(offset)
            assert log_in(program).status == 200
            assert guess_until_told_to_wait("bob") <= 120
            clock.set(offset + 1000)
            assert log_in(program, "another password", "bob").status == 200, "the wait is over"


class OtherHost:
    """Programs of a provider that have another clock."""

    def __init__(self, provider, clock):
        self.environment = {**provider.environment, **clock.running(), "JWT_SANDBOX": "off"}
        self.stack = contextlib.ExitStack()
        self.programs = {name: self.stack.enter_context(fastcgi.Program(name, self.environment))
                         for name in ("oauth_token", "userinfo", "introspect", "hello")}

    def post(self, path, fields, headers=()):
        """As Provider.post(), for harness.codes."""
        body = urllib.parse.urlencode(fields).encode()
        parameters = {**fastcgi.get(path)[0], "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)),
                      "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        for header in headers:
            name, _, parameters["HTTP_" + name.upper()] = header.partition(": ")
        name = {"/oauth/token": "oauth_token"}.get(path, path.rpartition("/")[2])
        return self.programs[name].answer(parameters, body)

    def status(self, name, token):
        return self.programs[name].answer(*fastcgi.get("/", token)).status


@pytest.mark.parametrize("offset", (-30, 30))  # so that a slow test is not late
@pytest.mark.parametrize("leeway", (0, 60))
def test_two_hosts_whose_clocks_differ(oidc_site, clock, offset, leeway):
    """Of OpenID Connect: JWT_LEEWAY makes both accept each other's tokens, and never a session that has ended."""
    skip_without("oauth_token", "userinfo", "introspect", "revoke")
    clock.set(offset)
    with oidc.Provider(oidc_site, JWT_LEEWAY=str(leeway)) as here:
        here.restore()
        there = OtherHost(here, clock)
        with there.stack:
            def userinfo_of(token):
                return codes.statuses(here, token) | {there.status("userinfo", token)}

            for one, other in ((here, there), (there, here)):
                first = codes.redeem(one, codes.new_code(here)).json()
                one_is_ahead = (one is there) == (offset > 0)
                if leeway == 0 and one_is_ahead:  # its tokens are from the future
                    assert userinfo_of(first["access_token"]) == {200, 401}
                    assert codes.refresh(other, first["refresh_token"]).json()["error"] == "invalid_grant"
                    assert codes.refresh(one, first["refresh_token"]).status == 200
                    continue
                assert userinfo_of(first["access_token"]) == {200}
                assert codes.post(other, "/oauth/introspect", {"token": first["access_token"]}).json()["active"] is True
                codes.age_sessions(here, 60)
                second = codes.refresh(other, first["refresh_token"]).json()
                if leeway > 0:
                    assert userinfo_of(second["access_token"]) == {200}
                assert codes.post(here, "/oauth/revoke", {"token": second["refresh_token"]}).status == 200
                for token in (first["access_token"], second["access_token"]):
                    assert userinfo_of(token) == {401}
                    assert codes.post(other, "/oauth/introspect", {"token": token}).json() == {"active": False}
                assert codes.refresh(one, second["refresh_token"]).json()["error"] == "invalid_grant"
