"""When the frames of a video are shown, told by its packets; nothing is decoded."""

from dataclasses import dataclass

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import Place, damage
from wmpc.wm.recordings.io.video import opened

MOST = 10_000_000
"""Frames of one video; more is taken for damage."""


@dataclass(frozen=True)
class Clock:
    size: tuple[int, int]
    """Height and width."""
    fps: float | None
    """The average rate, where the file tells."""
    times: np.ndarray
    """(n,) seconds at which the frames are shown, ascending."""


def clock(place: Place, inside: str) -> Clock:
    """Read size, rate and times of a video, without decoding it.

    Args:
        place: the file, or a folder it lies in.
        inside: its name in that folder.

    Returns:
        What its packets tell.

    Raises:
        WmpcError: it has no frames, two at the same time, or is damaged.
    """
    what = place.name(inside)
    with damage(what), opened(place, inside) as (container, video):
        size = (video.codec_context.height, video.codec_context.width)
        ticks = []
        for packet in container.demux(video):
            if packet.size == 0:  # the end
                continue
            if packet.pts is None or packet.is_corrupt or len(ticks) > MOST:
                raise WmpcError(f"{what} is damaged: a frame has no time stamp")
            if not packet.is_discard:
                ticks.append(packet.pts)
        times = np.sort(np.array(ticks, np.float64)) * float(video.time_base or 1)
        rate = video.average_rate
        if 0 in size or not len(times) or (np.diff(times) <= 0).any():
            raise WmpcError(f"{what} is damaged: it has no frames, or two at the same time")
    return Clock(size, float(rate) if rate else None, times)
