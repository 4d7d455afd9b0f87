"""A hostile peer on a program's own socket: malformed, cut, lying, slow and random FastCGI.

Nginx never sends such things; whoever can connect to the socket might. Whatever comes, the same process
answers the next good request, and nothing but the deadline of one request is lost.
"""
import os
import pathlib
import random
import socket
import struct
import time

import pytest
from harness import fastcgi, ours, process
from harness.fastcgi import BEGIN, END, PARAMS, STDIN, STDOUT, parameter, record
from harness.profiles import KEY

ABORT, DATA, GET_VALUES = 2, 8, 9
BUILT = [name for name in ours.PROGRAM_OF.values() if not ours.missing([name])]
pytestmark = pytest.mark.skipif(not BUILT, reason=f"nothing is built in {ours.BUILD}")

BEGUN = record(BEGIN, struct.pack("!HB5x", 1, 0))
METHOD = {"REQUEST_METHOD": "DELETE", "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": ""}
GOOD = fastcgi.request(METHOD)
LONG = fastcgi.request({**METHOD, "CONTENT_LENGTH": "300"}, b"x" * 300)
PAIRS = b"".join(parameter(name, value) for name, value in METHOD.items())
ENDED = record(PARAMS, b"") + record(STDIN, b"")


def environment(**settings):
    return fastcgi.plain_environment(
        JWT_SIGNING_KEY=KEY, PGHOST="/nonexistent", JWT_REQUEST_TIMEOUT="1", **settings
    )


def served(name):
    with fastcgi.Program(name, environment()) as program:
        program.expected = program.ask(METHOD)
        assert program.expected[1] and program.expected[0].startswith(b"Status: 40")
        yield program
        assert program.process.poll() is None


@pytest.fixture(scope="module", params=BUILT)
def program(request):
    yield from served(request.param)


@pytest.fixture(scope="module")
def one():
    """For what takes a second: all programs read requests with the same code."""
    yield from served(BUILT[0])


def still_good(program):
    assert program.ask(METHOD) == program.expected
    assert program.process.poll() is None


def send(program, data, finish="shutdown"):
    """What comes back; finish: close at once, shutdown (no more will come), or wait in silence."""
    with program.connect() as connection:
        try:
            connection.sendall(data)
            if finish == "close":
                return b""
            if finish == "shutdown":
                connection.shutdown(socket.SHUT_WR)
            answer = b""
            while part := connection.recv(65536):
                answer += part
        except (BrokenPipeError, ConnectionResetError):
            return b""
    return answer


def records(data):
    """(type, request id, content) of each record; the bytes must be whole records."""
    found = []
    while data:
        version, kind, number, length, padding, _ = struct.unpack("!BBHHBB", data[:8])
        assert version == 1 and len(data) >= 8 + length + padding
        found.append((kind, number, data[8 : 8 + length]))
        data = data[8 + length + padding :]
    return found


def begin(role=1, flags=0, request_id=1):
    return record(BEGIN, struct.pack("!HB5x", role, flags), request_id)


def header(kind, length, request_id=1, version=1, padding=0):
    return struct.pack("!BBHHBB", version, kind, request_id, length, padding, 0)


def four(length):
    return struct.pack("!I", length | 1 << 31)


