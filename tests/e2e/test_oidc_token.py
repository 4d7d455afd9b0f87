"""POST /oauth/token: codes and refresh tokens, with several processes of each program."""
import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from harness import client, fastcgi, oidc, ours, process, versions
from harness.codes import OFFLINE, age_sessions, basic, code_fields, new_code, redeem, refresh, statuses, tokens
from harness.fixtures import skip_without
from harness.oidc import CALLBACK, SECRET, VERIFIER, WITH_QUERY
from harness.people import PASSWORD
from harness.process import at_once
from harness.profiles import KEY
from harness.tokens import b64url, claims_of, un_b64url

PROGRAMS = ("oauth_token", "userinfo", "hello")
LATEST = 0.3  # seconds after a commit at which every process refuses


@pytest.fixture(scope="module")
def running(oidc_site):
    skip_without(*PROGRAMS, "jwtctl", "refresh", "token")
    with oidc.Provider(oidc_site, {name: 2 for name in PROGRAMS}) as provider:
        yield provider


@pytest.fixture
def provider(running):
    running.restore()
    return running


def header_of(token):
    return json.loads(un_b64url(token.split(".")[0]))


def is_error(answer, status, error):
    """JSON of RFC 6749 section 5.2, that no cache keeps, with characters that a description may have."""
    body = answer.json()
    assert (answer.status, body["error"]) == (status, error), (answer, body)
    assert set(body) <= {"error", "error_description"}
    assert all(" " <= character <= "~" and character not in '"\\' for character in body.get("error_description", ""))
    headers_are_right(answer)
    assert (answer.header("WWW-Authenticate") or "").startswith("Basic realm=") == (status == 401)
    return True


def headers_are_right(answer):
    assert answer.header("Content-Type") == "application/json"
    assert (answer.header("Cache-Control"), answer.header("Pragma")) == ("no-store", "no-cache")
    assert answer.header("Vary") is None


def ended(provider, access_token, since):
    """Every process of userinfo and hello refuses the token, and did LATEST after the commit."""
    for name in ("userinfo", "hello"):
        for program in provider.programs[name]:
            while True:
                sent = time.monotonic()
                if program.answer(*fastcgi.get("/", access_token)).status == 401:
                    break
                assert sent - since < LATEST, f"{name} is {sent - since:.3f} s late"
                time.sleep(0.02)
    return True


# What the tokens say.


