"""Whether overrides, and presets of a person's own, say what the verb's configuration can hold."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, ListConfig, OmegaConf

from wmpc.cli.presets import Presets, has_targets, names_parts
from wmpc.cli.signature import BORROWED, admits_none, parameters, plain_types
from wmpc.cli.words import parse, unknown
from wmpc.configs import list_presets, read_file
from wmpc.errors import WmpcError
from wmpc.system.renamed import SETTINGS, moved

Choices = Mapping[str, str]
"""Of each group."""


NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
NAMES[type(None)] = "null"


def is_choice(presets: Presets, override: Override, choices: Choices) -> bool:
    """Tell whether an override chooses from a group.

    Args:
        presets: what there is to choose from.
        override: one word of the command line, read.
        choices: the groups of the verb so far, with the choice of each.

    Returns:
        False where it sets a key.

    Raises:
        WmpcError: it chooses from a group what is not there.
    """
    group, value = override.key_or_group, override.value()
    allowed = presets.options(group) if group in choices or override.is_add() else []
    if not allowed or (value is None and choices.get(group) is None):
        return group in choices
    if value not in allowed:
        raise unknown(group, value, [*allowed, *["module:name"] * has_targets(group)])
    return True


def fitting(verb: str, override: Override, default: DictConfig, choices: Choices) -> Override:
    """Hold the key of an override against those that there are, or that the target of its node
    takes.

    Args:
        verb: whose configuration it is.
        override: one that chooses from no group.
        default: the configuration that the same choices give by default.
        choices: of each group.

    Returns:
        The override, with a + where its key is one that only the target takes.

    Raises:
        WmpcError: there is no such key, or it would replace a whole node.
    """
    if "/" in override.key_or_group:
        raise unknown(f"group of wmpc {verb}", override.key_or_group, choices)
    known = keys(default)
    key, (node, _, name) = override.key_or_group, override.key_or_group.rpartition(".")
    taken = parameters(verb, default, node) if node in known else None
    added = override.is_add() or override.is_force_add()
    if key not in known:
        if (now := SETTINGS.get(key)) in known:
            raise moved(key, now)
        if taken is not None and name not in taken:
            raise unknown(f"argument of {node}", name, taken, key)
        if not (taken or (added and node in known)):  # what is added needs a place that exists
            refused = unknown(f"key of wmpc {verb}", key, [*choices, *known])
            if node in known and node.endswith("kwargs"):  # of whatever constructor
                raise WmpcError(
                    f"{refused}; or +{override.input_line}, if the environment takes it"
                )
            raise refused
        return override if added else parse(f"+{override.input_line}")
    found = None if OmegaConf.is_missing(default, key) else OmegaConf.select(default, key)
    null = override.value() is None and _takes_none(verb, default, key)
    if isinstance(found, DictConfig) and not null:
        group = key.replace(".", "/")
        choose = f"choose {group}=..., or " if group in choices else ""
        first = next(leaves(found), "...")
        raise WmpcError(f"{key} is a node: {choose}set its keys, such as {key}.{first}")
    return override


def check_value(verb: str, override: Override, default: DictConfig, config: DictConfig) -> None:
    """Refuse a value of another type than that of the default, and a null that is not taken.

    Args:
        verb: whose configuration it is.
        override: one that sets a key.
        default: the configuration that the same choices give by default.
        config: the configuration with the override.

    Raises:
        WmpcError: the value is of another type than the default or, where that is null or lacking,
            than the target of its node takes; or it is null and neither is the default nor does the
            target take it.
    """
    key, (node, _, name) = override.key_or_group, override.key_or_group.rpartition(".")
    inside = OmegaConf.select(default, node) if node else default
    stated = name in inside and not OmegaConf.is_missing(inside, name)
    new = OmegaConf.select(config, key)
    null = _takes_none(verb, default, key) if new is None else None
    if null:
        return
    if null is False and not stated:
        raise WmpcError(f"{override.input_line} does not fit: {key} takes no null")
    old = inside[name] if stated else None
    taken = (parameters(verb, default, node) or {}).get(name) if old is None else None
    types = () if taken is None else plain_types(taken)
    if types and type(new) not in types:
        allowed = " or ".join(dict.fromkeys(NAMES[kind] for kind in types))
        raise WmpcError(f"{key}={new} does not fit: {key} is {allowed}")
    refuse_other_type(override.input_line or key, key, old, new)


def refuse_other_type(said: str, key: str, old: Any, new: Any) -> None:
    """Refuse a value of another type than the one it stands for; a whole number may stand for a
    fraction.

    Args:
        said: the words that gave it, for the sentence.
        key: which it is the value of.
        old: the default; None admits everything.
        new: the value.

    Raises:
        WmpcError: their types differ.
    """
    if old is None or type(old) is type(new) or (type(old) is float and type(new) is int):
        return
    kinds = {ListConfig: "a list like", str: "text like", int: "a whole number like"}
    kind = kinds.get(type(old), "true or false, like" if type(old) is bool else "a number like")
    raise WmpcError(f"{said} does not fit: {key} is {kind} {old}")


def check_own(presets: Presets, config: DictConfig, choices: Choices) -> None:
    """Check a configuration of which a person may have written parts, against `configs/VERB.yaml`.

    Args:
        presets: those it was composed of.
        config: the whole configuration.
        choices: of each group.

    Raises:
        WmpcError: it has keys that nobody reads, lacks some, or has a value of another type.
    """
    stated = {key: value for key, value in read_file(presets.verb).items() if key != "defaults"}
    for (verb, node), (lender, lent) in BORROWED.items():
        if verb == presets.verb and isinstance(own := config.get(node), DictConfig):
            lends = read_file(lender)[lent]
            _check_keys(node, own, {*lends}, set())
            stated[node] = {**{k: v for k, v in lends.items() if k in own}, **stated[node]}
    top = {group.split("/")[0] for group in choices}
    _compare(f"{presets.name}.yaml", OmegaConf.create(stated), config, top)
    for group, choice in choices.items():
        node = OmegaConf.select(config, group.replace("/", "."))
        others = [{*read_file(f"{group}/{name}")} - {"defaults"} for name in list_presets(group)]
        if isinstance(node, DictConfig) and "_target_" not in node and others:
            inner = {g.split("/")[-1] for g in choices if g.startswith(f"{group}/")}
            allowed, needed = set.union(*others) | inner, set.intersection(*others)
            if names_parts(group):
                parts = ((str(k), v) for k, v in node.items() if isinstance(v, DictConfig))
                own = {name for name, part in parts if "_target_" in part}
                allowed, needed = allowed | own, set()
            _check_keys(f"{group}={choice}", node, allowed, needed)
    for path in keys(config):
        node = OmegaConf.select(config, path)
        target = node.get("_target_") if isinstance(node, DictConfig) else None
        taken = parameters(presets.verb, config, path) if target else None
        if taken is not None:
            for key in set(node) - set(taken):
                if (now := SETTINGS.get(f"{path}.{key}")) is not None:
                    raise moved(f"{path}.{key}", now)
            _check_keys(f"{path} ({target})", node, {*taken, "_target_"}, set())


def _compare(
    what: str, stated: DictConfig, config: DictConfig, others: Set[str] = frozenset()
) -> None:
    """WmpcError unless a node has the keys that are stated, with values of their types, and
    `others`."""
    known = {str(key) for key in stated}
    _check_keys(what, config, known | others, known)
    for key in known:
        if OmegaConf.is_missing(config, key) or OmegaConf.is_missing(stated, key):
            continue
        if OmegaConf.is_interpolation(stated, key):  # of whatever type it leads to
            continue
        old, new = stated[key], config[key]
        if isinstance(old, DictConfig) and isinstance(new, DictConfig):
            _compare(f"{what}: {key}", old, new)
        elif new is not None:
            refuse_other_type(f"{key}={new}", key, old, new)


def _check_keys(what: str, node: DictConfig, allowed: Set[str], needed: Set[str]) -> None:
    """WmpcError unless a node has the keys that it needs and no others than are allowed."""
    if odd := [str(key) for key in node if key not in allowed]:
        raise unknown(f"key of {what}", odd[0], sorted(allowed))
    if lacking := sorted(needed - {*node}):
        raise WmpcError(f"{what} lacks {lacking[0]}=...; its keys are {', '.join(sorted(allowed))}")


def _takes_none(verb: str, default: DictConfig, key: str) -> bool | None:
    """Whether the target of a key's node takes None for it; None where that is not known."""
    node, _, name = key.rpartition(".")
    taken = parameters(verb, default, node)
    return None if taken is None or name not in taken else admits_none(taken[name])


def keys(node: DictConfig, prefix: str = "") -> list[str]:
    """List all dotted keys of a configuration, inner nodes included.

    Args:
        node: the configuration, or a part of it.
        prefix: stands before each key.

    Returns:
        In the order of the configuration, a node before its keys.
    """
    found = []
    for key in node:
        found.append(f"{prefix}{key}")
        child = None if OmegaConf.is_missing(node, key) else node[key]
        if isinstance(child, DictConfig):
            found += keys(child, f"{prefix}{key}.")
    return found


def leaves(node: Any) -> Iterator[str]:
    """List all values of a configuration.

    Args:
        node: the configuration, or a part of it; anything else has none.

    Yields:
        `dotted.key=value`.
    """
    for key in keys(node) if isinstance(node, DictConfig) else ():
        value = OmegaConf.select(node, key)
        if not isinstance(value, DictConfig):
            yield f"{key}={'null' if value is None else value}"
