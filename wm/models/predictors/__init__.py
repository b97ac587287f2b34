"""Predictors: from a context of latents and actions to the next latent."""

from wmpc.wm.models.predictors.base import Predictor, VectorPredictor, candidates, windows
from wmpc.wm.models.predictors.cached_transformer import CachedTransformer
from wmpc.wm.models.predictors.causal_transformer import CausalTransformer
from wmpc.wm.models.predictors.load_lewm import from_lewm
from wmpc.wm.models.predictors.window_mlp import WindowMLP

__all__ = [
    "CachedTransformer",
    "CausalTransformer",
    "Predictor",
    "VectorPredictor",
    "WindowMLP",
    "candidates",
    "from_lewm",
    "windows",
]
