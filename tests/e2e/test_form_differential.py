"""The form readers against the parsers of Django and Django REST framework themselves.

Needs only the program tests/unit/form_tool in $BUILD_DIR (build/ at the top of the checkout unless set).
FORM_SEED and FORM_ROUNDS repeat or lengthen the random part.
"""
import base64
import cgi
import codecs
import io
import os
import pathlib
import random
import subprocess
import sys
import time
import warnings

import pytest

import django
from django.conf import settings
from harness import process

if not settings.configured:
    settings.configure(
        SECRET_KEY="x", ALLOWED_HOSTS=["*"], INSTALLED_APPS=[], DATABASES={},
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []})
    django.setup()

from django.core.exceptions import TooManyFieldsSent  # noqa: E402
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402
from rest_framework.exceptions import ParseError  # noqa: E402
from rest_framework.parsers import FormParser, MultiPartParser  # noqa: E402
from rest_framework.request import Request  # noqa: E402

try:
    from django.core.exceptions import TooManyFilesSent
except ImportError:
    TooManyFilesSent = TooManyFieldsSent

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD_DIR", TOP / "build")).resolve()
SEED = int(os.environ.get("FORM_SEED", time.time_ns() % 2**32))
ROUNDS = int(os.environ.get("FORM_ROUNDS", 10000))
URLENCODED = "application/x-www-form-urlencoded"
OLD = django.VERSION < (4, 0)  # whose parsers of multipart headers these readers follow
PREFIX = "Multipart form parse error - "


class Tool:
    def __init__(self):
        self.process = subprocess.Popen(
            [BUILD / "tests/unit/form_tool"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, kind, content_type, body):
        """("ok", [(kind, name, value)]) or ("refused", message)."""
        out, answers = self.process.stdin, self.process.stdout
        raw = content_type.encode("latin-1")
        out.write(b"%s %d %d\n" % (kind.encode(), len(raw), len(body)) + raw + body)
        out.flush()
        verdict, number = answers.readline().decode().split()
        if verdict == "refused":
            return "refused", answers.read(int(number)).decode("utf-8", "surrogatepass")
        return "ok", [self.field() for _ in range(int(number))]

    def field(self):
        answers = self.process.stdout
        kind, name, value = answers.readline().decode().split()
        return (kind, answers.read(int(name)).decode("utf-8"),
                answers.read(int(value)).decode("utf-8"))


@pytest.fixture(scope="module")
def tool():
    if not (BUILD / "tests/unit/form_tool").exists():
        pytest.skip(f"no form_tool in {BUILD}")
    tool = Tool()
    yield tool
    tool.process.stdin.close()
    assert tool.process.wait(10) == 0


def lists(fields):
    """Names to their values, a file as None, in order of appearance."""
    out = {}
    for kind, name, value in fields:
        out.setdefault(name, []).append(None if kind == "file" else value)
    return out


def reference(kind, content_type, body):
    """("ok", lists), ("refused", message) or ("crash", exception) from the real parsers."""
    if not body:
        return "ok", {}  # no parser is asked about an empty body
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "CONTENT_TYPE": content_type,
               "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
               "SERVER_NAME": "x", "SERVER_PORT": "80"}
    parser = FormParser() if kind == "urlencoded" else MultiPartParser()
    request = Request(WSGIRequest(environ), parsers=[parser])
    request.negotiator.select_parser = lambda *args: parser  # whatever the type is
    try:
        data, files = request._parse()
    except ParseError as error:
        text = str(error.detail)
        assert text.startswith(PREFIX)
        return "refused", text[len(PREFIX):]
    except (TooManyFieldsSent, TooManyFilesSent) as error:
        return "refused", str(error)
    except Exception as error:
        return "crash", repr(error)
    merged = {name: list(values) for name, values in data.lists()}
    for name, values in files.lists():
        merged.setdefault(name, []).extend([None] * len(values))
    return "ok", merged


def compare(tool, kind, content_type, body):
    expected, wanted = reference(kind, content_type, body)
    verdict, got = tool.ask(kind, content_type, body)
    case = f"{kind} {content_type!r} {body[:2000]!r}"
    if expected == "crash":
        assert verdict == "refused", (wanted, got, case)
    else:
        assert verdict == expected, (wanted, got, case)
        assert (lists(got) if verdict == "ok" else got) == wanted, case
    return expected


