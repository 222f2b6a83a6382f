import numpy as np
import pytest
import torch
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from scipy import stats

# Of pictures of 40 pixels: with a fovea of 12 four tiles of 10 pixels a side, with one of 14 three of 13.3.
CENTRES = {12: [5, 15, 25, 35], 14: [6, 20, 33]}


@pytest.fixture(params=CENTRES)
def fovea(request: pytest.FixtureRequest) -> int:
    return request.param


def scan(pictures: PictureSet, fovea: int, policy: str, length: int, rows: int = 1) -> np.ndarray:
    """(rows, length, 2) pixels."""
    world = ImagesWorld(pictures, fovea=fovea)
    episodes = Episodes(world, torch.arange(rows), torch.zeros(rows, dtype=torch.int64))
    for _ in range(length):
        episodes.append(world.policies[policy](episodes))
    return (episodes.poses * world.side).round().long().numpy()


def test_a_grid_is_gone_through_row_by_row_and_round_again(pictures: PictureSet, fovea: int):
    raster = [(row, col) for row in CENTRES[fovea] for col in CENTRES[fovea]]
    for path in scan(pictures, fovea, "grid", 2 * len(raster) + 1, rows=20):
        first = raster.index(tuple(path[0]))
        expected = [raster[(first + step) % len(raster)] for step in range(len(path))]
        assert [tuple(place) for place in path] == expected


def test_every_tile_of_a_grid_may_be_the_first(pictures: PictureSet):
    first = scan(pictures, 12, "grid", 1, rows=4000)[:, 0]
    counts = np.unique(first, axis=0, return_counts=True)[1]
    assert len(counts) == 16
    assert stats.chisquare(counts).pvalue > 1e-3


def test_from_the_centre_outwards_every_tile_comes_once(pictures: PictureSet, fovea: int):
    tiles = {(row, col) for row in CENTRES[fovea] for col in CENTRES[fovea]}
    length = len(tiles | {(20, 20)})
    for path in scan(pictures, fovea, "centre-out", length + 1, rows=20):
        assert tuple(path[0]) == tuple(path[-1]) == (20, 20)
        assert {tuple(place) for place in path} == tiles | {(20, 20)}
        eccentricities = np.abs(path[:-1] - 20).max(axis=1)
        assert np.all(np.diff(eccentricities) >= -1)  # tiles of a ring may be a pixel nearer on one side


def test_a_ring_is_gone_round_clockwise(pictures: PictureSet):
    ring = scan(pictures, 14, "centre-out", 9, rows=200)[:, 1:] - 20
    before, after = ring[:, :-1], ring[:, 1:]
    # Rows grow downwards, so that a clockwise turn has a positive cross product of columns and rows.
    assert np.all(before[..., 1] * after[..., 0] - before[..., 0] * after[..., 1] > 0)
    starts = np.unique(ring[:, 0], axis=0, return_counts=True)[1]
    assert len(starts) == 8
    assert stats.chisquare(starts).pvalue > 1e-3
