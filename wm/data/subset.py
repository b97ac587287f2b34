"""Which of the training episodes are trained on, where that is not all of them."""

import numpy as np

from wmpc.errors import WmpcError

Subset = float | int | None
"""A share of the training episodes, above 0 and at most 1.0; or a whole number of them; or all."""


def count_subset(wanted: Subset, among: int) -> int:
    """Count the episodes of a subset.

    Args:
        wanted: see `Subset`; a share is rounded to whole episodes.
        among: how many there are.

    Returns:
        0 to `among`.
    """
    if wanted is None:
        return among
    return min(among, wanted if isinstance(wanted, int) else round(wanted * among))


def draw_subset(ids: np.ndarray, wanted: Subset, seed: int = 0) -> np.ndarray:
    """Draw episodes evenly at random; of one seed, fewer are among those of more.

    Args:
        ids: (n,) int64, in order.
        wanted: see `Subset`.
        seed: of the draw.

    Returns:
        (k,) int64, some of `ids`, in their order.
    """
    if wanted is None:
        return ids
    order = np.argsort(np.random.default_rng((seed, 0x5E7)).random(len(ids)), kind="stable")
    return ids[np.sort(order[: count_subset(wanted, len(ids))])]


def check_subset(wanted: Subset, among: int, where: str) -> None:
    """Refuse a subset that makes no sense.

    Args:
        wanted: what came as `train.subset`.
        among: the training episodes that there are.
        where: the dataset, for the sentence.

    Raises:
        WmpcError: it is no share, none or more than there are, or leaves no episode.
    """
    if wanted is None:
        return
    share = isinstance(wanted, float)
    if not (0 < wanted <= (1 if share else among)):
        raise WmpcError(
            f"train.subset is {wanted}; it is a share of the training episodes (above 0, at most "
            f"1.0) or a whole number of them (1 to {among} of {where}): leave it out for all"
        )
    if not count_subset(wanted, among):
        raise WmpcError(
            f"train.subset is {wanted}, which is none of the {among} training episodes of "
            f"{where}: give a larger share"
        )
