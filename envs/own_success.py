"""Gymnasium MuJoCo environments that test success themselves: `compute_reward`, or their `info`."""

from typing import Any

import mujoco
import numpy as np

from wmpc.envs.gymnasium_goals import GoalsAmongStates
from wmpc.envs.layout import INTEGRATION, PHYSICS
from wmpc.errors import WmpcError

FLAGS = ("success", "is_success")
"""Entries of `info` that tell success, the first that is there."""
WAYS = ("reward", "info")


class OwnSuccessTask(GoalsAmongStates):
    """A `GymnasiumTask` whose goals are states recorded in it, judged by its own test of success.

    With `success="reward"` a state counts as a goal where `compute_reward(achieved, desired, {})`
    is at least `success_reward`; both goals are the `achieved_goal` that its observation of a state
    has. `success_reward=None` takes the environment's own `success_reward`, or else the reward of
    being exactly there: right for rewards that tell success alone, such as -1 and 0, or 0 and 1; of
    rewards that fall with the distance it asks too much.

    With `success="info"` the goal is the environment's own: a state counts where a step to it told
    `info["success"]` or `info["is_success"]`; of a state that was not stepped to, a step with the
    action nearest to zero is asked. So what that is about must be in the MuJoCo state, or never
    change.

    Distances are those of `achieved_goal` over the environment's `distance_threshold` (1 where it
    has none), or with "info" of positions; at most 1 where it succeeds, above 1 where not.
    `proprio` leaves `desired_goal` out, which belongs to another episode. WmpcError where the
    environment has no such test.
    """

    def __init__(
        self, env_id: str, success: str, success_reward: float | None = None, **kwargs: Any
    ) -> None:
        if success not in WAYS:
            raise WmpcError(f"success={success!r} came; it is {' or '.join(WAYS)}.")
        if "tolerances" in kwargs:
            raise WmpcError("tolerances and success both came; each is a test of its own.")
        super().__init__(env_id, **kwargs)
        self._way = success
        own = getattr(self._env, "success_reward", None)
        self._wanted = own if success_reward is None else success_reward
        if success == "reward" and not self.judges_itself:
            raise WmpcError(
                f"{env_id} has no `compute_reward` with `achieved_goal` and `desired_goal` in its "
                "observation: give success=info or tolerances."
            )
        unit = getattr(self._env, "distance_threshold", 1.0) if success == "reward" else 1.0
        self._name = "achieved_goal" if success == "reward" else "position"
        self.tolerances = {self._name: float(unit)}  # pyright: ignore[reportAttributeAccessIssue]
        size = self.coordinates(self.get_state()).size
        self.coordinate_names = tuple(f"{self._name}[{index}]" for index in range(size))
        self._last: tuple[bytes, bool] | None = None
        """The state that the last step came to, and whether its info told success."""

    def achieved(self, state: np.ndarray) -> np.ndarray:
        """Compute what counts of a state for a goal.

        Args:
            state: (S,) float64, or the shorter `mjSTATE_FULLPHYSICS`.

        Returns:
            (G,) float64: the `achieved_goal` there, or with "info" the positions.
        """
        if self._way == "info":
            return np.array(self.layout.qpos(state), np.float64)
        return np.array(self._observed(state)["achieved_goal"], np.float64).reshape(-1)

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give what counts of states, over the threshold.

        Args:
            states: (..., S) float64, or the shorter `mjSTATE_FULLPHYSICS`.

        Returns:
            (..., G), named `coordinate_names`.
        """
        flat = states.reshape(-1, states.shape[-1])
        reached = np.stack([self.achieved(state) for state in flat])
        return reached.reshape(*states.shape[:-1], -1) / self.tolerances[self._name]

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure how far what counts of a state is from that of a goal.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            A number by the name in `tolerances`; within it exactly where the test says success.
        """
        off = float(np.linalg.norm(self.achieved(state) - self.achieved(goal_state)))
        limit = self.tolerances[self._name]
        if self._succeeds(state, goal_state):
            return {self._name: min(off, limit)}
        return {self._name: max(off, limit * (1 + 1e-9))}

    def asks_exactness(self, states: np.ndarray) -> bool:
        """Tell whether a state is a goal only where it is exactly that.

        So it is where the reward falls with the distance and nothing says from which on it counts.

        Args:
            states: (N, S), that differ.

        Returns:
            Whether rewards of the states for one of them are more than the two of a test.
        """
        if self._way != "reward" or self._wanted is not None:
            return False
        reached = [self.achieved(state) for state in states]
        return len({self._reward(one, reached[0]) for one in reached}) > 2

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Compute the environment's own observation of a state, without goals.

        Args:
            state: (S,) float64.

        Returns:
            (P,) float32, flattened.
        """
        if not self.judges_itself:
            return super().proprio(state)
        seen = self._observed(state)
        kept = sorted(name for name in seen if name not in ("achieved_goal", "desired_goal"))
        parts = [np.ravel(seen[name]) for name in kept or ["achieved_goal"]]
        return np.concatenate(parts).astype(np.float32)

    def _look_at(self, info: dict[str, Any]) -> None:
        if self._way == "info":
            told = info["failure"] is None and self._flag(info)
            self._last = self.get_state().tobytes(), told

    def _succeeds(self, state: np.ndarray, goal_state: np.ndarray) -> bool:
        if self._way == "reward":
            here, there = self.achieved(state), self.achieved(goal_state)
            reward = self._reward(here, there)
            wanted = self._reward(there, there) if self._wanted is None else self._wanted
            return bool(reward >= wanted)
        if self._last is not None and self._last[0] == state.tobytes():
            return self._last[1]
        present = self.get_state()
        self._put(state)
        space = self.action_space
        *_, info = self._env.step(np.clip(np.zeros(space.shape), space.low, space.high))
        self._put(present)
        return self._flag(info)

    def _reward(self, achieved: np.ndarray, desired: np.ndarray) -> float:
        return float(np.squeeze(self._env.compute_reward(achieved, desired, {})))

    def _flag(self, info: dict[str, Any]) -> bool:
        for name in FLAGS:
            if name in info:
                return bool(np.squeeze(info[name]))
        raise WmpcError(
            f"The info of a step of {self.id} has {sorted(info)}, none of {', '.join(FLAGS)}: give "
            "tolerances instead of success=info."
        )

    def _observed(self, state: np.ndarray) -> dict[str, Any]:
        """The environment's own observation of a state, of either layout."""
        present = self.get_state()
        kind = INTEGRATION if len(state) == self.layout.size else PHYSICS
        mujoco.mj_setState(self.model, self.data, np.asarray(state, np.float64), kind)
        mujoco.mj_forward(self.model, self.data)
        seen = {name: np.array(value) for name, value in self._env._get_obs().items()}
        self._put(present)
        return seen
