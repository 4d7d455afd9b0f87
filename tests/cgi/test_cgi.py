"""The programs as plain CGI: an environment and standard input, no server; one answer, then the end."""
import json
import subprocess

import pytest
from harness import client, ours
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.tokens import Maker

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LOGIN = json.dumps({"username": "alice", "password": PASSWORD})


@pytest.fixture
def cgi(site):
    """cgi(program, body, **environment): the answer of one run."""
    site.restore()

    def run(program, body=b"", settings=(), **environment):
        skip_without(program)
        every = {**site.our_environment(), **PROFILES["default"].our_settings(), **dict(settings),
                 "GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1", **environment}
        body = body.encode() if isinstance(body, str) else body
        done = subprocess.run([ours.program(program)], input=body, env=ours.plain_environment(**every),
                              capture_output=True, timeout=15)
        assert done.returncode == 0, done.stderr
        return parse(done.stdout, environment.get("REQUEST_METHOD") == "HEAD")

    yield run
    site.restore()


def parse(output, head):
    head, separator, body = output.partition(b"\r\n\r\n")
    assert separator, output
    lines = head.decode().split("\r\n")
    assert lines[0].startswith("Status: "), "the status stands first"
    start = "\r\n".join([f"HTTP/1.1 {lines[0][8:]}", *lines[1:]])
    return client.parse(start.encode() + separator + body, head)


def post(cgi, program, body, media_type=JSON, **more):
    length = len(body.encode() if isinstance(body, str) else body)
    return cgi(program, body, **{"REQUEST_METHOD": "POST", "CONTENT_TYPE": media_type,
                                 "CONTENT_LENGTH": str(length), **more})


def test_the_tutorial(cgi):
    pair = post(cgi, "token", LOGIN)
    assert (pair.status, list(pair.json())) == (200, ["refresh", "access"])
    hello = cgi("hello", REQUEST_METHOD="GET", HTTP_AUTHORIZATION=f"Bearer {pair.json()['access']}")
    assert (hello.status, hello.body) == (200, b'{"message":"Hello, World!"}')
    refreshed = post(cgi, "refresh", json.dumps({"refresh": pair.json()["refresh"]}))
    assert (refreshed.status, list(refreshed.json())) == (200, ["access"])
    hello = cgi("hello", REQUEST_METHOD="GET", HTTP_AUTHORIZATION=f"Bearer {refreshed.json()['access']}")
    assert hello.status == 200


NOT_FOUND = {"detail": "No active account found with the given credentials"}
REQUIRED = {"username": ["This field is required."], "password": ["This field is required."]}

