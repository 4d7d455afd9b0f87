"""jwtctl user and jwtctl password: rows that Django takes, passwords that nobody guesses first."""
import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys

import pytest

from harness import hashes, ours, process
from harness.profiles import PROFILES

PASSWORD = "correct horse battery"
CHECK = """
import sys
from django.conf import settings
settings.configure(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"])
from django.contrib.auth.hashers import check_password
print(check_password(sys.argv[1], sys.argv[2]))
"""


@pytest.fixture
def environment(site):
    """As the owner of the tables, not as the programs."""
    site.restore()
    yield ours.environment(site.environment(), PROFILES["plain"].our_settings())
    site.restore()


def jwtctl(environment, *arguments, password=None, **more):
    return subprocess.run([ours.program("jwtctl"), *arguments], env={**environment, **more}, text=True,
                          input="" if password is None else password + "\n", capture_output=True)


def good(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def log_in(environment, username, password):
    """Through the program itself, as CGI; the status."""
    body = json.dumps({"username": username, "password": password}).encode()
    done = subprocess.run([ours.program("token")], input=body, capture_output=True, env={
        **environment, "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))})
    return int(done.stdout.split()[1])


def django_takes(password, stored):
    done = subprocess.run([sys.executable, "-c", CHECK, password, stored], capture_output=True, text=True)
    return done.stdout.strip() == "True"


def test_a_user_is_added_and_logs_in(environment, site):
    told = json.loads(good(jwtctl(environment, "user", "add", "carol", "--email", "carol@example.org", "--staff",
                                  "--json", password=PASSWORD)))
    assert (told["name"], told["email"], told["active"], told["staff"], told["superuser"]) == (
        "carol", "carol@example.org", True, True, False)
    row = site.execute("SELECT id, password, is_active, is_staff, is_superuser, first_name, last_name,"
                       " abs(extract(epoch FROM now() - date_joined)) < 60, last_login FROM auth_user"
                       " WHERE username = 'carol'")[0]
    assert str(row[0]) == str(told["id"])
    assert row[2:] == (True, True, False, "", "", True, None)
    assert django_takes(PASSWORD, row[1]) and not django_takes(PASSWORD + "x", row[1])
    assert told["hash"] == "pbkdf2_sha256$1000"
    assert log_in(environment, "carol", PASSWORD) == 200
    again = jwtctl(environment, "user", "add", "carol", password=PASSWORD)
    assert again.returncode == 1 and "already" in again.stderr


def test_the_cost_is_that_of_the_settings(environment):
    stored = good(jwtctl(environment, "password", "hash", password=PASSWORD, JWT_PBKDF2_ITERATIONS="4321")).strip()
    assert stored.startswith("pbkdf2_sha256$4321$")
    assert stored == hashes.pbkdf2(PASSWORD, 4321, stored.split("$")[2])
    assert django_takes(PASSWORD, stored)


def test_password_disable_enable(environment):
    assert log_in(environment, "alice", PASSWORD) == 401
    good(jwtctl(environment, "user", "password", "alice", password=PASSWORD))
    assert log_in(environment, "alice", PASSWORD) == 200
    assert "active: no" in good(jwtctl(environment, "user", "disable", "alice"))
    assert log_in(environment, "alice", PASSWORD) == 401
    assert json.loads(good(jwtctl(environment, "user", "enable", "alice", "--json")))["active"] is True
    assert log_in(environment, "alice", PASSWORD) == 200


def test_no_password_no_login(environment, site):
    good(jwtctl(environment, "user", "add", "dave", "--no-password"))
    assert site.execute("SELECT password FROM auth_user WHERE username = 'dave'")[0][0].startswith("!")
    assert json.loads(good(jwtctl(environment, "user", "show", "dave", "--json")))["hash"] == "none"


def test_list(environment, site):
    site.execute("INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff,"
                 " is_active, date_joined) SELECT 'many' || n, '!', false, '', '', '', false, true, now()"
                 " FROM generate_series(1, 1200) n")
    people = json.loads(good(jwtctl(environment, "user", "list", "--json")))
    assert [person["name"] for person in people] == [
        name for name, in site.execute("SELECT username FROM auth_user ORDER BY id")]
    assert good(jwtctl(environment, "user", "list")).count("\n") == len(people) + 1


def test_names_of_all_kinds(environment, site):
    for name in ("o'brien\"\\; DROP TABLE auth_user;--", "\u7528\u6237", "jos\u00e9"):
        assert json.loads(good(jwtctl(environment, "user", "show", name, "--json")))["name"] == name
    good(jwtctl(environment, "user", "add", "ele\u0301na", password=PASSWORD))
    assert site.execute("SELECT count(*) FROM auth_user WHERE username = %s", "el\u00e9na")[0][0] == 1
    assert log_in(environment, "el\u00e9na", PASSWORD) == 200


@pytest.mark.parametrize("command", ["password", "disable", "enable", "show"])
def test_nobody_of_that_name(environment, command):
    done = jwtctl(environment, "user", command, "nobody", password=PASSWORD)
    assert done.returncode == 1 and "no user nobody" in done.stderr


@pytest.mark.parametrize("arguments", [("user", "add"), ("user", "add", "a", "b"), ("user", "list", "x"),
                                       ("user", "add", ""), ("user", "show")])
def test_usage(environment, arguments):
    assert jwtctl(environment, *arguments, password=PASSWORD).returncode == 2


@pytest.mark.parametrize("password", ["short", "1234567890123", "password", "PassWord1", "frank-the-frank", "",
                                      " " + PASSWORD, "x\0yyyyyyyyyyyyy"])
def test_passwords_that_are_not_taken(environment, site, password):
    done = jwtctl(environment, "user", "add", "frank-the-frank", password=password)
    assert done.returncode == 2 and "not this password" in done.stderr
    assert not site.execute("SELECT 1 FROM auth_user WHERE username = 'frank-the-frank'")


def test_weak_passwords_with_the_option(environment):
    good(jwtctl(environment, "user", "add", "vitor", "--weak", password="123"))
    assert log_in(environment, "vitor", "123") == 200
    assert jwtctl(environment, "user", "add", "w", "--weak", password="").returncode == 2


def test_the_role_of_the_programs_may_not(environment, site):
    done = jwtctl({**environment, **site.our_environment()}, "user", "add", "mallory", password=PASSWORD)
    assert done.returncode == 2 and "permission denied" in done.stderr


def test_no_database(environment):
    assert jwtctl(environment, "user", "list", PGHOST="/nowhere").returncode == 2


def at_terminal(environment, *typed):
    """What a person sees who types these lines."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(ours.program("jwtctl"), ["jwtctl", "password", "hash"], environment)
    seen = b""
    for text in (*typed, None):
        try:
            while text is None or not seen.endswith(b": "):
                if not select.select([terminal], [], [], 10)[0]:
                    os.kill(pid, signal.SIGKILL)
                    raise AssertionError(seen)
                part = os.read(terminal, 1000)
                if not part:
                    break
                seen += part
        except OSError:
            break
        if text is not None:
            os.write(terminal, text.encode())
            seen += b"|"
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()


def test_a_prompt_without_echo(environment):
    status, seen = at_terminal(environment, PASSWORD + "\n", PASSWORD + "\n")
    assert status == 0
    assert PASSWORD not in seen and seen.startswith("Password: ")
    assert django_takes(PASSWORD, seen.split()[-1])
    status, seen = at_terminal(environment, PASSWORD + "\n", "another one\n")
    assert status == 2 and "two different" in seen
    status, seen = at_terminal(environment, "half\x03")
    assert status == 2 and "half" not in seen


# --- Another table of users: only the columns that the settings name, and what else is there.

CUSTOM = """
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE members_member (ref uuid PRIMARY KEY, login citext NOT NULL UNIQUE, secret varchar(128) NOT NULL,
                             enabled boolean NOT NULL, is_staff boolean NOT NULL);
CREATE TABLE members_small (login text PRIMARY KEY, password text, is_active boolean NOT NULL);
"""
MEMBER = {"JWT_USER_TABLE": "members_member", "JWT_USER_KEY_FIELD": "ref", "JWT_USER_ID_FIELD": "ref",
          "JWT_USERNAME_FIELD": "login", "JWT_USER_PASSWORD_FIELD": "secret", "JWT_USER_ACTIVE_FIELD": "enabled"}
SMALL = {"JWT_USER_TABLE": "public.members_small", "JWT_USER_KEY_FIELD": "login", "JWT_USER_ID_FIELD": "login",
         "JWT_USERNAME_FIELD": "login"}


@pytest.fixture
def custom(environment, site):
    site.execute(CUSTOM)
    yield environment
    site.execute("DROP TABLE members_member, members_small")


@pytest.mark.parametrize("settings", [MEMBER, SMALL], ids=["member", "small"])
def test_a_table_of_another_form(custom, site, settings):
    environment = {**custom, **settings}
    told = json.loads(good(jwtctl(environment, "user", "add", "dora", "--json", password=PASSWORD)))
    assert (told["name"], told["active"], told["email"], told["joined"]) == ("dora", True, None, None)
    assert told["staff"] is (False if settings is MEMBER else None)
    body = {"login": "dora", "password": PASSWORD}

    def status():
        return log_in_with(environment, body)

    assert status() == 200
    assert "active: no" in good(jwtctl(environment, "user", "disable", "dora")) and status() == 401
    good(jwtctl(environment, "user", "enable", "dora"))
    good(jwtctl(environment, "user", "password", "dora", password=PASSWORD + "2"))
    assert status() == 401
    body["password"] += "2"
    assert status() == 200
    good(jwtctl(environment, "user", "rename", "dora", "nora"))
    body["login"] = "nora"
    assert status() == 200
    assert [user["name"] for user in json.loads(good(jwtctl(environment, "user", "list", "--json")))] == ["nora"]
    assert json.loads(good(jwtctl(environment, "user", "hashes", "--json")))[0]["verified"] is True
    good(jwtctl(environment, "user", "delete", "nora"))
    assert status() == 401 and jwtctl(environment, "user", "show", "nora").returncode == 1
    refused = jwtctl(environment, "user", "add", "eve", "--email", "eve@example.org", password=PASSWORD)
    assert refused.returncode == 2 and "no column email" in refused.stderr


def log_in_with(environment, fields):
    body = json.dumps(fields).encode()
    done = subprocess.run([ours.program("token")], input=body, capture_output=True, env={
        **environment, "REQUEST_METHOD": "POST", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))})
    return int(done.stdout.split()[1])


def test_a_database_that_is_not_utf8(environment, cluster):
    with contextlib.closing(cluster.connect("postgres")) as connection:
        connection.cursor().execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        latin = {**environment, **cluster.environment("latin")}
        cluster.psql("latin", "-f", ours.CHECKOUT / "sql" / "schema.sql")
        good(jwtctl(latin, "user", "add", "dora", password=PASSWORD))
        assert log_in(latin, "dora", PASSWORD) == 200
        with contextlib.closing(cluster.connect("latin")) as connection:
            connection.cursor().execute("UPDATE auth_user SET username = 'd\u00f3ra'")
        assert "active: no" in good(jwtctl(latin, "user", "disable", "d\u00f3ra"))
        refused = jwtctl(latin, "user", "add", "jos\u00e9", password=PASSWORD)
        assert refused.returncode == 2 and "not UTF8" in refused.stderr
        assert len(json.loads(good(jwtctl(latin, "user", "list", "--json")))) == 1
    finally:
        with contextlib.closing(cluster.connect("postgres")) as connection:
            connection.cursor().execute("DROP DATABASE latin WITH (FORCE)")


@pytest.mark.parametrize("name", [" dora", "dora ", "dora\n", "\u00a0dora", "dora\u2003", "\x1fdora"])
def test_names_that_a_login_would_change(environment, site, name):
    for arguments in (("add", name), ("rename", "alice", name)):
        refused = jwtctl(environment, "user", *arguments, password=PASSWORD)
        assert refused.returncode == 2 and "white space" in refused.stderr
    assert not site.execute("SELECT 1 FROM auth_user WHERE username LIKE '%%dora%%'")


def test_rename(environment, site):
    before = json.loads(good(jwtctl(environment, "user", "show", "alice", "--json")))["id"]
    told = json.loads(good(jwtctl(environment, "user", "rename", "alice", "ele\u0301na", "--json")))
    assert (told["id"], told["name"]) == (before, "el\u00e9na")
    for new, old, word in (("el\u00e9na", "jos\u00e9", "already"), ("x", "nobody", "no user nobody")):
        done = jwtctl(environment, "user", "rename", old, new)
        assert done.returncode == 1 and word in done.stderr
    assert jwtctl(environment, "user", "rename", "el\u00e9na").returncode == 2
    good(jwtctl(environment, "user", "rename", "el\u00e9na", "alice"))


def test_delete_does_to_tokens_what_django_does(environment, site):
    good(jwtctl(environment, "user", "add", "dora", password=PASSWORD))
    environment = {**environment, **PROFILES["default"].our_settings()}
    assert log_in(environment, "dora", PASSWORD) == 200
    assert site.execute("SELECT count(*) FROM token_blacklist_outstandingtoken WHERE user_id IS NOT NULL") == [(1,)]
    assert "name: dora" in good(jwtctl(environment, "user", "delete", "dora"))
    assert site.execute("SELECT user_id FROM token_blacklist_outstandingtoken") == [(None,)]
    assert log_in(environment, "dora", PASSWORD) == 401
    assert jwtctl(environment, "user", "delete", "dora").returncode == 1


def test_delete_says_what_else_refers_to_the_user(environment, site):
    site.execute("CREATE TABLE orders (buyer integer REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED);"
                 "INSERT INTO orders SELECT id FROM auth_user WHERE username = 'alice'")
    try:
        done = jwtctl(environment, "user", "delete", "alice")
        assert done.returncode == 2 and "foreign key" in done.stderr and "orders" in done.stderr
        assert site.execute("SELECT 1 FROM auth_user WHERE username = 'alice'")
    finally:
        site.execute("DROP TABLE orders")


STORED = {
    "ok": (hashes.pbkdf2(PASSWORD, 500), True, PASSWORD),
    "wrong-password": (hashes.pbkdf2(PASSWORD, 500), True, PASSWORD + "x"),
    "inactive": (hashes.pbkdf2(PASSWORD, 500), False, PASSWORD),
    "no-password": ("!", True, PASSWORD),
    "unknown-hash": ("pbkdf2:sha256:600000$salt$00112233", True, PASSWORD),
    "no-such-name": None,
}


def test_why_a_login_would_fail(environment, site):
    for reason, stored in STORED.items():
        if stored:
            site.execute("INSERT INTO auth_user (username, password, is_active, is_superuser, is_staff, first_name,"
                         " last_name, email, date_joined) VALUES (%s, %s, %s, false, false, '', '', '', now())",
                         f"as {reason}", *stored[:2])
        done = jwtctl(environment, "user", "test", f"as {reason}", "--json", password=stored[2] if stored else PASSWORD)
        told = json.loads(done.stdout)
        assert (done.returncode, told["login"]) == ((0, True) if reason == "ok" else (1, False)), done.stderr
        assert told["reason"] == (None if reason == "ok" else reason) and told["meaning"]
        assert not stored or site.execute("SELECT password FROM auth_user WHERE username = %s", f"as {reason}") == [stored[:1]]
    assert jwtctl(environment, "user", "test", "alice", password=PASSWORD, PGHOST="/nowhere").returncode == 2
    assert jwtctl(environment, "user", "test", " alice", password=PASSWORD).returncode == 2
    done = jwtctl(environment, "user", "hashes", "--json")
    counted = {row["format"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 1 and counted["unknown"]["count"] == 1 and counted["unknown"]["verified"] is False
    assert counted["none"]["verified"] is False and counted["pbkdf2_sha256"]["verified"] is True
    listed = {row["name"]: row["hash"] for row in json.loads(good(jwtctl(environment, "user", "list", "--json")))}
    assert (listed["as unknown-hash"], listed["as no-password"]) == ("unknown", "none")


def test_throttled_is_told_and_not_counted(environment, tmp_path):
    environment = {**environment, "JWT_THROTTLE": "on", "JWT_THROTTLE_FILE": str(tmp_path / "throttle")}
    for _ in range(20):
        assert jwtctl(environment, "user", "test", "alice", password="wrong").returncode == 1
    assert "wrong-password" in jwtctl(environment, "user", "test", "alice", password="wrong").stdout
    for _ in range(20):
        log_in(environment, "alice", "wrong")

    def throttled():
        """The wait of a second may be over by then; another wrong password doubles it."""
        log_in(environment, "alice", "wrong")
        told = jwtctl(environment, "user", "test", "alice", password="wrong")
        return told.returncode == 1 and "reason: throttled" in told.stdout

    process.wait_for(throttled, "a wait that is longer than jwtctl takes", 60)


def test_a_bare_md5_is_no_format(environment, site):
    """What is shown of a stored string is never the hash."""
    digest = "900150983cd24fb0d6963f7d28e17f72"
    site.execute("UPDATE auth_user SET password = %s WHERE username = 'alice'", digest)
    for legacy, format_ in (("on", "md5"), ("off", "unknown")):
        done = jwtctl(environment, "user", "show", "alice", JWT_PASSWORD_LEGACY=legacy)
        assert f"hash: {format_}\n" in done.stdout
        assert digest not in done.stdout + jwtctl(environment, "user", "hashes", JWT_PASSWORD_LEGACY=legacy).stdout
