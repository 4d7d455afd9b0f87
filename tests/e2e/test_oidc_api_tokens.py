"""/oauth/introspect and /oauth/revoke of the tokens of /api/token/, for a service that cannot verify them itself."""
import hashlib
import hmac
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from harness import client, oidc, ours
from harness.codes import age_sessions, post, statuses
from harness.codes import tokens as tokens_of_a_client
from harness.fixtures import skip_without
from harness.oidc import oidc_site
from harness.people import PASSWORD
from harness.profiles import KEY
from harness.tokens import Maker, b64url, claims_of

PROGRAMS = ("introspect", "revoke", "hello", "token", "refresh", "oauth_token")
LATEST = 0.3
NOT_GOOD = {"active": False}


@pytest.fixture(scope="module")
def running(oidc_site):
    """The secret beside the RSA key signs what /api/token/ gives out: so tests can make such tokens."""
    skip_without(*PROGRAMS, "jwtctl")
    with oidc.Provider(oidc_site, {"introspect": 2, "revoke": 4, "hello": 2}, JWT_SIGNING_KEY=KEY,
                       JWT_TOKEN_BLACKLIST="on") as provider:
        yield provider


@pytest.fixture
def provider(running):
    return prepared(running)


def prepared(provider):
    provider.restore()
    oidc.add_client(provider.site, "gate", introspect=True)
    return provider


@pytest.fixture
def make():
    """A token of a recipe (harness.tokens), of user 1 and without a session."""
    maker = Maker()
    return lambda kind="access", /, **recipe: maker.make({"kind": kind, **recipe})


