"""Charts of named things: bars side by side, and heatmaps."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from wmpc.reporting.axes import Axis, label, number, sideways, spread, svg, words

WIDTH = 380
BAR, GAP, NAMES, VALUES = 13, 9, 128, 44
"""Pixels: a bar's height, the space between two rows, the columns of names and of values."""
PANEL, LEVELS = 150, 16
"""Pixels of a heatmap's side, and its shades."""


def bars(
    rows: Mapping[str, Sequence[float | None]],
    x_label: str,
    title: str,
    limits: tuple[float, float] | None = None,
) -> Markup:
    """A row of horizontal bars a name, one bar a group, with its value at the end.

    Groups differ by fill: full, hollow, dashed. A value beyond `limits` is drawn at the limit and
    written as it is; one that is missing has a dash.
    """
    known = [value for values in rows.values() for value in values if value is not None]
    x = spread(known, NAMES, WIDTH - VALUES, zero=True)
    if limits:
        x = Axis(*limits, NAMES, WIDTH - VALUES)
    zero = x(min(max(0.0, x.low), x.high))
    parts, top = [], 4.0
    for name, values in rows.items():
        height = BAR * len(values)
        parts.append(label(NAMES - 8, top + height / 2 + 3.5, _short(words(name)), "end", "name"))
        for group, value in enumerate(values):
            at = top + BAR * group
            if value is None:
                parts.append(label(zero + 5, at + BAR - 3, "\N{EN DASH}", "start", "value"))
                continue
            end = x(min(max(value, x.low), x.high))
            left, width = min(zero, end), abs(end - zero)
            parts.append(
                f'<rect class="group{group % 3 + 1}" x="{left:.1f}" y="{at + 1.5:.1f}" '
                f'width="{width:.1f}" height="{BAR - 3}"/>'
            )
            parts.append(label(max(zero, end) + 5, at + BAR - 3, number(value), "start", "value"))
        top += height + GAP
    bottom = top - GAP + 4
    parts.insert(0, f'<path class="axis" d="M{zero:.1f} 2V{bottom:.1f}"/>')
    for tick in x.ticks(3):
        parts.append(label(x(tick), bottom + 13, number(tick), style="tick"))
    parts.append(label((NAMES + WIDTH - VALUES) / 2, bottom + 29, x_label))
    return svg(parts, title, WIDTH, bottom + 34)


def heatmap(
    panels: Mapping[str, Sequence[Sequence[float]]],
    xs: Sequence[float],
    ys: Sequence[float],
    x_label: str,
    y_label: str,
    title: str,
) -> Markup:
    """Panels [y][x] side by side, darker where higher (in the dark mode: brighter), each on its own
    scale, which is under it; a ring marks the lowest cell."""
    parts = []
    for column, (name, values) in enumerate(panels.items()):
        parts.append(_panel(values, xs, ys, 40 + column * (PANEL + 26), name))
        parts.append(label(40 + column * (PANEL + 26) + PANEL / 2, 22 + PANEL + 29, x_label))
    parts.append(sideways(10, 22 + PANEL / 2, y_label))
    width = 40 + len(panels) * (PANEL + 26) - 12
    return svg(parts, title, max(width, WIDTH), 22 + PANEL + 62)


def _panel(
    values: Sequence[Sequence[float]],
    xs: Sequence[float],
    ys: Sequence[float],
    left: float,
    name: str,
) -> str:
    """One panel with its title, ends of the axes, ring and legend; one path a shade."""
    top, wide, high = 22, PANEL / len(values[0]), PANEL / len(values)
    cells = [(v, i, j) for j, row in enumerate(values) for i, v in enumerate(row)]
    low, i, j = min(cells)
    most = max(cells)[0]
    shades: dict[int, str] = {}
    for value, column, row in cells:
        level = round((value - low) / ((most - low) or 1.0) * (LEVELS - 1))
        x, y = left + column * wide, top + PANEL - (row + 1) * high  # ys rise upwards
        shades[level] = (
            shades.get(level, "") + f"M{x:.1f} {y:.1f}h{wide:.1f}v{high:.1f}h{-wide:.1f}z"
        )
    parts = [label(left + PANEL / 2, 14, name, style="value")]
    parts += [
        f'<path class="cell" fill-opacity="{level / (LEVELS - 1):.2f}" d="{path}"/>'
        for level, path in sorted(shades.items())
    ]
    x, y = left + (i + 0.5) * wide, top + PANEL - (j + 0.5) * high
    parts.append(f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
    parts.append(f'<path class="frame" d="M{left} {top}h{PANEL}v{PANEL}h{-PANEL}z"/>')
    parts += [
        label(left, top + PANEL + 13, number(xs[0]), "start", "tick"),
        label(left + PANEL, top + PANEL + 13, number(xs[-1]), "end", "tick"),
    ]
    if left == 40:  # the first panel's stand for all
        parts.append(label(left - 4, top + PANEL, number(ys[0]), "end", "tick"))
        parts.append(label(left - 4, top + 9, number(ys[-1]), "end", "tick"))
    step, foot = 66 / LEVELS, top + PANEL + 40
    for level in range(LEVELS):
        parts.append(
            f'<rect class="cell" fill-opacity="{level / (LEVELS - 1):.2f}" '
            f'x="{left + 42 + level * step:.1f}" y="{foot}" width="{step + 0.2:.1f}" height="8"/>'
        )
    parts.append(f'<path class="frame" d="M{left + 42} {foot}h66v8h-66z"/>')
    parts.append(label(left + 38, foot + 8, number(low), "end", "tick"))
    parts.append(label(left + 112, foot + 8, number(most), "start", "tick"))
    return "".join(parts)


def _short(words: str, most: int = 22) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def whiskers(
    rows: Mapping[str, tuple[float, float, float]], x_label: str, title: str, unit: str = ""
) -> Markup:
    """A row a name: its value as a mark on the interval (value, low, high), beside a line at 0."""
    x = spread([v for row in rows.values() for v in row], NAMES, WIDTH - 16, zero=True)
    bottom = 8 + 26 * len(rows)
    parts = [f'<path class="mark" d="M{x(0):.1f} 2V{bottom}"/>']
    for index, (name, (value, low, high)) in enumerate(rows.items()):
        y = 20 + 26 * index
        ends = f"M{x(low):.1f} {y}H{x(high):.1f}m0 -4v8M{x(low):.1f} {y - 4}v8"
        parts.append(label(NAMES - 8, y + 3.5, _short(name), "end", "name"))
        parts.append(f'<path class="whiskers" d="{ends}"/>')
        parts.append(f'<circle class="mark1" cx="{x(value):.1f}" cy="{y}" r="4.5"/>')
    parts += [label(x(t), bottom + 14, number(t) + unit, style="tick") for t in x.ticks()]
    parts.append(label((NAMES + WIDTH - 16) / 2, bottom + 31, x_label))
    return svg(parts, title, WIDTH, bottom + 36)
