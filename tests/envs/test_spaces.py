import copy
import pickle

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import batch_space
from saccadeworld.envs.spaces import batch_spaces

VIEW = spaces.Box(0, 255, (3, 8, 8), np.uint8)
SPACES = [
    VIEW,
    spaces.Box(np.array([-1.0, 0.0], np.float32), np.array([1.0, np.inf], np.float32)),
    spaces.Discrete(5),
    spaces.MultiBinary(1),
    spaces.Dict({"glimpse": VIEW, "phase": spaces.MultiBinary(1), "step": spaces.Box(0, 9, (1,), np.int64)}),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_it_is_the_space_that_gymnasium_makes(space: spaces.Space):
    space.seed(3)
    ours, theirs = batch_spaces(space, 4), batch_space(space, 4)
    assert ours == theirs
    ours.seed(7)
    theirs.seed(7)
    for _ in range(3):
        sample, expected = ours.sample(), theirs.sample()
        assert ours.contains(expected)
        assert str(sample) == str(expected)
    assert pickle.loads(pickle.dumps(ours)) == theirs
    assert copy.deepcopy(ours) == theirs


def test_bounds_take_the_memory_of_one_row():
    space = batch_spaces(VIEW, 10**12)  # 192 TB of pixels
    assert isinstance(space, spaces.Box)
    assert space.shape == (10**12, 3, 8, 8)
    assert {space.low.strides[0], space.high.strides[0], space.bounded_below.strides[0]} == {0}


def test_a_sample_of_another_batch_is_not_contained():
    assert not batch_spaces(VIEW, 4).contains(np.zeros((3, 3, 8, 8), np.uint8))
    assert batch_spaces(VIEW, 4).contains(np.zeros((4, 3, 8, 8), np.uint8))
