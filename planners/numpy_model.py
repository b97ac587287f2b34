"""Let any simulator written with numpy stand in for a learned model."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError

Rollout = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""latents (B, D), actions (B, N, H, A) -> latents (B, N, H, D)"""


class NumpyDynamics:
    """`wmpc.planners.problem.Dynamics` from a function; latents are (1, D). Not differentiable.

    Args:
        function: see `Rollout`.
        start: (B, D).
    """

    def __init__(self, function: Rollout, start: np.ndarray) -> None:
        self.function = function
        self.start = torch.as_tensor(np.asarray(start, np.float64)).unsqueeze(1)

    def rollout(self, actions: Tensor) -> Tensor:
        """Imagine sequences of actions.

        Args:
            actions: (B, N, H, A).

        Returns:
            Latents (B, N, H, 1, D), float64.

        Raises:
            WmpcError: the function gives another shape.
        """
        start = self.start[:, 0].numpy()
        latents = self.function(start, actions.detach().cpu().double().numpy())
        expected = (*actions.shape[:3], start.shape[-1])
        if latents.shape != expected:
            raise WmpcError(
                f"the dynamics function returned {latents.shape}; it must return (B, N, H, D) = "
                f"{expected}"
            )
        return torch.as_tensor(latents).unsqueeze(-2)

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        """Predict one step from each of the states given.

        Args:
            states: (B, N, H - 1, 1, D), those after the first.
            actions: (B, N, H, A).

        Returns:
            (B, N, H, 1, D), float64.
        """
        B, N, H, A = actions.shape
        first = self.start[:, None, None].expand(B, N, 1, *self.start.shape[1:])
        given = torch.cat([first, states.to(first)], 2).reshape(B * N * H, -1)
        one_step = actions.detach().cpu().double().reshape(B * N * H, 1, 1, A)
        latents = self.function(given.numpy(), one_step.numpy())
        return torch.as_tensor(latents).reshape(B, N, H, 1, -1)


class NumpyModel:
    """The world model (`wmpc.wm.models.world_model.WorldModel`) of a simulator: its latent is its
    own state.

    Args:
        start: observation -> latent (D,).
        rollout: see `Rollout`; actions are blocks in the environment's units, flattened.
        low, high: (A,) bounds of one action.
        action_block: n, actions of a block.
        counted: how many leading entries of the latent a goal is compared by; None: all.
        columns: of an observation, that `start` reads.
    """

    context = 1

    def __init__(
        self,
        start: Callable[[Mapping[str, np.ndarray]], np.ndarray],
        rollout: Rollout,
        low: np.ndarray,
        high: np.ndarray,
        action_block: int,
        counted: int | None = None,
        columns: Sequence[str] = ("state",),
    ) -> None:
        self.start, self.rollout, self.counted = start, rollout, counted
        self.columns = (*columns, "action")
        self.low, self.high = (
            torch.as_tensor(np.asarray(x), dtype=torch.float64).repeat(action_block)
            for x in (low, high)
        )
        self.action_block, self.action_size = action_block, len(self.low)

    def encode(self, observation: Mapping[str, np.ndarray]) -> Tensor:
        """Turn observations into latents, one at a time.

        Args:
            observation: columns (B, T, ...).

        Returns:
            (B, T, 1, D), float64.
        """
        B, T = next(iter(observation.values())).shape[:2]
        latents = [
            [self.start({name: x[b, t] for name, x in observation.items()}) for t in range(T)]
            for b in range(B)
        ]
        return torch.as_tensor(np.asarray(latents, np.float64)).unsqueeze(2)

    def known(
        self,
        observation: Mapping[str, np.ndarray],
        weight: Mapping[str, np.ndarray] | None = None,
    ) -> tuple[Tensor, list[str]]:
        """Find what a goal determines of a latent.

        Args:
            observation: the columns that the goal says.
            weight: by column, how much each part of it counts, 0 to 1; None: all of it.

        Returns:
            (1, D), 1 for the entries that a goal is compared by; and the columns of which only a
            part counts: which entries `start` makes of a part is not known.
        """
        part = [name for name, w in (weight or {}).items() if not np.all(np.asarray(w) == 1)]
        D = self.encode({k: np.asarray(v)[None, None] for k, v in observation.items()}).shape[-1]
        counted = D if self.counted is None else self.counted
        return (torch.arange(D) < counted).double().unsqueeze(0), part

    def dynamics(self, latents: Tensor, executed: Tensor) -> NumpyDynamics:
        """Bind the simulator to the present latent, which is all it needs.

        Args:
            latents: (B, c, 1, D).
            executed: not looked at.

        Returns:
            What planners roll out.
        """
        return NumpyDynamics(self.rollout, latents[:, -1, 0].numpy())

    def action_bounds(self) -> tuple[Tensor, Tensor]:
        """Return the bounds of a block.

        Returns:
            Lowest and highest, each (A,), in the environment's units.
        """
        return self.low, self.high

    def normalise(self, actions: np.ndarray) -> Tensor:
        """Flatten blocks; a simulator takes them in the environment's units.

        Args:
            actions: (..., n, a).

        Returns:
            (..., n * a), float64.
        """
        return torch.as_tensor(np.asarray(actions), dtype=torch.float64).flatten(-2)

    def denormalise(self, actions: Tensor) -> np.ndarray:
        """Undo `normalise`.

        Args:
            actions: (..., n * a).

        Returns:
            (..., n, a).
        """
        return actions.unflatten(-1, (self.action_block, -1)).numpy()
