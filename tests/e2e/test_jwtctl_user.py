"""jwtctl user and jwtctl password: rows that Django takes, passwords that nobody guesses first."""
import json
import os
import pty
import select
import signal
import subprocess
import sys

import pytest

from harness import hashes, ours
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
    assert not site.execute("SELECT FROM auth_user WHERE username = 'frank-the-frank'")


def test_weak_ones_where_they_are_wanted(environment):
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
