"""The page, in a real Chromium: what a person does there and sees, with the console empty of errors."""
import contextlib
import json
import re
import time

import jwt
import pytest
from harness import client, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.tokens import claims_of

pytest.importorskip("selenium", reason="python3-selenium is not installed")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

from harness.browser import POLICY, WWW, Stub, browser, missing, run_curl  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")

SERVED = ("token", "refresh", "hello", "verify", "blacklist")
SHORT = "2"  # seconds that an access token lives where it is to expire


@pytest.fixture
def visit(browser):
    """visit(port): the page of a server. At its end the console has nothing but refused requests."""
    yield browser.open
    assert not browser.errors()


@pytest.fixture
def page(stack, visit):
    skip_without("verify", "blacklist")
    return visit(stack("plain").port)


@pytest.fixture
def short(stack, visit):
    return visit(stack("plain", JWT_ACCESS_TOKEN_LIFETIME=SHORT).port)


def pair():
    now = int(time.time())
    return token("access", now, now + 300), token("refresh", now, now + 86400)


def token(kind, issued, expires):
    claims = {"token_type": kind, "exp": expires, "iat": issued, "jti": f"{kind}{time.monotonic_ns()}", "user_id": "1"}
    return jwt.encode(claims, "k" * 32, algorithm="HS256")


THROTTLED = {"detail": "Request was throttled. Expected available in 2 seconds.", "code": "throttled"}
EXPIRED = {"detail": "Given token not valid for any token type", "code": "token_not_valid",
           "messages": [{"token_class": "AccessToken", "token_type": "access", "message": "Token is expired"}]}
REFUSED = {"detail": "Token is blacklisted", "code": "token_not_valid"}


def pairs(_headers, _body):
    access, refresh = pair()
    return 200, {}, {"refresh": refresh, "access": access}


@pytest.fixture
def stub():
    stubs = []

    def start(**answers):
        lines = {"login": "POST /api/token/", "refresh": "POST /api/token/refresh/", "hello": "GET /hello/",
                 "logout": "POST /api/token/blacklist/"}
        stubs.append(Stub({lines[name]: given for name, given in {"login": [pairs], **answers}.items()}))
        return stubs[-1]

    yield start
    for stub in stubs:
        stub.end()


# --- How it is served.

