"""Environments of OGBench: mazes, and a robot arm that moves cubes."""

from typing import Any

from wmpc.envs.worlds.ogbench_cube import make_cube
from wmpc.envs.worlds.ogbench_maze import Maze
from wmpc.envs.worlds.packages import plain

MAZES = ("pointmaze", "antmaze", "humanoidmaze")
CUBES = ("cube", "visual-cube")


def make(env_id: str, kwargs: dict[str, Any]) -> Any:
    """Make one of its environments.

    Args:
        env_id: its id.
        kwargs: what its constructor takes.

    Returns:
        A maze, or cubes, with goals; others as they are.
    """
    name = env_id.rpartition(":")[2]
    if name.startswith(CUBES):
        return make_cube(env_id, kwargs)
    env = plain(env_id, kwargs)
    return Maze(env) if name.startswith(MAZES) else env