# what: program, environment, body, status, answer
CASES = {
    "urlencoded": ("token", {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "21"}, "username=x&password=y", 401, NOT_FOUND),
    "wrong password": ("token", {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": "35"},
                       '{"username":"alice","password":"x"}', 401, NOT_FOUND),
    "no length": ("token", {"CONTENT_TYPE": JSON}, "", 400, REQUIRED),
    "empty length": ("token", {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": ""}, "", 400, REQUIRED),
    "length 0": ("token", {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": "0"}, "{", 400, REQUIRED),
    "length shorter than the body": ("token", {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": "2"}, "{}garbage", 400, REQUIRED),
    "wrong method": ("token", {"REQUEST_METHOD": "PUT"}, "", 405, {"detail": 'Method "PUT" not allowed.'}),
    "unsupported": ("token", {"CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "1"}, "x", 415,
                    {"detail": 'Unsupported media type "text/plain" in request.'}),
    "malformed": ("token", {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": "1"}, "{", 400,
                  {"detail": "JSON parse error - unexpected end of data at byte 1"}),
    "not acceptable": ("token", {"HTTP_ACCEPT": "image/png"}, "", 406,
                       {"detail": "Could not satisfy the request Accept header."}),
    "no token": ("hello", {"REQUEST_METHOD": "GET"}, "", 401,
                 {"detail": "Authentication credentials were not provided."}),
    "refresh of nothing": ("refresh", {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": "2"}, "{}", 400,
                           {"refresh": ["This field is required."]}),
}


@pytest.mark.parametrize("what", CASES)
def test_case(cgi, what):
    program, environment, body, status, expected = CASES[what]
    answer = cgi(program, body, **{"REQUEST_METHOD": "POST", **environment})
    assert (answer.status, answer.json()) == (status, expected)
    assert answer.header("Content-Type") == JSON


# CONTENT_LENGTH that is no number, or says more than comes: a 4xx in JSON, never a hang or a crash.
LENGTHS = {
    "more than comes": ("100", b"{}"),
    "negative": ("-1", b"{}"),
    "a word": ("many", b"{}"),
    "with a sign": ("+2", b"{}"),
    "huge": ("99999999999999999999", b"{}"),
    "over the limit": ("2000000", b"{}"),
    "hexadecimal": ("0x2", b"{}"),
    "spaces": (" 2", b"{}"),
}


@pytest.mark.parametrize("what", LENGTHS)
def test_lengths(cgi, what):
    length, body = LENGTHS[what]
    answer = cgi("token", body, settings={"JWT_REQUEST_TIMEOUT": "1"}, REQUEST_METHOD="POST", CONTENT_TYPE=JSON,
                 CONTENT_LENGTH=length)
    assert answer.status in (400, 413) and answer.header("Content-Type") == JSON
    assert isinstance(answer.json(), dict)


def test_head_has_no_body(cgi):
    answer = cgi("hello", REQUEST_METHOD="HEAD", HTTP_AUTHORIZATION=f"Bearer {Maker().make({})}")
    assert (answer.status, answer.body) == (200, b"")


HEADERS = {
    "HTTP_AUTHORIZATION": 200,
    "REDIRECT_HTTP_AUTHORIZATION": 200,  # what Apache makes of it after an internal redirect
    "AUTHORIZATION": 401,
    "HTTP_X_AUTHORIZATION": 401,
}


@pytest.mark.parametrize("name", HEADERS)
def test_where_the_token_stands(cgi, name):
    answer = cgi("hello", REQUEST_METHOD="GET", **{name: f"Bearer {Maker().make({})}"})
    assert answer.status == HEADERS[name]


def test_the_first_of_both_headers_counts(cgi):
    token = Maker().make({})
    answer = cgi("hello", REQUEST_METHOD="GET", HTTP_AUTHORIZATION=f"Bearer {token}",
                 REDIRECT_HTTP_AUTHORIZATION="Bearer x")
    assert answer.status == 200


def test_a_request_cannot_set_anything(cgi):
    """HTTP_ variables are the client's: none of them may reach libpq or the settings."""
    answer = post(cgi, "token", LOGIN, HTTP_PROXY="http://evil.example.test", HTTP_PGHOST="/nowhere",
                  HTTP_JWT_SIGNING_KEY="x", QUERY_STRING="PGHOST=/nowhere")
    assert answer.status == 200


def test_multipart(cgi):
    body = ('--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nalice\r\n'
            f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{PASSWORD}\r\n--b--\r\n')
    assert post(cgi, "token", body, "multipart/form-data; boundary=b").status == 200


def test_a_login_stores_the_outstanding_token(cgi, site):
    answer = post(cgi, "token", LOGIN)
    rows = site.execute("SELECT token, user_id FROM token_blacklist_outstandingtoken")
    assert rows == [(answer.json()["refresh"], 1)]


def test_without_the_database(cgi):
    answer = post(cgi, "token", LOGIN, PGHOST="/nowhere/at/all")
    assert (answer.status, answer.header("Retry-After") is not None) == (503, True)
    assert answer.header("Content-Type") == JSON


@pytest.mark.parametrize("program", ("token", "refresh", "hello", "verify", "blacklist", "sliding", "sliding_refresh"))
def test_every_program_answers_options(cgi, program):
    token = Maker().make({})
    answer = cgi(program, REQUEST_METHOD="OPTIONS", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status == 200 and "name" in answer.json()
