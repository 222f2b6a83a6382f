import pickle
from pathlib import Path

import numpy as np
import pytest
from saccadeworld.envs.sources import load_picture_source
from saccadeworld.envs.sources.cifar100 import list_cifar100

FINE = [f"fine{i}" for i in range(100)]
COARSE = [f"coarse{i}" for i in range(20)]


def make(count: int, seed: int) -> tuple[np.ndarray, list[int], list[int]]:
    """Pictures (N, 32, 32, 3), fine and coarse labels."""
    numbers = np.random.default_rng(seed)
    fine = numbers.integers(0, 100, count).tolist()
    return numbers.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), fine, [label // 5 for label in fine]


def write_binary(folder: Path, split: str, count: int, seed: int = 0):
    """The published format: a coarse label, a fine label, then the red, green and blue planes, row after row."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, fine, coarse = made = make(count, seed)
    planes = (picture[..., channel].tobytes() for picture in pictures for channel in range(3))
    records = (bytes([c, f]) + next(planes) + next(planes) + next(planes) for c, f in zip(coarse, fine, strict=True))
    (folder / f"{split}.bin").write_bytes(b"".join(records))
    (folder / "fine_label_names.txt").write_text("\n".join(FINE) + "\n")
    (folder / "coarse_label_names.txt").write_text("\n".join(COARSE) + "\n")
    return made


def write_python(folder: Path, split: str, count: int, protocol: int, seed: int = 0):
    """The published format: dictionaries pickled with byte strings for keys, as Python 2 leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, fine, coarse = made = make(count, seed)
    data = pictures.transpose(0, 3, 1, 2).reshape(count, 3072)
    names = [f"{i}.png".encode() for i in range(count)]
    content = {b"filenames": names, b"batch_label": b"batch 1 of 1", b"fine_labels": fine, b"coarse_labels": coarse}
    (folder / split).write_bytes(pickle.dumps(content | {b"data": data}, protocol))
    meta = {b"fine_label_names": [n.encode() for n in FINE], b"coarse_label_names": [n.encode() for n in COARSE]}
    (folder / "meta").write_bytes(pickle.dumps(meta, protocol))
    return made


def load(source: str, split="train", **options):
    return load_picture_source(
        source, split=split, count=None, size=None, seed=0, clutter=None, device="cpu", **options
    )


def test_binary_version(tmp_path: Path):
    train = write_binary(tmp_path / "cifar-100-binary", "train", 7)
    test = write_binary(tmp_path / "cifar-100-binary", "test", 3, seed=1)
    for split, (pictures, fine, coarse) in (("train", train), ("test", test)):
        got = load(f"cifar100:{tmp_path}", split)
        assert np.array_equal(got.pictures.numpy(), pictures)
        assert got.labels.tolist() == fine
        assert got.classes == tuple(FINE)
        got = load(f"cifar100:{tmp_path}", split, labels="coarse")
        assert got.labels.tolist() == coarse
        assert got.classes == tuple(COARSE)


@pytest.mark.parametrize("protocol", [1, 2, 4])
def test_python_version(tmp_path: Path, protocol: int):
    pictures, fine, coarse = write_python(tmp_path / "cifar-100-python", "test", 5, protocol)
    for place in (tmp_path, tmp_path / "cifar-100-python"):
        got = load(f"cifar100:{place}", "test")
        assert np.array_equal(got.pictures.numpy(), pictures)
        assert got.labels.tolist() == fine
        assert load(f"cifar100:{place}", "test", labels="coarse").labels.tolist() == coarse


def test_missing_and_broken_files(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"train.bin and fine_label_names.txt .* train and meta there and in"):
        list_cifar100(tmp_path, "train")
    with pytest.raises(ValueError, match="labels='medium' is not known; use one of 'fine', 'coarse'"):
        list_cifar100(tmp_path, "train", labels="medium")  # pyright: ignore[reportArgumentType]
    write_binary(tmp_path, "train", 2)
    (tmp_path / "fine_label_names.txt").write_text("apple\nbear")
    with pytest.raises(ValueError, match=r"2 names for labels .* expected 100 fine classes"):
        list_cifar100(tmp_path, "train")
    (tmp_path / "train.bin").write_bytes(b"\0" * 3073)
    with pytest.raises(ValueError, match="not a multiple of 3074"):
        list_cifar100(tmp_path, "train")


def test_a_pickle_of_something_else(tmp_path: Path):
    write_python(tmp_path, "train", 2, 2)
    (tmp_path / "train").write_bytes(pickle.dumps({b"pictures": []}, 2))
    with pytest.raises(ValueError, match="is not CIFAR-100's"):
        list_cifar100(tmp_path, "train")
    content = {b"data": np.zeros((2, 3072), np.uint8), b"fine_labels": [1], b"coarse_labels": [1]}
    (tmp_path / "train").write_bytes(pickle.dumps(content, 2))
    with pytest.raises(ValueError, match=r"has 1 labels for 2 pictures of 'train': fetch it again"):
        list_cifar100(tmp_path, "train")
