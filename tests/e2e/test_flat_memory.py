"""However many requests a program has answered, it holds no more memory than after the first few.

FLAT_REQUESTS says how many; `make nightly` asks for a million.
"""
import collections
import contextlib
import os
import random
import re
import struct
import time

import pytest
from harness import fastcgi, ours, process
from harness.profiles import PROFILES
from harness.site import Site
from harness.tokens import Maker

REQUESTS = int(os.environ.get("FLAT_REQUESTS", "5000"))
FIRST = 2000  # after which everything has been made that is made once
GROWN = 64  # KiB, a few pages
LATER = 10**9
END = fastcgi.record(fastcgi.END, bytes(8))

pytestmark = pytest.mark.skipif(
    bool(ours.missing(["hello", "refresh"])) or ours.sanitized("hello"),
    reason="AddressSanitizer keeps what was freed for a while")


def kept(request):
    """The same request, on a connection that is to be kept."""
    return fastcgi.record(fastcgi.BEGIN, struct.pack("!HB5x", 1, 1)) + fastcgi.request(*request)[16:]


def hello(maker, recipe):
    return kept(fastcgi.get("/hello/", maker.make(recipe)))


def refresh(maker, recipe):
    return kept(fastcgi.post("/api/token/refresh/", {"refresh": maker.make({"kind": "refresh", **recipe})}))


def mixed(request):
    """Good and bad ones of many lengths, each with the status that it must have."""
    maker = Maker("plain", t0=int(time.time()))
    for number in range(50):
        yield request(maker, {"set": {"exp": LATER * 4, "n": "x" * (number * 37 % 1500)}}), b"200"
        yield request(maker, {"set": {"exp": LATER, "n": number}}), b"401"
        yield request(maker, {"set": {"exp": LATER * 4}, "flip": True}), b"401"
        yield request(maker, {"set": {"exp": LATER * 4, "user_id": 10**6 + number}}), b"401"
        yield request(maker, {"payload_text": "{" * number}), b"401"


def answer(connection):
    data = b""
    while not data.endswith(END):
        part = connection.recv(65536)
        assert part, "the connection was closed"
        data += part
    return data


@pytest.mark.parametrize("request_of", (hello, refresh), ids=lambda function: function.__name__)
def test_memory_is_flat(site, request_of):
    name = request_of.__name__
    rows = list(mixed(request_of))
    generator = random.Random(name)
    settings = {**PROFILES["plain"].our_settings(), "JWT_REQUEST_TIMEOUT": "60"}
    with open(os.devnull, "wb") as nowhere, fastcgi.Program(
            name, ours.environment(site.environment(), settings), nowhere) as program, program.connect() as connection:
        begun = time.monotonic()
        for number in range(REQUESTS):
            if number == FIRST:
                before = process.memory(program.process.pid)
            request, status = generator.choice(rows)
            connection.sendall(request)
            got = answer(connection)
            assert got[16:19] == status, f"request {number}: {got!r}"
        seconds, after = time.monotonic() - begun, process.memory(program.process.pid)
    print(f"{name}: {REQUESTS} requests in {seconds:.0f} s, {before} KiB after {FIRST} of them, {after} KiB at the end")
    assert after - before < GROWN


@pytest.fixture(scope="module")
def sessions(cluster):
    """A site with sessions."""
    site = Site(cluster, "flat_sessions")
    cluster.psql("flat_sessions", "-f", ours.CHECKOUT / "sql" / "sessions.sql")
    yield site
    site.end()


OPENED = """INSERT INTO jwt_session (user_id, sid, gen, held, created_at, rotated_at, expires_at, ends_at)
    SELECT '1', unnest(%s::uuid[]), 1, 0, now(), now(), now() + interval '1 day', now() + interval '1 day'"""
ENDED = """WITH gone AS (DELETE FROM jwt_session WHERE sid = ANY (%s::uuid[]) RETURNING user_id, sid)
    INSERT INTO jwt_change (user_id, sid) SELECT user_id, sid FROM gone"""


