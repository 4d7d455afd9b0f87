"""src/json/json.h against Python's own json, as Django REST framework uses it.

Every text goes through tests/unit/json_tool of the build and through CPython 3.11; the
messages, what is written again in both forms, and str() of a scalar must be equal to the byte.
"""

import codecs
import io
import json
import math
import os
import pathlib
import random
import re
import struct
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build")) / "tests/unit/json_tool"
SEED = int(os.environ.get("JSON_SEED", "20240229"))
MUTATIONS = int(os.environ.get("JSON_MUTATIONS", "25000"))
DEEPEST, DEEPEST_STRICT = 960, 32

# The messages below are those of 3.11; 3.13 has another one for a comma before a closing brace.
pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="needs CPython 3.11")

NASTY = [
    b"", b" ", b"\n\n", b"\t\r\n x", b"null", b"nul", b"nullx", b"true", b"tru", b"false", b"fals",
    b"True", b"0", b"-0", b"00", b"01", b"-01", b"-", b"--1", b"+1", b"1.", b".5", b"1.5", b"1.e5",
    b"1e", b"1e+", b"1e-", b"1e5", b"1E5", b"1E+05", b"1e-5", b"1e16", b"1e15", b"1e17", b"1e22",
    b"123456789012345678", b"1e400", b"-1e400", b"1e-400", b"-1e-400", b"-0.0", b"-0e1", b"0e999999",
    b"1e99999999999999999999", b"1e-99999999999999999999", b"5e-324", b"2e-324", b"3e-324",
    b"2.2250738585072014e-308", b"1.7976931348623157e308", b"1.7976931348623159e308",
    b"9007199254740993.0", b"0.1", b"0.2", b"0.30000000000000004", b"100000000000000000000000.0",
    b"1" * 4300, b"-" + b"1" * 4300, b"1" * 4301, b"-" + b"1" * 4301, b"[" + b"7" * 9000 + b"]",
    b"1" * 5000 + b".5", b"1" * 5000 + b"e-4990", b"0." + b"0" * 400 + b"1", b"1" * 4301 + b"x",
    b"0." + b"0" * 30000 + b"1e30001", b"1" + b"0" * 30000 + b"e-30000",
    b"NaN", b"Na", b"Infinity", b"Infinit", b"-Infinity", b"-Infinit", b"-I", b"[NaN", b"[1,-Infinity}",
    b'{"a":NaN,', b'"NaN"', b"nan", b"-NaN",
    b'"', b'"\\', b'"\\"', b'"\\u', b'"\\u1', b'"\\u12', b'"\\u123', b'"\\u1234', b'"\\u1234"',
    b'"\\u123"', b'"\\u123g"', b'"\\u 123"', b'"\\u+123"', b'"\\u0x12"', b'"\\U1234"', b'"\\x41"',
    b'"\\\'"', b'"\\\n"', b'"\\\x00"', b'"a\x00b"', b'"a\x1fb"', b'"a\x7fb"', b'"\t"', b'"\n"',
    b'"\\ud83d\\ude00"', b'"\\uD83D\\uDE00"', b'"\\ud83d"', b'"\\ude00"', b'"\\ude00\\ud83d"',
    b'"\\ud800\\ud800\\udc00"', b'"\\ud800\\u0041"', b'"\\ud800\\n"', b'"\\ud800\\u"',
    b'"\\ud800\\u12"', b'"\\ud800\\udc0"', b'"\\ud800\\udc00', b'"\\ud800\\udc0g', b'"\\ud800\\',
    b'"\\ud800\\"', b'"\\ud800\\x"', b'"\\ud800\\udc0\xc3\xa9"', b'"\\u12\xc3\xa9"', b'"\\u12\xc3\xa9',
    b'"\\\xc3\xa9"', b'"\\\xf0\x9f\x98\x80"', b'"\xc3\xa9\\u12"', b'"\\u0000"', b'{"\\u0000":0}',
    b'"\\/\\b\\f\\n\\r\\t\\"\\\\"', b'"\\u2028\xe2\x80\xa9"', b'"\xef\xbf\xbf\xf4\x8f\xbf\xbf"',
    b"{", b"{}", b"{ }", b"{,}", b"{1:2}", b"{'a':1}", b'{"a"', b'{"a" ', b'{"a"}', b'{"a":', b'{"a": ',
    b'{"a":}', b'{"a":1', b'{"a":1 ', b'{"a":1,', b'{"a":1, ', b'{"a":1,}', b'{"a":1 ,\n}',
    b'{"a":1]', b'{"a":1 "b":2}', b'{"a"::1}', b'{"a":1,,"b":2}', b'{"a":1}}', b'{"a":1} x',
    b'{"a":1,"b":2,"a":3}', b'{"a":1,"\\u0061":{"a":1,"a":2}}', b'{"":1,"":2}', b'{"a',
    b'{"b":1,"a":2,"b":3,"a":4,"c":5,"b":6}', b'{"\\ud800":1,"\\ud800":2}',
    b"[", b"[]", b"[ ]", b"[,]", b"[1", b"[1 ", b"[1,", b"[1, ", b"[1,]", b"[1,,2]", b"[1 2]", b"[1}",
    b"[]]", b"[][", b"[1] [2]", b"[[],[[]],{}]", b"[\n1,\n2\n,\n x]", b"[\r1\r,x]", b"[\xc2\xa01]",
    b"[\x0b1]", b"[\x0c1]", b"[\x001]", b"\x00", b"1\x00", b"{}\x00", b"//", b"/* */1", b"[1,/**/2]",
    b"\xef\xbb\xbf{}", b" \xef\xbb\xbf{}", b"\xef\xbb\xbf", b"\xef\xbb", b"{}\xef\xbb\xbf",
    b'{"\xc3\xa9\xf0\x9f\x98\x80":1 x', b'\n\xe2\x82\xac', b'"\xe2\x82\xac', b"\xfe\xff\x00{\x00}",
    b"{\x00}\x00", b'{"username":"\xff"}', b'{"a":"\xc3"}', b'"\xc3', b'"\xe2', b'"\xe2\x82',
    b'"\xe2\x82(', b'"\xe2(', b'"\xf0', b'"\xf0\x9f', b'"\xf0\x9f\x98', b'"\xf0\x9f\x98(', b'"\xf0\x8f',
    b'"\xf0\x8f\x80\x80', b'"\xf4\x90', b'"\xf4\x90\x80\x80"', b'"\xf4\x8f', b'"\xe0\x80', b'"\xe0\x9f\x80',
    b'"\xed\xa0', b'"\xed\xa0\x80"', b'"\xed\xa0\x80', b'"\xed\xbf', b'"\xed\x9f', b'"\xed\xc0', b'"\xed',
    b'"\xc0\x80"', b'"\xc1\xbf"', b'"\xf5\x80"', b'"\xf8\x88\x80\x80\x80"', b'"\x80"', b'"\xbf', b'{} \xe2\x82',
    b"[" * 900 + b"]" * 900, b"[" * DEEPEST + b"]" * DEEPEST, b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST,
    b"[" * DEEPEST, b"[" * 32 + b"]" * 32, b"[" * 33 + b"]" * 33,
]

