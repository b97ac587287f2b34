"""From facts to HTML: the templates of the pages, and the words they use for numbers."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from wmpc.reporting import wording

PAGES = ("wmpc.reporting", "wmpc.reporting.examination")
"""Where templates lie; they share the parts and the style of the first."""


def render(template: str, /, **values: Any) -> str:
    """Fill a template, with the style in it.

    Args:
        template: its file's name, in one of `PAGES`.
        **values: what its expressions name.

    Returns:
        HTML that needs no other file; what `values` hold is escaped.
    """
    css = files("wmpc.reporting").joinpath("page.css").read_text()
    return _environment().get_template(template).render(css=Markup(css), **values)


@cache  # with its compiled templates, of which a page has a dozen
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "") for package in PAGES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = ("percent", "quantity", "scalars", "share", "short", "words")
    environment.filters |= {name: getattr(wording, name) for name in names}
    return environment
