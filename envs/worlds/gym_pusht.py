"""PushT of gym-pusht: a disc pushes a T in the plane of pymunk.

What pymunk keeps of contacts beside positions and velocities cannot be read, so its space is built
anew before each action: a state, set again, goes on to the same bit. The green T that it draws,
where its own goal is always, is left out, since goals are recorded states here. Actions are taken
from where the disc is, as DINO-WM and LeWM take them; gym-pusht's own are places on the table.
"""

from importlib import import_module
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict

from wmpc.envs.observation import Observation
from wmpc.envs.worlds.packages import plain
from wmpc.errors import WmpcError

SIDE = 512.0
"""Of the table, in the environment's units; the walls stand 5 inside."""
LONG = 60.0
"""Half the length of the T, by which its angle is measured in the same units."""
NEAR, REACH = 20.0, 100.0
NEAR_RAD = np.pi / 9
AWAY = np.array([-1e4, -1e4, 0.0])
"""A pose of the drawn goal that no picture shows."""
JUDGES = "coverage", "pose"


def make(env_id: str, kwargs: dict[str, Any]) -> gymnasium.Env[Any, np.ndarray]:
    """Make PushT.

    Args:
        env_id: its id.
        kwargs: what its constructor takes; `relative`, whether actions are displacements, of at
            most `REACH`; `draw_target`, whether the green T is drawn; and `judged_by`, `coverage`
            of the goal's T or `pose`: disc and T within `NEAR` together, the T's angle within
            `NEAR_RAD`, as DINO-WM and LeWM count.

    Returns:
        An environment with `get_state` and `set_state`.

    Raises:
        WmpcError: `judged_by` is something else.
    """
    kwargs = {**kwargs}
    own = ("relative", "draw_target", "judged_by")
    ours = {name: kwargs.pop(name) for name in own if name in kwargs}
    if ours.get("judged_by", JUDGES[0]) not in JUDGES:
        raise WmpcError(f"judged_by={ours['judged_by']!r} came; it is {' or '.join(JUDGES)}.")
    return PushT(plain(env_id, {**kwargs, "obs_type": "state"}), **ours)


class PushT(gymnasium.Env[Any, np.ndarray]):
    """gym-pusht's own, put into states. Goals are poses of the T, or of disc and T.

    A state is positions and velocities: disc x, y, vx, vy; T x, y, angle, vx, vy, angular velocity.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012
    distance_threshold = NEAR
    success_reward = 1.0

    def __init__(
        self,
        env: Any,
        relative: bool = True,
        draw_target: bool = False,
        judged_by: str = JUDGES[0],
    ) -> None:
        self._env, self._relative, self._draw_target = env, relative, draw_target
        self._by_pose = judged_by == "pose"
        self._outline = import_module("gym_pusht.envs.pusht").pymunk_to_shapely
        self.action_space = Box(-1, 1, (2,), np.float32) if relative else env.action_space
        size = 6 if self._by_pose else 4
        free = {"observation": 5, "achieved_goal": size, "desired_goal": size}
        self.observation_space = Dict(
            {name: Box(-np.inf, np.inf, (size,), np.float64) for name, size in free.items()}
        )
        self._state = np.zeros(10)

    def get_state(self) -> np.ndarray:
        """Copy the present state.

        Returns:
            (10,) float64.
        """
        return self._state.copy()

    def set_state(self, state: np.ndarray) -> None:
        """Go to a state.

        Args:
            state: (10,).
        """
        self._state = np.array(state, np.float64)

    def _build(self) -> None:
        """Build the space anew in the present state."""
        env = self._env
        disc, block = self._state[:4].tolist(), self._state[4:].tolist()
        env._setup()
        env.agent.position, env.agent.velocity = disc[:2], disc[2:]
        env.block.angle = block[2]  # first: it turns about the centre of mass
        env.block.position, env.block.velocity = block[:2], block[3:5]
        env.block.angular_velocity = block[5]
        env.space.reindex_shapes_for_body(env.agent)
        env.space.reindex_shapes_for_body(env.block)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode as gym-pusht does.

        Args:
            seed: of disc and T.
            options: as gym-pusht takes them.

        Returns:
            Its observation and info.
        """
        super().reset(seed=seed)
        _, info = self._env.reset(seed=seed, options=options)
        self._keep()
        return self._get_obs(), info

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Move the disc towards a place for 0.1 s.

        Args:
            action: (2,), the place; relative, from the disc in units of `REACH`.

        Returns:
            As gym-pusht gives them.
        """
        self._build()
        place = np.asarray(action, np.float64)
        if self._relative:
            place = np.clip(self._state[:2] + REACH * place, 0, SIDE)
        _, reward, terminated, truncated, info = self._env.step(place)
        self._keep()
        return self._get_obs(), float(reward), bool(terminated), truncated, info

    def render(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Draw the present state, without the place that the last action named.

        Returns:
            (512, 512, 3) uint8.
        """
        self._build()
        env = self._env
        goal, env.goal_pose = env.goal_pose, env.goal_pose if self._draw_target else AWAY
        screen = env._draw()
        env.goal_pose = goal
        return env._get_img(screen, int(SIDE), int(SIDE))

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: Any) -> float:
        """Compute gym-pusht's reward of a T for a goal, or tell whether the poses are near.

        Args:
            achieved: (4,): x, y, and cosine and sine of the angle times `LONG`; judged by pose
                (6,), x and y of the disc before them.
            desired: (4,) or (6,).
            info: not looked at.

        Returns:
            How much of the goal is covered, over the 95% that are success, at most 1; judged by
            pose 1 where it is the goal, else 0.
        """
        if self._by_pose:
            places = float(np.linalg.norm(achieved[:4] - desired[:4]))
            turned = np.arctan2(achieved[5], achieved[4]) - np.arctan2(desired[5], desired[4])
            turned = abs(float(np.arctan2(np.sin(turned), np.cos(turned))))
            return float(places < NEAR and turned < NEAR_RAD)
        here, there = (self._shape(pose) for pose in (achieved, desired))
        covered = there.intersection(here).area / there.area
        return float(np.clip(covered / self._env.success_threshold, 0.0, 1.0))

    def scripted_policy(self, rng: np.random.Generator) -> "Pusher":
        """Make a policy that pushes the T from one side after another.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation with `state` to an action (2,).
        """
        return Pusher(rng, self._relative)

    def in_bounds(self, state: np.ndarray) -> bool:
        """Tell whether disc and T are on the table, which a hard push drives the T off.

        Args:
            state: (10,).

        Returns:
            Whether both middles are.
        """
        places = np.asarray(state)[[0, 1, 4, 5]]
        return bool(((places >= 0) & (places <= SIDE)).all())

    def close(self) -> None:
        """Free gym-pusht's own."""
        self._env.close()

    def _keep(self) -> None:
        disc, block = self._env.agent, self._env.block
        self._state = np.array(
            [*disc.position, *disc.velocity, *block.position, block.angle, *block.velocity,
             block.angular_velocity]
        )  # fmt: skip

    def _get_obs(self) -> dict[str, np.ndarray]:
        x, y, angle = self._state[4:7]
        disc = self._state[:2] if self._by_pose else []
        reached, wanted = (
            np.array([*disc, *pose[:2], LONG * np.cos(pose[2]), LONG * np.sin(pose[2])])
            for pose in (self._state[4:7], self._env.goal_pose)
        )
        seen = np.array([*self._state[:2], x, y, angle % (2 * np.pi)])
        return {"observation": seen, "achieved_goal": reached, "desired_goal": wanted}

    def _shape(self, pose: np.ndarray) -> Any:
        """The T's outline in a pose, as gym-pusht makes it of its goal."""
        x, y, cosine, sine = np.asarray(pose, np.float64)
        body = self._env.get_goal_pose_body(np.array([x, y, np.arctan2(sine, cosine)]))
        return self._outline(body, self._env.block.shapes)


