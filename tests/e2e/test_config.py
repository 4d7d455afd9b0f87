"""Settings are checked before the first request; each refusal is one line that names what is wrong."""
import re
import socket
import subprocess

import pytest
from harness import fastcgi, ours
from harness.fixtures import skip_without
from harness.profiles import KEY

GOOD = {"JWT_SIGNING_KEY": KEY}
NO_FEED = re.compile(r"^.*: change feed: not installed.*\n", re.M)  # nor is it in the database of these tests
PROGRAMS = ("token", "refresh", "hello", "verify", "blacklist", "sliding", "sliding_refresh")


def run(program, *arguments, settings=None, **more):
    skip_without(program)
    environment = ours.plain_environment(**more, **(GOOD if settings is None else settings))
    done = subprocess.run(
        [ours.program(program), *arguments], env=environment, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=10,
    )
    done.stderr = NO_FEED.sub("", done.stderr)
    return done


DATABASE = {}  # of the site


@pytest.fixture(scope="module", autouse=True)
def database(site):
    DATABASE.update(site.our_environment())
    return DATABASE


def check(program="token", settings=None, database=DATABASE, **added):
    return run(program, "--check-config", settings={**(GOOD if settings is None else settings), **added},
               **dict(database))


def effective(done):
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert last == "configuration good" and not done.stderr
    return dict(line.split("=", 1) for line in lines)


def refused(done, *words, status=1):
    """One line, and it says all of the words."""
    assert done.returncode == status and not done.stdout
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    assert KEY not in done.stderr and KEY[:16] not in done.stderr


WRONG = [
    ("JWT_ACCESS_TOKEN_LIFETIME", "0"),
    ("JWT_ACCESS_TOKEN_LIFETIME", "-1"),
    ("JWT_ACCESS_TOKEN_LIFETIME", "five"),
    ("JWT_ACCESS_TOKEN_LIFETIME", "1.5"),
    ("JWT_ACCESS_TOKEN_LIFETIME", "300 "),
    ("JWT_ACCESS_TOKEN_LIFETIME", "5m"),
    ("JWT_ACCESS_TOKEN_LIFETIME", "0x10"),
    ("JWT_ACCESS_TOKEN_LIFETIME", ""),
    ("JWT_REFRESH_TOKEN_LIFETIME", "0"),
    ("JWT_REFRESH_TOKEN_LIFETIME", "99999999999999999999"),
    ("JWT_SLIDING_TOKEN_LIFETIME", "0"),
    ("JWT_SLIDING_TOKEN_REFRESH_LIFETIME", "none"),
    ("JWT_LEEWAY", "-1"),
    ("JWT_ALGORITHM", "none"),
    ("JWT_ALGORITHM", "hs256"),
    ("JWT_ROTATE_REFRESH_TOKENS", "maybe"),
    ("JWT_UPDATE_LAST_LOGIN", "2"),
    ("JWT_COMPAT", "6"),
    ("JWT_COMPAT", "5"),
    ("JWT_PASSWORD_REHASH", "always"),
    ("JWT_PBKDF2_ITERATIONS", "0"),
    ("JWT_AUTH_TOKEN_CLASSES", "RefreshToken"),
    ("JWT_AUTH_TOKEN_CLASSES", "AccessToken,,SlidingToken"),
    ("JWT_AUTH_HEADER_TYPES", ""),
    ("JWT_USER_TABLE", "auth_user; DROP TABLE auth_user"),
    ("JWT_USERNAME_FIELD", "user\"name"),
    ("JWT_USER_ID_CLAIM", ""),
    ("JWT_BLACKLIST_AFTER_ROTATION", "on"),
    ("JWT_NO_SUCH_SETTING", "1"),
    ("JWT_access_token_lifetime", "300"),
    ("JWT_SECRET_KEY", "x"),
]


@pytest.mark.parametrize("name,value", WRONG)
def test_wrong_values(name, value):
    refused(check(**{name: value}), name)


