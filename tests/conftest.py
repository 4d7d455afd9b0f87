"""Puts tests/harness on the path and its fixtures into every test."""
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.fixtures import *  # noqa: E402,F401,F403
from harness.oidc import oidc_site  # noqa: E402,F401

pytest_plugins = ["harness.skips", "harness.versions"]

# Told to end, end what was started too.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
