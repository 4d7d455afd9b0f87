"""Much of everything: every statement goes by an index, and several hosts are one service."""
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client, nginx, ours, process
from harness.people import PASSWORD
from harness.site import Site

USERS = 20000
TABLES = {"auth_user", "token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"}
pytestmark = pytest.mark.skipif(
    bool(ours.missing(["token", "refresh", "hello", "blacklist", "sliding", "sliding_refresh", "verify"])),
    reason=f"not built in {ours.BUILD}")

MANY = f"""
INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT 'user' || n, 'pbkdf2_sha256$1000$salt$hash', false, '', '', '', false, true, now()
FROM generate_series(1, {USERS}) n;
INSERT INTO token_blacklist_outstandingtoken (token, expires_at, created_at, user_id, jti)
SELECT 'token', now() + interval '1 day', now(), id, md5(id::text) FROM auth_user;
INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, now() FROM token_blacklist_outstandingtoken WHERE id % 2 = 0;
ANALYZE;
ALTER DATABASE large SET session_preload_libraries = 'auto_explain';
ALTER DATABASE large SET auto_explain.log_min_duration = 0;
ALTER DATABASE large SET auto_explain.log_format = 'json';
ALTER DATABASE large SET auto_explain.log_nested_statements = on;
ALTER DATABASE large SET auto_explain.log_analyze = on;
ALTER DATABASE large SET auto_explain.log_timing = off;
"""


@pytest.fixture(scope="module")
def large(cluster):
    site = Site(cluster, "large")
    site.execute(MANY)
    yield site
    site.end()


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def plans(log):
    """(statement, plan) of everything that auto_explain has written."""
    for text in re.findall(r"plan:\n(\t\{.*?\n\t\})$", log, re.M | re.S):
        found = json.loads(text.replace("\n\t", "\n"))
        yield found["Query Text"], found["Plan"]


def use_everything(server):
    """Every statement of every program, often enough that PostgreSQL settles on its generic plans."""
    def post(path, **body):
        return client.post_json(server.port, path, body)

    for _ in range(8):
        pair = post("/api/token/", username="alice", password=PASSWORD).json()
        assert client.hello(server.port, pair["access"]).status == 200
        assert post("/api/token/verify/", token=pair["refresh"]).status == 200
        pair = post("/api/token/refresh/", refresh=pair["refresh"]).json()
        assert post("/api/token/blacklist/", refresh=pair["refresh"]).status == 200
        sliding = post("/api/token/sliding/", username="alice", password=PASSWORD).json()["token"]
        assert post("/api/token/sliding/refresh/", token=sliding).status == 200
        assert post("/api/token/", username="nobody", password="x").status == 401


def test_every_statement_goes_by_an_index(cluster, large):
    server = large.ours("rotate", JWT_PASSWORD_REHASH="django")
    start = len(cluster.log.read_text(errors="replace"))
    large.execute("UPDATE auth_user SET password = replace(password, '$1000$', '$1000$') WHERE username = 'alice'")
    use_everything(server)
    server.main.end()  # what a session has written is in the log when it has ended
    seen = set()
    for query, plan in plans(cluster.log.read_text(errors="replace")[start:]):
        if not query.startswith(("SELECT", "UPDATE", "INSERT")) or "replace(password" in query:
            continue
        for node in nodes(plan):
            if node.get("Relation Name") in TABLES:
                assert node["Node Type"] != "Seq Scan", f"{query}\n{json.dumps(plan, indent=1)}"
                assert node["Actual Rows"] <= 1000, f"{query}\n{json.dumps(plan, indent=1)}"
                seen.add((query.split()[0], node["Relation Name"]))
    assert {("SELECT", table) for table in TABLES} <= seen
    assert {("UPDATE", "auth_user"), ("INSERT", "token_blacklist_outstandingtoken"),
            ("INSERT", "token_blacklist_blacklistedtoken")} <= seen


@pytest.fixture
def hosts(site, tmp_path):
    """Two hosts, each with an Nginx and programs of its own, behind a third Nginx; one database."""
    site.restore()
    tmp_path.chmod(0o755)
    # Settings that differ in nothing that matters, so that each is started for itself.
    running = [site.ours("rotate", JWT_LOGIN_NICE=nice) for nice in ("11", "12")]
    servers = "".join(f"server 127.0.0.1:{one.port}; " for one in running)
    front = nginx.Nginx(tmp_path, "location / { proxy_pass http://hosts; }", f"upstream hosts {{ {servers} }}")
    process.wait_for(front.ready, "Nginx")
    yield front, running
    front.end()
    kept = site.running["ours"]
    for key in [key for key, one in kept.items() if one in running]:
        kept.pop(key).end()
    site.restore()


def log_in(port):
    answer = client.post_json(port, "/api/token/", {"username": "alice", "password": PASSWORD})
    assert answer.status == 200
    return answer.json()


def refresh(port, token):
    return client.post_json(port, "/api/token/refresh/", {"refresh": token})


def test_what_one_host_does_the_others_know(hosts):
    front, (one, other) = hosts
    pair = log_in(one.port)
    assert client.hello(other.port, pair["access"]).status == 200
    assert refresh(other.port, pair["refresh"]).status == 200
    assert refresh(one.port, pair["refresh"]).json()["detail"] == "Token is blacklisted"


def test_of_rotations_at_once_on_several_hosts_one_wins(hosts):
    front, _ = hosts
    token = log_in(front.port)["refresh"]
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: refresh(front.port, token).status, range(24)))
    assert statuses == [200] + [401] * 23


def test_a_host_that_goes_away_takes_nobody_with_it(hosts):
    front, (one, other) = hosts
    access = log_in(front.port)["access"]
    one.main.end()
    assert {client.hello(front.port, access).status for _ in range(10)} == {200}
    assert log_in(front.port)
