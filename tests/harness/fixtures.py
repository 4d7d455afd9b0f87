"""The fixtures of tests/cgi, tests/e2e and tests/wire; whatever they start is real and is ended by pid."""
import pytest

from . import ours, postgres
from .site import Site

__all__ = ["cluster", "shared_site", "site", "stack", "reference", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL of our own, for as long as the tests run."""
    cluster = postgres.Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def shared_site(cluster):
    """The one site of all files, with its servers, which take their time to start."""
    site = Site(cluster)
    yield site
    site.end()


@pytest.fixture(scope="module")
def site(shared_site):
    """Django's tables with the people of people.py, as at first, whatever the file before this one wrote.

    restore() puts them back within a file.
    """
    shared_site.restore()
    return shared_site


@pytest.fixture
def stack(site):
    """stack(profile="default", **settings): our programs, running; .port answers."""
    skip_without("token", "refresh", "hello")
    site.restore()
    yield site.ours
    site.restore()


@pytest.fixture
def reference(site):
    """reference(profile): Django and SimpleJWT, running; .port answers."""
    site.restore()
    yield site.reference
    site.restore()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and "site" in getattr(item, "funcargs", {}):
        for profile, said in item.funcargs["site"].said().items():
            report.sections.append((f"Django, {profile}", said))


def skip_without(*names):
    missing = ours.missing(names)
    if missing:
        pytest.skip(f"not built in {ours.BUILD}: {', '.join(missing)}")
