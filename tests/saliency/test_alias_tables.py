from collections.abc import Callable

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws
from saccadeworld.saliency.alias_tables import AliasTables
from scipy import stats


def bits(count: int) -> torch.Tensor:
    return draws.bits(torch.arange(count), 0, "test")[:, 0]


def count_true(holds: Callable[[torch.Tensor], torch.Tensor], low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
    """How many whole numbers from `low` on, below `high`, hold, if none does after one that does not; by bisection."""
    start = low
    while (low < high).any():
        middle = (low + high) // 2
        held = holds(middle) & (low < high)
        low, high = torch.where(held, middle + 1, low), torch.where(held | (low >= high), high, middle)
    return low - start


def drawn_exactly(maps: torch.Tensor) -> np.ndarray:
    """The probability of every pixel in a draw, from where draws change as their random numbers go up.

    The upper 40 bits go through the blocks, each of which keeps the first ones and leaves the others to another; the
    lower 24 bits go through the pixels of a block.
    """
    tables, (count, height, width) = AliasTables(maps), maps.shape
    size = next(size for size in (4, 2, 1) if height * width % size == 0)
    blocks = height * width // size
    own, scenes = torch.arange(blocks).repeat(count), torch.arange(count).repeat_interleave(blocks)

    def pixel(upper: torch.Tensor, lower: torch.Tensor) -> torch.Tensor:
        rows, cols = tables.draw(scenes, (upper << 24) | lower)
        return rows * width + cols

    low, high = (((own + i) * 2**40 + blocks - 1) // blocks for i in (0, 1))
    none = torch.zeros_like(own)
    other = pixel(high - 1, none) // size
    kept = count_true(lambda upper: pixel(upper.clamp_max(high - 1), none) // size == own, low, high)
    mass = torch.zeros(count, blocks, dtype=torch.float64)
    mass.index_put_((scenes, own), kept.double() / 2**40, accumulate=True)
    mass.index_put_((scenes, other), (high - low - kept).double() / 2**40, accumulate=True)
    reached = torch.zeros(count, blocks, dtype=torch.int64)  # an upper part that leads to each block
    reached[scenes, other] = high - 1
    reached[scenes[kept > 0], own[kept > 0]] = low[kept > 0]
    upper, all_of_them = reached.flatten(), torch.full_like(own, 2**24)
    ends = [
        count_true(lambda lower, i=i: pixel(upper, lower.clamp_max(2**24 - 1)) % size <= i, none, all_of_them)
        for i in range(size)
    ]
    shares = torch.stack(ends, dim=1).double().diff(dim=1, prepend=none[:, None].double()) / 2**24
    return (mass.flatten()[:, None] * shares).view(maps.shape).numpy()


def rough_maps(count: int, height: int, width: int) -> torch.Tensor:
    """Maps of values over many orders of magnitude, some of them zero."""
    random = torch.Generator().manual_seed(height * width)
    maps = torch.rand(count, height, width, generator=random) ** 8
    return torch.where(torch.rand(maps.shape, generator=random) < 0.1, 0, maps)


SHAPES = [(3, 1, 7), (4, 6, 6), (1, 9, 14), (2, 96, 96), (2, 128, 128), (2, 70, 131), (1, 600, 800)]


@pytest.mark.parametrize("shape", SHAPES)
def test_probabilities_are_those_of_the_maps(shape: tuple[int, int, int]):
    maps = rough_maps(*shape)
    expected = (maps.double() / maps.double().sum((1, 2), keepdim=True)).numpy()
    probabilities = drawn_exactly(maps)
    assert np.abs(probabilities - expected).sum((1, 2)).max() / 2 < 1e-6
    assert not probabilities[expected == 0].any()


def test_extreme_maps():
    maps = torch.zeros(5, 9, 9)
    maps[0, 4, 4] = 1e-45  # the smallest float there is
    maps[1] = 3e38  # whose sum is beyond the largest
    maps[2], maps[2, 1, 2] = 1e-7, 1.0
    maps[3, 0, 0], maps[3, 8, 8] = 3e38, 1e38
    maps[4], maps[4, 0] = 1e-30, 1e30
    expected = maps.double() / maps.double().sum((1, 2), keepdim=True)
    assert np.abs(drawn_exactly(maps) - expected.numpy()).sum((1, 2)).max() / 2 < 1e-7


def test_draws_follow_the_maps():
    maps, count = rough_maps(2, 5, 8), 200_000
    tables = AliasTables(maps)
    for scene in range(2):
        rows, cols = tables.draw(torch.full((count,), scene), bits(count))
        expected = maps[scene].double().flatten().numpy()
        expected *= count / expected.sum()
        counts = np.bincount((rows * 8 + cols).numpy(), minlength=40)
        assert not counts[expected == 0].any()
        common = expected > 5
        assert (
            stats.chisquare(counts[common], expected[common] * counts[common].sum() / expected[common].sum()).pvalue
            > 1e-3
        )


def test_a_draw_is_the_same_alone_and_in_a_batch():
    tables, scenes = AliasTables(rough_maps(3, 20, 30)), torch.arange(500) % 3
    together = torch.stack(tables.draw(scenes, bits(500)))
    for row in (0, 7, 499):
        alone = tables.draw(scenes[row : row + 1], bits(500)[row : row + 1])
        assert torch.equal(torch.cat(alone), together[:, row])


def test_maps_are_independent_of_the_chunks_they_are_made_in(monkeypatch: pytest.MonkeyPatch):
    maps = rough_maps(7, 12, 12)
    together = drawn_exactly(maps)
    monkeypatch.setattr("saccadeworld.saliency.alias_tables._CHUNK", 300)
    assert np.array_equal(drawn_exactly(maps), together)


@pytest.mark.parametrize("value", [-1e-9, float("nan"), float("inf")])
def test_maps_that_are_none_are_refused(value: float):
    maps = torch.ones(3, 8, 8)
    maps[1, 2, 3] = value
    with pytest.raises(ValueError, match="must be finite and non-negative, and positive somewhere"):
        AliasTables(maps)
    with pytest.raises(ValueError, match="positive somewhere"):
        AliasTables(torch.stack([torch.ones(4, 4), torch.zeros(4, 4)]))
    with pytest.raises(TypeError, match=r"maps are \(3, 8, 8\) torch.int64; give \(N, H, W\) floating point"):
        AliasTables(maps.nan_to_num(0, 0, 0).long())
    with pytest.raises(TypeError, match=r"maps must be a torch tensor.*, got ndarray"):
        AliasTables(np.ones((3, 8, 8)))  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"maps are \(8, 8\)"):
        AliasTables(torch.ones(8, 8))
