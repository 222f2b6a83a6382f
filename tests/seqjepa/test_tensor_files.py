"""Files of torch.save: read where they are sound; nothing is executed, or unpacked beyond its size."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from saccadeworld.scripts.benchmarks.memory import forget_peak_memory, peak_memory
from saccadeworld.seqjepa.tensor_files import load_tensors

CONTENT = {"model": {"weight": torch.arange(6000.0).view(2, 3000), "count": torch.tensor(3)}, "epoch": 2}


def saved(**options) -> bytes:
    stream = io.BytesIO()
    torch.save(CONTENT, stream, **options)
    return stream.getvalue()


def repacked(pickled: bytes | None = None, compression: int = zipfile.ZIP_STORED) -> bytes:
    """The same archive, with another pickle in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved())) as old, zipfile.ZipFile(stream, "w") as new:
        for entry in old.infolist():
            swap = pickled is not None and entry.filename.endswith("data.pkl")
            new.writestr(entry.filename, pickled if swap else old.read(entry), compression)
    return stream.getvalue()


def written(folder: Path, content: bytes) -> Path:
    path = folder / "weights.pth"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [saved(), repacked()])
def test_tensors_come_as_they_were(tmp_path, content):
    found = load_tensors(written(tmp_path, content))
    assert found["epoch"] == 2
    assert torch.equal(found["model"]["weight"], CONTENT["model"]["weight"])
    assert torch.equal(found["model"]["count"], CONTENT["model"]["count"])


class Code:
    def __init__(self, witness: Path):
        self.witness = witness

    def __reduce__(self):
        return os.mkdir, (str(self.witness),)


def test_code_is_not_run(tmp_path):
    path = written(tmp_path, repacked(pickle.dumps({"model": Code(tmp_path / "witness")}, 2)))
    with pytest.raises(ValueError, match="was not loaded because it is damaged or holds more than tensors"):
        load_tensors(path)
    assert not (tmp_path / "witness").exists()


A_BYTEARRAY = b"\x80\x02c__builtin__\nbytearray\n\x8a\x05" + (3 * 2**30).to_bytes(5, "little") + b"\x85R."
BOMBS = {
    "compressed": (repacked(compression=zipfile.ZIP_DEFLATED), "unpack to more than its own size"),
    "a bytearray of gigabytes": (repacked(A_BYTEARRAY), "asks for a bytearray"),
    "gigabytes in a pickle": (saved(_use_new_zipfile_serialization=False), "not a zip file"),
    "a pickle": (pickle.dumps(CONTENT["epoch"]), "not a zip file"),
    "the end of an archive": (b"PK\x05\x06" + bytes(18), "it is damaged"),
    "nothing": (b"", "not a zip file"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_would_take_more_memory_than_disk_is_refused(tmp_path, bomb):
    content, message = BOMBS[bomb]
    forget_peak_memory()
    before = peak_memory()
    with pytest.raises(ValueError, match=rf"weights\.pth .*{message}"):
        load_tensors(written(tmp_path, content))
    assert peak_memory() - before < 100 * 2**20


def test_by_pytorch_alone_the_bytearray_is_made(tmp_path):
    """Else the test above would test nothing."""
    small = A_BYTEARRAY.replace((3 * 2**30).to_bytes(5, "little"), (1000).to_bytes(5, "little"))
    assert len(torch.load(written(tmp_path, repacked(small)), weights_only=True)) == 1000


def test_overlapping_entries_are_refused(tmp_path):
    """Many names for the same bytes, which PyTorch would read as often."""
    content = repacked()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.start_dir
    directory, end = content[start:-22], content[-22:]
    count = struct.unpack_from("<H", end, 8)[0] * 200
    end = end[:8] + struct.pack("<HHII", count, count, 200 * len(directory), start) + end[20:]
    with pytest.raises(ValueError, match="unpack to more than its own size"):
        load_tensors(written(tmp_path, content[:start] + 200 * directory + end))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(place=st.floats(0, 1), new=st.binary(min_size=1, max_size=6), whole=st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_damage_of_any_kind_is_a_value_error(tmp_path_factory, place, new, whole):
    """In the pickle, or anywhere in the file."""
    with zipfile.ZipFile(io.BytesIO(saved())) as archive:
        pickled = archive.read("archive/data.pkl")
    content = bytearray(saved() if whole else pickled)
    start = int(place * (len(content) - 1))
    content[start : start + len(new)] = new
    path = written(tmp_path_factory.getbasetemp(), bytes(content) if whole else repacked(bytes(content)))
    refused = refusal(path)
    assert refused is None or "weights.pth" in refused


def refusal(path: Path) -> str | None:
    try:
        load_tensors(path)
    except ValueError as error:
        return str(error)
    return None


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_tensors(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        load_tensors(tmp_path)
