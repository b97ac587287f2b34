"""What `wmpc plan` leaves: its folder, and what it says of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.row import Row
from wmpc.system.links import refuse_links
from wmpc.system.place import in_or_instead
from wmpc.system.shipped import locate_run

PLAN = "plan.json"
"""Written last."""


@dataclass(frozen=True, eq=False)
class Plan:
    """An episode towards a goal, or a plan that nothing executed, and where it is kept."""

    folder: Path
    """Holds plan.json, strip.png and, of an episode, video.mp4."""
    row: Row | None
    """What happened; None where nothing was executed."""
    known: bool
    """Whether the goal is a whole state, so that success could be judged."""
    notes: tuple[str, ...]
    """What to know of the goals."""
    actions: np.ndarray | None = None
    """(H * n, a), the plan that nothing executed, in the data's units."""
    distances: tuple[float, ...] = ()
    """Its latent distance to the goal, now and after each imagined block."""

    @property
    def file(self) -> Path:
        """What to look at: the video, or the strip of a plan."""
        return self.folder / ("strip.png" if self.row is None else "video.mp4")

    @property
    def sentence(self) -> str:
        """How it went."""
        row = self.row
        if row is None:
            assert self.actions is not None
            nearest = int(np.argmin(self.distances))
            return (
                f"{len(self.actions)} actions planned, none executed: the imagined distance to the "
                f"goal falls from {self.distances[0]:.2f} to {self.distances[nearest]:.2f} after "
                f"{nearest} of {len(self.distances) - 1} blocks."
            )
        pace = f"decision p50 {np.median(row.latencies_ms):.0f} ms"
        if not self.known:
            return f"{row.steps} actions towards the picture; {pace}; judge by the video."
        if row.success:
            return f"Reached after {row.steps_to_success} of {row.steps} actions; {pace}."
        return (
            f"Not reached in {row.steps} actions: {row.distance_best:.1f} tolerances away at best, "
            f"{row.distance_start:.1f} at the start; {pace}."
        )


def plan_folder(run: str | Path, name: str | None) -> Path:
    """Find a folder in which no plan is; one whose episode was never finished is taken again.

    Args:
        run: the trained run's folder.
        name: of the folder; None: the next number.

    Returns:
        The folder, which need not exist.

    Raises:
        WmpcError: a plan is there, or a link leads elsewhere.
    """
    trained = locate_run(run)
    base = in_or_instead(trained, "plan", Path("plans") / trained.resolve().name)
    if name is not None:
        if (base / name / PLAN).exists():
            raise WmpcError(f"{base / name} exists already: give another name=...")
        return refuse_links(base / name, base)
    number = 1
    while (base / f"{number:03d}" / PLAN).exists():
        number += 1
    return refuse_links(base / f"{number:03d}", base)