FORMS = [
    b"", b"a=1", b"a=1&b=2", b"a=1;b=2", b"a", b"=", b"=x", b"&&a=1&&", b"a=1=2", b"a=b%3Dc",
    b"a+b=c+d", b"a=%2B", b"a=%zz", b"a=%", b"a=%4", b"a=%4g", b"a=%%41", b"%61%3d=1", b"a=%00",
    b"a=%C3%A9", b"a=\xc3\xa9", b"a=\xc3\xa9%C3%A9", b"a=%C3\xa9", b"a=\xe9", b"a=\xe9%E9",
    b"a=%E9", b"a=%F0%9F%98%80", b"a=%F0%9F%98", b"a=%F0%9Fx", b"a=%ED%A0%80", b"a=%C0%AF",
    b"a=%F5%80%80%80", b"a=%E2%82", b"a=%E2%28%A1", b"a=%F4%90%80%80", b"a=%FF%FE%80",
    b"a=1&a=2", b"a=\x00", b"a=x\r\n", b" a = 1 ", b"a=%e9&b=%E9", b"\xef\xbb\xbfa=1",
    b"&".join(b"a=%d" % i for i in range(1000)), b"&".join(b"a=%d" % i for i in range(1001)),
    b"&" * 999, b"&" * 1000, b"username=alice&password=correct+horse+battery+staple",
]
CHARSETS = [
    "utf-8", "UTF8", "latin-1", "ISO_8859-1", "iso-8859-15", "ascii", "us-ascii", "cp1252",
    "windows-1251", "koi8-r", "utf-16", "utf-16-le", "utf-16be", "utf-32", "utf-32-le", "nope",
    "\"utf-8\"", "utf-8-sig", "\"\"", "",
]

BOUNDARY = b"----b"


def part(disposition, value=b"v", *more):
    lines = [b"Content-Disposition: form-data; " + disposition, *more]
    return b"\r\n".join(lines) + b"\r\n\r\n" + value


def multipart(*parts, end=b"--\r\n", boundary=BOUNDARY):
    text = b"".join(b"--" + boundary + b"\r\n" + one + b"\r\n" for one in parts)
    return text + b"--" + boundary + end


