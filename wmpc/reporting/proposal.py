"""The command that would import a recording, with the columns that it has, to be pasted."""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from wmpc.wm.recordings.doctor.clock import is_clock
from wmpc.wm.recordings.formats import Source
from wmpc.wm.recordings.roles import Roles

COMMANDS = set(
    [
        "cmd",
        "command",
        "commands",
        "commanded",
        "control",
        "ctrl",
        "act",
        "action",
        "u",
        "des",
        "desired",
        "setpoint",
        "target",
        "ref",
        "v",
        "vx",
        "vy",
        "vz",
        "w",
        "wx",
        "wy",
        "wz",
        "omega",
        "throttle",
        "steer",
        "steering",
        "thrust",
    ]
)
JOINTS = set(
    [
        "q",
        "qd",
        "dq",
        "qpos",
        "qvel",
        "joint",
        "joints",
        "j",
        "pos",
        "position",
        "angle",
        "theta",
        "enc",
        "encoder",
        "ee",
        "eef",
        "tcp",
        "x",
        "y",
        "z",
        "roll",
        "pitch",
        "yaw",
        "state",
        "gripper",
        "measured",
        "actual",
        "effort",
        "torque",
        "tau",
    ]
)
"""Words of names by which columns look like commands, and like what a robot feels."""
PLAIN = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
RESERVED = {"null", "true", "false", "nan", "inf"}
"""Names that hydra would not read as such."""


def looks_like(name: str) -> str | None:
    """Guess from its name what a column of numbers is.

    Args:
        name: of the column.

    Returns:
        "actions" or "proprio"; None where the name says neither.
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    words = [re.sub(r"\d+$", "", word) for word in re.split(r"[^a-zA-Z0-9]+", apart.lower())]
    if {"measured", "actual", "state"} & {*words}:
        return "proprio"
    if COMMANDS & {*words}:
        return "actions"
    return "proprio" if JOINTS & {*words} else None


def propose_import(source: Source, roles: Roles) -> Iterator[str]:
    """Propose the command that imports a recording of another format.

    Args:
        source: the recording.
        roles: as it was opened.

    Yields:
        The command, then sentences on what was guessed for it.
    """
    found: dict[str | None, list[str]] = {"actions": [], "proprio": [], None: []}
    for name, column in source.columns.items():
        vector = column.rows in ("frames", "steps") and len(column.shape) < 2
        if name in source.cameras or name in ("action", "proprio", "state") or is_clock(name):
            continue
        if vector and column.dtype.kind in "biuf":
            kind = looks_like(name)
            found[None if kind == "proprio" and column.rows == "steps" else kind].append(name)
    for key, own in (("actions", "action"), ("proprio", "proprio")):
        if own in source.columns:
            found[None] += found[key]
            found[key] = []
    name = re.sub(r"[^\w.-]", "_", Path(source.path.rstrip("/")).stem.strip()) or "recording"
    words = [source.path, f"data=data/{name}"]
    words += [f"{key}={_list(found[key])}" for key in ("actions", "proprio") if found[key]]
    if roles.time is not None:
        words.append(f"time={_quoted(roles.time)}")
    if roles.gap_s != Roles.gap_s:
        words.append(f"gap_s={roles.gap_s:g}")
    if source.about.fps is None:
        words.append("recorded_fps=30")
    yield "wmpc data import " + " ".join(map(_shell, words))
    for key, what in (("actions", "commands"), ("proprio", "joints")):
        if found[key]:
            yield f"By name alone, these look like {what}: {', '.join(found[key])}."
    if found["actions"] or found["proprio"]:
        yield "Correct the lists; units are not known, and numbers are kept as they are."
    if "action" not in source.columns and not found["actions"] and found[None]:
        rest = ", ".join(found[None])
        yield f"No column looks like commands: actions=[...] names them, of {rest}."
    elif found[None]:
        yield f"Columns kept beside them: {', '.join(found[None])}."
    if source.about.fps is None:
        yield "Its frames a second are not recorded: put the right number for 30."


def _list(names: Sequence[str]) -> str:
    return f"[{','.join(map(_quoted, names))}]"


def _quoted(name: str) -> str:
    """A name as hydra reads it."""
    if PLAIN.fullmatch(name) and name.lower() not in RESERVED:
        return name
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _shell(word: str) -> str:
    """A word as a shell reads it, in double quotes where that will do, as on our pages."""
    if re.fullmatch(r"[\w@%+=:,./\[\]' ~-]+", word) and not re.fullmatch(r"[\w@%+=:,./-]+", word):
        return f'"{word}"' if not word.startswith("~") else shlex.quote(word)
    return shlex.quote(word)
