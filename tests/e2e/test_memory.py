"""What stays in a program's memory after its requests, and what it is built with."""
import base64
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest
from harness import fastcgi, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import KEY, PROFILES
from harness.tokens import Maker

MANY = 16
EVERY = (*ours.PROGRAM_OF.values(), "auth_check", "jwks", "health", "metrics", "logout", "sessions", "jwtctl")
BUILT = [name for name in EVERY if not ours.missing([name])]


def mappings(pid):
    """(start, end, excluded from core dumps) of all that can be written."""
    start = None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line):
            start, end = (int(number, 16) for number in match.groups()[:2])
            writable = "w" in match.group(3)
        elif line.startswith("VmFlags:") and writable:
            yield start, end, " dd" in line


def memory(pid, excluded=True):
    """As a core dump would hold it; excluded: with what a core dump leaves out, too."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for start, end, left_out in mappings(pid):
            if left_out and not excluded:
                continue
            file.seek(start)
            try:
                yield file.read(end - start)
            except OSError:
                pass


def holds(pid, secret, **how):
    return any(secret in part for part in memory(pid, **how))


def holds_none(pid, secrets, **how):
    """Wiped is only after the answer was sent, so it may take a moment."""
    left = dict(secrets)

    def look():
        for name in [name for name, secret in left.items() if not holds(pid, secret, **how)]:
            del left[name]
        return not left

    try:
        process.wait_for(look, "memory to be wiped", 5)
    except process.Unfinished:
        raise AssertionError(f"still there: {', '.join(left)}") from None


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(KEY.encode())
    path.chmod(0o600)
    return path


def environment(site, key_file, profile="plain"):
    every = {**PROFILES[profile].our_settings(), "JWT_SIGNING_KEY_FILE": str(key_file)}
    del every["JWT_SIGNING_KEY"]
    return ours.environment(site.environment(), every)


@pytest.mark.skipif(os.geteuid() != 0, reason="reading another process's memory needs root")
def test_nothing_secret_is_left_after_100_logins(site, key_file):
    skip_without("token", "hello", "refresh")
    if b"__asan_init" in ours.program("token").read_bytes():
        pytest.skip("AddressSanitizer keeps freed memory for a while")
    site.restore()
    secrets = {"key": KEY.encode(), "password": PASSWORD.encode()}
    with fastcgi.Program("token", environment(site, key_file)) as program:
        for turn in range(100):
            output, _ = program.ask(*fastcgi.login("alice", PASSWORD))
            assert output.startswith(b"Status: 200 ")
            token = re.search(rb'"refresh":"([^"]+)"', output).group(1)
            if turn % 10 == 0:
                wrong = f"wrong-secret-{turn}-of-mine"
                output, _ = program.ask(*fastcgi.login("alice", wrong))
                assert output.startswith(b"Status: 401 ")
                secrets[wrong] = wrong.encode()
        for parameters, body in (form(PASSWORD), big_json(PASSWORD)):
            assert program.ask(parameters, body)[0].startswith(b"Status: 200 ")
        # Not even the key: of it there is what HMAC made of it at the start.
        secrets |= {"token": token, "signature": token.split(b".")[2]}
        holds_none(program.process.pid, secrets)
        assert holds(program.process.pid, key_id()), "the test sees what is there"
        assert not holds(program.process.pid, key_id(), excluded=False), "keys are in no dump"


@pytest.mark.skipif(os.geteuid() != 0, reason="reading another process's memory needs root")
def test_keys_that_are_loaded_anew_are_in_no_dump(site, key_file):
    skip_without("token")
    if b"__asan_init" in ours.program("token").read_bytes():
        pytest.skip("AddressSanitizer keeps freed memory for a while")
    site.restore()
    with fastcgi.Program("token", environment(site, key_file)) as program:
        for _ in range(5):
            assert program.ask(*fastcgi.login("alice", PASSWORD))[0].startswith(b"Status: 200 ")
            new = key_file.with_name("new")
            new.write_bytes(KEY.encode())
            new.chmod(0o600)
            new.rename(key_file)
        assert program.ask(*fastcgi.login("alice", PASSWORD))[0].startswith(b"Status: 200 ")
        assert holds(program.process.pid, key_id()), "the test sees what is there"
        assert not holds(program.process.pid, key_id(), excluded=False)


def key_id():
    """RFC 7638's thumbprint of the secret, which stands beside what was made of it."""
    member = base64.urlsafe_b64encode(KEY.encode()).rstrip(b"=")
    digest = hashlib.sha256(b'{"k":"%s","kty":"oct"}' % member).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=")


def big_json(password):
    """More than the memory that is kept for the next request."""
    body = json.dumps({"of no use": 60000 * "x", "username": "alice", "password": password}).encode()
    parameters, _ = fastcgi.login("", "")
    return {**parameters, "CONTENT_LENGTH": str(len(body))}, body


def form(password):
    boundary = "----boundary"
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("username", "alice"), ("password", password))
    ) + f"--{boundary}--\r\n"
    parameters, _ = fastcgi.login("", "")
    return {**parameters, "CONTENT_TYPE": f"multipart/form-data; boundary={boundary}",
            "CONTENT_LENGTH": str(len(body))}, body.encode()


