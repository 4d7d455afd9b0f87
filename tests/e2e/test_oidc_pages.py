"""The login, consent and logout pages with real programs behind Nginx: what they say, and what they let happen."""
import base64
import hashlib
import html
import re
import subprocess
import time
import urllib.parse

import jwt
import pytest
from harness import ours, process
from harness.codes import age_sessions, redeem, refresh, tokens
from harness.fixtures import skip_without
from harness.oidc import (AFTER_LOGOUT, CALLBACK, COOKIE, LOOPBACK, PASSWORD, Provider, fields_of,
                          generate_key, oidc_site, provider, running_provider)
from harness.tokens import claims_of

FORM_COOKIE = "oidc-form"
TEXTS = ours.CHECKOUT / "texts"
MARKUP = "\"'><script>alert(1)</script><b x=\"&amp;"
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
WRONG = "User name or password is wrong. Please try again."
OLD = "The form has expired. Please log in again."


class Page:
    """What a browser sees of an answer: its form, and its text."""

    def __init__(self, answer):
        self.answer, self.status = answer, answer.status
        assert answer.header("Content-Type") == "text/html; charset=utf-8", answer
        assert answer.header("Cache-Control") == "no-store" and answer.header("X-Frame-Options") == "DENY"
        assert answer.header("X-Content-Type-Options") == "nosniff"
        assert answer.header("Referrer-Policy") == "no-referrer"
        self.html = answer.body.decode()
        if "<script>" not in self.html:
            assert answer.header("Content-Security-Policy") == POLICY
        self.title = html.unescape(re.search("<h1>(.*?)</h1>", self.html)[1])
        tags = re.findall(r"<input [^>]*>", self.html)
        self.fields = {_attribute(tag, "name"): _attribute(tag, "value") for tag in tags}
        action = re.search(r'<form method="post" action="([^"]*)">', self.html)
        self.action = action and html.unescape(action[1])

    @property
    def alert(self):
        found = re.search(r'role="alert">(.*?)</p>', self.html)
        return found and html.unescape(found[1])

    def __repr__(self):
        return self.html


def _attribute(tag, name):
    found = re.search(f' {name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


class Visitor:
    """A browser without script: keeps cookies, sends forms."""

    def __init__(self, provider, cookies=None):
        self.provider, self.cookies = provider, dict(cookies or {})

    def _take(self, answer):
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                pair, *attributes = [part.strip() for part in value.split(";")]
                assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes) and "Domain" not in value
                key, _, text = pair.partition("=")
                if "Max-Age=0" in attributes:
                    self.cookies.pop(key, None)
                else:
                    assert "Max-Age" not in value and "Expires" not in value
                    self.cookies[key] = text
        return answer

    def get(self, path, fields=None, headers=()):
        return self._take(self.provider.get(path, fields, headers=headers, cookies=self.cookies))

    def post(self, path, fields, headers=()):
        return self._take(self.provider.post(path, fields, headers=headers, cookies=self.cookies))

    def authorize(self, client_id="web", headers=(), **changes):
        return self.get("/oauth/authorize", self.provider.request(client_id, **changes), headers)

    def page(self, client_id="web", headers=(), **changes):
        return Page(self.authorize(client_id, headers, **changes))

    def send(self, page, headers=(), **fields):
        """Sends a form as it is, but for these fields; None leaves one out."""
        assert page.action.startswith(self.provider.issuer + "/oauth/")
        every = {name: value for name, value in {**page.fields, **fields}.items() if value is not None}
        return self.post(page.action[len(self.provider.issuer):], every, headers)

    def log_in(self, client_id="web", username="alice", password=PASSWORD, headers=(), **changes):
        return self.send(self.page(client_id, **changes), headers, username=username, password=password)

    @property
    def session(self):
        return self.cookies.get(COOKIE)


@pytest.fixture
def visitor(provider):
    skip_without("login", "end_session")
    return Visitor(provider)


def code_of(answer, uri=CALLBACK):
    assert answer.status == 303 and answer.header("Location").startswith(uri + "?"), answer
    assert answer.header("Cache-Control") == "no-store" and answer.header("Referrer-Policy") == "no-referrer"
    fields = fields_of(answer.header("Location"))
    assert set(fields) == {"code", "state", "iss"}
    return fields["code"]


def error_of(answer):
    assert answer.status == 303, answer
    return fields_of(answer.header("Location"))["error"]


def sessions(provider):
    return provider.site.execute("SELECT count(*) FROM jwt_session WHERE client_id = ''")[0][0]


def codes(provider):
    return provider.site.execute("SELECT count(*) FROM oidc_code")[0][0]


# Login


def test_a_login_goes_back_to_the_client(visitor):
    page = visitor.page(state="a b&c")
    assert page.status == 200 and page.title == "Log in" and "to continue to The client web" in page.html
    assert page.alert is None and page.fields["state"] == "a b&c"
    answer = visitor.send(page, username="alice", password=PASSWORD)
    code_of(answer)
    assert fields_of(answer.header("Location"))["state"] == "a b&c" and "a%20b%26c" in answer.header("Location")
    code_of(visitor.authorize())  # without a page from now on


