"""Where in a latent (..., K, D) the tokens of what stand."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from wmpc.errors import WmpcError


@dataclass(frozen=True)
class Layout:
    """The groups of tokens that make up a latent.

    A group is called like the column that it is made of: `pixels`, `pixels/<camera>`, `proprio`.
    A name means all groups below it too, so that `pixels` means the tokens of all cameras.
    """

    groups: Mapping[str, int]
    """Tokens of each group, in the order in which they stand."""
    width: int
    """D, numbers in a token."""
    grid: tuple[int, int] | None = None
    """Rows and columns of the tokens `pixels`, row by row; None: they have no places."""

    @property
    def tokens(self) -> int:
        """K, tokens of a latent."""
        return sum(self.groups.values())

    @property
    def size(self) -> int:
        """K * D, numbers of a latent."""
        return self.tokens * self.width

    def __contains__(self, name: str) -> bool:
        return any(_below(group, name) for group in self.groups)

    def place(self, name: str) -> slice:
        """Return which of the K tokens of a latent a group has.

        Args:
            name: of a group, or what comes before the "/" in the names of several.

        Returns:
            The slice of the tokens.

        Raises:
            WmpcError: when the latent has no such group, or the tokens of the groups that the name
                means do not stand next to each other.
        """
        first, found = 0, []
        for group, tokens in self.groups.items():
            found += [first, first + tokens] if _below(group, name) else []
            first += tokens
        if not found or found[1:-1:2] != found[2:-1:2]:
            raise WmpcError(f"the latent has no tokens of {name!r}; it has {list(self.groups)}")
        return slice(found[0], found[-1])

    def of(self, latents: Tensor, name: str) -> Tensor:
        """Return the tokens of a group.

        Args:
            latents: (..., K, D).
            name: of the group, as `place` takes it.

        Returns:
            (..., k, D), a view of the k tokens that the group has.

        Raises:
            WmpcError: when `place` finds no such tokens.
        """
        return latents[..., self.place(name), :]


def _below(group: str, name: str) -> bool:
    return group == name or group.startswith(f"{name}/")
