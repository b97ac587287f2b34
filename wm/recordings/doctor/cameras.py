"""Episodes seen in another way than the rest: cameras or colours swapped, upside down, moved, or in
another light. Each is told by its mean picture."""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.seen import Recording

KINDS = ("swapped_cameras", "swapped_colours", "flipped_pictures", "camera_moved", "exposure_jump")
VAGUE = ("camera_moved", "exposure_jump")
"""What is said only of pictures of which nothing else is said."""
LEAST = 3.0
"""Grey levels that a mean picture must be nearer to the usual one to count."""
FAR = 5.0
"""Grey levels beyond those that pictures usually differ by, which are another picture."""
COLOURS = "has red and blue exchanged"


def check(recording: Recording) -> Iterator[Fault]:
    """Look for episodes whose mean picture is unlike that of the others.

    Args:
        recording: what was seen of it.

    Yields:
        A fault for each episode and camera, the likeliest only.
    """
    means = {}
    for camera in recording.cameras:
        chosen = recording.seen_by(camera)
        if len(chosen) >= 4 and len(chosen) == len(recording.episodes):
            means[camera] = np.stack([s.looks[camera].mean for s in chosen])
    index = [s.index for s in recording.episodes]
    swapped: set[int] = set()
    for fault in _exchanged(means, index):
        swapped.update(fault.episodes)
        yield fault
    for camera, pictures in means.items():
        usual = np.median(pictures, 0)
        own = _apart(pictures, usual)
        half, limit = np.quantile(own, [0.5, 0.75])
        far = limit + 6 * (limit - half) + FAR
        for i, picture in enumerate(pictures):
            if index[i] not in swapped:
                yield from _odd(camera, index[i], picture, usual, own[i], limit, far)


def _odd(
    camera: str,
    episode: int,
    picture: np.ndarray,
    usual: np.ndarray,
    own: float,
    limit: float,
    far: float,
) -> Iterator[Fault]:
    """What is wrong with the mean picture (h, w, 3) of an episode, the likeliest only."""
    others = {
        COLOURS: picture[..., ::-1],
        "is upside down": picture[::-1],
        "is turned by half a turn": picture[::-1, ::-1],
        "is mirrored": picture[:, ::-1],
    }
    found = {what: float(np.abs(p - usual).mean()) for what, p in others.items()}
    what = min(found, key=lambda k: found[k])
    near = found[what]
    if own - near > LEAST and near < 0.6 * own and near < 1.5 * limit + 1:
        yield Fault(
            "swapped_colours" if what == COLOURS else "flipped_pictures",
            "error",
            camera,
            f"{camera} {what} in episode {episode}: put right, its mean picture is {near:.1f} grey "
            f"levels from the usual one, as it is {own:.1f}.",
            "Put these episodes right: pictures[..., ::-1] exchanges the colours."
            if what == COLOURS
            else "Put these episodes right: turn or mirror their pictures as the others are.",
            episode,
        )
        return
    if own < far:
        return
    gain, shift = np.polyfit(picture.reshape(-1), usual.reshape(-1), 1)
    left = float(np.abs(gain * picture + shift - usual).mean())
    light = gain > 0 and left < 0.4 * own
    yield Fault(
        "exposure_jump" if light else "camera_moved",
        "warning",
        camera,
        f"{camera} is in another light in episode {episode}: its mean picture is "
        f"{picture.mean() - usual.mean():+.0f} grey levels from the usual one."
        if light
        else f"{camera} shows another scene in episode {episode}: its mean picture is {own:.0f} "
        f"grey levels from the usual one, and most others are within {limit:.0f}.",
        "Fix exposure and white balance while recording; keep such episodes only if the light "
        "should vary."
        if light
        else "Drop these episodes, unless the camera or the scene was meant to vary.",
        episode,
    )


def _exchanged(means: dict[str, np.ndarray], index: list[int]) -> Iterator[Fault]:
    names = list(means)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            if means[a].shape != means[b].shape:
                continue
            usual = {name: np.median(means[name], 0) for name in (a, b)}
            as_is = _apart(means[a], usual[a]) + _apart(means[b], usual[b])
            other = _apart(means[a], usual[b]) + _apart(means[b], usual[a])
            for e in np.flatnonzero((other < 0.5 * as_is) & (as_is - other > 2 * LEAST)):
                yield Fault(
                    "swapped_cameras",
                    "error",
                    f"{a}, {b}",
                    f"{a} and {b} are exchanged in episode {index[e]}: each mean picture is nearer "
                    f"to the other camera's ({other[e] / 2:.1f} against {as_is[e] / 2:.1f} grey "
                    "levels).",
                    "Exchange the two columns in these episodes.",
                    index[e],
                    episodes=(index[e],),
                )


def _apart(pictures: np.ndarray, usual: np.ndarray) -> np.ndarray:
    return np.abs(pictures - usual).mean((1, 2, 3))
