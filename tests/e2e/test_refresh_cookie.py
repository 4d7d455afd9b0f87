"""The refresh token in a cookie (JWT_REFRESH_COOKIE), with real programs behind a real Nginx."""
import re
import subprocess

import pytest
from harness import client, ours
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.site import own_site
from harness.tokens import claims_of

ALICE = {"username": "alice", "password": PASSWORD}
NAME = "__Host-jwt_refresh"
ATTRIBUTES = {"Path=/", "HttpOnly", "SameSite=Strict"}
CLEARED = f"{NAME}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict"
OWN = "Origin: http://testserver"  # client.py's Host header
ORIGIN = {"detail": "The refresh cookie is not for requests of this origin."}
REFRESH, BLACKLIST = "/api/token/refresh/", "/api/token/blacklist/"
LISTED = "https://app.example.org"


@pytest.fixture(scope="module")
def kept():
    """A site of its own: its cluster is stopped."""
    skip_without("token", "refresh", "blacklist", "logout", "hello")
    with own_site("cookie", "-f", ours.CHECKOUT / "sql/sessions.sql") as site:
        yield site


@pytest.fixture
def server(kept):
    kept.restore()
    kept.execute("DELETE FROM jwt_session; DELETE FROM jwt_change")
    return kept.ours("plain", JWT_SESSIONS="on", JWT_REFRESH_COOKIE="on", JWT_REFRESH_COOKIE_ORIGINS=LISTED,
                     JWT_DATABASE_TIMEOUT="1")


def cookie_of(answer, name=NAME):
    """The cookie's value and its attributes."""
    pair, *attributes = answer.header("Set-Cookie").split("; ")
    given, _, value = pair.partition("=")
    assert given == name
    return value, attributes


def log_in(server, *headers, name=NAME):
    answer = client.post_json(server.port, "/api/token/", ALICE, headers)
    assert answer.status == 200, answer.body
    return answer.json()["access"], cookie_of(answer, name)[0]


def post(server, path, token, *headers, body=None):
    """With the cookie, as a page of the same origin unless headers say otherwise."""
    return client.post_json(server.port, path, body or {}, [f"Cookie: {NAME}={token}", *(headers or (OWN,))])


def sessions(kept):
    return kept.execute("SELECT count(*) FROM jwt_session")[0][0]


# --- What is set.

def test_a_login_sets_the_cookie_and_has_no_refresh_token(server):
    answer = client.post_json(server.port, "/api/token/", ALICE)
    assert answer.status == 200 and list(answer.json()) == ["access"]
    token, attributes = cookie_of(answer)
    assert {"Secure", *ATTRIBUTES} == set(attributes) - {attributes[0]}
    assert claims_of(token)["token_type"] == "refresh" and token.encode() not in answer.body
    left = claims_of(token)["exp"] - claims_of(token)["iat"]
    assert re.fullmatch(r"Max-Age=\d+", attributes[0]) and abs(int(attributes[0][8:]) - left) <= 1
    assert answer.header("Cache-Control") == "no-store"


def test_insecure_has_neither_prefix_nor_secure(kept):
    server = kept.ours("plain", JWT_SESSIONS="on", JWT_REFRESH_COOKIE="insecure")
    answer = client.post_json(server.port, "/api/token/", ALICE)
    token, attributes = cookie_of(answer, "jwt_refresh")
    assert set(attributes[1:]) == ATTRIBUTES and list(answer.json()) == ["access"]
    for name, status in ((NAME, 400), ("jwt_refresh", 200)):
        answer = client.post_json(server.port, REFRESH, {}, [f"Cookie: {name}={token}", OWN])
        assert answer.status == status, answer.body


def test_a_refused_login_sets_nothing(server):
    answer = client.post_json(server.port, "/api/token/", {**ALICE, "password": "wrong"})
    assert answer.status == 401 and answer.header("Set-Cookie") is None


# --- A refresh.

def test_a_refresh_takes_the_cookie_and_sets_the_next_one(server):
    _, token = log_in(server)
    for _ in range(3):
        answer = post(server, REFRESH, token)
        assert answer.status == 200 and list(answer.json()) == ["access"]
        token, _ = cookie_of(answer)
        assert token.encode() not in answer.body
        assert client.hello(server.port, answer.json()["access"]).status == 200


@pytest.mark.parametrize("body, kind", [("", "application/json"), ("", "text/plain"), ("{}", "application/json"),
                                        ("", "application/x-www-form-urlencoded")])
