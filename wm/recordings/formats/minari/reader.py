"""Minari datasets, HDF5, Arrow and Parquet, read without Minari.

    NAME/data/metadata.json     spaces, env_spec, ...
    NAME/data/main_data.hdf5    or NAME/data/<episode>/part-0.arrow

Source: https://minari.farama.org/content/dataset_standards, and Minari 0.3 to 0.5.4.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column, is_camera
from wmpc.wm.recordings.fitting import Form, Forms
from wmpc.wm.recordings.formats.minari.actions import joined
from wmpc.wm.recordings.formats.minari.arrow import ArrowFiles
from wmpc.wm.recordings.formats.minari.columns import (
    Planned,
    leaf_of,
    misfit,
    numbers,
    observations,
    pictures,
    told,
)
from wmpc.wm.recordings.formats.minari.files import HDF5Files
from wmpc.wm.recordings.formats.minari.spaces import Leaf, Path, parse
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.files import Place, closed_on_error, damage
from wmpc.wm.recordings.naming import clean_name
from wmpc.wm.recordings.source import About, Source

MAIN, META = "main_data.hdf5", "metadata.json"
META_BYTES = 2**28
"""Its spaces state the bounds of every pixel."""
STEPS = {"rewards": "reward", "terminations": "terminated", "truncations": "truncated"}


class Minari(Source):
    """A folder that Minari wrote, or the folder `data` inside it."""

    format = "minari"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        place = Place(path)
        inside = _inside(place)
        if inside is None:
            raise WmpcError(
                f"{path} is no Minari dataset: it has no data/{META} and no data/{MAIN}"
            )
        self.metadata: Mapping[str, Any] = {}
        if place.exists(inside + META):
            self.metadata = _metadata(place, inside + META)
        self.files = _files(place, inside, self.metadata.get("data_format", "hdf5"))
        with closed_on_error(self):
            self._open(path)

    def _open(self, path: str) -> None:
        if not self.metadata and isinstance(self.files, HDF5Files):
            self.metadata = self.files.root()
        if not self.files.ids:
            raise WmpcError(f"{path} holds no episode: record some first")
        self.recorded: Mapping[str, Any] = self.metadata.get("wmpc") or {}
        """What our export states beside what Minari does; empty in other datasets."""
        with damage(f"{path}: what it states of itself"):
            self._describe()
        self._measure_all()

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        return _inside(place) is not None

    @classmethod
    def _is_like(cls, place: Place) -> bool:
        return any(place.exists(inside + META) for inside in ("data/", ""))

    def close(self) -> None:
        """Close the files."""
        self.files.close()

    def _describe(self) -> None:
        """Plan the columns, from the spaces or else from the arrays of the first episode."""
        first = self._first()
        spec = self.metadata.get("env_spec")
        spec = (json.loads(spec) if isinstance(spec, str) else spec) or {}
        env = {"id": spec["id"], "kwargs": spec.get("kwargs") or {}} if "id" in spec else {}
        stated = env.get("kwargs", {}).get("render_fps")
        fps = stated or (spec.get("metadata") or {}).get("render_fps")
        spaces = {key: self._space(key, first) for key in ("observation", "action")}
        seen = [told(leaf, first) for leaf in spaces["observation"]]
        self.planned, notes = observations(seen, str(env.get("id")).startswith("wmpc/"))
        self.action = joined(spaces["action"])
        left = {
            f"observation/{clean_name('/'.join(leaf.path))}".rstrip("/_"): "text cannot be a column"
            for leaf in spaces["observation"]
            if leaf.dtype is None
        }
        self.about = About(
            fps=float(fps) if fps else None,
            env=env,
            action_low=self.action.low,
            action_high=self.action.high,
            names={"action": self.action.names} if self.action.names else {},
            notes=(*notes, *self.action.notes),
            left_out=left,
        )
        self.m = 1
        if self.recorded:
            self._restore()
        else:
            self.planned += [
                Planned(name, (key,), "steps", leaf_of(first[key,]))
                for key, name in STEPS.items()
                if (key,) in first and first[key,].dtype is not None
            ]

    def _space(self, key: str, arrays: Mapping[Path, Array]) -> list[Leaf]:
        if f"{key}_space" in self.metadata:
            return parse(self.metadata[f"{key}_space"], f"{key}_space of {self.path}")
        return [
            replace(leaf_of(array), path=path[1:])
            for path, array in arrays.items()
            if path[0] == f"{key}s"
        ]

    def _restore(self) -> None:
        """Columns, names and settings as this project's exporter wrote them."""
        recorded, leaves = self.recorded, {planned.path: planned.leaf for planned in self.planned}
        self.planned = []
        for name, column in recorded["columns"].items():
            path = tuple(column["path"])
            if name == "action":
                continue
            leaf = leaves.get(path) or Leaf(
                path, "array", np.dtype(column["dtype"]), tuple(column["shape"])
            )
            self.planned.append(Planned(name, path, column["rows"], leaf))
        self.m = int(recorded["m"])
        if self.action.size % self.m or self.m < 1:
            raise WmpcError(f"actions of size {self.action.size} are no {self.m} actions")
        self.about = replace(
            self.about,
            fps=float(recorded["fps"]),
            env={"id": recorded["env"], "kwargs": recorded["kwargs"]},
            action_low=recorded["action_low"],
            action_high=recorded["action_high"],
            names={},
            notes=(),
        )

    def _first(self) -> dict[Path, Array]:
        """The arrays of the first episode that has any."""
        for number in self.files.ids[:-1]:
            try:
                if arrays := self.files.arrays(number):
                    return arrays
            except WmpcError:
                continue
        return self.files.arrays(self.files.ids[-1])

    def _measure_all(self) -> None:
        """Measure each episode, and find what else they hold; WmpcError where none is sound."""
        forms, known = Forms(), {planned.path for planned in self.planned}
        unfit: dict[str, dict[int, str]] = {}

        def look(index: int) -> int:
            number = self.files.ids[index]
            arrays = self.files.arrays(number)
            steps, troubles = self._measure(number, arrays)
            for name, why in troubles.items():
                unfit.setdefault(name, {})[index] = why
            others = {
                "/".join(path): _form(array, steps)
                for path, array in arrays.items()
                if path[0] not in ("observations", "actions", *STEPS) and path not in known
            }
            forms.add(index, f"episode {number}", others)
            return steps

        self._survey(len(self.files.ids), look)
        left = {clean_name(key): why for key, why in forms.never().items()}
        taken, odd = {planned.name for planned in self.planned}, forms.unfit()
        for key, (shape, dtype, rows) in forms.usual().items():
            path, name = tuple(key.split("/")), clean_name(key)
            if name in taken:
                left[name] = "is called as another column"
                continue
            self.planned.append(Planned(name, path, rows, Leaf(path, "array", dtype, shape)))
            if key in odd:
                unfit[name] = odd[key]
        self.about = replace(self.about, left_out={**self.about.left_out, **left})
        self.columns = {p.name: Column(p.name, p.dtype, p.shape, p.rows) for p in self.planned}
        shape = (self.m, self.action.size // self.m)
        self.columns["action"] = Column("action", np.dtype(np.float32), shape, "steps")
        self.unfit = unfit
        self.settle()

    def _measure(self, number: int, arrays: Mapping[Path, Array]) -> tuple[int, dict[str, str]]:
        """T of an episode, and why columns do not fit it; WmpcError where its actions do not."""
        what = f"episode {number} of {self.path}"
        if lacking := [path for path in self.action.paths if path not in arrays]:
            raise WmpcError(f"{what} lacks {'/'.join(lacking[0])}")
        padding = int(self.files.padded)
        steps = len(arrays[self.action.paths[0]]) - padding
        stated = self.files.stated(number).get("total_steps", steps)
        if stated != steps or steps < 1:
            raise WmpcError(f"{what} has {steps} actions; it states {stated} steps")
        for leaf, path in zip(self.action.leaves, self.action.paths, strict=True):
            if why := misfit(leaf, arrays[path], steps + padding):
                raise WmpcError(f"{'/'.join(path)} of {what} {why}")
        unfit = {}
        for planned in self.planned:
            if planned.path in arrays:
                frames = planned.path[0] == "observations" or planned.rows == "frames"
                rows = steps + (1 if frames else padding)
                why = misfit(planned.leaf, arrays[planned.path], rows)
            else:
                why = None if planned.rows == "episode" else "is lacking"
            if why:
                unfit[planned.name] = f"{'/'.join(planned.path)} {why} in episode {number}"
        return steps, unfit

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        number, steps = self.files.ids[index], int(self.lengths[index])
        arrays = self.files.arrays(number)
        if self._measure(number, arrays)[0] != steps:
            raise WmpcError(f"episode {number} of {self.path} has changed since it was opened")
        planned = {each.name: each for each in self.planned}
        return {
            name: self.action.read(arrays, steps).reshape(steps, self.m, -1)
            if name == "action"
            else self._column(planned[name], number, arrays, steps)
            for name in names
        }

    def _column(
        self, planned: Planned, number: int, arrays: Mapping[Path, Array], steps: int
    ) -> Any:
        if planned.path not in arrays:
            what = f"{planned.name} of episode {number} of {self.path}"
            with damage(what):
                value = self.files.stated(number)[planned.name]
                return np.asarray(value, planned.dtype).reshape(planned.shape)
        array = arrays[planned.path]
        if is_camera(planned.name):
            return pictures(array, planned.leaf)
        rows = steps if planned.rows == "steps" else None
        values = numbers(array, planned.leaf, planned.dtype, rows)
        if planned.rows == "episode":
            if (values != values[0]).any():
                raise WmpcError(f"{array.what} changes during the episode; it should not")
            return values[0]
        return values.reshape(len(values), *planned.shape)


def _inside(place: Place) -> str | None:
    """The folder inside `place` that holds the data, "" or "data/"; None where there is none."""
    for inside in ("data/", ""):
        if place.exists(inside + MAIN):
            return inside
        if (
            place.exists(inside + META)
            and {"data_format", "action_space"} & _metadata(place, inside + META).keys()
        ):
            return inside
    return None


def _metadata(place: Place, name: str) -> dict[str, Any]:
    with damage(place.name(name)):
        stated = json.loads(place.read(name, META_BYTES))
    if not isinstance(stated, dict):
        raise WmpcError(f"{place.name(name)} is damaged: it holds no JSON object")
    return stated


def _form(array: Array, steps: int) -> Form | str:
    """What a column that no space describes holds, or why it is none."""
    rows = {steps: "steps", steps + 1: "frames"}.get(len(array))
    if array.dtype is None or rows is None:
        return "holds no row of numbers a frame"
    return array.shape[1:], array.dtype, rows


def _files(place: Place, inside: str, kind: Any) -> HDF5Files | ArrowFiles:
    if kind == "hdf5":
        return HDF5Files(place, inside + MAIN)
    if kind in ("arrow", "parquet"):
        return ArrowFiles(place, inside, kind)
    raise WmpcError(f"{place.path} has data_format {kind!r}; wmpc reads hdf5, arrow and parquet")