USER = part(b'name="username"', b"alice")
PASSWORD = part(b'name="password"', b"correct horse")
B64 = b"Content-Transfer-Encoding: base64"
FILE = b'name="f"; filename="%s"'
MULTIPARTS = [
    b"", b"x", b"\r\n\r\n", multipart(), multipart(USER, PASSWORD), multipart(USER, end=b""),
    multipart(USER, end=b"\r\n"), multipart(USER)[:-20], multipart(USER)[:-8],
    b"preamble\r\n" + multipart(USER), multipart(USER) + b"epilogue", b"\n" + multipart(USER),
    multipart(USER) + b"\r\n" + part(b"name=late"), multipart(USER).replace(b"\r\n", b"\n"),
    multipart(USER).replace(b"\r\n", b"\r"), multipart(USER, boundary=b"other"),
    multipart(part(b"name=a")), multipart(part(b"name='a'")), multipart(part(b'name=" a "')),
    multipart(part(b'name="a;b"')), multipart(part(b'name="a\\"b"')),
    multipart(part(b'name="a\\\\"')), multipart(part(b'name="a\\"; x="b"')),
    multipart(part(b'name="\\\\\\"a"')), multipart(part(b"name=a; name=b")), multipart(part(b"name")),
    multipart(part(b"NAME=a")), multipart(part(b'name=""')), multipart(part(b"x=1")),
    multipart(part(b"name = a")), multipart(part(b"name=\xe9")), multipart(part(b"n\xe9=1; name=a")),
    multipart(part(b"name=\xc3\xa9", b"\xc3\xa9\xff")), multipart(part(b"name=\xa0a\xa0")),
    multipart(part(b"name*=utf-8''a%C3%A9")), multipart(part(b"name*=utf-8''a")),
    multipart(part(b"name*=latin-1'en'%E9")), multipart(part(b"name*=nope''a%41")),
    multipart(part(b"name*=nope''a")), multipart(part(b"name*=''%41")),
    multipart(part(b"name*=a")), multipart(part(b"name*='a")), multipart(part(b"na'me*=x'a")),
    multipart(part(b"name*=utf-8''\xff")), multipart(part(b"name*=\xff''a")),
    multipart(part(b"name*=utf-8''%20a%C2%A0")), multipart(part(b"name*=utf-8''%FF%E2%82")),
    multipart(part(b"name*=utf-16-le''%41%00")), multipart(part(b"x*=nope''%41; name=a")),
    multipart(part(b"name*=\"utf-8''%41\"")), multipart(part(b"name*=utf-8\x00''%41")),
    multipart(b"Content-Disposition: form-data\r\n\r\nv"), multipart(b"\r\nv"),
    multipart(b"content-disposition:x;name=a\r\n\r\nv"),
    multipart(b"Content-Disposition : x; name=a\r\n\r\nv"),
    multipart(b"  Content-Disposition: x; name=a\r\n\r\nv"),
    multipart(b"Content-Disposition: x;\r\n name=a\r\n\r\nv"),
    multipart(b"Content-Disposition; name=a\r\n\r\nv"),
    multipart(b"Content-Disposition\xe9: x; name=a\r\n\r\nv"),
    multipart(b"X: \xe9\r\n" + USER), multipart(b"X\r\n" + USER), multipart(b"\r\n" + USER),
    multipart(b"X: y; p*=nope''%41\r\n" + USER), multipart(USER[:10] + b"\r\n" + USER),
    multipart(part(b"name=a", b"v", b"Content-Disposition: form-data; name=b")),
    multipart(part(b"name=a; filename=x", b"v", b"Content-Disposition: form-data; name=b")),
    multipart(part(b"name=a", b"dmFsdWU=", B64)), multipart(part(b"name=a", b"dmFsdWU", B64)),
    multipart(part(b"name=a", b"dmFs dWU=\r\n", B64)), multipart(part(b"name=a", b"d", B64)),
    multipart(part(b"name=a", b"dm=Fs=dW=U==x", B64)), multipart(part(b"name=a", b"=", B64)),
    multipart(part(b"name=a", b"dmFsdWU=", B64.upper())), multipart(part(b"name=a", b"//79", B64)),
    multipart(part(b"name=a", b"dmFs", b"Content-Transfer-Encoding: \x1cbase64 ;x")),
    multipart(part(b"name=a", b"a=3Db", b"Content-Transfer-Encoding: quoted-printable")),
    multipart(part(b"name=a", b"x", b"Content-Type: text/plain; charset=utf-16")),
    multipart(part(FILE % b"x.txt")), multipart(part(FILE % b"x.txt"), end=b""),
    multipart(part(FILE % b"x.txt"))[:-14], multipart(part(FILE % b"")), multipart(part(FILE % b".")),
    multipart(part(FILE % b"a/..")), multipart(part(FILE % b"..\\...")), multipart(part(FILE % b"/")),
    multipart(part(FILE % b"a&sol;")), multipart(part(FILE % b"a&sol")), multipart(part(FILE % b"&#46;")),
    multipart(part(FILE % b"&#x2F")), multipart(part(FILE % b"&#1;")), multipart(part(FILE % b"&#x;")),
    multipart(part(FILE % b"&bsol;&period;")), multipart(part(FILE % b"&amp/.")),
    multipart(part(FILE % b"&#99999999999;")), multipart(part(FILE % b"&#x1fffe;")),
    multipart(part(FILE % b"&#0;")), multipart(part(FILE % b"&#128;")), multipart(part(FILE % b"&")),
    multipart(part(b'filename="x"')), multipart(part(b'name=""; filename="x"'), USER),
    multipart(part(FILE % b"x", b"dmFsdWU=", B64)), multipart(part(FILE % b"x", b"dmFsd", B64)),
    multipart(part(FILE % b"x", b"d mF\r\nsdWU=", B64)), multipart(part(FILE % b"x", b"ab==cd", B64)),
    multipart(part(FILE % b"x", b"a=b=", B64)), multipart(part(FILE % b"x", b"a===", B64)),
    multipart(part(FILE % b"x", b"YWJj" * 40000, B64), USER),
    multipart(part(FILE % b"x", b"YWJ j" * 40000, B64), USER),
    multipart(part(b"name=f", b"1"), part(FILE % b"x"), part(b"name=f", b"2")),
    multipart(part(b"filename*=utf-8''%2e; name=a")), multipart(part(b"filename*=utf-8''x; name=a")),
    multipart(*[USER] * 1000), multipart(*[USER] * 1001), multipart(*[USER] * 1000) + b"--" + BOUNDARY,
    multipart(*[part(FILE % b"x")] * 100), multipart(*[part(FILE % b"x")] * 101),
    multipart(*[part(FILE % b"")] * 101), multipart(*[part(b"filename=x")] * 1500),
    multipart(*[b"X: y\r\n\r\n"] * 1001), multipart(*[part(FILE % b".")] * 101),
    multipart(part(b"x=1; name=" + b"n" * 960)), multipart(part(b"x=1; name=" + b"n" * 1000)),
    multipart(b"X: " + b"y" * 1100 + b"\r\n" + USER), multipart(b"X: " + b"y" * 970 + b"\r\n" + USER),
    multipart(part(b"name=a", b"v" * 200000), USER), multipart(part(b"x=1", b"v" * 200000), USER),
    multipart(b"X: y\r\n\r\n" + b"v" * 200000, USER),
    multipart(b"X: y\r\n\r\n" + USER * 4000, USER),
    multipart(part(FILE % b".", USER * 4000), USER),
    *[multipart(part(b"name=a", b"v" * (65536 - shift)), USER) for shift in range(60, 170)],
    *[multipart(part(b"x=1", b"v" * (65536 - shift)), USER) for shift in range(60, 130)],
    *[b"v" * (65536 - shift) + multipart(USER) for shift in range(0, 30)],
    *[b"v" * (65536 - shift) + b"\r\n" + USER + b"\r\n" + multipart(PASSWORD) for shift in range(0, 90)],
    *[b"v" * (131072 - shift) + b"\r\n" + USER + b"v" * 70000 for shift in range(0, 60)],
    *[multipart(part(FILE % b"&#%d;" % code)) for code in (*range(0, 33), 127, 129, 64975, 64976,
                                                          65007, 65008, 65534, 131071, 1114111)],
]
TYPES = [
    "multipart/form-data; boundary=----b", "multipart/form-data", "multipart/form-data; boundary=",
    'multipart/form-data; boundary="----b"', "multipart/form-data; BOUNDARY=----b; x=y",
    "multipart/form-data; boundary=----b; charset=latin-1", "Multipart/form-data; boundary=----b",
    "multipart/form-data; boundary=----b; charset=utf-16", "multipart/form-data; boundary=\xe9",
    'multipart/form-data; boundary="a "', 'multipart/form-data; boundary="a\tb"',
    "multipart/form-data; boundary=" + "b" * 201, "multipart/form-data; boundary=" + "b" * 202,
    "multipart/form-data; boundary*=utf-8''----b", "multipart/form-data; boundary*=utf-8''%E9",
    "multipart/form-data; boundary*=nope''%41", "multipart/form-data; boundary*=x'y'z'",
    "multipart/form-data; boundary*=utf-8''----b%0A", "multipart/form-data; boundary=a;boundary=----b",
    'multipart/form-data; x="a;b"; boundary=----b', 'multipart/form-data; x="a\\"; boundary=----b',
    "multipart/form-data; boundary=----b; charset=shift_jis", "multipart/; boundary=----b",
    "multipart/form-data; boundary=----b; charset=ascii", "multipart/form-data; boundary=%0A",
    "multipart/form-data; boundary*=utf-8'%0A", "multipart/form-data; boundary=--\"--b\"",
]