def test_a_body_may_be_empty(server, body, kind):
    _, token = log_in(server)
    answer = client.ask(server.port, f"POST {REFRESH}", [f"Cookie: a=b; {NAME}={token}; c", OWN, f"Content-Type: {kind}"], body)
    assert answer.status == 200, answer.body


def test_a_refresh_token_in_the_body_goes_before_the_cookie(server, kept):
    _, mine = log_in(server)
    _, other = log_in(server)
    answer = client.post_json(server.port, REFRESH, {"refresh": mine}, [f"Cookie: {NAME}={other}", OWN])
    assert answer.status == 200 and list(answer.json()) == ["access"]
    assert claims_of(cookie_of(answer)[0])["sid"] == claims_of(mine)["sid"]
    answer = client.post_json(server.port, REFRESH, {"refresh": mine})  # no browser: no origin, no cookie
    assert answer.status == 200
    answer = client.post_json(server.port, REFRESH, {"refresh": "x"}, [f"Cookie: {NAME}={other}", OWN])
    assert answer.status == 401 and answer.header("Set-Cookie") is None, "the cookie was not asked for"


def test_without_a_token_the_field_is_required(server):
    for path in (REFRESH, BLACKLIST):
        answer = client.post_json(server.port, path, {}, [OWN])
        assert (answer.status, answer.json()) == (400, {"refresh": ["This field is required."]})
        answer = client.ask(server.port, f"OPTIONS {path}")
        assert answer.json()["actions"]["POST"]["refresh"]["required"] is False


@pytest.mark.parametrize("cookies", ["{0}={1}; {0}={1}", "{0}={1}; {0}=", "{0}=", '{0}="{1}"', "{0}={1}, {0}={1}"])
def test_a_cookie_that_is_there_twice_or_malformed_is_refused(server, kept, cookies):
    _, token = log_in(server)
    for path in (REFRESH, BLACKLIST):
        answer = client.post_json(server.port, path, {}, ["Cookie: " + cookies.format(NAME, token), OWN])
        assert (answer.status, answer.json()) == (400, {"detail": "Bad request."})
    assert post(server, REFRESH, token).status == 200, "the session lives"


# --- Where a request comes from.

@pytest.mark.parametrize("headers", [
    ["Sec-Fetch-Site: same-origin"], [OWN], [f"Origin: {LISTED}"], ["Sec-Fetch-Site: same-site", f"Origin: {LISTED}"],
])
def test_allowed_origins(server, headers):
    _, token = log_in(server, *headers)
    assert post(server, REFRESH, token, *headers).status == 200
    assert post(server, BLACKLIST, token, *headers).status == 200


@pytest.mark.parametrize("headers", [
    ["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Sec-Fetch-Site: none"],
    ["Origin: http://evil.example"], ["Origin: https://testserver"], ["Origin: http://testserver.evil.example"],
    ["Origin: null"], ["Sec-Fetch-Site: cross-site", "Origin: http://evil.example"], ["Origin: http://testserver:81"],
    [f"Origin: {LISTED}.evil.example"], ["X-Nothing: neither header"],
])
def test_other_origins_are_refused_and_nothing_is_done(server, kept, headers):
    _, token = log_in(server)
    before = kept.execute("SELECT gen, held FROM jwt_session")
    for path in (REFRESH, BLACKLIST):
        answer = post(server, path, token, *headers)
        assert (answer.status, answer.json()) == (403, ORIGIN) and answer.header("Set-Cookie") is None
    assert kept.execute("SELECT gen, held FROM jwt_session") == before
    assert post(server, REFRESH, token).status == 200


def test_a_page_of_another_origin_logs_nobody_in(server, kept):
    """Also not with its own refresh token: the browser would go on as another user."""
    _, token = log_in(server)
    for path, value in (("/api/token/", ALICE), (REFRESH, {"refresh": token})):
        answer = client.post_json(server.port, path, value, ["Origin: http://evil.example"])
        assert (answer.status, answer.json()) == (403, ORIGIN) and answer.header("Set-Cookie") is None
    assert sessions(kept) == 1


# --- The end.

@pytest.mark.parametrize("scope", [None, "this", "all"])
def test_a_logout_clears_the_cookie(server, kept, scope):
    access, token = log_in(server)
    answer = post(server, "/api/logout/", token, OWN, f"Authorization: Bearer {access}", body=scope and {"scope": scope})
    assert (answer.status, answer.json(), answer.header("Set-Cookie")) == (200, {"ended": 1}, CLEARED)
    assert post(server, REFRESH, token).status == 401


