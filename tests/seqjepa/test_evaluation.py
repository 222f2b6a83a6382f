import math
from dataclasses import replace

import pytest
import torch
from saccadeworld.envs.sources.banks import MeshSet, PictureSet, ViewSet
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld, StoredViewsWorld, make_world
from saccadeworld.seqjepa.evaluation import EvaluationConfig, _action_parts, evaluate, make_regressor
from saccadeworld.seqjepa.features import extract_features
from tiny import CLASSES, tiny_model, tiny_pictures, tiny_world
from torch import Tensor, nn

QUICK = {"train_episodes": 300, "test_episodes": 200, "views": (1, 2, 3), "repeats": 2, "policy": "uniform"}


def told_world(classes: int = 3, side: int = 64) -> ImagesWorld:
    """Every pixel of a picture tells its row, its column and the picture's class."""
    line = torch.arange(side, dtype=torch.uint8)
    labels = torch.arange(2 * classes) % classes
    rows, columns = line[:, None].expand(side, side), line.expand(side, side)
    pictures = torch.stack([torch.stack([rows, columns, torch.full_like(rows, int(c))], -1) for c in labels])
    return ImagesWorld(PictureSet(pictures, labels, tuple(map(str, range(classes)))), fovea=1)


class Oracle(nn.Module):
    """Reads the pixels of `told_world`: z is the place and the class, the aggregate their mean over the views."""

    config = tiny_model().config

    def __init__(self, classes: int = 3):
        super().__init__()
        self.classes = classes

    def encode(self, views: Tensor) -> Tensor:
        rows, columns, labels = views.flatten(-3).unbind(-1)
        return torch.cat([torch.stack([rows, columns], -1), nn.functional.one_hot(labels.long(), self.classes)], -1)

    def aggregate(self, z: Tensor, actions: Tensor) -> Tensor:
        assert actions.shape == (len(z), z.shape[1] - 1, 2)
        return z.float().mean(1)


def middle(scores: dict[str, list[float]]) -> dict[str, float]:
    return {name: sum(values) / len(values) for name, values in scores.items()}


@pytest.fixture(scope="module")
def oracle_scores():
    config = EvaluationConfig(**QUICK | {"train_episodes": 1000, "test_episodes": 4000, "pooled": True})
    return evaluate(Oracle(), told_world(), told_world(), config)  # pyright: ignore[reportArgumentType]


def test_an_oracle_knows_everything(oracle_scores):
    scores = middle(oracle_scores)
    for name in ("class/z", "class/aggregate/1", "class/aggregate/2", "class/aggregate/3"):
        assert scores[name] == 1.0
    for name in ("action/relative", "action/individual", "action/relative/pooled"):
        assert scores[name] == pytest.approx(1.0, abs=1e-3)


def test_null_levels_are_the_closed_forms(oracle_scores):
    """The displacement b - a of independent uniform fixations is best guessed as 1/2 - a, which explains half of it.

    Saccades have mean 0 in both directions, so that both definitions of R2 agree.
    """
    scores = middle(oracle_scores)
    assert scores["class/majority"] == pytest.approx(1 / 3, abs=0.01)
    assert scores["action/first_pose"] == pytest.approx(0.5, abs=0.02)
    assert scores["action/first_pose/pooled"] == pytest.approx(0.5, abs=0.02)


def test_movements_can_be_those_of_another_policy():
    """Steps of a walk hardly depend on where they start, whereas half of a jump between random places does."""
    worlds = tiny_world(), tiny_world(seed=1)
    jumps, walks = (
        evaluate(tiny_model(), *worlds, EvaluationConfig(**QUICK, action_policy=policy)) for policy in (None, "nearby")
    )
    assert {name: jumps[name] for name in jumps if "class" in name} == {
        name: walks[name] for name in walks if "class" in name
    }
    assert middle(jumps)["action/first_pose"] == pytest.approx(0.5, abs=0.1)
    assert middle(walks)["action/first_pose"] < 0.25


def test_a_policy_moves_in_place_of_the_named_one():
    worlds = tiny_world(), tiny_world(seed=1)
    config, walks = (EvaluationConfig(**QUICK | {"policy": name}) for name in ("uniform", "nearby"))
    led = evaluate(tiny_model(), *worlds, config, policy_in=lambda world: world.policy("nearby"))
    assert led == evaluate(tiny_model(), *worlds, walks) != evaluate(tiny_model(), *worlds, config)


def test_a_model_that_sees_nothing_scores_nothing():
    class Blind(Oracle):
        def encode(self, views: Tensor) -> Tensor:
            return torch.ones_like(super().encode(views))

    scores = middle(evaluate(Blind(), told_world(), told_world(), EvaluationConfig(**QUICK)))
    assert scores["class/z"] == scores["class/aggregate/3"] == pytest.approx(1 / 3, abs=0.01)
    assert scores["action/relative"] == pytest.approx(0.0, abs=0.02)
    assert scores["action/individual"] == pytest.approx(0.0, abs=0.02)


