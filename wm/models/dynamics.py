"""A model bound to one context, as planners want it (`wmpc.planners.problem.Dynamics`)."""

import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.models.predictors import Predictor, candidates

MODES = ("default", "reduce-overhead", "max-autotune")
"""Of torch.compile. The last two capture CUDA graphs, so that a rollout is launched as one."""


class LatentDynamics:
    """Rolls action sequences out in latent space.

    Args:
        predictor: see `wmpc.wm.models.predictors`.
        latents: (B, c, K, D), the last c frames, the current one last.
        executed: (B, c - 1, A), the normalised blocks between them.
        valid: (B, c) bool, which of the frames are real; None: all.
    """

    def __init__(
        self, predictor: Predictor, latents: Tensor, executed: Tensor, valid: Tensor | None = None
    ) -> None:
        h = predictor.context
        self.predictor = predictor
        self.latents = latents[:, -h:]
        self.executed = executed[:, max(0, executed.shape[1] - h + 1) :]
        if valid is None:
            valid = torch.ones(latents.shape[:2], dtype=torch.bool, device=latents.device)
        self.valid = valid[:, -h:]

    @property
    def start(self) -> Tensor:
        """(B, K, D), the current latent."""
        return self.latents[:, -1]

    def rollout(self, actions: Tensor) -> Tensor:
        """Return the latents that follow sequences of actions, each step fed with the one before.

        Args:
            actions: (B, N, H, A) normalised blocks, on the device of the latents: for each of B
                problems N candidates of H blocks.

        Returns:
            (B, N, H, K, D), the latent after each block.
        """
        return self.predictor.rollout(self.latents, self.executed, self.valid, actions)

    def candidate_bytes(self, horizon: int) -> int:
        """Return how many bytes rolling out one candidate takes at most.

        Counted are what every linear layer gives for every frame of the context and the horizon,
        and four copies of each frame's latent and action. A transformer that caches keys and values
        comes near it; a network that forgets what it computed stays far below.

        Args:
            horizon: H, blocks of actions of a candidate.

        Returns:
            Bytes.
        """
        frames = self.predictor.context + horizon
        layers = self.predictor.modules() if isinstance(self.predictor, nn.Module) else ()
        width = sum(layer.out_features for layer in layers if isinstance(layer, nn.Linear))
        X, A = self.start[0].numel(), self.executed.shape[-1]
        copies = 4  # latents and actions: of the context, of the window, in the cost
        return self.start.element_size() * frames * (width + copies * (X + A))

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        """Predict one step from each of the states given, all at once: F(s_t, a_t) for t = 0..H-1.

        Args:
            states: (B, N, H - 1, K, D), s_1 to s_{H-1}; s_0 is `start`.
            actions: (B, N, H, A), the normalised blocks a_0 to a_{H-1}.

        Returns:
            (B, N, H, K, D), the latent after each; it is predicted from the frames before it too,
            as far as the predictor's context reaches.
        """
        B, N, H, _ = actions.shape
        z = torch.cat([candidates(self.latents, N), states.flatten(0, 1)], 1)
        a = torch.cat([candidates(self.executed, N), actions.flatten(0, 1)], 1)
        valid = candidates(self.valid, N)
        valid = torch.cat([valid, valid.new_ones(B * N, H - 1)], 1)
        return self.predictor(z, a, valid)[:, -H:].unflatten(0, (B, N))


def compile_rollouts(predictor: Predictor, mode: str = "default") -> None:
    """Have torch compile the predictor's rollouts at the first one of each shape.

    They give the same numbers but for rounding. Compiling takes minutes on a CPU and needs a C++
    compiler there.

    Args:
        predictor: changed in place: its `rollout` becomes the compiled one.
        mode: of torch.compile, one of `MODES`.

    Raises:
        WmpcError: when the mode is not one of these.
    """
    if mode not in MODES:
        raise WmpcError(f"compile is {mode!r}; it may be null, {', '.join(MODES)}")
    predictor.rollout = torch.compile(predictor.rollout, mode=mode)
