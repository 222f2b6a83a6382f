import numpy as np
import pytest
from saccadeworld.envs.recordings.chunks import ChunkFolder

SCENES = "sha256:0"


@pytest.fixture
def folder(tmp_path) -> ChunkFolder:
    """For ten episodes in chunks of six."""
    return ChunkFolder(tmp_path / "chunks", 10, 6, SCENES)


def test_what_is_kept_is_given_back(folder, rollouts):
    assert folder.missing() == [(0, 6), (6, 4)]
    folder.write(6, rollouts[1])
    assert folder.missing() == [(0, 6)]
    folder.write(0, rollouts[0])
    assert folder.missing() == []
    assert folder.count_rows() == 30
    for kept, chunk in zip(folder, rollouts, strict=True):
        assert kept.lengths.tolist() == chunk.lengths.tolist()
        assert kept.columns.keys() == chunk.columns.keys()
        for name, column in chunk.columns.items():
            assert kept.columns[name].dtype == column.dtype
            assert np.array_equal(kept.columns[name], column, equal_nan=column.dtype.kind == "f")


def test_half_a_chunk_is_none(folder, rollouts, files_of_at_most):
    def fill() -> None:
        with files_of_at_most(2000):
            folder.write(0, rollouts[0])

    with pytest.raises(OSError, match="cannot be written: File too large"):
        fill()
    assert folder.missing() == [(0, 6), (6, 4)]
    assert list(folder.folder.iterdir()) == []


def test_chunks_of_other_scenes_or_sizes_are_refused(folder, rollouts):
    folder.write(0, rollouts[0])
    for other in (ChunkFolder(folder.folder, 10, 6, "sha256:1"), ChunkFolder(folder.folder, 10, 5, SCENES)):
        with pytest.raises(ValueError, match="recorded of other scenes, or by another version: delete"):
            other.missing()


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: content[:4], lambda _: b"x" * 64])
def test_a_damaged_chunk_is_named(folder, rollouts, damage):
    folder.write(0, rollouts[0])
    (path,) = folder.folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"000000000000\.safetensors is damaged: delete it"):
        folder.missing()
