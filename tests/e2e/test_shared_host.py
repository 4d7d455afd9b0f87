"""The folder of `make shared-host` on an Apache that allows .htaccess and CGI, under suEXEC and by its rules."""
import contextlib
import os
import shutil
import subprocess

import pytest

from harness import client, ours, people, servers, tokens
from harness.profiles import PROFILES
from harness.site import Site


@pytest.fixture(scope="module")
def made():
    """What is to be uploaded; made once."""
    if not (ours.BUILD / "Makefile").exists():
        pytest.skip("no build directory to make it in")
    done = subprocess.run(["make", "-s", "-C", ours.BUILD, "shared-host"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = next(path for path in ours.BUILD.glob("jwt-fcgi-shared-host-*") if path.is_dir())
    assert (ours.BUILD / (folder.name + ".tar.gz")).exists()
    return folder, done.stdout


def upload(site, made, **more):
    """A home with jwt-fcgi.conf in it and htdocs below."""
    folder, _ = made
    server = servers.Server(site.our_environment(), PROFILES["plain"].our_settings(), (), **more)
    htdocs = server.folder / "htdocs"
    shutil.copytree(folder / "public_html", htdocs)
    server.configuration = server.configuration.rename(server.folder / "jwt-fcgi.conf")
    return server


def with_cgid(server):
    return servers.apache_start(server, "", "cgid", "rewrite", "setenvif", override="All")


def with_cgi(server, *modules, host=""):
    """What the web server itself has in its environment must not arrive."""
    return servers.apache_start(server, host, "cgi", "rewrite", "setenvif", *modules, mpm="prefork", override="All",
                                environment={"PGHOST": "/nowhere", "JWT_NO_SUCH": "x"})


def with_rules_of_suexec(server):
    htdocs = server.folder / "htdocs"
    (htdocs / "own").mkdir()
    (htdocs / "auth.cgi").rename(htdocs / "own" / "auth.cgi")
    (htdocs / "auth.cgi").write_text(servers.SUEXEC)
    (htdocs / "auth.cgi").chmod(0o755)
    return with_cgi(server)


def with_suexec(server):
    """The files are nobody's, and so is the process; the web server is www-data's."""
    for path in (server.configuration, server.folder / "htdocs", *(server.folder / "htdocs").rglob("*")):
        shutil.chown(path, "nobody", "nogroup")
    return with_cgi(server, "suexec", host="SuexecUserGroup nobody nogroup")


HOSTS = {"cgid": with_cgid, "suexec-rules": with_rules_of_suexec, "suexec": with_suexec}


@pytest.fixture(scope="module", params=list(HOSTS))
def server(request, site, made):
    suexec = request.param == "suexec"
    parent = servers.suexec_root() if suexec else None
    site.restore()
    server = upload(site, made, parent=parent)
    try:
        with servers.suexec_log() if suexec else contextlib.nullcontext():
            yield HOSTS[request.param](server)
    finally:
        server.end()


def log_in(server, path):
    return client.post_json(server.port, path, {"username": "alice", "password": people.PASSWORD})


@pytest.mark.parametrize("prefix", ["", "/auth.cgi"])
def test_the_urls(server, prefix):
    pair = log_in(server, prefix + "/api/token/")
    assert pair.status == 200, (server.folder / "apache-error.log").read_text()
    access = "Authorization: Bearer " + pair.json()["access"]
    assert client.ask(server.port, f"GET {prefix}/hello/", [access]).json() == {"message": "Hello, World!"}
    assert client.ask(server.port, f"GET {prefix}/hello", [access]).status == 200
    assert client.ask(server.port, f"GET {prefix}/hello/?a=b").status == 401
    refreshed = client.post_json(server.port, f"{prefix}/api/token/refresh/", {"refresh": pair.json()["refresh"]})
    assert refreshed.status == 200
    assert tokens.claims_of(refreshed.json()["access"])["token_type"] == "access"
    assert client.post_json(server.port, f"{prefix}/api/token/verify/", {"token": pair.json()["access"]}).status == 200
    assert client.ask(server.port, f"GET {prefix}/api/token/").status == 405
    may = client.ask(server.port, f"GET {prefix}/api/permissions/?has=auth.add_user", [access])
    assert (may.status, may.json()) == (200, {"auth.add_user": False})


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema", "/openapi.json"])
def test_the_document_is_a_file(server, path):
    answer = client.ask(server.port, f"GET {path}")
    assert (answer.status, answer.header("Content-Type")) == (200, "application/json")
    assert set(answer.json()["paths"]) > {"/api/token/", "/api/sessions/{sid}/", "/api/permissions/"}


@pytest.fixture(scope="module")
def site_with_sessions(cluster):
    """A database of its own: programs answer from memory where the change feed is installed, other tests must not."""
    site = Site(cluster, "shared_host")
    cluster.psql(site.name, "-f", ours.CHECKOUT / "sql/sessions.sql")
    yield site
    site.end()


@pytest.mark.parametrize("prefix", ["", "/auth.cgi"])
def test_sessions(site_with_sessions, made, prefix):
    server = upload(site_with_sessions, made)
    try:
        with server.configuration.open("a") as file:
            file.write("JWT_SESSIONS=on\n")
        with_cgid(server)
        access = ["Authorization: Bearer " + log_in(server, "/api/token/").json()["access"] for _ in range(2)]
        listed = client.ask(server.port, f"GET {prefix}/api/sessions/", access[:1]).json()
        other = next(one["sid"] for one in listed if not one["current"])
        assert client.ask(server.port, f"DELETE {prefix}/api/sessions/{other}/", access[:1]).status == 204
        assert client.ask(server.port, "GET /hello/", access[1:]).status == 401
        ended = client.post_json(server.port, f"{prefix}/api/logout/", {}, access[:1])
        assert (ended.status, ended.json()) == (200, {"ended": 1})
        assert client.ask(server.port, "GET /hello/", access[:1]).status == 401
    finally:
        server.end()


@pytest.mark.parametrize("path", ["/auth.cgi", "/auth.cgi/", "/auth.cgi/none", "/auth.cgi/api/token/none", "/auth.cgi/api/permissions/none",
                                  "/auth.cgi/api/sessionsx"])
def test_no_such_url(server, path):
    answer = client.ask(server.port, f"GET {path}")
    assert answer.status == 404
    assert answer.json() == {"detail": "Not found."}


@pytest.mark.parametrize("server", ["suexec"], indirect=True)
def test_it_is_suexec(server):
    """Only the owner may read the settings, and he is not the web server's user; what his group can write is refused."""
    program = server.folder / "htdocs" / "auth.cgi"
    assert server.configuration.stat().st_uid == program.stat().st_uid != server.folder.stat().st_uid
    program.chmod(0o775)
    try:
        assert client.ask(server.port, "GET /hello/").status == 500
    finally:
        program.chmod(0o755)
    assert client.ask(server.port, "GET /hello/").status == 401


def test_no_settings_are_shown(server):
    (server.folder / "htdocs" / "jwt-fcgi.conf").write_text("JWT_SIGNING_KEY=secret")
    try:
        assert client.ask(server.port, "GET /jwt-fcgi.conf").status == 403
    finally:
        (server.folder / "htdocs" / "jwt-fcgi.conf").unlink()


def run(server, **environment):
    """Plain CGI, without a web server."""
    return subprocess.run(
        [*server.prefix, server.folder / "htdocs" / "auth.cgi"], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, cwd=server.folder,
        env={"REQUEST_METHOD": "GET", "PATH_INFO": "/hello/", "DOCUMENT_ROOT": str(server.folder / "htdocs"),
             **environment})


def test_settings_that_others_can_read_or_the_web_shows(site, made):
    server = upload(site, made)
    try:
        assert run(server).stdout.startswith("Status: 401")
        server.configuration.chmod(0o644)
        done = run(server)
        assert done.returncode != 0 and "0644" in done.stderr
        moved = server.configuration.rename(server.folder / "htdocs" / "jwt-fcgi.conf")
        moved.chmod(0o600)
        done = run(server)
        assert done.returncode != 0 and "inside the document root" in done.stderr
    finally:
        server.end()


def test_it_is_whole(made):
    folder, said = made
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "jwt-fcgi.conf", "public_html/.htaccess", "public_html/auth.cgi", "public_html/openapi.json", "schema.sql",
        "sessions.sql", "shared-host.md"]
    assert (folder / "jwt-fcgi.conf").stat().st_mode & 0o777 == 0o600
    assert os.access(folder / "public_html/auth.cgi", os.X_OK)
    if "nothing but" in said and "libasan" not in said:
        assert said.split("\n")[1].strip().startswith("libc.so")


WORDPRESS = r"""
# BEGIN WordPress
<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\.html$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.html [L]
</IfModule>
# END WordPress
"""


def test_beside_wordpress(site, made):
    """Above WordPress's lines, as docs/shared-host.md says; below them WordPress answers every URL."""
    server = upload(site, made)
    try:
        file = server.folder / "htdocs/.htaccess"
        (server.folder / "htdocs/index.html").write_text("WordPress")
        lines = file.read_text()
        with_cgid(server)
        file.write_text(lines + WORDPRESS)
        pair = log_in(server, "/api/token/")
        assert pair.status == 200, (server.folder / "apache-error.log").read_text()
        assert client.ask(server.port, "GET /hello/", ["Authorization: Bearer " + pair.json()["access"]]).status == 200
        assert client.ask(server.port, "GET /a-page/").body == b"WordPress"
        file.write_text(WORDPRESS + lines)
        assert log_in(server, "/api/token/").body == b"WordPress"
    finally:
        server.end()