def log_in(provider):
    answer = client.post_json(provider.port, "/api/token/", {"username": "alice", "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.json()


def refresh(provider, token):
    return client.post_json(provider.port, "/api/token/refresh/", {"refresh": token})


def introspect(provider, token, client_id="gate"):
    answer = post(provider, "/oauth/introspect", {"token": token}, client_id)
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store", answer
    assert answer.header("Content-Type") == "application/json"
    return answer.json()


def revoke(provider, token, client_id="gate", **more):
    answer = post(provider, "/oauth/revoke", {"token": token, **more}, client_id)
    assert (answer.status, answer.body) == (200, b""), answer


def said(token, **more):
    claims = claims_of(token)
    return {"active": True, "username": "alice", "token_type": "Bearer", "token_use": claims["token_type"], "sub": "1",
            **{name: claims[name] for name in ("exp", "iat", "jti")}, **more}


def state(provider):
    """Everything that introspection could change."""
    tables = ("jwt_session", "jwt_change", "token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken")
    return [provider.site.execute(f"SELECT t.*::text FROM {table} t ORDER BY 1") for table in tables]


def is_over(provider, access_token, since):
    """hello refuses the token, in each process."""
    while statuses(provider, access_token, "hello") != {401}:
        assert time.monotonic() - since < LATEST
        time.sleep(0.02)


# What is good.


def test_tokens_of_a_login(provider):
    login = log_in(provider)
    before = state(provider)
    for token in login.values():
        for hint in (None, "access_token", "refresh_token", "wrong"):
            fields = {"token": token, **({"token_type_hint": hint} if hint else {})}
            assert post(provider, "/oauth/introspect", fields, "gate").json() == said(token)
    assert state(provider) == before


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
def test_tokens_without_a_session(provider, make, kind):
    """Of before JWT_SESSIONS, and sliding ones."""
    token = make(kind)
    before = state(provider)
    assert introspect(provider, token) == said(token)
    assert state(provider) == before


def test_tokens_that_the_rsa_key_signs_with_issuer_and_audience(oidc_site):
    """The programs have no private key; hello knows the token and learns of its end from the change feed."""
    issuer = "https://login.example"
    with oidc.Provider(oidc_site, {"hello": 2}, JWT_OIDC_ISSUER=issuer, JWT_ISSUER=issuer,
                       JWT_AUDIENCE="api", JWT_FEED_POLL="250") as provider:
        prepared(provider)
        login = log_in(provider)
        for token in login.values():
            assert introspect(provider, token) == said(token, iss=issuer, aud="api")
        assert statuses(provider, login["access"], "hello") == {200}
        revoke(provider, login["access"])
        is_over(provider, login["access"], time.monotonic())
        assert introspect(provider, login["refresh"]) == NOT_GOOD


def test_tokens_of_other_clients_stay_their_own(provider):
    first = tokens_of_a_client(provider)
    for kind in ("access_token", "refresh_token", "id_token"):
        assert introspect(provider, first[kind]) == NOT_GOOD
        revoke(provider, first[kind])
    assert introspect(provider, first["access_token"], "web")["active"] is True
    own = tokens_of_a_client(provider, "gate")
    assert introspect(provider, own["access_token"])["client_id"] == "gate"


# Who may ask.


@pytest.mark.parametrize("client_id", ["web", "post", "third"])
def test_clients_that_may_not_ask(provider, make, client_id):
    login = log_in(provider)
    before = state(provider)
    for token in (*login.values(), make("access"), make("refresh"), make("sliding")):
        assert introspect(provider, token, client_id) == NOT_GOOD
        revoke(provider, token, client_id)
    assert state(provider) == before
    assert statuses(provider, login["access"], "hello") == {200}


def test_public_clients_may_never_ask(provider):
    login = log_in(provider)
    answer = post(provider, "/oauth/introspect", {"token": login["access"]}, "spa")
    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")
    revoke(provider, login["access"], "spa")
    assert statuses(provider, login["access"], "hello") == {200}
    with pytest.raises(psycopg2.errors.CheckViolation):
        provider.site.execute("UPDATE oidc_client SET introspect = true WHERE client_id = 'spa'")


def test_a_client_that_no_longer_may(provider):
    """By each process."""
    token = log_in(provider)["access"]
    assert [introspect(provider, token)["active"] for _ in range(4)] == [True] * 4
    provider.site.execute("UPDATE oidc_client SET introspect = false WHERE client_id = 'gate'")
    since = time.monotonic()
    while [introspect(provider, token) for _ in range(4)] != [NOT_GOOD] * 4:
        assert time.monotonic() - since < LATEST
        time.sleep(0.02)


def test_the_tables_are_brought_up_to_date(provider):
    """A database of before has no such column; and the file can be run again."""
    name, path = provider.site.name, ours.CHECKOUT / "sql" / "oidc.sql"
    provider.site.execute("ALTER TABLE oidc_client DROP COLUMN introspect")
    for _ in range(2):
        provider.site.cluster.psql(name, "-f", path)
    assert provider.site.execute("SELECT bool_or(introspect) FROM oidc_client") == [(False,)]
    assert provider.site.execute("SELECT count(*) FROM pg_constraint WHERE conrelid = 'oidc_client'::regclass"
                                 " AND pg_get_constraintdef(oid) LIKE '%%introspect%%'") == [(1,)]
    assert introspect(provider, log_in(provider)["access"]) == NOT_GOOD


# What is not good.

BAD = {
    "expired": {"set": {"exp": "t0-70"}},
    "not yet valid": {"set": {"nbf": "t0+600"}},
    "of the future": {"set": {"iat": "t0+600"}},
    "without exp": {"drop": ["exp"]},
    "without an id": {"drop": ["jti"]},
    "without a type": {"drop": ["token_type"]},
    "another type": {"set": {"token_type": "id"}},
    "a client's refresh token by its type": {"set": {"token_type": "oauth_refresh"}},
    "a type in capitals": {"set": {"token_type": "Access"}},
    "a type that is a list": {"set": {"token_type": ["access"]}},
    "a client's": {"set": {"client_id": "web"}},
    "a client's that is null": {"set": {"client_id": None}},
    "a session that is not there": {"set": {"sid": "0" * 32, "gen": 1}},
    "a session of another form": {"set": {"sid": "x", "gen": 1}},
    "a generation alone": {"set": {"gen": 1}},
    "another key": {"key": "other"},
    "a longer key": {"key": "longer"},
    "no key": {"key": "empty"},
    "a signature cut": {"cut": 1},
    "a signature with spare bits": {"spare_bits": True},
    "another signature": {"flip": True},
    "no signature": {"template": "{h}.{p}."},
    "two parts": {"template": "{h}.{p}"},
    "four parts": {"template": "{h}.{p}.{s}.{s}"},
    "alg none": {"header": {"alg": "none", "typ": "JWT"}},
    "alg none without a signature": {"header": {"alg": "none"}, "template": "{h}.{p}."},
    "HS512 in the header": {"header": {"alg": "HS512", "typ": "JWT"}},
    "RS256 in the header": {"header": {"alg": "RS256", "typ": "JWT"}},
    "HS512": {"alg": "HS512"},
    "a payload that is a list": {"payload_text": "[{claims}]"},
    "a payload that is no JSON": {"payload_text": "{claims}x"},
}


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
@pytest.mark.parametrize("name", BAD)
def test_tokens_that_are_not_good(provider, make, kind, name):
    token = make(kind, **BAD[name])
    before = state(provider)
    assert introspect(provider, token) == NOT_GOOD
    revoke(provider, token)
    assert state(provider) == before


@pytest.mark.parametrize("kind", ["access", "refresh", "sliding"])
@pytest.mark.parametrize("recipe", [
    {"drop": ["user_id"]}, *({"set": {"user_id": value}} for value in (999999, 0, None, [1], {}, "", "1 OR 1=1", "1\u0000"))
], ids=str)
def test_tokens_without_a_user(provider, make, kind, recipe):
    token, before = make(kind, **recipe), state(provider)
    assert introspect(provider, token) == NOT_GOOD
    assert state(provider) == before
    revoke(provider, token)
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(0,)]


@pytest.mark.parametrize("token", ["x", "a.b.c", "..", "x" * 40000, "\u00e9", "%00", "<script>", "eyJhbGciOiJIUzI1NiJ9.."])
def test_garbage(provider, token):
    before = state(provider)
    assert introspect(provider, token) == NOT_GOOD
    revoke(provider, token)
    assert state(provider) == before


def test_a_public_key_is_no_secret(provider, make):
    """Neither its file nor what the JWK Set says of it signs by HMAC."""
    jwk = provider.get("/.well-known/jwks.json").json()["keys"][0]
    for secret in (jwk["n"].encode(), json.dumps(jwk).encode(), *[
            path.read_bytes() for path in sorted(provider.keys.rglob("*")) if path.is_file()]):
        for header in ({"alg": "HS256", "kid": jwk["kid"]}, {"alg": "HS256"}, {"alg": "RS256", "kid": jwk["kid"]}):
            signed = f"{b64url(json.dumps(header).encode())}.{make().split('.')[1]}"
            token = f"{signed}.{b64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
            assert introspect(provider, token) == NOT_GOOD


@pytest.mark.parametrize("change", [
    "UPDATE auth_user SET is_active = false WHERE id = 1",
    "UPDATE auth_user SET password = 'pbkdf2_sha256$1$a$b' WHERE id = 1",
    "DELETE FROM jwt_session", "UPDATE jwt_session SET expires_at = now() - interval '1 second'",
    "INSERT INTO jwt_change (user_id) VALUES ('1')", "INSERT INTO jwt_change (user_id) VALUES ('')",
])
def test_tokens_whose_login_is_over(provider, change):
    login = log_in(provider)
    assert [introspect(provider, token)["active"] for token in login.values()] == [True, True]
    provider.site.execute(change)
    assert [introspect(provider, token) for token in login.values()] == [NOT_GOOD] * 2


def test_tokens_without_a_session_of_an_inactive_user(provider, make):
    every = [make(kind) for kind in ("access", "refresh", "sliding")]
    provider.site.execute("UPDATE auth_user SET is_active = false WHERE id = 1")
    assert [introspect(provider, token) for token in every] == [NOT_GOOD] * 3


def test_a_refresh_token_that_was_used(provider):
    """Good within the grace; asking about it later ends nothing."""
    first = log_in(provider)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh"]).json()
    assert introspect(provider, first["refresh"])["active"] is True
    age_sessions(provider, 60)
    third = refresh(provider, second["refresh"]).json()
    before = state(provider)
    assert introspect(provider, first["refresh"]) == NOT_GOOD
    for token in third.values():
        assert introspect(provider, token)["active"] is True
    assert state(provider) == before
    assert refresh(provider, third["refresh"]).status == 200


# Revocation.


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "wrong"}])
def test_revocation_ends_the_session(provider, kind, hint):
    login, other = log_in(provider), log_in(provider)
    assert statuses(provider, login["access"], "hello") == {200}
    revoke(provider, login[kind], **hint)
    is_over(provider, login["access"], time.monotonic())
    assert [introspect(provider, token) for token in login.values()] == [NOT_GOOD] * 2
    assert refresh(provider, login["refresh"]).status == 401
    revoke(provider, login[kind])
    assert statuses(provider, other["access"], "hello") == {200}, "the other session goes on"
    assert [introspect(provider, token)["active"] for token in other.values()] == [True, True]