# Bytes that hold no request: each ends the connection without an answer (but for END_REQUEST).
DROPPED = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    "zeros": b"\0" * 4096,
    "ones": b"\xff" * 4096,
    "version 0": b"\0" + GOOD[1:],
    "version 2": b"\2" + GOOD[1:],
    "version 255 later": BEGUN + b"\xff" + GOOD[17:],
    "BEGIN too short": header(BEGIN, 7) + b"\0\1\0\0\0\0\0" + GOOD[16:],
    "BEGIN too long": header(BEGIN, 9) + b"\0\1\0\0\0\0\0\0\0" + GOOD[16:],
    "BEGIN empty": header(BEGIN, 0) + GOOD[16:],
    "BEGIN of 65535": header(BEGIN, 65535) + b"\0\1" + b"\0" * 65533,
    "BEGIN twice": BEGUN + BEGUN + GOOD[16:],
    "parameters without BEGIN": GOOD[16:],
    "parameters of nobody": begin(request_id=2) + GOOD[16:],
    "body before parameters": BEGUN + record(STDIN, b"x") + GOOD[16:],
    "body inside parameters": BEGUN + record(PARAMS, PAIRS) + record(STDIN, b"") + ENDED,
    "parameters after their end": BEGUN + record(PARAMS, b"") + record(PARAMS, PAIRS) + ENDED,
    "only BEGIN": BEGUN,
    "no end of parameters": BEGUN + record(PARAMS, PAIRS),
    "no end of the body": BEGUN + record(PARAMS, PAIRS) + record(PARAMS, b""),
    "length beyond the end": BEGUN + header(PARAMS, 65535) + PAIRS + ENDED,
    "padding beyond the end": BEGUN + record(PARAMS, PAIRS) + record(PARAMS, b"") + header(STDIN, 0, padding=255),
    "role 0": begin(0) + GOOD[16:],
    "filter": begin(3) + GOOD[16:],
    "role 65535": begin(65535) + GOOD[16:],
    "abort at once": BEGUN + record(ABORT, b"") + GOOD[16:],
    "abort in parameters": BEGUN + record(PARAMS, PAIRS) + record(ABORT, b""),
    "abort in the body": BEGUN + record(PARAMS, PAIRS) + record(PARAMS, b"") + record(ABORT, b"x" * 99),
    # Name-value pairs whose lengths lie (CVE-2025-23016 and its kin).
    "name beyond the stream": BEGUN + record(PARAMS, b"\x05\x05a") + ENDED,
    "value beyond the stream": BEGUN + record(PARAMS, b"\x01\x7fab") + ENDED,
    "cut length": BEGUN + record(PARAMS, b"\x80\x00") + ENDED,
    "only a name's length": BEGUN + record(PARAMS, b"\x05") + ENDED,
    "lengths of 2^31-1": BEGUN + record(PARAMS, b"\xff" * 8 + b"abc") + ENDED,
    "sum of 2^31": BEGUN + record(PARAMS, four(1 << 30) * 2 + b"abc") + ENDED,
    "sum of 2^31-1": BEGUN + record(PARAMS, four((1 << 31) - 2) + b"\x01abc") + ENDED,
    "sum wraps to 2": BEGUN + record(PARAMS, four((1 << 31) - 1) + four(3) + b"abc") + ENDED,
    "a pair cut at the end": BEGUN + record(PARAMS, PAIRS + b"\x03\x03ab") + ENDED,
    # What libfcgi cannot read, or ends the process on.
    "padding of BEGIN": header(BEGIN, 8, padding=255) + BEGUN[8:] + b"p" * 255 + GOOD[16:],
    "padding of the end of parameters": BEGUN + record(PARAMS, PAIRS) + header(PARAMS, 0, padding=8) + b"p" * 8
    + record(STDIN, b""),
    "padding of the end of the body": BEGUN + record(PARAMS, PAIRS) + record(PARAMS, b"")
    + header(STDIN, 0, padding=8) + b"p" * 8,
    "a second request": BEGUN + begin(request_id=7) + GOOD[16:],
    "another request between": BEGUN + begin(request_id=2) + record(PARAMS, PAIRS) + record(STDIN, b"x", 3)
    + ENDED,
    "an abort of another": BEGUN + record(ABORT, b"", 2) + GOOD[16:],
    "data": BEGUN + record(DATA, b"x") + GOOD[16:],
    "unknown types": BEGUN + record(99, b"y" * 999) + GOOD[16:],
    "types of answers": BEGUN + record(STDOUT, b"x") + record(END, b"\0" * 8) + GOOD[16:],
    "an empty name": BEGUN + record(PARAMS, b"\0\0" + PAIRS) + ENDED,
    "a name with =": BEGUN + record(PARAMS, parameter("A=B", "c") + PAIRS) + ENDED,
    "NUL in a name": BEGUN + record(PARAMS, parameter("A\0B", "c") + PAIRS) + ENDED,
    "NUL in a value": BEGUN + record(PARAMS, parameter("X", "a\0b") + PAIRS) + ENDED,
    "NUL in the header": BEGUN + record(PARAMS, parameter("HTTP_AUTHORIZATION", "Bearer a\0b") + PAIRS) + ENDED,
    "a request of management": record(GET_VALUES, parameter("FCGI_MAX_CONNS", ""), 0) + GOOD,
    "management within a request": BEGUN + record(GET_VALUES, b"", 0) + GOOD[16:],
    "management of any type": b"".join(record(kind, b"z" * kind, 0) for kind in range(256)) + GOOD,
}

