"""Measuring: wrk against an URL, and what the processes behind it used meanwhile."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import resource
import subprocess
import time
import urllib.request
import uuid

import fastcgi
import servers
from servers import HERE, KEY, PASSWORD, process

SESSION = {"sid": "0123456789abcdef0123456789abcdef", "gen": 1}  # claims of a token with a session
# How a line of a file of requests is sent: the method, and what wrk.lua says.
WAYS = {"GET": ("GET", "Authorization"), "COOKIE": ("GET", "Cookie"), "POST": ("POST", "application/json"),
        "FORM": ("POST", "application/x-www-form-urlencoded")}


class Broken(AssertionError):
    pass


def run_wrk(url, way, lines, seconds, connections=8, may_refuse=False):
    """The result of wrk.lua; any answer but 2xx and 3xx, and any that did not come, is an error."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = subprocess.run(
        ["wrk", "-t", "2" if connections > 1 else "1", "-c", str(connections), "-d", f"{seconds}s",
         "--timeout", "20s", "--latency", "-s", HERE / "wrk.lua", url, "--", *WAYS[way], lines],
        check=True, capture_output=True, text=True).stdout
    result = json.loads(re.search(r"^RESULT (.*)$", output, re.M).group(1))
    if (result["refused"] and not may_refuse) or result["broken"] or not result["requests"]:
        raise Broken(f"{url}: {output}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    result["rate"] = result["requests"] / result["microseconds"] * 1e6
    result["wrk"] = (used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime) / result["requests"] * 1e6
    return result


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def make_token(kind, user, more=None):
    now = int(time.time())
    claims = {"token_type": kind, "exp": now + 80000, "iat": now, "jti": uuid.uuid4().hex, "user_id": str(user),
              **(more or {})}
    header = {"alg": "HS256", "typ": "JWT"}
    signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{signed}.{b64url(hmac.new(KEY.encode(), signed.encode(), hashlib.sha256).digest())}"


def write_requests(folder, users):
    """One file of requests for each operation: of so many users, and logins of 500."""
    numbers = range(1, users + 1)
    logins = [{"username": f"user{number}", "password": PASSWORD} for number in range(1, 501)]
    files = {
        "hello": ("GET", ["Bearer " + make_token("access", number) for number in numbers]),
        "refresh": ("POST", [json.dumps({"refresh": make_token("refresh", number)}) for number in numbers]),
        "token": ("POST", [json.dumps(login) for login in logins]),
    }
    found = {}
    for name, (method, lines) in files.items():
        path = folder / f"{name}-{users}.txt"
        path.write_text("\n".join(lines) + "\n")
        found[name] = (method, path)
    return {**found, "auth_check": found["hello"]}


def write_hello(folder, more):
    """The same for hello of user 1, whose token has more claims."""
    path = folder / "hello-more.txt"
    path.write_text(f"Bearer {make_token('access', 1, more)}\n")
    return "GET", path


def write_browser(folder, cluster):
    """The session of a browser that user 1 has logged in with: requests with its cookie, and without."""
    secret = os.urandom(32)
    cluster.psql("bench", "-c", f"""
        INSERT INTO jwt_session (user_id, sid, gen, held, created_at, rotated_at, expires_at, ends_at, client_id)
        VALUES ('1', '{hashlib.sha256(secret).hexdigest()[:32]}', 1, 0, now(), now(), now() + interval '1 hour',
            now() + interval '12 hours', '')""")
    found = {}
    for name, cookie in (("authorize", f"oidc={b64url(secret)}.{b64url(b'1')}"), ("login_required", "other=cookie")):
        found[name] = ("COOKIE", folder / f"{name}.txt")
        found[name][1].write_text(cookie + "\n")
    return found


def write_codes(folder, cluster, count):
    """So many new codes of user 1, each to be redeemed once."""
    prefix = uuid.uuid4().hex
    cluster.psql("bench", "-c", f"""
        INSERT INTO oidc_code (code, client_id, user_id, scopes, redirect_uri, code_challenge, nonce, auth_time, browser,
            expires_at)
        SELECT sha256(('{prefix}-' || n)::bytea), 'bench', '1', '{{openid}}', 'https://rp.example/callback',
            'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', 'a nonce of some length', now(), gen_random_uuid(),
            now() + interval '10 minutes' FROM generate_series(1, {count}) n""")
    path = folder / "codes.txt"
    path.write_text("".join(
        f"grant_type=authorization_code&client_id=bench&client_secret=secret&code={prefix}-{number}"
        "&redirect_uri=https%3A%2F%2Frp.example%2Fcallback&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk\n"
        for number in range(1, count + 1)))
    return "FORM", path


def signatures_of(url, lines):
    """How many signatures the answer to the first form has."""
    body = lines.read_text().splitlines()[0].encode()
    with urllib.request.urlopen(url, body) as answer:
        return sum(str(value).count(".") == 2 for value in json.load(answer).values())


def openssl_speed(seconds):
    """Signatures with RSA of 2048 bits: how many all processors make in a second, and the time of one on a processor."""
    def told(*more):
        output = subprocess.run(["openssl", "speed", "-mr", "-seconds", str(seconds), *more, "rsa2048"],
                                check=True, capture_output=True, text=True).stdout
        return float(re.search(r"^\+F2:\d+:2048:([\d.]+)", output, re.M).group(1))

    return {"rate": told("-elapsed", "-multi", str(os.cpu_count())), "microseconds": 1e6 / told()}


def cpu_seconds(pids):
    """Time on a processor, in nanoseconds' precision; of children that have ended, in ticks."""
    total = 0
    for pid in pids:
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(stat[13]) + int(stat[14])) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
            for task in os.listdir(f"/proc/{pid}/task"):
                total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            pass
    return total / 1e9


