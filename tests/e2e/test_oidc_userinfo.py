"""/oauth/userinfo, /oauth/introspect and /oauth/revoke."""
import re
import subprocess
import time

import pytest
from harness import client, cutter, fastcgi, oidc, ours
from harness.codes import OFFLINE, age_sessions, basic, new_code, post, redeem, refresh, statuses, tokens
from harness.fixtures import skip_without
from harness.oidc import SECRET
from harness.people import PASSWORD
from harness.tokens import claims_of

PROGRAMS = ("oauth_token", "userinfo", "introspect", "revoke", "hello", "token")
LATEST = 0.3


@pytest.fixture(scope="module")
def running(oidc_site):
    skip_without(*PROGRAMS, "jwtctl")
    with oidc.Provider(oidc_site, {"userinfo": 2, "hello": 2}, JWT_OIDC_SCOPES="groups") as provider:
        yield provider


@pytest.fixture
def provider(running):
    running.restore()
    running.site.execute("UPDATE auth_user SET first_name = 'Alice', last_name = 'Liddell',"
                         " email = 'alice@example.test' WHERE id = 1")
    running.site.execute("UPDATE oidc_client SET scopes = scopes || '{groups}'::text[] WHERE client_id = 'web'")
    yield running
    running.site.execute("UPDATE auth_user SET first_name = '', last_name = '', email = '' WHERE id = 1")


def bearer(token, scheme="Bearer"):
    return [f"Authorization: {scheme} {token}"]


def userinfo(provider, token):
    return provider.get("/oauth/userinfo", headers=bearer(token))


def access(provider, scope=OFFLINE, **columns):
    return tokens(provider, scope=scope, **columns)["access_token"]


def refused(answer, status, error):
    """RFC 6750 section 3: the challenge says why, and the body the same."""
    challenge = answer.header("WWW-Authenticate")
    assert answer.status == status and challenge.startswith('Bearer realm="api"'), answer
    assert f'error="{error}"' in challenge and answer.json()["error"] == error
    assert answer.header("Cache-Control") == "no-store"
    return True


# Claims.


@pytest.mark.parametrize("scope, claims", [
    ("openid", {}),
    ("openid profile", {"preferred_username": "alice", "name": "Alice Liddell", "given_name": "Alice",
                        "family_name": "Liddell"}),
    ("email openid", {"email": "alice@example.test", "email_verified": False}),
    ("openid groups", {}),
])
def test_claims_by_scope(provider, scope, claims):
    answer = userinfo(provider, access(provider, scope))
    assert answer.status == 200 and answer.json() == {"sub": "1", **claims}
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store" and answer.header("Pragma") == "no-cache"


def test_what_is_not_known_is_absent(provider):
    """Neither null nor empty; each part of a name by itself."""
    provider.site.execute("UPDATE auth_user SET first_name = '', last_name = 'Liddell', email = '' WHERE id = 1")
    assert userinfo(provider, access(provider)).json() == {
        "sub": "1", "preferred_username": "alice", "name": "Liddell", "family_name": "Liddell"}
    provider.site.execute("UPDATE auth_user SET last_name = '' WHERE id = 1")
    assert userinfo(provider, access(provider)).json() == {"sub": "1", "preferred_username": "alice"}


def test_names_of_any_script(provider):
    provider.site.execute("UPDATE auth_user SET first_name = %s WHERE id = 1", "Jos\u00e9 \"<\U0001f600>\" \\ \u2028")
    assert userinfo(provider, access(provider)).json()["given_name"] == "Jos\u00e9 \"<\U0001f600>\" \\ \u2028"


QUERY = """SELECT 'Al' AS nickname, true AS email_verified, email, 1700000000 AS updated_at,
 ARRAY['staff', 'wiki'] AS groups, json_build_object('locality', 'Oxford') AS address, NULL AS birthdate,
 '' AS website, '-' AS preferred_username FROM auth_user WHERE id::text = $1"""


def test_claims_of_the_operator(oidc_site, provider):
    """Columns are claims: those named as a scope by that scope, the others by profile."""
    with oidc.Provider(oidc_site, JWT_OIDC_SCOPES="groups", JWT_OIDC_CLAIMS_QUERY=" ".join(QUERY.split())) as other:
        profile = userinfo(other, access(other, "openid profile")).json()
        assert profile == {"sub": "1", "preferred_username": "-", "nickname": "Al", "updated_at": 1700000000,
                           "address": {"locality": "Oxford"}}
        assert userinfo(other, access(other, "openid email")).json() == {
            "sub": "1", "email": "alice@example.test", "email_verified": True}
        assert userinfo(other, access(other, "openid groups")).json() == {"sub": "1", "groups": ["staff", "wiki"]}


