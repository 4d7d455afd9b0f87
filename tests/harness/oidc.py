"""A provider of OpenID Connect: its programs behind Nginx on a loopback address, with keys and clients of the tests."""
import atexit
import base64
import contextlib
import functools
import hashlib
import itertools
import json
import os
import secrets
import shutil
import subprocess
import tempfile
import urllib.parse

import pytest

from . import client, fastcgi, nginx, ours, process
from .fixtures import skip_without
from .people import PASSWORD
from .profiles import PROFILES
from .site import Site, _folder

PATHS = {
    "discovery": ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"),
    "jwks": ("/.well-known/jwks.json",),
    "authorize": ("/oauth/authorize",),
    "login": ("/oauth/login", "/oauth/consent"),
    "oauth_token": ("/oauth/token",),
    "userinfo": ("/oauth/userinfo",),
    "introspect": ("/oauth/introspect",),
    "revoke": ("/oauth/revoke",),
    "end_session": ("/oauth/logout",),
    "token": ("/api/token/",),
    "refresh": ("/api/token/refresh/",),
    "hello": ("/hello/",),
    "logout": ("/api/logout/",),
    "sessions": ("/api/sessions/",),
}
COOKIE = "oidc"  # of the browser's session; with an https issuer it has the prefix __Host-

CALLBACK = "https://rp.example/callback"
WITH_QUERY = f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"
AFTER_LOGOUT = "https://rp.example/logged-out"
LOOPBACK = "http://127.0.0.1/callback"
SECRET = "a secret: with % and + \u00e9"  # of every client that has one
SCOPES = ["openid", "profile", "email", "offline_access"]

# client_id: the columns that differ from the table's defaults.
CLIENTS = {
    "web": {},
    "post": {"auth_method": "client_secret_post"},
    "certified": {"require_pkce": False},
    "spa": {"auth_method": "none"},
    "native": {"auth_method": "none", "native": True, "redirect_uris": [LOOPBACK, "com.example.app:/callback"]},
    "third": {"first_party": False},
    "narrow": {"scopes": ["openid"]},
    "off": {"active": False},
}

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def fields_of(url):
    """The parameters of a URL's query, each of which may occur only once."""
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), url
    return dict(pairs)


def add_client(site, client_id, **columns):
    columns = {"client_id": client_id, "name": f"The client {client_id}", "scopes": SCOPES,
               "redirect_uris": [CALLBACK, WITH_QUERY], "post_logout_redirect_uris": [AFTER_LOGOUT], **columns}
    if columns.get("auth_method") != "none":
        columns.setdefault("secret", "sha256$" + hashlib.sha256(SECRET.encode()).hexdigest())
    site.execute(f"INSERT INTO oidc_client ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})",
                 *columns.values())


def generate_key(folder, algorithm="RS256", state="active"):
    made = subprocess.run([ours.program("jwtctl"), "key", "generate", "--dir", folder, "--algorithm", algorithm,
                           "--state", state, "--json"],
                          text=True, capture_output=True, check=True, env=ours.environment({}, {}))
    return json.loads(made.stdout)


@functools.cache
def common_key():
    """A folder with one active RSA key, and what jwtctl tells of it; made once, for all who copy it."""
    folder = tempfile.mkdtemp(prefix="jwt-fcgi-keys-")
    atexit.register(shutil.rmtree, folder)
    return f"{folder}/keys", generate_key(f"{folder}/keys")


SERVER = "".join(f"include jwt-fcgi/{name}.conf;\n" for name in ("errors", "locations", "sessions", "oidc"))


