"""The world model: an action-conditioned joint-embedding predictive architecture (JEPA).

It encodes each frame into a latent and predicts the next latent from a context of latents and
actions; no pixels are ever predicted. Objectives (`wmpc.wm.objectives`) train it, planners use it
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
from wmpc.wm.models.latent import Layout
from wmpc.wm.models.prepare import prepare_frame
from wmpc.wm.models.spec import DataSpec
from wmpc.wm.models.world_model import seen_columns


class JEPA(nn.Module):
    """Latents are (K, D): the tokens that the encoder gives of the pictures, through a head, and
    behind them, if asked for, one of the standardised proprioception, zero-padded: it is not learnt
    and so needs no protection from collapse.

    Args:
        spec: what the data look like (sizes, statistics, bounds), from the dataset.
        encoder: config of a `wmpc.wm.models.encoders.base.Encoder`, with `_target_`.
        predictor: config of a `wmpc.wm.models.predictors.base.Predictor`, likewise.
        latent: D.
        context: h, the most frames a prediction may see.
        proprio: whether proprioception is a slot of the latent.
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
        proprio: bool = False,
        head: str = "linear",
    ) -> None:
        super().__init__()
        if min(latent, context) < 1:
            raise WmpcError("model.latent and context are at least 1")
        if proprio and not 0 < spec.proprio_size <= latent:
            raise WmpcError(
                f"proprio=true needs 1 to {latent} (latent) proprioceptive values a frame, the "
                f"data have {spec.proprio_size}; set model.proprio=false or a larger model.latent"
            )
        self.spec, self.latent, self.context = spec, latent, context
        channels = 3 * len(spec.cameras)
        self.encoder = build(encoder, image_size=spec.image_size, in_channels=channels)
        groups = {"pixels": self.encoder.tokens} | ({"proprio": 1} if proprio else {})
        self.layout = Layout(groups, latent, getattr(self.encoder, "grid", None))
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
        self.action_block, self.action_size = spec.action_block, spec.action_size
        sizes = {"latent": latent, "tokens": self.layout.tokens, "action": self.action_size}
        self.predictor = build(predictor, **sizes, context=context)
        for name, value in spec.statistics().items():
            self.register_buffer(name, torch.as_tensor(value), persistent=False)

    @property
    def columns(self) -> list[str]:
        """The columns of a dataset that the model reads."""
        acted = ["action"] if self.spec.has_actions else []
        return [*self.spec.cameras, *acted, *(["proprio"] if "proprio" in self.layout else [])]

    @property
    def device(self) -> torch.device:
        return self.action_mean.device

    def encode(self, observation: Mapping[str, np.ndarray | Tensor]) -> Tensor:
        """Encode columns of observations.

        Args:
            observation: pictures (B, T, H, W, 3) uint8 and proprioception (B, T, P), in the units
                of the data. What is missing, the proprioception or, where there is one, all
                pictures, gives tokens of zeros: see `known`.

        Returns:
            Latents (B, T, K, D).
        """
        if self._felt(observation):
            felt = self._slot(observation)
            unseen = felt.new_zeros(*felt.shape[:2], self.encoder.tokens, self.latent)
            return torch.cat([unseen, felt], 2)
        pixels = [self._pixels(observation, name) for name in self.spec.cameras]
        B, T = pixels[0].shape[:2]
        tokens = self.encoder(torch.cat(pixels, -1).flatten(0, 1).permute(0, 3, 1, 2))
        z = self.head(tokens.flatten(0, 1)).view(B, T, -1, self.latent)
        if "proprio" not in self.layout:
            return z
        if "proprio" not in observation:
            return torch.cat([z, z.new_zeros(B, T, 1, self.latent)], 2)
        return torch.cat([z, self._slot(observation)], 2)

    def prepare(self, frame: np.ndarray | Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Make a frame what the model takes: its pictures as large as those of the run's data.

        Args:
            frame: a picture (H, W, 3) uint8 of any size, where the model sees one camera; or
                columns by name, each of one frame.

        Returns:
            An observation of one frame, for `wmpc.Goal` and agents.

        Raises:
            WmpcError: nothing there is what the model reads, or a picture is none.
        """
        return prepare_frame(frame, seen_columns(self), self.spec)

    def known(
        self, observation: Mapping[str, Any], weight: Mapping[str, np.ndarray] | None = None
    ) -> tuple[Tensor, list[str]]:
        """Find what a goal determines of a latent: see `WorldModel.known`.

        No entry of a picture's tokens belongs to a place, so it counts as a whole or is left open.
        A goal that has proprioception alone leaves nothing open, if that is a token. Of a
        proprioception that counts in part, each number has its own weight.

        Args:
            observation: the columns that the goal says.
            weight: by column, how much each part of it counts, 0 to 1; None: all of it.

        Returns:
            The weight, (K, 1) or (K, D), and the cameras whose picture the goal leaves open.
        """
        counts = dict(weight or {})
        masked = {name for name, w in counts.items() if not np.all(np.asarray(w) == 1)}
        felt = self._felt(observation)
        left = [c for c in self.spec.cameras if c not in observation or c in masked]
        known = torch.ones(self.layout.tokens, 1, device=self.device)
        known[self.layout.place("pixels")] = float(not felt)
        if "proprio" in self.layout:
            place = self.layout.place("proprio")
            known[place] = float("proprio" in observation)
            if "proprio" in observation and "proprio" in counts:
                known = known.repeat(1, self.latent)
                known[place, : self.spec.proprio_size] *= torch.as_tensor(counts["proprio"]).to(
                    known
                )
        return known, [] if felt else left

    def dynamics(self, latents: Tensor, executed: Tensor, valid: Tensor | None = None):
        """Bind the model to a context.

        Args:
            latents: (B, c, K, D) of the last c <= h frames, the present one last.
            executed: (B, c - 1, A), the standardised blocks between them.
            valid: (B, c) bool, which of the frames are real; None: all.

        Returns:
            What planners roll out.
        """
        return LatentDynamics(self.predictor, latents, executed, valid)

    def normalise(self, actions: np.ndarray | Tensor) -> Tensor:
        """Standardise blocks.

        Args:
            actions: (..., n, a), in the environment's units.

        Returns:
            (..., n * a).
        """
        a = _tensor(actions, dtype=self.action_mean.dtype, device=self.device)
        return ((a - self.action_mean) / self.action_std).flatten(-2)

    def denormalise(self, actions: Tensor) -> np.ndarray:
        """Undo `normalise`, within the environment's bounds.

        Args:
            actions: (..., n * a), standardised.

        Returns:
            (..., n, a), in the environment's units.
        """
        a = actions.unflatten(-1, (self.spec.action_block, -1)) * self.action_std + self.action_mean
        return a.clamp(self.action_low, self.action_high).cpu().numpy()

    def action_bounds(self) -> tuple[Tensor, Tensor]:
        """Return the bounds of a block.

        Returns:
            The lowest and the highest standardised block, each (n * a,).
        """
        n = self.spec.action_block
        low, high = (self.normalise(x.expand(n, -1)) for x in (self.action_low, self.action_high))
        return low, high

    def predict(self, latents: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position of a window.

        Args:
            latents: (B, T, K, D).
            actions: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of the frames are real.

        Returns:
            (B, T, K, D); position t sees at most the last h frames up to t, and of those only the
            valid ones.
        """
        return self.predictor(latents, actions, valid)

    def _felt(self, observation: Mapping[str, Any]) -> bool:
        """Whether an observation has no picture, and a proprioception that the model knows."""
        seen = any(name in observation for name in self.spec.cameras)
        return "proprio" in self.layout and "proprio" in observation and not seen

    def _slot(self, observation: Mapping[str, Any]) -> Tensor:
        """Its proprioception (B, T, P) -> (B, T, 1, D), standardised and padded with zeros."""
        kind = {"dtype": self.proprio_mean.dtype, "device": self.device}
        proprio = _tensor(observation["proprio"], **kind)
        slot = proprio.new_zeros(*proprio.shape[:2], 1, self.latent)
        standardised = (proprio - self.proprio_mean) / self.proprio_std
        slot[..., : self.spec.proprio_size] = standardised.unsqueeze(2)
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
