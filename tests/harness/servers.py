"""Web servers in front of our programs, each configured by the file of nginx/ or servers/ that users copy.

All files of a server are in one folder: copies of the programs with jwt-fcgi.conf beside them, their
sockets, the server's own files. In the copies of our files only paths and ports are replaced.
"""
import contextlib
import os
import pathlib
import pwd
import re
import shutil
import socket
import tempfile

import pytest

from . import ours, process

NAMES = ("token", "refresh", "hello", "auth_check")


def as_web():
    """The user of the web server and the programs; none of them needs root."""
    if os.geteuid() != 0:
        return [], None
    user = pwd.getpwnam("www-data")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user


def tool(name):
    """The path of a program that comes with a server; skips the test without it."""
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def listens(path):
    """Whether a program accepts connections; the file of the socket exists earlier."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        return True


class Server:
    """A folder, the programs in it, and the processes started there; call end()."""

    def __init__(self, database, settings, names=NAMES, parent=None):
        missing = ours.missing(names)
        if missing:
            pytest.skip(f"not built in {ours.BUILD}: {', '.join(missing)}")
        self.names = names
        self.prefix, self.user = as_web()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-srv-", dir=parent))
        self.folder.chmod(0o755)
        self.started = []
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.folder / "jwt-fcgi").mkdir()
        # A copy, because the web server's user may be unable to enter the folders above the checkout.
        shutil.copytree(ours.CHECKOUT / "servers", self.folder / "share/servers")
        if (ours.BUILD / "openapi.json").exists():
            shutil.copy(ours.BUILD / "openapi.json", self.folder / "share")
        for name in names:
            shutil.copy(ours.program(name), self.bin / name)
        self.configuration = self.bin / "jwt-fcgi.conf"
        self.configuration.write_text(
            "".join(f"{name}={value}\n" for name, value in {**database, **settings}.items())
        )
        self.configuration.chmod(0o600)
        self.own(self.folder, self.configuration)
        self.port = process.free_port()
        self.replaced = {
            "/usr/lib/jwt-fcgi": self.bin,
            "/usr/share/jwt-fcgi": self.folder / "share",
            "/run/fcgiwrap.socket": self.folder / "fcgiwrap.sock",
            "/run/jwt-fcgi": self.folder,
            "127.0.0.1:8000": f"127.0.0.1:{self.port}",
            "http://:8000": f"http://:{self.port}",
        }

    def own(self, *paths):
        for path in paths:
            if self.user:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def snippet(self, path, to=None):
        """Copies one of our files, with the paths and port of this server; returns the copy's path."""
        text = (ours.CHECKOUT / path).read_text()
        for old, new in self.replaced.items():
            text = text.replace(old, str(new))
        copy = self.folder / (to or pathlib.Path(path).name)
        copy.write_text(text)
        return copy

    def start(self, *command, **more):
        environment = ours.environment({}, more.pop("environment", {}))
        self.started.append(
            process.start([*self.prefix, *map(str, command)], self.folder / "log",
                          env=environment, cwd=self.folder, **more)
        )

    def spawn(self, name, *where):
        """Starts one program on its socket, or with these options of spawn-fcgi."""
        where = where or ("-s", self.folder / f"{name}.sock")
        self.start("spawn-fcgi", "-n", *where, "--", "/usr/bin/multiwatch", "-f", "1", "--", self.bin / name)
        if where[0] == "-s":
            process.wait_for(lambda: listens(where[1]), f"{name} to listen")

    def spawn_all(self):
        for name in self.names:
            self.spawn(name)

    def answers(self):
        """Whether the web server, the last started process, answers."""
        if self.started[-1].poll() is not None:
            raise process.Unfinished(self.log())
        return process.accepts(self.port)

    def wait(self):
        process.wait_for(self.answers, "the web server to answer")
        return self

    def log(self):
        return (self.folder / "log").read_text(errors="backslashreplace")

    def end(self):
        for started in reversed(self.started):
            process.end(started)
        shutil.rmtree(self.folder, ignore_errors=True)


# Nginx

NGINX = """
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
	access_log off;
	client_body_temp_path {folder}/nginx-body;
	proxy_temp_path {folder}/nginx-proxy;
	fastcgi_temp_path {folder}/nginx-fastcgi;
	uwsgi_temp_path {folder}/nginx-uwsgi;
	scgi_temp_path {folder}/nginx-scgi;
{http}
}}
"""


def nginx_start(server, http=None):
    for file in sorted((ours.CHECKOUT / "nginx").glob("*.conf")):
        server.snippet(file.relative_to(ours.CHECKOUT), f"jwt-fcgi/{file.name}")
    path = server.folder / "nginx.conf"
    if http is None:
        path.write_text((server.folder / "jwt-fcgi/nginx.conf").read_text())
    else:
        path.write_text(NGINX.format(folder=server.folder, http=http))
    server.start(tool("nginx"), "-p", server.folder, "-c", path, "-e", "stderr")
    return server.wait()


