"""The OpenAPI document: valid, true of every answer of the programs, and enough for a generated client."""
import json
import pathlib
import subprocess
import tempfile
import urllib.request

import pytest
from harness import fastcgi, nginx, npm, ours, process, reference
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.site import own_site

HERE = ours.CHECKOUT / "tests/e2e"
BUILT = ours.BUILD / "openapi.json"
REQUEST = "application/json"
# URLs that SimpleJWT has not.
OURS = {"/api/logout/": "logout", "/api/sessions/": "sessions", "/api/permissions/": "permissions"}


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
    skip_without("token", "refresh", "verify", "blacklist", "sliding", "sliding_refresh", "logout", "hello", "sessions",
                 "permissions")
    sql = ours.CHECKOUT / "sql"
    with own_site("described", "-f", sql / "sessions.sql", "-f", sql / "permissions.sql") as site:
        yield site


def test_what_is_installed_is_what_the_programs_say():
    assert json.loads(BUILT.read_text()) == schema()


SPECTACULAR = """
import json, django
from django.conf import settings
settings.REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"] = "drf_spectacular.openapi.AutoSchema"
settings.SPECTACULAR_SETTINGS = {"COMPONENT_SPLIT_REQUEST": True}
django.setup()
from drf_spectacular.generators import SchemaGenerator
print(json.dumps(SchemaGenerator().get_schema(public=True), default=str))
"""
# What drf-spectacular says of an answer, and what SimpleJWT answers in truth.
EMPTY = ({"refresh"}, set())
UNTRUE = {"TokenBlacklist": EMPTY}
NO_ANSWER = {"description": "No response body"}  # it knows no schema for the answer


@pytest.mark.parametrize("profile", ["default", "jsononly", "rotate", "header"])
def test_the_names_are_those_of_drf_spectacular(profile):
    """The real one, for the real SimpleJWT with the same settings."""
    pytest.importorskip("drf_spectacular", reason="python3-djangorestframework-spectacular is not installed")
    made = PROFILES[profile]
    done = subprocess.run([reference.PYTHON, "-c", SPECTACULAR], capture_output=True, text=True, check=True,
                          env=reference.environment(made, {"PGHOST": "", "PGUSER": "", "PGDATABASE": ""}))
    theirs, found = json.loads(done.stdout), schema(**made.our_settings())
    assert set(theirs["paths"]) == set(ours.PROGRAM_OF) - (set() if made.blacklist else {"/api/token/blacklist/"})
    for path, operations in theirs["paths"].items():
        assert set(operations) == set(found["paths"][path])
        for method, theirs_is in operations.items():
            is_ours = found["paths"][path][method]
            for name in ("operationId", "tags", "security", "requestBody"):
                assert is_ours.get(name) == theirs_is.get(name), (path, name)
            assert is_ours["description"] == theirs_is.get("description", "")
            assert theirs_is["responses"]["200"] in (NO_ANSWER, is_ours["responses"]["200"]), path
    for name, said in theirs["components"]["schemas"].items():
        one = found["components"]["schemas"][name]
        names = (set(said["properties"]), set(one["properties"]))
        assert names == UNTRUE.get(name, (names[0], names[0])), name
        for property, kind in one["properties"].items():
            assert kind["type"] == said["properties"][property]["type"]
            assert kind.get("minLength") == said["properties"][property].get("minLength")
        assert set(one["required"]) == (set(said["required"]) if name not in UNTRUE else set())
    assert found["components"]["securitySchemes"].keys() == theirs["components"]["securitySchemes"].keys() == {"jwtAuth"}
    scheme, theirs_is = (one["components"]["securitySchemes"]["jwtAuth"] for one in (found, theirs))
    assert scheme["type"] == theirs_is["type"] == ("apiKey" if profile == "header" else "http")
    assert scheme.get("name", "").lower() == theirs_is.get("name", "").lower()
    assert {**scheme, "name": None, "description": None} == {**theirs_is, "name": None, "description": None}


