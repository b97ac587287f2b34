"""A vision transformer."""

import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.models.encoders.base import scale_pixels


class ViTEncoder(nn.Module):
    """Vision transformer (arXiv 2010.11929), pre-norm.

    Args:
        image_size: a multiple of `patch`.
        in_channels: three for each camera.
        patch: pixels, height and width.
        width: of a token.
        depth: layers.
        heads: of the attention.
        mlp_ratio: of the hidden layers' width to `width`.
        tokens: "cls": its class token is the only one; "patches": a token for each patch, row by
            row, so that a latent tells where in the picture something is.
    """

    def __init__(
        self,
        image_size: int,
        in_channels: int,
        patch: int = 14,
        width: int = 192,
        depth: int = 12,
        heads: int = 3,
        mlp_ratio: float = 4.0,
        tokens: str = "cls",
    ) -> None:
        super().__init__()
        if image_size % patch:
            raise WmpcError(f"image_size {image_size} is not a multiple of the patch {patch}")
        if tokens not in ("cls", "patches"):
            raise WmpcError(f"tokens of the ViTEncoder is {tokens!r}; it may be cls or patches")
        side = image_size // patch
        patches, self.grid = side**2, (side, side) if tokens == "patches" else None
        self.patchify = nn.Conv2d(in_channels, width, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, patches + 1, width) * 0.02)
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
        self.tokens, self.features = (1 if tokens == "cls" else patches), width
        self.given = slice(0, 1) if tokens == "cls" else slice(1, None)

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode pictures (N, C, H, W), as `wmpc.wm.models.encoders.base.Encoder` says.

        Args:
            pixels: of so many channels and of the size that the encoder was built for.

        Returns:
            (N, K, width).
        """
        x = scale_pixels(pixels, self.cls.dtype)
        patches = self.patchify(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(patches), -1, -1), patches], 1) + self.position
        return self.norm(self.blocks(tokens)[:, self.given])
