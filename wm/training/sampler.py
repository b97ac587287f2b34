"""The batches that a world model is trained on: what it and its objective need, drawn and read."""

import torch

from wmpc.wm import processes
from wmpc.wm.data import Batch, Episodes, Windows
from wmpc.wm.data.hindsight import HindsightBatches
from wmpc.wm.models.world_model import LearnedModel, trained_on
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.recipe import Recipe


class BatchSampler:
    """Draws batches from the episodes that a model is trained on, each a function of (seed, step).

    Args:
        episodes: of the dataset.
        model: what is trained.
        objective: whose needs are met: columns, frames of a window, pairs.
        recipe: its `seed`, `batch`, `stride`, `unique`, `augment` and `resident` count.
        device: where the batches go.

    Raises:
        WmpcError: the episodes lack a column or are too short, or what is to be resident does not
            fit.
    """

    def __init__(
        self,
        episodes: Episodes,
        model: LearnedModel,
        objective: Objective,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        length, columns = objective.window(model), [*model.columns, *objective.columns]
        ids = trained_on(model, episodes)
        self.windows = Windows(episodes, ids, length, recipe.stride, columns)
        self.windows.keep(recipe.resident, device)
        self._pairs = {law: HindsightBatches(self.windows, law) for law in objective.pairs}
        self._recipe, self._device = recipe, device
        self._cameras = model.spec.cameras

    def __call__(self, step: int) -> Batch:
        """Draw the batch of a step, and read the part of it that this process has.

        Args:
            step: from 0.

        Returns:
            `recipe.batch` windows, and `per_window` times as many pairs of each law, of all
            processes together.
        """
        recipe, pairs = self._recipe, {}
        columns = self.windows.sample(
            (recipe.seed, step), recipe.batch, recipe.unique, processes.part(recipe.batch)
        )
        for number, (law, batches) in enumerate(self._pairs.items(), 1):
            count = law.count(recipe.batch)
            # A stream of their own: in that of the windows, places of both would go together.
            pairs[law] = batches.sample((recipe.seed, step, number), count, processes.part(count))
        batch = Batch(columns, columns.pop("rows", None), self.windows.of_frames, pairs)
        batch = batch.to(self._device)
        if not recipe.augment.changes:
            return batch
        return recipe.augment.batch(batch, self._cameras, (recipe.seed, step))
