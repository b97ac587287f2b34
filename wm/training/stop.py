"""Stopping a training between two steps, so that what is saved is whole."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from wmpc.errors import WmpcError
from wmpc.system.disk import REFUSALS
from wmpc.wm.training.checkpoint import CONFIG, read_config
from wmpc.wm.training.state import read_state

Item = TypeVar("Item")
Stop = Callable[[], bool]
"""Asked between steps, in calibration and evaluations too: whether to stop."""


class Stopped(WmpcError):
    """A training did as it was asked and stopped; the message says what is kept."""


class Asked(Exception):
    """It was asked to stop where it cannot: between the batches of an evaluation."""


def until(stop: Stop, items: Iterable[Item]) -> Iterator[Item]:
    """Yield items until one is asked to stop.

    Args:
        stop: asked before each item is yielded.
        items: any.

    Yields:
        The items, in their order.

    Raises:
        Asked: `stop` said so.
    """
    for item in items:
        if stop():
            raise Asked
        yield item


def what_is_kept(run: Path) -> str:
    """Say what a run's folder keeps of a training that did not end.

    Args:
        run: the folder.

    Returns:
        Words for a message: the step that is saved and that the same command goes on from there,
        that nothing is saved, or that the saved state is damaged.
    """
    try:
        state = read_state(run) if (run / CONFIG).is_file() else None
    except WmpcError as error:
        return str(error)
    if state is None:
        return f"nothing is saved in {run} yet; the same command begins anew"
    steps = read_config(run)["train"].get("steps")
    return f"{run} keeps step {state['step']} of {steps}; the same command goes on from there"


@contextmanager
def telling_what_is_kept(run: Path, step: int) -> Iterator[None]:
    """Turn an OSError of a file that is written into a sentence that says what is kept.

    Args:
        run: the folder of the run.
        step: after how many steps that is.

    Yields:
        Nothing.

    Raises:
        WmpcError: the body raised an OSError.
    """
    try:
        yield
    except OSError as error:
        refused = REFUSALS.get(error.errno or 0, "it cannot be written")
        raise WmpcError(
            f"{error.filename or run}: {refused}; training stopped at step {step}: "
            f"{what_is_kept(run)} ({error.strerror})"
        ) from error
