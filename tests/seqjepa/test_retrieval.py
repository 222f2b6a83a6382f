import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import PictureSet, ViewSet
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld, StoredViewsWorld
from saccadeworld.seqjepa.episode_seeds import first_of_repeat
from saccadeworld.seqjepa.retrieval import RetrievalConfig, predict_views, rank_views, retrieval
from saccadeworld.seqjepa.view_sets import embed_view_sets
from scipy.spatial.transform import Rotation
from tiny import tiny_model, tiny_pictures, tiny_world
from tiny_baselines import tiny_baseline
from torch import Tensor, nn


class Oracle(nn.Module):
    """Knows the pose of each view, in an order in which it is asked for them, and applies actions to it exactly.

    z is the pose on a sphere, so that cosines tell poses apart; the aggregate holds where the last view was.
    """

    def __init__(self, world, blind: bool = False):
        super().__init__()
        self.world, self.blind = world, blind
        self.config = SimpleNamespace(action_dim=world.action_dim, method="oracle", told_actions=True)
        self.seen: list[int] = []

    def encode(self, views: Tensor) -> Tensor:
        return self.world.embedding(views)

    def aggregate(self, z: Tensor, actions: Tensor) -> Tensor:
        self.seen.append(z.shape[1])
        return z[:, -1]

    def predict(self, aggregate: Tensor, actions: Tensor) -> Tensor:
        if self.blind:
            return torch.ones_like(aggregate)
        return self.world.moved(aggregate, actions)


class Pixels(ImagesWorld):
    """Every pixel tells its row, its column and its picture; embeddings are (row, col, 1), in sides."""

    @classmethod
    def of(cls, count: int = 4, side: int = 70):
        line = torch.arange(side, dtype=torch.uint8)
        rows, columns = line[:, None].expand(side, side), line.expand(side, side)
        pictures = torch.stack([torch.stack([rows, columns, torch.full_like(rows, i)], -1) for i in range(count)])
        return cls(PictureSet(pictures, torch.arange(count) % 3, ("a", "b", "c")), fovea=1)

    def embedding(self, views: Tensor) -> Tensor:
        rows, columns, _ = views.flatten(-3).float().unbind(-1)
        return torch.stack([rows / self.side, columns / self.side, torch.ones_like(rows)], -1)

    def moved(self, z: Tensor, actions: Tensor) -> Tensor:
        return torch.cat([z[..., :2] + actions, z[..., 2:]], -1)


CONFIG = RetrievalConfig(observed=(1, 3))


@pytest.fixture(scope="module")
def oracle():
    world = Pixels.of()
    model = Oracle(world)
    return world, model, retrieval(model, world, Pixels.of(3), CONFIG)


def test_a_perfect_predictor_is_always_first(oracle):
    _, model, scores = oracle
    for m in (1, 3):
        assert scores[f"retrieval/mrr/{m}"] == scores[f"retrieval/h@1/{m}"] == scores[f"retrieval/h@5/{m}"] == [1.0]
        for gallery in ("train", "test", "test-all"):
            assert scores[f"retrieval/distance/{gallery}/{m}"] == [0.0]
    assert set(model.seen) == {1, 3}
    assert not any("pre" in name.split("/") for name in scores)


def test_a_predictor_that_knows_nothing_scores_chance():
    world = Pixels.of()
    scores = retrieval(Oracle(world, blind=True), world, world, RetrievalConfig())
    assert scores["retrieval/mrr/1"][0] == pytest.approx(scores["retrieval/mrr/chance"][0], abs=1e-9)
    assert scores["retrieval/mrr/chance"][0] == pytest.approx(sum(1 / r for r in range(1, 50)) / 49)
    assert scores["retrieval/h@1/1"][0] == pytest.approx(1 / 49)
    assert scores["retrieval/h@5/1"][0] == pytest.approx(5 / 49)


def test_chance_errors_are_those_of_random_pairs(meshes):
    """Uniform rotations: (q . q')^2 is 1/4 on average, and the angle pi / 2 + 2 / pi."""
    world = ObjectsWorld(meshes, size=4, rotations="so3")
    scores = retrieval(tiny_model(action_dim=4), world, world, RetrievalConfig(views=400))
    for gallery in ("train", "test", "test-all"):
        assert scores[f"retrieval/pre/{gallery}/chance"][0] == pytest.approx(0.75, abs=0.03)
        assert scores[f"retrieval/distance/{gallery}/chance"][0] == pytest.approx(math.pi / 2 + 2 / math.pi, abs=0.08)
    assert scores["retrieval/mrr/1"][0] == pytest.approx(scores["retrieval/mrr/chance"][0], abs=0.02)


def slow_retrieval(z, candidates, poses, predict):
    """SIE's protocol in loops: reciprocal ranks, and errors of what a whole split's search finds."""
    n, k = z.shape[:2]
    unit = candidates / np.linalg.norm(candidates, axis=-1, keepdims=True)
    reciprocal, errors, angles = [], [], []
    for scene, view in itertools.product(range(n), range(k)):
        predicted = predict(scene, view)
        scores = unit[scene] @ predicted
        reciprocal.append(1 / (1 + sum(score > scores[view] for score in scores)))
        found = max(itertools.product(range(n), range(k)), key=lambda place: unit[place] @ predicted)
        p, q = (Rotation.from_quat(poses[place]) for place in ((scene, view), found))
        angles.append((p.inv() * q).magnitude())
        errors.append(1 - math.cos(angles[-1] / 2) ** 2)
    return np.mean(reciprocal), np.mean(errors), np.mean(angles)