PIECES = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud83d", b"\\ude00", b"\\u0000", b"\\n",
    b"\\x", b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity", b"-", b"0", b"1", b"9", b".",
    b"e", b"E", b"+", b"1e5", b"-0", b"-0.0", b"1e400", b" ", b"\n", b"\r\n", b"\t", b"\x00", b"\x1f",
    b"\x7f", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff",
    b"\xc3", b"\xe2\x82", b"\xed\xa0", b"\xed\xa0\x80", b"\xf0\x9f\x98", b'"a"', b'"a":', b'"a":1,', b"/",
]


def random_float(rng):
    if rng.random() < 0.5:
        return struct.unpack("<d", struct.pack("<Q", rng.getrandbits(63) % 0x7FF0000000000000))[0]
    return rng.choice([1, -1]) * round(rng.random() * 10.0 ** rng.randint(-8, 20), rng.randint(0, 9))


def random_string(rng):
    alphabet = 'ab"\\/\b\f\n\r\t\x00\x1f\x7f é€😀\u2028\u2029\ud800\udc00\uffff'
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(0, 6)))


def random_value(rng, levels=4):
    kind = rng.randint(0, 9 if levels else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind <= 2:
        return rng.choice([-1, 1]) * rng.getrandbits(rng.choice([1, 8, 31, 63, 64, 65, 200]))
    if kind == 3:
        return random_float(rng)
    if kind <= 6:
        return random_string(rng)
    if kind == 7:
        return [random_value(rng, levels - 1) for _ in range(rng.randint(0, 4))]
    return {random_string(rng): random_value(rng, levels - 1) for _ in range(rng.randint(0, 4))}


def random_text(rng):
    """A valid text: escaped or raw (where there is UTF-8 for it), tight or with white space."""
    value = random_value(rng)
    layout = rng.choice([{}, {"separators": (",", ":")}, {"indent": 1}])
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, **layout)
    return re.sub("[\ud800-\udfff]", "", text).encode()


def mutate(rng, text):
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at = rng.randint(0, len(text))
        end = min(len(text), at + rng.choice([0, 0, 1, 1, 2, 5]))
        kind = rng.randint(0, 5)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:at] + bytes([rng.getrandbits(8)]) + text[end:]
        elif kind == 2:
            text = text[:at] + text[end:]
        else:
            text = text[:at] + rng.choice(PIECES) + text[end:]
    return text


def powers_of_two():
    """Where the distance to the next float changes, the shortest decimal is not the nearest."""
    for exponent in range(-1074, 1024):
        value = math.ldexp(1.0, exponent)
        yield from (f"{value:.40e}".encode(), repr(math.nextafter(value, 0.0)).encode())


