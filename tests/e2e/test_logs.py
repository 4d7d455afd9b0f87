"""Log lines carry no password, no token, no key, and no raw byte of a client."""
import re

from harness import client
from harness.people import PASSWORD
from harness.profiles import KEY
from harness.tokens import Maker

SECRET = "a-password-that-must-not-be-seen"
LINE = re.compile(r"\S+ (token|refresh|hello|verify|blacklist|sliding|sliding_refresh)\[\d+\]: ")


def noise(port, token):
    """Requests with something of the client in every place that might be logged."""
    json_type = ["Content-Type: application/json"]
    body = f'{{"username": "{SECRET}\\u0007\\n", "password": "{SECRET}"}}'
    yield "POST /api/token/", json_type, body
    yield "POST /api/token/", json_type, f'{{"username": "alice", "password": "{SECRET}"}}'
    yield "POST /api/token/", json_type, f'{{"username": "alice", "password": "{PASSWORD}"}}'
    yield "POST /api/token/", json_type, '{"username": "\udcff\udcfe\x01\x02'
    yield "POST /api/token/", ["Content-Type: x/\x1b[31m\u00e9"], SECRET
    yield "POST /api/token/refresh/", json_type, f'{{"refresh": "{token}"}}'
    yield "POST /api/token/refresh/", json_type, f'{{"refresh": "{token}x"}}'
    yield f"GET /hello/?access={token}&p={SECRET}", [], None
    yield "GET /hello/", [f"Authorization: Bearer {token}"], None
    yield "GET /hello/", [f"Authorization: Bearer {token} {SECRET}"], None
    yield "GET /hello/", [f"User-Agent: {SECRET}\x1b[2J", f"Referer: /{SECRET}", "X-Forwarded-For: \u00e9"], None
    yield "GARBAGE /hello/", [], None
    yield f"POST /{SECRET}/%0a%1b", json_type, "{}"


def test_nothing_secret_is_logged(stack):
    server = stack()
    maker = Maker()
    tokens = [maker.make({"kind": kind, "set": set_}) for kind in ("access", "refresh")
              for set_ in ({}, {"user_id": 4242}, {"exp": "t0-5"})]
    count = 0
    for token in tokens:
        for line, headers, body in noise(server.port, token):
            answer = client.ask(server.port, line, headers, body)
            assert 200 <= answer.status < 500
            count += 1
    log = server.main.output()
    assert len(LINE.findall(log)) >= count - 2 * len(tokens), "one line per request that reached a program"
    for secret in (SECRET, PASSWORD, KEY, KEY[:20]):
        assert secret not in log
    for token in tokens:
        for part in token.split("."):
            assert part[:24] not in log or part.startswith("eyJhbGciOi")
    assert not re.search(r"eyJ[A-Za-z0-9_-]{10}", log)
    lines = [line for line in log.splitlines() if LINE.match(line)]
    assert all(character.isprintable() and character.isascii() for line in lines for character in line)


def test_one_line_per_request(stack):
    server = stack(JWT_LEEWAY="7")  # a server of its own
    before = len(LINE.findall(server.main.output()))
    for _ in range(10):
        client.ask(server.port, "GET /hello/")
    assert len(LINE.findall(server.main.output())) == before + 10
