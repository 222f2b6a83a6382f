import os
import warnings
from collections import Counter
from pathlib import Path

import pytest
from saccadeworld.envs.sources.banks import Split
from saccadeworld.envs.sources.splits import Instances, find_instances, walk_files

TYPES = {".obj", ".png"}


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(found: Instances) -> list[str]:
    return [item.name for item in found.items]


def both(folder: Path, **options: float) -> tuple[set[str], set[str]]:
    train, test = (set(names(find_instances(folder, TYPES, split, **options))) for split in ("train", "test"))
    return train, test


def write_index(folder: Path, *rows: str, header: str = "path,label,class,split") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.csv").write_text("\n".join((header, *rows)) + "\n")


# --- by hash -----------------------------------------------------------------------------------------------------


def test_hash_splits_are_a_partition_of_about_the_fraction(tmp_path: Path):
    touch(tmp_path, *(f"{c}/{i}.png" for c in "ab" for i in range(1000)))
    train, test = both(tmp_path, test_fraction=0.3)
    assert train.isdisjoint(test)
    assert len(train | test) == 2000
    assert 535 < len(test) < 665  # 600 expected, standard deviation 20
    per_class = Counter(name[0] for name in test)
    assert min(per_class.values()) > 235


def test_adding_files_moves_no_others(tmp_path: Path):
    touch(tmp_path, *(f"a/{i}.png" for i in range(50)))
    train, test = both(tmp_path)
    touch(tmp_path, *(f"a/new{i}.png" for i in range(50)), "b/0.png", "b/1.png")
    more_train, more_test = both(tmp_path)
    assert train <= more_train
    assert test <= more_test


def test_split_is_pinned_for_good(tmp_path: Path):
    """A change of the hash would leak training instances of older runs into the test split.

    `printf a/2 | sha256sum` and so on: the first byte is below 0.2 * 256 for these.
    """
    touch(tmp_path, *(f"a/{i}.png" for i in range(20)))
    assert both(tmp_path)[1] == {"a/2.png", "a/3.png", "a/18.png"}


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_two_instances_give_one_to_each_split(tmp_path: Path, fraction: float):
    touch(tmp_path, *(f"class{c}/{i}.png" for c in range(30) for i in range(2)))
    train, test = both(tmp_path, test_fraction=fraction)
    assert {name.split("/")[0] for name in train} == {name.split("/")[0] for name in test}
    assert len(train) == len(test) == 30


def test_single_instance_is_for_training_and_reported(tmp_path: Path):
    touch(tmp_path, "many/0.png", "many/1.png", "one/0.png")
    train = find_instances(tmp_path, TYPES, "train")
    assert "one/0.png" in names(train)
    with pytest.warns(UserWarning, match="1 of 2 classes have no instance to test on: one"):
        test = find_instances(tmp_path, TYPES, "test")
    assert test.classes == train.classes == ("many", "one")


def test_one_model_in_two_formats_is_one_instance(tmp_path: Path):
    touch(tmp_path, *(f"a/{i}.{s}" for i in range(40) for s in ("obj", "png")))
    train, test = both(tmp_path)
    assert {Path(n).stem for n in train}.isdisjoint(Path(n).stem for n in test)
    assert test


def test_models_in_folders_of_their_own_hidden_files_and_other_types(tmp_path: Path):
    touch(tmp_path, "chair/one/model.obj", "chair/two/deep/model.OBJ", "chair/one/model.mtl", "chair/._x.obj")
    touch(tmp_path, ".git/x.obj", "table/a.obj", "table/b.obj", "README.md")
    train, test = both(tmp_path)
    assert train | test == {"chair/one/model.obj", "chair/two/deep/model.OBJ", "table/a.obj", "table/b.obj"}
    assert find_instances(tmp_path, TYPES, "train").classes == ("chair", "table")


def test_folder_without_class_folders_is_one_class(tmp_path: Path):
    touch(tmp_path / "holiday", *(f"{i}.png" for i in range(10)))
    found = find_instances(tmp_path / "holiday", TYPES, "train")
    assert found.classes == ("holiday",)
    assert found.items[0].path == tmp_path / "holiday" / found.items[0].name


def test_loose_files_beside_class_folders_are_listed(tmp_path: Path):
    touch(tmp_path, "a/0.png", "a/1.png", "cover.png")
    found = find_instances(tmp_path, TYPES, "train")
    assert [(Path(s.path).name, s.reason) for s in found.skipped] == [("cover.png", "lies in no class folder")]
    assert found.classes == ("a",)