def test_the_answer_to_a_code(provider):
    answer = redeem(provider, new_code(provider))
    assert answer.status == 200
    headers_are_right(answer)
    body = answer.json()
    assert list(body) == ["access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, OFFLINE)


@pytest.mark.parametrize("scope, members", [
    ("openid", {"id_token"}), ("openid offline_access", {"id_token", "refresh_token"}),
    ("profile", set()), ("profile offline_access", {"refresh_token"}),
])
def test_scopes_decide_which_tokens_there_are(provider, scope, members):
    assert set(tokens(provider, scope=scope)) - {"access_token", "token_type", "expires_in", "scope"} == members


def test_the_id_token(provider):
    """As the issuer's public key and PyJWT see it."""
    before = int(time.time())
    answer = tokens(provider, age=100)
    keys = provider.get("/.well-known/jwks.json").json()["keys"]
    assert header_of(answer["id_token"]) == {"alg": "RS256", "kid": provider.key["kid"], "typ": "JWT"}
    claims = jwt.decode(answer["id_token"], jwt.PyJWK(keys[0]).key, algorithms=["RS256"], audience="web",
                        issuer=provider.issuer)
    left = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
    assert list(claims) == ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash"]
    assert (claims["sub"], claims["aud"], claims["nonce"]) == ("1", "web", "a nonce")
    assert (claims["acr"], claims["amr"], claims["at_hash"]) == ("1", ["pwd"], b64url(left))
    assert before <= claims["iat"] <= time.time() and claims["exp"] - claims["iat"] == 300
    assert before - 101 <= claims["auth_time"] <= before - 99


def test_the_access_token_is_for_both_worlds(provider):
    answer = tokens(provider, scope="openid profile")
    assert header_of(answer["access_token"]) == {"alg": "RS256", "kid": provider.key["kid"], "typ": "at+jwt"}
    claims = claims_of(answer["access_token"])
    assert list(claims) == ["token_type", "exp", "iat", "jti", "user_id", "sub", "sid", "gen", "iss", "aud",
                            "client_id", "scope", "auth_time"]
    assert (claims["token_type"], claims["user_id"], claims["sub"], claims["gen"]) == ("access", "1", "1", 1)
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (provider.issuer, provider.issuer, "web")
    assert claims["scope"] == "openid profile"
    assert statuses(provider, answer["access_token"], "hello") == {200}


BY_TEXT = "SELECT id || 'x', password, is_active, id, username FROM auth_user WHERE {} = $1"


@pytest.mark.parametrize("settings, user", [
    ({}, 1), ({"JWT_USER_QUERY": BY_TEXT.format("username"), "JWT_USER_ID_QUERY": BY_TEXT.format("id || 'x'"),
               "JWT_FEED_KNOWN": "0"}, "1x"),
], ids=["integer", "text"])
def test_the_user_id_of_simplejwt_5_2(oidc_site, settings, user):
    """A number only where the column is one, from the code as from the refresh token."""
    with oidc.Provider(oidc_site, JWT_COMPAT="5.2", **settings) as provider:
        provider.restore()
        first = tokens(provider, user_id=str(user))
        for answer in (first, refresh(provider, first["refresh_token"]).json()):
            claims = claims_of(answer["access_token"])
            assert (claims["user_id"], claims["sub"]) == (user, str(user))


def test_the_audience_of_a_client(provider):
    provider.site.execute("UPDATE oidc_client SET audience = 'https://api.example' WHERE client_id = 'web'")
    answer = tokens(provider)
    assert claims_of(answer["access_token"])["aud"] == "https://api.example"
    assert claims_of(answer["id_token"])["aud"] == "web"
    assert statuses(provider, answer["access_token"]) == {200}


def test_a_client_whose_tokens_do_not_open_the_api(oidc_site):
    with oidc.Provider(oidc_site, JWT_AUDIENCE="api") as provider:
        provider.restore()
        provider.site.execute("UPDATE oidc_client SET audience = 'elsewhere' WHERE client_id = 'third'")
        found = {client_id: tokens(provider, client_id)["access_token"] for client_id in ("web", "third")}
        assert {name: statuses(provider, token, "hello") for name, token in found.items()} == {"web": {200}, "third": {401}}
        assert statuses(provider, found["third"]) == {200}


def test_the_audience_of_the_setting(oidc_site):
    with oidc.Provider(oidc_site, JWT_OIDC_AUDIENCE="https://api.example", JWT_AUDIENCE="api") as provider:
        provider.restore()
        answer = tokens(provider)
        assert claims_of(answer["access_token"])["aud"] == "https://api.example"
        assert statuses(provider, answer["access_token"]) == {200}
        assert statuses(provider, answer["access_token"], "hello") == {401}


def test_a_nonce_is_echoed_exactly_and_none_is_none(provider):
    nonce = "\u00e9<\"&'\\ \U0001f600"
    assert claims_of(tokens(provider, nonce=nonce)["id_token"])["nonce"] == nonce
    assert "nonce" not in claims_of(tokens(provider, nonce=None)["id_token"])


def test_other_settings_of_claims(oidc_site):
    """The names that the settings give to claims, one member where they are the same."""
    with oidc.Provider(oidc_site, JWT_USER_ID_CLAIM="sub", JWT_JTI_CLAIM="token_id", JWT_CHECK_REVOKE_TOKEN="on",
                       JWT_AUDIENCE="https://api.example", JWT_OIDC_ID_TOKEN_LIFETIME="60") as provider:
        provider.restore()
        answer = tokens(provider)
        claims = claims_of(answer["access_token"])
        stored = provider.site.execute("SELECT upper(md5(password)) FROM auth_user WHERE id = 1")[0][0]
        assert (claims["sub"], claims["hash_password"], claims["aud"]) == ("1", stored, "https://api.example")
        assert "user_id" not in claims and "token_id" in claims and "jti" not in claims
        id_token = claims_of(answer["id_token"])
        assert (id_token["sub"], id_token["exp"] - id_token["iat"]) == ("1", 60)
        assert "hash_password" not in id_token
        age_sessions(provider, 60)
        assert refresh(provider, answer["refresh_token"]).status == 200
        assert statuses(provider, answer["access_token"], "hello") == {200}


SIMPLEJWT = """
import sys
from django.conf import settings
audience, issuer = (value or None for value in sys.argv[1:3])
settings.configure(SIMPLE_JWT={"ALGORITHM": "RS256", "VERIFYING_KEY": sys.argv[3], "AUDIENCE": audience,
                               "ISSUER": issuer, "SIGNING_KEY": ""}, SECRET_KEY="x",
                   INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"])
import django
django.setup()
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.exceptions import TokenError
for token in sys.argv[4:]:
    try:
        print(AccessToken(token)["user_id"])
    except TokenError as error:
        print(error)
"""


def test_simplejwt_accepts_the_access_token(provider):
    """Django's own package: without ISSUER and AUDIENCE, and with equal ones; nothing else of ours."""
    answer = tokens(provider)
    key = jwt.PyJWK(provider.get("/.well-known/jwks.json").json()["keys"][0]).key
    public = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    every = [answer["access_token"], answer["id_token"], answer["refresh_token"]]

    def ask(audience, issuer):
        run = subprocess.run(["/usr/bin/python3", "-c", SIMPLEJWT, audience, issuer, public, *every],
                             capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout.splitlines()

    refused = ["Token has no id", "Token has wrong type"]
    assert ask("", "") == ["1", *refused]
    assert ask(provider.issuer, provider.issuer)[0] == "1"
    invalid = "Token is invalid or expired" if versions.compat() == "5.2" else "Token is invalid"
    assert ask("https://other.example", provider.issuer)[0] == invalid
    assert ask(provider.issuer, "https://other.example")[0] == invalid


# The form of requests.


@pytest.mark.parametrize("fields, error", [
    ({"grant_type": None}, "invalid_request"), ({"grant_type": ""}, "invalid_request"),
    ({"code": None}, "invalid_request"), ({"redirect_uri": None}, "invalid_request"),
    ({"grant_type": "password", "username": "alice", "password": PASSWORD}, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ({"grant_type": "implicit"}, "unsupported_grant_type"), ({"grant_type": "Authorization_Code"}, "unsupported_grant_type"),
    ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unsupported_grant_type"),
    ({"grant_type": "refresh_token"}, "invalid_request"),
    ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
    ({"code": "unknown"}, "invalid_grant"), ({"code": "<script>alert(1)</script>"}, "invalid_grant"),
    ({"code": "a\r\nSet-Cookie: a=b"}, "invalid_grant"), ({"code": "x" * 2048}, "invalid_grant"),
    ({"code": "x" * 2049}, "invalid_request"), ({"code_verifier": "x" * 2049}, "invalid_request"),
    ({"redirect_uri": "x" * 2049}, "invalid_request"),
    ({"redirect_uri": WITH_QUERY}, "invalid_grant"), ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
    ({"redirect_uri": CALLBACK.upper()}, "invalid_grant"),
    ({"code_verifier": VERIFIER[:-1]}, "invalid_grant"), ({"code_verifier": None}, "invalid_grant"),
    ({"code_verifier": VERIFIER.swapcase()}, "invalid_grant"),
    ({"code_verifier": oidc.CHALLENGE}, "invalid_grant"),
])
def test_a_request_that_is_refused_leaves_the_code_good(provider, fields, error):
    code = new_code(provider)
    assert is_error(redeem(provider, code, **fields), 400, error)
    assert redeem(provider, code, extra="ignored", scope="whatever").status == 200


def test_parameters_twice(provider):
    code = new_code(provider)
    fields = list(code_fields(code).items())
    for name in ("grant_type", "code", "redirect_uri", "code_verifier", "client_id", "client_secret", "refresh_token"):
        twice = [*fields, (name, "web"), (name, "web")]
        assert is_error(provider.post("/oauth/token", twice, [basic()]), 400, "invalid_request")
    assert provider.post("/oauth/token", [*fields, ("extra", "1"), ("extra", "2")], [basic()]).status == 200


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%00", b"a=%zz", b"a=%c3", b"grant_type=%", b"&".join([b"a"] * 1001)],
                         ids=range(6))
def test_bodies_that_are_no_form(provider, body):
    assert is_error(provider.post("/oauth/token", body, [basic()]), 400, "invalid_request")


@pytest.mark.parametrize("type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_other_media_types(provider, type):
    body = json.dumps(code_fields(new_code(provider)))
    answer = provider.ask("POST /oauth/token", [f"Content-Type: {type}", basic()], body)
    assert is_error(answer, 400, "invalid_request")


def test_a_charset_may_follow(provider):
    body = "&".join(f"{name}={value}" for name, value in code_fields(new_code(provider)).items())
    answer = provider.ask("POST /oauth/token", ["Content-Type: application/x-www-form-urlencoded; charset=UTF-8",
                                                basic()], body)
    assert answer.status == 200


def test_the_query_does_not_count(provider):
    code = new_code(provider)
    query = "&".join(f"{name}={value}" for name, value in code_fields(code).items())
    answer = provider.post(f"/oauth/token?{query}", {}, [basic()])
    assert is_error(answer, 400, "invalid_request")
    assert provider.post("/oauth/token?grant_type=a&grant_type=b", code_fields(code), [basic()]).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(provider, method):
    answer = provider.ask(f"{method} /oauth/token", [basic()])
    assert is_error(answer, 405, "invalid_request") and answer.header("Allow") == "POST, OPTIONS"


# Who the client is.


@pytest.mark.parametrize("secret", [SECRET, "a:b", "plus+and%20percent", "\u00e9\U0001f600", " ", "%2B", "::", "&=?#/"])
def test_secrets_are_form_encoded_in_the_header(provider, secret):
    stored = "sha256$" + hashlib.sha256(secret.encode()).hexdigest()
    provider.site.execute("UPDATE oidc_client SET secret = %s WHERE client_id IN ('web', 'post')", stored)
    for client_id in ("web", "post"):
        code = new_code(provider, client_id)
        assert provider.post("/oauth/token", code_fields(code), [basic(client_id, secret)]).status == 200
        code = new_code(provider, client_id)
        fields = code_fields(code, client_id=client_id, client_secret=secret)
        assert provider.post("/oauth/token", fields).status == 200


@pytest.mark.parametrize("client_id", ["plus+and%20percent", "a%2Bb", "&=?#/\"'<>\\", "~" * 128])
def test_names_are_form_encoded_in_the_header(provider, client_id):
    oidc.add_client(provider.site, client_id)
    code = new_code(provider, client_id)
    assert provider.post("/oauth/token", code_fields(code), [basic(client_id)]).status == 200


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "bAsIc"])
def test_the_scheme_in_any_case(provider, scheme):
    assert provider.post("/oauth/token", code_fields(new_code(provider)), [basic(scheme=scheme)]).status == 200


def encoded(text):
    return "Authorization: Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("headers, fields", [
    ([], {}), ([], {"client_id": "web"}), ([], {"client_secret": SECRET}),
    ([], {"client_id": "web", "client_secret": ""}), ([], {"client_id": "web", "client_secret": "wrong"}),
    ([], {"client_id": "nobody", "client_secret": SECRET}), ([], {"client_id": "off", "client_secret": SECRET}),
    ([], {"client_id": "web' OR '1'='1", "client_secret": SECRET}),
    ([], {"client_id": "spa", "client_secret": SECRET}), ([], {"client_id": "WEB", "client_secret": SECRET}),
    ([basic("web", "wrong")], {}), ([basic("nobody")], {}), ([basic("off")], {}), ([basic("web", "")], {}),
    ([basic("spa", SECRET)], {}), ([basic("web", SECRET + " ")], {}),
    ([encoded("web")], {}), ([encoded("")], {}), ([encoded(":")], {}), ([encoded("web:%zz")], {}),
    (["Authorization: Basic ???"], {}), (["Authorization: Basic"], {}), (["Authorization: Basic a b"], {}),
    (["Authorization: Bearer " + SECRET[0]], {}),
])
def test_a_client_that_is_not_known(provider, headers, fields):
    """The same answer whatever is wrong; the code stays good."""
    code = new_code(provider)
    answer = provider.post("/oauth/token", code_fields(code, **fields), headers)
    assert is_error(answer, 401, "invalid_client")
    assert redeem(provider, code).status == 200


