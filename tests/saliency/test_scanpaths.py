import numpy as np
import pytest
import torch
from saccadeworld.envs import draws
from saccadeworld.saliency.scanpaths import UNIFORMS, FixationSampler
from scipy import stats

COUNT = 60_000
SIDE = 6


def uniforms(count: int, step: int) -> torch.Tensor:
    return draws.uniform(torch.arange(count), step, "test", UNIFORMS, torch.float64)


def rough_maps() -> torch.Tensor:
    """Two maps: one with pixels of all probabilities and of none, one with almost everything on one pixel."""
    rough = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(0)) ** 3
    rough[rough < 0.05] = 0
    peaked = torch.full((SIDE, SIDE), 0.02 / (SIDE**2 - 1))
    peaked[2, 3] = 0.98
    return torch.stack([rough, peaked])


def scanpaths(sampler: FixationSampler, scenes: torch.Tensor, length: int) -> torch.Tensor:
    """(B, length, 2) pixels."""
    path = torch.empty(len(scenes), 0, 2, dtype=torch.int64)
    for step in range(length):
        pixels = sampler(scenes, path, uniforms(len(scenes), step))
        path = torch.cat([path, pixels[:, None]], dim=1)
    return path


def counted(pixels: torch.Tensor) -> np.ndarray:
    """How often each pixel of a map occurs. (B, 2) -> (pixels,)."""
    return np.bincount((pixels[:, 0] * SIDE + pixels[:, 1]).numpy(), minlength=SIDE**2)


def restricted(maps: np.ndarray, radius: float) -> np.ndarray:
    """Every second-fixation distribution written out: (pixels, pixels), each row given the first fixation."""
    grid = np.array([(r, c) for r in range(SIDE) for c in range(SIDE)])
    apart = ((grid[:, None] - grid[None]) ** 2).sum(-1)
    given = np.where(apart > radius**2, maps.flatten()[None], 0)
    return given / given.sum(1, keepdims=True)


def assert_follows(counts: np.ndarray, probabilities: np.ndarray):
    """Chi-square with cells of small expectation pooled; impossible cells must be empty."""
    expected = probabilities * counts.sum()
    assert not counts[expected == 0].any()
    small = expected < 5
    counts = np.append(counts[~small], counts[small].sum())
    expected = np.append(expected[~small], expected[small].sum())
    possible = expected > 0
    assert stats.chisquare(counts[possible], expected[possible]).pvalue > 1e-3


@pytest.mark.parametrize("scene", [0, 1])
@pytest.mark.parametrize("radius", [0, 1, 1.5, 2.3])
def test_first_and_second_fixation_follow_the_enumerated_distribution(scene: int, radius: float):
    maps = rough_maps()
    probabilities = (maps[scene].double() / maps[scene].double().sum()).numpy()
    path = scanpaths(FixationSampler(maps, radius), torch.full((COUNT,), scene), 2)
    first, second = (path[..., 0] * SIDE + path[..., 1]).T.numpy()
    assert_follows(np.bincount(first, minlength=SIDE**2), probabilities.flatten())
    given = restricted(probabilities, radius) if radius else np.tile(probabilities.flatten(), (SIDE**2, 1))
    joint = probabilities.flatten()[:, None] * given
    assert_follows(np.bincount(first * SIDE**2 + second, minlength=SIDE**4), joint.flatten())


def test_the_third_fixation_follows_the_map_without_both_discs():
    maps = rough_maps()[:1]
    probabilities = maps[0].double().numpy().flatten()
    earlier = torch.tensor([[1, 1], [4, 3]])
    pixels = FixationSampler(maps, 1.5)(
        torch.zeros(COUNT, dtype=torch.int64), earlier.expand(COUNT, 2, 2), uniforms(COUNT, 9)
    )
    grid = np.array([(r, c) for r in range(SIDE) for c in range(SIDE)])
    free = (((grid[:, None] - earlier.numpy()[None]) ** 2).sum(-1) > 1.5**2).all(1)
    expected = np.where(free, probabilities, 0)
    assert_follows(counted(pixels), expected / expected.sum())


def test_a_draw_in_full_has_the_same_distribution():
    maps = rough_maps()
    sampler = FixationSampler(maps, 1.5)
    scenes, earlier = torch.zeros(COUNT, dtype=torch.int64), torch.tensor([[2, 2]]).expand(COUNT, 1, 2)
    pixels = sampler._draw_in_full(scenes, earlier, uniforms(COUNT, 4)[:, -1])
    expected = restricted(maps[0].double().numpy(), 1.5)[2 * SIDE + 2]
    assert_follows(counted(pixels), expected)


def test_both_ways_to_redraw_stuck_rows_give_the_same_pixels(monkeypatch: pytest.MonkeyPatch):
    sampler = FixationSampler(rough_maps(), 1.5)
    scenes = torch.arange(3000) % 2
    paths = [scanpaths(sampler, scenes, 3)]
    monkeypatch.setattr(sampler, "_redraw_on_host", sampler._redraw_on_device)
    paths.append(scanpaths(sampler, scenes, 3))
    assert torch.equal(*paths)


def test_inhibition_is_never_violated_while_anything_is_left():
    maps = torch.rand(3, 20, 20, generator=torch.Generator().manual_seed(1)) ** 8 + 1e-9
    path = scanpaths(FixationSampler(maps, 4), torch.arange(3000) % 3, 6).double()
    assert (torch.cdist(path, path) + 1e9 * torch.eye(6)).min() > 4


def test_where_nothing_is_left_the_farthest_pixels_are_fixated():
    maps = torch.zeros(1, SIDE, SIDE)
    maps[0, 0, 0] = 1
    path = scanpaths(FixationSampler(maps, 2), torch.zeros(2000, dtype=torch.int64), 3)
    assert (path[:, 0] == 0).all()
    assert (path[:, 1] == SIDE - 1).all()  # the corner opposite
    counts = counted(path[:, 2])
    corners = counts[[SIDE - 1, SIDE * (SIDE - 1)]]  # the other two
    assert corners.sum() == 2000
    assert stats.binomtest(int(corners[0]), 2000).pvalue > 1e-3


def test_a_row_is_the_same_alone_and_in_a_batch():
    sampler = FixationSampler(rough_maps(), 1.5)
    scenes, earlier, u = torch.arange(200) % 2, torch.tensor([[2, 3], [0, 0]]).expand(200, 2, 2), uniforms(200, 0)
    together = sampler(scenes, earlier, u)
    for row in (0, 1, 100, 199):
        alone = slice(row, row + 1)
        assert torch.equal(sampler(scenes[alone], earlier[alone], u[alone])[0], together[row])


def test_the_largest_draw_stays_in_its_map():
    maps = torch.zeros(50, SIDE, SIDE)
    maps[:, 3, 4] = 1
    u = torch.full((50, UNIFORMS), 1 - 2.0**-53, dtype=torch.float64)
    pixels = FixationSampler(maps, 0)(torch.arange(50), torch.empty(50, 0, 2, dtype=torch.int64), u)
    assert (pixels == torch.tensor([3, 4])).all()
