"""Settings that SimpleJWT has no counterpart of, or that only its newer releases have."""
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client, fastcgi, hashes, ours, process
from harness.fixtures import skip_without
from harness.people import ITERATIONS, OLD, PASSWORD
from harness.profiles import PROFILES
from harness.tokens import Maker, claims_of

ALICE = {"username": "alice", "password": PASSWORD}
REVOKED = "The user's password has been changed."
NO_ACCOUNT = {"detail": "No active account found for the given token."}


def login(server, username, password=PASSWORD, path="/api/token/"):
    return client.post_json(server.port, path, {"username": username, "password": password})


def refresh(server, token):
    return client.post_json(server.port, "/api/token/refresh/", {"refresh": token})


# --- Other tables of users.

MEMBERS = """
DROP TABLE IF EXISTS members;
CREATE TABLE members (id uuid PRIMARY KEY, email text UNIQUE, password text, is_active boolean);
INSERT INTO members VALUES
	('6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b11', 'ada@example.test', %s, true),
	('6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b12', 'bea@example.test', %s, false);
GRANT SELECT ON members TO jwt_fcgi;
GRANT UPDATE (password) ON members TO jwt_fcgi;
"""
BY_TABLE = {"JWT_USER_TABLE": "members", "JWT_USERNAME_FIELD": "email", "JWT_TOKEN_BLACKLIST": "off"}
BY_QUERY = {
    "JWT_USER_QUERY": "SELECT id, password, is_active FROM members WHERE lower(email) = lower($1)",
    "JWT_USER_ID_QUERY": "SELECT id, password, is_active FROM members WHERE id::text = $1",
    "JWT_USERNAME_FIELD": "email",
    "JWT_TOKEN_BLACKLIST": "off",
    "JWT_PASSWORD_REHASH": "off",
}


@pytest.fixture(params=[BY_TABLE, BY_QUERY], ids=["table", "query"])
def members(request, site, stack):
    stored = hashes.pbkdf2(PASSWORD, ITERATIONS)
    site.execute(MEMBERS, stored, stored)
    return stack(**request.param)


def test_members_log_in(members):
    answer = client.post_json(members.port, "/api/token/", {"email": "ada@example.test", "password": PASSWORD})
    assert answer.status == 200, answer.body
    pair = answer.json()
    assert claims_of(pair["access"])["user_id"] == "6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b11"
    assert client.hello(members.port, pair["access"]).status == 200
    assert refresh(members, pair["refresh"]).status == 200


def test_members_are_refused(members):
    for email in ("bea@example.test", "nobody@example.test"):
        answer = client.post_json(members.port, "/api/token/", {"email": email, "password": PASSWORD})
        assert answer.status == 401
    answer = client.post_json(members.port, "/api/token/", {"username": "ada@example.test", "password": PASSWORD})
    assert (answer.status, answer.json()) == (400, {"email": ["This field is required."]})


OTHER_COLUMNS = """
DROP TABLE IF EXISTS visitors;
CREATE TABLE visitors (number uuid PRIMARY KEY, phone text UNIQUE, secret text, open boolean, seen timestamptz);
INSERT INTO visitors VALUES ('6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b21', '555', %s, true),
	('6f1c1a52-8df1-4f0e-9d0b-0c8f4a3c7b22', '556', %s, false);
GRANT SELECT, UPDATE (secret, seen) ON visitors TO jwt_fcgi;
"""


def test_a_table_whose_columns_have_other_names(site, stack):
    """The key, the hash, the mark of an active user and the last login: each is read and written by its name."""
    site.execute(OTHER_COLUMNS, hashes.pbkdf2(PASSWORD, OLD), hashes.pbkdf2(PASSWORD, ITERATIONS))
    server = stack(
        JWT_USER_TABLE="visitors", JWT_USER_KEY_FIELD="number", JWT_USER_ID_FIELD="number",
        JWT_USERNAME_FIELD="phone", JWT_USER_PASSWORD_FIELD="secret", JWT_USER_ACTIVE_FIELD="open",
        JWT_USER_LAST_LOGIN_FIELD="seen", JWT_UPDATE_LAST_LOGIN="on", JWT_TOKEN_BLACKLIST="off")
    answer = client.post_json(server.port, "/api/token/", {"phone": "555", "password": PASSWORD})
    assert answer.status == 200, answer.body
    assert refresh(server, answer.json()["refresh"]).status == 200
    assert client.post_json(server.port, "/api/token/", {"phone": "556", "password": PASSWORD}).status == 401
    stored, seen = site.execute("SELECT secret, seen FROM visitors WHERE phone = '555'")[0]
    assert stored.startswith(f"pbkdf2_sha256${ITERATIONS}$") and seen is not None


