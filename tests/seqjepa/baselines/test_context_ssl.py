import numpy as np
import pytest
import torch
from saccadeworld.envs.worlds import ObjectsWorld
from saccadeworld.seqjepa.baselines.context_ssl import Context, ContextSSL
from saccadeworld.seqjepa.baselines.losses import nt_xent
from saccadeworld.seqjepa.training import Trainer, TrainingConfig
from tiny_baselines import array, embeddings, tiny_baseline, tiny_batch


def decode_by_hand(model: ContextSSL, z: np.ndarray, actions: np.ndarray, pairs: int) -> torch.Tensor:
    """Outputs (B, 2, P), each of a sequence that ends with the token in question and is otherwise left as it was."""
    rows = []
    for i in range(len(z)):
        start = i // pairs * pairs
        before = []
        for j in range(start, i):
            before += [np.concatenate([z[j, 0], actions[j]]), np.concatenate([z[j, 1], 0 * actions[j]])]
        for token in (np.concatenate([z[i, 0], actions[i]]), np.concatenate([z[i, 1], 0 * actions[i]])):
            sequence = torch.tensor(np.stack([*before, token])).float()
            hidden = torch.ones(len(sequence), len(sequence)).triu(1).bool()
            for row in range(1, len(before), 2):
                hidden[row, row - 1] = True
            rows.append(model.decoder(sequence[None], [hidden] * 2)[0, -1])
    return torch.stack(rows).view(len(z), 2, -1)


def regressor(model: ContextSSL, x: np.ndarray) -> np.ndarray:
    first, _, second = model.regressor
    hidden = np.maximum(0, x @ array(first.weight).T + array(first.bias))
    return hidden @ array(second.weight).T + array(second.bias)


@pytest.mark.parametrize(("count", "pairs", "blocks"), [(6, 3, 3), (6, 8, 6), (7, 3, 3), (5, 3, 3), (4, 1, 1)])
def test_loss_is_contrast_and_regression_in_context(count, pairs, blocks):
    """`blocks` is the size of all blocks but the last."""
    model, batch = tiny_baseline("context-ssl", pairs=pairs, supervised_weight=3.0), tiny_batch(count)
    z = embeddings(model, batch.views[:, :2])
    outputs = decode_by_hand(model, z, array(batch.actions[:, 0]), blocks)
    contrastive = nt_xent(outputs[:, 0], outputs[:, 1], 0.1).item()
    directions = array(outputs) / np.linalg.norm(array(outputs), axis=-1, keepdims=True)
    supervised = ((regressor(model, directions) - array(batch.poses[:, 1, None])) ** 2).mean()
    parts = model.loss_parts(batch)
    assert parts["contrastive"].item() == pytest.approx(contrastive, rel=1e-3)
    assert parts["supervised_pose"].item() == pytest.approx(supervised, rel=1e-4)
    assert parts["loss"].item() == pytest.approx(contrastive + 3 * supervised, rel=1e-3)


def kinds_shown(model: ContextSSL, count: int = 40) -> list[list[float]]:
    return [model._draw_kind().tolist() for _ in range(count)]


def test_each_batch_shows_one_kind():
    model = tiny_baseline("context-ssl", action_dim=6, kinds=(4, 2))
    rotation, hues = [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]
    shown = kinds_shown(model)
    assert all(kind in (rotation, hues) for kind in shown)
    assert 8 < shown.count(rotation) < 32
    assert kinds_shown(tiny_baseline("context-ssl", action_dim=6), 1) == [[1] * 6]


def test_only_the_kind_that_is_shown_matters(monkeypatch):
    model = tiny_baseline("context-ssl", action_dim=6, kinds=(4, 2))
    batch = tiny_batch(action_dim=6)
    monkeypatch.setattr(model, "_draw_kind", lambda: torch.tensor([0.0, 0, 0, 0, 1, 1]))
    before = model.loss_parts(batch)
    batch.actions[..., :4], batch.poses[..., :4] = 9, 9
    after = model.loss_parts(batch)
    assert all(torch.equal(before[name], after[name]) for name in before)

    model.regressor[-1].weight.data.zero_()
    model.regressor[-1].bias.data.zero_()
    expected = batch.poses[:, 1, 4:].square().mean()
    torch.testing.assert_close(model.loss_parts(batch)["supervised_pose"], expected)


def test_without_supervision_poses_are_not_needed():
    model, batch = tiny_baseline("context-ssl", supervised_weight=0), tiny_batch()
    del batch.poses
    parts = model.loss_parts(batch)
    assert parts.keys() == {"loss", "contrastive", "spread"}
    assert torch.equal(parts["loss"].detach(), parts["contrastive"])
    assert not [name for name, _ in model.named_parameters() if name.startswith("regressor")]