@pytest.mark.parametrize("charset", CHARSETS)
def test_urlencoded(tool, charset):
    content_type = URLENCODED + (f"; charset={charset}" if charset != "nope" else "")
    for body in FORMS:
        compare(tool, "urlencoded", content_type, body)
        for encoding in ("utf-16", "utf-16-le", "utf-32"):
            compare(tool, "urlencoded", content_type, body.decode("latin-1").encode(encoding))


def test_multipart(tool):
    for body in MULTIPARTS:
        compare(tool, "multipart", TYPES[0], body)


@pytest.mark.parametrize("content_type", TYPES)
def test_multipart_types(tool, content_type):
    if not OLD and "*" in content_type:
        pytest.skip("read otherwise by later versions")
    for body in MULTIPARTS[:40]:
        compare(tool, "multipart", content_type, body)


def mutate(rng, body, pieces):
    body = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(body))
        end = min(len(body), at + rng.choice((0, 1, 1, 2, 5, 20)))
        choice = rng.randrange(4)
        if choice == 0:
            body[at:end] = b""
        elif choice == 1:
            body[at:end] = bytes([rng.randrange(256)])
        elif choice == 2:
            body[at:end] = rng.choice(pieces)
        else:
            body[at:at] = body[rng.randint(0, len(body)):][:rng.choice((1, 8, 60))]
    return bytes(body)