# --- What a JWT_USER_QUERY returns.

def query(site, **settings):
    """A program of its own, whose log is read; the profile's keys and iterations."""
    return fastcgi.Program("token", ours.environment(site.our_environment(), {
        **PROFILES["plain"].our_settings(), "JWT_PASSWORD_REHASH": "off", "JWT_UPDATE_LAST_LOGIN": "off",
        "JWT_TOKEN_BLACKLIST": "off", **settings}))


BY_NAME_OR_EMAIL = "SELECT id, password, is_active FROM twins WHERE username = $1 OR email = $1"
BY_ID = "SELECT id, password, is_active FROM twins WHERE id::text = $1"


@pytest.fixture
def twins(site):
    """The second one has taken the first one's address as a name."""
    site.restore()
    stored, other = hashes.pbkdf2(PASSWORD, ITERATIONS), hashes.pbkdf2("other", ITERATIONS)
    site.execute("""
        DROP TABLE IF EXISTS twins;
        CREATE TABLE twins (id text, username text, email text, password text, is_active boolean);
        INSERT INTO twins VALUES ('1', 'ada', 'ada@example.test', %s, true),
                                 ('2', 'ada@example.test', 'x@example.test', %s, true),
                                 ('3', 'bob', 'bob@example.test', %s, true);
        GRANT SELECT ON twins TO jwt_fcgi;
    """, stored, other, stored)
    return site


def test_two_rows_are_no_account(twins):
    """Neither of the two gets in by the name that is both's, in whatever order the rows stand."""
    with query(twins, JWT_USER_QUERY=BY_NAME_OR_EMAIL, JWT_USER_ID_QUERY=BY_ID) as token:
        def status(*login):
            return token.answer(*fastcgi.login(*login)).status

        for order in "ASC", "DESC":
            twins.execute(f"CREATE TABLE turned AS SELECT * FROM twins ORDER BY id {order}; TRUNCATE twins;"
                          " INSERT INTO twins SELECT * FROM turned; DROP TABLE turned")
            assert status("ada@example.test", PASSWORD) == status("ada@example.test", "other") == 401
        assert status("ada", PASSWORD) == status("bob@example.test", PASSWORD) == 200
        lines = [line for line in token.log.read_text().splitlines() if "JWT_USER_QUERY" in line]
        assert len(lines) == 4 and all("2 rows" in line for line in lines)


def test_two_rows_cost_as_much_as_a_wrong_password(twins):
    with query(twins, JWT_USER_QUERY=BY_NAME_OR_EMAIL, JWT_USER_ID_QUERY=BY_ID,
               JWT_PBKDF2_ITERATIONS="1000000") as token:
        def seconds(name):
            before = process.processor_time(token.process.pid)
            for _ in range(4):
                assert token.answer(*fastcgi.login(name, "wrong")).status == 401
            return process.processor_time(token.process.pid) - before

        seconds("nobody")
        assert seconds("ada@example.test") > seconds("bob") / 2 > 0.01


def test_two_rows_for_the_id_of_a_token(twins):
    settings = {"JWT_USER_QUERY": BY_NAME_OR_EMAIL, "JWT_USER_ID_QUERY": BY_ID.replace("id::text = $1", "$1 IN ('1', '7')")}
    with fastcgi.Program("hello", ours.environment(twins.our_environment(), {
            **PROFILES["plain"].our_settings(), **settings})) as hello:
        answer = hello.answer(*fastcgi.get("/hello/", Maker("plain").make({"set": {"user_id": "1"}})))
        assert answer.status == 401 and "JWT_USER_ID_QUERY: 3 rows" in hello.log.read_text()


ACTIVE = {
    "true": True, "false": False, "NULL::boolean": False,
    **{f"'{word}'::text": True for word in ("t", "true", "y", "yes", "on", "1", "TRUE", "On", " yes ")},
    **{f"'{word}'::text": False for word in ("f", "false", "n", "no", "off", "0", "OFF")},
    "'true'::char(9)": True, "1": True, "0": False, "1::numeric": True, "1::bigint": True,
}
NO_BOOLEAN = ("''::text", "'terminated'::text", "'tru'::text", "'yes please'::text", "'trueish'::text", "2", "-1", "11",
              "1.0", "'1 0'::text", "NULL::text")


