"""What every diagnostic gives."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """A number, what it means, and a picture of it. Plain JSON values throughout."""

    name: str
    title: str
    value: float | None
    unit: str
    reading: str
    """One sentence: how to read it."""
    figure: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)