def test_the_login_form_is_one_for_password_managers(visitor):
    page = visitor.page(login_hint="alice")
    assert '<label for="username">User name</label>' in page.html
    assert '<label for="password">Password</label>' in page.html
    assert re.search(r'<input id="username" name="username" value="alice" autocomplete="username"', page.html)
    assert re.search(r'<input id="password" [^>]*type="password"[^>]*autocomplete="current-password"[^>]* autofocus', page.html)
    assert re.search(r'<input id="username" [^>]* autofocus', visitor.page().html)
    assert page.html.count("autofocus") == 1


@pytest.mark.parametrize("name,password", [
    ("alice", "wrong"), ("nobody", PASSWORD), ("inactive", PASSWORD), ("unusable", PASSWORD), ("alice", ""), ("", ""),
    ("ALICE", PASSWORD), ("alice", PASSWORD.upper()), ("' OR 1=1 --", "x"), (MARKUP, MARKUP), ("a" * 5000, "b"),
])
def test_a_refused_login_is_the_page_again(visitor, name, password):
    page = Page(visitor.log_in(username=name, password=password))
    assert page.status == 200 and page.alert == WRONG and visitor.session is None
    assert page.fields["username"] == (name if len(name) <= 2048 else "") and page.fields["password"] == ""
    assert page.fields["state"] == "the-state" and "<script" not in page.html
    assert sessions(visitor.provider) == codes(visitor.provider) == 0
    code_of(visitor.send(page, username="alice", password=PASSWORD))


@pytest.mark.parametrize("name,password", [
    ("jos\u00e9", "contrase\u00f1a"), ("\U0001f600emoji", "\U0001f511\U0001f511"),
    ("longpw", "p\u00e4ssw\u00f6rd-" * 500), ("plus+and&equals=", "100%25"), ("  alice ", f" {PASSWORD} "),
    ("o'brien\"\\; DROP TABLE auth_user;--", PASSWORD), ("h_argon2id", PASSWORD), ("h_old_iter", PASSWORD),
])
def test_names_and_passwords_are_those_of_the_token_endpoint(visitor, name, password):
    code_of(visitor.log_in(username=name, password=password))


def test_a_password_in_the_query_is_no_login(visitor):
    fields = {**visitor.page().fields, "username": "alice", "password": PASSWORD}
    assert visitor.get("/oauth/login", fields).status == 405
    assert Page(visitor.get("/oauth/authorize", fields)).title == "Log in"
    query = urllib.parse.urlencode({"username": "alice", "password": PASSWORD})
    page = Page(visitor.post(f"/oauth/login?{query}", {**fields, "username": "", "password": ""}))
    assert page.alert == WRONG and visitor.session is None


def test_each_login_has_another_cookie(visitor):
    visitor.cookies[COOKIE] = planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.MQ"
    code_of(visitor.log_in())
    first = visitor.session
    code_of(visitor.log_in(prompt="login"))
    second = visitor.session
    assert len({planted, first, second}) == 3
    for old in (planted, first):  # neither lives on where no cookie names it, out of reach of a logout
        assert Page(Visitor(visitor.provider, {COOKIE: old}).authorize()).title == "Log in"
    code_of(Visitor(visitor.provider, {COOKIE: second}).authorize())


def test_a_login_that_fails_leaves_the_session(visitor):
    code_of(visitor.log_in())
    assert Page(visitor.log_in(prompt="login", password="wrong")).alert == WRONG
    code_of(visitor.authorize())


def test_the_cookie_is_not_in_the_database(visitor):
    code_of(visitor.log_in())
    secret = visitor.session.partition(".")[0]
    [[sid]] = visitor.provider.site.execute("SELECT sid::text FROM jwt_session WHERE client_id = ''")
    assert len(secret) == 43 and secret not in sid
    dump = visitor.provider.site.execute("SELECT jwt_session::text FROM jwt_session")
    assert secret not in str(dump)


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}, {"max_age": "60"}],
                         ids=str)
def test_a_login_that_is_asked_for_makes_a_new_auth_time(visitor, changes):
    provider = visitor.provider
    visitor.cookies.update(provider.browser(age=100))
    page = visitor.page(**changes)
    assert page.title == "Log in"
    code_of(visitor.send(page, username="alice", password=PASSWORD))
    [[age]] = provider.site.execute("SELECT extract(epoch FROM now() - created_at) FROM jwt_session")
    assert age < 60


def test_a_form_sent_twice_goes_on(visitor):
    page = visitor.page()
    first = code_of(visitor.send(page, username="alice", password=PASSWORD))
    assert code_of(visitor.send(page, username="alice", password=PASSWORD)) != first


def test_two_tabs_have_one_form_cookie(visitor):
    one = visitor.page(state="one")
    cookie = visitor.cookies[FORM_COOKIE]
    two = visitor.page(state="two")
    assert visitor.cookies[FORM_COOKIE] == cookie and "Set-Cookie" not in dict(two.answer.headers)
    for page in (one, two):
        code_of(visitor.send(page, username="alice", password=PASSWORD))


