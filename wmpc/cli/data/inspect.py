"""`wmpc data inspect`: what is in a recording, in whatever format, and what it looks like."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wmpc.collecting.place import beside
from wmpc.reporting.inspection import draw_histograms, list_columns, list_facts, sample_actions
from wmpc.reporting.proposal import propose_import
from wmpc.reporting.sample import draw
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.native.reader import Native
from wmpc.wm.recordings.rate import pace
from wmpc.wm.recordings.roles import Roles

SAID = 5
"""Episodes that cannot be read of which the reasons are said."""


def run(path: str, cfg: Any, console: Console) -> None:
    """Print settings, sizes and columns; draw a strip of pictures and the actions.

    Args:
        path: of the recording.
        cfg: the verb's configuration, composed and checked.
        console: where to print.
    """
    roles = Roles.of(cfg.actions, cfg.proprio, cfg.time, cfg.gap_s)
    with open_source(path, cfg.format, roles=roles) as source:
        console.print(_grid(list_facts(source)))
        heads = ("column", "rows", "shape of a row", "dtype", "mean", "deviation")
        console.print(_table(heads, list_columns(source)))
        values = sample_actions(source)
        for index, why in list(source.unreadable.items())[:SAID]:
            console.print(f"Cannot be read: episode {index}, {escape(why)}", soft_wrap=True)
        if len(source.unreadable) > SAID:
            console.print(f"Nor can {len(source.unreadable) - SAID} more episodes.")
        if values.shape[1]:
            heads = ("action", "least", "", "largest")
            console.print(_table(heads, draw_histograms(source, values)))
        said = pace(source)
        for sentence in (*source.about.notes, *([said] if said else [])):
            console.print(f"Note: {escape(sentence)}", soft_wrap=True)
        for name, why in source.about.left_out.items():
            console.print(f"Left out: {escape(name)}, {escape(why)}", soft_wrap=True)
        if not isinstance(source, Native) and source.cameras:
            command, *guesses = propose_import(source, roles)
            said = ["To import it:", f"  {command}", *guesses]
            console.print("\n".join(said), markup=False, soft_wrap=True)
        out = Path(str(cfg.out)) if cfg.out else beside(source, "inspect.png")
        draw(source, values, out)
        console.print(f"{out}", markup=False, soft_wrap=True)


def _grid(facts: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts.items():
        table.add_row(f"[bold]{escape(name)}[/]", escape(fact))
    return table


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(*heads, box=None)
    for row in rows:
        table.add_row(*map(escape, row))
    return table