@pytest.mark.parametrize("query, words", [
    ("SELECT 1 / 0 AS nickname WHERE $1 <> ''", "division by zero"),
    ("SELECT 'x' AS nickname FROM generate_series(1, 2) WHERE $1 <> ''", "more than one row"),
    ("""SELECT '{"a": 1, "a": 2}'::json AS address WHERE $1 <> ''""", "comes twice"),
])
def test_a_fault_of_the_operators_query_is_an_outage(oidc_site, provider, query, words):
    """For the scopes that need it, with a line in the log."""
    with oidc.Provider(oidc_site, JWT_OIDC_CLAIMS_QUERY=query) as other:
        answer = userinfo(other, access(other, "openid profile"))
        assert (answer.status, answer.json()) == (503, {"error": "temporarily_unavailable"})
        (line,) = [line for line in other.log("userinfo").splitlines() if "JWT_OIDC_CLAIMS_QUERY" in line]
        assert words in line
        assert userinfo(other, access(other, "openid")).json() == {"sub": "1"}


@pytest.mark.parametrize("number, statement", [(0, "the owner"), (1, "the claims")])
def test_an_outage_between_two_statements_tells_nothing(oidc_site, provider, number, statement):
    """Not even those claims that are known already."""
    way = cutter.Cutter(oidc_site.cluster)
    try:
        with oidc.Provider(oidc_site, PGHOST=str(way.folder), JWT_FEED_KNOWN="0",
                           JWT_OIDC_CLAIMS_QUERY="SELECT email FROM auth_user WHERE id = $1") as other:
            token = access(other, "openid email")
            assert userinfo(other, token).json()["email"] == "alice@example.test"
            way.cut("SELECT 1", number, away=True)
            answer = userinfo(other, token)
            assert (answer.status, answer.json(), way.cuts) == (503, {"error": "temporarily_unavailable"}, 1), statement
            way.back()
            assert userinfo(other, token).json()["email"] == "alice@example.test"
    finally:
        way.end()


@pytest.mark.parametrize("query, words", [
    ("SELECT $1 AS sub", 'column "?sub'), ("SELECT 1 AS a, $1", "column 2 has no name"),
    ("SELECT $1 AS a, 1 AS a", 'two columns are named "?a'), ("SELECT $1 AS a /* open", "comment"),
    ("SELECT $1 AS a) found, (SELECT 2 AS b", "syntax error"), ("SELECT $1 AS a;", "syntax error"),
])
def test_what_cannot_work_is_refused_at_the_start(provider, query, words):
    every = {**provider.environment, "JWT_OIDC_CLAIMS_QUERY": query}
    done = subprocess.run([ours.program("userinfo"), "--check-config"], env=every, capture_output=True, text=True)
    assert done.returncode == 2 and re.search(f"JWT_OIDC_CLAIMS_QUERY: .*({words})", done.stderr), done.stderr


# Where the token is.


def test_the_scheme_in_any_case(provider):
    token = access(provider)
    for scheme in ("bearer", "BEARER", "bEaReR"):
        assert provider.get("/oauth/userinfo", headers=bearer(token, scheme)).status == 200


def test_a_token_in_the_body(provider):
    token = access(provider)
    answer = provider.post("/oauth/userinfo", {"access_token": token, "other": "ignored"})
    assert answer.status == 200 and answer.json()["sub"] == "1"
    assert provider.ask("POST /oauth/userinfo", bearer(token)).status == 200
    assert provider.ask("POST /oauth/userinfo", [*bearer(token), "Content-Type: application/json"], "{}").status == 200


def test_never_in_the_query(provider):
    token = access(provider)
    for answer in (provider.get("/oauth/userinfo", {"access_token": token}),
                   provider.ask(f"POST /oauth/userinfo?access_token={token}")):
        assert (answer.status, answer.body) == (401, b"")
        assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'


def test_two_tokens_at_once(provider):
    token = access(provider)
    assert refused(provider.post("/oauth/userinfo", {"access_token": token}, bearer(token)), 400, "invalid_request")
    twice = [("access_token", token), ("access_token", token)]
    assert refused(provider.post("/oauth/userinfo", twice), 400, "invalid_request")


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b", "Bearer "])
def test_a_header_of_another_form(provider, header):
    assert refused(provider.get("/oauth/userinfo", headers=[f"Authorization: {header}"]), 400, "invalid_request")


