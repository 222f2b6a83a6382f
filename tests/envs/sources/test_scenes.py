from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.envs import draws
from saccadeworld.envs.sources import scenes
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.sources.scenes import make_scenes
from saccadeworld.envs.sources.shapes import make_shapes
from scipy import stats
from scipy.spatial.transform import Rotation
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import functional as F

SIZE = 96


def seeds(count: int) -> torch.Tensor:
    return draws.bits(torch.zeros(count, dtype=torch.int64), torch.arange(count), "test")[:, 0]


@pytest.fixture(scope="module")
def train() -> PictureSet:
    return make_scenes("train", 480)


@pytest.fixture(scope="module")
def test() -> PictureSet:
    return make_scenes("test", 160)


def masks_of(pictures: PictureSet) -> torch.Tensor:
    assert pictures.masks is not None
    return pictures.masks


# --- the set -----------------------------------------------------------------------------------------------------


def test_types_and_balance(train: PictureSet):
    assert train.pictures.shape == (480, SIZE, SIZE, 3)
    assert train.pictures.dtype == torch.uint8
    assert train.pictures.is_contiguous()
    assert masks_of(train).shape == (480, SIZE, SIZE)
    assert masks_of(train).dtype == torch.bool
    assert train.labels.dtype == torch.int64
    assert (torch.bincount(train.labels) == 480 / len(train.classes)).all()
    assert len(train.classes) >= 12
    assert train.skipped == ()


def test_classes_are_those_of_the_shapes(train: PictureSet):
    shapes = make_shapes("train", 480)
    assert train.classes == shapes.classes
    assert torch.equal(train.labels, shapes.labels)


@pytest.mark.parametrize("count", [1, 16, 37])
def test_a_picture_does_not_depend_on_the_count(train: PictureSet, count: int):
    few = make_scenes("train", count)
    assert torch.equal(few.pictures, train.pictures[:count])
    assert torch.equal(masks_of(few), masks_of(train)[:count])


def test_seeds_and_splits_differ(train: PictureSet, test: PictureSet):
    other = make_scenes("train", 16, seed=1)
    for pictures in (other.pictures, test.pictures[:16]):
        difference = (pictures.int() - train.pictures[:16].int()).abs().float().mean((1, 2, 3))
        assert difference.min() > 10
    everything = torch.cat([train.pictures, test.pictures]).flatten(1)
    assert len(torch.unique(everything, dim=0)) == len(everything)


@pytest.mark.parametrize("size", [32, 97, 160])
def test_other_sizes(size: int):
    made = make_scenes("test", 3, size)
    assert made.pictures.shape == (3, size, size, 3)
    rows = masks_of(made).any(2).sum(1)
    columns = masks_of(made).any(1).sum(1)
    assert (torch.maximum(rows, columns) / size > 0.3).all()


@pytest.mark.parametrize("clutter", [-0.1, 1.5, float("nan")])
def test_clutter_out_of_range(clutter: float):
    with pytest.raises(ValueError, match=r"clutter=.* is out of range; use 0 to 1"):
        make_scenes("train", 1, clutter=clutter)


