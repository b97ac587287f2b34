"""Pictures to features. An encoder maps (N, C, H, W) floats in [-2, 2] to (N, features)."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError


class ConvEncoder(nn.Module):
    """Strided convolutions, 8x8 stride 4 first, then 4x4 stride 2 down to 4x4 positions.

    Fast on a CPU: at 64 px three layers. Larger pictures get more layers of the last width.
    """

    def __init__(
        self, image_size: int, in_channels: int, channels: tuple[int, ...] = (24, 48, 64)
    ) -> None:
        super().__init__()
        if image_size < 32 or image_size & (image_size - 1):
            raise WmpcError(
                f"ConvEncoder halves its input down to 4x4: image_size {image_size} is not a "
                "power of two of at least 32; record at 32, 64, 128 or 256, or use ViTEncoder"
            )
        depth = image_size.bit_length() - 4  # 64 -> 16 -> 8 -> 4: three layers
        widths = [channels[min(i, len(channels) - 1)] for i in range(depth)]
        layers: list[nn.Module] = [nn.Conv2d(in_channels, widths[0], 8, 4, 2), nn.ReLU(True)]
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.ReLU(True)]  # in place: less memory
        for layer in layers:
            if isinstance(layer, nn.Conv2d):  # keep the signal's variance from layer to layer
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.layers = nn.Sequential(*layers)
        self.features = widths[-1] * 16

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, features)"""
        return self.layers(pixels).flatten(1)


class ViTEncoder(nn.Module):
    """Vision transformer (arXiv 2010.11929), pre-norm; the CLS token is the feature."""

    def __init__(
        self,
        image_size: int,
        in_channels: int,
        patch: int = 14,
        width: int = 192,
        depth: int = 12,
        heads: int = 3,
        mlp_ratio: float = 4.0,
    ) -> None:
        super().__init__()
        if image_size % patch:
            raise WmpcError(f"image_size {image_size} is not a multiple of the patch {patch}")
        self.patchify = nn.Conv2d(in_channels, width, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, (image_size // patch) ** 2 + 1, width) * 0.02)
        hidden = int(width * mlp_ratio)
        blocks = [
            nn.TransformerEncoderLayer(
                width, heads, hidden, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        ]
        self.blocks = nn.TransformerEncoder(blocks[0], depth, enable_nested_tensor=False)
        self.blocks.layers = nn.ModuleList(blocks)  # its own are copies of one, weights and all
        self.norm = nn.LayerNorm(width)
        self.features = width

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, width)"""
        patches = self.patchify(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(patches), -1, -1), patches], 1) + self.position
        return self.norm(self.blocks(tokens)[:, 0])
