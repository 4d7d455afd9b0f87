"""Keys: jwtctl, every algorithm against PyJWT, the published keys and those who read them."""
import base64
import fnmatch
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import time

import jwt
import pytest
from harness import client, node, ours, process
from harness.fixtures import skip_without
from harness.pages import Page
from harness.people import PASSWORD
from harness.profiles import KEY, PROFILES, Profile
from harness.site import Site

ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
              "ES256", "ES384", "ES512", "ES256K", "EdDSA"]
ISSUER = {"JWT_OIDC_ISSUER": "https://login.example.org", "JWT_SESSIONS": "on"}
VECTORS = json.loads((pathlib.Path(__file__).parents[1] / "vectors" / "jws.json").read_text())
SITE = "/.well-known/jwks.json"

pytestmark = pytest.mark.skipif(bool(ours.missing(["jwtctl", "jwks"])), reason="jwtctl and jwks are not built")


def jwtctl(*arguments, text="", **settings):
    return subprocess.run(
        [ours.program("jwtctl"), *map(str, arguments)], input=text, text=True, capture_output=True,
        env=ours.environment({}, settings),
    )


def done(*arguments, **more):
    result = jwtctl(*arguments, **more)
    assert result.returncode == 0, result.stderr
    return result.stdout


def generate(folder, algorithm="ES256", state="active", *more):
    return json.loads(done("key", "generate", "--dir", folder, "--algorithm", algorithm, "--state", state,
                           "--json", *more))


def key_file(folder, text, name="key"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)
    return path


def un_b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture(scope="module")
def rings(tmp_path_factory):
    """rings(ALG): a folder with one active key for it, made once."""
    made = {}

    def ring(algorithm):
        if algorithm not in made:
            made[algorithm] = tmp_path_factory.mktemp("ring") / "keys"
            generate(made[algorithm], algorithm)
        return made[algorithm]

    return ring


# jwtctl verify.


def test_vectors(tmp_path):
    for name, key in VECTORS["keys"].items():
        key_file(tmp_path, un_b64url(key["oct"]) if "oct" in key else key["pem"], name)
    wrong = []
    # All of them through the library, in tests/unit; a sanitized program takes long to start.
    for vector in VECTORS["vectors"][:: 8 if ours.sanitized("jwtctl") else 1]:
        result = jwtctl("verify", "--algorithm", vector["alg"], "--key", tmp_path / vector["key"],
                        "--signature-only", text=vector["token"])
        if result.returncode != (0 if vector["valid"] else 1):
            wrong.append((vector["id"], result))
    assert len(VECTORS["vectors"]) == 239 and not wrong


def test_verify(tmp_path):
    key = key_file(tmp_path, KEY)
    arguments = ["verify", "--algorithm", "HS256", "--key", key]
    token = jwt.encode({"exp": 2000, "nbf": 1000, "aud": ["a", "b"], "iss": "i"}, KEY, "HS256")
    for now, valid in ((1500, True), (999, False), (1000, True), (1999, True), (2000, False)):
        for end in ("", "\n"):
            result = jwtctl(*arguments, "--now", now, text=token + end)
            assert result.returncode == (0 if valid else 1)
            assert len((result.stdout + result.stderr).splitlines()) == 1
    assert jwtctl(*arguments, "--signature-only", text=token).returncode == 0
    assert jwtctl(*arguments, "--now", 1500, "--issuer", "i", "--audience", "b", text=token).returncode == 0
    assert jwtctl(*arguments, "--now", 1500, "--audience", "c", text=token).returncode == 1
    answer = json.loads(jwtctl(*arguments, "--json", text=token).stdout)
    assert answer["valid"] is False and "expired" in answer["reason"]
    assert json.loads(jwtctl(*arguments, "--json", "--now", 1500, text=token).stdout)["valid"] is True
    for token in ("", "x", "a.b", "a.b.c", "..", token + "\n\n", token[:-1]):
        result = jwtctl(*arguments, "--now", 1500, text=token)
        assert result.returncode == 1 and len(result.stderr.splitlines()) == 1


