"""Recordings in other people's formats: one reader a file, each a `Source`."""

import importlib
from collections.abc import Collection, Mapping

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import hdf5
from wmpc.wm.recordings.formats.files import Place, damage
from wmpc.wm.recordings.formats.source import About, Episode, Frames, Source

READERS: Mapping[str, str] = {
    "native": "wmpc.wm.recordings.formats.native:Native",
    "lerobot": "wmpc.wm.recordings.formats.lerobot_v3:LeRobotV3",
    "lerobot-v2": "wmpc.wm.recordings.formats.lerobot_v2:LeRobotV2",
    "minari": "wmpc.wm.recordings.formats.minari:Minari",
    "robomimic": "wmpc.wm.recordings.formats.robomimic:Robomimic",
    "ogbench": "wmpc.wm.recordings.formats.ogbench:OGBench",
    "d4rl": "wmpc.wm.recordings.formats.d4rl:D4RL",
    "swm-hdf5": "wmpc.wm.recordings.formats.swm_hdf5:SwmHDF5",
    "swm-lance": "wmpc.wm.recordings.formats.swm_lance:SwmLance",
    "video-folder": "wmpc.wm.recordings.formats.video_folder:VideoFolder",
}
"""Module and class of each reader by format, in the order in which they are asked whether they
recognise a path; none is imported before."""


def reader(format: str) -> type[Source]:
    """The reader of a format; WmpcError where there is none."""
    if format not in READERS:
        raise WmpcError(f"there is no format {format!r}; wmpc reads {', '.join(READERS)}")
    module, name = READERS[format].split(":")
    return getattr(importlib.import_module(module), name)


def open_source(path: str, format: str | None = None, exclude: Collection[int] = ()) -> Source:
    """Open a recording, in the format given or in the first that recognises it. What only the
    episodes to `exclude` lack is kept.

    WmpcError where none does, the format's library is not installed, or the recording is damaged.
    """
    if format is not None:
        return _filled(reader(format)(str(path)), exclude)
    if not Place(str(path)).exists():
        raise WmpcError(f"there is no dataset at {path}: give the path or URL of a recording")
    for name in READERS:
        if reader(name).recognises(str(path)):
            return _filled(reader(name)(str(path)), exclude)
    raise WmpcError(
        f"{path} {_why_not(str(path))}; wmpc reads {', '.join(READERS)}, docs/data.md shows what "
        "each looks like, and format=NAME insists on one"
    )


def _why_not(path: str) -> str:
    """Why no reader recognises a path: what is wrong with the format that it resembles."""
    reasons = []
    for name in READERS:
        try:
            if reader(name).resembles(path):
                reader(name)(path).close()
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
