"""`wmpc data check`: examine a recording, say what was found, and write the page.

The exit code is 1 if there is a finding of severity error, else 0: warnings alone do not stop CI.
"""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wmpc.cli.progress import shown
from wmpc.collecting.place import beside
from wmpc.reporting.examination.page import page, places, verdict
from wmpc.system.disk import replace_file
from wmpc.system.progress import Progress
from wmpc.wm.recordings.doctor import Examination, examine
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.roles import Roles

STYLES = {"error": "red", "warning": "yellow"}


def run(path: str, cfg: Any, console: Console) -> int:
    """Examine a recording, say what was found, and write the page.

    The page goes to `cfg.out`, by default to `NAME-check.html` in the working directory.

    Args:
        path: of the recording.
        cfg: the verb's configuration, composed and checked.
        console: where to print.

    Returns:
        The exit code: 1 if there is a finding of severity error, else 0.

    Raises:
        WmpcError: there is no such recording.
    """
    roles = Roles.of(cfg.actions, cfg.proprio, cfg.time, cfg.gap_s)
    with open_source(path, cfg.format, roles=roles) as source:
        with shown(console) as tell:
            found = examine(
                source,
                context=cfg.context,
                progress=lambda done: tell(Progress(path, done, len(source))),
            )
        file = Path(str(cfg.out)) if cfg.out else beside(source, "check.html")
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, page(found, source).encode())
    _print(found, console)
    console.print(f"The page: {escape(str(file))}", soft_wrap=True)
    return 1 if found.errors else 0


def _print(found: Examination, console: Console) -> None:
    console.print(f"{escape(found.path)}: score {found.score} of 100; {escape(verdict(found))}")
    for note in found.notes:
        console.print(escape(note), soft_wrap=True)
    if not found.faults:
        return
    table = Table("", "what was found", "where", "what to do", box=None, pad_edge=False)
    for fault in found.faults:
        kind = f"[{STYLES[fault.severity]}]{fault.severity}[/]"
        where = places(fault, found.totals["episodes"])
        table.add_row(kind, escape(fault.says), escape(where), escape(fault.do))
    console.print(table)
