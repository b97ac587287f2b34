"""Predictors: from a context of latents and actions to the next latent."""

from wm.predictors.base import Predictor, candidates, windows
from wm.predictors.causal_transformer import CausalTransformer
from wm.predictors.window_mlp import WindowMLP

__all__ = ["CausalTransformer", "Predictor", "WindowMLP", "candidates", "windows"]
