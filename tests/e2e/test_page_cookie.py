"""The page and its client in a real Chromium, where the refresh token is in a cookie (JWT_REFRESH_COOKIE)."""
import pytest
from harness import ours
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.site import Site

pytest.importorskip("selenium", reason="python3-selenium is not installed")
from harness.browser import Page, Stub, browser, missing  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")

EXPIRED = {"detail": "Given token not valid for any token type", "code": "token_not_valid", "messages": []}
AWAY = (503, {"Retry-After": "1"}, {"detail": "The service is unavailable for the moment.", "code": "unavailable"})
LOGGED_IN = "const client = new TokenClient(); await client.login('alice', 'x');"


@pytest.fixture(scope="module")
def kept(cluster):
    skip_without("token", "refresh", "blacklist", "sessions", "hello")
    site = Site(cluster, "page_cookie")
    cluster.psql("page_cookie", "-f", ours.CHECKOUT / "sql/sessions.sql")
    yield site
    site.end()


@pytest.fixture
def page(kept, browser):
    kept.execute("DELETE FROM jwt_session; DELETE FROM jwt_change")
    server = kept.ours("plain", JWT_SESSIONS="on", JWT_REFRESH_COOKIE="insecure")
    browser.driver.delete_all_cookies()
    yield browser.open(server.port)
    browser.driver.delete_all_cookies()
    assert not browser.errors()


@pytest.fixture
def stub():
    stubs = []

    def start(**answers):
        lines = {"login": "POST /api/token/", "refresh": "POST /api/token/refresh/", "hello": "GET /hello/",
                 "logout": "POST /api/token/blacklist/", "change": "POST /change/"}
        stubs.append(Stub({lines[name]: given for name, given in {"refresh": [(401, {}, EXPIRED)], **answers}.items()},
                          cookie=True))
        return stubs[-1]

    yield start
    for stub in stubs:
        stub.end()


def log_in(page):
    page.log_in("alice", PASSWORD)
    page.wait(lambda: page.find("#sessions").is_displayed(), "the list of sessions")


def rows(page):
    return page.script("return [...document.querySelectorAll('#sessions li b')].map((item) => item.textContent)")


def reload(page):
    page.driver.refresh()
    page.wait(lambda: page.find("#session").is_displayed() and page.find("#sessions").is_displayed(), "the session")


def test_a_reload_stays_logged_in(page):
    log_in(page)
    assert not page.find("#refresh .open").is_displayed() and page.find("#refresh [data-mode=cookie]").is_displayed()
    [cookie] = page.driver.get_cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["name"] == "jwt_refresh"
    assert page.script("return document.cookie") == ""
    for _ in range(2):
        reload(page)
        assert page.text("#name").startswith("user ")
        assert page.exchanges()[0] == ["200", "POST /api/token/refresh/", "restore, by itself"]
        assert page.do("[data-do=hello]", "access").endswith("“Hello, World!”")
    value = page.driver.get_cookies()[0]["value"]
    assert value not in page.driver.page_source and value.split(".")[2] not in page.driver.page_source


def test_a_logout_ends_it_for_the_reload_too(page, kept):
    log_in(page)
    page.click("#logout")
    assert page.said("login").startswith("Logged out")
    assert page.driver.get_cookies() == [] and kept.execute("SELECT count(*) FROM jwt_session") == [(0,)]
    page.driver.refresh()
    assert page.wait(lambda: page.find("#login").is_displayed(), "the form")
    assert page.exchanges() == []


def test_other_sessions_are_listed_and_ended(page, kept):
    log_in(page)
    page.driver.delete_all_cookies()  # as another browser
    page.driver.refresh()
    log_in(page)
    assert len(rows(page)) == 2 and rows(page).count("this one") == 1
    other = next(name for name in rows(page) if name != "this one")
    assert page.do(f"#sessions [aria-label='End the session {other}']", "sessions").startswith("Ended")
    page.wait(lambda: rows(page) == ["this one"], "the list without it")
    assert kept.execute("SELECT count(*) FROM jwt_session") == [(1,)]
    page.click("#sessions li button")
    assert "Log in again" in page.said("login")
    assert kept.execute("SELECT count(*) FROM jwt_session") == [(0,)]


