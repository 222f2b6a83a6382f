"""What all retinas have in common."""

import math

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld import SeqJEPA
from saccadeworld.envs.retinas import RETINAS, Retina, make_retina, retina, retina_options
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

SIDE, FOVEA = 64, 8
VIEW_SHAPES = {
    "crop": (3, 8, 8),
    "pyramid": (3, 24, 8),
    "logpolar": (3, 8, 16),
    "blur": (3, 64, 64),
    "official": (3, 8, 8),
}
FORMS = [(name, {}) for name in RETINAS] + [("crop", {"subpixel": True})]
forms = pytest.mark.parametrize(("name", "options"), FORMS)


def noise(count: int = 5, side: int = SIDE) -> torch.Tensor:
    pixels = torch.randint(0, 256, (count, side, side, 3), generator=torch.Generator().manual_seed(0))
    return pixels.to(torch.uint8)


def rows(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scenes, and fixations within the picture and around it."""
    generator = torch.Generator().manual_seed(1)
    return torch.randint(5, (count,), generator=generator), torch.rand(count, 2, generator=generator) * 3 - 1


def test_every_retina_is_tested():
    assert set(VIEW_SHAPES) == set(RETINAS) == {name for name, _ in FORMS}


@forms
def test_views_have_the_shape_that_is_announced(name: str, options: dict):
    retina = make_retina(name, noise(), FOVEA, **options)
    views = retina(*rows(7))
    assert isinstance(retina, Retina)
    assert views.dtype == torch.uint8
    assert tuple(views.shape[1:]) == retina.view_shape == VIEW_SHAPES[name]
    assert retina(*rows(0)).shape == (0, *retina.view_shape)


@forms
def test_a_row_is_the_same_alone_in_a_batch_and_in_blocks(name: str, options: dict, monkeypatch: pytest.MonkeyPatch):
    eye = make_retina(name, noise(), FOVEA, **options)
    scenes, fixations = rows(83)
    together = eye(scenes, fixations)
    for row in range(0, 83, 4):
        assert torch.equal(eye(scenes[row : row + 1], fixations[row : row + 1])[0], together[row])
    monkeypatch.setattr(retina, "_BLOCK", 5 * getattr(eye, "_bytes", 1))
    assert torch.equal(eye(scenes, fixations), together)


def shifted(down: int, right: int, padding: int) -> torch.Tensor:
    """A thing around the middle of an empty picture, moved."""
    thing = torch.randint(0, 256, (12, 12, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    picture = torch.full((SIDE, SIDE, 3), padding, dtype=torch.uint8)
    picture[26 + down : 38 + down, 26 + right : 38 + right] = thing
    return picture


@forms
@pytest.mark.parametrize("place", [(31.0, 32.0), (29.5, 35.5), (22.375, 40.625)])
def test_moving_picture_and_fixation_together_changes_nothing(name: str, options: dict, place: tuple[float, float]):
    # Sides and fractions that float32 holds exactly. What blur spreads stays within the picture, and moves in it.
    moves = [(0, 0), (1, 0), (0, 1), (5, -3), (-8, -8), (-8, 8), (3, 7), (8, 2)]
    padding = 0 if name == "official" else 90
    bank = torch.stack([shifted(*move, padding) for move in moves])
    places = torch.tensor(place) + torch.tensor([move[::-1] if name == "official" else move for move in moves])
    fovea = {"blur": 4}.get(name, 24)
    paddings = {} if name == "official" else {"padding": padding}
    views = make_retina(name, bank, fovea, **options, **paddings)(torch.arange(len(moves)), places / SIDE)
    if name == "blur":
        views = torch.stack([v.roll((-down, -right), (1, 2)) for v, (down, right) in zip(views, moves, strict=True)])
    assert (views == views[0]).all()
    assert views[0].float().std() > 5


@forms
def test_far_outside_there_is_padding(name: str, options: dict):
    far = torch.tensor([[-4.0, 0.5], [0.5, 7.0], [1e9, -1e9], [3e38, 0.5], [-3e38, 3e38], [0.5, -5.0]])
    paddings = {} if name == "official" else {"padding": 90}
    views = make_retina(name, noise(), FOVEA, **options, **paddings)(torch.arange(6) % 5, far)
    if name == "blur":  # it shows the picture wherever it looks
        assert (views[0] == views[5]).all()
    else:
        assert (views == paddings.get("padding", 0)).all()


@forms
def test_every_tensor_is_on_the_device_and_nothing_waits_for_it(name: str, options: dict):
    with FakeTensorMode(allow_non_fake_inputs=True):
        retina = make_retina(name, torch.empty(5, SIDE, SIDE, 3, dtype=torch.uint8, device="meta"), FOVEA, **options)
        scenes, fixations = torch.zeros(9, dtype=torch.int64, device="meta"), torch.zeros(9, 2, device="meta")
        views = retina(scenes, fixations)
        shown = retina.display(views[0])
    for tensor in (views, *shown):
        assert isinstance(tensor, FakeTensor)
        assert tensor.device.type == "meta"
    assert views.shape == (9, *retina.view_shape)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@forms
def test_views_on_a_gpu_are_those_on_the_cpu(name: str, options: dict):
    scenes, fixations = rows(83)
    host = make_retina(name, noise(), FOVEA, **options)(scenes, fixations)
    device = make_retina(name, noise().cuda(), FOVEA, **options)(scenes.cuda(), fixations.cuda()).cpu()
    if name == "official":
        assert (host.int() - device.int()).abs().max() <= 1
    else:
        assert torch.equal(host, device)


@forms
def test_a_view_is_displayed_in_pictures(name: str, options: dict):
    retina = make_retina(name, noise(), FOVEA, **options)
    view = retina(*rows(1))[0]
    shown = retina.display(view)
    assert torch.equal(shown[0], view)
    assert len(shown) == (2 if name in ("pyramid", "logpolar") else 1)
    assert all(picture.dtype == torch.uint8 and picture.ndim == 3 and len(picture) == 3 for picture in shown)


@forms
def test_view_shapes_reach_spaces_frames_and_models(name: str, options: dict, pictures: PictureSet):
    world = ImagesWorld(pictures, retina=name, fovea=FOVEA, **options)
    env = gym.make_vec("SaccadeWorld-v0", 2, world=world, render_mode="rgb_array")
    glimpse = env.reset(seed=0)[0]["glimpse"]
    assert env.single_observation_space["glimpse"].shape == world.view_shape == glimpse.shape[1:]
    frames = env.render()
    assert frames is not None
    assert all(frame.shape[0] == 384 and frame.dtype == np.uint8 for frame in frames)
    rollout = world.rollout(3, 3, "nearby")
    assert math.isfinite(SeqJEPA(action_dim=2, encoder="small").loss(rollout).item())


def test_options_are_those_of_the_retina():
    assert retina_options("pyramid") == {"levels", "padding"}
    assert retina_options("logpolar") == {"wedges", "radius", "padding"}
    assert retina_options("blur") == {"degrees", "padding"}


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("pyramid", {"fovea": 0}, ValueError, "fovea=0 is out of range; use 1 to 128"),
        ("pyramid", {"levels": 0}, ValueError, "levels=0 is out of range; use 1 to 5"),
        ("pyramid", {"levels": 6}, ValueError, "levels=6 is out of range; use 1 to 5"),
        ("pyramid", {"levels": 2.0}, TypeError, "levels=2.0 is not a whole number"),
        ("pyramid", {"padding": -1}, ValueError, "padding=-1 is out of range; use 0 to 255"),
        ("logpolar", {"fovea": 129}, ValueError, "fovea=129 is out of range; use 1 to 128"),
        ("logpolar", {"wedges": 0}, ValueError, "wedges=0 is out of range; use 1 to 1024"),
        ("logpolar", {"radius": 129}, ValueError, "radius=129 is out of range; use 0.5 to 128"),
        ("logpolar", {"radius": "far"}, TypeError, "radius='far' is not a number"),
        ("logpolar", {"padding": 256}, ValueError, "padding=256 is out of range; use 0 to 255"),
        ("blur", {"fovea": 129}, ValueError, "fovea=129 is out of range; use 1 to 128"),
        ("blur", {"degrees": 0}, ValueError, "degrees=0 is out of range; use 0.1 to 360"),
        ("blur", {"degrees": float("nan")}, ValueError, "degrees=nan is out of range; use 0.1 to 360"),
        ("blur", {"padding": 1.5}, TypeError, "padding=1.5 is not a whole number"),
        ("blur", {"radius": 3}, TypeError, "retina 'blur' has no option 'radius'; it takes 'degrees', 'padding'"),
    ],
)
def test_bad_options_are_named(name: str, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make_retina(name, noise(1), **{"fovea": FOVEA, **options})


@forms
@pytest.mark.parametrize("fixation", [(20, 40), (0, 61)])
def test_views_lie_where_they_were_seen(name: str, options: dict, fixation: tuple[int, int]):
    """In a picture whose colours tell the row and the column of every pixel."""
    places = torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE)).unflatten(0, (SIDE, SIDE))
    picture = torch.cat([3 * places, torch.zeros(SIDE, SIDE, 1, dtype=torch.int64)], -1).to(torch.uint8)
    eye, pose = make_retina(name, picture[None], FOVEA, **options), torch.tensor(fixation) / SIDE
    seen, told = eye.in_place(eye(torch.zeros(1, dtype=torch.int64), pose[None])[0], pose)
    assert (seen.shape, told.shape, told.dtype) == ((3, SIDE, SIDE), (SIDE, SIDE), torch.bool)
    centre = torch.tensor(fixation).flip(0) if name == "official" else torch.tensor(fixation)
    near = (places - centre).abs().amax(-1) < FOVEA // 2 - 1
    assert told[near].all()
    inside = (near & ((places > 1) & (places < SIDE - 2)).all(-1)).nonzero().T  # where no padding comes near
    off = (seen.long().permute(1, 2, 0) - picture.long())[tuple(inside)]
    assert off.abs().max() <= {"official": 4, "logpolar": 4, "blur": 1}.get(name, 0)
    if name == "crop":
        assert torch.equal(told, (places >= centre - FOVEA // 2).all(-1) & (places < centre + FOVEA // 2).all(-1))


def test_windows_beside_the_picture_tell_nothing_of_it():
    picture, covered = retina.placed(torch.ones(3, 4, 4, dtype=torch.uint8), torch.tensor([-9, 70]), SIDE)
    assert not picture.any()
    assert not covered.any()


# --- places ------------------------------------------------------------------------------------------------------


def every_pixel(side: int) -> torch.Tensor:
    return torch.arange(side)[:, None].expand(side, 2)


@pytest.mark.parametrize("side", [1, 3, 40, 48, 49, 96, 224, 500, 997])
def test_fixations_of_pixels_are_rounded_once(side: int):
    found = retina.fixations_of(every_pixel(side), side)
    exact = np.arange(side, dtype=np.float32) / np.float32(side)
    assert found.dtype == torch.float32
    assert np.array_equal(found, np.stack([exact, exact], axis=1))
    assert torch.equal(retina.nearest_pixels(found, side), every_pixel(side))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("side", [48, 49, 224, 997])
def test_fixations_of_pixels_are_the_same_on_a_gpu(side: int):
    assert torch.equal(retina.fixations_of(every_pixel(side).cuda(), side).cpu(), every_pixel(side) / side)
