"""The world model: an action-conditioned joint-embedding predictive architecture (JEPA).

It encodes each frame into a latent and predicts the next latent from a context of latents and
actions; no pixels are ever predicted. Trained with `wmpc.wm.objectives.losses`, used by planners
through `encode` and `dynamics`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.models.batch_norm import BatchNorm
from wmpc.wm.models.build import build
from wmpc.wm.models.dynamics import LatentDynamics
from wmpc.wm.models.predictors import windows
from wmpc.wm.models.spec import DataSpec
from wmpc.wm.objectives import losses
from wmpc.wm.processes import gather


class JEPA(nn.Module):
    """Latents are (K, D): slot 0 from the pictures, slot 1, if asked for, the standardised
    proprioception, zero-padded: it is not learnt and so needs no protection from collapse.

    Args:
        spec: what the data look like (sizes, statistics, bounds), from the dataset.
        encoder, predictor: configs with `_target_` in `wm`.
        latent: D.
        context: h, the most frames a prediction may see.
        rollout: steps of the multi-step prediction loss.
        proprio: whether proprioception is a slot of the latent.
        objective: weight of each loss term, by name; see `loss`.
        directions: how many random directions SIGReg looks along.
        head: "linear" (then BatchNorm) or "mlp" (BatchNorm inside, as in LeWM).
    """

    action_low: Tensor
    action_high: Tensor
    action_mean: Tensor
    action_std: Tensor
    proprio_mean: Tensor
    proprio_std: Tensor

    def __init__(
        self,
        spec: DataSpec,
        encoder: Mapping[str, Any],
        predictor: Mapping[str, Any],
        latent: int = 64,
        context: int = 3,
        rollout: int = 5,
        proprio: bool = False,
        objective: Mapping[str, float] | None = None,
        directions: int = 256,
        head: str = "linear",
    ) -> None:
        super().__init__()
        if min(latent, context, rollout, directions) < 1:
            raise WmpcError("model.latent, context, rollout and directions are at least 1")
        if proprio and not 0 < spec.proprio_size <= latent:
            raise WmpcError(
                f"proprio=true needs 1 to {latent} (latent) proprioceptive values a frame, the "
                f"data have {spec.proprio_size}; set model.proprio=false or a larger model.latent"
            )
        self.spec, self.latent, self.context, self.rollout = spec, latent, context, rollout
        self.objective = {"prediction": 1.0, "sigreg": 0.09} if objective is None else objective
        unknown = set(self.objective) - set(TERMS)
        if unknown:
            raise WmpcError(
                f"unknown loss {sorted(unknown)}; the objective may weigh {list(TERMS)}"
            )
        self.directions = directions
        self.slots = 2 if proprio else 1
        channels = 3 * len(spec.cameras)
        self.encoder = build(encoder, image_size=spec.image_size, in_channels=channels)
        # A BatchNorm lets SIGReg shape the latent freely; a LayerNorm would block it (LeWM).
        features = self.encoder.features
        if head == "linear":
            self.head = nn.Sequential(
                nn.Linear(features, latent), BatchNorm(latent, affine=False, momentum=0.05)
            )
        elif head == "mlp":
            self.head = nn.Sequential(
                nn.Linear(features, 2048), BatchNorm(2048), nn.GELU(), nn.Linear(2048, latent)
            )
        else:
            raise WmpcError(f"model.head is {head!r}; it may be linear or mlp")
        X, A = self.slots * latent, spec.action_size
        self.predictor = build(predictor, latent=X, action=A, context=context)
        if "inverse_dynamics" in self.objective:
            self.inverse = nn.Sequential(nn.Linear(2 * X, 256), nn.SiLU(), nn.Linear(256, A))
        for name, value in spec.statistics().items():
            self.register_buffer(name, torch.as_tensor(value), persistent=False)

    @property
    def columns(self) -> list[str]:
        """The columns of a dataset that the model reads."""
        return [*self.spec.cameras, "action", *(["proprio"] if self.slots == 2 else [])]

    # What a planner needs -------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        return self.action_mean.device

    def encode(self, observation: Mapping[str, np.ndarray | Tensor]) -> Tensor:
        """Columns (B, T, ...) in the units of the data -> latents (B, T, K, D).

        Pictures are uint8 (B, T, H, W, 3). What is missing, the proprioception or, where there is
        one, all pictures, gives a zero slot: see `known`.
        """
        if self._felt(observation):
            felt = self._slot(observation)
            return torch.cat([torch.zeros_like(felt), felt], 2)
        pixels = [self._pixels(observation, name) for name in self.spec.cameras]
        B, T = pixels[0].shape[:2]
        x = torch.cat(pixels, -1).flatten(0, 1).permute(0, 3, 1, 2)
        x = x.to(self.action_mean.dtype)
        x = x.sub_(127.5).div_(64)  # to about unit variance; in place, it is the largest tensor
        z = self.head(self.encoder(x)).view(B, T, 1, -1)
        if self.slots == 1:
            return z
        if "proprio" not in observation:
            return torch.cat([z, z.new_zeros(B, T, 1, self.latent)], 2)
        return torch.cat([z, self._slot(observation)], 2)

    def known(
        self, observation: Mapping[str, Any], weight: Mapping[str, np.ndarray] | None = None
    ) -> Tensor:
        """(K, 1) or, of a proprioception that counts in part, (K, D): 1 for what `observation`
        determines and `weight` counts (see `wmpc.agents.agent.Goal`), for weighing a goal's cost.

        WmpcError where pictures do not count as a whole: a picture is one latent, of which no entry
        belongs to a place.
        """
        if open := self.unsaid(observation, weight):
            raise WmpcError(
                f"a goal came that leaves {', '.join(open)} open, in part or as a whole, and this "
                "model sees a picture as one latent: give the agent recordings to complete it "
                "from, complete=wmpc.agents.completion.Completion.of(model, episodes)"
            )
        if self.slots == 1:
            return torch.ones(1, 1, device=self.device)
        slots = [float(not self._felt(observation)), float("proprio" in observation)]
        known = torch.tensor(slots, device=self.device).unsqueeze(-1)
        if "proprio" in observation and weight is not None and "proprio" in weight:
            known = known.repeat(1, self.latent)
            known[1, : self.spec.proprio_size] *= torch.as_tensor(weight["proprio"]).to(known)
        return known

    def unsaid(
        self, observation: Mapping[str, Any], weight: Mapping[str, np.ndarray] | None = None
    ) -> list[str]:
        """The cameras whose picture a goal does not say, or not all of; none where it says only
        the proprioception, and that is a slot."""
        if self._felt(observation):
            return []
        masked = {name for name, w in (weight or {}).items() if not np.all(np.asarray(w) == 1)}
        return [c for c in self.spec.cameras if c not in observation or c in masked]

    def dynamics(self, latents: Tensor, executed: Tensor, valid: Tensor | None = None):
        """Bind to a context: latents (B, c, K, D) of the last c <= h frames, executed
        (B, c - 1, A) normalised blocks between them, valid (B, c) -> a planner's Dynamics."""
        return LatentDynamics(self.predictor, latents, executed, valid)

    def normalise(self, actions: np.ndarray | Tensor) -> Tensor:
        """Blocks (..., n, A) in the environment's units -> (..., n * A) standardised."""
        a = _tensor(actions, dtype=self.action_mean.dtype, device=self.device)
        return ((a - self.action_mean) / self.action_std).flatten(-2)

    def denormalise(self, actions: Tensor) -> np.ndarray:
        """Standardised (..., n * A) -> blocks (..., n, A) in the environment's units and bounds."""
        a = actions.unflatten(-1, (self.spec.action_block, -1)) * self.action_std + self.action_mean
        return a.clamp(self.action_low, self.action_high).cpu().numpy()

    def action_bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest standardised block, each (n * A,)."""
        n = self.spec.action_block
        low, high = (self.normalise(x.expand(n, -1)) for x in (self.action_low, self.action_high))
        return low, high

    # What training needs --------------------------------------------------------------------

    def predict(self, latents: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        """(B, T, K, D), (B, T, A), (B, T) bool -> the latent after every position, (B, T, K, D).

        Position t sees at most the last h frames up to t, and of those only the valid ones.
        """
        return self.predictor(latents.flatten(2), actions, valid).view_as(latents)

    def imagine(self, latents: Tensor, actions: Tensor, steps: int) -> Tensor:
        """Roll out from each of the first h frames, the context growing from one frame to h.

        latents (B, L, K, D), actions (B, L - 1, A) -> (B, S, steps, K, D) with S starts; entry
        [s, k] is the prediction of latents[s + 1 + k], fed by actions only after frame s.
        """
        h = self.context
        S = min(h, latents.shape[1] - steps)
        seen = torch.ones(latents.shape[:2], dtype=torch.bool, device=latents.device)
        # Every start is a problem of its own; its context is padded to h frames before the first.
        z, valid = (windows(x, h)[:, :S].flatten(0, 1) for x in (latents, seen))
        executed = windows(actions, h)[:, :S, :-1].flatten(0, 1)
        after = actions.unfold(1, steps, 1).movedim(-1, 2)[:, :S].flatten(0, 1)
        dynamics = self.dynamics(z, executed, valid)
        return dynamics.rollout(after.unsqueeze(1)).unflatten(0, (-1, S))[:, :, 0]

    def loss(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Weighted terms and their sum "loss". batch: columns (B, L, ...) and action
        (B, L - 1, n, A) in the units of the data; generator (CPU) draws SIGReg's directions.
        With `rows` (B, L), columns of frames are (U, ...), each encoded once: row `rows[b, t]`
        is frame t of window b."""
        if "rows" in batch:
            frames = {n: batch[n].unsqueeze(0) for n in self.columns if n != "action"}
            z = self.encode(frames)[0][batch["rows"]]
        else:
            z = self.encode(batch)
        a = self.normalise(batch["action"])
        terms = {name: TERMS[name](self, z, a, generator) for name in self.objective}
        total = torch.stack([w * terms[name] for name, w in self.objective.items()]).sum()
        return {"loss": total, **terms}

    def _felt(self, observation: Mapping[str, Any]) -> bool:
        """Whether an observation has no picture, and a proprioception that the model knows."""
        seen = any(name in observation for name in self.spec.cameras)
        return self.slots == 2 and "proprio" in observation and not seen

    def _slot(self, observation: Mapping[str, Any]) -> Tensor:
        """Its proprioception (B, T, P) -> (B, T, 1, D), standardised and padded with zeros."""
        kind = {"dtype": self.proprio_mean.dtype, "device": self.device}
        proprio = _tensor(observation["proprio"], **kind)
        slot = proprio.new_zeros(*proprio.shape[:2], 1, self.latent)
        slot[..., 0, : self.spec.proprio_size] = (proprio - self.proprio_mean) / self.proprio_std
        return slot

    def _pixels(self, observation: Mapping[str, Any], name: str) -> Tensor:
        size = self.spec.image_size
        if name not in observation:
            raise WmpcError(f"the model sees {name!r}; the observation has {sorted(observation)}")
        pixels = _tensor(observation[name], device=self.device)
        if pixels.dtype != torch.uint8 or tuple(pixels.shape[2:]) != (size, size, 3):
            raise WmpcError(
                f"{name} is {tuple(pixels.shape[2:])} {pixels.dtype}; the model was trained on "
                f"({size}, {size}, 3) uint8: record or resize to that"
            )
        return pixels