def test_masking_is_for_training_only():
    model, batch = tiny_baseline("context-ssl", pairs=6, masking=0.5), tiny_batch()
    assert model.loss(batch) != model.loss(batch)
    model.eval()
    assert torch.equal(model.loss(batch), model.loss(batch))


def test_masked_pairs_tell_nothing():
    model, batch = tiny_baseline("context-ssl", pairs=6, masking=1.0), tiny_batch()
    alone = tiny_baseline("context-ssl", pairs=1, masking=0.0)
    torch.testing.assert_close(model.loss(batch), alone.loss(batch))


def test_outputs_in_a_context_are_those_of_training():
    """Whatever else is asked in the same call, and however many there are."""
    model, batch = tiny_baseline("context-ssl", pairs=6).eval(), tiny_batch()
    z = model.encode(batch.views[:, :2])
    actions = batch.actions[:, 0]
    tokens = torch.stack([torch.cat([z[:, 0], actions], 1), torch.cat([z[:, 1], 0 * actions], 1)], 1)
    outputs = model._decode_blocks(tokens)
    for k in range(6):
        context = Context(z[:k, 0], actions[:k], z[:k, 1])
        many = z[:, 0].expand(60, -1, -1), actions.expand(60, -1, -1)
        torch.testing.assert_close(model.predict_in_context(*many, context)[17, k], outputs[k, 0])
        torch.testing.assert_close(model.project_in_context(z[:, 1], context)[k], outputs[k, 1])
    torch.testing.assert_close(model.predict_in_context(z[:1, 0], actions[:1])[0], outputs[0, 0])
    torch.testing.assert_close(model.project_in_context(z)[:, 1], model.project_in_context(z[:, 1]))


@pytest.mark.usefixtures("one_thread")
def test_poses_of_rotations_and_hues_are_learned_together(meshes):
    """Both kinds of a world's actions, each regressed from a decoder that is told the actions of that kind alone."""
    world = ObjectsWorld(meshes, size=12, latents="rotcolor")
    model = tiny_baseline("context-ssl", action_dim=world.action_dim, kinds=(4, 2), pairs=8, masking=0.5)
    config = {"steps": 40, "batch_size": 32, "length": 2, "log_every": 1, "learning_rate": 3e-3, "bf16": False}
    trainer = Trainer(model, world, TrainingConfig(**config))
    trainer.run()
    errors = [entry["supervised_pose"] for entry in trainer.history]
    assert sum(errors[-10:]) < 0.8 * sum(errors[:10])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": (1, 2)}, r"kinds=\(1, 2\) add up to 3 numbers, actions have 2"),
        ({"kinds": ()}, r"kinds=\(\) must have one number or more"),
        ({"pairs": 0}, "pairs=0 is out of range"),
        ({"masking": 1.1}, "masking=1.1 is out of range; use 0 to 1"),
        ({"masking": float("nan")}, "masking=nan is out of range"),
        ({"heads": 3}, "heads=3 does not divide the width of the decoder, 16"),
        ({"supervised_weight": -1.0}, "supervised_weight=-1.0 is out of range"),
        ({"temperature": 0.0}, "temperature must be a finite number above 0"),
    ],
    ids=str,
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        tiny_baseline("context-ssl", **options)


def test_poses_that_do_not_fit_are_refused():
    model, batch = tiny_baseline("context-ssl"), tiny_batch()
    for poses in (None, batch.poses.long()):
        batch.poses = poses
        with pytest.raises(TypeError, match="the batch has none that are floating point"):
            model.loss(batch)
    batch.poses = torch.zeros(6, 4, 1)
    with pytest.raises(ValueError, match=r"poses must have shape \(6, 4, 2\), or more components; got \(6, 4, 1\)"):
        model.loss(batch)


def test_contexts_that_do_not_fit_are_refused():
    model = tiny_baseline("context-ssl").eval()
    z, actions = torch.zeros(5, 16), torch.zeros(5, 2)
    with pytest.raises(ValueError, match=r"actions must have shape \(5, 2\) here, got \(4, 2\)"):
        model.project_in_context(z, Context(z, actions[:4], z))
    with pytest.raises(ValueError, match="a context has two embeddings"):
        model.predict_in_context(z, actions, Context(z, actions, z[:4]))


def test_defaults_are_the_papers():
    config = ContextSSL.Config(action_dim=6)
    assert (config.layers, config.heads, config.width, config.projection, 2 * config.pairs) == (3, 4, 2048, 512, 128)
    assert (config.masking, config.temperature, config.supervised_weight) == (0.9, 0.1, 5.0)
    assert config.regressor == (1024, 1024)
