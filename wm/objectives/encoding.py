"""The frames of a batch, those of its windows and of its pairs, as latents."""

import torch
from torch import Tensor

from wmpc.wm.data import Batch, Pairs
from wmpc.wm.models.world_model import LearnedModel, seen_columns


def encode_batch(model: LearnedModel, batch: Batch) -> tuple[Tensor, dict[Pairs, Tensor]]:
    """Encode all frames of a batch at once, so that a BatchNorm sees those of pairs and of windows
    as one batch.

    Args:
        model: what is trained.
        batch: its columns in the units of the data.

    Returns:
        The latents of the windows, (B, L, K, D), and by law those of the pairs, (P, 2, K, D).
    """
    if batch.rows is None and not batch.pairs:
        return model.encode(batch.columns), {}
    names, unique = seen_columns(model), batch.rows is not None
    groups = [batch.columns, *batch.pairs.values()]

    def flat(name: str) -> list[Tensor]:
        """Frames of all groups; of `unique` windows they are in a row already."""
        found = [group[name] for group in groups]
        return [x if unique and i == 0 else x.flatten(0, 1) for i, x in enumerate(found)]

    sizes = [len(x) for x in flat(names[0])]
    frames = {name: torch.cat(flat(name)).unsqueeze(0) for name in names}
    z, *pairs = model.encode(frames)[0].split(sizes)
    z = z[batch.rows] if unique else z.unflatten(0, batch.columns[names[0]].shape[:2])
    return z, {law: x.unflatten(0, (-1, 2)) for law, x in zip(batch.pairs, pairs, strict=True)}
