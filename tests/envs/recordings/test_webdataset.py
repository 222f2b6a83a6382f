import io
import json
import os
import pickle
import tarfile

import numpy as np
import pytest
from reading import KINDS, assert_reads, count_refusals
from saccadeworld.envs.recordings.webdataset import WebDatasetReader, write_webdataset

webdataset = pytest.importorskip("webdataset")


def read(folder) -> list[dict]:
    """As webdataset reads shards."""
    shards = [str(path) for path in sorted(folder.iterdir())]
    return list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode())


def test_webdataset_reads_a_sample_for_every_episode(tmp_path, searches):
    write_webdataset(tmp_path / "shards", searches, 10**9)
    samples = read(tmp_path / "shards")
    episodes = [(chunk, rows) for chunk in searches for rows in chunk.episode_slices()]
    assert [sample["__key__"] for sample in samples] == [f"{i:012}" for i in range(len(episodes))]
    for sample, (chunk, rows) in zip(samples, episodes, strict=True):
        assert sample["json"].keys() == {"rows", "episode_idx", "label", "scene", "seed"}
        assert sample["json"]["rows"] == rows.stop - rows.start
        for name in ("episode_idx", "label", "scene", "seed"):
            assert sample["json"][name] == chunk.columns[name][rows.start]
        assert sample["cls"] == sample["json"]["label"]
        arrays = {name.removesuffix(".npy"): value for name, value in sample.items() if name.endswith(".npy")}
        assert arrays.keys() == chunk.columns.keys() - {"episode_idx", "label", "scene", "seed", "step_idx"}
        for name, value in arrays.items():
            assert value.dtype == chunk.columns[name].dtype
            assert np.array_equal(value, chunk.columns[name][rows], equal_nan=value.dtype.kind == "f")


def test_no_shard_is_larger_than_it_may_be(tmp_path, rollouts):
    write_webdataset(tmp_path / "shards", rollouts, 40_000)
    shards = sorted((tmp_path / "shards").iterdir())
    assert [path.name for path in shards] == [f"{i:06}.tar" for i in range(len(shards))]
    assert 2 < len(shards) < 10
    assert max(path.stat().st_size for path in shards) <= 40_000
    assert [sample["json"]["episode_idx"] for sample in read(tmp_path / "shards")] == list(range(10))


def test_a_sample_that_is_larger_is_a_shard_of_its_own(tmp_path, rollouts):
    write_webdataset(tmp_path / "shards", rollouts, 1)
    assert len(read(tmp_path / "shards")) == len(list((tmp_path / "shards").iterdir())) == 10


def test_the_same_episodes_are_the_same_bytes_and_hold_nothing_that_could_run(tmp_path, rollouts):
    for name in ("first", "second"):
        write_webdataset(tmp_path / name, rollouts, 10**9)
    content = (tmp_path / "first" / "000000.tar").read_bytes()
    assert content == (tmp_path / "second" / "000000.tar").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        kinds = {member.name.split(".", 1)[1] for member in archive if member.isreg()}
        assert kinds == {"action.npy", "cls", "json", "movement.npy", "pixels.npy", "pose.npy"}
        for member in archive:
            if member.name.endswith("npy"):
                np.load(io.BytesIO(archive.extractfile(member).read()), allow_pickle=False)


def test_a_disk_that_is_full_is_named_and_nothing_is_left(tmp_path, rollouts, files_of_at_most):
    def fill() -> None:
        with files_of_at_most(8000):
            write_webdataset(tmp_path / "shards", rollouts, 10**9)

    with pytest.raises(OSError, match=r"shards cannot be written: File too large"):
        fill()
    assert list(tmp_path.iterdir()) == []


# --- read again ------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, searches):
    write_webdataset(tmp_path / "shards", searches, 20_000)
    assert len(list((tmp_path / "shards").iterdir())) > 2
    return tmp_path / "shards"


def test_rows_are_read_again_from_whatever_shard(folder, searches):
    assert_reads(WebDatasetReader(folder, KINDS), searches)


def refused(folder, match: str, error: type[Exception] = ValueError) -> None:
    with pytest.raises(error, match=match):
        WebDatasetReader(folder, KINDS)


