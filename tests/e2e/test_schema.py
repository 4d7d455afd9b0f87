"""The OpenAPI document: valid, true of every answer of the programs, and enough for a generated client."""
import json
import pathlib
import subprocess
import tempfile
import urllib.request

import pytest
from harness import fastcgi, nginx, npm, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.postgres import Cluster
from harness.profiles import PROFILES
from harness.site import Site

HERE = ours.CHECKOUT / "tests/e2e"
BUILT = ours.BUILD / "openapi.json"
REQUEST = "application/json"


def schema(**settings):
    """What jwtctl prints with these settings."""
    skip_without("jwtctl", "schema", "token")
    done = subprocess.run([ours.program("jwtctl"), "schema"], env=ours.plain_environment(**settings),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def judge(folder, document, answers=()):
    """What the validator and the schemas say against the document and against the answers."""
    script = folder / "openapi.mjs"
    (folder / "node_modules").exists() or (folder / "node_modules").symlink_to(npm.modules())
    script.write_text((HERE / "openapi.mjs").read_text())
    done = subprocess.run(["node", script], input=json.dumps({"document": document, "answers": list(answers)}),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def kept():
    skip_without("token", "refresh", "verify", "blacklist", "sliding", "sliding_refresh", "logout", "hello")
    cluster = Cluster()
    site = Site(cluster, "described")
    cluster.psql("described", "-f", ours.CHECKOUT / "sql" / "sessions.sql")
    yield site
    site.end()
    cluster.remove()


def test_what_is_installed_is_what_the_programs_say():
    assert json.loads(BUILT.read_text()) == schema()


def test_names():
    document = schema()
    assert {"TokenObtainPair", "TokenRefresh", "TokenVerify", "TokenBlacklist", "TokenObtainSliding",
            "TokenRefreshSliding"} < set(document["components"]["schemas"])
    for path in ours.PROGRAM_OF:
        assert path in document["paths"]
    assert document["paths"]["/api/token/sliding/refresh/"]["post"]["operationId"] == "token_sliding_refresh_create"
    assert document["paths"]["/hello/"]["get"]["security"] == [{"jwtAuth": []}]
    version = subprocess.run([ours.program("jwtctl"), "--version"], capture_output=True, text=True).stdout
    assert version.split()[-1] == document["info"]["version"]


def test_settings_change_the_names(tmp_path):
    found = schema(JWT_USERNAME_FIELD="email", JWT_JSON_ONLY="on")
    request = found["components"]["schemas"]["TokenObtainPairRequest"]
    assert request["required"] == ["email", "password"] and list(request["properties"]) == ["email", "password"]
    assert list(found["paths"]["/api/token/"]["post"]["requestBody"]["content"]) == [REQUEST]
    file = tmp_path / "jwt-fcgi.conf"
    file.write_text("JWT_USERNAME_FIELD=email\nJWT_JSON_ONLY=on\n")
    file.chmod(0o600)
    for arguments in (["--config", file], [f"--config={file}", "--json"]):
        done = subprocess.run([ours.program("jwtctl"), "schema", *arguments], env=ours.plain_environment(),
                              capture_output=True, text=True)
        assert json.loads(done.stdout) == found
    done = subprocess.run([ours.program("jwtctl"), "schema", "--config", tmp_path / "none"],
                          env=ours.plain_environment(), capture_output=True)
    assert done.returncode == 2 and done.stdout == b""


def test_the_cookie_changes_them():
    found = schema(JWT_REFRESH_COOKIE="on", JWT_SESSIONS="on")["components"]["schemas"]
    assert list(found["TokenObtainPair"]["properties"]) == ["access"]
    assert found["TokenRefreshRequest"]["required"] == []


def test_the_validator_finds_faults(tmp_path):
    document = schema()
    wrong = {"path": "/hello/", "method": "get", "status": 200, "body": {"message": 1}}
    assert judge(tmp_path, document) == []
    assert len(judge(tmp_path, document, [wrong, {**wrong, "status": 418}])) == 2
    del document["info"]["title"]
    assert judge(tmp_path, document) != []


def drive(environment):
    """Every operation: as it should be, without fields, with a wrong token or password, with a wrong type."""
    answers, tokens = [], {}

    def ask(path, *request):
        name = ours.PROGRAM_OF.get(path, "logout")
        method = "get" if path == "/hello/" else "post"
        with fastcgi.Program(name, environment) as program:
            for parameters, body in request:
                got = program.answer(parameters, body)
                answers.append({"path": path, "method": method, "status": got.status, "body": got.json()})
                if got.status == 200:
                    tokens[path] = got.json()

    post = fastcgi.post
    for path in ("/api/token/", "/api/token/sliding/"):
        good, body = fastcgi.login("alice", PASSWORD, path)
        ask(path, (good, body), fastcgi.login("alice", "wrong", path), post(path, {}),
            ({**good, "CONTENT_TYPE": "text/plain"}, body), ({**good, "HTTP_ACCEPT": "image/png"}, body))
    pair, sliding = tokens["/api/token/"], tokens["/api/token/sliding/"]
    for path, fields in {"/api/token/verify/": {"token": pair["access"]},
                         "/api/token/refresh/": {"refresh": pair["refresh"]},
                         "/api/token/blacklist/": {"refresh": pair["refresh"]},
                         "/api/token/sliding/refresh/": sliding}.items():
        ask(path, post(path, fields), post(path, {}), post(path, dict.fromkeys(fields, "wrong")))
    fresh = tokens["/api/token/refresh/"]["access"]
    ask("/hello/", fastcgi.get("/hello/", fresh), fastcgi.get("/hello/", "wrong"))
    return answers


@pytest.mark.parametrize("profile", ["default", "plain"])
def test_every_answer_is_as_described(kept, tmp_path, profile):
    npm.modules()
    kept.restore()
    settings = {**PROFILES[profile].our_settings(), "JWT_TOKEN_BLACKLIST": "on"}
    document = schema(**settings)
    answers = drive(ours.environment(kept.our_environment(), settings))
    good = {one["path"] for one in answers if one["status"] == 200}
    assert good == set(document["paths"]) - {"/api/logout/"}
    assert {one["status"] for one in answers} >= {200, 400, 401, 406, 415}
    assert judge(tmp_path, document, answers) == []


def test_logout_is_as_described(kept, tmp_path):
    npm.modules()
    kept.restore()
    settings = {**PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on"}
    environment = ours.environment(kept.our_environment(), settings)
    answers = []
    with fastcgi.Program("token", environment) as token:
        access = token.answer(*fastcgi.login("alice", PASSWORD)).json()["access"]
    with fastcgi.Program("logout", environment) as logout:
        for fields in ({"scope": "wrong"}, {}, {}):
            parameters, body = fastcgi.post("/api/logout/", fields)
            got = logout.answer({**parameters, "HTTP_AUTHORIZATION": f"Bearer {access}"}, body)
            answers.append({"path": "/api/logout/", "method": "post", "status": got.status, "body": got.json()})
    assert [one["status"] for one in answers] == [400, 200, 401]
    assert judge(tmp_path, schema(**settings), answers) == []


USE = """
import type { components, operations } from "./openapi";
type Pair = components["schemas"]["TokenObtainPair"];
export function request(username: string, password: string): components["schemas"]["TokenObtainPairRequest"] {
	return { username, password };
}
export const access = (pair: Pair): string => pair.access;
export type Good = operations["token_create"]["responses"][200]["content"]["application/json"];
export const same = (pair: Good): Pair => pair;
"""


def test_a_client_is_generated(tmp_path):
    modules = npm.modules()
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "openapi.json").write_text(json.dumps(schema()))
    made = subprocess.run(["node", modules / "openapi-typescript/bin/cli.js", "openapi.json", "-o", "openapi.d.ts"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr

    def check(text):
        (tmp_path / "use.ts").write_text(text)
        return subprocess.run(["node", modules / "typescript/bin/tsc", "--noEmit", "--strict", "--typeRoots", "none", "use.ts"],
                              cwd=tmp_path, capture_output=True, text=True, timeout=120)

    done = check(USE)
    assert done.returncode == 0, done.stdout
    assert "password" in check(USE.replace("{ username, password }", "{ username }")).stdout


def test_nginx_serves_it():
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-test-") as name:
        serve(pathlib.Path(name))


def serve(folder):
    folder.chmod(0o755)  # Nginx's workers may not enter pytest's folders
    (folder / "jwt-fcgi").mkdir()
    for name in ("maps.conf", "cors.conf", "schema.conf"):
        text = (ours.CHECKOUT / "nginx" / name).read_text()
        (folder / "jwt-fcgi" / name).write_text(text.replace("/usr/share/jwt-fcgi", str(folder)))
    (folder / "openapi.json").write_text(BUILT.read_text())
    front = nginx.Nginx(folder, "include jwt-fcgi/schema.conf;", "include jwt-fcgi/maps.conf;")
    try:
        process.wait_for(front.ready, "Nginx to listen")
        with urllib.request.urlopen(f"http://127.0.0.1:{front.port}/api/schema/") as got:
            assert got.headers["Content-Type"] == "application/vnd.oai.openapi+json"
            assert json.load(got) == schema()
    finally:
        front.end()
