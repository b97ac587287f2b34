"""`wmpc eval` in several processes, without a run, and with agents that break."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from omegaconf import OmegaConf

import wmpc
from wmpc.agents import entrants as agents
from wmpc.agents.entrant import Entrant, Setting
from wmpc.cli.compose import jobs
from wmpc.errors import WmpcError
from wmpc.evaluation import manifest as manifests
from wmpc.evaluation.find_manifest import find_manifest
from wmpc.evaluation.row import Row
from wmpc.evaluation.run_cases import run_cases
from wmpc.evaluation.trial import Part, Trial, check_workers, make_entrant, measure_rows

QUICK = [
    "cases.count=4", "cases.blocks=3", "cases.budget=4", "cold=0", "reference.cases=0",
    "videos=0", "planner.samples=8", "planner.elites=2", "planner.iterations=2",
]  # fmt: skip


@pytest.fixture
def trial(trained):
    """An untrained model's planner on four cases."""
    config = OmegaConf.to_container(jobs("eval", [f"run={trained}", *QUICK])[0].config)
    drawn, _ = find_manifest(config["cases"], str(trained), None, 5)
    return Trial(config, drawn)


@pytest.fixture
def here(trial):
    """The task and the entrant of a trial, in this process."""
    task = trial.drawn.make()
    yield make_entrant(trial.config, Setting(task, 5, wmpc.load(trial.config["run"]))), task
    task.close()


def bits(row):
    """All that a row holds, but for wall time."""
    arrays = [np.stack(values).tobytes() for values in (row.states, row.actions) if values]
    return row.as_dict() | {"latencies_ms": None}, arrays


def test_rows_depend_neither_on_processes_nor_on_their_order(trial, here):
    parts = [Part("all", "warm", range(4)), Part("some", "cold", [2])]
    one, one_cold = measure_rows(trial, *here, parts)
    (backwards,) = measure_rows(trial, *here, [Part("all", "warm", [3, 1, 0, 2])])
    assert [bits(row) for row in one] == sorted(map(bits, backwards), key=lambda b: b[0]["case"])
    apart, cold = measure_rows(trial, *here, parts, workers=2)
    assert [bits(row) for row in apart] == [bits(row) for row in one]
    assert bits(cold[0]) == bits(one_cold[0])


def test_a_row_kept_on_disk_is_the_same_to_the_bit(trial, here):
    ((row,),) = measure_rows(trial, *here, [Part("one", "warm", [1])])
    again = Row.from_record(json.loads(json.dumps(row.as_record())))
    assert bits(again) == bits(row) and again.latencies_ms == row.latencies_ms
    assert again.successes == row.successes and again.actions[0].dtype == row.actions[0].dtype
    record = row.as_record()
    assert record.pop("choices") == [] == Row.from_record(record).choices  # version 0.1 had none
    for name in record:
        with pytest.raises((KeyError, TypeError, ValueError)):
            Row.from_record({k: v for k, v in record.items() if k != name})


DRAW = """
import sys
from wmpc import envs
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.wm.data import open_episodes
episodes = open_episodes(sys.argv[1])
task = envs.make(episodes.meta["env"], **episodes.meta["kwargs"])
for kind in ("ahead", "elsewhere"):
    print(draw_manifest(episodes, task, kind=kind, count=4, blocks=3, lead_in=2).hash)
"""


