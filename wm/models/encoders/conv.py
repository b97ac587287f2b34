"""An encoder of strided convolutions."""

from itertools import pairwise

from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.models.batch_norm import BatchNorm
from wmpc.wm.models.encoders.base import scale_pixels


class ConvEncoder(nn.Module):
    """Strided convolutions, 8x8 stride 4 first, then 4x4 stride 2 down to 4x4 positions: one token.

    Fast on a CPU: at 64 px three layers. Larger pictures get more layers of the last width.

    Args:
        image_size: a power of two of at least 32.
        in_channels: three for each camera.
        channels: of each layer.
        normalise: whether the colour channels are brought to mean 0 and variance 1 over the
            recordings. On a white ground a small thing is else a small change of a large number.
        centre: whether each picture's own mean colour is taken off it first. What is seen is then
            the same where all of it is brighter or of another tint by the same amount, and the
            ground is near the zeros that convolutions pad with.
    """

    def __init__(
        self,
        image_size: int,
        in_channels: int,
        channels: tuple[int, ...] = (24, 48, 64),
        normalise: bool = False,
        centre: bool = False,
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
        self.norm = BatchNorm(in_channels, affine=False) if normalise else None
        self.centre = centre
        self.tokens, self.features = 1, widths[-1] * 16

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode pictures (N, C, H, W), as `wmpc.wm.models.encoders.base.Encoder` says.

        Args:
            pixels: of so many channels and of the size that the encoder was built for.

        Returns:
            (N, 1, F).
        """
        x = scale_pixels(pixels, next(self.parameters()).dtype)
        if self.centre:
            x -= x.mean((2, 3), keepdim=True)
        if self.norm is not None:
            x = self.norm(x.flatten(2)).view_as(x)
        return self.layers(x).flatten(1).unsqueeze(1)
