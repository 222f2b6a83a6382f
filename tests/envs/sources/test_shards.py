from pathlib import Path

import numpy as np
import pytest
from saccadeworld.envs.sources.banks import Split
from saccadeworld.envs.sources.listing import read_all
from saccadeworld.envs.sources.shards import Shards, find_shards
from shard_files import encoded, members_of, picture, write_shards, write_tar


def read(shards: Shards, size: int = 12) -> tuple[list[int], list[str], np.ndarray, list[tuple[str, str]]]:
    """Labels, names and pictures of all shards, and what was left out."""
    sets = [shards.listing(place, Path(place)) for place in shards.places]
    left = [(Path(skipped.path).name, skipped.reason) for listing in sets for skipped in listing.skipped]
    pictures = [read_all(listing, size) for listing in sets if len(listing)]
    labels = [label for part in pictures for label in part.labels.tolist()]
    names = [name for part in pictures for name in part.names]
    return labels, names, np.concatenate([part.pictures.numpy() for part in pictures]), left


def test_samples_in_their_order(tmp_path: Path):
    labels, names, pictures, left = read(find_shards(write_shards(tmp_path), "train"))
    assert labels == [i % 3 for i in range(15)]
    assert names == [f"{tmp_path}/train-{i // 5:03d}.tar/{i:05d}.png" for i in range(15)]
    assert np.array_equal(pictures, np.stack([picture(i) for i in range(15)]))
    assert left == []


def test_shards_that_webdataset_writes(tmp_path: Path):
    webdataset = pytest.importorskip("webdataset")
    with webdataset.TarWriter(str(tmp_path / "train-0.tar")) as writer:
        for i in range(4):
            writer.write({"__key__": f"folder/sample{i}é", "png": picture(i), "cls": i, "json": {"label": 9}})
        writer.write({"__key__": "x" * 150, "jpg": picture(4), "json": {"label": 2, "width": 12}})
    labels, names, pictures, left = read(find_shards(f"{tmp_path}/train-0.tar", "train"))
    assert labels == [0, 1, 2, 3, 2]
    assert names[3] == f"{tmp_path}/train-0.tar/folder/sample3é.png"
    assert np.array_equal(pictures[:4], np.stack([picture(i) for i in range(4)]))
    assert left == []
    samples = webdataset.WebDataset(f"{tmp_path}/train-0.tar", shardshuffle=False)
    theirs = [(sample["__key__"], sample["cls"]) for sample in samples if "cls" in sample]
    assert theirs == [(f"folder/sample{i}é", str(i).encode()) for i in range(4)]


@pytest.mark.parametrize(
    ("pattern", "train", "test"),
    [
        ("{train-{0..1},val-{0..0}}.tar", "train-0 train-1", "val-0"),
        ("imagenet-{training,validation}.tar", "imagenet-training", "imagenet-validation"),
        ("{train,test}/{0..1}.tar", "train/0 train/1", "test/0 test/1"),
        ("test/a_train_{0,1}.tar", "test/a_train_0 test/a_train_1", None),
    ],
)
def test_splits_by_names_of_shards(tmp_path: Path, pattern: str, train: str, test: str | None):
    for name in f"{train} {test or ''}".split():
        write_tar(tmp_path / f"{name}.tar", members_of(range(1)))
    for split, names in (("train", train), ("test", test)):
        if names is None:
            with pytest.raises(ValueError, match=r"no shards to test on: name those of both splits, such as \{train-"):
                find_shards(f"{tmp_path}/{pattern}", split)
        else:
            found = find_shards(f"{tmp_path}/{pattern}", split)
            assert found.places == tuple(f"{tmp_path}/{name}.tar" for name in names.split())


def test_splits_by_a_hash_of_the_key_where_names_tell_nothing(tmp_path: Path):
    """A fifth is for testing, whatever shards the samples are in."""

    def keys(folder: Path, shards: int, each: int, split: Split) -> set[str]:
        found = find_shards(write_shards(folder, "part", shards, each), split)
        return {Path(name).name for name in read(found)[1]}

    train, test = (keys(tmp_path / "a", 4, 50, split) for split in ("train", "test"))
    assert not train & test
    assert len(train | test) == 200
    assert 20 < len(test) < 60
    assert test == keys(tmp_path / "b", 2, 100, "test")