def test_links_are_followed_but_not_round_in_circles(tmp_path: Path):
    touch(tmp_path / "store", "0.png", "1.png")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "loop").symlink_to(tmp_path / "store")
    train, test = both(tmp_path / "tree")
    assert train | test == {"a/0.png", "a/1.png"}


# --- split folders -----------------------------------------------------------------------------------------------


def test_train_and_test_folders_on_top(tmp_path: Path):
    touch(tmp_path, "train/a/0.png", "train/b/1.png", "test/a/2.png", "test/b/3.png", "val/a/4.png", "test/5.png")
    assert both(tmp_path) == ({"train/a/0.png", "train/b/1.png"}, {"test/a/2.png", "test/b/3.png"})
    found = find_instances(tmp_path, TYPES, "train")
    assert found.classes == ("a", "b")
    assert [Path(s.path).name for s in found.skipped] == ["5.png", "4.png"]


def test_train_and_test_folders_inside_classes(tmp_path: Path):
    touch(tmp_path, "chair/train/0.obj", "chair/test/1.obj", "bed/train/2.obj", "bed/test/3.obj")
    assert both(tmp_path) == ({"chair/train/0.obj", "bed/train/2.obj"}, {"chair/test/1.obj", "bed/test/3.obj"})
    assert find_instances(tmp_path, TYPES, "test").classes == ("bed", "chair")


def test_a_class_may_be_called_train(tmp_path: Path):
    touch(tmp_path, "bus/0.png", "bus/1.png", "train/0.png", "train/1.png")
    assert find_instances(tmp_path, TYPES, "test").classes == ("bus", "train")


def test_val_stands_in_for_test(tmp_path: Path):
    touch(tmp_path, "train/a/0.png", "train/b/1.png", "val/a/2.png", "val/b/3.png", "val/4.png")
    assert both(tmp_path) == ({"train/a/0.png", "train/b/1.png"}, {"val/a/2.png", "val/b/3.png"})
    found = find_instances(tmp_path, TYPES, "test")
    assert found.classes == ("a", "b")
    assert [(Path(s.path).name, s.reason) for s in found.skipped] == [
        ("4.png", "lies in no class folder in train or val")
    ]


@pytest.mark.parametrize("others", [[], ["valid/a/0.png"]])
def test_train_without_test_is_no_class(tmp_path: Path, others: list[str]):
    touch(tmp_path, "train/a/0.png", *others)
    with pytest.raises(ValueError, match=r"holds the folders train.*: give it one named 'test' or 'val' as well"):
        find_instances(tmp_path, TYPES, "train")


# --- by index ----------------------------------------------------------------------------------------------------


def test_index_in_the_folder_and_in_its_parent_agree(tmp_path: Path):
    touch(tmp_path, "set/a/0.png", "set/a/1.png", "set/b/2.png", "set/b/3.png", "other/a/4.png")
    rows = ("set/a/0.png,0,ant,train", "set/a/1.png,0,ant,test", "set/b/2.png,1,bee,train", "set/b/3.png,1,bee,test")
    write_index(tmp_path, *rows, "other/a/4.png,2,cow,train")
    inner = find_instances(tmp_path / "set", TYPES, "train")
    assert names(inner) == ["a/0.png", "b/2.png"]
    assert inner.classes == ("ant", "bee")
    outer = find_instances(tmp_path, TYPES, "train")
    assert names(outer) == ["other/a/4.png", "set/a/0.png", "set/b/2.png"]
    assert outer.classes == ("ant", "bee", "cow")
    assert all(item.path.is_file() for item in (*inner.items, *outer.items))


def test_index_of_a_parent_is_found_from_inside_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touch(tmp_path, "set/a/0.png", "set/a/1.png")
    write_index(tmp_path, "set/a/0.png,0,a,test", "set/a/1.png,0,a,train")
    monkeypatch.chdir(tmp_path / "set")
    assert names(find_instances(".", TYPES, "test")) == ["a/0.png"]


@pytest.mark.filterwarnings("ignore:.*no instance to train on")
def test_labels_alone_name_the_classes_in_numerical_order(tmp_path: Path):
    touch(tmp_path, *(f"{i}.png" for i in range(12)))
    rows = [f"{i}.png,{i},{'test' if i == 2 else 'train'}" for i in range(12)]
    write_index(tmp_path, *rows, header="\ufeffpath,label,split")
    assert find_instances(tmp_path, TYPES, "train").classes == tuple(str(i) for i in range(12))


