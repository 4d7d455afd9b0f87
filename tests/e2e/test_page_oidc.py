"""The page's second way to log in, the code flow, in a real Chromium, against the provider itself."""
import pathlib
import shutil
import tempfile

import pytest
from harness import ours, process
from harness.fixtures import skip_without
from harness.oidc import COOKIE, PASSWORD, SERVER, Provider, add_client
from harness.tokens import claims_of

pytest.importorskip("selenium", reason="python3-selenium is not installed")
from harness.browser import WWW, Page, Stub, browser, missing  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")

STEPS = ["request", "code", "token", "api"]


class Site(Provider):
    """The provider, and our page at / of its issuer."""

    server = SERVER + "include jwt-fcgi/page.conf;\n"

    def _write_configuration(self, origins):
        super()._write_configuration(origins)
        shutil.copytree(WWW, self.folder / "www")
        page = self.folder / "jwt-fcgi/page.conf"
        page.write_text(page.read_text().replace("/run/jwt-fcgi/www", str(self.folder / "www")))


@pytest.fixture(scope="module")
def running(oidc_site):
    skip_without("jwtctl", "hello", "discovery", "authorize", "oauth_token", "revoke")
    with Site(oidc_site) as home:
        yield home


@pytest.fixture
def home(running):
    running.restore()
    add_client(running.site, "page", auth_method="none", redirect_uris=[f"{running.issuer}/"])
    return running


@pytest.fixture
def folder():
    """A folder that other users can enter, which those of pytest are not."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-page-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def page(home, browser):
    browser.driver.delete_all_cookies()
    page = browser.open(home.port)
    page.wait(lambda: page.find("#offer").is_displayed(), "the offer of the code flow")
    yield page
    browser.driver.delete_all_cookies()
    assert not browser.errors()


def remember(home, page, **columns):
    """The browser has logged in at the server before."""
    for name, value in home.browser(**columns).items():
        page.driver.add_cookie({"name": name, "value": value, "path": "/", "httpOnly": True})


def shown(page, step):
    """{name: value} of a step's list; None if the step is not there to be seen."""
    if not page.find(f"#flow [data-step={step}]").is_displayed():
        return None
    rows = page.script("""return [...document.querySelectorAll(`#flow [data-step=${arguments[0]}] .row`)]
        .map((row) => [...row.children].map((part) => part.textContent))""", step)
    return dict(rows)


def finished(page):
    page.wait(lambda: not page.busy() and shown(page, "api"), "the end of the flow")


def run_through(page):
    page.click("#flow-begin")
    page.wait(lambda: shown(page, "request"), "the first step")
    page.click("#flow-go")
    finished(page)


def test_each_step_is_shown(home, page):
    remember(home, page)
    page.click("#flow-begin")
    page.wait(lambda: shown(page, "request"), "the first step")
    request = shown(page, "request")
    assert request["client_id"] == "page" and request["redirect_uri"] == f"{home.issuer}/"
    assert request["response_type"] == "code" and request["code_challenge_method"] == "S256"
    assert len(request["code_challenge"]) == 43 and [shown(page, step) for step in STEPS[1:]] == [None] * 3
    page.click("#flow-go")
    finished(page)
    assert shown(page, "request") == request
    code = shown(page, "code")
    assert code["state"] == request["state"] and code["iss"] == home.issuer
    token = shown(page, "token")
    assert (token["sub"], token["aud"], token["nonce"]) == ("1", "page", request["nonce"])
    assert shown(page, "api")["answer"].endswith("“Hello, World!”")
    assert page.driver.current_url == f"{home.issuer}/"  # without the code
    assert [exchange for exchange in page.exchanges() if exchange[1] != "GET /api/sessions/"] == [
        ["200", "POST /oauth/token", "token request"], ["200", "GET /hello/", "call"]]
    claims = claims_of(page.text("#access [data-is=encoded]"))
    assert claims["client_id"] == "page" and claims["scope"].split() == ["openid", "profile", "email", "offline_access"]
    assert page.script("return sessionStorage.length") == 0
    assert page.script("return document.cookie") == ""


def test_the_password_is_given_to_the_server_alone(home, page):
    skip_without("login")
    page.click("#flow-begin")
    page.wait(lambda: shown(page, "request"), "the first step")
    page.click("#flow-go")
    page.wait(lambda: page.driver.current_url.startswith(f"{home.issuer}/oauth/authorize?"), "the server's page")
    page.find("[name=username]").send_keys("alice")
    page.find("[name=password]").send_keys(PASSWORD)
    page.find("[name=password]").submit()
    page.wait(lambda: page.driver.current_url == f"{home.issuer}/", "the way back")
    finished(page)
    assert shown(page, "api")["answer"].endswith("“Hello, World!”")
    assert PASSWORD not in page.driver.page_source
    [cookie] = [cookie for cookie in page.driver.get_cookies() if cookie["name"] == COOKIE]
    assert cookie["httpOnly"]


def test_the_tokens_are_renewed_and_revoked_as_oauth_says(home, page):
    remember(home, page)
    run_through(page)
    before = page.text("#refresh [data-is=encoded]")
    page.do("[data-do=refresh]", "refresh")
    assert page.exchanges()[-1] == ["200", "POST /oauth/token", "refresh"]
    assert page.text("#refresh [data-is=encoded]") != before
    assert page.do("[data-do=hello]", "access").endswith("“Hello, World!”")
    access = page.text("#access [data-is=encoded]")
    page.click("#logout")
    assert page.said("login").startswith("Logged out: the server has revoked the refresh token")
    assert page.exchanges()[-1] == ["200", "POST /oauth/revoke", "log out"]
    assert not page.find("#flow").is_displayed()
    assert home.site.execute("SELECT count(*) FROM jwt_session WHERE client_id = 'page'") == [(0,)]
    page.wait(lambda: home.get("/hello/", headers=[f"Authorization: Bearer {access}"]).status == 401, "the end")


