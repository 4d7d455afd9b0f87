"""A refused login costs the same, whoever is asked for: nobody learns by a clock who has an account.

What counts is the processor time of the program (its schedstat, in nanoseconds), which a busy machine
disturbs far less than the time of a wall clock. The kinds take turns, and each try is compared with the
others of its turn, so that whatever the machine does meanwhile happens to all. TIMING_TRIES=200 is the
whole measurement; a shorter one is as strict about a difference that anybody could see.
"""
import contextlib
import os
import statistics

import pytest
from harness import fastcgi, hashes, ours, process
from harness.fixtures import skip_without
from harness.profiles import PROFILES

TRIES = int(os.environ.get("TIMING_TRIES", "25"))
WITHIN = 0.05 if TRIES >= 200 else 0.07
WARM_UP = 8  # tries of each kind that are not counted: the program learns what its formats cost
ITERATIONS = 20000
RIGHT, WRONG = "the right password", "a wrong password"

# name: the stored string, whether active, the password that is tried; None: there is no such user.
KINDS = {
    "unknown": None,
    "wrong password": (hashes.pbkdf2(RIGHT, ITERATIONS), True, WRONG),
    "inactive": (hashes.pbkdf2(RIGHT, ITERATIONS), False, RIGHT),
    "inactive, wrong password": (hashes.pbkdf2(RIGHT, ITERATIONS), False, WRONG),
    "unusable": ("!" + "x" * 40, True, WRONG),
    "broken": ("pbkdf2_sha256$abc", True, WRONG),
    "of no known format": ("whirlpool$salt$hash", True, WRONG),
    "empty": ("", True, WRONG),
    "fewer iterations": (hashes.pbkdf2(RIGHT, ITERATIONS // 10), True, WRONG),
    "sha1": (hashes.pbkdf2(RIGHT, ITERATIONS // 2, digest="sha1"), True, WRONG),
}
TABLES = {
    "costs up to the setting's": {},
    "more iterations than the setting": {
        "more iterations": (hashes.pbkdf2(RIGHT, ITERATIONS * 3 // 2), True, WRONG),
    },
    "dearer formats": {
        "bcrypt": (hashes.crypt_bcrypt(RIGHT, 7), True, WRONG),
        "cheap bcrypt": (hashes.crypt_bcrypt(RIGHT, 4), True, WRONG),
        "argon2": (hashes.argon2(RIGHT, "ID"), True, WRONG),
        "scrypt": (hashes.scrypt(RIGHT), True, WRONG),
    },
}

# Formats that take the longer the longer the password is, beside some that do not.
GROWING = {
    "unknown": None,
    "wrong password": (hashes.pbkdf2(RIGHT, ITERATIONS), True),
    "unusable": ("!" + "x" * 40, True),
    "$5$": (hashes.crypt(RIGHT, "$5$rounds=5000$saltsaltsaltsalt$"), True),
    "$6$": (hashes.crypt(RIGHT, "$6$rounds=2500$salt$"), True),
}
LENGTHS = (15, 150, 2000)


def add(site, people):
    for name, person in people.items():
        if person:
            site.execute(
                "INSERT INTO auth_user (username, password, is_active, is_superuser, is_staff, first_name,"
                " last_name, email, date_joined) VALUES (%s, %s, %s, false, false, '', '', '', now())",
                name, person[0], person[1])


def cost_of_try(program, name, password):
    before = process.processor_time(program.process.pid)
    output, ended = program.ask(*fastcgi.login(name, password))
    after = process.processor_time(program.process.pid)
    assert ended and output.startswith(b"Status: 401"), output
    return (after - before) * 1000


def medians(program, tried, warm_up=WARM_UP):
    """The median cost of each kind, as a share of what a try of the same turn costs; and milliseconds."""
    shares, times = {name: [] for name in tried}, []
    for turn in range(warm_up + TRIES):
        costs = {name: cost_of_try(program, name, password) for name, password in tried.items()}
        usual = statistics.median(costs.values())
        if turn >= warm_up:
            times.append(usual)
            for name, cost in costs.items():
                shares[name].append(cost / usual)
    return {name: statistics.median(found) for name, found in shares.items()}, statistics.median(times)


@contextlib.contextmanager
def program_for(site, people):
    """The program, and these people in its database."""
    skip_without("token")
    add(site, people)
    settings = {**PROFILES["plain"].our_settings(), "JWT_PBKDF2_ITERATIONS": str(ITERATIONS),
                "JWT_PASSWORD_REHASH": "off", "JWT_THROTTLE": "off"}
    try:
        with fastcgi.Program("token", ours.environment(site.our_environment(), settings)) as program:
            yield program
    finally:
        site.restore()


def assert_the_same(found, time):
    told = "\n".join([f"{time:.3f} ms", *(f"{name:32} {share:.3f}" for name, share in found.items())])
    print(told)
    assert all(abs(share - 1) <= WITHIN for share in found.values()), f"\n{told}"


@pytest.mark.parametrize("table", TABLES)
def test_a_refusal_costs_the_same(site, table):
    people = {"timed " + name: person for name, person in {**KINDS, **TABLES[table]}.items()}
    with program_for(site, people) as program:
        assert_the_same(*medians(program, {name: person[2] if person else WRONG for name, person in people.items()}))


def test_a_refusal_of_a_long_password_costs_the_same(site):
    """From the first one on: what the program knows of a format, it knows for every length."""
    people = {"timed " + name: person for name, person in GROWING.items()}
    with program_for(site, people) as program:
        for length in LENGTHS:
            warm_up = WARM_UP if length == LENGTHS[0] else 0
            assert_the_same(*medians(program, dict.fromkeys(people, "x" * length), warm_up))
