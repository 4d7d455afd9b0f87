"""A real Chromium, driven by Debian's chromedriver, and what a user does with our page in it."""
import contextlib
import http.server
import json
import mimetypes
import re
import shutil
import subprocess
import tempfile
import threading

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from . import ours

WWW = ours.CHECKOUT / "nginx/www"
POLICY = re.search(r'Content-Security-Policy "([^"]+)"', (WWW.parent / "page.conf").read_text()).group(1)

ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--lang=en-US", "--window-size=1280,900",
)


def missing():
    return [name for name in ("chromium", "chromedriver") if not shutil.which(name)]


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="jwt-fcgi-chromium-")
        options = Options()
        options.binary_location = shutil.which("chromium")
        for argument in (*ARGUMENTS, f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)

    def open(self, port):
        self.driver.get("about:blank")
        self.console()
        page = Page(self.driver, f"http://127.0.0.1:{port}")
        page.theme("light")
        page.size(1280, 900)
        self.driver.get(page.base + "/")
        return page

    def console(self):
        return self.driver.get_log("browser")

    def errors(self):
        """The console's messages, except those about refused requests."""
        return [entry for entry in self.console() if entry["source"] != "network" and entry["level"] != "INFO"]

    def end(self):
        with contextlib.suppress(Exception):
            self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.end()


class Page:
    def __init__(self, driver, base):
        self.driver, self.base = driver, base

    def script(self, body, *values):
        return self.driver.execute_script(body, *values)

    def module(self, body):
        """The result of an async function with this body, in which TokenClient of client.js is defined."""
        return self.driver.execute_async_script(
            "const answer = arguments[0]; import('/client.js').then(async ({ TokenClient }) => {"
            f"{body} }}).then(answer, (error) => answer(`failed: ${{error.name}} ${{error.message}}`));"
        )

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0]).textContent", selector)

    def wait(self, condition, what, seconds=10):
        return WebDriverWait(self.driver, seconds, poll_frequency=0.1).until(lambda _: condition(), what)

    def theme(self, name):
        wanted = {"prefers-color-scheme": name, "prefers-reduced-motion": "reduce"}
        features = [{"name": feature, "value": value} for feature, value in wanted.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def size(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    # What a user does. Each waits for the page's message.

    def click(self, selector):
        element = self.find(selector)
        self.script("arguments[0].scrollIntoView({ block: 'center' })", element)
        element.click()

    def do(self, selector, place):
        """Clicks, and returns the message under `place`."""
        self.forget(place)
        self.click(selector)
        return self.said(place)

    def forget(self, place):
        self.script("document.querySelector(arguments[0]).textContent = ''", f"#{place} .outcome")

    def said(self, place):
        return self.wait(lambda: not self.busy() and self.text(f"#{place} .outcome"), f"words under {place}")

    def busy(self):
        return self.script("return document.body.classList.contains('busy')")

    def enter(self, name, password):
        for field, value in (("username", name), ("password", password)):
            element = self.find(f"[name={field}]")
            element.clear()
            element.send_keys(value)
        self.forget("login")
        self.click("#login form button")

    def log_in(self, name, password):
        self.enter(name, password)
        self.wait(lambda: self.find("#session").is_displayed(), "the tokens")

    def expire(self, seconds=10):
        self.wait(lambda: self.find("#access").get_attribute("data-life") == "over", "the end of the token", seconds)

    def exchanges(self):
        """The list of exchanges, oldest first, as texts: status, request line and purpose."""
        return self.script("""
            return [...document.querySelectorAll("#exchanges li")].reverse().map((item) => {
                const text = (name) => item.querySelector(`[data-is=${name}]`).textContent;
                return [text("status"), `${text("method")} ${text("path")}`, text("why")];
            });""")

    def detail(self, name, number=0):
        """One text of an exchange; number 0 is the newest."""
        return self.script("return document.querySelectorAll(`#exchanges [data-is=${arguments[0]}]`)[arguments[1]].textContent",
                           name, number)


def run_curl(line):
    """Status and body that a curl command gets, run by a shell."""
    output = subprocess.run(["bash", "-c", line.replace("curl -i", "curl -s -i", 1)], check=True,
                            capture_output=True, timeout=20).stdout.decode()
    head, _, body = output.replace("\r\n", "\n").partition("\n\n")
    return int(head.split()[1]), body


class Stub:
    """A server with our page and the answers that a test sets: {"POST /path": [(status, headers, body), ...]}.

    The last answer of a list is repeated. received: the requests, as [line, headers, body].
    """

    def __init__(self, answers, cookie=False):
        self.cookie = cookie
        self.answers = {line: list(given) for line, given in answers.items()}
        self.received = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def count(self, line):
        return sum(received[0] == line for received in self.received)

    def _answer(self, line, headers, body):
        if line == "POST /api/token/refresh/" and body == "{}" and not self.cookie:  # the page's try at load
            return 400, {}, {"refresh": ["This field is required."]}
        with self.lock:
            self.received.append([line, headers, body])
            given = self.answers[line]
            answer = given.pop(0) if len(given) > 1 else given[0]
        return answer(headers, body) if callable(answer) else answer

    def _handler(stub):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if f"GET {self.path.partition('?')[0]}" in stub.answers:
                    self.api()
                else:
                    self.file()

            def do_POST(self):
                self.api()

            do_DELETE = do_POST

            def api(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                answer = stub._answer(f"{self.command} {self.path.partition('?')[0]}", self.headers, body)
                if answer is None:  # cut off
                    return
                status, headers, value = answer
                self.send(status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())

            def file(self):
                path = WWW / (self.path[1:] or "index.html")
                if path.parent != WWW or not path.is_file():
                    self.send(404, {"Content-Type": "application/json"}, b"{}")
                    return
                kind = {".js": "text/javascript"}.get(path.suffix) or mimetypes.guess_type(path)[0]
                self.send(200, {"Content-Type": kind, "Content-Security-Policy": POLICY}, path.read_bytes())

            def send(self, status, headers, body):
                self.send_response_only(status)
                for name, value in {"Date": self.date_time_string(), **headers, "Content-Length": len(body)}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def end(self):
        self.server.shutdown()
        self.server.server_close()
