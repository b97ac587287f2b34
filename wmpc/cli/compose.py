"""From the words of a command line to validated configurations, with hydra.

Hydra composes `configs/VERB.yaml` and its groups. It would also let `task={}` replace a whole node,
or `episodes=many` a number, and names no neighbour of a mistyped key; so each override is checked
(`wmpc.cli.checks`) against what the same choice of groups gives by default. What is wrong is a
WmpcError of one sentence.
"""

import itertools
import re
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from wmpc.cli.checks import Choices, check_own, check_value, fitting, is_choice, leaves
from wmpc.cli.presets import Presets, own_choice
from wmpc.cli.words import Line, parse, quoted, read, unknown, with_keys
from wmpc.configs import read_file
from wmpc.errors import WmpcError

__all__ = ["Job", "describe", "jobs", "unknown"]


@dataclass(frozen=True)
class Job:
    """One run of a verb."""

    config: DictConfig
    title: str
    """The words that tell it from its siblings."""
    words: tuple[str, ...]
    """Overrides that give hydra its configuration."""


def jobs(verb: str, words: list[str]) -> list[Job]:
    """Compose the configurations that the words of a command line ask for.

    Where the jobs of a sweep would share a `name`, each gets its point appended to it.

    Args:
        verb: such as "eval".
        words: those after it.

    Returns:
        One job, or with `-m` one a point of the sweep.

    Raises:
        WmpcError: the words do not fit the verb's configuration.
    """
    line = read(words)
    presets = Presets.of(verb, line)
    points, swept = _points(line, with_keys(line.words, read_file(verb)))
    titles = [" ".join(point[i] for i in swept) for point in points]
    made = [_job(presets, point, title) for point, title in zip(points, titles, strict=True)]
    names = [job.config.get("name") for job in made]
    if None in names or len(set(names)) == len(names):
        return made
    slugs = [re.sub(r"[^\w.=+-]+", "-", title) for title in titles]
    return [
        _job(presets, [*point, "name=" + quoted(f"{name}-{slug}")], title)
        for point, name, slug, title in zip(points, names, slugs, titles, strict=True)
    ]


def _points(line: Line, words: list[str]) -> tuple[list[list[str]], list[int]]:
    """Every point of the sweep as overrides, and the places of those that differ."""
    choices = []
    for override in map(parse, words):
        if not override.is_sweep_override():
            choices.append([override.input_line or ""])
        elif not line.sweep:
            raise WmpcError(f"{override.input_line!r} is a sweep: add -m for one run a value")
        elif not override.is_discrete_sweep():
            raise WmpcError(f"{override.input_line!r} has no list of values to sweep over")
        else:
            key = override.get_key_element()
            choices.append([f"{key}={value}" for value in override.sweep_string_iterator()])
    swept = [place for place, values in enumerate(choices) if len(values) > 1]
    return [list(point) for point in itertools.product(*choices)], swept


def _job(presets: Presets, words: list[str], title: str) -> Job:
    """One job, its configuration complete, resolved and checked."""
    verb = presets.verb
    overrides, chosen, default, choices = _settled(presets, words)
    overrides = [o if o in chosen else fitting(verb, o, default, choices) for o in overrides]
    said = tuple(o.input_line or "" for o in overrides)
    config, _ = presets.composed(said)
    for override in overrides:
        if override not in chosen:
            check_value(verb, override, default, config)
    check_own(presets, config, choices)
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise WmpcError(f"{missing[0]}=... must be given; see wmpc {verb} --help")
    return Job(deepcopy(config), title, said)


def _settled(
    presets: Presets, words: list[str]
) -> tuple[list[Override], list[Override], DictConfig, Choices]:
    """The overrides, those among them that choose from groups, and what these choices give by
    default. A choice may bring groups of its own, from which others of the words choose."""
    chosen: list[Override] = []
    while True:
        default, choices = presets.composed(o.input_line or "" for o in chosen)
        overrides = [parse(full) for word in words for full in own_choice(word, choices)]
        before, chosen = chosen, [o for o in overrides if is_choice(presets, o, choices)]
        if [o.input_line for o in before] == [o.input_line for o in chosen]:
            return overrides, chosen, default, choices


def describe(verb: str, words: list[str]) -> str:
    """Write the help of a verb: its YAML, and its groups with the keys of the choice.

    Args:
        verb: such as "eval".
        words: those after it; groups are shown as they choose.

    Returns:
        Several lines.
    """
    line = read(words)
    presets = Presets.of(verb, line)
    text = files("wmpc.configs").joinpath(f"{verb}.yaml").read_text()
    lines = [re.sub(r"^defaults:\n(?:[ -].*\n)*", "", text, flags=re.MULTILINE).strip()]
    _, _, config, choices = _settled(presets, with_keys(line.words, read_file(verb)))
    order = [name for d in read_file(verb).get("defaults", []) if isinstance(d, dict) for name in d]
    for group in sorted(choices, key=lambda g: (order.index(g.split("/")[0]), g)):
        lines += ["", f"# {group}: {', '.join(presets.options(group))}"]
        inner = tuple(f"{g}/".replace("/", ".") for g in choices if g.startswith(f"{group}/"))
        node = group.replace("/", ".")
        said = [f"{node}.{leaf}" for leaf in leaves(OmegaConf.select(config, node))]
        lines += [leaf for leaf in said if not leaf.startswith(inner)]
    return "\n".join(lines)


def shown(job: Job) -> str:
    """Write the configuration of a job as YAML.

    Args:
        job: whose it is.

    Returns:
        Several lines.
    """
    return OmegaConf.to_yaml(job.config).rstrip()