def test_names_of_our_own():
    document = schema()
    assert set(document["paths"]) == {*ours.PROGRAM_OF, *OURS, "/api/sessions/{sid}/"}
    names = {operation["operationId"] for item in document["paths"].values() for operation in item.values()}
    assert names > {"api_logout_create", "api_sessions_list", "api_sessions_destroy", "api_permissions_retrieve"}
    for path in (*OURS, "/api/sessions/{sid}/"):
        for operation in document["paths"][path].values():
            assert operation["security"] == [{"jwtAuth": []}] and operation["tags"] == ["api"]
    scope = document["components"]["schemas"]["LogoutRequest"]["properties"]["scope"]
    assert scope["enum"] == ["this", "others", "all"]
    assert not document["paths"]["/api/logout/"]["post"]["requestBody"]["required"]
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
    document = schema(JWT_REFRESH_COOKIE="on", JWT_SESSIONS="on")
    found = document["components"]["schemas"]
    assert list(found["TokenObtainPair"]["properties"]) == ["access"] == list(found["TokenRefresh"]["properties"])
    assert found["TokenRefreshRequest"]["required"] == []
    assert not document["paths"]["/api/token/refresh/"]["post"]["requestBody"]["required"]
    assert {path for path, item in document["paths"].items() for one in item.values() if "403" in one["responses"]} == {
        "/api/token/", "/api/token/refresh/", "/api/token/blacklist/"}


def test_sessions_rotate_by_a_setting_of_their_own():
    for rotate, members in ("on", ["access", "refresh"]), ("off", ["access"]):
        found = schema(JWT_SESSIONS="on", JWT_SESSION_ROTATE=rotate)["components"]["schemas"]
        assert list(found["TokenRefresh"]["properties"]) == members


def test_the_validator_finds_faults(tmp_path):
    document = schema()
    wrong = {"path": "/hello/", "method": "get", "status": 200, "body": {"message": 1}}
    assert judge(tmp_path, document) == []
    assert len(judge(tmp_path, document, [wrong, {**wrong, "status": 418}])) == 2
    del document["info"]["title"]
    assert judge(tmp_path, document) != []


class Driver:
    """Asks each program and keeps what it answered."""

    def __init__(self, environment):
        self.environment, self.answers = environment, []

    def ask(self, path, *requests, of=None):
        """The JSON of the last good answer; of is the path in the document."""
        name = {**ours.PROGRAM_OF, **OURS}.get(of or path) or "sessions"
        good = None
        with fastcgi.Program(name, self.environment) as program:
            for parameters, body in requests:
                got = program.answer(parameters, body)
                said = got.json() if got.body else None
                self.answers.append({"path": of or path, "method": parameters["REQUEST_METHOD"].lower(),
                                     "status": got.status, "body": said})
                good = said if got.status == 200 else good
        return good

    def statuses(self):
        return {(one["path"], one["method"], one["status"]) for one in self.answers}

    def log_in(self, path="/api/token/"):
        """As it should be, with a wrong password, without fields, with a wrong type, with another Accept header."""
        good, body = fastcgi.login("alice", PASSWORD, path)
        return self.ask(path, (good, body), fastcgi.login("alice", "wrong", path), fastcgi.post(path, {}),
                        ({**good, "CONTENT_TYPE": "text/plain"}, body), ({**good, "HTTP_ACCEPT": "image/png"}, body))


def drive(environment):
    """Every operation of SimpleJWT, and that of permissions."""
    driver, post = Driver(environment), fastcgi.post
    pair, sliding = driver.log_in(), driver.log_in("/api/token/sliding/")

    def try_all(path, fields):
        return driver.ask(path, post(path, fields), post(path, {}), post(path, dict.fromkeys(fields, "wrong")),
                          ({**post(path, fields)[0], "CONTENT_LENGTH": "99999"}, b" " * 99999))

    try_all("/api/token/verify/", {"token": pair["access"]})
    pair |= try_all("/api/token/refresh/", {"refresh": pair["refresh"]})
    try_all("/api/token/blacklist/", {"refresh": pair["refresh"]})
    try_all("/api/token/sliding/refresh/", sliding)
    fresh = pair["access"]
    driver.ask("/hello/", fastcgi.get("/hello/", fresh), fastcgi.get("/hello/", "wrong"))
    asked = {"QUERY_STRING": "has=auth.view_user&has=auth.add_user"}
    with_token, nothing = fastcgi.get("/api/permissions/", fresh)
    driver.ask("/api/permissions/", ({**with_token, **asked}, nothing), (with_token, nothing),
               ({**with_token, "QUERY_STRING": "has="}, nothing), fastcgi.get("/api/permissions/"))
    return driver


