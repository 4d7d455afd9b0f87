"""Applications log their users in by the recipes of docs/oidc.md, as far as Debian or npm has them."""
import configparser
import contextlib
import hashlib
import http.cookies
import http.server
import json
import secrets
import shutil
import subprocess
import threading
import tomllib
import urllib.parse

import jwt
import pytest
import requests
from harness import nginx, process
from harness.fixtures import skip_without
from harness.oidc import Provider, add_client, b64url, fields_of, oidc_site, provider
from harness.pages import Page
from harness.people import PASSWORD
from harness.relying import (CALLBACK, SCOPES, SECRET, STORED, address, agent, hello, log_in, plain_environment, recipe,
                             redirected, script)
from harness.useragent import UserAgent


@pytest.fixture(scope="module")
def running_provider(oidc_site):
    skip_without("authorize", "jwtctl")
    with Provider(oidc_site) as provider:
        yield provider


def userinfo(provider, access):
    answer = requests.get(provider.issuer + "/oauth/userinfo", headers={"Authorization": "Bearer " + access}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


# A native application: oidc-agent listens on loopback, uses PKCE and keeps the refresh token.


class Agent:
    """oidc-agent with a folder and a socket of its own."""

    def __init__(self, folder):
        self.environment = plain_environment(HOME=str(folder), OIDC_SOCK=str(folder / "socket"))
        (folder / ".oidc-agent").mkdir()
        self.log = folder / "agent.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["oidc-agent", "--console", "--no-scheme", "--log-stderr", "--socket-path", folder / "socket"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process.wait_for((folder / "socket").exists, "oidc-agent to listen")

    def start(self, *arguments):
        return subprocess.Popen(arguments, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def run(self, *arguments):
        done = subprocess.run(arguments, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, (done.stdout, done.stderr, self.log.read_text())
        return done.stdout.strip()

    def end(self):
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def oidc_agent(tmp_path):
    if not shutil.which("oidc-agent"):
        pytest.skip("not installed: oidc-agent-cli")
    agent = Agent(tmp_path)
    yield agent
    agent.end()


def test_a_native_application(provider, oidc_agent, agent):
    port = process.free_port()
    redirect = f"http://localhost:{port}"
    add_client(provider.site, "desktop", auth_method="none", native=True, redirect_uris=[redirect])
    password = ("--pw-cmd", "echo secret")
    generated = oidc_agent.start(
        "oidc-gen", "--manual", "--issuer", provider.issuer, "--client-id", "desktop", "--client-secret", "",
        "--redirect-uri", redirect, "--scope", SCOPES, "--flow", "code", "--no-url-call", "--no-scheme",
        "--prompt", "none", *password, "account")
    try:
        url = next(line.strip() for line in generated.stdout if "/oauth/authorize" in line)
        consent = log_in(agent, url)
        assert f"You will be sent to localhost:{port}." in consent.text
        assert agent.submit(consent, "allow").url.startswith(redirect + "?code=")
        assert generated.wait(60) == 0, generated.stdout.read()
    finally:
        generated.kill()
        generated.communicate()
    first = oidc_agent.run("oidc-token", "account")
    assert userinfo(provider, first)["preferred_username"] == "alice" and hello(provider, first) == 200
    second = oidc_agent.run("oidc-token", "--force-new", "account")
    assert second != first and hello(provider, second) == 200
    oidc_agent.run("oidc-gen", "--confirm-yes", "--delete", *password, "account")  # it revokes the refresh token
    process.wait_for(lambda: hello(provider, second) == 401, "a revoked family is refused", 5)


# Django with Authlib.

DJANGO = """
import sys
from wsgiref.simple_server import make_server
import django
from django.conf import settings
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF="site_urls", SECRET_KEY="of this test only", USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware"])
django.setup()
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
call_command("migrate", verbosity=0)
make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application()).serve_forever()
"""

URLS = """
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import path
import views

def home(request):
    return HttpResponse(f'<form method="post" action="/logout/"><input name="csrfmiddlewaretoken" value="{get_token(request)}">'
                        f'</form>user {request.user.username or "nobody"} {getattr(request.user, "email", "")}')

urlpatterns = [path("", home), path("login/", views.login), path("logout/", views.logout),
               path("oidc/callback/", views.callback, name="callback")]
"""


@pytest.fixture
def django(provider, tmp_path):
    pytest.importorskip("authlib.integrations.django_client")
    port = process.free_port()
    base = f"http://127.0.0.1:{port}"
    views = recipe("authlib", provider.issuer, base, "shop")
    for name, text in (("run.py", DJANGO), ("site_urls.py", URLS), ("views.py", views)):
        (tmp_path / name).write_text(text)
    add_client(provider.site, "shop", secret=STORED, redirect_uris=[base + "/oidc/callback/"],
               post_logout_redirect_uris=[base + "/"])
    with open(tmp_path / "log", "w") as log:
        started = subprocess.Popen(
            ["/usr/bin/python3", "run.py", str(port)], cwd=tmp_path,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=plain_environment(OIDC_CLIENT_SECRET=SECRET))
    try:
        process.wait_for(lambda: started.poll() is not None or process.accepts(port), "Django to accept connections", 30)
        yield base
    finally:
        started.kill()
        started.wait()


def test_django_with_authlib(provider, django, agent):
    assert "user nobody" in agent.get(django + "/").text
    page = log_in(agent, django + "/login/")
    assert page.url == django + "/" and "user provider-1 alice@example.com" in page.text, page.text
    page = agent.get(django + "/login/")
    assert page.url == django + "/" and "user provider-1" in page.text, "logged in without a page"
    page = agent.submit(page)
    assert page.url == django + "/" and "user nobody" in page.text, (page.url, page.text)
    assert "/oauth/authorize" in agent.get(django + "/login/").url


# Node.js.


@pytest.fixture
def node(provider, tmp_path):
    """node(name, path, *arguments, **columns): the base of a running site, whose client is called back at that path."""
    with contextlib.ExitStack() as stack:
        def start(name, path, *arguments, **columns):
            port = process.free_port()
            base = f"http://127.0.0.1:{port}"
            add_client(provider.site, "site", secret=STORED, redirect_uris=[base + path], **columns)
            started = script(tmp_path, name, port, SECRET, *arguments)
            stack.callback(started.end)
            assert started.hear() == "ready"
            return base
        yield start


def test_auth_js(provider, node, agent):
    base = node("auth_js.mjs", "/auth/callback/provider", recipe("auth.js", provider.issuer, "", "site"))
    page = agent.submit(agent.get(base + "/auth/signin"))
    assert page.url.startswith(provider.issuer + "/oauth/authorize"), (page.url, page.text)
    agent.submit(page, username="alice", password=PASSWORD)
    session = json.loads(agent.get(base + "/").text)
    assert session["user"] == {"name": "alice", "email": "alice@example.com"}
    assert session["account"]["providerAccountId"] == "1" and session["account"]["refresh_token"]
    assert hello(provider, session["account"]["access_token"]) == 200


def test_passport(provider, node, agent):
    base = node("passport.mjs", "/callback", provider.issuer, require_pkce=False)
    user = json.loads(log_in(agent, base + "/login").text)
    assert (user["iss"], user["profile"]["id"], user["profile"]["username"]) == (provider.issuer, "1", "alice")
    assert user["profile"]["emails"] == [{"value": "alice@example.com"}] and user["refresh"]
    assert hello(provider, user["access"]) == 200


# oauth2-proxy and Grafana, which Debian does not have: their requests, as their source makes them.


class GoClient:
    """What golang.org/x/oauth2 sends for both: the client in a header first, parameters in the order of their names."""

    def __init__(self, issuer, client_id, secret, redirect_uri, scopes):
        self.issuer, self.redirect_uri, self.scopes = issuer, redirect_uri, scopes
        self.client = urllib.parse.quote_plus(client_id), urllib.parse.quote_plus(secret)
        self.document = requests.get(issuer + "/.well-known/openid-configuration", timeout=10).json()
        assert self.document["issuer"] == issuer

    def authorization(self, state, **more):
        self.verifier = b64url(secrets.token_bytes(96))
        challenge = b64url(hashlib.sha256(self.verifier.encode()).digest())
        fields = {"client_id": self.client[0], "redirect_uri": self.redirect_uri, "response_type": "code", "scope": self.scopes,
                  "state": state, "code_challenge": challenge, "code_challenge_method": "S256", **more}
        return self.document["authorization_endpoint"] + "?" + urllib.parse.urlencode(sorted(fields.items()))

    def ask_for_tokens(self, **fields):
        answer = requests.post(self.document["token_endpoint"], data=fields, auth=self.client, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def exchange(self, code):
        return self.ask_for_tokens(grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri,
                                   code_verifier=self.verifier)

    def refresh(self, token):
        return self.ask_for_tokens(grant_type="refresh_token", refresh_token=token)

    def userinfo(self, access):
        answer = requests.get(self.document["userinfo_endpoint"], timeout=10, headers={
            "Accept": "application/json", "Authorization": "Bearer " + access})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def claims(self, id_token):
        keys = requests.get(self.document["jwks_uri"], timeout=10).json()["keys"]
        [key] = [key for key in keys if key["kid"] == jwt.get_unverified_header(id_token)["kid"]]
        return jwt.decode(id_token, jwt.PyJWK(key).key, ["RS256"], issuer=self.issuer, audience=self.client[0])


class Refused(Exception):
    pass


class OAuth2Proxy:
    """The part of oauth2-proxy 7 that the recipe needs, by its configuration; the site behind it is on the same port."""

    def __init__(self, settings):
        self.settings, self.sessions, self.started = settings, {}, {}
        assert settings["provider"] == "oidc" and settings["set_xauthrequest"] and settings["reverse_proxy"]
        self.go = GoClient(settings["oidc_issuer_url"], settings["client_id"], settings["client_secret"],
                           settings["redirect_url"], settings.get("scope", "openid email profile"))

    def start(self, redirect):
        nonce = secrets.token_urlsafe(16)
        state = f"{secrets.token_urlsafe(16)}:{redirect}"
        self.started[state] = nonce
        return self.go.authorization(state, approval_prompt="force", nonce=nonce)

    def callback(self, state, code):
        tokens = self.go.exchange(code)
        claims = self.go.claims(tokens["id_token"])
        assert claims["nonce"] == self.started.pop(state)
        # What the ID token lacks is taken from userinfo. An address that is said to be unverified is refused.
        claims = {**self.go.userinfo(tokens["access_token"]), **claims}
        name = self.settings.get("oidc_email_claim", "email")
        if not claims.get(name):
            raise Refused("neither the id_token nor the profileURL set an email")
        if (name == "email" and not claims.get("email_verified", True)
                and not self.settings.get("insecure_oidc_allow_unverified_email")):
            raise Refused("the email is not verified")
        session = secrets.token_urlsafe(3000)  # of the size that tokens in a cookie have
        self.sessions[session] = claims
        return session, state.partition(":")[2]


def serve_proxy(proxy):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, query = self.path.partition("?")
            fields = dict(urllib.parse.parse_qsl(query))
            cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
            user = proxy.sessions.get(cookie["_oauth2_proxy"].value if "_oauth2_proxy" in cookie else None)
            if path == "/oauth2/auth":
                name = {"X-Auth-Request-Preferred-Username": user["preferred_username"]} if user else {}
                self.say(202 if user else 401, **name)
            elif path == "/oauth2/start":
                self.say(302, Location=proxy.start(self.headers["X-Auth-Request-Redirect"]))
            elif path == "/oauth2/callback":
                try:
                    session, redirect = proxy.callback(fields["state"], fields["code"])
                except Refused as refused:
                    self.say(500, str(refused))
                else:
                    self.say(302, Location=redirect, **{"Set-Cookie": f"_oauth2_proxy={session}; Path=/; HttpOnly"})
            else:
                self.say(200, f"{self.path} for {self.headers.get('X-User')}")

        def say(self, status, text="", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def wiki(provider, tmp_path):
    """wiki(**settings): the base of a site behind Nginx and oauth2-proxy, both configured as docs/oidc.md says."""
    with contextlib.ExitStack() as stack:
        def start(**settings):
            port = process.free_port()
            base = f"http://127.0.0.1:{port}"
            add_client(provider.site, "wiki", secret=STORED, redirect_uris=[base + "/oauth2/callback"])
            configuration = tomllib.loads(recipe("oauth2-proxy", provider.issuer, base, "wiki"))
            settings = {name: value for name, value in {**configuration, **settings}.items() if value is not None}
            server = stack.enter_context(serve_proxy(OAuth2Proxy(settings)))
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            stack.callback(server.shutdown)
            locations = Page("docs/oidc.md").block("oauth2-proxy-nginx")
            for address in ("127.0.0.1:4180", "127.0.0.1:3000"):
                assert address in locations
                locations = locations.replace(address, f"127.0.0.1:{server.server_port}")
            front = nginx.Nginx(tmp_path, locations, port=port)
            stack.callback(front.end)
            process.wait_for(front.ready, "Nginx to answer")
            return base
        yield start


def test_nginx_with_oauth2_proxy(provider, wiki, agent):
    """The user needs no e-mail address, and comes back to the page with its query."""
    provider.site.execute("UPDATE auth_user SET email = '' WHERE username = 'alice'")
    base = wiki()
    assert agent.once(base + "/oauth2/auth").status == 404
    page = log_in(agent, base + "/page?a=b&c=d%20e")
    assert (page.status, page.text) == (200, "/page?a=b&c=d%20e for alice")
    assert agent.get(base + "/other").text == "/other for alice"
    assert UserAgent(provider.issuer).get(base + "/other").status == 302


@pytest.mark.parametrize("email, more, said", [
    ("", {}, "neither the id_token nor the profileURL set an email"),
    ("alice@example.com", {}, "the email is not verified"),
    ("alice@example.com", {"insecure_oidc_allow_unverified_email": True}, "/ for alice"),
])
def test_oauth2_proxy_and_addresses(provider, wiki, agent, email, more, said):
    """Without the recipe's oidc_email_claim."""
    provider.site.execute("UPDATE auth_user SET email = %s WHERE username = 'alice'", email)
    assert log_in(agent, wiki(oidc_email_claim=None, **more) + "/").text == said


def test_oauth2_proxy_refreshes(provider, agent):
    """With cookie_refresh and the scope offline_access."""
    add_client(provider.site, "wiki", secret=STORED, redirect_uris=[CALLBACK])
    go = GoClient(provider.issuer, "wiki", SECRET, CALLBACK, "openid email profile offline_access")
    tokens = go.exchange(fields_of(redirected(agent, go.authorization("state")))["code"])
    again = go.refresh(tokens["refresh_token"])
    assert go.claims(again["id_token"])["sub"] == "1" and hello(provider, again["access_token"]) == 200


@pytest.mark.parametrize("email", ["alice@example.com", ""])
def test_grafana(provider, agent, email):
    """The ID token's claims come first, then those of userinfo; an address is a must."""
    provider.site.execute("UPDATE auth_user SET email = %s, first_name = 'Alice' WHERE username = 'alice'", email)
    base = "http://127.0.0.1:9"
    add_client(provider.site, "grafana", secret=STORED, redirect_uris=[base + "/login/generic_oauth"],
               post_logout_redirect_uris=[base + "/login"])
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.read_string(recipe("grafana", provider.issuer, base, "grafana"))
    settings = configuration["auth.generic_oauth"]
    go = GoClient(provider.issuer, settings["client_id"], settings["client_secret"], base + "/login/generic_oauth",
                  settings["scopes"])
    assert [settings["auth_url"], settings["token_url"], settings["api_url"]] == [
        go.document[f"{name}_endpoint"] for name in ("authorization", "token", "userinfo")]
    fields = fields_of(log_in(agent, go.authorization("state")).location)
    tokens = go.exchange(fields["code"])
    sources = [go.claims(tokens["id_token"]), go.userinfo(tokens["access_token"])]

    def attribute(name):
        paths = settings[name].split(" || ")
        return next((source[path] for source in sources for path in paths if source.get(path)), None)

    assert [attribute(f"{name}_attribute_path") for name in ("login", "name", "email")] == ["alice", "Alice", email or "alice"]
    again = go.refresh(tokens["refresh_token"])
    done = agent.get(settings["signout_redirect_url"] + "&id_token_hint=" + again["id_token"])
    assert done.location == base + "/login", (done.status, done.text)
    assert agent.get(go.authorization("state")).forms, "logged out"


__all__ = ["oidc_site", "provider"]
