"""`wmpc data inspect`: what is in a recording, in whatever format, and what it looks like."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wmpc.collecting.place import beside
from wmpc.errors import WmpcError
from wmpc.reporting.sample import draw
from wmpc.wm.data import column_statistics
from wmpc.wm.recordings.formats import Source, open_source
from wmpc.wm.recordings.formats.native import Native
from wmpc.wm.recordings.formats.rate import pace
from wmpc.wm.recordings.importing import bytes_needed

SAMPLED = 200
"""Episodes, spread evenly, whose numbers are looked at."""
SAID = 5
"""Episodes that cannot be read of which the reasons are said."""
BARS = " ▁▂▃▄▅▆▇█"


def run(path: str, cfg: Any, console: Console) -> None:
    """Print the settings, sizes and columns; draw a strip of pictures and the actions."""
    with open_source(path, cfg.format) as source:
        console.print(_grid(_facts(source)))
        console.print(_columns(source))
        values = actions(source)
        for index, why in list(source.unreadable.items())[:SAID]:
            console.print(f"Cannot be read: episode {index}, {escape(why)}", soft_wrap=True)
        if len(source.unreadable) > SAID:
            console.print(f"Nor can {len(source.unreadable) - SAID} more episodes.")
        console.print(_actions(source, values))
        said = pace(source)
        for sentence in (*source.about.notes, *([said] if said else [])):
            console.print(f"Note: {escape(sentence)}", soft_wrap=True)
        for name, why in source.about.left_out.items():
            console.print(f"Left out: {escape(name)}, {escape(why)}", soft_wrap=True)
        out = Path(str(cfg.out)) if cfg.out else beside(source, "inspect.png")
        draw(source, values, out)
        console.print(f"{out}", soft_wrap=True)


def actions(source: Source) -> np.ndarray:
    """Recorded actions (n, A) of at most `SAMPLED` episodes."""
    good = np.flatnonzero(source.lengths > 0)
    ids = good[np.unique(np.linspace(0, len(good) - 1, min(len(good), SAMPLED)).astype(int))]
    size, found = source.columns["action"].shape[-1], []
    for index in ids.tolist():
        try:
            found.append(np.asarray(source.episode(index, ["action"])["action"]).reshape(-1, size))
        except WmpcError as error:
            source.unreadable[index] = str(error)
    return np.concatenate(found) if found else np.zeros((0, size), np.float32)


def _facts(source: Source) -> dict[str, str]:
    about, lengths = source.about, source.lengths
    frames = int(lengths.sum()) + len(source)
    env = f"{about.env.get('id', 'not recorded')} {_settings(about.env.get('kwargs') or {})}"
    m = source.columns["action"].shape[0]
    facts = {"format": source.format, "environment": env}
    own = source.episodes if isinstance(source, Native) else None
    if own is not None:
        facts["pictures"] = _settings(own.meta["render"])
    rate = f"{about.fps:g} frames a second" if about.fps else "frames a second not recorded"
    facts["time"] = f"{rate}, {m} action{'s' * (m > 1)} a frame"
    if about.fps:
        facts["time"] += f", {frames / about.fps / 60:.1f} minutes in all"
    low, high = about.action_low, about.action_high
    facts["actions"] = "bounds not recorded" if low is None else f"from {low} to {high}"
    facts["episodes"] = f"{len(source)}"
    if own is not None:
        facts["episodes"] += f": {len(own.train_ids)} to train on, {len(own.held_out_ids)} held out"
    if about.splits:
        facts["splits"] = ", ".join(f"{name} {len(ids)}" for name, ids in about.splits.items())
    shortest = lengths[lengths > 0].min(initial=lengths.max())
    facts["steps"] = f"{shortest} to {lengths.max()} an episode, {lengths.sum()} in all"
    if own is not None:
        size = sum(file.stat().st_size for file in own.path.glob("*.npy"))
        facts["size"], facts["hash"] = f"{size / 2**20:.1f} MiB", own.hash
        for origin in own.meta["sources"]:
            rest = {k: v for k, v in origin.items() if k != "first_episode"}
            facts[f"from episode {origin['first_episode']}"] = _settings(rest)
    else:
        facts["size"] = f"{bytes_needed(source, frames) / 2**20:.1f} MiB, were it native as it is"
    for name, strings in about.labels.items():
        few = ", ".join(repr(text) for text in strings[:3]) + ", ..." * (len(strings) > 3)
        facts[name] = f"{len(strings)}: {few}"
    return facts


def _columns(source: Source) -> Table:
    table = Table("column", "rows", "shape of a row", "dtype", "mean", "deviation", box=None)
    for name, column in source.columns.items():
        means, deviations = "", ""
        if isinstance(source, Native) and name in ("action", "proprio"):
            found = column_statistics(source.episodes, name, range(len(source)))
            means, deviations = (", ".join(f"{v:.3g}" for v in values) for values in found)
        row = (name, column.rows, str(column.shape), str(column.dtype), means, deviations)
        table.add_row(*map(escape, row))
    return table


def _actions(source: Source, values: np.ndarray) -> Table:
    """A histogram a dimension, from the least to the largest action."""
    table = Table("action", "least", "", "largest", box=None)
    names = source.about.names.get("action", [])
    for index, dimension in enumerate(values.T):
        finite = dimension[np.isfinite(dimension)]
        name = names[index] if index < len(names) else str(index)
        if not len(finite):
            table.add_row(escape(name), "-", "nothing finite", "-")
            continue
        counts, _ = np.histogram(finite, 24)
        bars = "".join(BARS[-(-8 * int(c) // max(1, int(counts.max())))] for c in counts)
        table.add_row(escape(name), f"{finite.min():.3g}", bars, f"{finite.max():.3g}")
    return table


def _grid(facts: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(f"[bold]{escape(name)}[/]", escape(fact))
    return table


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in values.items() if not isinstance(v, dict)) or "-"
