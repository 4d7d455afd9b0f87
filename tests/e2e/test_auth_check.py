"""auth_check behind Nginx's auth_request, Caddy, lighttpd's authorizer and Apache's mod_authnz_fcgi."""
import itertools
import json
import re
import socket
from urllib.parse import unquote

import pytest

from harness import client, ours, people, process, servers, tokens
from harness.application import Application
from harness.profiles import PROFILES

SECRET = "for the bearers of a token only"

# What a site may have beside the example: a regular expression that matches protected paths too, and headers
# with underscores.
BESIDE = r"""
	underscores_in_headers on;
	location ~* \.(css|js|png|txt)$ {
		include jwt-fcgi/proxy_user.conf;
		proxy_pass http://unix:/run/application.sock:;
	}
"""


def written_in(page):
    """The files of Nginx that a page shows, by name."""
    found = re.findall(r"<!-- test: (\S+\.conf) -->\n```nginx\n(.*?)```", (ours.CHECKOUT / "docs" / page).read_text(), re.S)
    assert found
    return found


@pytest.fixture(scope="module")
def settings():
    return {**PROFILES["plain"].our_settings(), "JWT_CLAIMS_HEADERS": "role"}


@pytest.fixture(scope="module")
def make(site, settings):
    made = []

    def make():
        site.restore()
        server = servers.Server(site.environment(), settings)
        made.append(server)
        files = server.folder / "files"
        files.mkdir()
        (files / "secret.txt").write_text(SECRET)
        server.replaced["/srv"] = server.folder
        for name, text in written_in("claims.md"):
            (server.folder / "jwt-fcgi" / name).write_text(text)
        return server

    yield make
    for server in made:
        server.end()


@pytest.fixture(scope="module")
def nginx(make):
    server = make()
    server.spawn_all()
    server.replaced["127.0.0.1:8001;"] = f"127.0.0.1:{server.port};{BESIDE}"
    server.replaced["/run/application.sock"] = server.folder / "application.sock"
    application = Application(server.folder / "application.sock")
    yield servers.nginx_start(server, """
	include jwt-fcgi/upstreams.conf;
	include jwt-fcgi/example-auth_request.conf;""")
    application.end()


@pytest.fixture(scope="module")
def lighttpd(make):
    server = make()
    server.spawn_all()
    environment = server.folder / "files" / "environment"
    environment.write_text("#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n")
    environment.chmod(0o755)
    more = f"""
server.modules += ( "mod_alias", "mod_cgi", "mod_setenv" )
$HTTP["url"] =~ "^/files/denied/" {{
	setenv.set-environment = ( "AUTH_PERMISSION" => "files.none" )
}}
alias.url = ( "/files/" => "{server.folder}/files/" )
cgi.assign = ( "/environment" => "" )
static-file.exclude-extensions = ( "/environment" )
"""
    return servers.lighttpd_start(server, "servers/lighttpd-authorizer.conf", more)


@pytest.fixture(scope="module")
def apache(make):
    server = make()
    port = process.free_port()
    server.spawn("auth_check", "-a", "127.0.0.1", "-p", port)
    process.wait_for(lambda: process.accepts(port), "auth_check to listen")
    server.replaced["127.0.0.1:8002"] = f"127.0.0.1:{port}"
    return servers.apache_start(
        server, f"""
Alias /files/ {server.folder}/files/
<Directory {server.folder}/files>
	Require valid-user
</Directory>
Header set X-Seen-User "expr=%{{REMOTE_USER}}"
SetEnvIf Request_URI "^/files/denied/" AUTH_PERMISSION=files.none
""", "authnz_fcgi", "authz_user", "headers", "setenvif",
        main=f"Include {server.snippet('servers/apache-authorizer.conf')}")


@pytest.fixture(scope="module")
def token(settings):
    return tokens.Maker("plain").make({})


def get(server, path, *headers):
    return client.ask(server.port, "GET " + path, headers)


def bearer(token):
    return "Authorization: Bearer " + token


