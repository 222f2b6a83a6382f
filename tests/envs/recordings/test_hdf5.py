import numpy as np
import pytest
from reading import count_refusals
from saccadeworld.envs.recordings.hdf5 import HDF5Reader, write_hdf5

h5py = pytest.importorskip("h5py")

PIXELS = (np.uint8, (12, 12, 3))  # the kind of that column


@pytest.fixture
def path(tmp_path, searches):
    episodes, rows = sum(len(chunk.lengths) for chunk in searches), sum(chunk.lengths.sum() for chunk in searches)
    write_hdf5(tmp_path / "data.h5", searches, episodes, rows)
    return tmp_path / "data.h5"


def test_columns_lie_flat_and_episodes_are_told_by_length_and_offset(path, searches):
    """As h5py reads them, whatever wrote them."""
    lengths = np.concatenate([chunk.lengths for chunk in searches])
    assert len(set(lengths)) > 1
    with h5py.File(path, "r", swmr=True) as file:
        assert file.keys() == searches[0].columns.keys() | {"ep_len", "ep_offset"}
        assert (file["ep_len"].dtype, file["ep_offset"].dtype) == (np.int32, np.int64)
        assert file["ep_len"][:].tolist() == lengths.tolist()
        assert file["ep_offset"][:].tolist() == [sum(lengths[:i]) for i in range(len(lengths))]
        for name in searches[0].columns:
            column = np.concatenate([chunk.columns[name] for chunk in searches])
            assert file[name].dtype == column.dtype
            assert np.array_equal(file[name][:], column, equal_nan=column.dtype.kind == "f")


def test_stable_worldmodel_reads_it(path, searches):
    """That package, where it is installed: clips of a few steps, channels first, within episodes."""
    data = pytest.importorskip("stable_worldmodel.data")
    clips = data.load_dataset(str(path), num_steps=2)
    lengths = [length for chunk in searches for length in chunk.lengths]
    assert len(clips) == sum(length - 1 for length in lengths)
    assert set(clips.column_names) == set(searches[0].columns)
    start, clip = lengths[0], clips[int(lengths[0]) - 1]  # the first clip of the second episode
    columns = {name: column[start : start + 2] for name, column in searches[0].columns.items()}
    assert np.array_equal(clip["pixels"], columns["pixels"].transpose(0, 3, 1, 2))
    for name in ("action", "pose", "reward", "terminated", "step_idx", "episode_idx"):
        assert np.array_equal(clip[name].numpy(), columns[name], equal_nan=columns[name].dtype.kind == "f")
    assert clips.get_dim("action") == 2
    assert len(clips.load_episode(1)["pixels"]) == lengths[1]


def test_columns_are_mapped(path, searches):
    lengths = np.concatenate([chunk.lengths for chunk in searches])
    reader = HDF5Reader(path, {"pixels": PIXELS, "movement": (np.float32, (None,))})
    assert reader.lengths.tolist() == lengths.tolist()
    assert all(isinstance(column, np.memmap) for column in reader._columns.values())
    rows = reader.read(np.array([5, 2]), np.array([0, 1]), 1)
    places = [lengths[:5].sum(), lengths[:2].sum() + 1]
    for name in ("pixels", "movement"):
        column = np.concatenate([chunk.columns[name] for chunk in searches])
        assert np.array_equal(rows[name], column[places][:, None], equal_nan=name == "movement")


def test_a_disk_that_is_full_is_named_and_nothing_is_left(tmp_path, rollouts, files_of_at_most):
    def fill() -> None:
        with files_of_at_most(8000):
            write_hdf5(tmp_path / "data.h5", rollouts, 10, 30)

    with pytest.raises(OSError, match=r"data\.h5 cannot be written"):
        fill()
    assert list(tmp_path.iterdir()) == []


# --- files that are damaged, or lie ------------------------------------------------------------------------------


