"""The small network of whatever reads blocks off latents."""

from torch import nn


def policy_network(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Build a network of three hidden layers.

    Args:
        inputs: numbers that it reads.
        width: of the hidden layers.
        outputs: numbers that it gives.

    Returns:
        The network, (..., inputs) -> (..., outputs).
    """
    layers: list[nn.Module] = []
    for size in (inputs, width, width):
        layers += [nn.Linear(size, width), nn.LayerNorm(width), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(width, outputs))
