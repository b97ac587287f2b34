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
        """`state` as float64; WmpcError unless it has this model's size and is finite."""
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
        """The state (S,) of `data`, copied."""
        state = np.empty(self.size)
        mujoco.mj_getState(self._model, data, state, INTEGRATION)
        return state

    def write(self, data: mujoco.MjData, state: np.ndarray) -> None:
        """Put `data` into `state` (S,), and its warning counters to zero."""
        mujoco.mj_resetData(self._model, data)
        mujoco.mj_setState(self._model, data, state, INTEGRATION)

    def at_rest(self, qpos: np.ndarray) -> np.ndarray:
        """The state (S,) at time 0 with positions `qpos` (nq,) and no motion or control."""
        data = mujoco.MjData(self._model)
        data.qpos[:] = qpos
        return self.read(data)

    def qpos(self, states: np.ndarray) -> np.ndarray:
        """Positions (..., nq) of states (..., S)."""
        return states[..., 1 : 1 + self._model.nq]

    def qvel(self, states: np.ndarray) -> np.ndarray:
        """Velocities (..., nv) of states (..., S)."""
        return states[..., 1 + self._model.nq : 1 + self._model.nq + self._model.nv]

    def physics(self, state: np.ndarray) -> np.ndarray:
        """The `mjSTATE_FULLPHYSICS` part (P,) of a state (S,): where `mujoco.rollout` starts."""
        part = np.empty(self.physics_size)
        mujoco.mj_extractState(self._model, state, INTEGRATION, part, PHYSICS)
        return part


def trouble(data: mujoco.MjData) -> str | None:
    """Why `data` can no longer be trusted: MuJoCo's warnings since the last restore, or NaN."""
    for kind, count in enumerate(data.warning.number):
        if count:
            name = mujoco.mjtWarning(kind).name.removeprefix("mjWARN_")
            return f"MuJoCo warning {name} at {data.time:.3f} s"
    if not (np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all()):
        return f"position or velocity not finite at {data.time:.3f} s"
    return None
