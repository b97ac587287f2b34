"""Two worlds: a point on a line, simple enough to know the answer, and a Reacher with a run."""

import pickle
from functools import wraps
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box

from wmpc import envs
from wmpc.cli.main import main
from wmpc.collecting.collect import Recipe, record_episodes, settings
from wmpc.reporting import charts, grids
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.models.build import build
from wmpc.wm.models.spec import describe_data
from wmpc.wm.objectives.objective import Objective, write_out
from wmpc.wm.training.checkpoint import save_config, save_weights
from wmpc.wm.training.learner import Learner

DRAWN = {}
"""Charts by their function and arguments."""


@pytest.fixture(scope="module")
def charts_drawn_once():
    """Pages that differ in a word share their charts, each of which takes a tenth of a second."""

    def remembering(draw):
        @wraps(draw)
        def drawn(*args, **settings):
            key = pickle.dumps((draw.__name__, args, settings))
            if key not in DRAWN:
                DRAWN[key] = draw(*args, **settings)
            return DRAWN[key]

        return drawn

    with pytest.MonkeyPatch.context() as patch:
        for draw in (charts.lines, charts.scatter, charts.histogram):
            patch.setattr(charts, draw.__name__, remembering(draw))
        for draw in (grids.bars, grids.heatmap):
            patch.setattr(grids, draw.__name__, remembering(draw))
        yield


class Line:
    """State (position, time); an action moves the point by a tenth of it. Tolerance 0.1."""

    id = "test/Line"
    render_settings = {"width": 8, "height": 8}  # noqa: RUF012
    tolerances = {"position_m": 0.1}  # noqa: RUF012
    filters = {"far": lambda start, goal, variation: abs(start[0] - goal[0]) > 0.35}  # noqa: RUF012
    hard_filter = None
    usual_filter = None
    coordinate_names = ("position",)
    goal = {}  # noqa: RUF012
    action_space = Box(-1, 1, (1,), np.float32)
    breaks_beyond = np.inf
    dt = 0.02

    def __init__(self, image_size=8):
        self.state = np.zeros(2)

    def reset(self, *, seed=None, options=None):
        self.set_state(options["state"], options.get("variation"))
        self.goal = {"state": np.array(options["goal_state"])}
        return self.observe_state(self.state), {}

    def set_state(self, state, variation=None):
        self.state = np.array(state, np.float64)

    def get_state(self):
        return self.state.copy()

    def observe_state(self, state, variation=None):
        proprio = np.asarray(state, np.float32)[:1]
        return {"pixels": self.render_state(state), "proprio": proprio, "state": state.copy()}

    def render_state(self, state, variation=None):
        picture = np.zeros((8, 8, 3), np.uint8)
        picture[:, int(np.clip(round(4 + 2 * state[0]), 0, 7))] = 255
        return picture

    def errors(self, state, goal_state):
        return {"position_m": abs(state[0] - goal_state[0])}

    def distance(self, state, goal_state):
        return float(self.errors(state, goal_state)["position_m"] / 0.1)

    def success(self, state, goal_state):
        return self.distance(state, goal_state) <= 1

    def coordinates(self, states):
        return states[..., :1] / 0.1

    def in_bounds(self, state):
        return True

    def sample_state(self, rng):
        return np.array([rng.uniform(-2, 2), 0.0])

    def advance(self, action):
        action = np.clip(np.asarray(action, np.float32), -1, 1)
        self.state = self.state + np.array([0.1 * float(action[0]), 1.0])
        distance = self.distance(self.state, self.goal["state"])
        broken = abs(self.state[0]) > self.breaks_beyond
        return {
            "success": distance <= 1,
            "strict": distance <= 0.5,
            "distance": distance,
            "errors": self.errors(self.state, self.goal["state"]),
            "action": action,
            "failure": "fell off the line" if broken else None,
        }

    def close(self):
        pass


class Recording:
    """`count` episodes of `steps` recorded steps of m = 2 actions; 9, 19, ... held out."""

    def __init__(self, count=60, steps=20, seed=0, move=1.0):
        self.meta = {"env": Line.id, "kwargs": {}, "render": dict(Line.render_settings), "m": 2}
        self.hash = f"recording {count} {steps} {seed}"
        self.held_out_ids = np.arange(9, count, 10)
        self.steps, self.seed, self.move = steps, seed, move

    def episode(self, index):
        rng, line = np.random.default_rng([self.seed, index]), Line()
        states = [np.array([rng.uniform(-1, 1), 0.0])]
        action = rng.uniform(-self.move, self.move, (self.steps, 2, 1)).astype(np.float32)
        line.reset(options={"state": states[0], "goal_state": states[0]})
        for pair in action:
            for single in pair:
                line.advance(single)
            states.append(line.get_state())
        pixels = np.stack([line.render_state(state) for state in states])
        return {"pixels": pixels, "state": np.stack(states), "action": action}


@pytest.fixture
def line():
    return SimpleNamespace(Task=Line, Recording=Recording)


@pytest.fixture(scope="session")
def reacher(tmp_path_factory):
    """A dataset of 40 short random episodes."""
    path = tmp_path_factory.mktemp("data") / "reacher"
    recipe = Recipe("wmpc/Reacher-v0", {"image_size": 32}, "random", steps=24, m=5, seed=0)
    return recorded(path, recipe, 40)


@pytest.fixture(scope="session")
def two_room(tmp_path_factory):
    """A run that knows nothing, on 20 short episodes of TwoRoom."""
    recipe = Recipe("wmpc/TwoRoom-v0", {"image_size": 32}, "random", steps=24, m=5, seed=0)
    data = recorded(tmp_path_factory.mktemp("data") / "two_room", recipe, 20)
    return untrained(data, tmp_path_factory.mktemp("runs") / "two_room")


def recorded(path, recipe, episodes):
    """A dataset."""
    task = envs.make(recipe.env_id, **recipe.env_kwargs)
    with EpisodeWriter(path, settings(task, recipe.env_kwargs, recipe.m)) as writer:
        for recording in record_episodes(recipe, 0, episodes):
            writer.append(recording.episode)
    task.close()
    return path


def untrained(data, run, stride=1, **terms):
    """A checkpoint that fits the dataset and knows nothing; `terms` more in its objective."""
    run.mkdir(parents=True)
    spec = describe_data(open_episodes(data), stride)
    model = {
        "_target_": "wmpc.wm.models.jepa.JEPA",
        "encoder": {"_target_": "wmpc.wm.models.encoders.ConvEncoder", "channels": [4, 8, 8]},
        "predictor": {"_target_": "wmpc.wm.models.predictors.WindowMLP", "width": 16},
        "latent": 8,
    }
    torch.manual_seed(0)
    objective = write_out({"prediction": 1.0, "sigreg": 0.09, **terms})
    save_config(run, model, objective, spec, {"data": str(data)})
    built = build(model, spec=spec)
    save_weights(run, Learner(built, Objective(objective, built)).weights(), step=0)
    return run


@pytest.fixture(scope="session")
def trained(reacher, tmp_path_factory):
    """A run on that dataset."""
    return untrained(reacher, tmp_path_factory.mktemp("runs") / "reacher")


@pytest.fixture
def wmpc(capsys):
    """Runs a command line in this process: exit code, and all that was said."""

    def command(*words):
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command
