"""Scripts of another origin: what Nginx answers to their preflights, and what a real Chromium lets them read."""
import pytest
from harness import client, people, servers, tokens
from harness.application import Application
from harness.profiles import PROFILES

ORIGIN = "https://app.example.org"
SHOP = "https://eu.shop.example.org"
ADMIN = "https://admin.example.org"
TEAM = "https://team.example.org"
ORIGINS = rf"""
"{ORIGIN}" 1;
"~^https://[a-z]+\.shop\.example\.org$" 1;
"{ADMIN}" "1 credentials headers=X-Tenant";
"{TEAM}" "1 headers=X-Tenant,X-Team";
"https://wrong.example.org" "credentials";
"https://ten.example.org" 10;
"""
HEADERS = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"
EXPOSED = {"access-control-expose-headers": "WWW-Authenticate, Retry-After"}
PREFLIGHT = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type")
MORE = """
	include jwt-fcgi/oidc.conf;
	location ^~ /forbidden/ {
		include jwt-fcgi/protected.conf;
		satisfy all;
		deny all;
	}
"""


@pytest.fixture(scope="module")
def start(site):
    """start(origins): the example of auth_request with these origins; ended with the file."""
    started = []

    def start(origins):
        site.restore()
        server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(),
                                ("token", "hello", "jwks", "auth_check"))
        started.append(server)
        server.spawn_all()
        server.replaced["127.0.0.1:8001;"] = f"127.0.0.1:{server.port};{MORE}"
        server.replaced["/run/application.sock"] = server.folder / "application.sock"
        server.replaced["/srv"] = server.folder
        (server.folder / "files").mkdir()
        (server.folder / "files/a.txt").write_text("a file")
        started.append(Application(server.folder / "application.sock"))
        (server.folder / "jwt-fcgi/origins.conf").write_text(origins)
        return servers.nginx_start(server, """
	include jwt-fcgi/upstreams.conf;
	include jwt-fcgi/example-auth_request.conf;""")

    yield start
    for one in started:
        one.end()


@pytest.fixture(scope="module")
def server(start):
    return start(ORIGINS)


@pytest.fixture(scope="module")
def token():
    return tokens.Maker("plain").make({})


def ask(server, line, *headers, body=None):
    return client.ask(server.port, line, headers, body)


def cors(answer):
    found = [(name.lower(), value) for name, value in answer.headers if name.lower().startswith("access-control")]
    assert len(dict(found)) == len(found), "a header twice"
    return dict(found)


@pytest.mark.parametrize("path", ["/api/token/", "/hello/", "/.well-known/jwks.json", "/files/a.txt", "/application/x",
                                  "/oauth/token", "/oauth/userinfo", "/oauth/revoke", "/.well-known/openid-configuration"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_preflight_is_answered(server, path, method):
    answer = ask(server, f"OPTIONS {path}", f"Origin: {ORIGIN}", f"Access-Control-Request-Method: {method}",
                 "Access-Control-Request-Headers: authorization")
    assert (answer.status, answer.body) == (204, b"")
    found = cors(answer)
    assert method in found.pop("access-control-allow-methods").split(", ")
    assert found == {"access-control-allow-origin": ORIGIN, "access-control-allow-headers": HEADERS,
                     "access-control-max-age": "86400", **EXPOSED}
    assert "Origin" in answer.header("Vary")


@pytest.mark.parametrize("path", ["authorize", "login", "consent", "logout"])
def test_pages_are_read_by_no_script(server, path):
    """RFC 9700 section 2.6. Nothing answers the preflight either."""
    for method in "GET", "OPTIONS":
        answer = ask(server, f"{method} /oauth/{path}", f"Origin: {ORIGIN}", "Access-Control-Request-Method: POST")
        assert answer.status == 503 and cors(answer) == {}


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", ORIGIN + ".evil.org", "http://app.example.org", "",
                                    "https://eu1.shop.example.org", "https://wrong.example.org", "https://ten.example.org"])
def test_not_of_other_origins(server, token, origin):
    answer = ask(server, "OPTIONS /api/token/", f"Origin: {origin}", *PREFLIGHT)
    assert answer.status == 200 and not cors(answer)  # OPTIONS as Django REST framework answers it
    assert not cors(ask(server, "GET /hello/", f"Origin: {origin}"))
    assert ask(server, "OPTIONS /application/", f"Origin: {origin}", *PREFLIGHT).status == 401
    assert not cors(ask(server, "GET /application/", f"Origin: {origin}", f"Authorization: Bearer {token}"))


def test_an_origin_by_a_regular_expression(server):
    answer = ask(server, "OPTIONS /api/token/", f"Origin: {SHOP}", *PREFLIGHT)
    assert (answer.status, cors(answer)["access-control-allow-origin"]) == (204, SHOP)


def test_a_line_adds_request_headers(server):
    for origin, more in ((TEAM, "X-Tenant,X-Team"), (ADMIN, "X-Tenant")):
        answer = ask(server, "OPTIONS /application/", f"Origin: {origin}", *PREFLIGHT)
        assert cors(answer)["access-control-allow-headers"] == f"{HEADERS}, {more}"


