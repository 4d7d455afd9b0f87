"""Sessions (JWT_SESSIONS=on) with real programs and a real PostgreSQL, several processes of each program.

`age` moves a session into the past, so that no test waits for the grace or the recovery to pass.
"""
import contextlib
import itertools
import json
import signal
import socket
import subprocess
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import bouncer, client, cutter, fastcgi, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.process import at_once
from harness.profiles import PROFILES
from harness.site import own_site
from harness.tokens import Maker, claims_of

LATEST = 0.3  # seconds after a commit at which it must be seen
SQL = ours.CHECKOUT / "sql"
PROCESSES = {"token": 2, "refresh": 4, "hello": 4, "logout": 1, "sessions": 1, "blacklist": 1, "verify": 1,
             "sliding_refresh": 1}
BLACKLISTED = {"detail": "Token is blacklisted", "code": "token_not_valid"}


@pytest.fixture(scope="module")
def kept():
    """A site of its own: its cluster is what some of these tests break."""
    skip_without(*PROCESSES)
    with own_site("sessions", "-f", SQL / "sessions.sql") as site:
        yield site


@pytest.fixture(autouse=True)
def restored(kept):
    kept.restore()
    kept.execute("DELETE FROM jwt_session; DELETE FROM jwt_change")


class Processes(dict):
    """Those of each program, by its name; started when they are first asked for: few tests need all."""

    def __init__(self, stack, environment):
        super().__init__()
        self.stack, self.environment, self.lock = stack, environment, threading.Lock()

    def __missing__(self, name):
        with self.lock:
            if name not in self:
                self[name] = [self.stack.enter_context(fastcgi.Program(name, self.environment))
                              for _ in range(PROCESSES[name])]
        return self[name]


