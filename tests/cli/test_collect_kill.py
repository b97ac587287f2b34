"""SIGKILL of `wmpc collect` at twenty random moments, in the command's own processes."""

import subprocess
import sys
import time

import numpy as np
import pytest

from wmpc.wm.data import open_episodes

COMMAND = [sys.executable, "-m", "wmpc.cli.main", "collect", "task.kwargs.image_size=32"]
COMMAND += ["steps=10"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_and_continued_equals_uninterrupted(tmp_path):
    def start(folder, episodes):
        words = [*COMMAND, f"data={tmp_path / folder}", f"episodes={episodes}"]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def committed():
        return len(open_episodes(tmp_path / "killed")) if ends.exists() else 0

    ends = tmp_path / "killed" / "episode_ends.npy"
    rng = np.random.default_rng(0)
    before, advanced = 0, 0
    for round in range(20):
        process = start("killed", 10**6)
        if round % 5:  # every fifth kill falls into the start, the others into the recording
            while committed() == before and process.poll() is None:
                time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 0.5))
        process.kill()
        output, _ = process.communicate()
        assert process.returncode == -9, output
        assert committed() >= before
        advanced += committed() > before
        before = committed()
    assert advanced >= 16
    for folder in ("killed", "whole"):
        process = start(folder, before + 20)
        assert "Coverage" in process.communicate()[0]
    killed, whole = (open_episodes(tmp_path / folder) for folder in ("killed", "whole"))
    killed.verify()
    assert len(killed) == before + 20 and killed.hash == whole.hash