def test_a_shard_that_is_missing_is_named(folder):
    (folder / "000001.tar").rename(folder.parent / "kept")
    refused(folder, r"000001\.tar is missing", FileNotFoundError)
    (folder / "000002.tar").rename(folder / "000001.tar")
    refused(folder, r"000001\.tar is damaged, .*: where the episode '0000000000\d\d' should be is '0000000000\d\d'")
    (folder / "000001.tar").unlink()
    os.mkfifo(folder / "000001.tar")
    refused(folder, r"000001\.tar is missing", FileNotFoundError)
    refused(folder.parent, r"000000\.tar is missing", FileNotFoundError)


def test_a_shard_that_was_cut_short_is_named_wherever_it_was(folder):
    shard = folder / "000001.tar"
    content = shard.read_bytes()
    end = len(content.rstrip(b"\0"))
    for length in (0, 100, 512, 5000, 5120, end // 512 * 512):
        shard.write_bytes(content[:length])
        refused(folder, r"000001\.tar is damaged, or no shard of a recording: .*cut short")


def test_a_shard_that_is_cut_while_it_is_read_is_named(folder):
    reader = WebDatasetReader(folder, KINDS)
    last = len(reader.lengths) - 1
    os.truncate(folder / f"{len(list(folder.iterdir())) - 1:06}.tar", 1000)
    with pytest.raises(ValueError, match=r"tar was cut short while it was in use"):
        reader.read(np.array([last]), np.array([0]), 1)


def npy(array, **options) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **options)
    return stream.getvalue()


class Harm:
    """What says so when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


VIEWS = np.zeros((3, 12, 12, 3), np.uint8)
TOLD = {"rows": 3, "label": 0}
HUGE = npy(VIEWS).replace(b"(3, 12, 12, 3), }         ", b"(3000000000, 12, 12, 3), }")


def told(**changes) -> bytes:
    return json.dumps(TOLD | changes).encode()


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"pixels.npy": npy(np.full((3, 1), Harm()))}, "'000000000000.pixels.npy' is object of shape"),
        ({"pixels.npy": pickle.dumps(Harm())}, "magic string"),
        ({"pixels.npy": npy(VIEWS)[:-1]}, "of 1423 bytes does not hold 3 rows"),
        ({"pixels.npy": HUGE}, "of 1424 bytes does not hold 3 rows"),
        ({"pixels.npy": npy(VIEWS[:2])}, "does not hold 3 rows"),
        ({"pixels.npy": npy(np.asfortranarray(VIEWS))}, "in the order of Fortran"),
        ({"pixels.npy": npy(VIEWS, version=(2, 0))}, "of a version"),
        ({"pixels.npy": npy(VIEWS.astype(np.float32))}, "is float32 of shape"),
        ({"pixels.npy": npy(VIEWS[:, :6])}, "must be uint8 of shape"),
        ({"pixels.npy": b""}, "magic string"),
        ({"pixels.npy": None}, "it lacks 'pixels.npy'"),
        ({"json": None}, "it lacks 'json'"),
        ({"json": b"{"}, "Expecting property name"),
        ({"json": b"[" * 500}, "Expecting value|recursion"),
        ({"json": b"3"}, "int"),
        ({"json": told(rows=0)}, "rows=0 is out of range"),
        ({"json": told(rows="3")}, "rows='3' is not a whole number"),
        ({"json": told(label=2**70)}, "int too large|int too big"),
        ({"json": told(label="cat")}, "str"),
        ({"json": b'{"rows": 3}'}, "it lacks 'label'"),
    ],
)
def test_members_that_lie_are_refused_and_never_run(tmp_path, monkeypatch, changed, match):
    monkeypatch.chdir(tmp_path)
    members = {"json": told(), "pixels.npy": npy(VIEWS), "movement.npy": npy(np.zeros((3, 2), np.float32))}
    (tmp_path / "shards").mkdir()
    for content, is_whole in ((members, True), (members | changed, False)):
        with tarfile.open(tmp_path / "shards" / "000000.tar", "w") as archive:
            for name, data in content.items():
                if data is not None:
                    info = tarfile.TarInfo(f"000000000000.{name}")
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
        if is_whole:
            assert WebDatasetReader(tmp_path / "shards", KINDS).lengths.tolist() == [3]
    refused(tmp_path / "shards", match)
    assert not (tmp_path / "harm").exists()


def test_any_bytes_are_read_or_refused(folder):
    assert count_refusals(folder / "000000.tar", 6000, 8, lambda: WebDatasetReader(folder, KINDS)) > 30
