"""Authorization codes and tokens of a harness.oidc.Provider, made without its pages: codes are inserted as rows."""
import base64
import hashlib
import secrets
import urllib.parse

from . import fastcgi
from .oidc import CALLBACK, CHALLENGE, SECRET, VERIFIER, b64url

OFFLINE = "openid profile email offline_access"


def new_code(provider, client_id="web", scope=OFFLINE, age=0, **columns):
    """A code for user 1, who logged in `age` seconds ago."""
    text = b64url(secrets.token_bytes(32))
    columns = {"user_id": "1", "redirect_uri": CALLBACK, "code_challenge": CHALLENGE, "nonce": "a nonce",
               "code": hashlib.sha256(text.encode()).digest(), "client_id": client_id, "scopes": scope.split(),
               **columns}
    provider.site.execute(
        f"INSERT INTO oidc_code (auth_time, browser, expires_at, {', '.join(columns)})"
        " VALUES (now() - make_interval(secs => %s), gen_random_uuid(), now() + interval '1 minute',"
        f" {', '.join(['%s'] * len(columns))})", age, *columns.values())
    return text


def basic(client_id="web", secret=SECRET, scheme="Basic"):
    """The header of RFC 6749 section 2.3.1: both form-encoded first."""
    pair = f"{urllib.parse.quote_plus(client_id)}:{urllib.parse.quote_plus(secret)}"
    return f"Authorization: {scheme} {base64.b64encode(pair.encode()).decode()}"


def post(provider, path, fields, client_id="web"):
    """Posts as a client: a public one sends its client_id, others a header; None sends no credentials."""
    if client_id in ("spa", "native"):
        return provider.post(path, {"client_id": client_id, **fields})
    return provider.post(path, fields, [basic(client_id)] if client_id else [])


def code_fields(text, /, **changes):
    fields = {"grant_type": "authorization_code", "code": text, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
              **changes}
    return {name: value for name, value in fields.items() if value is not None}


def redeem(provider, text, client_id="web", /, **changes):
    return post(provider, "/oauth/token", code_fields(text, **changes), client_id)


def tokens(provider, client_id="web", scope=OFFLINE, **columns):
    """The tokens of a new login."""
    answer = redeem(provider, new_code(provider, client_id, scope, **columns), client_id)
    assert answer.status == 200, (answer, provider.log("oauth_token"))
    return answer.json()


def refresh(provider, refresh_token, client_id="web", **fields):
    return post(provider, "/oauth/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **fields},
                client_id)


def age_sessions(provider, seconds):
    """Moves the last rotation of every session into the past."""
    provider.site.execute("UPDATE jwt_session SET rotated_at = rotated_at - make_interval(secs => %s)", seconds)


def ask_all(provider, name, parameters, body=b""):
    """The answer of each process of a program."""
    return [program.answer(parameters, body) for program in provider.programs[name]]


def statuses(provider, access_token, name="userinfo"):
    """The statuses with which the processes of a program answer an access token."""
    return {answer.status for answer in ask_all(provider, name, *fastcgi.get("/", access_token))}
