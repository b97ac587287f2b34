"""The layout of MuJoCo's full integration state, `mjSTATE_INTEGRATION`, as one flat vector.

Time, positions, velocities, actuator states, warm start, controls, applied forces and mocap poses:
all that the next step depends on, so that restoring it and replaying actions gives the same bits.
"""

import mujoco
import numpy as np

from wmpc.errors import WmpcError

INTEGRATION = mujoco.mjtState.mjSTATE_INTEGRATION.value
PHYSICS = mujoco.mjtState.mjSTATE_FULLPHYSICS.value


class StateLayout:
    """Reads and writes the state vectors (S,) float64 of one model."""

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self.size = mujoco.mj_stateSize(model, INTEGRATION)
        self.physics_size = mujoco.mj_stateSize(model, PHYSICS)

    def check(self, state: np.ndarray) -> np.ndarray:
        """Refuse what is no state of this model.

        Args:
            state: (S,).

        Returns:
            The state as float64.

        Raises:
            WmpcError: it has another size, or entries that are not finite.
        """
        state = np.asarray(state, np.float64)
        if state.shape != (self.size,):
            raise WmpcError(
                f"A state of shape {state.shape} came; this environment's states are "
                f"({self.size},) vectors, as `get_state` gives them."
            )
        if not np.isfinite(state).all():
            raise WmpcError("A state with NaN or infinite entries came; states must be finite.")
        return state

    def read(self, data: mujoco.MjData) -> np.ndarray:
        """Copy the state out of MuJoCo's data.

        Args:
            data: of this model.

        Returns:
            (S,) float64.
        """
        state = np.empty(self.size)
        mujoco.mj_getState(self._model, data, state, INTEGRATION)
        return state

    def write(self, data: mujoco.MjData, state: np.ndarray) -> None:
        """Put MuJoCo's data into a state, and its warning counters to zero.

        Args:
            data: of this model, changed in place.
            state: (S,) float64.
        """
        mujoco.mj_resetData(self._model, data)
        mujoco.mj_setState(self._model, data, state, INTEGRATION)

    def at_rest(self, qpos: np.ndarray) -> np.ndarray:
        """Make a state at time 0 without motion or control.

        Args:
            qpos: positions (nq,).

        Returns:
            (S,) float64.
        """
        data = mujoco.MjData(self._model)
        data.qpos[:] = qpos
        return self.read(data)

    def qpos(self, states: np.ndarray) -> np.ndarray:
        """Read the positions out of states.

        Args:
            states: (..., S), or the shorter `mjSTATE_FULLPHYSICS`.

        Returns:
            (..., nq), a view.
        """
        return states[..., 1 : 1 + self._model.nq]

    def qvel(self, states: np.ndarray) -> np.ndarray:
        """Read the velocities out of states.

        Args:
            states: (..., S), or the shorter `mjSTATE_FULLPHYSICS`.

        Returns:
            (..., nv), a view.
        """
        return states[..., 1 + self._model.nq : 1 + self._model.nq + self._model.nv]

    def physics(self, state: np.ndarray) -> np.ndarray:
        """Extract the `mjSTATE_FULLPHYSICS` part of a state, where `mujoco.rollout` starts.

        Args:
            state: (S,) float64.

        Returns:
            (P,) float64.
        """
        part = np.empty(self.physics_size)
        mujoco.mj_extractState(self._model, state, INTEGRATION, part, PHYSICS)
        return part


def trouble(data: mujoco.MjData) -> str | None:
    """Tell why a simulation can no longer be trusted.

    Args:
        data: MuJoCo's, after a step.

    Returns:
        One of MuJoCo's warnings since the last restore, or which numbers are not finite; None where
        all is well.
    """
    for kind, count in enumerate(data.warning.number):
        if count:
            name = mujoco.mjtWarning(kind).name.removeprefix("mjWARN_")
            return f"MuJoCo warning {name} at {data.time:.3f} s"
    if not (np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all()):
        return f"position or velocity not finite at {data.time:.3f} s"
    return None
