"""World models: learn an action-conditioned JEPA from the pixels of recorded episodes.

model = wm.load("runs/reacher")
"""

from wm.checkpoint import load_model as load
from wm.errors import WmError
from wm.model import JEPA

__all__ = ["JEPA", "WmError", "load"]