def strict_constant(name):
    raise ValueError("Out of range float values are not JSON compliant: " + repr(name))


def unpaired(text):
    return re.search("[\ud800-\udfff]", text) is not None


class NotStrict(Exception):
    pass


def strict_object(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names) or any(unpaired(name) for name in names):
        raise NotStrict
    return dict(pairs)


def strict_value(value, level=0):
    if isinstance(value, (list, dict)) and level == DEEPEST_STRICT:
        raise NotStrict
    if isinstance(value, float) and math.isinf(value):
        raise NotStrict
    if isinstance(value, str) and unpaired(value):
        raise NotStrict
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        strict_value(one, level + 1)


def is_strict(text):
    try:
        strict_value(json.loads(text, parse_constant=strict_constant, object_pairs_hook=strict_object))
    except (ValueError, NotStrict):
        return False
    return True


def error_of(function, *arguments):
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def read_stream(data):
    return codecs.getreader("utf-8")(io.BytesIO(data)).read()


def rendered(value, ascii_only):
    """json.dumps() and what DRF's renderer does to it; a lone surrogate, which has no UTF-8, escaped."""
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    return re.sub("[\u2028\u2029\ud800-\udfff]", lambda c: f"\\u{ord(c[0]):04x}", text).encode()


def expected(data):
    """What the tool answers, as a list of its eight frames."""
    stream_error = error_of(read_stream, data)
    if stream_error:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            text = data[: error.start].decode()
    else:
        text = read_stream(data)
    frames = [error_of(data.decode, "utf-8"), stream_error, str(len(text.encode()))]
    ascii_form = raw_form = scalar = b""
    try:
        value = json.loads(text, parse_constant=strict_constant)
        message = ""
        ascii_form, raw_form = rendered(value, True), rendered(value, False)
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            scalar = str(value).encode("utf-8", "surrogatepass")
    except ValueError as error:
        message = str(error)
    frames.append(message)
    return [frame.encode() for frame in frames] + [ascii_form, raw_form, scalar, is_strict(text)]


def frames_of(output):
    at, frames = 0, []
    while at < len(output):
        colon = output.index(b":", at)
        end = colon + 1 + int(output[at:colon])
        assert output[end : end + 1] == b","
        frames.append(output[colon + 1 : end])
        at = end + 1
    return frames


def answers(texts):
    """Runs all texts through one process; per text its eight frames, the last as a bool."""
    if not TOOL.exists():
        pytest.fail(f"{TOOL} is not built: make check builds it")
    frames = b"".join(b"%d:%s," % (len(text), text) for text in texts)
    result = subprocess.run([TOOL], input=frames, capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    out = frames_of(result.stdout)
    assert len(out) == 8 * len(texts)
    return [out[i : i + 7] + [out[i + 7] == b""] for i in range(0, len(out), 8)]


@pytest.fixture(scope="module", autouse=True)
def deep_recursion():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(4000)
    yield
    sys.setrecursionlimit(before)


def compare(texts):
    names = ["utf-8", "utf-8 stream", "valid", "message", "ascii", "raw", "text", "strict"]
    for text, ours in zip(texts, answers(texts)):
        pythons = expected(text)
        assert dict(zip(names, ours)) == dict(zip(names, pythons)), text


def test_nasty_texts():
    compare(NASTY)


def test_nasty_texts_cut_short():
    compare([text[:end] for text in NASTY if len(text) < 60 for end in range(len(text))])


def test_powers_of_two():
    compare(list(powers_of_two()))


def test_mutations():
    print(f"JSON_SEED={SEED}")
    rng = random.Random(SEED)
    nasty = [text for text in NASTY if len(text) < 200]
    texts = []
    while len(texts) < MUTATIONS:
        whole = random_text(rng) if rng.random() < 0.8 else rng.choice(nasty)
        texts += [whole, mutate(rng, whole), mutate(rng, whole), mutate(rng, whole)]
    compare(texts)


def test_two_byte_and_three_byte_ends():
    """Every first and second byte, and a sample of what follows, as an end and before a letter."""
    rng = random.Random(SEED)
    texts = [bytes([one, two]) for one in range(0x7F, 0x100) for two in range(0, 0x100, 3)]
    tails = [b"", b"(", b"\x80", b"\xbf", b"\x80(", b"\x80\x80", b"\x80\x80\x80", b"\xc3\xa9"]
    compare([b'"' + text + rng.choice(tails) for text in texts])


def test_deeper_than_the_limit():
    texts = [b"[" * 961 + b"]" * 961, b"[" * 100_000, b'{"a":' * 100_000, b"[{" * 1000]
    messages = [answer[3] for answer in answers(texts)]
    assert messages[0].startswith(b"Nested too deeply")
    assert messages[1].startswith(b"Nested too deeply")
    assert messages[2].startswith(b"Nested too deeply")
    assert messages[3].startswith(b"Expecting property name")