def test_tabs_share_a_session_its_refresh_and_its_end(page, browser):
    """The second tab gets its tokens from the cookie, and learns from the first that the session is over."""
    log_in(page)
    first = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    try:
        second = Page(browser.driver, page.base)
        browser.driver.get(page.base + "/")
        second.wait(lambda: second.find("#session").is_displayed(), "the session in the second tab")
        shown = second.text("#access [data-is=encoded]")
        browser.driver.switch_to.window(first)
        page.do("[data-do=refresh]", "refresh")
        refreshed = page.text("#access [data-is=encoded]")
        assert refreshed != shown
        browser.driver.switch_to.window(browser.driver.window_handles[-1])
        second.wait(lambda: second.text("#access [data-is=encoded]") == refreshed, "the access token of the first tab")
        second.click("#logout")
        second.said("login")
        browser.driver.switch_to.window(first)
        page.wait(lambda: page.find("#login").is_displayed(), "the end in the first tab")
    finally:
        browser.driver.switch_to.window(browser.driver.window_handles[-1])
        if browser.driver.current_window_handle != first:
            browser.driver.close()
        browser.driver.switch_to.window(first)


def token_of(number):
    return 200, {}, {"access": f"access.of.{number}"}


def test_the_client_shows_no_refresh_token(browser, stub):
    server = stub(login=[token_of(1)], refresh=[(401, {}, EXPIRED), token_of(2)], logout=[(200, {}, {})],
                  hello=[(401, {}, EXPIRED), (401, {}, EXPIRED), (200, {}, {})])
    page = browser.open(server.port)
    page.wait(lambda: server.count("POST /api/token/refresh/") == 1, "the page's own try")
    server.received.clear()
    assert page.module(f"""{LOGGED_IN}
        const answers = await Promise.all([client.fetch('/hello/'), client.fetch('/hello/')]);
        const tokens = client.tokens;
        await client.logout();
        return [answers.map((answer) => answer.status), tokens, client.tokens];
        """) == [[200, 200], {"access": "access.of.2", "refresh": None}, None]
    assert [(line, body) for line, _, body in server.received if line != "GET /hello/"] == [
        ("POST /api/token/", '{"username":"alice","password":"x"}'), ("POST /api/token/refresh/", "{}"),
        ("POST /api/token/blacklist/", "{}")]


def test_two_clients_that_are_refused_at_once_refresh_once(browser, stub):
    """As two tabs: the lock lets one refresh, the other takes its access token. Without them each refreshes."""
    def hello(headers, _):
        return (200, {}, {}) if headers["Authorization"] == "Bearer access.of.2" else (401, {}, EXPIRED)

    refreshes = "POST /api/token/refresh/"
    server = stub(login=[token_of(1)], hello=[hello])
    page = browser.open(server.port)
    page.wait(lambda: server.count(refreshes) == 1, "the page's own try")
    for least, gone in ((2, ""), (3, "delete globalThis.BroadcastChannel;"
                                     "Object.defineProperty(navigator, 'locks', { value: undefined });")):
        server.answers[refreshes] = [token_of(1), token_of(2)]
        server.received.clear()
        assert page.module(f"""{gone} {LOGGED_IN} const other = new TokenClient(); await other.restore();
            const answers = await Promise.all([client.fetch('/hello/'), other.fetch('/hello/')]);
            return answers.map((answer) => answer.status);""") == [200, 200]
        assert least <= server.count(refreshes) <= 3


def test_an_outage_is_waited_for(browser, stub):
    server = stub(login=[token_of(1)], hello=[AWAY, (401, {}, EXPIRED), (200, {}, {})], change=[AWAY],
                  refresh=[(401, {}, EXPIRED), AWAY, token_of(2)])
    page = browser.open(server.port)
    page.wait(lambda: server.count("POST /api/token/refresh/") == 1, "the page's own try")
    assert page.module(f"""{LOGGED_IN}
        const begun = performance.now(), answer = await client.fetch('/hello/');
        const waited = performance.now() - begun;
        const change = await client.fetch('/change/', {{ method: 'POST' }});
        return [answer.status, waited >= 2000, change.status, client.tokens.access];
        """) == [200, True, 503, "access.of.2"]
    assert server.count("POST /change/") == 1, "a POST may have been done"
    assert server.count("GET /hello/") == 3 and server.count("POST /api/token/refresh/") == 3


def test_an_outage_that_stays_is_told_and_ends_nothing(browser, stub):
    server = stub(login=[token_of(1)], hello=[AWAY])
    page = browser.open(server.port)
    assert page.module(f"{LOGGED_IN} return [(await client.fetch('/hello/')).status, client.tokens.access];") == [
        503, "access.of.1"]
    assert server.count("GET /hello/") == 3