def test_files_outside_the_index_and_of_other_types_are_skipped(tmp_path: Path):
    touch(tmp_path, "a/0.png", "a/1.png", "a/2.psd", "a/3.png")
    write_index(tmp_path, "a/0.png,0,a,train", "a/1.png,0,a,test", "a/2.psd,0,a,train")
    found = find_instances(tmp_path, TYPES, "train")
    assert names(found) == ["a/0.png"]
    assert {Path(s.path).name for s in found.skipped} == {"2.psd", "3.png"}


def test_index_of_neighbours_only_is_passed_over(tmp_path: Path):
    touch(tmp_path, "set/a/0.png", "set/a/1.png", "other/4.png")
    write_index(tmp_path, "other/4.png,2,cow,train")
    train, test = both(tmp_path / "set")
    assert len(train) == len(test) == 1


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("path,class", "a/0.png,a", "has the columns path, class; expected path, split"),
        ("path,split", "a/0.png,train", "class or label"),
        ("path,class,split", "a/0.png,a,val", "row 2: unknown split 'val'"),
        ("path,class,split", "a/0.png,,train", "row 2: no class"),
        ("path,class,split", "../a/0.png,a,train", "does not lead"),
        ("path,class,split", "a/0.png,a,train\na/0.png,a,test", "row 3: 'a/0.png' is listed twice"),
        ("path,class,split", "a/0.png", "row 2: unknown split ''"),
    ],
)
def test_bad_index(tmp_path: Path, header: str, row: str, message: str):
    touch(tmp_path, "a/0.png")
    write_index(tmp_path, row, header=header)
    with pytest.raises(ValueError, match=message):
        find_instances(tmp_path, TYPES, "train")


def test_index_that_is_no_text(tmp_path: Path):
    touch(tmp_path, "a/0.png")
    (tmp_path / "index.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a CSV file"):
        find_instances(tmp_path, TYPES, "train")


def test_listed_files_that_do_not_exist(tmp_path: Path):
    touch(tmp_path, "a/0.png")
    write_index(tmp_path, "a/0.png,0,a,train", *(f"a/gone{i}.png,0,a,test" for i in range(7)))
    with pytest.raises(FileNotFoundError, match=r"lists 7 files that do not exist: a/gone0.png.* and 2 more"):
        find_instances(tmp_path, TYPES, "train")


# --- bad folders and arguments -----------------------------------------------------------------------------------


def test_missing_empty_and_useless_folders(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        find_instances(tmp_path / "none", TYPES, "train")
    with pytest.raises(NotADirectoryError, match="is a file"):
        find_instances(touch(tmp_path, "x.png") / "x.png", TYPES, "train")
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"holds no usable file: expected \.obj, \.png"):
        find_instances(tmp_path / "empty", TYPES, "train")
    with pytest.raises(FileNotFoundError, match="none"):
        list(walk_files(tmp_path / "none"))
    with pytest.raises(ValueError, match="none in the split 'test'"):
        find_instances(touch(tmp_path / "single", "a/0.png"), TYPES, "test")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_folder(tmp_path: Path):
    touch(tmp_path, "a/0.png", "b/1.png")
    (tmp_path / "b").chmod(0)
    with pytest.raises(PermissionError):
        find_instances(tmp_path, TYPES, "train")


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, float("nan")])
def test_bad_fraction(tmp_path: Path, fraction: float):
    with pytest.raises(ValueError, match="test_fraction"):
        find_instances(tmp_path, TYPES, "train", fraction)


def test_bad_split(tmp_path: Path):
    with pytest.raises(ValueError, match="split='val' is not known; use one of 'train', 'test'"):
        find_instances(tmp_path, TYPES, "val")  # pyright: ignore[reportArgumentType]


# --- real data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["images", "images/caltech20"])
def test_real_pictures(place: str):
    root = os.environ.get("SACCADEWORLD_DATA")
    if root is None or not (Path(root) / place).is_dir():
        pytest.skip("SACCADEWORLD_DATA names no folder with real data")
    counts = {}
    splits: tuple[Split, ...] = ("train", "test")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for split in splits:
            found = find_instances(Path(root) / place, {".jpg"}, split)
            counts[split] = Counter(item.label for item in found.items)
            assert all(found.classes[item.label] == item.path.parent.name for item in found.items)
            assert not found.skipped
    assert counts["train"] == dict.fromkeys(range(20), 30)
    assert counts["test"] == dict.fromkeys(range(20), 10)
