import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld.envs.saliency_maps import PictureMaps, picture_maps
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.saliency.models import CentreBias, SpectralResidual, make_saliency


def load(saliency: object, pictures: PictureSet) -> torch.Tensor:
    maps = picture_maps(saliency, pictures).load()  # type: ignore[arg-type]
    assert maps.shape == pictures.pictures.shape[:3]
    assert torch.allclose(maps.sum((1, 2)), torch.ones(len(maps)), atol=1e-5)
    return maps


def named(pictures: PictureSet, folder: Path) -> PictureSet:
    names = tuple(str(folder / "pictures" / "ant" / f"{i}.jpg") for i in range(len(pictures.pictures)))
    return PictureSet(pictures.pictures, pictures.labels, pictures.classes, place=str(folder / "pictures"), names=names)


@pytest.mark.parametrize("saliency", ["spectral-residual", "centre-bias", SpectralResidual(), CentreBias()])
def test_maps_of_a_model(pictures: PictureSet, saliency: object):
    model = make_saliency(saliency) if isinstance(saliency, str) else saliency
    assert torch.equal(load(saliency, pictures), model(pictures.pictures))


def test_maps_of_objects(pictures: PictureSet):
    masks = torch.zeros(6, 40, 40, dtype=torch.bool)
    masks[:, 10:20, 5:9] = True
    with_masks = PictureSet(pictures.pictures, pictures.labels, pictures.classes, masks)
    maps = load("mask", with_masks)
    assert torch.allclose(maps[masks], torch.tensor(1 / (40 + 0.01 * (1600 - 40))))
    assert torch.allclose(maps[~masks], torch.tensor(0.01 / (40 + 0.01 * (1600 - 40))))
    with pytest.raises(ValueError, match="saliency='mask' needs the masks"):
        picture_maps("mask", pictures)


def test_maps_in_one_array(pictures: PictureSet, tmp_path: Path):
    values = np.random.default_rng(0).random((6, 1, 40, 40)).astype(np.float32)
    np.save(tmp_path / "maps.npy", values)
    maps = load(str(tmp_path / "maps.npy"), pictures)
    assert np.allclose(maps, values[:, 0] / values.sum((1, 2, 3))[:, None, None], atol=1e-7)
    np.save(tmp_path / "few.npy", values[:4])
    with pytest.raises(ValueError, match="4 saliency maps for 6 pictures"):
        picture_maps(str(tmp_path / "few.npy"), pictures)


def test_maps_in_a_file_for_each_picture(pictures: PictureSet, tmp_path: Path):
    values = np.random.default_rng(0).random((6, 40, 40)).astype(np.float32)
    (tmp_path / "maps" / "ant").mkdir(parents=True)
    for i in range(6):
        np.save(tmp_path / "maps" / "ant" / f"{i}.npy", values[i])
    maps = load(str(tmp_path / "maps"), named(pictures, tmp_path))
    assert np.allclose(maps, values / values.sum((1, 2))[:, None, None], atol=1e-7)
    with pytest.raises(ValueError, match="these pictures have no names"):
        picture_maps(str(tmp_path / "maps"), pictures)
    (tmp_path / "maps" / "ant" / "3.npy").unlink()
    with pytest.raises(FileNotFoundError, match="1 of 6 pictures have no saliency map"):
        picture_maps(str(tmp_path / "maps"), named(pictures, tmp_path))


def test_other_values_are_refused(pictures: PictureSet):
    with pytest.raises(
        ValueError, match=r"saliency='spectral' is not known and no path; use one of 'uniform', .*'mask'"
    ):
        picture_maps("spectral", pictures)
    with pytest.raises(TypeError, match="saliency=3: give the name"):
        picture_maps(3, pictures)  # type: ignore[arg-type]


