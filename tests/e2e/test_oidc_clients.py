"""Real relying parties log users in at our OpenID Connect provider: openid-client, oauth4webapi, oidc-client-ts,
Authlib, requests-oauthlib, libiddawc and Apache's mod_auth_openidc. Each logs in, refreshes, reads userinfo and logs out.
"""
import http.server
import os
import pathlib
import threading
import time
import types
import urllib.parse

import pytest
import requests
from harness import npm, process
from harness.fixtures import skip_without
from harness.oidc import CHALLENGE, VERIFIER, Provider, add_client, oidc_site, provider
from harness.people import PASSWORD
from harness.relying import (CALLBACK, GOODBYE, SCOPES, SECRET, STORED, address, agent, compiled, hello, recipe,
                             redirected, script)
from harness.servers import apache_load, as_web, tool
from harness.useragent import UserAgent

REDIRECTS = {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [GOODBYE]}


@pytest.fixture(scope="module")
def running_provider(oidc_site):
    skip_without("authorize", "jwtctl")
    with Provider(oidc_site, origins=["~^http://127\\.0\\.0\\.1:"]) as provider:
        yield provider


@pytest.fixture(params=["confidential", "public"])
def client(request, provider):
    """A client's id and its secret, "" of a public one."""
    confidential = request.param == "confidential"
    more = {"secret": STORED} if confidential else {"auth_method": "none"}
    add_client(provider.site, request.param, **more, **REDIRECTS)
    return request.param, SECRET if confidential else ""


@pytest.mark.parametrize("name", ["openid_client.mjs", "oauth4webapi.mjs"])
def test_libraries_for_node(provider, client, agent, tmp_path, name):
    partner = script(tmp_path, name, provider.issuer, *client, CALLBACK, GOODBYE)
    try:
        partner.tell(redirected(agent, partner.hear()))
        told = partner.hear()
        assert told["claims"]["sub"] == told["user"]["sub"] == told["again"]["sub"]
        assert told["claims"]["auth_time"] == told["again"]["auth_time"] <= time.time()
        assert told["user"]["preferred_username"] == "alice"
        assert told["active"] is (True if client[1] else None)
        assert hello(provider, told["access"]) == 200
        bye = agent.get(told["logout"])
        assert bye.location == GOODBYE + "?state=bye", (bye.status, bye.text)
        partner.tell(None)
        assert partner.hear() == {"refused": "invalid_grant", "active": False if client[1] else None}
    finally:
        partner.end()
    process.wait_for(lambda: hello(provider, told["access"]) == 401, "a revoked family is refused", 5)


def test_libiddawc(provider, agent, tmp_path):
    """A library for C, which judges the document strictly, and the access token by RFC 9068."""
    add_client(provider.site, "c", secret=STORED, **REDIRECTS)
    partner = compiled(tmp_path, "iddawc_client.c", ["libiddawc", "jansson"], provider.issuer, "c", SECRET,
                       CALLBACK, GOODBYE)
    try:
        partner.tell(redirected(agent, partner.hear()))
        told = partner.hear()
        assert told["user"] == {"sub": "1", "preferred_username": "alice", "email": "alice@example.com", "email_verified": False}
        assert told["active"] is True and hello(provider, told["access"]) == 200
        assert agent.get(told["logout"]).location == GOODBYE
        partner.tell(None)
        assert partner.hear() == {"active": False, "refused": True}
    finally:
        partner.end()
    process.wait_for(lambda: hello(provider, told["access"]) == 401, "a revoked family is refused", 5)


def test_authlib(provider, client, agent):
    integrations = pytest.importorskip("authlib.integrations.requests_client")
    from authlib.jose import JsonWebKey, jwt
    from authlib.oidc.core import CodeIDToken

    identity, secret = client
    metadata = requests.get(provider.issuer + "/.well-known/openid-configuration", timeout=10).json()
    session = integrations.OAuth2Session(
        identity, secret or None, scope=SCOPES, redirect_uri=CALLBACK, code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none")
    verifier = "v" * 64
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-1")
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=redirected(agent, url), state=state, code_verifier=verifier)
    keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    claims = jwt.decode(
        token["id_token"], keys, claims_cls=CodeIDToken,
        claims_options={"iss": {"values": [provider.issuer]}, "aud": {"values": [identity]}},
        claims_params={"nonce": "n-1", "client_id": identity, "access_token": token["access_token"]})
    claims.validate()
    user = session.get(metadata["userinfo_endpoint"]).json()
    assert user["sub"] == claims["sub"] and user["email"] == "alice@example.com"
    again = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert again["refresh_token"] != token["refresh_token"]
    assert hello(provider, again["access_token"]) == 200
    answer = session.revoke_token(metadata["revocation_endpoint"], token=again["refresh_token"])
    assert answer.status_code == 200
    process.wait_for(lambda: hello(provider, again["access_token"]) == 401, "a revoked family is refused", 5)


def test_requests_oauthlib(provider, client, agent, monkeypatch):
    oauthlib = pytest.importorskip("requests_oauthlib")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    identity, secret = client
    base = provider.issuer
    session = oauthlib.OAuth2Session(identity, redirect_uri=CALLBACK, scope=SCOPES.split())
    url, _ = session.authorization_url(
        base + "/oauth/authorize", code_challenge=CHALLENGE, code_challenge_method="S256", nonce="n-2")
    more = {"client_secret": secret} if secret else {"include_client_id": True}
    token = session.fetch_token(
        base + "/oauth/token", authorization_response=redirected(agent, url), code_verifier=VERIFIER, **more)
    assert token["id_token"]
    assert session.get(base + "/oauth/userinfo").json()["preferred_username"] == "alice"
    again = session.refresh_token(
        base + "/oauth/token", client_id=identity, **({"client_secret": secret} if secret else {}))
    assert hello(provider, again["access_token"]) == 200