def test_hidden_fields_are_judged_anew(visitor):
    page = visitor.page()
    good = {"username": "alice", "password": PASSWORD}
    for changes in ({"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}, {"client_id": "off"},
                    {"redirect_uri": None}):
        assert visitor.send(page, **changes, **good).status == 400
    assert error_of(visitor.send(page, response_type="token", **good)) == "unsupported_response_type"
    assert error_of(visitor.send(page, prompt="none login", **good)) == "invalid_request"
    assert visitor.session is None and sessions(visitor.provider) == 0


def test_a_login_of_another_user_than_the_hint_gives_no_code(visitor):
    provider = visitor.provider
    answer = visitor.log_in("web", id_token_hint=id_token(provider, "4"))
    assert error_of(answer) == "login_required" and codes(provider) == 0


# Requests of others


FOREIGN = [["Sec-Fetch-Site: cross-site"], ["Sec-Fetch-Site: same-site"], ["Origin: https://evil.example"],
           ["Origin: http://127.0.0.1"], ["Sec-Fetch-Site: same-origin", "Origin: https://evil.example"],
           ["Sec-Fetch-Site: cross-site", "Origin: null"]]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_is_the_page_again(visitor, headers):
    page = Page(visitor.log_in(headers=headers))
    assert page.alert == OLD and page.fields["username"] == "alice" and page.fields["password"] == ""
    assert visitor.session is None and sessions(visitor.provider) == 0
    code_of(visitor.send(page, username="alice", password=PASSWORD))


def test_forms_of_our_own_site(visitor):
    for headers in ([], ["Sec-Fetch-Site: same-origin", "Origin: null"], ["Origin: null"],
                    [f"Origin: {visitor.provider.issuer}"], ["Sec-Fetch-Site: none"]):
        code_of(visitor.log_in(prompt="login", headers=headers))


@pytest.mark.parametrize("case", ["no cookie", "other cookie", "no field", "empty field", "other field", "cookie twice"])
def test_a_form_without_its_cookie_is_the_page_again(visitor, case):
    page = visitor.page()
    fields = {"username": "alice", "password": PASSWORD}
    if case == "no cookie":
        del visitor.cookies[FORM_COOKIE]
    elif case == "other cookie":
        visitor.cookies[FORM_COOKIE] = "AAAAAAAAAAAAAAAAAAAAAA"
    elif case == "cookie twice":
        visitor.cookies[FORM_COOKIE] += f"; {FORM_COOKIE}=AAAAAAAAAAAAAAAAAAAAAA"
    else:
        fields["csrf"] = {"no field": None, "empty field": "", "other field": Visitor(visitor.provider).page().fields["csrf"]}[case]
    again = Page(visitor.send(page, **fields))
    assert again.alert == OLD and visitor.session is None and sessions(visitor.provider) == 0
    code_of(visitor.send(again, **fields | {"csrf": again.fields["csrf"]}))


def test_no_password_is_checked_for_a_foreign_form(visitor):
    provider = visitor.provider
    before = provider.log("login").count("outcome=no-account")
    for _ in range(3):
        visitor.log_in(password="wrong", headers=FOREIGN[0])
    assert provider.log("login").count("outcome=no-account") == before


# Consent


def test_consent_is_asked_once_and_again_for_more(visitor):
    page = Page(visitor.log_in("third", scope="openid profile"))
    assert page.title == "Allow access?" and "The client third asks for permission to" in page.html
    assert "<li>recognise your account</li>\n<li>see your name</li>" in page.html
    assert "see your email" not in page.html and "You will be sent to rp.example." in page.html
    assert "You are logged in as alice." in page.html and visitor.session
    assert codes(visitor.provider) == 0
    code_of(visitor.send(page, decision="allow"))
    code_of(visitor.authorize("third", scope="openid profile"))
    more = visitor.page("third", scope="openid email")
    assert "see your email" in more.html
    code_of(visitor.send(more, decision="allow"))
    code_of(visitor.authorize("third", scope="openid profile email"))


def test_a_refusal_is_told_and_not_stored(visitor):
    page = Page(visitor.log_in("third"))
    assert error_of(visitor.send(page, decision="refuse")) == "access_denied"
    assert visitor.page("third").title == "Allow access?"
    assert visitor.provider.site.execute("SELECT count(*) FROM oidc_consent")[0][0] == 0


def test_other_decisions_are_asked_again(visitor):
    page = Page(visitor.log_in("third"))
    for decision in ("", "Allow", "yes", MARKUP):
        assert Page(visitor.send(page, decision=decision)).title == "Allow access?"
    assert codes(visitor.provider) == 0


def test_consent_needs_the_session_and_the_form_of_its_user(visitor):
    provider = visitor.provider
    page = Page(visitor.log_in("third"))
    other = Visitor(provider, {FORM_COOKIE: visitor.cookies[FORM_COOKIE]})
    assert Page(other.send(page, decision="allow")).title == "Log in"
    other.cookies.update(provider.browser("4"))
    asked = Page(other.send(page, decision="allow"))  # the form of alice, the session of bob
    assert asked.title == "Allow access?" and "You are logged in as bob." in asked.html
    for headers in FOREIGN:
        assert Page(visitor.send(page, headers, decision="allow")).title == "Allow access?"
    assert Page(visitor.send(page, csrf="x", decision="allow")).title == "Allow access?"
    assert codes(provider) == 0
    assert provider.site.execute("SELECT count(*) FROM oidc_consent")[0][0] == 0


def test_native_clients_are_asked_each_time(visitor):
    for _ in range(2):
        page = Page(visitor.log_in("native", prompt="login"))
        assert page.title == "Allow access?" and "You will be sent to 127.0.0.1." in page.html
        code_of(visitor.send(page, decision="allow"), LOOPBACK)
    app = visitor.page("native", redirect_uri="com.example.app:/callback")
    assert "You will be sent to com.example.app." in app.html
    assert visitor.provider.site.execute("SELECT count(*) FROM oidc_consent")[0][0] == 0


def test_an_old_login_does_not_serve_a_request_for_a_new_one(visitor):
    visitor.cookies.update(visitor.provider.browser(age=3000))
    page = visitor.page("third")
    assert page.title == "Allow access?"
    assert Page(visitor.send(page, decision="allow", prompt="login")).title == "Log in"


NEW_LOGINS = [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}, {"max_age": "60"}]


