"""The picture known so far: held against the picture itself, where retinas show it as it is."""

import numpy as np
import pytest
import torch
from saccadeworld.envs.known import UNSEEN, Known
from saccadeworld.envs.retinas import make_retina
from saccadeworld.envs.sources.banks import PictureSet

FOVEA = 12


def look(pictures: PictureSet, retina: str, *pixels: tuple[int, int]) -> tuple[Known, np.ndarray]:
    side = pictures.pictures.shape[1]
    eye = make_retina(retina, pictures.pictures, FOVEA)
    known = Known(eye, side)
    for pixel in pixels:
        fixation = torch.tensor(pixel) / side
        known.add(eye(torch.tensor([0]), fixation[None])[0], fixation)
    return known, pictures.pictures[0].numpy()


def test_windows_are_known_and_the_rest_is_grey(pictures: PictureSet):
    known, picture = look(pictures, "crop", (10, 10), (39, 20))
    seen = np.zeros(picture.shape[:2], bool)
    seen[4:16, 4:16] = seen[33:40, 14:26] = True
    assert np.array_equal(known.picture[seen], picture[seen])
    assert (known.picture[~seen] == UNSEEN).all()
    assert known.share == pytest.approx((144 + 84) / 1600)
    assert known.count == 2


def test_a_glimpse_of_what_is_outside_tells_nothing(pictures: PictureSet):
    known, _ = look(pictures, "crop", (-30, 80))
    assert known.share == 0


@pytest.mark.parametrize(("retina", "error", "share"), [("pyramid", 0, (2 * 36**2 - 32**2) / 40**2), ("blur", 1, 1)])
def test_what_was_seen_sharply_stays_sharp(pictures: PictureSet, retina: str, error: int, share: float):
    known, picture = look(pictures, retina, (12, 12), (28, 28))
    for middle in (12, 28):
        part = np.s_[middle - 4 : middle + 4, middle - 4 : middle + 4]
        assert np.abs(known.picture[part].astype(int) - picture[part]).max() <= error
    assert known.share == pytest.approx(share)
    assert not np.array_equal(known.picture, picture)


def test_rings_are_known_as_far_as_they_reach(pictures: PictureSet):
    known, picture = look(pictures, "logpolar", (20, 20))
    rows, cols = np.indices(picture.shape[:2])
    inside = np.hypot(rows - 20, cols - 20) <= 20
    assert known.share == pytest.approx(inside.mean())
    assert (known.picture[~inside] == UNSEEN).all()
    near = np.hypot(rows - 20, cols - 20) <= 2
    far = inside & ~near
    off = np.abs(known.picture.astype(float) - picture)
    assert off[near].mean() < off[far].mean() / 2


def test_the_released_retina_shows_the_transposed_place(pictures: PictureSet):
    known, picture = look(pictures, "official", (10, 30))
    assert (known.picture[24:36, 4:16] != UNSEEN).any()
    assert (known.picture[4:16, 24:36] == UNSEEN).all()
    off = np.abs(known.picture[24:36, 4:16].astype(float) - picture[24:36, 4:16]).mean()
    elsewhere = np.abs(known.picture[24:36, 4:16].astype(float) - picture[4:16, 24:36]).mean()
    assert off < elsewhere
