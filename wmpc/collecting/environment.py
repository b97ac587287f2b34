"""The environment a recording was made in: its states, its pictures, what an evaluation needs.

Success can only be measured where the environment can be put into a recorded state and draws it as
it was recorded, so both are tried before anything is imported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wmpc import envs
from wmpc.envs.gymnasium_adapter import GymnasiumTask
from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes
from wmpc.wm.recordings.formats import Source

NOWHERE = "none"
"""The environment of a recording that was made in none that is known, such as a real robot."""
ALIKE = 25.0
"""dB: pictures drawn anew that are less alike than this to those recorded are others."""
PROBES = 8
DRAWING = ("render_mode", "width", "height")


@dataclass
class Home:
    """Where a recording comes from, and what that adds to it."""

    id: str = NOWHERE
    kwargs: dict[str, Any] = field(default_factory=dict)
    render: dict[str, Any] = field(default_factory=dict)
    """As the environment draws; empty where it draws otherwise than was recorded."""
    task: Any = None
    says: list[str] = field(default_factory=list)
    """Sentences for the user."""
    physics: tuple[str, str] | None = None
    """The columns of positions and velocities, where states have to be made from them."""

    def finish(self, episode: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Add the states to an episode, where they can be had.

        Args:
            episode: its columns.

        Returns:
            The columns, with `state` (T+1, S) where positions and velocities stand for it.
        """
        if self.physics is None:
            return episode
        positions, velocities = (episode[name] for name in self.physics)
        states = map(self.task.state_of, positions, velocities)
        return {**episode, "state": np.stack(list(states))}


def environment_of(episodes: Episodes) -> dict[str, Any]:
    """Read what a dataset says of its environment.

    Args:
        episodes: of the dataset.

    Returns:
        Its `id` and arguments, as `wmpc.envs.make_recorded` takes them.

    Raises:
        WmpcError: its arguments are no mapping.
    """
    kwargs = episodes.meta.get("kwargs") or {}
    if not isinstance(kwargs, dict):
        raise WmpcError(f"{episodes.path} has kwargs {str(kwargs)[:80]!r}; they are a mapping")
    return {**kwargs, "id": episodes.meta["env"]}


def home_of(source: Source, env: str | None, kwargs: Mapping[str, Any] | None) -> Home:
    """Find the environment of a recording, and whether states can be evaluated there.

    Args:
        source: the view to import, with its pictures of the final size.
        env: id of the environment; None: the recorded one; "none": no environment.
        kwargs: its arguments, beside those recorded.

    Returns:
        The environment, made where it can be, and sentences about it.

    Raises:
        WmpcError: the one named cannot be made, or the recorded states do not fit it.
    """
    envs.allow(env, kwargs)
    name = env or source.about.env.get("id")
    if name is None or name == NOWHERE:
        return Home(says=["No environment is known: it can be trained on, not evaluated."])
    settings = _settings(source, name, _arguments(source, kwargs))
    try:
        task = envs.make_recorded({**settings, "id": name})
    except WmpcError as error:
        if env is not None:
            raise WmpcError(str(error)) from error
        says = f"It can be trained on, not evaluated: its environment cannot be made ({error})"
        return Home(name, _arguments(source, kwargs), says=[says])
    home = Home(name, settings, dict(task.render_settings), task)
    columns = source.columns
    if "state" not in columns:
        home.physics = _physics(source) if isinstance(task, GymnasiumTask) else None
        if home.physics is None:
            home.says.append("It has no states (nor qpos and qvel), so it cannot be evaluated.")
            home.render = {}
            return home
        home.says.append(f"States are restored from {' and '.join(home.physics)}.")
    _compare(source, home)
    return home


def _physics(source: Source) -> tuple[str, str] | None:
    """The columns `qpos` and `qvel`, or `.../qpos` and `.../qvel`, one row a frame."""
    for name, column in source.columns.items():
        folder, _, last = name.rpartition("/")
        other = f"{folder}/qvel".lstrip("/")
        if last == "qpos" and column.rows == "frames" and other in source.columns:
            return name, other
    return None


def _settings(source: Source, name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments for `wmpc.envs.make`: pictures of the imported size and, of a gymnasium environment
    that was recorded as it draws itself, drawn by it."""
    if source.cameras:
        kwargs["image_size"] = source.columns[source.cameras[0]].shape[0]
    if not str(name).startswith("wmpc/") and any(key in kwargs for key in DRAWING):
        kwargs.setdefault("drawn_by", "gymnasium")
        kwargs.pop("render_mode", None)
    return kwargs


def _compare(source: Source, home: Home) -> None:
    """Draw a few recorded states anew."""
    if not source.cameras:
        return
    camera, errors = source.cameras[0], []
    names = [name for name in ("state", "variation") if name in source.columns]
    names += home.physics or ()
    good = np.flatnonzero(source.lengths > 0)
    for index in good[np.unique(np.linspace(0, len(good) - 1, PROBES).astype(int))]:
        found = source.episode(int(index), [camera, *names])
        row = len(found[camera]) // 2
        numbers = {k: np.asarray(found[k]) for k in names}
        try:
            state = home.finish(numbers)["state"][row]
            variation = numbers.get("variation")
            drawn = home.task.observe_state(state, variation)["pixels"]
        except WmpcError as error:
            raise WmpcError(
                f"episode {index} of {source.path} does not fit {home.id}: {error} "
                "env_id=none imports it without"
            ) from error
        errors.append(np.mean((drawn.astype(float) - found[camera][row]) ** 2))
    psnr = 10 * np.log10(255**2 / max(float(np.mean(errors)), 1e-9))
    if psnr >= ALIKE:
        home.says.append(
            f"{home.id} draws the recorded states as they were recorded ({min(psnr, 99):.0f} dB): "
            "it can be evaluated there."
        )
        return
    home.render = {}
    home.says.append(
        f"{home.id} draws the recorded states otherwise than they were recorded ({psnr:.0f} dB, "
        f"where {ALIKE:.0f} are needed), so it cannot be evaluated there: give the arguments it "
        "was made with as env_kwargs={...}."
    )


def rate_of(source: Source, env: str | None, kwargs: Mapping[str, Any] | None) -> float | None:
    """Find the frames a second of a recording that has one a simulator action, from its
    environment.

    Args:
        source: the recording.
        env: id of the environment; None: the recorded one; "none": no environment.
        kwargs: its arguments, beside those recorded.

    Returns:
        Frames a second; None where no environment says them.
    """
    envs.allow(env, kwargs)
    name = env or source.about.env.get("id")
    if name is None or name == NOWHERE:
        return None
    try:
        settings = _settings(source, name, _arguments(source, kwargs))
        task = envs.make_recorded({**settings, "id": name})
    except WmpcError:
        return None
    rate = 1 / task.dt
    task.close()
    return round(rate, 6)


def _arguments(source: Source, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    recorded = source.about.env.get("kwargs") or {}
    if not isinstance(recorded, Mapping):
        raise WmpcError(f"{source.path} states arguments {str(recorded)[:80]!r} of its environment")
    return {**recorded, **(kwargs or {})}
