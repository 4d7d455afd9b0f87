"""The JavaScript packages of tests/npm, which Debian does not have; fetched once for each build folder."""
import fcntl
import functools
import shutil
import subprocess

import pytest

from . import ours

HERE = ours.CHECKOUT / "tests/npm"
NAMES = ("package.json", "package-lock.json")


def is_fetched(folder):
    return all((folder / name).exists() and (folder / name).read_bytes() == (HERE / name).read_bytes()
               for name in NAMES) and (folder / "fetched").exists()


def fetch(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in NAMES:
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    if done.returncode != 0:
        pytest.skip("the npm packages cannot be fetched here: " + " ".join(done.stderr.split())[-200:])
    (folder / "fetched").touch()


@functools.cache
def modules():
    """The folder node_modules with all packages of tests/npm; skips the test if they cannot be fetched."""
    if not shutil.which("npm"):
        pytest.skip("the npm packages cannot be fetched here: npm is not installed")
    with open(ours.BUILD / "npm.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = ours.BUILD / "npm"
        if not is_fetched(folder):
            fetch(folder)
    return folder / "node_modules"
