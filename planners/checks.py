"""What is refused before a search: settings out of range, and problems that make no sense."""

import operator

from wmpc.errors import WmpcError
from wmpc.planners.problem import Box, Categorical, Problem

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def check_settings(planner: object, *needs: str) -> None:
    """Refuse settings out of their ranges.

    Args:
        planner: has the settings as attributes.
        needs: comparisons between settings and numbers, apart by spaces: "spread > 0",
            "2 <= elites <= samples".

    Raises:
        WmpcError: one does not hold; names the settings and all that they must fulfil.
    """
    settings = vars(planner)
    broken = [need.split() for need in needs if not _holds(need.split(), settings)]
    if broken:
        names = dict.fromkeys(word for words in broken for word in words if word in settings)
        raise WmpcError(
            f"{', '.join(f'{name} is {settings[name]}' for name in names)}; "
            f"{type(planner).__name__} needs {', '.join(map(' '.join, broken))}"
        )


def _holds(words: list[str], settings: dict[str, float]) -> bool:
    """Whether a chain of comparisons is true: value, sign, value, and so on."""
    values = [settings[word] if word in settings else float(word) for word in words[::2]]
    return all(map(lambda sign, a, b: COMPARE[sign](a, b), words[1::2], values, values[1:]))


def check_bounds(problem: Problem, space: type[Box] | type[Categorical]) -> Box:
    """Refuse a problem that makes no sense, and return the bounds of one action.

    Args:
        problem: its actions, horizon and current latent are looked at.
        space: the kind of actions that the planner searches.

    Returns:
        Low and high, (A,) each; 0 and 1 for each class of a `Categorical`.

    Raises:
        WmpcError: the actions are of another kind, the horizon under 1, the current latent not
            (B, K, D), or the bounds not finite, (A,) and low < high.
    """
    actions, start = problem.actions, problem.dynamics.start
    if not isinstance(actions, space):
        raise WmpcError(
            f"this planner searches a {space.__name__} of actions, the problem has a "
            f"{type(actions).__name__}: "
            + ("use CategoricalCEM" if isinstance(actions, Categorical) else "use CEM")
        )
    if problem.horizon < 1:
        raise WmpcError(f"horizon is {problem.horizon}; it must be at least 1")
    if start.dim() != 3:
        raise WmpcError(f"dynamics.start is {tuple(start.shape)}; it must be (B, K, D)")
    if isinstance(actions, Categorical):
        if actions.n < 2:
            raise WmpcError(f"a Categorical of {actions.n} actions; it needs at least 2")
        zeros = start.new_zeros(actions.n)
        return Box(zeros, zeros + 1)
    low, high = actions.low, actions.high
    if low.shape != high.shape or low.dim() != 1 or not len(low):
        raise WmpcError(
            f"action bounds are {tuple(low.shape)} and {tuple(high.shape)}; both must be (A,)"
        )
    if not (low.isfinite().all() and high.isfinite().all() and (low < high).all()):
        raise WmpcError("action bounds must be finite with low < high in every dimension")
    return actions
