"""Which columns fit the rows of every episode, and the reason why another does not.

A column that is not in every episode, or not in the same form, is left out with its reason. What a
model learns from (actions, pictures, proprioception) stays as long as most episodes have it, and
reading it in one of the others is the error.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from wmpc.wm.data.format import is_camera

Form = tuple[tuple[int, ...], np.dtype, str]
"""Shape and dtype of a row, and what its rows are."""


def rows_misfit(rows: int | None, wanted: int, of: str) -> str | None:
    """Say why an array is no column of a number of rows.

    Args:
        rows: how many it has; None: it is a single value.
        wanted: how many a column has.
        of: what there are so many of.

    Returns:
        The end of a sentence that begins with its name; None where it is one.
    """
    if rows == wanted:
        return None
    has = "is a single value" if rows is None else f"has {rows} row{'s' * (rows != 1)}"
    return f"{has}, not one for each of the {wanted} {of}"


@dataclass
class Forms:
    """What each episode of a recording holds under each key: a form, or why it fits no row."""

    found: dict[str, dict[int, Form | str]] = field(default_factory=dict)
    seen: dict[int, str] = field(default_factory=dict)
    """Episodes that were looked at, with their names."""

    def add(self, index: int, name: str, forms: Mapping[str, Form | str]) -> None:
        """Take in what an episode holds.

        Args:
            index: of the episode.
            name: of the episode, for sentences.
            forms: by key the form, or why it is none.
        """
        self.seen[index] = name
        for key, form in forms.items():
            self.found.setdefault(key, {})[index] = form

    def usual(self) -> dict[str, Form]:
        """Find the commonest form of each key that has one somewhere.

        Returns:
            Form by key, in the order of their finding.
        """
        forms = {
            key: Counter(form for form in by.values() if not isinstance(form, str))
            for key, by in self.found.items()
        }
        return {key: counts.most_common(1)[0][0] for key, counts in forms.items() if counts}

    def never(self) -> dict[str, str]:
        """Find the keys that fit in no episode.

        Returns:
            By key, why.
        """
        fitting = self.usual()
        return {
            key: next(str(form) for form in by.values())
            for key, by in self.found.items()
            if key not in fitting
        }

    def unfit(self) -> dict[str, dict[int, str]]:
        """Find the episodes in which a key is not of its usual form.

        Returns:
            By key, by index of the episode, why.
        """
        out: dict[str, dict[int, str]] = {}
        for key, usual in self.usual().items():
            for index, name in self.seen.items():
                form = self.found[key].get(index)
                if form == usual:
                    continue
                reason = f"lacks {key}"
                if isinstance(form, str):
                    reason = f"{key} {form}"
                elif form is not None and form[:2] == usual[:2]:
                    reason = f"{key} has a row for each of the {form[2]}, elsewhere the {usual[2]}"
                elif form is not None:
                    reason = f"{key} is {form[1]} {form[0]}, elsewhere {usual[1]} {usual[0]}"
                out.setdefault(key, {})[index] = (
                    f"{name} {reason}" if form is None else (f"{reason} in {name}")
                )
        return out


def is_essential(name: str) -> bool:
    """Say whether a column is what a model learns from: a camera, the action or proprioception.

    Args:
        name: of the column.

    Returns:
        Whether it is.
    """
    return is_camera(name) or name in ("action", "proprio")


def left_out(
    unfit: Mapping[str, Mapping[int, str]], count: int, without: Collection[int] = ()
) -> dict[str, str]:
    """Choose the columns that are to be left out.

    Those are what some episode does not hold; what a model learns from only where most do not.

    Args:
        unfit: by column, by index of the episode, why it does not hold it.
        count: of all episodes.
        without: indices of episodes that do not count.

    Returns:
        By column, why it is left out.
    """
    used = count - len({index for index in without if 0 <= index < count})
    out = {}
    for name, reasons in unfit.items():
        told = {index: why for index, why in reasons.items() if index not in set(without)}
        if told and (not is_essential(name) or 2 * len(told) > used):
            more = f", and likewise in {len(told) - 1} more of {used}" if len(told) > 1 else ""
            out[name] = f"{next(iter(told.values()))}{more}"
    return out
