"""jwtctl client: an administrator adds, shows and ends clients of OpenID Connect."""
import hashlib
import json
import re
import subprocess

import pytest
from harness import ours
from harness.fixtures import skip_without
from harness.oidc import oidc_site
from harness.profiles import PROFILES

CALLBACK = "https://rp.example/callback"
URIS = ("--redirect-uris", CALLBACK)


@pytest.fixture
def site(oidc_site):
    skip_without("jwtctl")
    oidc_site.execute("DELETE FROM oidc_client; DELETE FROM jwt_session; DELETE FROM jwt_change")
    return oidc_site


@pytest.fixture
def jwtctl(site):
    environment = ours.environment(site.environment(), PROFILES["plain"].our_settings())

    def run(*arguments, status=0, **more):
        done = subprocess.run([ours.program("jwtctl"), "client", *arguments], env={**environment, **more}, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


def stored(site, client_id="wiki"):
    return site.execute("SELECT secret FROM oidc_client WHERE client_id = %s", client_id)[0][0]


def hash_of(secret):
    return "sha256$" + hashlib.sha256(secret.encode()).hexdigest()


def test_the_secret_is_shown_once_and_only_its_hash_is_stored(site, jwtctl):
    made = json.loads(jwtctl("add", "wiki", *URIS, "--json").stdout)
    assert made["client_id"] == "wiki" and re.fullmatch(r"[\w-]{43}", made["client_secret"])
    assert stored(site) == hash_of(made["client_secret"])
    for command in (("show", "wiki"), ("show", "wiki", "--json"), ("list",), ("list", "--json")):
        said = jwtctl(*command).stdout
        assert "wiki" in said and made["client_secret"] not in said and stored(site) not in said


def test_a_client_gets_a_new_secret(site, jwtctl):
    first = json.loads(jwtctl("add", "wiki", *URIS, "--json").stdout)["client_secret"]
    second = re.search(r"client_secret: *(\S+)", jwtctl("secret", "wiki").stdout).group(1)
    assert first != second and stored(site) == hash_of(second)


def test_the_stored_client(site, jwtctl):
    jwtctl("add", "wiki", "--redirect-uris", CALLBACK + " " + CALLBACK + "?a=b", "--post-logout-uris", "https://rp.example/",
           "--scopes", "openid offline_access", "--audience", "api", "--alg", "ES256", "--third-party", "--no-pkce",
           "--name", "The \u201cwiki\u201d", "--introspect")
    jwtctl("add", "app", "--public", "--native", "--redirect-uris", "http://127.0.0.1/callback com.example.app:/back")
    columns = ("client_id, name, auth_method, redirect_uris, post_logout_redirect_uris, scopes, native, require_pkce,"
               " first_party, audience, id_token_alg, introspect, active")
    assert site.execute(f"SELECT {columns} FROM oidc_client ORDER BY client_id") == [
        ("app", "app", "none", ["http://127.0.0.1/callback", "com.example.app:/back"], [], ["openid", "profile", "email"],
         True, True, True, None, "RS256", False, True),
        ("wiki", "The \u201cwiki\u201d", "client_secret_basic", [CALLBACK, CALLBACK + "?a=b"], ["https://rp.example/"],
         ["openid", "offline_access"], False, False, False, "api", "ES256", True, True)]
    shown = json.loads(jwtctl("show", "wiki", "--json").stdout)
    assert shown["redirect_uris"] == CALLBACK + " " + CALLBACK + "?a=b" and shown["first_party"] is False
    assert shown["introspect"] is True
    assert stored(site, "app") is None
    listed = json.loads(jwtctl("list", "--json").stdout)
    assert [(each["client_id"], each["introspect"]) for each in listed] == [("app", False), ("wiki", True)]


@pytest.mark.parametrize("uri", ["http://rp.example/", "https://rp.example/#top", "javascript:alert(1)", "data:text/html,x",
                                 "https://*.example/", "https://user@rp.example/", "//rp.example/", "https://rp.example/\u00e9"])
def test_redirect_uris_that_are_refused(site, jwtctl, uri):
    for options in (("--redirect-uris", f"{CALLBACK} {uri}"), (*URIS, "--post-logout-uris", f"{CALLBACK} {uri}")):
        done = jwtctl("add", "wiki", *options, status=1)
        assert "cannot be a redirect URI" in done.stderr and CALLBACK not in done.stderr and not done.stdout
    assert site.execute("SELECT count(*) FROM oidc_client") == [(0,)]


def test_what_cannot_be_done(site, jwtctl):
    assert "--redirect-uris is missing" in jwtctl("add", "wiki", status=2).stderr
    assert "needs PKCE" in jwtctl("add", "wiki", *URIS, "--public", "--no-pkce", status=2).stderr
    assert "needs a secret" in jwtctl("add", "wiki", *URIS, "--public", "--introspect", status=2).stderr
    jwtctl("add", "wiki", *URIS)
    before = stored(site)
    assert "already" in jwtctl("add", "wiki", *URIS, status=1).stderr
    assert stored(site) == before
    jwtctl("add", "app", "--public", *URIS)
    assert "there is no client app with a secret" in jwtctl("secret", "app", status=1).stderr
    for command in ("show", "secret", "disable", "enable", "remove"):
        assert "there is no client nowhere" in jwtctl(command, "nowhere", status=1).stderr
        assert jwtctl(command, "wiki", status=2, PGHOST="/nowhere").stdout == ""
    jwtctl("add", "a:b", *URIS, status=2)  # the table's own condition


@pytest.mark.parametrize("command", ["disable", "remove"])
def test_the_end_of_a_client_ends_its_sessions(site, jwtctl, command):
    jwtctl("add", "wiki", *URIS)
    site.execute("INSERT INTO jwt_session (user_id, sid, gen, held, created_at, rotated_at, expires_at, ends_at, client_id)"
                 " SELECT '1', gen_random_uuid(), 1, 0, now(), now(), now() + '1 hour', now() + '1 hour', client"
                 " FROM unnest(ARRAY['wiki', 'other', NULL]) client")
    jwtctl(command, "wiki")
    assert site.execute("SELECT client_id FROM jwt_session ORDER BY 1") == [("other",), (None,)]
    assert site.execute("SELECT count(*) FROM jwt_change WHERE ends AND sid IS NOT NULL") == [(1,)]
    if command == "disable":
        jwtctl("add", "app", *URIS, "--introspect")
        assert [(one["client_id"], one["introspect"], one["active"]) for one in json.loads(jwtctl("list", "--json").stdout)] == [
            ("app", True, True), ("wiki", False, False)]
        assert jwtctl("list").stdout.splitlines()[2].split()[-2:] == ["no", "no"]
        jwtctl("enable", "wiki")
        jwtctl("remove", "app")
        assert site.execute("SELECT active FROM oidc_client") == [(True,)]


__all__ = ["oidc_site"]
