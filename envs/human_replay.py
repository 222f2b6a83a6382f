"""Eye movements of people, replayed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..saliency.fixations import Fixations, Scanpath
from . import draws
from .checks import check_whole
from .rollout import Episodes


class HumanFixations:
    """Replays what observers fixated: every episode is the scanpath of one observer on its picture.

    The observer is drawn uniformly, by the seed of the episode. Fixations outside the central square of a picture,
    which is what a bank of squares shows of it, are left out. An episode that goes on after the last fixation stays
    there; ask for `at_least` as many fixations as the episodes have views, and none has to.

    Args:
        fixations: on all these pictures, and maybe others.
        names: of the pictures of the world, in its order.
        side: of the world's pictures, in pixels.
        at_least: how many fixations on the square a scanpath must have, or else it is never replayed.
        device: of the world.

    Raises:
        ValueError: for a picture without fixations, or without a scanpath as long as asked for, or `at_least` below 1.
        TypeError: for `at_least` that is not a whole number.
    """

    def __init__(
        self,
        fixations: Fixations,
        names: Sequence[str],
        side: int,
        *,
        at_least: int = 1,
        device: str | torch.device = "cpu",
    ):
        check_whole("at_least", at_least, 1)
        cropped = fixations.select(names).centre_cropped(side)
        kept = [[path for path in paths if len(path) >= at_least] for paths in cropped.scanpaths]
        for name, paths in zip(names, kept, strict=True):
            if not paths:
                raise ValueError(
                    f"no observer has {at_least} fixations on the central square of {name!r}; ask for less, or leave "
                    "this picture out"
                )
        scanpaths = [path for paths in kept for path in paths]
        self._observers = _counts(kept, device)
        self._lengths = _counts(scanpaths, device)
        self._first_observers = self._observers.cumsum(0) - self._observers
        self._first_fixations = self._lengths.cumsum(0) - self._lengths
        self._places = torch.cat([torch.from_numpy(path.places((side, side))) for path in scanpaths]).to(device)

    def __call__(self, episodes: Episodes) -> Tensor:
        random = draws.bits(episodes.seeds, 0, "observer")[:, 0] & ((1 << 62) - 1)
        observers = self._first_observers[episodes.scenes] + random % self._observers[episodes.scenes]
        fixations = (self._lengths[observers] - 1).clamp_max(episodes.step)
        return self._places[self._first_fixations[observers] + fixations]


def _counts(lists: Sequence[Scanpath | list[Scanpath]], device: str | torch.device) -> Tensor:
    """How long each of N lists is, (N,) int64."""
    return torch.tensor([len(items) for items in lists], device=device)
