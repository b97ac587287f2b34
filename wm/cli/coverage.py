"""Which states a dataset visits: a hole here looks like a learning problem later."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from envs.errors import EnvError
from wm.data import Episodes

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
        """Cell edges (CELLS + 1,) along variable i, over all that is visited or reachable."""
        both = [self.values[:, i]] + ([] if self.reference is None else [self.reference[:, i]])
        low, high = min(v.min() for v in both), max(v.max() for v in both)
        return np.linspace(low, high if high > low else low + 1.0, CELLS + 1)

    def visited(self, i: int, j: int) -> float:
        """Fraction of the cells of variables i and j visited: of those that goals fall into, or
        of all in the bounding box where the task has no goals."""
        bins = [self.edges(i), self.edges(j)]
        seen = np.histogram2d(self.values[:, i], self.values[:, j], bins)[0] > 0
        if self.reference is None or np.isnan(self.spread[[i, j]]).any():
            return float(seen.mean())
        wanted = np.histogram2d(self.reference[:, i], self.reference[:, j], bins)[0] > 0
        return float(seen[wanted].mean())


def measure(episodes: Episodes, task: Any) -> Coverage:
    """Coverage of a dataset recorded in `task`."""
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


def warnings(coverage: Coverage) -> list[str]:
    """A sentence about the variables that hardly move, one about those that stay in a corner."""
    found = []
    for low, text, values in (
        (MOVES_IN, "moves in few episodes", coverage.moves),
        (SPREAD, "spreads over little of where goals lie", coverage.spread),
    ):
        named = [f"{n} ({v:.0%})" for n, v in zip(coverage.names, values, strict=True) if v < low]
        if named:
            found.append(f"{text}: {', '.join(named)}; try another policy or longer episodes")
    return found


def draw(coverage: Coverage, path: Path) -> None:
    """A triangle of histograms, one a variable and one a pair, and those of the actions."""
    shown = range(min(len(coverage.names), MOST_VARIABLES))
    size = len(shown)
    figure = Figure(figsize=(2.0 * size + 0.5, 2.0 * (size + 1)), layout="constrained")
    axes = figure.subplots(size + 1, max(size, coverage.actions.shape[1]), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
        axis.tick_params(labelsize=6)
    for i in shown:
        axes[i, i].set_axis_on()
        axes[i, i].hist(coverage.values[:, i], bins=40, color="tab:blue")
        axes[i, i].set_yticks([])
        axes[i, i].set_title(f"{coverage.names[i]}\nmoves in {coverage.moves[i]:.0%}", fontsize=7)
    for i, j in combinations(shown, 2):
        axis = axes[j, i]
        axis.set_axis_on()
        bins = [coverage.edges(i), coverage.edges(j)]
        counts, x, y = np.histogram2d(coverage.values[:, i], coverage.values[:, j], bins)
        axis.pcolormesh(x, y, np.log1p(counts).T, cmap="viridis")
        axis.set_title(f"{coverage.visited(i, j):.0%} of cells", fontsize=7)
        axis.set_xlabel(coverage.names[i], fontsize=6)
        axis.set_ylabel(coverage.names[j], fontsize=6)
    for a in range(coverage.actions.shape[1]):
        axis = axes[size, a]
        axis.set_axis_on()
        axis.hist(coverage.actions[:, a], bins=40, color="tab:orange")
        axis.set_yticks([])
        axis.set_title(f"action[{a}]", fontsize=7)
    FigureCanvasAgg(figure).print_png(path)


def _goals(task: Any, count: int = 2000) -> np.ndarray | None:
    """(count, F): states that the task draws as goals; None where it has no goals."""
    rng = np.random.default_rng(0)
    try:
        return task.describe(np.stack([task.sample_state(rng) for _ in range(count)]))
    except EnvError:  # a gymnasium environment without goals
        return None
