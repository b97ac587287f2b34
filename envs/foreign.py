"""What goes wrong with environments of others, as errors that say whose fault it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wmpc.errors import WmpcError


class NotMuJoCo(WmpcError):
    """An environment has no MuJoCo model."""

    restorable = False
    """Whether it can be put into a state all the same."""


def not_mujoco(env_id: str, env: Any) -> NotMuJoCo:
    """Make the error for an environment without a MuJoCo model.

    Args:
        env_id: its id.
        env: gymnasium's, without wrappers.

    Returns:
        It says what else would do, and knows whether that is there.
    """
    error = NotMuJoCo(
        f"{env_id} is not a MuJoCo environment: it has no `model`, nor `get_state()` and "
        "`set_state(state)`, by which it could be put into a recorded state."
    )
    ways = ("get_state", "set_state")
    error.restorable = all(callable(getattr(env, name, None)) for name in ways)
    return error


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Make of whatever somebody's environment raises, SystemExit too, a WmpcError that says what.

    Constructors raise anything: files of another machine that are missing here, arguments that
    are wanted, models that another version of MuJoCo does not take.

    Args:
        what: could not be done.

    Yields:
        Nothing.

    Raises:
        WmpcError: the block raised.
    """
    try:
        yield
    except WmpcError:
        raise
    except (Exception, SystemExit) as error:
        try:
            reason = " ".join(str(error).split())[:300]
        except Exception:  # an exception may be written so badly that it cannot be shown
            reason = ""
        raise WmpcError(f"{what}: {type(error).__name__}: {reason}") from error
