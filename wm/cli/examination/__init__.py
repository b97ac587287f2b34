"""`wmpc data check`: examine a recording, say what was found, and write the page.

The exit code is 1 if there is a finding of severity error, else 0: warnings alone do not stop CI.
"""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from wm.cli.data.place import beside
from wm.cli.examination.page import page, places, verdict
from wm.data.doctor import Examination, examine
from wm.data.formats import open_source
from wm.disk import replace_file

STYLES = {"error": "red", "warning": "yellow"}


def check(path: str, format: str | None, out: str | None, context: int, console: Console) -> int:
    """Examine the recording at `path`; returns the exit code.

    The page goes to `out`, by default to `NAME-check.html` in the working directory.
    WmError where there is no such recording.
    """
    with open_source(str(path), format) as source:
        with Progress(console=console, transient=True) as progress:
            bar = progress.add_task(escape(str(path)), total=len(source))
            found = examine(
                source, context=context, progress=lambda done: progress.update(bar, completed=done)
            )
        file = Path(out) if out else beside(source, "check.html")
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, page(found, source).encode())
    _print(found, console)
    console.print(f"The page: {escape(str(file))}", soft_wrap=True)
    return 1 if found.errors else 0


def _print(found: Examination, console: Console) -> None:
    console.print(f"{escape(found.path)}: score {found.score} of 100; {escape(verdict(found))}")
    if not found.faults:
        return
    table = Table("", "what was found", "where", "what to do", box=None, pad_edge=False)
    for fault in found.faults:
        kind = f"[{STYLES[fault.severity]}]{fault.severity}[/]"
        where = places(fault, found.totals["episodes"])
        table.add_row(kind, escape(fault.says), escape(where), escape(fault.do))
    console.print(table)


__all__ = ["check", "page"]
