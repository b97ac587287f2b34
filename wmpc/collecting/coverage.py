"""Which states a dataset visits: a hole here looks like a learning problem later."""

import io
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wmpc.envs.goal_env import StateSampler
from wmpc.system.disk import replace_file
from wmpc.wm.data import Episodes

CELLS = 12  # along each variable of a pair
MOST_EPISODES, MOST_VARIABLES = 2000, 8
MOVES_BY, MOVES_IN = 0.05, 0.2  # of the whole range; of the episodes
SPREAD = 0.2


@dataclass(frozen=True)
class Coverage:
    """What was visited, by the variables that the task describes its states with."""

    names: tuple[str, ...]
    values: np.ndarray
    """(frames, F), all episodes end to end; every k-th episode where there are very many."""
    actions: np.ndarray
    """(actions, A), in the environment's units."""
    moves: np.ndarray
    """(F,), the fraction of episodes in which a variable moves by 5% of its whole range."""
    spread: np.ndarray
    """(F,), standard deviation over that of the task's own goals; NaN where they do not vary."""
    reference: np.ndarray | None
    """(n, F), states the task draws as goals; None where it has none."""

    def edges(self, i: int) -> np.ndarray:
        """Divide a variable's range into cells.

        Args:
            i: which variable.

        Returns:
            (CELLS + 1,) edges, over all that is visited or reachable.
        """
        both = [self.values[:, i]] + ([] if self.reference is None else [self.reference[:, i]])
        low, high = min(v.min() for v in both), max(v.max() for v in both)
        return np.linspace(low, high if high > low else low + 1.0, CELLS + 1)

    def visited(self, i: int, j: int) -> float:
        """Measure the share of the cells of two variables that were visited.

        Args:
            i: one variable.
            j: the other.

        Returns:
            0 to 1: of the cells that goals fall into, or of all in the bounding box where the task
            draws no goals.
        """
        bins = [self.edges(i), self.edges(j)]
        seen = np.histogram2d(self.values[:, i], self.values[:, j], bins)[0] > 0
        if self.reference is None or np.isnan(self.spread[[i, j]]).any():
            return float(seen.mean())
        wanted = np.histogram2d(self.reference[:, i], self.reference[:, j], bins)[0] > 0
        return float(seen[wanted].mean())


def measure_coverage(episodes: Episodes, task: Any) -> Coverage:
    """Measure which states a dataset visits.

    Args:
        episodes: with the column `state`.
        task: which they were recorded in.

    Returns:
        What was visited, by the variables that describe the task's states.
    """
    ids = np.arange(0, len(episodes), -(-len(episodes) // MOST_EPISODES))
    chosen = [episodes.episode(int(i)) for i in ids]
    by_episode = [np.asarray(task.describe(np.asarray(e["state"]))) for e in chosen]
    values = np.concatenate(by_episode)
    whole = np.ptp(values, axis=0)
    moved = [np.ptp(v, axis=0) > MOVES_BY * np.maximum(whole, 1e-9) for v in by_episode]
    reference = _goals(task)
    spread = np.full(values.shape[1], np.nan)
    if reference is not None:
        wide = reference.std(axis=0)
        np.divide(values.std(axis=0), wide, out=spread, where=wide > 1e-9)
    actions = np.concatenate([e["action"].reshape(-1, e["action"].shape[-1]) for e in chosen])
    names = tuple(task.describe_names)
    return Coverage(names, values, actions, np.mean(moved, axis=0), spread, reference)


def describe_holes(coverage: Coverage) -> list[str]:
    """Say which variables hardly move, and which stay in a corner.

    Args:
        coverage: of a dataset.

    Returns:
        A sentence about each, where there are such variables.
    """
    found = []
    for low, text, values in (
        (MOVES_IN, "moves in few episodes", coverage.moves),
        (SPREAD, "spreads over little of where goals lie", coverage.spread),
    ):
        named = [f"{n} ({v:.0%})" for n, v in zip(coverage.names, values, strict=True) if v < low]
        if named:
            found.append(f"{text}: {', '.join(named)}; try another policy or longer episodes")
    return found


def draw_coverage(coverage: Coverage, path: Path) -> None:
    """Draw a triangle of histograms, one a variable and one a pair, and those of the actions.

    Args:
        coverage: of a dataset.
        path: of the PNG, replaced if it is there.
    """
    size = min(len(coverage.names), MOST_VARIABLES)
    wide = max(size, coverage.actions.shape[1])
    figure = Figure(figsize=(1.8 * wide + 1, 1.8 * (size + 1)))
    grid = figure.add_gridspec(
        size + 1, wide, hspace=0.6, wspace=0.35, left=0.08, right=0.98, top=0.95, bottom=0.04
    )

    def axis(row: int, column: int, title: str) -> Any:
        made = figure.add_subplot(grid[row, column])
        made.set_title(title, fontsize=7)
        made.tick_params(labelsize=6)
        made.locator_params(nbins=3)
        return made

    def histogram(row: int, column: int, title: str, values: np.ndarray, color: str) -> None:
        made = axis(row, column, title)
        made.hist(values, bins=40, color=color)
        made.set_yticks([])

    for i in range(size):
        title = f"{coverage.names[i]}\nmoves in {coverage.moves[i]:.0%}"
        histogram(i, i, title, coverage.values[:, i], "tab:blue")
    for a, values in enumerate(coverage.actions.T):
        histogram(size, a, f"action[{a}]", values, "tab:orange")
    for i, j in combinations(range(size), 2):
        x, y = coverage.edges(i), coverage.edges(j)
        counts, _, _ = np.histogram2d(coverage.values[:, i], coverage.values[:, j], [x, y])
        made = axis(j, i, f"{coverage.visited(i, j):.0%} of cells")
        box = (x[0], x[-1], y[0], y[-1])
        made.imshow(np.log1p(counts).T, origin="lower", extent=box, aspect="auto")
        if i == 0:
            made.set_ylabel(coverage.names[j], fontsize=7)
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    replace_file(path, buffer.getvalue())


def _goals(task: Any, count: int = 500) -> np.ndarray | None:
    """(count, F): states that the task draws as goals; None where it has no goals."""
    describe, rng = task.describe, np.random.default_rng(0)
    if not isinstance(task, StateSampler):
        return None
    return describe(np.stack([task.sample_state(rng) for _ in range(count)]))
