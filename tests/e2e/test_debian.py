"""The Debian package: it builds, lintian has nothing to say, and the tutorial works with what is in it."""
import os
import shutil
import subprocess

import pytest

from harness import ours, process, servers


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the .deb and .changes, made from a copy of what git knows."""
    for name in ("dpkg-buildpackage", "dh"):
        servers.tool(name)
    if "-fsanitize" in (ours.BUILD / "Makefile").read_text():
        pytest.skip("the package is the same whatever the build is checked with")
    folder = tmp_path_factory.mktemp("debian")
    source = folder / "jwt-fcgi"
    if (ours.CHECKOUT / ".git").exists():
        source.mkdir()
        files = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ours.CHECKOUT,
                               capture_output=True, check=True).stdout
        present = b"\0".join(name for name in files.split(b"\0")[:-1] if os.path.lexists(os.fsencode(ours.CHECKOUT) + b"/" + name))
        packed = subprocess.run(["tar", "-c", "--null", "-T", "-"], cwd=ours.CHECKOUT, input=present,
                                capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", source], input=packed, check=True)
    else:
        shutil.copytree(ours.CHECKOUT, source, ignore=shutil.ignore_patterns("build*", ".state"))
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("JWT_", "PG", "CC", "CFLAGS", "LDFLAGS", "MAKE"))}
    environment["DEB_BUILD_OPTIONS"] = "nocheck noautodbgsym parallel=2"
    run("dpkg-buildpackage", "-us", "-uc", "-b", "-d", cwd=source, env=environment)
    return folder


def test_lintian(built):
    servers.tool("lintian")
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", *built.glob("*.changes"))
    assert not [line for line in said.splitlines() if line[:2] in ("E:", "W:")], said


@pytest.fixture(scope="module")
def unpacked(built):
    folder = built / "unpacked"
    run("dpkg", "-x", next(path for path in built.glob("*.deb") if "dbgsym" not in path.name), folder)
    for parent in [folder, *folder.parents][:4]:
        parent.chmod(0o755)
    return folder


def test_what_is_in_it(unpacked):
    for path in ("usr/lib/jwt-fcgi/token", "usr/bin/jwtctl", "lib/systemd/system/jwt-fcgi@.service",
                 "etc/nginx/jwt-fcgi/locations.conf", "usr/share/jwt-fcgi/sql/schema.sql",
                 "usr/share/man/man5/jwt-fcgi.conf.5.gz", "usr/share/man/man8/jwt-fcgi-token.8.gz",
                 "usr/share/doc/jwt-fcgi/README.md.gz", "usr/share/jwt-fcgi/servers/Caddyfile"):
        assert (unpacked / path).exists(), sorted(unpacked.rglob("*"))
    unit = (unpacked / "lib/systemd/system/jwt-fcgi@.service").read_text()
    assert "-- /usr/lib/jwt-fcgi/%i" in unit


def test_the_tutorial(unpacked):
    said = run(ours.CHECKOUT / "debian/tests/tutorial", cwd="/", timeout=60, env={
        **{name: value for name, value in os.environ.items() if not name.startswith(("JWT_", "PG"))},
        "ROOT": str(unpacked), "PORT": str(process.free_port()),
        "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    assert said.splitlines()[-1] == "done", said
