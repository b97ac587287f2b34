"""Floating-point operations of a rollout, and the rate at which this machine can do them.

Multiply-adds of linear layers, counted twice; attention over three frames, norms and activations
are left out (under 2% of the sum). Symbols: w width, i = heads * head_width, m hidden layer.
"""

import time

import torch


def _sizes(width: int, depth: int, heads: int, head_width: int, mlp: int, **_: int):
    w, i = width, heads * head_width
    return {
        "layer": 4 * w * i + 2 * w * mlp,  # queries, keys, values, output; MLP
        "key_value": 2 * w * i,
        "query": w * i,
        "modulation": 6 * w * w,  # AdaLN's six vectors of an action
        "head": 2 * w * mlp,
        "depth": depth,
    }


def peers(c: int, N: int, H: int, context: int, **sizes: int) -> float:
    """GFLOP: every window of every candidate anew, all its tokens through all layers and the head.

    Tokens: sum over t of min(context, c + t), 12 from one frame and 15 from three."""
    s = _sizes(**sizes)
    tokens = sum(min(context, c + t) for t in range(H))
    return 2e-9 * N * tokens * (s["depth"] * (s["layer"] + s["modulation"]) + s["head"])


def least(c: int, N: int, H: int, context: int, **sizes: int) -> float:
    """GFLOP of the same numbers: what the candidates share (context frames before the newest) is
    left out, the window is computed anew only when it slides, a window's first token needs no
    query, the last layer answers for the newest token only, an action is modulated once."""
    s, tokens, firsts, last_firsts = _sizes(**sizes), 0, 0, 0
    for t in range(c, c + H):  # frame t is predicted, frames below c - 1 are shared
        first = max(0, t - context)
        seen = range(max(first, c - 1), t) if first else range(t - 1, t)
        tokens += len(seen)
        firsts += first in seen
        last_firsts += first == t - 1
    deep = (s["depth"] - 1) * (tokens * s["layer"] - firsts * s["query"])
    last = H * s["layer"] - last_firsts * s["query"] + (tokens - H) * s["key_value"]
    return 2e-9 * N * (deep + last + H * (s["depth"] * s["modulation"] + s["head"]))


def stays_valid(
    c: int, N: int, H: int, context: int, projection: bool = True, **sizes: int
) -> float:
    """GFLOP where every frame of a candidate is processed once: H tokens, whatever the context; a
    token that sees only itself needs no query. `projection`: with a head as large as LeWM's."""
    s = _sizes(**sizes)
    head = s["head"] if projection else sizes["width"] ** 2
    token = s["depth"] * (s["layer"] + s["modulation"]) + head
    return 2e-9 * N * (H * token - (c == 1) * s["depth"] * s["query"])


def gemm_rate(n: int = 1024, times: int = 8) -> float:
    """GFLOP/s of square matrix products, float32."""
    x, y = torch.randn(n, n), torch.randn(n, n)
    out = x @ y
    began = time.perf_counter()
    for _ in range(times):
        torch.mm(x, y, out=out)
    return 2e-9 * n**3 * times / (time.perf_counter() - began)
