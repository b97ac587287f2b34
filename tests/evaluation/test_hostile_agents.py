"""Whatever agents of others do: the case fails with the reason, and no other changes."""

import numpy as np
import pytest
from hostile_agents import EVERY, FAILS, MEDDLES
from hostile_torch_agents import MEDDLES as MEDDLES_WITH_TORCH

from wmpc.agents.external_process import AgentProcess
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases

BEHAVES = len(EVERY)


@pytest.fixture
def rows_of(line, tmp_path, monkeypatch):
    """Gives a row for each of some seeds, all of the same case, by one process of agents."""
    (tmp_path / "here").write_text("0.5")
    monkeypatch.chdir(tmp_path)
    task = line.Task()
    manifest = draw_manifest(line.Recording(), task, blocks=3, action_block=4, budget=3, count=1)

    def rows(seeds, function="hostile_agents:Agent", timeout_s=5.0):
        process = AgentProcess(function, threads=1)
        following = iter(seeds)

        def make(case):
            return process.make(action_space=task.action_space, seed=next(following))

        cases = [0] * len(seeds)
        try:
            return list(run_cases(make, manifest, task, cases=cases, timeout_s=timeout_s))
        finally:
            process.close()

    return rows


def deeds(row):
    """All that a row holds, but for wall time."""
    return row.as_dict() | {"latencies_ms": 0, "overhead_ms": 0}, np.stack(row.actions).tobytes()


def test_each_fails_alone_with_its_reason(rows_of):
    seeds = [seed for trick in range(BEHAVES) for seed in (trick, BEHAVES)]
    rows = rows_of([BEHAVES, *seeds])
    behaved = [deeds(row) for row in rows[::2]]
    assert rows[0].failure is None and len(set(map(repr, behaved))) == 1
    tricks = rows[1::2]
    for row, (name, (_, reason)) in zip(tricks, FAILS.items(), strict=False):
        assert reason in (row.failure or ""), name
        assert len(row.failure) < 1000 and row.failure.isprintable() and not row.success
    for row, name in zip(tricks[len(FAILS) :], MEDDLES, strict=True):
        assert row.failure is None, (name, row.failure)


def test_what_one_does_to_torch_changes_no_other(rows_of):
    plain = len(MEDDLES_WITH_TORCH)
    seeds = [seed for trick in range(plain) for seed in (trick, plain)]
    rows = rows_of([plain, *seeds], "hostile_torch_agents:Agent", timeout_s=None)
    assert [row.failure for row in rows] == [None] * len(rows)
    assert len({repr(deeds(row)) for row in rows[::2]}) == 1
