"""The planner: held against places and costs whose best is known."""

from typing import Any

import pytest
import torch
from saccadeworld.agents.memory import Memory, Seen
from saccadeworld.agents.planning.imagination import Imagined, imagine
from saccadeworld.agents.planning.objectives import Elsewhere, Familiarity, GoalDistance
from saccadeworld.agents.planning.planner import Planner, PlannerConfig
from saccadeworld.agents.planning.plans import carry_out
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld, World
from saccadeworld.seqjepa import SeqJEPA

pytestmark = pytest.mark.usefixtures("one_thread")
SEEDS = torch.arange(6)


def look(model: SeqJEPA, world: World) -> tuple[Seen, torch.Tensor, torch.Tensor]:
    scenes = world.draw_scenes(SEEDS)
    poses = world.first_poses(SEEDS, scenes)
    with torch.no_grad():
        z = model.encode(world.views(scenes, poses))
        return Memory.begin(z, 4, world.action_dim).look_back(model), poses, scenes


class Place:
    """How far from a place a plan ends: what it is expected to show does not count."""

    def __init__(self, world: World, target: torch.Tensor):
        self.world = world
        self.target = target

    def __call__(self, imagined: Imagined, poses: torch.Tensor) -> torch.Tensor:
        return self.world.distance(poses[:, :, -1], self.target.expand_as(poses[:, :, -1]))


def errors(model: SeqJEPA, world: World, target: torch.Tensor, **options: Any) -> torch.Tensor:
    seen, poses, scenes = look(model, world)
    planner = Planner(model, world, PlannerConfig(**options))
    action = planner(seen, poses, scenes, SEEDS, 0, Place(world, target))
    return world.distance(world.move(poses, action), target.expand_as(poses))


def test_the_best_of_what_is_drawn_is_improved(images_world: ImagesWorld, images_model: SeqJEPA):
    target = torch.tensor([0.9, 0.2])
    drawn = errors(images_model, images_world, target, candidates=64, iterations=0)
    assert 0.001 < drawn.mean() < 0.15
    varied = errors(images_model, images_world, target, candidates=64, iterations=4, elites=8)
    assert varied.mean() < drawn.mean() / 5
    descended = errors(
        images_model, images_world, target, candidates=64, iterations=0, gradient_steps=60, learning_rate=0.005
    )
    assert descended.mean() < drawn.mean() / 5
    assert (descended <= drawn).all()


def test_rotations_are_found_too(objects_world: ObjectsWorld, model_for: Any):
    target = torch.tensor([0.0, 0.0, 0.5, 0.75**0.5])  # within the turntable from which plans are drawn
    model = model_for(objects_world)
    drawn = errors(model, objects_world, target, candidates=64, iterations=0)
    varied = errors(model, objects_world, target, candidates=64, iterations=4, elites=8)
    assert varied.mean() < drawn.mean() / 2


def test_of_several_actions_the_first_is_made(images_world: ImagesWorld, images_model: SeqJEPA):
    """A reach of 0.25 takes three saccades to the corner; the first goes that way."""
    world = ImagesWorld(images_world.made_of, fovea=12, max_saccade=0.25)
    seen, poses, scenes = look(images_model, world)
    planner = Planner(images_model, world, PlannerConfig(horizon=3, candidates=256, iterations=4))
    target = torch.tensor([0.9, 0.9])
    action = planner(seen, poses, scenes, SEEDS, 0, Place(world, target))
    assert action.shape == (6, 2)
    assert (action > 0).all()
    assert action.norm(dim=1).max() <= 0.25 + 1e-6


def test_a_row_does_not_depend_on_the_others(images_world: ImagesWorld, images_model: SeqJEPA):
    seen, poses, scenes = look(images_model, images_world)
    goals = torch.randn(6, images_model.config.embedding_dim, generator=torch.Generator().manual_seed(0))
    config = PlannerConfig(candidates=32, iterations=2, gradient_steps=3)
    planner = Planner(images_model, images_world, config)
    together = planner(seen, poses, scenes, SEEDS, 2, GoalDistance(goals))
    row = torch.tensor([4])
    alone = Seen(seen.memory.select(row), seen.aggregates[row])
    action = planner(alone, poses[row], scenes[row], SEEDS[row], 2, GoalDistance(goals[row]))
    torch.testing.assert_close(action, together[row], rtol=1e-3, atol=1e-3)