def test_credentials_only_where_asked_for(server, token):
    for line in ("OPTIONS /application/", "GET /application/", "GET /hello/"):
        headers = PREFLIGHT if line.startswith("OPTIONS") else (f"Authorization: Bearer {token}",)
        found = cors(ask(server, line, f"Origin: {ADMIN}", *headers))
        assert found["access-control-allow-credentials"] == "true"
        assert found["access-control-allow-origin"] == ADMIN
        for origin in (ORIGIN, TEAM, SHOP):
            assert "access-control-allow-credentials" not in cors(ask(server, line, f"Origin: {origin}", *headers))


@pytest.mark.parametrize("line, status", [
    ("GET /hello/", 401), ("GET /api/token/", 405), ("OPTIONS /api/token/", 200), ("POST /api/token/refresh/", 503),
    ("GET /none", 404), ("GET /files/a.txt", 401), ("GET /application/", 401),
])
def test_every_answer_can_be_read(server, line, status):
    answer = ask(server, line, f"Origin: {ORIGIN}")
    assert answer.status == status
    assert cors(answer) == {"access-control-allow-origin": ORIGIN, **EXPOSED}


@pytest.mark.parametrize("line, status", [
    ("GET /application/", 200), ("PUT /application/403", 403), ("DELETE /application/500", 500),
    ("GET /files/a.txt", 200), ("GET /files/", 403), ("GET /files/none", 404), ("GET /forbidden/", 403),
])
def test_allowed_origins_read_protected_answers(server, token, line, status):
    answer = ask(server, line, f"Origin: {ORIGIN}", f"Authorization: Bearer {token}")
    assert answer.status == status
    assert cors(answer) == {"access-control-allow-origin": ORIGIN, **EXPOSED}


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/application/own/x"])
def test_an_answer_keeps_its_own(server, token, path):
    for origin in (ORIGIN, ADMIN, "https://evil.example.org"):
        found = cors(ask(server, f"GET {path}", f"Origin: {origin}", f"Authorization: Bearer {token}"))
        assert found["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in found


def test_without_an_origin_nothing_is_added(server):
    answer = ask(server, "GET /hello/")
    assert not cors(answer)
    assert answer.header("Vary") == "Accept"


# In a browser: the page of one origin, the server of another.

FETCH = """
const [url, options, answer] = arguments;
fetch(url, options).then(async (response) => answer([response.status, await response.text(),
    response.headers.get("WWW-Authenticate")]), (error) => answer(error.name));
"""


class Pages:
    """A browser with a page of an origin that is listed, and of one that is not."""

    def __init__(self, start, browser, stub):
        self.listed, self.other = stub({"GET /page": [(200, {}, {})]}), stub({"GET /page": [(200, {}, {})]})
        self.server = start(f'"http://127.0.0.1:{self.listed.port}" 1;')
        self.driver = browser.driver

    def fetch(self, page, path, **options):
        self.driver.get(f"http://127.0.0.1:{page.port}/page")
        return self.driver.execute_async_script(FETCH, f"http://127.0.0.1:{self.server.port}{path}", options)

    def end(self):
        self.listed.end()
        self.other.end()


@pytest.fixture(scope="module")
def pages(start):
    pytest.importorskip("selenium", reason="python3-selenium is not installed")
    from harness.browser import Browser, Stub, missing
    if missing():
        pytest.skip(f"not installed: {', '.join(missing())}")
    browser = Browser()
    pages = None
    try:
        pages = Pages(start, browser, Stub)
        yield pages
    finally:
        browser.end()
        if pages:
            pages.end()


def test_a_script_logs_in_and_asks_the_application(pages):
    credentials = '{"username": "alice", "password": "%s"}' % people.PASSWORD
    headers = {"Content-Type": "application/json", "X-Requested-With": "XMLHttpRequest"}
    status, text, _ = pages.fetch(pages.listed, "/api/token/", method="POST", body=credentials, headers=headers)
    assert status == 200
    bearer = {"Authorization": "Bearer " + text.split('"access":"')[1].split('"')[0]}
    for method in ("GET", "PUT", "DELETE"):
        status, text, _ = pages.fetch(pages.listed, "/application/x", method=method, headers=bearer)
        assert status == 200 and '"path": "/x"' in text
    assert pages.fetch(pages.listed, "/files/a.txt", headers=bearer)[:2] == [200, "a file"]
    assert pages.fetch(pages.listed, "/application/403", headers=bearer)[0] == 403
    assert pages.fetch(pages.listed, "/.well-known/jwks.json")[0] == 200
    refused = pages.fetch(pages.listed, "/application/x", headers={"Authorization": "Bearer x.y.z"})
    assert refused[0] == 401 and "token_not_valid" in refused[1] and refused[2] == 'Bearer realm="api"'
    assert pages.fetch(pages.other, "/application/x", headers=bearer) == "TypeError"
    assert pages.fetch(pages.other, "/hello/") == "TypeError"
    assert pages.fetch(pages.listed, "/hello/", credentials="include") == "TypeError", "the line does not allow it"
