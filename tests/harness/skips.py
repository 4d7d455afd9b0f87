"""With LISTED_SKIPS in the environment, a skip that is not in tests/skips.txt is a failure."""
import fnmatch
import os
import pathlib

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]


def listed():
    """(file, pattern of the reason) for each line of tests/skips.txt."""
    lines = (TESTS / "skips.txt").read_text().splitlines()
    return [tuple(line.split(": ", 1)) for line in lines if line and not line.startswith("#")]


def is_listed(file, reason):
    file = os.path.relpath(file, TESTS)
    return any(file == name and fnmatch.fnmatchcase(reason, pattern) for name, pattern in listed())


def fail_if_unlisted(report, file):
    if not report.skipped or hasattr(report, "wasxfail") or not os.environ.get("LISTED_SKIPS"):
        return
    reason = report.longrepr[2].removeprefix("Skipped: ")
    if not is_listed(file, reason):
        report.outcome = "failed"
        report.longrepr = f"skipped, and tests/skips.txt does not list it: {reason}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    fail_if_unlisted((yield).get_result(), item.path)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector):
    fail_if_unlisted((yield).get_result(), collector.path)