@pytest.mark.filterwarnings("ignore:.*files skipped")
def test_names_of_classes(tmp_path: Path):
    (tmp_path / "names").write_text("ant\nbée\n cat \n", encoding="utf-8")
    members = {"a.png": encoded(picture(0)), "a.cls": "bée".encode(), "b.png": encoded(picture(1)), "b.cls": b"2\n"}
    pattern = str(write_tar(tmp_path / "train.tar", members))
    named = find_shards(pattern, "train", classes=str(tmp_path / "names"))
    labels, _, _, _ = read(named)
    assert labels == [1, 2]
    assert named.classes(np.array(labels)) == ("ant", "bée", "cat")
    assert find_shards(pattern, "train").classes(np.array([0, 2])) == ("0", "1", "2")
    (tmp_path / "names").write_text("ant\ncat\nbee")
    labels, _, _, left = read(find_shards(pattern, "train", classes=str(tmp_path / "names")))
    assert (labels, left) == ([2], [("a", "its class 'bée' is not among the 3 in the file of classes")])
    for content, message in (("ant\nant\n", "2 lines, 1 of them different"), ("", "0 lines"), ("\xff", "not a text")):
        (tmp_path / "names").write_bytes(content.encode("latin1"))
        with pytest.raises(ValueError, match=message):
            find_shards(pattern, "train", classes=str(tmp_path / "names"))
    with pytest.raises(ValueError, match="labelled=False reads none: leave one out"):
        find_shards(pattern, "train", classes=str(tmp_path / "names"), labelled=False)


def test_pictures_without_classes(tmp_path: Path):
    pattern = str(write_tar(tmp_path / "train.tar", {"a.png": encoded(picture(0)), "b.png": encoded(picture(1))}))
    shards = find_shards(pattern, "train", labelled=False)
    labels, _, _, left = read(shards)
    assert (labels, left, shards.classes(np.array(labels))) == ([-1, -1], [], ())