COLLIDING = [
    {"JWT_USER_ID_CLAIM": "exp"},
    {"JWT_USER_ID_CLAIM": "jti"},
    {"JWT_JTI_CLAIM": "token_type"},
    {"JWT_TOKEN_TYPE_CLAIM": "aud"},
    {"JWT_SLIDING_TOKEN_REFRESH_EXP_CLAIM": "user_id"},
    {"JWT_REVOKE_TOKEN_CLAIM": "user_id"},
    {"JWT_SESSION_ID_CLAIM": "exp", "JWT_SESSIONS": "on"},
    {"JWT_SESSION_GENERATION_CLAIM": "sid", "JWT_SESSIONS": "on"},
]


@pytest.mark.parametrize("settings", COLLIDING, ids=str)
def test_claims_that_collide(settings):
    refused(run("token", settings={**GOOD, **settings}), next(iter(settings.values())), "CLAIM")


ISSUER = "https://login.example.org"
OIDC = {"JWT_OIDC_ISSUER": ISSUER, "JWT_SESSIONS": "on"}


@pytest.mark.parametrize("issuer, words", [
    ("login.example.org", "is not an https URL"),
    ("HTTPS://login.example.org", "is not an https URL"),
    ("ftp://login.example.org", "is not an https URL"),
    ("javascript:alert(1)", "is not an https URL"),
    ("https://login.example.org/?tenant=1", "query or a fragment"),
    ("https://login.example.org?", "query or a fragment"),
    ("https://login.example.org/#top", "query or a fragment"),
    ("https://user:password@login.example.org", "user information"),
    ("https://user@login.example.org/path", "user information"),
    ("https://", "no host"),
    ("https:///path", "no host"),
    ("https://:443", "no host"),
    ("https://Login.example.org", "lower case"),
    ("https://login.example.org ", "no host"),
    ("https://login.example.org/a b", "a character"),
    ("https://login.example.org/<b>", "a character"),
    ('https://login.example.org/"', "a character"),
    ("https://login.example.org/\u00e9", "a character"),
    ("https://login.example.org\\path", "no host"),
    ("http://login.example.org", "is http"),
    ("http://127.0.0.1.example.org", "is http"),
    ("http://127.0.0.11:8000", "is http"),
    ("http://localhost.example.org:80", "is http"),
    ("http://[::1", "is http"),
    ("http://[::2]:8000", "is http"),
])
def test_an_issuer_that_no_client_accepts(issuer, words):
    refused(run("token", settings={**GOOD, **OIDC, "JWT_OIDC_ISSUER": issuer}), "JWT_OIDC_ISSUER", words)


@pytest.mark.parametrize("settings, words", [
    ({"JWT_ISSUER": ISSUER + "/"}, ("JWT_ISSUER", "JWT_OIDC_ISSUER")),
    ({"JWT_JTI_CLAIM": ""}, ("JWT_JTI_CLAIM", "JWT_OIDC_ISSUER")),
    ({"JWT_TOKEN_TYPE_CLAIM": ""}, ("JWT_TOKEN_TYPE_CLAIM",)),
    ({"JWT_SESSIONS": "off"}, ("JWT_SESSIONS=on", "JWT_OIDC_ISSUER")),
    ({"JWT_AUTH_HEADER_NAME": "HTTP_X_TOKEN"}, ("JWT_AUTH_HEADER_NAME", "JWT_OIDC_ISSUER")),
    ({"JWT_OIDC_SCOPES": "read,wri\"te"}, ("JWT_OIDC_SCOPES", "wri")),
    ({"JWT_OIDC_SCOPES": "read,back\\slash"}, ("JWT_OIDC_SCOPES", "back")),
    ({"JWT_OIDC_SCOPES": "l\u00e9gible"}, ("JWT_OIDC_SCOPES",)),
    ({"JWT_OIDC_SCOPES": "read,openid"}, ("JWT_OIDC_SCOPES", '"openid"')),
    ({"JWT_OIDC_CODE_LIFETIME": "601"}, ("JWT_OIDC_CODE_LIFETIME", "600")),
    ({"JWT_OIDC_REFRESH_GRACE": "-1"}, ("JWT_OIDC_REFRESH_GRACE",)),
], ids=str)
def test_settings_that_exclude_openid_connect(settings, words):
    refused(run("token", settings={**GOOD, **OIDC, **settings}), *words)


