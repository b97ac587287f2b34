"""The doctor finds what is wrong, names the fix, and only stops for what is needed."""

import time
from types import SimpleNamespace

import torch
from refusals import largest_file

from wmpc.api import machine
from wmpc.cli import doctor
from wmpc.envs import gl

DRAWS = {"backend": "egl", "renderer": "llvmpipe", "milliseconds": 1.5}
FAILS = {"backend": "osmesa", "error": "no such library"}


def test_says_ready_and_what_it_draws_with_within_20_seconds(capsys):
    started = time.monotonic()
    assert doctor.run(SimpleNamespace(timeout=6)) == 0
    assert time.monotonic() - started < 20
    said = capsys.readouterr().out
    assert "Ready." in said and "ms a picture" in said and torch.__version__ in said


def test_stops_with_1_and_the_command_when_nothing_draws(monkeypatch, capsys):
    monkeypatch.setattr(gl, "probe", lambda backend, timeout: {**FAILS, "backend": backend})
    assert doctor.run(SimpleNamespace(timeout=1)) == 1
    assert machine.APT in capsys.readouterr().out


def test_a_backend_nobody_uses_may_fail():
    checks = list(machine.drawing([DRAWS, FAILS], "egl"))
    assert not any(check.fix or check.fatal for check in checks)
    assert [check.absent for check in checks] == [False, True, False]


def test_names_the_backend_that_works_when_the_chosen_one_does_not():
    *_, verdict = machine.drawing([DRAWS, FAILS], "osmesa")
    assert verdict.fatal and verdict.fix == "export MUJOCO_GL=egl"


def test_names_the_pip_command_for_missing_and_old_libraries():
    check = machine.libraries(["numpy>=1", "torch>=999", "no-such-library>=1", 'dev; extra=="dev"'])
    assert check.fatal
    assert check.fix.endswith("-m pip install 'torch>=999' 'no-such-library>=1'")


def test_too_many_threads_for_the_cores(monkeypatch):
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    assert "OMP_NUM_THREADS=2" in machine.threads().fix
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert not machine.threads().fix


def test_little_room_is_a_warning_with_a_fix():
    for look in (machine.disk, machine.memory):
        assert look(2**20).fix and not look(2**20).fatal
        assert not look(2**40).fix


def test_video_comes_back_as_it_went():
    check = machine.codec()
    assert not check.fix and "5 frames" in check.found


def test_a_temporary_folder_that_is_full_is_what_is_named():
    with largest_file(0):
        check = machine.codec()
    assert check.fatal and "TMPDIR" in check.fix and "File too large" in check.fix
