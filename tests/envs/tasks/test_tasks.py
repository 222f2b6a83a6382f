"""What all tasks have in common."""

import gymnasium as gym
import numpy as np
import pytest
from saccadeworld.envs.retinas import RETINAS
from saccadeworld.envs.tasks import TASKS, FreeViewing, Outcome, Rows, make_task, split_options
from saccadeworld.envs.worlds import WORLDS, ImagesWorld
from torch import Tensor


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


class Stay(FreeViewing):
    """The farther a fixation is from the centre, the more it costs; leaving `bounds` ends the episode."""

    name = "stay"

    def __init__(self, world: ImagesWorld, *, bounds: float = 0.25):
        super().__init__(world)
        self.bounds = bounds

    def act(self, rows: Rows, actions: Tensor) -> Outcome:
        poses = self.move(rows, actions)
        away = self.world.distance(poses, self.world.first_poses(rows.seeds, rows.scenes))
        return Outcome(poses, -away, away > self.bounds)


@pytest.mark.parametrize("world", ["images", None])
def test_a_task_of_ones_own_is_asked_for_by_its_class(world: str | None, images_world: ImagesWorld):
    options = {"world": images_world} if world is None else {"world": world, "count": 3, "fovea": 12}
    env = gym.make("SaccadeWorld-v0", task=Stay, bounds=0.2, **options)
    env.reset(seed=0)
    _, reward, terminated, _, _ = env.step(np.array([0.1, 0.1], np.float32))
    assert reward == pytest.approx(-(0.02**0.5), abs=1e-6)
    assert not terminated
    _, reward, terminated, _, _ = env.step(np.array([0.1, 0.0], np.float32))
    assert reward == pytest.approx(-(0.05**0.5), abs=1e-6)
    assert terminated


def test_what_is_no_task_is_refused(images_world: ImagesWorld):
    with pytest.raises(TypeError, match=r"no subclass of saccadeworld\.envs\.tasks\.Task"):
        gym.make("SaccadeWorld-v0", task=ImagesWorld, world=images_world)
    with pytest.raises(TypeError, match="'stay' in the world 'images' has no option 'limits'"):
        gym.make("SaccadeWorld-v0", task=Stay, world="images", limits=1)