@pytest.mark.parametrize("headers", [[], ["Authorization: Basic d2ViOng="], ["Authorization: Token x"]])
def test_without_a_token(provider, headers):
    answer = provider.get("/oauth/userinfo", headers=headers)
    assert (answer.status, answer.body) == (401, b"")
    assert answer.header("WWW-Authenticate") == 'Bearer realm="api"'


@pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 5000, "<script>", "%00", "\u00e9"])
def test_garbage(provider, token):
    assert refused(userinfo(provider, token), 401, "invalid_token")


def test_other_methods(provider):
    answer = provider.ask("PUT /oauth/userinfo", bearer(access(provider)))
    assert (answer.status, answer.json(), answer.header("Allow")) == (
        405, {"error": "invalid_request"}, "GET, POST, OPTIONS")


def test_a_token_of_the_password_endpoint(provider):
    login = client.post_json(provider.port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()
    answer = userinfo(provider, login["access"])
    assert refused(answer, 403, "insufficient_scope") and 'scope="openid"' in answer.header("WWW-Authenticate")
    assert refused(userinfo(provider, login["refresh"]), 401, "invalid_token")
    assert refused(userinfo(provider, access(provider, "profile email")), 403, "insufficient_scope")


@pytest.mark.parametrize("change", [
    "UPDATE auth_user SET is_active = false WHERE id = 1",
    "UPDATE auth_user SET password = 'pbkdf2_sha256$1$a$b' WHERE id = 1",
    "INSERT INTO jwt_change (user_id) VALUES ('1')",
])
def test_what_ends_a_session_is_seen_at_once(provider, change):
    """By each process of userinfo and of hello, which know the token already."""
    token = access(provider)
    assert statuses(provider, token) == statuses(provider, token, "hello") == {200}
    provider.site.execute(change)
    is_over(provider, token, time.monotonic())


def is_over(provider, token, since):
    for name in ("userinfo", "hello"):
        for program in provider.programs[name]:
            while True:
                sent = time.monotonic()
                answer = program.answer(*fastcgi.get("/", token))
                if answer.status == 401:
                    break
                assert sent - since < LATEST, f"{name} is {sent - since:.3f} s late"
                time.sleep(0.02)


# Revocation.


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "wrong"])
def test_revocation_ends_both_tokens(provider, kind, hint):
    first = tokens(provider)
    assert statuses(provider, first["access_token"]) == statuses(provider, first["access_token"], "hello") == {200}
    answer = post(provider, "/oauth/revoke", {"token": first[kind], **({"token_type_hint": hint} if hint else {})})
    assert (answer.status, answer.body) == (200, b"") and answer.header("Cache-Control") == "no-store"
    is_over(provider, first["access_token"], time.monotonic())
    assert refresh(provider, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert post(provider, "/oauth/revoke", {"token": first[kind]}).status == 200, "again"


def test_revocation_by_an_old_refresh_token(provider):
    """A client that lost the answer to its refresh revokes what it has."""
    first = tokens(provider)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh_token"]).json()
    age_sessions(provider, 60)
    assert post(provider, "/oauth/revoke", {"token": first["refresh_token"]}).status == 200
    is_over(provider, second["access_token"], time.monotonic())


def test_what_is_not_the_clients_is_left_alone(provider):
    first, login = tokens(provider), client.post_json(
        provider.port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()
    for client_id in ("post", "spa"):
        for kind in ("access_token", "refresh_token", "id_token"):
            assert post(provider, "/oauth/revoke", {"token": first[kind]}, client_id).status == 200
    for token in ("x", "a.b.c", "x" * 40000, first["id_token"], login["refresh"], login["access"], "\u00e9"):
        answer = post(provider, "/oauth/revoke", {"token": token})
        assert (answer.status, answer.body) == (200, b""), token
    assert statuses(provider, first["access_token"]) == {200}
    assert statuses(provider, login["access"], "hello") == {200}
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(2,)]


def test_a_public_client_revokes_its_own(provider):
    first = tokens(provider, "spa")
    assert post(provider, "/oauth/revoke", {"token": first["refresh_token"]}, "spa").status == 200
    assert provider.site.execute("SELECT count(*) FROM jwt_session") == [(0,)]


@pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
def test_clients_are_authenticated(provider, path):
    token = tokens(provider)["access_token"]
    for headers, fields in (([], {}), ([basic("web", "wrong")], {}), ([], {"client_id": "web"}),
                            ([], {"client_id": "off", "client_secret": SECRET})):
        answer = provider.post(path, {"token": token, **fields}, headers)
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client")
        assert answer.header("WWW-Authenticate").startswith("Basic")
    assert statuses(provider, token) == {200}
    assert provider.post(path, {}, [basic()]).json()["error"] == "invalid_request"
    assert provider.post(path, [("token", token), ("token", token)], [basic()]).json()["error"] == "invalid_request"
    assert provider.post(path, {"token": token, "client_id": "post", "client_secret": SECRET}).status == 200
    answer = provider.ask(f"GET {path}", [basic()])
    assert (answer.status, answer.header("Allow")) == (405, "POST, OPTIONS")


# Introspection.


def introspect(provider, token, client_id="web"):
    answer = post(provider, "/oauth/introspect", {"token": token}, client_id)
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    assert answer.header("Content-Type") == "application/json"
    return answer.json()


def test_good_tokens(provider):
    first = tokens(provider)
    for kind in ("access_token", "refresh_token"):
        claims = claims_of(first[kind])
        assert introspect(provider, first[kind]) == {
            "active": True, "scope": OFFLINE, "client_id": "web", "username": "alice", "token_type": "Bearer",
            **{name: claims[name] for name in ("exp", "iat", "sub", "aud", "iss", "jti")}}


@pytest.mark.parametrize("client_id, scope, told", [
    ("third", "openid", False), ("third", "openid offline_access email", False), ("third", "openid profile", True),
    ("web", "openid", True),
])
def test_the_name_is_told_by_consent(provider, client_id, scope, told):
    """A third party's user was asked about a scope that is not here, and userinfo does not tell the name either."""
    first = tokens(provider, client_id, scope)
    for kind in {"access_token", "refresh_token"} & set(first):
        answer = introspect(provider, first[kind], client_id)
        assert answer["active"] is True and ("username" in answer) is told
    assert "preferred_username" not in userinfo(provider, first["access_token"]).json() or "profile" in scope


def test_a_token_that_is_for_the_client(provider):
    """The service whose name is the audience asks about tokens of others."""
    provider.site.execute("UPDATE oidc_client SET audience = 'post' WHERE client_id = 'web'")
    first = tokens(provider)
    assert introspect(provider, first["access_token"], "post")["active"] is True
    assert introspect(provider, first["refresh_token"], "post") == {"active": False}
    assert introspect(provider, first["access_token"], "certified") == {"active": False}


def test_everything_else_is_inactive_and_nothing_more(provider):
    first, login = tokens(provider), client.post_json(
        provider.port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()
    for token in ("x", "a.b.c", "x" * 40000, first["id_token"], login["refresh"], login["access"], "\u00e9",
                  first["access_token"] + "x", first["access_token"][:-1]):
        assert introspect(provider, token) == {"active": False}
    for kind in ("access_token", "refresh_token", "id_token"):
        assert introspect(provider, first[kind], "post") == {"active": False}


def test_a_refresh_token_that_was_used(provider):
    """Good within the grace; asking about it later ends nothing."""
    first = tokens(provider)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh_token"]).json()
    assert introspect(provider, first["refresh_token"])["active"] is True
    age_sessions(provider, 60)
    assert introspect(provider, first["refresh_token"]) == {"active": False}
    assert introspect(provider, second["refresh_token"])["active"] is True
    assert introspect(provider, second["access_token"])["active"] is True
    assert refresh(provider, second["refresh_token"]).status == 200


@pytest.mark.parametrize("change", [
    "UPDATE auth_user SET is_active = false WHERE id = 1",
    "UPDATE auth_user SET password = 'pbkdf2_sha256$1$a$b' WHERE id = 1",
    "DELETE FROM jwt_session", "UPDATE jwt_session SET expires_at = now()",
])
def test_tokens_whose_session_is_over(provider, change):
    first = tokens(provider)
    provider.site.execute(change)
    for kind in ("access_token", "refresh_token"):
        assert introspect(provider, first[kind]) == {"active": False}


def test_public_clients_may_not_ask(provider):
    first = tokens(provider, "spa")
    answer = post(provider, "/oauth/introspect", {"token": first["access_token"]}, "spa")
    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")


def test_no_secret_is_in_the_logs(provider):
    code = new_code(provider)
    answer = redeem(provider, code).json()
    redeem(provider, code)
    post(provider, "/oauth/introspect", {"token": answer["access_token"]})
    post(provider, "/oauth/revoke", {"token": answer["refresh_token"]})
    userinfo(provider, answer["access_token"])
    log = "".join(provider.log(name) for name in ("oauth_token", "userinfo", "introspect", "revoke"))
    assert "client=web" in log and "user=1" in log and "outcome=code-replayed" in log
    signatures = [token.rpartition(".")[2] for name, token in answer.items() if name.endswith("token")]
    assert not [secret for secret in (code, SECRET, oidc.VERIFIER, *signatures) if secret in log]