@pytest.mark.parametrize("name", ["seq-jepa", "equimod", "sie"])
def test_scores_are_those_of_slow_loops(meshes, name):
    world = ObjectsWorld(meshes, size=16, rotations="3diebench")
    model = tiny_model(action_dim=4) if name == "seq-jepa" else tiny_baseline(name, action_dim=4)
    model.eval()
    observed = 2 if name == "seq-jepa" else 1
    scores = retrieval(model, world, world, RetrievalConfig(views=6, observed=(observed,)))
    sets = embed_view_sets(model, world, 4, 6, seed=first_of_repeat("testing", 0, 0))
    poses = sets.poses.double().numpy()

    def action(scene: int, start: int, end: int) -> Tensor:
        turn = Rotation.from_quat(poses[scene, start]).inv() * Rotation.from_quat(poses[scene, end])
        return torch.from_numpy(turn.as_quat(canonical=True)).float()[None]

    def predict(scene: int, view: int) -> np.ndarray:
        with torch.no_grad():
            if name == "seq-jepa":
                seen = sets.z[scene, [1, 0]][None]
                aggregate = model.aggregate(seen, action(scene, 1, 0)[None])
                return model.predict(aggregate, action(scene, 0, view))[0].double().numpy()
            return model.predict(model.project(sets.z[scene, :1]), action(scene, 0, view))[0].double().numpy()

    with torch.no_grad():
        candidates = sets.z if name == "seq-jepa" else model.project(sets.z)
    expected = slow_retrieval(sets.z.numpy(), candidates.double().numpy(), poses, predict)
    measured = [scores[f"retrieval/{key}/{observed}"][0] for key in ("mrr", "pre/test", "distance/test")]
    assert measured == pytest.approx(expected, abs=1e-4)


def test_a_model_without_actions_scores_chance(meshes):
    """It predicts the same for every view of a scene."""
    world = ObjectsWorld(meshes, size=16)
    scores = retrieval(tiny_model(action_dim=4, conditioning="none"), world, world, RetrievalConfig(views=10))
    assert scores["retrieval/mrr/1"][0] == pytest.approx(scores["retrieval/mrr/chance"][0], abs=1e-6)


def test_repeats_are_fresh_and_repeatable_and_the_model_left_as_it_was(meshes):
    world = ObjectsWorld(meshes, size=16)
    model, calls = tiny_model(action_dim=4).train(), []
    config = RetrievalConfig(scenes=3, views=8, repeats=2)
    scores, again = (retrieval(model, world, world, config, lambda: calls.append(model.training)) for _ in range(2))
    assert scores == again
    assert scores["retrieval/distance/test/1"][0] != scores["retrieval/distance/test/1"][1]
    assert calls == [True] * 4


def test_ranks_do_not_depend_on_the_length_of_embeddings():
    random = torch.Generator().manual_seed(0)
    predicted, z = torch.randn(3, 5, 4, generator=random), torch.randn(3, 5, 4, generator=random)
    longer = z * torch.rand(3, 5, 1, generator=random).add(0.5)
    assert torch.equal(rank_views(predicted, z).above, rank_views(7 * predicted, longer).above)


def test_other_worlds_are_scored_too(pictures):
    world = AugmentationsWorld(pictures)
    scores = retrieval(tiny_model(action_dim=9), world, world, RetrievalConfig(views=5))
    assert 0 < scores["retrieval/mrr/1"][0] < 1
    assert "retrieval/pre/test/1" not in scores


def test_what_cannot_be_scored_is_refused(pictures):
    world = tiny_world()
    with pytest.raises(ValueError, match="simclr does not predict the view that an action leads to"):
        retrieval(tiny_baseline("simclr"), world, world, RetrievalConfig())
    with pytest.raises(ValueError, match=r"equimod predicts from one view; use observed=\(1,\), not \(1, 2\)"):
        retrieval(tiny_baseline("equimod"), world, world, RetrievalConfig(observed=(1, 2)))
    with pytest.raises(ValueError, match="observed=5 of 4 views"):
        predict_views(tiny_model(), world, embed_view_sets(tiny_model(), world, 2, 4), 5)
    official = AugmentationsWorld(pictures, official=True)
    with pytest.raises(ValueError, match="official=True"):
        retrieval(tiny_model(action_dim=9), official, official, RetrievalConfig())


@pytest.mark.parametrize(
    "options", [{"scenes": 0}, {"views": 3}, {"observed": ()}, {"observed": (1, 1)}, {"observed": (60,)}, {"seed": -1}]
)
def test_impossible_configurations_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        RetrievalConfig(**options)


def test_stored_views_are_all_searched():
    objects = torch.arange(3).repeat_interleave(5)
    random = torch.Generator().manual_seed(0)
    extras = {"latents": torch.rand(15, 7, generator=random) * 0.7, "objects": objects}
    pictures = PictureSet(tiny_pictures(15).pictures, objects, ("a", "b", "c"), extras=extras)
    world = StoredViewsWorld(ViewSet.of(pictures))
    sets = embed_view_sets(tiny_model(action_dim=4), world, 3, 5)
    assert all(len(poses.unique(dim=0)) == 5 for poses in sets.poses)
    with pytest.raises(ValueError, match="views=6, but an object of this source has 5 views: use at most 5"):
        embed_view_sets(tiny_model(action_dim=4), world, 3, 6)