def test_cases_are_the_same_bits_in_every_process(reacher):
    draws = set()
    for seed in ("1", "2"):
        command = [sys.executable, "-c", DRAW, str(reacher)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        draws.add(done.stdout)
    assert len(draws) == 1 and len(draws.pop().split()) == 2


def test_speed_that_decides_success_is_measured_alone(trial):
    slow = Trial(trial.config | {"latency": "measured"}, trial.drawn)
    with pytest.raises(WmpcError, match="give workers=1"):
        check_workers(slow, workers=2)


def test_an_agent_without_a_model_needs_no_run(reacher, wmpc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("agent=random", f"data={reacher}", *QUICK)
    assert wmpc("eval", *words)[0] == 0
    results = json.loads((tmp_path / "evals/Reacher-ahead-random/results.json").read_text())
    assert results["run"] is results["checkpoint"] is None and results["workers"] == 1
    assert results["manifest"]["action_block"] == 5 and results["failures"] == {}
    assert sum(results["strata"][third]["n"] for third in ("near", "middle", "far")) == 4
    assert wmpc("eval", *words, "action_block=10", "folder=there", "name=it")[0] == 0
    results = json.loads((tmp_path / "there/it/results.json").read_text())
    assert results["manifest"]["action_block"] == 10
    path = results["manifest"]["file"]
    code, _ = wmpc("eval", "agent=zero", f"cases.path={path}", "name=given", *QUICK)
    assert code == 0 and (tmp_path / "evals/given/results.json").exists()


class Nan:
    def reset(self, goal):
        pass

    def observe(self, observation, executed):
        pass

    def act(self):
        return np.full((5, 2), np.nan)


def test_an_agent_that_always_breaks_is_a_result(reacher, wmpc, tmp_path, monkeypatch):
    monkeypatch.setattr(agents, "zero", lambda setting: Entrant(lambda case: Nan()))
    words = ("agent=zero", f"data={reacher}", f"folder={tmp_path}", "name=nan", *QUICK)
    code, said = wmpc("eval", *words, "cases.seed=3")
    assert code == 2 and "Traceback" not in said, said
    assert "0/4 reached" in said and "4 of them failed" in said
    assert "every case failed, which says nothing of the agent; 4 of 4: the agent returned" in said
    results = json.loads((tmp_path / "nan" / "results.json").read_text())
    assert results["failures"] == {"the agent returned actions that are not finite numbers": 4}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["agent=mpc", "data={data}"], "give run=FOLDER"),
        (["agent=random"], "or data=FOLDER"),
        (["run={run}", "action_block=10"], "was trained with 5"),
        (["run={run}", "workers=0"], "a number from 1"),
        (["run={run}", "timeout_s=0"], "a number from 0.001"),
        (["run={run}", "workers=2", "agent.deadline=0.1"], "give workers=1"),
        (["run={run}", "cases.filter=soft"], "['far_pose']"),
    ],
)
def test_wrong_words_are_refused(trained, reacher, wmpc, tmp_path, words, message):
    words = [word.format(run=trained, data=reacher) for word in words]
    code, said = wmpc("eval", f"folder={tmp_path}", *QUICK, *words)
    assert code == 2 and message in " ".join(said.split()) and "Traceback" not in said


def test_a_manifest_edited_by_hand_is_refused(reacher, wmpc, tmp_path):
    settings = {**jobs("eval", QUICK)[0].config.cases}
    drawn, _ = find_manifest(settings, None, str(reacher), None)
    drawn.save(tmp_path / "m.json")
    text = (tmp_path / "m.json").read_text()
    for old, new in (('"budget":4', '"budget":40'), ('"strata":["near"', '"strata":["far"')):
        assert old in text
        (tmp_path / "m.json").write_text(text.replace(old, new, 1))
        code, said = wmpc("eval", "agent=zero", f"cases.path={tmp_path / 'm.json'}", *QUICK)
        assert code == 2 and "was altered or damaged" in said


def test_a_manifest_evaluated_twice_gives_the_same_cases(trained, trial, tmp_path):
    copied = shutil.copy(find_manifest(trial.config["cases"], str(trained), None, 5)[1], tmp_path)
    again = manifests.load_manifest(copied)
    assert again.hash == trial.drawn.hash
    first, second = (
        [bits(row) for row in run_cases(lambda case: agents.ReplayAgent(case.replay), drawn)]
        for drawn in (trial.drawn, again)
    )
    assert first == second
