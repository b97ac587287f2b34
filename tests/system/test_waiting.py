"""Importing `wmpc` says how long torch's threads wait, unless the person did, and in time."""

import os
import subprocess
import sys

import pytest

from wmpc.waiting import SPINS

SHOW = "import os; print(os.environ.get('GOMP_SPINCOUNT'))"


def spins_after(program: str, **given: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GOMP_", "OMP_"))}
    return subprocess.run(
        [sys.executable, "-c", f"{program}\n{SHOW}"],
        env=environment | given,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_importing_wm_sets_it_before_torch_is_imported():
    program = "import wmpc, sys; assert 'torch' not in sys.modules; import wmpc.wm.models.jepa"
    assert spins_after(program) == SPINS


@pytest.mark.parametrize("given", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "ACTIVE"}])
def test_what_the_person_set_stays(given):
    assert spins_after("import wmpc", **given) == given.get("GOMP_SPINCOUNT", "None")


def test_nothing_is_claimed_once_torch_is_there():
    assert spins_after("import torch, wm") == "None"
