"""The login pages in a real Chromium: by keyboard, without script, from other sites, and how they look."""
import http.server
import threading
import urllib.parse

import pytest
from harness import npm
from harness.fixtures import skip_without
from harness.oidc import COOKIE, PASSWORD, Provider, add_client, oidc_site, provider, running_provider

pytest.importorskip("selenium", reason="python3-selenium is not installed")
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

from harness.browser import browser, missing  # noqa: E402

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")

LONG = "Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


class Site:
    """Another site than the provider's: localhost is not 127.0.0.1. It answers with what `pages` has for a path,
    204 for /stay; received lists [method, path, fields]."""

    def __init__(self):
        self.pages, self.received = {}, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def _handler(site):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(urllib.parse.urlsplit(self.path).query)

            def do_POST(self):
                self.answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def answer(self, text):
                path = urllib.parse.urlsplit(self.path).path
                site.received.append([self.command, path, dict(urllib.parse.parse_qsl(text))])
                body = site.pages.get(path, "<!DOCTYPE html><title>arrived</title>").encode()
                self.send_response(204 if path == "/stay" else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(0 if path == "/stay" else len(body)))
                self.end_headers()
                if path != "/stay":
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def got(self, path="/callback"):
        """What the last request for that path brought."""
        return [found for found in self.received if found[1] == path][-1]

    def end(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def relying():
    relying = Site()
    yield relying
    relying.end()


class Person:
    """A user in the browser, who has come from the site's client `rp`, or from `third`."""

    def __init__(self, browser, provider, site):
        self.driver, self.provider, self.site = browser.driver, provider, site
        self.page = browser.open(provider.port)
        self.user = "alice"
        self.driver.delete_all_cookies()
        for name, columns in (("rp", {}), ("asks", {"first_party": False})):
            add_client(provider.site, name, redirect_uris=[f"{site.url}/callback", f"{site.url}/stay"],
                       post_logout_redirect_uris=[f"{site.url}/bye"], **columns)

    def url(self, client_id="rp", **changes):
        fields = {"redirect_uri": f"{self.site.url}/callback", **changes}
        return f"{self.provider.issuer}/oauth/authorize?" + urllib.parse.urlencode(self.provider.request(client_id, **fields))

    def come(self, client_id="rp", **changes):
        self.driver.get(self.url(client_id, **changes))

    def type(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def log_in(self, client_id="rp", password=PASSWORD, **changes):
        self.come(client_id, **changes)
        self.type(self.user, Keys.TAB, password, Keys.ENTER)

    def title(self):
        return self.driver.title.partition(" \u2013 ")[0]

    def arrived(self, path="/callback"):
        self.page.wait(lambda: self.driver.title == "arrived", "the client's page")
        return self.site.got(path)

    def focused(self):
        return self.page.script("return document.activeElement.name || document.activeElement.tagName")

    def cookie(self):
        self.driver.get(f"{self.provider.issuer}/oidc.css")  # cookies are those of the page's site
        return self.driver.get_cookie(COOKIE)


@pytest.fixture
def person(browser, provider, relying):
    skip_without("login", "end_session")
    person = Person(browser, provider, relying)
    browser.console()
    yield person
    assert not browser.errors()


def test_a_login_by_keyboard(person):
    person.come()
    assert person.title() == "Log in" and person.focused() == "username"
    person.type("alice", Keys.TAB, "wrong", Keys.ENTER)
    person.page.wait(lambda: person.page.all("[role=alert]"), "the message")
    assert person.focused() == "password" and person.page.find("#username").get_attribute("value") == "alice"
    person.type(PASSWORD, Keys.TAB, Keys.SPACE)
    method, _, fields = person.arrived()
    assert method == "GET" and set(fields) == {"code", "state", "iss"}
    person.come()
    assert person.arrived()[2]["code"] != fields["code"]  # without a page
    cookie = person.cookie()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and "expiry" not in cookie


def test_consent_and_refusal_by_keyboard(person):
    person.log_in("asks")
    person.page.wait(lambda: person.title() == "Allow access?", "the question")
    person.type(Keys.TAB, Keys.TAB)
    assert person.page.script("return document.activeElement.textContent") == "Do not allow"
    person.type(Keys.ENTER)
    assert person.arrived()[2]["error"] == "access_denied"
    person.come("asks")
    person.type(Keys.TAB, Keys.ENTER)
    assert "code" in person.arrived()[2]


def test_logout_by_keyboard(person):
    person.log_in()
    person.arrived()
    person.driver.get(f"{person.provider.issuer}/oauth/logout")
    assert person.title() == "Log out?"
    person.type(Keys.TAB, Keys.ENTER)
    person.page.wait(lambda: person.title() == "You are logged out", "the end")
    person.come()
    assert person.title() == "Log in"


def test_without_script(person):
    person.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        person.come("asks", response_mode="form_post", state="<\"'>&amp;")
        for name, text in (("username", "alice"), ("password", PASSWORD)):
            person.page.find(f"[name={name}]").send_keys(text)
        for title in ("Log in", "Allow access?", "One moment"):
            person.page.wait(lambda: person.driver.title.startswith(title), title)
            person.page.find("form button").click()
        person.page.wait(lambda: person.driver.title == "arrived", "the client's page")
    finally:
        person.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    method, _, fields = person.site.got()
    assert method == "POST" and set(fields) == {"code", "state", "iss"} and fields["state"] == "<\"'>&amp;"


def test_form_post_needs_no_click(person):
    person.log_in(response_mode="form_post")
    method, _, fields = person.arrived()
    assert method == "POST" and set(fields) == {"code", "state", "iss"}
    person.come(response_mode="form_post", prompt="none", scope="nothing")
    assert person.arrived()[2]["error"] == "invalid_scope"


def submits(action, fields):
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return (f'<!DOCTYPE html><title>evil</title><form method="post" action="{action}">{inputs}</form>'
            "<script>document.forms[0].submit()</script>")


def test_another_site_cannot_log_a_user_in(person):
    """With a form cookie in the browser, and with the form of an attacker's own visit."""
    person.come()
    csrf = person.page.find("[name=csrf]").get_attribute("value")
    fields = {**person.provider.request("rp", redirect_uri=f"{person.site.url}/callback"), "csrf": csrf,
              "username": "bob", "password": "another password"}
    person.site.pages["/evil"] = submits(f"{person.provider.issuer}/oauth/login", fields)
    person.driver.get(f"{person.site.url}/evil")
    person.page.wait(lambda: person.page.all("[role=alert]"), "the page again")
    assert person.title() == "Log in" and person.focused() == "password"
    assert person.provider.site.execute("SELECT count(*) FROM jwt_session")[0][0] == 0


def test_another_site_cannot_log_a_user_out(person):
    person.log_in()
    person.arrived()
    person.site.pages["/link"] = f'<!DOCTYPE html><title>evil</title><img src="{person.provider.issuer}/oauth/logout">'
    person.driver.get(f"{person.site.url}/link")
    person.site.pages["/evil"] = submits(f"{person.provider.issuer}/oauth/logout", {"csrf": "x"})
    person.driver.get(f"{person.site.url}/evil")
    person.page.wait(lambda: person.driver.title != "evil", "an answer")
    person.site.pages["/post"] = submits(f"{person.provider.issuer}/oauth/logout", {"state": "x"})
    person.driver.get(f"{person.site.url}/post")
    person.page.wait(lambda: person.page.all("h1"), "the question")
    assert person.title() == "Log out?"
    person.come()
    assert "code" in person.arrived()[2]


def test_another_site_cannot_frame_a_page(person):
    person.site.pages["/frame"] = f'<!DOCTYPE html><title>evil</title><iframe src="{person.url().replace("&", "&amp;")}"></iframe>'
    person.driver.get(f"{person.site.url}/frame")
    person.driver.switch_to.frame(0)
    try:
        assert not person.page.all("form")
    finally:
        person.driver.switch_to.default_content()
    person.driver.get_log("browser")  # Chromium says there why it shows no page


# How they look


def login(person):
    person.come()


def wrong(person):
    person.log_in(password="wrong")
    person.page.wait(lambda: person.page.all("[role=alert]"), "the message")


def consent(person):
    person.log_in("asks", scope="openid profile email offline_access")
    person.page.wait(lambda: person.title() == "Allow access?", "the question")


def post(person):
    person.log_in(response_mode="form_post", redirect_uri=f"{person.site.url}/stay")
    person.page.wait(lambda: person.title() == "One moment" and person.site.received, "the form")


def question(person):
    person.log_in()
    person.arrived()
    person.driver.get(f"{person.provider.issuer}/oauth/logout")


def logged_out(person):
    person.driver.get(f"{person.provider.issuer}/oauth/logout")


def unknown(person):
    person.come("nobody")


def method(person):
    person.driver.get(f"{person.provider.issuer}/oauth/login")


PAGES = (login, wrong, consent, post, question, logged_out, unknown, method)


class Failing(Provider):
    """Where Nginx answers with the error that the parameter `nginx` names, and logins are limited."""

    def _write_configuration(self, origins):
        super()._write_configuration(origins)
        with open(self.folder / "jwt-fcgi/oidc_page.conf", "a") as file:
            for status in (403, 413, 429, 502):
                file.write(f"if ($arg_nginx = {status}) {{ return {status}; }}\n")


@pytest.fixture(scope="module")
def failing(oidc_site, tmp_path_factory):
    skip_without("login", "authorize")
    folder = tmp_path_factory.mktemp("throttle")
    with Failing(oidc_site, JWT_THROTTLE="on", JWT_THROTTLE_FILE=str(folder / "table")) as failing:
        yield failing


@pytest.fixture
def stranded(browser, failing, relying):
    failing.restore()
    return Person(browser, failing, relying)


def damaged(person):
    person.driver.get(person.url() + "&nonce=%00")


def too_large(person):
    person.come(nginx=413)


def forbidden(person):
    person.come(nginx=403)


def limited(person):
    person.come(nginx=429)


def unreachable(person):
    person.come(nginx=502)


def outage(person):
    person.provider.site.execute("ALTER TABLE oidc_client RENAME TO away")
    try:
        person.come()
    finally:
        person.provider.site.execute("ALTER TABLE away RENAME TO oidc_client")


def throttled(person):
    person.come()
    while "Too many attempts" not in person.page.find("main").text:
        name = person.page.find("#username")
        name.clear()
        name.send_keys("alice", Keys.TAB, "wrong", Keys.ENTER)
        person.page.wait(lambda: person.page.all("[role=alert]"), "the message")


ERRORS = {damaged: 400, too_large: 400, forbidden: 403, throttled: 429, limited: 429, outage: 503, unreachable: 503}


def test_the_next_try_after_too_many_by_keyboard(stranded):
    throttled(stranded)
    assert stranded.focused() == "password"
    stranded.type("wrong", Keys.ENTER)
    stranded.page.wait(lambda: stranded.page.all("[role=alert]"), "the message")
    assert stranded.focused() == "password"


@pytest.mark.parametrize("show, status", ERRORS.items())
def test_errors_have_no_accessibility_violation(stranded, show, status):
    test_no_accessibility_violation(stranded, show)
    entry = stranded.page.script("return performance.getEntriesByType('navigation')[0].responseStatus")
    assert entry == status
    if show is not throttled:
        assert f"{status} " in stranded.page.find(".code").text
    assert stranded.page.script("return getComputedStyle(document.querySelector('main')).borderTopWidth") == "1px"


@pytest.mark.parametrize("show", PAGES)
def test_no_accessibility_violation(person, show):
    axe = (npm.modules() / "axe-core/axe.min.js").read_text()
    show(person)
    for theme in ("light", "dark"):
        person.page.theme(theme)
        for width in (360, 1280):
            person.page.size(width, 800)
            person.page.script(axe)
            found = person.driver.execute_async_script("axe.run(document).then(arguments[0])")
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
            # What axe cannot decide is no violation; it decides the contrast of every text.
            assert "color-contrast" in [one["id"] for one in found["passes"]]


@pytest.mark.parametrize("show", PAGES)
def test_no_scrolling_at_360_pixels(person, show):
    person.provider.site.execute("UPDATE oidc_client SET name = %s", LONG)
    person.user = LONG[:150]
    person.provider.site.execute("UPDATE auth_user SET username = %s WHERE id = 1", person.user)
    person.page.size(360, 640)
    show(person)
    assert person.page.script("return document.documentElement.scrollWidth") <= 360
    assert person.page.script("return getComputedStyle(document.querySelector('main')).borderTopWidth") == "1px"  # it is styled
    for element in person.page.all("button, input:not([type=hidden])"):
        assert element.size["height"] >= 44  # for a finger
