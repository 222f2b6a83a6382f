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
from .chunks import LABEL, MOVEMENT, PIXELS, POSE, SCENE
from .formats import FILES, READERS, find_recording
from .reader import Kinds

_ORDERS = 2  # of passes that are kept: a batch may lie across two


class Recording:
    """Episodes that `saccadeworld record` wrote, in any of its formats, to learn from as from a live world.

    Where a world makes the episode of a seed, a recording reads it: the episodes of its own seeds come in the order in
    which they were recorded; beyond these they come again pass by pass, each pass in an order of its own. So a training
    whose seed is that of the recording meets the very episodes that it would have made live, as long as there are
    enough of them.

    Attributes:
        card: what is known of it.
        device: where batches are put.

    Args:
        path: the folder that `saccadeworld record` left, or what one of the formats left in it.
        device: "cpu" or "cuda".

    Raises:
        ImportError: without h5py, which HDF5 and Minari need.
        FileNotFoundError: where there is no recording that is complete.
        ValueError: for one that is damaged, or does not hold what its card says.
    """

    def __init__(self, path: str | Path, device: str | torch.device = "cpu"):
        self.device = resolve_device(device)
        self.folder, self.card, name = find_recording(Path(path))
        card, place = self.card, self.folder / FILES[name]
        kinds: Kinds = {
            PIXELS: (np.uint8, card.view_shape),
            MOVEMENT: (np.float32, (card.action_dim,)),
            POSE: (np.float32, (None,)),
            LABEL: (np.int64, ()),
            SCENE: (np.int64, ()),
        }
        self._reader = READERS[name](place, kinds)
        if (len(self._reader.lengths), self._reader.lengths.sum()) != (card.episodes, card.views):
            raise ValueError(
                f"{place} does not hold the {card.episodes} episodes and {card.views} views of its card: one of them "
                "is damaged, or of another recording"
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
        parts = self._find_parts(seed - self.card.seed + np.arange(batch_size), length)
        rows = self._reader.read(*parts, length)
        movements = rows[MOVEMENT][:, :-1]
        if not np.isfinite(movements).all():
            raise ValueError(f"{self.folder} is damaged: a movement between two views is not finite")
        columns = (rows[PIXELS], rows[POSE], movements, rows[LABEL][:, 0], rows[SCENE][:, 0])
        views, *others = (torch.from_numpy(np.ascontiguousarray(column)).to(self.device) for column in columns)
        return Rollout(views.permute(0, 1, 4, 2, 3), *others)

    def _find_parts(self, numbers: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        """The episodes that have these numbers in the sequence of all passes, and at which row of each its part begins.

        (B,) -> (B,), (B,) int64.
        """
        usable = self.usable(length)
        turns, places = np.divmod(numbers, len(usable))
        episodes = np.empty(len(numbers), np.int64)
        for turn in np.unique(turns):
            rows = turns == turn
            episodes[rows] = usable[self._order(int(turn), len(usable))[places[rows]]]
        spare = torch.from_numpy(self._reader.lengths[episodes] - length)
        drawn = draws.bits(torch.from_numpy(numbers), 0, "part of a recorded episode")[:, 0].abs() % (spare + 1)
        return episodes, drawn.numpy()

    def _find_usable(self, length: int) -> np.ndarray:
        """The episodes of at least so many views, by their numbers. (U,) int64.

        Raises:
            ValueError: when there is none.
        """
        usable = np.flatnonzero(self._reader.lengths >= length)
        if len(usable) == 0:
            longest = int(self._reader.lengths.max())
            raise ValueError(
                f"length={length}: the longest episode of {self.folder} has {longest} views; use at most that"
            )
        left = len(self._reader.lengths) - len(usable)
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