@pytest.mark.parametrize("active", [*ACTIVE, *NO_BOOLEAN])
def test_values_of_the_active_column(twins, active):
    """PostgreSQL's boolean, and its words for it; what is neither is inactive, and the log says so."""
    with query(twins, JWT_USER_QUERY=BY_NAME_OR_EMAIL.replace("is_active", active), JWT_USER_ID_QUERY=BY_ID) as token:
        status = token.answer(*fastcgi.login("ada", PASSWORD)).status
        assert status == (200 if ACTIVE.get(active) else 401)
        told = [line for line in token.log.read_text().splitlines() if "JWT_USER_QUERY: active is" in line]
        assert len(told) == (active in NO_BOOLEAN or active == "NULL::boolean")


def test_the_last_login_of_a_user_found_by_a_query(site, stack):
    """As from-django writes it where the column of the login has another name than the field of the request."""
    site.execute(OTHER_COLUMNS, hashes.pbkdf2(PASSWORD, ITERATIONS), hashes.pbkdf2(PASSWORD, ITERATIONS))
    select = "SELECT number, secret, open, number, phone FROM visitors WHERE"
    server = stack(
        JWT_USER_QUERY=f"{select} phone = $1", JWT_USER_ID_QUERY=f"{select} number::text = $1",
        JWT_USER_TABLE="visitors", JWT_USER_KEY_FIELD="number", JWT_USER_LAST_LOGIN_FIELD="seen",
        JWT_UPDATE_LAST_LOGIN="on", JWT_TOKEN_BLACKLIST="off", JWT_PASSWORD_REHASH="off")
    answer = client.post_json(server.port, "/api/token/", {"username": "555", "password": PASSWORD})
    assert answer.status == 200, answer.body
    assert site.execute("SELECT phone FROM visitors WHERE seen IS NOT NULL") == [("555",)]


# --- Passwords.

def test_a_password_with_outer_spaces(stack):
    assert login(stack(), "spaced", "  outer spaces  ").status == 401
    assert login(stack(JWT_PASSWORD_TRIM="off"), "spaced", "  outer spaces  ").status == 200
    assert login(stack(JWT_PASSWORD_TRIM="off"), "spaced", "outer spaces").status == 401


# mode: which of those who log in have a new hash afterwards
REHASHED = {
    "off": set(),
    "upgrade": {"h_old_iter", "h_short_salt", "h_sha1_old", "h_bcrypt_sha256"},  # bcrypt of cost 4
    "django": {"h_old_iter", "h_short_salt", "h_sha1_old", "h_more_iter", "h_argon2id", "h_bcrypt_sha256"},
}
WHOM = ("alice", "h_old_iter", "h_short_salt", "h_sha1_old", "h_more_iter", "h_argon2id", "h_bcrypt_sha256")


@pytest.mark.parametrize("mode", REHASHED)
def test_rehash(site, stack, mode):
    server = stack(JWT_PASSWORD_REHASH=mode)
    before = dict(site.execute("SELECT username, password FROM auth_user"))
    for name in WHOM:
        assert login(server, name).status == 200, name
    after = dict(site.execute("SELECT username, password FROM auth_user"))
    assert {name for name in WHOM if before[name] != after[name]} == REHASHED[mode]
    for name in REHASHED[mode]:
        assert after[name].startswith(f"pbkdf2_sha256${ITERATIONS}$") and login(server, name).status == 200


def test_a_wrong_password_changes_nothing(site, stack):
    server = stack()
    before = site.execute("SELECT * FROM auth_user ORDER BY id")
    for name in (*WHOM, "nobody", "inactive", "unusable"):
        assert login(server, name, "wrong").status == 401
    assert site.execute("SELECT * FROM auth_user ORDER BY id") == before


def test_the_old_hashes_have_fewer_iterations():
    assert OLD < ITERATIONS


# --- What newer releases of SimpleJWT have.

def test_a_changed_password_ends_tokens(site, stack):
    server = stack(JWT_CHECK_REVOKE_TOKEN="on")
    pair = login(server, "alice").json()
    stored = site.execute("SELECT password FROM auth_user WHERE username = 'alice'")[0][0]
    claim = claims_of(pair["access"])["hash_password"]
    assert claim == hashlib.md5(stored.encode()).hexdigest().upper()
    assert client.hello(server.port, pair["access"]).status == refresh(server, pair["refresh"]).status == 200
    site.execute("UPDATE auth_user SET password = %s WHERE username = 'alice'", hashes.pbkdf2("new", ITERATIONS))
    answer = client.hello(server.port, pair["access"])
    assert (answer.status, answer.json()) == (401, {"detail": REVOKED, "code": "password_changed"})
    answer = refresh(server, pair["refresh"])
    assert (answer.status, answer.json()["detail"]) == (401, REVOKED)


