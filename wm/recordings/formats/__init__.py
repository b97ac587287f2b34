"""Recordings in other people's formats: a folder a format, in it one `Source` or more."""

from collections.abc import Collection, Iterator, Mapping
from importlib import import_module
from pkgutil import walk_packages

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import Place, damage
from wmpc.wm.recordings.roles import Roles
from wmpc.wm.recordings.source import About, Episode, Frames, Source


def find_readers() -> Iterator[type[Source]]:
    """Find the readers in the folders of this package.

    Yields:
        Each `Source` with a `format` that a module there defines.
    """
    for module in walk_packages(__path__, f"{__name__}."):
        for thing in vars(import_module(module.name)).values():
            is_reader = isinstance(thing, type) and issubclass(thing, Source)
            if is_reader and thing.__module__ == module.name and "format" in vars(thing):
                yield thing


READERS: Mapping[str, type[Source]] = {
    reader.format: reader for reader in sorted(find_readers(), key=lambda reader: reader.format)
}
"""The readers by format, as they are found; none is listed anywhere."""


def reader(format: str) -> type[Source]:
    """Return the reader of a format.

    Args:
        format: one of `READERS`.

    Returns:
        Its class.

    Raises:
        WmpcError: there is no such format.
    """
    if format not in READERS:
        raise WmpcError(f"there is no format {format!r}; wmpc reads {', '.join(READERS)}")
    return READERS[format]


def open_source(
    path: str,
    format: str | None = None,
    exclude: Collection[int] = (),
    roles: Roles | None = None,
) -> Source:
    """Open a recording in the format given, or in the one that recognises it.

    Args:
        path: a path, or a URL that fsspec knows.
        format: one of `READERS`; None: told by the recording's files.
        exclude: episodes that will not be read; a column that only these lack is kept.
        roles: what a person says of its columns, where that counts while it is read.

    Returns:
        The recording, at least one episode long, to be closed by the caller.

    Raises:
        WmpcError: no format recognises it, the format's library is not installed, or the recording
            is damaged or empty.
    """
    roles = roles or Roles()
    if format is not None:
        return _filled(reader(format).opened(str(path), roles), exclude)
    if not Place(str(path)).exists():
        raise WmpcError(f"there is no dataset at {path}: give the path or URL of a recording")
    for each in READERS.values():
        if each.recognises(str(path)):
            return _filled(each.opened(str(path), roles), exclude)
    raise WmpcError(
        f"{path} {_why_not(str(path))}; wmpc reads {', '.join(READERS)}, docs/data.md shows what "
        "each looks like, and format=NAME insists on one"
    )


def _why_not(path: str) -> str:
    """Why no reader recognises a path: what is wrong with the format that it resembles."""
    reasons = []
    for name, each in READERS.items():
        try:
            if each.resembles(path):
                each(path).close()
        except WmpcError as error:
            reasons.append(f"looks like {name}, but {error}")
        except Exception:
            continue
    if reasons:
        return "; or ".join(reasons)
    place = Place(path)
    if not place.is_folder() and hdf5.is_hdf5(place):
        with hdf5.open_hdf5(place) as file, damage(path):
            held = ", ".join([str(name) for name in file][:8]) or "nothing"
        return f"is an HDF5 file that holds {held}: in no layout that is recognised"
    return "is in no format that is recognised"


def _filled(source: Source, exclude: Collection[int]) -> Source:
    if len(source):
        source.settle(exclude)
        return source
    source.close()
    raise WmpcError(f"{source.path} holds no episode")


__all__ = ["READERS", "About", "Episode", "Frames", "Source", "open_source", "reader"]
