"""What actions send out: the efference copy, which a model is told."""

import gymnasium as gym
import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.vector_env import SaccadeWorldVectorEnv
from saccadeworld.envs.worlds import ImagesWorld, World

ROWS = 16


def make(world: World, task: str, **options) -> SaccadeWorldVectorEnv:
    env = gym.make_vec("SaccadeWorld-v0", ROWS, world=world, task=task, output="torch", **options).unwrapped
    assert isinstance(env, SaccadeWorldVectorEnv)
    env.reset(seed=0)
    env.action_space.seed(0)
    return env


def step(env: SaccadeWorldVectorEnv) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random actions: the commands they send out, and the poses before and after."""
    rows, actions = env.rows, torch.from_numpy(env.action_space.sample())
    commands = env.task.commands(rows, actions)
    env.step(actions)
    return commands, rows.poses, env.rows.poses


@pytest.mark.parametrize(
    ("task", "options"),
    [
        (task, {"actions": actions})
        for task in ("free-viewing", "search", "recognition")
        for actions in ("box", "discrete")
    ],
)
def test_commands_are_what_leads_from_pose_to_pose(searchable: World, task: str, options: dict):
    world, env = searchable, make(searchable, task, **options)
    commands, before, after = step(env)
    assert commands.shape == (ROWS, world.action_dim)
    aims = world.settle(world.move(before, commands), env.rows.scenes, env.rows.seeds, 1)
    assert world.distance(world.land(before, aims, env.rows.seeds, 1), after).amax() < 2e-3


@pytest.mark.parametrize("passive", [False, True])
@pytest.mark.parametrize("task", ["path-integration", "homing"])
def test_commands_of_a_journey_are_those_that_are_observed(world: World, task: str, passive: bool):
    env = make(world, task, movements=2, passive=passive)
    for _ in range(2):
        commands = step(env)[0]
        assert torch.equal(commands, env.task.observe(env.rows)["action"])


def test_an_answer_and_a_report_move_nothing(world: World):
    env = make(world, "path-integration", movements=1)
    assert not torch.allclose(step(env)[0], torch.tensor(world.still))
    assert torch.equal(step(env)[0], torch.tensor(world.still).expand(ROWS, -1))
    env = make(world, "recognition", actions="discrete")
    answers = torch.full((ROWS,), world.choice_count)
    assert torch.equal(env.task.commands(env.rows, answers), torch.tensor(world.still).expand(ROWS, -1))


def test_motor_noise_comes_after_a_command(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=12, motor_noise=0.2, max_saccade=0.3)
    env = make(world, "free-viewing")
    commands, before, after = step(env)
    assert 0.29 < commands.square().sum(1).sqrt().max() <= 0.3 + 1e-6
    assert (after - before - commands).abs().amax() > 0.01


@pytest.mark.parametrize("task", ["path-integration", "homing"])
def test_movements_that_a_journey_hides_are_no_commands_either(world: World, task: str):
    env = make(world, task, movements=2, passive=True, observe_action=False)
    commands, before, after = step(env)
    assert world.distance(before, after).amax() > 0
    assert torch.equal(commands, torch.tensor(world.still).expand(ROWS, -1))