@pytest.mark.parametrize("change", NEW_LOGINS, ids=str)
@pytest.mark.parametrize("client_id", ["third", "native"])
def test_the_consent_to_another_request_is_no_login(visitor, client_id, change):
    """Whoever sits at the browser of a user who logged in some minutes ago has such a form, without the password."""
    visitor.cookies.update(visitor.provider.browser(age=300))
    page = visitor.page(client_id)
    assert page.title == "Allow access?"
    for fields in ({}, {"csrf": None}, {"decision": None}, {"decision": "refuse", "csrf": "x"}):
        again = Page(visitor.send(page, **{"decision": "allow", **change, **fields}))
        assert again.title == "Log in"
    asked = Page(visitor.send(again, username="alice", password=PASSWORD))
    code_of(visitor.send(asked, decision="allow"), LOOPBACK if client_id == "native" else CALLBACK)


@pytest.mark.parametrize("change", NEW_LOGINS, ids=str)
def test_a_consent_that_no_page_asked_for_is_no_login(visitor, change):
    visitor.cookies.update(visitor.provider.browser(age=300))
    page = visitor.page("third")
    assert Page(visitor.send(page, decision="allow", client_id="web", **change)).title == "Log in"


# Throttle and outages


@pytest.fixture
def throttled(oidc_site, tmp_path):
    skip_without("authorize", "login")
    oidc_site.restore()
    with Provider(oidc_site, JWT_THROTTLE="on", JWT_THROTTLE_FILE=str(tmp_path / "throttle"), JWT_THROTTLE_NAME_TRIES="3",
                  JWT_THROTTLE_ADDRESS_TRIES="200") as provider:
        provider.restore()
        yield provider


def test_too_many_attempts(throttled):
    visitor = Visitor(throttled)
    for _ in range(3):
        assert Page(visitor.log_in(password="wrong")).alert == WRONG
    process.wait_for(lambda: int(visitor.log_in(password="wrong").header("Retry-After") or 0) > 1, "a longer wait")
    answer = visitor.log_in()
    page = Page(answer)
    assert page.status == 429 and int(answer.header("Retry-After")) > 0 and visitor.session is None
    assert re.fullmatch(r"Too many attempts\. Please try again in \d+ s\.", page.alert)
    assert page.fields["username"] == "alice" and page.fields["state"] == "the-state"
    code_of(visitor.log_in(username="bob", password="another password"))
    refused = throttled.post("/api/token/", {"username": "alice", "password": PASSWORD})
    assert refused.status == 429  # one file for both


def test_an_outage_is_a_page_and_ends_no_session(oidc_site):
    skip_without("authorize", "login", "end_session")
    with Provider(oidc_site) as provider:
        provider.restore()
        visitor = Visitor(provider)
        page = visitor.page()
        code_of(visitor.send(page, username="alice", password=PASSWORD))
        question = Page(visitor.get("/oauth/logout"))
        oidc_site.execute("ALTER TABLE jwt_session RENAME TO away")
        try:
            answers = [visitor.send(page, username="alice", password=PASSWORD), visitor.get("/oauth/logout"),
                       visitor.send(question)]
        finally:
            oidc_site.execute("ALTER TABLE away RENAME TO jwt_session")
        for answer in answers:
            assert Page(answer).status == 503 and answer.header("Retry-After") and "reload" in Page(answer).alert
        code_of(visitor.authorize())


def test_wrong_names_and_passwords_take_the_same_time(visitor):
    page = visitor.page()

    def seconds(name):
        begun = time.perf_counter()
        assert Page(visitor.send(page, username=name, password="wrong")).alert == WRONG
        return time.perf_counter() - begun

    times = {name: [] for name in ("alice", "nobody", "inactive")}
    for _ in range(15):
        for name, all_of_it in times.items():
            all_of_it.append(seconds(name))
    shortest = [min(all_of_it) for all_of_it in times.values()]  # of which a busy machine has added least
    assert max(shortest) < 2 * min(shortest) + 0.002, shortest


