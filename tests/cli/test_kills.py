"""What was saved survives kills and full disks: a few of the trials of `scripts/kills.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "kills.py"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["kills", "full"])
def test_ten_of(kind):
    """Of each kind, over all verbs; a failure prints the words that repeat it."""
    counts = {"kills": 0, "full": 0} | {kind: 10}
    words = [f"--{name}={count}" for name, count in counts.items()]
    done = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout
