"""jwtctl doctor finds what is wrong, names the directive that mends it, and is content with what is right."""
import datetime
import ipaddress
import json
import os
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness import ours, process, servers
from harness.profiles import PROFILES


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
    environment = ours.environment({}, {"JWT_CONFIG_FILE": str(server.configuration), **settings})
    return subprocess.run([*server.prefix, ours.program("jwtctl"), "doctor", *arguments], env=environment,
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/")


@pytest.fixture(scope="module", autouse=True)
def reachable(server):
    """Who asks is the programs' own user: the file with the settings is his."""
    if subprocess.run([*server.prefix, ours.program("jwtctl"), "--version"], capture_output=True).returncode:
        server.prefix = []
        server.configuration.chmod(0o600)
        os.chown(server.configuration, os.geteuid(), os.getegid())


def url(server):
    return f"http://127.0.0.1:{server.port}"


def wrong(done):
    assert done.returncode == 1, done.stderr
    return {what: mend for state, what, mend in lines(done) if state == "wrong"}


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
    told = [what for state, what, mend in lines(done) if state == "ok" and mend is None]
    assert told[:4] == ["settings", "keys", "database", "tables"]
    assert set(told[4:]) == {str(server.folder / f"{name}.sock") for name in servers.NAMES} | {
        url(server) + "/hello/", url(server) + "/api/token/"}
    listed = json.loads(doctor(server, "--json", "--sockets", server.folder).stdout)
    assert all(row["ok"] is True and row["mend"] is None for row in listed)


@pytest.mark.parametrize("settings,what,mend", [
    ({"PGHOST": "/nowhere"}, "database", "PGHOST"),
    ({"PGDATABASE": "postgres"}, "tables", "sql/schema.sql"),
    ({"JWT_ALGORITHM": "ES256"}, "keys", "jwtctl key generate"),
])
def test_what_is_wrong_inside(server, settings, what, mend):
    found = wrong(doctor(server, "--sockets", server.folder, **settings))
    assert mend in found[what]


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


def test_a_web_server_that_is_not_there(server):
    found = wrong(doctor(server, "--sockets", server.folder, "--url", "http://127.0.0.1:1"))
    assert "must run" in found["http://127.0.0.1:1/hello/"]
    found = wrong(doctor(server, "--sockets", server.folder, "--url", url(server) + "/elsewhere/"))
    assert "docs/deploy.md" in found[url(server) + "/elsewhere//hello/"]


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
    assert set(found) == {f"https://localhost:{port}/hello/", f"https://localhost:{port}/api/token/"}
    assert all("ssl_certificate" in mend and "SSL_CERT_FILE=" in mend for mend in found.values())
    assert "self-signed certificate" in done.stdout.replace("self signed", "self-signed")
    found = wrong(doctor(server, *asked, f"https://127.0.0.2:{port}", SSL_CERT_FILE=str(certificate)))
    assert all("--url" in mend for mend in found.values())
    found = wrong(doctor(server, *asked, f"https://localhost:{server.port}"))
    assert all("listen 443 ssl" in mend for mend in found.values())


def test_a_certificate_that_is_over(server):
    port, certificate = https(server, server.folder, "over", days=-1)
    done = doctor(server, "--sockets", server.folder, "--url", f"https://localhost:{port}", SSL_CERT_FILE=str(certificate))
    assert all("renew" in mend for mend in wrong(done).values()) and "expired" in done.stdout


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


def test_settings_that_are_wrong(server):
    done = doctor(server, JWT_LEEWAY="much")
    assert done.returncode == 2 and "JWT_LEEWAY" in done.stderr
    server.configuration.chmod(0o644)
    try:
        done = doctor(server)
        assert done.returncode == 2 and "0644" in done.stderr
    finally:
        server.configuration.chmod(0o600)
