"""From facts to HTML: the templates of the pages, and the words they use for numbers."""

from collections.abc import Mapping
from importlib.resources import files
from math import isfinite
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wmpc.reporting.axes import number, words

PAGES = ("wmpc.reporting", "wmpc.reporting.examination")
"""Where templates lie; they share the parts and the style of the first."""


def render(template: str, /, **values: Any) -> str:
    """The page `template`, with the style in it: one page that needs nothing else."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "") for package in PAGES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "quantity": quantity,
        "share": share,
        "short": short,
        "words": words,
        "scalars": scalars,
    }
    css = files("wmpc.reporting").joinpath("page.css").read_text()
    return environment.get_template(template).render(css=Markup(css), **values)


def percent(value: float | None) -> str:
    """0.934 as 93%; nothing as a dash."""
    return "\N{EN DASH}" if value is None else f"{100 * value:.0f}%"


def quantity(name: str) -> str:
    """An error's name in words: shoulder_rad as shoulder."""
    return name.rpartition("_")[0].replace("_", " ") or name


def share(value: float) -> str:
    """A length in percent, from 0 to 100."""
    return f"{100 * min(1.0, max(0.0, value)):.1f}"


def short(value: Any) -> str:
    """A number with three digits, other things as they are, nothing as a dash."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return "\N{EN DASH}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(value)


def scalars(details: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of a finding's details is short enough for a line each."""
    kinds = (int, float, str)
    return {k: v for k, v in (details or {}).items() if isinstance(v, kinds) and len(str(v)) < 80}
