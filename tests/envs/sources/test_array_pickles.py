import builtins
import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from saccadeworld.envs.sources.array_pickles import load_arrays
from saccadeworld.scripts.benchmarks.memory import forget_peak_memory, peak_memory


def written(folder: Path, content: Any, protocol: int = 2) -> Path:
    path = folder / "content"
    path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.arange(6, dtype=np.uint8).reshape(2, 3).T,
        np.linspace(-1, 1, 5, dtype=">f8"),
        np.array([2**40, -1]),
        np.array([True, False]),
    ],
)
def test_arrays_and_plain_containers(tmp_path: Path, array: np.ndarray, protocol: int):
    content = {"array": array, b"old": [1, 2.5, None, "text", b"bytes"], "nested": {"again": (array,)}}
    got = load_arrays(written(tmp_path, content, protocol))
    for value in (got["array"], got["nested"]["again"][0]):
        assert np.array_equal(value, array)
        assert value.dtype == array.dtype
    assert got["old"] == [1, 2.5, None, "text", "bytes"]


class Hostile:
    def __init__(self, function: Any, *arguments: Any):
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (os.system, ("touch {mark}",)),
        (subprocess.Popen, (["touch", "{mark}"],)),
        (builtins.eval, ("open('{mark}', 'w')",)),
        (open, ("{mark}", "w")),
        (getattr, ("", "join")),
    ],
)
def test_nothing_is_executed(tmp_path: Path, function: Any, arguments: tuple, protocol: int):
    mark = tmp_path / "mark"
    arguments = tuple(a.format(mark=mark) if isinstance(a, str) else ["touch", str(mark)] for a in arguments)
    path = written(tmp_path, {"data": np.zeros(2), "evil": Hostile(function, *arguments)}, protocol)
    with pytest.raises(ValueError, match=r"it asks for \w+\.\w+, which is no part of an array: do not trust it"):
        load_arrays(path)
    assert not mark.exists()


def test_by_plain_pickle_the_same_file_does_execute(tmp_path: Path):
    """Else the test above would test nothing."""
    pickle.loads(written(tmp_path, {"evil": Hostile(os.mkdir, str(tmp_path / "mark"))}).read_bytes())
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "content",
    [
        {"a": np.array([object()])},
        {"a": np.array(["text"])},
        {"a": np.zeros(2, dtype=[("x", "i4"), ("y", "f4")])},
        {"a": np.array(["2020-01-01"], dtype="M8[D]")},
        [1, 2, 3],
        b"",
        b"not a pickle",
        pickle.dumps({"a": np.zeros(4)})[:-9],
        b"cnumpy\ndtype\n}(Vnew\nI1\nub.",  # sets an attribute of what stands for a class
        b"cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I9999999999999\ntcnumpy\ndtype\n(Vu1\ntRI00\nC\x01ztb.",
        b"Pelsewhere\n.",
        b"cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I1\ntI5\nI00\nC\x01ztb.",  # an array of the type 5
        b"\x80\x02U\x05helloc_codecs\nencode\n(Vx\nVzlib\ntR.",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: Any):
    with pytest.raises(ValueError, match="content"):
        load_arrays(written(tmp_path, content))


def test_a_missing_file_is_told_as_such(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        load_arrays(tmp_path / "none")


def nested(depth: int = 40) -> tuple:
    """Exponentially large, as far as it is written out."""
    value: tuple = ("end",)
    for _ in range(depth):
        value = (value, value)
    return value


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02}r" + (2**32 - 1).to_bytes(4, "little") + b".",  # room for as many objects in the memo
        b"\x80\x05\x96" + (2**33).to_bytes(8, "little") + b"x.",  # a bytearray
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"x.",  # bytes
        b"\x80\x04\x95" + (2**40).to_bytes(8, "little") + b"}.",  # a frame
        {"often": nested()},
        b"\x80\x02}(X\x01\x00\x00\x00aq\x00" + b"2\x86" * 60 + b"K\x01u.",  # a key that takes as long to hash
    ],
    ids=["memo", "bytearray", "bytes", "frame", "nested", "nested key"],
)
def test_a_few_bytes_take_neither_gigabytes_nor_hours(tmp_path: Path, content: Any):
    forget_peak_memory()
    before = peak_memory()
    refused = refusal(written(tmp_path, content))
    assert refused is None or "content cannot be read as arrays" in refused
    assert peak_memory() - before < 100 * 2**20


def refusal(path: Path) -> str | None:
    try:
        load_arrays(path)
    except ValueError as error:
        return str(error)
    return None
