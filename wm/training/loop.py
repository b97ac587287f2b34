"""The training loop: one plain loop on lightning-fabric for a CPU, a GPU or many.

Batches, learning rate and every random number are functions of (seed, step), so that a run that
was killed and resumed ends in the same weights, bit for bit on a CPU.
"""

from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.data import Windows
from wmpc.wm.data.prefetch import prefetch
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.log import Log
from wmpc.wm.training.monitor import evaluate
from wmpc.wm.training.pace import Pace
from wmpc.wm.training.schedule import Totals, learning_rate
from wmpc.wm.training.state import restore, save
from wmpc.wm.training.stop import Asked, Stop, Stopped, telling_what_is_kept, until, what_is_kept

Batch = Mapping[str, Any]
Report = Callable[[dict[str, Any]], None]
"""Takes each line of train.jsonl as it is written."""
HELD_OUT_WINDOWS, EVALUATION_BATCH = 400, 64


def optimizer_of(model: torch.nn.Module, rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW; what has two dimensions or more decays: weights, and with them class tokens,
    positional embeddings and biases by distance. Vectors do not: biases, the gains of norms.

    The order of both groups is that of the optimizer's saved state: keep it, old runs resume.
    """
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, weight_decay=weight_decay)


def tensors(batch: Batch, device: torch.device) -> dict[str, torch.Tensor]:
    """Copy a batch's columns to the device."""
    return {name: torch.as_tensor(x).to(device) for name, x in batch.items()}


def train_step(
    learner: Learner,
    optimizer: Any,
    batch: Batch,
    *,
    seed: int,
    step: int,
    clip: float,
    fabric: Fabric,
) -> dict[str, float]:
    """One update; the loss and its terms. Raises WmpcError naming the term that is not finite.

    Processes that train together each have a part of the batch, and do the same update.
    """
    generator = torch.Generator().manual_seed((seed << 32) + step)
    torch.manual_seed((seed << 32) + (processes.place() << 24) + step)  # dropout
    terms = learner.loss(tensors(batch, fabric.device), generator)
    optimizer.zero_grad()
    found = processes.mean(torch.stack([term.detach() for term in terms.values()]).cpu())
    values = dict(zip(terms, found.tolist(), strict=True))
    broken = [name for name, value in values.items() if not np.isfinite(value)]
    if broken:
        raise _not_finite(", ".join(broken), step)
    fabric.backward(terms["loss"])
    processes.average_gradients(learner)
    try:
        fabric.clip_gradients(learner, optimizer, max_norm=clip)
    except RuntimeError as error:
        if "non-finite" not in str(error):
            raise
        raise _not_finite("the gradient", step) from error
    optimizer.step()
    learner.objective.after_step(learner.model)
    return values


def _not_finite(what: str, step: int) -> WmpcError:
    return WmpcError(
        f"training stopped at step {step}: {what} is NaN or infinite; the last checkpoint is kept; "
        "lower train.rate or a term's weight, or look at the data with `wmpc data check`"
    )


def check_collapse(result: dict[str, Any], objective: Objective, step: int) -> None:
    """Raise WmpcError when the latents no longer tell frames apart."""
    if result["rankme"] >= 1.5 and np.mean(result["spread"]) >= 0.02:
        return
    weights = {name: term.weight for name, term in objective.terms.items()}
    guards = {k: v for k, v in weights.items() if k not in ("prediction", "rollout")}
    raise WmpcError(
        f"training stopped at step {step}: the latents collapsed (RankMe {result['rankme']:.2f}, "
        f"mean spread {np.mean(result['spread']):.3f}); the terms against it are {guards or 'none'}"
        ": raise the weight of sigreg, of variance and covariance, or of inverse_dynamics"
    )


def fit(
    learner: Learner,
    windows: Windows,
    held_out: Windows,
    run: Path,
    *,
    totals: Totals,
    batch: int,
    rate: float,
    seed: int,
    fabric: Fabric,
    pace: Pace,
    shorten: Callable[[Totals], None],
    weight_decay: float = 1e-3,
    warmup: float = 0.05,
    clip: float = 1.0,
    evaluate_every: int = 500,
    save_every: int = 200,
    log_every: int = 20,
    held_out_windows: int = HELD_OUT_WINDOWS,
    unique: bool = False,
    state: Mapping[str, Any] | None = None,
    describe: Any = None,
    report: Report = lambda line: None,
    stop: Stop = lambda: False,
) -> None:
    """Train `learner` for as many steps as `totals` say, going on from `state` if there is one.

    Writes `train.jsonl`, the weights and the state into `run`, which the caller holds. With
    `unique`, a frame that windows of a batch share is encoded once. `describe` goes to
    `wmpc.wm.training.monitor.evaluate`. When `pace` finds that the time is too short, `shorten`
    records the new totals before the next step is taken. Raises Stopped, with the state saved, when
    `stop` says so.
    """
    optimizer = optimizer_of(learner, rate, weight_decay)
    wrapped, optimizer = fabric.setup(learner, optimizer)
    wrapped.mark_forward_method("loss")
    done = kept = restore(state, run, learner, optimizer)
    steps, clock = totals[-1][1], pace.clock

    part = processes.part(batch)

    def open_log() -> Log:
        with telling_what_is_kept(run, done):
            return Log(run, done)

    log = processes.in_first(open_log)

    def write(line: dict[str, Any]) -> None:
        assert log is not None
        with telling_what_is_kept(run, done):
            log.append(line)
        report(line)

    def draw(step: int) -> Batch:
        return windows.sample((seed, step), batch, unique, part)

    def write_state(evaluated: bool) -> None:
        with telling_what_is_kept(run, done):
            save(run, done, learner, optimizer, seconds=pace.spent, evaluated=evaluated)

    def keep(evaluated: bool = True) -> None:
        nonlocal kept
        before, kept = clock(), done
        processes.in_first(partial(write_state, evaluated))
        pace.saw_pause("save", clock() - before)

    def watch() -> bool:
        batches = until(stop, held_out.all(EVALUATION_BATCH, held_out_windows))
        try:
            result = evaluate(learner.model, batches, describe)
        except Asked:
            return False
        write({"kind": "eval", "step": done} | result)
        check_collapse(result, learner.objective, done)
        return True

    def look() -> None:
        before = clock()
        if not processes.decide(watch):
            keep(evaluated=False)
            raise Stopped(f"training stopped at step {done}: {what_is_kept(run)}")
        pace.saw_pause("evaluation", clock() - before)

    def make_do(fewer: int) -> None:
        with telling_what_is_kept(run, done):
            shorten([*totals, (done, fewer)])
        write({"kind": "shortened", "step": done, "steps": fewer})

    with (
        closing(log) if log else nullcontext(),
        closing(prefetch(draw, range(done, steps))) as drawn,
    ):
        if state is not None and not state.get("evaluated", True):
            look()
            keep()
        logged, paused = (clock(), done), 0.0
        for step in range(done, steps):
            if processes.anywhere(stop()):
                if kept < done:
                    keep()
                raise Stopped(f"training stopped at step {done}: {what_is_kept(run)}")
            before = clock()
            lr = learning_rate(step, totals, rate, warmup)
            for group in optimizer.param_groups:
                group["lr"] = lr
            values = train_step(
                wrapped, optimizer, next(drawn), seed=seed, step=step, clip=clip, fabric=fabric
            )
            done = step + 1
            pace.saw_step(clock() - before)
            if pace.limit is not None and done > totals[-1][0]:
                look_ahead = partial(pace.shortened, done, steps, totals[0][1])
                if (fewer := processes.decide(look_ahead)) < steps:
                    processes.in_first(partial(make_do, fewer))
                    totals, steps = [*totals, (done, fewer)], fewer
            now, last = clock(), done == steps
            if done % log_every == 0 or last:
                seconds = now - logged[0] - paused
                frames = (done - logged[1]) * batch * windows.length
                line = {"kind": "step", "step": done, "steps": steps, "lr": lr}
                line |= {"loss": values["loss"]}
                line |= {f"loss/{k}": v for k, v in values.items() if k != "loss"}
                line |= {"frames_per_s": frames / max(seconds, 1e-9), "seconds": seconds}
                processes.in_first(partial(write, line))
                logged, paused = (now, done), 0.0
            if done % evaluate_every == 0 or last:
                look()
            if done % save_every == 0 or last:
                keep()
            paused += clock() - now
            if last:
                break
