"""What a page or a comparison raises on results that hold other values than `wmpc eval` writes."""

from collections.abc import Iterator
from contextlib import contextmanager

from jinja2 import TemplateError

from wmpc.errors import WmpcError

ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError)
ERRORS += (RecursionError, TemplateError)


@contextmanager
def damaged(what: str) -> Iterator[None]:
    """Raise a WmpcError in place of what code raises that is given values of another kind.

    Results are JSON of many shapes, written by several versions, and may come from anybody; the
    pages read them at a hundred places. The cause is kept: WMPC_DEBUG=1 shows it.

    Args:
        what: the file or folder that is read, to begin the sentence with.

    Yields:
        Nothing: the code stands in the `with` block.

    Raises:
        WmpcError: the block raised one of `ERRORS`.
    """
    try:
        yield
    except WmpcError:
        raise
    except ERRORS as error:
        raise WmpcError(
            f"{what} holds something that cannot be shown ({type(error).__name__}: "
            f"{str(error)[:100]}): it was damaged, or not written by wmpc; evaluate again"
        ) from error
