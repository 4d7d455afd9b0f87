"""The authorization endpoint with real programs behind Nginx: what it tells the client, the user, and neither."""
import contextlib
import html
import re
import select
import socket
import subprocess
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from harness import client, ours, process
from harness.oidc import (AFTER_LOGOUT, CALLBACK, CHALLENGE, LOOPBACK, WITH_QUERY, add_client, fields_of, oidc_site,
                          provider, running_provider)

PARAMETERS = ("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
              "code_challenge", "code_challenge_method", "prompt", "max_age", "id_token_hint", "login_hint",
              "ui_locales", "display", "claims_locales", "acr_values", "request", "request_uri", "registration")
LIMITS = {"state": 4096, "nonce": 1024, "id_token_hint": 4096}
UNTRUSTED = ("client_id", "redirect_uri")  # a fault of these is told to the user
MARKUP = "\"'><script>alert(1)</script><b x=\"&amp;"
HOSTILE = {"markup": MARKUP, "lines": "a\r\nSet-Cookie: evil=1\r\n\r\nbody", "percent": "%0d%0a%00%",
           "unicode": "\u202e\ufeff\U0001f600e\u0301", "controls": "\x01\x1b[31m\x7f"}


def is_plain(answer):
    """What every answer of the endpoint has: it is not stored, not framed, and no other site reads it."""
    assert "no-store" in answer.header("Cache-Control"), answer.headers
    assert answer.header("X-Frame-Options") == "DENY" and answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Referrer-Policy") == "no-referrer"
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")], answer.headers
    return True


def is_page(answer, status=200):
    assert is_plain(answer) and answer.status == status, answer
    assert answer.header("Location") is None and answer.header("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.header("Content-Security-Policy")
    assert "<script" not in answer.body.decode()
    return True


def forms(answer):
    """The actions of the page's forms."""
    return [html.unescape(found) for found in re.findall(r'<form[^>]* action="([^"]*)"', answer.body.decode())]


def inputs(answer, kind):
    """The page's fields that have this attribute, as a browser sends them: name and value."""
    tags = [tag for tag in re.findall(r"<input[^>]*>", answer.body.decode()) if f" {kind}" in tag]
    found = [[re.search(rf' {name}="([^"]*)"', tag) for name in ("name", "value")] for tag in tags]
    pairs = [[html.unescape(match[1]) if match else "" for match in one] for one in found]
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def hidden(answer):
    return inputs(answer, 'type="hidden"')


def named(value):
    """An id that every process of the test run makes alike."""
    return getattr(value, "__name__", str(value))[:60]


def is_login_page(answer):
    return is_page(answer) and forms(answer)[0].rpartition("/")[2] == "login"


def is_consent_page(answer):
    return is_page(answer) and forms(answer)[0].rpartition("/")[2] == "consent"


def told(answer, uri=CALLBACK):
    """The parameters that a redirect to the client adds to its URI."""
    assert is_plain(answer) and answer.status == 303 and answer.body == b"", answer
    location = answer.header("Location")
    assert re.fullmatch(r"[!-~]+", location), location
    joint = "&" if "?" in uri else "?"
    assert location.startswith(uri + joint), location
    return fields_of("?" + location[len(uri) + 1 :])


def posted(answer, uri=CALLBACK):
    """The same of a page that posts them."""
    assert is_plain(answer) and answer.status == 200, answer
    assert forms(answer) == [uri] and 'method="post"' in answer.body.decode().lower()
    assert re.search(r"<(button|input[^>]*type=\"submit\")", answer.body.decode()), "no way to go on without script"
    return hidden(answer)


def error_of(fields, provider, state="the-state"):
    """Checks all that stands beside an error; the error."""
    expected = {"error", "error_description", "iss"} | ({"state"} if state is not None else set())
    assert set(fields) == expected and fields["iss"] == provider.issuer and fields.get("state") == state, fields
    assert re.fullmatch(r"[ !#-\[\]-~]+", fields["error_description"]), fields
    return fields["error"]


def code_of(fields, provider, state="the-state"):
    assert set(fields) == {"code", "iss"} | ({"state"} if state is not None else set()), fields
    assert fields["iss"] == provider.issuer and fields.get("state") == state
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", fields["code"])
    return fields["code"]


def number_of_codes(provider):
    return provider.site.execute("SELECT count(*) FROM oidc_code")[0][0]


# What the client is told, before any login page. Each row: what differs from a good request, and the error.

TOLD = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": ""}, "invalid_request"),
    *(({"response_type": value}, "unsupported_response_type")
      for value in ("token", "id_token", "code id_token", "code token", "none", "Code", "code ", MARKUP)),
    *(({"response_mode": value}, "invalid_request") for value in ("fragment", "web_message", "Query", MARKUP)),
    *(({"scope": value}, "invalid_scope") for value in (None, "", "unknown", "OPENID", "openid,profile", MARKUP)),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
    ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
    ({"code_challenge": CHALLENGE[:-1] + "="}, "invalid_request"),
    ({"code_challenge": CHALLENGE[:-1] + "\u00e9"}, "invalid_request"),
    *(({"code_challenge_method": value}, "invalid_request") for value in (None, "", "plain", "s256", "S512")),
    *(({"prompt": value}, "invalid_request") for value in ("none login", "login none", "create", "None", "login,none")),
    *(({"max_age": value}, "invalid_request") for value in ("-1", "+1", "1.0", "1e1", " 1", "0x1", "ten", MARKUP)),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request": "x" * 5000}, "request_not_supported"),
    ({"request_uri": "https://rp.example/request.jwt"}, "request_uri_not_supported"),
    ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "none", "max_age": "0"}, "login_required"),
    ({"prompt": "none", "id_token_hint": "garbage"}, "login_required"),
]


