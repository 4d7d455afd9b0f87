"""FastCGI goes through libfcgi: each request by one FCGX_Accept_r(), each byte of an answer by FCGX_PutStr()."""
import pytest
from harness import fastcgi, ours, preload
from harness.people import PASSWORD
from harness.profiles import KEY, PROFILES

pytestmark = [
    pytest.mark.skipif(bool(ours.missing(["token", "hello", "jwks"])), reason=f"not built in {ours.BUILD}"),
    pytest.mark.skipif(ours.sanitized("hello"), reason="AddressSanitizer wants to be loaded first"),
]


ENDS = 8 + 16  # the last records of an answer, which libfcgi writes with the same function


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return preload.build("fcgx", tmp_path_factory.mktemp("fcgx"))


def post(length):
    body = b'{"x": "%s"}' % (b"y" * length)
    return {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}, body


REQUESTS = {
    "token": [fastcgi.login("alice", PASSWORD), fastcgi.login("alice", "wrong"), post(20000), post(100000), post(9000)],
    "hello": [fastcgi.get("/hello/"), fastcgi.get("/hello/", "x.y.z"), ({"REQUEST_METHOD": "OPTIONS"}, b""),
              ({"REQUEST_METHOD": "HEAD"}, b""), ({"REMOTE_ADDR": "127.0.0.1"}, b"")],
    "jwks": [fastcgi.get("/.well-known/jwks.json")],
}
STATUSES = {"token": "200 401 400 413 400", "hello": "401 401 401 401 400", "jwks": "200"}


@pytest.mark.parametrize("name", REQUESTS)
def test_all_goes_through_libfcgi(site, library, tmp_path, name):
    site.restore()
    log = tmp_path / "calls"
    settings = {**ours.environment(site.environment(), PROFILES["plain"].our_settings()), "JWT_SIGNING_KEY": KEY,
                "LD_PRELOAD": str(library), "FCGX_LOG": str(log)}
    accepts = written = 0
    statuses = []
    with fastcgi.Program(name, settings) as program:
        for request in REQUESTS[name] * 3:
            output, ended = program.ask(*request)
            assert ended
            statuses.append(output.split()[1].decode())
            accepts += 1
            written += len(output) + ENDS
            calls = log.read_bytes()
            assert (calls.count(b"a"), calls.count(b"p")) == (accepts, written)
    assert statuses == STATUSES[name].split() * 3