FORM_PIECES = [b"%", b"%C3%A9", b"\xc3\xa9", b"%E2%82%AC", b"%ED%A0%80", b"%F0%9F", b"&", b"=", b"+",
               b"%26", b"%3d", b"%+41", b"\xff", b"%FF", b"%80", b";", b"&username=", b"\x00", b"%00"]
PART_PIECES = [b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--", b"------b", b"------b--", b";", b'"', b"\\",
               b'\\"', b"'", b"*", b"=", b":", b" ", b"name=", b"name*=utf-8''%C3", b"filename=x",
               b'filename="."', b"&#46;", B64, b"%41", b"\xc3\xa9", b"\xff", b"\x00", b"\x85", b"\xa0"]


def random_bodies(seed, rounds):
    rng = random.Random(seed)
    forms = [body for body in FORMS if len(body) < 400]
    parts = [body for body in MULTIPARTS if len(body) < 2000]
    charsets = ["", "", "; charset=latin-1", "; charset=utf-16-le", "; charset=ascii"]
    for _ in range(rounds):
        yield ("urlencoded", URLENCODED + rng.choice(charsets),
               mutate(rng, rng.choice(forms), FORM_PIECES))
        content_type = TYPES[0] + rng.choice(charsets[:3])
        if rng.randrange(20) == 0:
            content_type = mutate(rng, content_type.encode(), PART_PIECES).decode("latin-1")
            content_type = content_type.replace("\x00", "").replace("\xa0", "").replace("\x85", "")
        yield "multipart", content_type, mutate(rng, rng.choice(parts), PART_PIECES)


def test_random(tool):
    print(f"FORM_SEED={SEED}")
    seen = {}
    for kind, content_type, body in random_bodies(SEED, ROUNDS):
        verdict = kind, compare(tool, kind, content_type, body)
        seen[verdict] = seen.get(verdict, 0) + 1
    print(seen)
    assert seen["urlencoded", "ok"] > ROUNDS // 2
    assert seen["multipart", "ok"] > ROUNDS // 2


def known(name):
    """What the table makes of a name: None for UTF-8 and for what it leaves out."""
    try:
        info = codecs.lookup(name)
    except LookupError:
        return None
    return info.name if info._is_text_encoding else None


def decode(name, body, kind):
    try:
        if kind == "stream":
            return "ok", codecs.getreader(name)(io.BytesIO(body)).read()
        return "ok", body.decode(name, "strict" if kind == "strict" else "replace")
    except UnicodeError as error:
        return "refused", str(error)


EXACT = ["utf-8-sig", "ascii", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le",
         "utf-32-be"]
SAMPLES = [b"", b"a", b"ab", b"abc", b"abcd", b"\xff\xfea\x00", b"\xfe\xff\x00a", b"\xff\xfe\x00\xd8",
           b"\xff\xfe\x00\xd8a", b"\x00\xd8\x00\xdc", b"\x00\xdc", b"\x00\xd8a\x00", b"\xd8\x00\xdc",
           b"\xff\xfe\0\0a\0\0\0", b"\0\0\xfe\xff\0\0\0a", b"\0\0\xfe\xff\0\0\xd8\x00",
           b"\xff\xff\xff\xff", b"\0\0\xfe\xff\0\0\0a\0\0", b"\xef\xbb\xbfa\xff", b"\xef\xbb", b"caf\xe9",
           "é€😀".encode(), "é€😀".encode("utf-16"), "é€😀".encode("utf-32"), b"\xed\xa0", b"\xed\xa0\x80"]


