"""What a user can get wrong in `planners`: one class, so that a caller can tell it from a bug."""


class PlannerError(ValueError):
    """Bad input. The message says what came, what is allowed and what to do."""
