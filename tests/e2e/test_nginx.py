"""What our Nginx pieces add: its own errors in JSON, a limit on logins. Other origins: test_cors.py."""
import json

import pytest

from harness import client, people, servers
from harness.profiles import PROFILES

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
		include jwt-fcgi/oidc.conf;
		location / {{ return 404; }}
	}}"""


@pytest.fixture(scope="module")
def server(site):
    server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(), ("token", "hello"))
    try:
        server.spawn("token")
        server.spawn("hello")
        yield servers.nginx_start(server, HTTP.format(port=server.port))
    finally:
        server.end()


def ask(server, line, *headers, body=None):
    return client.ask(server.port, line, headers, body)


@pytest.mark.parametrize("line,headers,body,status", [
    ("GET /none", (), None, 404),
    ("POST /api/token/", ("Content-Length: 99999999",), b"", 413),
    ("GET /" + "x" * 40000, (), None, 414),
    ("GET /hello/", ("X: " + "x" * 40000,), None, 431),
    ("POST /api/token/", ("Content-Length: x",), b"", 400),
    ("POST /api/token/refresh/", (), b"{}", 503),
    ("POST /oauth/token", (), b"", 503),
    ("GET /.well-known/openid-configuration", (), None, 503),
])
def test_errors_of_nginx_are_json(server, line, headers, body, status):
    answer = ask(server, line, *headers, body=body)
    assert answer.status == status
    assert answer.header("Content-Type") == "application/json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("line,headers,body,status", [
    *((f"GET /oauth/{name}", (), None, 503) for name in ("authorize?client_id=x", "login", "consent", "logout")),
    ("POST /oauth/login", ("Content-Length: 99999999",), b"", 400),
])
def test_errors_of_pages_are_pages(server, line, headers, body, status):
    answer = ask(server, line, *headers, body=body)
    assert answer.status == status and answer.header("Content-Type") == "text/html; charset=utf-8"
    assert b"<h1>" in answer.body and answer.header("Cache-Control") == "no-store"
    assert [answer.header(name) for name in ("X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy")] == [
        "DENY", "nosniff", "no-referrer"]
    assert status != 503 or answer.header("Retry-After")


def test_logins_on_the_page_are_limited_with_a_page(server):
    form = ["Content-Type: application/x-www-form-urlencoded", "X-Real-IP: 192.0.2.30"]
    assert [ask(server, "POST /oauth/login", *form, body="x").status for _ in range(21)] == [503] * 21  # it is not started
    refused = ask(server, "POST /oauth/login", *form, body="x")
    assert refused.status == 429 and refused.header("Retry-After") == "2"
    assert refused.header("Content-Type") == "text/html; charset=utf-8" and b"Too many attempts" in refused.body
    assert refused.header("X-Frame-Options") == "DENY" and refused.header("Cache-Control") == "no-store"
    assert ask(server, "GET /oauth/authorize", form[1]).status == 503


def log_in(server, address):
    body = json.dumps({"username": "alice", "password": people.PASSWORD})
    return ask(server, "POST /api/token/", "Content-Type: application/json", f"X-Real-IP: {address}", body=body)


@pytest.mark.parametrize("address,neighbour,stranger", [
    ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
    ("2001:db8::1", "2001:db8::ffff:1:2:3", "2001:db8:0:1::1"),
    ("::ffff:192.0.2.10", "192.0.2.10", "::ffff:192.0.2.11"),  # listen [::]:80 ipv6only=off
    ("192.0.2.12", "::ffff:192.0.2.12", "::ffff:192.0.2.0"),
    ("::ffff:10.10.10.10", "::ffff:10.10.10.10", "::ffff:0.10.10.10"),  # a line feed for the expression
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
