"""The Debian packages whose answers the tests compare with. If a test fails, pytest lists those of another version."""
import subprocess

# The versions of the last recording (tests/wire/record), for which the differential tests were written.
RECORDED = {
    "python3.11": "3.11.2-6+deb12u6",
    "python3-django": "3:3.2.25-0+deb12u7",
    "python3-djangorestframework": "3.14.0-2+deb12u1",
    "python3-djangorestframework-simplejwt": "5.2.2-1",
    "python3-jwt": "2.6.0-1+deb12u1",
}


def installed(name):
    """The version of a package; "none" if it is not installed or this is not Debian."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True)
    except FileNotFoundError:
        return "none"
    return done.stdout or "none"


def compat():
    """The JWT_COMPAT whose answers the installed SimpleJWT gives."""
    release = installed("python3-djangorestframework-simplejwt").split("-")[0]
    return release if release == "5.5.0" else release[:3]


def differing():
    """A line for each package with another version."""
    found = {name: installed(name) for name in RECORDED}
    return [f"{name} {found[name]}, recorded with {version}" for name, version in RECORDED.items()
            if found[name] != version]


def pytest_terminal_summary(terminalreporter):
    lines = differing() if terminalreporter.stats.get("failed") else []
    if lines:
        terminalreporter.section("packages of other versions than the recorded ones")
        terminalreporter.write_line("\n".join(lines))
