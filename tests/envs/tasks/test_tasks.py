"""What all tasks have in common."""

import pytest
from saccadeworld.envs.retinas import RETINAS
from saccadeworld.envs.tasks import TASKS, make_task, split_options
from saccadeworld.envs.worlds import WORLDS, ImagesWorld


@pytest.mark.parametrize("task", TASKS)
def test_no_option_of_a_task_is_one_of_a_world(task: str):
    own = TASKS[task].option_names()
    assert "observe_pose" in own
    reserved = {"num_envs", "world", "task", "output", "autoreset_mode", "max_episode_steps", "render_mode", "source"}
    for name, world in WORLDS.items():
        for retina in RETINAS if name == "images" else [None]:
            options = {"retina": retina} if retina else {}
            assert not own & (world.option_names(options) | reserved)


def test_options_are_split_by_owner():
    options = {"tolerance": 0.05, "fovea": 24, "reward": "sparse", "foo": 1}
    assert split_options("search", options) == ({"tolerance": 0.05, "reward": "sparse"}, {"fovea": 24, "foo": 1})
    assert split_options("free-viewing", options) == ({}, options)


def test_a_task_is_asked_for_by_name(images_world: ImagesWorld):
    assert all(make_task(name, images_world).name == name for name in TASKS)
    with pytest.raises(ValueError, match="task='juggling' is not known"):
        make_task("juggling", images_world)
