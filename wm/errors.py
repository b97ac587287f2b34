"""What a user can get wrong in `wm`: one class, so that a caller can tell it from a bug."""


class WmError(ValueError):
    """Bad input. The message says what came, what is allowed and what to do."""
