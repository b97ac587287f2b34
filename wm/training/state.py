"""What resuming needs beyond the weights: one file, replaced atomically."""

import io
from pathlib import Path
from typing import Any

import torch

from wm.disk import replace_file
from wm.errors import WmError

STATE = "training_state.pt"


def save_state(run: Path, step: int, model: torch.nn.Module, optimizer: Any) -> None:
    """Everything after `step` steps; schedules and batches are functions of the step."""
    buffer = io.BytesIO()
    state = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, buffer)
    replace_file(run / STATE, buffer.getvalue())


def load_state(run: Path, model: torch.nn.Module, optimizer: Any) -> int:
    """Restore in place; the number of steps done, 0 where there is no state yet."""
    path = run / STATE
    if not path.is_file():
        return 0
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])
    except Exception as error:  # torch raises many types on a damaged file
        raise WmError(
            f"{path} is damaged ({type(error).__name__}): delete it to train {run} from the start"
        ) from error
