import numpy as np
import pytest
import torch
from saccadeworld.envs.recordings.players import act_at_random
from saccadeworld.envs.recordings.tape import record_task
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import ImagesWorld, World
from saccadeworld.scripts.figures import film_task
from saccadeworld.scripts.figures.task_films import WatchedVectorEnv, told


def check_against_render(world: World, task: str) -> None:
    """In other environments, action by action, below the titles."""
    env = WatchedVectorEnv(2, world=world, task=task, max_episode_steps=5)
    chunk = record_task(env, act_at_random, 0, 5)
    frames = iter(film_task(env, chunk))
    shape = None
    for place in chunk.episode_slices():
        single = SaccadeWorldVectorEnv(
            1, world=world, task=task, render_mode="rgb_array", autoreset_mode="Disabled", max_episode_steps=5
        )
        single.reset(seed=int(chunk.columns["seed"][place.start]))
        for row in range(place.start, place.stop):
            if row > place.start:
                single.step(chunk.columns["action"][row - 1][None])
            (rendered,) = single.render()
            height, width = rendered.shape[:2]
            frame = next(frames)
            shape = shape or frame.shape
            assert frame.shape == shape
            assert all(side % 2 == 0 for side in shape[:2])
            assert np.array_equal(frame[30 : 30 + height, :width], rendered)
        assert np.array_equal(next(frames), frame), "the end of an episode stays"
    assert next(frames, None) is None


@pytest.mark.parametrize("task", ["free-viewing", "homing", "recognition", "search"])
def test_frames_show_what_render_shows(images_world: World, objects_world: World, task: str):
    for world in (images_world, objects_world):
        check_against_render(world, task)


def test_every_world_has_a_film_of_a_task(world: World):
    check_against_render(world, "path-integration")


def test_the_line_below_tells_what_was_done_and_earned(images_world: ImagesWorld):
    env = WatchedVectorEnv(1, world=images_world, task="recognition", actions="discrete", glimpse_cost=0.25)
    env.reset(seed=3)
    truth = int(images_world.labels[env.rows.scenes[0]])
    lines = []
    for answer in (truth, (truth + 1) % 3):
        choices = iter([4, 25 + answer])
        chunk = record_task(env, lambda *_, choices=choices: torch.tensor([next(choices)]), 0, 3)
        lines.append([told(env.task, chunk, chunk.episode_slices()[0], step) for step in range(3)])
    right, wrong = lines
    assert right[0] == wrong[0] == "after 0 actions; is_success no"
    assert right[1] == wrong[1] == "after 1 action; reward -0.25, in all -0.25; is_success no"
    name, other = (images_world.classes[(truth + i) % 3] for i in (0, 1))
    assert right[2] == f"after 2 actions; the answer is {name}; reward 1.00, in all 0.75; is_success yes"
    assert wrong[2] == f"after 2 actions; the answer is {other}; reward 0.00, in all -0.25; is_success no"
