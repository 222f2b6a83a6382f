from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from saccadeworld.envs.recordings.chunks import Chunk
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.tape import TapedVectorEnv, record_task
from saccadeworld.envs.worlds import World

ROWS, FIRST, SEED = 5, 2, 40


def column_of(chunk: Chunk, key: str, world: World) -> np.ndarray:
    """Where an entry of an observation is recorded, in the form of the observation."""
    known = {"glimpse": "pixels", world.pose_name: "pose", "step": "step_idx"}
    column = chunk.columns[known.get(key, f"observation_{key}")]
    if column.dtype == np.uint8 and column.ndim == 4:
        column = column.transpose(0, 3, 1, 2)
    return column[:, None] if key == "step" else column


def test_it_is_what_the_single_environment_shows_for_the_recorded_actions(images_world: World, form: dict[str, Any]):
    """Of every task, action by action; the environment is another one, reset with the recorded seed."""
    options = {"world": images_world, "max_episode_steps": 3, **form}
    chunk = record_task(TapedVectorEnv(ROWS, **options), act_at_random, FIRST, SEED)
    single = gym.make("SaccadeWorld-v0", **options)
    columns = chunk.columns
    assert columns["episode_idx"][0] == FIRST
    assert chunk.lengths.sum() == len(columns["pose"])
    for rows in chunk.episode_slices():
        seeds, indices = columns["seed"][rows].tolist(), range(rows.start, rows.stop)
        assert set(seeds) == {SEED + int(columns["episode_idx"][rows.start])}
        seen, info = single.reset(seed=seeds[0])
        reward, ended = np.nan, (False, False)
        for row in indices:
            for key, value in seen.items():
                assert np.array_equal(value, column_of(chunk, key, images_world)[row]), key
            for key, value in info.items():
                assert np.array_equal(value, columns[f"info_{key}"][row]), key
            assert columns["reward"][row] == reward or np.isnan(reward)
            assert np.isnan(columns["reward"][row]) == (row == rows.start)
            assert (columns["terminated"][row], columns["truncated"][row]) == ended
            if row < rows.stop - 1:
                assert not any(ended)
                action = columns["action"][row]
                seen, reward, *ended, info = single.step(int(action) if action.shape == () else action)
                ended = tuple(ended)
        assert any(ended), "it is whole"
        nothing = columns["action"][rows.stop - 1]
        assert np.isnan(nothing).all() if nothing.dtype.kind == "f" else nothing == -1


def test_movements_lead_from_pose_to_pose(objects_world: World):
    """Also where the action was a choice."""
    options = {"world": objects_world, "task": "free-viewing", "actions": "discrete", "max_episode_steps": 3}
    chunk = record_task(TapedVectorEnv(2, **options), act_at_random, 0, 0)
    poses, movements = (torch.from_numpy(chunk.columns[name]).view(2, 4, 4) for name in ("pose", "movement"))
    moved = objects_world.move(poses[:, :3], movements[:, :3])
    assert torch.allclose(moved, poses[:, 1:], atol=1e-6)
    assert movements[:, 3].isnan().all()
    assert chunk.columns["action"].dtype == np.int64


def test_the_tape_begins_anew_with_every_reset(images_world: World):
    tape = TapedVectorEnv(2, world=images_world, max_episode_steps=2)
    first, again = (record_task(tape, act_at_random, 0, 9).columns for _ in range(2))
    assert all(
        np.array_equal(first[name], again[name], equal_nan=name in ("action", "movement")) for name in ("pose", "seed")
    )


def test_it_is_over_when_every_row_has_had_an_episode(images_world: World):
    tape = TapedVectorEnv(3, world=images_world, task="recognition", actions="discrete", max_episode_steps=4)
    tape.reset(seed=0)
    assert isinstance(tape.single_action_space, spaces.Discrete)
    answer = int(tape.single_action_space.n) - 1
    steps = [[0, answer, 0], [0, 0, answer], [answer, 0, 0]]
    for over, actions in zip((False, False, True), steps, strict=True):
        tape.step(np.array(actions))
        assert tape.is_over == over
    assert tape.chunk(0).lengths.tolist() == [4, 2, 3]
    with pytest.raises(TypeError, match="output"):
        TapedVectorEnv(1, output="numpy")