def test_without_an_issuer_its_settings_mean_nothing():
    assert effective(check(JWT_OIDC_SCOPES="openid"))["JWT_OIDC_AUDIENCE"] == ""


def test_a_key_is_needed():
    refused(check(settings={}), "JWT_SIGNING_KEY")


@pytest.mark.parametrize("length,good", [(0, False), (31, False), (32, True)])
def test_the_length_of_the_key(database, length, good):
    done = check(settings={"JWT_SIGNING_KEY": "k" * length}, database=database)
    if good:
        assert done.returncode == 0, done.stderr
    else:
        refused(done, "key")


def test_both_kinds_of_key(tmp_path):
    refused(check(JWT_SIGNING_KEY_FILE=str(key_file(tmp_path))), "JWT_SIGNING_KEY", "JWT_SIGNING_KEY_FILE")


def key_file(folder, mode=0o600, text=KEY):
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666], ids=oct)
def test_a_key_file_that_others_can_read(tmp_path, mode):
    path = key_file(tmp_path, mode)
    refused(check(settings={"JWT_SIGNING_KEY_FILE": str(path)}), str(path))


def test_a_key_file_that_is_not_there(tmp_path):
    refused(check(settings={"JWT_SIGNING_KEY_FILE": str(tmp_path / "none")}), "JWT_SIGNING_KEY_FILE")


@pytest.mark.parametrize("mode", [0o600, 0o400], ids=oct)
def test_a_good_key_file(tmp_path, database, mode):
    path = key_file(tmp_path, mode, KEY + "\n")
    done = check(settings={"JWT_SIGNING_KEY_FILE": str(path)}, database=database)
    assert effective(done)["JWT_SIGNING_KEY_FILE"] == str(path)


def test_the_key_is_masked(database):
    done = check(database=database)
    assert "JWT_SIGNING_KEY" in effective(done)
    assert KEY[:8] not in done.stdout + done.stderr


SWITCHES = {"on": "on", "true": "on", "1": "on", "off": "off", "false": "off", "0": "off"}


@pytest.mark.parametrize("said", SWITCHES)
def test_switches(database, said):
    assert effective(check(database=database, JWT_UPDATE_LAST_LOGIN=said))["JWT_UPDATE_LAST_LOGIN"] == SWITCHES[said]


def test_lists(database):
    settings = effective(check(database=database, JWT_AUTH_HEADER_TYPES="JWT,Bearer"))
    assert settings["JWT_AUTH_HEADER_TYPES"] == "JWT,Bearer"


def test_the_effective_settings_can_be_read_again(database, tmp_path):
    """What --check-config prints is a configuration file, but for the secrets."""
    done = check(database=database, JWT_LEEWAY="3", JWT_ISSUER="https://issuer.example.test")
    lines = [line for line in done.stdout.splitlines()[:-1] if "SIGNING_KEY" not in line and not line.endswith("=")
             and "CONFIG_FILE" not in line]
    again = check(database=database, JWT_CONFIG_FILE=str(config_file(tmp_path, "\n".join(lines))))
    first, second = effective(done), effective(again)
    first.pop("JWT_CONFIG_FILE", None), second.pop("JWT_CONFIG_FILE", None)
    assert first == second


def config_file(folder, text, mode=0o600):
    path = folder / "settings"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_configuration_file(tmp_path, database):
    path = config_file(tmp_path, f"# comment\n\nJWT_SIGNING_KEY={KEY}\nJWT_LEEWAY=9\nPGUSER=nobody\n")
    by_option = run("token", "--check-config", "--config", str(path), settings={}, **database)
    by_name = check(settings={"JWT_CONFIG_FILE": str(path)}, database=database)
    assert effective(by_option)["JWT_LEEWAY"] == effective(by_name)["JWT_LEEWAY"] == "9"


def test_the_environment_wins_over_the_file(tmp_path, database):
    path = config_file(tmp_path, "JWT_LEEWAY=9\n")
    assert effective(check(database=database, JWT_CONFIG_FILE=str(path), JWT_LEEWAY="4"))["JWT_LEEWAY"] == "4"


