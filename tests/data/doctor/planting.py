"""One way to spoil a recording a fault: `PLANTS[kind](episodes, rng)` changes it and returns the
(episode, step) where the fault first is, None where it is everywhere."""

import numpy as np

E = 7
"""The episode that is spoiled, unless the fault needs another."""


def unreadable(episodes, rng):
    episodes[E]["broken"] = True
    return E, None


def not_finite(episodes, rng):
    episodes[E]["proprio"][5, 1] = np.nan
    return E, 5


def infinite_action(episodes, rng):
    episodes[E]["action"][4, 0, 0] = np.inf
    return E, 4


def out_of_bounds(episodes, rng):
    episodes[E]["action"][6, -1, 1] = 1.2
    return E, 6


def too_short(episodes, rng):
    frames = len(episodes[E]["pixels"])
    for name, values in episodes[E].items():
        episodes[E][name] = values[: 3 if len(values) == frames else 2]
    return E, None


def backwards(episodes, rng):
    episodes[E]["timestamp"][9:] -= 0.5
    return E, 8


def repeated(episodes, rng):
    episodes[E]["timestamp"][9:] -= 0.1
    return E, 8


def gap(episodes, rng):
    episodes[E]["timestamp"][9:] += 0.3
    return E, 8


def wrong_fps(episodes, rng):
    for episode in episodes:
        episode["timestamp"] *= 10 / 15
    return 0, None


def uneven_time(episodes, rng):
    stamps = episodes[E]["timestamp"]
    stamps += np.where(np.arange(len(stamps)) % 2, 0.3, 0.0) * np.diff(stamps)[0]
    return E, 0


def index_gap(episodes, rng):
    episodes[E]["frame_index"][12:] += 1
    return E, 11


def shifted(k):
    def plant(episodes, rng):
        """`action[t+k]` is what acts between t and t+1."""
        for episode in episodes:
            action = np.roll(episode["action"], k, 0)
            fill = rng.permutation(len(action))[: abs(k)]
            if k > 0:
                action[:k] = episode["action"][fill]
            else:
                action[k:] = episode["action"][fill]
            episode["action"] = action
        return None, None

    return plant


def lagging(k):
    def plant(episodes, rng):
        """Picture t shows what the numbers say of t+k."""
        for episode in episodes:
            rows = np.clip(np.arange(len(episode["pixels"])) + k, 0, len(episode["pixels"]) - 1)
            episode["pixels"] = episode["pixels"][rows]
        return None, None

    return plant


def constant_camera(episodes, rng):
    for episode in episodes:
        episode["pixels"][:] = episodes[0]["pixels"][0]
    return None, None


def fastest(episodes, length, dimensions=2):
    """The episode and step from which the robot gets farthest in `length` steps."""
    best = {
        (i, t): np.abs((e["proprio"][t + length] - e["proprio"][t])[:dimensions]).sum()
        for i, e in enumerate(episodes)
        for t in range(2, len(e["action"]) - length - 1)
    }
    return max(best, key=best.get)


def frozen(episodes, rng, length=6):
    i, t = fastest(episodes, length)
    episodes[i]["pixels"][t : t + length] = episodes[i]["pixels"][t]
    return i, t


def teleport(episodes, rng, t=9):
    """Two recordings are joined where they are far apart, and time does not tell."""
    proprio = np.stack([e["proprio"] for e in episodes])
    apart = np.abs(proprio[:, None, t] - proprio[None, :, t + 1]) / proprio.std((0, 1))
    i, j = np.unravel_index(np.argmax(np.quantile(apart, 0.3, axis=-1)), apart.shape[:2])
    for name, values in episodes[i].items():
        first = t + (len(values) == len(episodes[i]["pixels"]))
        values[first:] = episodes[j][name][first:]
    return int(i), t


def stuck(episodes, rng, length=11):
    i, t = fastest(episodes, length, 1)
    episodes[i]["proprio"][t : t + length, 0] = episodes[i]["proprio"][t, 0]
    return i, t


def absent(episodes, rng):
    for episode in episodes:
        episode["proprio"][:, 1] = 0
    return None, None


