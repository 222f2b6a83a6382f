"""A model's thoughts: held against the model itself, asked for whole episodes at once."""

import pytest
import torch
from saccadeworld.agents.glimpses import FromStart
from saccadeworld.envs import rotations
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld, ObjectsWorld
from saccadeworld.scripts.playing.eye import Eye, Setting
from saccadeworld.scripts.playing.insight import MEMORY, Insight
from saccadeworld.seqjepa.path_integration import path_features
from torch.nn import functional

STEPS = MEMORY + 2


def watched(world: ImagesWorld | ObjectsWorld, insight: Insight, steps: int = STEPS) -> Eye:
    eye = Eye(Setting(world, dict(world.policies), 5, insight))
    for _ in range(steps):
        eye.step("uniform")
    return eye


def test_surprise_is_what_the_prediction_missed(images_world: ImagesWorld, images_insight: Insight):
    eye = watched(images_world, images_insight, 3)
    model = images_insight.model
    rollout = images_world.rollout(1, 4, FromStart(images_world.policy("uniform")), seed=5)
    with torch.no_grad():
        z = model.encode(rollout.views)
        for view in (1, 2, 3):
            aggregate = model.aggregate(z[:, :view], rollout.actions[:, : view - 1])
            predicted = model.predict(aggregate, rollout.actions[:, view - 1])
            expected = 1 - functional.cosine_similarity(predicted, z[:, view]).item()
            assert eye.thoughts[view].surprise == pytest.approx(expected, abs=1e-4)
    assert eye.thoughts[0].surprise is None


def test_belief_is_that_of_the_classifier_for_so_many_views(images_world: ImagesWorld, images_insight: Insight):
    eye = watched(images_world, images_insight)
    assert images_insight.belief is not None
    for view, thought in enumerate(eye.thoughts, start=1):
        assert thought.belief is not None
        assert thought.belief.sum().item() == pytest.approx(1, abs=1e-5)
        many = min(view, MEMORY)
        z = images_insight.model.encode(eye.views[None, view - many : view])
        actions = eye.course.episodes.actions[:, view - many : view - 1]
        with torch.no_grad():
            scores = images_insight.belief.parts[0][many - 1](images_insight.model.aggregate(z, actions))
        torch.testing.assert_close(thought.belief, scores.softmax(1)[0], rtol=1e-3, atol=1e-4)


def test_one_movement_is_known_exactly_as_it_is_told(images_world: ImagesWorld, images_insight: Insight):
    eye = watched(images_world, images_insight, 1)
    thought = eye.thoughts[1]
    assert (thought.start, eye.thoughts[0].place) == (0, None)
    assert thought.error == pytest.approx(0, abs=0.01)
    torch.testing.assert_close(thought.place, eye.poses[1], rtol=0, atol=0.01)


@pytest.mark.parametrize("kind", ["images", "objects"])
def test_paths_are_integrated_from_the_oldest_view_that_is_remembered(request: pytest.FixtureRequest, kind: str):
    world, insight = (request.getfixturevalue(f"{kind}_{what}") for what in ("world", "insight"))
    eye = watched(world, insight)
    thought = eye.thoughts[-1]
    m = MEMORY - 1
    assert thought.start == STEPS - m
    z = insight.model.encode(eye.views[None, -1 - m : -1])
    told = insight.paths[m](path_features(insight.model, z, eye.course.episodes.actions[:, -m:]))[0]
    start = eye.poses[-1 - m]
    place = start + told if kind == "images" else rotations.compose(start[:4], rotations.normalise(told))
    torch.testing.assert_close(thought.place, place, rtol=1e-3, atol=1e-3)
    assert thought.error == pytest.approx(world.distance(place, eye.poses[-1][: len(place)]).item(), abs=1e-3)


def test_a_model_for_other_movements_is_refused(objects_world: ObjectsWorld, images_insight: Insight):
    with pytest.raises(ValueError, match="actions of 2 numbers"):
        Insight.fit(images_insight.model, objects_world)


def test_scenes_without_classes_have_no_belief(pictures: PictureSet, images_insight: Insight, monkeypatch):
    monkeypatch.setattr("saccadeworld.scripts.playing.insight.EPISODES", 20)
    unlabelled = ImagesWorld(PictureSet(pictures.pictures, torch.full_like(pictures.labels, -1), ()), fovea=12)
    eye = watched(unlabelled, Insight.fit(images_insight.model, unlabelled), 1)
    assert (eye.label, eye.thoughts[1].belief) == (None, None)
    assert eye.thoughts[1].surprise is not None
