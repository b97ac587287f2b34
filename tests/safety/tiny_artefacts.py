"""The five artefacts, as small as they come: what the tests of this folder spoil.

FOLDER/data        10 episodes of Reacher, of 12 steps and 32 pixels
FOLDER/run         a model trained for two steps, its state and its log
FOLDER/m.json      a manifest of one case
FOLDER/run/eval/e  an evaluation of it, with a picture
"""

import json
from pathlib import Path

from wmpc.cli.main import main

ENV = ["task=reacher", "task.kwargs.image_size=32", "task.actions_per_frame=5", "policy=random"]
QUICK = ["planner=cem", "planner.samples=4", "planner.elites=2", "planner.iterations=1",
         "agent.horizon=1"]  # fmt: skip
EVAL = ["cold=0", "videos=0", "reference.cases=0", *QUICK]
TRAIN = [
    "model=tiny",
    "model.context=1",
    "objective.rollout.steps=1",
    "train.steps=2",
    "train.batch=2",
]


def make(folder: Path) -> Path:
    """Make them all in `folder`."""
    data, run = folder / "data", folder / "run"
    said(["collect", *ENV, f"data={data}", "episodes=10", "steps=12", "workers=0"])
    said(["train", *TRAIN, f"data={data}", f"run={run}"])
    cases = ["cases.count=1", "cases.blocks=5", "cases.budget=5", "cases.lead_in=1"]
    said(["eval", f"run={run}", "name=e", *EVAL, *cases])
    results = json.loads((run / "eval/e/results.json").read_text())
    (folder / "m.json").write_bytes(Path(results["manifest"]["file"]).read_bytes())
    said(["report", f"run={run}"])
    return folder


def said(words: list[str]) -> None:
    assert main(words) == 0, words
