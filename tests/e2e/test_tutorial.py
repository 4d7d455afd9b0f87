"""The tutorial, word for word: its five commands with the real httpie, and the same with curl."""
import json
import subprocess

import pytest
from harness import client, ours, process
from harness.tokens import claims_of

SEED = ours.CHECKOUT / "sql" / "seed.sql"
NO_ACCOUNT = b'{"detail":"No active account found with the given credentials"}'


@pytest.fixture
def server(site, stack):
    """The stack with the tutorial's user, as sql/seed.sql makes him on Django's own tables."""
    site.cluster.psql(site.name, "-f", SEED)
    return stack()


def command(*arguments):
    """Status line, headers and body that a real client prints."""
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=True)
    return client.parse(done.stdout.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def httpie(*arguments):
    return command("http", "--ignore-stdin", "--print=hb", "--pretty=none", *arguments)


def curl(*arguments):
    return command("curl", "-s", "-i", "--http1.0", *arguments)


CLIENTS = {
    "httpie": {
        "login": lambda base: httpie("post", f"{base}/api/token/", "username=vitor", "password=123"),
        "hello": lambda base, token: httpie(f"{base}/hello/", f"Authorization: Bearer {token}"),
        "anonymous": lambda base: httpie(f"{base}/hello/"),
        "refresh": lambda base, token: httpie("post", f"{base}/api/token/refresh/", f"refresh={token}"),
    },
    "curl": {
        "login": lambda base: curl("-d", "username=vitor", "-d", "password=123", f"{base}/api/token/"),
        "hello": lambda base, token: curl("-H", f"Authorization: Bearer {token}", f"{base}/hello/"),
        "anonymous": lambda base: curl(f"{base}/hello/"),
        "refresh": lambda base, token: curl("-d", f"refresh={token}", f"{base}/api/token/refresh/"),
    },
}


@pytest.mark.parametrize("name", CLIENTS)
def test_five_commands(server, name):
    base, commands = f"http://127.0.0.1:{server.port}", CLIENTS[name]
    login = commands["login"](base)
    assert login.status == 200 and list(login.json()) == ["refresh", "access"]
    anonymous = commands["anonymous"](base)
    assert anonymous.status == 401
    assert anonymous.json() == {"detail": "Authentication credentials were not provided."}
    hello = commands["hello"](base, login.json()["access"])
    assert (hello.status, hello.json()) == (200, {"message": "Hello, World!"})
    refreshed = commands["refresh"](base, login.json()["refresh"])
    assert refreshed.status == 200 and list(refreshed.json()) == ["access"]
    again = commands["hello"](base, refreshed.json()["access"])
    assert (again.status, again.json()) == (200, {"message": "Hello, World!"})


def test_lifetimes(server):
    tokens = client.post_json(server.port, "/api/token/", {"username": "vitor", "password": "123"}).json()
    lives = {name: claims["exp"] - claims["iat"] for name, token in tokens.items() for claims in [claims_of(token)]}
    assert lives == {"refresh": 86400, "access": 300}


def test_an_expired_access_token(site, stack):
    server = stack(JWT_ACCESS_TOKEN_LIFETIME="1")
    tokens = client.post_json(
        server.port, "/api/token/", {"username": "alice", "password": "correct horse battery staple"}
    ).json()
    answer = process.wait_for(
        lambda: (answer := client.hello(server.port, tokens["access"])).status != 200 and answer,
        "the token to expire", 5,
    )
    assert answer.status == 401
    assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'
    assert answer.body == (
        b'{"detail":"Given token not valid for any token type","code":"token_not_valid","messages":'
        b'[{"token_class":"AccessToken","token_type":"access","message":"Token is expired"}]}'
    )
    refreshed = client.post_json(server.port, "/api/token/refresh/", {"refresh": tokens["refresh"]})
    assert client.hello(server.port, refreshed.json()["access"]).status == 200


BODIES = {
    "json": ("application/json", json.dumps({"username": "vitor", "password": "123"})),
    "urlencoded": ("application/x-www-form-urlencoded", "username=vitor&password=123"),
    "multipart": (
        "multipart/form-data; boundary=b",
        '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nvitor\r\n'
        '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n123\r\n--b--\r\n',
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies(server, name):
    media_type, body = BODIES[name]
    answer = client.ask(server.port, "POST /api/token/", [f"Content-Type: {media_type}"], body)
    assert answer.status == 200 and list(answer.json()) == ["refresh", "access"]


REFUSED = {
    "wrong password": ("alice", "wrong"),
    "unknown": ("nobody", "correct horse battery staple"),
    "inactive": ("inactive", "correct horse battery staple"),
    "unusable": ("unusable", "correct horse battery staple"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refusals_are_alike(stack, why):
    username, password = REFUSED[why]
    answer = client.post_json(stack().port, "/api/token/", {"username": username, "password": password})
    assert (answer.status, answer.body) == (401, NO_ACCOUNT)


NO_STORE = {
    "a pair": ("POST /api/token/", '{"username":"alice","password":"correct horse battery staple"}', 200),
    "a wrong password": ("POST /api/token/", '{"username":"alice","password":"x"}', 401),
    "a bad refresh": ("POST /api/token/refresh/", '{"refresh":"x"}', 401),
    "no token": ("GET /hello/", None, 401),
}


@pytest.mark.parametrize("what", NO_STORE)
def test_nothing_about_tokens_is_stored(stack, what):
    line, body, status = NO_STORE[what]
    answer = client.ask(stack().port, line, ["Content-Type: application/json"] if body else [], body)
    assert (answer.status, answer.header("Cache-Control")) == (status, "no-store")


@pytest.mark.parametrize("what", NO_STORE)
def test_the_headers_of_djangos_middleware(stack, reference, what):
    line, body, _ = NO_STORE[what]
    ours, theirs = (
        client.ask(server.port, line, ["Content-Type: application/json"] if body else [], body)
        for server in (stack(), reference("default"))
    )
    for name in ("X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Vary", "Allow"):
        assert ours.header(name) == theirs.header(name) is not None, name


def test_a_body_over_the_limit(stack):
    server = stack(JWT_REQUEST_BODY_LIMIT="2048")
    for size, status in ((1900, 401), (2100, 413), (3_000_000, 413)):
        body = json.dumps({"username": "a", "password": "x" * (size - 30)})
        answer = client.ask(server.port, "POST /api/token/", ["Content-Type: application/json"], body)
        assert (answer.status, answer.header("Content-Type")) == (status, "application/json"), size
        assert set(answer.json()) >= {"detail"}
