"""Ask how many episodes are needed, and of what kind: planning beside cloning on the same cases."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from wmpc.api.curve_points import (
    AXES,
    Point,
    make_dataset,
    plan_observation,
    plan_quality,
    plan_shares,
)
from wmpc.api.curve_runs import Runs
from wmpc.api.presets import read_defaults, read_objective, read_preset
from wmpc.collecting.environment import NOWHERE, environment_of
from wmpc.configs import list_presets
from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.curve import (
    PLANNING,
    CurvePoint,
    Results,
    find_floors,
    judge,
    measure_of,
    score_point,
    spared,
)
from wmpc.evaluation.find_manifest import find_manifest
from wmpc.reporting.curve import curve_page, tell_point
from wmpc.system import construct
from wmpc.system.disk import replace_file
from wmpc.system.links import refuse_links
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.renamed import refuse_old_words
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.training.run import finished
from wmpc.wm.training.stop import Stop

CURVES = Path("curves")


@dataclass(frozen=True)
class Curve:
    """What was measured along an axis, and where it is kept."""

    folder: Path
    """Holds a run for each point and seed, AXIS.json and the page."""
    page: Path
    axis: str
    measure: str
    """See `wmpc.evaluation.evidence.curve.RATE`."""
    points: tuple[CurvePoint, ...]
    """From the fewest, worst or least seen episodes on."""
    floors: Mapping[str, float]
    """By name, what is reached without learning."""
    findings: tuple[str, ...]
    """Sentences: whether planning needs less of its data than cloning."""


@refuse_old_words
def curve(
    data: str | Path,
    *,
    axis: str = "episodes",
    shares: Sequence[float] = (0.05, 0.1, 0.25, 0.5, 1.0),
    short: float = 0.25,
    random: str | Path | None = None,
    seeds: Sequence[int] = (0,),
    agents: Sequence[str] = ("mpc", "gcbc", "gcidm"),
    cloning: int = 3000,
    model: str | Mapping[str, Any] = "small",
    objective: str | Mapping[str, Any] | None = None,
    train: Mapping[str, Any] | None = None,
    planner: str | Mapping[str, Any] = "icem",
    cost: str | Mapping[str, Any] = "latent_distance",
    cases: str | Mapping[str, Any] = "ahead",
    workers: int = 1,
    device: str = "cpu",
    allow: Sequence[str] = (),
    name: str | None = None,
    command: str | None = None,
    progress: Tell = quiet,
    stop: Stop = lambda: False,
) -> Curve:
    """Train and evaluate a run at each point of an axis, or go on doing so.

    All points are evaluated on the same cases, of held-out episodes of `data`, and trained for the
    same number of steps. A cloned policy learns from the episodes of its run, through its encoder.

    Args:
        data: the dataset's folder.
        axis: one of `wmpc.api.curve_points.AXES`.
        shares: of the training episodes, for the axis "episodes".
        short: share of each training episode's steps, for the axis "quality".
        random: for the axis "quality", a dataset of random actions in the same environment; None:
            collected, where there is a simulator.
        seeds: a training each.
        agents: names under `configs/agent`.
        cloning: steps of training a cloned policy.
        model: see `wmpc.train`.
        objective: see there.
        train: settings of `wmpc.train`, beside those of `train` in `configs/curve.yaml`.
        planner: see `wmpc.evaluate`.
        cost: see there.
        cases: see there.
        workers: see there.
        device: see there.
        allow: modules or packages of yours that the data may name, such as ["mine"].
        name: of the folder in curves; None: the dataset's.
        command: what to say on the page of how it can be had again.
        progress: told what will be done, how far it is, and each result.
        stop: asked while a run is trained or evaluated: whether to save and stop.

    Returns:
        What was measured.

    Raises:
        WmpcError: a setting makes no sense, or the folder holds runs of other settings.
        wmpc.wm.training.stop.Stopped: `stop` said so while a run was trained.
        KeyboardInterrupt: `stop` said so while a run was evaluated.
    """
    construct.allow(allow)
    base = open_episodes(data)
    recipe = {**read_defaults("curve")["train"], **(train or {})}
    _check(axis, seeds, agents, cloning, recipe)
    folder = refuse_links(CURVES / str(name or base.path.resolve().name), CURVES)
    settings, given = read_preset("model", model), None if random is None else str(random)
    points = {
        "episodes": lambda: plan_shares(base.path, base, shares),
        "quality": lambda: plan_quality(base.path, base, short, given, folder),
        "observation": lambda: plan_observation(base.path, base, settings),
    }[axis]()
    evaluation = {
        "planner": planner, "cost": cost, "cases": _cases(cases, base, recipe), "cold": 0,
        "workers": workers, "device": device, "videos": 0, "reference": {"cases": 0},
        "allow": list(allow),
    }  # fmt: skip
    runs = Runs(
        settings, objective or read_objective(model), recipe, agents, cloning, evaluation, allow,
        progress, stop,
    )  # fmt: skip
    progress(Progress(says=_announce(points, seeds, agents, recipe, folder)))
    measured, scored = _measure(runs, points, seeds, folder, base, short, workers)
    first = measured[-1][agents[0]][0]
    made = Curve(
        folder, folder / f"{axis}.html", axis, measure_of(first), tuple(scored),
        find_floors(first), tuple(_judge(axis, points, measured)),
    )  # fmt: skip
    content = asdict(made) | {
        "format": "wmpc-curve", "version": 1, "folder": str(folder), "page": str(made.page),
        "data": str(data), "seeds": list(seeds), "train": recipe, "command": command,
    }  # fmt: skip
    replace_file(folder / f"{axis}.json", json.dumps(content, indent=1).encode())
    replace_file(made.page, curve_page(content).encode())
    return made


def _check(
    axis: str, seeds: Sequence[int], agents: Sequence[str], cloning: int, recipe: Mapping[str, Any]
) -> None:
    """WmpcError where a setting makes no sense."""
    if axis not in AXES:
        raise WmpcError(f"axis={axis} came; it is one of {', '.join(AXES)}")
    if not seeds or len(set(seeds)) < len(seeds):
        raise WmpcError(
            f"seeds={list(seeds)} came; give one or several different ones: seeds=[0,1]"
        )
    if wrong := [s for s in seeds if type(s) is not int or not 0 <= s < 2**63]:
        raise WmpcError(f"seeds has {wrong[0]}; a seed is a whole number from 0 to 2**63 - 1")
    known = [n for n in list_presets("agent") if n not in ("external", "replay", "simulator")]
    if not agents or len(set(agents)) < len(agents) or not set(agents) <= set(known):
        raise WmpcError(f"agents={list(agents)} came; give some of {', '.join(known)}, each once")
    if cloning < 1:
        raise WmpcError(f"cloning={cloning} came; a policy is trained for at least 1 step")
    for key, instead in (("subset", "shares=[0.1,1]"), ("seed", "seeds=[0,1]")):
        if recipe.get(key) is not None:
            raise WmpcError(f"train.{key}={recipe[key]} came; a curve is told {instead} instead")


def _cases(
    cases: str | Mapping[str, Any], base: Episodes, recipe: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings of the cases that every run is evaluated on: those of one manifest, drawn from
    the curve's own dataset, where there is a simulator."""
    settings = {**read_preset("cases", "ahead"), **read_preset("cases", cases)}
    if environment_of(base)["id"] == NOWHERE:
        return settings
    stride = recipe.get("stride", 1)
    if type(stride) is not int or stride < 1:
        raise WmpcError(f"train.stride={stride} came; it is a whole number of recorded frames")
    _, path = find_manifest(settings, None, str(base.path), int(base.meta["m"]) * stride)
    return read_preset("cases", "ahead", path=str(path))


