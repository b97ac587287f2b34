"""What one step of a training sees: windows and, where a term asks for them, hindsight pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """By name, of the windows, as `wmpc.wm.data.windows.Windows` gives them."""
    rows: Any = None
    """(B, L) int64, where columns of frames are (U, ...), each frame once: row `rows[b, t]` is
    frame t of window b. None: they are (B, L, ...)."""
    pairs: Mapping[Pairs, Mapping[str, Any]] = field(default_factory=dict)
    """By law, the columns of P pairs, see `wmpc.wm.data.hindsight.HindsightBatches.sample`."""

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
        return Batch(move(self.columns), rows, {law: move(x) for law, x in self.pairs.items()})
