import pytest
import torch
from saccadeworld.seqjepa.features import extract_features, spread_scenes
from tiny import tiny_model, tiny_world
from tiny_baselines import tiny_baseline


def test_aggregates_are_those_of_the_prefixes():
    world, model = tiny_world(), tiny_model().eval()
    features = extract_features(model, world, 12, (1, 4, 2), "uniform", seed=50)
    batch = world.rollout(None, 4, "uniform", 50, spread_scenes(world, 12))
    assert features.aggregates.keys() == {1, 2, 4}
    with torch.no_grad():
        z = model.encode(batch.views)
        torch.testing.assert_close(features.z, z)
        for m, aggregate in features.aggregates.items():
            torch.testing.assert_close(aggregate, model.aggregate(z[:, :m], batch.actions[:, : m - 1]))
    assert torch.equal(features.poses, batch.poses)
    assert torch.equal(features.actions, batch.actions)
    assert torch.equal(features.labels, batch.labels)


def test_a_single_view_still_has_an_action():
    features = extract_features(tiny_model(), tiny_world(), 6, (1,))
    assert features.actions.shape == (6, 1, 2)
    assert features.z.shape == (6, 2, 16)


def test_many_episodes_are_those_of_few():
    """More than are embedded at a time."""
    world, model = tiny_world(), tiny_model()
    features = extract_features(model, world, 300, (2,), seed=9)
    whole = world.rollout(None, 2, None, 9, spread_scenes(world, 300))
    assert torch.equal(features.poses, whole.poses)
    with torch.no_grad():
        torch.testing.assert_close(features.z, model.eval().encode(whole.views), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("count", [5, 12, 30, 300])
def test_episodes_are_spread_over_all_scenes(count):
    world = tiny_world()
    world.labels = torch.arange(12)  # tells the scenes apart
    often = torch.bincount(extract_features(tiny_model(), world, count, (1,)).labels, minlength=12)
    assert often.max() - often.min() <= 1


class Scenes:
    """All that spreading needs of a world."""

    device = torch.device("cpu")

    def __len__(self) -> int:
        return 1200


@pytest.mark.parametrize("labels", [torch.arange(1200) % 16, torch.arange(1200) // 75], ids=["in turns", "sorted"])
@pytest.mark.parametrize("count", [400, 600, 900])
def test_no_class_is_left_out_of_fewer_episodes_than_scenes(labels, count):
    """Each class holds its share, within five standard deviations of a draw without replacement."""
    often = torch.bincount(labels[spread_scenes(Scenes(), count)], minlength=16)
    share = count / 16
    assert (often - share).abs().max() < 5 * (share * (1 - count / 1200)) ** 0.5


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_used_in_eval_mode_and_left_as_it_was(training):
    model, modes = tiny_model().train(training), []
    model.encoder.register_forward_hook(lambda module, *_: modes.append((module.training, torch.is_grad_enabled())))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    features = extract_features(model, tiny_world(), 12, (1, 2))
    assert set(modes) == {(False, False)}
    assert model.training == model.encoder.training == training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert not features.z.requires_grad


def test_the_mode_is_restored_after_an_error():
    model = tiny_model().train()
    with pytest.raises(ValueError, match="policy='backwards' is not known"):
        extract_features(model, tiny_world(), 12, (1,), "backwards")
    assert model.training


def test_bfloat16_is_close():
    plain, fast = (extract_features(tiny_model(), tiny_world(), 60, (1, 3), bf16=bf16) for bf16 in (False, True))
    assert fast.z.dtype == fast.aggregates[3].dtype == torch.float32
    assert torch.equal(fast.actions, plain.actions)
    for left, right in ((fast.z, plain.z), (fast.aggregates[3], plain.aggregates[3])):
        assert 0 < (left - right).abs().mean() < 0.01 * right.std()


def test_a_model_for_another_world_is_refused():
    with pytest.raises(ValueError, match="actions of 4 numbers, the world 'images' has 2"):
        extract_features(tiny_model(action_dim=4), tiny_world(), 12, (1,))


@pytest.mark.parametrize("lengths", [(), (0,), (2, -1)])
def test_numbers_of_views_that_are_none_are_refused(lengths: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"lengths=.*: give one number of views or more, each at least 1"):
        extract_features(tiny_model(), tiny_world(), 12, lengths)


def test_who_is_told_no_actions_may_look_at_any_world():
    world = tiny_world()
    assert extract_features(tiny_baseline("simclr", action_dim=4), world, 8, (2,)).z.shape[:2] == (8, 2)
    with pytest.raises(ValueError, match="the model takes actions of 4 numbers, the world 'images' has 2"):
        extract_features(tiny_baseline("sen", action_dim=4), world, 8, (2,))
