"""The maze: walls hold, every free cell can be reached, and the way is what breadth first finds."""

import numpy as np
import pytest
import torch

from wmpc import envs
from wmpc.agents import entrants
from wmpc.agents.agent import Goal
from wmpc.agents.entrant import Setting
from wmpc.envs.simulator import Simulator
from wmpc.envs.tasks.maze.layouts import LAYOUTS, read_layout
from wmpc.envs.tasks.maze.task import CELL, RADIUS
from wmpc.errors import WmpcError
from wmpc.planners import CEM

FIXED = ("u", "medium", "large")


@pytest.fixture(scope="module", params=list(LAYOUTS))
def task(request):
    made = envs.make("wmpc/Maze-v0", layout=request.param)
    made.reset(seed=0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def u():
    made = envs.make("wmpc/Maze-v0", layout="u")
    made.reset(seed=0)
    yield made
    made.close()


def middle(text, row, column):
    """Of a cell, (2,) m: x to the right, y upwards, 0 in the middle of the maze."""
    rows = text.split("/")
    x = (column - (len(rows[0]) - 1) / 2) * CELL
    return np.array([x, ((len(rows) - 1) / 2 - row) * CELL])


def go(task, states, goal):
    """How far it is from states (..., S) to a goal (S,), in m."""
    here, there = task.coordinates(states), task.coordinates(goal)
    return task.walk(here, there, task.variation) * task.tolerances["distance_m"]


def free_cells(task, text):
    """Those of the present variation: a list of (row, column)."""
    walls = dict(zip(task.variation_names, task.variation, strict=True))
    return [
        (r, c)
        for r, row in enumerate(text.split("/"))
        for c, letter in enumerate(row)
        if letter == "." or (letter == "?" and not walls[f"wall_{r}_{c}"])
    ]


def relaxed(cells, goal):
    """Steps from each cell to one, by relaxing until nothing changes; inf where there is no way."""
    steps = {cell: 0.0 if cell == goal else np.inf for cell in cells}
    while True:
        new = {
            (r, c): min(
                [
                    steps[(r, c)],
                    *(
                        steps.get(n, np.inf) + 1
                        for n in ((r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1))
                    ),
                ]
            )
            for r, c in cells
        }
        if new == steps:
            return steps
        steps = new


def layout_of(task):
    return LAYOUTS["random"] if task.variation_names else LAYOUTS[_name(task)]


def _name(task):
    rows = ["".join(row) for row in task._text]
    return next(name for name in FIXED if LAYOUTS[name] == "/".join(rows))


def at(task, place):
    return task.layout.at_rest(np.asarray(place, float))


def test_walls_hold_and_free_cells_are_open(task):
    text = layout_of(task)
    for seed in range(3 if task.variation_names else 1):
        task.reset(seed=seed)
        cells = free_cells(task, text)
        for row, column in cells[:: max(len(cells) // 8, 1)]:
            for (down, right), push in (((0, 1), (1, 0)), ((1, 0), (0, -1)), ((0, -1), (-1, 0))):
                start = middle(text, row, column)
                task.reset(options={"state": at(task, start), "variation": task.variation})
                for _ in range(20):
                    task.advance(np.array(push, float))
                moved = float((task.layout.qpos(task.get_state()) - start) @ push)
                if (row + down, column + right) in cells:
                    assert moved > CELL / 2
                else:
                    assert moved == pytest.approx(CELL / 2 - RADIUS, abs=0.01)


def test_pictures_show_the_walls(task):
    text = layout_of(task)
    picture = task.render().astype(int)
    rows, columns = len(text.split("/")), len(text.split("/")[0])
    seen = CELL * (max(rows, columns) - 1.5)
    cells = free_cells(task, text)
    disc = task.layout.qpos(task.get_state())
    for row in range(1, rows - 1):
        for column in range(1, columns - 1):
            place = middle(text, row, column)
            if np.linalg.norm(place - disc) < 2 * RADIUS:
                continue
            x, y = (place * (1, -1) / seen + 0.5) * 64
            assert (picture[int(y), int(x)].min() > 150) == ((row, column) in cells)


def test_the_way_is_the_shortest(task):
    text, rng = layout_of(task), np.random.default_rng(0)
    for seed in range(5):
        task.reset(seed=seed)
        cells = free_cells(task, text)
        goal = cells[rng.integers(len(cells))]
        steps = relaxed(cells, goal)
        assert all(np.isfinite(list(steps.values())))  # every free cell can be reached
        there = at(task, middle(text, *goal))
        here = np.stack([at(task, middle(text, *cell)) for cell in cells])
        walked = go(task, here, there)
        assert walked == pytest.approx(CELL * np.array([steps[cell] for cell in cells]))
        one = go(task, here[0], there)
        assert one == walked[0] and one.shape == ()


def test_the_way_grows_shorter_on_the_way(task):
    rng = np.random.default_rng(1)
    task.reset(seed=2)
    for _ in range(10):
        here, goal = (task.layout.qpos(task.sample_state(rng)) for _ in range(2))
        left = [float(go(task, at(task, here), at(task, goal)))]
        while np.linalg.norm(here - goal) > 0.02:
            towards = task.next_place(here, goal, task.variation) - here
            here = here + towards * min(1, 0.05 / np.linalg.norm(towards))
            left.append(float(go(task, at(task, here), at(task, goal))))
        # Where a way ends in the goal's cell, off its middle, the estimate may step by that much.
        assert np.diff(left).max() < CELL / 2
        assert left[-1] < 0.03 and np.mean(np.diff(left) < 0) > 0.9


def test_random_mazes_differ_and_some_have_loops():
    task = envs.make("wmpc/Maze-v0", layout="random")
    drawn = []
    for seed in range(40):
        task.reset(seed=seed)
        drawn.append(task.variation.copy())
    walls = np.array(drawn).sum(1)
    assert len({tuple(one) for one in drawn}) == 40
    assert walls.max() == 24 - 15  # a tree of 16 rooms opens 15 of the 24 walls
    assert walls.min() < walls.max()
    task.close()


def test_no_recorded_episode_crosses_the_maze(u):
    """12 blocks of the walker, begun at one end, never come to the other."""
    ends = [middle(LAYOUTS["u"], row, 1) for row in (1, 3)]
    least = np.inf
    for seed in range(40):
        u.reset(seed=seed, options={"state": at(u, ends[seed % 2])})
        policy = u.scripted_policy(np.random.default_rng(seed))
        for _ in range(60):
            u.advance(policy({"state": u.get_state()}))
            left = go(u, u.get_state(), at(u, ends[1 - seed % 2]))
            least = min(least, float(left))
    assert least > 2 * u.tolerances["distance_m"]


def test_far_cases_are_far(u):
    far, text = u.filters["far"], LAYOUTS["u"]
    end, near, corner = (at(u, middle(text, *cell)) for cell in ((1, 1), (1, 3), (2, 3)))
    none = np.zeros(0)
    assert not far(end, near, none) and far(end, corner, none)  # 2 and 3 of 6 cells


def test_the_riding_camera_rides(u):
    riding = envs.make("wmpc/Maze-v0", layout="u", view="riding")
    pictures = []
    for row, column in ((1, 1), (1, 3), (3, 3)):
        riding.reset(options={"state": at(riding, middle(LAYOUTS["u"], row, column))})
        picture = riding.render()
        assert np.abs(picture[31:33, 31:33] - u_blue(u)).max() < 40
        pictures.append(picture[40, 32].astype(int))  # the floor below the disc
    away = [np.abs(a - b).max() for a in pictures for b in pictures if a is not b]
    assert min(away) > 20
    assert riding.reset(seed=0)[0]["proprio"].shape == (2,)
    riding.close()


def u_blue(task):
    """The colour of the disc's middle as the camera above sees it."""
    task.reset(options={"state": at(task, middle(LAYOUTS["u"], 2, 3))})
    seen = CELL * 3.5
    x, y = (middle(LAYOUTS["u"], 2, 3) * (1, -1) / seen + 0.5) * 64
    return task.render()[int(y), int(x)].astype(int)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("nowhere", "u, medium, large, random"),
        ("####/#.#/####", "one length"),
        ("####/#..#/#..#", "hole in its border"),
        ("###/###/###", "'.' (free)"),
        ("######/#.??.#/######", "'?' beside another"),
        ("#####/#.#.#/#####", "no way leads to"),
    ],
)
def test_what_is_no_maze_is_said(layout, words):
    with pytest.raises(WmpcError) as said:
        envs.make("wmpc/Maze-v0", layout=layout)
    assert words in str(said.value) and layout in str(said.value)
    with pytest.raises(WmpcError, match="whole"):
        envs.make("wmpc/Maze-v0", view="inside")


def test_a_text_is_a_maze():
    task = envs.make("wmpc/Maze-v0", layout="#####/#...#/#####")
    assert read_layout("#####/#...#/#####").shape == (3, 5)
    task.reset(seed=0)
    left, right = (at(task, middle("#####/#...#/#####", 1, column)) for column in (1, 3))
    assert go(task, left, right) == pytest.approx(2 * CELL)
    task.close()


def test_the_planner_in_the_simulator_walks_around_the_wall(u):
    """Towards a goal straight behind the wall the straight distance would leave it standing."""
    text = LAYOUTS["u"]
    start, goal = (at(u, middle(text, row, 1)) for row in (1, 3))
    setting = Setting(u, 5, planner=CEM(samples=64, elites=8, iterations=3))
    case = type("Case", (), {"seed": 0})
    agent = entrants.simulator(setting, horizon=7).make(case)
    u.reset(options={"state": start, "goal_state": goal})
    agent.reset(Goal({"state": goal, "variation": np.zeros(0)}))
    torch.manual_seed(0)
    executed = None
    for _ in range(30):
        agent.observe({"state": u.get_state(), "variation": u.variation}, executed)
        executed = agent.act()
        reached = [u.advance(action)["success"] for action in executed]
        if any(reached):
            break
    assert any(reached)


def test_the_simulator_tells_the_way_in_tolerances():
    task = envs.make("wmpc/Maze-v0", layout="random")
    task.reset(seed=3)
    rng, true = np.random.default_rng(0), Simulator(task, threads=1)
    here, there = (task.sample_state(rng) for _ in range(2))
    first, goal = (
        true.start({"state": state, "variation": task.variation}) for state in (here, there)
    )
    meters = go(task, here, there)
    assert true.walk(first, goal) == pytest.approx(meters / task.tolerances["distance_m"])
    true.close()
    task.close()
