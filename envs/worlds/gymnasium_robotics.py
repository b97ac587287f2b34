"""Environments of gymnasium-robotics: mazes with goals, and hands.

A maze is seen whole from above. Its target is not drawn: goals are recorded states here, and the
target would be that of another episode. Where a hand's door or pen stands is a variation.
"""

import math
from typing import Any

from wmpc.envs.worlds.packages import plain
from wmpc.envs.worlds.redrawn import Redrawn
from wmpc.envs.worlds.scene import hide_site, look_from_above
from wmpc.errors import WmpcError

MAZES, HANDS = ("PointMaze", "AntMaze"), ("AdroitHand",)
BROKEN = ("Fetch", "FrankaKitchen", "HandManipulate", "HandReach")
"""Tried with gymnasium-robotics 1.4.2: their code compares types of joints as MuJoCo 3 had them."""
REACHED_M = 0.45
"""The distance at which a maze tells success."""
WALL_CELLS = 0.8
"""What is not seen of the walls that go round a maze."""


def make(env_id: str, kwargs: dict[str, Any]) -> Any:
    """Make one of its environments.

    Args:
        env_id: its id.
        kwargs: what its constructor takes.

    Returns:
        The environment, a maze changed in place; a hand's says what it draws anew as `redrawn`.

    Raises:
        WmpcError: it does not run with the MuJoCo that is installed.
    """
    name = env_id.rpartition(":")[2]
    try:
        env = plain(env_id, kwargs)
    except Exception as error:
        if not name.startswith(BROKEN):
            raise
        raise WmpcError(
            f"{name} does not run with the MuJoCo and gymnasium-robotics installed here: the "
            f"environments {', '.join(BROKEN)} do not, of PointMaze, AntMaze and AdroitHand do."
        ) from error
    if name.startswith(MAZES):
        _fit_maze(env)
    if name.startswith(HANDS):
        env.redrawn = Redrawn(env)
    return env


def _fit_maze(env: Any) -> None:
    """Let it observe states that it was put into, and be seen from above."""
    body = env.point_env if hasattr(env, "point_env") else env.ant_env
    observe = env._get_obs

    def observed(given: Any = None) -> dict[str, Any]:
        if given is None:
            given = body._get_obs()
            given = given[0] if isinstance(given, tuple) else given
        return observe(given)

    env._get_obs = observed
    env.frame_skip = body.frame_skip
    env.distance_threshold = REACHED_M
    env.success_reward = math.exp(-REACHED_M) if env.reward_type == "dense" else None
    # The point's velocity is cut to 5 m/s before a step, which MuJoCo alone does not.
    env.moves_by_controls = None if body is not getattr(env, "point_env", None) else False
    hide_site(env.model, env.target_site_id)
    maze = env.maze
    cells = max(maze.map_length, maze.map_width) - 2 * WALL_CELLS
    look_from_above(env.model, 0.0, 0.0, cells * maze.maze_size_scaling)
