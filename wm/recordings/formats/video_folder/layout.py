"""Which files of a folder are an episode: videos by camera, and the table beside them."""

import re
from dataclasses import dataclass

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.video_folder.table import ENDINGS
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.naming import clean_name

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")
METAS = ("meta.json", "info.json")
CAMERA = re.compile(r"(.+)\.([^\W\d][^.]*)")
"""An episode and its camera in a video's name, where no table says where the one ends."""
NUMBERED = re.compile(r"(?!cam).*\d", re.IGNORECASE)
"""A name that counts episodes, and not cameras."""


@dataclass(frozen=True)
class Layout:
    """The files of a folder of videos."""

    videos: dict[str, dict[str, str]]
    """By episode and camera, "" where it has no name; episodes in the order of their names, the
    numbers in them counted."""
    tables: dict[str, str]
    """By episode; none where no table is called as an episode is."""
    others: list[str]
    """Tables that are not called as an episode is."""
    alone: list[str]
    """Videos without a table, where others have one."""


def find_layout(place: Place) -> Layout:
    """Find the videos and tables of a folder.

    Where a table is called as a video is, only videos with a table are episodes.

    Args:
        place: the folder.

    Returns:
        What goes with what; no episode where there is no video.

    Raises:
        WmpcError: there are two tables or two videos of one name.
    """
    tables: dict[str, str] = {}
    for file in place.glob("*"):
        stem, dot, ending = file.rpartition(".")
        if dot + ending.lower() in ENDINGS:
            if stem in tables:
                raise WmpcError(f"{place.path} has both {tables[stem]} and {file}: which is meant?")
            tables[stem] = file
    inner = place.glob("*/*")
    films = [file for file in [*place.glob("*"), *inner] if is_video(file)]
    within = [file for file in inner if file.lower().endswith(ENDINGS)]
    nested = films and all("/" in file for file in films)
    if nested and (found := _folder_an_episode(films, within, set(tables))):
        return Layout(*found, sorted(tables.values()), [])
    named = {file: _named(file, tables) for file in films}
    beside = {file: found for file, found in named.items() if found[0] in tables}
    alone = [file for file in films if file not in beside] if beside else []
    apart = {file.rpartition("/")[0] for file in within}
    if not beside:  # a folder with tables of its own is no camera, but another recording
        named = {f: found for f, found in named.items() if f.rpartition("/")[0] not in apart}
    videos: dict[str, dict[str, str]] = {}
    for file, (episode, camera) in (beside or named).items():
        camera = clean_name(camera) if camera else ""
        if camera in videos.setdefault(episode, {}):
            raise WmpcError(f"{place.path} has two videos of {episode} and camera {camera!r}")
        videos[episode][camera] = file
    return Layout(
        {name: videos[name] for name in sorted(videos, key=_counted)},
        {name: tables[name] for name in videos if name in tables},
        sorted(file for name, file in tables.items() if name not in videos),
        alone,
    )


def is_video(file: str) -> bool:
    """Tell from its name whether a file is a video.

    Args:
        file: its name.

    Returns:
        Whether it ends as one of `VIDEOS` does.
    """
    return file.lower().endswith(VIDEOS)


def stated_fps(place: Place) -> float | None:
    """Read the rate that a folder states.

    Args:
        place: the folder.

    Returns:
        Frames a second; None where it states none.

    Raises:
        WmpcError: what it states is no rate.
    """
    for name in METAS:
        if place.exists(name):
            fps = place.json(name).get("fps")
            if fps is None:
                continue
            if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps < 1e5:
                raise WmpcError(f"{place.name(name)} states fps {fps!r}: no rate")
            return float(fps)
    return None


def _folder_an_episode(
    films: list[str], tables: list[str], outside: set[str]
) -> tuple[dict[str, dict[str, str]], dict[str, str]] | None:
    """Videos by episode and camera, and tables by episode, where each folder is an episode.

    It is one where each folder has a single table, not called as a video of it is, which would be
    a recording of its own. Without tables the folders are numbered and the videos in them are
    not; `outside` are the names of tables beside the folders, which name episodes.
    """
    inside: dict[str, dict[str, str]] = {}
    for file in sorted(films, key=_counted):
        folder, _, name = file.partition("/")
        inside.setdefault(folder, {})[name.rpartition(".")[0]] = file
    stems = {stem for videos in inside.values() for stem in videos}
    beside: dict[str, list[str]] = {folder: [] for folder in inside}
    for table in tables:
        folder, _, name = table.partition("/")
        if folder in inside and name.rpartition(".")[0] not in stems:
            beside[folder].append(table)
    counts = {len(found) for found in beside.values()}
    unsaid = not tables and not stems & outside
    numbered = all(NUMBERED.fullmatch(folder) for folder in inside)
    if counts != {1} and not (unsaid and numbered and not any(map(NUMBERED.fullmatch, stems))):
        return None
    videos = {
        folder: {clean_name(stem) if len(stems) > 1 else "": file for stem, file in found.items()}
        for folder, found in inside.items()
    }
    return videos, {folder: found[0] for folder, found in beside.items() if found}


def _named(file: str, tables: dict[str, str]) -> tuple[str, str]:
    """The episode and the camera that a video's name says."""
    folder, _, name = file.rpartition("/")
    stem = name.rpartition(".")[0]
    if folder or stem in tables:
        return stem, folder
    episode, _, camera = stem.rpartition(".")
    if episode in tables:
        return episode, camera
    found = CAMERA.fullmatch(stem)
    return (found[1], found[2]) if found else (stem, "")


def _counted(name: str) -> list[tuple[bool, int, str]]:
    """A key by which take_2 comes before take_10."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
