"""Spoiled checkpoints, manifests, results and datasets end in a sentence, whatever is in them.

    pytest tests/safety/test_spoiled_artefacts.py -m "slow or not slow"
    SPOILED=5000 pytest tests/safety/test_spoiled_artefacts.py -m slow

The second tries 5,000 in one process, which takes 20 minutes on two quiet cores; without the
variable it is 1,000. Each is a function of its seed: `safety_worker.py FOLDER SEED 1` repeats it.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from spoil import generator, hashed, spoil, text
from tiny_artefacts import make

WORKER = Path(__file__).parent / "safety_worker.py"
QUICK, THOROUGH = 60, int(os.environ.get("SPOILED", "1000"))


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory):
    return make(tmp_path_factory.mktemp("safety") / "sound")


def check(folder, first, count):
    command = [sys.executable, str(WORKER), str(folder), str(first), str(count)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and len(lines) == count, done.stderr[-2000:]
    bad = [f"{x['seed']} {x['name']} {x['words']} {x['code']}: {x['wrong']}"
           for x in lines if x["wrong"]]  # fmt: skip
    assert not bad, f"{len(bad)} of {count} bad, by seed:\n" + "\n".join(bad[:20])
    return Counter(line["code"] for line in lines)


def test_a_few(artefacts):
    codes = check(artefacts, 0, QUICK)
    assert codes[0] > QUICK // 10 and codes[2] > QUICK // 10, codes


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_many(artefacts):
    codes = check(artefacts, 10**6, THOROUGH)
    assert codes[0] > THOROUGH // 10 and codes[2] > THOROUGH // 10, codes


def test_damage_is_a_function_of_the_seed_and_manifests_keep_their_hash():
    sound = {"a": [1, 2, {"b": "c"}], "d": 0.5, "hash": "x"}
    made = [text(spoil(sound, generator(seed)), generator(seed)) for seed in range(200)]
    assert made == [text(spoil(sound, generator(seed)), generator(seed)) for seed in range(200)]
    assert len(set(made)) > 100
    assert hashed(sound)["hash"] == hashed({**sound, "hash": 3})["hash"] != "x"