def test_the_model_is_left_as_it_is(images_world: ImagesWorld, images_model: SeqJEPA):
    seen, poses, scenes = look(images_model, images_world)
    images_model.train()
    try:
        planner = Planner(images_model, images_world, PlannerConfig(candidates=8, elites=2, gradient_steps=2))
        planner(seen, poses, scenes, SEEDS, 0, GoalDistance(seen.memory.z[:, -1]))
        assert images_model.training
    finally:
        images_model.eval()
    assert all(parameter.grad is None for parameter in images_model.parameters())


# Objectives


@torch.no_grad()
def test_the_distance_of_a_goal_is_that_of_the_most_similar_view(images_world: ImagesWorld, images_model: SeqJEPA):
    seen, poses, _ = look(images_model, images_world)
    plans = 0.2 * torch.randn(6, 5, 3, 2, generator=torch.Generator().manual_seed(0))
    imagined = imagine(images_model, seen, plans)
    goals = torch.randn(6, images_model.config.embedding_dim, generator=torch.Generator().manual_seed(1))
    found = GoalDistance(goals)(imagined, carry_out(images_world, poses, plans)[1])
    for row in range(6):
        for plan in range(5):
            z = imagined.z[row, plan]
            cosines = z @ goals[row] / (z.norm(dim=1) * goals[row].norm())
            assert found[row, plan] == pytest.approx(1 - cosines.max().item(), abs=1e-4)


@torch.no_grad()
def test_familiarity_is_the_largest_cosine_with_what_was_seen(images_world: ImagesWorld, images_model: SeqJEPA):
    seen, poses, _ = look(images_model, images_world)
    z = torch.randn(6, images_model.config.embedding_dim, generator=torch.Generator().manual_seed(2))
    memory = seen.memory.after(torch.zeros(6, 2), z)
    plans = 0.2 * torch.randn(6, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    imagined = imagine(images_model, memory.look_back(images_model), plans)
    found = Familiarity()(imagined, carry_out(images_world, poses, plans)[1])
    for row in range(6):
        known = torch.nn.functional.normalize(memory.z[row, -2:], dim=1)
        for plan in range(3):
            expected = torch.nn.functional.normalize(imagined.z[row, plan], dim=1)
            assert found[row, plan] == pytest.approx((expected @ known.T).amax(1).mean().item(), abs=1e-4)


def test_places_seen_already_come_last(images_world: ImagesWorld, images_model: SeqJEPA):
    seen, poses, scenes = look(images_model, images_world)
    target = torch.tensor([0.5, 0.5])
    visited = torch.stack([target.expand(6, 2), torch.full((6, 2), torch.inf)], dim=1)
    planner = Planner(images_model, images_world, PlannerConfig(candidates=256, iterations=0))
    free = planner(seen, poses, scenes, SEEDS, 0, Place(images_world, target))
    barred = planner(seen, poses, scenes, SEEDS, 0, Elsewhere(Place(images_world, target), images_world, visited, 0.2))
    distances = [images_world.distance(poses + action, target.expand_as(poses)) for action in (free, barred)]
    assert (distances[0] < 0.2).all()
    assert ((distances[1] > 0.2) & (distances[1] < 0.3)).all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"horizon": 0}, ValueError, "horizon=0 is out of range"),
        ({"candidates": 2.5}, TypeError, r"candidates=2\.5 must be int"),
        ({"candidates": 4, "elites": 8}, ValueError, "elites=8 are more than candidates=4"),
        ({"learning_rate": -1}, ValueError, "learning_rate=-1 is out of range"),
    ],
)
def test_a_bad_configuration(options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        PlannerConfig(**options)
