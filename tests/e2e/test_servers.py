"""Representative requests through each web server that a user may have, by the files that we give them."""
import base64
import contextlib
import json
import shutil
import socket
import time
from urllib.parse import urlencode

import pytest

from harness import client, oidc, ours, people, servers, tokens
from harness.profiles import PROFILES


@pytest.fixture(scope="module", params=list(servers.ALL))
def server(request, site):
    site.restore()
    server = servers.Server(site.environment(), PROFILES["default"].our_settings(), ours.PROGRAMS)
    try:
        counters = server.folder / "metrics.d"
        counters.mkdir()
        server.own(counters)
        with server.configuration.open("a") as file:
            file.write(f"JWT_METRICS_DIR={counters}\nJWT_TRUSTED_PROXIES=127.0.0.0/8\n")
        yield servers.ALL[request.param](server)
    finally:
        server.end()


@pytest.fixture(scope="module")
def pair(server):
    answer = log_in(server)
    assert answer.status == 200, server.log()
    return answer.json()


def log_in(server, username="alice", password=people.PASSWORD, path="/api/token/"):
    return client.post_json(server.port, path, {"username": username, "password": password})


def bearer(token):
    return "Authorization: Bearer " + token


def is_json(answer):
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store"
    return answer.json()


@pytest.mark.parametrize("path", ["/api/token/", "/api/token", "/api/token/?next=%2F&format=json"])
def test_login(server, path):
    answer = log_in(server, path=path)
    assert (answer.status, answer.reason) == (200, "OK"), server.log()
    body = is_json(answer)
    assert tokens.claims_of(body["access"])["token_type"] == "access"
    assert tokens.claims_of(body["refresh"])["token_type"] == "refresh"


@pytest.mark.parametrize("username", ["jos\u00e9", "\u7528\u6237", "\U0001f600emoji"])
def test_login_with_any_characters(server, username):
    password = people.BY_NAME[username]["password"]
    assert log_in(server, username, password).status == 200
    form = urlencode({"username": username, "password": password})
    answer = client.ask(server.port, "POST /api/token/",
                        ["Content-Type: application/x-www-form-urlencoded"], form)
    assert answer.status == 200


def test_refused_login(server):
    answer = log_in(server, password="wrong")
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert is_json(answer) == {"detail": "No active account found with the given credentials"}
    assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'


@pytest.mark.parametrize("path", ["/hello/", "/hello", "/hello/?a=b%20c"])
def test_authorization_arrives(server, pair, path):
    answer = client.ask(server.port, "GET " + path, [bearer(pair["access"])])
    assert answer.status == 200, server.log()
    assert is_json(answer) == {"message": "Hello, World!"}


def test_without_a_token(server):
    answer = client.ask(server.port, "GET /hello/")
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert is_json(answer) == {"detail": "Authentication credentials were not provided."}
    assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'
    assert "Accept" in answer.header("Vary")
    assert answer.header("Allow") == "GET, HEAD, OPTIONS"


def test_a_refresh_token_gives_no_access(server, pair):
    answer = client.ask(server.port, "GET /hello/", [bearer(pair["refresh"])])
    assert answer.status == 401
    assert is_json(answer)["messages"][0]["message"] == "Token has wrong type"


def test_refresh(server, pair):
    answer = client.post_json(server.port, "/api/token/refresh/", {"refresh": pair["refresh"]})
    assert answer.status == 200
    assert tokens.claims_of(is_json(answer)["access"])["user_id"] == "1"


def test_head(server, pair):
    answer = client.ask(server.port, "HEAD /hello/", [bearer(pair["access"])])
    assert (answer.status, answer.body) == (200, b"")


def test_other_method(server):
    answer = client.ask(server.port, "GET /api/token/")
    assert (answer.status, answer.reason) == (405, "Method Not Allowed")
    assert is_json(answer) == {"detail": 'Method "GET" not allowed.'}
    assert answer.header("Allow") == "POST, OPTIONS"


def test_options(server):
    answer = client.ask(server.port, "OPTIONS /api/token/")
    assert answer.status == 200
    assert is_json(answer)["name"] == "Token Obtain Pair"


def test_broken_json(server):
    answer = client.ask(server.port, "POST /api/token/", ["Content-Type: application/json"], '{"username":')
    assert answer.status == 400
    assert is_json(answer)["detail"].startswith("JSON parse error")


def test_missing_field(server):
    answer = client.post_json(server.port, "/api/token/", {"username": "alice"})
    assert answer.status == 400
    assert is_json(answer) == {"password": ["This field is required."]}


# Every program, at its own URL: no other answers there, and nothing answers elsewhere.