def test_a_client_authenticates_in_one_way_only(provider):
    for fields in ({"client_secret": SECRET}, {"client_id": "web", "client_secret": SECRET}, {"client_id": "post"}):
        code = new_code(provider)
        assert is_error(provider.post("/oauth/token", code_fields(code, **fields), [basic()]), 400, "invalid_request")
        assert provider.post("/oauth/token", code_fields(code, client_id="web"), [basic()]).status == 200


def test_public_clients(provider):
    assert redeem(provider, new_code(provider, "spa"), "spa").status == 200
    fields = code_fields(new_code(provider, "spa"))
    assert provider.post("/oauth/token", fields, [basic("spa", "")]).status == 200, "a name without a password"


# Codes.


def test_the_code_of_another_client(provider):
    code = new_code(provider)
    for other in ("post", "spa", "certified"):
        assert is_error(redeem(provider, code, other), 400, "invalid_grant")
    assert redeem(provider, code).status == 200


@pytest.mark.parametrize("verifier, good", [
    ("a" * 43, True), ("-._~" * 32, True), ("a" * 42, False), ("a" * 129, False), ("a", False), ("a" * 42 + "+", False),
    ("a" * 42 + "\u00e9", False), ("a" * 42 + " ", False),
])
def test_the_form_of_a_verifier(provider, verifier, good):
    """RFC 7636 section 4.1: a shorter one could be guessed, so it is not taken although it fits the challenge."""
    challenge = oidc.b64url(hashlib.sha256(verifier.encode()).digest())
    answer = redeem(provider, provider.code(code_challenge=challenge), code_verifier=verifier)
    if good:
        assert answer.status == 200
    else:
        assert is_error(answer, 400, "invalid_grant")