def test_the_majority_is_that_of_the_training_split():
    def world(labels: list[int]) -> ImagesWorld:
        pictures = tiny_pictures(len(labels)).pictures
        return ImagesWorld(PictureSet(pictures, torch.tensor(labels), CLASSES), fovea=8)

    config = EvaluationConfig(**QUICK | {"train_episodes": 80, "test_episodes": 80})
    scores = evaluate(tiny_model(), world([0, 0, 0, 1]), world([0, 1, 1, 1]), config)
    assert scores["class/majority"] == [0.25, 0.25]


def test_classes_that_one_split_lacks_do_no_harm():
    def world(labels: list[int]) -> ImagesWorld:
        return ImagesWorld(PictureSet(tiny_pictures(4).pictures, torch.tensor(labels), CLASSES), fovea=8)

    config = EvaluationConfig(**QUICK | {"train_episodes": 40, "test_episodes": 40})
    scores = evaluate(tiny_model(), world([0, 0, 1, 1]), world([1, 2, 2, 2]), config)
    assert all(math.isfinite(value) for values in scores.values() for value in values)
    assert max(scores["class/z"]) <= 0.25


def test_scores_depend_on_the_seed_alone_and_repeats_differ():
    worlds = tiny_world(), tiny_world(seed=1)
    first, again, other = (evaluate(tiny_model(), *worlds, EvaluationConfig(**QUICK, seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert first["action/relative"][0] != first["action/relative"][1]
    assert not set(first["action/relative"]) & set(other["action/relative"])


def test_every_repeat_is_reported_and_the_model_left_as_it_was():
    model, calls = tiny_model().train(), []
    evaluate(model, tiny_world(), tiny_world(seed=1), EvaluationConfig(**QUICK), lambda: calls.append(model.training))
    assert calls == [True, True]


def test_rotations_are_regressed_by_an_mlp_and_lights_are_not(meshes):
    """With 3DIEBench's moving light the pose has eight numbers, of which the rotation is the first four."""
    world = ObjectsWorld(meshes, size=12, stage="view")
    options = QUICK | {"train_episodes": 60, "test_episodes": 40, "repeats": 1, "hidden": 8, "epochs": 2}
    scores = evaluate(tiny_model(action_dim=4), world, world, EvaluationConfig(**options))
    again = evaluate(tiny_model(action_dim=4), world, world, EvaluationConfig(**options, bf16=True))
    wider = evaluate(tiny_model(action_dim=4), world, world, EvaluationConfig(**options | {"hidden": 9}))
    assert scores.keys() == again.keys() == wider.keys()
    assert scores["action/individual"] != wider["action/individual"]
    assert scores["class/majority"] == again["class/majority"]
    assert scores["action/first_pose"] == pytest.approx(again["action/first_pose"], abs=0.05)


def stored_views() -> ViewSet:
    """Three objects of two views each."""
    objects = torch.arange(3).repeat_interleave(2)
    extras = {"latents": torch.zeros(6, 7), "objects": objects}
    return ViewSet.of(PictureSet(tiny_pictures(6).pictures, objects, CLASSES, extras=extras))


BY_MLP = {  # numbers of an action that the paper regresses by an MLP; the others by a linear layer
    "images": (0, 2),
    "objects": (4, 4),
    "objects rotcolor": (4, 6),
    "objects all": (4, 8),
    "stored-views rotcolor": (4, 6),
    "augmentations": (8, 9),
    "augmentations without blur": (8, 8),
    "augmentations crop": (4, 4),
    "augmentations jitter": (4, 4),
    "augmentations blur": (0, 1),
}


@pytest.mark.parametrize("name", BY_MLP)
def test_the_heads_are_the_papers(name: str, pictures: PictureSet, meshes: MeshSet):
    """A linear layer knows nothing of the squares of numbers that lie evenly around 0, an MLP learns them."""
    world_name, *latents = name.split(" ", 1)
    options = {"blur": False} if latents == ["without blur"] else {"latents": latents[0]} if latents else {}
    world = {
        "images": lambda: ImagesWorld(pictures, fovea=12),
        "objects": lambda: ObjectsWorld(meshes, size=12, **options),
        "stored-views": lambda: StoredViewsWorld(stored_views(), **options),
        "augmentations": lambda: AugmentationsWorld(pictures, **options),
    }[world_name]()
    by_mlp, width = BY_MLP[name]
    assert world.action_dim == width
    x = 2 * torch.rand(1500, width, generator=torch.Generator().manual_seed(0)) - 1
    x, new = x.split([1000, 500])
    fit = make_regressor(_action_parts(world), EvaluationConfig(hidden=64, epochs=60), seed=0)
    predicted = fit(x, x.square())(new)
    known = 1 - (predicted - new.square()).square().mean(0) / new.square().var(0)
    assert (known[:by_mlp] > 0.4).all()
    assert (known[by_mlp:].abs() < 0.1).all()
    assert predicted.shape == (500, width)


def test_parts_of_actions_have_scores_of_their_own(pictures: PictureSet):
    """The mean over all numbers is that over the parts, weighted by their numbers of these."""
    world = AugmentationsWorld(pictures)
    options = {"train_episodes": 200, "test_episodes": 100, "views": (1,), "repeats": 1, "hidden": 16, "epochs": 5}
    config = EvaluationConfig(**options, action_policy="uniform")
    scores = middle(evaluate(tiny_model(action_dim=9), world, world, config))
    for name in ("action/relative", "action/first_pose", "action/individual"):
        crop, jitter, blur = (scores[f"{name}/{part}"] for part in ("crop", "jitter", "blur"))
        assert scores[name] == pytest.approx((4 * crop + 4 * jitter + blur) / 9, abs=1e-5)
    crops = AugmentationsWorld(pictures, latents="crop")
    assert "action/relative/crop" not in evaluate(tiny_model(action_dim=4), crops, crops, config)


@pytest.mark.parametrize("name", ["images", "objects"])
def test_no_instance_is_in_both_splits(name):
    options = {"images": {"size": 32}, "objects": {}}[name]
    train, test = (make_world(name, split=split, count=24, **options) for split in ("train", "test"))
    if isinstance(train, ImagesWorld) and isinstance(test, ImagesWorld):
        seen, unseen = ({picture.numpy().tobytes() for picture in world.pictures} for world in (train, test))
    else:
        seen, unseen = ({mesh.vertices.tobytes() for mesh in world.made_of.meshes} for world in (train, test))
    assert len(seen) == len(unseen) == 24
    assert not seen & unseen


def test_worlds_that_do_not_belong_together_are_refused():
    other = ImagesWorld(PictureSet(tiny_pictures().pictures, tiny_pictures().labels, ("a", "b", "c")), fovea=8)
    with pytest.raises(ValueError, match="classes red, green, blue, the test world a, b, c: make both of one source"):
        evaluate(tiny_model(), tiny_world(), other, EvaluationConfig(**QUICK))
    with pytest.raises(ValueError, match="actions of 4 numbers, the world 'images' has 2"):
        evaluate(tiny_model(action_dim=4), tiny_world(), tiny_world(), EvaluationConfig(**QUICK))


@pytest.mark.parametrize(
    "options",
    [
        {"train_episodes": 1},
        {"test_episodes": 0},
        {"views": ()},
        {"views": (0, 1)},
        {"views": (1, 1)},
        {"repeats": 0},
        {"hidden": 0},
        {"epochs": 0},
        {"decay": -0.1},
        {"seed": -1},
    ],
    ids=str,
)
def test_impossible_configurations_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        EvaluationConfig(**options)


@pytest.mark.parametrize(("known", "score"), [("hues", 1.0), ("points of a circle", 6 / math.pi**2), ("nothing", 0.0)])
def test_a_change_of_hue_is_told_by_both_hues(meshes: MeshSet, monkeypatch, known: str, score: float):
    """Hues are known outright, or as cosine and sine, the best linear function of which has R2 = 6 / pi^2: of a value
    that is uniform over a turn, with variance 1/12, its first sine wave explains 1 / (2 pi^2)."""

    def embed(*args, **named):
        features = extract_features(*args, **named)
        hues = features.poses[..., 4:6]
        turns = 2 * math.pi * hues
        z = {"hues": hues, "points of a circle": torch.cat([turns.cos(), turns.sin()], -1), "nothing": hues[..., :0]}
        return replace(features, z=torch.cat([z[known], features.poses[..., :4]], -1))

    monkeypatch.setattr("saccadeworld.seqjepa.evaluation.extract_features", embed)
    world = ObjectsWorld(meshes, size=4, stage="view", latents="rotcolor")
    options = {"train_episodes": 2000, "test_episodes": 1000, "views": (1,), "repeats": 1, "hidden": 8, "epochs": 1}
    scores = middle(evaluate(tiny_model(action_dim=6), world, world, EvaluationConfig(**options)))
    assert scores["action/relative/stage"] == pytest.approx(score, abs=0.03)
    assert scores["action/individual/stage"] == pytest.approx(score, abs=0.03)
    assert scores["action/first_pose/stage"] == pytest.approx(0.5, abs=0.03)
