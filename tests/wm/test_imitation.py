"""The cloning term: it learns what leads to the goal, and sees neither answer nor future."""

from types import SimpleNamespace

import pytest
import torch

from wmpc.errors import WmpcError
from wmpc.wm.models.latent import Layout
from wmpc.wm.objectives.imitation import Imitation
from wmpc.wm.objectives.term import Seen

D, A, H = 3, 2, 2
MODEL = SimpleNamespace(layout=Layout({"pixels": 1, "proprio": 1}, D), context=H, action_size=A)
MIX = torch.tensor([[1.0, 0.5], [-0.5, 1.0], [0.3, -0.2]])


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seen(z, a, seed=0):
    return Seen(MODEL, z, a, {}, torch.Generator().manual_seed(seed))


def term(**settings):
    torch.manual_seed(0)
    return Imitation(MODEL, **settings)


def fitted(batch, within, steps=300):
    """The term's value on fresh batches after so many steps on others."""
    made = term(within=within, width=64)
    optimizer = torch.optim.Adam(made.parameters(), 3e-3)
    for step in range(steps):
        optimizer.zero_grad()
        made(seen(*batch(step), seed=step)).backward()
        optimizer.step()
    with torch.no_grad():
        return float(made(seen(*batch(10_000), seed=1)))


def towards(step):
    """Windows of which an action says where the pictures' token goes next."""
    z = drawn(64, 4, 2, D, seed=step)
    return z, (z[:, 1:, 0] - z[:, :-1, 0]) @ MIX


def elsewhere(step):
    """The same, but actions say nothing of the pictures."""
    return drawn(64, 4, 2, D, seed=step), drawn(64, 3, A, seed=step + 7)


def test_it_learns_the_action_that_leads_to_the_next_frame():
    assert fitted(towards, within=1) < 0.15 * float(towards(0)[1].var())


def test_what_cannot_be_known_is_not_learned():
    """An action that nothing says is not among what the network reads."""
    assert fitted(elsewhere, within=1) > 0.9


def test_goals_are_ahead_and_near_enough():
    """Of the first block, frames beyond `within` say nothing; those within do, each sometimes."""
    z, a = drawn(1, 6, 2, D), drawn(1, 5, A)
    made = term(within=2)
    with torch.no_grad():
        before = [float(_first(made, z, a, seed)) for seed in range(30)]
        for frame, matters in ((1, True), (2, True), (3, False), (5, False)):
            moved = z.clone()
            moved[:, frame, 0] += 1
            after = [float(_first(made, moved, a, seed)) for seed in range(30)]
            assert (before != after) == matters
        felt = z.clone()
        felt[:, 1:, 1] += 1  # of a goal the picture alone is given
        assert before == [float(_first(made, felt, a, seed)) for seed in range(30)]


def _first(made, z, a, seed):
    """What is guessed of the first block."""
    guesses = []
    handle = made.network.register_forward_hook(lambda m, i, o: guesses.append(o))
    made(seen(z, a, seed))
    handle.remove()
    return guesses[0][0, 0].sum()


def test_the_context_is_what_came_before():
    """Of the last block: the frames now and before, the block between, and no other of them."""
    z, a = drawn(1, 6, 2, D), drawn(1, 5, A)
    made = term(within=1)

    def last(z, a):
        guesses = []
        handle = made.network.register_forward_hook(lambda m, i, o: guesses.append(o))
        with torch.no_grad():
            made(seen(z, a))
        handle.remove()
        return guesses[0][0, -1]

    before = last(z, a)
    for frame, matters in ((2, False), (3, True), (4, True), (5, True)):
        moved = z.clone()
        moved[:, frame, 0] += 1
        assert (not torch.equal(last(moved, a), before)) == matters
    for block, matters in ((2, False), (3, True), (4, False)):
        moved = a.clone()
        moved[:, block] += 1
        assert (not torch.equal(last(z, moved), before)) == matters


def test_a_window_of_two_frames_has_a_goal():
    made = term(within=5)
    assert torch.isfinite(made(seen(drawn(3, 2, 2, D), drawn(3, 1, A))))
    with pytest.raises(WmpcError, match="within=0"):
        Imitation(MODEL, within=0)
