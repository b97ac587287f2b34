"""Nothing that a file names is imported, called or started, whichever file it is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz_seeds import SEEDS
from tiny_artefacts import make

from wmpc.wm.recordings.formats import READERS

WORKER = Path(__file__).parent / "canary_worker.py"
TEXTS = ("native", "lerobot", "lerobot-v2", "minari", "robomimic", "ogbench", "d4rl", "swm-hdf5")
"""Formats that hold texts, in JSON, in attributes or in a file's name; the others' are columns."""


def canary(kind, sound, folder, most):
    folder.mkdir()
    command = [sys.executable, str(WORKER), kind, str(sound), str(folder), str(most)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["seen"], "\n".join(found["seen"])
    return found["codes"]


def recording(format, folder, most):
    (folder / "sound/seed").mkdir(parents=True)
    (folder / "sound/opened").write_text(SEEDS[format](folder / "sound/seed"))
    return canary(format, folder / "sound", folder / "folder", most)


@pytest.mark.parametrize("format", ["minari", "robomimic"])
def test_a_few_names_in_recordings_that_state_environments(format, tmp_path):
    assert recording(format, tmp_path, 0)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("format", READERS)
def test_every_name_in_recordings(format, tmp_path):
    codes = recording(format, tmp_path, 60)
    assert codes or format not in TEXTS


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_artefacts(tmp_path):
    (tmp_path / "sound").mkdir()
    codes = canary("artefacts", make(tmp_path / "sound"), tmp_path / "folder", 120)
    assert codes["2"] > 50 and codes["0"] > 20