def test_revocation_by_an_old_refresh_token(provider):
    first = log_in(provider)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh"]).json()
    age_sessions(provider, 60)
    revoke(provider, first["refresh"])
    is_over(provider, second["access"], time.monotonic())


@pytest.mark.parametrize("kind", ["refresh", "sliding"])
def test_revocation_of_a_token_without_a_session(provider, make, kind):
    token = make(kind)
    revoke(provider, token)
    assert introspect(provider, token) == NOT_GOOD
    rows = provider.site.execute("SELECT o.jti, o.token, o.user_id FROM token_blacklist_outstandingtoken o"
                                 " JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id")
    assert rows == [(claims_of(token)["jti"], token, 1)]
    if kind == "refresh":
        assert refresh(provider, token).status == 401
    revoke(provider, token)


@pytest.mark.parametrize("kind", ["refresh", "sliding"])
def test_revocation_of_a_token_that_another_host_has_just_issued(provider, make, kind):
    """The other host's clock is ahead; 200 would say that the token is over."""
    token = make(kind, set={"iat": int(time.time()) + 30})
    assert introspect(provider, token) == NOT_GOOD
    revoke(provider, token)
    assert provider.site.execute("SELECT o.token FROM token_blacklist_outstandingtoken o"
                                 " JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id") == [(token,)]


