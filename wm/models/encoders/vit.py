"""A vision transformer."""

import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError


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
