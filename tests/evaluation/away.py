"""What computes, on a second device that stands for a GPU (`elsewhere`); run by `test_away.py`.

    python away.py RUN SCRATCH

RUN is a run of TwoRoom with its dataset. Each function below states a law; "ok NAME" is printed for
each that holds. Numbers are compared with the CPU's.
"""

import json
import sys
import traceback
from contextlib import suppress
from functools import partial
from importlib.resources import files
from pathlib import Path

import elsewhere
import numpy as np
import torch
import yaml
from hydra.utils import instantiate
from lightning_fabric.accelerators.cpu import CPUAccelerator
from torch.utils._pytree import tree_map

import wmpc
from wmpc.agents import completion as completion_module
from wmpc.agents.completion import Completion
from wmpc.agents.encoded import encode_training_episodes
from wmpc.agents.entrant import Setting
from wmpc.agents.goal_policy import GoalPolicyAgent, train_goal_policy
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest import NearestAgent
from wmpc.agents.nearest_frame import frame_bank
from wmpc.cli.compose import jobs
from wmpc.cli.main import main
from wmpc.evaluation.diagnosis import diagnose
from wmpc.evaluation.find_manifest import find_manifest
from wmpc.evaluation.trial import make_entrant
from wmpc.planners import CEM
from wmpc.wm.data import Batch, Windows, open_episodes
from wmpc.wm.diagnostics.surprise import errors
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.models.world_model import WorldModel
from wmpc.wm.objectives.objective import Objective, terms
from wmpc.wm.training.checkpoint import read_config
from wmpc.wm.training.monitor import evaluate
from wmpc.wm.training.run import train

RUN, SCRATCH = sys.argv[1:3]
EPISODES = open_episodes(read_config(RUN)["train"]["data"])
QUICK = {"samples": 8, "elites": 2, "iterations": 2, "restarts": 2, "steps": 1, "finish": 1}
SMALL = CEM(samples=8, elites=2, iterations=1)


class Goal:
    """A frame of an episode, or of its pictures a part."""

    def __init__(self, whole: bool = True) -> None:
        seen = EPISODES.episode(9)
        self.observation = {name: seen[name][7] for name in ("pixels", "proprio")}
        mask = np.ones((32, 32), np.float32)
        mask[:16] = float(whole)
        self.weight = None if whole else {"pixels": mask}


def model(device: str) -> JEPA:
    return wmpc.load(RUN, device)


def acts(agent) -> np.ndarray:
    """The second decision of an agent, after the block of the first."""
    seen, agent.reset = EPISODES.episode(9), agent.reset
    agent.reset(Goal())
    agent.observe({name: seen[name][0] for name in ("pixels", "proprio")}, None)
    chunk = agent.act()
    agent.observe({name: seen[name][1] for name in ("pixels", "proprio")}, chunk[:5])
    return agent.act()


def alike(law) -> None:
    """The numbers that `law(model)` gives are those of the CPU, up to rounding."""
    elsewhere.seen.clear()
    there = law(model(elsewhere.NAME))
    assert {"aten::addmm", "aten::mm", "aten::linear"} & elsewhere.seen, (
        "nothing was computed there"
    )
    here = law(model("cpu"))
    for a, b in zip(there, here, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=2e-3, atol=2e-4)


def presets(group: str, leave: tuple[str, ...]) -> list[str]:
    names = sorted(f.name[:-5] for f in files("wmpc.configs").joinpath(group).iterdir())
    return [name for name in names if name not in leave]


def planner(name: str):
    """A preset with settings that take no time."""
    config = yaml.safe_load(files("wmpc.configs").joinpath(f"planner/{name}.yaml").read_text())
    return instantiate(config | {k: v for k, v in QUICK.items() if k in config})


def planning(name: str, network: WorldModel) -> list[np.ndarray]:
    return [acts(MPCAgent(network, planner(name), horizon=3, knots=1))]


def encoding(network: JEPA) -> list[np.ndarray]:
    windows = Windows(EPISODES, EPISODES.held_out_ids, network.context + 2, 1, network.columns)
    batch = next(iter(windows.all(4)))
    z, result = network.encode(batch), evaluate(network, [batch])
    bank = frame_bank(network, EPISODES, 40)
    return [
        z.cpu().numpy(),
        network.denormalise(network.normalise(batch["action"])),
        np.asarray(result["rollout_error"]),
        errors(network, batch, batch["action"]),
        bank.nearest(z[:, 0])[1],
    ]


def training(network: JEPA) -> list[np.ndarray]:
    """Every term's loss, and gradients."""
    network = network.train().requires_grad_(True)
    windows = Windows(EPISODES, EPISODES.train_ids, network.context + 2, 1, network.columns)
    batch = Batch(windows.sample((0, 0), 8)).to(network.device)
    found = []
    torch.manual_seed(0)
    weights = {name: 1.0 for name, term in terms().items() if not (term.masks or term.pairs)}
    # Made on the CPU, as a training does it: targets are copies of the model.
    objective = Objective(weights, model("cpu").train()).to(network.device)
    values = objective(network, batch, torch.Generator().manual_seed(0))
    values["loss"].backward()
    found += [float(value.detach()) for value in values.values()]
    for module in (network, objective):
        found += [p.grad.cpu().numpy() for p in module.parameters() if p.grad is not None]
    return found


