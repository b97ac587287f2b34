"""Hydra configuration tree, shipped in the wheel and found as pkg://wmpc.configs."""

from copy import deepcopy
from functools import cache
from importlib.resources import files
from typing import Any

import yaml


def list_files(folder: Any) -> list[str]:
    """List the YAML files of a folder.

    Args:
        folder: a path, or what stands for one inside a package.

    Returns:
        Their names without the suffix, sorted; none where there is no such folder.
    """
    if not folder.is_dir():
        return []
    return sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if ".yaml" in f.name)


def list_presets(group: str) -> list[str]:
    """List the presets of a group.

    Args:
        group: a folder of `configs/`, such as "model/encoder"; "" for the verbs.

    Returns:
        Their names, sorted.
    """
    return list_files(files(__name__).joinpath(group))


def read_file(name: str) -> dict[str, Any]:
    """Read a file of `configs/` as it stands.

    Args:
        name: such as "eval" or "planner/icem".

    Returns:
        Plain values by key, `defaults` among them; the caller's to change.
    """
    return deepcopy(_parsed(name))


@cache  # one command line asks for some twenty files, a program for the same ones again
def _parsed(name: str) -> dict[str, Any]:
    """The same, not to be changed."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where PyYAML was built with it
    return yaml.load(files(__name__).joinpath(f"{name}.yaml").read_text(), loader) or {}