def test_a_verifier_without_a_challenge_is_a_downgrade(provider):
    code = new_code(provider, "certified", code_challenge=None)
    assert is_error(redeem(provider, code, "certified"), 400, "invalid_grant")
    assert redeem(provider, code, "certified", code_verifier=None).status == 200


def test_an_expired_code(provider):
    code = new_code(provider)
    provider.site.execute("UPDATE oidc_code SET expires_at = now() - interval '1 second'")
    assert is_error(redeem(provider, code), 400, "invalid_grant")


@pytest.mark.parametrize("late, changes", [(False, {}), (True, {}), (False, {"redirect_uri": CALLBACK + "/"})])
def test_a_replay_ends_the_family(provider, late, changes):
    """At once, after the code has expired, and whatever redirect URI is said."""
    code = new_code(provider)
    first = redeem(provider, code).json()
    assert statuses(provider, first["access_token"]) == statuses(provider, first["access_token"], "hello") == {200}
    if late:
        provider.site.execute("UPDATE oidc_code SET expires_at = now() - interval '30 seconds'")
    assert is_error(redeem(provider, code, **changes), 400, "invalid_grant")
    assert ended(provider, first["access_token"], time.monotonic())
    assert is_error(refresh(provider, first["refresh_token"]), 400, "invalid_grant")
    assert "outcome=code-replayed" in provider.log("oauth_token")


