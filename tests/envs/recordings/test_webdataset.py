import io
import tarfile

import numpy as np
import pytest
from saccadeworld.envs.recordings.webdataset import write_webdataset

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