NGINX_SERVER = """
	include {upstreams};
	server {{
		listen 127.0.0.1:{port};
		large_client_header_buffers 4 16k;
		include jwt-fcgi/errors.conf;
		include {locations};
		location / {{ return 404; }}
	}}"""
NGINX_LOCATIONS = "jwt-fcgi/locations.conf; include jwt-fcgi/sessions.conf; include jwt-fcgi/permissions.conf; include jwt-fcgi/schema.conf; include jwt-fcgi/oidc.conf; include jwt-fcgi/health.conf; include jwt-fcgi/metrics.conf"


def nginx_socket(server):
    server.spawn_all()
    return nginx_start(server, NGINX_SERVER.format(
        port=server.port, upstreams="jwt-fcgi/upstreams.conf", locations=NGINX_LOCATIONS))


def nginx_tcp(server):
    text = (ours.CHECKOUT / "servers/nginx-tcp.conf").read_text()
    for name, number in re.findall(r"upstream jwt_fcgi_(\w+) {\s*server 127.0.0.1:(\d+);", text):
        port = process.free_port()
        server.replaced[f"127.0.0.1:{number}"] = f"127.0.0.1:{port}"
        if name in server.names:
            server.spawn(name, "-a", "127.0.0.1", "-p", port)
            process.wait_for(lambda port=port: process.accepts(port), f"{name} to listen")
    return nginx_start(server, NGINX_SERVER.format(
        port=server.port, upstreams=server.snippet("servers/nginx-tcp.conf"), locations=NGINX_LOCATIONS))


def nginx_fcgiwrap(server):
    path = server.folder / "fcgiwrap.sock"
    server.start(tool("fcgiwrap"), "-c", "2", "-f", "-s", f"unix:{path}")
    process.wait_for(lambda: listens(path), "fcgiwrap")
    return nginx_start(server, NGINX_SERVER.format(
        port=server.port, upstreams="jwt-fcgi/maps.conf", locations=server.snippet("servers/nginx-fcgiwrap.conf")))


# Apache httpd

APACHE = """
ServerRoot {folder}
ServerName localhost
Suexec {suexec}
PidFile {folder}/apache.pid
Mutex file:{folder} default
ErrorLog {folder}/apache-error.log
LogLevel warn
Listen 127.0.0.1:{port}
DocumentRoot {folder}/htdocs
{modules}
<Directory />
	AllowOverride None
	Require all denied
</Directory>
<Directory {folder}/htdocs>
	AllowOverride {override}
	Require all granted
</Directory>
{main}
<VirtualHost 127.0.0.1:{port}>
{host}
</VirtualHost>
"""
APACHE_MODULES = pathlib.Path("/usr/lib/apache2/modules")
APACHE_STATE = {
    "mime": "TypesConfig {folder}/mime.types",
    "fcgid": "FcgidIPCDir {folder}/fcgid\nFcgidProcessTableFile {folder}/fcgid.shm",
    "cgid": "ScriptSock {folder}/cgid.sock",
}


def apache_load(server, modules):
    lines = []
    for module in modules:
        file = APACHE_MODULES / f"mod_{module}.so"
        if not file.exists():
            pytest.skip(f"Apache's mod_{module} is not installed")
        lines.append(f"LoadModule {module}_module {file}")
        lines.append(APACHE_STATE.get(module, "").format(folder=server.folder))
    return "\n".join(lines)


def apache_start(server, host, *modules, mpm="event", override="None", main="", **more):
    (server.folder / "htdocs").mkdir(exist_ok=True)
    (server.folder / "mime.types").touch()
    always = [f"mpm_{mpm}", "authz_core", "authz_host", "authn_core", "env", "alias", "mime"]
    path = server.folder / "apache.conf"
    path.write_text(APACHE.format(
        folder=server.folder, port=server.port, host=host, main=main, override=override,
        suexec="On" if "suexec" in modules else "Off",  # if suEXEC is installed, mod_fcgid does not start without root
        modules=apache_load(server, [*always, *modules])))
    server.start(tool("apache2"), "-DFOREGROUND", "-f", path, **more)
    return server.wait()


def apache_proxy_fcgi(server):
    server.spawn_all()
    return apache_start(server, f"Include {server.snippet('servers/apache-proxy_fcgi.conf')}",
                        "headers", "proxy", "proxy_fcgi")


def apache_fcgid(server):
    return apache_start(server, f"Include {server.snippet('servers/apache-fcgid.conf')}", "fcgid", "headers")


def apache_cgid(server):
    return apache_start(server, f"Include {server.snippet('servers/apache-cgi.conf')}", "cgid", "headers")


def suexec_root():
    """The folder below which the real suEXEC (apache2-suexec-custom) runs other users' programs for www-data."""
    allowed = pathlib.Path("/etc/apache2/suexec/www-data")
    if os.geteuid() != 0 or not allowed.exists() or not os.access("/usr/lib/apache2/suexec", os.X_OK):
        pytest.skip("needs root and apache2-suexec-custom")
    root = pathlib.Path(allowed.read_text().splitlines()[0])
    if not root.is_dir():
        pytest.skip(f"suEXEC runs nothing here: {allowed} names {root}")
    return root


