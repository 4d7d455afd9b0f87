"""The fixtures of tests/cgi, tests/e2e and tests/wire. They start real servers and end them by pid."""
import pytest

from . import ours, postgres
from .site import Site

__all__ = ["cluster", "shared_site", "site", "stack", "reference", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL cluster for the whole test session."""
    cluster = postgres.Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def shared_site(cluster):
    """The site that all files share, because its servers are slow to start."""
    site = Site(cluster)
    yield site
    site.end()


@pytest.fixture(scope="module")
def site(shared_site):
    """Django's tables with the people of people.py, in their first state, whatever the previous file wrote.

    restore() resets them within a file.
    """
    shared_site.restore()
    assert shared_site.execute("SELECT to_regclass('jwt_change')") == [(None,)], "an earlier file left the change feed behind"
    return shared_site


@pytest.fixture
def stack(site):
    """stack(profile="default", **settings): our running programs, on .port."""
    skip_without("token", "refresh", "hello")
    site.restore()
    yield site.ours
    site.restore()


@pytest.fixture
def reference(site):
    """reference(profile): a running Django with SimpleJWT, on .port."""
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
