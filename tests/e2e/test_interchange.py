"""Tokens made by PyJWT and by SimpleJWT are accepted by ours, and ours by them, for every kind."""
import contextlib
import time
import uuid

import jwt
import pytest
from harness import client, fastcgi, ours, versions
from harness.fixtures import skip_without
from harness.ours import PROGRAM_OF
from harness.people import PASSWORD
from harness.profiles import KEY, PROFILES

LOGIN = {"username": "alice", "password": PASSWORD}

# kind: where it is obtained, the member of that answer, where it is used, the field there
USES = {
    "access at hello": ("/api/token/", "access", "/hello/", None),
    "access at verify": ("/api/token/", "access", "/api/token/verify/", "token"),
    "refresh at refresh": ("/api/token/", "refresh", "/api/token/refresh/", "refresh"),
    "refresh at verify": ("/api/token/", "refresh", "/api/token/verify/", "token"),
    "refresh at blacklist": ("/api/token/", "refresh", "/api/token/blacklist/", "refresh"),
    "sliding at its refresh": ("/api/token/sliding/", "token", "/api/token/sliding/refresh/", "token"),
    "sliding at verify": ("/api/token/sliding/", "token", "/api/token/verify/", "token"),
}
COMPAT = ("5.2", "head")


def obtain(port, path, member):
    answer = client.post_json(port, path, LOGIN)
    assert answer.status == 200
    return answer.json()[member]


def use(port, path, field, token):
    return client.post_json(port, path, {field: token}) if field else client.hello(port, token)


def needed(*paths):
    skip_without(*(PROGRAM_OF[path] for path in paths))


@pytest.mark.parametrize("compat", COMPAT)
@pytest.mark.parametrize("what", USES)
def test_theirs_are_accepted_by_ours(stack, reference, what, compat):
    source, member, path, field = USES[what]
    needed(path)
    token = obtain(reference("default").port, source, member)
    assert use(stack(JWT_COMPAT=compat).port, path, field, token).status == 200


@pytest.mark.parametrize("compat", COMPAT)
@pytest.mark.parametrize("what", USES)
def test_ours_are_accepted_by_theirs(stack, reference, what, compat):
    source, member, path, field = USES[what]
    needed(source)
    token = obtain(stack(JWT_COMPAT=compat).port, source, member)
    assert use(reference("default").port, path, field, token).status == 200


@pytest.mark.parametrize("compat", COMPAT)
def test_a_refreshed_token_of_ours_is_accepted_by_theirs(stack, reference, compat):
    port = stack(JWT_COMPAT=compat).port
    refresh = obtain(port, "/api/token/", "refresh")
    access = client.post_json(port, "/api/token/refresh/", {"refresh": refresh}).json()["access"]
    assert client.hello(reference("default").port, access).status == 200


@pytest.mark.parametrize("direction", ("ours refuses", "theirs refuses"))
def test_what_one_blacklists_the_other_refuses(stack, reference, direction):
    needed("/api/token/blacklist/")
    ours, theirs = stack().port, reference("default").port
    one, other = (theirs, ours) if direction == "ours refuses" else (ours, theirs)
    refresh = obtain(one, "/api/token/", "refresh")
    assert client.post_json(one, "/api/token/blacklist/", {"refresh": refresh}).status == 200
    answer = client.post_json(other, "/api/token/refresh/", {"refresh": refresh})
    assert (answer.status, answer.json()) == (401, {"detail": "Token is blacklisted", "code": "token_not_valid"})


def test_what_one_rotates_the_other_goes_on_with(stack, reference):
    ours, theirs = stack("rotate", JWT_COMPAT=versions.compat()).port, reference("rotate").port
    refresh = obtain(theirs, "/api/token/", "refresh")
    for port in (ours, theirs, ours, theirs):
        answer = client.post_json(port, "/api/token/refresh/", {"refresh": refresh})
        assert answer.status == 200
        used, refresh = refresh, answer.json()["refresh"]
        for refusing in (ours, theirs):
            assert client.post_json(refusing, "/api/token/refresh/", {"refresh": used}).status == 401


