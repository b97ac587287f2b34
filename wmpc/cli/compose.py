"""From the words of a command line to validated configurations, with hydra.

Hydra composes `configs/VERB.yaml` and its groups. It would also let `env={}` replace a whole node,
or `episodes=many` a number, and names no neighbour of a mistyped key; so each override is checked
against what the same choice of groups gives by default. What is wrong is a WmpcError of one
sentence.
"""

import difflib
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml
from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from wmpc.cli.signature import admits_none, parameters
from wmpc.errors import WmpcError

PLAIN = re.compile(r"([\w./@+]+)=([\w./=:@,~-]+)")
"""A value hydra's grammar refuses although it can only be meant as it stands, such as a path with
an equals sign in it."""

EXTERNAL = re.compile(r"agent=([A-Za-z_][\w.]*)\\?:([\w.]+)")
"""An agent of somebody else's, which is no choice of `configs/agent`; hydra escapes the colon of a
value in a sweep."""
NUMBERS = re.compile(r"(goal)=((?:nearest:)?proprio:[^'\"\[\]]*)|(crop)=([^'\"\[\]]*)")
"""Numbers with commas between them that are one value, not a sweep over several."""
KEY = re.compile(r"[\w.]*")


@dataclass(frozen=True)
class Job:
    """One run of a verb: its configuration, and the words that tell it from its siblings."""

    config: DictConfig
    title: str


def jobs(verb: str, words: list[str]) -> list[Job]:
    """The configurations that `words` ask for: one, or with `-m` one a point of the sweep.

    Where the jobs of a sweep would share a `name`, each gets its point appended to it.
    """
    sweep = any(word in ("-m", "--multirun") for word in words)
    words = [word for word in words if word not in ("-m", "--multirun")]
    choices = []
    for override in map(_parse, _with_keys(verb, words)):
        key = override.get_key_element()
        if not override.is_sweep_override():
            choices.append([override.input_line or ""])
        elif not sweep:
            raise WmpcError(f"{override.input_line!r} is a sweep: add -m for one run a value")
        elif not override.is_discrete_sweep():
            raise WmpcError(f"{override.input_line!r} has no list of values to sweep over")
        else:
            choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
    points = [list(point) for point in itertools.product(*choices)]
    swept = [i for i, values in enumerate(choices) if len(values) > 1]
    made = [Job(_config(verb, point), " ".join(point[i] for i in swept)) for point in points]
    names = [job.config.get("name") for job in made]
    if None in names or len(set(names)) == len(names):
        return made
    slugs = [re.sub(r"[^\w.=+-]+", "-", job.title) for job in made]
    names = [f"{name}-{slug}" for name, slug in zip(names, slugs, strict=True)]
    return [
        Job(_config(verb, [*point, f"name='{name}'"]), job.title)
        for point, name, job in zip(points, names, made, strict=True)
    ]


def _with_keys(verb: str, words: list[str]) -> list[str]:
    """Bare words with their keys: the first is `do`, all others together are the list `of`.

    Only where the verb has these keys. A word is bare if no key stands before its first "=": a
    folder may be called runs/x-seed=0, and one called seed=0 is ./seed=0.
    """
    keys = _yaml(verb)
    if not words or "do" not in keys or not _is_bare(words[0]):
        return words
    bare = [word for word in words[1:] if "of" in keys and _is_bare(word)]
    others = [word for word in words[1:] if word not in bare]
    of = [f"of=[{','.join(map(_quoted, bare))}]"] if bare else []
    return [f"do={_quoted(words[0])}", *of, *others]


def _is_bare(word: str) -> bool:
    before, equals, _ = word.partition("=")
    return word[:1] not in ("", "-", "+", "~") and not (equals and KEY.fullmatch(before))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "\\'") + "'"


def describe(verb: str) -> str:
    """The help of a verb: its YAML, and its groups with the keys of the default choice."""
    text = files("wmpc.configs").joinpath(f"{verb}.yaml").read_text()
    lines = [re.sub(r"^defaults:\n(?:[ -].*\n)*", "", text, flags=re.MULTILINE).strip()]
    config = _compose(verb, [])
    for group in _groups(verb):
        lines += ["", f"# {group}: {', '.join(options(group))}"]
        node = OmegaConf.select(config, group.replace("/", "."))
        lines += [f"{group}.{line}" for line in _leaves(node)]
    return "\n".join(lines)


def options(group: str) -> list[str]:
    """The names one can choose from in a group of `configs/`."""
    folder = files("wmpc.configs").joinpath(group)
    if not folder.is_dir():
        return []
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if ".yaml" in f.name)


def unknown(what: str, given: Any, allowed: Iterable[str]) -> WmpcError:
    """The error for a name that does not exist: the nearest one, and all that do."""
    allowed = list(allowed)
    near = difflib.get_close_matches(str(given), allowed, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return WmpcError(f"there is no {what} {given!r}; {hint}allowed: {', '.join(allowed)}")


def _config(verb: str, words: list[str]) -> DictConfig:
    """The configuration of one job, complete, resolved and checked."""
    groups = _groups(verb)
    overrides = [_parse(full) for word in words for full in _in_full(word, groups)]
    chosen = [o for o in overrides if _is_group(verb, o, groups)]
    keys = [o for o in overrides if o not in chosen]
    default = _compose(verb, chosen)
    for override in keys:
        _check_key(verb, override, default)
    config = _compose(verb, overrides)
    for override in keys:
        _check_value(verb, override, default, config)
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise WmpcError(f"{missing[0]}=... must be given; see wmpc {verb} --help")
    return config


def _in_full(word: str, groups: list[str]) -> list[str]:
    """`agent=module:function` as the choice and the key that it stands for; others as they are."""
    external = EXTERNAL.fullmatch(word) if "agent" in groups else None
    return ["agent=external", f"agent.function={external[1]}:{external[2]}"] if external else [word]


def _compose(verb: str, overrides: list[Override]) -> DictConfig:
    words = [override.input_line or "" for override in overrides]
    try:
        with initialize_config_module("wmpc.configs", version_base="1.3"):
            config = compose(verb, words)
        OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException) as error:
        raise WmpcError(f"{' '.join(words)} does not fit: {str(error).splitlines()[0]}") from None
    return config


