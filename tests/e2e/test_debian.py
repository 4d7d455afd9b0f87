"""The Debian package: it builds, lintian has nothing to say, and its own tests pass: the tutorial with what is in it,
and the services in a container that systemd has booted."""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from harness import ours, process, servers


def run(*command, **more):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, stdin=subprocess.DEVNULL, **more)
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def built():
    """The folder with the .deb and .changes, made from a copy of what git knows."""
    for name in ("dpkg-buildpackage", "dh"):
        servers.tool(name)
    if "-fsanitize" in (ours.BUILD / "Makefile").read_text():
        pytest.skip("the package is the same whatever the build is checked with")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="jwt-fcgi-debian-"))
    folder.chmod(0o755)  # a folder of pytest's would be in one that is closed to other users
    try:
        build(folder)
        yield folder
    finally:
        shutil.rmtree(folder)


def build(folder):
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


def test_lintian(built):
    servers.tool("lintian")
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", *built.glob("*.changes"))
    assert not [line for line in said.splitlines() if line[:2] in ("E:", "W:")], said


@pytest.fixture(scope="module")
def unpacked(built):
    folder = built / "unpacked"
    run("dpkg", "-x", next(path for path in built.glob("*.deb") if "dbgsym" not in path.name), folder)
    return folder


def test_the_package_contains_these_files(unpacked):
    for path in ("usr/lib/jwt-fcgi/token", "usr/bin/jwtctl", "usr/lib/systemd/system/jwt-fcgi@.service",
                 "etc/nginx/jwt-fcgi/locations.conf", "usr/share/jwt-fcgi/sql/schema.sql",
                 "usr/share/man/man5/jwt-fcgi.conf.5.gz", "usr/share/man/man8/jwt-fcgi-token.8.gz",
                 "usr/share/doc/jwt-fcgi/README.md.gz", "usr/share/jwt-fcgi/servers/Caddyfile"):
        assert (unpacked / path).exists(), sorted(unpacked.rglob("*"))
    readme = (unpacked / "usr/share/doc/jwt-fcgi/README.Debian").read_text()
    for path in re.findall(r"/(?:usr|etc/nginx)/[\w./-]*\w", readme):
        assert (unpacked / path[1:]).exists() or "/docs/" in path, path
    pages = (unpacked / "usr/share/doc/jwt-fcgi").rglob("*.md*")
    assert not [page for page in pages if b"/usr/local" in (
        gzip.decompress(page.read_bytes()) if page.suffix == ".gz" else page.read_bytes())]
    unit = (unpacked / "usr/lib/systemd/system/jwt-fcgi@.service").read_text()
    assert "-- /usr/lib/jwt-fcgi/%i" in unit


def test_the_tutorial(unpacked):
    said = run(ours.CHECKOUT / "debian/tests/tutorial", cwd="/", timeout=60, env={
        **{name: value for name, value in os.environ.items() if not name.startswith(("JWT_", "PG"))},
        "ROOT": str(unpacked), "PORT": str(process.free_port()),
        "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    assert said.splitlines()[-1] == "done", said


# This system with a file system in memory over it, so that nothing of it changes; its services have a priority of
# their own, whatever the tests' is.
CONTAINER = """
renice -n 0 -p $$ >"$0/reniced" 2>&1
mount --bind / "$0/root" && exec systemd-nspawn -q -D "$0/root" --volatile=overlay --private-network --register=no \\
	--keep-unit --link-journal=no --bind="$0/shared:/mnt" \\
	--system-call-filter="landlock_create_ruleset landlock_add_rule landlock_restrict_self" "$@"
"""
UNIT = """
[Service]
Type=oneshot
StandardOutput=file:/mnt/said
ExecStart=sh -c 'exec 2>&1; dpkg --no-triggers -i /mnt/*.deb && DEB=$$(ls /mnt/*.deb) /mnt/services'
ExecStopPost=systemctl --no-block --force exit
"""


@pytest.fixture
def container(tmp_path):
    """Runs a command in it; shared/ is its /mnt."""
    for name in ("root", "shared"):
        (tmp_path / name).mkdir()

    def contained(*command, **more):
        return subprocess.run(["unshare", "-m", "sh", "-c", CONTAINER, tmp_path, *command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL, **more)

    servers.tool("systemd-nspawn")
    if (done := contained("true")).returncode:
        pytest.skip(f"no container can be made here: {done.stdout.strip()}")
    return contained


def test_the_services_of_the_package(built, container, tmp_path):
    """Sockets, credentials, the dynamic user and its peer authentication, the journal, as docs/systemd.md says."""
    shared = tmp_path / "shared"
    for file in (*built.glob("*.deb"), ours.CHECKOUT / "debian/tests/services"):
        shutil.copy(file, shared)
    (shared / "jwt-fcgi-test.service").write_text(UNIT)
    done = container(f"--bind-ro={shared / 'jwt-fcgi-test.service'}:/etc/systemd/system/jwt-fcgi-test.service",
                     "-b", "systemd.unit=jwt-fcgi-test.service", timeout=120)
    said = (shared / "said").read_text() if (shared / "said").exists() else done.stdout
    assert said.splitlines()[-1] == "done", said
    assert "sandbox:" not in said, "nothing of the sandbox is missing in the units"
