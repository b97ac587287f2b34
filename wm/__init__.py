"""World models: learn an action-conditioned JEPA from the pixels of recorded episodes.

model = wm.load("runs/reacher")
"""

from typing import TYPE_CHECKING, Any

from wm.errors import WmError
from wm.waiting import wait_briefly

if TYPE_CHECKING:
    from wm.checkpoint import load_model as load
    from wm.model import JEPA

__all__ = ["JEPA", "WmError", "load"]

wait_briefly()  # before anything imports torch


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is used: `wmpc --help` and `wm.data` do without."""
    if name == "load":
        from wm.checkpoint import load_model

        return load_model
    if name == "JEPA":
        from wm.model import JEPA

        return JEPA
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
