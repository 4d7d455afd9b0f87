"""jwtctl doctor finds what is wrong, names the directive that fixes it, and finds nothing wrong where nothing is."""
import datetime
import email.utils
import http.server
import ipaddress
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness import ours, process, servers
from harness.oidc import provider, running_provider
from harness.profiles import KEY, PROFILES
from harness.site import Site


@pytest.fixture(scope="module")
def server(site):
    server = servers.Server(site.our_environment(), PROFILES["default"].our_settings())
    try:
        for name in servers.NAMES:
            server.spawn(name, "-s", server.folder / f"{name}.sock", "-M", "0660")
        yield servers.nginx_start(server)
    finally:
        server.end()


def doctor(server, *arguments, **settings):
    """As the programs' own user, who may not enter the folders above the build: of copies."""
    for name in ("jwtctl", "doctor"):
        if not (server.bin / name).exists():
            shutil.copy(ours.program(name), server.bin)
    environment = ours.environment({}, {"JWT_CONFIG_FILE": str(server.configuration), **settings})
    return subprocess.run([*server.prefix, server.bin / "jwtctl", "doctor", *arguments], env=environment,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/")


def url(server):
    return f"http://127.0.0.1:{server.port}"


def wrong(done):
    assert done.returncode == 1, done.stdout + done.stderr
    return {what: fix for state, what, fix in lines(done) if state == "wrong"}


def lines(done):
    found = []
    for line in done.stdout.splitlines():
        if line.startswith("       -> "):
            found[-1][2] = line.strip()
        else:
            state, rest = line.split(None, 1)
            found.append([state, rest.partition(": ")[0], None])
    return found


def test_all_is_well(server):
    done = doctor(server, "--sockets", server.folder, "--url", url(server))
    assert done.returncode == 0, done.stdout + done.stderr
    states = {}
    for state, what, fix in lines(done):
        states.setdefault(state, set()).add(what)
        assert fix is None
    served = {url(server) + path for path, name in ours.PROGRAM_OF.items() if name in servers.NAMES}
    assert states["ok"] >= {"configuration"} | {str(server.folder / f"{name}.sock") for name in servers.NAMES} | served
    assert "wrong" not in states and states.get("note", set()) <= {"passwords", "configuration"} and not served & states.get("-", set())
    assert "note   configuration: change feed: not installed" in done.stdout
    listed = json.loads(doctor(server, "--json", "--sockets", server.folder).stdout)
    listed = [row for row in listed if not row["found"].startswith("change feed: ")]
    assert len(listed) == len(servers.NAMES) + 2 and all(row["ok"] is True and row["fix"] is None for row in listed)


@pytest.mark.parametrize("settings,fix", [
    ({"PGHOST": "/nowhere"}, "PGHOST"),
    ({"PGDATABASE": "postgres"}, "sql/schema.sql"),
    ({"JWT_ALGORITHM": "ES256"}, "jwtctl key generate"),
    ({"JWT_LEEWAY": "much"}, "jwt-fcgi.conf(5)"),
    ({"JWT_SIGNING_KEY": "", "JWT_SIGNING_KEY_FILE": "/proc/1/environ"}, "chown"),
    ({"JWT_CLAIMS_QUERY": "SELECT rolname AS role FROM pg_authid WHERE oid = $1"}, "GRANT SELECT"),
])
def test_what_is_wrong_inside(server, settings, fix):
    done = doctor(server, "--sockets", server.folder, **settings)
    assert fix in wrong(done)["configuration"]
    told = doctor(server, "--json", "--sockets", server.folder, **settings)
    rows = [row for row in json.loads(told.stdout) if not row["ok"]]
    assert told.returncode == 1 and rows and all(fix in row["fix"] for row in rows)


def test_what_is_wrong_with_sockets(server):
    stale, link = server.folder / "stale.sock", server.folder / "verify.sock"
    stale.write_text("")
    open_socket = server.folder / "token.sock"
    open_socket.chmod(0o666)
    subprocess.run([sys.executable, "-c", f"import socket; socket.socket(socket.AF_UNIX).bind('{link}')"], check=True)
    link.chmod(0o777)
    try:
        found = wrong(doctor(server, "--sockets", server.folder))
        assert set(found) == {str(stale), str(link), str(open_socket)}
        assert "start the program" in found[str(link)]
        assert "0660" in found[str(open_socket)]
    finally:
        stale.unlink()
        link.unlink()
        open_socket.chmod(0o660)
    assert "--sockets" in wrong(doctor(server, "--sockets", "/nowhere"))["/nowhere"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be a user who may not use a socket")
def test_a_socket_and_a_folder_that_may_not_be_used(server):
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-test-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        for program in ("jwtctl", "doctor", "token"):
            shutil.copy(ours.program(program), place)
        (place / "sockets").mkdir(0o755)
        with socket.socket(socket.AF_UNIX) as listener:
            path = place / "sockets" / "token.sock"
            listener.bind(str(path))
            listener.listen()
            path.chmod(0o600)

            def as_another():
                return wrong(subprocess.run(
                    ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", place / "jwtctl", "doctor",
                     "--sockets", place / "sockets"], capture_output=True, text=True, cwd="/",
                    env=ours.environment({}, {"JWT_SIGNING_KEY": KEY})))

            assert "SocketGroup=" in as_another()[str(path)]
            (place / "sockets").chmod(0o700)
            assert "the web server's user" in as_another()[str(place / "sockets")]


def test_a_web_server_that_is_not_there(server):
    found = wrong(doctor(server, "--sockets", server.folder, "--url", "http://127.0.0.1:1"))
    assert list(found) == ["http://127.0.0.1:1"] and "must run" in found["http://127.0.0.1:1"]
    found = wrong(doctor(server, "--sockets", server.folder, "--url", url(server) + "/elsewhere/"))
    assert "docs/deploy.md" in found[url(server) + "/elsewhere/hello/"]
    assert "http://" in wrong(doctor(server, "--url", "gopher://127.0.0.1/"))["gopher://127.0.0.1"]


def front(server, name, change):
    """Another Nginx in front of the same programs, with a changed configuration; its URL."""
    port = process.free_port()
    path = server.folder / f"{name}.conf"
    text = (server.folder / "nginx.conf").read_text().replace(f"127.0.0.1:{server.port}", f"127.0.0.1:{port}")
    path.write_text(change(text).replace("nginx.pid", f"{name}.pid"))
    server.start(servers.tool("nginx"), "-p", server.folder, "-c", path, "-e", "stderr")
    process.wait_for(lambda: process.accepts(port), "another Nginx")
    return f"http://127.0.0.1:{port}"


def test_a_site_that_serves_tokens_only(site):
    """What it does not serve is not wrong, whether sockets are seen or not."""
    small = servers.Server(site.our_environment(), PROFILES["default"].our_settings())
    try:
        small.spawn("token", "-s", small.folder / "token.sock", "-M", "0660")
        servers.nginx_start(small)
        base = front(small, "small", lambda text: text.replace("include jwt-fcgi/locations.conf;", """
            location = /api/token/ { include jwt-fcgi/fastcgi.conf; fastcgi_pass jwt_fcgi_token; }
            include jwt-fcgi/answers.conf;""").replace("include jwt-fcgi/page.conf;", ""))
        for arguments in (["--sockets", small.folder], []):
            done = doctor(small, *arguments, "--url", base)
            assert done.returncode == 0, done.stdout
            states = {what: state for state, what, _ in lines(done)}
            assert states[base + "/api/token/"] == "ok" and states[base + "/hello/"] == "-"
    finally:
        small.end()


def test_a_body_and_a_header_that_do_not_arrive(server):
    base = front(server, "deaf", lambda text: re.sub(
        r"(server_tokens|access_log)", r"fastcgi_pass_request_body off; fastcgi_pass_request_headers off; \1", text, count=1))
    found = wrong(doctor(server, "--sockets", server.folder, "--url", base))
    assert "fastcgi_pass_request_body" in found[base + "/api/token/"]
    assert "fastcgi_pass_request_headers" in found[base + "/hello/"]


def test_a_web_server_without_locations(server):
    base = front(server, "bare", lambda text: re.sub("include jwt-fcgi/(?!upstreams|errors).*", "", text))
    assert "locations.conf" in wrong(doctor(server, "--sockets", server.folder, "--url", base))[base + "/hello/"]


def test_without_curl(server):
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-test-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        for tool in (*server.prefix[:1], "sh", "dirname", "mktemp", "rm", "sed", "awk", "tr", "cat", "grep"):
            (place / tool).symlink_to(shutil.which(tool))
        found = wrong(doctor(server, PATH=name))
        assert "apt-get install curl" in found["curl"]


def certify(folder, name, days=2):
    """A certificate of its own for localhost and 127.0.0.1, and its key; over since yesterday if days is -1."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.utcnow()
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(9))
        .not_valid_after(now + datetime.timedelta(days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256()))
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    for file in files:
        file.chmod(0o644)
    return files


def https(server, folder, name, **more):
    """A TLS server in front of the server's own programs; its port."""
    certificate, key = certify(folder, name, **more)
    port = process.free_port()
    path = server.folder / f"{name}.conf"
    path.write_text((server.folder / "nginx.conf").read_text().replace(
        f"listen 127.0.0.1:{server.port};",
        f"listen 127.0.0.1:{port} ssl; listen 127.0.0.2:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};").replace(
        "nginx.pid", f"{name}.pid"))
    server.start(servers.tool("nginx"), "-p", server.folder, "-c", path, "-e", "stderr")
    process.wait_for(lambda: process.accepts(port), "Nginx with TLS")
    return port, certificate


def test_https_is_verified(server):
    port, certificate = https(server, server.folder, "own")
    asked = ["--sockets", server.folder, "--url"]
    for host in ("localhost", "127.0.0.1"):
        done = doctor(server, *asked, f"https://{host}:{port}", SSL_CERT_FILE=str(certificate))
        assert done.returncode == 0, done.stdout + done.stderr
    done = doctor(server, *asked, f"https://localhost:{port}")
    found = wrong(done)
    assert set(found) == {f"https://localhost:{port}"}
    assert all("ssl_certificate" in fix and "SSL_CERT_FILE=" in fix for fix in found.values())
    assert "self-signed certificate" in done.stdout.replace("self signed", "self-signed")
    found = wrong(doctor(server, *asked, f"https://127.0.0.2:{port}", SSL_CERT_FILE=str(certificate)))
    assert found and all("--url" in fix for fix in found.values())
    found = wrong(doctor(server, *asked, f"https://localhost:{server.port}"))
    assert found and all("listen 443 ssl" in fix for fix in found.values())


def test_a_certificate_that_is_over(server):
    port, certificate = https(server, server.folder, "over", days=-1)
    done = doctor(server, "--sockets", server.folder, "--url", f"https://localhost:{port}", SSL_CERT_FILE=str(certificate))
    assert all("renew" in fix for fix in wrong(done).values()) and "expired" in done.stdout


def test_apache_without_its_directive(site, server):
    other = servers.Server(site.our_environment(), PROFILES["plain"].our_settings())
    try:
        snippet = other.snippet("servers/apache-cgi.conf")
        snippet.write_text(snippet.read_text().replace("CGIPassAuth On", ""))
        servers.apache_start(other, f"Include {snippet}", "cgid", "headers")
        found = wrong(doctor(server, "--sockets", server.folder, "--url", url(other)))
        assert list(found) == [url(other) + "/hello/"]
        assert "CGIPassAuth On" in found[url(other) + "/hello/"]
    finally:
        other.end()


def test_passwords_that_nothing_verifies(server, site):
    columns = "username, password, is_active, is_superuser, is_staff, first_name, last_name, email, date_joined"
    try:
        site.execute("DELETE FROM auth_user WHERE username <> 'alice'")
        assert ["ok", "passwords", None] in lines(doctor(server))
        site.execute(f"INSERT INTO auth_user ({columns}) VALUES"
                     " ('ldap', '{SSHA}c2VhdGFsdA==', true, false, false, '', '', '', now()),"
                     " ('other', 'another$format', true, false, false, '', '', '', now())")
        done = doctor(server)
        assert "note   passwords: 2 are of a format that no login verifies" in done.stdout
    finally:
        site.restore()


def test_settings_that_others_can_read(server):
    server.configuration.chmod(0o644)
    try:
        done = doctor(server)
        assert "configuration" in wrong(done) and "0644" in done.stdout
    finally:
        server.configuration.chmod(0o600)


@pytest.mark.parametrize("arguments", [["--what"], ["--url"], ["x"]])
def test_usage(server, arguments):
    done = doctor(server, *arguments)
    assert done.returncode == 2 and "--help" in done.stderr


def look(provider, **settings):
    return subprocess.run([ours.program("jwtctl"), "doctor", "--sockets", provider.folder], capture_output=True, text=True,
                          env={**provider.environment, **settings}, stdin=subprocess.DEVNULL)


def test_the_provider_as_its_clients_see_it(provider):
    found = {what: state for state, what, fix in lines(look(provider))}
    assert {found[f"{provider.issuer}/.well-known/{name}"] for name in ("openid-configuration", "jwks.json")} == {"ok"}
    assert found["clients"] == found["clock"] == "ok"


def test_what_is_wrong_with_a_provider(provider):
    answers = wrong(look(provider, JWT_OIDC_ISSUER=f"http://localhost:{provider.port}"))
    assert "JWT_OIDC_ISSUER" in answers[f"http://localhost:{provider.port}/.well-known/openid-configuration"]
    nowhere = f"http://127.0.0.1:{process.free_port()}"
    assert "must run" in wrong(look(provider, JWT_OIDC_ISSUER=nowhere))[f"{nowhere}/.well-known/openid-configuration"]
    provider.site.execute("ALTER TABLE oidc_client DROP CONSTRAINT oidc_client_redirect_uris_check")
    try:
        provider.site.execute("UPDATE oidc_client SET redirect_uris = '{https://*.example.com/}' WHERE client_id = 'web'")
        assert "https" in wrong(look(provider))["clients"]
        provider.site.execute("DELETE FROM oidc_client")
    finally:
        provider.site.execute("ALTER TABLE oidc_client ADD CHECK (jwt_oidc_uris_good(redirect_uris))")
    assert ["note", "clients", None] in lines(look(provider))


@pytest.fixture
def elsewhere():
    """elsewhere(slash, kty, age, status): the URL of a server of the document and keys of another provider."""
    servers = []

    def start(slash="", kty="RSA", age=0, status=200):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer = f"http://127.0.0.1:{self.server.server_address[1]}{slash}"
                document = {"issuer": issuer, "jwks_uri": "-"} if "openid" in self.path else {"keys": [{"kty": kty}]}
                self.send_response_only(200 if "openid" in self.path else status)
                self.send_header("Date", email.utils.formatdate(time.time() - age, usegmt=True))
                self.end_headers()
                self.wfile.write(json.dumps(document, separators=(",", ":")).encode())

            def log_message(self, *arguments):
                pass

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("given, what, words", [
    ({}, None, None),
    ({"slash": "/"}, "/.well-known/openid-configuration", "the same for every program"),
    ({"kty": "EC"}, "/.well-known/jwks.json", "--algorithm RS256"),
    ({"status": 502}, "/.well-known/jwks.json", "the program must run"),
    ({"status": 404}, "/.well-known/jwks.json", "must pass this URL on"),
    ({"age": 60}, "clock", "chrony"),
    ({"age": -60}, "clock", "chrony"),
])
def test_what_clients_would_refuse(provider, elsewhere, given, what, words):
    """The issuer is compared byte for byte."""
    issuer = elsewhere(**given)
    done = look(provider, JWT_OIDC_ISSUER=issuer)
    if what is None:
        assert done.returncode == 0, done.stdout
    else:
        [(found, fix)] = wrong(done).items()
        assert found == (what if what == "clock" else issuer + what) and words in fix


@pytest.mark.parametrize("settings, state", [({"JWT_SESSIONS": "on"}, "ok"), ({}, "-")])
def test_the_urls_of_sessions(cluster, settings, state):
    """Without JWT_SESSIONS the programs answer 404: they are not served, although they run."""
    site = Site(cluster, f"doctor_{len(settings)}")
    if settings:
        cluster.psql(site.name, "-f", ours.CHECKOUT / "sql/sessions.sql")
    server = servers.Server(site.our_environment(), {**PROFILES["default"].our_settings(), **settings},
                            ("token", "logout", "sessions"))
    try:
        for name in server.names:
            server.spawn(name, "-s", server.folder / f"{name}.sock", "-M", "0660")
        servers.nginx_start(server)
        found = {what: found for found, what, fix in lines(doctor(server, "--sockets", server.folder, "--url", url(server)))}
        assert found[f"{url(server)}/api/logout/"] == found[f"{url(server)}/api/sessions/"] == state
    finally:
        server.end()
        site.end()


__all__ = ["provider", "running_provider"]
