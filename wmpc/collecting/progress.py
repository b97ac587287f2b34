"""A bar that shows how far a recording is read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def episode_bar(console: Console, title: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar of episodes, told how many are done and how many frames were written."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} episodes"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(escape(title), total=total, rate="")

        def tick(done: int, frames: int) -> None:
            elapsed = progress.tasks[bar].elapsed or 0.0
            rate = f"{frames / elapsed:.0f} frames/s" if frames and elapsed > 0.5 else ""
            progress.update(bar, completed=done, rate=rate)

        yield tick
