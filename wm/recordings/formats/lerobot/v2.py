"""LeRobotDataset v2.0 and v2.1: one parquet file an episode, and one video a camera.

    meta/info.json           features, fps, path templates
    meta/tasks.jsonl         {"task_index": 0, "task": "..."}
    meta/episodes.jsonl      {"episode_index": 0, "tasks": [...], "length": 100}
    data/chunk-000/episode_000000.parquet
    videos/chunk-000/<camera>/episode_000000.mp4

Documentation: `lerobot/common/datasets/lerobot_dataset.py` of lerobot 0.1 to 0.3.
"""

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.lerobot.info import fill
from wmpc.wm.recordings.formats.lerobot.reader import Clip, LeRobot


class LeRobotV2(LeRobot):
    """A folder with `meta/info.json` of `codebase_version` v2.x."""

    format: ClassVar[str] = "lerobot-v2"
    major: ClassVar[str] = "v2"

    def _read_episodes(self) -> Sequence[int]:
        lines = self._lines("meta/episodes.jsonl", "episode_index")
        lengths = []
        for index, line in enumerate(lines):
            length = line.get("length")
            if not isinstance(length, int) or not 1 <= length < 2**40:
                raise WmpcError(
                    f"meta/episodes.jsonl of {self.path} is damaged: episode {index} has "
                    f"length {length!r}"
                )
            lengths.append(length)
        return lengths

    def _read_tasks(self) -> list[str]:
        return [str(line.get("task")) for line in self._lines("meta/tasks.jsonl", "task_index")]

    def _rows(self, index: int) -> tuple[str, int]:
        return fill(self.info.data_path, self._fields(index), "data_path"), 0

    def _stop(self, index: int, start: int) -> int | None:
        return None

    def _clip(self, index: int, key: str) -> Clip:
        return Clip(self._video({**self._fields(index), "video_key": key}), 0.0)

    def _fields(self, index: int) -> dict[str, int | str]:
        return {"episode_chunk": index // self.info.chunks_size, "episode_index": index}

    def _lines(self, file: str, key: str) -> list[dict[str, Any]]:
        """The objects of a JSON lines file, whose `key` is 0, 1, 2, ... in some order."""
        name, lines = self.place.name(file), []
        try:
            for text in self.place.read(file).splitlines():
                if text.strip():
                    lines.append(json.loads(text))
            lines.sort(key=lambda line: line[key])
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise WmpcError(f"{name} is damaged: {' '.join(str(error).split())[:100]}") from None
        if [line[key] for line in lines] != list(range(len(lines))):
            raise WmpcError(f"{name} is damaged: its {key} is not 0, 1, 2, ...")
        return lines