def test_verify(server, pair):
    for path in ("/api/token/verify/", "/api/token/verify"):
        answer = client.post_json(server.port, path, {"token": pair["access"]})
        assert (answer.status, is_json(answer)) == (200, {}), server.log()
        answer = client.post_json(server.port, path, {"token": pair["access"] + "x"})
        assert answer.status == 401
        assert is_json(answer)["code"] == "token_not_valid"


def test_blacklist(server):
    refresh = log_in(server).json()["refresh"]
    assert client.post_json(server.port, "/api/token/blacklist/", {"refresh": refresh}).status == 200
    answer = client.post_json(server.port, "/api/token/blacklist", {"refresh": refresh})
    assert (answer.status, is_json(answer)["detail"]) == (401, "Token is blacklisted")


def test_sliding(server):
    answer = log_in(server, path="/api/token/sliding/")
    assert answer.status == 200, server.log()
    for path in ("/api/token/sliding/refresh/", "/api/token/sliding/refresh"):
        renewed = client.post_json(server.port, path, {"token": answer.json()["token"]})
        assert renewed.status == 200
        assert tokens.claims_of(is_json(renewed)["token"])["token_type"] == "sliding"
    assert log_in(server, path="/api/token/sliding", password="wrong").status == 401


def test_published_keys(server):
    answer = client.ask(server.port, "GET /.well-known/jwks.json")
    assert (answer.status, answer.json()) == (200, {"keys": []}), "an HMAC key is not published"


@pytest.mark.parametrize("path", ["/api/permissions/", "/api/permissions"])
def test_permissions(server, pair, path):
    answer = client.ask(server.port, f"GET {path}?has=auth.add_user&has=auth.view_user", [bearer(pair["access"])])
    assert answer.status == 200, server.log()
    assert is_json(answer) == {"auth.add_user": False, "auth.view_user": False}
    assert client.ask(server.port, "GET " + path).status == 401


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema", "/api/schema/?format=json"])
def test_schema(server, path):
    answer = client.ask(server.port, "GET " + path)
    assert answer.status == 200, server.log()
    assert answer.header("Content-Type") == "application/json"
    assert answer.json() == json.loads((ours.BUILD / "openapi.json").read_text())


@pytest.mark.parametrize("path", ["/healthz/ready", "/healthz/live"])
def test_health(server, path):
    answer = client.ask(server.port, "GET " + path)
    assert (answer.status, is_json(answer)) == (200, {"status": "ok"}), server.log()


def test_metrics(server, pair):
    answer = client.ask(server.port, "GET /metrics")
    assert answer.status == 200, server.log()
    assert b'jwt_fcgi_requests_total{program="token",status="200"' in answer.body


@pytest.mark.parametrize("path", ["/api/token/none", "/api/token/verify/none", "/api/token/verif", "/hello/none", "/api/schema/none"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_without_a_program(server, method, path):
    body = '{"token":"x"}' if method == "POST" else None
    answer = client.ask(server.port, f"{method} {path}", ["Content-Type: application/json"], body)
    assert answer.status == 404, server.log()
    assert answer.header("Content-Type") == "application/json"
    assert answer.json() == {"detail": "Not found."}


@pytest.mark.parametrize("path", ["/", "/none", "/api", "/api/tokens/", "/metrics/none"])
def test_elsewhere_no_program_answers(server, path):
    answer = client.ask(server.port, "GET " + path)
    assert answer.status in (403, 404), server.log()  # an empty folder of a web server is a 403


def test_big_body(server):
    body = json.dumps({"username": "alice", "password": people.PASSWORD, "more": "x" * 60_000})
    answer = client.ask(server.port, "POST /api/token/", ["Content-Type: application/json"], body)
    assert answer.status == 200


def test_body_in_chunks(server):
    body = json.dumps({"username": "alice", "password": people.PASSWORD}).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:20], body[20:])) + b"0\r\n\r\n"
    answer = client.ask(server.port, "POST /api/token/",
                        ["Content-Type: application/json", "Transfer-Encoding: chunked"], chunks)
    assert answer.status == 200


FASTCGI_TO_SOCKETS = ("nginx-socket", "nginx-tcp", "apache-proxy_fcgi", "lighttpd-fastcgi", "caddy")


@pytest.mark.parametrize("server", FASTCGI_TO_SOCKETS, indirect=True)
def test_only_a_proxy_says_the_clients_address(server):
    """A client's header with underscores becomes the same variable as the one that the proxy sends."""
    for header in ("X_Forwarded_For", "X_Forwarded-For", "X-Forwarded_For") * 8:
        client.ask(server.port, "GET /hello/", ["X-Forwarded-For: 198.51.100.1", f"{header}: 203.0.113.9"])
    assert "from=" in server.log() and "from=203.0.113.9" not in server.log()


