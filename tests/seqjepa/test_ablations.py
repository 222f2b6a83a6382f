from dataclasses import asdict
from types import SimpleNamespace

import pytest
import torch
from saccadeworld.envs.worlds import WORLDS, make_world
from saccadeworld.seqjepa import SeqJEPA
from saccadeworld.seqjepa.ablations import ABLATIONS, ANTI_COLLAPSE, Run, ablate
from saccadeworld.seqjepa.evaluation import EvaluationConfig
from saccadeworld.seqjepa.training_config import TrainingConfig
from tiny import tiny_model

RUN = Run({"fovea": 24}, {"encoder": "small"}, TrainingConfig(policy="saliency"), EvaluationConfig(policy="saliency"))


def changed(before: dict, after: dict) -> set[str]:
    return {key for key in before | after if before.get(key) != after.get(key)}


@pytest.mark.parametrize("name", ABLATIONS)
def test_each_changes_what_it_says_and_what_there_is(name):
    ablation = ABLATIONS[name]
    run = ablate(name, ablation.worlds[0], RUN)
    assert changed(dict(RUN.world), dict(run.world)) == set(ablation.world)
    assert changed(dict(RUN.model), dict(run.model)) == set(ablation.model)
    assert changed(asdict(RUN.training), asdict(run.training)) == set(ablation.training)
    assert changed(asdict(RUN.evaluation), asdict(run.evaluation)) == set(ablation.evaluation)
    assert SeqJEPA(action_dim=2, **run.model).config.embedding_dim > 0
    for world in ablation.worlds:
        assert set(ablation.world) <= WORLDS[world].option_names(ablation.world)


def test_those_of_inference_need_no_training():
    assert {name for name, ablation in ABLATIONS.items() if not ablation.retrains} == {
        "none",
        "shuffled-order",
        "mismatched-order",
        *(f"noisy-actions-{deviation}" for deviation in (0.05, 0.1, 0.2, 0.4)),
    }


@pytest.mark.parametrize(
    ("name", "aggregator", "predictor"),
    [("none", True, True), ("no-action", False, False)]
    + [("no-predictor-action", True, False), ("no-aggregator-action", False, True)],
)
def test_who_is_told_actions(name, aggregator, predictor):
    model = tiny_model(**ABLATIONS[name].model).eval()
    z, actions = torch.randn(3, 2, 16), torch.randn(2, 3, 1, 2)
    aggregates = [model.aggregate(z, a) for a in actions]
    assert torch.equal(*aggregates) != aggregator
    assert torch.equal(*(model.predict(aggregates[0], a[:, 0]) for a in actions)) != predictor


def test_without_inhibition_eyes_return_sooner():
    """Mean shortest distance between two of five fixations, in sides."""
    closest = []
    for name in ("none", "no-inhibition"):
        run = ablate(name, "images", RUN)
        world = make_world("images", count=64, size=48, **run.world)
        poses = world.rollout(64, 5, run.training.policy).poses
        closest.append((torch.cdist(poses, poses) + torch.eye(5)).flatten(1).amin(1).mean())
    assert closest[0] > 24 / 2 / 48 > closest[1]


def test_what_means_nothing_is_refused():
    with pytest.raises(ValueError, match="ablation='no-eyes' is not known; use one of 'none', 'no-action'"):
        ablate("no-eyes", "images", RUN)
    with pytest.raises(ValueError, match="world of the ablation 'no-saliency'='objects' is not known; use one of 'ima"):
        ablate("no-saliency", "objects", RUN)


def test_what_keeps_embeddings_from_collapse_covers_both_targets():
    """Each remedy with an EMA target and without, and each changes the loss of a model that has none."""
    assert len(ANTI_COLLAPSE) == 8
    assert {options["target"] for options in ANTI_COLLAPSE.values()} == {"ema", "stop-gradient"}
    generator = torch.Generator().manual_seed(0)
    views = torch.randint(0, 256, (6, 3, 3, 8, 8), dtype=torch.uint8, generator=generator)
    batch = SimpleNamespace(views=views, actions=torch.randn(6, 2, 2, generator=generator))
    losses = {}
    for name, options in ANTI_COLLAPSE.items():
        model = tiny_model(dropout=0.0, **options)
        torch.manual_seed(1)
        losses[name] = model.loss(batch).item()
        assert (model.target_encoder is not None) == name.startswith("ema")
    for target in ("ema", "stop-gradient"):
        own = {losses[name] for name in ANTI_COLLAPSE if name.startswith(target)}
        assert len(own) == 4