WRONG_FILES = {
    "unknown name": ("JWT_NO_SUCH=1\n", 0o600, "JWT_NO_SUCH"),
    "no value": ("JWT_LEEWAY\n", 0o600, "JWT_LEEWAY"),
    "bad value": ("JWT_LEEWAY=x\n", 0o600, "JWT_LEEWAY"),
    "something else": ("PATH=/bin\n", 0o600, "PATH"),
    "others can read it": ("JWT_LEEWAY=1\n", 0o644, "settings"),
}


@pytest.mark.parametrize("why", WRONG_FILES)
def test_a_wrong_configuration_file(tmp_path, why):
    text, mode, word = WRONG_FILES[why]
    refused(check(JWT_CONFIG_FILE=str(config_file(tmp_path, text, mode))), word)


def test_a_configuration_file_that_is_not_there(tmp_path):
    refused(check(JWT_CONFIG_FILE=str(tmp_path / "none")), "none")


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_says_help_and_version(program):
    help_, version = run(program, "--help", settings={}), run(program, "--version", settings={})
    assert help_.returncode == version.returncode == 0
    assert program in version.stdout and re.search(r"\d+\.\d+\.\d+", version.stdout)
    for name in ("JWT_SIGNING_KEY_FILE", "JWT_ACCESS_TOKEN_LIFETIME", "JWT_COMPAT", "--check-config"):
        assert name in help_.stdout


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["argument"]])
def test_wrong_arguments(arguments):
    done = run("token", *arguments)
    assert done.returncode != 0 and done.stderr


def test_help_lists_every_setting(database):
    printed = effective(check(database=database))
    text = run("token", "--help", settings={}).stdout
    assert all(name in text for name in printed)


def test_without_a_listening_socket_and_without_cgi(database):
    done = run("token", **database)
    assert done.returncode != 0 and "REQUEST_METHOD" in done.stderr


MISSING = {
    "JWT_USER_TABLE": "no_such_table",
    "JWT_USERNAME_FIELD": "no_such_column",
    "JWT_USER_ID_FIELD": "no_such_id",
    "JWT_USER_KEY_FIELD": "no_such_key",
    "JWT_USER_PASSWORD_FIELD": "no_such_password",
    "JWT_USER_ACTIVE_FIELD": "no_such_mark",
}


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_table_or_column_is_told_by_name(database, name):
    refused(check(database=database, **{name: MISSING[name]}), MISSING[name], status=2)


def test_rotation_with_blacklist_on_a_database_without_the_tables(cluster):
    cluster.psql("postgres", "-c", "CREATE DATABASE without_tokens")
    cluster.psql("without_tokens", "-c", "CREATE TABLE auth_user (id serial PRIMARY KEY, username text, password text,"
                 " is_active bool, last_login timestamptz)")
    done = check("refresh", database=cluster.environment("without_tokens"), JWT_TOKEN_BLACKLIST="on",
                 JWT_ROTATE_REFRESH_TOKENS="on", JWT_BLACKLIST_AFTER_ROTATION="on")
    assert done.returncode == 2 and not done.stdout
    assert {word for line in done.stderr.splitlines() for word in re.findall(r"token_blacklist_\w+", line)} == {
        "token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"}


# --- All faults at once, and the database.

def faults(done, status, *expected):
    """One line for each fault, in that order, with its words; nothing on standard output."""
    assert done.returncode == status and not done.stdout, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(expected), done.stderr
    for line, words in zip(lines, expected):
        assert all(word in line for word in words.split()), (line, words)


def test_all_faults_of_settings_keys_and_database_are_told(tmp_path, database):
    path = config_file(tmp_path, "JWT_LEEWAY=x\nJWT_NO_SUCH=1\n")
    gone = {**database, "PGHOST": str(tmp_path)}
    faults(check(settings={"JWT_CONFIG_FILE": str(path), "JWT_COMPAT": "7", "JWT_BLACKLIST_AFTER_ROTATION": "on"},
                 database=gone), 1,
           "JWT_LEEWAY", "JWT_NO_SUCH", "JWT_COMPAT", "JWT_BLACKLIST_AFTER_ROTATION", "JWT_SIGNING_KEY",
           "cannot connect")


