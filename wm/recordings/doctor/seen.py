"""What is kept of a recording that is read once: numbers, tiny pictures, a few facts a frame."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from wmpc.wm.data.format import Column, is_camera
from wmpc.wm.recordings.source import About, Frames

TINY = 16
"""Pixels of a side of a tiny picture."""
CHUNK = 2**25
"""Bytes of pictures held at a time."""


@dataclass
class Look:
    """One camera in one episode of n frames."""

    change: np.ndarray
    """(n-1,) float32: mean difference to the frame before, in grey levels; exactly 0 only where
    every pixel is the same."""
    white: np.ndarray
    black: np.ndarray
    """(n,) float32: share of the pixels that are 255, or 0, in all three channels."""
    partly: np.ndarray
    """(n,) float32: share of the pixels that are 255 in some channel, but not in all."""
    peak: np.ndarray
    """(n,) uint8: the brightest value of all."""
    mean: np.ndarray
    """(h, w, 3) float32: the mean tiny picture."""
    tiny: np.ndarray
    """(n, h, w, 3) uint8, h and w at most `TINY`; n is 0 where memory would not do."""


@dataclass
class Seen:
    """One episode of T steps."""

    index: int
    action: np.ndarray
    """(T, m, A) float32; what is not finite is filled in. (T, 1, 0) where there are no actions."""
    motion: np.ndarray
    """(T+1, P) float32: what tells where the robot is, filled in likewise; P may be 0."""
    looks: Mapping[str, Look]

    @property
    def steps(self) -> int:
        return len(self.action)


@dataclass
class Recording:
    """All that the set-wide checks see."""

    about: About
    columns: Mapping[str, Column]
    motion: str | None
    """The column that `Seen.motion` is, or a description of several."""
    context: int
    episodes: list[Seen] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    told: dict[str, np.ndarray] = field(default_factory=dict)
    """By camera, (P,) bool: the dimensions of the motion that its pictures tell; filled in by
    `picture_shift`. They do not tell speeds, say."""

    @property
    def cameras(self) -> list[str]:
        return [name for name in self.columns if is_camera(name)]

    def seen_by(self, camera: str) -> list[Seen]:
        """List the episodes that a camera has pictures of.

        Args:
            camera: its column.

        Returns:
            Some of `episodes`, in their order.
        """
        return [seen for seen in self.episodes if camera in seen.looks]

    @cached_property
    def moving(self) -> list[Seen]:
        """The episodes that have motion to look at."""
        return [seen for seen in self.episodes if seen.motion.size]

    @cached_property
    def deviation(self) -> np.ndarray:
        """(P,) float64 standard deviation of each dimension of the motion; 1 where constant."""
        spread = np.concatenate([s.motion for s in self.moving]).std(0, dtype=np.float64)
        return np.where(spread > 1e-9, spread, 1.0)


def look(pictures: "np.ndarray | Frames", tiny: bool) -> Look:
    """Measure every frame of a camera in one episode; at most `CHUNK` bytes of them are held.

    Args:
        pictures: (n, H, W, 3) uint8, in memory or decoded one after another.
        tiny: keep the tiny pictures too.

    Returns:
        What is kept of them.
    """
    parts, last = [], None
    size = max(2, CHUNK // max(1, int(np.prod(pictures.shape[1:]))))
    for chunk in _chunks(pictures, size):
        parts.append(_measure(chunk, last))
        last = chunk[-1:].copy()
    whole = [np.concatenate(values) for values in zip(*parts, strict=True)]
    change, white, black, partly, peak, small = whole
    mean = small.mean(0, dtype=np.float32)
    return Look(change, white, black, partly, peak, mean, small if tiny else small[:0])


def filled(values: np.ndarray) -> np.ndarray:
    """Interpolate along time what is not finite.

    Args:
        values: (n, ...), one row a time.

    Returns:
        (n, D) float32, its other dimensions in one; 0 in a dimension without any finite number.
    """
    out = np.array(values, np.float64).reshape(len(values), -1)
    bad = ~np.isfinite(out) | (np.abs(out) > 1e30)
    for d in np.flatnonzero(bad.any(0)):
        good = np.flatnonzero(~bad[:, d])
        at = np.flatnonzero(bad[:, d])
        out[at, d] = np.interp(at, good, out[good, d]) if len(good) else 0.0
    return out.astype(np.float32)


def _chunks(pictures: "np.ndarray | Frames", size: int) -> Iterator[np.ndarray]:
    if isinstance(pictures, np.ndarray):
        yield from (pictures[i : i + size] for i in range(0, len(pictures), size))
        return
    decoded: Iterable[np.ndarray] = pictures.decode(np.arange(len(pictures)))
    held = []
    for picture in decoded:  # one after another: a video is decoded from its start, once
        held.append(picture)
        if len(held) == size:
            yield np.stack(held)
            held = []
    if held:
        yield np.stack(held)


def _measure(chunk: np.ndarray, last: np.ndarray | None) -> tuple[np.ndarray, ...]:
    """The fields of a `Look` for some frames, the last of them tiny pictures."""
    n, height, width, _ = chunk.shape
    before = chunk[:-1] if last is None else np.concatenate([last, chunk[:-1]])
    after = chunk[1:] if last is None else chunk
    stride = max(1, height // (4 * TINY)), max(1, width // (4 * TINY))
    some = (slice(None), slice(None, None, stride[0]), slice(None, None, stride[1]))
    same = [a.tobytes() == b.tobytes() for a, b in zip(before, after, strict=True)]
    sampled = chunk[some]
    a, b = (x[some].reshape(len(x), -1) for x in (before, after))
    change = (np.maximum(a, b) - np.minimum(a, b)).mean(1, dtype=np.float32)
    change = np.where(same, 0.0, np.maximum(change, 1e-4)).astype(np.float32)
    red, green, blue = (sampled[..., c] for c in range(3))  # numpy is slow along short axes
    low, high = np.minimum(np.minimum(red, green), blue), np.maximum(np.maximum(red, green), blue)
    flat = low.reshape(n, -1), high.reshape(n, -1)
    white, black = (flat[0] == 255).mean(1), (flat[1] == 0).mean(1)
    partly = ((flat[1] == 255) & (flat[0] < 255)).mean(1)
    down = max(1, sampled.shape[1] // TINY), max(1, sampled.shape[2] // TINY)
    h, w = sampled.shape[1] // down[0], sampled.shape[2] // down[1]
    cells = sampled[:, : h * down[0], : w * down[1]].reshape(n, h, down[0], w, down[1], 3)
    total = np.zeros((n, h, w, 3), np.uint16)
    for i in range(down[0]):
        for j in range(down[1]):
            total += cells[:, :, i, :, j]
    small = (total // (down[0] * down[1])).astype(np.uint8)
    f = np.float32
    return (change, white.astype(f), black.astype(f), partly.astype(f), flat[1].max(1), small)
