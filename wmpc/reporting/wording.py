"""The words of the pages for numbers and names."""

import math
from collections.abc import Mapping
from typing import Any, TypeGuard


def number(value: float) -> str:
    """Write a number in few letters: 1200 as 1.2k, 0.001 as 10⁻³.

    Args:
        value: a finite number.

    Returns:
        Two or three digits of it.
    """
    if value and (abs(value) < 0.01 or abs(value) >= 1e6):
        exponent = math.floor(math.log10(abs(value)))
        mantissa = value / 10**exponent
        power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return power if math.isclose(mantissa, 1) else f"{mantissa:.2g}·{power}"
    if abs(value) >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.3g}"


def words(name: str) -> str:
    """Write a name of the code in words: elbow_rad_per_s as elbow rad/s.

    Args:
        name: a name with underscores.

    Returns:
        It with spaces.
    """
    return name.replace("_per_", "/").replace("_", " ")


def percent(value: float | None) -> str:
    """Write a share in percent: 0.934 as 93%.

    Args:
        value: a share; None where it is not known.

    Returns:
        The text; a dash for None.
    """
    return "\N{EN DASH}" if value is None else f"{100 * value:.0f}%"


def quantity(name: str) -> str:
    """Name the quantity that an error is of: shoulder_rad as shoulder.

    Args:
        name: of the error, which ends in its unit.

    Returns:
        The name without its unit, in words.
    """
    return name.rpartition("_")[0].replace("_", " ") or name


def share(value: float) -> str:
    """Write a length for the page's style.

    Args:
        value: a share; below 0 or above 1 it is cut off.

    Returns:
        Percent without the sign, from 0.0 to 100.0.
    """
    return f"{100 * min(1.0, max(0.0, value)):.1f}"


def short(value: Any) -> str:
    """Write a value in few letters.

    Args:
        value: anything.

    Returns:
        A number as `number` writes it, a dash for None and what is not finite, else the value as
        text.
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "\N{EN DASH}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(value)


def scalars(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """Choose what of a finding's details is short enough for a line each.

    Args:
        details: of a finding; None for none.

    Returns:
        The numbers, and the texts under 80 letters.
    """
    kinds = (int, float, str)
    return {k: v for k, v in (details or {}).items() if isinstance(v, kinds) and len(str(v)) < 80}


def is_finite(value: Any) -> TypeGuard[float]:
    """Tell whether something is a number that can be drawn.

    Args:
        value: anything.

    Returns:
        False for NaN, infinities, and what is no number or too large to draw.
    """
    return isinstance(value, int | float) and abs(value) < 1e300
