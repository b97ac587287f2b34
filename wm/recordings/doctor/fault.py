"""What an examination says: faults, a score, and the evidence for its charts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

COSTS = {"error": (15.0, 35.0), "warning": (3.0, 7.0)}
"""Points that a fault costs: at once, and more in proportion to the share of episodes it is in."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one column, with the first place where it was found."""

    kind: str
    severity: str
    """`error`: what is learned from the data would be wrong; `warning`: look at it."""
    column: str | None
    says: str
    """One sentence with the numbers."""
    do: str
    """What to do about it."""
    episode: int | None = None
    step: int | None = None
    """The first place; None where it concerns the whole recording or a whole episode."""
    episodes: tuple[int, ...] = ()
    """Every episode it was found in, ascending; none where it concerns the whole recording."""


@dataclass(frozen=True)
class Examination:
    """What was found in a recording.

    The score is 100 less what the faults cost, at least 0: an error costs 15 points and 35 more
    times the share of the episodes it is in, a warning 3 and 7 more; what concerns the whole
    recording is in all of them. A recording without a fault has 100.
    """

    path: str
    format: str
    faults: tuple[Fault, ...]
    """Errors first, then by the number of episodes."""
    totals: Mapping[str, int]
    """`episodes`, `read`, `steps`, `frames`, and `weighed`: those in the set-wide statistics."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """For charts, by check: plain numbers and small arrays."""
    notes: tuple[str, ...] = ()
    """Sentences on what can and what cannot be done with the recording."""

    @property
    def score(self) -> int:
        lost = 0.0
        for fault in self.faults:
            once, share = COSTS[fault.severity]
            part = len(fault.episodes) / max(1, self.totals["episodes"])
            lost += once + share * (part if fault.episodes else 1.0)
        return max(0, round(100 - lost))

    @property
    def errors(self) -> int:
        """The number of faults that are errors."""
        return sum(fault.severity == "error" for fault in self.faults)


def merged(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Merge what is found of one kind in one column: one fault, with all episodes it is in.

    Args:
        faults: as checks give them.

    Returns:
        Errors first, then by the number of episodes; each says the first place.
    """
    found: dict[tuple[str, str | None], list[Fault]] = {}
    for fault in faults:
        found.setdefault((fault.kind, fault.column), []).append(fault)
    whole = []
    for group in found.values():
        first = min(group, key=lambda f: (-1 if f.episode is None else f.episode, f.step or 0))
        given = {e for f in group for e in f.episodes}
        given |= {f.episode for f in group if f.episode is not None}
        whole.append(replace(first, episodes=tuple(sorted(given))))
    return tuple(sorted(whole, key=lambda f: (f.severity, -len(f.episodes), f.kind)))