# The tokens of a login


def tokens_of(provider, answer, client_id="web"):
    """What the client gets for the code in the answer."""
    done = redeem(provider, code_of(answer), client_id)
    assert done.status == 200, done
    return done.json()


def auth_time(provider, answer):
    return claims_of(tokens_of(provider, answer)["id_token"])["auth_time"]


def test_auth_time_is_that_of_the_password(visitor):
    """Equal while the session lasts, also in the ID token of a refresh; later after another login."""
    skip_without("oauth_token")
    provider = visitor.provider
    visitor.cookies.update(provider.browser(age=100))
    first = tokens_of(provider, visitor.authorize(scope="openid offline_access"))
    begun = claims_of(first["id_token"])["auth_time"]
    assert type(begun) is int and begun <= time.time() - 99
    for changes in ({}, {"prompt": "none"}, {"max_age": "10000"}, {"prompt": "none", "max_age": "10000"}):
        assert auth_time(provider, visitor.authorize(**changes)) == begun
    for changes in ({"prompt": "login"}, {"max_age": "50"}):
        provider.site.execute("UPDATE jwt_session SET created_at = created_at - interval '100 s' WHERE client_id = ''")
        assert auth_time(provider, visitor.log_in(**changes)) > time.time() - 50
    again = refresh(provider, first["refresh_token"]).json()
    assert claims_of(again["id_token"])["auth_time"] == begun


def test_a_third_party_has_refresh_tokens_by_consent(visitor):
    skip_without("oauth_token")
    provider = visitor.provider
    page = Page(visitor.log_in("third", scope="openid offline_access"))
    assert "<li>keep this access when you are not using the application</li>" in page.html
    first = tokens_of(provider, visitor.send(page, decision="allow"), "third")
    cookie = visitor.session
    visitor.get("/oauth/logout", {"id_token_hint": first["id_token"]})
    assert is_logged_out(visitor, cookie)
    age_sessions(provider, 60)
    second = refresh(provider, first["refresh_token"], "third")
    assert second.status == 200, "it survives a logout at the provider"
    provider.site.execute("UPDATE auth_user SET password = 'pbkdf2_sha256$1$a$b' WHERE id = 1")
    assert refresh(provider, second.json()["refresh_token"], "third").json()["error"] == "invalid_grant"


# Logout


def id_token(provider, subject="1", audience="web", age=3600, key=None, algorithm="RS256", **claims):
    """An ID token of the provider's, expired by default."""
    now = int(time.time())
    payload = {"iss": provider.issuer, "sub": subject, "aud": audience, "iat": now - age - 300, "exp": now - age,
               "auth_time": now - age - 300, **claims}
    payload = {name: value for name, value in payload.items() if value is not None}
    signer = None if algorithm == "none" else key or private_key(provider.keys)
    return jwt.encode(payload, signer, algorithm=algorithm, headers={"kid": provider.key["kid"]})


def private_key(folder):
    [path] = (folder / "active").glob("*.pem")
    return path.read_text()


@pytest.fixture
def alice(visitor):
    """Logged in."""
    code_of(visitor.log_in())
    return visitor


def is_logged_in(visitor):
    answer = visitor.authorize(prompt="none")
    return "code" in fields_of(answer.header("Location"))


def is_logged_out(visitor, cookie):
    """For the browser, and for one that puts the cookie back."""
    assert visitor.session is None and sessions(visitor.provider) == 0
    for one in (visitor, Visitor(visitor.provider, {COOKIE: cookie})):
        assert error_of(one.authorize(prompt="none")) == "login_required"
    return True


@pytest.mark.parametrize("post", [False, True])
@pytest.mark.parametrize("more,location", [
    ({"post_logout_redirect_uri": AFTER_LOGOUT}, AFTER_LOGOUT),
    ({"post_logout_redirect_uri": AFTER_LOGOUT, "state": "a b"}, AFTER_LOGOUT + "?state=a%20b"),
    ({"post_logout_redirect_uri": AFTER_LOGOUT, "client_id": "web", "extra": "x"}, AFTER_LOGOUT),
    ({}, None), ({"state": "alone"}, None), ({"client_id": "web"}, None),
])
def test_logout_with_a_hint(alice, more, location, post):
    cookie, fields = alice.session, {"id_token_hint": id_token(alice.provider), **more}
    if post:  # of another site: without the session's cookie
        again = Visitor(alice.provider).post("/oauth/logout", fields)
        assert again.status == 303 and again.header("Location").startswith(f"{alice.provider.issuer}/oauth/logout?")
        answer = alice.get(again.header("Location")[len(alice.provider.issuer):])
    else:
        answer = alice.get("/oauth/logout", fields)
    if location:
        assert answer.status == 303 and answer.header("Location") == location
        assert answer.header("Referrer-Policy") == "no-referrer"
    else:
        assert Page(answer).title == "You are logged out" and answer.status == 200
    assert is_logged_out(alice, cookie)