def test_the_files_and_their_headers(stack):
    port = stack("plain").port
    types = {"": "text/html", "html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    for path in ["/", *(f"/{file.name}" for file in WWW.iterdir())]:
        answer = client.ask(port, f"GET {path}")
        assert answer.status == 200 and answer.body
        assert answer.header("Content-Type") == f"{types[path.rpartition('.')[2].strip('/')]}; charset=utf-8"
        assert answer.header("X-Content-Type-Options") == "nosniff"
        if path != "/oidc.css":  # of the login pages, and no page
            assert answer.header("Content-Security-Policy") == POLICY
            assert answer.header("Referrer-Policy") == "no-referrer"
    assert "unsafe" not in POLICY and POLICY.startswith("default-src 'none';")


@pytest.mark.parametrize("line, status, detail", [
    ("GET /nothing", 404, "Not found."),
    ("GET /nothing.html", 404, "Not found."),
    ("GET /../run", 400, "Bad request."),
    ("GET /nginx.conf", 404, "Not found."),
    ("PUT /nothing.js", 404, "Not found."),
    ("POST /", 405, 'Method "POST" not allowed.'),
    ("PUT /page.css", 405, 'Method "PUT" not allowed.'),
])
def test_what_it_is_not_is_told_in_json(stack, line, status, detail):
    answer = client.ask(stack("plain").port, line)
    assert (answer.status, answer.json()) == (status, {"detail": detail})
    assert answer.header("Content-Type") == "application/json"
    assert status != 405 or answer.header("Allow") == "GET, HEAD"


def test_nothing_comes_from_elsewhere():
    for file in WWW.iterdir():
        addresses = re.findall(r"https?://[\w.:-]+", file.read_text())
        assert set(addresses) <= {"http://www.w3.org"}  # the name space of SVG
        kept = "|sessionStorage" if file.name != "flow.js" else ""  # not tokens: its own request, for the way back
        assert not re.search(rf"localStorage{kept}|indexedDB|document\.cookie|innerHTML|eval\(", file.read_text())


HARM = """
const done = arguments[1], seen = [], script = document.createElement("script");
const image = document.createElement("img");
document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
window.harmed = false;
for (const harm of [
    () => { document.body.innerHTML = "<img src=x onerror='window.harmed = true'>"; },
    () => { script.textContent = "window.harmed = true"; document.body.append(script); },
    () => document.body.setAttribute("onclick", "window.harmed = true"),
    () => { image.src = arguments[0]; },
    () => fetch(arguments[0]).catch(() => {}),
]) {
    try { harm(); } catch { }
}
document.body.click();
setTimeout(() => done([window.harmed, [...new Set(seen)].sort()]), 200);
"""


def test_the_policy_is_in_force(browser, stack, stub):
    """Also that this test's browser tells of violations: the other tests rely on it."""
    other = stub(hello=[(200, {}, {})])
    page = browser.open(stack("plain").port)
    harmed, seen = page.driver.execute_async_script(HARM, f"http://127.0.0.1:{other.port}/hello/")
    assert not harmed and other.received == []
    assert seen == ["connect-src", "img-src", "require-trusted-types-for"]
    assert any(entry["source"] != "network" and entry["level"] != "INFO" for entry in browser.console())


# --- Logging in and looking.

def test_the_tokens_are_shown_and_decoded(page, stack):
    page.log_in("alice", PASSWORD)
    for place, kind in (("access", "access"), ("refresh", "refresh")):
        token = page.text(f"#{place} [data-is=encoded]")
        parts = page.all(f"#{place} [data-is=encoded] .part")
        assert ".".join(part.text.replace("\n", "") for part in parts) == token
        assert len({part.value_of_css_property("color") for part in parts}) == 3
        claims = claims_of(token)
        shown = {row.find_element("tag name", "button").text: row.find_element("tag name", "dd").text
                 for row in page.all(f"#{place} .row")}
        assert shown["alg"] == "HS256" and shown["typ"] == "JWT"
        assert shown["token_type"] == kind and shown["jti"] == claims["jti"] and shown["user_id"] == "1"
        assert re.search(rf"\b{time.strftime('%Y', time.gmtime(claims['exp']))}\b.*{claims['exp']}", shown["exp"])
        assert shown["bytes"].startswith("32 bytes")
    assert page.text("#name") == "alice"
    assert re.fullmatch(r"(5:00|4:5\d) left", page.text("#access [data-is=left]"))
    assert page.text("#refresh [data-is=left]").startswith(("24:00:00", "23:59:5"))
    assert page.script("return [localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_what_a_claim_means_on_focus_and_hover(page):
    page.log_in("alice", PASSWORD)
    names = page.all("#access .row button")
    page.script("arguments[0].focus()", names[3])
    assert names[3].text == "exp" and page.text("#access .meaning").startswith("exp Expires:")
    ActionChains(page.driver).move_to_element(names[0]).perform()
    page.wait(lambda: page.text("#access .meaning").startswith("alg How it is signed: with a secret key"), "its meaning")
    assert all(name.get_attribute("aria-description") for name in names)


def test_the_buttons(page):
    page.log_in("alice", PASSWORD)
    assert page.do("[data-do=hello]", "access") == "“Hello, World!”"
    assert page.do("[data-do=three]", "access") == "“Hello, World!” 3 times."
    assert page.do("[data-do=verify-access]", "access").startswith("Valid:")
    assert page.do("[data-do=verify-refresh]", "refresh").startswith("Valid:")
    assert "“Token is invalid”" in page.do("[data-do=forge]", "access")
    before = page.text("#access [data-is=encoded]")
    assert "new access token" in page.do("[data-do=refresh]", "refresh")
    assert page.text("#access [data-is=encoded]") != before
    assert page.exchanges() == [
        ["200", "POST /api/token/", "log in"], *[["200", "GET /hello/", "call"]] * 4,
        *[["200", "POST /api/token/verify/", "verify"]] * 2, ["401", "GET /hello/", "forged call"],
        ["200", "POST /api/token/refresh/", "refresh"],
    ]
    assert len(page.all(".steps .done")) == 3


def test_each_exchange_and_its_curl_line(page):
    page.log_in("alice", PASSWORD)
    token = page.text("#access [data-is=encoded]")
    page.do("[data-do=hello]", "access")
    assert "Authorization: Bearer eyJ" in page.detail("sent") and token not in page.detail("sent")
    assert page.detail("received") == "\n".join([
        "200 OK", "Content-Type: application/json", "Allow: GET, HEAD, OPTIONS", "Cache-Control: no-store", "",
        '{"message":"Hello, World!"}'])
    assert run_curl(page.detail("curl")) == (200, '{"message":"Hello, World!"}')
    page.do("[data-do=refresh]", "refresh")
    status, body = run_curl(page.detail("curl"))
    assert status == 200 and set(json.loads(body)) == {"access"}
    login = page.detail("curl", 2)
    assert PASSWORD not in page.script("return document.documentElement.outerHTML")
    status, body = run_curl(login.replace("PASSWORD", PASSWORD))
    assert status == 200 and set(json.loads(body)) == {"access", "refresh"}


def test_by_keyboard_alone(page):
    def active():
        return page.driver.switch_to.active_element

    active().send_keys(Keys.TAB)
    assert active().get_attribute("name") == "username"
    active().send_keys("alice", Keys.TAB)
    active().send_keys(PASSWORD, Keys.ENTER)
    page.wait(lambda: active().get_attribute("data-do") == "hello", "the focus on the next step")
    active().send_keys(Keys.ENTER)
    assert page.said("access") == "“Hello, World!”"
    page.script("document.querySelector('#logout').focus()")
    active().send_keys(Keys.SPACE)
    page.wait(lambda: active().get_attribute("name") == "username", "the focus back at the form")


# --- Expiry and refresh.

def test_an_expired_token_is_refreshed_and_the_call_repeated(short):
    short.log_in("alice", PASSWORD)
    short.expire()
    assert "has expired" in short.text("#access .outcome")
    assert short.text("#access [data-is=left]") == "expired"
    assert short.do("[data-do=hello]", "access") == (
        "The access token was refused (401: Token is expired). The page refreshed it and repeated the call. “Hello, World!”")
    assert short.exchanges()[1:] == [
        ["401", "GET /hello/", "call"], ["200", "POST /api/token/refresh/", "refresh, by itself"],
        ["200", "GET /hello/", "repeat, by itself"]]
    assert "token_not_valid" in short.detail("received", 2)
    assert 'WWW-Authenticate: Bearer realm="api"' in short.detail("received", 2)


def test_three_calls_make_one_refresh(short):
    short.log_in("alice", PASSWORD)
    short.expire()
    assert short.do("[data-do=three]", "access") == (
        "3 calls were refused (401: Token is expired). One refresh served them all, and each was repeated. “Hello, World!” 3 times.")
    lines = sorted(tuple(exchange) for exchange in short.exchanges()[1:])
    assert lines == [("200", "GET /hello/", "repeat, by itself")] * 3 + \
        [("200", "POST /api/token/refresh/", "refresh, by itself")] + [("401", "GET /hello/", "call")] * 3


def test_the_end_of_the_refresh_token(stack, visit):
    page = visit(stack("plain", JWT_ACCESS_TOKEN_LIFETIME="1", JWT_REFRESH_TOKEN_LIFETIME="1").port)
    page.log_in("alice", PASSWORD)
    page.wait(lambda: page.find("#refresh").get_attribute("data-life") == "over", "the end of the refresh token")
    page.click("[data-do=hello]")
    assert page.said("login").startswith("Your session is over")
    assert page.find("#login").is_displayed() and not page.find("#session").is_displayed()


# --- Refusals and outages, in plain words.

def test_a_refused_login(page):
    for name, password in (("alice", "wrong"), ("nobody", PASSWORD), ("inactive", PASSWORD)):
        page.enter(name, password)
        assert page.said("login").startswith("User name or password is wrong, or the account is closed.")
    page.enter(" ", PASSWORD)
    assert "username: This field may not be blank." in page.said("login")
    assert not page.find("#session").is_displayed()


def test_logging_out_without_a_blacklist(page):
    page.log_in("alice", PASSWORD)
    page.click("#logout")
    said = page.said("login")
    assert said.startswith("This page has forgotten both tokens. This server has no blacklist") and "JWT_TOKEN_BLACKLIST" in said
    assert page.exchanges()[-1] == ["404", "POST /api/token/blacklist/", "log out"]


def test_logged_out_nothing_is_left_of_the_tokens(page):
    page.log_in("alice", PASSWORD)
    tokens = [page.text(f"#{place} [data-is=encoded]") for place in ("access", "refresh")]
    page.do("[data-do=hello]", "access")
    page.do("[data-do=refresh]", "refresh")
    tokens.append(page.text("#access [data-is=encoded]"))
    whole = page.script("return document.documentElement.outerHTML")
    assert len(set(tokens)) == 3 and all(token in whole for token in tokens[:2])
    page.click("#logout")
    page.said("login")
    whole = page.script("return document.documentElement.outerHTML")
    assert not any(part in whole for token in tokens for part in token.split(".")[1:])
    assert "Bearer TOKEN" in whole


def test_logging_out_with_one(stack, visit):
    skip_without("blacklist")
    page = visit(stack("default").port)
    page.log_in("alice", PASSWORD)
    token = page.text("#refresh [data-is=encoded]")
    page.click("#logout")
    assert page.said("login").startswith("Logged out: the server has blacklisted the refresh token")
    answer = client.post_json(stack("default").port, "/api/token/refresh/", {"refresh": token})
    assert answer.json()["detail"] == "Token is blacklisted"


def test_a_new_refresh_token_takes_the_place_of_the_old(stack, visit):
    page = visit(stack("rotate").port)
    page.log_in("alice", PASSWORD)
    for _ in range(2):
        before = page.text("#refresh [data-is=encoded]")
        assert "a new pair" in page.do("[data-do=refresh]", "refresh")
        assert page.text("#refresh [data-is=encoded]") != before


@pytest.fixture
def cuttable(site, tmp_path_factory):
    """Our programs on a database that can be taken away: cut() and, at the end of its block, back."""
    site.restore()
    folder = tmp_path_factory.mktemp("page")
    folder.chmod(0o755)
    way = folder / ".s.PGSQL.5432"
    way.symlink_to(site.cluster.folder / way.name)
    settings = {**PROFILES["plain"].our_settings(), "JWT_DATABASE_TIMEOUT": "1"}
    server = ours.Ours({**site.environment(), "PGHOST": str(folder)}, settings, folder)

    @contextlib.contextmanager
    def cut():
        target = way.readlink()
        way.unlink()
        site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ANY(%s)",
                     list(SERVED))
        yield
        way.symlink_to(target)

    server.cut = cut
    try:
        process.wait_for(server.ready, "./run to be ready", 30)
        yield server
    finally:
        server.end()


def test_the_database_away_and_then_the_server(cuttable, visit):
    page = visit(cuttable.port)
    with cuttable.cut():
        page.enter("alice", PASSWORD)
        said = page.said("login")
        assert "most often because its database cannot be reached. You did nothing wrong: try again in" in said
    page.log_in("alice", PASSWORD)
    with cuttable.cut():
        assert "unavailable for the moment" in page.do("[data-do=hello]", "access")
        assert page.find("#session").is_displayed()
    assert page.do("[data-do=hello]", "access") == "“Hello, World!”"
    cuttable.end()
    assert page.do("[data-do=hello]", "access").startswith("The server does not answer. Is ./run still running?")
    assert page.exchanges()[-1] == ["none", "GET /hello/", "call"]
    page.click("#logout")
    assert page.said("login").startswith("This page has forgotten both tokens, but the server was not told.")


# --- Answers that a server gives on order.

def test_a_throttled_login(stub, visit):
    server = stub(login=[(429, {"Retry-After": "2"}, THROTTLED), pairs])
    page = visit(server.port)
    page.enter("alice", PASSWORD)
    assert page.said("login").startswith("Too many attempts. Try again in 2 seconds.")
    page.wait(lambda: page.text("#login .outcome") == "You can try again now.", "the end of the wait")
    page.log_in("alice", PASSWORD)


def test_a_login_that_our_programs_throttle(stack, visit, tmp_path):
    counters = {"JWT_THROTTLE": "on", "JWT_THROTTLE_FILE": str(tmp_path / "throttle"), "JWT_THROTTLE_NAME_TRIES": "1"}
    page = visit(stack("plain", **counters).port)
    for _ in range(6):
        page.enter("alice", "wrong")
        said = page.said("login")
        if said.startswith("Too many attempts."):
            break
    seconds = re.match(r"Too many attempts. Try again in (\d+) seconds?\.", said).group(1)
    assert f"Retry-After: {seconds}" in page.detail("received")


def test_a_throttled_login_without_the_header(stub, visit):
    page = visit(stub(login=[(429, {}, {**THROTTLED, "detail": THROTTLED["detail"].replace("2", "40")})]).port)
    page.enter("alice", PASSWORD)
    assert "in 40 seconds" in page.said("login")


def test_a_throttled_refresh_keeps_the_tokens(stub, visit):
    server = stub(hello=[(401, {}, EXPIRED)], refresh=[(429, {"Retry-After": "7"}, THROTTLED)])
    page = visit(server.port)
    page.log_in("alice", PASSWORD)
    assert "in 7 seconds" in page.do("[data-do=hello]", "access")
    assert page.find("#session").is_displayed() and server.count("GET /hello/") == 1


def test_a_refresh_that_is_refused_ends_the_session(stub, visit):
    server = stub(hello=[(401, {}, EXPIRED)], refresh=[(401, {}, REFUSED)])
    page = visit(server.port)
    page.log_in("alice", PASSWORD)
    page.click("[data-do=three]")
    assert page.said("login").startswith("Your session is over")
    assert server.count("POST /api/token/refresh/") == 1 and server.count("GET /hello/") == 3


def test_no_loop_where_a_new_token_does_not_help(stub, visit):
    server = stub(hello=[(401, {}, EXPIRED)], refresh=[lambda *_: (200, {}, {"access": pair()[0]})])
    page = visit(server.port)
    page.log_in("alice", PASSWORD)
    assert "Token is expired" in page.do("[data-do=hello]", "access")
    assert server.count("GET /hello/") == 2 and server.count("POST /api/token/refresh/") == 1


def test_a_refusal_of_the_user_is_not_refreshed(stub, visit):
    server = stub(hello=[(401, {}, {"detail": "User is inactive", "code": "user_inactive"})], refresh=[(200, {}, {})])
    page = visit(server.port)
    page.log_in("alice", PASSWORD)
    assert page.do("[data-do=hello]", "access") == "The server refused: User is inactive."
    assert server.count("POST /api/token/refresh/") == 0


def test_an_answer_that_is_cut_off_or_no_json(stub, visit):
    page = visit(stub(hello=[None, (500, {"Content-Type": "text/html"}, "oops"), (200, {}, {"message": "ok"})]).port)
    page.log_in("alice", PASSWORD)
    assert page.do("[data-do=hello]", "access").startswith("The server does not answer.")
    assert page.do("[data-do=hello]", "access").startswith("The server answered 500")
    assert page.do("[data-do=hello]", "access") == "“ok”"


def test_a_clock_that_is_wrong(stub, visit):
    """The bar follows the server's clock, an hour behind the browser's."""
    def login(*_):
        behind = int(time.time()) - 3600
        access, refresh = token("access", behind, behind + 300), token("refresh", behind, behind + 86400)
        return 200, {"Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(behind))}, \
            {"refresh": refresh, "access": access}

    page = visit(stub(login=[login]).port)
    page.log_in("alice", PASSWORD)
    assert re.fullmatch(r"(5:0\d|4:5\d) left", page.text("#access [data-is=left]"))


# --- The module that others take.

LOGGED_IN = "const client = new TokenClient(); await client.login('alice', 'x');"


def test_the_client_sends_tokens_to_its_server_only(stub, visit):
    other = stub(hello=[(200, {}, {})])
    page = visit(stub(hello=[(200, {}, {"message": "ok"})]).port)
    answer = page.module(f"{LOGGED_IN} return client.fetch('http://127.0.0.1:{other.port}/hello/');")
    assert answer.startswith("failed: TypeError The tokens are for") and other.received == []
    assert page.module(f"{LOGGED_IN} return (await client.fetch('/hello/')).json();") == {"message": "ok"}


def test_the_client_repeats_method_headers_and_body(stub, visit):
    server = stub(hello=[], refresh=[lambda *_: (200, {}, {"access": pair()[0]})])
    server.answers["POST /things/"] = [(401, {}, EXPIRED), (201, {}, {"made": True})]
    page = visit(server.port)
    options = "{ method: 'POST', headers: { 'X-Own': 'kept' }, body: 'a body' }"
    assert page.module(f"{LOGGED_IN} return (await client.fetch('/things/', {options})).status;") == 201
    first, again = [received for received in server.received if received[0] == "POST /things/"]
    assert first[2] == again[2] == "a body" and first[1]["X-Own"] == again[1]["X-Own"] == "kept"
    assert first[1]["Authorization"] != again[1]["Authorization"]


def test_logging_out_during_a_refresh_is_final(stub, visit):
    server = stub(hello=[(401, {}, EXPIRED), (200, {}, {})], logout=[(200, {}, {})],
                  refresh=[lambda *_: (200, {}, {"access": pair()[0], "refresh": "the.next.one"})])
    page = visit(server.port)
    assert page.module("""
        let begun, go;
        const refreshing = new Promise((resolve) => { begun = resolve; });
        const loggedOut = new Promise((resolve) => { go = resolve; });
        const client = new TokenClient({ fetch: async (url, options, why) => {
            if (why === "refresh") {
                begun();
                await loggedOut;
            }
            return fetch(url, options);
        } });
        await client.login("alice", "x");
        const call = client.fetch("/hello/");
        await refreshing;
        const logout = client.logout();
        go();
        return [(await logout).status, (await call).status, client.tokens];""") == [200, 401, None]
    assert json.loads(server.received[-1][2]) == {"refresh": "the.next.one"}
    assert server.count("GET /hello/") == 1


def test_a_late_401_needs_no_second_refresh(stub, visit):
    """Two calls with the same old token; the second's 401 comes when the first has refreshed already."""
    seen = []

    def hello(headers, _):
        seen.append(headers["Authorization"])
        return (401, {}, EXPIRED) if seen[-1] == seen[0] else (200, {}, {})

    server = stub(hello=[hello], refresh=[lambda *_: (200, {}, {"access": pair()[0]})])
    page = visit(server.port)
    assert page.module("""
        let first;
        const client = new TokenClient({ fetch: async (url, options, why) => {
            const response = await fetch(url, options);
            if (url.search === "?late" && why === "call")
                await first;
            return response;
        } });
        await client.login("alice", "x");
        first = client.fetch("/hello/");
        const late = client.fetch("/hello/?late");
        return [(await first).status, (await late).status];""") == [200, 200]
    assert server.count("POST /api/token/refresh/") == 1 and seen.count(seen[0]) == 2


# --- For every eye and device.

UNREADABLE = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const paint = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
};
const light = (colour) => [...colour].slice(0, 3).map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
        const colour = paint(getComputedStyle(e).backgroundColor);
        if (colour[3] === 255)
            return colour;
    }
    return [255, 255, 255];
};
const found = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility())
        continue;
    const [a, b] = [light(paint(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5)
        found.push([texts.currentNode.data, (a + 0.05) / (b + 0.05)]);
}
return found;
"""

TOO_WIDE = "return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - window.innerWidth"


def test_every_text_can_be_read_in_light_and_dark_and_on_a_phone(page):
    def check():
        for theme in ("light", "dark"):
            page.theme(theme)
            page.wait(lambda: page.script(UNREADABLE) == [], f"contrast in {theme}: {page.script(UNREADABLE)}")
        for width in (360, 768, 1100, 1920):
            page.size(width, 800)
            assert page.script(TOO_WIDE) <= 0, width
        page.size(1280, 900)

    check()
    page.enter("alice", "wrong")
    page.said("login")
    check()
    page.log_in("alice", PASSWORD)
    page.do("[data-do=hello]", "access")
    page.do("[data-do=forge]", "access")
    page.click("#session .who summary")
    check()


def test_everything_has_a_name_for_a_screen_reader(page):
    page.log_in("alice", PASSWORD)
    page.do("[data-do=hello]", "access")
    tree = page.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]]
    wanted = {"button", "textbox", "link", "progressbar", "heading", "article", "DisclosureTriangle"}
    assert [role for role, name in nodes if role in wanted and not name.strip()] == []
    assert sum(role == "progressbar" for role, _ in nodes) == 2
    assert [name for role, name in nodes if role == "heading"][0].startswith("Say who you are once.")
    assert sum(role == "status" for role, _ in nodes) >= 2
