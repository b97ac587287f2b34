"""What the library tells of its progress, in a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from wmpc.system.progress import Progress, Tell


@contextmanager
def shown(console: Console) -> Iterator[Tell]:
    """Show the present stage as a bar, and print what is said, until the block ends.

    Args:
        console: where.

    Yields:
        A function that is told how far it is.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(),
    )
    stage, bar = "", TaskID(0)
    with Bars(*columns, console=console, transient=True) as bars:

        def tell(progress: Progress) -> None:
            nonlocal stage, bar
            if progress.says:
                console.print(progress.says, markup=False, soft_wrap=True)
                return
            if progress.stage != stage:
                for old in bars.task_ids:
                    bars.remove_task(old)
                stage, bar = (
                    progress.stage,
                    bars.add_task(escape(progress.stage), count="", words=""),
                )
            count = "" if progress.total is None else f"{progress.done}/{progress.total}"
            bars.update(
                bar,
                completed=progress.done,
                total=progress.total,
                count=count,
                words=escape(progress.words),
            )

        yield tell
