"""TwoRoom: a point mass driven by force, and a wall with a door; reach a place.

The task of PLDM (Sobal et al., arXiv 2502.14819) and of "the literature's" 7% test, on MuJoCo.
"""

from collections.abc import Mapping
from typing import ClassVar

import mujoco
import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.observation import Observation
from wmpc.envs.point_task import PointTask
from wmpc.envs.policies import Policy
from wmpc.errors import WmpcError

SIDE, REACH, RADIUS = 2.0, 0.92, 0.08  # the room's side, where the disc's centre can be, the disc
WALL, DOOR = 0.05, 0.19  # half the wall's thickness, half the door's width: 19% of the wall
SPREAD = np.array([0.4, 0.6])  # of the random wall and door, either way


class TwoRoom(PointTask):
    """One action, two forces in [-1, 1], lasts 0.02 s; full force means 2.2 m/s in a room of 2 m.

    Success: within 7% of the room's side (0.14 m; strict: half) of the goal. `variation="random"`
    draws the wall's x and the door's y for every episode, "fixed" leaves both in the middle.
    """

    id = "wmpc/TwoRoom-v0"
    xml = "two_room.xml"
    frame_skip = 2
    tolerances: ClassVar[Mapping[str, float]] = {"distance_m": 0.07 * SIDE}
    objects: ClassVar[Mapping[str, str]] = {"disc": "disc"}
    walls = "lower|upper"
    hard_filter = "other_room"
    fixed: ClassVar[tuple[float, float]] = (0.0, 0.0)
    """The wall's x and the door's y where they do not vary, m."""

    def __init__(
        self, variation: str = "fixed", image_size: int = 64, render_mode: str = "rgb_array"
    ) -> None:
        if variation not in ("fixed", "random"):
            raise WmpcError(f"No variation {variation!r} of {self.id}: give 'fixed' or 'random'.")
        if variation == "random":
            self.variation_names = ("wall_x_m", "door_y_m")
        super().__init__(image_size, render_mode)

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Read position and velocity.

        Args:
            state: (S,) float64.

        Returns:
            (4,) float32, in m and m/s, named `describe_names`.
        """
        return self.describe(state).astype(np.float32)

    def sample_variation(self, rng: np.random.Generator) -> np.ndarray:
        """Draw where the wall and its door are, uniformly.

        Args:
            rng: where all chance comes from.

        Returns:
            (2,): the wall's x and the door's y, m; (0,) with `variation="fixed"`.
        """
        return rng.uniform(-SPREAD, SPREAD) if self.variation_names else np.zeros(0)

    def apply_variation(self, model: mujoco.MjModel, variation: np.ndarray) -> None:
        """Move the two halves of the wall.

        Args:
            model: changed in place.
            variation: (2,), the wall's x and the door's y, m; (0,): the fixed layout.
        """
        wall_x, door_y = self.place(variation)
        model.body("lower").pos[:2] = wall_x, door_y - DOOR - SIDE / 2
        model.body("upper").pos[:2] = wall_x, door_y + DOOR + SIDE / 2

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a place in either room or in the door, uniformly, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        wall_x, door_y = self.place(self.variation)
        while True:
            x, y = rng.uniform(-REACH, REACH, 2)
            if abs(x - wall_x) > WALL + RADIUS or abs(y - door_y) < DOOR - RADIUS:
                return self.layout.at_rest(np.array([x, y]))

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that goes to one place after another, through the door where need be,
        noisily.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to one simulator action (A,).
        """
        return Wanderer(self, rng)

    def place(self, variation: np.ndarray) -> np.ndarray:
        """Read where the wall and its door are.

        Args:
            variation: (2,), or (0,) for the fixed layout.

        Returns:
            (2,): the wall's x and the door's y, m.
        """
        return variation if len(variation) else np.array(self.fixed)

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`other_room`: the wall lies between start and goal."""
        return {"other_room": self._other_room}

    def _other_room(self, start: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> bool:
        wall_x, _ = self.place(variation)
        sides = self.layout.qpos(np.stack([start, goal]))[:, 0] > wall_x
        return bool(sides[0] != sides[1])


class Wanderer:
    """Pushes towards random places, by way of the door when they lie behind the wall."""

    def __init__(self, room: TwoRoom, rng: np.random.Generator) -> None:
        self._room = room
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode with a new place to go to.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng = rng
        self._noise = np.zeros(2)
        self._choose()

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (2,), from the privileged `state` and `variation`."""
        position = self._room.layout.qpos(observation["state"])
        wall_x, door_y = self._room.place(observation.get("variation", np.zeros(0)))
        self._patience -= 1
        if self._patience < 0 or np.linalg.norm(self._place - position) < 0.1:
            self._choose()
        offset = self._next(position, wall_x, door_y) - position
        self._noise = 0.9 * self._noise + 0.25 * self._rng.standard_normal(2)
        drive = self._speed * offset / max(float(np.abs(offset).max()), 0.15)
        return np.clip(drive + self._noise, -1, 1).astype(np.float32)

    def _choose(self) -> None:
        self._place = self._rng.uniform(-REACH, REACH, 2)
        self._speed = self._rng.uniform(0.5, 1.2)
        self._patience = 100  # a place inside the wall is given up

    def _next(self, position: np.ndarray, wall_x: float, door_y: float) -> np.ndarray:
        """Where to head now: the place, or the door's near or far mouth."""
        side = np.sign(position[0] - wall_x)
        if side == np.sign(self._place[0] - wall_x):
            return self._place
        mouth = WALL + 1.5 * RADIUS
        lined_up = abs(position[1] - door_y) < DOOR - RADIUS
        return np.array([wall_x - side * mouth if lined_up else wall_x + side * mouth, door_y])
