"""A point that moves by its action, seen as it is: what the cheap agents should know by heart."""

from types import SimpleNamespace

import numpy as np
import torch

from wmpc.agents.encoded import Encoded
from wmpc.wm.models.latent import Layout

LOW, HIGH = -1.0, 1.0
LAYOUT = Layout({"pixels": 1}, 2)


def eye(context=2):
    """A frozen encoder of the point: its latent is its position (2,), a block is one action."""
    return SimpleNamespace(
        context=context,
        layout=LAYOUT,
        device=torch.device("cpu"),
        action_block=1,
        action_size=2,
        encode=lambda seen: torch.as_tensor(seen["pixels"], dtype=torch.float32)[..., None, :],
        known=lambda seen, weight=None: (torch.ones(1, 1), []),
        normalise=lambda a: torch.as_tensor(a, dtype=torch.float32).flatten(-2),
        denormalise=lambda a: a.unflatten(-1, (1, 2)).clamp(LOW, HIGH).numpy(),
    )


def wandering(episodes=200, steps=8, seed=0, stride=1):
    """Random walks, as `encode_training_episodes` would give them: a block leads `stride` rows on,
    so that an episode is as many walks between each other."""
    rng = np.random.default_rng(seed)
    actions = rng.uniform(LOW, HIGH, (episodes, steps, 2))
    starts = rng.uniform(-2, 2, (episodes, stride, 2))
    places = list(np.moveaxis(starts, 1, 0))[: steps + 1]
    for t in range(steps + 1 - len(places)):
        places.append(places[t] + actions[:, t])
    blocks = np.zeros((episodes, steps + 1, 2))
    blocks[:, : steps + 1 - stride] = actions[:, : max(0, steps + 1 - stride)]
    latents = torch.as_tensor(np.stack(places, 1), dtype=torch.float32).reshape(-1, 1, 2)
    acted = torch.as_tensor(blocks, dtype=torch.float32).reshape(-1, 2)
    return Encoded(latents, acted, np.full(episodes, steps), stride, LAYOUT)


def goal(place):
    return SimpleNamespace(observation={"pixels": np.asarray(place, np.float32)})


def walk(agent, start, target, blocks):
    """The places (blocks + 1, 2) of an agent on its way."""
    places = [np.asarray(start, np.float32)]
    agent.reset(goal(target))
    agent.observe({"pixels": places[0]}, None)
    while len(places) <= blocks:
        for action in agent.act():
            assert (action >= LOW).all() and (action <= HIGH).all()
            places.append(places[-1] + action)
            agent.observe({"pixels": places[-1]}, action[None])
    return np.stack(places)