def _announce(
    points: Sequence[Point], seeds: Sequence[int], agents: Sequence[str],
    recipe: Mapping[str, Any], folder: Path,
) -> str:  # fmt: skip
    """What will be done, in a sentence."""
    runs = [folder / f"{point.run}-seed={seed}" for point in points for seed in seeds]
    there = sum(finished(run) for run in runs)
    budget = (
        f"{recipe['steps']} steps" if recipe.get("steps") else f"{recipe.get('minutes')} minutes"
    )
    return (
        f"{len(runs)} trainings of {budget} ({len(points)} points x {len(seeds)} seeds; {there} "
        f"are there), each evaluated with {', '.join(agents)}, go to {folder}"
    )


def _measure(
    runs: Runs, points: Sequence[Point], seeds: Sequence[int], folder: Path, base: Episodes,
    short: float, workers: int,
) -> tuple[list[Results], list[CurvePoint]]:  # fmt: skip
    """The results of each point, and what they come to."""
    measured: list[Results] = []
    scored: list[CurvePoint] = []
    done, total, spent, anew = 0, len(points) * len(seeds), 0.0, 0
    for point in points:
        episodes = point.count(make_dataset(point, base, short, workers, runs.progress))
        found: dict[str, list[Mapping[str, Any]]] = {agent: [] for agent in runs.agents}
        folders = [folder / f"{point.run}-seed={seed}" for seed in seeds]
        for seed, run in zip(seeds, folders, strict=True):
            began, fresh = time.perf_counter(), not finished(run)
            one = runs.measure(point, run, seed)
            for agent, results in one.items():
                found[agent].append(results)
            done, spent, anew = (
                done + 1,
                spent + fresh * (time.perf_counter() - began),
                anew + fresh,
            )
            label = f"{point.label}, seed {seed}" if len(seeds) > 1 else point.label
            lone = score_point(label, episodes, [str(run)], {k: [v] for k, v in one.items()})
            says = f"[{done}/{total}] {tell_point(lone, measure_of(next(iter(one.values()))))}"
            left = (total - done) * spent / anew / 60 if anew else 0.0
            runs.progress(Progress(says=says + (f"; about {left:.0f} min left" * (left >= 1))))
        measured.append(found)
        scored.append(score_point(point.label, episodes, [str(run) for run in folders], found))
    return measured, scored


def _judge(axis: str, points: Sequence[Point], measured: Sequence[Results]) -> list[str]:
    """Whether planning loses less than cloning does, from the last point to each that is worse."""
    if axis == "observation" or len(points) < 2 or PLANNING not in measured[0]:
        return []
    compared = range(1) if axis == "episodes" else range(len(points) - 1)
    return [
        judge(
            f"From {points[-1].label} to {points[place].label} of the training episodes"
            if axis == "episodes" else f"From episodes as recorded to {points[place].label}",
            other, spared(measured[place], measured[-1], other), measure_of(measured[0][other][0]),
        )
        for place in compared
        for other in measured[0]
        if other != PLANNING
    ]  # fmt: skip
