from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.stored_maps import open_array, open_files, stl10_array, write_array, write_file
from torch.nn import functional

PICTURES = ("ant/a.1.JPEG", "ant/b.jpg", "bee/a.png")


def rough(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32) ** 4


def normalised(maps: np.ndarray) -> np.ndarray:
    return maps / maps.sum((-2, -1), keepdims=True, dtype=np.float64)


def pictures_in(root: Path) -> list[Path]:
    paths = [root / name for name in PICTURES]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a picture, which is not opened")
    return paths


@pytest.fixture
def maps_folder(tmp_path: Path) -> Path:
    """Maps of the published form for PICTURES, 30x40 and larger."""
    for i, name in enumerate(PICTURES):
        path = (tmp_path / "maps" / name).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(f"{path}-sal.npy", rough(30 + i, 40, seed=i))
    return tmp_path / "maps"


@pytest.mark.parametrize("shape", [(7, 1, 24, 24), (7, 24, 24)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16, ">f4"])
def test_an_array_is_read_as_densities(tmp_path: Path, shape: tuple[int, ...], kind: str):
    stored = rough(*shape).astype(kind)
    np.save(tmp_path / "maps.npy", stored)
    maps = open_array(tmp_path / "maps.npy", 7)
    assert len(maps) == 7
    loaded = maps.load(24)
    assert loaded.shape == (7, 24, 24)
    assert loaded.dtype == torch.float32
    expected = normalised(stored.reshape(7, 24, 24).astype(np.float64))
    np.testing.assert_allclose(loaded.numpy(), expected, rtol=1e-5)
    assert torch.equal(maps.read([5, 2, 2], 24), loaded[[5, 2, 2]])
    assert torch.equal(torch.cat(list(maps.chunks(24, size=3))), loaded)


def test_an_array_is_mapped_and_not_read_at_once(tmp_path: Path):
    write_array(tmp_path / "maps.npy", [torch.rand(5, 16, 16)], 5)
    assert isinstance(open_array(tmp_path / "maps.npy").raw(3), np.memmap)


@pytest.mark.parametrize("side", [12, 24, 31, 96])
def test_maps_are_resampled_as_densities(tmp_path: Path, side: int):
    np.save(tmp_path / "maps.npy", rough(3, 1, 24, 24))
    got = open_array(tmp_path / "maps.npy").load(side)
    stored = torch.from_numpy(rough(3, 1, 24, 24))
    expected = normalised(functional.interpolate(stored, (side, side), mode="bilinear", antialias=True)[:, 0].numpy())
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-3, atol=1e-7)


def test_maps_are_cut_to_the_central_square_as_pictures_are(tmp_path: Path):
    """A map that is 1 on a disc, for which its picture is white: both end at the same place."""
    rows, cols = np.mgrid[:60, :91]
    disc = np.hypot(rows - 20, cols - 60) < 9
    np.save(tmp_path / "wide.npy", disc[None].astype(np.float32))
    got = open_array(tmp_path / "wide.npy").load(30)[0].numpy()
    rows, cols = np.mgrid[:30, :30] * 2 + 0.5
    assert (got * rows).sum() == pytest.approx(20, abs=0.1)
    assert (got * cols).sum() + 15.5 == pytest.approx(60, abs=0.1)


def test_the_published_array_of_stl10_is_found(tmp_path: Path):
    for part, name in [("train", "train"), ("test", "test"), ("unlabelled", "unlabeled")]:
        assert stl10_array(tmp_path, part) == tmp_path / name / f"saliency_{name}.npy"
    with pytest.raises(ValueError, match="part='val' is not known; use one of 'train'"):
        stl10_array(tmp_path, "val")


def test_a_written_array_has_the_published_form(tmp_path: Path):
    maps = torch.rand(10, 20, 20)
    write_array(tmp_path / "new" / "maps.npy", maps.split(4), 10)
    stored = np.load(tmp_path / "new" / "maps.npy", allow_pickle=False)
    assert stored.dtype == np.float32
    assert np.array_equal(stored[:, 0], maps.numpy())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["maps.npy"]


@pytest.mark.parametrize(
    ("sizes", "count"), [([(4, 8, 8)], 5), ([(4, 8, 8), (2, 8, 8)], 5), ([(4, 8, 8), (1, 9, 8)], 5), ([], 5)]
)
def test_what_does_not_fit_is_not_written(tmp_path: Path, sizes: list[tuple[int, ...]], count: int):
    with pytest.raises(ValueError, match=r"maps\.npy: "):
        write_array(tmp_path / "maps.npy", (torch.rand(size) for size in sizes), count)
    assert not (tmp_path / "maps.npy").exists()


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones((5, 2, 8, 8), np.float32), r"shape \(5, 2, 8, 8\)"),
        (np.ones((8, 8), np.float32), r"shape \(8, 8\)"),
        (np.ones((4, 1, 8, 8), np.float32), "4 saliency maps for 5 pictures"),
        (np.ones((5, 1, 8, 8), np.uint8), "holds uint8"),
        (np.ones((5, 8, 8), np.complex64), "holds complex64"),
    ],
)
def test_a_wrong_array_is_refused_with_its_file(tmp_path: Path, array: np.ndarray, says: str):
    np.save(tmp_path / "wrong.npy", array)
    with pytest.raises(ValueError, match=rf"wrong\.npy .*{says}"):
        open_array(tmp_path / "wrong.npy", 5)