@pytest.mark.parametrize("server", FASTCGI_TO_SOCKETS, indirect=True)
def test_slow_clients_do_not_delay_logins(server):
    """30 of them, each with half a body: some web servers pass on what has come."""
    head = (b"POST /api/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 60\r\n\r\n{")
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(30):
            slow.append(stack.enter_context(socket.create_connection(("127.0.0.1", server.port))))
            slow[-1].sendall(head)
        begun = time.monotonic()
        for _ in range(8):
            assert log_in(server).status == 200, server.log()
            for connection in slow:
                connection.sendall(b" ")
        assert time.monotonic() - begun < 4
        # They are clients like others, too.
        for connection in slow[:3]:
            connection.sendall(b" " * 49 + b"}x")
            assert connection.recv(12) == b"HTTP/1.1 400"


@pytest.mark.parametrize("size", [70_000, 1_200_000])
def test_too_big_body(server, request, size):
    body = json.dumps({"username": "alice", "password": people.PASSWORD, "more": "x" * size})
    answer = client.ask(server.port, "POST /api/token/", ["Content-Type: application/json"], body)
    assert answer.status == 413
    if "lighttpd" not in request.node.name:
        assert answer.header("Content-Type") == "application/json"
        assert answer.json() == {"detail": "Request body is too large."}


# --- OpenID Connect

@pytest.fixture(scope="module", params=list(servers.ALL))
def provider(request, oidc_site):
    names = ("discovery", "authorize", "login", "end_session", "oauth_token", "userinfo", "introspect", "revoke")
    server = servers.Server(oidc_site.our_environment(), {**PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on"}, names)
    try:
        oidc.generate_key(server.folder / "keys")
        shutil.copytree(ours.CHECKOUT / "texts", server.folder / "texts")
        server.own(*[server.folder / "keys", *(server.folder / "keys").rglob("*")])
        with server.configuration.open("a") as file:
            file.write(f"JWT_SIGNING_KEY=\nJWT_KEY_DIR={server.folder}/keys\nJWT_OIDC_TEXT_DIR={server.folder}/texts\n"
                       f"JWT_OIDC_ISSUER=http://127.0.0.1:{server.port}\n")
        yield servers.ALL[request.param](server)
    finally:
        server.end()


FORM = "Content-Type: application/x-www-form-urlencoded"


def test_a_client_configures_itself(provider):
    for name in "openid-configuration", "oauth-authorization-server":
        answer = client.ask(provider.port, f"GET /.well-known/{name}")
        assert answer.status == 200, provider.log()
        assert answer.header("Content-Type") == "application/json"
        assert answer.json()["issuer"] == f"http://127.0.0.1:{provider.port}"


@pytest.mark.parametrize("line, status", [
    ("GET /oauth/authorize?client_id=unknown&state=" + "%2B" * 2600, 400), ("POST /oauth/login", 400), ("POST /oauth/consent", 400), ("GET /oauth/logout", 200),
], ids=["authorize", "login", "consent", "logout"])
def test_pages_are_html(provider, line, status):
    body = b"client_id=unknown" if line.startswith("POST") else None
    answer = client.ask(provider.port, line, [FORM] if body else [], body)
    assert answer.status == status, provider.log()
    assert answer.header("Content-Type") == "text/html; charset=utf-8" and b"<html" in answer.body
    assert "frame-ancestors 'none'" in answer.header("Content-Security-Policy")


def test_a_state_may_have_4_kib_before_it_is_encoded(provider):
    """But behind mod_cgid, which answers 503 to a request line of more than 8 KiB."""
    answer = client.ask(provider.port, "GET /oauth/authorize?client_id=unknown&state=" + "%2B" * 4096)
    apache = provider.folder / "apache.conf"
    cgid = apache.exists() and "mod_cgid.so" in apache.read_text()
    assert answer.status == (503 if cgid else 400), provider.log()


@pytest.mark.parametrize("path", ["token", "introspect", "revoke"])
def test_clients_are_known_by_their_header(provider, path):
    """Authorization arrives, and the challenge goes back."""
    answer = client.ask(provider.port, f"POST /oauth/{path}",
                        [FORM, "Authorization: Basic " + base64.b64encode(b"unknown:secret").decode()],
                        b"token=x&grant_type=authorization_code&code=x")
    assert answer.status == 401, provider.log()
    assert answer.json()["error"] == "invalid_client" and answer.header("WWW-Authenticate").startswith("Basic ")


def test_userinfo_wants_a_token(provider):
    answer = client.ask(provider.port, "GET /oauth/userinfo", ["Authorization: Bearer x"])
    assert answer.status == 401 and 'error="invalid_token"' in answer.header("WWW-Authenticate"), provider.log()
