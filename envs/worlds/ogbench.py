"""Environments of OGBench: mazes, and a robot arm that moves cubes."""

from typing import Any

from wmpc.envs.worlds.ogbench_cube import make_cube
from wmpc.envs.worlds.ogbench_maze import Maze
from wmpc.envs.worlds.packages import plain
from wmpc.errors import WmpcError

MAZES = ("pointmaze", "antmaze", "humanoidmaze")
CUBES, UNKNOWN = ("cube", "visual-cube"), ("scene", "puzzle")


def make(env_id: str, kwargs: dict[str, Any]) -> Any:
    """Make one of its environments.

    Args:
        env_id: its id.
        kwargs: what its constructor takes.

    Returns:
        A maze, or cubes, with goals; others as they are.

    Raises:
        WmpcError: its goals are of buttons and drawers, which nobody has fitted to states yet.
    """
    name = env_id.rpartition(":")[2]
    if name.startswith(CUBES):
        return make_cube(env_id, kwargs)
    if name.removeprefix("visual-").startswith(UNKNOWN):
        raise WmpcError(
            f"{name} is not known here: of OGBench take {', '.join((*MAZES, CUBES[0]))}, such as "
            "ogbench:cube-single-v0."
        )
    env = plain(env_id, kwargs)
    return Maze(env) if name.startswith(MAZES) else env