def _tensor(values: np.ndarray | Tensor, **kind: Any) -> Tensor:
    """As a tensor; of an array that torch does not wrap, such as a memory map's rows, a copy."""
    if isinstance(values, np.ndarray):
        values = np.require(values, requirements=["C", "W"])
    return torch.as_tensor(values, **kind)


def _prediction(model: JEPA, z: Tensor, a: Tensor, _: torch.Generator) -> Tensor:
    """Teacher-forced: every next latent from its true context."""
    valid = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool, device=z.device)
    return losses.prediction(model.predict(z[:, :-1], a, valid), z[:, 1:])


def _rollout(model: JEPA, z: Tensor, a: Tensor, _: torch.Generator) -> Tensor:
    """Multi-step: every prediction of an imagined rollout against the frame it stands for."""
    steps = min(model.rollout, z.shape[1] - 1)
    imagined = model.imagine(z, a, steps)
    truth = z[:, 1:].unfold(1, steps, 1).movedim(-1, 2)[:, : imagined.shape[1]]
    return losses.prediction(imagined, truth)


def _sigreg(model: JEPA, z: Tensor, a: Tensor, generator: torch.Generator) -> Tensor:
    directions = losses.random_directions(model.latent, model.directions, generator).to(z)
    return losses.sigreg(gather(z[:, :, 0]), directions)


def _inverse(model: JEPA, z: Tensor, a: Tensor, _: torch.Generator) -> Tensor:
    pairs = torch.cat([z[:, :-1], z[:, 1:]], -1).flatten(2)
    return losses.inverse_dynamics(model.inverse(pairs), a)


TERMS = {
    "prediction": _prediction,
    "rollout": _rollout,
    "sigreg": _sigreg,
    "variance": lambda model, z, a, g: losses.variance(gather(z[:, :, 0])),
    "covariance": lambda model, z, a, g: losses.covariance(gather(z[:, :, 0])),
    "motion": lambda model, z, a, g: losses.motion(gather(z[:, :, 0])),
    "smoothness": lambda model, z, a, g: losses.smoothness(z[:, :, 0]),
    "inverse_dynamics": _inverse,
}
"""The terms an objective may weigh. One that is a mean over windows sees those of this process; any
other takes the latents of all that train together (`gather`)."""


def window_length(model: JEPA) -> int:
    """Frames of a training window: a full context, then the rollout."""
    return model.context + model.rollout
