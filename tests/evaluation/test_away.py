"""What computes does so on the device asked for: tried on one that stands for a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wmpc.errors import WmpcError
from wmpc.wm.training.devices import find_device

HERE = Path(__file__).parent


def test_whatever_computes_runs_on_another_device(two_room, tmp_path):
    """Encoding, gradients of every term, every planner and agent, completion, diagnosis, verbs."""
    path = os.pathsep.join([str(HERE.parent), *filter(None, sys.path)])
    ran = subprocess.run(
        [sys.executable, str(HERE / "away.py"), str(two_room), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in ran.stdout.splitlines() if line.startswith(("ok ", "failed "))]
    assert len(said) > 15 and not [line for line in said if line.startswith("failed")], ran.stdout
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", ["cuda:7", "meta", "abacus", "", "gpu:x", "cpu:1", "xla"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(WmpcError, match="this machine has cpu"):
        find_device(name)


def test_a_device_that_is_not_there_is_refused_at_the_command_line(wmpc, two_room):
    for words in (["eval", f"run={two_room}"], ["plan", f"run={two_room}", "goal=frame:9:5"]):
        code, said = wmpc(*words, "device=cuda:7")
        assert code == 2 and "this machine has" in said and "Traceback" not in said
    assert wmpc("eval", "agent=random", "data=nowhere", "device=abacus")[0] == 2
