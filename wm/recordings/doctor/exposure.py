"""Pictures without a picture in them: black frames, and light that runs off the scale."""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.seen import Recording

KINDS = ("black_frames", "clipped_exposure")
DARK = 10
"""A frame whose brightest value is at most this is black."""
MORE, PARTLY = 0.3, 0.2
"""Share of pixels that are clipped beyond what is usual for the camera, and share that are clipped
in some channel only, which drawn backgrounds are not."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for black frames, and for pictures clipped at either end of their scale.

    Args:
        recording: what was seen of it.

    Yields:
        A fault for each episode and camera.
    """
    for camera in recording.cameras:
        chosen = recording.seen_by(camera)
        for seen in chosen:
            view = seen.looks[camera]
            black = np.flatnonzero(view.peak <= DARK)
            if len(black):
                yield Fault(
                    "black_frames",
                    "error",
                    camera,
                    f"{camera} is black at step {black[0]} of episode {seen.index}, in "
                    f"{len(black)} of its {len(view.peak)} frames.",
                    "Cut these frames out with their actions: the camera had not started, or was "
                    "covered.",
                    seen.index,
                    int(black[0]),
                )
        if chosen:
            yield from _clipped(camera, chosen)


def _clipped(camera: str, chosen: list) -> Iterator[Fault]:
    for end, word in (("white", "255"), ("black", "0")):
        usual = np.median([np.median(getattr(s.looks[camera], end)) for s in chosen])
        for seen in chosen:
            view = seen.looks[camera]
            share = getattr(view, end)
            clipped = (share > usual + MORE) & (view.peak > DARK)
            if end == "white":
                clipped |= view.partly + share > max(0.5, PARTLY + usual)
                clipped &= (share > usual + MORE) | (view.partly > PARTLY)
            at = np.flatnonzero(clipped)
            if len(at) == 0:
                continue
            part = share[at[0]] + (view.partly[at[0]] if end == "white" else 0)
            yield Fault(
                "clipped_exposure",
                "warning",
                camera,
                f"{part:.0%} of the pixels of {camera} are at {word} at step {at[0]} of episode "
                f"{seen.index}, where {usual:.0%} usually are; so are {len(at)} of its frames.",
                "Fix the exposure or gain of the camera while recording, and drop these episodes: "
                "what is clipped cannot be seen.",
                seen.index,
                int(at[0]),
            )
