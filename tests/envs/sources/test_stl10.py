from pathlib import Path

import numpy as np
import pytest
import saccadeworld as sw
from PIL import Image
from saccadeworld import make_world
from saccadeworld.envs.sources import load_picture_source
from saccadeworld.envs.sources.stl10 import list_stl10
from saccadeworld.envs.tasks.recognition import Recognition
from saccadeworld.seqjepa.evaluation import EvaluationConfig, evaluate

CLASSES = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]


def write_stl10(folder: Path, **counts: int) -> dict[str, np.ndarray]:
    """The published format: byte after byte the red plane, its first column from top to bottom, and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {}
    for seed, (part, count) in enumerate(counts.items()):
        pictures[part] = np.random.default_rng(seed).integers(0, 256, (count, 96, 96, 3), dtype=np.uint8)
        stream = bytearray()
        for picture in pictures[part]:
            for channel in range(3):
                for column in range(96):
                    stream += picture[:, column, channel].tobytes()
        (folder / f"{part}_X.bin").write_bytes(stream)
        if part != "unlabeled":
            (folder / f"{part}_y.bin").write_bytes(bytes(i % 10 + 1 for i in range(count)))
    (folder / "class_names.txt").write_text("\n".join(CLASSES))
    return pictures


def load(source: str, split="train", size=None, **options):
    return load_picture_source(
        source, split=split, count=None, size=size, seed=0, clutter=None, device="cpu", **options
    )


def test_pictures_labels_and_splits(tmp_path: Path):
    pictures = write_stl10(tmp_path / "stl10_binary", train=12, test=3)
    for place in (tmp_path, tmp_path / "stl10_binary"):
        train, test = load(f"stl10:{place}"), load(f"stl10:{place}", "test")
        assert np.array_equal(train.pictures.numpy(), pictures["train"])
        assert np.array_equal(test.pictures.numpy(), pictures["test"])
        assert train.labels.tolist() == [*range(10), 0, 1]
        assert train.classes == test.classes == tuple(CLASSES)


def test_unlabelled_pictures_are_for_training(tmp_path: Path):
    pictures = write_stl10(tmp_path, unlabeled=4)
    world = make_world("images", f"stl10:{tmp_path}", labelled=False)
    assert np.array_equal(world.pictures.numpy(), pictures["unlabeled"])
    assert world.labels.tolist() == [-1] * 4
    assert world.classes == ()
    with pytest.raises(ValueError, match="recognition needs classes, and these scenes have no labels"):
        Recognition(world)
    with pytest.raises(ValueError, match="these worlds have no classes to score"):
        evaluate(sw.SeqJEPA(world.action_dim, encoder="small"), world, world, EvaluationConfig())
    with pytest.raises(ValueError, match="labelled=False gives pictures to train on"):
        make_world("images", f"stl10:{tmp_path}", split="test", labelled=False)


def test_another_size_is_resampled(tmp_path: Path):
    pictures = write_stl10(tmp_path, train=1)["train"]
    small = load(f"stl10:{tmp_path}", size=48).pictures[0].numpy()
    expected = np.asarray(Image.fromarray(pictures[0]).resize((48, 48), Image.Resampling.LANCZOS))
    assert np.abs(small.astype(int) - expected).max() <= 1


def test_missing_and_broken_files(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"holds no test_X.bin, test_y.bin, class_names.txt, nor in its folder"):
        list_stl10(tmp_path, "test")
    write_stl10(tmp_path, train=2)
    with pytest.raises(FileNotFoundError, match=r"unlabeled_X.bin.*what is there: class_names.txt, train_X.bin"):
        list_stl10(tmp_path, "train", labelled=False)
    (tmp_path / "train_y.bin").write_bytes(bytes([1, 11]))
    with pytest.raises(ValueError, match="labels from 1 to 11, not 1 to 10"):
        list_stl10(tmp_path, "train")
    (tmp_path / "train_y.bin").write_bytes(bytes([1]))
    with pytest.raises(ValueError, match="1 labels for 2 pictures"):
        list_stl10(tmp_path, "train")
    with (tmp_path / "train_X.bin").open("ab") as stream:
        stream.write(b"\0")
    with pytest.raises(ValueError, match="not a multiple of 27648"):
        list_stl10(tmp_path, "train")
