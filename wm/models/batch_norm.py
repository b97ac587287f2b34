"""Batch normalisation over the batch of all processes, on any device."""

import torch
from torch import Tensor, nn

from wmpc.wm import processes


class BatchNorm(nn.BatchNorm1d):
    """`torch.nn.BatchNorm1d` of (B, D) or (B, D, L), whose statistics are those of the batch of all
    processes (torch's SyncBatchNorm does the same on GPUs only)."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the input normalised, in training by the batch of all processes.

        In training its mean and variance are computed in float32 or wider, also join the running
        statistics, and gradients flow through them in every process. In evaluation, or with one
        process, it is computed as torch's own layer does.

        Args:
            input: (B, D) or (B, D, L) floats, on any device; in training of the same shape in every
                process.

        Returns:
            The same shape, in the type and on the device of the input.
        """
        if not self.training or processes.count() == 1:
            return super().forward(input)
        over = (0, 2)[: input.ndim - 1]  # all dimensions but D
        shape = (-1, 1)[: input.ndim - 1]  # of what is known of each of the D, beside an input
        N = input.numel() // input.shape[1] * processes.count()
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        mean = processes.total(wide.sum(over)) / N
        centred = wide - mean.view(shape)
        variance = processes.total(centred.square().sum(over)) / N
        with torch.no_grad():
            assert self.running_mean is not None and self.running_var is not None
            assert self.num_batches_tracked is not None and self.momentum is not None
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            self.running_var.lerp_((variance * N / (N - 1)).to(self.running_var), self.momentum)
            self.num_batches_tracked += 1
        y = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            y = torch.addcmul(self.bias.view(shape), y, self.weight.view(shape))
        return y.to(input.dtype)