class Service:
    """Some processes of each program; requests go round."""

    def __init__(self, stack, site, **settings):
        every = ours.environment(site.our_environment(), {
            **PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", **settings})
        self.site = site
        self.programs = Processes(stack, every)
        self.turn = itertools.count()

    def one(self, name):
        programs = self.programs[name]
        return programs[next(self.turn) % len(programs)]

    def post(self, name, value, access=None):
        parameters, body = fastcgi.post("/", value)
        if access:
            parameters["HTTP_AUTHORIZATION"] = f"Bearer {access}"
        return self.one(name).answer(parameters, body)

    def log_in(self, name="alice", password=PASSWORD):
        answer = self.post("token", {"username": name, "password": password})
        assert answer.status == 200, self.log("token")
        return answer.json()

    def refresh(self, tokens):
        return self.post("refresh", {"refresh": tokens["refresh"]})

    def next(self, tokens):
        answer = self.refresh(tokens)
        assert answer.status == 200, answer.body
        return answer.json()

    def hello(self, tokens):
        return self.one("hello").answer(*fastcgi.get("/hello/", tokens["access"]))

    def log_out(self, tokens, scope=None):
        answer = self.post("logout", {} if scope is None else {"scope": scope}, tokens["access"])
        return answer.status, answer.json()

    def list(self, tokens):
        answer = self.one("sessions").answer(*fastcgi.get("/api/sessions/", tokens["access"]))
        assert answer.status == 200, answer.body
        return answer.json()

    def end(self, tokens, sid):
        parameters, body = fastcgi.get(f"/api/sessions/{sid}/", tokens["access"])
        return self.one("sessions").answer({**parameters, "REQUEST_METHOD": "DELETE"}, body)

    def warm(self, *many):
        """Every process that answers hello knows these tokens."""
        for program in self.programs["hello"]:
            for tokens in many:
                for _ in range(4):
                    assert program.answer(*fastcgi.get("/hello/", tokens["access"])).status == 200

    def refuses(self, tokens, since=None):
        """Every process refuses the access token, and did LATEST after the commit, which is at most `since`."""
        since = time.monotonic() if since is None else since
        for program in self.programs["hello"]:
            while True:
                sent = time.monotonic()
                answer = program.answer(*fastcgi.get("/hello/", tokens["access"]))
                if answer.status == 401:
                    break
                assert answer.status == 200 and sent - since < LATEST, f"{answer.status} {sent - since:.3f} s late"
                time.sleep(0.02)

    def log(self, name="refresh"):
        return "".join(program.log.read_text() for program in self.programs[name])


@pytest.fixture
def service(kept):
    with contextlib.ExitStack() as stack:
        yield lambda **settings: Service(stack, kept, **settings)


def age(site, seconds):
    """As if the last rotation of every session had been so much earlier."""
    site.execute("UPDATE jwt_session SET rotated_at = rotated_at - %s * interval '1 second',"
                 " created_at = created_at - %s * interval '1 second'", seconds, seconds)


def gen(tokens, kind="refresh"):
    return claims_of(tokens[kind])["gen"]


def sid(tokens):
    return claims_of(tokens["refresh"])["sid"]


def row(site):
    return site.execute("SELECT gen, held FROM jwt_session")


def is_over(answer):
    return answer.status == 401 and answer.json() == BLACKLISTED


# What tokens say.


def test_the_claims_of_a_session(kept, service):
    server = service()
    tokens = server.log_in()
    refresh, access = claims_of(tokens["refresh"]), claims_of(tokens["access"])
    assert list(refresh) == ["token_type", "exp", "iat", "jti", "user_id", "sid", "gen"]
    assert len(refresh["sid"]) == 32 and refresh["gen"] == 1
    assert (access["sid"], access["gen"]) == (refresh["sid"], 1)
    assert server.hello(tokens).status == 200
    age(kept, 60)
    after = server.next(tokens)
    assert list(after) == ["access", "refresh"]
    assert (gen(after), gen(after, "access"), sid(after)) == (2, 2, sid(tokens))
    assert claims_of(after["refresh"])["jti"] != refresh["jti"]


def test_no_token_outlives_its_session(service):
    server = service(JWT_SESSION_MAX_AGE="100")
    tokens = server.log_in()
    now = time.time()
    assert claims_of(tokens["refresh"])["exp"] - now < 102
    assert claims_of(tokens["access"])["exp"] <= claims_of(tokens["refresh"])["exp"]


@pytest.mark.parametrize("claims", [
    {"sid": "A" * 32, "gen": 1}, {"sid": "a" * 31, "gen": 1}, {"sid": "a" * 33, "gen": 1}, {"sid": 1, "gen": 1},
    {"sid": "a" * 32}, {"gen": 1}, {"sid": "a" * 32, "gen": 0}, {"sid": "a" * 32, "gen": -1},
    {"sid": "a" * 32, "gen": 2147483647}, {"sid": "a" * 32, "gen": "1"}, {"sid": "a" * 32, "gen": 1.0},
    {"sid": "a" * 32, "gen": True}, {"sid": None, "gen": None}, {"sid": "g" * 32, "gen": 1},
    {"sid": "' OR '1'='1' -- aaaaaaaaaaaaaaaaa", "gen": 1},
])
def test_claims_of_another_form(kept, service, claims):
    """Token is invalid, before SQL is reached."""
    server = service()
    make = Maker()
    for program in (*server.programs["refresh"], *server.programs["hello"]):
        program.answer(*fastcgi.get("/"))  # a program that starts looks for the table
    kept.cluster.psql("sessions", "-c", "ALTER TABLE jwt_session RENAME TO away")
    try:
        refresh = make.make({"kind": "refresh", "set": {"user_id": "1", **claims}})
        answer = server.post("refresh", {"refresh": refresh})
        assert answer.status == 401 and answer.json()["detail"].startswith("Token is invalid"), answer.body
        access = make.make({"set": {"user_id": "1", **claims}})
        assert server.hello({"access": access}).status == 401
    finally:
        kept.cluster.psql("sessions", "-c", "ALTER TABLE away RENAME TO jwt_session")


@pytest.mark.parametrize("compat", ["5.2", "head"])
@pytest.mark.parametrize("user", ["abc", "99999999999999999999", "1'; DROP TABLE jwt_session; --", "01", " 1"])
def test_users_that_cannot_be(kept, service, user, compat):
    """An id that the column cannot hold, or another way to write one, is no outage."""
    server = service(JWT_COMPAT=compat)
    make = Maker()
    for claims in ({}, {"sid": "a" * 32, "gen": 1}):
        answer = server.post("refresh", {"refresh": make.make({"kind": "refresh", "set": {"user_id": user, **claims}})})
        assert answer.status == 401, answer.body
        assert server.hello({"access": make.make({"set": {"user_id": user, **claims}})}).status == 401
    assert row(kept) == []


BY = "SELECT id, password, CASE WHEN is_active THEN {yes} ELSE {no} END FROM auth_user WHERE "


@pytest.mark.parametrize("by_id", ["id::text = $1", "id = $1", "id = $1::integer"])
@pytest.mark.parametrize("yes, no", [("true", "false"), ("' Yes'", "'No'"), ("1", "0")])
def test_users_of_a_query(kept, service, by_id, yes, no):
    """Whatever type it gives $1, and however it writes that a user is active."""
    columns = BY.format(yes=yes, no=no)
    settings = {"JWT_USER_QUERY": columns + "username = $1", "JWT_USER_ID_QUERY": columns + by_id}
    assert check(kept, **settings) == (0, [])
    server = service(**settings)
    tokens = server.log_in()
    age(kept, 60)
    after = server.next(tokens)
    assert gen(after) == 2 and server.hello(after).status == 200
    old = {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1"}})}
    assert gen(server.next(old)) == 1
    kept.execute("UPDATE auth_user SET is_active = false WHERE id = 1")
    assert "No active account" in server.refresh(after).json()["detail"]


def test_users_of_a_query_with_many_columns(service):
    """More than the programs take: the session is judged all the same."""
    columns = "SELECT id, password, is_active, id, username, 1, 2, 3, 4, 5, 6, 7 FROM auth_user WHERE "
    server = service(JWT_USER_QUERY=columns + "username = $1", JWT_USER_ID_QUERY=columns + "id::text = $1")
    tokens = server.log_in()
    assert server.hello(tokens).status == 200
    assert server.log_out(tokens) == (200, {"ended": 1})
    server.refuses(tokens)


# The refresh: tests/unit/test_sessions.c has the table of decisions; here each row meets the database.


def test_within_the_grace_all_get_the_same_generation(kept, service):
    server = service()
    tokens = server.log_in()
    assert [gen(server.next(tokens)) for _ in range(3)] == [1, 1, 1]
    age(kept, 60)
    after = server.next(tokens)
    assert [gen(server.next(each)) for each in (tokens, after, tokens)] == [2, 2, 2]
    assert row(kept) == [(2, 1)]


def test_a_lost_answer_can_be_asked_for_again(kept, service):
    server = service()
    tokens = server.log_in()
    for expected in (2, 3, 4, 5):
        age(kept, 60)
        lost = server.next(tokens)
        assert gen(lost) == expected
    assert row(kept) == [(5, 1)]
    assert "outcome=session-recovered" in server.log()
    age(kept, 60)
    assert gen(server.next(lost)) == 6
    assert row(kept) == [(6, 5)]


def test_a_void_token_ends_the_session(kept, service):
    """Also within the grace; and its access token is refused at once, which ends nothing."""
    server = service()
    first = server.log_in()
    age(kept, 60)
    void = server.next(first)
    server.warm(void)
    age(kept, 60)
    good = server.next(first)
    server.refuses(void)
    assert server.hello(good).status == 200
    assert is_over(server.refresh(void))
    assert row(kept) == []
    server.refuses(good)
    assert is_over(server.refresh(good))
    assert "outcome=session-replayed" in server.log()


def test_an_old_token_ends_the_session(kept, service):
    server = service()
    first = server.log_in()
    age(kept, 60)
    second = server.next(first)
    age(kept, 60)
    third = server.next(second)
    server.warm(third)
    assert is_over(server.refresh(first))
    assert is_over(server.refresh(third))
    server.refuses(third)


def test_a_thief_and_the_victim_do_not_take_turns(kept, service):
    """Both orders: fewer than three refreshes until one of them is out and the session over."""
    for thief_first in (True, False):
        server = service()
        stolen = victim = thief = server.log_in()
        rounds = 0
        while True:
            rounds += 1
            age(kept, 60)
            answers = [server.refresh(thief if thief_first else victim)]
            age(kept, 60)
            answers.append(server.refresh(victim if thief_first else thief))
            if any(answer.status == 401 for answer in answers):
                break
            first, second = (answer.json() for answer in answers)
            thief, victim = (first, second) if thief_first else (second, first)
            assert rounds < 3
        assert rounds < 3
        assert is_over(server.refresh(stolen)) and row(kept) == []


def test_without_recovery(kept, service):
    server = service(JWT_SESSION_RECOVERY="0")
    tokens = server.log_in()
    age(kept, 60)
    server.next(tokens)
    assert gen(server.next(tokens)) == 2, "the grace goes on"
    age(kept, 60)
    assert is_over(server.refresh(tokens))


def test_a_recovery_ends_with_its_time(kept, service):
    server = service(JWT_SESSION_RECOVERY="3600")
    tokens = server.log_in()
    age(kept, 60)
    server.next(tokens)
    age(kept, 3601)
    assert is_over(server.refresh(tokens))


def test_a_token_ahead_of_its_row(kept, service):
    """A crash or a fail-over has lost the last rotations: nobody is logged out."""
    server = service()
    tokens = server.log_in()
    age(kept, 60)
    ahead = server.next(tokens)
    kept.execute("UPDATE jwt_session SET gen = 1, held = 0")
    assert gen(server.next(ahead)) == 3
    assert row(kept) == [(3, 2)]
    assert "outcome=session-behind" in server.log()


def test_tokens_ahead_of_their_row_at_once(kept, service):
    """Tabs after a crash: the first one moves the row, the others get its generation and void nothing."""
    server = service()
    tokens = server.log_in()
    for ahead in range(1, 6):
        kept.execute("UPDATE jwt_session SET gen = 0, held = 0")
        answers = at_once(20, lambda: server.refresh(tokens))
        assert [answer.status for answer in answers] == [200] * 20
        assert {gen(answer.json()) for answer in answers} == {ahead + 1}
        tokens = answers[0].json()


@pytest.mark.parametrize("number", [2, 20])
def test_many_at_once_move_it_once(kept, service, number):
    server = service()
    tokens = server.log_in()
    for _ in range(3):
        age(kept, 60)
        [(before, _)] = row(kept)
        answers = at_once(number, lambda: server.refresh(tokens))
        assert [answer.status for answer in answers] == [200] * number
        assert {gen(answer.json()) for answer in answers} == {before + 1}
        tokens = answers[0].json()
    age(kept, 60)
    recovered = at_once(number, lambda: server.refresh(tokens))
    age(kept, 60)
    recovered = at_once(number, lambda: server.refresh(tokens))
    [(now, held)] = row(kept)
    assert {gen(answer.json()) for answer in recovered} == {now} and held == now - 2


def test_a_hundred_at_once_on_two_instances(kept, tmp_path):
    """As ./run starts them, behind Nginx, with three processes of a program each: one generation, 20 of 20 times."""
    tmp_path.chmod(0o755)
    settings = {**PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on"}
    with contextlib.ExitStack() as stack:
        ports = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir(mode=0o755)
            instance = ours.Ours(kept.our_environment(), settings, tmp_path / name, ["--workers", "3"])
            stack.callback(instance.end)
            process.wait_for(instance.ready, "./run", 30)
            ports.append(instance.port)
        turn = itertools.count()

        def refresh(token):
            return client.post_json(ports[next(turn) % 2], "/api/token/refresh/", {"refresh": token})

        tokens = client.post_json(ports[0], "/api/token/", {"username": "alice", "password": PASSWORD}).json()
        for number in range(1, 21):
            age(kept, 60)
            answers = at_once(100, lambda: refresh(tokens["refresh"]))
            assert {answer.status for answer in answers} == {200}
            assert {gen(answer.json()) for answer in answers} == {number + 1}
            tokens = answers[-1].json()
            assert row(kept) == [(number + 1, number)]
            assert {client.hello(port, tokens["access"]).status for port in ports} == {200}


def test_many_replays_at_once(kept, service):
    server = service()
    first = server.log_in()
    age(kept, 60)
    void = server.next(first)
    age(kept, 60)
    server.next(first)
    kept.execute("DELETE FROM jwt_change")
    assert all(is_over(answer) for answer in at_once(20, lambda: server.refresh(void)))
    assert kept.execute("SELECT count(*) FROM jwt_change") == [(1,)]
    assert 1 <= server.log().count("session outcome=session-replayed") <= 20


@pytest.mark.parametrize("ends", ["expires_at", "expires_at, ends_at"])
def test_the_idle_and_the_absolute_end(kept, service, ends):
    server = service()
    tokens = server.log_in()
    for end in ends.split(", "):
        kept.execute(f"UPDATE jwt_session SET {end} = now() - interval '1 s'")
    answer = server.refresh(tokens)
    assert answer.status == 401 and answer.json()["detail"] == "Token is expired"
    assert server.hello(tokens).status == 401


def test_without_rotation(kept, service):
    """JWT_SESSION_ROTATE=off: a refresh only reads, and an end is still an end."""
    server = service(JWT_SESSION_ROTATE="off")
    tokens = server.log_in()
    age(kept, 3600)
    for _ in range(3):
        assert list(server.next(tokens)) == ["access"]
    assert row(kept) == [(1, 0)]
    assert server.log_out(tokens) == (200, {"ended": 1})
    assert is_over(server.refresh(tokens))


# Ends.


def test_log_out(service):
    server = service()
    one, other, third = (server.log_in() for _ in range(3))
    server.warm(one, other, third)
    assert server.log_out(one) == (200, {"ended": 1})
    server.refuses(one)
    assert is_over(server.refresh(one))
    assert server.log_out(other, "others") == (200, {"ended": 1})
    server.refuses(third)
    assert server.hello(other).status == 200
    fourth = server.log_in()
    server.warm(fourth)
    assert server.log_out(other, "all") == (200, {"ended": 2})
    server.refuses(other)
    server.refuses(fourth)
    assert server.log_out(fourth, "this")[0] == 401


def test_log_out_of_an_unknown_scope(service):
    server = service()
    tokens = server.log_in()
    assert server.log_out(tokens, "everything") == (400, {"scope": ['"everything" is not a valid choice.']})
    assert server.hello(tokens).status == 200


def test_a_login_right_after_a_log_out_of_all(service):
    server = service()
    tokens = server.log_in()
    for _ in range(5):
        assert server.log_out(tokens, "all") == (200, {"ended": 1})
        tokens = server.log_in()
        server.warm(tokens)
        assert gen(server.next(tokens)) == 1


def test_the_list_of_sessions(kept, service):
    server = service()
    one, other = server.log_in(), server.log_in()
    bob = server.log_in("bob", "another password")
    listed = server.list(one)
    assert [each["sid"] for each in listed] == [sid(other), sid(one)]
    assert [each["current"] for each in listed] == [False, True]
    assert set(listed[0]) == {"sid", "created_at", "refreshed_at", "expires_at", "current", "address", "agent"}
    assert listed[0]["address"] is None and listed[0]["agent"] is None
    assert server.end(one, sid(bob)).status == 404
    assert server.end(one, "x").status == 404
    answer = server.end(one, sid(other))
    assert (answer.status, answer.body) == (204, b"")
    assert server.end(one, sid(other)).status == 404
    assert [each["sid"] for each in server.list(one)] == [sid(one)]
    assert server.hello(bob).status == 200


def test_the_device_of_a_login(kept, service):
    server = service(JWT_SESSION_DEVICE="on")
    parameters, body = fastcgi.login("alice", PASSWORD)
    parameters["HTTP_USER_AGENT"] = "Phone\tof Jos\u00e9 " + "x" * 300
    tokens = server.one("token").answer(parameters, body).json()
    [listed] = server.list(tokens)
    assert listed["address"] == "127.0.0.1"
    assert listed["agent"].startswith("Phone?of Jos??") and len(listed["agent"]) == 200
    server.log_out(tokens)
    assert kept.execute("SELECT count(*) FROM jwt_session") == [(0,)]


@pytest.mark.parametrize("path, allowed", [
    ("/api/sessions/", "GET, HEAD, OPTIONS"), ("/api/sessions/?x=/y", "GET, HEAD, OPTIONS"),
    (f"/api/sessions/{'0' * 32}/", "DELETE, OPTIONS"), ("/api/sessions/x", "DELETE, OPTIONS"),
])
def test_the_methods_of_each_path(service, path, allowed):
    server = service()
    parameters, _ = fastcgi.get(path, server.log_in()["access"])
    for method in ("GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT"):
        output, _ = server.one("sessions").ask({**parameters, "REQUEST_METHOD": method})
        answer = client.parse(b"HTTP/1.1 " + output.removeprefix(b"Status: "), method == "HEAD")
        assert (answer.status != 405) == (method in allowed.split(", ")), method
        assert answer.header("Allow") == allowed
    answer = server.one("sessions").answer({**parameters, "HTTP_AUTHORIZATION": ""})
    assert (answer.status, answer.header("Allow")) == (401, allowed)


ENDS_ALL = {
    "a new password": "UPDATE auth_user SET password = 'another' WHERE id = 1",
    "deactivation": "UPDATE auth_user SET is_active = false WHERE id = 1",
    "deactivation, and active again": "UPDATE auth_user SET is_active = false WHERE id = 1;"
                                      "UPDATE auth_user SET is_active = true WHERE id = 1",
    "deletion": "DELETE FROM auth_user WHERE id = 1",
    "everybody": "INSERT INTO jwt_change (user_id) VALUES ('')",
}


@pytest.mark.parametrize("what", ENDS_ALL)
def test_what_ends_all_sessions(kept, service, what):
    server = service()
    one, other = server.log_in(), server.log_in()
    server.warm(one, other)
    kept.execute(ENDS_ALL[what])
    server.refuses(one)
    server.refuses(other)
    assert row(kept) == []
    assert server.refresh(one).status == 401


def test_what_ends_nothing(kept, service):
    server = service()
    tokens = server.log_in()
    kept.execute("UPDATE auth_user SET last_login = now(), email = 'x@y', password = password WHERE id = 1")
    kept.execute("UPDATE auth_user SET username = 'alina' WHERE id = 1")
    time.sleep(LATEST)
    assert server.hello(tokens).status == 200
    assert gen(server.next(tokens)) == 1
    kept.execute("UPDATE auth_user SET username = 'alice' WHERE id = 1")


def test_a_renewed_hash_ends_nothing(kept, service):
    server = service(JWT_PASSWORD_REHASH="upgrade")
    kept.execute("UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = 'h_old_iter')"
                 " WHERE username = 'alice'")
    one = server.log_in()
    assert len(server.list(one)) == 1
    other = server.log_in()
    assert len(server.list(other)) == 2


def test_a_login_during_a_change_of_the_password(kept, service):
    """The login has verified the old password; it waits for the change and is refused, or is ended by it."""
    server = service()
    with contextlib.closing(kept.cluster.connect("sessions")) as changes:
        changes.autocommit = False
        changes.cursor().execute("UPDATE auth_user SET password = 'another' WHERE id = 1")
        with ThreadPoolExecutor(1) as pool:
            login = pool.submit(lambda: server.post("token", {"username": "alice", "password": PASSWORD}))
            process.wait_for(lambda: kept.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%jwt_session%%'")
                == [(1,)], "the login to wait")
            changes.commit()
            assert login.result().status == 401
    assert row(kept) == []


def test_a_third_party_with_an_old_snapshot(kept, service):
    """REPEATABLE READ: its DELETE cannot see a session that was opened since; the session is over all the same."""
    server = service()
    with contextlib.closing(kept.cluster.connect("sessions")) as old:
        old.set_session(isolation_level="REPEATABLE READ", autocommit=False)
        old.cursor().execute("SELECT count(*) FROM jwt_session")
        tokens = server.log_in()
        old.cursor().execute("INSERT INTO jwt_change (user_id) VALUES ('1')")
        old.commit()
    assert row(kept) == [(1, 0)], "the row survived"
    assert is_over(server.refresh(tokens))
    server.refuses(tokens)
    assert row(kept) == [(1, 0)]


def test_the_blacklist_endpoint_ends_a_session(kept, service):
    server = service()
    tokens = server.log_in()
    server.warm(tokens)
    age(kept, 60)
    after = server.next(tokens)
    answer = server.post("blacklist", {"refresh": tokens["refresh"]})
    assert (answer.status, answer.json()) == (200, {}), "any generation of it"
    assert is_over(server.post("blacklist", {"refresh": tokens["refresh"]}))
    assert is_over(server.refresh(after))
    server.refuses(tokens)


def test_the_blacklist_endpoint_ends_a_token_of_before(kept, service):
    """It is the first generation of its session, and any generation ends it."""
    server = service()
    make = Maker()
    old = make.make({"kind": "refresh", "set": {"user_id": "1"}})
    new = server.next({"refresh": old})
    for _ in range(2):
        age(kept, 60)
        new = server.next(new)
    assert gen(new) == 3
    answer = server.post("blacklist", {"refresh": old})
    assert (answer.status, answer.json()) == (200, {})
    assert row(kept) == [] and is_over(server.refresh(new))
    assert is_over(server.post("blacklist", {"refresh": old})), "ended before"
    never = make.make({"kind": "refresh", "set": {"user_id": "1", "jti": "0" * 32}})
    assert server.post("blacklist", {"refresh": never}).status == 200, "never shown before"
    assert is_over(server.post("blacklist", {"refresh": never})) and is_over(server.refresh({"refresh": never}))
    assert "session-replayed" not in server.log("blacklist")


def test_verify(kept, service):
    server = service()
    first = server.log_in()
    age(kept, 60)
    void = server.next(first)
    age(kept, 60)
    good = server.next(first)

    def verify(token):
        answer = server.post("verify", {"token": token})
        return answer.status, answer.json()

    over = (400, {"non_field_errors": ["Token is blacklisted"]})
    assert verify(good["refresh"]) == verify(good["access"]) == (200, {})
    assert verify(void["refresh"]) == verify(void["access"]) == over
    server.log_out(good)
    process.wait_for(lambda: verify(good["access"]) == over, "the end")
    assert verify(good["refresh"]) == over


# How many there are.


def test_the_maximum_of_sessions(kept, service):
    server = service(JWT_SESSION_MAX="3")
    first = server.log_in()
    others = [server.log_in() for _ in range(3)]
    assert {each["sid"] for each in server.list(others[-1])} == {sid(each) for each in others}
    server.refuses(first)
    at_once(8, server.log_in)
    process.wait_for(lambda: kept.execute("SELECT count(*) FROM jwt_session") == [(3,)], "the maximum")


def test_expired_rows_are_swept_by_logins(kept, service):
    server = service()
    kept.execute("INSERT INTO jwt_session SELECT '4', gen_random_uuid(), 1, 0, now() - interval '2 days',"
                 " now() - interval '2 days', now() - interval '1 day', now() FROM generate_series(1, 200)")
    for _ in range(20):
        server.log_in()
    assert kept.execute("SELECT count(*) FROM jwt_session WHERE user_id = '4'") == [(0,)]
    assert kept.execute("SELECT count(*) FROM jwt_session") == [(20,)]


def test_conversions_are_counted(kept, service):
    """A session that a token of before becomes is one more, and the one unused longest goes."""
    server = service(JWT_SESSION_MAX="2")
    first = server.log_in()
    make = Maker()
    old = [{"refresh": make.make({"kind": "refresh", "set": {"user_id": "1", "jti": f"{number:032}"}})}
           for number in range(3)]
    new = [server.next(each) for each in old]
    assert {each["sid"] for each in server.list(new[-1])} == {sid(each) for each in new[1:]}
    assert is_over(server.refresh(first)) and is_over(server.refresh(old[0])), "it is not converted again"


def test_no_token_is_converted_twice(kept, service):
    """With JWT_SESSION_MAX_AGE below what is left of a token its row may have been swept."""
    server = service(JWT_SESSION_MAX_AGE="1000")
    make = Maker()
    young, old = ({"refresh": make.make({"kind": "refresh", "set": {"user_id": "1", "iat": iat, "exp": "t0+80000"}})}
                  for iat in ("t0-500", "t0-1500"))
    assert gen(server.next(young)) == 1
    assert is_over(server.refresh(old)), "the session that it may have become has ended by now"
    assert len(row(kept)) == 1


def test_long_user_ids_do_not_stop_the_sweep(kept, service):
    server = service()
    kept.execute("INSERT INTO jwt_session SELECT repeat(c, 300), gen_random_uuid(), 1, 0, now(), now(),"
                 " now() + interval '1 day', now() + interval '1 day'"
                 " FROM unnest(ARRAY['4', '5']) c, generate_series(1, 60)")
    kept.execute("INSERT INTO jwt_session SELECT '6', gen_random_uuid(), 1, 0, now() - interval '2 days',"
                 " now() - interval '2 days', now() - interval '1 day', now()")
    for _ in range(16):
        server.log_in()
    assert kept.execute("SELECT count(*) FROM jwt_session WHERE user_id = '6'") == [(0,)]


def test_updates_touch_no_index(kept, service):
    """HOT updates: more than 99 % of them."""
    server = service(JWT_SESSION_GRACE="0")
    kept.cluster.psql("sessions", "-c", "VACUUM FULL jwt_session")
    kept.execute("SELECT pg_stat_reset_single_table_counters('jwt_session'::regclass)")
    many = [server.log_in() for _ in range(10)]
    for _ in range(40):
        many = [server.next(tokens) for tokens in many]

    def counted():
        kept.execute("SELECT pg_stat_clear_snapshot()")
        [(updates, hot)] = kept.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
                                        " WHERE relname = 'jwt_session'")
        return updates >= 400 and hot / updates > 0.99

    process.wait_for(counted, "the statistics", 30)


def test_a_refresh_touches_no_change(kept, service):
    """Its statement may note a change; when it does not, it neither sweeps nor locks rows of the feed."""
    server = service()
    tokens = server.log_in()
    kept.execute("INSERT INTO jwt_change (user_id, ends) SELECT '4', false FROM generate_series(1, 20)")

    def rows():
        return kept.execute("SELECT ctid, xmax FROM jwt_change ORDER BY ctid")

    before = rows()
    age(kept, 60)
    assert gen(server.next(tokens)) == 2
    assert rows() == before


# Tokens of before.


def test_a_token_of_before_becomes_a_session(kept, service):
    server = service()
    old = {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1"}})}
    new = server.next(old)
    assert gen(new) == 1 and "outcome=session-converted" in server.log()
    assert gen(server.next(old)) == 1, "within the grace, the same"
    assert row(kept) == [(1, 0)]
    age(kept, 60)
    assert gen(server.next(old)) == 2, "the answer was lost"
    age(kept, 60)
    assert is_over(server.refresh(new))
    assert is_over(server.refresh(old)), "its end is remembered: it does not begin anew"


def test_a_token_of_before_an_end_of_all(kept, service):
    server = service()
    make = Maker()
    old = {"refresh": make.make({"kind": "refresh", "set": {"user_id": "1", "iat": "t0-60"}}),
           "access": make.make({"set": {"user_id": "1", "iat": "t0-60"}})}
    server.warm(old)
    assert server.log_out(old) == (200, {"ended": 0})
    assert server.log_out(old, "all") == (200, {"ended": 0})
    server.refuses(old)
    assert is_over(server.refresh(old))
    sliding = make.make({"kind": "sliding", "set": {"user_id": "1", "iat": "t0-60"}})
    assert is_over(server.post("sliding_refresh", {"token": sliding}))
    assert server.hello(server.log_in()).status == 200


def test_a_token_of_before_without_rotation(kept, service):
    """Its client gets no other one, so it is good for as long as it lasts."""
    server = service(JWT_SESSION_ROTATE="off", JWT_SESSION_RECOVERY="0")
    old = {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1"}})}
    for _ in range(3):
        assert list(server.next(old)) == ["access"]
        age(kept, 60)
    assert row(kept) == [(1, 0)]


def test_an_end_of_the_others_keeps_a_token_of_before(kept, service):
    server = service(JWT_SESSION_ROTATE="off")
    old = {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1", "iat": "t0-60"}})}
    this = server.next(old)
    assert server.log_out(this, "others") == (200, {"ended": 0})
    assert server.hello(server.next(old)).status == 200


@pytest.mark.parametrize("compat", ["5.2", "5.5"])
def test_no_sliding_token_is_revived(kept, service, compat):
    """Also where SimpleJWT does not look at the owner; a deactivation ends for good."""
    server = service(JWT_COMPAT=compat)
    sliding = Maker().make({"kind": "sliding", "set": {"user_id": "1", "iat": "t0-60"}})
    assert server.post("sliding_refresh", {"token": sliding}).status == 200
    kept.execute("UPDATE auth_user SET is_active = false WHERE id = 1")
    time.sleep(LATEST)
    assert is_over(server.post("sliding_refresh", {"token": sliding}))
    kept.execute("UPDATE auth_user SET is_active = true WHERE id = 1")
    time.sleep(LATEST)
    assert is_over(server.post("sliding_refresh", {"token": sliding}))


WITHOUT_FEED = {
    "known": {"JWT_FEED_KNOWN": "0"},
    "query": {"JWT_USER_QUERY": "SELECT id, password, is_active FROM auth_user WHERE username = $1",
              "JWT_USER_ID_QUERY": "SELECT id, password, is_active FROM auth_user WHERE id::text = $1"},
}


@pytest.mark.parametrize("without", WITHOUT_FEED)
def test_without_a_feed_digests_tell_of_a_new_password(kept, service, without):
    """Neither access nor refresh; verify looks at the session alone."""
    server = service(JWT_CHECK_REVOKE_TOKEN="on", **WITHOUT_FEED[without])
    tokens, ended = server.log_in(), server.log_in()
    kept.execute("ALTER TABLE auth_user DISABLE TRIGGER ALL")
    try:
        assert server.log_out(ended) == (200, {"ended": 1})
        kept.execute("UPDATE auth_user SET password = 'another' WHERE id = 1")
        assert server.hello(tokens).status == 401
        assert server.refresh(tokens).status == 401
        verified = [server.post("verify", {"token": each[kind]}).status
                    for each in (tokens, ended) for kind in ("access", "refresh")]
        assert verified == [200, 200, 400, 400]
        kept.execute("UPDATE auth_user SET is_active = false WHERE id = 1")
        assert server.post("verify", {"token": tokens["refresh"]}).status == 200
        assert server.post("verify", {"token": ended["refresh"]}).status == 400
    finally:
        kept.cluster.psql("sessions", "-f", SQL / "sessions.sql")
        kept.execute("ALTER TABLE auth_user ENABLE TRIGGER ALL; ALTER TABLE auth_user ENABLE ALWAYS TRIGGER jwt_changed,"
                     " ENABLE ALWAYS TRIGGER jwt_removed, ENABLE ALWAYS TRIGGER jwt_emptied")


def test_tokens_of_before_may_be_refused(service):
    server = service(JWT_SESSION_CONVERT="off")
    answer = server.post("refresh", {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1"}})})
    assert answer.status == 401 and answer.json()["detail"].startswith("Token is invalid")


def test_many_conversions_at_once(kept, service):
    server = service()
    old = {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1"}})}
    answers = at_once(20, lambda: server.refresh(old))
    assert {answer.status for answer in answers} == {200}
    assert len({sid(answer.json()) for answer in answers}) == 1 and row(kept) == [(1, 0)]


def test_sessions_are_switched_off_again(kept, service):
    """Tokens with a session are ordinary tokens again."""
    tokens = service().log_in()
    server = service(JWT_SESSIONS="off")
    assert server.hello(tokens).status == 200
    after = server.next(tokens)
    assert list(after) == ["access"] and claims_of(after["access"])["sid"] == sid(tokens)
    assert server.post("logout", {}, tokens["access"]).status == 404


# Outages.


def test_an_outage_is_503(kept, service):
    server = service()
    tokens = server.log_in()
    kept.cluster.stop()
    try:
        assert server.refresh(tokens).status == 503
        assert server.post("logout", {}, tokens["access"]).status == 503
        assert server.post("blacklist", {"refresh": tokens["refresh"]}).status == 503
        assert server.end(tokens, sid(tokens)).status == 503
    finally:
        kept.cluster.start()
        kept.connect_again()
    process.wait_for(lambda: server.refresh(tokens).status == 200, "service again")


def test_nobody_is_logged_out_by_a_crash(kept, service):
    """kill -9 of PostgreSQL during refreshes: rotations may be forgotten, sessions are not."""
    server = service(JWT_SESSION_GRACE="0")
    people = [server.log_in() for _ in range(8)]
    stop = threading.Event()

    def use(tokens):
        while not stop.is_set():
            answer = server.refresh(tokens)
            assert answer.status in (200, 503), answer.body
            if answer.status == 200:
                tokens = answer.json()
        return tokens

    with ThreadPoolExecutor(len(people)) as pool:
        users = [pool.submit(use, tokens) for tokens in people]
        time.sleep(0.5)
        kept.cluster.signal_all(signal.SIGKILL)
        kept.cluster.postmaster.wait()
        kept.cluster.start()
        kept.connect_again()
        time.sleep(0.5)
        stop.set()
        people = [user.result() for user in users]
    for tokens in people:
        process.wait_for(lambda tokens=tokens: server.refresh(tokens).status == 200, "service again")


@pytest.fixture
def lossy(kept):
    """(way, service) on a database whose answers can get lost on the way."""
    way = cutter.Cutter(kept.cluster)
    site = types.SimpleNamespace(our_environment=lambda: way.environment(kept.our_environment()), execute=kept.execute)
    try:
        with contextlib.ExitStack() as stack:
            def started(**settings):
                server = Service(stack, site, **settings)
                for program in itertools.chain.from_iterable(server.programs[name] for name in PROCESSES):
                    program.answer(*fastcgi.get("/"))  # its start asks the database, too
                return server

            yield way, started
    finally:
        way.end()


ENDS_THIS = {  # request, its answer, and the command tag of the statement: of several the one after so many
    "logout": (lambda server, tokens: server.log_out(tokens), (200, {"ended": 1}), ("INSERT 0 1", 0)),
    "logout of all": (lambda server, tokens: server.log_out(tokens, "all"), (200, {"ended": 1}), ("SELECT 1", 1)),
    "delete": (lambda server, tokens: (server.end(tokens, sid(tokens)).status, None), (204, None), ("INSERT 0 1", 0)),
    "blacklist": (lambda server, tokens: (server.post("blacklist", {"refresh": tokens["refresh"]}).status, None),
                  (200, None), ("INSERT 0 1", 0)),
}


@pytest.mark.parametrize("end", ENDS_THIS)
def test_the_answer_of_an_end_is_lost(kept, lossy, end):
    """It was committed, and its repeat finds no row: the session was ended by this request."""
    way, service = lossy
    ask, answer, (tag, passing) = ENDS_THIS[end]
    server = service()
    tokens, other = server.log_in(), server.log_in("bob", "another password")
    way.cut(tag, passing)
    assert ask(server, tokens) == answer
    assert way.cuts == 1
    assert is_over(server.post("blacklist", {"refresh": tokens["refresh"]})), "the next one finds no session"
    assert server.end(other, sid(tokens)).status == 404
    assert len(row(kept)) == 1


@pytest.mark.parametrize("limits", [("10", "86400"), ("0", "86400"), ("10", "0"), ("0", "0")])
@pytest.mark.parametrize("before", [False, True], ids=["a session", "a token of before"])
def test_the_answer_of_a_refresh_is_lost(kept, lossy, limits, before):
    """The statement is repeated: whatever the grace and the recovery, the client gets a good token."""
    way, service = lossy
    server = service(**dict(zip(("JWT_SESSION_GRACE", "JWT_SESSION_RECOVERY"), limits)))
    tokens = {"refresh": Maker().make({"kind": "refresh", "set": {"user_id": "1"}})} if before else server.log_in()
    age(kept, 60)
    way.cut("INSERT 0 1" if before else "SELECT 1")
    after = server.next(tokens)
    assert way.cuts == 1
    assert row(kept) == [(gen(after), 0 if before else 1)]
    age(kept, 60)
    assert gen(server.next(after)) == gen(after) + 1


# What --check-config, the start and /healthz/ready ask of the database.


@pytest.fixture
def installed(kept):
    yield lambda *variables: kept.cluster.psql(kept.name, *variables, "-f", SQL / "sessions.sql")
    kept.cluster.psql(kept.name, "-f", SQL / "sessions.sql")


def check(site, **settings):
    """Status of --check-config, and its lines about the database."""
    every = ours.environment(site.our_environment(), {
        **PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", **settings})
    done = subprocess.run([ours.program("refresh"), "--check-config"], env=every, capture_output=True, text=True)
    return done.returncode, done.stderr.splitlines()


def is_ready(site, **settings):
    every = ours.environment(site.our_environment(), {
        **PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", **settings})
    with fastcgi.Program("health", every) as health:
        return health.answer(*fastcgi.get("/healthz/ready")).status == 200


def starts(site, **settings):
    """Whether a program with these settings serves; None if it ended by itself."""
    every = ours.environment(site.our_environment(), {
        **PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", **settings})
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("")
        listening.listen()
        program = subprocess.Popen([ours.program("refresh")], stdin=listening, env=every,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            program.wait(1)
        except subprocess.TimeoutExpired:
            return True
        finally:
            program.kill()
            program.wait()
    return False


def refused(site, words, **settings):
    status, lines = check(site, **settings)
    assert status == 2 and len(lines) == 1 and words in lines[0], lines
    assert not is_ready(site, **settings)
    assert not starts(site, **settings)


def test_an_installed_database_is_good(kept):
    assert check(kept) == (0, [])
    assert is_ready(kept)
    assert starts(kept)


def test_sessions_without_their_table_are_refused(kept, installed):
    kept.execute("DROP TABLE jwt_session")
    refused(kept, 'jwt_session\\" does not exist"; sql/sessions.sql makes the tables')
    refused(kept, 'jwt_session\\" does not exist"', JWT_FEED_KNOWN="0")
    assert check(kept, JWT_SESSIONS="off") == (0, [])


@pytest.mark.parametrize("change", [
    "DROP TRIGGER jwt_changed ON auth_user",
    "ALTER TABLE auth_user DISABLE TRIGGER jwt_removed",
    "ALTER TABLE auth_user ENABLE REPLICA TRIGGER jwt_emptied",
])
def test_sessions_without_the_triggers_are_refused(kept, installed, change):
    kept.execute(change)
    refused(kept, "JWT_SESSIONS needs the change feed")
    assert check(kept, JWT_FEED_KNOWN="0") == (0, []), "each request reads"
    status, [line] = check(kept, JWT_SESSIONS="off")
    assert status == 0 and "change feed: not installed" in line and "sql/changes.sql" in line


def test_sessions_with_a_feed_of_another_column_are_refused(kept, installed):
    kept.execute("GRANT SELECT (email) ON auth_user TO jwt_fcgi")
    refused(kept, "JWT_SESSIONS needs the change feed", JWT_USERNAME_FIELD="email")


def test_changes_must_be_kept_longer_than_tokens_last(kept, installed):
    installed("-v", "keep=25 hours")
    lifetimes = {"JWT_REFRESH_TOKEN_LIFETIME": "89000", "JWT_ACCESS_TOKEN_LIFETIME": "880"}
    assert check(kept, **lifetimes) == (0, [])
    refused(kept, "kept for 25 hours", **{**lifetimes, "JWT_ACCESS_TOKEN_LIFETIME": "881"})
    installed("-v", "keep=90001 seconds")
    assert check(kept, **{**lifetimes, "JWT_ACCESS_TOKEN_LIFETIME": "881"}) == (0, [])


@pytest.mark.parametrize("by_query", [False, True])
def test_an_id_that_is_padded_is_refused(kept, installed, by_query):
    """character(n): a cast to text removes its blanks, so the rows of one user would not be found by the others."""
    kept.execute("CREATE TABLE padded (id character(8) PRIMARY KEY, username text, password text, is_active boolean);"
                 "GRANT SELECT, UPDATE ON padded TO jwt_fcgi")
    columns = "SELECT id, password, is_active FROM padded WHERE "
    settings = {"JWT_USER_QUERY": columns + "username = $1", "JWT_USER_ID_QUERY": columns + "id = $1"}
    if not by_query:
        settings = {"JWT_USER_TABLE": "padded"}
        installed("-v", "users=padded")
    try:
        status, lines = check(kept, **settings)
        assert status == 2 and len(lines) == (2 if by_query else 1), "one for each setting"
        assert all("column 1 is character(n)" in line for line in lines)
        assert not is_ready(kept, **settings) and not starts(kept, **settings)
        kept.execute("ALTER TABLE padded RENAME id TO other; ALTER TABLE padded ADD id character varying(8)")
        assert check(kept, **settings) == (0, [])
    finally:
        kept.execute("DROP TABLE padded")


@pytest.mark.parametrize("order", [("roles", "sessions"), ("sessions", "roles")])
def test_the_order_of_the_files_does_not_matter(kept, installed, order):
    kept.execute("DROP TABLE jwt_session; DROP TABLE jwt_change CASCADE")
    if order[0] == "sessions":
        kept.execute("DROP OWNED BY jwt_fcgi; DROP ROLE jwt_fcgi")
    for name in order:
        kept.cluster.psql(kept.name, "-f", SQL / f"{name}.sql")
    assert check(kept) == (0, [])


# Other ways to the database, and many rows.


def life(server, grow_old=lambda site: age(site, 60)):
    """A login, a rotation, a lost answer that is asked for again, and a log-out of all."""
    tokens = server.log_in()
    grow_old(server.site)
    server.next(tokens)
    grow_old(server.site)
    newer = server.next(tokens)
    assert gen(newer) == 3 and server.hello(newer).status == 200
    assert [one["sid"] for one in server.list(newer)] == [sid(tokens)]
    assert server.log_out(newer, "all") == (200, {"ended": 1})
    server.refuses(newer)
    answer = server.refresh(newer)
    assert (answer.status, answer.json()) == (401, BLACKLISTED)


@pytest.mark.parametrize("version", ["5.2", "5.5"])
def test_with_an_older_simplejwt(kept, service, version):
    life(service(JWT_COMPAT=version))


@pytest.mark.skipif(bouncer.PROGRAM is None, reason="PgBouncer is not installed")
def test_behind_pgbouncer(kept):
    """In transaction mode: two connections for the requests of all programs."""
    pool = bouncer.Bouncer(kept.cluster, "jwt_fcgi")
    pooled = pool.environment(kept.our_environment())
    site = types.SimpleNamespace(our_environment=lambda: pooled, execute=kept.execute)
    try:
        with contextlib.ExitStack() as stack:
            server = Service(stack, site)
            life(server)
            tokens = server.log_in()
            with ThreadPoolExecutor(20) as many:
                answers = list(many.map(lambda _: server.refresh(tokens), range(20)))
            assert {answer.status for answer in answers} == {200}
            assert {gen(answer.json()) for answer in answers} == {1}, "within the grace"
    finally:
        pool.end()
        pool.remove()


def cgi(site, name, parameters, body=b"", **settings):
    every = ours.environment(site.our_environment(), {
        **PROFILES["plain"].our_settings(), "JWT_SESSIONS": "on", **settings})
    done = subprocess.run([ours.program(name)], env={**every, **parameters}, input=body, capture_output=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else None


def test_sessions_with_cgi(kept):
    """A process for each request, which always reads."""
    status, tokens = cgi(kept, "token", *fastcgi.login("alice", PASSWORD))
    assert status == 200
    age(kept, 60)
    status, newer = cgi(kept, "refresh", *fastcgi.post("/", {"refresh": tokens["refresh"]}))
    assert (status, gen(newer)) == (200, 2)
    status, found = cgi(kept, "sessions", *fastcgi.get("/api/sessions/", newer["access"]))
    assert status == 200 and [one["sid"] for one in found] == [sid(tokens)]
    parameters, _ = fastcgi.get(f"/api/sessions/{sid(tokens)}/", newer["access"])
    assert cgi(kept, "sessions", {**parameters, "REQUEST_METHOD": "DELETE"}) == (204, None)
    assert cgi(kept, "hello", *fastcgi.get("/hello/", newer["access"]))[0] == 401
    assert cgi(kept, "refresh", *fastcgi.post("/", {"refresh": newer["refresh"]})) == (401, BLACKLISTED)


def scans(site, kind):
    return dict(site.execute(f"SELECT relname, {kind} FROM pg_stat_user_tables"
                             " WHERE relname IN ('jwt_session', 'jwt_change')"))


def test_no_request_reads_a_whole_table(kept, service):
    """With 100,000 sessions and as many changes; a connection adds to the statistics when it ends."""
    kept.execute("INSERT INTO jwt_session SELECT 'u' || n % 50000, gen_random_uuid(), 1, 0, now(), now(),"
                 " now() + interval '1 day', now() + interval '1 day' FROM generate_series(1, 100000) n")
    kept.execute("INSERT INTO jwt_change (user_id, sid, ends) SELECT 'u' || n % 50000, NULL, false"
                 " FROM generate_series(1, 100000) n")
    kept.execute("ANALYZE jwt_session; ANALYZE jwt_change")
    kept.execute("ALTER TABLE jwt_session SET (autovacuum_enabled = off)")
    try:
        server = service(JWT_SESSION_MAX="5", JWT_SESSION_GRACE="0")
        before, used = scans(kept, "seq_scan"), scans(kept, "idx_scan")
        for _ in range(8):
            life(server, lambda site: None)
        ours_are = "usename = 'jwt_fcgi'"
        kept.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours_are}")
        process.wait_for(lambda: kept.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {ours_are}")[0][0] == 0,
                         "the connections to end")
        assert scans(kept, "seq_scan") == before
        assert all(count > used[name] + 8 for name, count in scans(kept, "idx_scan").items())
    finally:
        kept.execute("ALTER TABLE jwt_session RESET (autovacuum_enabled)")