class Provider:
    """The programs that are built, behind Nginx with the files of nginx/; ends with the `with` block.

    count: {name: processes}, 1 without an entry. origins: the origins that may use the API (CORS).
    .issuer, .port, .site (its database), .keys (the folder), .key (its only key, as jwtctl prints it),
    .programs {name: [fastcgi.Program]}.
    """

    server = SERVER

    def __init__(self, site, count=None, origins=(), **settings):
        self.site = site
        self.stack = contextlib.ExitStack()
        self.folder = _folder()
        self.keys = self.folder / "keys"
        common, self.key = common_key()
        shutil.copytree(common, self.keys)
        self.port = process.free_port()
        self.issuer = settings.setdefault("JWT_OIDC_ISSUER", f"http://127.0.0.1:{self.port}")
        self.environment = ours.environment(site.our_environment(), {
            **PROFILES["plain"].our_settings(), "JWT_SIGNING_KEY": "", "JWT_KEY_DIR": str(self.keys),
            "JWT_SESSIONS": "on", "JWT_FEED_POLL": "0", **settings})  # so a change counts at once
        self.programs = {name: [self._program(name) for _ in range((count or {}).get(name, 1))]
                         for name in PATHS if not ours.missing([name])}
        self._write_configuration(origins)
        self.nginx = nginx.Nginx(self.folder, self.server, "include jwt-fcgi/upstreams.conf;", self.port)
        self.stack.callback(self.nginx.end)
        process.wait_for(self.nginx.ready, "Nginx to answer")

    def _program(self, name):
        program = self.stack.enter_context(fastcgi.Program(name, self.environment))
        os.chmod(program.folder.name, 0o755)  # for Nginx's user
        os.chmod(program.path, 0o666)
        return program

    def _write_configuration(self, origins):
        """Copies the files of nginx/; replaces only the sockets and the folder of the style sheet."""
        (self.folder / "jwt-fcgi").mkdir()
        for path in (ours.CHECKOUT / "nginx").glob("*.conf"):
            text = path.read_text().replace("/usr/share/jwt-fcgi/www", str(ours.CHECKOUT / "nginx/www"))
            for name, programs in self.programs.items():
                servers = "\n".join(f"server unix:{program.path};" for program in programs)
                text = text.replace(f"server unix:/run/jwt-fcgi/{name}.sock;", servers)
            (self.folder / "jwt-fcgi" / path.name).write_text(text)
        (self.folder / "jwt-fcgi/origins.conf").write_text("".join(f'"{origin}" 1;\n' for origin in origins))

    def log(self, name):
        return "".join(program.log.read_text(errors="backslashreplace") for program in self.programs[name])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    # Requests. cookies: a dictionary.

    def ask(self, line, headers=(), body=None, cookies=None):
        headers = [f"Host: {urllib.parse.urlsplit(self.issuer).netloc}", *headers]
        if cookies:
            headers.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
        return client.ask(self.port, line, headers, body)

    def get(self, path, fields=None, **more):
        """fields: a dictionary or a list of pairs. A query may also be in the path."""
        return self.ask(f"GET {path}" + ("?" + urllib.parse.urlencode(fields) if fields else ""), **more)

    def post(self, path, fields, headers=(), **more):
        """fields: a dictionary, a list of pairs, or the body as bytes."""
        body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields).encode()
        return self.ask(f"POST {path}", ["Content-Type: application/x-www-form-urlencoded", *headers], body, **more)

    def request(self, client_id="web", **changes):
        """The parameters of a valid authorization request; None removes one."""
        every = {"client_id": client_id, "redirect_uri": LOOPBACK if client_id == "native" else CALLBACK,
                 "response_type": "code", "scope": "openid", "state": "the-state", "code_challenge": CHALLENGE,
                 "code_challenge_method": "S256", **changes}
        return {name: value for name, value in every.items() if value is not None}

    def authorize(self, client_id="web", cookies=None, **changes):
        return self.get("/oauth/authorize", self.request(client_id, **changes), cookies=cookies)

    def code(self, client_id="web", cookies=None, **changes):
        """A code for a new login, or for the login of the cookies."""
        answer = self.authorize(client_id, cookies or self.browser(), **changes)
        assert answer.status == 303, answer
        return fields_of(answer.header("Location"))["code"]

    # State.

    def browser(self, user_id="1", age=0, **columns):
        """The cookies of a browser whose user logged in `age` seconds ago; made without the form."""
        secret = secrets.token_bytes(32)
        columns = {"client_id": "", **columns}
        self.site.execute(
            "INSERT INTO jwt_session (user_id, sid, gen, held, created_at, rotated_at, expires_at, ends_at,"
            f" {', '.join(columns)}) VALUES (%s, %s, 1, 0, now() - make_interval(secs => %s), now(),"
            f" now() + interval '1 hour', now() + interval '12 hours', {', '.join(['%s'] * len(columns))})",
            user_id, hashlib.sha256(secret).hexdigest()[:32], age, *columns.values())
        return {COOKIE: f"{b64url(secret)}.{b64url(user_id.encode())}"}

    def restore(self):
        """Resets the people and the clients; deletes all sessions, codes and consents."""
        self.site.restore()
        self.site.execute("DELETE FROM jwt_session; DELETE FROM jwt_change; DELETE FROM oidc_client")
        for client_id, columns in CLIENTS.items():
            add_client(self.site, client_id, **columns)


_number = itertools.count()


@pytest.fixture(scope="session")
def oidc_site(cluster):
    """A separate database, because users of other tests have no sessions."""
    name = f"oidc_{next(_number)}"  # each file that imports this fixture has its own database
    site = Site(cluster, name)
    cluster.psql(name, "-f", ours.CHECKOUT / "sql" / "oidc.sql")
    yield site
    site.end()


@pytest.fixture(scope="module")
def running_provider(oidc_site):
    skip_without("authorize", "jwtctl")
    with Provider(oidc_site) as provider:
        yield provider


@pytest.fixture
def provider(running_provider):
    """The provider, in the state of restore()."""
    running_provider.restore()
    return running_provider


__all__ = ["AFTER_LOGOUT", "CALLBACK", "CHALLENGE", "CLIENTS", "COOKIE", "LOOPBACK", "PASSWORD", "Provider", "SECRET",
           "VERIFIER", "WITH_QUERY", "add_client", "fields_of", "generate_key"]
