import itertools

import numpy as np
import pytest
import torch
from saccadeworld.envs import draws
from saccadeworld.saliency import scanpaths as module
from saccadeworld.saliency.amplitudes import AmplitudePrior, ExponentialAmplitudes, GaussianAmplitudes
from saccadeworld.saliency.inhibition import Inhibition, NoInhibition, make_inhibition
from saccadeworld.saliency.scanpaths import FixationSampler, RandomBits
from scipy import stats
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

COUNT = 40_000
HEIGHT, WIDTH = 5, 7
PIXELS = HEIGHT * WIDTH
GRID = np.array(list(itertools.product(range(HEIGHT), range(WIDTH))))

SHAPES = {
    "off": {},
    "square": {"radius": 1},
    "disc": {"radius": 1.5},
    "gaussian": {"sigma": 1.2, "decay": 0.6},
}
PRIORS = {"no prior": None, "exponential": ExponentialAmplitudes(0.3), "gaussian": GaussianAmplitudes(0.4)}


def streams(count: int, step: int) -> RandomBits:
    def random(part: int, numbers: int, rows: torch.Tensor | None = None) -> torch.Tensor:
        seeds = torch.arange(count) if rows is None else rows
        return draws.bits(seeds, step, f"test {part}", numbers)

    return random


def inhibition(name: str) -> Inhibition:
    return make_inhibition(name, **SHAPES[name])


def rough_maps() -> torch.Tensor:
    """Pixels of all probabilities and of none; almost everything on one pixel; and nearly nothing beside two."""
    rough = torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) ** 3
    rough[rough < 0.05] = 0
    peaked = torch.full((HEIGHT, WIDTH), 0.02 / (PIXELS - 1))
    peaked[2, 3] = 0.98
    extreme = 1e-9 * rough
    extreme[1, 1], extreme[3, 5] = 1, 2
    return torch.stack([rough, peaked, extreme])


def scanpaths(sampler: FixationSampler, scenes: torch.Tensor, length: int) -> torch.Tensor:
    """(B, length, 2) pixels."""
    path = torch.empty(len(scenes), 0, 2, dtype=torch.int64)
    for step in range(length):
        pixels = sampler(scenes, path, streams(len(scenes), step))
        path = torch.cat([path, pixels[:, None]], dim=1)
    return path


def flat(pixels: torch.Tensor) -> np.ndarray:
    """(..., 2) rows and columns -> (...) positions."""
    return (pixels[..., 0] * WIDTH + pixels[..., 1]).numpy()


def left(name: str, row: int, col: int, age: int) -> float:
    """What an earlier fixation leaves to a pixel (row, col) away from it."""
    match name:
        case "square":
            return float(abs(row) > 1 or abs(col) > 1)
        case "disc":
            return float(row**2 + col**2 > 1.5**2)
        case "gaussian":
            return 1 - np.exp(-(row**2 + col**2) / (2 * 1.2**2)) * 0.6 ** (age - 1)
        case _:
            return 1.0


def enumerated(saliency: np.ndarray, earlier: tuple[int, ...], name: str, prior: str) -> np.ndarray:
    """The distribution of the next fixation, pixel by pixel, written from the definitions. -> (PIXELS,)."""
    weights = saliency / saliency.sum()
    for i, at in enumerate(earlier):
        for pixel in range(PIXELS):
            weights[pixel] *= left(name, *(GRID[pixel] - GRID[at]), len(earlier) - i)
        if name == "square":
            weights = (weights + 1e-16) / (weights + 1e-16).sum()
    if earlier and prior != "no prior":
        amplitudes = np.hypot(*(GRID - GRID[earlier[-1]]).T) / HEIGHT
        weights = weights * (np.exp(-amplitudes / 0.3) if prior == "exponential" else np.exp(-(amplitudes**2) / 0.32))
    if not weights.sum() > 0:
        nearest = np.min([((GRID - GRID[at]) ** 2).sum(1) for at in earlier], axis=0)
        weights = (nearest == nearest.max()).astype(float)
    return weights / weights.sum()


def assert_follows(counts: np.ndarray, probabilities: np.ndarray):
    """Chi-square with cells of small expectation pooled; impossible cells must be empty."""
    expected = probabilities * counts.sum()
    assert not counts[expected == 0].any()
    small = expected < 5
    counts = np.append(counts[~small], counts[small].sum())
    expected = np.append(expected[~small], expected[small].sum())
    possible = expected > 0
    assert stats.chisquare(counts[possible], expected[possible]).pvalue > 1e-3


@pytest.mark.parametrize("scene", [0, 1, 2])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", SHAPES)
def test_first_two_fixations_follow_the_enumerated_distribution(name: str, prior: str, scene: int):
    maps = rough_maps()
    sampler = FixationSampler(maps, inhibition(name), PRIORS[prior])
    first, second = flat(scanpaths(sampler, torch.full((COUNT,), scene), 2)).T
    saliency = maps[scene].double().numpy().flatten()
    assert_follows(np.bincount(first, minlength=PIXELS), saliency / saliency.sum())
    given = [enumerated(saliency, (pixel,), name, prior) for pixel in range(PIXELS)]
    joint = (saliency / saliency.sum())[:, None] * np.stack(given)
    assert_follows(np.bincount(first * PIXELS + second, minlength=PIXELS**2), joint.flatten())


@pytest.mark.parametrize("scene", [0, 2])
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("earlier", [(8, 26), (17, 17)])
def test_the_third_fixation_follows_the_enumerated_distribution(
    name: str, prior: str, scene: int, earlier: tuple[int, int]
):
    maps = rough_maps()
    path = torch.from_numpy(GRID[list(earlier)]).expand(COUNT, 2, 2)
    sampler = FixationSampler(maps, inhibition(name), PRIORS[prior])
    third = flat(sampler(torch.full((COUNT,), scene), path, streams(COUNT, 9)))
    saliency = maps[scene].double().numpy().flatten()
    assert_follows(np.bincount(third, minlength=PIXELS), enumerated(saliency, earlier, name, prior))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("name", SHAPES)
