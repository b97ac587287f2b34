"""Configs of earlier versions, whose model weighed its losses itself."""

from collections.abc import Mapping
from typing import Any

from wmpc.system.renamed import rename_targets

TARGETS = {
    "sigreg": "sigreg.SIGReg",
    "inverse_dynamics": "inverse_dynamics.InverseDynamics",
    "smoothness": "temporal_straightening.TemporalStraightening",
}
"""Modules and classes that are not called like their term was."""
WEIGHTS = {"inverse.": "objective.by_name.inverse_dynamics.network."}
"""Names of weights by their beginning, and what they are called now."""


def rename_terms(objective: Any) -> Any:
    """Call the terms of an objective by their names and targets of today.

    Args:
        objective: by name, a term's settings or its mere weight; it is not changed.

    Returns:
        The same in the same order; `smoothness` is `temporal_straightening`, unless it is somebody
        else's term. What is no mapping, as in a damaged file, as it is.
    """
    if not isinstance(objective, Mapping):
        return objective
    ours, renamed = "temporal_straightening", rename_targets(objective)
    named = {}
    for name, entry in renamed.items():
        target = entry.get("_target_", f".{ours}.") if isinstance(entry, Mapping) else f".{ours}."
        named[ours if name == "smoothness" and f".{ours}." in str(target) else name] = entry
    return named


def split(model: Any, own: Any = None) -> tuple[Any, Any]:
    """Split a model's config of an earlier version into the network's and the objective's.

    Args:
        model: the config, whose `objective` (a weight by term), `rollout` (steps, 5 where missing)
            and `directions` (256 where missing) belong to the objective. Without an `objective`, or
            with an empty one, prediction weighs 1 and sigreg 0.09. It is not changed.
        own: the objective's config, where the run has one beside the model's.

    Returns:
        The network's config without these entries; and `own` by names of today, or the
        objective's, by name each term's `_target_`, `weight` and arguments, empty where `objective`
        was no mapping. A model that is none, as in a damaged file, as it is. Without a rollout
        term, prediction takes the rollout's `steps`, as windows were that long all the same.
    """
    if own is not None or not isinstance(model, Mapping):
        return model, rename_terms({} if own is None else own)
    network = dict(model)
    weights = network.pop("objective", None) or {"prediction": 1.0, "sigreg": 0.09}
    steps, directions = network.pop("rollout", 5), network.pop("directions", 256)
    objective: dict[str, Any] = {}
    for name, weight in weights.items() if isinstance(weights, Mapping) else ():
        target = TARGETS.get(name, f"{name}.{str(name).title()}")
        named = target.partition(".")[0]
        objective[named] = {"_target_": f"wmpc.wm.objectives.{target}", "weight": weight}
    if "sigreg" in objective:
        objective["sigreg"]["directions"] = directions
    if "rollout" in objective:
        objective["rollout"]["steps"] = steps
    elif "prediction" in objective and steps != 1:  # windows were that long all the same
        objective["prediction"]["steps"] = steps
    return network, objective


def rename_weights(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the weights of an earlier version to the names of today.

    Args:
        weights: tensors, or whatever is known of each, by name of an earlier version or of this
            one.

    Returns:
        The values in the same order; names whose beginning is in `WEIGHTS` begin as it says, the
        others stay.
    """

    def renamed(name: str) -> str:
        old = next((old for old in WEIGHTS if name.startswith(old)), "")
        return WEIGHTS.get(old, "") + name.removeprefix(old)

    return {renamed(name): value for name, value in weights.items()}
