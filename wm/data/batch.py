"""What one step of a training sees: windows and, where a term asks for them, hindsight pairs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from wmpc.wm.data.hindsight import Pairs

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Batch:
    """B windows of L frames, and pairs of each law that is asked for, in the units of the data.

    Arrays or tensors; those that `Batch.to` gives are tensors.
    """

    columns: Mapping[str, Any]
    """By name, of the windows, as `wmpc.wm.data.windows.Windows.sample` gives them."""
    rows: Any = None
    """(B, L) int64, where each frame is held once: row `rows[b, t]` of the columns in `shared`,
    (U, ...), is frame t of window b. None: all columns of frames are (B, L, ...)."""
    shared: tuple[str, ...] = ()
    """Columns of frames, where there are `rows`."""
    pairs: Mapping[Pairs, Mapping[str, Any]] = field(default_factory=dict)
    """By law, the columns of P pairs, see `wmpc.wm.data.hindsight.HindsightBatches.sample`."""
    unchanged: "Batch | None" = None
    """The batch before `train.augment` changed the pictures; None: it does not."""

    def to(self, device: "torch.device") -> "Batch":
        """Move everything to a device.

        Args:
            device: any.

        Returns:
            The batch, in tensors there.
        """
        import torch  # as everything here does without, unless a batch is trained on

        def move(columns: Mapping[str, Any]) -> dict[str, Any]:
            return {name: torch.as_tensor(x).to(device) for name, x in columns.items()}

        rows = None if self.rows is None else torch.as_tensor(self.rows).to(device)
        pairs = {law: move(x) for law, x in self.pairs.items()}
        before = None if self.unchanged is None else self.unchanged.to(device)
        return replace(self, columns=move(self.columns), rows=rows, pairs=pairs, unchanged=before)

    def windows(self) -> Mapping[str, Any]:
        """Show the columns a window at a time.

        Returns:
            By name, those of frames (B, L, ...), whether or not each frame is held once; then they
            are gathered when they are asked for.
        """
        return self.columns if self.rows is None else _Windows(self)


class _Windows(Mapping):
    """The columns of a batch that holds each frame once, a window at a time."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __getitem__(self, name: str) -> Any:
        column = self._batch.columns[name]
        return column[self._batch.rows] if name in self._batch.shared else column

    def __iter__(self) -> Iterator[str]:
        return iter(self._batch.columns)

    def __len__(self) -> int:
        return len(self._batch.columns)
