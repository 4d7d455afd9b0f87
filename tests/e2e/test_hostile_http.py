"""Hostile tokens and requests through the real Nginx: a row each, with the answer that they must have.

Tokens follow RFC 8725 section by section; all of them are refused by each program that reads tokens.
Behind each row the same workers answer a good request.
"""
import json

import pytest
from harness import client
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.tokens import KEY, Maker, b64url, compact, raw, signature

PROGRAMS = ("token", "refresh", "hello", "verify")
LONG = 900  # of a claim that makes a token of more than 1 KB

NONE_SPELLINGS = ("none", "None", "NONE", "nOnE", "n\\u006fne", "", " none", "none\\u0000", "null", "HS256,none")


def header(**members):
    return {"header": {"alg": "HS256", "typ": "JWT", **members}}


# What a token is made of (harness.tokens.Maker), whoever it is presented to. The signature is the good
# key's over what is sent, unless the row says otherwise.
TOKENS = {
    # RFC 8725 2.1, 3.1, 3.2: the algorithm is the key's, never the token's.
    **{f"alg {name!r}, no signature": {"header_text": '{"alg":"%s","typ":"JWT"}' % name, "signature": ""}
       for name in NONE_SPELLINGS},
    **{f"alg {name!r}, signed": {"header_text": '{"alg":"%s","typ":"JWT"}' % name} for name in NONE_SPELLINGS},
    "no alg": {"header": {"typ": "JWT"}},
    "alg null": {"header": {"alg": None, "typ": "JWT"}},
    "alg true": {"header": {"alg": True}},
    "alg of an array": {"header": {"alg": ["HS256"]}},
    "alg of an object": {"header": {"alg": {"HS256": 1}}},
    "alg 256": {"header": {"alg": 256}},
    "alg in lower case": {"header": {"alg": "hs256"}},
    "alg with a blank": {"header": {"alg": "HS256 "}},
    "alg with NUL": {"header_text": r'{"alg":"HS256\u0000"}'},
    "ALG": {"header": {"ALG": "HS256"}},
    "alg twice, none last": {"header_text": '{"alg":"HS256","typ":"JWT","alg":"none"}'},
    "alg twice, none first": {"header_text": '{"alg":"none","typ":"JWT","alg":"HS256"}'},
    **{f"confusion with {name}": {"header": {"alg": name, "typ": "JWT"}}
       for name in ("HS384", "HS512", "HS1", "RS256", "RS512", "ES256", "PS256", "EdDSA", "A128KW", "dir",
                    "RSA-OAEP", "PBES2-HS256+A128KW")},
    "HS512 signed as HS512": {"alg": "HS512"},
    "HS384 signed as HS384": {"alg": "HS384"},
    # 3.1, 3.10: keys are not taken from the token, nor from where it points. A kid that is a string is
    # no attack by itself: it must not select, open or load anything, so these are signed by others.
    **{f"kid {name!r}": {**header(kid=name), "key": "other"} for name in (
        "../../../../dev/null", "/dev/null", "/proc/self/environ", "'; DROP TABLE auth_user;--", "a\0b",
        "http://127.0.0.1/key", "| id", "k" * 2000, "\u202e")},
    "kid of /dev/null, empty key": {**header(kid="/dev/null"), "key": "empty"},
    "kid 1": header(kid=1),
    "kid null": header(kid=None),
    "kid of an object": header(kid={"$gt": ""}),
    "kid of an array": header(kid=["a"]),
    "jku": {**header(jku="http://127.0.0.1:1/jwks.json"), "key": "other"},
    "x5u": {**header(x5u="http://127.0.0.1:1/cert.pem"), "key": "other"},
    "jwk": {**header(jwk={"kty": "oct", "k": b64url(b"another")}), "key": "other"},
    "jwk of the empty key": {**header(jwk={"kty": "oct", "k": ""}), "key": "empty"},
    "x5c": {**header(x5c=["MIIB"]), "key": "other"},
    # RFC 7515 4.1.11, RFC 7797.
    "crit": header(crit=["exp"], exp=1),
    "crit unknown": header(crit=["x"], x=1),
    "crit empty": header(crit=[]),
    "crit null": header(crit=None),
    "b64 false": header(b64=False),
    "b64 false and crit": header(b64=False, crit=["b64"]),
    "b64 false, payload as it is": {**header(b64=False, crit=["b64"]), "template": "{h}.{{}}.{s}"},
    # 3.8, 3.11 and shapes: what is no JWS in compact form.
    "JWE": {"template": "{h}.{p}.{s}.{s}.{s}", "header": {"alg": "dir", "enc": "A256GCM"}},
    "four parts": {"template": "{h}.{p}.{s}.{s}"},
    "two parts": {"template": "{h}.{p}"},
    "one part": {"template": "{h}"},
    "only dots": {"template": ".."},
    "many dots": {"template": "." * 4000},
    "a dot before": {"template": ".{h}.{p}.{s}"},
    "a dot behind": {"template": "{h}.{p}.{s}."},
    "no header": {"template": ".{p}.{s}"},
    "no payload": {"template": "{h}..{s}"},
    "detached payload": {"template": "{h}..{s}", "sign_over": "{h}."},
    "JSON serialization": {"template": '{{"payload":"{p}","protected":"{h}","signature":"{s}"}}'},
    # 3.2: the signature.
    "no signature": {"signature": ""},
    "another key": {"key": "other"},
    "the empty key": {"key": "empty"},
    "the key and a letter": {"key": "longer"},
    "the key but a letter": {"key": "shorter"},
    "the key in upper case": {"key": "upper"},
    "signature cut": {"cut": 1},
    "signature cut to half": {"cut": 22},
    "signature of one letter": {"signature": "A"},
    "first letter changed": {"flip": True},
    "spare bits": {"spare_bits": True},
    "signature and more": {"template": "{h}.{p}.{s}AAAA"},
    "signature of zeros": {"signature": b64url(b"\0" * 32)},
    "signature of 50 KB": {"signature": "A" * 50000},
    "signed over the payload": {"sign_over": "{p}"},
    "signed over nothing": {"sign_over": ""},
    # 3.4 and RFC 7515 2: base64url, canonical.
    "padded header": {"pad": "h"},
    "padded payload": {"pad": "p"},
    "padded signature": {"template": "{h}.{p}.{s}="},
    "standard alphabet": {"signature": "+/" * 21 + "+"},
    "a blank in the signature": {"template": "{h}.{p}. {s}"},
    "a line feed in the payload": {"template": "{h}.{p}\n.{s}"},
    "a percent": {"template": "{h}.{p}%.{s}"},
    "letters of UTF-8": {"template": "{h}.{p}\u00e9.{s}"},
    "length 1 modulo 4": {"template": "{h}A.{p}.{s}"},
    # RFC 8259, 8725 3.7: JSON.
    "header of an array": {"header_text": '["HS256"]'},
    "header of a string": {"header_text": '"HS256"'},
    "header null": {"header_text": "null"},
    "header empty": {"header_text": ""},
    "header twice": {"header_text": '{"alg":"HS256"}{"alg":"HS256"}'},
    "header with a comma": {"header_text": '{"alg":"HS256",}'},
    "header nested": {"header_text": '{"alg":"HS256","x":' + "[" * 900 + "]" * 900 + "}"},
    "header nested without end": {"header_text": '{"alg":"HS256","x":' + "[" * 3000},
    "header not UTF-8": {"header_text": '{"alg":"HS256","x":"\udcff"}'},
    "header of UTF-16": {"header_text": "\udcff\udcfe{\0}\0"},
    "payload of an array": {"payload_text": "[{claims}]"},
    "payload of a string": {"payload_text": '"exp"'},
    "payload of a number": {"payload_text": "1"},
    "payload null": {"payload_text": "null"},
    "payload empty": {"payload_text": ""},
    "payload not JSON": {"payload_text": "exp=1"},
    "payload and more": {"payload_text": "{claims}x"},
    "payload twice": {"payload_text": "{claims}{claims}"},
    "payload with NUL behind": {"payload_text": "{claims}\0"},
    "payload with a byte order mark": {"payload_text": "\ufeff{claims}"},
    "payload nested": {"set": {"x": {"raw": "[" * 900 + "]" * 900}}},
    "payload nested without end": {"payload_text": '{"exp":' * 5000},
    "payload overlong UTF-8": {"set": {"x": {"raw": '"\udcc0\udcaf"'}}},
    "payload surrogate in UTF-8": {"set": {"x": {"raw": '"\udced\udca0\udc80"'}}},
    "payload lone surrogate": {"set": {"x": {"raw": r'"\ud800"'}}},
    "exp only with NUL behind": {"drop": ["exp"], "set": {"exp\0x": 9999999999}},
    "payload NaN": {"set": {"x": {"raw": "NaN"}}},
    "payload Infinity": {"set": {"x": {"raw": "-Infinity"}}},
    "payload 1e400": {"set": {"x": {"raw": "1e400"}}},
    # Claims: duplicates, and times that clamp, overflow or are none.
    "exp twice": {"payload_text": '{"exp":1,"token_type":"access","jti":"a","user_id":1,"exp":99999999999}'},
    "user_id twice": {"set": {"user_id": {"raw": '1,"user_id":2'}}},
    "token_type twice": {"set": {"token_type": {"raw": '"access","token_type":"refresh"'}}},
    **{f"exp {text}": {"set": {"exp": {"raw": text}}} for text in (
        "1e400", "-1e400", "NaN", "Infinity", "9223372036854775808", "18446744073709551616", "-1", "0", "1",
        "-9223372036854775809", "null", "true", '"9999999999"', '"x"', "[]", "{}", "[9999999999]", "1" * 400,
        "0x7fffffff", "09999999999", "+9999999999", "9999999999.", ".5", "1e5", "-0", "-0.0")},
    "no exp": {"drop": ["exp"]},
    **{f"nbf {text}": {"set": {"nbf": {"raw": text}}} for text in ("99999999999", "1e300", '"x"', "[]", "null")},
    "iat in the future": {"set": {"iat": "t0+600"}},
    "iat of text": {"set": {"iat": "then"}},
    # 3.11, 3.12: a token of another kind or issuer is none.
    "no type": {"drop": ["token_type"]},
    "another type": {"set": {"token_type": "id"}},
    "type of a number": {"set": {"token_type": 1}},
    "type null": {"set": {"token_type": None}},
    "type of an array": {"set": {"token_type": ["access", "refresh"]}},
    "type in capitals": {"set": {"token_type": "ACCESS"}},
    "no id": {"drop": ["jti"]},
    # Sizes, each refused for its signature.
    **{f"of {size} bytes": {"set": {"x": "y" * (size * 3 // 4)}, "key": "other"}
       for size in (8000, 24000, 48000)},
    "4000 claims": {"payload_text": "{" + ",".join(f'"{i}":0' for i in range(4000)) + "}", "key": "other"},
}

# verify asks neither for a type nor for an id to be of a kind, as SimpleJWT's UntypedToken.
VERIFIES = {"another type", "type of a number", "type null", "type of an array", "type in capitals", "no type"}
WHY = {"token_not_valid", "bad_authorization_header"}
HEADER_MAXIMUM = 6000  # Nginx's own limit for one header line is 8 KB


@pytest.fixture(scope="module")
def server(site):
    skip_without(*PROGRAMS)
    server = site.ours("default")
    before = {name: server.main.workers(name) for name in PROGRAMS}
    yield server
    assert {name: server.main.workers(name) for name in PROGRAMS} == before, "no worker was replaced"


def still_good(server):
    maker = Maker()
    assert client.hello(server.port, maker.make({})).status == 200
    for path, field in (("/api/token/refresh/", "refresh"), ("/api/token/verify/", "token")):
        assert client.post_json(server.port, path, {field: maker.make({"kind": "refresh"})}).status == 200


@pytest.mark.parametrize("name", TOKENS)
def test_a_hostile_token_is_refused_by_everyone(server, name):
    recipe = TOKENS[name]
    access, refresh = (Maker().make({"kind": kind, **recipe}) for kind in ("access", "refresh"))
    if len(access) < HEADER_MAXIMUM and "\n" not in access:
        refused(client.ask(server.port, "GET /hello/", [f"Authorization: Bearer {access}"]))
    refused(client.post_json(server.port, "/api/token/refresh/", {"refresh": refresh}))
    if name not in VERIFIES:
        refused(client.post_json(server.port, "/api/token/verify/", {"token": access}))
    still_good(server)


def refused(answer):
    assert answer.status == 401 and answer.header("Content-Type") == "application/json"
    assert answer.json()["code"] in WHY
    assert answer.header("WWW-Authenticate") and answer.header("Cache-Control") == "no-store"
    assert len(answer.body) < 400, "nothing of the token is given back"


def test_tokens_are_not_mistaken_for_each_other(server):
    """RFC 8725 3.12: each kind where another belongs."""
    maker = Maker()
    for kind in ("refresh", "sliding"):
        refused(client.hello(server.port, maker.make({"kind": kind})))
    for kind in ("access", "sliding"):
        refused(client.post_json(server.port, "/api/token/refresh/", {"refresh": maker.make({"kind": kind})}))


LOGIN = json.dumps({"username": "alice", "password": PASSWORD})
JSON = "Content-Type: application/json"
MULTIPART = "Content-Type: multipart/form-data; boundary=x"
FORM = "Content-Type: application/x-www-form-urlencoded"


def part(name, value, *headers):
    lines = "".join(f"\r\n{line}" for line in headers)
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{lines}\r\n\r\n{value}\r\n'


# (line, headers, body): the statuses allowed. None stands for: the connection is closed without one.
REQUESTS = {
    # Headers.
    "Authorization twice": ("GET /hello/", ["Authorization: Bearer {good}", "Authorization: Bearer {bad}"], None, {400, 401}),
    "Authorization twice, bad first": ("GET /hello/", ["Authorization: Bearer {bad}", "Authorization: Bearer {good}"], None, {400, 401}),
    "two tokens": ("GET /hello/", ["Authorization: Bearer {good} {good}"], None, {401}),
    "two tokens with a comma": ("GET /hello/", ["Authorization: Bearer {good},Bearer {good}"], None, {401}),
    "Basic": ("GET /hello/", ["Authorization: Basic YWxpY2U6eA=="], None, {401}),
    "bearer in lower case": ("GET /hello/", ["Authorization: bearer {good}"], None, {401}),
    "a token and NUL": ("GET /hello/", ["Authorization: Bearer {good}\0"], None, {400}),
    "a token in the URL": ("GET /hello/?access_token={good}&token={good}", [], None, {401}),
    "a token in a cookie": ("GET /hello/", ["Cookie: access={good}"], None, {401}),
    "REDIRECT_HTTP_AUTHORIZATION": ("GET /hello/", ["Redirect-Http-Authorization: Bearer {good}"], None, {401}),
    "HTTP_AUTHORIZATION with underscore": ("GET /hello/", ["Http_Authorization: Bearer {good}"], None, {401}),
    "X-Forwarded-User": ("GET /hello/", ["X-Forwarded-User: alice", "X-Remote-User: alice", "Remote-User: alice"], None, {401}),
    "a folded header": ("GET /hello/", ["Authorization: Bearer\r\n {good}"], None, {400, 401}),
    "a blank before the colon": ("GET /hello/", ["Authorization : Bearer {good}"], None, {400, 401}),
    "httpoxy": ("GET /hello/", ["Proxy: http://127.0.0.1:1/", "Authorization: Bearer {good}"], None, {200}),
    "settings in headers": ("GET /hello/", ["JWT-SIGNING-KEY: x", "PGHOST: 127.0.0.1", "Authorization: Bearer {good}"], None, {200}),
    "a header of 100 KB": ("GET /hello/", ["X-A: " + "a" * 100000], None, {400, 431}),
    "an Authorization of 100 KB": ("GET /hello/", ["Authorization: Bearer " + "a" * 100000], None, {400, 431}),
    "1000 headers": ("GET /hello/", [f"X-{i}: a" for i in range(1000)], None, {400, 401, 431}),
    "Accept of 6 KB": ("GET /hello/", ["Accept: " + "a/b;q=0.1," * 600, "Authorization: Bearer {good}"], None, {406}),
    "Accept of bytes": ("GET /hello/", ["Accept: \udcff\udcfe/\x01;;;=", "Authorization: Bearer {good}"], None, {406}),
    "Range": ("GET /hello/", ["Range: bytes=0-1", "Authorization: Bearer {good}"], None, {200, 206}),
    "Expect of nonsense": ("POST /api/token/", [JSON, "Expect: 200-maybe"], LOGIN, {200, 417}),
    "Host of nonsense": ("GET /hello/", ["Host: a b/\\"], None, {400}),
    # Methods and targets.
    **{f"method {method}": (f"{method} /api/token/", [], None, {400, 405}) for method in (
        "TRACE", "CONNECT", "PROPFIND", "get", "GETS", "A" * 500, "DELETE", "PUT", "PATCH", "DEBUG")},
    "no method": (" /hello/", [], None, {400}),
    "X-HTTP-Method-Override": ("GET /api/token/", ["X-HTTP-Method-Override: POST", JSON], None, {405}),
    "method in the query": ("GET /api/token/?_method=POST&username=alice", [], None, {405}),
    "NUL in the path": ("GET /hello/%00", [], None, {400, 404}),
    "path climbing": ("GET /api/token/../../../../etc/passwd", [], None, {400, 404}),
    "encoded climbing": ("GET /api/token/%2e%2e/%2e%2e/%2e%2e/etc/passwd", [], None, {400, 404}),
    "a file behind the path": ("GET /hello/x.php", [], None, {404}),
    "a query of 6 KB": ("GET /hello/?" + "format=json&" * 500, ["Authorization: Bearer {good}"], None, {200, 400}),
    "format with traversal": ("GET /hello/?format=../../etc/passwd", ["Authorization: Bearer {good}"], None, {404}),
    "a line of 100 KB": ("GET /" + "a" * 100000, [], None, {414, 431}),
    # Lengths and framing.
    "length too short": ("POST /api/token/", [JSON, "Content-Length: 5"], LOGIN, {400}),
    "length twice": ("POST /api/token/", [JSON, "Content-Length: 5", "Content-Length: %d" % len(LOGIN)], LOGIN, {400}),
    "length negative": ("POST /api/token/", [JSON, "Content-Length: -1"], LOGIN, {400}),
    "length with a sign": ("POST /api/token/", [JSON, "Content-Length: +5"], LOGIN, {400}),
    "length beyond 2^64": ("POST /api/token/", [JSON, "Content-Length: 18446744073709551621"], LOGIN, {400, 413}),
    "length and chunks": ("POST /api/token/", [JSON, "Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n", {400}),
    "chunks": ("POST /api/token/", [JSON, "Transfer-Encoding: chunked"], "%x\r\n%s\r\n0\r\n\r\n" % (len(LOGIN), LOGIN), {200}),
    "chunks of nonsense": ("POST /api/token/", [JSON, "Transfer-Encoding: chunked"], "zz\r\n", {400}),
    "a chunk beyond 2^64": ("POST /api/token/", [JSON, "Transfer-Encoding: chunked"], "ffffffffffffffffff\r\n", {400, 413}),
    "an unknown coding": ("POST /api/token/", [JSON, "Transfer-Encoding: xchunked"], LOGIN, {400, 501}),
    "a compressed body": ("POST /api/token/", [JSON, "Content-Encoding: gzip"], "\x1f\udc8b\x08\0\0", {400}),
    "a body over 64 KiB": ("POST /api/token/", [JSON], " " * 65537, {413}),
    "a body of 2 MB": ("POST /api/token/", [JSON], " " * (2 << 20), {413}),
    "no body": ("POST /api/token/", [JSON], None, {400}),
    "a body for GET": ("GET /hello/", [JSON, "Authorization: Bearer {good}"], LOGIN, {200}),
    # JSON bodies.
    "credentials of 60 KB": ("POST /api/token/", [JSON], json.dumps({"username": "u" * 30000, "password": "p" * 30000}), {401}),
    "password of 65 KB": ("POST /api/token/", [JSON], json.dumps({"username": "alice", "password": "p" * 65000}), {401}),
    "nested without end": ("POST /api/token/", [JSON], "[" * 65000, {400}),
    "nested objects": ("POST /api/token/", [JSON], '{"username":' * 5000, {400}),
    "65000 digits": ("POST /api/token/", [JSON], '{"username":' + "1" * 65000 + "}", {400}),
    "1e999999999": ("POST /api/token/", [JSON], '{"username":1e999999999,"password":"x"}', {400, 401}),
    "7000 members": ("POST /api/token/", [JSON], "{" + ",".join(f'"{i}":0' for i in range(7000)) + "}", {400}),
    "one name 4000 times": ("POST /api/token/", [JSON], "{" + ",".join(['"username":"a"'] * 4000) + "}", {400}),
    "NUL in the name": ("POST /api/token/", [JSON], r'{"username":"alice\u0000","password":"x"}', {400}),
    "NUL in the password": ("POST /api/token/", [JSON], json.dumps({"username": "alice", "password": PASSWORD + "\0"}), {400}),
    "a lone surrogate": ("POST /api/token/", [JSON], r'{"username":"\ud800","password":"x"}', {400, 401}),
    "overlong UTF-8": ("POST /api/token/", [JSON], '{"username":"\udcc0\udcaf","password":"x"}', {400}),
    "surrogate in UTF-8": ("POST /api/token/", [JSON], '{"username":"\udced\udca0\udc80","password":"x"}', {400}),
    "UTF-16": ("POST /api/token/", [JSON], "\udcff\udcfe{\0}\0", {400}),
    "an object for a name": ("POST /api/token/", [JSON], '{"username":{"$ne":null},"password":{"$ne":null}}', {400}),
    "SQL": ("POST /api/token/", [JSON], json.dumps({"username": "' OR 1=1;--", "password": "x"}), {401}),
    "a format string": ("POST /api/token/", [JSON], json.dumps({"username": "%n%s%x" * 50, "password": "%n%s"}), {401}),
    "a line for the log": ("POST /api/token/", [JSON], json.dumps({"username": "x\n2026-01-01T00:00:00Z token[1]: forged", "password": "x"}), {401}),
    "XML": ("POST /api/token/", ["Content-Type: application/xml"], "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", {415}),
    "a type of 6 KB": ("POST /api/token/", ["Content-Type: " + "a" * 6000], LOGIN, {415}),
    "a charset of nonsense": ("POST /api/token/", [JSON + "; charset=../../x"], LOGIN, {200, 400, 415}),
    "UTF-7": ("POST /api/token/", [JSON + "; charset=utf-7"], LOGIN, {200, 400, 415}),
    # Forms and multipart bombs.
    "15000 fields": ("POST /api/token/", [FORM], "a=1&" * 15000, {400}),
    "a form of escapes": ("POST /api/token/", [FORM], "username=" + "%41" * 20000, {400}),
    "a form of broken escapes": ("POST /api/token/", [FORM], "username=%zz%&password=%", {401}),
    "1000 parts": ("POST /api/token/", [MULTIPART], part("a", "1") * 1000 + "--x--\r\n", {400}),
    "parts without end": ("POST /api/token/", [MULTIPART], "--x\r\n" * 13000, {400}),
    "a boundary of 5 KB": ("POST /api/token/", [MULTIPART.replace("=x", "=" + "b" * 5000)], part("a", "1"), {400}),
    "no boundary": ("POST /api/token/", ["Content-Type: multipart/form-data"], part("a", "1"), {400}),
    "a boundary of bytes": ("POST /api/token/", [MULTIPART.replace("=x", "=\udcff\udcfe")], part("a", "1"), {400}),
    "part headers without end": ("POST /api/token/", [MULTIPART], "--x\r\n" + "A: b\r\n" * 10000, {400}),
    "a part header of 60 KB": ("POST /api/token/", [MULTIPART], "--x\r\nA: " + "b" * 60000, {400}),
    "base64 without end": ("POST /api/token/", [MULTIPART], part("username", "=" * 60000, "Content-Transfer-Encoding: base64"), {400}),
    "a file for a name": ("POST /api/token/", [MULTIPART],
                          '--x\r\nContent-Disposition: form-data; name="username"; filename="../../x"\r\n\r\nalice\r\n'
                          + part("password", PASSWORD) + "--x--\r\n", {400}),
    "multipart/mixed": ("POST /api/token/", ["Content-Type: multipart/mixed; boundary=x"], part("a", "1"), {415}),
    # The refresh endpoint, with what is no token at all.
    **{f"refresh {value[:20]!r}": ("POST /api/token/refresh/", [JSON], '{"refresh":%s}' % value, {400, 401}) for value in (
        "null", "true", "1", "1e400", "[]", "{}", '""', '" "', '"\\u0000"', '"' + "A" * 65000 + '"', '"."',
        '"' + "." * 65000 + '"', '"' + "\\ud83d\\ude00" * 5000 + '"')},
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_hostile_request_has_its_answer(server, name):
    line, headers, body, statuses = REQUESTS[name]
    tokens = {"{good}": Maker().make({}), "{bad}": Maker().make({"key": "other"})}

    def filled(text):
        for gap, token in tokens.items():
            text = text.replace(gap, token)
        return text

    answer = client.ask(server.port, filled(line), [filled(header) for header in headers], body)
    assert answer.status in statuses, answer.body[:200]
    if answer.status >= 400 and not line.startswith("HEAD"):
        assert answer.header("Content-Type") == "application/json", answer.body[:200]
        assert "detail" in answer.json() or answer.status == 400
        assert len(answer.body) < 1000 or len(answer.body) < len(line) + 7000, "what is sent is not given back"
    still_good(server)


def test_smuggled_requests_are_answered_as_one(server):
    """What follows a body on the connection is a request of its own, or nothing; never part of the first."""
    token = Maker().make({})
    smuggled = f"GET /hello/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    for headers in (["Content-Length: 2", "Transfer-Encoding: chunked"],
                    ["Transfer-Encoding: chunked, identity"], ["Transfer-Encoding:\x0bchunked"],
                    ["Content-Length : 2"], ["Content-Length: 0x2"]):
        data = client.send(server.port, client.request_bytes(
            "POST /api/token/refresh/", [JSON, "Connection: keep-alive", *headers], raw("{}" + smuggled)))
        assert b"Hello" not in data and data.count(b"HTTP/1.1 ") == 1, headers
    still_good(server)


def test_no_answer_says_more_than_it_must(server):
    """Neither version, path, SQL nor the database's own words, whatever is sent."""
    for line, headers, body, _ in REQUESTS.values():
        answer = client.ask(server.port, line, headers, body)
        text = (answer.body + repr(answer.headers).encode()).lower()
        for word in (b"nginx/", b"postgres", b"libpq", b"select ", b"/src/", b"openssl", b"traceback", KEY.encode()):
            assert word not in text


def test_a_signature_of_the_right_key_over_other_bytes_is_none(server):
    """The signature of one token under another's header and claims."""
    first, second = Maker().make({}), Maker().make({"set": {"user_id": 2}})
    h, _, s = first.split(".")
    refused(client.hello(server.port, f"{h}.{second.split('.')[1]}.{s}"))
    header_none = b64url(compact({"alg": "none"}).encode())
    claims = first.split(".")[1]
    refused(client.hello(server.port, f"{header_none}.{claims}.{signature('HS256', KEY, f'{h}.{claims}')}"))
