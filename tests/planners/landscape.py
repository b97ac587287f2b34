"""A 2-D world with a wall: the straight path to the goal ends at it, the only way is a gap.

Positions are the latents, an action is a displacement of at most `STEP` an axis. The wall acts in
the dynamics, as a real one does: the nearer to it a motion would lead, half way or at its end, the
less of it happens, and into the wall nothing moves. The cost is the distance to the goal and knows
of no wall. Everything is smooth, so gradients are exact; they lead along the wall to the point
nearest the goal, which is not the gap, and stay there.
"""

import torch

from wmpc.planners import CEM, GRASP, ICEM, SGD, Adam, Box, Hybrid, Problem, latent_distance

STEP = 0.18  # furthest displacement of an action, an axis: less than the wall is thick
HORIZON = 14
THICK = 0.1  # half of the wall's thickness
SOFT = 0.015  # how sharp its surface is
GAP = (0.3, 0.8)  # where the wall, along x = 0, is open
NEAR = 0.1  # distance from the goal that counts as reaching it

DESCENT = {  # from the straight line; a restart more is a random search more
    "SGD": SGD(restarts=1, iterations=60, rate=1.0),
    "Adam": Adam(restarts=1, iterations=60),
}
SEARCH = {
    "CEM": CEM(samples=512, elites=40, iterations=15),
    "ICEM": ICEM(samples=256, elites=24, iterations=10),
    "Hybrid": Hybrid(samples=512, elites=8, iterations=6, steps=2, finish=10),
    "GRASP": GRASP(),
}


def occupancy(x, y):
    """How solid the world is at (x, y): 0 free, 1 wall."""
    low, high = GAP
    beside = (y - (low + high) / 2).abs() - (high - low) / 2  # of the gap; negative: in it
    depth = torch.minimum(THICK - x.abs(), beside) / SOFT
    return torch.sigmoid(depth.clamp(min=-30))  # else denormals far away, which are slow


def move(p, a):
    """Positions after displacements: p, a (..., 2) -> (..., 2), one axis after the other."""
    (x, y), (dx, dy) = p.unbind(-1), a.unbind(-1)
    x = x + dx * (1 - occupancy(x + dx / 2, y)) * (1 - occupancy(x + dx, y))
    y = y + dy * (1 - occupancy(x, y + dy / 2)) * (1 - occupancy(x, y + dy))
    return torch.stack([x, y], -1)


class Walled:
    """`wmpc.planners.Dynamics`; start (B, 2). `steps` counts what it was asked for, a problem."""

    def __init__(self, start):
        self.start = start.unsqueeze(1)
        self.steps = 0

    def rollout(self, actions):
        p = self.start.expand(actions.shape[0], actions.shape[1], 2)
        path = []
        for t in range(actions.shape[2]):
            p = move(p, actions[:, :, t])
            path.append(p)
        self.steps += actions[0, ..., 0].numel()
        return torch.stack(path, 2).unsqueeze(-2)

    def predict(self, states, actions):
        first = self.start[:, None, None].expand(*actions.shape[:2], 1, 1, 2)
        self.steps += actions[0, ..., 0].numel()
        return move(torch.cat([first, states], 2)[..., 0, :], actions).unsqueeze(-2)


def problem(*seeds):
    """A start left of the wall and a goal right of it for every seed, all below the gap."""
    places = []
    for seed in seeds:
        u = torch.rand(4, generator=torch.Generator().manual_seed(1000 + seed))
        places.append([-0.5 - 0.3 * u[0], -0.4 + 0.5 * u[1], 0.5 + 0.3 * u[2], -0.4 + 0.5 * u[3]])
    start, goal = torch.tensor(places).split(2, 1)
    bound = torch.full((2,), STEP)
    return Problem(
        dynamics=Walled(start),
        cost=latent_distance(goal[:, None], steps="last"),
        horizon=HORIZON,
        actions=Box(-bound, bound),
        goal=goal[:, None],
    )


def straight(task):
    """(B, H, 2): the warm start that walks the straight line to the goal."""
    way = task.goal - task.dynamics.start
    return (way / HORIZON).expand(-1, HORIZON, -1)


def reached(task, plan):
    """(B,) bool: whether the plan's rollout ends near the goal."""
    return (plan.latents[:, -1] - task.goal).norm(dim=-1)[:, 0] < NEAR
