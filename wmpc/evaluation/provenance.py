"""What the numbers of an evaluation may depend on: libraries, the machine, our own code."""

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import torch


def versions() -> dict[str, Any]:
    """List what the numbers may depend on beside the configuration.

    Returns:
        Plain JSON values by name: versions of libraries, and what the machine is.
    """
    names = ("wmpc", "torch", "numpy", "mujoco", "gymnasium")
    return {name: version(name) for name in names} | {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "OpenGL": os.environ.get("MUJOCO_GL", ""),
    }


@cache
def code_digest(packages: tuple[str, ...]) -> str:
    """Hash the names and bytes of all Python and XML files of some packages.

    Args:
        packages: such as ("wmpc.envs",).

    Returns:
        16 hex digits of the SHA-256.
    """
    sha = hashlib.sha256()

    def add(folder: Traversable, name: str) -> None:
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.is_dir():
                add(entry, f"{name}/{entry.name}")
            elif entry.name.endswith((".py", ".xml")):
                sha.update(f"{name}/{entry.name}|".encode() + entry.read_bytes())

    for package in packages:
        add(files(package), package)
    return sha.hexdigest()[:16]
