"""Pictures to features. An encoder maps (N, C, H, W) floats in [-2, 2] to (N, features)."""

from wmpc.wm.models.encoders.conv import ConvEncoder
from wmpc.wm.models.encoders.vit import ViTEncoder

__all__ = ["ConvEncoder", "ViTEncoder"]