@pytest.mark.parametrize("changes, error", TOLD, ids=lambda value: str(value)[:60])
def test_the_client_is_told(provider, changes, error):
    query = error_of(told(provider.authorize(**changes)), provider)
    assert query == error
    assert error_of(told(provider.post("/oauth/authorize", provider.request(**changes)))
                    if error != "login_required" else told(followed(provider, changes)), provider) == error
    assert error_of(told(provider.authorize(redirect_uri=WITH_QUERY, **changes), WITH_QUERY), provider) == error
    assert error_of(told(provider.authorize(state=None, **changes)), provider, None) == error
    if "response_mode" not in changes:
        assert error_of(posted(provider.authorize(response_mode="form_post", **changes)), provider) == error
    # A login changes nothing, but for what is wrong with the user.
    if error != "login_required":
        assert error_of(told(provider.authorize(cookies=provider.browser(), **changes)), provider) == error
    assert number_of_codes(provider) == 0


def followed(provider, changes, cookies=None):
    """The answer to a POST, one redirect to the endpoint itself followed."""
    answer = provider.post("/oauth/authorize", provider.request(**changes), cookies=cookies)
    assert answer.status == 303 and answer.header("Location").startswith(f"{provider.issuer}/oauth/authorize?")
    return provider.get(answer.header("Location")[len(provider.issuer) :], cookies=cookies)


# What the client must not be told.

@pytest.mark.parametrize("client_id", ["", "unknown", "off", "WEB", "web ", " web", "web%00", "web'--", "*", "w" * 3000,
                                       *HOSTILE.values()], ids=lambda value: repr(value)[:30])
def test_unknown_clients_are_a_page(provider, client_id):
    for changes in ({}, {"prompt": "none"}, {"response_type": "token"}):
        assert is_page(provider.authorize(client_id, **changes), 400)
    assert is_page(provider.post("/oauth/authorize", provider.request(client_id)), 400)
    body = provider.authorize(client_id).body.decode()
    assert "rp.example" not in body and "<script>" not in body


def test_without_a_client_it_is_a_page(provider):
    fields = provider.request()
    del fields["client_id"]
    assert is_page(provider.get("/oauth/authorize", fields), 400)
    assert is_page(provider.get("/oauth/authorize"), 400)
    assert is_page(provider.post("/oauth/authorize", b""), 400)


@pytest.mark.parametrize("uri", [
    None, "", CALLBACK + "/", CALLBACK + "?", CALLBACK + "#", CALLBACK + "?x=1", CALLBACK[:-1], CALLBACK.upper(),
    CALLBACK.replace("rp", "RP"), CALLBACK.replace("https", "http"), CALLBACK.replace("https", "HTTPS"),
    CALLBACK.replace("/callback", "/c%61llback"), CALLBACK.replace("/callback", "/x/../callback"),
    CALLBACK.replace("rp.example", "rp.example:443"), CALLBACK.replace("rp.example", "rp.example@evil.example"),
    CALLBACK.replace("rp.example", "rp.example.evil.example"), CALLBACK.replace("rp.example", "x@rp.example"),
    CALLBACK.replace("/callback", "\\callback"), " " + CALLBACK, CALLBACK + " ", CALLBACK + "\r\nX: y",
    WITH_QUERY + "&x=1", WITH_QUERY.replace("lorem", "LOREM"), AFTER_LOGOUT, "https://evil.example/", "//evil.example",
    "javascript:alert(1)", "data:text/html,x", LOOPBACK, "urn:ietf:wg:oauth:2.0:oob", MARKUP, "https://" + "x" * 3000,
], ids=lambda value: repr(value)[:50])
def test_other_redirect_uris_are_a_page(provider, uri):
    for cookies in (None, provider.browser()):
        for changes in ({}, {"prompt": "none"}, {"response_type": None}, {"response_mode": "form_post"}):
            answer = provider.authorize(redirect_uri=uri, cookies=cookies, **changes)
            assert is_page(answer, 400) and "evil" not in answer.body.decode()
    assert is_page(provider.post("/oauth/authorize", provider.request(redirect_uri=uri)), 400)
    assert number_of_codes(provider) == 0


