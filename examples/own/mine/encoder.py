"""An encoder: pictures in, tokens out."""

from torch import Tensor, nn

from wmpc.wm.models.encoders import scale_pixels


class Thumbnail(nn.Module):
    """A perceptron on a picture that was averaged down: one token.

    Args:
        image_size: pixels of a side of the pictures, given by wmpc.
        in_channels: three for each camera, given by wmpc.
        side: pixels of a side of the thumbnail.
        width: of the hidden layer and of the token.
    """

    def __init__(self, image_size: int, in_channels: int, side: int = 8, width: int = 64) -> None:
        super().__init__()
        self.tokens, self.features = 1, width
        side = min(side, image_size)
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(side),
            nn.Flatten(),
            nn.Linear(in_channels * side**2, width),
            nn.ReLU(),
            nn.Linear(width, width),
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Encode pictures.

        Args:
            pixels: (N, in_channels, image_size, image_size) uint8.

        Returns:
            Tokens (N, 1, width).
        """
        scaled = scale_pixels(pixels, next(self.parameters()).dtype)
        return self.layers(scaled).unsqueeze(1)
