"""A manifest: the frozen list of cases that an evaluation runs, in one JSON file that stands alone.

It holds the states, actions and goal pictures themselves, so it needs no dataset, and a hash of
all of it, so that two rates with the same hash were measured on the same cases. Floats are written
with `repr`, which round-trips: a loaded case starts from the recorded bits.
`wmpc.evaluation.draw_cases.build` draws one from a dataset's held-out episodes.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wmpc import envs
from wmpc.agents.agent import Goal
from wmpc.envs.goal_env import GoalEnv, require
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest_values import decode_png, read_case, read_own
from wmpc.system.disk import replace_file
from wmpc.system.json_file import read_json

FORMAT, VERSION = "wmpc-manifest", 2


@dataclass(frozen=True, eq=False)
class Case:
    """One start and one goal. n is `Manifest.action_block`, S the state's size."""

    episode: int
    """Index of the held-out episode it comes from."""
    frame: int
    """Recorded frame of the start in that episode."""
    goal_episode: int | None
    goal_frame: int | None
    """Recorded frame of the goal; both None where the goal was sampled."""
    variation: np.ndarray
    """(V,) float64, what the task changed in the model."""
    lead_in_state: np.ndarray
    """(S,) float64, where the lead-in begins."""
    lead_in: np.ndarray
    """(L, n, A) float32, the recorded blocks from there to the start; L may be 0."""
    start_state: np.ndarray
    """(S,) float64, with its velocity."""
    goal_state: np.ndarray
    """(S,) float64."""
    goal_png: bytes
    """The goal's picture (H, W, 3) as PNG; see `goal_pixels`."""
    replay: np.ndarray | None
    """(k, n, A) float32, the recorded blocks from start to goal, where there are any."""
    distance: float
    """From start to goal, in tolerances: `Task.distance`, or the way that there is, `Task.walk`."""
    seed: int
    """For whatever an agent draws at random."""
    strata: list[str] = field(default_factory=list)
    """The groups it belongs to: its third by `distance`, and the task's filters that it passes."""

    @cached_property
    def goal_pixels(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        return decode_png(self.goal_png)

    def begin(self, task: Any, warm: bool = True) -> None:
        """Reset a task to where the case begins.

        Args:
            task: of the manifest.
            warm: begin where the recorded lead-in does, else at the start itself.
        """
        state = self.lead_in_state if warm else self.start_state
        options = {"state": state, "goal_state": self.goal_state, "variation": self.variation}
        task.reset(seed=self.seed, options=options)

    def goal(self, privileged: bool = False) -> Goal:
        """Say what is to be reached, in copies, which an agent may work on in place.

        Args:
            privileged: give the state and the variation beside the picture.

        Returns:
            The goal.
        """
        seen: dict[str, np.ndarray] = {"pixels": self.goal_pixels.copy()}
        if privileged:
            seen |= {"state": self.goal_state.copy(), "variation": self.variation.copy()}
        return Goal(seen)


@dataclass(frozen=True, eq=False)
class Manifest:
    """Cases, and everything they depend on."""

    env: str
    kwargs: dict[str, Any]
    """What `wmpc.envs.make` takes beside the id."""
    render: dict[str, Any]
    """`Task.render_settings` of the pictures."""
    dataset: str
    """The dataset's hash."""
    kind: str
    goals: str
    blocks: int | None
    """Blocks from start to goal, kind "ahead" only."""
    action_block: int
    """n, simulator actions of a block."""
    budget: int
    """Blocks an agent may act for."""
    filter: str | None
    seed: int
    excluded: dict[str, int]
    """By reason, the candidates that were drawn and refused: `wmpc.evaluation.exclusions.REASONS`,
    or the filter's name."""
    cases: tuple[Case, ...]
    shift: dict[str, Any] | None = None
    """How the task differs from the one recorded, see `wmpc.envs.shift`; None: not at all."""

    @property
    def name(self) -> str:
        """What one calls these cases: ahead, ahead20 (a long horizon), across, elsewhere."""
        if self.kind == "elsewhere" and self.goals == "recorded":
            return "across"
        far = self.blocks is not None and self.blocks > 5
        return f"{self.kind}{self.blocks}" if far else self.kind

    @property
    def actions(self) -> int:
        """The budget in simulator actions."""
        return self.budget * self.action_block

    @cached_property
    def content(self) -> dict[str, Any]:
        """As plain JSON values, without the hash."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "cases"}
        cases = [{k: _plain(v) for k, v in asdict(case).items()} for case in self.cases]
        return {"format": FORMAT, "version": VERSION, **own, "cases": cases}

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 of the content."""
        return hash_content(self.content)

    def make(self) -> Any:
        """Make the task that these cases run in.

        Returns:
            The task, with the shift of these cases; to be closed.
        """
        task = envs.make_recorded({**self.kwargs, "id": self.env})
        self.check(task)
        if self.shift is None:
            return task
        from wmpc.envs.shift import apply  # which knows manifests itself

        return apply(task, self.shift)

    def check(self, task: Any) -> None:
        """Refuse a task that is not the one these cases were drawn for.

        Args:
            task: where they would run.

        Raises:
            WmpcError: it is another, draws other pictures, or other states or actions, or
                has no goals.
        """
        require(task, GoalEnv)
        if task.id != self.env:
            raise WmpcError(
                f"This manifest is for {self.env}, not for {task.id}: use one drawn from a dataset "
                f"of {task.id}."
            )
        if dict(task.render_settings) != self.render:
            raise WmpcError(
                f"This manifest's pictures were drawn with {self.render}, {task.id} draws with "
                f"{task.render_settings}: make the task with the same settings."
            )
        state, action = task.get_state().shape, task.action_space.shape
        for number, case in enumerate(self.cases):
            states = {case.lead_in_state.shape, case.start_state.shape, case.goal_state.shape}
            actions = {b.shape[2:] for b in (case.lead_in, case.replay) if b is not None}
            if states != {state} or actions != {action}:
                raise WmpcError(
                    f"Case {number} of this manifest has states {sorted(states)} and actions "
                    f"{sorted(actions)}; {task.id} has {state} and {action}: draw it anew."
                )

    def save(self, path: str | Path) -> None:
        """Write it whole or not at all.

        Args:
            path: the file; its folder is made.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = _canonical({**self.content, "hash": self.hash}) + "\n"
        replace_file(path, text.encode())


def load_manifest(path: str | Path) -> Manifest:
    """Read a manifest.

    Args:
        path: its file.

    Returns:
        The manifest.

    Raises:
        WmpcError: it is missing, foreign, damaged or altered.
    """
    path = Path(path)
    if not path.is_file():
        raise WmpcError(f"There is no manifest at {path}.")
    return read_manifest(read_json(path, "manifest"), str(path))


def read_manifest(content: dict[str, Any], where: str) -> Manifest:
    """Read a manifest out of what its file holds.

    Args:
        content: of the file; the hash is taken out.
        where: what the file is called in errors.

    Returns:
        The manifest.

    Raises:
        WmpcError: it is foreign, damaged or altered.
    """
    if content.get("format") != FORMAT:
        raise WmpcError(f"{where} is no manifest: it does not say format {FORMAT!r}.")
    if content.get("version") != VERSION:
        raise WmpcError(
            f"{where} is a manifest of version {content.get('version')!r}; this wmpc reads "
            f"{VERSION}: draw it anew."
        )
    stated = content.pop("hash", None)
    try:
        actual = hash_content(content)
    except ValueError:
        raise WmpcError(f"{where} is damaged: it holds a number that is not finite.") from None
    if stated != actual:
        raise WmpcError(
            f"{where} was altered or damaged: its content does not have the hash it states. "
            "Restore the file, or draw a new manifest."
        )
    try:
        own, stated = read_own(content), content.get("cases")
        cases = [read_case(case, own) for case in _listed(stated)]
    except WmpcError as error:
        raise WmpcError(f"{where} is damaged: {error}: restore it, or draw a new one.") from None
    if not cases:
        raise WmpcError(f"{where} has no cases: draw a new manifest.")
    return Manifest(**own, cases=tuple(Case(**case) for case in cases))


def _listed(cases: Any) -> list[Any]:
    if not isinstance(cases, list):
        raise WmpcError(f"its cases are {str(cases)[:40]!r}")
    return cases


def _plain(value: Any) -> Any:
    """JSON for a field of a case; blocks keep their shape, which an empty list would lose."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, np.ndarray):
        flat = value.ravel().tolist()
        return flat if value.ndim == 1 else {"shape": list(value.shape), "values": flat}
    return value


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def hash_content(content: Mapping[str, Any]) -> str:
    """Compute the hash of what a file states, whatever the order of its keys.

    Args:
        content: plain JSON values.

    Returns:
        Hex SHA-256.

    Raises:
        ValueError: a number is not finite.
    """
    return hashlib.sha256(_canonical(content).encode()).hexdigest()
