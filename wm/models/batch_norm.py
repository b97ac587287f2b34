"""Batch normalisation over the batch of all processes, on any device."""

import torch
from torch import Tensor, nn

from wmpc.wm import processes


class BatchNorm(nn.BatchNorm1d):
    """`torch.nn.BatchNorm1d` of (B, D), whose statistics are those of the batch of all processes
    (torch's SyncBatchNorm does the same on GPUs only)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input normalised, in training by the batch of all processes.

        In training its mean and variance are computed in float32 or wider, also join the running
        statistics, and gradients flow through them in every process. In evaluation, or with one
        process, it is computed as torch's own layer does.

        Args:
            input: (B, D) floats, on any device; in training of the same B in every process.

        Returns:
            (B, D), in the type and on the device of the input.
        """
        if not self.training or processes.count() == 1:
            return super().forward(input)
        N = len(input) * processes.count()
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        mean = processes.total(wide.sum(0)) / N
        centred = wide - mean
        variance = processes.total(centred.square().sum(0)) / N
        with torch.no_grad():
            assert self.running_mean is not None and self.running_var is not None
            assert self.num_batches_tracked is not None and self.momentum is not None
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            self.running_var.lerp_((variance * N / (N - 1)).to(self.running_var), self.momentum)
            self.num_batches_tracked += 1
        y = centred * (variance + self.eps).rsqrt()
        if self.affine:
            y = torch.addcmul(self.bias, y, self.weight)
        return y.to(input.dtype)
