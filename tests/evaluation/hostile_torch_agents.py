"""Agents that change torch for their whole process, and one that would notice; see
`hostile_agents`."""

import hostile_agents
import numpy as np
import torch

MEDDLES = {
    "seed": lambda: torch.manual_seed(0),
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "gradients": lambda: torch.set_grad_enabled(False),
    "threads": lambda: torch.set_num_threads(7),
}


class Agent(hostile_agents.Agent):
    def act(self):
        if self.seed < len(MEDDLES):
            list(MEDDLES.values())[self.seed]()
            return np.zeros((4, 1))
        layer = torch.nn.Linear(3, 1)
        made = layer(torch.rand(3))
        assert made.requires_grad
        values = [made.item(), torch.zeros(1).element_size(), torch.get_num_threads()]
        return np.array(values)[:, None] / 100
