"""The peer's half of `benchmarks/planning.py`: stable-worldmodel 0.1.1, run by its own python.

Reads one JSON request a line, answers one JSON line; arrays lie as .npy in the folder that the
first argument names. Imports nothing of wmpc.
"""

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

# torchvision, which the peer imports, wants ops that are missing beside a CPU build of torch.
library = torch.library.Library("torchvision", "DEF")
for op in ("nms", "qnms"):
    library.define(f"{op}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import gymnasium  # noqa: E402
from stable_worldmodel.policy import PlanConfig  # noqa: E402
from stable_worldmodel.solver import CEMSolver, GradientSolver, MPPISolver  # noqa: E402
from stable_worldmodel.wm.lewm import LeWM  # noqa: E402
from stable_worldmodel.wm.lewm.module import MLP, Embedder, Predictor  # noqa: E402


class Peer(LeWM):
    """LeWM from embeddings on: the context is encoded beforehand, as on our side. Their actions
    begin with those of the context's frames: what was executed is put before the candidates."""

    executed = torch.zeros(1, 0, 0)

    def get_cost(self, info_dict, action_candidates):
        B, N = action_candidates.shape[:2]
        executed = self.executed[:, None].expand(B, N, -1, -1)
        return super().get_cost(info_dict, torch.cat([executed, action_candidates], 2))


def build(sizes: dict) -> Peer:
    """LeWM's modules with random weights, none of them at its zero start."""
    torch.manual_seed(sizes["seed"])
    width, A = sizes["width"], sizes["action"]
    predictor = Predictor(
        num_frames=sizes["context"],
        depth=sizes["depth"],
        heads=sizes["heads"],
        mlp_dim=sizes["mlp"],
        input_dim=width,
        hidden_dim=width,
        dim_head=sizes["head_width"],
        dropout=0.1,
    )
    action = Embedder(input_dim=A, smoothed_dim=A, emb_dim=width)
    head = MLP(width, sizes["mlp"], width, norm_fn=torch.nn.BatchNorm1d)
    model = Peer(torch.nn.Identity(), predictor, action, pred_proj=head)
    model = model.eval().requires_grad_(False)
    with torch.no_grad():
        for name, x in model.state_dict().items():
            if "adaLN" in name or name.startswith("pred_proj.net.1."):
                x.add_(0.1 * torch.rand(x.shape)) if x.is_floating_point() else x
    return model


def solver(model: Peer, kind: str, arguments: dict, low: float = -2.0, high: float = 2.0):
    """One of the peer's solvers, configured for blocks of actions."""
    if kind == "adam":
        arguments = arguments | {
            "optimizer_cls": torch.optim.Adam,
            "optimizer_kwargs": {"lr": arguments.pop("rate")},
        }
    horizon, A = arguments.pop("horizon"), arguments.pop("action")
    made = {"cem": CEMSolver, "mppi": MPPISolver, "adam": GradientSolver}[kind](model, **arguments)
    space = gymnasium.spaces.Box(low, high, (1, A), np.float32)
    made.configure(action_space=space, n_envs=1, config=PlanConfig(horizon, horizon))
    return made


def main(folder: Path) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # the solvers print
    read = lambda name: torch.from_numpy(np.load(folder / f"{name}.npy"))  # noqa: E731
    model, info = SimpleNamespace(), {}
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict = {}
        match request.pop("do"):
            case "threads":
                torch.set_num_threads(request["n"])
            case "build":
                model = build(request)
                state = {k: v.numpy() for k, v in model.state_dict().items()}
                np.savez(folder / "weights.npz", **state)
                answer["parameters"] = sum(p.numel() for p in model.parameters())
            case "context":
                z, goal = read("latents"), read("goal")
                model.executed = read("executed")
                pixels = torch.zeros(1, z.shape[1], 1)  # never looked at: "emb" is there
                info = {"pixels": pixels, "goal": pixels, "emb": z, "goal_emb": goal}
            case "cost":
                candidates = read("candidates")
                N = candidates.shape[1]
                expanded = {k: x[:, None].expand(-1, N, *x.shape[1:]) for k, x in info.items()}
                with torch.inference_mode():
                    began = time.perf_counter()
                    cost = model.get_cost(expanded, candidates)
                    answer["seconds"] = time.perf_counter() - began
                np.save(folder / "cost.npy", cost.numpy())
                np.save(folder / "rollout.npy", expanded["predicted_emb"].numpy())
            case "plan":
                planner = solver(model, request["kind"], request["arguments"])
                began = time.perf_counter()
                found = planner.solve(info)
                answer["seconds"] = time.perf_counter() - began
                np.save(folder / "plan.npy", found["actions"].numpy())
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
