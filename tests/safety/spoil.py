"""Damage that knows JSON: values of other kinds, sizes and depths, as a function of a seed."""

import copy
import hashlib
import json

import numpy as np

ODD = [
    None, True, False, 0, 1, -1, 2, 3, 7, 2**31, 2**63, -(2**63), 10**9, 10**30, 0.5, -0.0, 1e308,
    1e-300, float("nan"), float("inf"), float("-inf"), "", "x", "0", "[/bold]", "[red]", "\0",
    "\udc80", "a:b", "canary_xyz", "canary_xyz:Zen-v0", "canary_xyz.run", "os.system",
    "/etc/passwd", "../../../etc/passwd", "~/x", "${oc.env:HOME}", "{{ 7 * 7 }}", "%s%n", "\u202e",
    "a\nb", "x" * 5000, "\x1b[31m", "file:///etc/passwd", "<script>alert(1)</script>", "-5", "nan",
    "🤖", [], {}, [[]],
    [None], [1, 2], ["x"], {"x": 1}, {"": {}}, {"_target_": "os.system"},
    {"_target_": "wmpc.wm.models.jepa.nn"}, {"_partial_": True}, [{"a": [{"b": []}]}],
]  # fmt: skip
"""What takes the place of a value."""
DEPTHS = (3, 12, 150, 5000)


def paths(value, path=()):
    """Where the values of a JSON value are, at all depths; of long lists a few."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index in [*range(len(value))][:3]:
            yield from paths(value[index], (*path, index))


def spoil(value, rng):
    """A copy of a JSON value with one to three kinds of damage."""
    value = copy.deepcopy(value)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        places = [*paths(value)]
        depth = rng.integers(1, 1 + max(map(len, places)))  # what lies high is hit as often
        path = pick([p for p in places if len(p) == depth] or places, rng)
        value = put(value, path, rng)
    return value


def put(value, path, rng):
    if not path:
        return pick(ODD, rng)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    key, kind = path[-1], rng.integers(10)
    old = holder[key]
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[pick([odd for odd in ODD if isinstance(odd, str)], rng)] = holder.pop(key)
    elif kind == 2:
        for _ in range(pick(DEPTHS[:3], rng)):
            old = [old] if rng.random() < 0.5 else {"x": old}
        holder[key] = old
    elif kind == 3 and isinstance(old, list):
        holder[key] = pick([old * 2, old[:-1], old[::-1], [old], old * 500], rng)
    elif kind == 4 and type(old) in (int, float):
        holder[key] = pick([old + 1, -old, old * 10**6, old / 3, str(old), [old], 10**400], rng)
    elif kind == 5 and isinstance(old, str):
        holder[key] = pick([old + "x", old[:-1], old.upper(), f"canary_xyz:{old}", old * 50], rng)
    elif kind == 6:
        holder[key] = copy.deepcopy(
            value[pick([*value], rng)] if isinstance(value, dict) else value
        )
    else:
        holder[key] = copy.deepcopy(pick(ODD, rng))
    return value


def text(value, rng):
    """JSON of it, in a tenth of cases damaged as text."""
    try:
        data = json.dumps(value).encode()
    except (ValueError, RecursionError):
        data = b"{}"
    kind = rng.integers(40)
    if kind == 0:
        return data[: rng.integers(len(data) + 1)]
    if kind == 1:
        return data.replace(b": ", b': 1, "x": ', 1) + b"}"
    if kind == 2:
        depth = pick(DEPTHS, rng)
        return data.replace(b": ", b": " + b"[" * depth + b"]" * depth + b', "y": ', 1)
    if kind == 3:
        place = int(rng.integers(len(data)))
        return data[:place] + rng.bytes(3) + data[place + 3 :]
    return data


def hashed(manifest):
    """A manifest with the hash of what it holds, so that what it holds is read."""
    if not isinstance(manifest, dict):
        return manifest
    own = {key: value for key, value in manifest.items() if key != "hash"}
    try:
        canonical = json.dumps(own, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return manifest
    return {**own, "hash": hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()}


def bytes_of(data, rng):
    """Damage to a file that is no JSON."""
    kind, place = rng.integers(5), int(rng.integers(len(data) + 1))
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data + rng.bytes(20)
    if kind == 2:
        return b""
    near = int(rng.integers(min(len(data), 600))) if rng.random() < 0.7 else place
    return data[:near] + rng.bytes(int(rng.choice([1, 1, 4, 16]))) + data[near + 1 :]


def pick(values, rng):
    return values[int(rng.integers(len(values)))]


def generator(seed):
    return np.random.default_rng(seed)