@pytest.mark.parametrize("client_id, changes", [
    ("post", {}), ("web", {"code_verifier": "x" * 43}), ("web", {"code_verifier": None}),
])
def test_a_replay_by_another_ends_nothing(provider, client_id, changes):
    code = new_code(provider)
    first = redeem(provider, code).json()
    assert is_error(redeem(provider, code, client_id, **changes), 400, "invalid_grant")
    assert statuses(provider, first["access_token"]) == {200}
    assert refresh(provider, first["refresh_token"]).status == 200


def test_twenty_at_once_with_one_code(provider):
    for _ in range(3):
        code = new_code(provider)
        answers = at_once(20, lambda: redeem(provider, code))
        assert sorted(answer.status for answer in answers) == [200] + [400] * 19
        assert {answer.json()["error"] for answer in answers if answer.status == 400} == {"invalid_grant"}
        assert provider.site.execute("SELECT count(*) <= 1 FROM jwt_session")[0][0]
        provider.site.execute("DELETE FROM jwt_session")


@pytest.mark.parametrize("change", [
    "UPDATE auth_user SET is_active = false WHERE id = 1",
    "UPDATE auth_user SET password = 'pbkdf2_sha256$1$a$b' WHERE id = 1",
    "DELETE FROM auth_user WHERE id = 1",
    "INSERT INTO jwt_change (user_id) VALUES ('1')",
    "INSERT INTO jwt_change (user_id) VALUES ('')",
])
def test_a_user_who_changes_between_login_and_code(provider, change):
    code = new_code(provider, age=1)
    provider.site.execute(change)
    assert is_error(redeem(provider, code), 400, "invalid_grant")
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(0,)]


def test_without_refresh_token_the_session_lasts_as_long_as_the_access_token(provider):
    tokens(provider, scope="openid")
    assert provider.site.execute("SELECT expires_at - rotated_at = interval '300 s' AND ends_at = expires_at,"
                                 " client_id, scopes FROM jwt_session") == [(True, "web", ["openid"])]


# Refresh tokens.


