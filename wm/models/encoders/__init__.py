"""Encoders: from pictures to tokens."""

from wmpc.wm.models.encoders.base import Encoder, scale_pixels
from wmpc.wm.models.encoders.conv import ConvEncoder
from wmpc.wm.models.encoders.vit import ViTEncoder

__all__ = ["ConvEncoder", "Encoder", "ViTEncoder", "scale_pixels"]
