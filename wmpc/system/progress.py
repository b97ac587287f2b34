"""How far a long call is: what the library tells whoever called it, as it prints nothing itself."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One thing to tell: how far a stage is, or a sentence."""

    stage: str = ""
    """What is being done; another stage follows the one before."""
    done: int = 0
    total: int | None = None
    """Of which `done` are done; None: not known."""
    words: str = ""
    """How it goes, such as 4700 frames/s."""
    says: str = ""
    """A sentence for the person, told once; then there is no stage."""


Tell = Callable[[Progress], None]
"""Takes what is told; it should return at once."""


def quiet(progress: Progress) -> None:
    """Tell nobody.

    Args:
        progress: what would be told.
    """
