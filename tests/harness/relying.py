"""What relying parties have alike: their URIs, a secret, a login through the pages, and scripts for Node.js."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

import requests

from . import npm
from .people import PASSWORD

SCRIPTS = pathlib.Path(__file__).parents[1] / "e2e"
CALLBACK = "http://127.0.0.1:9/callback"  # nothing listens there: the user agent stops before
GOODBYE = "http://127.0.0.1:9/goodbye"
SECRET = "s3cret-of-relying-parties"
STORED = "sha256$" + hashlib.sha256(SECRET.encode()).hexdigest()
SCOPES = "openid profile email offline_access"


def log_in(agent, url):
    """From a URL of the application to its page behind the login, or to a redirect where the user agent stops."""
    page = agent.get(url)
    assert page.status == 200 and "/oauth/authorize" in page.url and page.forms, (page.status, page.text)
    return agent.submit(page, username="alice", password=PASSWORD)


def redirected(agent, url):
    """The URL at CALLBACK that the authorization request at `url` leads to."""
    done = log_in(agent, url)
    assert done.status in (302, 303) and done.location.startswith(CALLBACK), (done.status, done.text)
    return done.location


def hello(provider, access):
    """What the API says to an access token."""
    return requests.get(provider.issuer + "/hello/", headers={"Authorization": "Bearer " + access}, timeout=10).status_code


def plain_environment(**more):
    """Without proxies, which are not for loopback."""
    return {**{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}, **more}


class Script:
    """A relying party in Node.js, which speaks JSON lines."""

    def __init__(self, folder, name, *arguments):
        shutil.copy(SCRIPTS / name, folder)
        (folder / "node_modules").symlink_to(npm.modules())
        self.log = open(folder / "node.log", "w+")
        self.process = subprocess.Popen(
            ["node", "--no-warnings", "--experimental-global-webcrypto", folder / name, *map(str, arguments)],
            env=plain_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

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
