"""The manual pages: without a fault for mandoc, and saying what the programs say."""
import re
import subprocess

import pytest

from harness import ours, servers

SOURCE = ours.CHECKOUT / "man"


@pytest.fixture(scope="module")
def pages():
    if not (ours.BUILD / "Makefile").exists():
        pytest.skip("no build directory to make them in")
    done = subprocess.run(["make", "-s", "-C", ours.BUILD, "man/stamp"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {page.name: page for folder in (SOURCE, ours.BUILD / "man") for page in folder.glob("*.[1578]")}


def formatted(page):
    done = subprocess.run([servers.tool("mandoc"), "-T", "utf8", page], capture_output=True, text=True)
    return re.sub(".\b", "", done.stdout)


def test_mandoc_finds_no_fault(pages):
    done = subprocess.run([servers.tool("mandoc"), "-T", "lint", *sorted(pages.values())],
                          capture_output=True, text=True)
    for line in done.stdout.splitlines():
        other = re.search(r"referenced manual not found: Xr (\S+) (\d)", line)
        if other and f"{other[1]}.{other[2]}" in pages:
            continue  # it is one of these
        if other and not other[1].startswith("jwt"):
            continue  # not installed here
        raise AssertionError(line)


def test_every_program_has_a_page(pages):
    for program in ours.BUILD.iterdir():
        if program.is_file() and program.stat().st_mode & 0o100 and program.suffix == "" \
                and b"jwt-fcgi.conf" in program.read_bytes()[:4_000_000] \
                and (ours.CHECKOUT / f"src/endpoints/{program.name}.c").exists():
            assert f"jwt-fcgi-{program.name}.8" in pages
            assert f"jwt-fcgi-{program.name}(8)" in formatted(pages["jwt-fcgi.7"])


def test_every_setting_is_told(pages):
    text = formatted(pages["jwt-fcgi.conf.5"])
    said = subprocess.run([ours.program("token"), "--help"], capture_output=True, text=True).stdout
    settings = re.findall(r"^  (JWT_\w+)", said, re.M)
    assert len(settings) > 30
    assert [name for name in settings if not re.search(rf"^ +{name}$", text, re.M)] == []
    assert re.search(r"JWT_ACCESS_TOKEN_LIFETIME\n.*?Default: .300.", text, re.S)


def test_every_command_is_told(pages):
    text = formatted(pages["jwtctl.1"])
    said = subprocess.run([ours.program("jwtctl"), "--help"], capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([a-z][a-z ]*[a-z])  ", said, re.M)
    assert "key list" in commands
    assert [name for name in commands if not re.search(rf"^ +{name}$", text, re.M)] == []