def test_verify_cannot_decide(tmp_path):
    token = jwt.encode({}, KEY, "HS256")
    key, short = key_file(tmp_path, KEY), key_file(tmp_path, "short", "short")
    broken = key_file(tmp_path, "-----BEGIN PUBLIC KEY-----\nno\n-----END PUBLIC KEY-----\n", "broken")
    for arguments in ((), ("--algorithm", "HS256"), ("--key", key), ("--algorithm", "HS257", "--key", key),
                      ("--algorithm", "none", "--key", key), ("--algorithm", "ES256", "--key", key),
                      ("--algorithm", "HS256", "--key", short), ("--algorithm", "ES256", "--key", broken),
                      ("--algorithm", "HS256", "--key", broken), ("--algorithm", "HS256", "--key", tmp_path),
                      ("--algorithm", "HS256", "--key", tmp_path / "none"), ("--what",),
                      ("--algorithm", "HS256", "--key", key, "--now", "soon")):
        result = jwtctl("verify", *arguments, text=token)
        assert result.returncode == 2 and not result.stdout and result.stderr


def test_decode():
    now = int(time.time())
    token = jwt.encode({"exp": now + 100, "name": "\x1b[31m\u20ac"}, "whatever", "HS256")
    text = done("decode", "--now", now, text=token)
    assert text.startswith("NOT VERIFIED") and "\x1b" not in text and "100 s" in text
    answer = json.loads(done("decode", "--now", now, "--json", text=token))
    assert answer["verified"] is False and answer["expires_in"] == 100
    assert answer["header"] == {"alg": "HS256", "typ": "JWT"} and answer["claims"]["exp"] == now + 100
    assert jwtctl("decode", text="no token").returncode == 1


def test_help():
    listed = done("--help")
    for command in ("verify", "decode", "issue", "key generate", "key list", "key activate", "key retire",
                    "key thumbprint", "key export-public"):
        assert command in listed
        text = done(*command.split(), "--help")
        assert "Examples:\n  " in text and "--json" in text
    assert jwtctl().returncode == 2 and jwtctl("key").returncode == 2 and jwtctl("nothing").returncode == 2
    assert jwtctl("nothing").stderr == "jwtctl: unknown command; see jwtctl --help\n"
    assert jwtctl("user", "ad").stderr == "jwtctl: unknown command; see jwtctl user --help\n"
    assert "key list" in jwtctl().stderr and "password hash" in jwtctl("password", "--help").stdout
    assert "key list" not in jwtctl("password", "--help").stdout


def test_issue(tmp_path):
    settings = {"JWT_SIGNING_KEY_FILE": str(key_file(tmp_path, KEY)), "JWT_ISSUER": "me"}
    for kind, lifetime in (("access", 300), ("refresh", 86400), ("sliding", 300)):
        answer = json.loads(done("issue", "--user", "7", "--type", kind, "--json", **settings))
        claims = jwt.decode(answer["token"], KEY, ["HS256"], issuer="me")
        assert (claims["token_type"], claims["user_id"]) == (kind, "7")
        assert claims["exp"] - claims["iat"] == lifetime and answer["expires"] == claims["exp"]
    token = done("issue", "--user", "7", **settings)
    assert jwt.get_unverified_header(token.strip()) == {"alg": "HS256", "typ": "JWT"}
    assert jwtctl("issue", **settings).returncode == 2
    assert jwtctl("issue", "--user", "7").returncode == 2


# Keys against another implementation.


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signed_here_verified_by_pyjwt_and_back(rings, tmp_path, algorithm):
    folder = rings(algorithm)
    private = next(path for path in (folder / "active").iterdir() if path.suffix in (".pem", ".secret"))
    public = private if private.suffix == ".secret" else private.with_suffix(".pub")
    token = done("issue", "--user", "1", JWT_KEY_DIR=str(folder)).strip()
    claims = jwt.decode(token, public.read_text(), [algorithm])
    assert claims["user_id"] == "1"
    kid = json.loads(done("key", "list", "--dir", folder, "--json"))[0]["kid"]
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": kid, "typ": "JWT"}
    theirs = jwt.encode({"a": 1}, private.read_text(), algorithm)
    files = [public]
    if public != private:
        jwk = done("key", "export-public", "--jwk", "--algorithm", algorithm, private)
        assert not {"d", "p", "q", "k"} & set(json.loads(jwk))
        files.append(key_file(tmp_path, jwk, "jwk"))
        files.append(key_file(tmp_path, json.dumps({"keys": [{"kty": "none"}, json.loads(jwk)]}), "set"))
        assert done("key", "export-public", private) == public.read_text()
        certificate = tmp_path / "certificate.pem"
        made = subprocess.run(["openssl", "req", "-x509", "-key", private, "-subj", "/CN=test", "-days", "2",
                               "-out", certificate], capture_output=True)
        files += [certificate] if made.returncode == 0 else []
    for file in files:
        assert jwtctl("verify", "--algorithm", algorithm, "--key", file, text=theirs).returncode == 0
        assert done("key", "thumbprint", "--algorithm", algorithm, file).strip() == kid
        wrong = theirs[:-6] + ("AAAAAA" if theirs[-6:] != "AAAAAA" else "BBBBBB")
        assert jwtctl("verify", "--algorithm", algorithm, "--key", file, text=wrong).returncode == 1


