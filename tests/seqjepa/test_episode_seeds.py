import itertools

import pytest
import torch
from saccadeworld.seqjepa.episode_seeds import MAX_SEED, first_episode, first_of_repeat

PURPOSES = ("training", "probing", "testing", "statistics")


def test_blocks_do_not_meet_and_fit_into_int64():
    blocks = sorted(
        (first_episode(purpose, seed), first_episode(purpose, seed, 2**40 - 1))
        for purpose, seed in itertools.product(PURPOSES, (0, 1, 2, 15, 16, MAX_SEED - 1, MAX_SEED))
    )
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(blocks))
    assert blocks[0][0] >= 0
    assert (torch.arange(4) + blocks[-1][1]).min() > 0


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(ValueError, match=rf"seed={seed}.*{MAX_SEED}"):
        first_episode("training", seed)


def test_repeats_are_blocks_of_2_to_the_32_episodes():
    assert [first_of_repeat("testing", 3, repeat) - first_episode("testing", 3) for repeat in (0, 1, 200)] == [
        0,
        2**32,
        200 * 2**32,
    ]
