"""Write everything about a run on one page."""

from pathlib import Path

from wmpc.evaluation.write_results import UNTRAINED
from wmpc.reporting.damage import damaged
from wmpc.reporting.run_page import page
from wmpc.system.disk import replace_file, writable
from wmpc.system.place import in_or_instead
from wmpc.system.shipped import locate_run


def report(
    run: str | Path,
    *,
    eval: str | None = None,
    data: str | Path | None = None,
    out: str | Path | None = None,
) -> Path:
    """Write a page of HTML, which needs no network, about a run.

    Args:
        run: the trained run's folder, or one that holds results alone.
        eval: name of the evaluation to show, in RUN/eval; None: the latest.
        data: the dataset's folder; None: the one the run was trained on or, of several, that of
            the evaluation.
        out: the page; None: RUN/report.html, or reports/RUN.html where the run is read-only.

    Returns:
        Where the page is.

    Raises:
        WmpcError: the folder is neither, is damaged, or has no such evaluation.
    """
    folder = locate_run(run)
    name = folder.resolve().name
    beside = None if writable(folder) else Path(UNTRAINED) / name  # as `result_folders` has it
    instead = f"reports/{name}"
    file = Path(out) if out is not None else in_or_instead(folder, "report.html", instead)
    with damaged(str(folder)):
        text = page(folder, eval, None if data is None else str(data), beside)
    file.parent.mkdir(parents=True, exist_ok=True)
    replace_file(file, text.encode())
    return file
