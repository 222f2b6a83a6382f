import pytest
import torch
from saccadeworld.agents.planning.plans import carry_out, propose
from saccadeworld.envs.worlds import ImagesWorld, World

SEEDS = torch.arange(5)


def start(world: World) -> tuple[torch.Tensor, torch.Tensor]:
    scenes = world.draw_scenes(SEEDS)
    return world.first_poses(SEEDS, scenes), scenes


def test_plans_are_carried_out_as_the_world_moves(world: World):
    poses, scenes = start(world)
    plans = propose(world, poses, scenes, SEEDS, 3, (4, 2))
    assert plans.shape == (5, 4, 2, world.action_dim)
    commands, places = carry_out(world, poses, plans)
    for plan in range(4):
        here = poses
        for step in range(2):
            here = world.move(here, commands[:, plan, step])
            assert world.distance(here, places[:, plan, step]).amax() < 2e-3
    world.check_actions(commands.flatten(0, 2))


def test_plans_end_where_the_world_draws_poses(images_world: ImagesWorld):
    poses, scenes = start(images_world)
    plans = propose(images_world, poses, scenes, SEEDS, 0, (2000, 2))
    places = carry_out(images_world, poses, plans)[1]
    torch.testing.assert_close(places[..., 0, :], poses[:, None] + plans[:, :, 0])
    for step in range(2):
        assert places[:, :, step].mean(1).sub(0.5).abs().max() < 0.03
        assert places[:, :, step].var(1).sub(1 / 12).abs().max() < 0.01


@pytest.mark.parametrize("step", [0, torch.tensor([0, 4, 7, 1, 1])])
def test_a_rows_plans_are_its_own(images_world: ImagesWorld, step: int | torch.Tensor):
    poses, scenes = start(images_world)
    together = propose(images_world, poses, scenes, SEEDS, step, (3, 2))
    of_row = step if isinstance(step, int) else step[3:4]
    alone = propose(images_world, poses[3:4], scenes[3:4], SEEDS[3:4], of_row, (3, 2))
    assert torch.equal(together[3:4], alone)
    later = propose(images_world, poses, scenes, SEEDS, step + 1, (3, 2))
    assert not torch.isclose(together, later).any(dim=-1).all()


def test_what_leads_out_of_the_picture_ends_at_its_border(images_world: ImagesWorld):
    poses, _ = start(images_world)
    commands, places = carry_out(images_world, poses, torch.full((5, 1, 1, 2), 3.0))
    assert torch.equal(places[:, 0, 0], torch.full((5, 2), 39 / 40))
    torch.testing.assert_close(commands[:, 0, 0], 39 / 40 - poses)