@pytest.mark.parametrize("kind", ["strict", "stream", "replace"])
@pytest.mark.parametrize("name", EXACT)
def test_unicode_codecs(tool, name, kind):
    rng = random.Random(SEED)
    samples = SAMPLES + [bytes(rng.choice(b"\x00\x00\xd8\xdc\xff\xfe\xef\xbb\xbfa\x80\x10")
                               for _ in range(rng.randint(0, 14))) for _ in range(300)]
    for body in samples:
        verdict, got = tool.ask(kind, f"x/y; charset={name}", body)
        got = got[0][2] if verdict == "ok" else got
        assert (verdict, got) == decode(name, body, kind), (name, kind, body)


@pytest.mark.parametrize("kind", ["strict", "replace"])
def test_utf8(tool, kind):
    rng = random.Random(SEED)
    for _ in range(3000):
        body = bytes(rng.choice(b"a\x80\x8f\x90\x9f\xa0\xbf\xc0\xc2\xe0\xe1\xed\xef\xf0\xf3\xf4\xf5")
                     for _ in range(rng.randint(0, 9)))
        verdict, got = tool.ask(kind, "x/y", body)
        got = got[0][2] if verdict == "ok" else got
        assert (verdict, got) == decode("utf-8", body, kind), body


CHARMAPS = (["iso8859-%d" % i for i in range(2, 17) if i != 12] +
            ["cp125%d" % i for i in range(9)] +
            "cp437 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp865 cp866 "
            "cp874 koi8-r koi8-t koi8-u kz1048 ptcp154 mac-roman tis-620".split())
OTHERWISE = {"mac-roman": b"\xc6\xf0", "tis-620": bytes(range(0x80, 0xa1))}


@pytest.mark.parametrize("name", CHARMAPS)
def test_single_byte_codecs(tool, name):
    for byte in range(256):
        body = b"a" + bytes([byte])
        if byte in OTHERWISE.get(name, b""):
            continue
        for kind in ("strict", "replace"):
            verdict, got = tool.ask(kind, f"x/y; charset={name}", body)
            got = got[0][2] if verdict == "ok" else got
            assert (verdict, got) == decode(name, body, kind), (name, kind, body)


TEXTS = {"gbk": "密码 用户", "gb2312": "密码 用户", "gb18030": "密码 é 😀", "big5": "密碼 使用者",
         "cp950": "密碼 使用者", "big5hkscs": "密碼", "shift_jis": "パスワード 利用者 \\~",
         "cp932": "パスワード \\~", "euc_jp": "パスワード 利用者", "iso2022_jp": "パスワード 利用者",
         "euc_kr": "비밀번호 사용자", "cp949": "비밀번호 사용자", "iso2022_kr": "비밀번호"}


@pytest.mark.parametrize("name", TEXTS)
def test_multibyte_codecs(tool, name):
    body = TEXTS[name].encode(name)
    for kind in ("strict", "replace", "stream"):
        assert tool.ask(kind, f"x/y; charset={name}", body) == ("ok", [("text", "", TEXTS[name])])
    ascii_only = bytes(range(0x20, 0x7f))
    if name != "iso2022_kr":
        assert tool.ask("strict", f"x/y; charset={name}", ascii_only)[1][0][2] == ascii_only.decode()


def test_charset_names(tool):
    from encodings.aliases import aliases
    names = set(aliases) | set(aliases.values()) | {"utf_8_sig", "charmap", "koi8_u", "cp737"}
    spelt = set()
    for name in names:
        spelt |= {name, name.upper(), name.replace("_", "-"), name.replace("_", "."),
                  name.replace("_", " "), f"-{name}-", name.replace("_", "")}
    found = 0
    for name in sorted(spelt):
        got = tool.ask("charset", f'x/y; charset="{name}"', b"")[1][0][2]
        if got:
            found += 1
            assert known(got) == known(name), name
        elif known(name) not in (None, "utf-8"):
            assert known(name) in LEFT_OUT, name
    assert found > 500


