"""Keys are replaced while everybody is logged in, asks and refreshes: nobody notices."""
import http.client
import itertools
import json
import os
import subprocess
import threading
import time

import jwt
import pytest
from harness import client, ours, process
from harness.people import PASSWORD
from harness.profiles import PROFILES, Profile
from harness.site import Server, _folder, _when_ready

ROTATIONS = 3
CLIENTS = 6
PAUSE = 1.2  # longer than a worker keeps from looking
SITE = "/.well-known/jwks.json"

pytestmark = pytest.mark.skipif(bool(ours.missing(["jwtctl", "jwks", "token", "refresh", "hello", "verify"])),
                                reason="the programs are not built")


def jwtctl(*arguments):
    result = subprocess.run([ours.program("jwtctl"), *map(str, arguments)], text=True, capture_output=True,
                            env=ours.environment({}, {}))
    assert result.returncode == 0, result.stderr
    return result.stdout


def generate(folder, algorithm, state):
    return json.loads(jwtctl("key", "generate", "--dir", folder, "--algorithm", algorithm, "--state", state,
                             "--json"))


@pytest.fixture
def served(site, tmp_path):
    """Three workers of each program, on a ring with one active key."""
    folder = tmp_path / "keys"
    generate(folder, "ES256", "active")
    settings = {**PROFILES["plain"].our_settings(), "JWT_SIGNING_KEY": "", "JWT_KEY_DIR": str(folder)}
    place = _folder()
    run = ours.Ours(site.our_environment(), settings, place, ["--workers", "3"])
    server = _when_ready(Server(run.port, [run], place, run), [run])
    server.keys = folder
    yield server
    server.end()


class Client(threading.Thread):
    """Uses every endpoint in turn; whatever is not answered as it must be ends up in wrong."""

    def __init__(self, port, stopping, number):
        super().__init__(daemon=True)
        self.port, self.stopping, self.number = port, stopping, number
        self.count, self.wrong, self.kids = 0, [], set()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, expected, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        self.count += 1
        if answer.status != expected:
            self.wrong.append((method, path, expected, answer.status, text, token or body))
            return {}
        return json.loads(text) if text else {}

    def obtain(self):
        login = {"username": "alice", "password": PASSWORD}
        return self.ask(200, "POST", "/api/token/", login)

    def run(self):
        first = self.obtain()
        pair, sliding = first, {}
        for turn in itertools.count():
            if self.stopping.is_set():
                return
            if turn % 10 == self.number:
                pair = self.obtain()
                sliding = self.ask(200, "POST", "/api/token/sliding/",
                                   {"username": "alice", "password": PASSWORD})
            access = self.ask(200, "POST", "/api/token/refresh/", {"refresh": pair.get("refresh")}).get("access", "")
            if access:
                self.kids.add(jwt.get_unverified_header(access)["kid"])
            for token in (access, pair.get("access"), first.get("access")):
                self.ask(200, "GET", "/hello/", token=token)
            for token in (access, first.get("refresh")):
                self.ask(200, "POST", "/api/token/verify/", {"token": token})
            self.ask(200, "POST", "/api/token/refresh/", {"refresh": first.get("refresh")})
            if sliding:
                sliding = self.ask(200, "POST", "/api/token/sliding/refresh/", sliding)
            keys = {key["kid"] for key in self.ask(200, "GET", SITE).get("keys", [])}
            if access and jwt.get_unverified_header(access)["kid"] not in keys:
                self.wrong.append(("a token whose key is not published", access, keys))
            self.ask(401, "GET", "/hello/", token=access[:-6] + ("AAAAAA" if access[-6:] != "AAAAAA" else "BBBBBB"))


