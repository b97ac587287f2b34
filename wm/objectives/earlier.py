"""Configs of earlier versions, whose model weighed its losses itself."""

from collections.abc import Mapping
from typing import Any

NAMES = {"sigreg": "SIGReg", "inverse_dynamics": "InverseDynamics"}
"""Of the classes that are not called like their term."""
WEIGHTS = {"inverse.": "objective.by_name.inverse_dynamics.network."}
"""Names of weights by their beginning, and what they are called now."""


def split(model: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a model's config of an earlier version into the network's and the objective's."""
    network = dict(model)
    weights = network.pop("objective", None) or {"prediction": 1.0, "sigreg": 0.09}
    steps, directions = network.pop("rollout", 5), network.pop("directions", 256)
    objective: dict[str, Any] = {}
    for name, weight in weights.items() if isinstance(weights, Mapping) else ():
        kind = NAMES.get(name, str(name).title())
        target = f"wmpc.wm.objectives.{name}.{kind}"
        objective[name] = {"_target_": target, "weight": weight}
    if "sigreg" in objective:
        objective["sigreg"]["directions"] = directions
    if "rollout" in objective:
        objective["rollout"]["steps"] = steps
    elif "prediction" in objective and steps != 1:  # windows were that long all the same
        objective["prediction"]["steps"] = steps
    return network, objective


def rename_weights(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Weights of an earlier version under the names of today."""

    def renamed(name: str) -> str:
        old = next((old for old in WEIGHTS if name.startswith(old)), "")
        return WEIGHTS.get(old, "") + name.removeprefix(old)

    return {renamed(name): value for name, value in weights.items()}
