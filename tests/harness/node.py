"""Runs Node.js scripts that use Debian's JavaScript packages (node-axios, node-jose)."""
import os
import pathlib
import shutil
import subprocess

import pytest

PACKAGES = pathlib.Path("/usr/share/nodejs")


def prepare(folder, *packages):
    """Prepares a folder whose scripts can import the packages; skips the test if they are not installed."""
    missing = [f"node-{name}" for name in packages if not (PACKAGES / name).is_dir()]
    missing += [] if shutil.which("node") else ["nodejs"]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    (folder / "node_modules").symlink_to(PACKAGES)
    return folder


def run(folder, script, *arguments):
    """The standard output of a script."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment["NODE_PATH"] = str(PACKAGES)  # a Node.js that is not Debian's does not look there
    done = subprocess.run(["node", folder / script, *arguments], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
