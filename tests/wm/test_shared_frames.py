"""Frames that windows of a batch share are encoded once; where none are, no bit differs."""

import torch
from model_cases import batch, learner, model

from wmpc.wm.data import Batch


def shared(columns, rows):
    """The batch whose frames of windows are `rows` (B, L) of those of `columns`, once each."""
    once = {k: x.flatten(0, 1) for k, x in columns.items() if k != "action"}
    return Batch(once | {"action": columns["action"]}, rows)


def loss(network, given):
    network.zero_grad()
    terms = learner(network).loss(given, torch.Generator().manual_seed(0))
    terms["loss"].backward()
    return terms, [p.grad.clone() for p in network.parameters() if p.grad is not None]


def test_without_shared_frames_losses_and_gradients_are_the_same_bits():
    for proprio in (False, True):
        network = model(proprio=proprio)
        columns = batch(network, B=4, L=network.context + 2)
        rows = torch.arange(columns["pixels"].shape[:2].numel()).view(4, -1)
        (one, first), (two, second) = (
            loss(network, given) for given in (Batch(columns), shared(columns, rows))
        )
        assert all(torch.equal(one[name], two[name]) for name in one)
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_shared_frame_is_encoded_once_and_stands_in_every_window():
    network = model().eval()  # the statistics of a batch are those of its frames
    columns = batch(network, B=1, L=network.context + 2)
    rows = torch.arange(columns["pixels"].shape[1])[None].repeat(3, 1)
    once = shared({k: x.repeat(3, *[1] * (x.dim() - 1)) if k == "action" else x
                   for k, x in columns.items()}, rows)  # fmt: skip
    seen = []
    network.encoder.register_forward_hook(lambda module, args, out: seen.append(len(args[0])))
    few = loss(network, once)[0]
    many = {k: x.repeat(3, *[1] * (x.dim() - 1)) for k, x in columns.items()}
    many = loss(network, Batch(many))[0]
    assert seen == [rows.shape[1], 3 * rows.shape[1]]
    assert all(torch.allclose(few[name], many[name], atol=1e-4) for name in few)
