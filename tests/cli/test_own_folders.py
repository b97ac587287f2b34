"""A person's own packages may be called envs, configs, planners and wm."""

import subprocess
import sys

import pytest

from wmpc.cli.main import VERBS

LITTLE = [
    ["collect", "data=set", "task.kwargs.image_size=32", "steps=12", "workers=2", "episodes=20"],
    ["train", "data=set", "run=run", "model=tiny", "train.batch=4", "train.steps=2"],
    ["eval", "run=run", "cases.count=2", "cases.blocks=1", "cold=0", "reference.cases=0",
     "videos=0", "workers=2", "planner=planners_of_mine:Mine", "cases.budget=1"],
]  # fmt: skip
PROGRAM = f"""
import sys
LITTLE = {LITTLE} if "all" in sys.argv else []
from wmpc.cli.main import main
if __name__ == "__main__":
    for verb in {[*VERBS]}:
        assert main([verb, "--help"]) == 0
    for words in LITTLE:
        assert main(words) == 0, words
    assert sys.path[0] == sys.argv[1] and "envs" not in sys.modules
"""


@pytest.mark.parametrize("much", ["help", pytest.param("all", marks=pytest.mark.slow)])
def test_nothing_of_ours_is_hidden_and_nothing_of_theirs_is_imported(tmp_path, much):
    """Even with the folder first on sys.path, as `python script.py` has it."""
    for name in ("envs", "configs", "planners", "wm"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('theirs was imported')")
    (tmp_path / "planners_of_mine.py").write_text(
        "from wmpc.planners import CEM\n"
        "class Mine(CEM):\n"
        "    def __init__(self, samples: int = 8):\n"
        "        super().__init__(samples=samples, elites=4, iterations=1)\n"
    )
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py", str(tmp_path), much]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    assert (tmp_path / "run/eval/ahead-mpc/results.json").exists() == (much == "all")
