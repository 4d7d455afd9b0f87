"""Of many who use one refresh token at the same moment exactly one wins, whatever they use it for.

Many workers on two hosts, so to say: two of ./run on one database.
"""
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import client, ours, process
from harness.fixtures import skip_without
from harness.people import PASSWORD
from harness.profiles import PROFILES
from harness.tokens import Maker, claims_of

MANY, ROUNDS = 24, 8
LOST = (401, b'{"detail":"Token is blacklisted","code":"token_not_valid"}')


@pytest.fixture(scope="module")
def hosts(site, tmp_path_factory):
    skip_without("token", "refresh", "blacklist")
    running = []
    try:
        for _ in range(2):
            folder = tmp_path_factory.mktemp("host")
            running.append(ours.Ours(site.our_environment(), PROFILES["rotate"].our_settings(), folder,
                                     ("--workers", "4")))
        for run in running:
            process.wait_for(run.ready, "./run", 60)
        yield [run.port for run in running]
    finally:
        for run in running:
            run.end()


@pytest.fixture(scope="module")
def crowd():
    with ThreadPoolExecutor(MANY) as threads:
        yield threads


def login(port):
    return client.post_json(port, "/api/token/", {"username": "alice", "password": PASSWORD}).json()["refresh"]


def use(port, path, token):
    answer = client.post_json(port, path, {"refresh": token})
    return answer.status, answer.body


def all_at_once(crowd, hosts, paths, token):
    calls = [(hosts[i % 2], paths[i % len(paths)]) for i in range(MANY)]
    return list(crowd.map(lambda call: use(*call, token), calls))


WAYS = {
    "refresh": ["/api/token/refresh/"],
    "blacklist": ["/api/token/blacklist/"],
    "both": ["/api/token/refresh/", "/api/token/blacklist/", "/api/token/blacklist/"],
}


@pytest.mark.parametrize("issued", ("listed", "unlisted"))
@pytest.mark.parametrize("way", WAYS)
def test_exactly_one_wins(site, hosts, crowd, way, issued):
    """Also with a token that was issued before the tables were used, which is listed only now."""
    for _ in range(ROUNDS):
        token = login(hosts[0]) if issued == "listed" else Maker("rotate").make({"kind": "refresh"})
        answers = all_at_once(crowd, hosts, WAYS[way], token)
        won = [answer for answer in answers if answer[0] == 200]
        assert len(won) == 1 and set(answers) == {*won, LOST}
        jti = claims_of(token)["jti"]
        assert site.execute(
            "SELECT count(*), count(b.id) FROM token_blacklist_outstandingtoken o"
            " LEFT JOIN token_blacklist_blacklistedtoken b ON b.token_id = o.id WHERE o.jti = %s", jti) == [(1, 1)]


def test_a_chain_of_rotations_never_forks(hosts, crowd):
    """Each time the winner's new token is used by all again: one chain, every old link refused."""
    token, old = login(hosts[0]), []
    for _ in range(ROUNDS):
        answers = all_at_once(crowd, hosts, WAYS["refresh"], token)
        [won] = [body for status, body in answers if status == 200]
        old.append(token)
        token = client.parse(b"HTTP/1.1 200 OK\r\n\r\n" + won).json()["refresh"]
    assert {use(hosts[1], "/api/token/refresh/", one) for one in old} == {LOST}
    assert use(hosts[1], "/api/token/refresh/", token)[0] == 200


def test_django_refuses_what_lost_here_and_we_what_it_blacklisted(site, hosts, reference):
    django = reference("rotate").port
    for here, there in ((hosts[0], django), (django, hosts[0])):
        rotated, blacklisted = login(here), login(here)
        status, body = use(here, "/api/token/refresh/", rotated)
        assert status == 200 and use(here, "/api/token/blacklist/", blacklisted)[0] == 200
        for token in (rotated, blacklisted):
            assert use(there, "/api/token/refresh/", token) == use(there, "/api/token/blacklist/", token) == LOST
        fresh = client.parse(b"HTTP/1.1 200 OK\r\n\r\n" + body).json()["refresh"]
        assert use(there, "/api/token/refresh/", fresh)[0] == 200
