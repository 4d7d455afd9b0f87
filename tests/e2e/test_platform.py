"""A platform that starts one command and names PORT and DATABASE_URL."""
import os
import pathlib
import shutil
import subprocess
import tempfile
from urllib.parse import quote

import pytest

from harness import client, ours, people, process
from harness.fixtures import skip_without
from harness.oidc import generate_key
from harness.profiles import KEY, PROFILES


def url(site):
    return f"postgresql://jwt_fcgi@{quote(str(site.cluster.folder), safe='')}/{site.name}"


def check(environment):
    skip_without("token")
    return subprocess.run([ours.program("token"), "--check-config"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env={"JWT_SIGNING_KEY": KEY, **environment})


@pytest.mark.parametrize("name", ["DATABASE_URL", "JWT_DATABASE_URL"])
def test_the_database_by_its_url(site, name):
    done = check({name: url(site)})
    assert done.returncode == 0, done.stderr
    assert "JWT_DATABASE_URL=********" in done.stdout
    assert site.name not in done.stdout


def test_variables_of_libpq_are_more_deliberate(site):
    """The log says that DATABASE_URL is not used."""
    for other in "postgresql://nobody@192.0.2.1/none", "mysql://localhost/other":
        done = check({**site.our_environment(), "DATABASE_URL": other})
        assert done.returncode == 0 and "DATABASE_URL is not used: PGHOST is set" in done.stderr, done.stderr


def test_a_list_of_keywords(site):
    for text in (f"host={site.cluster.folder} dbname={site.name} user=jwt_fcgi",
                 f" host = '{site.cluster.folder}' dbname={site.name} user=jwt_fcgi keepalives_idle=60"):
        for name in "DATABASE_URL", "JWT_DATABASE_URL":
            done = check({name: text})
            assert done.returncode == 0, done.stderr


def test_an_option_that_has_no_variable_is_used(site):
    """PostgreSQL refuses this value, so it was sent."""
    done = check({"DATABASE_URL": url(site) + "?replication=nonsense"})
    assert done.returncode == 2 and "replication" in done.stderr


@pytest.mark.parametrize("name", ["DATABASE_URL", "JWT_DATABASE_URL"])
@pytest.mark.parametrize("text, why", (
    ("sqlite:///db.sqlite3", "sqlite:"),
    ("postgis://user:s3cret@host/db", "postgis:"),
    ("POSTGRES://user:s3cret@host/db", "POSTGRES:"),
    ("postgres:user:s3cret@host", "postgres:"),
    ("mysql://user:s3cret@host/db?a=b", "mysql:"),
    (" postgres://user:s3cret@host/db", "blank"),
    ('"postgres://user:s3cret@host/db"', "quotation mark"),
    ("'postgres://user:s3cret@host/db'", "quotation mark"),
    ("postgres://user:s3cret@host/db?schema=public", 'invalid connection option: "schema"'),
    ("postgres://user:pa/s3cret@host/db", "port"),
    ("postgres://user:s3cret%zz@host/db", "invalid percent-encoded token"),
    ("postgres://host/db?password=a&s3cret=b", "invalid URI query parameter"),
    ("postgres://host/db?password=a&s3cret", "missing key/value separator"),
    ("postgres://user:a/b?s3cret=c@host/db", ""),
    ("postgresql://user:s3cret@[broken/", "end of string"),
    ("host=h password=a s3cret=b dbname=x", "keyword=value"),
    ("host=h password=a s3cret dbname=x", "keyword=value"),
    ("host=h datenbank=x", "datenbank"),
    ("s3cret", "keyword=value"),
))
def test_what_is_not_understood_is_refused(name, text, why):
    """And no other database is asked; the line names the setting and nothing of the password."""
    done = check({name: text})
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert f": {name}: " in done.stderr and why in done.stderr and "s3cret" not in done.stderr


@pytest.fixture
def release():
    """What is deployed: a folder that the platform's user can enter, as he may not the checkout."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-release-", dir="/tmp"))
    folder.chmod(0o755)
    for name in ("scripts", "nginx", "texts"):
        shutil.copytree(ours.CHECKOUT / name, folder / name)
    shutil.copy(ours.CHECKOUT / "Procfile", folder)
    (folder / "build").mkdir()
    for name in ("token", "refresh", "verify", "blacklist", "sliding", "sliding_refresh", "hello", "jwks", "logout", "sessions",
                 "permissions", "schema", *ours.OIDC_PROGRAMS):
        skip_without(name)
        shutil.copy(ours.program(name), folder / "build")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def start(site, tmp_path, release):
    """start(port, **settings): what the Procfile says; its process."""
    started = []

    def start(port, **settings):
        site.restore()
        command = (release / "Procfile").read_text().split(": ", 1)[1].split()
        settings = {**PROFILES["plain"].our_settings(), **settings}
        web = process.start(command, tmp_path / "log", cwd=release, env=ours.environment(
            {}, {**settings, "DATABASE_URL": url(site), "PORT": str(port), "WORKERS": "1"}))
        started.append(web)
        process.wait_for(lambda: process.accepts(port), (tmp_path / "log").read_text() or "the port")
        return web

    yield start
    for web in started:
        process.end(web)


def test_the_procfile(tmp_path, start):
    port = process.free_port()
    web = start(port)
    try:
        pair = client.post_json(port, "/api/token/", {"username": "alice", "password": people.PASSWORD})
        assert pair.status == 200, (tmp_path / "log").read_text()
        access = "Authorization: Bearer " + pair.json()["access"]
        assert client.ask(port, "GET /hello/", [access]).status == 200
        assert client.ask(port, "GET /api/permissions/?has=auth.add_user", [access]).json() == {"auth.add_user": False}
        assert "/api/token/" in client.ask(port, "GET /api/schema/").json()["paths"]
        assert client.ask(port, "GET /none").status == 404
        tree = process.children(web.pid)
    finally:
        process.end(web)
    assert web.returncode == 0
    process.wait_for(lambda: not any(process.alive(pid) for pid in tree), "all of it to end")


def test_with_an_issuer_it_is_a_provider(release, tmp_path, oidc_site):
    keys, port = release / "keys", process.free_port()
    generate_key(keys)
    if os.geteuid() == 0:  # the programs become www-data
        for path in (keys, *keys.rglob("*")):
            shutil.chown(path, "www-data")
    web = process.start([release / "scripts/web"], tmp_path / "log", cwd=release, env=ours.environment({}, {
        **PROFILES["plain"].our_settings(), "JWT_SIGNING_KEY": "", "JWT_KEY_DIR": str(keys), "JWT_SESSIONS": "on",
        "JWT_OIDC_ISSUER": "https://login.example.com", "DATABASE_URL": url(oidc_site), "PORT": str(port), "WORKERS": "1"}))
    try:
        process.wait_for(lambda: process.accepts(port), "the port")
        assert client.ask(port, "GET /.well-known/openid-configuration").json()["issuer"] == "https://login.example.com"
        page = client.ask(port, "GET /oauth/authorize?client_id=unknown", ["Accept-Language: de"])
        assert page.status == 400 and page.header("Content-Type") == "text/html; charset=utf-8"
        assert '<html lang="de"' in page.body.decode()
        assert client.ask(port, "GET /oidc.css").header("Content-Type") == "text/css; charset=utf-8"
    finally:
        process.end(web)


def test_the_programs_are_needed(release):
    (release / "build/hello").unlink()
    done = subprocess.run([release / "scripts/web"], env=ours.environment({}, {"PORT": "8400"}), capture_output=True, text=True)
    assert done.returncode == 1 and "no program hello" in done.stderr and "PROGRAMS" in done.stderr


def test_a_port_is_needed(release):
    done = subprocess.run([release / "scripts/web"], capture_output=True, text=True, env={
        **ours.environment({}, {}), "PORT": "none"})
    assert done.returncode == 1 and "PORT" in done.stderr


@pytest.mark.parametrize("trusted", ["1", "127.0.0.0/8", ""])
def test_the_client_behind_the_router(tmp_path, start, trusted):
    """The platform's router is the peer of every request, and says in X-Forwarded-For whom it has in hand."""
    port = process.free_port()
    table = pathlib.Path(f"/dev/shm/jwt-fcgi-test-{port}.throttle")
    start(port, JWT_THROTTLE="on", JWT_THROTTLE_FILE=str(table), JWT_TRUSTED_PROXIES=trusted)

    def guess(number, forwarded):
        return client.post_json(port, "/api/token/", {"username": f"nobody{number}", "password": "guess"},
                                [f"X-Forwarded-For: {forwarded}"]).status
    try:
        refused = [guess(number, f"203.0.113.{number}, 192.0.2.1") for number in range(25)]
        assert refused[:20] == [401] * 20 and 429 in refused[20:], "one client, whatever it says of itself"
        assert guess(30, "192.0.2.2") == (401 if trusted else 429)
        assert guess(31, "192.0.2.1, 192.0.2.3") == (401 if trusted else 429)
        assert guess(32, "192.0.2.1") == 429
        assert f"from={'192.0.2.2' if trusted else '127.0.0.1'} " in (tmp_path / "log").read_text()
    finally:
        table.unlink()