def seen(answer):
    """What the application saw of X-Auth-*, names in lower case."""
    assert answer.status == 200, answer
    return {name.lower(): value for name, value in answer.json()["headers"] if re.match("x[-_]auth", name.lower())}


@pytest.mark.parametrize("path", ["/files/secret.txt", "/application/", "/files/none", "/application/report.png"])
def test_nobody_without_a_token(nginx, path):
    answer = get(nginx, path)
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'
    assert answer.header("Content-Type") == "application/json"
    assert answer.json() == {"detail": "Authentication credentials were not provided."}


@pytest.mark.parametrize("header", [
    "Authorization: Bearer x.y.z", "Authorization: Basic YTpi", "Authorization: Bearer", "Authorization: Bearer a b",
])
def test_nobody_with_something_else(nginx, header):
    answer = get(nginx, "/files/secret.txt", header)
    assert answer.status == 401
    assert answer.json()["code"] == "token_not_valid"
    assert SECRET.encode() not in answer.body


def test_a_protected_file_is_sent(nginx, token):
    answer = get(nginx, "/files/secret.txt", bearer(token))
    assert (answer.status, answer.body.decode()) == (200, SECRET)
    assert answer.header("X-Auth-User-Id") is None


def test_an_application_is_told_who_asks(nginx, token):
    claims = tokens.claims_of(token)
    headers = seen(get(nginx, "/application/x", bearer(token)))
    assert headers["x-auth-user-id"] == "1"
    assert headers["x-auth-username"] == "alice"
    assert headers["x-auth-token-id"] == claims["jti"]
    assert json.loads(headers["x-auth-claims"]) == claims


def test_an_application_is_told_a_chosen_claim(nginx):
    token = tokens.Maker("plain").make({"set": {"role": "Chef \u00e9\n"}})
    headers = seen(get(nginx, "/application/x", bearer(token), *FORGED))
    assert unquote(headers["x-auth-role"]) == "Chef \u00e9\n" and headers["x-auth-role"].isascii()


def spellings(name):
    """A header's name with a hyphen or an underscore at each place: one variable for WSGI and CGI."""
    first, *rest = name.split("-")
    for separators in itertools.product("-_", repeat=len(rest)):
        yield first + "".join(map("".join, zip(separators, rest)))


FORGED = [f"{spelling}: forged" for name in ("X-Auth-User-Id", "x-auth-username", "X-Auth-Token-Id", "X-AUTH-CLAIMS",
                                               "X-Auth-Role")
          for spelling in spellings(name)]


@pytest.mark.parametrize("path", ["/application/", "/application/report.png", "/application/x?a=/b.css"])
def test_what_a_client_says_of_itself_does_not_pass(nginx, token, path):
    headers = seen(get(nginx, path, bearer(token), *FORGED))
    assert "forged" not in json.dumps(headers)
    assert headers["x-auth-user-id"] == "1"
    without = tokens.Maker("plain").make({"set": {"x": "y" * 5000}})
    assert "x-auth-claims" not in seen(get(nginx, path, bearer(without), *FORGED))


@pytest.mark.parametrize("path", ["/public/", "/public/picture.png", "/picture.png"])
def test_nor_where_nobody_is_asked(nginx, token, path):
    assert seen(get(nginx, path, bearer(token), *FORGED)) == {}


@pytest.mark.parametrize("line", ["POST /application/", "PUT /application/", "POST /application/?a=b&c"])
def test_a_body_passes_untouched(nginx, token, line):
    body = "x" * 200_000
    answer = client.ask(nginx.port, line, [bearer(token), "Accept: image/png"], body)
    assert (answer.status, answer.json()["body"]) == (200, body)
    refused = client.ask(nginx.port, line, (), body)
    assert refused.status == 401


