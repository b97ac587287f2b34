"""The presets that one can choose from, ours and a person's own, and what hydra composes of them.

Ours are the groups of `wmpc.configs`. Beside them stand those of the folder `wmpc` in the person's
config home, of `--config-dir`, and whatever class or function is named on the command line as
`GROUP=module:name`: its signature is its preset.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import yaml
from hydra import compose, initialize_config_module
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from wmpc.cli.signature import defaults
from wmpc.cli.words import Line, unknown
from wmpc.configs import list_files, list_presets, read_file
from wmpc.errors import WmpcError
from wmpc.system.construct import find
from wmpc.system.renamed import KEYS

OWN = re.compile(r"(\+*)([\w/.]+)=([A-Za-z_][\w.]*)\\?(:)([A-Za-z_][\w.]*)")
"""What somebody else wrote, which is no choice of ours; hydra escapes a colon in a sweep."""
TARGET = re.compile(r"(\+*)([\w.]+)[.]_target_=([A-Za-z_][\w.]*)([:.])(\w+)")
"""The same, as the key that stands in a preset."""


TABLES = {"shift": "wmpc.envs.shift.table:presets"}
"""Of groups whose choices are rows of a table, what gives them: by name, the keys that differ from
those of the preset `none`."""


class OwnFolders(SearchPathPlugin):
    """Hydra's search path goes on in the person's own folders."""

    folders: ClassVar[tuple[Path, ...]] = ()

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the person's own folders, as hydra asks of a plugin.

        Args:
            search_path: hydra's, changed in place.
        """
        for folder in self.folders:
            search_path.append("wmpc", f"file://{folder}")


Plugins.instance().register(OwnFolders)


@dataclass(frozen=True)
class Presets:
    """What a verb's configuration is composed of."""

    verb: str
    name: str
    """Of the primary configuration; the verb's, where no other is given."""
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, verb: str, line: Line) -> "Presets":
        """Find the presets of one command line.

        Args:
            verb: such as "eval".
            line: its flags and words.

        Returns:
            Those of the package, of `--config-dir` and of the person's config home.

        Raises:
            WmpcError: `--config-name` names none, or a folder has the name of an earlier group.
        """
        home = Path(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "wmpc")
        folders = (*line.folders, home.absolute()) if home.is_dir() else line.folders
        for old in (folder / key for folder in folders for key in KEYS if (folder / key).is_dir()):
            raise WmpcError(f"{old} came; it is called {KEYS[old.name]!r} now: rename the folder")
        found = cls(verb, line.name or verb, folders)
        for group in TABLES if folders else ():  # a configuration of one's own may choose from it
            found.options(group)
        if found.name not in found.options(""):
            raise unknown("configuration", found.name, found.options(""))
        return found

    def options(self, group: str) -> list[str]:
        """List what one can choose from in a group.

        Args:
            group: such as "planner"; "": the primary configurations.

        Returns:
            Sorted names, ours and the person's own.
        """
        own = (name for folder in self.folders for name in list_files(folder / group))
        return sorted({*list_presets(group), *own, *_stored(group)})

    def composed(self, overrides: Iterable[str]) -> tuple[DictConfig, dict[str, str]]:
        """Compose a configuration with hydra.

        Args:
            overrides: words that hydra can read.

        Returns:
            The configuration, resolved and not to be changed, and the choice of each group.

        Raises:
            WmpcError: hydra refuses the words or the files.
        """
        return _composed(self, tuple(overrides))

    @contextmanager
    def search_path(self) -> Iterator[None]:
        """Initialise hydra with these folders, until the block ends.

        Yields:
            Nothing.
        """
        OwnFolders.folders = self.folders
        with initialize_config_module("wmpc.configs", version_base="1.3"):
            yield


@lru_cache(maxsize=256)  # it takes a tenth of a second
def _composed(presets: Presets, words: tuple[str, ...]) -> tuple[DictConfig, dict[str, str]]:
    try:
        with presets.search_path():
            config = compose(presets.name, list(words), return_hydra_config=True)
        choices = {k: v for k, v in config.hydra.runtime.choices.items() if "hydra/" not in k}
        OmegaConf.set_struct(config, False)
        del config["hydra"]
        OmegaConf.set_struct(config, True)
        OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        said = " ".join(str(error).splitlines()[:1])
        what = " ".join(words) or f"the configuration {presets.name}"
        raise WmpcError(f"{what} does not fit: {said}") from None
    for group, choice in choices.items():
        for folder in presets.folders if choice in list_presets(group) else ():
            if choice in list_files(folder / group):
                raise WmpcError(
                    f"{folder / group / choice}.yaml has the name of a preset of ours: rename it"
                )
    return config, choices


def has_targets(group: str) -> bool:
    """Tell whether the choices of a group name what is made of them (`_target_`).

    Args:
        group: such as "planner".

    Returns:
        What is true of its first preset.
    """
    return any("_target_" in read_file(f"{group}/{name}") for name in list_presets(group)[:1])


def names_parts(group: str) -> bool:
    """Tell whether a preset of a group is a mapping of parts by names that one is free to choose.

    Args:
        group: a folder of `configs/`.

    Returns:
        True where each entry of ours names what is made of it, as the terms of an objective do.
    """
    entries = [v for name in list_presets(group) for v in read_file(f"{group}/{name}").values()]
    return any(isinstance(entry, dict) and "_target_" in entry for entry in entries)


def own_choice(word: str, groups: Iterable[str]) -> list[str]:
    """Read `GROUP=module:name`, and `+GROUP.NAME=module:name`, as the choice of a preset that is
    made of a signature.

    Args:
        word: an override.
        groups: that there are to choose from.

    Returns:
        The overrides that it stands for; other words as they are.
    """
    own = OWN.fullmatch(word) or TARGET.fullmatch(word)
    group = own and own[2].replace(".", "/")
    if own is None or group is None:
        return [word]
    parent = group.rpartition("/")[0]
    added = bool(own[1]) and parent in groups and names_parts(parent)
    if not added and (group not in groups or not has_targets(group)):
        return [word]
    target = f"{own[3]}{own[4]}{own[5]}"
    if group == "agent" and OWN.fullmatch(word):  # in a process of its own
        return ["agent=external", f"agent.function={target}"]
    name = target.replace(":", ".")
    ConfigStore.instance().store(name, {"_target_": target, **defaults(target)}, group)
    return [f"{'+' * added}{group}={name}"]


@cache
def _store_table(group: str) -> None:
    """Make presets of the rows of a group's table."""
    for name, row in find(TABLES[group])().items():
        ConfigStore.instance().store(name, read_file(f"{group}/none") | row, group)


def _stored(group: str) -> list[str]:
    """Names of the group's presets that are made of signatures, or of the rows of a table."""
    if group in TABLES:
        _store_table(group)
    node: Any = ConfigStore.instance().repo
    for name in filter(None, group.split("/")):
        node = node.get(name, {})
    return [name.removesuffix(".yaml") for name in node if name.endswith(".yaml") and group]