def test_each_use_rotates(provider):
    first = tokens(provider, age=50)
    age_sessions(provider, 60)
    answer = refresh(provider, first["refresh_token"])
    assert answer.status == 200
    headers_are_right(answer)
    second = answer.json()
    assert list(second) == list(first)
    old, new = claims_of(first["id_token"]), claims_of(second["id_token"])
    assert (new["iss"], new["sub"], new["aud"], new["auth_time"]) == (old["iss"], old["sub"], old["aud"], old["auth_time"])
    assert "nonce" not in new and new["iat"] >= old["iat"]
    gens = [claims_of(token)["gen"] for token in (second["access_token"], second["refresh_token"])]
    assert gens == [2, 2] and claims_of(second["access_token"])["sid"] == claims_of(first["access_token"])["sid"]
    assert statuses(provider, second["access_token"], "hello") == {200}


def test_the_refresh_token_says_for_whom_it_is(provider):
    claims = claims_of(tokens(provider)["refresh_token"])
    assert (claims["token_type"], claims["aud"]) == ("oauth_refresh", f"{provider.issuer}/oauth/token")
    assert (claims["scope"], claims["client_id"]) == (OFFLINE, "web")
    assert 86398 <= claims["exp"] - claims["iat"] <= 86400


def test_twenty_at_once_with_one_refresh_token(provider):
    first = tokens(provider)
    age_sessions(provider, 60)
    answers = at_once(20, lambda: refresh(provider, first["refresh_token"]))
    assert {answer.status for answer in answers} == {200}
    assert {claims_of(answer.json()["refresh_token"])["gen"] for answer in answers} == {2}
    age_sessions(provider, 60)
    assert all(refresh(provider, answer.json()["refresh_token"]).status == 200 for answer in answers[:3])


def test_an_old_refresh_token_ends_the_family(provider):
    first = tokens(provider)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh_token"]).json()
    assert statuses(provider, second["access_token"], "hello") == statuses(provider, second["access_token"]) == {200}
    assert refresh(provider, first["refresh_token"]).status == 200, "within the grace"
    age_sessions(provider, 60)
    assert is_error(refresh(provider, first["refresh_token"]), 400, "invalid_grant")
    assert ended(provider, second["access_token"], time.monotonic())
    assert is_error(refresh(provider, second["refresh_token"]), 400, "invalid_grant")
    assert "outcome=session-replayed" in provider.log("oauth_token")


def test_the_refresh_token_of_another_client(provider):
    first = tokens(provider)
    age_sessions(provider, 60)
    for other in ("post", "spa", "certified"):
        assert is_error(refresh(provider, first["refresh_token"], other), 400, "invalid_grant")
    assert provider.site.execute("SELECT gen FROM jwt_session") == [(1,)]
    assert refresh(provider, first["refresh_token"]).status == 200


def test_a_narrower_scope_narrows_this_access_token_only(provider):
    first = tokens(provider)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh_token"], scope="email  openid openid").json()
    assert second["scope"] == claims_of(second["access_token"])["scope"] == "openid email"
    assert "id_token" in second and claims_of(second["refresh_token"])["scope"] == OFFLINE
    age_sessions(provider, 60)
    third = refresh(provider, second["refresh_token"], scope="profile").json()
    assert third["scope"] == "profile" and "id_token" not in third
    assert statuses(provider, third["access_token"]) == {403}
    age_sessions(provider, 60)
    assert refresh(provider, third["refresh_token"]).json()["scope"] == OFFLINE


def test_a_wider_scope_burns_nothing(provider):
    first = tokens(provider, scope="openid offline_access")
    age_sessions(provider, 60)
    for scope in ("openid profile", "x", "OPENID", "openid offline_access " + "y" * 100):
        assert is_error(refresh(provider, first["refresh_token"], scope=scope), 400, "invalid_scope")
    assert provider.site.execute("SELECT gen FROM jwt_session") == [(1,)]
    assert refresh(provider, first["refresh_token"]).status == 200


@pytest.mark.parametrize("change", [
    "UPDATE auth_user SET is_active = false WHERE id = 1",
    "UPDATE auth_user SET password = 'pbkdf2_sha256$1$a$b' WHERE id = 1",
    "DELETE FROM auth_user WHERE id = 1",
    "UPDATE jwt_session SET expires_at = now()",
    "DELETE FROM jwt_session",
])
def test_a_user_who_changes_between_refreshes(provider, change):
    first = tokens(provider)
    age_sessions(provider, 60)
    provider.site.execute(change)
    assert is_error(refresh(provider, first["refresh_token"]), 400, "invalid_grant")