def test_bad_arguments():
    with pytest.raises(ValueError, match="size=31"):
        make_scenes("train", 1, 31)
    with pytest.raises(ValueError, match="count=0"):
        make_scenes("train", 0)
    with pytest.raises(ValueError, match="split='val'"):
        make_scenes("val", 1)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="device='abacus'"):
        make_scenes("train", 1, device="abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="no CUDA"):
            make_scenes("train", 1, device="cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_makes_the_same_pictures(train: PictureSet):
    there = make_scenes("train", 64, device="cuda")
    assert there.pictures.is_cuda
    difference = (there.pictures.cpu().int() - train.pictures[:64].int()).abs().float()
    assert difference.mean() < 0.5
    assert (masks_of(there).cpu() != masks_of(train)[:64]).float().mean() < 1e-3


# --- place, size, masks ------------------------------------------------------------------------------------------


def test_things_are_complete_and_of_the_stated_size(train: PictureSet):
    masks = masks_of(train)
    border = torch.cat([masks[:, [0, -1]].flatten(1), masks[:, :, [0, -1]].flatten(1)], 1)
    assert not border.any()
    rows, columns = masks.any(2).sum(1), masks.any(1).sum(1)
    longer = torch.maximum(rows, columns) / SIZE
    assert longer.min() > 0.46  # 0.5 less thin ends that cover no half pixel
    assert longer.max() < 0.87
    assert stats.kstest(longer, stats.uniform(0.49, 0.36).cdf).statistic < 0.1
    area = masks.float().mean((1, 2))
    assert area.min() > 0.01
    assert area.max() < 0.7


def test_things_are_anywhere(train: PictureSet):
    """Centres are uniform over the room that the thing's size leaves."""
    for axis in (1, 2):
        seen = masks_of(train).any(3 - axis).numpy()
        first, last = seen.argmax(1), SIZE - seen[:, ::-1].argmax(1)
        room = SIZE - (last - first)
        assert stats.kstest(first / room, "uniform").pvalue > 1e-3


def test_masks_and_compositing_on_plain_sprites():
    """A magenta box as sprite: magenta exactly where the mask is, background elsewhere."""
    sprites = torch.zeros(32, 4, 80, 80)
    sprites[:, :, 20:60, 30:50] = torch.tensor([1.0, 0.0, 1.0, 1.0])[:, None, None]
    pictures, masks = scenes._compose(sprites, seeds(32), SIZE, clutter=1.0)
    distance = (pictures - torch.tensor([1.0, 0.0, 1.0])[:, None, None]).abs().amax(1)
    inner = ~F.max_pool2d((~masks).float()[:, None], 5, 1, 2)[:, 0].bool()
    outer = ~F.max_pool2d(masks.float()[:, None], 5, 1, 2)[:, 0].bool()
    assert distance[inner].max() < 1e-5
    assert (distance[outer] > 0.1).float().mean() > 0.999
    rows, columns = masks.any(2).sum(1), masks.any(1).sum(1)
    assert ((rows - 2 * columns).abs() <= 2).all()  # upright boxes, twice as high as wide
    assert ((rows * columns - masks.sum((1, 2))) <= 4).all()  # but for corners covered by less than half


def test_clutter_is_all_that_clutter_changes(train: PictureSet):
    """Without clutter the surroundings are one colour; things, places and masks stay as they are."""
    plain = make_scenes("train", 32, clutter=0.0)
    assert torch.equal(masks_of(plain), masks_of(train)[:32])
    surroundings = ~F.max_pool2d(masks_of(plain).float()[:, None], 5, 1, 2)[:, 0].bool()
    for picture, around, cluttered in zip(plain.pictures, surroundings, train.pictures, strict=False):
        assert picture[around].float().std(0).max() == 0
        assert cluttered[around].float().std(0).min() > 3


def test_every_tensor_is_on_the_device_of_the_seeds():
    """The meta device refuses, like a GPU, to mix with the CPU."""
    pictures, masks = scenes._compose(torch.empty(4, 4, 80, 80, device="meta"), seeds(4).to("meta"), SIZE, clutter=1.0)
    assert pictures.is_meta
    assert masks.is_meta


@pytest.mark.parametrize("target", [40, 53, 80, 110])
def test_resampling_equals_pillow(target: int):
    sprite = np.random.default_rng(0).uniform(size=(80, 80)).astype(np.float32)
    weights = scenes._tents(80, target, torch.tensor([target / 80]), torch.tensor([40.0]), torch.tensor([target / 2]))[
        0
    ]
    expected = Image.fromarray(sprite).resize((target, target), Image.Resampling.BILINEAR)
    assert np.allclose(weights @ torch.from_numpy(sprite) @ weights.T, np.asarray(expected), atol=1e-5)


def test_span():
    seen = torch.tensor([[0, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]]).bool()
    first, last = scenes._span(seen)
    assert first.tolist() == [2, 0, 5]
    assert last.tolist() == [5, 6, 6]


# --- views -------------------------------------------------------------------------------------------------------


def test_poses_are_upright_from_the_front_and_modest_elevations():
    """Where the camera stands, seen from the thing, by SciPy's rotations."""
    seen = {}

    def record(scene: torch.Tensor, rotations: torch.Tensor, stage: torch.Tensor) -> torch.Tensor:
        seen.update(rotations=rotations, stage=stage)
        return torch.zeros(len(scene), 4, 8, 8, dtype=torch.uint8)

    polar = np.pi / 2 - np.radians(27.5)
    renderer = SimpleNamespace(setup=SimpleNamespace(camera_polar=polar), render_rgba=record)
    scenes._sprites(renderer, seeds(2000))  # pyright: ignore[reportArgumentType]
    pose = Rotation.from_quat(seen["rotations"].numpy())
    camera = np.array([0, np.sin(polar), np.cos(polar)])  # at azimuth 90 degrees, as the renderer's set-up says
    x, y, z = pose.inv().apply(camera).T
    elevation = np.degrees(np.arcsin(z))
    assert stats.kstest(elevation, stats.uniform(5, 45).cdf).pvalue > 1e-3
    assert stats.kstest(np.degrees(np.arctan2(y, x)), stats.uniform(30, 120).cdf).pvalue > 1e-3

    up = pose.apply([0, 0, 1])
    picture_right = np.array([-1, 0, 0])  # looking along -y with z up
    picture_up = np.cross(camera, picture_right)
    roll = np.degrees(np.arctan2(up @ picture_right, up @ picture_up))
    assert stats.kstest(roll, stats.uniform(-10, 20).cdf).pvalue > 1e-3
    theta, phi, hue = seen["stage"][:, 1:].T.numpy()
    assert stats.kstest(theta, stats.uniform(0, np.pi / 4).cdf).pvalue > 1e-3
    assert stats.kstest(phi, stats.uniform(0, 2 * np.pi).cdf).pvalue > 1e-3
    assert stats.kstest(hue, "uniform").pvalue > 1e-3


# --- colour ------------------------------------------------------------------------------------------------------


def test_push():
    near = torch.tensor([0.03, 0.04, 0.0])[None, :, None, None]
    pushed = near + scenes._push(near)
    assert torch.allclose(pushed, near / 0.05 * 0.22)
    assert not scenes._push(near * 10).any()


def colours(pictures: PictureSet, where: torch.Tensor) -> np.ndarray:
    """(N, 6) mean and standard deviation of sRGB in [0, 1]."""
    values, weights = pictures.pictures.double() / 255, where[..., None].double()
    mean = (values * weights).sum((1, 2)) / weights.sum((1, 2))
    square = (values.square() * weights).sum((1, 2)) / weights.sum((1, 2))
    return torch.cat([mean, (square - mean.square()).clamp_min(0).sqrt()], 1).numpy()


def test_things_stand_out_from_their_surroundings(train: PictureSet):
    masks = masks_of(train)
    ring = F.max_pool2d(masks.float()[:, None], 13, 1, 6)[:, 0].bool() & ~masks
    distance = np.linalg.norm(colours(train, masks)[:, :3] - colours(train, ring)[:, :3], axis=1)
    assert np.quantile(distance, 0.05) > 0.12
    assert np.median(distance) > 0.2


def test_colours_do_not_tell_the_class(train: PictureSet, test: PictureSet):
    """A linear classifier on the colours of the thing, and one on those of the rest, stay near chance."""
    chance = 1 / len(train.classes)
    for inside, limit in ((True, 4.5), (False, 2.0)):
        features = [colours(p, masks_of(p) == inside) for p in (train, test)]
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        classifier.fit(features[0], train.labels.numpy())
        assert classifier.score(features[1], test.labels.numpy()) < limit * chance, inside
