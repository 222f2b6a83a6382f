"""ImageNet and Tiny ImageNet."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from saccadeworld import make_world
from saccadeworld.envs.sources.imagenet import list_imagenet
from saccadeworld.envs.sources.tiny_imagenet import list_tiny_imagenet

WNIDS = ["n02124075", "n01443537", "n04067472"]  # not sorted, as published
WORDS = "n01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\nn04067472\treel\nn00001740\tentity\n"


def save(path: Path, level: int, side: tuple[int, int] = (64, 64)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", side, (level, 255 - level, 0)).save(path, "JPEG", quality=95)


def levels(pictures) -> list[int]:
    """The red level of each picture, to the nearest ten."""
    return [round(level / 10) * 10 for level in pictures[..., 0].float().mean((1, 2)).tolist()]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    root = tmp_path / "tiny-imagenet-200"
    for i, wnid in enumerate(WNIDS):
        for k in range(2):
            save(root / "train" / wnid / "images" / f"{wnid}_{k}.JPEG", 100 * i + 10 * k)
        (root / "train" / wnid / f"{wnid}_boxes.txt").write_text(f"{wnid}_0.JPEG\t0\t0\t62\t62\n")
    lines = [f"val_{k}.JPEG\t{WNIDS[k % 3]}\t0\t32\t44\t62" for k in range(5)]
    for k in range(5):
        save(root / "val" / "images" / f"val_{k}.JPEG", 40 * k)
        save(root / "test" / "images" / f"test_{k}.JPEG", 0)
    (root / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n")
    (root / "wnids.txt").write_text("\n".join(WNIDS))
    (root / "words.txt").write_text(WORDS)
    return root


def test_tiny_imagenet(tiny: Path):
    for place in (tiny, tiny.parent):
        train = make_world("images", f"tiny-imagenet:{place}")
        test = make_world("images", f"tiny-imagenet:{place}", split="test")
        assert train.classes == test.classes == ("Egyptian cat", "goldfish", "reel")
        assert train.pictures.shape == (6, 64, 64, 3)
        assert list(zip(levels(train.pictures), train.labels.tolist(), strict=True)) == [
            *((100, 1), (110, 1)),
            *((0, 0), (10, 0)),
            *((200, 2), (210, 2)),
        ]
        assert levels(test.pictures) == [0, 40, 80, 120, 160]
        assert test.labels.tolist() == [0, 1, 2, 0, 1]


def test_broken_tiny_imagenet(tiny: Path):
    notes = tiny / "val" / "val_annotations.txt"
    notes.write_text("val_0.JPEG\tn99999999\t0\t0\t1\t1\n")
    with pytest.raises(ValueError, match=r"line 1: 'val_0.JPEG.*does not name a picture and a class of wnids.txt"):
        list_tiny_imagenet(tiny, "test")
    notes.write_text("../../../etc/passwd\tn01443537\t0\t0\t1\t1\n")
    with pytest.raises(ValueError, match="does not name a picture"):
        list_tiny_imagenet(tiny, "test")
    (tiny / "words.txt").write_bytes(b"n02124075\t\xff\n")
    with pytest.raises(ValueError, match=r"words.txt is not a text in UTF-8"):
        list_tiny_imagenet(tiny, "train")
    (tiny / "words.txt").write_text(WORDS)
    (tiny / "train").rename(tiny / "elsewhere")
    (tiny / "train").mkdir()
    with pytest.raises(FileNotFoundError, match=r"train holds no pictures: looked for n02124075/images"):
        list_tiny_imagenet(tiny, "train")
    (tiny / "words.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"holds no words.txt"):
        list_tiny_imagenet(tiny, "train")


@pytest.fixture
def imagenet(tmp_path: Path) -> Path:
    """Made in an order that is not that of the ids; the class n03126707 has no validation pictures."""
    root = tmp_path / "imagenet"
    for i, wnid in enumerate(("n03126707", "n01440764", "n02012849")):
        for k in range(2):
            save(root / "train" / wnid / f"{wnid}_{k}.JPEG", 100 * i + 10 * k, (90, 70))
        if i:
            save(root / "val" / wnid / "ILSVRC2012_val_00000001.JPEG", 100 * i + 30)
    (root / "train" / "notes").mkdir()
    return root


def test_imagenet_in_the_order_of_ids_for_both_splits(imagenet: Path):
    with pytest.warns(UserWarning, match="notes .is no folder named by a WordNet id"):
        train = make_world("images", f"imagenet:{imagenet}", size=32)
    test = make_world("images", f"imagenet:{imagenet}", split="test", size=32)
    assert train.classes == test.classes == ("n01440764", "n02012849", "n03126707")
    assert levels(train.pictures) == [100, 110, 200, 210, 0, 10]
    assert train.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert (levels(test.pictures), test.labels.tolist()) == ([130, 230], [0, 1])
    assert make_world("images", f"imagenet:{imagenet}", split="test").pictures.shape[1] == 224


@pytest.mark.parametrize("where", [".", ".."])
def test_readable_names(imagenet: Path, where: str):
    """One of each of two classes called crane keeps its id, as ImageNet has them."""
    lines = ["n01440764 tench, Tinca tinca", "n02012849 crane", "n03126707 crane, construction crane"]
    (imagenet / where / "LOC_synset_mapping.txt").write_text("\n".join(lines))
    assert list_imagenet(imagenet, "test").classes == ("tench", "crane (n02012849)", "crane (n03126707)")


def test_imagenet_that_is_not_sorted_into_classes(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="holds no val"):
        list_imagenet(tmp_path, "test")
    save(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG", 0)
    with pytest.raises(FileNotFoundError, match="no pictures in folders named by WordNet ids"):
        list_imagenet(tmp_path, "test")


def test_pictures_that_cannot_be_read_are_named(tiny: Path):
    bad = tiny / "train" / WNIDS[1] / "images" / f"{WNIDS[1]}_0.JPEG"
    bad.write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="1 files skipped"):
        world = make_world("images", f"tiny-imagenet:{tiny}")
    assert [entry.path for entry in world.skipped] == [str(bad)]
    assert world.labels.tolist() == [1, 0, 0, 2, 2]
    assert np.array_equal(levels(world.pictures), [110, 0, 10, 200, 210])