def test_revocation_of_a_session_that_another_host_has_just_begun(provider, make):
    login = log_in(provider)
    revoke(provider, make("access", set={**claims_of(login["access"]), "iat": int(time.time()) + 30}))
    is_over(provider, login["access"], time.monotonic())
    assert refresh(provider, login["refresh"]).status == 401


def test_revocation_of_a_token_that_became_a_session(provider, make):
    old = make("refresh", set={"user_id": "1"})
    new = refresh(provider, old).json()
    assert statuses(provider, new["access"], "hello") == {200}
    revoke(provider, old)
    is_over(provider, new["access"], time.monotonic())
    assert [introspect(provider, token) for token in (old, *new.values())] == [NOT_GOOD] * 3


def test_an_access_token_without_a_session_can_only_expire(provider, make):
    token = make("access")
    before = state(provider)
    revoke(provider, token)
    assert state(provider) == before
    assert introspect(provider, token)["active"] is True


def test_without_a_blacklist(oidc_site, make):
    """A refresh token of before JWT_SESSIONS cannot be used after its revocation; there is no list of others."""
    with oidc.Provider(oidc_site, JWT_SIGNING_KEY=KEY) as provider:
        prepared(provider)
        token, sliding = make("refresh", set={"user_id": "1"}), make("sliding")
        assert introspect(provider, token)["active"] is True
        revoke(provider, token)
        assert refresh(provider, token).status == 401
        revoke(provider, sliding)
        assert introspect(provider, sliding)["active"] is True
        assert provider.site.execute("SELECT count(*) FROM token_blacklist_outstandingtoken") == [(0,)]


@pytest.mark.parametrize("issued", [0, 30 - 2592000], ids=["after the end of all sessions", "nearly too old"])
def test_revocation_of_a_token_that_a_refresh_would_accept(oidc_site, issued):
    """The leeway for other clocks must not make revoke take it for one that is over."""
    with oidc.Provider(oidc_site, JWT_SIGNING_KEY=KEY) as provider:
        prepared(provider)
        recipe = {"kind": "refresh", "set": {"user_id": "1", "iat": int(time.time()) + issued}}
        if issued == 0:
            provider.site.execute("INSERT INTO jwt_change (user_id, at) VALUES ('1', now() - interval '30 seconds')")
        one, other = (Maker().make(recipe) for _ in range(2))
        assert refresh(provider, one).status == 200
        revoke(provider, other)
        assert refresh(provider, other).status == 401


@pytest.mark.parametrize("with_session", [True, False])
def test_twenty_revocations_at_once(provider, make, with_session):
    token = log_in(provider)["refresh"] if with_session else make("refresh")
    ready = threading.Barrier(20)

    def go(_):
        ready.wait()
        revoke(provider, token)

    before = provider.log("revoke").count("outcome=revoked")
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(go, range(20)))
    assert introspect(provider, token) == NOT_GOOD
    assert provider.log("revoke").count("outcome=revoked") == before + 1
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(0,)]


def test_introspection_during_a_revocation(provider):
    """Active, then not: never anything else, and never active again."""
    login = log_in(provider)
    ended = threading.Event()

    def ask(token):
        seen = []
        while not seen or seen[-1] or not ended.is_set():
            seen.append(introspect(provider, token)["active"])
        return seen + [introspect(provider, token)["active"] for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, token) for token in [*login.values()] * 4]
        revoke(provider, login["access"])
        ended.set()
        for each in asked:
            seen = each.result()
            assert seen == sorted(seen, reverse=True) and not seen[-1]


def test_a_refresh_during_a_revocation(provider):
    """Whichever is first: the session is over afterwards."""
    for _ in range(10):
        login = log_in(provider)
        age_sessions(provider, 60)
        with ThreadPoolExecutor(2) as pool:
            renewed = pool.submit(refresh, provider, login["refresh"])
            revoke(provider, login["refresh"])
        answer = renewed.result()
        assert answer.status in (200, 401)
        for token in (*login.values(), *(answer.json().values() if answer.status == 200 else ())):
            assert introspect(provider, token) == NOT_GOOD
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(0,)]


def test_no_token_is_in_the_logs(provider, make):
    every = [*log_in(provider).values(), make("refresh")]
    for token in every:
        introspect(provider, token)
        revoke(provider, token)
    log = provider.log("introspect") + provider.log("revoke")
    assert "client=gate" in log and "user=1" in log
    assert not [token for token in every if token.rpartition(".")[2] in log]


__all__ = ["oidc_site"]