# Odd, but a request nevertheless: answered as it would be otherwise.
ANSWERED = {
    "a byte a record": BEGUN + b"".join(record(PARAMS, bytes([byte])) for byte in PAIRS) + ENDED,
    "padding": BEGUN + header(PARAMS, len(PAIRS), padding=255) + PAIRS + b"p" * 255 + ENDED,
    "long lengths for short names": BEGUN + record(PARAMS, b"".join(
        four(len(name)) + four(len(value)) + name.encode() + value.encode() for name, value in METHOD.items()
    )) + ENDED,
    "2500 parameters": BEGUN + b"".join(
        record(PARAMS, parameter(f"HTTP_X_{i}", "v" * 8)) for i in range(2500)
    ) + GOOD[16:],
    "more behind the end": GOOD + b"\xff" * 5000,
    "a second request behind": GOOD + GOOD,
    "keep the connection": begin(flags=1) + GOOD[16:],
    "all flags": begin(flags=255) + GOOD[16:],
}


@pytest.mark.parametrize("name", DROPPED)
def test_bytes_that_are_no_request_end_the_connection(program, name):
    answer = records(send(program, DROPPED[name]))
    assert all(kind == END for kind, _, _ in answer), "no answer to what was not asked"
    still_good(program)


@pytest.mark.parametrize("name", ANSWERED)
def test_an_odd_request_is_answered(program, name):
    answer = records(send(program, ANSWERED[name]))
    output = b"".join(content for kind, number, content in answer if (kind, number) == (STDOUT, 1))
    assert output == program.expected[0]
    assert (END, 1, b"\0" * 8) in answer
    still_good(program)


