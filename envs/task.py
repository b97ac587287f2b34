"""Goal-conditioned tasks: a world of our own, with a test of success between states.

A task is one subclass and one XML file beside it. It says what the body feels, how far a state is
from a goal, and how to sample states; everything else is here. See docs/new-task.md.
"""

from inspect import getfile
from pathlib import Path
from typing import Any, ClassVar

import mujoco
import numpy as np
from gymnasium.spaces import Box

from wmpc.envs.layout import trouble
from wmpc.envs.measured import Measured
from wmpc.envs.observation import Observation
from wmpc.envs.policies import Policy, RandomPolicy
from wmpc.envs.rendering import RenderSettings
from wmpc.errors import WmpcError

SLACK = 0.02
"""Share of a joint's range by which limits, which are soft, may be overrun: full force overruns
those of our tasks by up to 1.7%."""
NEEDED = ("xml", "tolerances", "coordinate_names")
"""What a subclass states beside its methods."""
DRAWS = 1000
"""Goals drawn that are reached already, before a task counts as broken."""


class Task(Measured):
    """Base of all tasks. An action (A,) is the model's controls, held for `frame_skip` steps.

    Success pays reward 1 and does not end the episode; a failed simulation does.
    """

    xml: ClassVar[str]
    """Path of the model, from the folder of the task's module."""
    camera: str | int = "top"
    """Name or index of the camera in the model by which it is drawn; -1: the free one around it."""
    frame_skip = 2

    def __init__(self, image_size: int = 64, render_mode: str = "rgb_array") -> None:
        if render_mode != "rgb_array":
            raise WmpcError(f"No render mode {render_mode!r}; tasks draw 'rgb_array'.")
        lacking = [name for name in NEEDED if not hasattr(self, name)]
        if type(self).describe is not Task.describe and not hasattr(self, "describe_names"):
            lacking.append("describe_names")
        if lacking:
            raise WmpcError(f"{type(self).__name__} states no {', '.join(lacking)}.")
        path = Path(getfile(type(self))).parent / self.xml
        try:
            model = self.build_model(path)
        except ValueError as error:
            said = " ".join(str(error).split())
            raise WmpcError(f"MuJoCo cannot read {path}: {said}") from error
        dt = model.opt.timestep * self.frame_skip
        settings = RenderSettings(image_size, image_size, self.camera)
        super().__init__(model, mujoco.MjData(model), settings, dt)
        if not hasattr(self, "describe_names"):
            numbers = (("qpos", model.nq), ("qvel", model.nv))
            self.describe_names = tuple(f"{k}[{i}]" for k, count in numbers for i in range(count))
        low, high = model.actuator_ctrlrange.T.astype(np.float32)
        self.action_space = Box(low, high)
        self.observation_space = self._observation_space()

    def build_model(self, path: Path) -> mujoco.MjModel:
        """Make the model of an XML file. Overridden where something is added, such as walls.

        Args:
            path: of the file.

        Returns:
            The model.
        """
        return mujoco.MjModel.from_xml_path(str(path))

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Read positions and velocities. Overridden where others mean more, such as a place.

        Args:
            states: (..., S) float64.

        Returns:
            (..., nq + nv), named `describe_names`.
        """
        return np.concatenate([self.layout.qpos(states), self.layout.qvel(states)], -1)

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Compute what the body feels in a state: here, all that `describe` reads.

        Args:
            state: (S,) float64.

        Returns:
            (P,) float32.
        """
        return np.asarray(self.describe(state), np.float32)

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a reachable state: here, joints that have limits anywhere within them.

        Overridden where that is none, such as of joints that are coupled.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64, at rest, under the present variation.
        """
        single, low, high = self._ranges()
        qpos = self.model.qpos0.copy()
        qpos[self.model.jnt_qposadr[single]] = rng.uniform(low, high)
        return self.layout.at_rest(qpos)

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that covers what random actions seldom reach: here, of random actions.

        Args:
            rng: where the chance of its first episode comes from.

        Returns:
            From an observation, with `state` and `variation`, to one simulator action (A,).
        """
        policy = RandomPolicy(self.action_space.low, self.action_space.high)
        policy.reset(rng)
        return policy

    def in_bounds(self, state: np.ndarray) -> bool:
        """Tell whether limited joints are within `SLACK` of their ranges.

        Overridden where that is not all there is to say of where the task's states lie.

        Args:
            state: (S,) float64.

        Returns:
            Whether all of them are.
        """
        single, low, high = self._ranges()
        qpos = self.layout.qpos(state)[self.model.jnt_qposadr[single]]
        slack = SLACK * (high - low)
        return bool(np.all((qpos >= low - slack) & (qpos <= high + slack)))

    def sample_variation(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a variation for the next episode. Overridden where there is one.

        Args:
            rng: where all chance comes from.

        Returns:
            (V,) float64; here (0,).
        """
        return np.zeros(0)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: of what is sampled; None: the generator goes on.
            options: may give `state` (S,), `goal_state` (S,) and `variation` (V,); what is not
                given is sampled, except that a given state keeps the present variation unless
                another comes with it.

        Returns:
            The first observation, and info with `goal` (the observation to reach) and the measures
            of `step`.

        Raises:
            WmpcError: there is no such option, or one has a wrong shape.
        """
        super().reset(seed=seed)
        given = dict(options or {})
        state, goal_state, variation = (
            given.pop(name, None) for name in ("state", "goal_state", "variation")
        )
        if given:
            raise WmpcError(
                f"No reset option {sorted(given)}; there are 'state', 'goal_state', 'variation'."
            )
        if variation is None and state is None:
            variation = self.sample_variation(self.np_random)
        self.set_state(self.get_state(), variation)
        self.set_state(self.sample_state(self.np_random) if state is None else state)
        if goal_state is None:
            goal_state = self._sample_goal()
        self.goal = self.observe_state(goal_state)
        return self.observe_state(self.get_state()), {"goal": self.goal, **self._measure()}

    def _ranges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which sliding and turning joints have limits, a truth each of all, and their limits."""
        single = (mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE)
        limited = (self.model.jnt_limited == 1) & np.isin(self.model.jnt_type, single)
        return limited, *self.model.jnt_range[limited].T

    def _sample_goal(self) -> np.ndarray:
        """A state (S,) that the present one does not count as."""
        for _ in range(DRAWS):
            goal_state = self.sample_state(self.np_random)
            if not self.success(self.get_state(), goal_state):
                return goal_state
        raise WmpcError(
            f"{self.id} counts its state as each of {DRAWS} goals that it drew: `errors` are "
            "always within `tolerances`, or `sample_state` gives always the same state."
        )

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply one action and look.

        Args:
            action: (A,), clipped to the bounds.

        Returns:
            The observation; 1.0 on success, else 0.0; whether the simulation failed; False; and
            info with `success`, `strict` (within half the tolerances), `distance` (1: the
            tolerance), `errors`, `action` (what was applied) and `failure` (None, or why the
            simulation can no longer be trusted).
        """
        info = self.advance(action)
        observation = self.observe_state(self.get_state())
        return observation, float(info["success"]), info["failure"] is not None, False, info

    def advance(self, action: np.ndarray) -> dict[str, Any]:
        """Apply one action without looking.

        Args:
            action: (A,), clipped to the bounds.

        Returns:
            The info of `step`.

        Raises:
            WmpcError: the task was never reset, or the action has a wrong shape.
        """
        if not self.goal:
            raise WmpcError("Call reset before the first step.")
        applied, failure = self._admit(action)
        if failure is None:
            self.data.ctrl[:] = self._arriving(applied)
            mujoco.mj_step(self.model, self.data, nstep=self.frame_skip)
            failure = trouble(self.data)
        info = self._measure()
        if failure is not None:
            info |= {"success": False, "strict": False}
        return {**info, "action": applied, "failure": failure}
