"""robomimic's HDF5 files.

    data                      attributes env_args (JSON), total
    data/demo_0, demo_1, ...  attribute num_samples; ordered by their numbers
        actions (N, A), rewards (N,), dones (N,), states (N, S), obs/KEY (N, ...), next_obs/KEY
    mask/FILTER               names of demos

With `next_obs` an episode has T = N steps and N+1 frames, the last one from `next_obs`; without, or
where `next_obs` is not what follows, T = N-1 and the last action leads nowhere.
Source: https://robomimic.github.io/docs/datasets/overview.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.fitting import Form, Forms
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import damage
from wmpc.wm.recordings.io.flat import Followed
from wmpc.wm.recordings.io.hdf5 import DatasetFrames
from wmpc.wm.recordings.io.hdf5_source import HDF5Source
from wmpc.wm.recordings.io.pictures import Layout, picture_layout
from wmpc.wm.recordings.source import About

PROPRIO = ("robot0_eef_pos", "robot0_eef_quat", "robot0_gripper_qpos")
"""The vectors among robomimic's default observations (robomimic/config/base_config.py)."""
DEMO = re.compile(r"demo_(\d+)")
STATES = "states"

Demo = dict[str, hdf5.Dataset]


class Robomimic(HDF5Source):
    """One HDF5 file."""

    format = "robomimic"

    def _open(self) -> None:
        path = self.path
        self.data = hdf5.member(self.file, "data", path)
        with damage(path):
            names = [name for name in self.data if isinstance(name, str)]  # else not UTF-8
        self.demos = sorted(filter(DEMO.fullmatch, names), key=lambda name: int(name[5:]))
        if not self.demos:
            raise WmpcError(f"{path} holds no demo_0, demo_1, ... in data: no episode")
        self.left_out = {f"data/{name}": "is no demo" for name in names if name not in self.demos}
        self.forms, rows, self.follows = Forms(), [0] * len(self.demos), True
        for index, name in enumerate(self.demos):
            try:
                demo = self._datasets(name)
                rows[index] = self._survey(index, name, demo)
                self.follows = self.follows and self._is_followed(name, demo)
            except WmpcError as error:
                self.unreadable[index] = str(error)
        if len(self.unreadable) == len(self.demos):
            raise WmpcError(next(iter(self.unreadable.values())))
        usual = self.forms.usual()
        self._plan(usual)
        self.lengths = np.array(rows, np.int64) - (not self.follows)
        for index in np.flatnonzero(self.lengths < 1).tolist():
            self.lengths[index] = 0
            what = f"{self.demos[index]} of {path}"
            self.unreadable.setdefault(index, f"{what} has no step from one observation to another")
        if len(self.unreadable) == len(self.demos):
            raise WmpcError(next(iter(self.unreadable.values())))
        self._describe(usual)
        self._fit()

    @staticmethod
    def recognises(path: str) -> bool:
        def test(file: hdf5.File) -> bool:
            return "data" in file and any(DEMO.fullmatch(str(name)) for name in file["data"])

        return hdf5.probe(path, test)

    def _datasets(self, name: str) -> Demo:
        what = f"{name} of {self.path}"
        return hdf5.datasets(hdf5.member(self.data, name, what), what)

    def _survey(self, index: int, name: str, demo: Demo) -> int:
        """N of a demo, whose datasets are taken in; WmpcError where it cannot be read."""
        what = f"{name} of {self.path}"
        if "actions" not in demo:
            raise WmpcError(f"{what} lacks actions")
        rows = len(demo["actions"]) if demo["actions"].shape else 0
        stated = hdf5.attribute(hdf5.member(self.data, name, what), "num_samples", what)
        if stated is not None and stated != rows:
            raise WmpcError(f"{what} states {stated} samples and has {rows} actions")
        forms: dict[str, Form | str] = {}
        for key, dataset in demo.items():
            if key.startswith("next_obs/"):
                continue
            why = hdf5.misfit(dataset, rows, "actions")
            if why is None:
                hdf5.check(dataset, f"{key} of {what}", rows)
            forms[key] = why or (tuple(dataset.shape[1:]), hdf5.plain_dtype(dataset))
        self.forms.add(index, name, forms)
        return rows

    def _plan(self, usual: Mapping[str, Form]) -> None:
        """Which dataset becomes which column."""
        self.cameras_of: dict[str, Layout] = {}
        for key, form in usual.items():
            layout = picture_layout(*form) if key.startswith("obs/") else None
            if layout is not None and (layout.kind == "colours" or "image" in key):
                self.cameras_of[key] = layout
        self.proprio = [f"obs/{key}" for key in PROPRIO if f"obs/{key}" in usual]
        names = {"actions": "action", "rewards": "reward"}
        for key in self.cameras_of:
            camera = _clean(key.removeprefix("obs/").removesuffix("_image")) or "_"
            names[key] = "pixels" if len(self.cameras_of) == 1 else f"pixels/{camera}"
        self.keys = {
            names.get(key) or _clean(key, "/"): key for key in usual if key not in self.proprio
        }
        self.left_out |= {_clean(key, "/"): why for key, why in self.forms.never().items()}
        if "action" not in self.keys:
            raise WmpcError(f"{self.demos[0]} of {self.path} lacks actions")

    def _fit(self) -> None:
        """Leave out what not every demo holds in the same form."""
        unfit = self.forms.unfit()
        self.unfit = {name: unfit[key] for name, key in self.keys.items() if key in unfit}
        felt: dict[int, str] = {}
        for key in self.proprio:
            felt |= unfit.get(key, {})
        if felt:
            self.unfit["proprio"] = felt
        self.settle()

    def _is_followed(self, name: str, demo: Demo) -> bool:
        """Whether the `next_obs` of a demo are there and the shortest is what follows its `obs`."""
        what = f"{name} of {self.path}"
        keys = [key for key, form in self._forms_of(name) if not isinstance(form, str)]
        keys = [key for key in keys if key.startswith("obs/")]
        if not keys or any(f"next_{key}" not in demo for key in keys):
            return False
        for key in keys:
            then, now = demo[f"next_{key}"], demo[key]
            if then.shape != now.shape or then.dtype != now.dtype:
                return False
            hdf5.check(then, f"next_{key} of {what}", len(now))
        key = min(keys, key=lambda key: np.prod(demo[key].shape[1:], dtype=float))
        now, then, rows = demo[key], demo[f"next_{key}"], len(demo[key])
        # Pictures, where there is nothing else: the last pair will do.
        first = max(0, rows - 2) if now.ndim > 2 else 0
        seen = hdf5.read(now, f"{key} of {what}", min(first + 1, rows))
        follows = hdf5.read(then, f"next_{key} of {what}", first, max(first, rows - 1))
        return np.array_equal(seen, follows, equal_nan=seen.dtype.kind == "f")

    def _forms_of(self, name: str) -> list[tuple[str, Form | str]]:
        index = self.demos.index(name)
        return [(key, by[index]) for key, by in self.forms.found.items() if index in by]

    def _describe(self, usual: Mapping[str, Form]) -> None:
        notes = []
        columns = {}
        for name, key in self.keys.items():
            shape, dtype = usual[key]
            frames = key.startswith("obs/") or (key == STATES and not self.follows)
            if key in self.cameras_of:
                shape = self.cameras_of[key].shape
                notes += [note] if (note := self.cameras_of[key].note(key)) else []
            if name == "action":
                if len(shape) > 1 or 0 in shape:
                    raise WmpcError(f"actions of {self.path} have rows of {shape}, not (A,)")
                shape, dtype = (1, *(shape or (1,))), np.dtype(np.float32)
            columns[name] = Column(name, dtype, shape, "frames" if frames else "steps")
        names = {}
        if self.proprio:
            parts = [(key[4:], int(np.prod(usual[key][0]))) for key in self.proprio]
            names["proprio"] = [f"{key}/{i}" for key, size in parts for i in range(size)]
            notes.append(f"proprio is {', '.join(key for key, _ in parts)}, as float32")
            shape = (len(names["proprio"]),)
            columns["proprio"] = Column("proprio", np.dtype(np.float32), shape, "frames")
        if not self.follows:
            notes.append("no next_obs that follows: the last action of each demo is left out")
        elif STATES in columns:
            notes.append("states has a row a step: that of the last frame is not recorded")
        self.columns = columns
        env, fps = self._environment()
        self.about = About(
            fps=fps,
            env=env,
            names=names,
            splits=self._splits(),
            notes=notes,
            left_out=self.left_out,
        )

    def _environment(self) -> tuple[Mapping[str, Any], float | None]:
        stated = hdf5.attribute(self.data, "env_args", f"data of {self.path}")
        if stated is None:
            return {}, None
        with damage(f"env_args of {self.path}"):
            stated = json.loads(stated)
            kwargs = dict(stated.get("env_kwargs") or {})
            fps = kwargs.get("control_freq")
            return {"id": str(stated["env_name"]), "kwargs": kwargs}, float(fps) if fps else None

    def _splits(self) -> dict[str, list[int]]:
        """Episodes of each filter, but those that name a demo that there is not."""
        if "mask" not in self.file:
            return {}
        numbers = {name: index for index, name in enumerate(self.demos)}
        splits = {}
        for key, dataset in hdf5.datasets(
            hdf5.member(self.file, "mask", self.path), "mask"
        ).items():
            what = f"mask/{key} of {self.path}"
            hdf5.check(dataset, what)
            with damage(what):
                named = [name.decode() if isinstance(name, bytes) else name for name in dataset[:]]
            if unknown := [name for name in named if name not in numbers]:
                self.left_out[f"mask/{key}"] = f"names {unknown[0]!r}, which data does not hold"
                continue
            splits[key] = sorted(numbers[name] for name in named)
        return splits

    def episode(self, index: int, columns: Sequence[str] | None = None) -> dict[str, Any]:
        chosen = self._chosen(index, columns)
        demo = self._datasets(self.demos[index])
        return {name: self._column(name, index, demo) for name in chosen}

    def _column(self, name: str, index: int, demo: Demo) -> Any:
        column, steps = self.columns[name], int(self.lengths[index])
        what = f"{self.demos[index]} of {self.path}"
        if name == "proprio":
            parts = [self._observed(key, demo, what) for key in self.proprio]
            flat = [part.reshape(len(part), -1) for part in parts]
            return np.concatenate(flat, axis=1, dtype=np.float32, casting="same_kind")
        key = self.keys[name]
        if key in self.cameras_of:
            rows = len(demo[key])
            frames = DatasetFrames(demo[key], f"{key} of {what}", 0, rows)
            if not self.follows:
                return frames
            last = DatasetFrames(demo[f"next_{key}"], f"next_{key} of {what}", rows - 1, rows)
            return Followed(frames, last)
        if key.startswith("obs/"):
            return self._observed(key, demo, what)
        rows = steps + 1 if column.rows == "frames" else steps
        values = hdf5.read(demo[key], f"{key} of {what}", 0, rows)
        return values.astype(column.dtype, copy=False).reshape(rows, *column.shape)

    def _observed(self, key: str, demo: Demo, what: str) -> np.ndarray:
        """The T+1 rows of an observation."""
        values = hdf5.read(demo[key], f"{key} of {what}")
        if not self.follows:
            return values
        last = hdf5.read(demo[f"next_{key}"], f"next_{key} of {what}", len(values) - 1)
        return np.concatenate([values, last])


def _clean(name: str, also: str = "") -> str:
    return re.sub(rf"[^\w{also}.-]", "_", name)