def test_a_password_that_one_rehashed_the_other_knows(site, stack, reference):
    for name in ("h_old_iter", "h_sha1_old", "h_bcrypt_sha256", "h_argon2id", "h_short_salt"):
        for first, second in ((stack(), reference("default")), (reference("default"), stack())):
            site.restore()
            for server in (first, second, first):
                answer = client.post_json(server.port, "/api/token/", {"username": name, "password": PASSWORD})
                assert answer.status == 200, name


@pytest.mark.parametrize("profile", ("default", "claims", "custom"))
def test_pyjwt_reads_ours(stack, profile):
    settings = PROFILES[profile].simple_jwt
    answer = client.post_json(stack(profile).port, "/api/token/", LOGIN)
    for kind, token in answer.json().items():
        claims = jwt.decode(
            token, KEY, algorithms=[settings.get("ALGORITHM", "HS256")],
            audience=settings.get("AUDIENCE"), issuer=settings.get("ISSUER"),
            options={"require": ["exp", "iat", settings.get("JTI_CLAIM", "jti")]},
        )
        assert claims[settings.get("TOKEN_TYPE_CLAIM", "token_type")] == kind
        assert jwt.get_unverified_header(token) == {"alg": settings.get("ALGORITHM", "HS256"), "typ": "JWT"}


@pytest.mark.parametrize("user_id", (1, "1"))
@pytest.mark.parametrize("kind", ("access", "refresh"))
def test_ours_read_pyjwts(stack, kind, user_id):
    now = int(time.time())
    claims = {"token_type": kind, "exp": now + 60, "iat": now, "jti": uuid.uuid4().hex, "user_id": user_id}
    token = jwt.encode(claims, KEY, "HS256")
    path, field = ("/hello/", None) if kind == "access" else ("/api/token/refresh/", "refresh")
    assert use(stack().port, path, field, token).status == 200


@pytest.mark.parametrize("algorithm", ("none", "HS384", "HS512"))
def test_ours_refuse_another_algorithm(stack, algorithm):
    claims = {"token_type": "access", "exp": int(time.time()) + 60, "jti": "x", "user_id": 1}
    token = jwt.encode(claims, None if algorithm == "none" else KEY, algorithm)
    assert client.hello(stack().port, token).status == 401


READERS = {  # program: the kind of token it reads, and the request with one
    "hello": ("access", lambda token: fastcgi.get("/hello/", token)),
    "auth_check": ("access", lambda token: fastcgi.get("/", token)),
    "verify": ("access", lambda token: fastcgi.post("/api/token/verify/", {"token": token})),
    "refresh": ("refresh", lambda token: fastcgi.post("/api/token/refresh/", {"refresh": token})),
    "blacklist": ("refresh", lambda token: fastcgi.post("/api/token/blacklist/", {"refresh": token})),
    "sliding_refresh": ("sliding", lambda token: fastcgi.post("/api/token/refresh/", {"token": token})),
}


def test_a_token_that_was_minted_in_this_very_second(site):
    """The second has just begun: time(2) reads a clock that is late and would still say the one before."""
    if missing := ours.missing(READERS):
        pytest.skip(f"not built: {missing}")
    site.restore()
    environment = ours.environment(site.our_environment(), PROFILES["default"].our_settings())
    with contextlib.ExitStack() as stack:
        programs = {name: stack.enter_context(fastcgi.Program(name, environment)) for name in READERS}
        for number in range(7):
            statuses, second = {}, int(time.time()) + 1
            if time.time() > second - 0.2:
                second += 1
            requests = [(name, fastcgi.request(*make(jwt.encode({
                "token_type": kind, "exp": second + 60, "iat": second, "nbf": second, "refresh_exp": second + 90,
                "jti": f"{number:016x}{position:016x}", "user_id": "1"}, KEY, "HS256"))))
                for position, (name, (kind, make)) in enumerate(READERS.items())]
            requests = requests[number % len(requests):] + requests[:number % len(requests)]
            connections = {name: stack.enter_context(programs[name].connect()) for name, _ in requests}
            time.sleep(second - time.time() - 0.002)
            while time.time() < second:
                pass
            for name, request in requests:
                connections[name].sendall(request)
            for name, connection in connections.items():
                output, ended = fastcgi.read_answer(connection)
                assert ended
                statuses[name] = output.split()[1]
            if number > 0:  # the first round connects to the database
                assert set(statuses.values()) <= {b"200", b"204"}, statuses