def obtain(port):
    answer = client.post_json(port, "/api/token/", {"username": "alice", "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.json()["access"]


def signed_by(kid, token):
    return token if jwt.get_unverified_header(token)["kid"] == kid else None


def rotate(server, number):
    """The three steps, twice by jwtctl and once by mv."""
    active = next(key for key in json.loads(jwtctl("key", "list", "--dir", server.keys, "--json"))
                  if key["state"] == "active")
    new = generate(server.keys, ["ES256", "EdDSA", "ES256"][number], "next")
    time.sleep(PAUSE)
    if number == 1:
        stem = new["file"].partition("/")[2].removesuffix(".pem")
        old = active["file"].partition("/")[2].removesuffix(".pem")
        subprocess.run(f"mv next/{stem}.* active/ && mv active/{old}.* retired/", shell=True, check=True,
                       cwd=server.keys)
    else:
        jwtctl("key", "activate", "--dir", server.keys, "--force", new["kid"])
        time.sleep(PAUSE if number else 0)
        jwtctl("key", "retire", "--dir", server.keys, active["kid"])
    time.sleep(PAUSE)
    return new["kid"]


def test_rotation_under_load(served, site):
    PROFILES["jwk-url-rotating"] = Profile(
        {"ALGORITHM": "ES256", "SIGNING_KEY": "", "JWK_URL": f"http://127.0.0.1:{served.port}{SITE}"},
        blacklist=False,
    )
    django = site.reference("jwk-url-rotating")
    requests = int(os.environ.get("ROTATION_REQUESTS", "2000" if ours.sanitized("token") else "8000"))
    stopping = threading.Event()
    clients = [Client(served.port, stopping, number) for number in range(CLIENTS)]
    wrong, kids = [], []
    for one in clients:
        one.start()
    for number in range(ROTATIONS):
        old = obtain(served.port)
        kids.append(rotate(served, number))
        new = process.wait_for(lambda: signed_by(kids[-1], obtain(served.port)), "the new key to sign")
        for token in (old, new):
            if client.hello(served.port, token).status != 200:
                wrong.append(token)
            # Django's site knows one algorithm.
            by_django = client.hello(django.port, token).status
            if by_django != (200 if jwt.get_unverified_header(token)["alg"] == "ES256" else 401):
                wrong.append((by_django, token))
    process.wait_for(lambda: sum(one.count for one in clients) >= requests, "so many requests", 600)
    stopping.set()
    for one in clients:
        one.join(30)
        wrong += one.wrong
    assert not wrong, wrong[:3]
    assert set(kids) <= set().union(*(one.kids for one in clients))


def test_a_broken_key_is_told_and_changes_nothing(served):
    token = client.post_json(served.port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()
    broken = served.keys / "active" / "broken.pem"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nhalf of")
    broken.chmod(0o600)
    end = time.monotonic() + 3
    while time.monotonic() < end:
        assert client.hello(served.port, token["access"]).status == 200
        assert client.post_json(served.port, "/api/token/refresh/", {"refresh": token["refresh"]}).status == 200
    lines = process.wait_for(
        lambda: [line for line in served.main.output().splitlines() if "broken.pem" in line], "a line about it")
    assert all("the keys in use stay" in line for line in lines)
    workers = len(served.main.workers("hello")) + len(served.main.workers("refresh")) + len(
        served.main.workers("token")) + 12
    assert len(lines) <= workers, "once by each worker"
    broken.unlink()


def test_hang_up(served):
    """A signal to a worker makes it look at once, and never ends it."""
    before = sorted(served.main.workers("jwks"))
    generate(served.keys, "EdDSA", "next")
    for pid in before:
        os.kill(pid, 1)
    answer = client.ask(served.port, f"GET {SITE}").json()
    assert len(answer["keys"]) == 2
    assert sorted(served.main.workers("jwks")) == before


def test_unknown_kids_cost_one_look_a_second(served):
    """Made-up kids are refused, and do not make a worker read its keys again and again."""
    def forged(number):
        return jwt.encode({"user_id": 1}, "x" * 40, "HS256", headers={"kid": f"../../{number}';--"})

    pid = served.main.workers("hello")[0]
    for number in range(200):
        assert client.hello(served.port, forged(number)).status == 401
    assert client.hello(served.port, forged("k" * 5000)).status == 401
    assert pid in served.main.workers("hello")


def test_a_single_key_file_is_replaced(site, tmp_path):
    """Workers that run on and workers that start anew sign and verify with the same key."""
    key = tmp_path / "key"

    def replace(text):
        new = tmp_path / "key.new"
        new.write_text(text)
        new.chmod(0o600)
        new.rename(key)

    replace("the first secret of this test, as long as it must be")
    settings = {**PROFILES["plain"].our_settings(), "JWT_SIGNING_KEY": "", "JWT_SIGNING_KEY_FILE": str(key)}
    place = _folder()
    run = ours.Ours(site.our_environment(), settings, place, ["--workers", "3"])
    server = _when_ready(Server(run.port, [run], place, run), [run])
    try:
        old = [obtain(server.port) for _ in range(5)]
        assert client.hello(server.port, old[0]).status == 200
        replace("the second secret of this test, as long as it must be")
        before = {name: run.workers(name) for name in ("token", "hello", "refresh")}
        for name, pids in before.items():
            os.kill(pids[0], 15)
            process.wait_for(lambda: len(set(run.workers(name)) - {pids[0]}) == len(pids), f"a new worker of {name}")
        statuses = [client.hello(server.port, obtain(server.port)).status for _ in range(100)]
        statuses += [client.hello(server.port, token).status for token in [obtain(server.port)] * 100]
        assert statuses == [200] * 200
        assert {client.hello(server.port, token).status for token in old} == {401}
        assert "the key file has changed and was read again (HS256)" in run.output()
        good = obtain(server.port)
        key.write_text("half")
        assert [client.hello(server.port, good).status for _ in range(20)] == [200] * 20
        lines = [line for line in run.output().splitlines() if "the keys in use stay" in line]
        assert lines and all(f"JWT_SIGNING_KEY_FILE {key} " in line for line in lines)
        assert len(lines) <= len(run.workers("hello")), "once by each worker"
    finally:
        server.end()
