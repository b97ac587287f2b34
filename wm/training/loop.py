"""Train a world model in the folder of its run: steps, and what is kept and told of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.data import Windows
from wmpc.wm.data.prefetch import prefetch
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.fit import Diverged, optimizer_of, take_step
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.log import Log
from wmpc.wm.training.monitor import evaluate
from wmpc.wm.training.pace import Pace
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.sampler import BatchSampler
from wmpc.wm.training.schedule import Totals
from wmpc.wm.training.state import restore, save
from wmpc.wm.training.stop import Asked, Stop, Stopped, telling_what_is_kept, until, what_is_kept

Report = Callable[[dict[str, Any]], None]
"""Takes each line of train.jsonl as it is written."""
HELD_OUT_WINDOWS, EVALUATION_BATCH = 400, 64


def check_collapse(result: Mapping[str, Any], objective: Objective, step: int) -> None:
    """Refuse to go on where the latents no longer tell frames apart.

    Args:
        result: of `wmpc.wm.training.monitor.evaluate`.
        objective: whose terms are named.
        step: after how many steps that is.

    Raises:
        WmpcError: their effective rank is below 1.5 or their mean spread below 0.02.
    """
    if result["rankme"] >= 1.5 and np.mean(result["spread"]) >= 0.02:
        return
    weights = {name: term.weight for name, term in objective.terms.items()}
    guards = {k: v for k, v in weights.items() if not k.endswith(("prediction", "rollout"))}
    raise WmpcError(
        f"training stopped at step {step}: the latents collapsed (RankMe {result['rankme']:.2f}, "
        f"mean spread {np.mean(result['spread']):.3f}); the terms against it are {guards or 'none'}"
        ": raise the weight of sigreg, of variance and covariance, or of inverse_dynamics"
    )


@dataclass(kw_only=True)
class Training:
    """A world model in training, and the folder of its run, which the caller holds."""

    learner: Learner
    sampler: BatchSampler
    held_out: Windows
    """Of the episodes that it does not draw from, to evaluate on."""
    run: Path
    recipe: Recipe
    fabric: Fabric
    pace: Pace
    shorten: Callable[[Totals], None]
    """Records in the run's config that there shall be fewer steps, before they are."""
    describe: Any = None
    """See `wmpc.wm.training.monitor.evaluate`."""
    report: Report = lambda line: None
    stop: Stop = lambda: False
    totals: list[tuple[int, int]] = field(default_factory=list)
    done: int = 0
    """Steps taken."""
    kept: int = 0
    """Of these, those that the saved state has."""
    log: Log | None = None
    """Of the first process."""
    optimizer: Any = None

    @property
    def steps(self) -> int:
        """How many there shall be in total, as known now."""
        return self.totals[-1][1]

    def go_on(self, totals: Totals, state: Mapping[str, Any] | None) -> None:
        """Train for as many steps as `totals` say; write the log, the weights and the state.

        When the pace finds that the time is too short, the new totals are recorded before the next
        step is taken.

        Args:
            totals: see `wmpc.wm.training.schedule.Totals`.
            state: what was saved of the same run; None: it begins.

        Raises:
            Stopped: `stop` said so; the state is saved.
            WmpcError: a loss is not finite, the latents collapsed, or a file cannot be written.
        """
        self.totals = list(totals)
        optimizer = optimizer_of(self.learner, self.recipe)
        wrapped, self.optimizer = self.fabric.setup(self.learner, optimizer)
        wrapped.mark_forward_method("loss")
        self.done = self.kept = restore(state, self.run, self.learner, self.optimizer)
        self.log = processes.in_first(self._open_log)
        with (
            closing(self.log) if self.log else nullcontext(),
            closing(prefetch(self.sampler, range(self.done, self.steps))) as drawn,
        ):
            if state is not None and not state.get("evaluated", True):
                self._look()
                self._keep()
            self._take_steps(wrapped, drawn)

    def _take_steps(self, wrapped: Any, drawn: Iterator[Any]) -> None:
        """Take the steps that are left, each followed by what is due after it."""
        recipe, clock = self.recipe, self.pace.clock
        logged, paused = (clock(), self.done), 0.0
        while self.done < self.steps:
            self._stop_if_asked()
            before = clock()
            try:
                values = take_step(
                    wrapped, self.optimizer, next(drawn), recipe, self.done, self.totals,
                    self.fabric,
                )  # fmt: skip
            except Diverged as error:
                raise WmpcError(
                    f"{error}; the last checkpoint is kept; lower train.lr or a term's weight, or "
                    "look at the data with `wmpc data check`"
                ) from error
            self.done += 1
            self.pace.saw_step(clock() - before)
            self._look_ahead()
            now, last = clock(), self.done == self.steps
            if self.done % recipe.log_every == 0 or last:
                seconds, taken = now - logged[0] - paused, self.done - logged[1]
                processes.in_first(partial(self._write_step, values, taken, seconds))
                logged, paused = (now, self.done), 0.0
            if self.done % recipe.evaluate_every == 0 or last:
                self._look()
            if self.done % recipe.save_every == 0 or last:
                self._keep()
            paused += clock() - now

    def _stop_if_asked(self) -> None:
        if processes.anywhere(self.stop()):
            if self.kept < self.done:
                self._keep()
            raise Stopped(f"training stopped at step {self.done}: {what_is_kept(self.run)}")

    def _look_ahead(self) -> None:
        """Make do with fewer steps where the time is too short."""
        if self.pace.limit is None or self.done <= self.totals[-1][0]:
            return
        fewer = processes.decide(
            lambda: self.pace.shortened(self.done, self.steps, self.totals[0][1])
        )
        if fewer < self.steps:
            totals = [*self.totals, (self.done, fewer)]
            processes.in_first(partial(self._record_fewer, totals))
            self.totals = totals

    def _record_fewer(self, totals: Totals) -> None:
        with telling_what_is_kept(self.run, self.done):
            self.shorten(totals)
        self._write({"kind": "shortened", "step": self.done, "steps": totals[-1][1]})

    def _look(self) -> None:
        """Evaluate on held-out windows; stop where that is asked for meanwhile."""
        before = self.pace.clock()
        if not processes.decide(self._evaluate):
            self._keep(evaluated=False)
            raise Stopped(f"training stopped at step {self.done}: {what_is_kept(self.run)}")
        self.pace.saw_pause("evaluation", self.pace.clock() - before)

    def _evaluate(self) -> bool:
        """Whether an evaluation came to its end."""
        batches = until(self.stop, self.held_out.all(EVALUATION_BATCH, HELD_OUT_WINDOWS))
        try:
            result = evaluate(self.learner.model, batches, self.describe)
        except Asked:
            return False
        self._write({"kind": "eval", "step": self.done} | result)
        check_collapse(result, self.learner.objective, self.done)
        return True

    def _keep(self, evaluated: bool = True) -> None:
        """Save the weights and the state."""
        before, self.kept = self.pace.clock(), self.done
        processes.in_first(partial(self._save, evaluated))
        self.pace.saw_pause("save", self.pace.clock() - before)

    def _save(self, evaluated: bool) -> None:
        with telling_what_is_kept(self.run, self.done):
            save(
                self.run, self.done, self.learner, self.optimizer, seconds=self.pace.spent,
                evaluated=evaluated,
            )  # fmt: skip

    def _open_log(self) -> Log:
        with telling_what_is_kept(self.run, self.done):
            return Log(self.run, self.done)

    def _write_step(self, values: Mapping[str, float], taken: int, seconds: float) -> None:
        """Log a step, and how fast the last `taken` were."""
        frames = taken * self.recipe.batch * self.sampler.windows.length
        line = {"kind": "step", "step": self.done, "steps": self.steps}
        line |= {"lr": self.optimizer.param_groups[0]["lr"], "loss": values["loss"]}
        line |= {f"loss/{k}": v for k, v in values.items() if k != "loss"}
        self._write(line | {"frames_per_s": frames / max(seconds, 1e-9), "seconds": seconds})

    def _write(self, line: dict[str, Any]) -> None:
        assert self.log is not None
        with telling_what_is_kept(self.run, self.done):
            self.log.append(line)
        self.report(line)