@pytest.fixture(scope="module")
def fastcgi(make):
    """An application behind fastcgi_pass that prints its variables: below /application/ and, for all, /public/."""
    server = make()
    server.spawn("auth_check")
    script = server.folder / "variables"
    script.write_text("#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n")
    script.chmod(0o755)
    wrapper = server.folder / "fcgiwrap.sock"
    server.start(servers.tool("fcgiwrap"), "-s", f"unix:{wrapper}")
    process.wait_for(lambda: servers.listens(wrapper), "fcgiwrap")
    application = f"""
			include jwt-fcgi/fastcgi_user.conf;
			fastcgi_param REQUEST_METHOD GET;
			fastcgi_param SCRIPT_FILENAME {script};
			fastcgi_pass unix:{wrapper};"""
    return servers.nginx_start(server, f"""
	include jwt-fcgi/upstreams.conf;
	server {{
		listen 127.0.0.1:{server.port};
		underscores_in_headers on;
		include jwt-fcgi/locations.conf;
		include jwt-fcgi/auth_request.conf;
		location ^~ /application/ {{ include jwt-fcgi/protected.conf; {application} }}
		location ^~ /public/ {{ {application} }}
	}}""")


def test_an_application_behind_fastcgi_is_told_too(fastcgi, token):
    for path, expected in (("/application/", {"HTTP_X_AUTH_USER_ID": "1", "HTTP_X_AUTH_USERNAME": "alice",
                                              "REMOTE_USER": "alice"}),
                           ("/public/", {"HTTP_X_AUTH_USER_ID": "", "REMOTE_USER": ""})):
        answer = get(fastcgi, path, bearer(token), *FORGED)
        assert answer.status == 200, fastcgi.log()
        assert "forged" not in answer.body.decode()
        assert expected.items() <= dict(line.split("=", 1) for line in answer.body.decode().splitlines()).items()
    assert get(fastcgi, "/application/", *FORGED).status == 401


def test_names_outside_ascii(nginx):
    user = people.BY_NAME["\U0001f600emoji"]
    token = tokens.Maker("plain").make({"set": {"user_id": str(user["id"]), "n\u00e4me": "\u7528\u6237\x7f\r\nX-Evil: 1"}})
    answer = get(nginx, "/application/", bearer(token))
    headers = seen(answer)
    assert unquote(headers["x-auth-username"]) == user["username"]
    assert headers["x-auth-username"].isascii()
    assert json.loads(headers["x-auth-claims"])["n\u00e4me"] == "\u7528\u6237\x7f\r\nX-Evil: 1"
    assert not any(name == "X-Evil" for name, _ in answer.json()["headers"])


def test_a_long_name_outside_ascii(nginx, site, token):
    name = "\u7528" * 150
    site.execute("UPDATE auth_user SET username = %s WHERE id = 1", name)
    try:
        assert unquote(seen(get(nginx, "/application/", bearer(token)))["x-auth-username"]) == name
    finally:
        site.execute("UPDATE auth_user SET username = 'alice' WHERE id = 1")


def test_the_same_judgement_as_hello(nginx):
    maker = tokens.Maker("plain")
    for recipe in ({}, {"kind": "refresh"}, {"set": {"exp": "t0-1"}}, {"key": "other"}, {"drop": ["user_id"]},
                   {"set": {"user_id": "2"}}, {"set": {"user_id": "999999"}}, {"drop": ["jti"]}, {"drop": ["exp"]}):
        token = maker.make(recipe)
        expected = get(nginx, "/hello/", bearer(token)).status
        assert get(nginx, "/files/secret.txt", bearer(token)).status == expected, recipe


def test_an_outage_is_no_refusal(make, site, token):
    server = make()
    server.configuration.write_text(server.configuration.read_text().replace("PGDATABASE=", "PGDATABASE=none_"))
    server.spawn("auth_check")
    server.replaced["127.0.0.1:8001"] = f"127.0.0.1:{server.port}"
    servers.nginx_start(server, """
	include jwt-fcgi/upstreams.conf;
	include jwt-fcgi/example-auth_request.conf;""")
    answer = get(server, "/files/secret.txt", bearer(token))
    assert answer.status == 503
    assert answer.header("Retry-After") and answer.json()["code"] == "unavailable"


@pytest.fixture(scope="module")
def caddy(make):
    server = make()
    server.replaced["/run/application.sock"] = server.folder / "application.sock"
    application = Application(server.folder / "application.sock")
    server.snippet("servers/caddy-authorizer.conf")
    server.replaced["\thandle {"] = "\timport caddy-authorizer.conf\n\thandle {"
    yield servers.caddy(server)
    application.end()