def bad_logouts(provider, tmp_path):
    """What must not redirect the user, nor log out by itself. The first ones are those of the conformance suite."""
    good, uri = id_token(provider), AFTER_LOGOUT
    generate_key(tmp_path / "keys")
    header, payload, signature = good.split(".")
    return {
        "unregistered": {"id_token_hint": good, "post_logout_redirect_uri": "https://rp.example/other"},
        "query added": {"id_token_hint": good, "post_logout_redirect_uri": uri + "?a=b"},
        "no hint": {"post_logout_redirect_uri": uri},
        "alg none": {"id_token_hint": id_token(provider, algorithm="none"), "post_logout_redirect_uri": uri},
        "other key": {"id_token_hint": id_token(provider, key=private_key(tmp_path / "keys")),
                      "post_logout_redirect_uri": uri},
        "nothing": {},
        "state alone": {"state": "x"},
        "modified": {"id_token_hint": f"{header}.{payload}.{signature[:-4]}AAAA", "post_logout_redirect_uri": uri},
        "garbage": {"id_token_hint": MARKUP, "post_logout_redirect_uri": uri},
        "no text": {"id_token_hint": "", "post_logout_redirect_uri": uri},
        "slash": {"id_token_hint": good, "post_logout_redirect_uri": uri + "/"},
        "case": {"id_token_hint": good, "post_logout_redirect_uri": uri.upper()},
        "login's URI": {"id_token_hint": good, "post_logout_redirect_uri": CALLBACK},
        "script": {"id_token_hint": good, "post_logout_redirect_uri": "javascript:alert(1)"},
        "header": {"id_token_hint": good, "post_logout_redirect_uri": uri + "\r\nX: y"},
        "other client": {"id_token_hint": good, "client_id": "post", "post_logout_redirect_uri": uri},
        "client alone": {"client_id": "web", "post_logout_redirect_uri": uri},
        "unknown client": {"id_token_hint": id_token(provider, audience="nobody"), "post_logout_redirect_uri": uri},
        "inactive client": {"id_token_hint": id_token(provider, audience="off"), "post_logout_redirect_uri": uri},
        "other issuer": {"id_token_hint": id_token(provider, iss="https://evil.example"), "post_logout_redirect_uri": uri},
        "access token": {"id_token_hint": id_token(provider, token_type="access"), "post_logout_redirect_uri": uri},
    }


def test_no_redirect_after_logout_for(alice, tmp_path):
    for name, fields in bad_logouts(alice.provider, tmp_path).items():
        page = Page(alice.get("/oauth/logout", fields))
        assert page.status == 200 and page.title == "Log out?" and "You are logged in as alice." in page.html, name
        assert page.fields.keys() == {"csrf"} and "evil" not in page.html and "<script" not in page.html, name
        away = Page(Visitor(alice.provider).get("/oauth/logout", fields))
        assert away.status == 200 and away.title == "You are logged out", name
    assert is_logged_in(alice)


def test_repeated_and_malformed_parameters_of_logout(alice):
    hint = id_token(alice.provider)
    uri = urllib.parse.quote(AFTER_LOGOUT, safe="")
    for query in (f"id_token_hint={hint}&id_token_hint={hint}&post_logout_redirect_uri={uri}",
                  f"id_token_hint={hint}&post_logout_redirect_uri={uri}&post_logout_redirect_uri={uri}",
                  f"id_token_hint={hint}&client_id=web&client_id=web",
                  f"id_token_hint={hint}&post_logout_redirect_uri={uri}&state=a&state=a",
                  f"id_token_hint={hint}&post_logout_redirect_uri={uri}&state=" + "a" * 3000):
        assert Page(alice.get(f"/oauth/logout?{query}")).title == "Log out?", query
    for query in ("state=%00", "state=%ff", "state=%"):
        assert Page(alice.get(f"/oauth/logout?{query}&id_token_hint={hint}")).status == 400
    assert is_logged_in(alice)


def test_logout_after_the_question(alice):
    cookie = alice.session
    page = Page(alice.get("/oauth/logout", {"post_logout_redirect_uri": AFTER_LOGOUT, "state": "x"}))
    for headers in FOREIGN:
        assert Page(alice.send(page, headers)).title == "Log out?"
    for csrf in ("", "x", Visitor(alice.provider).page().fields["csrf"]):
        assert Page(alice.send(page, csrf=csrf)).title == "Log out?"
    assert is_logged_in(alice)
    done = Page(alice.send(page, post_logout_redirect_uri=AFTER_LOGOUT))
    assert done.title == "You are logged out" and is_logged_out(alice, cookie)


def test_logout_with_the_hint_of_another_user_asks(alice):
    page = Page(alice.get("/oauth/logout", {"id_token_hint": id_token(alice.provider, "4"),
                                            "post_logout_redirect_uri": AFTER_LOGOUT}))
    assert page.title == "Log out?" and is_logged_in(alice)


def test_logout_without_a_session(visitor):
    assert Page(visitor.get("/oauth/logout")).title == "You are logged out"
    answer = visitor.get("/oauth/logout", {"id_token_hint": id_token(visitor.provider), "state": "x",
                                           "post_logout_redirect_uri": AFTER_LOGOUT})
    assert answer.status == 303 and answer.header("Location") == AFTER_LOGOUT + "?state=x"