def measure(backend, operation, requests, seconds, connections, groups):
    """wrk's result with the processor time per request of each group of processes, in microseconds."""
    before = {name: cpu_seconds(pids()) for name, pids in groups.items()}
    result = run_wrk(backend.url(operation), *requests[operation], seconds, connections)
    result["cpu"] = {
        name: (cpu_seconds(pids()) - before[name]) / result["requests"] * 1e6 for name, pids in groups.items()
    }
    result["cpu"]["wrk"] = result.pop("wrk")
    return result


def owners(build, backend, operation):
    """How many owners of tokens a backend with JWT_METRICS_DIR has judged: (known ones, those that it has read)."""
    text = subprocess.run([build / "metrics"], env={**backend.environment, "REQUEST_METHOD": "GET"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    found = dict(re.findall(rf'^jwt_fcgi_owners_total{{program="{operation}",source="(\w+)"}} (\d+)', text, re.M))
    return int(found.get("known", 0)), int(found.get("database", 0))


def syscalls(pid, backend, operation, requests, folder):
    """System calls of one process per request, by name; the process is the only one of its upstream."""
    output = folder / "strace.txt"
    strace = subprocess.Popen(["strace", "-c", "-o", output, "-p", str(pid)], stderr=subprocess.DEVNULL)
    process.wait_for(lambda: traced(pid), "strace", 5)
    result = run_wrk(backend.url(operation), *requests[operation], 1, 1)
    strace.terminate()
    strace.wait()
    calls = {}
    for line in output.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3]) / result["requests"]
    return {name: count for name, count in calls.items() if count > 0.005}


def traced(pid):
    return "TracerPid:\t0" not in pathlib.Path(f"/proc/{pid}/status").read_text()


def cgi_milliseconds(program, environment, token, rounds=40):
    """From start to end of one CGI process that answers 200, database connection included."""
    cgi = {**environment, "REQUEST_METHOD": "GET", "HTTP_AUTHORIZATION": f"Bearer {token}"}
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = subprocess.run([program], env=cgi, stdin=subprocess.DEVNULL, capture_output=True)
        times.append((time.perf_counter() - begun) * 1000)
        if not answer.stdout.startswith(b"Status: 200"):
            raise Broken(answer.stdout + answer.stderr)
    return sorted(times)[len(times) // 2]


def start_milliseconds(program, environment, folder, rounds=20):
    """From exec to the end of the first answer, the database connected and asked on the way."""
    times = []
    for number in range(rounds):
        path = folder / f"start.{number}"
        with servers.listen(path) as listener, open(folder / "start.log", "ab") as log:
            begun = time.perf_counter()
            worker = subprocess.Popen([program], stdin=listener, stdout=log, stderr=log, env=environment)
        try:
            answer = fastcgi.ask(path, {"REQUEST_METHOD": "GET"})
            times.append((time.perf_counter() - begun) * 1000)
        finally:
            process.end(worker)
        if b"Status: 401" not in answer:
            raise Broken(answer)
    return sorted(times)[len(times) // 2]