def test_drawn_in_full_fixations_have_the_same_distribution(name: str, prior: str, monkeypatch: pytest.MonkeyPatch):
    def none(*arguments: object) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(COUNT, 2, dtype=torch.int64), torch.zeros(COUNT, dtype=torch.bool)

    monkeypatch.setattr(module, "TRIES", ())
    maps, path = rough_maps()[:1], torch.from_numpy(GRID[[16, 26]]).expand(COUNT, 2, 2)
    sampler = FixationSampler(maps, inhibition(name), PRIORS[prior])
    monkeypatch.setattr(sampler, "_try", none)
    monkeypatch.setattr(module, "_CHUNK_CPU", 1000 * PIXELS)
    third = flat(sampler(torch.zeros(COUNT, dtype=torch.int64), path, streams(COUNT, 4)))
    saliency = maps[0].double().numpy().flatten()
    assert_follows(np.bincount(third, minlength=PIXELS), enumerated(saliency, (16, 26), name, prior))


@pytest.mark.parametrize("prior", ["no prior", "exponential"])
@pytest.mark.parametrize("name", SHAPES)
def test_all_at_once_and_round_after_round_are_the_same(name: str, prior: str, monkeypatch: pytest.MonkeyPatch):
    sampler = FixationSampler(rough_maps(), inhibition(name), PRIORS[prior])
    scenes = torch.arange(3000) % 3
    paths = [scanpaths(sampler, scenes, 4)]
    monkeypatch.setattr(sampler, "_draw_on_host", sampler._draw_on_device)
    paths.append(scanpaths(sampler, scenes, 4))
    assert torch.equal(*paths)


def test_discs_are_never_entered_while_anything_is_left():
    maps = torch.rand(3, 20, 24, generator=torch.Generator().manual_seed(1)) ** 8 + 1e-9
    path = scanpaths(FixationSampler(maps, make_inhibition("disc", radius=4)), torch.arange(3000) % 3, 6).double()
    assert (torch.cdist(path, path) + 1e9 * torch.eye(6)).min() > 4


def test_where_nothing_is_left_the_farthest_pixels_are_fixated():
    maps = torch.zeros(1, HEIGHT, WIDTH)
    maps[0, 0, 0] = 1
    sampler = FixationSampler(maps, make_inhibition("disc", radius=2))
    path = flat(scanpaths(sampler, torch.zeros(2000, dtype=torch.int64), 3))
    assert (path[:, 0] == 0).all()
    assert (path[:, 1] == PIXELS - 1).all()  # the corner opposite
    farthest = enumerated(maps.numpy().flatten().astype(float), (0, PIXELS - 1), "disc", "no prior")
    assert_follows(np.bincount(path[:, 2], minlength=PIXELS), farthest)


def test_fixations_outside_the_picture_inhibit_what_is_within_reach():
    maps = torch.ones(1, HEIGHT, WIDTH)
    earlier = torch.tensor([[-1, 3]]).expand(5000, 1, 2)
    sampler = FixationSampler(maps, make_inhibition("square", radius=1))
    pixels = sampler(torch.zeros(5000, dtype=torch.int64), earlier, streams(5000, 0))
    expected = np.ones((HEIGHT, WIDTH))
    expected[0, 2:5] = 0
    assert_follows(np.bincount(flat(pixels), minlength=PIXELS), (expected / expected.sum()).flatten())


@pytest.mark.parametrize("name", SHAPES)
def test_a_row_is_the_same_alone_and_in_a_batch(name: str):
    sampler = FixationSampler(rough_maps(), inhibition(name), ExponentialAmplitudes())
    scenes, earlier = torch.arange(200) % 3, torch.tensor([[2, 3], [0, 0]]).expand(200, 2, 2)
    together = sampler(scenes, earlier, streams(200, 0))
    for row in (0, 1, 100, 199):
        alone = slice(row, row + 1)

        def random(part: int, numbers: int, rows: torch.Tensor | None = None, row: int = row) -> torch.Tensor:
            return streams(200, 0)(part, numbers, torch.tensor([row]))

        assert torch.equal(sampler(scenes[alone], earlier[alone], random)[0], together[row])


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
@pytest.mark.parametrize("name", SHAPES)
def test_nothing_waits_for_a_device(name: str, prior: AmplitudePrior | None):
    def random(part: int, numbers: int, rows: torch.Tensor | None = None) -> torch.Tensor:
        assert rows is None
        return draws.bits(torch.arange(4, device="meta"), 0, f"test {part}", numbers)

    with FakeTensorMode(allow_non_fake_inputs=True):
        sampler = FixationSampler(torch.rand(3, 20, 30, device="meta"), inhibition(name), prior)
        scenes = torch.zeros(4, dtype=torch.int64, device="meta")
        for step in range(3):
            pixels = sampler(scenes, torch.zeros(4, step, 2, dtype=torch.int64, device="meta"), random)
            assert isinstance(pixels, FakeTensor)
            assert (pixels.device.type, pixels.shape, pixels.dtype) == ("meta", (4, 2), torch.int64)


def test_what_is_no_inhibition_or_prior_is_refused():
    maps = torch.ones(1, 8, 8)
    with pytest.raises(TypeError, match="inhibition='disc': give an Inhibition"):
        FixationSampler(maps, "disc")  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="amplitudes='gaussian': give None, or an AmplitudePrior"):
        FixationSampler(maps, NoInhibition(), "gaussian")  # pyright: ignore[reportArgumentType]
