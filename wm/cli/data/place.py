"""Where what is drawn or said of a recording goes."""

from pathlib import Path

from wm.data.formats import Source
from wm.data.formats.native import Native
from wm.disk import writable


def beside(source: Source, name: str) -> Path:
    """The file `name` in a dataset of ours; of any other recording, in which nothing is ever
    written, and of a dataset that is read-only, `RECORDING-name` in the working directory."""
    if isinstance(source, Native) and writable(source.path):
        return Path(source.path) / name
    path = source.path if "://" in source.path else str(Path(source.path).resolve())
    recording = path.rstrip("/").split("/")[-1].split("::")[0] or "recording"
    return Path(f"{recording}-{name}")
