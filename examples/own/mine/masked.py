"""A term with masks: what hidden patches look like shall follow from the others and the time."""

import torch
from torch import Tensor, nn

from wmpc.wm.data import Masks
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.objectives.term import Seen, Term


class Masked(Term):
    """The mean absolute error of the hidden tokens of a clip, which a small transformer infers from
    those that are left (I-JEPA, arXiv 2301.08243; V-JEPA, arXiv 2404.08471). What it is compared
    with are the tokens themselves, without a gradient: the encoder is trained by what it shows.

    Args:
        model: what is trained, given by wmpc; its encoder gives a token for each patch.
        weight: what the term counts in the objective.
        blocks: of a mask.
        scale: the share of the picture that a block hides.
        width: of the transformer's tokens, an even number.
        heads: of its attention.
        depth: its layers.
    """

    def __init__(
        self,
        model: JEPA,
        weight: float = 1.0,
        blocks: int = 4,
        scale: float = 0.15,
        width: int = 32,
        heads: int = 2,
        depth: int = 1,
    ) -> None:
        super().__init__(model, weight)
        self.masks = Masks(blocks=blocks, scale=scale)
        size, patches = model.layout.width, model.layout.groups["pixels"]
        self.embed, self.give = nn.Linear(size, width), nn.Linear(width, size)
        self.hidden = nn.Parameter(torch.randn(width) * 0.02)
        self.place = nn.Parameter(torch.randn(patches, width) * 0.02)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True)
        self.infer = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)

    def forward(self, seen: Seen) -> Tensor:
        """Compute the term.

        Args:
            seen: a batch of windows, encoded, with masks.

        Returns:
            A scalar, at least 0.
        """
        assert seen.masks is not None  # the term asked for them
        hidden = seen.masks.flatten(2)
        error = (self.fill(seen.learned, hidden) - seen.learned.detach()).abs().mean(-1)
        # A mean over clips, of which all processes have as many, not over their hidden tokens.
        return ((error * hidden).sum((1, 2)) / hidden.sum((1, 2))).mean()

    def fill(self, tokens: Tensor, hidden: Tensor) -> Tensor:
        """Infer all tokens of clips from those that are not hidden.

        Args:
            tokens: (B, T, K, D).
            hidden: (B, T, K) bool.

        Returns:
            (B, T, K, D).
        """
        x = torch.where(hidden[..., None], self.hidden, self.embed(tokens))
        x = x + self.place + clock(x.shape[1], x.shape[-1]).to(x)[:, None]
        return self.give(self.infer(x.flatten(1, 2))).view_as(tokens)


def clock(T: int, width: int) -> Tensor:
    """Compute sinusoids of the time (arXiv 1706.03762, section 3.5).

    Args:
        T: frames.
        width: an even number.

    Returns:
        (T, width).
    """
    rates = 1e-4 ** torch.linspace(0, 1, width // 2)
    angles = torch.outer(torch.arange(T), rates)
    return torch.cat([angles.sin(), angles.cos()], 1)