def test_hints_outlive_the_key_that_signs(oidc_site):
    """An ID token of the key before is good while the ring has that key, in whatever state; then it is a bad hint."""
    skip_without("authorize", "end_session", "oauth_token")
    with Provider(oidc_site) as provider:
        provider.restore()
        hint = id_token(provider)
        generate_key(provider.keys)
        old = provider.keys / provider.key["file"]

        def answered():  # to a browser that logs in anew: a logout ends the session
            visitor = Visitor(provider, provider.browser())
            fields = fields_of(visitor.authorize(id_token_hint=hint, prompt="none").header("Location"))
            page = Page(visitor.get("/oauth/logout", {"id_token_hint": hint}))
            return fields.get("error", "code"), page.title

        assert answered() == ("code", "You are logged out")
        retired = [path.rename(provider.keys / "retired" / path.name) for path in (old, old.with_suffix(".pub"))]
        assert answered() == ("code", "You are logged out")
        process.wait_for(lambda: jwt.get_unverified_header(tokens(provider)["id_token"])["kid"] != provider.key["kid"],
                         "the other key to sign", 30)
        assert answered() == ("code", "You are logged out")
        for path in retired:
            path.unlink()
        process.wait_for(lambda: answered() == ("login_required", "Log out?"), "the key to be forgotten", 30)


def test_logout_leaves_other_browsers_logged_in(alice):
    other = Visitor(alice.provider)
    code_of(other.log_in())
    alice.get("/oauth/logout", {"id_token_hint": id_token(alice.provider)})
    assert not is_logged_in(alice) and is_logged_in(other)


# Every page


def test_methods(visitor):
    for path, allow in (("/oauth/login", "POST"), ("/oauth/consent", "POST"), ("/oauth/logout", "GET, POST")):
        for method in ("PUT", "DELETE", "OPTIONS", "HEAD", "GET"):
            answer = visitor.provider.ask(f"{method} {path}")
            if method in allow:
                continue
            assert answer.status == 405 and answer.header("Allow") == allow, (method, path)
            if method != "HEAD":
                assert Page(answer).alert.startswith("This page is part of a login")


def test_bodies_that_are_no_form(visitor):
    for path in ("/oauth/login", "/oauth/logout"):
        answer = visitor.provider.ask(f"POST {path}", ["Content-Type: application/json"], b'{"username": "alice"}')
        assert Page(answer).status == 400
        assert Page(visitor.post(path, b"client_id=%ff&csrf=")).status == 400
        assert Page(visitor.post(path, b"client_id=%00&csrf=")).status == 400


VALUES = {"markup": MARKUP, "lines": "a\r\nSet-Cookie: evil=1\r\n\r\n<b>", "unicode": "\u202e\U0001f600\u0301",
          "braces": "{}{}%s%n", "reference": "&lt;b&gt;&#39;"}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_markup_in_every_value(visitor, value):
    provider = visitor.provider
    name = value.replace("\r", "").replace("\n", "")
    provider.site.execute("UPDATE oidc_client SET name = %s", name)
    provider.site.execute("UPDATE auth_user SET username = %s WHERE id = 1", name)
    changes = {"state": value, "nonce": value, "login_hint": value, "ui_locales": value, "display": value,
               "claims_locales": value, "acr_values": value}
    pages = [visitor.page("third", **changes)]
    pages.append(Page(visitor.send(pages[0], username=value, password=value)))
    pages.append(Page(visitor.send(pages[0], username=name, password=PASSWORD)))
    assert [page.title for page in pages] == ["Log in", "Log in", "Allow access?"]
    pages.append(Page(visitor.get("/oauth/logout", {name: value for name in ("state", "ui_locales", "client_id", "id_token_hint")})))
    pages.append(Page(visitor.authorize(client_id=value)))
    pages.append(Page(visitor.authorize(redirect_uri=value)))
    for page in pages:
        tags = set(re.findall(r"<(/?\w+)", page.html))
        assert tags <= {"html", "head", "meta", "title", "/title", "link", "/head", "body", "main", "p", "span", "/span",
                        "/p", "h1", "/h1", "ul", "li", "/li", "/ul", "form", "input", "label", "/label", "button",
                        "/button", "/form", "/main", "/body", "/html"}, tags
        assert not [text for text in ("evil=1", "alert(1)") if text in str(page.answer.headers)]
    for page in pages[:3]:
        assert {name: page.fields[name] for name in changes} == changes
        assert html.escape(name, quote=False).replace("&", "&") in page.html.replace("&quot;", '"').replace("&#39;", "'")
    assert pages[1].fields["username"] == value


def test_form_post_needs_no_click_and_has_a_button(visitor):
    answer = visitor.log_in(response_mode="form_post", state=MARKUP)
    page = Page(answer)
    assert page.status == 200 and page.action == CALLBACK and set(page.fields) == {"code", "state", "iss"}
    assert page.fields["state"] == MARKUP and page.fields["iss"] == visitor.provider.issuer
    [script] = re.findall("<script>(.*?)</script>", page.html)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert answer.header("Content-Security-Policy") == f"{POLICY}; script-src 'sha256-{digest}'"
    assert "<button>Continue</button>" in page.html