def motionless(episodes, rng):
    for name in ("pixels", "proprio", "state"):
        episodes[E][name][:] = episodes[E][name][0]
    return E, None


def dead(episodes, rng):
    for episode in episodes:
        episode["action"][..., 1] = 0
    return None, None


def saturated(episodes, rng):
    for episode in episodes:
        episode["action"][..., 0] = np.clip(episode["action"][..., 0] * 20, -1, 1)
    return None, None


def unit_jump(column, factor):
    def plant(episodes, rng):
        for i in (5, E, 11):
            episodes[i][column] *= factor
        return 5, None

    return plant


def leak(episodes, rng):
    for name, values in episodes[4].items():
        episodes[9][name] = values.copy()
    episodes[9]["action"] += rng.normal(size=episodes[9]["action"].shape).astype(np.float32) * 0.002
    np.clip(episodes[9]["action"], -1, 1, out=episodes[9]["action"])
    return 9, None


def twins(episodes, rng):
    episodes[E] = {name: values.copy() for name, values in episodes[3].items()}
    return E, None


def black(episodes, rng):
    episodes[E]["pixels"][3:5] = 0
    return E, 3


def clipped(episodes, rng):
    lighter = episodes[E]["pixels"].astype(np.float32) * 3 + 120
    episodes[E]["pixels"] = np.clip(lighter, 0, 255).astype(np.uint8)
    return E, 0


def light(episodes, rng):
    episodes[E]["pixels"] = (episodes[E]["pixels"] * 0.55).astype(np.uint8)
    return E, None


def colours(episodes, rng):
    for episode in episodes:  # a scene with some colour in it
        episode["pixels"][:, :, :, 2] = episode["pixels"][:, :, :, 2] // 2
    episodes[E]["pixels"] = episodes[E]["pixels"][..., ::-1].copy()
    return E, None


def marked(episodes):
    """A glare in one corner, so that up is not down."""
    for episode in episodes:
        corner = episode["pixels"][:, : episode["pixels"].shape[1] // 4, :16]
        corner[:] = corner // 2 + np.array([120, 60, 20], np.uint8)


def flipped(episodes, rng):
    marked(episodes)
    episodes[E]["pixels"] = episodes[E]["pixels"][:, ::-1].copy()
    return E, None


def moved(episodes, rng):
    marked(episodes)
    episodes[E]["pixels"] = np.roll(episodes[E]["pixels"], (5, 9), (1, 2))
    return E, None


def exchanged(episodes, rng):
    for episode in episodes:
        pixels = episode.pop("pixels")
        episode["pixels/front"] = pixels
        episode["pixels/side"] = (255 - pixels[:, ::-1]) // 2
    a, b = episodes[E]["pixels/front"], episodes[E]["pixels/side"]
    episodes[E]["pixels/front"], episodes[E]["pixels/side"] = b, a
    return E, None


PLANTS = {
    "unreadable": unreadable,
    "not_finite": not_finite,
    "not_finite action": infinite_action,
    "action_out_of_bounds": out_of_bounds,
    "too_short": too_short,
    "time_backwards": backwards,
    "time_repeated": repeated,
    "time_gap": gap,
    "wrong_fps": wrong_fps,
    "uneven_time": uneven_time,
    "index_gap": index_gap,
    "action_shift +1": shifted(1),
    "action_shift -1": shifted(-1),
    "action_shift +2": shifted(2),
    "picture_shift +2": lagging(2),
    "picture_shift -2": lagging(-2),
    "picture_shift -1": lagging(-1),
    "constant_camera": constant_camera,
    "frozen_pictures": frozen,
    "teleport": teleport,
    "stuck_proprio": stuck,
    "stuck_proprio absent": absent,
    "motionless": motionless,
    "dead_action": dead,
    "saturated_action": saturated,
    "unit_jump": unit_jump("proprio", 180 / np.pi),
    "unit_jump action": unit_jump("action", 1000),
    "leak": leak,
    "twins": twins,
    "black_frames": black,
    "clipped_exposure": clipped,
    "exposure_jump": light,
    "swapped_colours": colours,
    "flipped_pictures": flipped,
    "camera_moved": moved,
    "swapped_cameras": exchanged,
}