def test_memory_is_flat_while_sessions_end(sessions):
    """One session ends for a hundred requests: the oldest five of twenty, which are asked on for five hundred."""
    maker, generator = Maker("plain", t0=int(time.time())), random.Random(17)
    settings = {**PROFILES["plain"].our_settings(), "JWT_REQUEST_TIMEOUT": "60", "JWT_SESSIONS": "on",
                "JWT_FEED_POLL": "20", "JWT_FEED_KNOWN": "1024"}  # a table of known owners that is soon full
    window, ended, refused, first = collections.deque(maxlen=20), 0, 0, None
    with open(os.devnull, "wb") as nowhere, fastcgi.Program(
            "hello", ours.environment(sessions.our_environment(), settings), nowhere) as program, \
            program.connect() as connection:
        def memory():
            return [process.memory(program.process.pid, kind) for kind in ("Pss_Anon", "Pss")]

        for number in range(REQUESTS):
            if number == FIRST:
                first = memory()
            if number % 500 == 0:
                sids = [f"{generator.getrandbits(128):032x}" for _ in range(5)]
                sessions.execute(OPENED, sids)
                window.extend((sid, hello(maker, {"set": {"user_id": "1", "exp": LATER * 4, "sid": sid, "gen": 1}}))
                              for sid in sids)
                if len(window) == 20:
                    sessions.execute(ENDED, [sid for sid, _ in window][:5])
                    ended += 5
            place = number % len(window)
            connection.sendall(window[place][1])
            status = answer(connection)[16:19]
            assert status == b"200" or status == b"401" and place < 5 and ended, status
            refused += status == b"401"
        last = memory()
    print(f"hello with sessions: {REQUESTS} requests, {ended} sessions ended, {refused} refused; anonymous {first[0]} KiB "
          f"after {FIRST}, {last[0]} KiB at the end; PSS {first[1]} and {last[1]} KiB")
    assert refused > 0
    assert last[0] - first[0] < GROWN


OWNERS = range(100001, 165537)  # 65,536: the default of JWT_FEED_KNOWN


@pytest.fixture(scope="module")
def fed(cluster):
    """A site with the change feed and many users, whose names are as long as may be remembered."""
    site = Site(cluster, "many")
    cluster.psql("many", "-f", ours.CHECKOUT / "sql" / "changes.sql", "-c", f"""
        INSERT INTO auth_user SELECT i, 'x', NULL, false, rpad('user' || i, 40, 'x'), '', '', '', false, true, now()
        FROM generate_series({OWNERS[0]}, {OWNERS[-1]}) i; ANALYZE auth_user""")
    yield site
    site.end()


@pytest.mark.parametrize("name, mebibytes", [("hello", 4), ("auth_check", 8)])
def test_memory_of_known_owners(fed, tmp_path, name, mebibytes):
    """PSS of a process that has read as many owners as its table has places; another process shares the libraries."""
    tmp_path.chmod(0o777)
    settings = {**PROFILES["plain"].our_settings(), "JWT_METRICS_DIR": str(tmp_path)}
    environment = ours.environment(fed.our_environment(), settings)
    maker, status = Maker("plain"), b"200" if name == "hello" else b"204"
    with contextlib.ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "wb"))
        program, _ = (stack.enter_context(fastcgi.Program(name, environment, nowhere)) for _ in range(2))
        connections = [stack.enter_context(program.connect()) for _ in range(32)]
        for first in range(OWNERS.start, OWNERS.stop, len(connections)):
            for owner, connection in enumerate(connections, first):
                connection.sendall(hello(maker, {"set": {"user_id": str(owner)}}))
            assert {answer(connection)[16:19] for connection in connections} == {status}
        pss, anonymous = (process.memory(program.process.pid, kind) for kind in ("Pss", "Pss_Anon"))
        with fastcgi.Program("metrics", environment) as metrics:
            counted = metrics.answer(*fastcgi.get("/metrics")).body.decode()
    known = float(re.search(rf'feed_known_owners{{program="{name}"}} (\d+)', counted).group(1))
    print(f"{name}: {known:.0f} owners known, PSS {pss} KiB, {anonymous} KiB of it anonymous")
    assert known > 0.9 * len(OWNERS)
    assert pss <= mebibytes * 1024
