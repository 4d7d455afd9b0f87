"""The form readers against the parsers of Django and Django REST framework themselves: for what a
client makes of a form they agree. What is malformed they may judge differently.

Needs only the program tests/unit/form_tool in $BUILD_DIR (build/ at the top of the checkout unless set).
FORM_SEED and FORM_ROUNDS repeat or lengthen the random part.
"""
import io
import os
import pathlib
import random
import subprocess
import sys
import time
from urllib.parse import urlencode

import pytest

import django
from django.conf import settings

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
        assert (lists(got) if verdict == "ok" else got.removeprefix(PREFIX)) == wanted, case
    return expected


FORMS = [
    b"", b"a=1", b"a=1&b=2", b"a=1;b=2", b"a", b"=", b"=x", b"&&a=1&&", b"a=1=2", b"a=b%3Dc",
    b"a+b=c+d", b"a=%2B", b"a=%zz", b"a=%", b"a=%4", b"a=%4g", b"a=%%41", b"%61%3d=1", b"a=%00",
    b"a=%C3%A9", b"a=\xc3\xa9", b"a=\xc3\xa9%C3%A9", b"a=%E9", b"a=%F0%9F%98%80", b"a=%ED%A0%80",
    b"a=%C0%AF", b"a=%FF%FE%80", b"a=1&a=2", b"a=\x00", b"a=x\r\n", b" a = 1 ", b"\xef\xbb\xbfa=1",
    b"&".join(b"a=%d" % i for i in range(1000)), b"&".join(b"a=%d" % i for i in range(1001)),
    b"&" * 999, b"&" * 1000, b"username=alice&password=correct+horse+battery+staple",
]
BOUNDARY = b"----b"
MULTIPART = "multipart/form-data; boundary=----b"


def part(disposition, value=b"v", *more):
    lines = [b"Content-Disposition: form-data; " + disposition, *more]
    return b"\r\n".join(lines) + b"\r\n\r\n" + value


def multipart(*parts, end=b"--\r\n"):
    text = b"".join(b"--" + BOUNDARY + b"\r\n" + one + b"\r\n" for one in parts)
    return text + b"--" + BOUNDARY + end


USER = part(b'name="username"', b"alice")
PASSWORD = part(b'name="password"', b"correct horse")
FILE = b'name="f"; filename="%s"'
MULTIPARTS = [
    b"", b"x", b"\r\n\r\n", multipart(), multipart(USER, PASSWORD), multipart(USER, end=b"--"),
    b"preamble\r\n" + multipart(USER), multipart(USER) + b"epilogue", multipart(part(b"name=a")),
    multipart(part(b"name='a'")), multipart(part(b'name="a;b"')), multipart(part(b"name=a; name=b")),
    multipart(part(b"NAME=a")), multipart(part(b"x=1")), multipart(part(b"name = a")),
    multipart(part(b"name=\xc3\xa9", b"\xc3\xa9")), multipart(part(b"name=a", b"\xff")),
    multipart(b"content-disposition:form-data;name=a\r\n\r\nv"), multipart(b"X: y\r\n" + USER),
    multipart(part(b"name=a", b"v", b"Content-Type: text/plain; charset=utf-8")),
    multipart(part(FILE % b"x.txt")), multipart(part(FILE % b"")), multipart(part(b'filename="x"')),
    multipart(part(b"name=f", b"1"), part(b"name=f", b"2")), multipart(part(b"name=a", b"")),
    multipart(part(b"name=a", b"\r\n")), multipart(part(b"name=a", b"--\r\n----")),
    multipart(part(b"name=a", b"v" * 200000), USER), multipart(*[USER] * 999),
    *[multipart(part(b"name=a", b"v" * (65536 - shift)), USER) for shift in range(60, 130)],
]


@pytest.mark.parametrize("charset", ["", "utf-8", "UTF8", "latin-1", "ISO-8859-1", '"utf-8"'])
def test_urlencoded(tool, charset):
    for body in FORMS:
        compare(tool, "urlencoded", f"{URLENCODED}; charset={charset}", body)


def test_multipart(tool):
    for body in MULTIPARTS:
        compare(tool, "multipart", MULTIPART, body)


@pytest.mark.parametrize("content_type", [
    "multipart/form-data", "multipart/form-data; x=y", 'multipart/form-data; boundary="----b"',
    "multipart/form-data; BOUNDARY=----b; x=y", "multipart/form-data; boundary=a;boundary=----b",
    "multipart/form-data; charset=latin-1; boundary=----b", 'multipart/form-data; x="a;b"; boundary=----b',
])
def test_multipart_types(tool, content_type):
    for body in MULTIPARTS[1:10]:  # no reader is asked about an empty body
        compare(tool, "multipart", content_type, body)


def random_text(rng):
    return "".join(rng.choice("aZ09 \t\r\n-=&+%;:\"'\\/*\0\x7f\u00e9\u20ac\U0001f600") for _ in range(rng.randint(0, 12)))


def escaped(name):
    """A name as browsers write it (HTML, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("\\", "")


def test_random(tool):
    """Forms as clients write them, of random names and values."""
    print(f"FORM_SEED={SEED}")
    rng = random.Random(SEED)
    for _ in range(ROUNDS):
        fields = [(random_text(rng), random_text(rng)) for _ in range(rng.randint(1, 4))]
        assert compare(tool, "urlencoded", URLENCODED, urlencode(fields).encode()) == "ok"
        parts = [part(b'name="%s"' % escaped(f"a{name}b").encode(), value.encode()) for name, value in fields]
        assert compare(tool, "multipart", MULTIPART, multipart(*parts)) == "ok"


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-s"]))
