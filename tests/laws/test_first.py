"""The laws come first, and none may be skipped."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MARK = "import pytest\n\n@pytest.mark.{}\ndef {}(): assert False\n\n"
OTHERS = {
    "laws/test_law.py": MARK.format("skip", "test_left_out")
    + MARK.format("xfail", "test_given_up")
    + "def test_kept(): pass\n",
    "a/test_early.py": MARK.format("skip", "test_other") + "def test_early(): pass\n",
}


@pytest.mark.parametrize("processes", ["0", "2"])
def test_laws_run_first_and_are_never_skipped(tmp_path, processes):
    for name, text in OTHERS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    command = [sys.executable, "-m", "pytest", "-v", "-n", processes, "-p", "no:cacheprovider"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 2 passed, 1 skipped, 1 error" in done.stdout
    assert "may be neither" in done.stdout
    if processes == "0":
        lines = [line for line in done.stdout.splitlines() if "::" in line and "[" in line]
        assert ["laws/" in line for line in lines][:5] == [True] * 3 + [False] * 2
