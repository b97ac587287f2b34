"""Damage to the files of a recording, as a function of a seed."""

import re

import numpy as np

NUMBER = re.compile(rb"-?\d+(\.\d+)?([eE][-+]?\d+)?")
ODD = [b"0", b"-1", b"1", b"2", b"3", b"255", b"1000000007", b"-9223372036854775808",
       b"9223372036854775808", b"1e308", b"0.5", b"NaN", b"null", b'"x"', b"[]", b"{}"]  # fmt: skip


def mutate(files, seed):
    """(names that changed, all files): `files` {name: bytes} with one to three kinds of damage.

    Small files are hit as often as large ones, so that what describes a recording is hit often.
    """
    rng, out = np.random.default_rng(seed), dict(files)
    changed = set()
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        name = sorted(out)[rng.integers(len(out))]
        data, kind = out[name], KINDS[rng.integers(len(KINDS))]
        if kind is swap:
            other = sorted(out)[rng.integers(len(out))]
            out[name], out[other] = out[other], data
            changed |= {name, other} if name != other else set()
            continue
        if kind is remove:
            if len(out) > 1 and rng.random() < 0.3:
                del out[name]
                changed.add(name)
            continue
        new = kind(data, rng) if data else b"\0"
        if new != data:
            out[name] = new
            changed.add(name)
    return changed, out


def flip(data, rng):
    array = np.frombuffer(data, np.uint8).copy()
    for _ in range(int(rng.choice([1, 2, 8, 64]))):
        at = _place(data, rng)
        array[at] = rng.integers(256) if rng.random() < 0.5 else array[at] ^ (1 << rng.integers(8))
    return array.tobytes()


def truncate(data, rng):
    return data[: rng.integers(len(data))]


def extend(data, rng):
    return data + rng.bytes(int(rng.integers(1, 200)))


def zero(data, rng):
    first, stop = _span(data, rng)
    return data[:first] + bytes([rng.choice([0, 255])]) * (stop - first) + data[stop:]


def duplicate(data, rng):
    first, stop = _span(data, rng)
    return data[:stop] + data[first:stop] + data[stop:]


def delete(data, rng):
    first, stop = _span(data, rng)
    return data[:first] + data[stop:]


def move(data, rng):
    """A block over another one of its size."""
    first, stop = _span(data, rng)
    to = int(rng.integers(0, len(data) - (stop - first) + 1))
    return data[:to] + data[first:stop] + data[to + stop - first :]


def number(data, rng):
    """A number in words becomes another; where there are none, one in bytes."""
    if found := list(NUMBER.finditer(data[: 1 << 16])):
        hit = found[rng.integers(len(found))]
        return data[: hit.start()] + ODD[rng.integers(len(ODD))] + data[hit.end() :]
    return integer(data, rng)


def integer(data, rng):
    """Four or eight bytes become an integer that is small, large or negative."""
    width = int(rng.choice([4, 8]))
    value = int(rng.choice([0, 1, 2, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**62]))
    value = value % 2 ** (8 * width)
    at = _place(data, rng)
    raw = value.to_bytes(width, "big" if rng.random() < 0.3 else "little")
    return data[:at] + raw + data[at + width :]


def swap(data, rng):
    """Two files change places; see `mutate`."""
    raise AssertionError


def remove(data, rng):
    """A file is missing; see `mutate`."""
    raise AssertionError


KINDS = (flip, flip, flip, truncate, extend, zero, duplicate, delete, move, number, number, integer,
         integer, swap, remove)  # fmt: skip


def _place(data, rng):
    """A position: half of them among the first or last 512 bytes, where headers are."""
    where = rng.random()
    if where < 0.25:
        return int(rng.integers(min(512, len(data))))
    if where < 0.5:
        return len(data) - 1 - int(rng.integers(min(512, len(data))))
    return int(rng.integers(len(data)))


def _span(data, rng):
    first = _place(data, rng)
    return first, min(len(data), first + int(rng.choice([1, 4, 16, 64, 512, 4096])))