REFUSED = {
    "parameters of 300 KiB": (431, BEGUN + record(PARAMS, b"\x01\x01ab" * 16000) * 5 + ENDED),
    "a parameter of 300 KiB": (431, BEGUN + b"".join(
        record(PARAMS, piece) for piece in
        (lambda text: [text[at : at + 60000] for at in range(0, len(text), 60000)])(parameter("A", "x" * 300000))
    ) + ENDED),
    "10000 parameters": (431, BEGUN + b"".join(
        record(PARAMS, parameter(f"HTTP_X_{i}", "v" * 8)) for i in range(10000)
    ) + GOOD[16:]),
    "no method": (400, BEGUN + ENDED),
    "an empty method": (None, BEGUN + record(PARAMS, parameter("REQUEST_METHOD", "")) + ENDED),
    "a method of 10000": (None, BEGUN + record(PARAMS, parameter("REQUEST_METHOD", "A" * 10000)) + ENDED),
    "a method of bytes": (None, BEGUN + record(PARAMS, parameter("REQUEST_METHOD", "\udcff\udcfe\n\r\"")) + ENDED),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_is_refused(program, name):
    status, data = REFUSED[name]
    output, ended = fastcgi.read_answer(Bytes(send(program, data)))
    assert ended and output.startswith(b"Status: %d " % status if status else b"Status: 40")
    still_good(program)


class Bytes:
    """Bytes that were received already, for read_answer()."""

    def __init__(self, data):
        self.data = data

    def recv(self, _):
        data, self.data = self.data, b""
        return data


POST = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1"}
LENGTHS = {
    "less than the body": ("2", b'{"x":1}', 400), "more than the body": ("200", b"{}", 400),
    "none": ("", b"{}", 400), "negative": ("-2", b"{}", 400), "a sign": ("+2", b"{}", 400),
    "hexadecimal": ("0x2", b"{}", 400), "a blank": (" 2", b"{}", 400), "two": ("2, 2", b"{}", 400),
    "beyond 2^63": ("9223372036854775808", b"{}", 400), "beyond 2^64": ("18446744073709551618", b"{}", 400),
    "at the limit of 2^62": ("4611686018427387904", b"{}", 413), "a float": ("2.0", b"{}", 400),
    "64 KiB": (str(1 << 16), b" " * (1 << 16), 400), "a byte more": (str((1 << 16) + 1), b" " * ((1 << 16) + 1), 413),
    "too large": (str(3 << 20), b" " * (3 << 20), 413),
    "too large, and a lie": ("2", b" " * (3 << 20), 413),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_a_content_length_that_lies(name):
    length, body, status = LENGTHS[name]
    with fastcgi.Program("refresh", environment()) as program:
        output, ended = program.ask({**POST, "CONTENT_LENGTH": length}, body)
        assert ended and output.startswith(b"Status: %d " % status)
        output, _ = program.ask({**POST, "CONTENT_LENGTH": "2"}, b"{}")
        assert output.startswith(b"Status: 400 ") and b"This field is required." in output


@pytest.mark.parametrize("finish", ("close", "shutdown"))
def test_a_request_cut_at_every_byte(program, finish):
    """A cut request is never served, in particular not as one with fewer parameters."""
    for length in range(len(LONG)):
        assert send(program, LONG[:length], finish) == b""
        if length % 40 == 0:  # also keeps the queue of the listening socket short
            still_good(program)
    still_good(program)


def test_management_records_without_end(one):
    begun = time.monotonic()
    send(one, record(GET_VALUES, b"", 0) * 60000)
    assert time.monotonic() - begun < 10
    still_good(one)


def test_slow_peers_have_one_deadline_for_the_whole_request(one):
    """A byte now and then does not buy more time."""
    with one.connect() as connection:
        begun = time.monotonic()
        for at in range(100):
            try:
                connection.sendall(GOOD[at : at + 1])
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(0.05)
        else:
            raise AssertionError("five seconds were bought")
        assert time.monotonic() - begun > 0.5
    still_good(one)


def test_a_peer_that_does_not_take_its_answer(program):
    """A full socket of answers nobody reads costs at most the deadline."""
    held = program.connect()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    held.sendall(GOOD)
    begun = time.monotonic()
    still_good(program)
    assert time.monotonic() - begun < 10
    held.close()


HALVES = (b"", GOOD[:4], GOOD[:30], GOOD[:-8])  # silence, half a request


@pytest.mark.parametrize("name", sorted({"hello", "token"} & set(BUILT)))
def test_slow_peers_occupy_no_process(name):
    """One process, as many incomplete requests as it has slots for and some more: no request waits."""
    settings = environment()
    settings["JWT_REQUEST_TIMEOUT"] = "30"
    with fastcgi.Program(name, settings) as program:
        expected = program.ask(METHOD)
        holders = [hold(program, HALVES[number % len(HALVES)]) for number in range(280)]
        process.wait_for(lambda: program.ask(METHOD) == expected, "the backlog to have room")
        begun = time.monotonic()
        for _ in range(5):
            assert program.ask(METHOD) == expected
        assert time.monotonic() - begun < 5
        # Of too many the oldest were closed; the others are answered once they are complete.
        process.wait_for(lambda: descriptors(program) < 280, "connections to be closed")
        data = HALVES[(len(holders) - 1) % len(HALVES)]
        holders[-1].sendall(GOOD[len(data):])
        assert fastcgi.read_answer(holders[-1]) == expected
        for holder in holders:
            holder.close()
        process.wait_for(lambda: descriptors(program) < 30, "connections to be closed")


def hold(program, data):
    """A connection with these bytes; it waits while the backlog is full."""
    end = time.monotonic() + 10
    while True:
        try:
            connection = program.connect()
            break
        except BlockingIOError:
            assert time.monotonic() < end, "nothing is accepted any more"
    connection.sendall(data)
    return connection


def descriptors(program):
    return len(process.descriptors(program.process.pid))


def mutated(generator):
    data = bytearray(generator.choice((GOOD, LONG, ANSWERED["padding"], GOOD + LONG)))
    for _ in range(generator.randint(1, 6)):
        at = generator.randrange(len(data))
        kind = generator.randrange(6)
        if kind == 0:
            data[at] = generator.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << generator.randrange(8)
        elif kind == 2:
            del data[at : at + generator.randint(1, 20)]
        elif kind == 3:
            data[at:at] = generator.randbytes(generator.randint(1, 20))
        elif kind == 4:
            data[at:at] = data[at : at + generator.randint(1, 200)]
        else:
            at = 8 * (at // 8)
            data[at : at + 8] = header(generator.randrange(12), generator.choice((0, 1, 8, 255, 65535)),
                                       generator.choice((0, 1, 2, 65535)), padding=generator.choice((0, 7, 255)))
        if not data:
            break
    return bytes(data)


def test_random_mutations_and_flat_memory():
    """Seeded, so that a failure can be had again: the seed is in the message."""
    seed = int(os.environ.get("FUZZ_SEED", "20"))
    seconds = float(os.environ.get("FUZZ_SECONDS", "3"))
    generator = random.Random(seed)
    with fastcgi.Program("token", environment()) as program:
        program.expected = program.ask(METHOD)
        count, before = 0, None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            data = mutated(generator)
            send(program, data, generator.choice(("close", "shutdown")))
            count += 1
            if count % 50 == 0:
                assert program.ask(METHOD) == program.expected, f"seed {seed}, input {count}: {data!r}"
            if count == 500:
                before = process.memory(program.process.pid)
        still_good(program)
        assert count > 500
        if not sanitized(program):
            assert process.memory(program.process.pid) - before < 256, "KiB grown"


def sanitized(program):
    return "libasan" in pathlib.Path(f"/proc/{program.process.pid}/maps").read_text()
