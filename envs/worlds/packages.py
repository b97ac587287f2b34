"""Packages of environments that are known here, and how one of theirs is made.

`PACKAGES` is a permission, too: a file that names an environment of theirs, such as a run, has the
package imported, as long as it is installed. Nothing else is imported because a file says so.
"""

import os
import sys
from contextlib import redirect_stderr, suppress
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from typing import Any

import gymnasium

from wmpc.envs.foreign import blamed
from wmpc.errors import WmpcError
from wmpc.system.construct import import_named, is_allowed

PACKAGES = {"gym_pusht": "pusht", "gymnasium_robotics": "worlds", "ogbench": "worlds"}
"""Each with the extra of wmpc that installs it, and with a module of its name in this folder."""
ENGINES = {"gym_pusht": ("pymunk",)}
"""What moves the environments of a package that are not MuJoCo."""
BROKEN = {"dm_control": "dm_control.suite", "metaworld": "metaworld"}
"""Packages whose environments were tried and do not run beside MuJoCo 4."""


def import_package(module: str) -> None:
    """Import the module that registers an environment, where it stands before an id's colon.

    Args:
        module: its dotted name. One of `PACKAGES` is looked for where packages are installed, never
            in the current directory, unless the person allowed it.

    Raises:
        WmpcError: it is not there, importing it fails, or its environments are known not to run.
    """
    if module in BROKEN:
        raise WmpcError(
            f"The environments of {BROKEN[module]} do not run beside MuJoCo 4, which wmpc needs; "
            "docs/worlds.md lists those that do."
        )
    if module not in PACKAGES or is_allowed(module):
        import_named(module)
        return
    if module in sys.modules:
        return
    here, everywhere = ("", os.curdir, os.getcwd()), sys.path
    places = [place for place in everywhere if place not in here]
    if PathFinder.find_spec(module, places) is None:
        raise WmpcError(
            f"Environments of {module} need that package, which is not installed: "
            f"pip install 'wmpc[{PACKAGES[module]}]'"
        )
    sys.path = places  # python -m puts the current directory first
    try:
        with blamed(f"Importing {module}"), redirect_stderr(StringIO()):  # they print news
            import_module(module)
    finally:
        sys.path = everywhere


def package_of(env_id: str) -> str:
    """Name the package in which a registered environment is defined.

    Args:
        env_id: with or without the module that registers it.

    Returns:
        Such as "ogbench"; empty where nothing of the name is registered, or a function is.
    """
    spec = gymnasium.registry.get(env_id.rpartition(":")[2])
    return spec.entry_point.partition(".")[0] if spec and isinstance(spec.entry_point, str) else ""


def version_of(env_id: str) -> dict[str, str]:
    """Read the versions of the package that an environment is of, and of its engine.

    Args:
        env_id: registered.

    Returns:
        The version by the package's name, of `PACKAGES` and of `ENGINES`; nothing where the
        environment is of none, or no version is known.
    """
    package, found = package_of(env_id), {}
    if package in PACKAGES:
        for name in (package, *ENGINES.get(package, ())):
            with suppress(PackageNotFoundError):
                found[name] = version(name)
    return found


def make_env(env_id: str, **kwargs: Any) -> Any:
    """Make an environment of gymnasium's without its wrappers, fit to be used here.

    Args:
        env_id: registered already, or with the module that registers it before a colon.
        kwargs: what its constructor takes.

    Returns:
        The environment. One of `PACKAGES` is changed as its module here says, so that it observes,
        rewards and begins episodes as a function of state, goal and seed alone.

    Raises:
        WmpcError: it cannot be made.
    """
    package = package_of(env_id)
    with blamed(f"gymnasium cannot make {env_id!r}"):
        if package in PACKAGES:
            return import_module(f"wmpc.envs.worlds.{package}").make(env_id, kwargs)
        return plain(env_id, kwargs)


def plain(env_id: str, kwargs: dict[str, Any]) -> Any:
    """Call gymnasium.make and take its wrappers off.

    Args:
        env_id: as gymnasium takes it.
        kwargs: what its constructor takes.

    Returns:
        The environment itself.
    """
    return gymnasium.make(env_id, disable_env_checker=True, **kwargs).unwrapped