def test_a_database_that_is_away(tmp_path, database):
    faults(check(database={**database, "PGHOST": str(tmp_path)}), 2, "cannot connect")
    faults(check(database={**database, "PGDATABASE": "no_such_database"}), 2, "no_such_database")
    faults(check(database={**database, "PGUSER": "no_such_role"}), 2, "no_such_role")


EVERYTHING = {"JWT_TOKEN_BLACKLIST": "on", "JWT_UPDATE_LAST_LOGIN": "on"}
OUTSTANDING, BLACKLISTED = "token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"
RIGHTS = {
    "SELECT ON auth_user": ("42501 auth_user SELECT", "42501 auth_user UPDATE", "42501 auth_user INSERT"),
    "UPDATE ON auth_user": ("42501 auth_user UPDATE",),
    f"INSERT ON {OUTSTANDING}": (f"42501 {OUTSTANDING} INSERT",),
    f"INSERT ON {BLACKLISTED}": (f"42501 {BLACKLISTED} INSERT",),
    f"SELECT ON {BLACKLISTED}": (f"42501 {BLACKLISTED} SELECT", f"42501 {BLACKLISTED} INSERT"),
    f"USAGE ON SEQUENCE {OUTSTANDING}_id_seq": (f"42501 {OUTSTANDING}_id_seq",),
    f"USAGE ON SEQUENCE {OUTSTANDING}_id_seq, {BLACKLISTED}_id_seq": (
        f"42501 {BLACKLISTED}_id_seq", f"42501 {OUTSTANDING}_id_seq"),
    f"INSERT ON {OUTSTANDING}, {BLACKLISTED}": (f"42501 {OUTSTANDING} INSERT", f"42501 {BLACKLISTED} INSERT"),
}


@pytest.fixture(scope="module")
def restricted(cluster):
    """A database with the role that sql/roles.sql makes."""
    cluster.psql("postgres", "-c", "CREATE DATABASE restricted")
    for name in ("schema", "roles"):
        cluster.psql("restricted", "-f", ours.CHECKOUT / "sql" / f"{name}.sql")
    return {**cluster.environment("restricted"), "PGUSER": "jwt_fcgi"}


@pytest.mark.parametrize("right", RIGHTS)
def test_a_missing_right_is_told(cluster, restricted, right):
    """Nothing is written: PostgreSQL checks the rights of statements that are only explained."""
    effective(check(database=restricted, **EVERYTHING))
    cluster.psql("restricted", "-c", f"REVOKE {right} FROM jwt_fcgi")
    if "auth_user" in right:
        cluster.psql("restricted", "-c", "REVOKE ALL ON auth_user FROM jwt_fcgi", "-c", {
            "SELECT ON auth_user": "GRANT UPDATE ON auth_user TO jwt_fcgi",
            "UPDATE ON auth_user": "GRANT SELECT ON auth_user TO jwt_fcgi"}[right])
    try:
        faults(check(database=restricted, **EVERYTHING), 2, *RIGHTS[right])
    finally:
        cluster.psql("restricted", "-f", ours.CHECKOUT / "sql" / "roles.sql")
    effective(check(database=restricted, **EVERYTHING))


def test_the_check_writes_nothing(cluster, restricted):
    effective(check(database=restricted, **EVERYTHING))
    for table in "auth_user", OUTSTANDING, BLACKLISTED:
        done = cluster.psql("restricted", "-Atc", f"SELECT count(*) FROM {table}", capture_output=True)
        assert done.stdout == b"0\n"
    sequence = cluster.psql("restricted", "-Atc", f"SELECT is_called FROM {OUTSTANDING}_id_seq", capture_output=True)
    assert sequence.stdout == b"f\n"


# --- JWT_USER_QUERY is looked at before the first login.

