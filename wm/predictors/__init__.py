"""Predictors: from a context of latents and actions to the next latent."""

from wm.predictors.base import Predictor, candidates, windows
from wm.predictors.cached_transformer import CachedTransformer
from wm.predictors.causal_transformer import CausalTransformer
from wm.predictors.lewm import from_lewm
from wm.predictors.window_mlp import WindowMLP

__all__ = [
    "CachedTransformer",
    "CausalTransformer",
    "Predictor",
    "WindowMLP",
    "candidates",
    "from_lewm",
    "windows",
]
