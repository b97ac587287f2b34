"""Measure how often an agent reaches goals, beside honest floors."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmpc.agents.agent import Agent
from wmpc.api.evaluate_offline import evaluate_offline, wants_offline
from wmpc.api.settings import describe_settings
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis import diagnose
from wmpc.evaluation.find_manifest import MANIFESTS
from wmpc.evaluation.imagination import imagination
from wmpc.evaluation.preparation import Prepared, prepare
from wmpc.evaluation.provenance import versions
from wmpc.evaluation.read_results import FORMAT, RESULTS, VERSION, headline
from wmpc.evaluation.references import measure_references
from wmpc.evaluation.remarks import remark_measuring
from wmpc.evaluation.row import Row, count_failures
from wmpc.evaluation.rows_file import RowsFile
from wmpc.evaluation.run_cases import TIMEOUT_S, Latency, Start
from wmpc.evaluation.statistics.success import by_stratum, summary
from wmpc.evaluation.sweep import measure_sweep, remark_shift
from wmpc.evaluation.trial import Part, measure_rows, measure_shifted
from wmpc.evaluation.write_results import (
    claim_folder,
    commit_results,
    name_results,
    result_folders,
)
from wmpc.planners.costs import GoalCost
from wmpc.planners.problem import Planner
from wmpc.reporting import film
from wmpc.system.asking import Failed
from wmpc.system.place import in_or_instead
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.renamed import refuse_old_words
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.training.devices import describe_device


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found, and where it is kept."""

    folder: Path
    """Holds results.json, with its pictures and videos."""
    rows: tuple[Row, ...]
    """One a case, from the start that was asked for; none where no simulator took part."""
    content: Mapping[str, Any]
    """All of results.json."""

    @property
    def offline(self) -> Mapping[str, Any] | None:
        """Scores on recordings alone, see `wmpc.evaluation.offline.scores`; None where a simulator
        took part."""
        return self.content.get("offline")

    @property
    def summary(self) -> Mapping[str, Any]:
        """What the rows come to, see `wmpc.evaluation.statistics.success.summary`; WmpcError where
        no simulator took part."""
        if self.offline is not None:
            raise WmpcError("no simulator took part, so nothing was reached: see `offline` instead")
        return self.content["summary"]

    @property
    def rate(self) -> float:
        """The share of cases in which the goal was reached, 0 to 1."""
        return self.summary["success"]["rate"]

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the rate (Wilson)."""
        low, high = self.summary["success"]["interval"]
        return low, high

    @property
    def headline(self) -> str:
        """The result in one sentence."""
        return headline(self.content)


@refuse_old_words
def evaluate(
    run: str | Path | LearnedModel | None = None,
    *,
    data: str | Path | None = None,
    agent: str | Mapping[str, Any] | Agent | Callable[..., Any] = "mpc",
    planner: str | Mapping[str, Any] | Planner = "icem",
    cost: str | Mapping[str, Any] | GoalCost = "latent_distance",
    cases: str | Path | Mapping[str, Any] = "ahead",
    shift: str | Mapping[str, Any] = "none",
    action_block: int | None = None,
    start: Start = "warm",
    device: str = "cpu",
    latency: Latency | None = None,
    timeout_s: float | None = TIMEOUT_S,
    threads: int = 1,
    workers: int = 1,
    cold: int = 30,
    diagnose: bool = False,
    videos: int = 3,
    reference: Mapping[str, Any] | None = None,
    offline: bool | None = None,
    allow: Sequence[str] = (),
    env_id: str | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    name: str | None = None,
    overwrite: bool = False,
    command: str | None = None,
    progress: Tell = quiet,
) -> Evaluation:
    """Run an agent on frozen cases and write results.json with its pictures.

    An evaluation that was interrupted goes on from the rows that are there.

    Args:
        run: a trained run's folder, "shipped:reacher", or a model; None where none is needed.
        data: the dataset's folder; None: the one the run was trained on.
        agent: a name under `configs/agent`, or its keys; an `Agent`; or a function that makes one,
            called once a case with those of `action_space`, `action_block` and `seed` that it
            names, or is the policy itself, see `wmpc.agents.external`.
        planner: a name under `configs/planner`, its keys, or a planner.
        cost: of a goal: a name under `configs/cost`, its keys, or a `wmpc.planners.GoalCost`.
        cases: a name under `configs/cases`, its keys, or the file of a manifest.
        shift: a name under `configs/shift`, or its keys.
        action_block: simulator actions of a block; None: the run's, or those between two frames.
        start: warm, or cold: without the recorded lead-in.
        device: of a run's model: cpu, cuda, cuda:1, ..., or auto.
        latency: seconds that a decision takes, the robot repeating its last action; or "measured".
        timeout_s: seconds that a call of the agent may take before its case fails; None: any.
        threads: of torch, in each process.
        workers: processes; rows do not depend on them, but latencies are honest with one only.
        cold: cases repeated from a cold start beside the warm ones.
        diagnose: look for the bottleneck of an agent that plans.
        videos: successes, and as many failures, on video.
        reference: the planner in the true simulator; keys of `reference` in `configs/eval.yaml`,
            whose values stand where none are given. {"cases": 0}: none.
        offline: score the agent on held-out recordings alone, without a simulator, see
            `wmpc.evaluation.offline`; None: where the dataset names no environment.
        allow: modules or packages of yours that the files may name, such as ["mine"].
        env_id: module:Name-v0, where files name an environment whose module may be imported.
        env_kwargs: its arguments, where files name some that are paths.
        folder: where NAME goes; None: RUN/eval, or evals where there is no run's folder.
        name: of the folder; None: made of manifest and agent, numbered if that exists.
        overwrite: replace the results of that name.
        command: what to say in the results of how they can be had again.
        progress: told how far it is.

    Returns:
        The rows, what they come to, and where all of it is kept.

    Raises:
        WmpcError: parts do not fit each other, or the folder holds other results.
        KeyboardInterrupt: says how many rows are kept.
    """
    settings = dict(locals())
    command, progress = settings.pop("command"), settings.pop("progress")
    config, given = describe_settings("eval", settings)
    if wants_offline(config):
        place, results = evaluate_offline(config, given, command, progress)
        return Evaluation(place, (), results)
    began = time.perf_counter()
    with prepare(config, given, progress) as prepared:
        named = name_results(config, prepared.trial.drawn, prepared.entrant.name)
        folders = result_folders(config, named)
        with claim_folder(folders, prepared.identity, overwrite) as kept:
            if kept.taken:
                says = (
                    f"{kept.taken} rows of this evaluation are in {kept.path}: going on from there"
                )
                progress(Progress(says=says))
            try:
                rows, results = _measure(prepared, kept, progress)
                results |= {"command": command, "seconds": time.perf_counter() - began}
                commit_results(kept, results)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"{len(kept)} rows are kept in {kept.path}; the same command goes on from there"
                ) from None
            return Evaluation(kept.path.parent, tuple(rows), results)


def _measure(
    prepared: Prepared, kept: RowsFile, progress: Tell
) -> tuple[list[Row], dict[str, Any]]:
    """Measure what is not in `kept` yet, draw pictures beside it, and put all together."""
    trial, task, entrant = prepared.trial, prepared.task, prepared.entrant
    config, drawn, start = trial.config, trial.drawn, trial.config["start"]
    workers, notes, diagnosis, swept = config["workers"], list(prepared.notes), None, None
    few = range(min(config["cold"], len(drawn.cases)) if start == "warm" else 0)
    parts = [
        Part(f"{start} starts", start, range(len(drawn.cases))),
        Part("cold starts", "cold", few),
    ]
    rows, cold = measure_rows(trial, entrant, task, parts, workers, kept, progress)
    if prepared.moved:
        swept = measure_sweep(
            prepared.moved,
            lambda world: measure_shifted(world, trial, entrant, start, workers, kept, progress),
        )
        notes += remark_shift(prepared.moved)
    if prepared.episodes is not None:
        progress(Progress("diagnosis"))
        try:
            diagnosis = diagnose(entrant, drawn, task, prepared.episodes, rows)
        except (WmpcError, Failed) as error:  # the rows stand without it
            notes.append(f"There is no diagnosis: {error}")
    notes += remark_measuring(trial.latency, task, workers, rows)
    progress(Progress("floors and the planner in the true simulator"))
    references = measure_references(
        drawn, prepared.path, task, config["reference"], start, timeout_s=config["timeout_s"],
        rows=kept,
    )  # fmt: skip
    for world in prepared.moved:
        file = f"{prepared.path.stem}-{world.hash[:10]}.json"
        world.save(in_or_instead(prepared.path.parent, file, MANIFESTS))
    progress(Progress("pictures and videos"))
    folder = kept.path.parent
    imagined = imagination(prepared.model, config["run"], config["data"])
    mark = f"-{kept.token}" if (folder / RESULTS).exists() else ""  # old ones stay till then
    media = film.illustrate(folder, rows, drawn, task, config["videos"], imagined, mark)
    strata = [case.strata for case in drawn.cases]
    plain = [row.as_result() | {"strata": strata[row.case]} for row in rows]
    model = prepared.model
    return rows, {
        "format": FORMAT,
        "version": VERSION,
        "env": {"id": drawn.env, "kwargs": drawn.kwargs, "tolerances": dict(task.tolerances)},
        "run": config["run"],
        "checkpoint": prepared.checkpoint,
        "agent": {"name": entrant.name, "planner": entrant.planner},
        "manifest": {k: v for k, v in drawn.content.items() if k != "cases"}
        | {
            "name": drawn.name,
            "hash": drawn.hash,
            "file": str(prepared.path),
            "cases": len(drawn.cases),
        },
        "config": config,
        "notes": notes,
        "device": None if model is None else describe_device(model.device),
        "privileged": entrant.privileged,
        "start": start,
        "latency": trial.latency,
        "workers": workers,
        "summary": summary(plain),
        "strata": by_stratum(plain, strata),
        "failures": count_failures(plain),
        "cold": summary([row.as_dict() for row in cold]) if cold else None,
        "reference": references,
        "shift": swept,
        "diagnosis": diagnosis,
        "media": media,
        "rows": plain + [row.as_dict() for row in cold],
        "versions": versions(),
    }
