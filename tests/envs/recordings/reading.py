"""What is asked of the reader of every format."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from saccadeworld.envs.recordings.chunks import Chunk
from saccadeworld.envs.recordings.reader import Kinds, Reader

KINDS: Kinds = {"pixels": (np.uint8, (12, 12, 3)), "movement": (np.float32, (2,)), "label": (np.int64, ())}


def assert_reads(reader: Reader, chunks: Sequence[Chunk]) -> None:
    """Rows of `KINDS` from the middle of episodes, in another order than theirs, are those of the chunks."""
    lengths = np.concatenate([chunk.lengths for chunk in chunks])
    assert reader.lengths.tolist() == lengths.tolist()
    rows = reader.read(np.array([5, 2, 0]), np.array([0, 1, 2]), 2)
    places = np.array([lengths[:5].sum(), lengths[:2].sum() + 1, 2])[:, None] + np.arange(2)
    assert rows.keys() == KINDS.keys()
    for name, values in rows.items():
        column = np.concatenate([chunk.columns[name] for chunk in chunks])
        assert values.dtype == column.dtype
        assert np.array_equal(values, column[places], equal_nan=name == "movement")


def count_refusals(path: Path, until: int, bytes_each: int, read: Callable[[], object]) -> int:
    """Of 60 times that `read` meets the file with that many bytes before a place drawn anew, how often it refuses.

    Any other error than a ValueError passes.
    """
    content = path.read_bytes()
    draw = np.random.default_rng(0)
    refusals = 0
    for _ in range(60):
        damaged = bytearray(content)
        for place in draw.integers(0, until, bytes_each):
            damaged[place] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            read()
        except ValueError:
            refusals += 1
    return refusals
