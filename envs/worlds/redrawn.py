"""What somebody's environment draws anew in its model at each reset, beside its state."""

from typing import Any

import mujoco
import numpy as np

FIELDS = ("body_pos", "body_quat", "site_pos")
SEEDS = range(4)
"""Of resets that are compared."""


class Redrawn:
    """Numbers of a model that differ between resets, such as where a door stands: a variation.

    Resets the environment a few times.
    """

    def __init__(self, env: Any) -> None:
        seen: dict[str, list[np.ndarray]] = {name: [] for name in FIELDS}
        for seed in SEEDS:
            env.reset(seed=seed)
            for name in FIELDS:
                seen[name].append(getattr(env.model, name).ravel().copy())
        self._places = {
            name: np.flatnonzero(np.ptp(values, axis=0) > 0) for name, values in seen.items()
        }
        self.names = tuple(
            f"{name}[{place}]" for name, places in self._places.items() for place in places
        )

    def read(self, model: mujoco.MjModel) -> np.ndarray:
        """Read the numbers out of a model.

        Args:
            model: of the environment.

        Returns:
            (V,) float64, in the order of `names`.
        """
        parts = [getattr(model, name).ravel()[places] for name, places in self._places.items()]
        return np.concatenate(parts)

    def write(self, model: mujoco.MjModel, values: np.ndarray) -> None:
        """Put the numbers into a model.

        Args:
            model: changed in place.
            values: (V,).
        """
        begin = 0
        for name, places in self._places.items():
            getattr(model, name).reshape(-1)[places] = values[begin : begin + len(places)]
            begin += len(places)
