"""The discovery document of OpenID Connect, from the program itself."""
import contextlib
import json
import shutil
import subprocess

import pytest
from harness import fastcgi, ours, process
from harness.fixtures import skip_without
from harness.profiles import PROFILES

ISSUER = "https://op.example.test"
AUTHENTICATION = ["client_secret_basic", "client_secret_post", "none"]


@pytest.fixture(scope="module", autouse=True)
def built():
    skip_without("discovery", "jwtctl")


def generate(folder, algorithm, state="active"):
    subprocess.run([ours.program("jwtctl"), "key", "generate", "--dir", folder, "--algorithm", algorithm,
                    "--state", state], check=True, capture_output=True, env=ours.plain_environment())


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    generate(folder, "RS256")
    return folder


def environment(keys, **settings):
    """No database: PostgreSQL's variables lead nowhere."""
    return ours.environment({"PGHOST": "/nowhere"}, {
        "JWT_KEY_DIR": str(keys), "JWT_SESSIONS": "on", "JWT_OIDC_ISSUER": ISSUER, **settings})


@contextlib.contextmanager
def discovery(keys, **settings):
    with fastcgi.Program("discovery", environment(keys, **settings)) as program:
        yield lambda path="/.well-known/openid-configuration", **more: program.answer(
            {**fastcgi.get(path)[0], **more})


def test_every_member(keys):
    with discovery(keys, JWT_OIDC_SCOPES="groups,orders.read") as ask:
        answer = ask()
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    assert answer.json() == {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/oauth/authorize",
        "token_endpoint": f"{ISSUER}/oauth/token",
        "userinfo_endpoint": f"{ISSUER}/oauth/userinfo",
        "jwks_uri": f"{ISSUER}/.well-known/jwks.json",
        "end_session_endpoint": f"{ISSUER}/oauth/logout",
        "revocation_endpoint": f"{ISSUER}/oauth/revoke",
        "introspection_endpoint": f"{ISSUER}/oauth/introspect",
        "scopes_supported": ["openid", "profile", "email", "offline_access", "groups", "orders.read"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "introspection_endpoint_auth_methods_supported": AUTHENTICATION[:2],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash",
                             "preferred_username", "name", "given_name", "family_name", "email", "email_verified"],
        "acr_values_supported": ["1"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def test_both_urls_have_the_same_bytes_also_below_a_path(keys):
    with discovery(keys, JWT_OIDC_ISSUER=f"{ISSUER}/shop") as ask:
        first = ask("/shop/.well-known/openid-configuration")
        second = ask("/.well-known/oauth-authorization-server/shop")
    assert first.body == second.body and first.json()["issuer"] == f"{ISSUER}/shop"
    assert first.json()["token_endpoint"] == f"{ISSUER}/shop/oauth/token"


def test_a_slash_at_the_end_of_the_issuer_stays_but_is_not_doubled(keys):
    with discovery(keys, JWT_OIDC_ISSUER=f"{ISSUER}/") as ask:
        document = ask().json()
    assert document["issuer"] == f"{ISSUER}/" and document["token_endpoint"] == f"{ISSUER}/oauth/token"


def test_host_and_query_of_the_request_change_nothing(keys):
    with discovery(keys) as ask:
        assert ask().body == ask("/x?a=b", QUERY_STRING="a=b", HTTP_HOST="evil.example").body


def test_caches(keys):
    with discovery(keys) as ask:
        answer = ask()
        again = ask(HTTP_IF_NONE_MATCH=answer.header("ETag"))
    assert answer.header("Cache-Control") == "public, max-age=300"
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert answer.header("Vary") is None and answer.header("Cross-Origin-Opener-Policy") is None
    assert (again.status, again.body, again.header("ETag")) == (304, b"", answer.header("ETag"))


def test_the_document_tells_the_algorithms_of_active_keys_alone(keys):
    """An algorithm that is next or retired signs nothing; a secret signs no ID token."""
    generate(keys, "ES256", "next")
    generate(keys, "EdDSA")
    generate(keys, "HS256")
    with discovery(keys) as ask:
        assert ask().json()["id_token_signing_alg_values_supported"] == ["RS256", "EdDSA"]
        for file in keys.glob("next/*"):
            shutil.move(file, keys / "active")
        process.wait_for(lambda: "ES256" in ask().json()["id_token_signing_alg_values_supported"],
                         "the new key to be seen")


@pytest.mark.parametrize("method, status", [("POST", 405), ("PUT", 405), ("OPTIONS", 204)])
def test_other_methods(keys, method, status):
    with discovery(keys) as ask:
        answer = ask(REQUEST_METHOD=method)
    assert answer.status == status and answer.header("Allow") == "GET, HEAD, OPTIONS"
    assert status != 405 or json.loads(answer.body) == {"error": "invalid_request"}


def refusal(settings):
    """What a program says that does not start."""
    run = subprocess.run([ours.program("discovery"), "--check-config"], env=settings, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True)
    assert run.returncode != 0
    return run.stderr


def test_it_does_not_start_without_an_issuer(keys):
    settings = environment(keys)
    del settings["JWT_OIDC_ISSUER"]
    assert "JWT_OIDC_ISSUER is not set" in refusal(settings)


def test_it_does_not_start_without_an_rsa_key(keys, tmp_path):
    """RS256 is what each client may count on, and a secret is no key for ID tokens."""
    for other in ("ES256", "HS256"):
        generate(tmp_path / other, other)
        assert "RS256" in refusal(environment(tmp_path / other))
    secret = environment(keys, JWT_SIGNING_KEY=PROFILES["default"].our_settings()["JWT_SIGNING_KEY"])
    del secret["JWT_KEY_DIR"]
    assert "RS256" in refusal(secret)
