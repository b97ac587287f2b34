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
        """Choose the recorded frames that a wanted rate needs.

        Args:
            recorded: frames a second of the recording; None: not known.
            fps: frames a second wanted; None: all.
            path: the recording's, for errors.

        Returns:
            The timing.

        Raises:
            WmpcError: the recorded rate is not known, or lower than the one wanted.
        """
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
        """Count the steps that remain.

        Args:
            recorded: steps of an episode, or (N,) of several.

        Returns:
            Steps T at the new rate, int64 of the same shape.
        """
        return np.floor(np.asarray(recorded) / self.stride + 1e-9).astype(np.int64)

    def rows(self, steps: int) -> np.ndarray:
        """Find the frames kept of an episode.

        Args:
            steps: its recorded steps.

        Returns:
            (T+1,) int64 rows.
        """
        kept = int(self.steps(np.array(steps)))
        nearest = np.floor(np.arange(kept + 1) * self.stride + 0.5)  # halves always upwards
        return np.minimum(nearest, steps).astype(np.int64)

    def group(self, array: np.ndarray, rows: np.ndarray, is_action: bool) -> np.ndarray:
        """Bring a column with a row a step to the new rate.

        Args:
            array: (T, ...); an action (T, m, A).
            rows: (T'+1,) of the frames kept.
            is_action: whether it is the action.

        Returns:
            With a stride of f, an action (T', f * m, A), any other (T', f, ...); with one that is
            not whole, the rows in force when each step begins.
        """
        if not self.is_whole:
            return array[rows[:-1]]
        f, steps = int(self.stride), len(rows) - 1
        if f == 1:
            return array
        array = array[: steps * f].reshape(steps, f, *array.shape[1:])
        return array.reshape(steps, -1, array.shape[-1]) if is_action else array

    def grouped(self, shape: tuple[int, ...], is_action: bool) -> tuple[int, ...]:
        """Compute the row shape that `group` gives.

        Args:
            shape: of a recorded row.
            is_action: whether it is the action's.

        Returns:
            The shape of a row at the new rate.
        """
        f = int(self.stride) if self.is_whole else 1
        if f == 1:
            return shape
        return (shape[0] * f, shape[1]) if is_action else (f, *shape)
