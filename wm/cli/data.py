"""`wmpc data inspect` and `wmpc data check`: what is in a dataset, and is it sound?"""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wm.cli.compose import unknown
from wm.cli.examination import check
from wm.data import Episodes, column_statistics, open_episodes


def run(cfg: Any) -> int | None:
    """Do what `cfg.do` names, to the dataset `cfg.data`; `check` gives the exit code."""
    console = Console(highlight=False)
    if cfg.do == "check":
        return check(cfg.data, cfg.format, cfg.out, cfg.context, console)
    if cfg.do != "inspect":
        raise unknown("wmpc data verb", cfg.do, ["inspect", "check"])
    inspect(open_episodes(cfg.data), console)


def inspect(episodes: Episodes, console: Console) -> None:
    """Print the settings, sizes and columns."""
    meta, lengths = episodes.meta, episodes.lengths
    size = sum(file.stat().st_size for file in Path(episodes.path).glob("*.npy"))
    facts = {
        "environment": f"{meta['env']} {_settings(meta['kwargs'])}",
        "pictures": _settings(meta["render"]),
        "time": f"{meta['fps']:g} frames a second, {meta['m']} actions a frame",
        "actions": f"from {meta['action_low']} to {meta['action_high']}",
        "episodes": f"{len(episodes)}: {len(episodes.train_ids)} to train on, "
        f"{len(episodes.held_out_ids)} held out",
        "steps": f"{lengths.min()} to {lengths.max()} an episode, {lengths.sum()} in all",
        "size": f"{size / 2**20:.1f} MiB",
        "hash": episodes.hash,
    }
    for source in meta["sources"]:
        facts[f"from episode {source['first_episode']}"] = _settings(
            {k: v for k, v in source.items() if k != "first_episode"}
        )
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(f"[bold]{name}[/]", escape(fact))
    console.print(table)
    table = Table("column", "rows", "shape of a row", "dtype", "mean", "deviation", box=None)
    for name, column in episodes.columns.items():
        means, deviations = "", ""
        if name in ("action", "proprio"):
            found = column_statistics(episodes, name, range(len(episodes)))
            means, deviations = (", ".join(f"{v:.3g}" for v in values) for values in found)
        row = (name, column.rows, str(column.shape), str(column.dtype), means, deviations)
        table.add_row(*map(escape, row))
    console.print(table)


def _settings(values: dict[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in values.items() if not isinstance(v, dict)) or "-"
