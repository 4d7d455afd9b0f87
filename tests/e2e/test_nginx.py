"""What our Nginx pieces add: its own errors in JSON, scripts of other sites, a limit on logins."""
import json

import pytest

from harness import client, people, servers
from harness.profiles import PROFILES

ORIGIN = "https://app.example.org"
HTTP = """
	include jwt-fcgi/upstreams.conf;
	include jwt-fcgi/limits.conf;
	server {{
		listen 127.0.0.1:{port};
		set_real_ip_from 127.0.0.1;
		real_ip_header X-Real-IP;
		include jwt-fcgi/errors.conf;
		include jwt-fcgi/locations.conf;
		include jwt-fcgi/limited.conf;
		location / {{ return 404; }}
	}}"""


@pytest.fixture(scope="module")
def server(site):
    server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(), ("token", "hello"))
    try:
        server.spawn("token")
        server.spawn("hello")
        (server.folder / "jwt-fcgi/origins.conf").write_text(f'"{ORIGIN}" 1;\n')
        yield servers.nginx_start(server, HTTP.format(port=server.port))
    finally:
        server.end()


def ask(server, line, *headers, body=None):
    return client.ask(server.port, line, headers, body)


def cors(answer):
    return {name.lower(): value for name, value in answer.headers if name.lower().startswith("access-control")}


PREFLIGHT = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type")


@pytest.mark.parametrize("path", ["/api/token/", "/hello/"])
def test_a_preflight_is_answered(server, path):
    answer = ask(server, f"OPTIONS {path}", f"Origin: {ORIGIN}", *PREFLIGHT)
    assert (answer.status, answer.body) == (204, b"")
    assert cors(answer) == {
        "access-control-allow-origin": ORIGIN,
        "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
        "access-control-allow-headers": "Authorization, Content-Type, Accept",
        "access-control-expose-headers": "WWW-Authenticate, Retry-After",
        "access-control-max-age": "86400",
    }
    assert "Origin" in answer.header("Vary")


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", ORIGIN + ".evil.org", "http://app.example.org", ""])
def test_not_of_other_sites(server, origin):
    answer = ask(server, "OPTIONS /api/token/", f"Origin: {origin}", *PREFLIGHT)
    assert answer.status == 200 and not cors(answer)  # OPTIONS as Django REST framework answers it
    assert not cors(ask(server, "GET /hello/", f"Origin: {origin}"))


def test_every_answer_can_be_read(server):
    for line, status in (("GET /hello/", 401), ("GET /api/token/", 405), ("OPTIONS /api/token/", 200),
                         ("POST /api/token/refresh/", 503)):
        answer = ask(server, line, f"Origin: {ORIGIN}")
        assert answer.status == status
        assert cors(answer) == {"access-control-allow-origin": ORIGIN,
                                "access-control-expose-headers": "WWW-Authenticate, Retry-After"}


def test_without_an_origin_nothing_is_added(server):
    answer = ask(server, "GET /hello/")
    assert not cors(answer)
    assert answer.header("Vary") == "Accept"


@pytest.mark.parametrize("line,headers,body,status", [
    ("GET /none", (), None, 404),
    ("POST /api/token/", ("Content-Length: 99999999",), b"", 413),
    ("GET /" + "x" * 40000, (), None, 414),
    ("GET /hello/", ("X: " + "x" * 40000,), None, 431),
    ("POST /api/token/", ("Content-Length: x",), b"", 400),
    ("POST /api/token/refresh/", (), b"{}", 503),
])
def test_errors_of_nginx_are_json(server, line, headers, body, status):
    answer = ask(server, line, *headers, body=body)
    assert answer.status == status
    assert answer.header("Content-Type") == "application/json"
    assert answer.json()["detail"]


def log_in(server, address):
    body = json.dumps({"username": "alice", "password": people.PASSWORD})
    return ask(server, "POST /api/token/", "Content-Type: application/json", f"X-Real-IP: {address}", body=body)


@pytest.mark.parametrize("address,neighbour,stranger", [
    ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
    ("2001:db8::1", "2001:db8::ffff:1:2:3", "2001:db8:0:1::1"),
])
def test_logins_of_one_address_are_limited(server, address, neighbour, stranger):
    answers = [log_in(server, address) for _ in range(30)]
    assert [answer.status for answer in answers[:21]] == [200] * 21
    refused = answers[-1]
    assert (refused.status, refused.reason) == (429, "Too Many Requests")
    assert refused.header("Retry-After") == "2"
    assert refused.header("Content-Type") == "application/json"
    assert refused.json()["code"] == "throttled"
    assert log_in(server, neighbour).status == 429
    assert log_in(server, stranger).status == 200
    assert ask(server, "GET /hello/", f"X-Real-IP: {address}").status == 401
    assert ask(server, "OPTIONS /api/token/", f"X-Real-IP: {address}").status == 200