def refused(path, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        HDF5Reader(path, {"pixels": PIXELS})


def test_a_file_that_is_missing_or_no_hdf5_is_named(tmp_path, path):
    with pytest.raises(FileNotFoundError, match=r"none\.h5 is missing"):
        HDF5Reader(tmp_path / "none.h5", {})
    path.write_bytes(path.read_bytes()[:3000])
    refused(path, r"data\.h5 is no HDF5 file, or damaged")
    path.write_bytes(b"\x80\x04N.")
    refused(path, r"data\.h5 is no HDF5 file, or damaged")


def replace(path, name: str, **made) -> None:
    with h5py.File(path, "a") as file:
        del file[name]
        file.create_dataset(name, **made)


@pytest.mark.parametrize(
    ("made", "match"),
    [
        ({"shape": (10**12, 12, 12, 3), "dtype": np.uint8}, "432000000000000 bytes .* are not in this file"),
        ({"shape": (10**6, 12, 12, 3), "dtype": np.uint8, "chunks": (1, 12, 12, 3)}, "are not in this file"),
        ({"data": np.zeros((20, 12, 12, 3), np.uint8), "compression": "gzip"}, "are not in this file"),
        ({"data": np.zeros((19, 12, 12, 3), np.uint8)}, "is damaged: 19 rows of 'pixels' for 28 of its episodes"),
        ({"data": np.zeros((20, 12, 12), np.uint8)}, "must be uint8 of shape"),
        ({"data": np.zeros((20, 12, 12, 3), ">f4")}, "must be uint8 of shape"),
        ({"data": np.zeros((), np.uint8)}, "must be uint8 of shape"),
        ({"shape": (0, 12, 12, 3), "dtype": np.uint8}, "0 bytes .* are not in this file"),
        ({"shape": (20, 12, 12, 3), "dtype": h5py.special_dtype(vlen=np.uint8)}, "must be uint8 of shape"),
        ({"shape": (20,), "dtype": h5py.string_dtype()}, "must be uint8 of shape"),
    ],
)
def test_columns_that_are_none_are_refused(path, made, match):
    """What is declared and was never stored among them, before any memory is taken."""
    replace(path, "pixels", **made)
    refused(path, match)


def test_nothing_is_read_from_other_files(tmp_path, path):
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(20 * 12 * 12 * 3))
    layout = h5py.VirtualLayout((20, 12, 12, 3), np.uint8)
    layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "x", (20, 12, 12, 3))
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.zeros((20, 12, 12, 3), np.uint8)
    replace(path, "pixels", shape=(20, 12, 12, 3), dtype=np.uint8, external=[(str(secret), 0, h5py.h5f.UNLIMITED)])
    refused(path, "are not in this file")
    with h5py.File(path, "a") as file:
        del file["pixels"]
        file.create_virtual_dataset("pixels", layout)
    refused(path, "are not in this file")
    for link in (h5py.ExternalLink(str(tmp_path / "other.h5"), "/x"), h5py.SoftLink("/pose")):
        with h5py.File(path, "a") as file:
            del file["pixels"]
            file["pixels"] = link
        refused(path, "has no column 'pixels' of its own")
    with h5py.File(path, "a") as file:
        del file["pixels"]
        file.create_group("pixels")
    refused(path, "the column 'pixels' is Group of shape")


@pytest.mark.parametrize("name", ["ep_len", "ep_offset"])
@pytest.mark.parametrize("wrong", [-1, 0, 10**9])
def test_lengths_and_offsets_that_lie_are_refused(path, name, wrong):
    with h5py.File(path, "a") as file:
        file[name][1] = wrong
    refused(path, "do not tell where its episodes are")


def test_any_bytes_are_read_or_refused(path):
    """Of the file's first part, in which it tells what it holds."""
    assert 0 < count_refusals(path, 6000, 8, lambda: HDF5Reader(path, {"pixels": PIXELS})) < 60
