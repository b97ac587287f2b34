"""The laws come first, and none may be skipped."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
OTHERS = {
    "laws/test_law.py": "import pytest\n\ndef test_kept(): pass\n\n"
    "@pytest.mark.skip\ndef test_left_out(): pass\n\n"
    "@pytest.mark.xfail\ndef test_given_up(): assert False\n",
    "a/test_early.py": "import pytest\n\ndef test_early(): pass\n\n"
    "@pytest.mark.skip\ndef test_other(): pass\n",
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
