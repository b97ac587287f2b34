"""`benchmarks/gpu.py` on machines that have no GPU, and next to none of our dependencies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parent.parent / "benchmarks" / "gpu.py"
BARE = """
import runpy, sys
for name in ("lightning_fabric", "hydra", "omegaconf", "mujoco", "gymnasium", "safetensors", "rich",
             "scipy", "PIL", "av", "h5py", "pyarrow", "nevergrad", "jinja2"):
    sys.modules[name] = None
sys.argv[:] = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
SECTIONS = ("train", "plan", "resident", "equal", "resume")


def run(*words, bare=True):
    start = ["-c", BARE, str(BENCHMARK)] if bare else [str(BENCHMARK)]
    ran = subprocess.run(
        [sys.executable, *start, *words],
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_every_section_runs_on_a_bare_machine():
    code, said, wrong = run("device=cpu", "smoke")
    assert code == 0, wrong
    rows = [line.split(" | ") for line in said.splitlines() if line.startswith("| ")][1:]
    assert {row[0].removeprefix("| ") for row in rows} == set(SECTIONS)
    found = {row[1]: row[2].removesuffix(" |") for row in rows}
    assert found["the same pictures either way"] == "yes"
    assert found["weights after resuming, largest difference"] == "0.0e+00"
    left = found["the same by wmpc.wm.training.run.train, interrupted"]
    assert left.startswith("left out: ") and left.endswith(" is missing")


@pytest.mark.parametrize(
    "words, code, line",
    [
        ([], 0, "no GPU: not measured"),
        (["plan"], 0, "no GPU: not measured"),
        (["trian"], 2, "there is no section 'trian'"),
    ],
)
def test_without_a_gpu_it_says_so(words, code, line):
    returned, said, _ = run(*words)
    assert returned == code and said.startswith(line) and said.count("\n") == 1


def test_training_resumes_where_its_dependencies_are():
    code, said, wrong = run("resume", "device=cpu", "smoke", bare=False)
    assert code == 0, wrong
    assert "| the same by wmpc.wm.training.run.train, interrupted | 0.0e+00 |" in said
