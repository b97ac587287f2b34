"""Frames at another rate: which of the recorded ones, and which actions lie between them.

Where the recorded rate is a multiple f of the wanted one, every f-th frame is kept with all f
actions between two: nothing is invented, and the steps left over at an episode's end are dropped.
Where it is not, frame j is the recorded one nearest to j / fps, and the action of a step the one in
force when it begins: right for targets (positions, velocities), wrong for increments, so such a
said once when importing.
"""

from dataclasses import dataclass

import numpy as np

from wmpc.errors import WmpcError


@dataclass(frozen=True)
class Timing:
    """From `recorded` to `fps` frames a second, `stride` recorded steps a step."""

    fps: float | None
    stride: float = 1.0
    by_time: bool = False
    """Whether time stamps pick the frames, not the stride."""

    @classmethod
    def between(cls, recorded: float | None, fps: float | None, path: str) -> "Timing":
        """WmpcError where the recorded rate is unknown or too low, with the rates that divide
        it."""
        if fps is None:
            return cls(recorded)
        if recorded is None:
            raise WmpcError(
                f"fps={fps:g} came, but {path} does not say how many frames a second it was "
                "recorded with: give recorded_fps=..."
            )
        if not 0 < fps <= recorded * (1 + 1e-6):
            raise WmpcError(
                f"fps={fps:g} came; {path} was recorded with {recorded:g}, and frames between "
                "those recorded cannot be had"
            )
        stride = recorded / fps
        whole = round(stride)
        return cls(fps, float(whole) if abs(stride - whole) < 1e-3 * whole else stride)

    @property
    def is_whole(self) -> bool:
        """Whether every kept frame is an equal number of recorded ones after the last."""
        return self.stride == int(self.stride) and not self.by_time

    def steps(self, recorded: np.ndarray) -> np.ndarray:
        """Steps T of episodes with `recorded` steps."""
        return np.floor(np.asarray(recorded) / self.stride + 1e-9).astype(np.int64)

    def rows(self, steps: int) -> np.ndarray:
        """The rows (T+1,) of the frames kept of an episode with `steps` recorded steps."""
        kept = int(self.steps(np.array(steps)))
        nearest = np.floor(np.arange(kept + 1) * self.stride + 0.5)  # halves always upwards
        return np.minimum(nearest, steps).astype(np.int64)

    def group(self, array: np.ndarray, is_action: bool) -> np.ndarray:
        """A steps column (T, ...) at the new rate: an action (T, m, A) -> (T', f * m, A), any other
        (T', f, ...); with a stride that is not whole, the rows in force."""
        rows = self.rows(len(array))[:-1]
        if not self.is_whole:
            return array[rows]
        f = int(self.stride)
        if f == 1:
            return array
        array = array[: len(rows) * f].reshape(len(rows), f, *array.shape[1:])
        return array.reshape(len(rows), -1, array.shape[-1]) if is_action else array

    def grouped(self, shape: tuple[int, ...], is_action: bool) -> tuple[int, ...]:
        """The row shape that `group` gives."""
        f = int(self.stride) if self.is_whole else 1
        if f == 1:
            return shape
        return (shape[0] * f, shape[1]) if is_action else (f, *shape)
