"""What processes that train one model tell each other: rows, sums, means and decisions.

Each of N processes holds an equal part of a batch. What is a mean over its samples is computed part
by part, and gradients are averaged; what is not (a variance, a distribution's shape) is computed
from the rows of all, so that N processes compute what one would from the whole batch. In a process
that is alone every function here gives its argument back.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from wmpc.errors import WmpcError

T = TypeVar("T")


def count() -> int:
    """Count the processes that train together.

    Returns:
        N; 1 where this one is alone.
    """
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def place() -> int:
    """Say which of the processes this one is. The first decides and writes.

    Returns:
        From 0 to N - 1.
    """
    return dist.get_rank() if count() > 1 else 0


def part(batch: int) -> slice:
    """Choose the rows of a batch that this process takes.

    Args:
        batch: rows of the whole batch.

    Returns:
        The rows, batch / N of them.

    Raises:
        WmpcError: the batch is no multiple of N.
    """
    each, left = divmod(batch, count())
    if left or not each:
        raise WmpcError(
            f"{batch} windows or pairs of a batch came, which {count()} processes cannot share "
            f"evenly: choose train.batch such that they are a multiple of {count()}"
        )
    return slice(place() * each, (place() + 1) * each)


class _Sum(torch.autograd.Function):
    """The sum over all processes. Each one's loss depends on it, so gradients are summed too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0])  # type: ignore[no-any-return]


class _Gather(torch.autograd.Function):
    """The rows of all processes. Each one's loss depends on them, so gradients are summed."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous()
        parts = [torch.empty_like(x) for _ in range(count())]
        dist.all_gather(parts, x)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Sum.apply(gradients[0]).chunk(count())[place()]


def total(x: Tensor) -> Tensor:
    """Sum a tensor over all processes, differentiably.

    Args:
        x: of the same shape in every process.

    Returns:
        The sum, of the same shape.
    """
    return _Sum.apply(x) if count() > 1 else x  # type: ignore[return-value]


def gather(x: Tensor) -> Tensor:
    """Gather the rows of all processes in their order, differentiably.

    A loss computed from them is the same in every process; averaged with `average_gradients`, its
    gradient is that of one process with the whole batch.

    Args:
        x: (B, ...), of the same shape in every process.

    Returns:
        (N * B, ...).
    """
    return _Gather.apply(x) if count() > 1 else x  # type: ignore[return-value]


@torch.no_grad()
def mean(x: Tensor) -> Tensor:
    """Average a tensor over all processes, outside of any gradient.

    Args:
        x: of the same shape in every process.

    Returns:
        The mean, of the same shape.
    """
    return x if count() == 1 else total(x) / count()


@torch.no_grad()
def average_gradients(model: nn.Module) -> None:
    """Replace each parameter's gradient by its mean over all processes, in one message a dtype.

    The same parameters have a gradient in every process: all run the same program.

    Args:
        model: its parameters' gradients are changed in place.
    """
    if count() == 1:
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    for dtype in dict.fromkeys(g.dtype for g in gradients):
        some = [g for g in gradients if g.dtype == dtype]
        flat = mean(torch.cat([g.flatten() for g in some]))
        for g, new in zip(some, flat.split([g.numel() for g in some]), strict=True):
            g.copy_(new.view_as(g))


def in_first(compute: Callable[[], T]) -> T | None:
    """Compute something in the first process alone; where it raises there, all do (`decide`).

    Args:
        compute: called in the first process.

    Returns:
        What it returned, in the first process; None in the others.
    """
    kept: list[T] = []
    decide(lambda: kept.append(compute()))
    return kept[0] if kept else None


def decide(compute: Callable[[], T]) -> T:
    """Compute something in the first process and tell it to all.

    Args:
        compute: called in the first process; what it returns can be pickled.

    Returns:
        What it returned, in every process.

    Raises:
        WmpcError: it raised; in the other processes with the same words. The first raises what it
            raised itself.
    """
    if count() == 1:
        return compute()
    answer: list[Any] = [None, ""]
    if place() == 0:
        try:
            answer[0] = compute()
        except Exception as error:
            _tell([None, str(error) or type(error).__name__])
            raise
    _tell(answer)
    if answer[1]:
        raise WmpcError(answer[1])
    return answer[0]


def anywhere(flag: bool) -> bool:
    """Ask whether any process says so.

    Args:
        flag: what this one says.

    Returns:
        True in every process where it is so in one.
    """
    if count() == 1:
        return flag
    said = torch.tensor([float(flag)])
    dist.all_reduce(said)
    return bool(said > 0)


def _tell(answer: list[Any]) -> None:
    """Replace the entries by those of the first process."""
    dist.broadcast_object_list(answer, src=0, device=torch.device("cpu"))