@pytest.mark.parametrize("uri, good", [
    (LOOPBACK, True), (LOOPBACK.replace("127.0.0.1", "127.0.0.1:49152"), True),
    (LOOPBACK.replace("127.0.0.1", "127.0.0.1:1"), True), ("com.example.app:/callback", True),
    (LOOPBACK.replace("127.0.0.1", "localhost:49152"), False), (LOOPBACK.replace("127.0.0.1", "[::1]:49152"), False),
    (LOOPBACK.replace("127.0.0.1", "127.0.0.2:49152"), False), (LOOPBACK.replace("http", "https"), False),
    (LOOPBACK.replace("127.0.0.1", "127.0.0.1:49152@evil.example"), False),
    (LOOPBACK.replace("127.0.0.1", "127.0.0.1:x"), False), (LOOPBACK.replace("127.0.0.1", "127.0.0.1:"), False),
    (LOOPBACK + "/x", False), (LOOPBACK + "?x=1", False), ("com.example.app:/other", False),
])
def test_ports_of_native_applications_are_free(provider, uri, good):
    answer = provider.authorize("native", redirect_uri=uri, prompt="none")
    if good:
        assert error_of(told(answer, uri), provider) == "login_required"
    else:
        assert is_page(answer, 400)


def test_ports_of_others_are_not_free(provider):
    add_client(provider.site, "loopback", redirect_uris=[LOOPBACK])
    for port, is_the_one in (("", True), (":49152", False)):
        uri = LOOPBACK.replace("127.0.0.1", f"127.0.0.1{port}")
        answer = provider.authorize("loopback", redirect_uri=uri)
        assert is_login_page(answer) if is_the_one else is_page(answer, 400)


# Every parameter with what does not belong there.

@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("name", PARAMETERS)
def test_hostile_values(provider, name, value):
    answer = provider.authorize(**{name: value})
    if name in UNTRUSTED:
        assert is_page(answer, 400)
    elif answer.status == 303:
        error_of(told(answer), provider, value if name == "state" else "the-state")
    else:
        assert is_login_page(answer) and hidden(answer)[name] == value
    assert not answer.header("X") and "evil" not in (answer.header("Set-Cookie") or "")
    text = answer.body.decode()
    assert "<script" not in text and MARKUP not in text
    answer = provider.authorize(**{"prompt": "none", name: value})
    assert is_page(answer, 400) if name in UNTRUSTED else name == "prompt" or told(answer)["error"]


@pytest.mark.parametrize("name", PARAMETERS)
def test_repeated_parameters(provider, name):
    for values in (("x", "x"), ("x", ""), ("", "x"), ("", "")):
        pairs = [(one, value) for one, value in provider.request().items() if one != name]
        pairs += [(name, provider.request().get(name, value) if value else "") for value in values]
        for answer in (provider.get("/oauth/authorize", pairs),
                       provider.post("/oauth/authorize", pairs)):
            if name in UNTRUSTED:
                assert is_page(answer, 400)
            else:
                assert error_of(told(answer), provider, None if name == "state" else "the-state") == "invalid_request"


