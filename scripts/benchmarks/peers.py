"""Environments of others, where they are installed, on the same pictures."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np


def has_ap_gym() -> bool:
    """Whether ap_gym is installed (https://github.com/TimSchneider42/active-perception-gym)."""
    return importlib.util.find_spec("ap_gym") is not None


def ap_gym_stepper(pictures: np.ndarray, rows: int, fovea: int) -> Callable[[], Any]:
    """Steps of ap_gym's image classification, under actions drawn beforehand.

    Args:
        pictures: (N, S, S, 3) uint8.
        rows: environments side by side.
        fovea: side of its glimpse in pixels.
    """
    from ap_gym.envs.image import ImageClassificationDataset, ImagePerceptionConfig  # pyright: ignore
    from ap_gym.envs.image_classification import ImageClassificationVectorEnv  # pyright: ignore

    class Pictures(ImageClassificationDataset):
        def _get_num_classes(self) -> int:
            return 10

        def _get_num_channels(self) -> int:
            return 3

        def _get_length(self) -> int:
            return len(pictures)

        def _get_data_point_batch(self, idx: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return pictures[idx], idx % 10

    config = ImagePerceptionConfig(Pictures(), sensor_size=(fovea, fovea), prefetch=False)
    env = ImageClassificationVectorEnv(rows, config)
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(8)]
    for action in actions:
        action["prediction"] = np.zeros_like(action["prediction"])
    turn = cycle(actions)
    return lambda: env.step(next(turn))