def _parse(word: str) -> Override:
    """The override that a word means; its `input_line` is the word as hydra can read it."""
    parser = OverridesParser.create()
    if numbers := NUMBERS.fullmatch(word):
        key, value = (part for part in numbers.groups() if part is not None)
        word = f"{key}={_quoted(value)}"
    try:
        override = parser.parse_override(word)
    except HydraException:
        plain = PLAIN.fullmatch(word)
        if plain is None:
            raise WmpcError(
                f"cannot read {word!r}: write key=value, odd values quoted: \"key='odd value'\""
            ) from None
        return parser.parse_override(f"{plain[1]}='{os.path.expanduser(plain[2])}'")
    if override.is_delete() or not override.key_or_group:
        raise WmpcError(f"cannot read {word!r}: write key=value")
    return override


def _is_group(verb: str, override: Override, groups: list[str]) -> bool:
    """Whether an override chooses from a group; WmpcError where that choice does not exist."""
    group, value = override.key_or_group, override.value()
    allowed = options(group)
    if not allowed:
        return False
    if group not in groups and "/" not in group:
        if group in _yaml(verb):
            return False  # a plain key of this verb that shares its name with a group
        raise unknown(f"key of wmpc {verb}", group, [*groups, *_keys(_compose(verb, []))])
    if value not in allowed:
        raise unknown(group, value, allowed + ["module:function"] * (group == "agent"))
    return True


def _check_key(verb: str, override: Override, default: DictConfig) -> None:
    """Refuse a key that there is not, and what would replace a whole node; of what is added, what
    the target of its node does not take."""
    known = _keys(default)
    key, (node, _, name) = override.key_or_group, override.key_or_group.rpartition(".")
    if override.is_add() or override.is_force_add():
        if node not in known:  # what is added needs a place that exists
            raise unknown(f"key of wmpc {verb}", key, known)
        taken = parameters(verb, default, node)
        if key not in known and taken is not None and name not in taken:
            raise unknown(f"argument of {node}", name, taken)
    elif key not in known:
        raise unknown(f"key of wmpc {verb}", key, known)
    found = OmegaConf.select(default, key) if key in known else None
    null = override.value() is None and _takes_none(verb, default, key)
    if isinstance(found, DictConfig) and not null:
        raise WmpcError(
            f"{key} is a node: set its keys, such as {key}.{next(_leaves(found), '...')}"
        )


def _check_value(verb: str, override: Override, default: DictConfig, config: DictConfig) -> None:
    """Refuse a value of another type than that of the default, unless there is none, and a null
    that is neither the default nor taken by the target of its node."""
    key, (node, _, name) = override.key_or_group, override.key_or_group.rpartition(".")
    inside = OmegaConf.select(default, node) if node else default
    stated = name in inside and not OmegaConf.is_missing(inside, name)
    old = inside[name] if stated else None
    new = OmegaConf.select(config, key)
    null = _takes_none(verb, default, key) if new is None else None
    if null:
        return
    if null is False and not stated:
        raise WmpcError(f"{override.input_line} does not fit: {key} takes no null")
    if old is None or type(old) is type(new) or (type(old) is float and type(new) is int):
        return
    name = {ListConfig: "a list like", str: "text like", int: "a whole number like"}
    kind = name.get(type(old), "true or false, like" if type(old) is bool else "a number like")
    raise WmpcError(f"{override.input_line} does not fit: {key} is {kind} {old}")


def _takes_none(verb: str, default: DictConfig, key: str) -> bool | None:
    """Whether the target of a key's node takes None for it; None where that is not known."""
    node, _, name = key.rpartition(".")
    taken = parameters(verb, default, node)
    return None if taken is None or name not in taken else admits_none(taken[name])


def _yaml(verb: str) -> dict[str, Any]:
    """`configs/VERB.yaml` as it stands."""
    return yaml.safe_load(files("wmpc.configs").joinpath(f"{verb}.yaml").read_text()) or {}


def _groups(verb: str) -> list[str]:
    """The groups a verb chooses from."""
    names = [name for d in _yaml(verb).get("defaults", []) if isinstance(d, dict) for name in d]
    return [re.sub(r"^(optional|override) |@.*", "", name) for name in names]


def _keys(node: DictConfig, prefix: str = "") -> list[str]:
    """All dotted keys of a configuration, inner nodes included."""
    found = []
    for key in node:
        found.append(f"{prefix}{key}")
        child = None if OmegaConf.is_missing(node, key) else node[key]
        if isinstance(child, DictConfig):
            found += _keys(child, f"{prefix}{key}.")
    return found


def _leaves(node: Any) -> Iterator[str]:
    """`dotted.key=value` of all values in a configuration."""
    for key in _keys(node) if isinstance(node, DictConfig) else ():
        value = OmegaConf.select(node, key)
        if not isinstance(value, DictConfig):
            yield f"{key}={'null' if value is None else value}"