def test_the_list_of_sessions_tells_clients_and_the_browser(home, page):
    skip_without("sessions")
    remember(home, page)
    run_through(page)
    page.wait(lambda: len(page.all("#sessions li")) == 2, "both sessions")
    listed = sorted(item.text for item in page.all("#sessions li"))
    assert "the browser's login" in listed[0] and "this one of the client page" in listed[1]


def test_an_ended_session_is_over(home, page):
    remember(home, page)
    run_through(page)
    home.site.execute("DELETE FROM jwt_session WHERE client_id = 'page'")
    page.click("[data-do=refresh]")
    assert "Log in again" in page.said("login")
    assert page.exchanges()[-1][:2] == ["400", "POST /oauth/token"]


def test_a_client_that_may_not_stay_has_no_refresh_token(home, page):
    home.site.execute("UPDATE oidc_client SET scopes = '{openid}' WHERE client_id = 'page'")
    remember(home, page)
    run_through(page)
    assert not page.find("#refresh").is_displayed()
    page.click("#logout")
    assert page.said("login").startswith("Logged out")
    assert home.site.execute("SELECT count(*) FROM jwt_session WHERE client_id = 'page'") == [(0,)]


@pytest.mark.parametrize("change, words", [
    ({"state": "another"}, "state differs"),
    ({"iss": "https://elsewhere.example"}, "iss differs"),
    ({"code": None, "error": "access_denied", "error_description": "no, thanks"}, "The server refused: no, thanks"),
])
def test_an_answer_to_another_request_is_refused(home, page, change, words):
    """No token request is made for it."""
    page.click("#flow-begin")
    page.wait(lambda: shown(page, "request"), "the first step")
    answer = {"code": "c" * 43, "state": shown(page, "request")["state"], "iss": home.issuer, **change}
    page.script("""const url = new URL("/", location.href);
        for (const [name, value] of Object.entries(arguments[0]))
            if (value !== null)
                url.searchParams.set(name, value);
        location.assign(url);""", answer)
    assert page.wait(lambda: page.find("#flow [data-step=code]").is_displayed() and page.said("login"), "words").startswith(words)
    assert page.exchanges() == [] and page.driver.current_url == f"{page.base}/"
    assert shown(page, "token") is None


def test_a_used_code_is_explained(home, page):
    page.click("#flow-begin")
    page.wait(lambda: shown(page, "request"), "the first step")
    state = shown(page, "request")["state"]
    page.script("location.assign(`/?${new URLSearchParams(arguments[0])}`)",
                {"code": "c" * 43, "state": state, "iss": home.issuer})
    page.wait(lambda: page.exchanges(), "the token request")
    assert "invalid_grant" in page.said("login") or "code" in page.said("login")
    assert page.exchanges()[0][:2] == ["400", "POST /oauth/token"] and shown(page, "token") is None


def test_a_link_with_a_code_does_nothing(page):
    """The page has asked for none, so an attacker's code is not redeemed."""
    page.driver.get(f"{page.base}/?code={'c' * 43}&state=x&iss={page.base}")
    page.wait(lambda: page.find("#offer").is_displayed(), "the offer")
    assert page.exchanges() == [] and not page.find("#flow").is_displayed()
    assert page.driver.current_url == f"{page.base}/"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(home, page, width, theme):
    remember(home, page)
    page.theme(theme)
    page.size(width, 800)
    run_through(page)
    assert page.script("return document.documentElement.scrollWidth") <= width


def test_the_page_that_run_serves(browser, folder):
    """The whole of it: ./run with its own database, key, client and Nginx."""
    skip_without("token", "refresh", "hello", "login", "oauth_token", "jwtctl")
    run = ours.Ours({}, {}, folder)
    try:
        process.wait_for(run.ready, "./run", 60)
        page = browser.open(run.port)
        page.wait(lambda: page.find("#offer").is_displayed(), "the offer of the code flow")
        page.click("#flow-begin")
        page.wait(lambda: shown(page, "request"), "the first step")
        page.click("#flow-go")
        page.wait(lambda: "/oauth/authorize?" in page.driver.current_url, "the server's page")
        page.find("[name=username]").send_keys("vitor")
        page.find("[name=password]").send_keys("123")
        page.find("[name=password]").submit()
        page.wait(lambda: page.driver.current_url == f"{page.base}/", "the way back")
        finished(page)
        assert shown(page, "api")["answer"].endswith("“Hello, World!”")
        page.do("[data-do=refresh]", "refresh")
        assert page.exchanges()[-1] == ["200", "POST /oauth/token", "refresh"]
        page.click("#logout")
        assert page.said("login").startswith("Logged out: the server has revoked the refresh token")
        wrong = [entry for entry in browser.console() if entry["source"] != "network" and entry["level"] != "INFO"]
        assert not wrong
    finally:
        run.end()


def test_a_server_without_it_offers_nothing(browser):
    server = Stub({"POST /api/token/": [(401, {}, {})]})
    try:
        page = Page(browser.driver, f"http://127.0.0.1:{server.port}")
        browser.driver.get(page.base + "/")
        page.wait(lambda: page.script("return document.readyState") == "complete", "the page")
        page.module("return (await import('/flow.js')).discover()")
        assert page.find("#login").is_displayed() and not page.find("#offer").is_displayed()
    finally:
        server.end()