def test_files_of_a_ring(tmp_path):
    folder = tmp_path / "keys"
    made = generate(folder)
    private = folder / made["file"]
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.with_suffix(".pub").stat().st_mode) == 0o644
    second = generate(folder, "EdDSA", "next", "--curve", "Ed448")
    early = jwtctl("key", "activate", "--dir", folder, second["kid"][:12])
    assert early.returncode == 1 and "--force" in early.stderr
    assert jwtctl("key", "retire", "--dir", folder, made["kid"]).returncode == 1, "it is the only one"
    done("key", "activate", "--dir", folder, second["kid"], "--force")
    done("key", "retire", "--dir", folder, made["kid"])
    listed = {key["kid"]: key for key in json.loads(done("key", "list", "--dir", folder, "--json"))}
    assert listed[second["kid"]]["signs"] and listed[second["kid"]]["state"] == "active"
    assert listed[made["kid"]]["state"] == "retired"
    assert listed[made["kid"]]["until"] == pytest.approx(time.time() + 86400, abs=20)
    assert not list((folder / "next").iterdir()) and not (folder / made["file"]).exists()
    assert jwtctl("key", "list", "--dir", tmp_path / "none").returncode == 2
    assert jwtctl("key", "list").returncode == 2


@pytest.fixture(scope="module")
def two_keys(tmp_path_factory):
    """A folder in which an ES256 key is newer than the RSA key."""
    folder = tmp_path_factory.mktemp("two") / "keys"
    assert generate(folder, "RS256")["signs"]
    [older] = json.loads(done("key", "list", "--dir", folder, "--json"))
    while time.time() < older["since"] + 1:  # the order is that of whole seconds
        time.sleep(0.05)
    assert generate(folder, "ES256")["signs"]
    return folder


@pytest.mark.parametrize("settings, signing", [
    ({}, [("ES256", "active/*")]),
    (ISSUER, [("ES256", "active/*")]),
    ({**ISSUER, "JWT_SIGNING_KEY": KEY}, [("HS256", "JWT_SIGNING_KEY"), ("RS256", "active/*")]),
    ({**ISSUER, "JWT_SIGNING_KEY_FILE": "/key", "JWT_ALGORITHM": "HS512"}, [("HS512", "/key"), ("RS256", "active/*")]),
    ({"JWT_SIGNING_KEY": KEY, "JWT_KEY_DIR": ""}, [("HS256", "JWT_SIGNING_KEY")]),
], ids=["folder", "provider", "beside", "beside-file", "alone"])
def test_which_keys_sign(two_keys, settings, signing):
    """A key of the settings signs what the password endpoints issue; the folder's newest RSA key what clients get."""
    settings = {"JWT_KEY_DIR": str(two_keys), **settings}
    found = [key for key in json.loads(done("key", "list", "--dir", two_keys, "--json", **settings)) if key["signs"]]
    assert [key["alg"] for key in found] == [algorithm for algorithm, file in signing]
    assert all(fnmatch.fnmatch(key["file"], file) for key, (algorithm, file) in zip(found, signing))
    assert [key["kid"] is None for key in found] == [file != "active/*" for algorithm, file in signing]


@pytest.mark.parametrize("more, bits", [([], 2048), (["--bits", 3072], 3072)])
def test_the_size_of_an_rsa_key(tmp_path, more, bits):
    done("key", "generate", "--dir", tmp_path / "keys", "--algorithm", "RS256", "--state", "active", *more)
    published = json.loads(done("key", "export-public", "--jwk", *(tmp_path / "keys/active").glob("*.pub")))
    assert len(un_b64url(published["n"])) * 8 == bits


def listed(site):
    return site.execute("SELECT user_id, token, jti, extract(epoch FROM expires_at)::bigint"
                        " FROM token_blacklist_outstandingtoken")


