"""The files of `configs/`, the one source of defaults, for whoever calls from Python."""

from collections.abc import Mapping
from typing import Any

from wmpc.configs import list_presets, read_file
from wmpc.envs.shift.table import presets
from wmpc.errors import WmpcError


def read_preset(group: str, chosen: str | Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Read what a choice of a group stands for.

    Args:
        group: a folder of `configs/`, such as "agent".
        chosen: a name in it, such as "mpc"; or the settings themselves, which stay as they are.
        **changes: settings that replace or are added to its own.

    Returns:
        The settings, by name, in plain values.

    Raises:
        WmpcError: the group has no such name.
    """
    if not isinstance(chosen, str):
        return {**chosen, **changes}
    rows = presets() if group == "shift" else {}
    if chosen in rows:
        return {**read_preset(group, "none"), **rows[chosen], **changes}
    names = sorted([*list_presets(group), *rows])
    if chosen not in names:
        raise WmpcError(f"there is no {group} {chosen!r}; allowed: {', '.join(names)}")
    settings = read_file(f"{group}/{chosen}")
    for choice in settings.pop("defaults", []):
        if isinstance(choice, str):
            settings = (
                settings if choice == "_self_" else _merged(read_preset(group, choice), settings)
            )
            continue
        for inner, name in choice.items():
            if not inner.startswith("override "):
                settings = _merged({inner: read_preset(f"{group}/{inner}", name)}, settings)
    return {**settings, **changes}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, mappings at any depth together; of two other values that `above`."""
    both = {
        key: _merged(below[key], above[key])
        for key in below.keys() & above.keys()
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping)
    }
    return {**below, **above, **both}


def read_defaults(verb: str) -> dict[str, Any]:
    """Read the own keys of `configs/VERB.yaml` and their defaults, without those of its groups.

    Args:
        verb: such as "eval".

    Returns:
        Plain values by key; a node is a mapping of its own.
    """
    return {key: value for key, value in read_file(verb).items() if key != "defaults"}


def read_choices(verb: str) -> dict[str, str]:
    """Read which preset `configs/VERB.yaml` chooses from each of its groups.

    Args:
        verb: such as "eval".

    Returns:
        The preset's name by group.
    """
    chosen = [choice for choice in read_file(verb).get("defaults", []) if isinstance(choice, dict)]
    return {group: name for choice in chosen for group, name in choice.items()}


def read_objective(model: str | Mapping[str, Any]) -> str:
    """Read the name of the objective that a preset of a model is trained with.

    Args:
        model: its name, or its keys, which say nothing of it.

    Returns:
        A name under `configs/objective`.
    """
    choices = read_choices(f"model/{model}") if isinstance(model, str) else {}
    own = [name for group, name in choices.items() if group.startswith("override /objective")]
    return own[0] if own else read_choices("train")["objective"]