def test_a_file_that_is_no_array_is_refused(tmp_path: Path):
    (tmp_path / "text.npy").write_text("saliency")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.save(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    for name in ("text", "empty", "pickled"):
        with pytest.raises(ValueError, match=rf"{name}\.npy is no \.npy file of numbers"):
            open_array(tmp_path / f"{name}.npy")
    with pytest.raises(FileNotFoundError, match=r"no file .*missing\.npy"):
        open_array(tmp_path / "missing.npy")


@pytest.mark.parametrize(
    ("value", "says"), [(np.nan, "not finite"), (np.inf, "not finite"), (-0.1, "negative"), (0.0, "is 0 throughout")]
)
def test_a_map_that_is_none_is_refused_with_its_place(tmp_path: Path, value: float, says: str):
    array = np.zeros((5, 1, 8, 8), np.float32)
    array[:3] = 1
    array[3, 0, 2, 2] = value
    array[4] = 1
    np.save(tmp_path / "maps.npy", array)
    with pytest.raises(ValueError, match=rf"maps\.npy\[3\] .*{says}"):
        open_array(tmp_path / "maps.npy").load(8)


def test_a_file_for_each_picture_in_a_parallel_folder(tmp_path: Path, maps_folder: Path):
    maps = open_files(pictures_in(tmp_path / "pictures"), tmp_path / "pictures", maps_folder)
    assert len(maps) == 3
    got = maps.load(20).numpy()[:, 1:-1, 1:-1]  # the border sees what lies beyond it, as that of a picture does
    for i in (0, 2):  # of 30 and 32 rows
        square = rough(30 + i, 40, seed=i)[:, 5 - i // 2 : 35 + i // 2]
        expected = np.asarray(Image.fromarray(square).resize((20, 20), Image.Resampling.BILINEAR))[1:-1, 1:-1]
        np.testing.assert_allclose(normalised(got[i]), normalised(expected), rtol=1e-4)


@pytest.mark.parametrize("shape", [(16, 16), (1, 16, 16), (1, 1, 16, 16)])
@pytest.mark.parametrize("mark", ["", "-sal", "_sal"])
def test_maps_lie_beside_their_pictures(tmp_path: Path, shape: tuple[int, ...], mark: str):
    pictures = pictures_in(tmp_path)
    for i, picture in enumerate(pictures):
        np.save(f"{picture.with_suffix('')}{mark}.npy", rough(*shape, seed=i))
    got = open_files(pictures, tmp_path).load(16)
    expected = [normalised(rough(*shape, seed=i).reshape(16, 16)) for i in range(3)]
    np.testing.assert_allclose(got.numpy(), np.stack(expected), rtol=1e-5)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_maps_may_be_grey_png(tmp_path: Path, depth: type):
    values = (rough(16, 16) * np.iinfo(depth).max).astype(depth)
    picture = pictures_in(tmp_path)[2]  # a .png itself
    Image.fromarray(values).save(picture.with_name("a_sal.png"))
    got = open_files([picture], tmp_path).load(16)[0].numpy()
    np.testing.assert_allclose(got, normalised(values.astype(np.float64)), rtol=1e-5)


def test_a_coloured_or_broken_png_is_refused(tmp_path: Path):
    picture = pictures_in(tmp_path)[1]
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(picture.with_suffix(".png"))
    with pytest.raises(ValueError, match=r"b\.png has mode RGB; a saliency map is grey"):
        open_files([picture], tmp_path).load(8)
    picture.with_suffix(".png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(ValueError, match=r"b\.png is no PNG file"):
        open_files([picture], tmp_path).load(8)


def test_a_file_of_another_shape_is_refused(tmp_path: Path):
    picture = pictures_in(tmp_path)[1]
    np.save(picture.with_suffix(".npy"), rough(2, 8, 8))
    with pytest.raises(ValueError, match=r"b\.npy has shape \(2, 8, 8\)"):
        open_files([picture], tmp_path).load(8)


def test_pictures_without_a_map_are_counted(tmp_path: Path, maps_folder: Path):
    pictures = pictures_in(tmp_path / "pictures")
    for name in ("ant/b-sal.npy", "bee/a-sal.npy"):
        (maps_folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=r"2 of 3 pictures have no saliency map.*b\.jpg.*maps/ant/b-sal\.npy"):
        open_files(pictures, tmp_path / "pictures", maps_folder)


def test_two_maps_of_a_picture_are_refused(tmp_path: Path, maps_folder: Path):
    np.save(maps_folder / "ant" / "b.npy", rough(8, 8))
    with pytest.raises(ValueError, match=r"b\.jpg has 2 saliency maps, .*b-sal\.npy and .*b\.npy: leave one"):
        open_files(pictures_in(tmp_path / "pictures"), tmp_path / "pictures", maps_folder)


def test_a_picture_elsewhere_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"/elsewhere/a\.jpg does not lie in"):
        open_files([Path("/elsewhere/a.jpg")], tmp_path)


def test_written_files_are_found_again(tmp_path: Path):
    pictures = pictures_in(tmp_path / "pictures")
    maps = [torch.rand(20, 20 + i) for i in range(3)]
    for saliency, picture in zip(maps, pictures, strict=True):
        path = write_file(saliency, picture, tmp_path / "pictures", tmp_path / "maps")
        assert path.name == f"{picture.stem}-sal.npy"
        assert np.array_equal(np.load(path, allow_pickle=False), saliency.numpy())
    stored = open_files(pictures, tmp_path / "pictures", tmp_path / "maps")
    assert all(np.array_equal(stored.raw(i), maps[i].numpy()) for i in range(3))
    assert not list(tmp_path.rglob("*.part"))
