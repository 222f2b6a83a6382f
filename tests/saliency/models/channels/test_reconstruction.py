import heapq

import numpy as np
import pytest
import torch
from saccadeworld.saliency.models.channels.barrier import barrier_distance
from saccadeworld.saliency.models.channels.reconstruction import SWEEPS, reach_of_border
from scipy import ndimage


def reference(levels: np.ndarray) -> np.ndarray:
    """The widest path from the border to each pixel, by Dijkstra's algorithm."""
    height, width = levels.shape
    reach = np.full(levels.shape, -np.inf)
    heap = [
        (-levels[r, c], r, c)
        for r in range(height)
        for c in range(width)
        if r in (0, height - 1) or c in (0, width - 1)
    ]
    heapq.heapify(heap)
    while heap:
        level, row, col = heapq.heappop(heap)
        if reach[row, col] > -np.inf:
            continue
        reach[row, col] = -level
        for r, c in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
            if 0 <= r < height and 0 <= c < width and reach[r, c] == -np.inf:
                heapq.heappush(heap, (-min(-level, levels[r, c]), r, c))
    return reach


def textures(count: int, height: int, width: int) -> np.ndarray:
    """Smooth noise of up to 100."""
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(count, height, width)), (0, 2, 2))
    return (100 * noise / np.abs(noise).max()).astype(np.float32)


@pytest.mark.parametrize("size", [(8, 8), (30, 41), (9, 60)])
def test_it_is_the_widest_path_from_the_border(size: tuple[int, int]):
    levels = textures(4, *size)
    got = reach_of_border(torch.from_numpy(levels)).numpy()
    for one, level in zip(got, levels, strict=True):
        assert np.array_equal(one, reference(level))


def test_regions_above_a_level_that_touch_no_border_are_those_with_a_lower_reach():
    level = textures(1, 50, 60)[0]
    reach = reach_of_border(torch.from_numpy(level)[None])[0].numpy()
    for threshold in (-40, -10, 0, 15, 50):
        regions, _ = ndimage.label(level > threshold)
        touching = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
        surrounded = (regions > 0) & ~np.isin(regions, touching)
        assert np.array_equal((level > threshold) & (reach <= threshold), surrounded)


def winding(turns: int) -> np.ndarray:
    """A path of ones that leads from the border down, right, down, left, down and so on, in a field of zeros."""
    level = np.zeros((turns + 6, 12), dtype=np.float32)
    place = np.array([0, 3])
    level[tuple(place)] = 1
    for segment in range(turns + 1):
        step, length = ((1, 0), 2) if segment % 2 == 0 else ((0, 1 if segment % 4 == 1 else -1), 5)
        for _ in range(length):
            place = place + step
            level[tuple(place)] = 1
    return level


@pytest.mark.parametrize("turns", [0, 1, 2, 7, 2 * SWEEPS - 2])
def test_paths_may_turn_twice_for_every_sweep(turns: int):
    for level in (winding(turns), winding(turns).T.copy(), winding(turns)[::-1, ::-1].copy()):
        assert np.array_equal(reach_of_border(torch.from_numpy(level)[None])[0].numpy(), level)


def test_the_barrier_distance_is_what_a_path_has_to_climb_and_to_descend():
    maps = textures(6, 25, 30).reshape(2, 3, 25, 30)
    expected = [sum(-reference(-channel) - reference(channel) for channel in picture) for picture in maps]
    got = barrier_distance(torch.from_numpy(maps))
    assert got.shape == (2, 1, 25, 30)
    assert np.allclose(got[:, 0].numpy(), expected, atol=1e-4)
    assert (got[:, :, 0] == 0).all()
