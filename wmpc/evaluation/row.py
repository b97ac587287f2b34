"""What happened in one case of an evaluation."""

import base64
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from wmpc.errors import WmpcError


@dataclass(eq=False)
class Row:
    """What happened in one case. Distances are in tolerances (`Task.distance`)."""

    case: int
    episode: int
    start: str
    seed: int
    success: bool = False
    """At any simulator action within the budget, and nothing failed."""
    success_strict: bool | None = False
    """The same within half the tolerances; None where stopped at the first success."""
    success_end: bool | None = None
    """At the last action; None where stopped at the first success."""
    steps_to_success: int | None = None
    """Simulator actions until the first success."""
    steps: int = 0
    """Simulator actions executed."""
    waited: int = 0
    """How many of them repeated the last one, because the agent was deciding."""
    distance_start: float = 0.0
    distance_best: float = 0.0
    distance_end: float = 0.0
    errors_end: dict[str, float] = field(default_factory=dict)
    failure: str | None = None
    """Why the case failed: the agent raised or returned nonsense, or the simulation broke."""
    lead_in_drift: float = 0.0
    """Largest difference between the start state reached by the lead-in and the recorded one."""
    latencies_ms: list[float] = field(default_factory=list)
    """Of each decision: taking in the last observation, and acting."""
    overhead_ms: float = 0.0
    """Mean a decision of passing pictures and actions between this process and an agent's own;
    `latencies_ms` leave it out."""
    choices: list[list[Any]] = field(default_factory=list)
    """Of an agent with `choices`, such as agent=meta, for each decision how many simulator actions
    were executed and what it chose then."""
    held: int = 0
    """Longest run of consecutive simulator actions within tolerance, as far as the case went."""
    path_efficiency: float | None = None
    """Straight distance from the start to the first success over the length of the path to it, in
    `Task.coordinates`: 1 is straight. None where not reached."""
    states: list[np.ndarray] = field(default_factory=list)
    """The state (S,) at the start and after every simulator action; not part of `as_dict`."""
    successes: list[bool] = field(default_factory=list)
    """Success in each of `states`; not part of `as_dict`."""
    actions: list[np.ndarray] = field(default_factory=list)
    """Each simulator action (A,) executed, which led to `states[1:]`; not part of `as_dict`."""

    def begin(self, state: np.ndarray, distance: float) -> None:
        """Note where the agent may act from.

        Args:
            state: (S,).
            distance: to the goal, in tolerances.
        """
        self.states.append(state)
        self.successes.append(distance <= 1.0)
        self.distance_start = self.distance_best = self.distance_end = distance

    def take(self, state: np.ndarray, info: Mapping[str, Any]) -> None:
        """Note what one simulator action led to.

        Args:
            state: (S,) after it.
            info: what the task says of it: `action`, `success`, `strict`, `distance` and `errors`.
        """
        self.steps += 1
        self.states.append(state)
        self.actions.append(info["action"])
        self.successes.append(bool(info["success"]))
        self.distance_end = float(info["distance"])
        self.distance_best = min(self.distance_best, self.distance_end)
        self.errors_end = {name: float(error) for name, error in info["errors"].items()}
        self.success_strict = bool(self.success_strict or info["strict"])
        if info["success"] and not self.success:
            self.success, self.steps_to_success = True, self.steps

    def conclude(self, coordinates: Callable[[np.ndarray], np.ndarray]) -> None:
        """Work out what only the whole episode tells.

        Args:
            coordinates: the task's, from states (n, S) to places (n, C).
        """
        self.held = longest_run(self.successes[1:])
        if self.steps_to_success is not None:
            path = coordinates(np.stack(self.states[: self.steps_to_success + 1]))
            length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
            straight = float(np.linalg.norm(path[-1] - path[0]))
            self.path_efficiency = min(1.0, straight / length) if length > 0 else None

    def fail(self, reason: str) -> None:
        """Note that something broke: then a case is no success, whatever came before.

        Args:
            reason: why, perhaps with a colon and details.
        """
        self.failure = reason
        self.success = self.success_strict = self.success_end = False
        self.steps_to_success = self.path_efficiency = None
        self.held = 0

    def as_dict(self) -> dict[str, Any]:
        """Describe the row without its trajectory.

        Returns:
            Plain JSON values by field.
        """
        names = [f.name for f in fields(self) if f.name not in HEAVY]
        return {name: getattr(self, name) for name in names}

    def as_result(self) -> dict[str, Any]:
        """Describe the row as results keep it: `as_dict`, and the actions, to be tried again.

        Returns:
            Plain JSON values by field; `actions` is None where there was none.
        """
        return self.as_dict() | {"actions": _packed(self.actions)}

    def as_record(self) -> dict[str, Any]:
        """Describe all of the row, to the bit; see `from_record`.

        Returns:
            Plain JSON values by field.
        """
        return self.as_dict() | {
            "states": _packed(self.states),
            "successes": self.successes,
            "actions": _packed(self.actions),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Row":
        """Make the row that `as_record` described.

        Args:
            record: what it gave.

        Returns:
            The row.

        Raises:
            KeyError: a field is missing.
            TypeError: a field is of another type.
            ValueError: an array cannot be read.
        """
        arrays = {name: _unpacked(record[name]) for name in ("states", "actions")}
        record = {"choices": [], **record}  # rows of version 0.1 have none
        plain = {f.name: record[f.name] for f in fields(cls) if f.name not in arrays}
        fresh = cls(0, 0, "", 0)
        for name, value in plain.items():
            kind = type(getattr(fresh, name))
            if kind is not type(None) and type(value) is not kind and name != "success_strict":
                raise TypeError(f"{name} is {value!r}")
        found: dict[str, Any] = {**plain, **arrays}
        return cls(**found)


def longest_run(successes: Iterable[bool]) -> int:
    """Count the most simulator actions on end after which a goal was reached.

    Args:
        successes: after each action.

    Returns:
        How many.
    """
    runs = "".join("1" if success else " " for success in successes).split()
    return max(map(len, runs), default=0)


HEAVY = ("states", "successes", "actions")


def _packed(arrays: Sequence[np.ndarray]) -> dict[str, Any] | None:
    """Arrays of one shape and type as base64; None where there are none."""
    if not arrays:
        return None
    stacked = np.stack(arrays)
    data = base64.b64encode(np.ascontiguousarray(stacked).tobytes()).decode()
    return {"dtype": stacked.dtype.name, "shape": list(stacked.shape), "data": data}


def unpack_actions(packed: Mapping[str, Any] | None) -> np.ndarray | None:
    """Read the actions of a row in results.

    Args:
        packed: its `actions`.

    Returns:
        (n, A) float32; None where there are none.

    Raises:
        WmpcError: they cannot be read.
    """
    try:
        found = _unpacked(packed)
        return np.stack(found).astype(np.float32) if found else None
    except (KeyError, TypeError, ValueError):
        raise WmpcError("the actions of a row cannot be read") from None


def _unpacked(packed: Mapping[str, Any] | None) -> list[np.ndarray]:
    if packed is None:
        return []
    if packed["dtype"] not in ("float32", "float64"):
        raise ValueError(f"arrays of {packed['dtype']}")
    data = base64.b64decode(packed["data"])
    return list(np.frombuffer(data, packed["dtype"]).reshape(packed["shape"]).copy())


def count_failures(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count why cases failed; details after a colon do not make another reason.

    Args:
        rows: as `Row.as_dict` gives them.

    Returns:
        How often, by reason, the most frequent first.
    """
    reasons = (row["failure"].partition(":")[0] for row in rows if row["failure"] is not None)
    return dict(Counter(reasons).most_common())
