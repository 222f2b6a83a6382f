"""Data sets of Minari: the episodes of a Gymnasium environment, with its spaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

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
from .tape import INFO, OBSERVATION

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
        made = storage.new(folder, space, env.single_action_space, spec)
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
