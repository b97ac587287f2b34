"""This project's own datasets, as a recording among others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.system.json_file import JSON_BYTES, read_bytes
from wmpc.wm.data.format import ENDS, FORMAT, META
from wmpc.wm.data.reader import open_episodes
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.source import About, Source


class Native(Source):
    """A folder that `EpisodeWriter` wrote; see `wmpc.wm.data.format`."""

    format = "native"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.episodes = open_episodes(Path(path))
        meta = self.episodes.meta
        self.columns, self.lengths = self.episodes.columns, self.episodes.lengths
        self.about = About(
            fps=meta["fps"],
            env={"id": meta["env"], "kwargs": meta["kwargs"]},
            action_low=meta["action_low"],
            action_high=meta["action_high"],
        )

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        folder = Path(place.path)
        stated = FORMAT.encode() in read_bytes(folder / META, JSON_BYTES)
        return stated or (folder / ENDS).is_file()  # then a damaged meta.json is what is wrong

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        episode = self.episodes.episode(index)
        return {name: np.asarray(episode[name]) for name in names}
