"""Look for the bottleneck of a model that plans: representation, dynamics, cost or planner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmpc.api.presets import read_defaults
from wmpc.api.settings import describe_settings
from wmpc.evaluation import diagnosis
from wmpc.evaluation.preparation import prepare
from wmpc.planners.costs import GoalCost
from wmpc.planners.problem import Planner
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.renamed import refuse_old_words
from wmpc.wm.models.world_model import LearnedModel


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What limits an agent that plans."""

    culprit: str
    """The likely bottleneck, one word."""
    sentence: str
    """The same in a sentence."""
    findings: tuple[Mapping[str, Any], ...]
    """Each a number, perhaps a picture, and how to read it, see `wmpc.wm.diagnostics`."""
    content: Mapping[str, Any]
    """All of it, as results.json has it under `diagnosis`."""


@refuse_old_words
def diagnose(
    run: str | Path | LearnedModel,
    *,
    data: str | Path | None = None,
    agent: str | Mapping[str, Any] = "mpc",
    planner: str | Mapping[str, Any] | Planner = "icem",
    cost: str | Mapping[str, Any] | GoalCost = "latent_distance",
    cases: str | Path | Mapping[str, Any] = "ahead",
    decisions: int = diagnosis.DECISIONS,
    allow: Sequence[str] = (),
    device: str = "cpu",
    threads: int = 1,
    progress: Tell = quiet,
) -> Diagnosis:
    """Replace one part of the agent after the other by the truth, and see which one helps.

    Args:
        run: the trained run's folder, or a model.
        data: the dataset's folder; None: the one the run was trained on.
        agent: a name under `configs/agent`, or its keys.
        planner: a name under `configs/planner`, its keys, or a planner.
        cost: of a goal: a name under `configs/cost`, its keys, or a `wmpc.planners.GoalCost`.
        cases: a name under `configs/cases`, its keys, or the file of a manifest.
        decisions: how many are looked at.
        allow: modules or packages of yours that the files may name, such as ["mine"].
        device: of a run's model.
        threads: of torch.
        progress: told what is being done.

    Returns:
        The likely bottleneck, and all findings.

    Raises:
        WmpcError: the agent does not plan, or the recordings hold no states.
    """
    settings = dict(locals())
    del settings["progress"], settings["decisions"]
    config, given = describe_settings(
        "eval", {**read_defaults("eval"), "shift": "none", **settings, "diagnose": True}
    )
    with prepare(config, given, progress) as prepared:
        progress(Progress("diagnosis"))
        assert prepared.episodes is not None
        found = diagnosis.diagnose(
            prepared.entrant,
            prepared.trial.drawn,
            prepared.task,
            prepared.episodes,
            decisions=decisions,
        )
    verdict = found["verdict"]
    return Diagnosis(verdict["culprit"], verdict["sentence"], tuple(found["findings"]), found)
