"""A term without parameters: latents shall move little from frame to frame."""

from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term


class Slow(Term):
    """The mean squared step of the pictures' latents (Wiskott and Sejnowski, Slow Feature Analysis,
    2002)."""

    def forward(self, seen: Seen) -> Tensor:
        """Compute the term.

        Args:
            seen: a batch of windows, encoded.

        Returns:
            A scalar, at least 0.
        """
        return seen.learned.diff(dim=1).square().mean()
