"""What one evaluation is of: model, cases, agent; checked before anything is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

import wmpc
from wmpc import envs
from wmpc.agents.entrants import Entrant, Setting
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis.decision import planning
from wmpc.evaluation.drawing import agree, frozen, held_out, recorded
from wmpc.evaluation.evaluate import Latency, check_latency, check_start
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.measure import Trial, alone, entrant_of
from wmpc.evaluation.numbers import check_numbers
from wmpc.evaluation.reference import code_digest
from wmpc.evaluation.results import refuse_results, result_folders, versions
from wmpc.evaluation.sweep import worlds
from wmpc.system.asking import LONGEST_S
from wmpc.wm.data import Episodes
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.training.checkpoint import checkpoint_hash
from wmpc.wm.training.devices import find_device

BOUNDS = {
    "workers": (1, 1024),
    "threads": (1, 1024),
    "cold": (0, 1e6),
    "videos": (0, 1e6),
    "patience": (1e-3, LONGEST_S),
    "action_block": (1, 1e6),
    "agent.deadline": (1e-3, LONGEST_S),
    "reference.cases": (0, 1e6),
    "reference.horizon": (1, 1e4),
    "reference.execute": (1, 1e4),
    "reference.gamma": (0, 1),
    "reference.samples": (1, 1e6),
    "reference.elites": (1, 1e6),
    "reference.iterations": (1, 1e6),
    "manifest.budget": (1, 1e6),
    "manifest.blocks": (1, 1e6),
    "manifest.cases": (1, 1e6),
    "manifest.lead_in": (0, 1e6),
    "manifest.per_episode": (1, 1e6),
    "manifest.seed": (0, 1e18),
    "shift.seed": (0, 1e18),
    "agent.seed": (0, 1e18),
}
ELSEWHERE = ("workers", "name", "folder", "overwrite", "videos", "diagnose", "cold")
"""Keys that no row depends on, and those that stand for a file whose hash is told instead."""
FILES = ("run", "data", "manifest")


@dataclass(frozen=True)
class Asked:
    """What one evaluation is of."""

    cfg: Any
    config: dict[str, Any]
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


def check(config: dict[str, Any]) -> None:
    """WmpcError or WmpcError where a number of the command line makes no sense."""
    check_numbers(config, BOUNDS)
    if config["latency"] is not None:
        check_latency(config["latency"])
    check_start(config["start"])


@contextmanager
def prepared(cfg: Any, config: dict[str, Any], console: Console) -> Iterator[Asked]:
    """All that is needed, checked as far as it can be before anything is measured."""
    envs.allow(config["env_id"], config["env_kwargs"])
    model, drawn, path = model_and_cases(cfg, config)
    if cfg.name is not None:
        refuse_results(next(result_folders(cfg, drawn)), cfg.overwrite)
    task = drawn.make()
    try:
        held_out(drawn)
        notes = [] if model is None else agree(model.spec, drawn, task, str(cfg.run))
        with console.status("the agent"):
            setting = Setting(
                task,
                drawn.action_block,
                model,
                episodes=recorded(cfg.run, cfg.data),
                patience=cfg.patience,
            )
            entrant = entrant_of(config, setting)
            if not entrant.tried:
                entrant.make(drawn.cases[0])  # what is wrong with it is said before it runs
        late = 0.0 if cfg.latency is None else cfg.latency
        alone(Trial(config, drawn, late), cfg.workers)
        shift = config["shift"]
        yield Asked(
            cfg, config, model, drawn, path, task, entrant,
            episodes=diagnosable(entrant, drawn, task, cfg) if cfg.diagnose else None,
            moved=[] if shift["name"] is None else worlds(shift, drawn),
            late=late,
            notes=notes,
        )  # fmt: skip
    finally:
        task.close()


def identity(asked: Asked) -> dict[str, Any]:
    """Whatever the rows of an evaluation depend on, in plain JSON values."""
    cfg, config = asked.cfg, asked.config
    return {
        "manifest": asked.drawn.hash,
        "checkpoint": None if cfg.run is None else checkpoint_hash(cfg.run),
        "dataset": dataset_hash(cfg.run, cfg.data),
        "agent": asked.entrant.source,
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


def diagnosable(entrant: Entrant, drawn: Manifest, task: Any, cfg: Any) -> Episodes:
    """The recordings that a diagnosis needs; WmpcError at once where there can be none."""
    planning(entrant, drawn.cases[0])
    if task.wires:
        raise WmpcError(
            f"diagnose=true came, but the simulator knows nothing of {drawn.shift}: diagnose on "
            "the unshifted manifest"
        )
    return recorded(cfg.run, cfg.data)()


def model_and_cases(cfg: Any, config: dict[str, Any]) -> tuple[JEPA | None, Manifest, Path]:
    """The model, if the agent has one, and the cases with their file."""
    device = find_device(cfg.device)  # is there, also where no model needs it
    model = None if cfg.run is None else wmpc.load(cfg.run, device)
    block = cfg.action_block if model is None else model.spec.action_block
    if cfg.action_block not in (None, block):
        raise WmpcError(
            f"action_block={cfg.action_block} came; {cfg.run} was trained with {block}: leave "
            "action_block out, or run"
        )
    drawn, path = frozen(config["manifest"], cfg.run, cfg.data, block)
    return model, drawn, path
