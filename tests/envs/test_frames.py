import numpy as np
from saccadeworld.envs.frames import draw_scanpath, enlarge, side_by_side, tile


def plain(height: int, width: int, grey: int) -> np.ndarray:
    return np.full((height, width, 3), grey, dtype=np.uint8)


def test_enlarged_pixels_are_squares():
    picture = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    assert np.array_equal(enlarge(picture, 20), picture.repeat(4, axis=0).repeat(4, axis=1))


def test_frames_side_by_side_have_a_white_gap():
    row = side_by_side([plain(4, 3, 10), plain(4, 5, 20)], gap=2)
    assert row.shape == (4, 10, 3)
    assert row[0, :, 0].tolist() == [10] * 3 + [255] * 2 + [20] * 5


def test_tiles_fill_a_square_row_by_row():
    grid = tile([plain(2, 3, grey) for grey in (1, 2, 3, 4, 5)])
    assert grid.shape == (4, 9, 3)
    assert grid[::2, ::3, 0].tolist() == [[1, 2, 3], [4, 5, 0]]
    assert np.array_equal(tile([plain(2, 3, 7)]), plain(2, 3, 7))


def test_a_scanpath_goes_through_its_fixations_and_frames_the_fovea():
    frame = draw_scanpath(plain(200, 200, 100), np.array([[5, 5], [5, 15]]), side=20, fovea=6)
    changed = (frame != 100).any(-1)
    assert changed[55, 60:150].all()  # the line from pixel (5, 5) to pixel (5, 15), at their centres
    assert changed[20, 120:180].all()  # the upper edge of the fovea: rows 2 to 7, columns 12 to 17
    assert changed[20:80, 120].all()
    assert not changed[100:, :].any()
    assert not changed[:20, :].any()