def test_an_issued_token_is_listed_as_one_of_a_login(site, stack):
    """So that it can be logged out, and counts; a digest of the password, where that is wanted, too."""
    settings = {**PROFILES["revoke"].our_settings(), **site.our_environment()}
    for kind in ("refresh", "sliding"):
        site.restore()
        token = done("issue", "--user", "1", "--type", kind, **settings).strip()
        claims = jwt.decode(token, options={"verify_signature": False})
        assert listed(site) == [(1, token, claims["jti"], claims["exp"])]
    site.restore()
    access, refresh = (done("issue", "--user", "1", "--type", kind, **settings).strip() for kind in ("access", "refresh"))
    server = stack("revoke")
    assert client.hello(server.port, access).status == 200
    assert client.post_json(server.port, "/api/token/refresh/", {"refresh": refresh}).status == 200
    assert len(listed(site)) == 1
    assert client.post_json(server.port, "/api/token/blacklist/", {"refresh": refresh}).status == 200
    assert client.post_json(server.port, "/api/token/refresh/", {"refresh": refresh}).status == 401


@pytest.mark.parametrize("user, database, word", [
    ("1", {"PGHOST": "/nonexistent"}, "the database has not answered: the token is not listed"),
    ("4711", {}, "there is no user of that id: the token is not listed"),
])
def test_a_token_that_cannot_be_listed_says_so(site, user, database, word):
    site.restore()
    settings = {**PROFILES["default"].our_settings(), **site.our_environment(), **database}
    result = jwtctl("issue", "--user", user, "--type", "refresh", **settings)
    assert result.returncode == 0 and word in result.stderr and result.stdout.count(".") == 2
    assert not jwtctl("issue", "--user", user, **settings).stderr, "an access token never is"
    assert listed(site) == []


