"""Ours against recorded answers: of Debian's SimpleJWT with JWT_COMPAT=5.2, else of the newest."""
import comparison
import newest
import pytest
import wirecases
from harness.fixtures import skip_without
from harness.ours import PROGRAM_OF

CASES = wirecases.load()
DEBIAN = wirecases.recorded("5.2")
NEWEST = newest.answers(CASES, DEBIAN, wirecases.recorded("newest"))


def check(site, name, expected, **settings):
    case = CASES[name]
    skip_without(*wirecases.programs_of(case, PROGRAM_OF))
    run = wirecases.run(case, site, site.ours(case.profile, **settings).port)
    lines = comparison.unexplained(case, run.sent, expected, newest.aligned(expected, run.result()))
    if lines:
        pytest.fail(comparison.failure(case, run.sent, lines), pytrace=False)


@pytest.mark.parametrize("name", wirecases.by_profile({name: CASES[name] for name in DEBIAN if name in CASES}))
def test_as_debians_5_2(site, name):
    check(site, name, DEBIAN[name], JWT_COMPAT="5.2")


@pytest.mark.parametrize("name", wirecases.by_profile({name: CASES[name] for name in NEWEST}))
def test_as_the_newest(site, name):
    check(site, name, NEWEST[name])


# In the other direction: the servers of the last profiles still run.
@pytest.mark.parametrize("name", wirecases.by_profile({name: wirecases.every()[name] for name in wirecases.left_out()})[::-1])
def test_what_is_not_compared_is_answered(site, name):
    case = wirecases.every()[name]
    run = wirecases.run(case, site, site.ours(case.profile).port)
    assert all(answer["status"] in (200, 400, 401, 413, 415) for answer in run.answers), run.answers


def test_every_case_is_recorded():
    assert set(CASES) == set(DEBIAN), "run tests/wire/record"