def completing(network: JEPA) -> list[np.ndarray]:
    """A goal said in part, and one said in numbers."""
    completion = Completion.of(network, EPISODES, frames=60)
    latents, weight, _ = completion(Goal(whole=False))  # type: ignore[arg-type]
    completion_module.SHOWN, goal = np.inf, Goal()  # an untrained model shows next to nothing
    del goal.observation["pixels"]
    target, share, read = completion(goal)  # type: ignore[arg-type]
    assert read is not None
    return [x.cpu().numpy() for x in (latents, weight, target, share, read(latents))]


def replaying(network: JEPA) -> list[np.ndarray]:
    return [acts(NearestAgent(network, encode_training_episodes(network, EPISODES)))]


def cloning(timed: bool, network: JEPA) -> list[np.ndarray]:
    encoded = encode_training_episodes(network, EPISODES)
    policy = train_goal_policy(encoded, network.context, timed=timed, steps=3, batch=16)
    return [acts(GoalPolicyAgent(network, policy))]


def resuming() -> None:
    """A training there, interrupted and resumed there, ends in the latents of one on the CPU."""
    config = [read_config(RUN)[key] for key in ("model", "objective")]
    given = {"steps": 8, "batch": 4, "log_every": 1, "save_every": 3}

    def interrupt(line) -> None:
        if line["step"] == 5:
            raise KeyboardInterrupt

    there = {"accelerator": elsewhere.NAME, **given}
    elsewhere.seen.clear()
    with suppress(KeyboardInterrupt):
        train(EPISODES, f"{SCRATCH}/there", *config, report=interrupt, **there)
    resumed = train(EPISODES, f"{SCRATCH}/there", *config, **there)
    assert resumed.device.type == elsewhere.NAME and "aten::addmm" in elsewhere.seen
    whole = train(EPISODES, f"{SCRATCH}/here", *config, accelerator="cpu", **given)
    seen = {"pixels": EPISODES.episode(9)["pixels"][None]}
    torch.testing.assert_close(resumed.encode(seen).cpu(), whole.encode(seen), rtol=0, atol=0.02)


def diagnosing() -> None:
    words = [f"run={RUN}", "cases.count=2", "cases.blocks=2", "cases.budget=2"]
    config = jobs("eval", [*words, "planner.samples=8", "planner.elites=2"])[0].config
    drawn, _ = find_manifest(dict(config.cases), RUN, None, 5)
    task = drawn.make()
    network = model(elsewhere.NAME)
    entrant = make_entrant(dict(config), Setting(task, 5, network, episodes=lambda: EPISODES))
    found = diagnose(
        entrant, drawn, task, EPISODES, decisions=1, strong=SMALL, truth=SMALL, steps=3
    )
    assert found["verdict"]["sentence"]
    task.close()


def verbs() -> None:
    """What a person types, the results saying where they were computed."""
    few = ["cases.count=2", "cases.blocks=2", "cases.budget=2", "cold=0", "videos=1"]
    quick = ["planner.samples=8", "planner.elites=2", "planner.iterations=1"]
    device, to = f"device={elsewhere.NAME}", f"folder={SCRATCH}"
    words = [f"run={RUN}", *few, *quick, device, to, "name=away", "reference.cases=0"]
    assert main(["eval", *words]) == 0
    results = json.loads(Path(SCRATCH, "away", "results.json").read_bytes())
    assert results["device"].startswith(elsewhere.NAME) and not results["failures"]
    assert main(["plan", f"run={RUN}", "goal=frame:9:5", "budget=1", *quick, device]) == 0


def save_from_anywhere(save, value, file) -> None:
    save(tree_map(lambda x: x.cpu() if isinstance(x, torch.Tensor) else x, value), file)


LAWS = {
    "encoding": partial(alike, encoding),
    "training": partial(alike, training),
    "completing": partial(alike, completing),
    "replaying": partial(alike, replaying),
    "cloning": partial(alike, partial(cloning, False)),
    "inverse dynamics": partial(alike, partial(cloning, True)),
    "resuming": resuming,
    "diagnosing": diagnosing,
    "verbs": verbs,
} | {
    f"planning {name}": partial(alike, partial(planning, name))
    for name in presets("planner", ("categorical_cem", "nevergrad"))
}

if __name__ == "__main__":
    # What lightning-fabric and torch.save do not know of such a device:
    CPUAccelerator.setup_device = lambda self, device: None
    torch.save = partial(save_from_anywhere, torch.save)
    completion_module.STEPS = 20
    for name, law in LAWS.items():
        try:
            law()
            print("ok", name, flush=True)
        except Exception:
            print("failed", name, traceback.format_exc(), flush=True)