# --- the cache ---------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures the model has been given, call by call."""
    seen: list[int] = []
    original = SpectralResidual.__call__

    def call(self: SpectralResidual, pictures: torch.Tensor) -> torch.Tensor:
        seen.append(len(pictures))
        return original(self, pictures)

    monkeypatch.setattr(SpectralResidual, "__call__", call)
    return seen


def spectral(pictures: PictureSet) -> PictureMaps:
    return picture_maps("spectral-residual", pictures)


def test_maps_are_made_once(pictures: PictureSet, tmp_path: Path, counted: list[int]):
    first = spectral(pictures).load(tmp_path / "cache")
    again = spectral(pictures).load(tmp_path / "cache")
    assert torch.equal(first, spectral(pictures).load())
    assert torch.equal(again, first)
    assert counted == [6, 6]


def test_other_pictures_and_models_have_maps_of_their_own(pictures: PictureSet, tmp_path: Path, counted: list[int]):
    changed = pictures.pictures.clone()
    changed[3, 7, 7, 1] += 1
    other = PictureSet(changed, pictures.labels, pictures.classes)
    assert not torch.equal(spectral(pictures).load(tmp_path), spectral(other).load(tmp_path))
    picture_maps("centre-bias", pictures).load(tmp_path)
    assert counted == [6, 6]
    assert len(list(tmp_path.glob("*.npy"))) == 3


@pytest.mark.parametrize("suffix", ["npy", "json"])
def test_broken_maps_are_told_and_made_anew(pictures: PictureSet, tmp_path: Path, counted: list[int], suffix: str):
    first = spectral(pictures).load(tmp_path).clone()
    file = next(tmp_path.glob(f"*.{suffix}"))
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.warns(UserWarning, match="are made anew: "):
        assert torch.equal(spectral(pictures).load(tmp_path), first)
    assert torch.equal(spectral(pictures).load(tmp_path), first)
    assert counted == [6, 6]


@pytest.mark.parametrize(
    "text", ["{}", "5", "[]", '["a"]', "[" * 100_000], ids=["object", "number", "few", "text", "deep"]
)
def test_checksums_that_are_none_are_told(pictures: PictureSet, tmp_path: Path, text: str):
    first = spectral(pictures).load(tmp_path).clone()
    next(tmp_path.glob("*.json")).write_text(text)
    with pytest.warns(UserWarning, match="are made anew: "):
        assert torch.equal(spectral(pictures).load(tmp_path), first)


def test_maps_of_another_kind_are_told(pictures: PictureSet, tmp_path: Path):
    first = spectral(pictures).load(tmp_path).clone()
    file = next(tmp_path.glob("*.npy"))
    np.save(file, np.load(file).astype(np.float64))
    with pytest.warns(UserWarning, match="are made anew: it has float64 maps of shape"):
        assert torch.equal(spectral(pictures).load(tmp_path), first)


def test_no_byte_of_the_maps_can_change_unnoticed(pictures: PictureSet, tmp_path: Path):
    """But for those in the header of the array that say the same."""
    first = spectral(pictures).load(tmp_path).clone()
    file = next(tmp_path.glob("*.npy"))
    content = file.read_bytes()
    for place in [*range(0, 128, 5), *range(128, len(content), 4099)]:
        file.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert torch.equal(spectral(pictures).load(tmp_path), first)
        assert bool(caught) == (file.read_bytes() == content), "it was told and made anew"
        assert caught or place < 128


def test_a_full_disk_is_told_and_leaves_nothing_half(
    pictures: PictureSet, tmp_path: Path, files_of_at_most: Callable[[int], AbstractContextManager[None]]
):
    with files_of_at_most(2000), pytest.raises(OSError, match="File too large"):
        spectral(pictures).load(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_maps_without_their_checksums_are_made_anew(pictures: PictureSet, tmp_path: Path):
    first = spectral(pictures).load(tmp_path).clone()
    next(tmp_path.glob("*.json")).unlink()
    with pytest.warns(UserWarning, match="are made anew: "):
        assert torch.equal(spectral(pictures).load(tmp_path), first)
