"""What every diagnostic gives: a number, how to read it, and a picture of it."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One diagnostic, in plain JSON values.

    Args:
        name: identifier, such as "rollout_error".
        title: for people.
        value: the number; None where there is none.
        unit: of the number.
        reading: one sentence, how to read number and picture.
        figure: what to draw: {"kind": "lines" | "bars" | "scatter" | "heatmap" | "picture", ...}.
        details: further numbers.
    """

    name: str
    title: str
    value: float | None
    unit: str
    reading: str
    figure: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Turn the finding into plain JSON values.

        Returns:
            Its fields, by name.
        """
        return asdict(self)
