"""Plans of trainings at both scales."""

from dataclasses import replace

import pytest
from saccadeworld.scripts.reproductions.laptop_scale import LAPTOP
from saccadeworld.scripts.reproductions.paper_scale import PAPER
from saccadeworld.scripts.reproductions.scale import Inputs
from saccadeworld.scripts.reproductions.trainings import Training

DATA = {"3diebench": "/data/3die", "stl10": "/data/stl", "cifar100": "/data/cifar", "tiny-imagenet": "/data/tiny"}


@pytest.mark.parametrize("family", LAPTOP.families)
def test_on_a_laptop_every_method_has_the_same_compute(family):
    main = LAPTOP.plan(Training(family, observed=LAPTOP.families[family].observed), 0)
    assert main.training.steps == LAPTOP.families[family].training.steps
    for training in (
        Training(family, "simclr"),
        Training(family, "vicreg-traj"),
        Training(family, "sie"),
        Training(family, "context-ssl"),
        Training(family, observed=1),
    ):
        plan = LAPTOP.plan(training, 0)
        assert plan.operations == pytest.approx(main.operations, rel=5e-3)
        assert plan.view_shape == main.view_shape


@pytest.mark.parametrize("family", ["saccades", "rotations"])
def test_a_twin_sees_as_many_views(family):
    for training in (LAPTOP.main(family), Training(family, observed=1)):
        twins = [replace(training, ablation=name) for name in ("no-action", "action-width-256", "stop-gradient")]
        steps = {LAPTOP.plan(each, 0).training.steps for each in (training, *twins)}
        assert len(steps) == 1
    assert LAPTOP.plan(twins[0], 0).operations < 0.9 * LAPTOP.plan(training, 0).operations


def test_the_papers_numbers_of_training():
    """Specification of the paper's experiments: batch 512, 1000 or 2000 epochs, warm-up of 20, AdamW at 4e-4."""
    plan = PAPER.plan(Training("rotations", observed=3), 7, Inputs(DATA))
    training = plan.training
    assert training.steps == 1000 * (41_920 // 512)
    assert (training.batch_size, training.length, training.learning_rate, training.weight_decay) == (512, 4, 4e-4, 1e-3)
    assert training.warmup * 1000 == 20
    assert not training.bf16
    assert training.seed == plan.settings.probes.seed == plan.settings.paths.seed == plan.settings.retrieval.seed == 7
    assert plan.train.source == "3diebench:/data/3die"
    assert (plan.config.encoder, plan.config.embedding_dim) == ("resnet18", 512)
    assert plan.settings.probes.hidden == 1024
    assert plan.settings.probes.epochs == 300

    saccades = PAPER.plan(Training("saccades", observed=4), 0, Inputs(DATA))
    assert saccades.training.steps == 2000 * (100_000 // 512)
    assert saccades.train.options["labelled"] is False
    assert "labelled" not in saccades.probe.options
    assert saccades.config.encoder == "resnet18-cifar"

    baseline = PAPER.plan(Training("rotations", "sie"), 0, Inputs(DATA)).training
    assert (baseline.learning_rate, baseline.weight_decay, baseline.length) == (1e-3, 0.0, 2)
    context = PAPER.plan(Training("rotations", "context-ssl"), 0, Inputs(DATA)).training
    assert context.learning_rate == pytest.approx(1e-4)


def test_ablations_and_conditioning_reach_the_plan():
    uniform = LAPTOP.plan(Training("saccades", observed=4, ablation="no-saliency"), 0)
    assert uniform.training.policy == uniform.settings.probes.policy == "uniform"
    noisy = LAPTOP.plan(Training("rotations", observed=3, ablation="motor-noise"), 0)
    assert noisy.train.options["motor_noise"] == noisy.test.options["motor_noise"] > 0
    crop = LAPTOP.plan(Training("augmentations", "sen", conditioning="crop"), 0)
    assert (crop.train.options["latents"], crop.action_dim) == ("crop", 4)


def test_sources_take_the_place_of_the_built_in_ones():
    plan = LAPTOP.plan(Training("saccades", observed=4), 0, Inputs({"images": "/my/pictures"}))
    assert (plan.train.source, plan.test.source) == ("/my/pictures", "/my/pictures")
    assert not {"count", "clutter"} & set(plan.train.options)
    with pytest.raises(ValueError, match="takes CIFAR-100 from cifar100: give its path as --sources cifar100 PATH"):
        PAPER.plan(Training("augmentations", observed=2), 0, Inputs({"stl10": "/data"}))


def test_a_training_may_last_longer():
    for ablation in ("none", "no-action"):
        usual = replace(LAPTOP.main("rotations"), ablation=ablation)
        longer = replace(usual, times=3)
        assert LAPTOP.plan(longer, 0).training.steps == 3 * LAPTOP.plan(usual, 0).training.steps
        assert longer.name == f"{usual.name}-3-times"


def test_a_share_of_the_steps():
    whole, half = (LAPTOP.plan(Training("rotations", "byol"), 0, Inputs(share=share)).training for share in (1.0, 0.5))
    assert half == replace(whole, steps=round(whole.steps / 2))


def test_banks_and_maps():
    inputs = Inputs({**DATA, "stl10-saliency": "/maps/{split}.npy"}, bank="/banks")
    plan = PAPER.plan(Training("saccades", observed=4), 0, inputs)
    assert [world.options["saliency"] for world in (plan.train, plan.probe, plan.test)] == [
        "/maps/unlabelled.npy",
        "/maps/train.npy",
        "/maps/test.npy",
    ]
    assert plan.train.options["bank"] == "/banks"
    assert "saliency_cache" not in plan.train.options
    plan = PAPER.plan(Training("saccades", observed=4), 0, Inputs(DATA, bank="/banks"))
    assert (plan.test.options["saliency"], plan.test.options["saliency_cache"]) == ("deepgaze", "/banks")
    meshes = LAPTOP.plan(Training("rotations", "sie"), 0, Inputs({"meshes": "/my/meshes"}, bank="/banks"))
    assert "bank" not in meshes.train.options
