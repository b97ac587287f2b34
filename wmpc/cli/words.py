"""Read the words of a command line: flags, bare words, and overrides as hydra can parse them."""

import argparse
import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException

from wmpc.errors import WmpcError
from wmpc.system.renamed import rename_word

PLAIN = re.compile(r"([\w./@+]+)=([\w./=:@,~-]+)")
"""A value hydra's grammar refuses although it can only be meant as it stands, such as a path with
an equals sign in it."""
NUMBERS = re.compile(r"(goal)=((?:nearest:)?proprio:[^'\"\[\]]*)|(crop)=([^'\"\[\]]*)")
"""Numbers with commas between them that are one value, not a sweep over several."""
KEY = re.compile(r"[\w.]*")
TEXTS = ("data", "env_id", "eval", "filter", "folder", "format", "name", "out", "path", "run")
"""Last parts of keys whose values are text, also where one looks like a number: a folder 7."""
HYDRA = re.compile(r"\+{0,2}hydra[./]")


@dataclass(frozen=True)
class Line:
    """The words after a verb."""

    words: list[str]
    """Overrides and bare words."""
    hydra: list[str] = field(default_factory=list)
    """Overrides of hydra's own configuration, such as hydra/launcher=joblib."""
    sweep: bool = False
    help: bool = False
    show: bool = False
    """Print the configuration instead of running."""
    name: str | None = None
    """Of the configuration that stands for `configs/VERB.yaml`."""
    folders: tuple[Path, ...] = ()
    """Of presets of the person's own."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WmpcError(f"{message}; the flags are {FLAGS}")


FLAGS = "-m, --help, --cfg job, --config-name NAME and --config-dir DIR"


def read(words: Iterable[str]) -> Line:
    """Part the flags, which are hydra's, from the words.

    Args:
        words: all after the verb.

    Returns:
        Both.

    Raises:
        WmpcError: there is no such flag, a word is for sweeps alone, or a folder is not there.
    """
    parser = _Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("-m", "--multirun", action="store_true")
    parser.add_argument("-c", "--cfg", choices=["job"])
    parser.add_argument("-cn", "--config-name")
    parser.add_argument("-cd", "--config-dir", action="append", default=[])
    flags, rest = parser.parse_known_args(list(words))
    if odd := [word for word in rest if word.startswith("-")]:
        raise WmpcError(f"there is no flag {odd[0]}; the flags are {FLAGS}")
    hydra = [word for word in rest if HYDRA.match(word)]
    if hydra and not flags.multirun:
        raise WmpcError(f"{hydra[0]} is for the jobs of a sweep: add -m")
    if sweeper := [word for word in hydra if re.match(r"\+*hydra[./]sweeper", word)]:
        raise WmpcError(
            f"{sweeper[0]} came, but the points of a sweep are its lists (seed=0,1,2) and ranges: "
            "of hydra's plugins a launcher can be chosen, hydra/launcher=..."
        )
    for folder in flags.config_dir:
        if not Path(folder).is_dir():
            raise WmpcError(f"--config-dir {folder} came; there is no such folder")
    return Line(
        [word for word in rest if word not in hydra],
        hydra,
        flags.multirun,
        flags.help,
        flags.cfg is not None,
        flags.config_name and flags.config_name.removesuffix(".yaml"),
        tuple(Path(folder).absolute() for folder in flags.config_dir),
    )


def with_keys(words: list[str], keys: Iterable[str]) -> list[str]:
    """Give bare words their keys: the first is `do`, all others together are the list `of`.

    A word is bare if no key stands before its first "=": a folder may be called runs/x-seed=0, and
    one called seed=0 is ./seed=0.

    Args:
        words: those after the verb.
        keys: of the verb; without `do` among them nothing is changed.

    Returns:
        The words, each with a key.
    """
    if not words or "do" not in keys or not _is_bare(words[0]):
        return words
    bare = [word for word in words[1:] if "of" in keys and _is_bare(word)]
    others = [word for word in words[1:] if word not in bare]
    of = [f"of=[{','.join(map(quoted, bare))}]"] if bare else []
    return [f"do={quoted(words[0])}", *of, *others]


def _is_bare(word: str) -> bool:
    before, equals, _ = word.partition("=")
    return word[:1] not in ("", "-", "+", "~") and not (equals and KEY.fullmatch(before))


def quoted(word: str) -> str:
    """Quote a value so that hydra takes it as the text it is.

    Args:
        word: the value.

    Returns:
        The value between single quotes.
    """
    return "'" + word.replace("'", "\\'") + "'"


def parse(word: str) -> Override:
    """Read a word as an override.

    Args:
        word: `key=value`, perhaps with + before it.

    Returns:
        The override; its `input_line` is the word as hydra can read it.

    Raises:
        WmpcError: it cannot be read, or would delete a key.
    """
    parser = OverridesParser.create()
    if numbers := NUMBERS.fullmatch(word):
        key, value = (part for part in numbers.groups() if part is not None)
        word = f"{key}={quoted(value)}"
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
    if override.key_or_group.rpartition(".")[2] in TEXTS and not override.is_sweep_override():
        return _text(word, override)
    return override


def _text(word: str, override: Override) -> Override:
    """An override whose value is text, also where it looks like a number."""
    value = override.value()
    if isinstance(value, dict | list) or value == "":
        raise WmpcError(f"{word} does not fit: {override.key_or_group} is text, such as a name")
    if value is None or isinstance(value, str | QuotedString):
        return override
    key, _, said = word.partition("=")
    return OverridesParser.create().parse_override(f"{key}={quoted(said)}")


def unknown(what: str, given: Any, allowed: Iterable[str], key: str = "") -> WmpcError:
    """Make the error for a name that does not exist.

    Args:
        what: such as "planner".
        given: the name.
        allowed: all that exist.

    Returns:
        It names the nearest one or, of a word of an earlier version, the word of today.
    """
    allowed = list(dict.fromkeys(allowed))
    near = difflib.get_close_matches(str(given), allowed, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    now = rename_word(key or str(given))
    if now != (key or given) and {now.partition(".")[0], now.rpartition(".")[2]} & {*allowed}:
        hint = f"it is called {now!r} now; "
    return WmpcError(f"there is no {what} {given!r}; {hint}allowed: {', '.join(allowed)}")
