"""A dataset of shorter episodes: one piece of each training episode, the held-out ones whole."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import IDENTITY
from wmpc.wm.data.reader import Episodes, open_episodes
from wmpc.wm.data.writer import EpisodeWriter


def cut_episodes(
    episodes: Episodes,
    path: str | Path,
    share: float,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> Episodes:
    """Write a dataset that has a piece of each training episode, at a place drawn evenly at random.

    Held-out episodes are copied whole and keep their index, so that the same cases can be drawn
    from both. What is there already is kept, and gone on from.

    Args:
        episodes: that are cut.
        path: the folder of the new ones.
        share: of each episode's steps, above 0 and at most 1; one step at least.
        seed: of the places; that of an episode is a function of (seed, index).
        progress: takes the number of episodes that are there.

    Returns:
        The new dataset.

    Raises:
        WmpcError: the share makes no sense, or the folder holds something else.
    """
    if not 0 < share <= 1:
        raise WmpcError(f"short={share} came; it is a share of each episode, above 0 and at most 1")
    known = {
        key: episodes.meta[key] for key in IDENTITY if key != "version" and key in episodes.meta
    }
    if "action" not in episodes.columns:
        known = {k: v for k, v in known.items() if k not in ("action_low", "action_high")}
    fit = next((s["fit"] for s in episodes.meta.get("sources", []) if "fit" in s), None)
    source = {"cut_from": episodes.hash, "share": share, "seed": seed} | (
        {"fit": fit} if fit else {}
    )
    with EpisodeWriter(path, {**known, "source": source}) as writer:
        sources = writer.meta.get("sources", [])
        if len(writer) and not any(s.get("cut_from") == episodes.hash and s.get("share") == share
                                   and s.get("seed") == seed for s in sources):  # fmt: skip
            raise WmpcError(f"{path} holds other episodes: choose another name")
        held_out = set(episodes.held_out_ids.tolist())
        for index in range(len(writer), len(episodes)):
            first, steps = 0, int(episodes.lengths[index])
            if index not in held_out:
                whole, steps = steps, max(1, round(share * steps))
                first = int(np.random.default_rng((seed, index)).integers(whole - steps + 1))
            columns = episodes.episode(index)
            taken = {
                "frames": slice(first, first + steps + 1),
                "steps": slice(first, first + steps),
            }
            writer.append(
                {
                    name: np.asarray(x)[taken.get(episodes.columns[name].rows, slice(None))]
                    for name, x in columns.items()
                }
            )
            progress(index + 1)
    return open_episodes(path)