class Pusher:
    """Goes round the T to a side, then through it along a line, and again."""

    AROUND = 130.0  # distance from the T at which it is gone round
    STEPS = 30.0, REACH  # at most so far to the place that is named, another for each side

    def __init__(self, rng: np.random.Generator, relative: bool) -> None:
        self._relative = relative
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng, self._left = rng, 0
        self._side: float | None = None
        self._step, self._end = REACH, np.zeros(2)

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (2,) float32."""
        state = observation["state"]
        disc, block = state[:2], state[4:6]
        if self._left:
            self._left -= 1
            aim = self._end
        else:
            aim = self._round(disc, block)
        ahead = aim - disc
        ahead *= min(1.0, self._step / max(float(np.linalg.norm(ahead)), 1e-9))
        ahead += self._rng.normal(0, 8.0, 2)
        if self._relative:
            return np.clip(ahead / REACH, -1, 1).astype(np.float32)
        return np.clip(disc + ahead, 0, SIDE).astype(np.float32)

    def _round(self, disc: np.ndarray, block: np.ndarray) -> np.ndarray:
        """A place on the circle round the T, nearer to the side; there, the push begins."""
        offset = disc - block
        here = float(np.arctan2(offset[1], offset[0]))
        if self._side is None:
            inward = np.arctan2(*(block - SIDE / 2)[::-1])  # from outside, towards the middle
            self._side = float(inward + self._rng.normal(0, 1.2))
            self._step = self._rng.uniform(*self.STEPS)
        turn = float(np.arctan2(np.sin(self._side - here), np.cos(self._side - here)))
        if abs(turn) < 0.3:
            beside = np.array([-np.sin(self._side), np.cos(self._side)])
            aim = block + self._rng.uniform(-50, 50) * beside
            way = aim - disc
            self._end = aim + self._rng.uniform(0.0, 90.0) * way / np.linalg.norm(way)
            self._left, self._side = int(self._rng.integers(6, 14)), None
            return self._end
        bearing = here + np.sign(turn) * min(abs(turn), 0.5)
        place = block + self.AROUND * np.array([np.cos(bearing), np.sin(bearing)])
        return np.clip(place, 20, SIDE - 20)