LEFT_OUT = set(
    "cp037 cp1006 cp1026 cp1125 cp1140 cp273 cp424 cp500 cp720 cp856 cp864 cp869 cp875 "
    "euc_jis_2004 euc_jisx0213 hp-roman8 hz idna iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 "
    "iso2022_jp_3 iso2022_jp_ext johab mac-arabic mac-croatian mac-cyrillic mac-farsi mac-greek "
    "mac-iceland mac-latin2 mac-romanian mac-turkish palmos punycode raw-unicode-escape "
    "shift_jis_2004 shift_jisx0213 undefined unicode-escape utf-7".split())


@pytest.mark.parametrize("content_type", [
    "", "x", ";charset=latin-1", "x/y;charset=latin-1", "x/y; CHARSET = latin-1 ", "x/y; charset",
    "x/y; charset=latin-1; charset=utf-16", "x/y; charset=latin-1; charset=nope",
    'x/y; a="b;charset=utf-16"; charset=latin-1', 'x/y; a="b\\"; charset=latin-1',
    'x/y; a="b\\";charset=utf-16"; charset=latin-1', 'x/y; charset="latin-1', "x/y; charset='latin-1'",
    "x/y; charset*=latin-1", "x/y, charset=latin-1", 'x/y; charset="lat\\"in-1"', "charset=latin-1",
    "x/y; charset=latin-1\xe9", "x/y; charset=" + "a" * 300, 'x/y; charset="latin\\\\-1"',
])
def test_charset_of(tool, content_type):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        name = cgi.parse_header(content_type)[1].get("charset", "")
    got = tool.ask("charset", content_type, b"")[1][0][2]
    assert known(got or "utf-8") == (known(name) or "utf-8")


HOSTILE = {
    "escapes": ("urlencoded", URLENCODED, b"a=" + b"%ff" * 349000),
    "runs": ("urlencoded", URLENCODED, b"a=" + b"%41\xc3\xa9" * 200000),
    "runs in gbk": ("urlencoded", URLENCODED + "; charset=gbk", b"a=" + b"%41\x81\x40" * 200000),
    "separators": ("urlencoded", URLENCODED, b"&" * 1048576),
    "boundaries": ("multipart", TYPES[0], b"------b" * 149796),
    "nearly boundaries": ("multipart", TYPES[0], b"------a" * 149796),
    "long boundary": ("multipart", "multipart/form-data; boundary=" + "-" * 200,
                      b"-" * 199 + b"x" + b"-" * 1048000),
    "line ends": ("multipart", TYPES[0], b"\r\n" * 524288),
    "header": ("multipart", TYPES[0], multipart(b"Content-Disposition: " + b";" * 900 + b"\r\n\r\n") * 1000),
    "quotes": ("multipart", TYPES[0], multipart(b"Content-Disposition: " + b'";' * 450 + b"\r\n\r\n") * 1000),
    "unnamed files": ("multipart", TYPES[0], multipart(*[part(b"filename=x")] * 18000)),
    "bad bytes": ("multipart", TYPES[0], multipart(part(b"name=a", b"\xff" * 1048000))),
    "base64": ("multipart", TYPES[0], multipart(part(FILE % b"x", b"= " * 520000, B64))),
    "content type": ("multipart", "multipart/form-data; " + '";' * 100000, b"x"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_linear_time(tool, name):
    """The whole and a quarter of it: not more than eight times the work, and little at all."""
    kind, content_type, body = HOSTILE[name]

    def seconds(part_of_body):
        before = process.processor_time(tool.process.pid)
        tool.ask(kind, content_type, part_of_body)
        return process.processor_time(tool.process.pid) - before

    quarter, whole = (min(seconds(part_of_body) for _ in range(3)) for part_of_body in (body[:len(body) // 4], body))
    assert whole < 8 * quarter + 0.05, (quarter, whole)
    assert whole < 1, whole


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-s"]))