def test_a_client_that_may_have_less_between_refreshes(provider):
    first = tokens(provider)
    provider.site.execute("UPDATE oidc_client SET scopes = '{openid,offline_access}' WHERE client_id = 'web'")
    assert is_error(refresh(provider, first["refresh_token"], scope="email"), 400, "invalid_scope")
    second = refresh(provider, first["refresh_token"]).json()
    assert second["scope"] == claims_of(second["refresh_token"])["scope"] == "openid offline_access"
    provider.site.execute("UPDATE oidc_client SET scopes = '{openid}' WHERE client_id = 'web'")
    assert is_error(refresh(provider, second["refresh_token"]), 400, "invalid_grant")


def test_a_client_that_is_disabled_between_refreshes(provider):
    first = tokens(provider)
    provider.site.execute("UPDATE oidc_client SET active = false WHERE client_id = 'web'")
    assert is_error(refresh(provider, first["refresh_token"]), 401, "invalid_client")


def test_no_token_outlives_its_session(provider):
    """The absolute end is counted from the login; it does not move."""
    first = tokens(provider, age=2592000 - 100_000)
    left = provider.site.execute("SELECT extract(epoch FROM ends_at - now()) FROM jwt_session")[0][0]
    assert 99_900 < left <= 100_000
    provider.site.execute("UPDATE jwt_session SET ends_at = now() + interval '50 s', expires_at = now() + interval '50 s'")
    age_sessions(provider, 60)
    now = time.time()
    second = refresh(provider, first["refresh_token"]).json()
    assert 0 < second["expires_in"] <= 51
    for name in ("access_token", "refresh_token"):
        assert claims_of(second[name])["exp"] <= now + 52


def test_no_refresh_token_outlives_the_absolute_end(provider):
    now = time.time()
    first = tokens(provider, age=2592000 - 100)
    assert first["expires_in"] <= 100
    for name in ("access_token", "refresh_token"):
        assert now + 60 < claims_of(first[name])["exp"] <= now + 101
    assert is_error(redeem(provider, new_code(provider, age=2592000 + 2)), 400, "invalid_grant")


# Tokens in the place of others.


