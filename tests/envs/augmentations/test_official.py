import numpy as np
import pytest
import torch
from saccadeworld.envs.augmentations.official import normalise_over_sequence
from saccadeworld.envs.augmentations.parameters import draw_parameters, physical
from torch.nn import functional

EPISODES = 20000


def draw_sequences(length: int) -> torch.Tensor:
    """(20000, length, 9), views of 32 x 32 pictures, the last of them a target."""
    seeds = torch.arange(EPISODES)
    views = [draw_parameters(seeds, step, 32, step == length - 1) for step in range(length)]
    return physical(torch.stack(views, dim=1))


def test_sequences_are_divided_by_their_norm_over_the_views():
    values = draw_sequences(4)
    normalised, actions = normalise_over_sequence(values)
    torch.testing.assert_close(normalised, functional.normalize(values, dim=1))
    assert torch.equal(actions, normalised[:, 1:] - normalised[:, :-1])


def test_what_is_zero_in_every_view_stays_zero():
    normalised, actions = normalise_over_sequence(torch.zeros(2, 3, 9))
    assert not normalised.any()
    assert not actions.any()


@pytest.mark.parametrize(("observed", "deviation"), [(1, 0.71), (2, 0.54), (3, 0.48), (5, 0.41), (8, 0.34)])
def test_actions_shrink_with_the_number_of_views(reference_crops: torch.Tensor, observed: int, deviation: float):
    """The deviation of the relative top of the crop: of sequences made by hand, and as estimated from the released
    code by a small sample."""
    tops = np.random.default_rng(0).choice(reference_crops[:, 0].numpy(), (200000, observed + 1)).astype(float)
    normalised = tops / np.maximum(np.sqrt((tops**2).sum(axis=1, keepdims=True)), 1e-12)
    _, actions = normalise_over_sequence(draw_sequences(observed + 1))
    got = actions[..., 0].std().item()
    assert got == pytest.approx(np.diff(normalised, axis=1).std(), abs=0.006)
    assert got == pytest.approx(deviation, abs=0.04)
