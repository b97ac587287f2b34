"""Make what one evaluation is of: model, cases, agent; check it before anything is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wmpc import envs
from wmpc.agents.entrant import Entrant, Given
from wmpc.envs.worlds.packages import version_of
from wmpc.errors import WmpcError
from wmpc.evaluation.compatibility import check_cases, check_held_out, check_named
from wmpc.evaluation.diagnosis.decision import planning
from wmpc.evaluation.find_manifest import find_manifest, open_later
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.provenance import code_digest, versions
from wmpc.evaluation.run_cases import check_latency, check_start
from wmpc.evaluation.sweep import shift_worlds
from wmpc.evaluation.trial import Trial, check_workers, find_model, make_entrant
from wmpc.evaluation.write_results import refuse_results, result_folders
from wmpc.system import construct
from wmpc.system.asking import LONGEST_S
from wmpc.system.progress import Progress, Tell
from wmpc.system.threads import torch_threads
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel
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
ELSEWHERE = ("workers", "name", "folder", "overwrite", "videos", "diagnose", "cold", "allow")
"""Keys that no row depends on, and those that stand for a file whose hash is told instead."""
FILES = ("run", "data", "cases")


@dataclass(frozen=True)
class Prepared:
    """What one evaluation is of."""

    trial: Trial
    model: LearnedModel | None
    path: Path
    """The manifest's file."""
    task: Any
    entrant: Entrant
    episodes: Episodes | None
    """To diagnose on."""
    moved: list[Manifest]
    """The worlds of a shift."""
    notes: list[str]

    @cached_property
    def checkpoint(self) -> str | None:
        """See `hash_model`."""
        return hash_model(self.trial.config["run"], self.trial.given)

    @property
    def identity(self) -> dict[str, Any]:
        """Whatever the rows depend on, in plain JSON values."""
        config = self.trial.config
        return {
            "manifest": self.trial.drawn.hash,
            "checkpoint": self.checkpoint,
            "dataset": hash_dataset(config["run"], config["data"]),
            "agent": self.entrant.source,
            "config": {k: v for k, v in config.items() if k not in (*ELSEWHERE, *FILES)},
            "versions": versions() | version_of(self.trial.drawn.env),
            "code": code_digest(("wmpc",)),
        }


@contextmanager
def prepare(config: dict[str, Any], given: Given, progress: Tell) -> Iterator[Prepared]:
    """Make all that an evaluation needs, checked as far as it can be before it is measured.

    Args:
        config: the keys of `wmpc eval`, in plain values.
        given: objects that stand for some of them.
        progress: told what is being made.

    Yields:
        All of it; the task is closed in the end.

    Raises:
        WmpcError: a number makes no sense, the parts do not fit each other, or the agent cannot be
            made.
    """
    check_numbers(config, BOUNDS)
    if config["latency"] is not None:
        check_latency(config["latency"])
    check_start(config["start"])
    with torch_threads(config["threads"]):
        yield from _prepare(config, given, progress)


def _prepare(config: dict[str, Any], given: Given, progress: Tell) -> Iterator[Prepared]:
    construct.allow(config["allow"])
    envs.allow(config["env_id"], config["env_kwargs"])
    find_device(config["device"])  # is there, also where no model needs it
    model, run, asked = find_model(config, given), config["run"], config["action_block"]
    block = asked if model is None else model.spec.action_block
    if asked not in (None, block):
        raise WmpcError(
            f"action_block={asked} came; {run or 'the model'} was trained with {block}: leave "
            "action_block out, or run"
        )
    drawn, path = find_manifest(config["cases"], run, config["data"], block)
    if config["name"] is not None:
        refuse_results(next(result_folders(config, "")), config["overwrite"])
    trial, task = Trial(config, drawn, given), drawn.make()
    try:
        check_held_out(drawn)
        if model is not None:
            check_named(model.spec, drawn, config["data"], run or "the model")
        notes = [] if model is None else check_cases(model.spec, drawn, task, run or "the model")
        progress(Progress("the agent"))
        entrant = make_entrant(config, trial.setting(task, model), given)
        if not entrant.tried:
            entrant.make(drawn.cases[0])  # what is wrong with it is said before it runs
        check_workers(trial, config["workers"])
        shift = config["shift"]
        yield Prepared(
            trial, model, path, task, entrant,
            episodes=_diagnosable(trial, entrant, task) if config["diagnose"] else None,
            moved=[] if shift["name"] is None else shift_worlds(shift, drawn),
            notes=notes,
        )  # fmt: skip
    finally:
        task.close()


def hash_model(run: str | None, given: Given) -> str | None:
    """Find the hash of a model.

    Args:
        run: its folder, if it has one.
        given: may hold the model itself.

    Returns:
        That of its checkpoint; of a model that was given, of its weights, where it has some.
    """
    if given.model is not None:
        weights = getattr(given.model, "state_dict", None)
        return None if weights is None else weights_digest(weights())
    return None if run is None else checkpoint_hash(run)


def hash_dataset(run: str | None, data: str | None) -> str | None:
    """Find the hash of the recordings which the agent may learn from.

    Args:
        run: see `wmpc.evaluation.find_manifest.find_dataset`.
        data: see there.

    Returns:
        It; None where they are not there.
    """
    try:
        return open_later(run, data)().hash
    except (WmpcError, OSError):
        return None


def _diagnosable(trial: Trial, entrant: Entrant, task: Any) -> Episodes:
    """The recordings that a diagnosis needs; WmpcError at once where there can be none."""
    planning(entrant, trial.drawn.cases[0])
    if task.wires:
        raise WmpcError(
            f"diagnose=true came, but the simulator knows nothing of {trial.drawn.shift}: diagnose "
            "on the unshifted manifest"
        )
    return open_later(trial.config["run"], trial.config["data"])()
