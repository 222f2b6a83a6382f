"""A recording in place of the world that it was recorded in: the same rollouts, read instead of made."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from .. import draws
from ..checks import check_memory, check_whole
from ..devices import resolve_device
from ..rollout import Policy, Rollout
from .card import Card
from .chunks import LABEL, MOVEMENT, PIXELS, POSE, SCENE
from .hdf5 import HDF5Columns

_ORDERS = 2  # of passes that are kept: a batch may lie across two


class Recording:
    """Episodes that `saccadeworld record` wrote as HDF5, to learn from as from a live world.

    Where a world makes the episode of a seed, a recording reads it: the episodes of its own seeds come in the order in
    which they were recorded; beyond these they come again pass by pass, each pass in an order of its own. So a training
    whose seed is that of the recording meets the very episodes that it would have made live, as long as there are
    enough of them.

    Attributes:
        card: what is known of it.
        device: where batches are put.

    Args:
        path: the folder that `saccadeworld record` left, or the HDF5 file in it.
        device: "cpu" or "cuda".

    Raises:
        ImportError: without h5py.
        FileNotFoundError: where there is no recording that is complete.
        ValueError: for one that has no HDF5 file, is damaged, or does not hold what its card says.
    """

    def __init__(self, path: str | Path, device: str | torch.device = "cpu"):
        self.device = resolve_device(device)
        path = Path(path)
        self.folder = path.parent if path.is_file() else path
        self.card = card = Card.read(self.folder)
        file = card.files.get("hdf5")
        if file is None or Path(file).name != file:
            raise ValueError(
                f"{self.folder} holds {', '.join(card.files)}, and only hdf5 can be learned from: record it so"
            )
        self._file = HDF5Columns(self.folder / file)
        kinds: dict[str, tuple[type, tuple[int | None, ...]]] = {
            PIXELS: (np.uint8, card.view_shape),
            MOVEMENT: (np.float32, (card.action_dim,)),
            POSE: (np.float32, (None,)),
            LABEL: (np.int64, ()),
            SCENE: (np.int64, ()),
        }
        self._columns = {name: self._file.column(name, *kind) for name, kind in kinds.items()}
        told = {(len(column), int(self._file.lengths.sum())) for column in self._columns.values()}
        if told != {(card.views, card.views)} or len(self._file.lengths) != card.episodes:
            raise ValueError(
                f"{self.folder / file} does not hold the {card.episodes} episodes and {card.views} views of its card: "
                "one of them is damaged, or of another recording"
            )
        self.usable = lru_cache(self._find_usable)
        self._order = lru_cache(_ORDERS)(self._draw_order)

    @property
    def name(self) -> str:
        """Of the world it was recorded in."""
        return self.card.world

    @property
    def action_dim(self) -> int:
        """A, numbers in a movement."""
        return self.card.action_dim

    @property
    def optics(self) -> str:
        """What its views are, as `World.optics` tells it."""
        return self.card.optics

    @property
    def data_hash(self) -> str:
        """Of the scenes it was recorded of, as `World.data_hash`."""
        return self.card.data_hash

    def rollout(self, batch_size: int, length: int = 5, policy: str | Policy | None = None, seed: int = 0) -> Rollout:
        """A batch of episodes; row i is the episode of seed `seed + i`, whatever the batch size.

        Of a longer episode it is a part, which begins at a row drawn anew in every pass; shorter ones are left out. The
        actions are the movements.

        Args:
            batch_size: B.
            length: L, views per episode, at least 1.
            policy: None: who moves was chosen when it was recorded.
            seed: of the first row.

        Raises:
            TypeError, ValueError: for sizes below 1, a policy, more views than any episode has, or a damaged file.
        """
        if policy is not None:
            raise ValueError(f"policy={policy!r}: in this recording it is {self.card.policy} who moves; leave it out")
        check_whole("batch_size", batch_size, 1)
        check_whole("length", length, 1)
        check_memory(
            f"batch_size={batch_size} and length={length}", batch_size * length * math.prod(self.card.view_shape)
        )
        rows = self._first_rows(seed - self.card.seed + np.arange(batch_size), length)[:, None] + np.arange(length)
        views, poses, labels, scenes = (
            torch.from_numpy(self._columns[name][places]).to(self.device)
            for name, places in ((PIXELS, rows), (POSE, rows), (LABEL, rows[:, 0]), (SCENE, rows[:, 0]))
        )
        movements = self._columns[MOVEMENT][rows[:, :-1]]
        if not np.isfinite(movements).all():
            raise ValueError(f"{self.folder} is damaged: a movement between two views is not finite")
        actions = torch.from_numpy(movements).to(self.device)
        return Rollout(views.permute(0, 1, 4, 2, 3), poses, actions, labels, scenes)

    def _first_rows(self, numbers: np.ndarray, length: int) -> np.ndarray:
        """Where the episodes, or parts, begin that have these numbers in the sequence of all passes. (B,) -> (B,)."""
        usable = self.usable(length)
        turns, places = np.divmod(numbers, len(usable))
        episodes = np.empty(len(numbers), np.int64)
        for turn in np.unique(turns):
            rows = turns == turn
            episodes[rows] = usable[self._order(int(turn), len(usable))[places[rows]]]
        spare = torch.from_numpy(self._file.lengths[episodes] - length)
        drawn = draws.bits(torch.from_numpy(numbers), 0, "part of a recorded episode")[:, 0].abs() % (spare + 1)
        return self._file.offsets[episodes] + drawn.numpy()

    def _find_usable(self, length: int) -> np.ndarray:
        """The episodes of at least so many views, by their numbers. (U,) int64.

        Raises:
            ValueError: when there is none.
        """
        usable = np.flatnonzero(self._file.lengths >= length)
        if len(usable) == 0:
            longest = int(self._file.lengths.max())
            raise ValueError(
                f"length={length}: the longest episode of {self.folder} has {longest} views; use at most that"
            )
        left = len(self._file.lengths) - len(usable)
        if left:
            warnings.warn(
                f"{left} episodes of {self.folder} have fewer than {length} views and are left out", stacklevel=2
            )
        return usable

    def _draw_order(self, turn: int, count: int) -> np.ndarray:
        """That of a pass: the recorded one in the first."""
        if turn == 0:
            return np.arange(count)
        keys = draws.bits(torch.tensor([turn]), 0, "order of recorded episodes", count)
        return keys[0].argsort().numpy()
