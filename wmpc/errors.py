"""What a person can get wrong, or should know: one class each, told apart from bugs."""


class WmpcError(ValueError):
    """Bad input. The message says what came, what is allowed and what to do."""


class WmpcWarning(UserWarning):
    """Something that is not as it should be and goes on all the same; the command line says it."""


class TakenError(WmpcError):
    """A folder belongs to another process, or holds what must not be lost."""
