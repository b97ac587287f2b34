"""Maze: a point mass with momentum among walls that are given as text; reach a place.

An episode is shorter than the way through the maze, so whoever crosses it has put pieces together.
"""

from collections.abc import Mapping
from colorsys import hsv_to_rgb
from pathlib import Path
from typing import ClassVar

import mujoco
import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.observation import Observation
from wmpc.envs.point_task import PointTask
from wmpc.envs.policies import Policy
from wmpc.envs.tasks.maze.layouts import LAYOUTS, SIDES, read_layout, search_breadth_first
from wmpc.errors import WmpcError

CELL, RADIUS = 0.4, 0.1
"""Side of a cell and radius of the disc, m."""
LOOPS = 0.1
"""Share of the walls of a random maze that are left out although no way needs it."""
BEYOND = -5.0
"""Height of a wall that is not there, m."""


class Maze(PointTask):
    """One action, two forces in [-1, 1], lasts 0.02 s; full force means 2 m/s in cells of 0.4 m.

    Success: within half a cell (0.2 m; strict: half) of the goal. `layout` is one of `LAYOUTS` or
    a text like them. `view="riding"` has the camera ride on the disc and see three cells by three,
    whose floor has a colour of its own in each.
    """

    id = "wmpc/Maze-v0"
    xml = "maze.xml"
    frame_skip = 2
    tolerances: ClassVar[Mapping[str, float]] = {"distance_m": CELL / 2}
    objects: ClassVar[Mapping[str, str]] = {"disc": "disc"}
    walls = "wall_*"
    hard_filter = "far"

    def __init__(
        self,
        layout: str = "u",
        view: str = "whole",
        image_size: int = 64,
        render_mode: str = "rgb_array",
    ) -> None:
        if view not in ("whole", "riding"):
            raise WmpcError(f"No view {view!r} of {self.id}: give 'whole' or 'riding'.")
        self.camera = "top" if view == "whole" else "riding"
        self._text = read_layout(LAYOUTS.get(layout, layout))
        self._drawn = np.argwhere(self._text == "?")
        self.variation_names = tuple(f"wall_{row}_{column}" for row, column in self._drawn)
        super().__init__(image_size, render_mode)

    def build_model(self, path: Path) -> mujoco.MjModel:
        """Put the walls into the model, and the camera above all of it.

        Args:
            path: of the XML.

        Returns:
            The model.
        """
        spec = mujoco.MjSpec.from_file(str(path))
        spec.camera("top").fovy = CELL * (max(self._text.shape) - 1.5)  # most of the border unseen
        for joint, cells in zip(("y", "x"), self._text.shape, strict=True):
            reach = CELL * (cells / 2 - 1) - RADIUS
            spec.joint(joint).range = -reach, reach
        for row, column in np.ndindex(self._text.shape):
            place = [*self._places(np.array([row, column])), 0.0]
            if self._text[row, column] != ".":
                wall = spec.worldbody.add_body(name=f"wall_{row}_{column}", pos=place)
                wall.add_geom(spec.find_default("wall"))
            if self._text[row, column] != "#" and self.camera == "riding":
                hue, value = column / self._text.shape[1], 1 - 0.6 * row / self._text.shape[0]
                tile = spec.worldbody.add_body(pos=place)
                tile.add_geom(spec.find_default("tile"), rgba=[*hsv_to_rgb(hue, 0.5, value), 1])
        return spec.compile()

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Read position and velocity; of the riding camera the velocity alone.

        Args:
            state: (S,) float64.

        Returns:
            (4,) or (2,) float32, in m and m/s.
        """
        return self.describe(state)[..., 2 if self.camera == "riding" else 0 :].astype(np.float32)

    def sample_variation(self, rng: np.random.Generator) -> np.ndarray:
        """Draw which of the `?` are walls, such that every free cell can be reached.

        Args:
            rng: where all chance comes from.

        Returns:
            (V,): 1 for a wall, 0 for a free cell.
        """
        walls = (rng.random(len(self._drawn)) > LOOPS).astype(np.float64)
        free = {tuple(cell): index for index, cell in enumerate(np.argwhere(self._text == "."))}
        group = np.arange(len(free))
        for index in rng.permutation(len(walls)):
            beside = [tuple(self._drawn[index] + side) for side in SIDES]
            joined = {group[free[cell]] for cell in beside if cell in free}
            if len(joined) > 1:  # Kruskal: it joins what was apart
                walls[index] = 0.0
                group[np.isin(group, list(joined))] = min(joined)
        return walls

    def apply_variation(self, model: mujoco.MjModel, variation: np.ndarray) -> None:
        """Put the walls that are not there out of the way.

        Args:
            model: changed in place.
            variation: (V,).
        """
        for name, wall in zip(self.variation_names, variation, strict=True):
            model.body(name).pos[2] = 0.0 if wall else BEYOND

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a place in any free cell, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        cell = rng.choice(np.argwhere(self._free(self.variation)))
        aside = rng.uniform(-1, 1, 2) * (CELL / 2 - RADIUS)
        return self.layout.at_rest(self._places(cell) + aside)

    def walk(self, coordinates: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> np.ndarray:
        """Measure how far it is to a goal on foot: to the next cell's middle, then breadth first.

        Args:
            coordinates: (..., 2), in tolerances.
            goal: (2,), in tolerances.
            variation: (V,), which walls there are.

        Returns:
            (...), in tolerances; straight where the goal's cell is this one or beside it.
        """
        tolerance = self.tolerances["distance_m"]
        here, there = coordinates * tolerance, goal * tolerance
        steps, nearer = self.ways(there, variation)
        cells = tuple(np.moveaxis(self._cells(here), -1, 0))
        ahead = self._places(nearer[cells])
        onward = CELL * np.maximum(steps[cells] - 1, 0)
        straight = np.linalg.norm(there - here, axis=-1)
        around = np.linalg.norm(ahead - here, axis=-1) + onward
        return np.where(steps[cells] <= 1, straight, around) / tolerance

    def ways(self, goal: np.ndarray, variation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the way from every cell to a place.

        Args:
            goal: (2,), m.
            variation: (V,), which walls there are.

        Returns:
            The steps from each cell, (R, C), R C where there is no way; and the cell that is the
            next one from there, (R, C, 2).
        """
        row, column = self._cells(goal).tolist()
        return search_breadth_first(self._free(variation).tobytes(), self._text.shape, row, column)

    def next_place(self, here: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> np.ndarray:
        """Find where to head from a place on the way to a goal.

        Args:
            here: (2,), m.
            goal: (2,), m.
            variation: (V,), which walls there are.

        Returns:
            (2,), m: the goal, or the middle of the next cell.
        """
        cell = tuple(self._cells(here))
        steps, nearer = self.ways(goal, variation)
        return goal if steps[cell] == 0 else self._places(nearer[cell])

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`far`: the way is at least half of the longest there is."""
        return {"far": self._far}

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that walks to one free cell after another, noisily.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to one simulator action (A,).
        """
        return Walker(self, rng)

    def _far(self, start: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> bool:
        cells = self._places(np.argwhere(self._free(variation)))
        longest = max(self.ways(cell, variation)[0][self._free(variation)].max() for cell in cells)
        steps, _ = self.ways(self.layout.qpos(goal), variation)
        return bool(steps[tuple(self._cells(self.layout.qpos(start)))] >= longest / 2)

    def _free(self, variation: np.ndarray) -> np.ndarray:
        """Which cells (R, C) are free."""
        free = self._text == "."
        free[tuple(self._drawn.T)] = np.asarray(variation) == 0
        return free

    def _cells(self, places: np.ndarray) -> np.ndarray:
        """The row and column (..., 2) of places (..., 2), m."""
        size = np.array(self._text.shape)
        turned = places[..., ::-1] / CELL * (-1, 1) + size / 2
        return np.clip(turned.astype(int), 0, size - 1)

    def _places(self, cells: np.ndarray) -> np.ndarray:
        """The middles (..., 2), m, of cells (..., 2)."""
        return ((cells + 0.5 - np.array(self._text.shape) / 2) * CELL * (-1, 1))[..., ::-1]


class Walker:
    """Pushes from cell to cell towards random free cells."""

    def __init__(self, maze: Maze, rng: np.random.Generator) -> None:
        self._maze = maze
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode; where to go is drawn at the first look.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng, self._noise = rng, np.zeros(2)
        self._goal: np.ndarray | None = None

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (2,), from the privileged `state` and `variation`."""
        maze, variation = self._maze, observation.get("variation", np.zeros(0))
        here = maze.layout.qpos(observation["state"])
        if self._goal is None or np.linalg.norm(self._goal - here) < CELL / 4:
            self._goal = maze.layout.qpos(maze.sample_state(self._rng))
            self._speed = self._rng.uniform(0.5, 1.2)
        offset = maze.next_place(here, self._goal, variation) - here
        self._noise = 0.9 * self._noise + 0.25 * self._rng.standard_normal(2)
        drive = self._speed * offset / max(float(np.abs(offset).max()), 0.15)
        return np.clip(drive + self._noise, -1, 1).astype(np.float32)