def test_tokens_of_one_kind_are_nothing_elsewhere(provider):
    ours_ = tokens(provider)
    login = client.post_json(provider.port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()
    # At the token endpoint.
    for token in (ours_["id_token"], ours_["access_token"], login["refresh"], login["access"]):
        assert is_error(refresh(provider, token), 400, "invalid_grant")
    # At the refresh of password logins.
    for token in (ours_["refresh_token"], ours_["id_token"], ours_["access_token"]):
        answer = client.post_json(provider.port, "/api/token/refresh/", {"refresh": token})
        assert answer.status == 401 and answer.json()["code"] == "token_not_valid"
    # As access tokens.
    for token in (ours_["id_token"], ours_["refresh_token"], login["refresh"]):
        assert statuses(provider, token, "hello") == {401} and statuses(provider, token) == {401}
    assert statuses(provider, login["access"]) == {403}, "good, but without the scope openid"
    # Nothing of that has ended anything.
    assert refresh(provider, ours_["refresh_token"]).status == 200
    assert client.post_json(provider.port, "/api/token/refresh/", {"refresh": login["refresh"]}).status == 200


def forged(token, key, header=None, **claims):
    """The token with other claims, signed by the key of a test."""
    return jwt.encode({**claims_of(token), **claims}, key, algorithm="RS256",
                      headers={"kid": header_of(token)["kid"], **(header or {})})


def test_forged_tokens(provider):
    first = tokens(provider)
    key = rsa.generate_private_key(65537, 2048)
    public = json.dumps(provider.get("/.well-known/jwks.json").json()["keys"][0])
    head, payload, signature = first["refresh_token"].split(".")
    none = b64url(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    hmac_head = b64url(json.dumps({"alg": "HS256", "typ": "JWT", "kid": provider.key["kid"]}).encode())
    mac = b64url(hmac.new(public.encode(), f"{hmac_head}.{payload}".encode(), hashlib.sha256).digest())
    for bad in (forged(first["refresh_token"], key), f"{none}.{payload}.", f"{hmac_head}.{payload}.{mac}",
                f"{head}.{payload}.{signature[:-4]}AAAA", f"{head}.{payload}", first["refresh_token"] + "=",
                first["refresh_token"] + " "):
        assert is_error(refresh(provider, bad), 400, "invalid_grant")
    assert refresh(provider, first["refresh_token"]).status == 200


@pytest.fixture
def fresh(oidc_site):
    """A provider whose keys a test may change."""
    with oidc.Provider(oidc_site) as provider:
        provider.restore()
        yield provider


def test_the_settings_of_password_logins_do_not_count(oidc_site):
    """Neither no rotation nor a long recovery: a refresh token of a client is good once, but for its grace."""
    with oidc.Provider(oidc_site, JWT_SESSION_ROTATE="off", JWT_SESSION_RECOVERY="86400", JWT_SESSION_MAX="1",
                       JWT_OIDC_REFRESH_GRACE="2") as provider:
        provider.restore()
        first, other = tokens(provider), tokens(provider, "post")
        assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(2,)]
        age_sessions(provider, 3)
        assert claims_of(refresh(provider, first["refresh_token"]).json()["refresh_token"])["gen"] == 2
        age_sessions(provider, 3)
        assert is_error(refresh(provider, first["refresh_token"]), 400, "invalid_grant")
        assert provider.site.execute("SELECT client_id FROM jwt_session") == [("post",)]
        assert refresh(provider, other["refresh_token"], "post").status == 200


def test_no_other_program_needs_a_private_key(provider, tmp_path):
    """The others start where there are public keys alone."""
    shutil.copytree(provider.keys, tmp_path / "keys")
    for private in (tmp_path / "keys").glob("*/*.pem"):
        private.unlink()
    for name in (*ours.OIDC_PROGRAMS, "jwks"):
        run = subprocess.run([ours.program(name), "--check-config"], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, env={**provider.environment, "JWT_KEY_DIR": str(tmp_path / "keys")})
        assert (run.returncode == 0) == (name != "oauth_token"), (name, run.stderr)


def test_key_rotation(fresh):
    """The newest RSA key signs; what the one before signed stays good while it is published."""
    before = tokens(fresh)
    age_sessions(fresh, 60)
    new = oidc.generate_key(fresh.keys)
    process.wait_for(lambda: header_of(tokens(fresh)["id_token"])["kid"] == new["kid"], "the new key to sign", 30)
    published = {key["kid"]: key for key in fresh.get("/.well-known/jwks.json").json()["keys"]}
    after = refresh(fresh, before["refresh_token"]).json()
    assert {header_of(after[name])["kid"] for name in ("id_token", "access_token", "refresh_token")} == {new["kid"]}
    jwt.decode(after["id_token"], jwt.PyJWK(published[new["kid"]]).key, algorithms=["RS256"], audience="web")
    assert statuses(fresh, before["access_token"]) == statuses(fresh, before["access_token"], "hello") == {200}


@pytest.mark.parametrize("algorithm, digest", [("ES384", "sha384"), ("PS512", "sha512"), ("EdDSA", "sha512")])
def test_the_algorithm_of_a_client(fresh, algorithm, digest):
    """Of its ID tokens; their at_hash is of the hash that goes with it. Without a key it is an outage that is logged."""
    fresh.site.execute("UPDATE oidc_client SET id_token_alg = %s WHERE client_id = 'web'", algorithm)
    code = new_code(fresh)
    assert redeem(fresh, code).status == 503
    assert f'no active key for the id_token_alg "{algorithm}" of client "web"' in fresh.log("oauth_token")
    key = oidc.generate_key(fresh.keys, algorithm)
    answer = process.wait_for(lambda: (answer := redeem(fresh, code)).status == 200 and answer, "the key to sign", 30).json()
    assert header_of(answer["id_token"]) == {"alg": algorithm, "kid": key["kid"], "typ": "JWT"}
    digested = hashlib.new(digest, answer["access_token"].encode()).digest()
    assert claims_of(answer["id_token"])["at_hash"] == b64url(digested[:len(digested) // 2])
    assert header_of(tokens(fresh, "post")["id_token"])["alg"] == "RS256"


def test_a_secret_beside_the_folder_of_keys(oidc_site):
    """It signs the tokens of password logins, the folder's RSA key those of clients; each is good at hello."""
    with oidc.Provider(oidc_site, JWT_SIGNING_KEY=KEY) as provider:
        provider.restore()
        answer = tokens(provider)
        login = client.post_json(provider.port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()
        assert {header_of(token)["alg"] for token in login.values()} == {"HS256"}
        assert {header_of(answer[name])["alg"] for name in ("access_token", "id_token", "refresh_token")} == {"RS256"}
        assert statuses(provider, answer["access_token"], "hello") == statuses(provider, login["access"], "hello") == {200}
        age_sessions(provider, 60)
        assert refresh(provider, answer["refresh_token"]).status == 200
