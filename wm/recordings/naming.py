"""Recorded names as those of columns."""

import re


def clean_name(name: str) -> str:
    """Spell a name as a column may have it.

    Args:
        name: as recorded, with `/` between its parts.

    Returns:
        The name with `_` for every other sign than letters, digits, `_`, `.` and `-`, and for an
        empty part.
    """
    return "/".join(re.sub(r"[^\w.-]", "_", part) or "_" for part in name.split("/"))