def test_a_logout_of_the_others_keeps_it(server):
    log_in(server)
    access, token = log_in(server)
    answer = post(server, "/api/logout/", token, OWN, f"Authorization: Bearer {access}", body={"scope": "others"})
    assert (answer.json(), answer.header("Set-Cookie")) == ({"ended": 1}, None)
    assert post(server, REFRESH, token).status == 200


def test_blacklist_takes_the_cookie_and_clears_it(server, kept):
    _, token = log_in(server)
    answer = post(server, BLACKLIST, token)
    assert (answer.status, answer.json(), answer.header("Set-Cookie")) == (200, {}, CLEARED)
    assert sessions(kept) == 0
    answer = post(server, BLACKLIST, token)
    assert (answer.status, answer.header("Set-Cookie")) == (401, CLEARED)


@pytest.mark.parametrize("end", ["UPDATE jwt_session SET expires_at = now() - interval '1 second'", "DELETE FROM jwt_session",
                                 "UPDATE auth_user SET is_active = false WHERE username = 'alice'"])
def test_a_session_that_is_over_clears_the_cookie(server, kept, end):
    _, token = log_in(server)
    kept.execute(end)
    answer = post(server, REFRESH, token)
    assert (answer.status, answer.header("Set-Cookie")) == (401, CLEARED)


def test_a_token_that_is_none_clears_the_cookie(server):
    answer = post(server, REFRESH, "not.a.token")
    assert (answer.status, answer.header("Set-Cookie")) == (401, CLEARED)


def test_an_outage_keeps_the_cookie(server, kept):
    _, token = log_in(server)
    kept.cluster.stop()
    try:
        for path in (REFRESH, BLACKLIST):
            answer = post(server, path, token)
            assert (answer.status, answer.header("Set-Cookie")) == (503, None)
    finally:
        kept.cluster.start()
        kept.connect_again()
    assert post(server, REFRESH, token).status == 200


# --- The rest.

def test_no_token_is_logged(server):
    access, token = log_in(server)
    for headers in ([OWN], ["Origin: http://evil.example"]):
        assert post(server, REFRESH, token, *headers).status in (200, 403)
    assert post(server, REFRESH, token + "x").status == 401
    log = server.main.output()
    assert "outcome=origin" in log
    assert not [part for part in (*token.split("."), *access.split(".")) if part in log]


def test_off_the_cookie_is_nothing(kept):
    server = kept.ours("plain", JWT_SESSIONS="on")
    answer = client.post_json(server.port, "/api/token/", ALICE, ["Origin: http://evil.example"])
    assert list(answer.json()) == ["refresh", "access"] and answer.header("Set-Cookie") is None
    refresh = answer.json()["refresh"]
    answer = client.post_json(server.port, REFRESH, {}, [f"Cookie: {NAME}={refresh}", OWN])
    assert (answer.status, answer.json()) == (400, {"refresh": ["This field is required."]})
    answer = client.post_json(server.port, REFRESH, {"refresh": refresh}, [f"Cookie: {NAME}=a; {NAME}=b"])
    assert list(answer.json()) == ["access", "refresh"] and answer.header("Set-Cookie") is None
    assert client.ask(server.port, f"OPTIONS {REFRESH}").json()["actions"]["POST"]["refresh"]["required"] is True


@pytest.mark.parametrize("settings, line", [
    ({"JWT_REFRESH_COOKIE": "on"}, "JWT_REFRESH_COOKIE needs JWT_SESSIONS=on"),
    ({"JWT_REFRESH_COOKIE": "insecure", "JWT_SESSIONS": "off"}, "JWT_REFRESH_COOKIE needs JWT_SESSIONS=on"),
    ({"JWT_REFRESH_COOKIE": "yes", "JWT_SESSIONS": "on"}, "JWT_REFRESH_COOKIE"),
    *(({"JWT_REFRESH_COOKIE_ORIGINS": origins}, f'JWT_REFRESH_COOKIE_ORIGINS: "{wrong}" is not an origin')
      for origins, wrong in (("null", "null"), ("https://a.example, https://b.example/", "https://b.example/"),
                             ("*", "*"), ("https://", "https://"), ("https://A.example", "https://A.example"),
                             ("app.example.org", "app.example.org"))),
])
def test_settings_that_are_refused(settings, line):
    done = subprocess.run([ours.program("refresh"), "--check-config"], capture_output=True, text=True, timeout=10,
                          env=ours.plain_environment(JWT_SIGNING_KEY="k" * 32, **settings))
    assert done.returncode == 1 and line in done.stderr