APACHE = """
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/apache.log
DocumentRoot {folder}/htdocs
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
{modules}
{recipe}
<Location /private/who>
    Header set X-Who "expr=%{{REMOTE_USER}}"
    Header set X-Email "%{{OIDC_CLAIM_email}}e"
</Location>
"""


@pytest.fixture
def apache(provider, tmp_path_factory):
    """Apache with mod_auth_openidc before /private; the base of its URLs."""
    prefix, user = as_web()
    folder = tmp_path_factory.mktemp("apache")
    for parent in (folder, *folder.parents):
        if parent.owner() == folder.owner() and parent != pathlib.Path("/tmp"):
            parent.chmod(0o755)
        if parent == pathlib.Path("/tmp"):
            break
    (folder / "htdocs/private").mkdir(parents=True)
    (folder / "htdocs/private/who").write_text("private page\n")
    port = process.free_port()
    base = f"http://127.0.0.1:{port}"
    add_client(provider.site, "wiki", secret=STORED, redirect_uris=[base + "/private/redirect"],
                    post_logout_redirect_uris=[base + "/"])
    if user:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)

    loaded = types.SimpleNamespace(folder=folder)
    modules = ["mpm_event", "authz_core", "authz_user", "authn_core", "headers", "auth_openidc"]
    (folder / "apache.conf").write_text(APACHE.format(
        folder=folder, port=port, modules=apache_load(loaded, modules), recipe=recipe("apache", provider.issuer, base, "wiki").replace(
            '"exec:/bin/cat /etc/apache2/oidc-passphrase"', "of-this-test-only")))
    started = process.start([*prefix, tool("apache2"), "-DFOREGROUND", "-f", folder / "apache.conf"], folder / "start.log")
    try:
        process.wait_for(lambda: process.accepts(port), "Apache accepts connections")
        yield base
    finally:
        process.end(started)


def test_apache_with_mod_auth_openidc(provider, apache):
    agent = UserAgent()
    page = agent.get(apache + "/private/who")
    assert page.url.startswith(provider.issuer + "/oauth/authorize") and page.forms, page.text
    page = agent.submit(page, username="alice", password=PASSWORD)
    assert (page.status, page.text) == (200, "private page\n"), page.text
    assert page.headers["X-Who"] == "alice"
    assert page.headers["X-Email"] == "alice@example.com"
    # A second application of the same browser asks for no password: the session at the provider is there.
    agent.cookies.clear("127.0.0.1", "/", "mod_auth_openidc_session")
    assert agent.get(apache + "/private/who").text == "private page\n"
    # Logout ends the session at the provider, too.
    done = agent.get(apache + "/private/redirect?logout=" + urllib.parse.quote(apache + "/"))
    assert done.url == apache + "/", (done.url, done.text)
    assert agent.get(apache + "/private/who").url.startswith(provider.issuer + "/oauth/authorize")


SINGLE_PAGE = """<!doctype html><meta charset="utf-8"><title>app</title>
<script type="module">
%s
window.manager = manager;
window.user = user;
document.title = 'ready';
</script>"""


@pytest.fixture
def application(provider):
    """A single-page application on a port of its own; the base of its URLs."""
    script = (npm.modules() / "oidc-client-ts/dist/esm/oidc-client-ts.js").read_bytes()
    decode = (npm.modules() / "jwt-decode/build/esm/index.js").read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            base = f"http://127.0.0.1:{self.server.server_port}"
            text = recipe("oidc-client-ts", provider.issuer, base, "app").replace("'oidc-client-ts'", "'/oidc-client-ts.js'")
            body, kind = (SINGLE_PAGE % text).encode(), "text/html"
            if path == "/oidc-client-ts.js":
                body, kind = script.replace(b'from "jwt-decode"', b'from "/jwt-decode.js"'), "text/javascript"
            elif path == "/jwt-decode.js":
                body, kind = decode, "text/javascript"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_single_page_application_with_oidc_client_ts(provider, application):
    browser = pytest.importorskip("harness.browser")
    if browser.missing():
        pytest.skip("not installed: " + ", ".join(browser.missing()))
    add_client(provider.site, "app", auth_method="none", redirect_uris=[application + "/callback"],
                    post_logout_redirect_uris=[application + "/"])
    chromium = browser.Browser()
    try:
        page = browser.Page(chromium.driver, application)
        driver = chromium.driver
        driver.get(application + "/")
        page.wait(lambda: driver.title == "ready", "the application")
        page.script("manager.signinRedirect()")
        page.wait(lambda: "/oauth/authorize" in driver.current_url and page.all("input[name=password]"), "the login page")
        page.find("input[name=username]").send_keys("alice")
        page.find("input[name=password]").send_keys(PASSWORD + "\n")
        page.wait(lambda: driver.title == "ready" and page.script("return window.user?.profile?.sub"), "a user")
        assert page.script("return user.profile.preferred_username") == "alice"
        assert page.script("return user.profile.email") == "alice@example.com"
        first = page.script("return user.access_token")
        again = driver.execute_async_script(
            "const done = arguments[0]; manager.signinSilent().then((user) => done(user.access_token), (e) => done(String(e)))")
        assert again.count(".") == 2 and again != first, again
        assert hello(provider, again) == 200
        page.script("manager.signoutRedirect()")
        page.wait(lambda: driver.current_url == application + "/" and driver.title == "ready", "logged out")
        page.script("manager.signinRedirect()")
        page.wait(lambda: page.all("input[name=password]"), "the login page again")
    finally:
        chromium.end()


__all__ = ["oidc_site", "provider"]
