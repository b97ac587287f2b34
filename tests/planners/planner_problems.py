"""Problems with known optima."""

import torch

from planners import (
    CEM,
    GRASP,
    SGD,
    Adam,
    AugmentedLagrangian,
    Box,
    Hybrid,
    Problem,
    ProjectedGradient,
    RandomShooting,
)

PLANNERS = {
    "cem": CEM(samples=256, elites=24, iterations=14, spread=0.5),
    "adam": Adam(restarts=4, iterations=120),
    "sgd": SGD(restarts=4, iterations=120),
    "projected": ProjectedGradient(restarts=4, iterations=30),
    "grasp": GRASP(restarts=4),
    "hybrid": Hybrid(samples=128, elites=8, iterations=4),
    "random": RandomShooting(samples=2000, iterations=5),
    "augmented": AugmentedLagrangian(CEM(samples=256, elites=24, iterations=14, spread=0.5)),
}


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


def box(A, low=-1.0, high=1.0, dtype=torch.float32):
    return Box(torch.full((A,), low, dtype=dtype), torch.full((A,), high, dtype=dtype))


def quadratic(optimum, low=-1.0, high=1.0):
    """Cost |actions - optimum|^2, optimum (B, H, A)."""
    B, H, A = optimum.shape
    dynamics = Linear(torch.zeros(B, 1), torch.eye(1), torch.zeros(A, 1))
    return Problem(
        dynamics=dynamics,
        cost=lambda latents, actions: (actions - optimum[:, None]).square().sum((-2, -1)),
        horizon=H,
        actions=box(A, low, high),
    )


def generator(seed=0):
    return torch.Generator().manual_seed(seed)