@contextlib.contextmanager
def suexec_log():
    """Creates the folder of suEXEC's log, without which suEXEC refuses; Debian's apache2 has it, apache2-bin has not."""
    folder = pathlib.Path("/var/log/apache2")
    missing = not folder.exists()
    if missing:
        folder.mkdir()
    try:
        yield
    finally:
        if missing:
            shutil.rmtree(folder)


SUEXEC = """#!/bin/bash
# Keeps the variables that suEXEC keeps: its list of safe ones, HTTP_* and SSL_*.
for name in $(compgen -e); do
	case $name in
	HTTP_* | SSL_*) ;;
	AUTH_TYPE | CONTENT_LENGTH | CONTENT_TYPE | CONTEXT_DOCUMENT_ROOT | CONTEXT_PREFIX) ;;
	DATE_GMT | DATE_LOCAL | DOCUMENT_NAME | DOCUMENT_PATH_INFO | DOCUMENT_ROOT | DOCUMENT_URI) ;;
	GATEWAY_INTERFACE | HTTPS | LAST_MODIFIED | PATH_INFO | PATH_TRANSLATED | QUERY_STRING) ;;
	QUERY_STRING_UNESCAPED | REMOTE_ADDR | REMOTE_HOST | REMOTE_IDENT | REMOTE_PORT) ;;
	REMOTE_USER | REDIRECT_ERROR_NOTES | REDIRECT_HANDLER | REDIRECT_QUERY_STRING) ;;
	REDIRECT_REMOTE_USER | REDIRECT_SCRIPT_FILENAME | REDIRECT_STATUS | REDIRECT_URL) ;;
	REQUEST_METHOD | REQUEST_URI | REQUEST_SCHEME | SCRIPT_FILENAME | SCRIPT_NAME) ;;
	SCRIPT_URI | SCRIPT_URL | SERVER_ADMIN | SERVER_NAME | SERVER_ADDR | SERVER_PORT) ;;
	SERVER_PROTOCOL | SERVER_SIGNATURE | SERVER_SOFTWARE | UNIQUE_ID | USER_NAME | TZ) ;;
	*) unset "$name" ;;
	esac
done
export PATH=/usr/local/bin:/usr/bin:/bin
exec "${0%/*}/own/${0##*/}"
"""


def suexec(server, names=None):
    """Replaces each program by a script that cleans the environment as suEXEC does, then runs the program."""
    own = server.bin / "own"
    own.mkdir()
    names = server.names if names is None else names
    for file in [*(server.bin / name for name in names), server.configuration]:
        file.rename(own / file.name)
    for name in names:
        wrapper = server.bin / name
        wrapper.write_text(SUEXEC)
        wrapper.chmod(0o755)


def apache_cgi_suexec(server):
    suexec(server)
    return apache_start(
        server, f"Include {server.snippet('servers/apache-cgi.conf')}", "cgi", "headers", mpm="prefork",
        environment={"JWT_SIGNING_KEY": "of the environment, which must not arrive", "PGHOST": "/nowhere"},
    )


# lighttpd

# The modules of Debian's lighttpd.conf, at whose end users include our files: there mod_staticfile precedes ours.
LIGHTTPD = """
server.modules = ( "mod_indexfile", "mod_access", "mod_alias", "mod_redirect", "mod_dirlisting", "mod_staticfile" )
server.document-root = "{folder}/htdocs"
server.bind = "127.0.0.1"
server.port = {port}
server.upload-dirs = ( "{folder}" )
server.errorlog = "{folder}/lighttpd-error.log"
{more}
include "{snippet}"
"""


def lighttpd_start(server, snippet, more=""):
    (server.folder / "htdocs").mkdir(exist_ok=True)
    path = server.folder / "lighttpd.conf"
    path.write_text(LIGHTTPD.format(
        folder=server.folder, port=server.port, more=more, snippet=server.snippet(snippet)))
    server.start(tool("lighttpd"), "-D", "-f", path)
    return server.wait()


def lighttpd_fastcgi(server):
    server.spawn_all()
    return lighttpd_start(server, "servers/lighttpd-fastcgi.conf")


def lighttpd_cgi(server):
    return lighttpd_start(server, "servers/lighttpd-cgi.conf")


# Caddy

def caddy(server):
    server.spawn_all()
    home = server.folder / "caddy"
    home.mkdir()
    server.own(home)
    server.start(tool("caddy"), "run", "--config", server.snippet("servers/Caddyfile"), "--adapter", "caddyfile",
                 environment={"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)})
    return server.wait()


ALL = {
    "nginx-socket": nginx_socket,
    "nginx-tcp": nginx_tcp,
    "nginx-fcgiwrap": nginx_fcgiwrap,
    "apache-proxy_fcgi": apache_proxy_fcgi,
    "apache-fcgid": apache_fcgid,
    "apache-cgid": apache_cgid,
    "apache-cgi-suexec": apache_cgi_suexec,
    "lighttpd-fastcgi": lighttpd_fastcgi,
    "lighttpd-cgi": lighttpd_cgi,
    "caddy": caddy,
}
