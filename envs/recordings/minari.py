"""Data sets of Minari: the episodes of a Gymnasium environment, with its spaces."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from ..json_files import fault
from ..progress import progress
from ..tasks.task import GLIMPSE
from ..vector_env import SaccadeWorldVectorEnv
from ..whole_files import check_room, whole
from .chunks import (
    ACTION,
    EPISODE,
    LABEL,
    MOVEMENT,
    PIXELS,
    POSE,
    REWARD,
    SCENE,
    SEED,
    STEP,
    TERMINATED,
    TRUNCATED,
    Chunk,
    row_bytes,
)
from .packages import package
from .reader import Kinds, check_kind
from .tape import INFO, OBSERVATION

if TYPE_CHECKING:
    import h5py

_FILE = "main_data.hdf5"
_EPISODE_BYTES = 50_000  # that HDF5 needs for the arrays of an episode, as measured


def write_minari(
    root: Path,
    chunks: Iterable[Chunk],
    name: str,
    spec: EnvSpec,
    env: SaccadeWorldVectorEnv,
    about: Mapping[str, str],
) -> None:
    """Write chunks as a data set in a root folder of Minari, which is there whole or not at all.

    An observation is what the environment shows; an info, one for each observation, holds the pose, the label, the
    scene, the movement (that follows; NaN at the end) and what the task reports.

    Args:
        root: the folder for `MINARI_DATASETS_PATH`.
        chunks: in their order, of a task.
        name: of the data set, NAMESPACE/NAME-vNUMBER.
        spec: that makes the environment.
        env: the environment, whose spaces these are.
        about: "algorithm_name" and "description", as Minari keeps them.

    Raises:
        ImportError: without minari.
        OSError: when it cannot be written.
    """
    minari: Any = package("minari")
    storage: Any = package("minari.dataset.minari_storage").MinariStorage
    package("h5py")
    with whole(root) as new:
        folder = new / name / "data"
        folder.mkdir(parents=True)
        check_room(new, _most_bytes(chunks))
        space = env.single_observation_space
        assert isinstance(space, spaces.Dict)
        # As JPEG, which Minari takes for what it holds to be pictures, a view would not be what was seen.
        made = storage.new(folder, space, env.single_action_space, spec, jpeg_encoding=False)
        made.update_metadata({"dataset_id": name, "minari_version": minari.__version__, **about})
        made.update_episodes(_episodes(chunks, space))


def _most_bytes(chunks: Iterable[Chunk]) -> int:
    """What Minari makes of chunks, whose arrays it stores in pieces that may be twice as long."""
    return sum(
        2 * row_bytes(chunk) * int(chunk.lengths.sum()) + _EPISODE_BYTES * len(chunk.lengths) for chunk in chunks
    )


def _episodes(chunks: Iterable[Chunk], space: spaces.Dict) -> Iterator[Any]:
    buffer: Any = package("minari.data_collector").EpisodeBuffer
    for chunk in chunks:
        for rows in chunk.episode_slices():
            values = {name: column[rows] for name, column in chunk.columns.items()}
            infos = {name.removeprefix(INFO): values[name] for name in values if name.startswith(INFO)}
            yield buffer(
                id=int(values[EPISODE][0]),
                seed=int(values[SEED][0]),
                observations={key: _observed(values, key, entry) for key, entry in space.spaces.items()},
                actions=values[ACTION][:-1],
                rewards=values[REWARD][1:].astype(np.float64),  # pyright: ignore[reportArgumentType]
                terminations=values[TERMINATED][1:],
                truncations=values[TRUNCATED][1:],
                infos=infos | {name: values[name] for name in (POSE, LABEL, SCENE, MOVEMENT)},
            )


def _observed(values: Mapping[str, np.ndarray], key: str, entry: spaces.Space) -> np.ndarray:
    """An entry of the observations of an episode, (T + 1, ...), as its space has it."""
    known = {GLIMPSE: PIXELS, "step": STEP}
    column = values.get(OBSERVATION + key, values.get(known.get(key, POSE)))
    assert column is not None
    if column.dtype == np.uint8 and column.ndim == 4:
        column = column.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(column).reshape(len(column), *(entry.shape or ()))


class MinariReader:
    """The columns of the data set that `write_minari` left in a root folder of Minari; see `Reader`.

    Minari is not asked, which reads whole episodes, and would make an environment of what a data set says. All
    episodes are looked through at first, whether their numbers are in this file: links lead to any file, and for what
    is declared but was never stored HDF5 makes up numbers.

    Attributes:
        lengths: (E,) int64, rows of each episode.

    Args:
        root: the root folder.
        kinds: the columns that are read.

    Raises:
        ImportError: without h5py.
        FileNotFoundError: when there is no data set, or several.
        ValueError: for one that is damaged, or no recording.
    """

    def __init__(self, root: Path, kinds: Kinds):
        found = sorted(path for path in root.glob(f"*/*/data/{_FILE}") if path.is_file())
        if len(found) != 1:
            raise FileNotFoundError(f"{root} holds {len(found)} data sets of Minari, and a recording is one")
        self.path = found[0]
        dtype, (*sides, channels) = kinds[PIXELS]
        self._kinds = {**kinds, PIXELS: (dtype, (channels, *sides))}
        self._h5py: Any = package("h5py")
        with self._named_errors():
            self._file: h5py.File = self._h5py.File(self.path, "r")
            cache = self._file.id.get_mdc_config()
            cache.max_size = cache.initial_size  # 2 MB of what it tells of episodes; of the usual 32 HDF5 makes 200
            self._file.id.set_mdc_config(cache)
            episodes = range(len(self._file))
            bar = progress(episodes, f"index of {self.path}", delay=2, unit=" episodes")
            self.lengths = np.fromiter(map(self._check_episode, bar), np.int64, len(episodes))

    def read(self, episodes: np.ndarray, starts: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """As `Reader.read`."""
        columns: dict[str, list[np.ndarray]] = {name: [] for name in self._kinds}
        with self._named_errors():
            for episode, start in zip(episodes.tolist(), starts.tolist(), strict=True):
                group = self._open(episode)
                for name, parts in columns.items():
                    parts.append(self._read_rows(group, name, start, count))
        values = {name: np.stack(parts) for name, parts in columns.items()}
        return values | {PIXELS: np.moveaxis(values[PIXELS], 2, -1)}

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} is damaged, or no recording: {fault(error)}") from error

    def _open(self, episode: int) -> Any:
        return self._h5py.h5g.open(self._file.id, b"episode_%d" % episode)

    def _check_episode(self, episode: int) -> int:
        """Refuse an episode whose numbers are not in this file; how many rows it has."""
        self._check_links(self._file.id, b"episode_%d" % episode)
        group = self._open(episode)
        self._check_links(group, b"observations", b"infos", *map(_place, self._kinds))
        lengths = {self._check_column(group, name) for name in self._kinds}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(f"its columns have {sorted(lengths)} rows in episode {episode}")
        return lengths.pop()

    def _check_links(self, group: Any, *places: bytes) -> None:
        for place in places:
            if group.links.get_info(place).type != self._h5py.h5l.TYPE_HARD:
                raise ValueError(f"{place.decode()!r} leads out of it")

    def _check_column(self, group: Any, name: str) -> int:
        column = self._h5py.h5d.open(group, _place(name))
        check_kind(f"the column {name!r}", column.dtype, column.shape, self._kinds[name])
        size = math.prod(column.shape) * column.dtype.itemsize
        if column.get_create_plist().get_layout() != self._h5py.h5d.CHUNKED or column.get_storage_size() < size:
            raise ValueError(f"the {size} bytes of the column {name!r} are not in it")
        return column.shape[0]

    def _read_rows(self, group: Any, name: str, start: int, count: int) -> np.ndarray:
        """(C, ...). By HDF5's own calls, which take half the time of h5py's."""
        column = self._h5py.h5d.open(group, _place(name))
        values = np.empty((count, *column.shape[1:]), self._kinds[name][0])
        there = column.get_space()
        there.select_hyperslab((start, *[0] * (values.ndim - 1)), values.shape)
        column.read(self._h5py.h5s.create_simple(values.shape), there, values)
        return values


def _place(column: str) -> bytes:
    """Where a column is in the group of an episode."""
    return f"observations/{GLIMPSE}".encode() if column == PIXELS else f"infos/{column}".encode()
