"""The usual clients in the usual ways, against Django and against ours: the same flow, the same outcome."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import jwt
import pytest
import requests
from harness import node, versions
from harness.people import PASSWORD
from harness.profiles import KEY, PROFILES

LOGIN = {"username": "alice", "password": PASSWORD}
HERE = pathlib.Path(__file__).parent


@pytest.fixture(params=["django", "5.2", "head"])
def port(request, stack, reference):
    if request.param == "django":
        return reference("default").port
    return stack(JWT_COMPAT=request.param).port


@pytest.fixture
def both(stack, reference):
    return [reference("default").port, stack(JWT_COMPAT=versions.compat()).port]


def elided(value):
    """What an answer says, without the texts of its tokens."""
    return json.loads(re.sub(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>", json.dumps(value)))


def environment():
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def run(*arguments):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
                          env=environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


# Each client: what it takes to say (path, fields or a token) -> (status, body as JSON).

def httpie(*options):
    def ask(base, path, fields=None, token=None):
        words = [f"{name}={value}" for name, value in (fields or {}).items()]
        words += [f"Authorization: Bearer {token}"] if token else []
        out = run("http", "--ignore-stdin", "--print=hb", "--pretty=none", *options,
                  "get" if fields is None else "post", base + path, *words)
        head, _, body = out.replace("\r\n", "\n").partition("\n\n")
        return int(head.split()[1]), json.loads(body)

    return ask


def curl(*options, flag="-d"):
    def ask(base, path, fields=None, token=None):
        words = [word for name, value in (fields or {}).items() for word in (flag, f"{name}={value}")]
        words += ["-H", f"Authorization: Bearer {token}"] if token else []
        if fields == {}:
            words += ["-X", "POST"]
        out = run("curl", "-s", "-w", "\n%{http_code}", *options, *words, base + path)
        body, _, status = out.rpartition("\n")
        return int(status), json.loads(body)

    return ask


def curl_json(base, path, fields=None, token=None):
    words = ["-H", "Content-Type: application/json", "-d", json.dumps(fields)] if fields is not None else []
    words += ["-H", f"Authorization: Bearer {token}"] if token else []
    body, _, status = run("curl", "-s", "-w", "\n%{http_code}", *words, base + path).rpartition("\n")
    return int(status), json.loads(body)


def requests_with(**how):
    [(keyword, wrap)] = how.items()

    def ask(base, path, fields=None, token=None):
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            if fields is None:
                answer = session.get(base + path, headers=headers)
            else:
                answer = session.post(base + path, headers=headers, **{keyword: wrap(fields)})
        return answer.status_code, answer.json()

    return ask


CLIENTS = {
    "httpie": httpie(),
    "httpie --form": httpie("--form"),
    "curl -d": curl(),
    "curl -F": curl(flag="-F"),
    "curl --data-urlencode": curl(flag="--data-urlencode"),
    "curl with JSON": curl_json,
    "requests json=": requests_with(json=dict),
    "requests data=": requests_with(data=dict),
    "requests files=": requests_with(files=lambda fields: {name: (None, value) for name, value in fields.items()}),
}


SHORT = 5  # steps of clients that take half a second for each
STATUSES = [200, 200, 200, 401, 400, 200, 200, 401, 401, 401, 200, 401]


def flow(ask, port, steps):
    """Log in, say hello, refresh, say hello again, be refused in every way; what was answered."""
    base, seen = f"http://127.0.0.1:{port}", []

    def step(*arguments):
        status, body = ask(base, *arguments)
        seen.append((status, elided(body)))
        return body

    pair = step("/api/token/", LOGIN)
    step("/hello/", None, pair["access"])
    access = step("/api/token/refresh/", {"refresh": pair["refresh"]})["access"]
    step("/api/token/", {**LOGIN, "password": "wrong"})
    step("/api/token/", {"username": "alice"})
    if len(seen) == steps:
        return seen
    step("/hello/", None, access)
    step("/api/token/verify/", {"token": access})
    step("/hello/", None, pair["refresh"])
    step("/hello/")
    step("/api/token/refresh/", {"refresh": access})
    step("/api/token/blacklist/", {"refresh": pair["refresh"]})
    step("/api/token/refresh/", {"refresh": pair["refresh"]})
    return seen


@pytest.mark.parametrize("name", CLIENTS)
def test_the_same_flow_has_the_same_outcome(both, name):
    steps = SHORT if name.startswith("httpie") else len(STATUSES)
    theirs, ours = (flow(CLIENTS[name], port, steps) for port in both)
    assert theirs == ours
    assert [status for status, _ in ours] == STATUSES[:steps]


def test_pyjwt_decodes(port):
    pair = requests_with(json=dict)(f"http://127.0.0.1:{port}", "/api/token/", LOGIN)[1]
    for kind, token in pair.items():
        claims = jwt.decode(token, KEY, algorithms=["HS256"], options={"require": ["exp", "iat", "jti"]})
        assert list(claims) == ["token_type", "exp", "iat", "jti", "user_id"]
        assert (claims["token_type"], str(claims["user_id"])) == (kind, "1")
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token, KEY + "x", algorithms=["HS256"])
    assert PROFILES["default"].simple_jwt == {}


@pytest.fixture(scope="module")
def axios(tmp_path_factory):
    """A folder with our script, where Node.js finds Debian's axios."""
    folder = node.prepare(tmp_path_factory.mktemp("axios"), "axios")
    shutil.copy(HERE / "interceptor.js", folder)
    return folder


def test_axios_with_an_interceptor(both, axios):
    """Three refused at once make one refresh and are answered; without a session it gives up."""
    seen = []
    for port in both:
        seen.append(elided(json.loads(node.run(axios, "interceptor.js", f"http://127.0.0.1:{port}"))))
    theirs, ours = (sorted(log, key=str) for log in seen)  # three at once have no order
    assert theirs == ours
    assert [step[:2] for step in seen[1]][:6] == [
        ["anonymous", 401], ["wrong", 401], ["nothing", 400], ["login", 200], ["hello", 200], ["lifetime", 300]]
    assert sorted(step[:2] for step in seen[1][6:]) == sorted(
        3 * [["refused", 401], ["again", 200]] + [["refresh", 200], ["refused", 401], ["no session", 401]])