def test_caddy_asks_too(caddy, token):
    path = "/application/report.png"
    for headers in ((), (bearer("x.y.z"),), (bearer(tokens.Maker("plain").make({"kind": "refresh"})),), FORGED):
        answer = get(caddy, path, *headers)
        assert answer.status == 401, caddy.log()
        assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'
    headers = seen(get(caddy, path, bearer(token), *FORGED))
    assert "forged" not in json.dumps(headers)
    assert (headers["x-auth-user-id"], headers["x-auth-username"]) == ("1", "alice")
    assert json.loads(headers["x-auth-claims"]) == tokens.claims_of(token)
    without = tokens.Maker("plain").make({"set": {"x": "y" * 5000}})
    assert not seen(get(caddy, path, bearer(without), *FORGED)).get("x-auth-claims")
    answer = client.ask(caddy.port, "GET " + path + "?a=b", [bearer(token)])
    assert answer.json()["path"] == "/report.png?a=b"
    answer = client.ask(caddy.port, "POST /application/", [bearer(token)], "x" * 200_000)
    assert (answer.status, answer.json()["body"]) == (200, "x" * 200_000)


# FastCGI's role of an authorizer.

@pytest.mark.parametrize("name", ["lighttpd", "apache"])
def test_an_authorizer_lets_bearers_in_and_nobody_else(request, name, token):
    server = request.getfixturevalue(name)
    for headers in ((), (bearer("x.y.z"),), (bearer(tokens.Maker("plain").make({"kind": "refresh"})),)):
        answer = get(server, "/files/secret.txt", *headers)
        assert answer.status == 401, server.log()
        assert SECRET.encode() not in answer.body
        assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'
    for _ in range(20):
        answer = get(server, "/files/secret.txt", bearer(token))
        assert (answer.status, answer.body.decode()) == (200, SECRET), server.log()


def test_an_authorizer_tells_the_application_who_asks(lighttpd, token):
    answer = get(lighttpd, "/files/environment", bearer(token), "Auth-User-Id: forged", "X-Auth-User-Id: forged")
    variables = dict(line.split("=", 1) for line in answer.body.decode().splitlines() if "=" in line)
    assert variables["AUTH_USER_ID"] == "1"
    assert variables["AUTH_USERNAME"] == "alice"
    assert json.loads(variables["AUTH_CLAIMS"]) == tokens.claims_of(token)
    assert "AUTH_ROLE" not in variables
    more = tokens.Maker("plain").make({"set": {"role": "chef"}})
    answer = get(lighttpd, "/files/environment", bearer(more), "Auth-Role: forged")
    assert b"\nAUTH_ROLE=chef\n" in answer.body


def test_apache_knows_the_user(apache, token):
    assert get(apache, "/files/secret.txt", bearer(token)).header("X-Seen-User") == "alice"


def test_only_auth_check_is_an_authorizer(make):
    """Role 2 at hello: the connection is closed, and the worker lives."""
    server = make()
    server.spawn("hello")
    begin = bytes([1, 1, 0, 1, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0])
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(server.folder / "hello.sock"))
            connection.sendall(begin + bytes([1, 4, 0, 1, 0, 0, 0, 0]))
            assert connection.recv(100) == b""


@pytest.mark.parametrize("name", ["lighttpd", "apache"])
def test_an_authorizer_asks_for_a_permission(request, name, token):
    """docs/permissions.md says how; the same file without it is there."""
    server = request.getfixturevalue(name)
    (server.folder / "files" / "denied").mkdir(exist_ok=True)
    (server.folder / "files" / "denied" / "secret.txt").write_text(SECRET)
    assert get(server, "/files/secret.txt", bearer(token)).status == 200
    answer = get(server, "/files/denied/secret.txt", bearer(token))
    assert answer.status == 403 and SECRET.encode() not in answer.body
    assert get(server, "/files/denied/secret.txt").status == 401