def test_nothing_is_fetched(provider):
    """Neither a request object nor anything else that a client names by a URL."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        for name in ("request_uri", "request", "registration", "id_token_hint", "login_hint", "acr_values"):
            provider.authorize(**{name: url})
        assert select.select([server], [], [], 0) == ([], [], [])


def test_a_browser_without_a_session_leaves_no_row(provider):
    tables = ("jwt_session", "jwt_change", "oidc_code", "oidc_consent")
    for changes in ({}, {"prompt": "none"}, {"prompt": "login"}, {"response_type": "token"}):
        provider.authorize(**changes)
        provider.authorize("third", **changes)
    assert [provider.site.execute(f"SELECT count(*) FROM {table}")[0][0] for table in tables] == [0] * 4


def test_unknown_parameters_are_ignored(provider):
    extra = {"extra": "foobar", "username": "alice", "password": "secret", "code": "x", "error": "x", "iss": "x"}
    assert is_login_page(provider.authorize(**extra))
    answer = provider.get("/oauth/authorize", [*provider.request().items(), ("extra", "1"), ("extra", "2")])
    assert is_login_page(answer) and "extra" not in hidden(answer)
    fields = told(provider.authorize(cookies=provider.browser(), **extra))
    code_of(fields, provider)


@pytest.mark.parametrize("name", PARAMETERS)
def test_too_long(provider, name):
    limit = LIMITS.get(name, 2048)
    within, over = (provider.authorize(**{name: value})
                    for value in ("x" * limit, "x" * (limit + 1)))
    if name in UNTRUSTED:
        assert is_page(over, 400)
        return
    error = error_of(told(over), provider, None if name == "state" else "the-state")
    assert error == ("invalid_request" if not name.startswith("re") or name.startswith("response")
                     else f"{name}_not_supported")
    if name in ("state", "nonce", "login_hint", "ui_locales", "display", "claims_locales", "acr_values"):
        assert is_login_page(within) and hidden(within)[name] == "x" * limit


@pytest.mark.parametrize("raw", [
    "state=%ff", "state=%c0%80", "state=%ed%a0%80", "state=%f4%90%80%80", "state=%00", "state=a%00b", "state=%", "state=%4",
    "state=%zz", "state=%u0041", "%ff=1", "extra=%ff", "extra=%00", "client_id=%00", "\udcff=1", "state=\udced\udca0\udc80",
    "&".join("x" for _ in range(1001)),
], ids=lambda value: repr(value)[:30])
def test_malformed_text_is_a_page(provider, raw):
    query = urllib.parse.urlencode({name: value for name, value in provider.request().items() if name != "state"})
    for text in (f"{query}&{raw}", f"{raw}&{query}"):
        for answer in (provider.get(f"/oauth/authorize?{text}"),
                       provider.post("/oauth/authorize", client.raw(text))):
            assert is_page(answer, 400)


def test_bodies_of_other_types_are_a_page(provider):
    body = urllib.parse.urlencode(provider.request()).encode()
    for media in ("application/json", "text/plain", "multipart/form-data; boundary=x", "x"):
        answer = provider.ask("POST /oauth/authorize", [f"Content-Type: {media}"], body)
        assert is_page(answer, 400)
    for media in ("application/x-www-form-urlencoded;charset=UTF-8", "Application/X-WWW-Form-Urlencoded"):
        assert provider.ask("POST /oauth/authorize", [f"Content-Type: {media}"], body).status == 303


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(provider, method):
    answer = provider.ask(f"{method} /oauth/authorize?" + urllib.parse.urlencode(provider.request()),
                          ["Origin: https://evil.example"], cookies=provider.browser())
    assert answer.status == 405 and answer.header("Allow") == "GET, POST" and answer.header("Location") is None
    assert answer.header("Access-Control-Allow-Origin") is None and number_of_codes(provider) == 0


# POST is GET.

def test_a_post_comes_back_as_get(provider):
    every = provider.request(nonce="n", login_hint="al ice+x@\u00e9", ui_locales="de en", display="page", max_age="60",
                             acr_values="1", claims_locales="de", response_mode="query", prompt="login")
    answer = provider.post("/oauth/authorize", {**every, "password": "secret", "extra": "x"})
    assert is_plain(answer) and answer.status == 303
    location = answer.header("Location")
    assert location.partition("?")[0] == f"{provider.issuer}/oauth/authorize"
    assert fields_of(location) == every
    page = provider.get(location[len(provider.issuer) :])
    assert is_login_page(page) and {name: hidden(page)[name] for name in every} == every


def test_a_post_with_a_session(provider):
    """The cookie comes with neither or both: what counts is the GET."""
    cookies = provider.browser()
    code_of(told(followed(provider, {}, cookies)), provider)
    code_of(told(followed(provider, {"prompt": "none"}, cookies)), provider)


def test_parameters_of_a_posts_query_do_not_count(provider):
    query = urllib.parse.urlencode(provider.request())
    assert is_page(provider.post(f"/oauth/authorize?{query}", b""), 400)
    assert provider.post("/oauth/authorize?client_id=unknown&state=x", provider.request()).status == 303


def test_a_post_too_long_for_a_header(provider):
    """Web servers refuse such an answer as an error of the program."""
    answer = provider.post("/oauth/authorize", provider.request(
        state="\u00e9" * 2048, login_hint="\u00e9" * 1024, acr_values="\u00e9" * 1024))
    assert is_page(answer, 413)


# A user who is logged in.

def test_a_code_is_issued(provider):
    cookies = provider.browser(age=1000)
    fields = told(provider.authorize("web", cookies, nonce="the-nonce", scope="profile openid unknown profile"))
    code_of(fields, provider)
    [[client_id, user_id, scopes, uri, challenge, nonce, age, redeemed, left]] = provider.site.execute(
        "SELECT client_id, user_id, scopes, redirect_uri, code_challenge, nonce,"
        " extract(epoch FROM now() - auth_time)::int, sid, extract(epoch FROM expires_at - now()) FROM oidc_code")
    assert [client_id, user_id, scopes] == ["web", "1", ["openid", "profile"]]
    assert [uri, challenge, nonce, redeemed] == [CALLBACK, CHALLENGE, "the-nonce", None]
    assert 1000 <= age <= 1030 and 30 < left <= 60


def test_codes_differ(provider):
    cookies = provider.browser()
    assert len({provider.code(cookies=cookies) for _ in range(5)}) == 5


def test_a_code_reads_no_whole_table(provider):
    """By the plan of a connection that has known a small table; it adds to the statistics when it ends."""
    cookies, site = provider.browser(), provider.site

    def rows_read():
        connections = "FROM pg_stat_activity WHERE datname = current_database() AND usename = 'jwt_fcgi'"
        site.execute(f"SELECT pg_terminate_backend(pid) {connections}")
        process.wait_for(lambda: site.execute(f"SELECT count(*) {connections}") == [(0,)], "the connections to end")
        return site.execute("SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'oidc_code'")[0][0]

    before = rows_read()
    for _ in range(100):  # one in 16 sweeps
        provider.code(cookies=cookies)
    site.execute("INSERT INTO oidc_code (code, client_id, user_id, scopes, redirect_uri, auth_time, browser, expires_at)"
                 " SELECT n::text::bytea, 'web', '1', '{openid}', '', now(), gen_random_uuid(), now()"
                 " FROM generate_series(1, 10000) n")
    for _ in range(100):  # one in 16 sweeps
        provider.code(cookies=cookies)
    assert rows_read() - before < 10000


@pytest.mark.parametrize("uri", [CALLBACK, WITH_QUERY])
@pytest.mark.parametrize("mode", [None, "query", "form_post"])
def test_response_modes(provider, uri, mode):
    answer = provider.authorize(cookies=provider.browser(), redirect_uri=uri, response_mode=mode)
    code_of(posted(answer, uri) if mode == "form_post" else told(answer, uri), provider)


@pytest.mark.parametrize("state", [None, "-._~" * 32, "a b+c%20", "\u00e9\U0001f600", *HOSTILE.values(), "x" * 4096,
                                   "\u00e9" * 2048], ids=lambda value: repr(value)[:20])
def test_state_comes_back_byte_for_byte(provider, state):
    cookies = provider.browser()
    code_of(told(provider.authorize(cookies=cookies, state=state)), provider, state)
    code_of(posted(provider.authorize(cookies=cookies, state=state, response_mode="form_post")), provider, state)
    error_of(told(provider.authorize(state=state, prompt="none")), provider, state)


def test_an_empty_parameter_is_an_absent_one(provider):
    every = dict.fromkeys(PARAMETERS, "") | provider.request(state="")
    code_of(told(provider.get("/oauth/authorize", every, cookies=provider.browser())), provider, None)


@pytest.mark.parametrize("order", [1, -1])
def test_parameters_in_any_order(provider, order):
    pairs = list(provider.request(nonce="n").items())[::order]
    code_of(told(provider.get("/oauth/authorize", pairs, cookies=provider.browser())), provider)


@pytest.mark.parametrize("client_id, asked, granted", [
    ("web", "openid", "openid"), ("web", "email offline_access openid", "openid email offline_access"),
    ("web", "openid orders", "openid"), ("narrow", "openid profile email offline_access", "openid"),
    ("web", "profile", "profile"),
])
def test_scopes(provider, client_id, asked, granted):
    provider.code(client_id, scope=asked)
    assert provider.site.execute("SELECT scopes FROM oidc_code") == [(granted.split(),)]


@pytest.mark.parametrize("client_id, good", [("certified", True), ("web", False), ("spa", False), ("post", False)])
def test_without_pkce(provider, client_id, good):
    answer = provider.authorize(client_id, provider.browser(), code_challenge=None, code_challenge_method=None)
    fields = told(answer)
    assert code_of(fields, provider) if good else error_of(fields, provider) == "invalid_request"
    assert error_of(told(provider.authorize(client_id, provider.browser(), code_challenge=None)),
                    provider) == "invalid_request"


NOT_LOGGED_IN = {
    "nothing": lambda provider: {},
    "empty": lambda provider: {"oidc": ""},
    "garbage": lambda provider: {"oidc": "garbage"},
    "without a user": lambda provider: {"oidc": provider.browser()["oidc"].partition(".")[0]},
    "another secret": lambda provider: {"oidc": "A" * 43 + "." + provider.browser()["oidc"].partition(".")[2]},
    "another user": lambda provider: {"oidc": provider.browser()["oidc"].partition(".")[0] + ".NA"},
    "an unknown user": lambda provider: provider.browser("4711"),
    "an inactive user": lambda provider: provider.browser("2"),
    "of a client": lambda provider: provider.browser(client_id="web"),
    "of a password login": lambda provider: provider.browser(client_id=None),
    "another name": lambda provider: {"oidc2": provider.browser()["oidc"]},
    "long": lambda provider: {"oidc": "x" * 5000},
}


@pytest.mark.parametrize("made", NOT_LOGGED_IN.values(), ids=NOT_LOGGED_IN.keys())
def test_cookies_that_prove_nothing(provider, made):
    assert is_login_page(provider.authorize(cookies=made(provider)))
    assert error_of(told(provider.authorize(cookies=made(provider), prompt="none")), provider) == "login_required"
    assert number_of_codes(provider) == 0


def test_a_session_ends(provider):
    cookies = provider.browser()
    provider.code(cookies=cookies, prompt="none")
    provider.site.execute("UPDATE jwt_session SET expires_at = now()")
    assert is_login_page(provider.authorize(cookies=cookies))
    assert error_of(told(provider.authorize(cookies=cookies, prompt="none")), provider) == "login_required"


def test_a_new_password_ends_it(provider):
    cookies = provider.browser()
    provider.code(cookies=cookies)
    provider.site.execute("UPDATE auth_user SET password = password || 'x' WHERE id = 1")
    assert error_of(told(provider.authorize(cookies=cookies, prompt="none")), provider) == "login_required"


@pytest.mark.parametrize("prompt", [None, "none"])
def test_a_session_that_ends_before_the_code_is_made(provider, prompt):
    """The code waits for a lock while the session, which has been found good, is deleted."""
    cookies, site = provider.browser(), provider.site
    with contextlib.closing(site.cluster.connect(site.name)) as other, ThreadPoolExecutor() as pool:
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE oidc_code IN ACCESS EXCLUSIVE MODE")
            answer = pool.submit(provider.authorize, cookies=cookies, prompt=prompt)
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'oidc_code'::regclass"
            process.wait_for(lambda: site.execute(waiting), "the code to wait")
            cursor.execute("DELETE FROM jwt_session; COMMIT")
    answer = answer.result()
    assert error_of(told(answer), provider) == "login_required" if prompt else is_login_page(answer)
    assert number_of_codes(provider) == 0


def test_name_and_password_in_the_query_are_ignored(provider):
    answer = provider.authorize(username="alice", password="correct horse battery staple")
    assert is_login_page(answer) and "correct horse" not in answer.body.decode()


# prompt, max_age, consent, id_token_hint.

LOGGED_IN = [  # what differs, age of the login: a code (True), a page, or an error
    ({}, 3000, True),
    ({"prompt": "none"}, 3000, True),
    ({"prompt": " none  none"}, 3000, True),
    ({"prompt": "login"}, 0, is_login_page),
    ({"prompt": "select_account"}, 0, is_login_page),
    ({"prompt": "login consent"}, 0, is_login_page),
    ({"prompt": "consent"}, 0, True),
    ({"max_age": "10000"}, 3000, True),
    ({"max_age": "10000", "prompt": "none"}, 3000, True),
    ({"max_age": "1000"}, 3000, is_login_page),
    ({"max_age": "1000", "prompt": "none"}, 3000, "login_required"),
    ({"max_age": "0"}, 0, is_login_page),
    ({"max_age": "0", "prompt": "none"}, 0, "login_required"),
    ({"max_age": "9" * 40}, 3000, True),
    ({"id_token_hint": "garbage"}, 0, is_login_page),
    ({"id_token_hint": "garbage", "prompt": "none"}, 0, "login_required"),
    ({"display": "popup", "ui_locales": "xx", "claims_locales": "yy", "acr_values": "1 2", "login_hint": "bob"}, 0, True),
]


@pytest.mark.parametrize("changes, age, expected", LOGGED_IN, ids=named)
def test_a_user_who_is_logged_in(provider, changes, age, expected):
    answer = provider.authorize(cookies=provider.browser(age=age), **changes)
    if expected is True:
        code_of(told(answer), provider)
    elif isinstance(expected, str):
        assert error_of(told(answer), provider) == expected
    else:
        assert expected(answer)
    assert number_of_codes(provider) == (expected is True)


CONSENTS = [  # client, scopes consented to, what differs, what comes
    ("third", None, {}, is_consent_page),
    ("third", None, {"prompt": "none"}, "consent_required"),
    ("third", ["openid"], {}, True),
    ("third", ["openid"], {"prompt": "none"}, True),
    ("third", ["openid"], {"prompt": "consent"}, is_consent_page),
    ("third", ["openid"], {"scope": "openid profile"}, is_consent_page),
    ("third", ["openid"], {"scope": "openid profile", "prompt": "none"}, "consent_required"),
    ("third", ["openid", "profile", "email"], {"scope": "profile openid"}, True),
    ("third", ["openid"], {"scope": "openid unknown"}, True),
    ("third", ["openid"], {"prompt": "login"}, is_login_page),
    ("native", None, {}, is_consent_page),
    ("native", ["openid"], {}, is_consent_page),
    ("native", ["openid"], {"prompt": "none"}, "consent_required"),
]


@pytest.mark.parametrize("client_id, consented, changes, expected", CONSENTS, ids=named)
def test_consent(provider, client_id, consented, changes, expected):
    if consented:
        provider.site.execute("INSERT INTO oidc_consent VALUES ('1', %s, %s)", client_id, consented)
        provider.site.execute("INSERT INTO oidc_consent VALUES ('4', %s, '{openid,profile,email}')", client_id)
    answer = provider.authorize(client_id, provider.browser(), **changes)
    uri = LOOPBACK if client_id == "native" else CALLBACK
    if expected is True:
        code_of(told(answer, uri), provider)
    elif isinstance(expected, str):
        assert error_of(told(answer, uri), provider) == expected
    else:
        assert expected(answer)
    assert is_login_page(provider.authorize(client_id, **{**changes, "prompt": None}))


def id_token(provider, key=None, algorithm="RS256", **changes):
    """An ID token of the user 1 for the client web, which expired long ago."""
    claims = {"iss": provider.issuer, "sub": "1", "aud": "web", "iat": int(time.time()) - 9000,
              "exp": int(time.time()) - 8700, "auth_time": int(time.time()) - 9000, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    key = (provider.keys / provider.key["file"]).read_text() if key is None else key
    return jwt.encode(claims, key, algorithm, {"kid": provider.key["kid"]})


HINTS = {
    "good": (lambda provider: id_token(provider), True),
    "with the longest nonce": (lambda provider: id_token(provider, nonce="n" * 1024), True),
    "another user": (lambda provider: id_token(provider, sub="4"), False),
    "a user whose id begins like it": (lambda provider: id_token(provider, sub="12"), False),
    "another issuer": (lambda provider: id_token(provider, iss="https://evil.example"), False),
    "no issuer": (lambda provider: id_token(provider, iss=None), False),
    "an access token": (lambda provider: id_token(provider, token_type="access", user_id=1), False),
    "unsigned": (lambda provider: id_token(provider, "", "none"), False),
    "HMAC": (lambda provider: id_token(provider, "secret" * 10, "HS256"), False),
    "cut": (lambda provider: id_token(provider)[:-5], False),
    "garbage": (lambda provider: "a.b.c", False),
}


@pytest.mark.parametrize("made, good", HINTS.values(), ids=HINTS.keys())
def test_id_token_hints(provider, made, good):
    cookies, hint = provider.browser(), made(provider)
    if good:
        code_of(told(provider.authorize(cookies=cookies, id_token_hint=hint)), provider)
        code_of(told(provider.authorize(cookies=cookies, id_token_hint=hint, prompt="none")), provider)
    else:
        assert is_login_page(provider.authorize(cookies=cookies, id_token_hint=hint))
        assert error_of(told(provider.authorize(cookies=cookies, id_token_hint=hint, prompt="none")),
                        provider) == "login_required"
    assert is_login_page(provider.authorize(id_token_hint=hint))


@pytest.mark.parametrize("hint", ["alice", MARKUP, "jos\u00e9"])
def test_login_hint_is_in_the_form(provider, hint):
    assert list(inputs(provider.authorize(login_hint=hint), 'autocomplete="username"').values()) == [hint]


# Outages.

@contextlib.contextmanager
def away(site, table):
    site.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        yield
    finally:
        site.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


@pytest.mark.parametrize("table, changes", [
    ("oidc_client", {}), ("oidc_client", {"client_id": "unknown"}), ("oidc_client", {"redirect_uri": "https://evil.example"}),
    ("jwt_session", {}), ("jwt_session", {"prompt": "none"}), ("oidc_code", {}), ("oidc_code", {"prompt": "none"}),
    ("oidc_consent", {"client_id": "third"}), ("oidc_consent", {"client_id": "third", "prompt": "none"}),
], ids=str)
def test_an_outage_is_a_page_that_can_be_reloaded(provider, table, changes):
    cookies = provider.browser()
    provider.site.execute("INSERT INTO oidc_consent VALUES ('1', 'third', '{openid}')")
    with away(provider.site, table):
        answer = provider.authorize(cookies=cookies, **changes)
        assert is_page(answer, 503) and int(answer.header("Retry-After")) > 0
    assert number_of_codes(provider) == 0
    if changes.keys() <= {"prompt"} or changes.get("client_id") == "third":
        code_of(told(provider.authorize(cookies=cookies, **changes)), provider)


def test_what_needs_no_database_is_answered_without(provider):
    """Malformed text; and a user without a cookie needs the client's row alone."""
    with away(provider.site, "oidc_client"):
        assert is_page(provider.get("/oauth/authorize?client_id=%ff"), 400)
        assert is_page(provider.get("/oauth/authorize"), 400)
    with away(provider.site, "jwt_session"), away(provider.site, "oidc_code"):
        assert is_login_page(provider.authorize())
        assert error_of(told(provider.authorize(prompt="none")), provider) == "login_required"
        assert error_of(told(provider.authorize(response_type="token")), provider) == "unsupported_response_type"