def test_from_a_secret_to_a_folder_of_keys(tmp_path):
    """The commands of docs/keys.md; every token stays valid."""
    key_file(tmp_path, KEY)
    before = done("issue", "--user", "1", JWT_SIGNING_KEY_FILE=str(tmp_path / "key")).strip()
    page, folder = Page("docs/keys.md"), tmp_path / "keys"
    configuration = tmp_path / "jwt-fcgi.conf"
    configuration.write_text(f"JWT_SIGNING_KEY={KEY}\n")
    path = f"{ours.program('jwtctl').parent}:{os.environ['PATH']}"
    environment = ours.environment({}, {"PATH": path, "JWT_JWKS_MAX_AGE": "0"})
    for commands in (page.block("folder"), page.block("rotate")):
        for here, there in ((" -o jwt_fcgi", ""), ("/etc/jwt-fcgi", str(tmp_path)), ("sleep 300\n", ""),
                            ("systemctl restart 'jwt-fcgi@*.service'\n", "")):
            commands = commands.replace(here, there)
        subprocess.run(["bash", "-e", "-o", "pipefail", "-c", commands], check=True, cwd=tmp_path, env=environment)
    assert configuration.read_text() == f"JWT_KEY_DIR={folder}\n"
    states = {key["state"] for key in json.loads(done("key", "list", "--dir", folder, "--json"))}
    assert states == {"active", "retired"} and len(list((folder / "retired").iterdir())) == 3
    active = next((folder / "active").glob("*.pub"))
    kid = done("key", "thumbprint", active).strip()
    after = process.wait_for(
        lambda: (token := done("issue", "--user", "1", JWT_KEY_DIR=str(folder)).strip())
        and jwt.get_unverified_header(token).get("kid") == kid and token, "the new key to sign")
    assert jwt.decode(after, active.read_text(), ["ES256"])["user_id"] == "1"
    database = {"PGHOST": "/nonexistent"}
    for token in (before, after):
        body = json.dumps({"token": token}).encode()
        answer = subprocess.run(
            [ours.program("verify")], input=body, capture_output=True,
            env={**ours.environment(database, {"JWT_KEY_DIR": str(folder)}), "REQUEST_METHOD": "POST",
                 "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))})
        assert answer.stdout.startswith(b"Status: 200"), answer


# What the programs refuse to start with.


def refusal(tmp_path, **settings):
    result = subprocess.run([ours.program("jwks"), "--check-config"], text=True, capture_output=True,
                            env=ours.environment({}, settings), cwd=tmp_path)
    assert result.returncode != 0 and len(result.stderr.splitlines()) == 1, result
    return result.stderr


def test_refused_at_the_start(rings, tmp_path):
    ring = next((rings("ES256") / "active").glob("*.pem"))
    weak = tmp_path / "weak.pem"
    subprocess.run(["openssl", "genrsa", "-out", weak, "1024"], check=True, capture_output=True)
    weak.chmod(0o600)
    for path, algorithm, reason in ((weak, "RS256", "1024 bits"), (ring, "ES384", "P-384"),
                                    (ring, "HS256", "EC"), (weak, "ES256", "RSA"),
                                    (key_file(tmp_path, "short"), "HS256", "5 bytes"),
                                    (tmp_path / "none", "HS256", "No such file")):
        line = refusal(tmp_path, JWT_SIGNING_KEY_FILE=str(path), JWT_ALGORITHM=algorithm)
        assert str(path) in line and reason in line
    open_to_all = tmp_path / "open.pem"
    shutil.copy(ring, open_to_all)
    open_to_all.chmod(0o644)
    assert "0644" in refusal(tmp_path, JWT_SIGNING_KEY_FILE=str(open_to_all), JWT_ALGORITHM="ES256")
    assert "JWT_KEY_DIR" in refusal(tmp_path, JWT_SIGNING_KEY=KEY, JWT_KEY_DIR=str(ring.parents[1]))
    assert "no keys" in refusal(tmp_path, JWT_KEY_DIR=str(tmp_path))
    folder = tmp_path / "twice"
    shutil.copytree(rings("ES256"), folder)
    shutil.copy(ring, folder / "next" / "copy.pem")
    for file in folder.glob("*/*.pub"):
        file.unlink()
    assert "the same key" in refusal(tmp_path, JWT_KEY_DIR=str(folder))



def test_an_issuer_needs_an_rsa_key(rings, tmp_path):
    """RS256 is mandatory (OpenID Connect Core, section 15.1)."""
    for settings in ({"JWT_SIGNING_KEY": KEY}, {"JWT_KEY_DIR": str(rings("ES256"))},
                     {"JWT_KEY_DIR": str(rings("HS256")), "JWT_SIGNING_KEY": KEY},
                     {"JWT_KEY_DIR": str(rings("PS256"))}):
        line = refusal(tmp_path, **ISSUER, **settings)
        assert "JWT_OIDC_ISSUER" in line and "RS256" in line
    folder = tmp_path / "keys"
    generate(folder, "RS256", "next")
    generate(folder, "ES256", "active")
    assert "RS256" in refusal(tmp_path, **ISSUER, JWT_KEY_DIR=str(folder))
    missing = str(tmp_path / "none")
    assert missing in refusal(tmp_path, **ISSUER, JWT_KEY_DIR=str(rings("RS256")), JWT_SIGNING_KEY_FILE=missing)


@pytest.fixture
def provider(cluster, rings):
    """The password endpoints beside OpenID Connect: a single key, and a folder with an RSA key."""
    skip_without("token", "hello", "jwks")
    site = Site(cluster, "key_beside")
    cluster.psql("key_beside", "-f", ours.CHECKOUT / "sql/oidc.sql")
    yield site.ours("plain", **ISSUER, JWT_SIGNING_KEY=KEY, JWT_KEY_DIR=str(rings("RS256")))
    site.end()


def test_a_single_key_beside_a_folder(provider, rings):
    """It signs what it signs alone, its secret is not published, and a token of either key is let in."""
    access = obtain(provider.port)["access"]
    assert jwt.get_unverified_header(access) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(access, KEY, ["HS256"])
    keys = client.ask(provider.port, f"GET {SITE}").json()["keys"]
    assert [key["alg"] for key in keys] == ["RS256"]
    private = next((rings("RS256") / "active").glob("*.pem")).read_text()
    for typ in ("JWT", "at+jwt"):
        other = jwt.encode(claims, private, "RS256", headers={"kid": keys[0]["kid"], "typ": typ})
        assert client.hello(provider.port, other).status == 200
    assert client.hello(provider.port, access).status == 200
    for wrong in (jwt.encode(claims, KEY + "x", "HS256"), jwt.encode(claims, private, "RS256", headers={"kid": "x"})):
        assert client.hello(provider.port, wrong).status == 401


# The published keys.


@pytest.fixture
def published(site, rings, tmp_path):
    """A ring of several kinds, served."""
    ours_missing = ours.missing(["token", "hello", "verify"])
    if ours_missing:
        pytest.skip(f"not built: {ours_missing}")
    folder = tmp_path / "keys"
    generate(folder, "RS256", "next")
    generate(folder, "EdDSA", "next")
    generate(folder, "HS256", "next")
    generate(folder, "ES256", "active")
    server = site.ours("plain", JWT_SIGNING_KEY="", JWT_KEY_DIR=str(folder))
    server.keys = folder
    return server


def obtain(port, username="alice"):
    answer = client.post_json(port, "/api/token/", {"username": username, "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.json()


def test_jwks(published):
    answer = client.ask(published.port, f"GET {SITE}", ["Accept: application/pdf"])
    assert answer.status == 200 and answer.header("Content-Type") == "application/jwk-set+json"
    assert answer.header("Cache-Control") == "public, max-age=300" and answer.header("Vary") is None
    keys = answer.json()["keys"]
    assert sorted(key["alg"] for key in keys) == ["ES256", "EdDSA", "RS256"]
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)
        assert key["use"] == "sig" and len(key["kid"]) == 43
    tag = answer.header("ETag")
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        same = client.ask(published.port, f"GET {SITE}", [f"If-None-Match: {known}"])
        assert same.status == 304 and not same.body and same.header("ETag") == tag
        assert same.header("Cache-Control") == "public, max-age=300"
    assert client.ask(published.port, f"GET {SITE}", ['If-None-Match: "x"']).status == 200
    head = client.ask(published.port, f"HEAD {SITE}")
    assert head.status == 200 and not head.body and head.header("ETag") == tag
    assert client.ask(published.port, f"POST {SITE}", [], "{}").status == 405


def test_pyjwt_reads_them(published):
    access = obtain(published.port)["access"]
    reader = jwt.PyJWKClient(f"http://127.0.0.1:{published.port}{SITE}")
    key = reader.get_signing_key_from_jwt(access).key
    assert jwt.decode(access, key, ["ES256"])["token_type"] == "access"


def test_simplejwt_reads_them(published, site):
    """A Django site with JWK_URL lets our tokens in."""
    PROFILES["jwk-url"] = Profile(
        {"ALGORITHM": "ES256", "SIGNING_KEY": "", "JWK_URL": f"http://127.0.0.1:{published.port}{SITE}"},
        blacklist=False,
    )
    django = site.reference("jwk-url")
    access = obtain(published.port)["access"]
    assert client.hello(django.port, access).status == 200
    assert client.hello(django.port, access[:-8] + "AAAAAAAA").status == 401


JOSE = """
import { createRemoteJWKSet, jwtVerify } from 'jose'
const [url, token] = process.argv.slice(2)
const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(url)))
console.log(JSON.stringify([payload, protectedHeader]))
"""


@pytest.fixture(scope="session")
def jose(tmp_path_factory):
    """A folder where Node.js finds Debian's jose."""
    folder = node.prepare(tmp_path_factory.mktemp("jose"), "jose")
    (folder / "verify.mjs").write_text(JOSE)
    return folder


def test_jose_reads_them(published, jose):
    access = obtain(published.port)["access"]
    url = f"http://127.0.0.1:{published.port}{SITE}"
    claims, header = json.loads(node.run(jose, "verify.mjs", url, access))
    assert claims["token_type"] == "access" and header["alg"] == "ES256"


def test_a_single_key_pair(site, rings, tmp_path):
    """JWT_SIGNING_KEY, JWT_VERIFYING_KEY and JWT_ALGORITHM as on a Django site with the same settings."""
    private = next((rings("RS256") / "active").glob("*.pem"))
    public = private.with_suffix(".pub")
    simple_jwt = {"ALGORITHM": "RS256", "SIGNING_KEY": private.read_text(), "VERIFYING_KEY": public.read_text()}
    PROFILES["key-pair"] = Profile(simple_jwt, blacklist=False)
    here, there = site.ours("key-pair"), site.reference("key-pair")
    for issuer, other in ((here, there), (there, here)):
        access = obtain(issuer.port)["access"]
        assert jwt.get_unverified_header(access) == {"alg": "RS256", "typ": "JWT"}
        assert client.hello(other.port, access).status == 200
        forged = jwt.encode({"user_id": 1, "token_type": "access", "jti": "1", "exp": int(time.time()) + 99},
                            "x" * 40, "HS256")
        assert client.hello(issuer.port, forged).status == 401
    keys = client.ask(here.port, f"GET {SITE}").json()["keys"]
    assert [key["alg"] for key in keys] == ["RS256"]


# Verifying without any private key.


def cgi(program, database, settings, **variables):
    environment = {"REQUEST_METHOD": "GET", "GATEWAY_INTERFACE": "CGI/1.1", **variables}
    return subprocess.run([ours.program(program)], input=b"", capture_output=True,
                          env={**ours.environment(database, settings), **environment}).stdout


@pytest.mark.parametrize("way", ["JWT_KEY_DIR", "JWT_VERIFYING_KEY_FILE"])
def test_public_keys_are_enough(site, rings, tmp_path, way):
    token = done("issue", "--user", "1", JWT_KEY_DIR=str(rings("ES256"))).strip()
    folder = tmp_path / "keys"
    shutil.copytree(rings("ES256"), folder)
    for private in folder.glob("*/*.pem"):
        private.unlink()
    public = next(folder.glob("*/*.pub"))
    settings = {way: str(folder if way == "JWT_KEY_DIR" else public), "JWT_ALGORITHM": "ES256"}
    database = site.our_environment()
    answer = cgi("hello", database, settings, HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.startswith(b"Status: 200 OK")
    assert cgi("hello", database, settings, HTTP_AUTHORIZATION=f"Bearer {token[:-4]}AAAA").startswith(
        b"Status: 401")
    assert cgi("jwks", {}, settings).startswith(b"Status: 200")
    for name in ("verify", "hello"):
        assert subprocess.run([ours.program(name), "--check-config"], capture_output=True,
                              env=ours.environment(database, settings)).returncode == 0
    for name in ("token", "refresh"):
        assert subprocess.run([ours.program(name), "--check-config"], capture_output=True,
                              env=ours.environment(database, settings)).returncode != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_private_keys_need_not_be_readable(rings):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-test-"))
    try:
        shutil.copytree(rings("ES256"), folder / "keys")
        shutil.copy(ours.program("jwks"), folder)
        folder.chmod(0o755)
        result = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", folder / "jwks"],
            input=b"", capture_output=True, cwd="/",
            env={**ours.environment({}, {"JWT_KEY_DIR": str(folder / "keys")}), "REQUEST_METHOD": "GET"},
        )
        assert result.stdout.startswith(b"Status: 200"), result.stderr
    finally:
        shutil.rmtree(folder)


def test_what_others_can_write_is_refused(rings, tmp_path):
    """As sshd's StrictModes does: a public key or a folder that others can write is not trusted."""
    folder = tmp_path / "keys"
    shutil.copytree(rings("ES256"), folder)
    public = next(folder.glob("active/*.pub"))
    single = {"JWT_VERIFYING_KEY_FILE": str(public), "JWT_ALGORITHM": "ES256"}
    for path, mode, settings in ((public, 0o664, single), (public, 0o646, {"JWT_KEY_DIR": str(folder)}),
                                 (folder, 0o777, {"JWT_KEY_DIR": str(folder)}),
                                 (folder / "active", 0o775, {"JWT_KEY_DIR": str(folder)})):
        before = path.stat().st_mode
        path.chmod(mode)
        line = refusal(tmp_path, **settings)
        assert f"{path} is writable by others (mode {mode:04o}); fix with chmod go-w" in line
        path.chmod(before)
    for settings in (single, {"JWT_KEY_DIR": str(folder)}):
        assert cgi("jwks", {}, settings).startswith(b"Status: 200")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
@pytest.mark.parametrize("which", ["file", "folder", "state"])
def test_what_belongs_to_another_user_is_refused(rings, which):
    with tempfile.TemporaryDirectory(prefix="jwt-fcgi-test-") as name:
        place = pathlib.Path(name)
        place.chmod(0o755)
        folder = place / "keys"
        shutil.copytree(rings("ES256"), folder)
        shutil.copy(ours.program("jwks"), place)
        owned = {"file": next(folder.glob("active/*.pub")), "folder": folder, "state": folder / "active"}[which]

        def check():
            return subprocess.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--", place / "jwks", "--check-config"],
                capture_output=True, text=True, cwd="/", env=ours.environment({}, {"JWT_KEY_DIR": str(folder)}))

        for owner, good in ((0, True), (65534, True), (4711, False)):
            os.chown(owned, owner, owner)
            result = check()
            assert (result.returncode == 0) is good, result.stderr
            assert good or f"{owned} belongs to another user" in result.stderr