@pytest.mark.parametrize("profile", ["default", "plain", "rotate"])
def test_every_answer_is_as_described(kept, tmp_path, profile):
    npm.modules()
    kept.restore()
    settings = {**PROFILES[profile].our_settings(), "JWT_TOKEN_BLACKLIST": "on"}
    document = schema(**settings)
    driver = drive(ours.environment(kept.our_environment(), settings))
    good = {path for path, _, status in driver.statuses() if status == 200}
    assert good == {*ours.PROGRAM_OF, "/api/permissions/"}
    assert {one["status"] for one in driver.answers} >= {200, 400, 401, 406, 413, 415}
    permissions = [one["body"] for one in driver.answers if one["path"] == "/api/permissions/"]
    assert permissions[:2] == [{"auth.view_user": False, "auth.add_user": False}, {}]
    assert judge(tmp_path, document, driver.answers) == []


@pytest.mark.parametrize("more", [{}, {"JWT_SESSION_DEVICE": "on"}, {"JWT_REFRESH_COOKIE": "insecure"}])
def test_answers_with_sessions_are_as_described(kept, tmp_path, more):
    npm.modules()
    kept.restore()
    kept.execute("DELETE FROM jwt_session")
    settings = {**PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", **more}
    driver = Driver(ours.environment(kept.our_environment(), settings))
    for _ in range(2):
        access = driver.log_in()["access"]
    if "JWT_REFRESH_COOKIE" in more:
        foreign, body = fastcgi.login("alice", PASSWORD)
        driver.ask("/api/token/", ({**foreign, "HTTP_ORIGIN": "https://elsewhere.example"}, body))
    listed = driver.ask("/api/sessions/", fastcgi.get("/api/sessions/", access), fastcgi.get("/api/sessions/"))
    assert [one["current"] for one in listed] == [True, False]
    other = f"/api/sessions/{listed[1]['sid']}/"
    end = {**fastcgi.get(other, access)[0], "REQUEST_METHOD": "DELETE"}
    driver.ask(other, (end, b""), (end, b""), of="/api/sessions/{sid}/")
    logout = [({**parameters, "HTTP_AUTHORIZATION": f"Bearer {access}"}, sent) for parameters, sent in (
        fastcgi.post("/api/logout/", fields) for fields in ({"scope": "wrong"}, {}, {}))]
    driver.ask("/api/logout/", *logout)
    assert driver.statuses() >= {
        ("/api/sessions/", "get", 200), ("/api/sessions/", "get", 401), ("/api/sessions/{sid}/", "delete", 204),
        ("/api/sessions/{sid}/", "delete", 404), ("/api/logout/", "post", 400), ("/api/logout/", "post", 200),
        ("/api/logout/", "post", 401)}
    assert (("/api/token/", "post", 403) in driver.statuses()) == ("JWT_REFRESH_COOKIE" in more)
    assert judge(tmp_path, schema(**settings), driver.answers) == []


USE = """
import type { components, operations } from "./openapi";
type Pair = components["schemas"]["TokenObtainPair"];
export function request(username: string, password: string): components["schemas"]["TokenObtainPairRequest"] {
	return { username, password };
}
export const access = (pair: Pair): string => pair.access;
export type Good = operations["api_token_create"]["responses"][200]["content"]["application/json"];
export const same = (pair: Good): Pair => pair;
export type Asked = operations["api_permissions_retrieve"]["parameters"]["query"];
export const asked: Asked = { has: ["blog.add_post"] };
export const may = (got: components["schemas"]["Permissions"]): boolean => got["blog.add_post"];
export const address = (session: components["schemas"]["Session"]): string | null => session.address;
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
            assert got.headers["Content-Type"] == "application/json"
            assert json.load(got) == schema()
    finally:
        front.end()