def test_after_a_lost_connection(provider):
    cookies = provider.browser()
    provider.code(cookies=cookies)
    provider.site.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                          " WHERE datname = current_database() AND usename = 'jwt_fcgi'")
    process.wait_for(lambda: provider.authorize(cookies=cookies).status == 303, "a code")


# The program.

@pytest.mark.parametrize("settings, said", [({"JWT_OIDC_ISSUER": ""}, "JWT_OIDC_ISSUER"), ({"JWT_SESSIONS": "off"}, "JWT_SESSIONS"),
                                            ({"JWT_OIDC_REFRESH_MAXIMUM": "43199"}, "JWT_OIDC_REFRESH_MAXIMUM"),
                                            ({"JWT_KEY_DIR": "", "JWT_SIGNING_KEY": "x" * 64}, "RSA")], ids=str)
def test_it_refuses_to_start_without_what_it_needs(provider, settings, said):
    ended = subprocess.run([ours.program("authorize"), "--check-config"], env={**provider.environment, **settings},
                           capture_output=True, text=True)
    assert ended.returncode != 0 and said in ended.stdout + ended.stderr



def test_the_log_tells_client_and_user_and_no_secret(provider):
    before = provider.log("authorize")
    cookies = provider.browser()
    code = provider.code(cookies=cookies, state="state-of-the-log", nonce="nonce-of-the-log")
    provider.authorize("unknown\r\nclient", state="state-of-the-log")
    provider.authorize(prompt="none", state="state-of-the-log", login_hint="hint-of-the-log")
    process.wait_for(lambda: provider.log("authorize").count("client=") >= before.count("client=") + 3, "three lines")
    lines = [line for line in provider.log("authorize")[len(before) :].splitlines() if "client=" in line]
    assert "status=303" in lines[0] and "outcome=code" in lines[0] and "client=web" in lines[0] and "user=1" in lines[0]
    assert "status=400" in lines[1] and "outcome=unknown-client" in lines[1]
    assert "outcome=login_required" in lines[2] and "client=web" in lines[2]
    for secret in (code, "of-the-log", *cookies.values(), "\\r\\nclient\n"):
        assert secret not in "\n".join(lines)


__all__ = ["oidc_site", "provider", "running_provider"]
