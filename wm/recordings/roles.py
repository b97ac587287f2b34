"""What a person says of a recording's columns: which are actions, joints and time stamps."""

from collections.abc import Sequence
from dataclasses import dataclass

from wmpc.errors import WmpcError

GAP_S = 0.5
"""Seconds without a row of a log that are bridged, unless others are asked for."""


@dataclass(frozen=True)
class Roles:
    """Columns by their names; what is not named is told by its name or by the format."""

    actions: tuple[str, ...] = ()
    proprio: tuple[str, ...] = ()
    time: str | None = None
    """The column of time stamps, in seconds on the video's clock."""
    gap_s: float = GAP_S

    @classmethod
    def of(
        cls,
        actions: Sequence[object] | None = None,
        proprio: Sequence[object] | None = None,
        time: object = None,
        gap_s: float | None = None,
    ) -> "Roles":
        """Make roles of what a configuration holds.

        Args:
            actions: names of columns, or numbers that are names; None: none.
            proprio: likewise.
            time: the name of a column; None: none.
            gap_s: seconds; None: `GAP_S`.

        Returns:
            The roles.

        Raises:
            WmpcError: the gap is no time, or columns are no list.
        """
        is_number = isinstance(gap_s, int | float) and not isinstance(gap_s, bool)
        if gap_s is not None and not (is_number and 0 < gap_s < 1e9):
            raise WmpcError(f"gap_s={gap_s} came; it is a number of seconds above 0")
        for key, names in (("actions", actions), ("proprio", proprio)):
            if not isinstance(names, Sequence | None) or isinstance(names, str):
                raise WmpcError(f"{key}={names} came; it is a list of columns, such as [a,b]")
        return cls(
            tuple(map(str, actions or ())),
            tuple(map(str, proprio or ())),
            None if time is None else str(time),
            GAP_S if gap_s is None else float(gap_s),
        )
