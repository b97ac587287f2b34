"""LeRobotDataset v3.0: many episodes a parquet file, many episodes a video.

    meta/info.json             features, fps, path templates
    meta/tasks.parquet         the tasks in words and their `task_index`
    meta/episodes/**.parquet   an episode a row: its rows in a data file, its seconds of a video
    data/**.parquet            a row a frame
    videos/<camera>/**.mp4     the pictures of the same rows

Documentation: https://huggingface.co/docs/lerobot/lerobot-dataset-v3
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.lerobot.info import INFO, fill
from wmpc.wm.recordings.formats.lerobot.reader import Clip, LeRobot
from wmpc.wm.recordings.formats.lerobot.tables import numbers
from wmpc.wm.recordings.io.files import Place, damage
from wmpc.wm.recordings.rate import RATE_TOLERANCE

TASKS = "meta/tasks.parquet"
WORDS = ("__index_level_0__", "task")
INDICES = (
    "episode_index",
    "length",
    "data/chunk_index",
    "data/file_index",
    "dataset_from_index",
    "dataset_to_index",
)


class LeRobotV3(LeRobot):
    """A folder with `meta/info.json` of `codebase_version` v3.x."""

    format: ClassVar[str] = "lerobot"
    major: ClassVar[str] = "v3"

    @classmethod
    def _is_like(cls, place: Place) -> bool:
        return place.exists(INFO)

    def _read_episodes(self) -> Sequence[int]:
        files = self.place.glob("meta/episodes/**/*.parquet")
        if not files and self.info.total_episodes:
            raise WmpcError(f"{self.path} is incomplete: it has no meta/episodes/**/*.parquet")
        cameras = [r.key for r in self._recorded.values() if r.kind == "video"]
        kinds = dict.fromkeys(INDICES, "int64")
        for key in cameras:
            kinds |= {f"videos/{key}/{part}": "int64" for part in ("chunk_index", "file_index")}
            kinds[f"videos/{key}/from_timestamp"] = kinds[f"videos/{key}/to_timestamp"] = "float64"
        parts = {key: [np.zeros(0, kind)] for key, kind in kinds.items()}
        for file in files:
            table = self.tables.whole(file, kinds.__contains__)
            for key, kind in kinds.items():
                if key not in table.column_names:
                    raise WmpcError(f"{self.place.name(file)} lacks column {key!r}")
                what = f"column {key!r} of {self.place.name(file)}"
                with damage(what):
                    parts[key].append(numbers(table.column(key), (), kind, what))
        found = {key: np.concatenate(arrays) for key, arrays in parts.items()}
        order = np.argsort(found["episode_index"], kind="stable")
        self._episodes = {key: array[order] for key, array in found.items()}
        self._check_episodes()
        return self._episodes["length"].tolist()

    def _check_episodes(self) -> None:
        """WmpcError where the rows of meta/episodes do not agree among themselves."""
        at = self._episodes
        n = len(at["length"])
        first, end = at["dataset_from_index"], at["dataset_to_index"]
        faults = {
            "episode_index is not 0, 1, 2, ...": at["episode_index"] != np.arange(n),
            "it has no rows": at["length"] < 1,
            "dataset_to_index - dataset_from_index is not its length": end - first != at["length"],
            "an index is negative": np.min([at[key] for key in INDICES], axis=0, initial=0) < 0,
        }
        for key in dict.fromkeys(name.split("/")[1] for name in at if name.startswith("videos/")):
            start, stop = at[f"videos/{key}/from_timestamp"], at[f"videos/{key}/to_timestamp"]
            room = (at["length"] - 1.25) / self.info.fps * (1 - RATE_TOLERANCE)
            good = (start >= 0) & (stop - start >= room) & np.isfinite(start)
            self._timeless[key] = {
                index: f"meta/episodes says that the video of {key} has no time for its frames in "
                f"episode {index}"
                for index in np.flatnonzero(~good).tolist()
            }
        for fault, where in faults.items():
            if where.any():
                raise WmpcError(
                    f"meta/episodes of {self.path} is damaged at episode "
                    f"{int(np.flatnonzero(where)[0])}: {fault}"
                )
        pairs = np.stack([at["data/chunk_index"], at["data/file_index"]], 1)
        _, which = np.unique(pairs, axis=0, return_inverse=True)
        base = np.full(which.max(initial=-1) + 1, np.iinfo(np.int64).max)
        np.minimum.at(base, which.reshape(-1), first)
        self._first = first - base[which.reshape(-1)]

    def _rows(self, index: int) -> tuple[str, int]:
        at = self._episodes
        values = {
            "chunk_index": int(at["data/chunk_index"][index]),
            "file_index": int(at["data/file_index"][index]),
        }
        return fill(self.info.data_path, values, "data_path"), int(self._first[index])

    def _stop(self, index: int, start: int) -> int | None:
        return start + int(self._episodes["length"][index])

    def _clip(self, index: int, key: str) -> Clip:
        at = {part: self._episodes[f"videos/{key}/{part}"][index] for part in
              ("chunk_index", "file_index", "from_timestamp")}  # fmt: skip
        values: dict[str, int | str] = {
            "video_key": key,
            "chunk_index": int(at["chunk_index"]),
            "file_index": int(at["file_index"]),
        }
        return Clip(self._video(values), float(at["from_timestamp"]))

    def _read_tasks(self) -> list[str]:
        table = self.tables.whole(TASKS)
        what = f"{self.place.name(TASKS)}"
        names = [name for name in table.column_names if name != "task_index"]
        # The words are the index of a pandas table; others may have put columns beside them.
        words = next((name for name in WORDS if name in names), names[0] if names else "")
        if not words or "task_index" not in table.column_names:
            raise WmpcError(f"{what} is damaged: it should have the tasks and their task_index")
        with damage(what):
            order = numbers(table.column("task_index"), (), "int64", what)
            if sorted(order.tolist()) != list(range(len(order))):
                raise WmpcError(f"{what} is damaged: its task_index is not 0, 1, 2, ...")
            tasks = table.column(words).to_pylist()
            return [str(tasks[row]) for row in np.argsort(order)]
