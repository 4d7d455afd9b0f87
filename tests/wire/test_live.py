"""The real Django and ours side by side: one database, one key, the same requests, no difference."""
import os
import random

import comparison
import differences
import mutations
import pytest
import wirecases
from harness import versions
from harness.fixtures import skip_without
from harness.ours import PROGRAM_OF

CASES = wirecases.load()
SEED = int(os.environ.get("WIRE_SEED", "20261121"))
COUNT = int(os.environ.get("WIRE_MUTATIONS", "100"))
RANDOM = {case.name: case for case in mutations.cases(CASES, random.Random(SEED), COUNT)}


def compare(site, case):
    skip_without(*wirecases.programs_of(case, PROGRAM_OF))
    reference = site.reference(case.profile)
    ours = site.ours(case.profile, JWT_COMPAT=versions.compat())
    results = []
    for port, rewrite in ((reference.port, differences.rewrite(case)), (ours.port, wirecases.as_it_is)):
        run = wirecases.run(case, site, port, rewrite)
        results.append(run.result())
    lines = comparison.unexplained(case, run.sent, *results)
    if lines:
        pytest.fail(comparison.failure(case, run.sent, lines), pytrace=False)


@pytest.mark.parametrize("name", wirecases.by_profile(CASES))
def test_case(site, name):
    compare(site, CASES[name])


@pytest.mark.parametrize("name", RANDOM)
def test_random_mutation(site, name):
    print(f"seed {SEED}")
    compare(site, RANDOM[name])


def test_there_are_enough_cases():
    assert len(CASES) >= 500 and len(RANDOM) == COUNT
