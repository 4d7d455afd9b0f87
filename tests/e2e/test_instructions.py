"""Whether a request has become dearer, told by its instructions and not by a clock."""
import pathlib
import shutil
import subprocess
import sys

import pytest
from harness import ours

PROGRAM = ours.CHECKOUT / "tests" / "bench" / "instructions.py"


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")
@pytest.mark.skipif(not pathlib.Path(ours.BUILD / "Makefile").exists(), reason=f"nothing is built in {ours.BUILD}")
def test_no_request_has_become_dearer():
    done = subprocess.run([sys.executable, PROGRAM, "--build", ours.BUILD, "--check"], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}\nIf it is worth that: {PROGRAM} --build {ours.BUILD} --record")