# Settings


def test_an_https_issuer_has_secure_cookies(oidc_site):
    skip_without("authorize", "login")
    with Provider(oidc_site, JWT_OIDC_ISSUER="https://login.example/base", JWT_OIDC_NAME="The <Example>",
                  JWT_OIDC_LOGO="/logo.svg", JWT_OIDC_STYLE="/own.css") as provider:
        provider.restore()
        answer = provider.authorize()
        assert re.fullmatch(r"__Host-oidc-form=[A-Za-z0-9_-]{22}; Path=/; HttpOnly; Secure; SameSite=Lax",
                            answer.header("Set-Cookie"))
        page, cookies = Page(answer), {"__Host-oidc-form": answer.header("Set-Cookie")[17:39]}
        assert page.action == "https://login.example/base/oauth/login"
        assert '<img src="/logo.svg" alt=""><span>The &lt;Example&gt;</span>' in page.html
        assert re.findall('stylesheet" href="(.*?)"', page.html) == ["https://login.example/base/oidc.css", "/own.css"]
        fields = {**page.fields, "username": "alice", "password": PASSWORD}
        done = provider.post("/oauth/login", fields, ["Origin: https://login.example"], cookies=cookies)
        code = fields_of(done.header("Location"))
        assert code["iss"] == "https://login.example/base"
        assert re.fullmatch(r"__Host-oidc=[A-Za-z0-9_-]{43}\.MQ; Path=/; HttpOnly; Secure; SameSite=Lax",
                            done.header("Set-Cookie"))
        again = Page(provider.post("/oauth/login", fields, ["Origin: https://login.example/base"], cookies=cookies))
        assert again.alert == OLD


def texts(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    pairs = [[part.strip() for part in line.split("=", 1)] for line in lines]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_the_languages_have_the_same_texts():
    english = texts(TEXTS / "en.txt")
    source = (ours.CHECKOUT / "src/oidc/text.c").read_text()
    compiled = dict(re.findall(r'\{\.key = "(.*?)",\s+\.text =\s+"(.*?)"\},', re.sub(r'"\s*\n\s*"', "", source)))
    assert compiled == english
    for name in ("de", "es"):
        other = texts(TEXTS / f"{name}.txt")
        assert other.keys() == english.keys()
        assert all(other[key].count("{}") == text.count("{}") for key, text in english.items())
    used = set(re.findall(r'"((?:[a-z]+)\.[a-z_]+)"', (ours.CHECKOUT / "src/oidc/page.c").read_text()))
    assert used <= english.keys()


def test_pages_in_the_language_of_the_user(oidc_site, tmp_path):
    skip_without("authorize", "login")
    for path in TEXTS.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "ar.txt").write_text("direction = rtl\nlogin.title = \u062a\u0633\u062c\u064a\u0644\nscope.own = <b>\n")
    (tmp_path / "README").write_text("no language")
    with Provider(oidc_site, JWT_OIDC_TEXT_DIR=str(tmp_path), JWT_OIDC_SCOPES="own,more") as provider:
        provider.restore()
        provider.site.execute("UPDATE oidc_client SET scopes = '{openid,own,more}'")

        def seen(accept=None, **changes):
            page = Visitor(provider).page(headers=[f"Accept-Language: {accept}"] if accept else [], **changes)
            return re.search('<html lang="(.*?)"', page.html)[1], page.title

        assert seen() == ("en", "Log in") and seen("fr") == ("en", "Log in")
        assert seen("de-CH") == ("de", "Anmelden") and seen("fr, es;q=0.5, en;q=0.4") == ("es", "Iniciar sesi\u00f3n")
        assert seen("de", ui_locales="fr es")[0] == "es"
        assert seen("ar") == ("ar", "\u062a\u0633\u062c\u064a\u0644")
        visitor = Visitor(provider)
        arabic = Page(visitor.log_in("third", scope="openid own more", ui_locales="ar"))
        assert '<html lang="ar" dir="rtl">' in arabic.html
        assert "<li>&lt;b&gt;</li>\n<li>use \u201cmore\u201d</li>" in arabic.html
        wrong = Page(visitor.log_in(username="x", ui_locales="de", prompt="login"))
        assert wrong.alert.startswith("Benutzername oder Passwort ist falsch")


@pytest.mark.parametrize("content,line", [(b"login.title\n", 1), (b"a = b\n\xff = c\n", 2), (b"a = \x00\n", 1)])
def test_texts_that_cannot_be_read(oidc_site, tmp_path, content, line):
    skip_without("login")
    (tmp_path / "xx.txt").write_bytes(content)
    environment = ours.environment(oidc_site.our_environment(), {"JWT_OIDC_TEXT_DIR": str(tmp_path)})
    done = subprocess.run([ours.program("login")], env={**environment, "REQUEST_METHOD": "GET"}, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=20)
    assert f"{tmp_path}/xx.txt:{line}: not a line of UTF-8" in done.stderr and done.returncode != 0
