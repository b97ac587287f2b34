"""Make what one evaluation is of: model, cases, agent; check it before anything is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wmpc import envs
from wmpc.agents.entrants import Entrant, Given, Setting
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis.decision import planning
from wmpc.evaluation.drawing import agree, frozen, held_out, recorded
from wmpc.evaluation.evaluate import Latency, check_latency, check_start
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.measure import Trial, alone, entrant_of, model_of
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.reference import code_digest
from wmpc.evaluation.results import refuse_results, result_folders, versions
from wmpc.evaluation.sweep import worlds
from wmpc.system.asking import LONGEST_S
from wmpc.system.progress import Progress, Tell
from wmpc.system.threads import torch_threads
from wmpc.wm.data import Episodes
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.training.checkpoint import checkpoint_hash, weights_digest
from wmpc.wm.training.devices import find_device

BOUNDS = {
    "workers": (1, 1024),
    "threads": (1, 1024),
    "cold": (0, 1e6),
    "videos": (0, 1e6),
    "timeout_s": (1e-3, LONGEST_S),
    "action_block": (1, 1e6),
    "agent.deadline": (1e-3, LONGEST_S),
    "reference.cases": (0, 1e6),
    "reference.horizon": (1, 1e4),
    "reference.execute": (1, 1e4),
    "reference.gamma": (0, 1),
    "reference.samples": (1, 1e6),
    "reference.elites": (1, 1e6),
    "reference.iterations": (1, 1e6),
    "cases.budget": (1, 1e6),
    "cases.blocks": (1, 1e6),
    "cases.count": (1, 1e6),
    "cases.lead_in": (0, 1e6),
    "cases.per_episode": (1, 1e6),
    "cases.seed": (0, 1e18),
    "shift.seed": (0, 1e18),
    "agent.seed": (0, 1e18),
}
ELSEWHERE = ("workers", "name", "folder", "overwrite", "videos", "diagnose", "cold")
"""Keys that no row depends on, and those that stand for a file whose hash is told instead."""
FILES = ("run", "data", "cases")


@dataclass(frozen=True)
class Prepared:
    """What one evaluation is of."""

    config: dict[str, Any]
    """The keys of `wmpc eval` in plain values; what was given as an object is described in them."""
    given: Given
    model: JEPA | None
    drawn: Manifest
    path: Path
    task: Any
    entrant: Entrant
    episodes: Episodes | None
    """To diagnose on."""
    moved: list[Manifest]
    """The worlds of a shift."""
    late: Latency
    notes: list[str]

    @property
    def trial(self) -> Trial:
        """The same in values that travel to another process."""
        return Trial(
            self.config, self.drawn, self.late, self.config["timeout_s"], self.config["threads"],
            self.given,
        )  # fmt: skip

    @cached_property
    def checkpoint(self) -> str | None:
        """The hash of the model's checkpoint; of a model that was given, of its weights."""
        if self.given.model is not None:
            return weights_digest(self.given.model.state_dict())
        run = self.config["run"]
        return None if run is None else checkpoint_hash(run)


def check(config: dict[str, Any]) -> None:
    """Raise WmpcError where a number of the configuration makes no sense."""
    check_numbers(config, BOUNDS)
    if config["latency"] is not None:
        check_latency(config["latency"])
    check_start(config["start"])


@contextmanager
def prepare(config: dict[str, Any], given: Given, progress: Tell) -> Iterator[Prepared]:
    """Make all that an evaluation needs, checked as far as it can be before it is measured.

    Args:
        config: the keys of `wmpc eval`, in plain values.
        given: objects that stand for some of them.
        progress: told what is being made.

    Raises:
        WmpcError: the parts do not fit each other, or the agent cannot be made.
    """
    check(config)
    with torch_threads(config["threads"]):
        yield from _prepare(config, given, progress)


def _prepare(config: dict[str, Any], given: Given, progress: Tell) -> Iterator[Prepared]:
    envs.allow(config["env_id"], config["env_kwargs"])
    model, drawn, path = model_and_cases(config, given)
    if config["name"] is not None:
        refuse_results(next(result_folders(config, drawn, "")), config["overwrite"])
    task = drawn.make()
    try:
        held_out(drawn)
        notes = (
            [] if model is None else agree(model.spec, drawn, task, config["run"] or "the model")
        )
        progress(Progress("the agent"))
        setting = Setting(
            task,
            drawn.action_block,
            model,
            episodes=recorded(config["run"], config["data"]),
            timeout_s=config["timeout_s"],
        )
        entrant = entrant_of(config, setting, given)
        if not entrant.tried:
            entrant.make(drawn.cases[0])  # what is wrong with it is said before it runs
        late = 0.0 if config["latency"] is None else config["latency"]
        alone(Trial(config, drawn, late), config["workers"])
        shift = config["shift"]
        yield Prepared(
            config, given, model, drawn, path, task, entrant,
            episodes=diagnosable(entrant, drawn, task, config) if config["diagnose"] else None,
            moved=[] if shift["name"] is None else worlds(shift, drawn),
            late=late,
            notes=notes,
        )  # fmt: skip
    finally:
        task.close()


def identity(prepared: Prepared) -> dict[str, Any]:
    """Whatever the rows of an evaluation depend on, in plain JSON values."""
    config = prepared.config
    return {
        "manifest": prepared.drawn.hash,
        "checkpoint": prepared.checkpoint,
        "dataset": dataset_hash(config["run"], config["data"]),
        "agent": prepared.entrant.source,
        "config": {k: v for k, v in config.items() if k not in (*ELSEWHERE, *FILES)},
        "versions": versions(),
        "code": code_digest(("wmpc",)),
    }


def dataset_hash(run: str | None, data: str | None) -> str | None:
    """That of the recordings which the agent may learn from, where they are there."""
    try:
        return recorded(run, data)().hash
    except (WmpcError, OSError):
        return None


def diagnosable(entrant: Entrant, drawn: Manifest, task: Any, config: dict[str, Any]) -> Episodes:
    """The recordings that a diagnosis needs; WmpcError at once where there can be none."""
    planning(entrant, drawn.cases[0])
    if task.wires:
        raise WmpcError(
            f"diagnose=true came, but the simulator knows nothing of {drawn.shift}: diagnose on "
            "the unshifted manifest"
        )
    return recorded(config["run"], config["data"])()


def model_and_cases(config: dict[str, Any], given: Given) -> tuple[JEPA | None, Manifest, Path]:
    """The model, if the agent has one, and the cases with their file."""
    find_device(config["device"])  # is there, also where no model needs it
    model, run, asked = model_of(config, given), config["run"], config["action_block"]
    block = asked if model is None else model.spec.action_block
    if asked not in (None, block):
        raise WmpcError(
            f"action_block={asked} came; {run or 'the model'} was trained with {block}: leave "
            "action_block out, or run"
        )
    drawn, path = frozen(config["cases"], run, config["data"], block)
    return model, drawn, path
