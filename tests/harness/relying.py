"""Shared by the tests of relying parties: their URIs and secret, a login through the pages, partners in other languages."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest
import requests

from . import npm
from .pages import Page
from .people import PASSWORD
from .useragent import UserAgent

SOURCES = pathlib.Path(__file__).parents[1] / "e2e"
CALLBACK = "http://127.0.0.1:9/callback"  # nothing listens there: the user agent stops before it connects
GOODBYE = "http://127.0.0.1:9/goodbye"
SECRET = "s3cret-of-relying-parties"
STORED = "sha256$" + hashlib.sha256(SECRET.encode()).hexdigest()
SCOPES = "openid profile email offline_access"


@pytest.fixture(autouse=True)
def address(provider):
    provider.site.execute("UPDATE auth_user SET email = 'alice@example.com' WHERE username = 'alice'")


@pytest.fixture
def agent():
    return UserAgent("http://127.0.0.1:9/")


def recipe(name, issuer, base, client_id):
    """A recipe of docs/oidc.md, changed for this issuer and for an application at `base` with this client_id."""
    text = Page("docs/oidc.md").block(name)
    assert "https://login.example.com" in text and client_id in text
    text = re.sub(r"\bSECRET\b", SECRET, text.replace("https://login.example.com", issuer).replace("COOKIE_SECRET", "-"))
    for site in ("wiki", "shop", "grafana", "site", "app"):
        for quote in (str, lambda url: urllib.parse.quote(url, safe="")):
            text = text.replace(quote(f"https://{site}.example.com"), quote(base))
    assert ".example.com" not in text
    return text


def log_in(agent, url):
    """Logs in at a URL of the application; returns its page, or the redirect at which the user agent stops."""
    page = agent.get(url)
    assert page.status == 200 and "/oauth/authorize" in page.url and page.forms, (page.status, page.text)
    return agent.submit(page, username="alice", password=PASSWORD)


def redirected(agent, url):
    """The URL at CALLBACK that the authorization request at `url` leads to."""
    done = log_in(agent, url)
    assert done.status in (302, 303) and done.location.startswith(CALLBACK), (done.status, done.text)
    return done.location


def hello(provider, access):
    """The status with which the API answers an access token."""
    return requests.get(provider.issuer + "/hello/", headers={"Authorization": "Bearer " + access}, timeout=10).status_code


def plain_environment(**more):
    """The environment without proxies, which cannot reach loopback addresses."""
    return {**{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}, **more}


class Partner:
    """A relying party in its own process, with which the test exchanges lines of JSON."""

    def __init__(self, folder, command):
        self.log = open(folder / "partner.log", "w+")
        self.process = subprocess.Popen([*map(str, command)], env=plain_environment(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise AssertionError(self.log.read())
        return json.loads(line)

    def tell(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.kill()
        self.process.communicate()
        self.log.close()


def script(folder, name, *arguments):
    """A partner in Node.js, with the packages of tests/npm."""
    shutil.copy(SOURCES / name, folder)
    (folder / "node_modules").symlink_to(npm.modules())
    return Partner(folder, ["node", "--no-warnings", "--experimental-global-webcrypto", folder / name, *arguments])


def compiled(folder, name, packages, *arguments):
    """A partner in C, with the libraries of these pkg-config names; skips the test without them."""
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *packages], capture_output=True, text=True)
    if flags.returncode != 0:
        pytest.skip(f"not installed: the libraries {' and '.join(packages)}")
    program = folder / pathlib.Path(name).stem
    subprocess.run(["gcc", "-o", program, SOURCES / name, *flags.stdout.split()], check=True)
    return Partner(folder, [program, *arguments])