@pytest.mark.skipif(os.geteuid() != 0, reason="reading another process's memory needs root")
def test_tokens_are_not_left_by_those_that_read_them(site, key_file):
    skip_without("token", "hello", "refresh")
    if b"__asan_init" in ours.program("token").read_bytes():
        pytest.skip("AddressSanitizer keeps freed memory for a while")
    site.restore()
    with fastcgi.Program("token", environment(site, key_file)) as token:
        output, _ = token.ask(*fastcgi.login("alice", PASSWORD))
    access, refresh = (re.search(rb'"%s":"([^"]+)"' % kind, output).group(1) for kind in (b"access", b"refresh"))
    with fastcgi.Program("hello", environment(site, key_file)) as hello:
        parameters = {"REQUEST_METHOD": "GET", "CONTENT_LENGTH": "", "REMOTE_ADDR": "127.0.0.1",
                      "HTTP_AUTHORIZATION": f"Bearer {access.decode()}"}
        assert hello.ask(parameters)[0].startswith(b"Status: 200 ")
        holds_none(hello.process.pid, {"token": access, "signature": access.split(b".")[2]})
    with fastcgi.Program("refresh", environment(site, key_file)) as program:
        parameters, _ = fastcgi.login("", "")
        body = b'{"refresh":"%s"}' % refresh
        assert program.ask({**parameters, "CONTENT_LENGTH": str(len(body))}, body)[0].startswith(b"Status: 200 ")
        holds_none(program.process.pid, {"token": refresh, "signature": refresh.split(b".")[2]})


@pytest.mark.skipif(os.geteuid() != 0, reason="reading another process's memory needs root")
@pytest.mark.parametrize("name, kind, profile", (
    ("refresh", "refresh", "default"), ("verify", "access", "rotate"), ("auth_check", "access", "default")))
def test_tokens_are_not_left_by_the_last_requests(site, key_file, name, kind, profile):
    """No request comes afterwards that would write over what they left."""
    skip_without(name)
    if b"__asan_init" in ours.program(name).read_bytes():
        pytest.skip("AddressSanitizer keeps freed memory for a while")
    site.restore()
    tokens = [Maker().make({"kind": kind, "set": {"jti": f"{number:032x}"}}) for number in range(MANY)]
    with fastcgi.Program(name, environment(site, key_file, profile)) as program:
        with fastcgi.queue(program, [request_with(name, token) for token in tokens]) as connections:
            pass
        for connection in connections:
            with connection:
                assert fastcgi.read_answer(connection)[0].startswith(b"Status: 20")
        secrets = {f"{part} {number}": token.encode().split(b".")[at] for number, token in enumerate(tokens)
                   for part, at in (("payload", 1), ("signature", 2))}
        holds_none(program.process.pid, secrets)


@pytest.mark.skipif(os.geteuid() != 0, reason="reading another process's memory needs root")
def test_what_follows_an_authorizers_request_is_not_left(site, key_file):
    """Some web servers send an authorizer a body all the same; here all of it is there before the first look."""
    skip_without("auth_check")
    if b"__asan_init" in ours.program("auth_check").read_bytes():
        pytest.skip("AddressSanitizer keeps freed memory for a while")
    secrets = {"body": b"sent to an authorizer in a body"}
    message = bytearray(fastcgi.request(fastcgi.get("/", "x.y.z")[0], 65536 * b"x" + secrets["body"]))
    message[9] = 2  # the role
    with fastcgi.Program("auth_check", environment(site, key_file)) as program:
        with fastcgi.queue(program, []), program.connect() as connection:
            connection.sendall(message)
            os.kill(program.process.pid, signal.SIGCONT)
            assert fastcgi.read_answer(connection)[0].startswith(b"Status: 401")
            holds_none(program.process.pid, secrets)


def request_with(name, token):
    if name == "auth_check":
        return fastcgi.get("/", token)
    return fastcgi.post("/", {"token" if name == "verify" else name: token})


def test_the_key_is_in_no_place_that_others_can_read(site, key_file):
    with fastcgi.Program("hello", environment(site, key_file)) as program:
        program.ask({"REQUEST_METHOD": "GET", "CONTENT_LENGTH": ""})
        for file in ("cmdline", "environ"):
            assert KEY.encode() not in pathlib.Path(f"/proc/{program.process.pid}/{file}").read_bytes()
    settings = {**environment(site, key_file), "JWT_SIGNING_KEY": KEY}
    del settings["JWT_SIGNING_KEY_FILE"]
    with fastcgi.Program("hello", settings) as program:
        program.ask({"REQUEST_METHOD": "GET", "CONTENT_LENGTH": ""})
        assert KEY.encode() not in pathlib.Path(f"/proc/{program.process.pid}/environ").read_bytes()


@pytest.mark.parametrize("name", BUILT)
def test_a_program_is_hardened(name):
    program = ours.program(name)
    if ours.counted(name):
        pytest.skip("built without optimization, and so without fortification, for make coverage")

    def readelf(*options):
        return subprocess.run(["readelf", "-W", *options, program], check=True, capture_output=True, text=True).stdout

    header, segments, dynamic, symbols = (readelf(option) for option in ("-h", "-l", "-d", "--dyn-syms"))
    assert re.search(r"Type:\s+DYN", header), "position independent"
    assert re.search(r"GNU_STACK.* RW ", segments), "no executable stack"
    assert "GNU_RELRO" in segments and re.search(r"BIND_NOW|FLAGS_1.*NOW", dynamic), "full RELRO"
    assert not re.search(r"LOAD.* RWE ", segments)
    assert not re.search(r"RPATH|RUNPATH|TEXTREL", dynamic)
    if "__asan_init" not in symbols:
        assert "__stack_chk_fail" in symbols, "stack protector"
        assert re.search(r"__\w+_chk@", symbols.replace("__stack_chk_fail", "")), "fortified"
    if os.uname().machine == "x86_64":
        assert b"\xf3\x0f\x1e\xfa" in program.read_bytes(), "control-flow protection (endbr64)"
