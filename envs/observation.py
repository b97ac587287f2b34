"""What is seen of a world at one moment."""

from collections.abc import Mapping

import numpy as np

Observation = Mapping[str, np.ndarray]
"""`pixels` (H, W, 3) uint8, `proprio` (P,) float32, and for privileged agents `state` (S,) and
`variation` (V,) float64."""
