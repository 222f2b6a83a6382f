"""Which episodes are used for what: blocks of episode seeds that never meet."""

from __future__ import annotations

from typing import Literal

from ..envs.checks import check_whole

Purpose = Literal["training", "probing", "testing", "statistics"]
_PURPOSES: tuple[Purpose, ...] = ("training", "probing", "testing", "statistics")
_RUN_BITS, _EPISODE_BITS = 20, 40  # with two bits of purpose they fit into a positive int64

_REPEAT_BITS = 32  # episodes of each repeat of an evaluation

MAX_SEED = (1 << _RUN_BITS) - 1


def first_episode(purpose: Purpose, seed: int, start: int = 0) -> int:
    """The seed of episode number `start` of those that a run with this seed uses for a purpose.

    Episodes of different purposes or seeds are different, up to 2**40 of each.

    Raises:
        TypeError, ValueError: for a seed that is no whole number, or outside [0, MAX_SEED].
    """
    check_seed(seed)
    return (_PURPOSES.index(purpose) << (_RUN_BITS + _EPISODE_BITS)) + (seed << _EPISODE_BITS) + start


def first_of_repeat(purpose: Purpose, seed: int, repeat: int) -> int:
    """The seed of the first of the 2**32 episodes that a repeat of an evaluation has for a purpose.

    Raises:
        TypeError, ValueError: for a seed that is no whole number, or outside [0, MAX_SEED].
    """
    return first_episode(purpose, seed, repeat << _REPEAT_BITS)


def check_seed(seed: int) -> None:
    """Refuse seeds that no block of episodes belongs to.

    Raises:
        TypeError, ValueError: for a seed that is no whole number, or outside [0, MAX_SEED].
    """
    check_whole("seed", seed, 0, MAX_SEED)
