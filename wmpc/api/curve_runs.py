"""One run of a curve: trained, evaluated with each agent, or found as it was left."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wmpc.api.curve_points import Point, describe_point
from wmpc.api.evaluate import evaluate
from wmpc.api.presets import read_preset
from wmpc.api.settings import describe_settings
from wmpc.api.train import train
from wmpc.evaluation.read_results import RESULTS
from wmpc.evaluation.read_standing import read_standing
from wmpc.system.progress import Progress, Tell
from wmpc.wm.training.checkpoint import checkpoint_hash
from wmpc.wm.training.stop import Stop


@dataclass(frozen=True)
class Runs:
    """How every run of a curve is trained and evaluated."""

    model: Mapping[str, Any]
    objective: str | Mapping[str, Any]
    recipe: Mapping[str, Any]
    """Settings of `wmpc.train`, without the seed."""
    agents: Sequence[str]
    """Names under `configs/agent`."""
    cloning: int
    """Steps of an agent that is trained before it is evaluated."""
    evaluation: Mapping[str, Any]
    """Arguments of `wmpc.evaluate`, the same for all."""
    allow: Sequence[str]
    progress: Tell
    stop: Stop

    def measure(self, point: Point, run: Path, seed: int) -> dict[str, Mapping[str, Any]]:
        """Train a run unless it is trained, and evaluate each agent unless its results are there.

        Args:
            point: what it is trained on.
            run: its folder.
            seed: of its training, and of those of cloned policies.

        Returns:
            By agent, the content of its results.json.

        Raises:
            WmpcError: the folder holds another run, or settings make no sense.
            wmpc.wm.training.stop.Stopped: it was stopped in training.
            KeyboardInterrupt: it was stopped in an evaluation; says what is kept.
        """
        view = None if point.cameras is None else {"cameras": list(point.cameras)}
        chosen = {} if point.subset is None else {"subset": point.subset}
        train(
            point.data, run, describe_point(point, self.model), objective=self.objective, view=view,
            seed=seed, allow=self.allow, progress=self._titled(run), stop=self.stop,
            **{**self.recipe, **chosen},
        )  # fmt: skip
        return {agent: self._evaluate(point, run, seed, agent) for agent in self.agents}

    def _evaluate(self, point: Point, run: Path, seed: int, agent: str) -> Mapping[str, Any]:
        made = read_preset("agent", agent)
        if "steps" in made:  # it learns from the run's episodes before it acts
            made |= {"steps": self.cloning, "seed": seed}
        asked = {**self.evaluation, "run": str(run), "data": str(point.data), "agent": made}
        file = run / "eval" / agent / RESULTS
        kept = read_standing(file, _described(asked), checkpoint_hash(run))
        if kept is not None:
            return kept

        def tell(progress: Progress) -> None:
            if self.stop():
                raise KeyboardInterrupt
            self._titled(run)(progress)

        return evaluate(**asked, name=agent, overwrite=file.exists(), progress=tell).content

    def _titled(self, run: Path) -> Tell:
        """Tells how far a stage is, after the run's name, and not what a run alone would say."""

        def tell(progress: Progress) -> None:
            if not progress.says:
                words = {"done": progress.done, "total": progress.total, "words": progress.words}
                self.progress(Progress(f"{run.name}: {progress.stage}", **words))

        return tell


def _described(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration that an evaluation with these arguments keeps in its results."""
    taken = inspect.signature(evaluate).parameters.items()
    arguments = {k: asked.get(k, v.default) for k, v in taken if k not in ("command", "progress")}
    return describe_settings("eval", arguments)[0]