GOOD = encoded(picture(0))
BAD = {
    "no class": ({"x.png": GOOD}, "has no class, KEY.cls or KEY.json; labelled=False reads pictures without"),
    "a negative class": ({"x.png": GOOD, "x.json": b"-1"}, "its class -1 is not from 0 to 99999"),
    "a huge class": ({"x.png": GOOD, "x.cls": b"999999999"}, "its class 999999999 is not from 0 to 99999"),
    "a name": ({"x.png": GOOD, "x.cls": b"cat"}, "its class is the name 'cat', no number: list the names"),
    "no number": ({"x.png": GOOD, "x.json": b'{"label": true}'}, "x.json holds no class"),
    "another field": ({"x.png": GOOD, "x.json": b'{"klass": 1}'}, "x.json holds no class"),
    "no JSON": ({"x.png": GOOD, "x.json": b"{"}, "its class cannot be read"),
    "nested JSON": ({"x.png": GOOD, "x.json": b"[" * 100_000}, "its class cannot be read"),
    "no text": ({"x.png": GOOD, "x.cls": b"\xff"}, "its class cannot be read"),
    "a long class": ({"x.png": GOOD, "x.cls": bytes(2**20 + 1)}, "its class has 1048577 bytes"),
    "a way out": ({"../x.png": GOOD, "../x.cls": b"1"}, "is no name that leads downwards"),
    "a path": ({"/etc/x.png": GOOD, "/etc/x.cls": b"1"}, "is no name that leads downwards"),
    "a line break": ({"x\n.png": GOOD, "x\n.cls": b"1"}, "is no name that leads downwards"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.filterwarnings("ignore:.*files skipped")
def test_bad_samples_are_left_out_and_named(tmp_path: Path, bad: str):
    members, message = BAD[bad]
    pattern = write_tar(tmp_path / "train.tar", members_of(range(2)) | members | members_of(range(2, 3)))
    labels, _, _, left = read(find_shards(str(pattern), "train"))
    assert labels == [0, 1, 2]
    assert [name for name, _ in left] == ["'x\\n'" if bad == "a line break" else "x"]
    assert message in left[0][1]


@pytest.mark.filterwarnings("ignore:.*files skipped")
def test_a_picture_of_too_many_bytes_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("saccadeworld.envs.sources.shards._LARGEST_PICTURE", 5000)
    pattern = write_tar(tmp_path / "train.tar", members_of(range(2)) | {"x.png": bytes(5001), "x.cls": b"1"})
    left = read(find_shards(str(pattern), "train"))[3]
    assert left == [("x", "its picture has 5001 bytes: pictures have at most 5000")]


def test_what_belongs_to_no_picture_is_passed_over(tmp_path: Path):
    members = {
        "README": b"",
        ".hidden": b"",
        "a.cls": b"1",
        "b.flac": b"",
        "c.PNG": GOOD,
        "c.CLS": b"2",
        "c.jpg": b"no",
    }
    pattern = write_tar(tmp_path / "train.tar", members)
    assert read(find_shards(str(pattern), "train"))[:2] == ([2], [f"{pattern}/c.PNG"])


def test_the_fingerprint_follows_shards_here_and_options(tmp_path: Path):
    pattern = write_shards(tmp_path)
    (tmp_path / "names").write_text("a\nb\nc")
    prints = [
        find_shards(pattern, "train").fingerprint(),
        find_shards(pattern, "train", labelled=False).fingerprint(),
        find_shards(pattern, "train", classes=str(tmp_path / "names")).fingerprint(),
        find_shards("http://127.0.0.1/train-{0..3}.tar", "train").fingerprint(),
        find_shards("http://127.0.0.1/train-{0..4}.tar", "train").fingerprint(),
    ]
    assert find_shards(pattern, "train").fingerprint() == prints[0]
    write_tar(tmp_path / "train-001.tar", members_of(range(1)))
    assert len({*prints, find_shards(pattern, "train").fingerprint()}) == 6


@pytest.mark.parametrize(
    ("pattern", "error", "message"),
    [
        ("train-{0..3}.tar", FileNotFoundError, "4 of 4 shards are not there: train-0.tar"),
        ("pipe:cat train.tar", ValueError, "is at no path and no http:// or https:// address: nothing else is read"),
        ("s3://bucket/train-{0..3}.tar", ValueError, "nothing else is read"),
        ("file:///etc/passwd", ValueError, "nothing else is read"),
        ("{train-0,1}.tar", ValueError, "named by their split, but for '1.tar': name it too"),
        ("val-{0..3}.tar", ValueError, "no shards to train on"),
        ("train-{0..3.tar", ValueError, "opens a brace"),
    ],
)
def test_patterns_that_lead_nowhere(pattern: str, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        find_shards(pattern, "train")


def test_a_damaged_shard_names_itself_and_the_place(tmp_path: Path):
    shards = find_shards(write_shards(tmp_path), "train")
    path = tmp_path / "train-001.tar"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match=r"the shard .*train-001.tar cannot be read: it was cut short.*'0000\d\."):
        shards.listing(str(path), path)


def test_decompression_bombs_in_shards_are_left_out(tmp_path: Path):
    bomb = b"P6 100000 100000 255\n"
    members = members_of(range(1)) | {"x.ppm": bomb, "x.cls": b"1", "y.png": b"", "y.cls": b"1"}
    pattern = write_tar(tmp_path / "train.tar", members)
    listing = find_shards(str(pattern), "train").listing("place", pattern)
    with pytest.warns(UserWarning, match=r"place: 2 files skipped: place/x.ppm \(.* exceeds limit"):
        found = read_all(listing, 12)
    assert [("limit" in s.reason, "empty" in s.reason) for s in found.skipped] == [(True, False), (False, True)]
    assert len(found.pictures) == 1