def test_an_inactive_user_where_that_is_not_checked(stack):
    maker = Maker()
    access, token = (maker.make({"kind": kind, "set": {"user_id": 2}}) for kind in ("access", "refresh"))
    strict, lax = stack(), stack(JWT_CHECK_USER_IS_ACTIVE="off")
    assert client.hello(strict.port, access).json() == {"detail": "User is inactive", "code": "user_inactive"}
    assert (refresh(strict, token).status, refresh(strict, token).json()) == (401, NO_ACCOUNT)
    assert client.hello(lax.port, access).status == refresh(lax, token).status == 200
    assert login(lax, "inactive").status == 401, "a login is refused all the same"


# release: what refresh and sliding refresh say of someone inactive
RELEASES = {"5.2": (200, 200), "5.5.0": (401, 200), "5.5": (401, 200), "head": (401, 401)}


@pytest.mark.parametrize("release", RELEASES)
def test_releases(stack, release):
    skip_without("sliding_refresh")
    server, maker = stack(JWT_COMPAT=release), Maker()
    pair, sliding = (maker.make({"kind": kind, "set": {"user_id": 2}}) for kind in ("refresh", "sliding"))
    answers = refresh(server, pair), client.post_json(server.port, "/api/token/sliding/refresh/", {"token": sliding})
    assert tuple(answer.status for answer in answers) == RELEASES[release]
    user_id = claims_of(login(server, "alice").json()["access"])["user_id"]
    assert user_id == (1 if release in ("5.2", "5.5.0") else "1")


# --- Rotation is atomic.

def test_one_of_many_simultaneous_refreshes_wins(site, stack):
    server = stack("rotate")
    for _ in range(5):
        token = login(server, "alice").json()["refresh"]
        with ThreadPoolExecutor(12) as threads:
            answers = list(threads.map(lambda _: refresh(server, token), range(12)))
        won = [answer for answer in answers if answer.status == 200]
        lost = [answer for answer in answers if answer.status != 200]
        assert len(won) == 1
        assert {(answer.status, answer.body) for answer in lost} == {
            (401, b'{"detail":"Token is blacklisted","code":"token_not_valid"}')
        }
        assert refresh(server, won[0].json()["refresh"]).status == 200


def test_one_of_many_simultaneous_blacklistings_wins(site, stack):
    skip_without("blacklist")
    server = stack()
    token = Maker().make({"kind": "refresh"})
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(
            lambda _: client.post_json(server.port, "/api/token/blacklist/", {"refresh": token}).status, range(12)
        ))
    assert set(answers) <= {200, 401} and 200 in answers
    assert site.execute("SELECT count(*) FROM token_blacklist_blacklistedtoken")[0][0] == 1


# --- Tokens are filed under the primary key, whatever column goes into them.

ROTATING = {"JWT_TOKEN_BLACKLIST": "on", "JWT_ROTATE_REFRESH_TOKENS": "on", "JWT_BLACKLIST_AFTER_ROTATION": "on"}


def test_rotation_where_tokens_name_the_username(stack):
    server = stack(JWT_USER_ID_FIELD="username", **ROTATING)
    token = login(server, "alice").json()["refresh"]
    for _ in range(3):
        answer = refresh(server, token)
        assert answer.status == 200, answer.body
        used, token = token, answer.json()["refresh"]
        assert refresh(server, used).json()["detail"] == "Token is blacklisted"
    assert client.post_json(server.port, "/api/token/blacklist/", {"refresh": token}).status == 200
    assert refresh(server, token).json()["detail"] == "Token is blacklisted"


def test_a_login_that_renews_the_hash_gives_tokens_of_the_new_one(stack):
    server = stack(JWT_CHECK_REVOKE_TOKEN="on", JWT_PASSWORD_REHASH="upgrade")
    pair = login(server, "h_old_iter").json()
    assert client.hello(server.port, pair["access"]).status == 200
    assert refresh(server, pair["refresh"]).status == 200


def test_an_outage_within_a_rotation_leaves_the_old_token(site, stack):
    server = stack(**ROTATING)
    token = login(server, "alice").json()["refresh"]
    site.execute("ALTER TABLE token_blacklist_outstandingtoken ADD CONSTRAINT no_room CHECK (false) NOT VALID")
    try:
        assert refresh(server, token).status == 503
    finally:
        site.execute("ALTER TABLE token_blacklist_outstandingtoken DROP CONSTRAINT no_room")
    assert refresh(server, token).status == 200