BY_ID = "SELECT id, password, is_active FROM auth_user WHERE id::text = $1"
BY_NAME = "SELECT id, password, is_active FROM auth_user WHERE username = $1"
QUERIES = {
    "SELECT * FROM auth_user WHERE username = $1": "column 3",  # last_login
    "SELECT id, password FROM auth_user WHERE username = $1": "2 columns",
    "SELECT id, password, date_joined FROM auth_user WHERE username = $1": "column 3",
    "SELECT id, id, is_active FROM auth_user WHERE username = $1": "column 2",
    "SELECT is_active, password, is_active FROM auth_user WHERE username = $1": "column 1",
    "SELECT id, password, is_active FROM auth_user WHERE username = $1 AND email = $2": "2 parameters",
    "SELECT id, password, is_active FROM auth_user WHERE username = 'alice'": "0 parameters",
    "SELECT id, password, is_active FROM no_such_table WHERE username = $1": "no_such_table",
    "SELECT id password is_active FORM auth_user": "42601",
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_user_query_that_cannot_work(query):
    faults(check(JWT_USER_QUERY=query, JWT_USER_ID_QUERY=BY_ID), 2, f"JWT_USER_QUERY: {QUERIES[query]}")
    faults(check(JWT_USER_QUERY=BY_NAME, JWT_USER_ID_QUERY=query), 2, f"JWT_USER_ID_QUERY: {QUERIES[query]}")


@pytest.mark.parametrize("active", ("is_active", "'yes'::text", "1", "1::numeric", "'t'::char(5)", "is_active::text"))
def test_types_that_can_be_active(active):
    effective(check(JWT_USER_QUERY=BY_NAME.replace("is_active", active), JWT_USER_ID_QUERY=BY_ID))


def test_a_program_does_not_start_with_such_a_query(database, tmp_path):
    environment = ours.environment(database, {**GOOD, "JWT_USER_QUERY": next(iter(QUERIES)),
                                              "JWT_USER_ID_QUERY": BY_ID})
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        done = subprocess.run([ours.program("token")], env=environment, stdin=listener, capture_output=True, text=True,
                              timeout=10)
    assert done.returncode == 1 and "JWT_USER_QUERY: column 3" in done.stderr


# --- Secrets that are not what they look like.

def warned(done, *words):
    """One line, and all is well but for that."""
    assert done.returncode == 0 and done.stdout.endswith("\nconfiguration good\n"), done.stderr
    assert len(done.stderr.splitlines()) == 1 and all(word in done.stderr for word in words), done.stderr
    assert KEY not in done.stderr


@pytest.mark.parametrize("quote", ("'", '"'))
def test_quotes_that_are_part_of_a_value(tmp_path, database, quote):
    path = config_file(tmp_path, f"JWT_SIGNING_KEY={quote}{KEY}{quote}\n")
    warned(check(settings={"JWT_CONFIG_FILE": str(path)}), "JWT_SIGNING_KEY", "quotation mark")
    warned(check(settings={"JWT_SIGNING_KEY": f"{quote}{KEY}{quote}"}), "JWT_SIGNING_KEY", "quotation mark")
    path = config_file(tmp_path, f"PGPASSWORD={quote}x{quote}\n")
    warned(check(JWT_CONFIG_FILE=str(path)), "PGPASSWORD", "quotation mark")
    path = config_file(tmp_path, f"JWT_DATABASE_URL={quote}postgresql://h/db{quote}\n")
    refused(check(JWT_CONFIG_FILE=str(path)), "JWT_DATABASE_URL", "quotation mark")
    path = config_file(tmp_path, f"JWT_SIGNING_KEY={KEY}{quote}\nJWT_ISSUER={quote}x\n")
    effective(check(settings={"JWT_CONFIG_FILE": str(path)}))


def test_a_key_file_with_cr_lf(tmp_path):
    path = key_file(tmp_path)
    for text, told in ((f"{KEY}\r\n", True), (f"{KEY}\r", True), (f"{KEY}\n", False), (KEY, False)):
        path.write_bytes(text.encode())
        done = check(settings={"JWT_SIGNING_KEY_FILE": str(path)})
        if told:
            warned(done, str(path), "CR")
        else:
            effective(done)


def test_the_warnings_are_in_the_log_at_the_start(tmp_path, database):
    path = key_file(tmp_path, text=f"{KEY}\r\n")
    with fastcgi.Program("hello", ours.environment(database, {"JWT_SIGNING_KEY_FILE": str(path)})) as program:
        program.answer(*fastcgi.get("/hello/", "x"))
        assert "ends with CR LF" in program.log.read_text()
