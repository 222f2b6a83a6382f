"""An eye on pictures: held against pictures and maps worked out by hand."""

import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.saliency.models import make_saliency
from saccadeworld.scripts.playing.eye import Setting
from saccadeworld.scripts.playing.picture_eye import PictureEye


@pytest.fixture
def eye(images_setting: Setting) -> PictureEye:
    return PictureEye(images_setting)


def go(eye: PictureEye, row: int, col: int) -> None:
    eye.point(torch.tensor([row, col]) / 40)
    eye.look()


def test_the_glimpse_is_a_window_of_the_picture(eye: PictureEye):
    go(eye, 12, 25)
    (glimpse,) = eye.glimpse
    assert np.array_equal(glimpse, eye.picture[6:18, 19:31])
    assert np.array_equal(eye.known.picture[6:18, 19:31], glimpse)
    assert eye.known.count == 2


@pytest.mark.parametrize(
    ("retina", "shapes"),
    [
        ("crop", [(12, 12)]),
        ("pyramid", [(36, 12), (48, 48)]),
        ("logpolar", [(12, 24), (41, 41)]),
        ("blur", [(40, 40)]),
    ],
)
def test_any_retina_can_be_looked_through(eye: PictureEye, retina: str, shapes: list[tuple[int, int]]):
    before = eye.views
    eye.look_through(retina)
    assert [part.shape[:2] for part in eye.glimpse] == shapes
    assert eye.known.count == 1
    assert torch.equal(eye.views, before), "the world sees as before"


def test_an_unknown_retina_is_named(eye: PictureEye):
    assert eye.retinas == ("crop", "pyramid", "logpolar", "blur")
    with pytest.raises(ValueError, match="compound"):
        eye.look_through("compound")


def test_the_released_retina_is_offered_where_the_world_has_it(pictures: PictureSet):
    eye = PictureEye(Setting(ImagesWorld(pictures, retina="official", fovea=12), {}, 0))
    assert (eye.retina, eye.retinas[-1]) == ("official", "official")


def test_inhibition_leaves_what_is_outside_of_discs_around_fixations(eye: PictureEye):
    go(eye, 5, 30)
    maps = eye.maps
    rows, cols = np.indices((40, 40))
    outside = (np.hypot(rows - 20, cols - 20) > 6) & (np.hypot(rows - 5, cols - 30) > 6)
    expected = make_saliency("spectral-residual")(torch.from_numpy(eye.picture)[None])[0].double().numpy()
    np.testing.assert_allclose(maps.saliency, expected, rtol=1e-6)
    np.testing.assert_allclose(maps.left, expected * outside / expected.sum(), rtol=1e-6)


def test_the_policy_goes_where_something_is_left(eye: PictureEye):
    for _ in range(6):
        left = eye.maps.left
        eye.step("saliency")
        row, col = (eye.poses[-1] * 40).round().int().tolist()
        assert left[row, col] > 0
