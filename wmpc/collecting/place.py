"""Where what is drawn or said of a recording goes."""

from pathlib import Path

from wmpc.wm.recordings.formats import Source


def beside(source: Source, name: str) -> Path:
    """Name where what is drawn or said of a recording goes.

    Nothing is written into what is only looked at, which may be somebody else's.

    Args:
        source: the recording.
        name: of what is written, such as "check.html".

    Returns:
        `RECORDING-name` in the working directory.
    """
    path = source.path if "://" in source.path else str(Path(source.path).resolve())
    recording = path.rstrip("/").split("/")[-1].split("::")[0] or "recording"
    return Path(f"{recording}-{name}")
