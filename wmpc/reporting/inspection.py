"""What there is to know of a recording at a glance: facts, columns, and what actions were taken."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data import column_statistics
from wmpc.wm.recordings.formats import Source
from wmpc.wm.recordings.formats.native.reader import Native
from wmpc.wm.recordings.importing import bytes_needed

SAMPLED = 200
"""Episodes, spread evenly, whose numbers are looked at."""
BARS = " ▁▂▃▄▅▆▇█"


def sample_actions(source: Source) -> np.ndarray:
    """Read actions of a few episodes; those that cannot be read are left out.

    Args:
        source: the recording, in whose `unreadable` is noted why episodes were left out.

    Returns:
        (n, A) recorded actions of at most `SAMPLED` episodes, evenly spread.
    """
    good = np.flatnonzero(source.lengths > 0)
    ids = good[np.unique(np.linspace(0, len(good) - 1, min(len(good), SAMPLED)).astype(int))]
    if "action" not in source.columns:
        return np.zeros((0, 0), np.float32)
    size, found = source.columns["action"].shape[-1], []
    for index in ids.tolist():
        try:
            found.append(np.asarray(source.episode(index, ["action"])["action"]).reshape(-1, size))
        except WmpcError as error:
            source.unreadable[index] = str(error)
    return np.concatenate(found) if found else np.zeros((0, size), np.float32)


def list_facts(source: Source) -> dict[str, str]:
    """List what a recording says of itself as a whole.

    Args:
        source: the recording.

    Returns:
        Sentences by name, in the order to print.
    """
    about, lengths = source.about, source.lengths
    frames = int(lengths.sum()) + len(source)
    env = f"{about.env.get('id', 'not recorded')} {_settings(about.env.get('kwargs') or {})}"
    acted = "action" in source.columns
    m = source.columns["action"].shape[0] if acted else 0
    facts = {"format": source.format, "environment": env}
    own = source.episodes if isinstance(source, Native) else None
    if own is not None:
        facts["pictures"] = _settings(own.meta["render"])
    rate = f"{about.fps:g} frames a second" if about.fps else "frames a second not recorded"
    facts["time"] = f"{rate}, {m or 'no'} action{'s' * (m != 1)} a frame"
    if about.fps:
        facts["time"] += f", {frames / about.fps / 60:.1f} minutes in all"
    low, high = about.action_low, about.action_high
    facts["actions"] = "bounds not recorded" if low is None else f"from {low} to {high}"
    if not acted:
        facts["actions"] = "none: terms of an objective that need none can be trained on it"
    facts["episodes"] = f"{len(source)}"
    if own is not None:
        facts["episodes"] += f": {len(own.train_ids)} to train on, {len(own.held_out_ids)} held out"
    if about.splits:
        facts["splits"] = ", ".join(f"{name} {len(ids)}" for name, ids in about.splits.items())
    shortest = lengths[lengths > 0].min(initial=lengths.max())
    facts["steps"] = f"{shortest} to {lengths.max()} an episode, {lengths.sum()} in all"
    if own is not None:
        size = sum(file.stat().st_size for file in own.path.glob("*.npy"))
        facts["size"], facts["hash"] = f"{size / 2**20:.1f} MiB", own.hash
        for origin in own.meta["sources"]:
            rest = {k: v for k, v in origin.items() if k != "first_episode"}
            facts[f"from episode {origin['first_episode']}"] = _settings(rest)
    else:
        facts["size"] = f"{bytes_needed(source, frames) / 2**20:.1f} MiB, were it native as it is"
    for name, strings in about.labels.items():
        few = ", ".join(repr(text) for text in strings[:3]) + ", ..." * (len(strings) > 3)
        facts[name] = f"{len(strings)}: {few}"
    return facts


def list_columns(source: Source) -> Iterator[tuple[str, ...]]:
    """List the columns of a recording.

    Args:
        source: the recording.

    Yields:
        Of each its name, rows, shape, dtype, means and deviations, the last two empty unless the
        recording is in our format and the column is of actions or proprioception.
    """
    for name, column in source.columns.items():
        means, deviations = "", ""
        if isinstance(source, Native) and name in ("action", "proprio"):
            found = column_statistics(source.episodes, name, range(len(source)))
            means, deviations = (", ".join(f"{v:.3g}" for v in values) for values in found)
        yield name, column.rows, str(column.shape), str(column.dtype), means, deviations


def draw_histograms(source: Source, values: np.ndarray) -> Iterator[tuple[str, str, str, str]]:
    """Draw what actions were taken, in characters.

    Args:
        source: the recording, for the names of the dimensions.
        values: (n, A) actions.

    Yields:
        Of each dimension its name, least value, histogram and largest value.
    """
    names = source.about.names.get("action", [])
    for index, dimension in enumerate(values.T):
        finite = dimension[np.isfinite(dimension)]
        name = names[index] if index < len(names) else str(index)
        if not len(finite):
            yield name, "-", "nothing finite", "-"
            continue
        counts, _ = np.histogram(finite, 24)
        bars = "".join(BARS[-(-8 * int(c) // max(1, int(counts.max())))] for c in counts)
        yield name, f"{finite.min():.3g}", bars, f"{finite.max():.3g}"


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{k}={v}" for k, v in values.items() if not isinstance(v, dict)) or "-"
