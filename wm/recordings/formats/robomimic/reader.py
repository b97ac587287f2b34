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
from wmpc.wm.recordings.io.array import fitting_arrays
from wmpc.wm.recordings.io.files import Place, damage
from wmpc.wm.recordings.io.flat import Followed
from wmpc.wm.recordings.io.hdf5_array import HDF5Array
from wmpc.wm.recordings.io.hdf5_source import HDF5Source
from wmpc.wm.recordings.io.pictures import Layout, picture_layout
from wmpc.wm.recordings.naming import clean_name
from wmpc.wm.recordings.source import About

PROPRIO = ("robot0_eef_pos", "robot0_eef_quat", "robot0_gripper_qpos")
"""The vectors among robomimic's default observations (robomimic/config/base_config.py)."""
DEMO = re.compile(r"demo_(\d+)")
STATES = "states"

Demo = dict[str, HDF5Array]


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
        self.forms, self.follows = Forms(), True
        self._survey(len(self.demos), self._look)
        usual = self.forms.usual()
        self._plan(usual)
        self.lengths = np.maximum(self.lengths - (not self.follows), 0)
        for index in np.flatnonzero(self.lengths < 1).tolist():
            what = f"{self.demos[index]} of {path}"
            self.unreadable.setdefault(index, f"{what} has no step from one observation to another")
        self._refuse_unreadable()
        self._describe(usual)
        self._fit()

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        def test(file: hdf5.File) -> bool:
            return "data" in file and any(DEMO.fullmatch(str(name)) for name in file["data"])

        return hdf5.probe(place, test)

    def _arrays(self, name: str) -> Demo:
        what = f"{name} of {self.path}"
        return hdf5.arrays(hdf5.member(self.data, name, what), what)

    def _look(self, index: int) -> int:
        """N of a demo, whose arrays are taken in; WmpcError where it cannot be read."""
        name = self.demos[index]
        demo, what = self._arrays(name), f"{name} of {self.path}"
        if "actions" not in demo:
            raise WmpcError(f"{what} lacks actions")
        rows = len(demo["actions"])
        stated = hdf5.attribute(hdf5.member(self.data, name, what), "num_samples", what)
        if stated is not None and stated != rows:
            raise WmpcError(f"{what} states {stated} samples and has {rows} actions")
        seen = {key: array for key, array in demo.items() if not key.startswith("next_obs/")}
        columns, reasons = fitting_arrays(seen, rows, "actions", ())
        forms = {key: (array.shape[1:], array.numbers, "steps") for key, array in columns.items()}
        self.forms.add(index, name, {**forms, **reasons})
        self.follows = self.follows and self._is_followed(index, demo)
        return rows

    def _plan(self, usual: Mapping[str, Form]) -> None:
        """Which dataset becomes which column."""
        self.cameras_of: dict[str, Layout] = {}
        for key, form in usual.items():
            layout = picture_layout(*form[:2]) if key.startswith("obs/") else None
            if layout is not None and (layout.kind == "colours" or "image" in key):
                self.cameras_of[key] = layout
        self.proprio = [f"obs/{key}" for key in PROPRIO if f"obs/{key}" in usual]
        names = {"actions": "action", "rewards": "reward"}
        for key in self.cameras_of:
            camera = key.removeprefix("obs/").removesuffix("_image").replace("/", "_")
            names[key] = "pixels" if len(self.cameras_of) == 1 else clean_name(f"pixels/{camera}")
        self.keys = {
            names.get(key) or clean_name(key): key for key in usual if key not in self.proprio
        }
        self.left_out |= {clean_name(key): why for key, why in self.forms.never().items()}
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

    def _is_followed(self, index: int, demo: Demo) -> bool:
        """Whether the `next_obs` of a demo are there and the shortest is what follows its `obs`."""
        keys = [key for key in demo if key.startswith("obs/")]
        keys = [key for key in keys if not isinstance(self.forms.found[key][index], str)]
        if not keys or any(f"next_{key}" not in demo for key in keys):
            return False
        for key in keys:
            then, now = demo[f"next_{key}"], demo[key]
            if then.shape != now.shape or then.dtype != now.dtype:
                return False
            then.check()
        key = min(keys, key=lambda key: demo[key].row_bytes)
        now, then, rows = demo[key], demo[f"next_{key}"], len(demo[key])
        # Pictures, where there is nothing else: the last pair will do.
        first = max(0, rows - 2) if len(now.shape) > 2 else 0
        seen, follows = now.read(min(first + 1, rows)), then.read(first, max(first, rows - 1))
        return np.array_equal(seen, follows, equal_nan=seen.dtype.kind == "f")

    def _describe(self, usual: Mapping[str, Form]) -> None:
        notes = []
        columns = {}
        for name, key in self.keys.items():
            shape, dtype, _ = usual[key]
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
        for key, array in hdf5.arrays(hdf5.member(self.file, "mask", self.path), "mask").items():
            array.check()
            with damage(f"mask/{key} of {self.path}"):
                rows = array.dataset[:]
                named = [name.decode() if isinstance(name, bytes) else name for name in rows]
            if unknown := [name for name in named if name not in numbers]:
                self.left_out[f"mask/{key}"] = f"names {unknown[0]!r}, which data does not hold"
                continue
            splits[key] = sorted(numbers[name] for name in named)
        return splits

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        demo = self._arrays(self.demos[index])
        return {name: self._part(name, index, demo) for name in names}

    def _part(self, name: str, index: int, demo: Demo) -> Any:
        if name == "proprio":
            parts = [self._observed(key, demo) for key in self.proprio]
            flat = [part.reshape(len(part), -1) for part in parts]
            return np.concatenate(flat, axis=1, dtype=np.float32, casting="same_kind")
        key, column = self.keys[name], self.columns[name]
        if key in self.cameras_of:
            rows = len(demo[key])
            frames = demo[key].frames(0, rows)
            return (
                Followed(frames, demo[f"next_{key}"].frames(rows - 1, rows))
                if self.follows
                else frames
            )
        if key.startswith("obs/"):
            return self._observed(key, demo)
        rows = int(self.lengths[index]) + (column.rows == "frames")
        return demo[key].read(0, rows).astype(column.dtype, copy=False).reshape(rows, *column.shape)

    def _observed(self, key: str, demo: Demo) -> np.ndarray:
        """The T+1 rows of an observation."""
        values = demo[key].read()
        if not self.follows:
            return values
        return np.concatenate([values, demo[f"next_{key}"].read(len(values) - 1)])
