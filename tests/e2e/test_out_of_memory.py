"""A request that can have no memory ends with 503 or with its process, and never with a wrong answer."""
import mmap
import os
import re
import signal
import struct
from functools import partial

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness import fastcgi, ours, preload
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.tokens import Maker

EVER = 1 << 30
STEP = int(os.environ.get("MEMORY_STEP", "3"))  # of the places from which on memory is refused
NAMES = ("token", "refresh", "hello", "verify")
pytestmark = pytest.mark.skipif(
    bool(ours.missing(NAMES)) or ours.sanitized("token"), reason="AddressSanitizer has an allocator of its own")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return preload.build("nomemory", tmp_path_factory.mktemp("nomemory"))


class Starved:
    """A program whose memory can be made to run out; started again when it has ended."""

    def __init__(self, library, name, environment, folder):
        path = folder / "plan"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file:
            self.plan = mmap.mmap(file.fileno(), 0)
        self.name = name
        self.environment = {**environment, "LD_PRELOAD": str(library), "NO_MEMORY_PLAN": str(path)}
        self.program = None

    def ask(self, make, first=0, last=0):
        """The status, None if the process has ended instead; and how often memory was asked for."""
        if self.program is None:
            self.program = fastcgi.Program(self.name, self.environment)
            self.program.answer(*make())  # what is made once, is made
            self.program.answer(*make())
        struct.pack_into("3i", self.plan, 0, 0, first, last)
        try:
            output, ended = self.program.ask(*make())
        except ConnectionError:  # it ended before it had read the request
            output, ended = b"", False
        asked, _, _ = struct.unpack_from("3i", self.plan)
        struct.pack_into("3i", self.plan, 0, 0, 0, 0)
        if ended:
            return int(output.split()[1]), asked
        assert output == b""
        self.check_end(self.program.process.wait(10))
        self.end()
        return None, asked

    def check_end(self, status):
        """One line in the log, or a signal where a library uses memory without asking whether it is there."""
        refused = self.plan[12:].split(b"\0")[0].decode()
        if status == -signal.SIGABRT:  # every malloc() of libfcgi is followed by an assertion
            assert re.search(r"malloc .*/libfcgi\.so", refused)
        elif status == -signal.SIGSEGV:  # json-c before 0.17 hashes the name of a member, a copy by strdup()
            assert re.search(r"strdup .*/libjson-c\.so", refused)
        else:
            assert status == 1 and "out of memory" in self.program.log.read_text(), refused

    def end(self):
        if self.program:
            self.program.__exit__()
        self.program = None


def key_pair():
    """Settings of an ES256 key, and what makes good and forged tokens with it."""
    private = ec.generate_private_key(ec.SECP256R1())
    text = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption()).decode()

    def make(claims):
        return jwt.encode(claims, private, "ES256")

    def forged(claims):
        head, body, signature = make(claims).split(".")
        return f"{head}.{body}.{signature[::-1]}"

    return {"JWT_ALGORITHM": "ES256", "JWT_SIGNING_KEY": text}, make, forged


def requests():
    maker = Maker("rotate")
    pair, made, forged = key_pair()
    claims = maker.claims("access")
    login = fastcgi.login
    yield "token, good", "token", lambda: login("alice", PASSWORD), 200
    yield "token, wrong", "token", lambda: login("alice", "wrong"), 401
    for form in "h_sha1", "h_argon2id", "h_scrypt", "h_bcrypt_sha256", "h_crypt_bcrypt":
        yield f"token, {form}", "token", partial(login, form, PASSWORD), 200
    yield "token, unknown", "token", lambda: login("nobody", "wrong"), 401
    for name, path, field, kind in (("refresh", "/api/token/refresh/", "refresh", "refresh"),
                                    ("verify", "/api/token/verify/", "token", "access")):
        def make(path=path, field=field, **recipe):
            return fastcgi.post(path, {field: maker.make(recipe)})

        yield f"{name}, good", name, partial(make, kind=kind), 200
        yield f"{name}, forged", name, partial(make, kind=kind, flip=True), 401
    yield "hello, good", "hello", lambda: fastcgi.get("/hello/", maker.make({})), 200
    yield "hello, forged", "hello", lambda: fastcgi.get("/hello/", maker.make({"flip": True})), 401
    yield "hello, of nobody", "hello", lambda: fastcgi.get("/hello/", maker.make({"set": {"user_id": 4242}})), 401
    yield "hello, ES256, good", "hello", lambda: fastcgi.get("/hello/", made(claims)), 200, pair
    yield "hello, ES256, forged", "hello", lambda: fastcgi.get("/hello/", forged(claims)), 401, pair


ROWS = {row[0]: row[1:] for row in requests()}


@pytest.mark.parametrize("row, last", [
    (row, last) for row in ROWS for last in ("once", "from then on") if last == "once" or "ES256" not in row])
def test_memory_runs_out_anywhere(site, library, tmp_path, row, last):
    """For that once, at each of the places where the request asks for memory; for good, at every third of them, or
    at each with MEMORY_STEP=1."""
    name, make, expected, *more = ROWS[row]
    site.restore()
    starved = Starved(library, name, ours.environment(site.environment(), {
        **PROFILES["rotate"].our_settings(), **(more[0] if more else {})}), tmp_path)
    try:
        status, asked = starved.ask(make)
        assert status == expected
        for first in range(1, asked + 5, 1 if last == "once" else STEP):
            status, _ = starved.ask(make, first, first if last == "once" else EVER)
            assert status in (expected, 503, None), f"at {first} of {asked}: {status}"
            assert starved.ask(make)[0] == expected, "the next request is answered as ever"
    finally:
        starved.end()


def test_memory_runs_out_while_connecting(site, library, tmp_path):
    _, make, expected = ROWS["hello, good"]
    starved = Starved(library, "hello", ours.environment(site.environment(), PROFILES["plain"].our_settings()), tmp_path)

    def cut():
        site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hello'")

    try:
        assert starved.ask(make)[0] == expected
        cut()
        status, asked = starved.ask(make)
        assert status == expected and asked > 50
        for first in range(1, asked + 5):
            cut()
            status, _ = starved.ask(make, first, first)
            assert status in (expected, 503, None), f"at {first} of {asked}: {status}"
    finally:
        starved.end()
