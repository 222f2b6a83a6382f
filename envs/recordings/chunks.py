"""Chunks: what a recording is made of while it is being made, each a file that is there whole or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..whole_files import whole

PIXELS, POSE, ACTION, MOVEMENT, REWARD = "pixels", "pose", "action", "movement", "reward"
TERMINATED, TRUNCATED, STEP, EPISODE = "terminated", "truncated", "step_idx", "episode_idx"
LABEL, SCENE, SEED = "label", "scene", "seed"
PER_EPISODE = (EPISODE, LABEL, SCENE, SEED)
"""Columns that hold the same in all rows of an episode."""

CHUNKS = "chunks"
"""Where they lie in the folder of a recording, until it is complete."""
_ROWS, _MADE_OF = "rows", "made of"


@dataclass(frozen=True)
class Chunk:
    """Episodes one after the other, as columns of a table that has a row for every view.

    The columns: "pixels", (R, H, W, 3) uint8, the view; "pose", (R, P) float32, from where; "action", (R, ...), what
    was done there, as in the action space of the task, and "movement", (R, A) float32, what that sent out within the
    world's limits: both lead to the next row and are NaN (whole numbers: -1) in the last one of an episode; "step_idx"
    and "episode_idx", int64, which count; "label", "scene" and "seed", int64, of the episode. Those of a task have
    "reward", float32, "terminated" and "truncated", bool, of the action that led to the row, NaN and false in the first
    one; what it shows beside view and pose as "observation_NAME", and what it reports as "info_NAME". Pictures among
    these are channels last.

    Attributes:
        lengths: (E,) int64, rows of each episode, one more than its actions.
        columns: (R, ...) each, by name.
    """

    lengths: np.ndarray
    columns: Mapping[str, np.ndarray]

    @classmethod
    def of(
        cls, first: int, lengths: np.ndarray, episodes: Mapping[str, np.ndarray], rows: Mapping[str, np.ndarray]
    ) -> Chunk:
        """A chunk with all columns.

        Args:
            first: the number of its first episode in the recording.
            lengths: (E,) int64.
            episodes: "label", "scene" and "seed", (E,) int64.
            rows: the other columns but those that count, (R, ...).
        """
        ends = lengths.cumsum()
        counted = {
            STEP: np.arange(ends[-1]) - np.repeat(ends - lengths, lengths),
            EPISODE: first + np.repeat(np.arange(len(lengths)), lengths),
        }
        return cls(
            lengths, {**rows, **counted, **{name: np.repeat(value, lengths) for name, value in episodes.items()}}
        )

    def episode_slices(self) -> list[slice]:
        """The rows of each episode."""
        ends = self.lengths.cumsum().tolist()
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


def row_bytes(chunk: Chunk) -> int:
    """What a row of all columns takes."""
    return sum(column.dtype.itemsize * math.prod(column.shape[1:]) for column in chunk.columns.values())


def no_action(dtype: np.dtype) -> float:
    """What stands in the place of an action where there is none: NaN, or -1 among whole numbers."""
    return np.nan if dtype.kind == "f" else -1


class ChunkFolder:
    """The chunks of a recording that is being made, each a file: what is there is whole.

    Args:
        folder: where they are.
        episodes: of the recording.
        size: episodes of each chunk, but the last.
        made_of: the hash of the scenes they are recorded of.
    """

    def __init__(self, folder: Path, episodes: int, size: int, made_of: str):
        self.folder = folder
        self.made_of = made_of
        self.episodes = episodes
        self._starts = range(0, episodes, size)

    def __iter__(self) -> Iterator[Chunk]:
        """Of a recording that is complete."""
        return map(self._read, self._starts)

    def missing(self) -> list[tuple[int, int]]:
        """The first episode and the number of episodes of each chunk that is not there.

        Raises:
            OSError: when one cannot be read.
            ValueError: for one that is damaged, or was recorded of other scenes.
        """
        counts = ((first, min(self._starts.step, self.episodes - first)) for first in self._starts)
        return [(first, count) for first, count in counts if not self._is_there(first, count)]

    def count_rows(self) -> int:
        """Of a recording that is complete."""
        return sum(int(self._open(first, lambda file: file.get_tensor(_ROWS)).sum()) for first in self._starts)

    def write(self, first: int, chunk: Chunk) -> None:
        """Keep the chunk that begins with an episode.

        Raises:
            OSError: when it cannot be written.
        """
        arrays = {name: np.ascontiguousarray(column) for name, column in chunk.columns.items()}
        # Into memory first: to a file safetensors would report a full disk in a way of its own.
        content = save({**arrays, _ROWS: chunk.lengths}, {_MADE_OF: self.made_of})
        with whole(self._path(first)) as new:
            new.write_bytes(content)

    def _path(self, first: int) -> Path:
        return self.folder / f"{first:012}.safetensors"

    def _is_there(self, first: int, count: int) -> bool:
        if not self._path(first).exists():
            return False
        made_of, lengths = self._open(first, lambda file: (file.metadata()[_MADE_OF], file.get_tensor(_ROWS)))
        if made_of != self.made_of or len(lengths) != count:
            raise ValueError(
                f"{self._path(first)} was recorded of other scenes, or by another version: delete {self.folder} to "
                "record all episodes again"
            )
        return True

    def _read(self, first: int) -> Chunk:
        columns = self._open(first, lambda file: {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        return Chunk(columns.pop(_ROWS), columns)

    def _open(self, first: int, read: Callable[[Any], Any]) -> Any:
        path = self._path(first)
        try:
            with safe_open(path, "np") as file:
                return read(file)
        except (SafetensorError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is damaged: delete it, and it is made again by --resume ({error})") from error
