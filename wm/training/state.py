"""What a run has saved: the weights, then the state that resuming needs, its one commit point.

`model.safetensors` is replaced first and `training_state.pt` last, each atomically. Whatever
happens between or before, the state is that of an earlier save or of this one, and training goes
on from it; weights that are lost or damaged are written again from it.
"""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.system.disk import replace_file
from wmpc.wm.training.checkpoint import WEIGHTS, read_weights, save_weights
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.log import read_log

STATE = "training_state.pt"
KEYS = {"step", "model", "optimizer"}


def save(
    run: Path,
    step: int,
    learner: Learner,
    optimizer: Any,
    *,
    seconds: float = 0.0,
    evaluated: bool = True,
) -> None:
    """Save the weights, then the state, of a run; schedules and batches are functions of the step.

    Args:
        run: the folder.
        step: steps taken.
        learner: what was trained, its model and its objective.
        optimizer: that of the learner.
        seconds: spent so far.
        evaluated: False where the evaluation due at `step` is not done yet.
    """
    weights = learner.weights()
    save_weights(run, weights, step)
    buffer = io.BytesIO()
    state = {"step": step, "model": weights, "optimizer": optimizer.state_dict()}
    torch.save(state | {"seconds": seconds, "evaluated": evaluated}, buffer)
    replace_file(run / STATE, buffer.getvalue())


def read_state(run: Path) -> dict[str, Any] | None:
    """Read the saved state of a run, every checksum compared, without unpickling objects.

    Args:
        run: the folder.

    Returns:
        `step`, `model` (weights by name) and `optimizer`, tensors on the CPU, and, but for states
        of earlier versions, `seconds` and `evaluated`, see `save`. None where there is no state.

    Raises:
        WmpcError: it is damaged.
        OSError: it cannot be read.
    """
    path = run / STATE
    if not path.is_file():
        return None
    try:
        with zipfile.ZipFile(path) as archive:  # torch does not compare the checksums
            if spoilt := archive.testzip():
                raise ValueError(f"the checksum of {spoilt} is wrong")
        state = torch.load(path, map_location="cpu", weights_only=True)
        if KEYS - state.keys() or not isinstance(state["step"], int) or state["step"] < 0:
            raise ValueError(f"it has {sorted(state)}")
        return state
    except OSError:
        raise
    except Exception as error:  # zipfile and torch raise many types on a damaged file
        raise _damaged(path, error) from error


def restore(state: Mapping[str, Any] | None, run: Path, learner: Learner, optimizer: Any) -> int:
    """Put a saved state into a learner and its optimiser.

    Args:
        state: see `read_state`; None: there is none, and both stay as they are.
        run: the folder, to be named in an error.
        learner: takes over the weights.
        optimizer: takes over its own state.

    Returns:
        The number of steps done, 0 without a state.

    Raises:
        WmpcError: the state does not fit one of them.
    """
    if state is None:
        return 0
    try:
        learner.load_weights(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    except Exception as error:  # torch raises many types on what does not fit
        raise _damaged(run / STATE, error) from error
    return state["step"]


def read_saved(run: Path, steps: int) -> dict[str, Any] | None:
    """Read the state that training goes on from, and write weights again that were lost.

    Weights that are not those of the state are written from it, unless they are of a later step up
    to `steps`: those are left by a kill that came before their state was saved.

    Args:
        run: the folder, which the caller holds.
        steps: how many there are to be in total.

    Returns:
        See `read_state`. None where training begins anew; {"step": steps} where the state is
        missing or damaged and the weights are whole and final.

    Raises:
        WmpcError: the state is damaged and the weights are not final, or there is no state and the
            weights, of an earlier version, do not say after how many steps they were saved; or
            lost weights cannot be written.
    """
    try:
        state = read_state(run)
    except WmpcError:
        if weights_are_final(run, steps):
            return {"step": steps}
        raise
    if state is not None:
        _restore_weights(run, state, steps)
        return state
    if weights_are_final(run, steps):
        return {"step": steps}
    _check_weights(run)
    return None


def is_final(state: Mapping[str, Any], steps: int) -> bool:
    """Tell whether a state is that of the end of a training.

    Args:
        state: `step` and, where it is known, `evaluated`.
        steps: how many there are to be in total.

    Returns:
        Whether all steps are taken and the last evaluation is done.
    """
    return state["step"] >= steps and state.get("evaluated", True)


def weights_are_final(run: Path, steps: int) -> bool:
    """Tell whether the weights alone, without a state, are whole and those of the last step.

    Weights of earlier versions do not note their step: then the highest step in the log counts.

    Args:
        run: the folder.
        steps: how many there are to be in total.

    Returns:
        Whether they are; False where they are missing or damaged.
    """
    try:
        step, _ = read_weights(run)
    except WmpcError:
        return False
    if step is None:
        step = max((line["step"] for line in read_log(run)), default=0)
    return step >= steps


def _check_weights(run: Path) -> None:
    """Raise WmpcError where starting anew would overwrite weights of which nobody knows the
    step."""
    try:
        step, _ = read_weights(run)
    except WmpcError:
        return
    if step is None:
        raise WmpcError(
            f"{run} holds weights of an earlier version without {STATE}, so that training cannot "
            "go on from them: choose another folder for a new run"
        )


def _restore_weights(run: Path, state: Mapping[str, Any], steps: int) -> None:
    """Write the weights again from the state where they are not whole or of an earlier step."""
    try:
        step, weights = read_weights(run)
    except WmpcError:
        step, weights = None, {}
    ahead = step is not None and state["step"] < step <= steps  # killed before the state came
    if ahead or _equal(weights, state["model"]):
        return
    try:
        save_weights(run, state["model"], state["step"])
    except OSError as error:
        raise WmpcError(
            f"{run / WEIGHTS} is missing, damaged or of an earlier step, and cannot be written "
            f"({error.strerror}); {STATE} holds the weights: give the same command where the "
            "folder can be written"
        ) from error


def _damaged(path: Path, error: Exception) -> WmpcError:
    return WmpcError(
        f"{path} is damaged ({type(error).__name__}): delete it to train {path.parent} from the "
        "start"
    )


def _equal(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(
        a[name].dtype == b[name].dtype and torch.equal(a[name], b[name]) for name in a
    )
