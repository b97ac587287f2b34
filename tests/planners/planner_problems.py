"""Problems with known optima, and every planner: the presets of `configs/planner`."""

from pathlib import Path

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from wmpc.planners import CEM, AugmentedLagrangian, Box, Categorical, Problem

PRESETS = sorted((Path(__file__).parents[2] / "configs" / "planner").glob("*.yaml"))
SMALL = {
    "cem": {"samples": 256, "elites": 24, "iterations": 14, "spread": 0.5},
    "icem": {"samples": 256, "elites": 24, "iterations": 14, "spread": 0.5},
    "categorical_cem": {"elites": 12, "iterations": 10},
    "mppi": {"samples": 256, "iterations": 12},
    "predictive_sampling": {"samples": 256, "iterations": 20},
    "nevergrad": {"samples": 10, "iterations": 16},
    "adam": {"restarts": 4, "iterations": 120},
    "sgd": {"restarts": 4, "iterations": 120},
    "projected": {"restarts": 4},
    "grasp": {"restarts": 4},
    "random_shooting": {"samples": 2000, "iterations": 5},
}
"""What small quadratics take, where it is not the preset's own."""
REFINED = {"samples": 512, "elites": 40, "iterations": 30, "spread": 1.0, "least_spread": 0.001}
CONTROL = {
    "cem": REFINED,
    "icem": REFINED,
    "mppi": {"samples": 512, "iterations": 20, "decay": 0.8},
    "predictive_sampling": {"iterations": 20, "knots": 8},
    "nevergrad": {"samples": 12, "iterations": 40},
    "adam": {"iterations": 300},
}
"""What linear-quadratic control takes, where it is not the above."""


def made(*settings):
    """Every preset's planner by its name, with settings of ours."""
    return {
        path.stem: instantiate(
            OmegaConf.load(path),
            **{k: v for s in settings for k, v in s.get(path.stem, {}).items()},
        )
        for path in PRESETS
    }


def searching(space, planners):
    return {name: p for name, p in planners.items() if getattr(p, "space", Box) is space}


PLANNERS = searching(Box, made(SMALL)) | {
    "augmented": AugmentedLagrangian(CEM(**SMALL["cem"])),
}
"""Planners over a `Box` of actions, with settings that suffice for small quadratics; also the one
that wraps another and has no preset."""
DISCRETE = searching(Categorical, made(SMALL))
"""Planners over `Categorical` actions."""
LINEAR_QUADRATIC = PLANNERS | searching(Box, made(SMALL, CONTROL))
"""With the settings that linear-quadratic control takes."""
FLOORS = {"random_shooting": 2.0}
"""Planners that do not converge: how many times the optimal cost they may take, not 1.02. Random
shooting is what the others are measured against; 8 dimensions drawn 10,000 times come no nearer."""


class Linear:
    """s' = s M + a G, latents (1, D), any dtype."""

    def __init__(self, start, M, G):
        self.start, self.M, self.G = start.unsqueeze(1), M, G

    def rollout(self, actions):
        s = self.start[:, None, 0].expand(*actions.shape[:2], -1)
        latents = []
        for t in range(actions.shape[2]):
            s = s @ self.M + actions[:, :, t] @ self.G
            latents.append(s)
        return torch.stack(latents, 2).unsqueeze(-2)

    def predict(self, states, actions):
        first = self.start[:, None, None].expand(*actions.shape[:2], 1, -1, -1)
        given = torch.cat([first, states], 2)[..., 0, :]
        return (given @ self.M + actions @ self.G).unsqueeze(-2)


class Recorded:
    """A problem that notes every candidate rolled out, and what it cost."""

    def __init__(self, problem):
        self.actions, self.costs = [], []

        def rollout(actions):
            self.actions.append(actions.clone())
            return inner(actions)

        def cost(latents, actions):
            self.costs.append(problem.cost(latents, actions))
            return self.costs[-1]

        dynamics = problem.dynamics
        inner, dynamics.rollout = dynamics.rollout, rollout
        self.problem = Problem(dynamics, cost, problem.horizon, problem.actions)


def box(A, low=-1.0, high=1.0, dtype=torch.float32):
    return Box(torch.full((A,), low, dtype=dtype), torch.full((A,), high, dtype=dtype))


def quadratic(optimum, low=-1.0, high=1.0):
    """Cost |actions - optimum|^2, optimum (B, H, A)."""
    B, H, A = optimum.shape
    kind = {"dtype": optimum.dtype}
    dynamics = Linear(torch.zeros(B, 1, **kind), torch.eye(1, **kind), torch.zeros(A, 1, **kind))
    return Problem(
        dynamics=dynamics,
        cost=lambda latents, actions: (actions - optimum[:, None]).square().sum((-2, -1)),
        horizon=H,
        actions=box(A, low, high, optimum.dtype),
    )


def linear_quadratic():
    """A double integrator with cost sum |s|^2 + 0.1 |a|^2, and the Riccati recursion's optimum."""
    M = torch.tensor([[1.0, 0.0], [0.2, 1.0]])
    G = torch.tensor([[0.02, 0.2]])
    start, H, R = torch.tensor([[0.6, 0.0]]), 8, 0.1
    F, g = M.T, G.T  # row convention: s' = s M + a G
    P = torch.zeros(2, 2)  # cost to go, but for the state's own
    for _ in range(H):
        Q = torch.eye(2) + P
        K = torch.linalg.solve(R + g.T @ Q @ g, g.T @ Q @ F)
        P = F.T @ Q @ (F - g @ K)
    problem = Problem(
        dynamics=Linear(start, M, G),
        cost=lambda z, a: z.square().sum((-3, -2, -1)) + R * a.square().sum((-2, -1)),
        horizon=H,
        actions=box(1, -5, 5),
    )
    return problem, float(start @ P @ start.T)


def switches(B=2, H=4, n=3, dtype=torch.float32, seed=0):
    """Discrete actions with a cost that no step decides alone: a random one for each pair of
    successive classes. Returns the problem and each problem's least cost, by brute force."""
    pairs = torch.rand(B, H - 1, n, n, generator=generator(seed), dtype=torch.float64).to(dtype)

    def cost(latents, actions):
        pair = actions[:, :, :-1, :, None] * actions[:, :, 1:, None, :]
        return (pair * pairs[:, None]).sum((-3, -2, -1))

    kind = {"dtype": dtype}
    dynamics = Linear(torch.zeros(B, 1, **kind), torch.eye(1, **kind), torch.zeros(n, 1, **kind))
    every = torch.eye(n, **kind)[torch.cartesian_prod(*[torch.arange(n)] * H)]
    least = cost(None, every.expand(B, -1, -1, -1)).amin(1)
    return Problem(dynamics, cost, H, Categorical(n)), least


def generator(seed=0):
    return torch.Generator().manual_seed(seed)
