"""The model's public face: shapes, variants, what training touches, and what is refused."""

import math
from types import SimpleNamespace

import pytest
import torch
from saccadeworld.seqjepa import SeqJEPA, SeqJEPAConfig
from torch.nn import functional as F

VARIANTS = [
    {},
    {"target": "stop-gradient"},
    {"conditioning": "aggregator"},
    {"conditioning": "predictor"},
    {"conditioning": "none"},
    {"prediction": "prefixes"},
    {"prediction": "prefixes", "target": "stop-gradient", "conditioning": "predictor"},
    {"prediction": "prefixes", "conditioning": "none"},
    {"regulariser_weight": 0.1},
    {"regulariser_weight": 0.1, "regulariser": "sketched-gaussian"},
    {"regulariser_weight": 0.1, "target": "stop-gradient", "prediction": "prefixes"},
    {"compatibility": "official"},
    {"compatibility": "official", "target": "stop-gradient"},
    {"compatibility": "official", "conditioning": "none"},
    {"action_embedding_dim": 16},
]
IDS = [" ".join(variant.values()) if all(isinstance(v, str) for v in variant.values()) else str(variant)
       for variant in VARIANTS]  # fmt: skip


def make_model(action_dim: int = 2, **options) -> SeqJEPA:
    torch.manual_seed(0)
    small = {"encoder": "small", "encoder_width": 8, "layers": 2, "predictor_hidden": 48}
    return SeqJEPA(action_dim, **small | options)


def make_batch(count: int = 3, batch: int = 5, action_dim: int = 2, side: int = 16) -> SimpleNamespace:
    generator = torch.Generator().manual_seed(count)
    views = torch.randint(0, 256, (batch, count + 1, 3, side, side), dtype=torch.uint8, generator=generator)
    return SimpleNamespace(views=views, actions=torch.randn(batch, count, action_dim, generator=generator))


# Variants


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_every_variant_trains(variant, count):
    """Gradients reach every trainable parameter and no other; the target moves only by its average."""
    model, batch = make_model(**variant), make_batch(count)
    parts = model.loss_parts(batch)
    parts["loss"].backward()
    assert parts["loss"].shape == ()
    assert 0 <= parts["prediction"] <= 2
    # The block's last scale starts at 0 and hides what lies below it; with one view no action enters the aggregator.
    for name, parameter in model.named_parameters():
        if name.startswith("target_encoder."):
            assert parameter.grad is None
            assert not parameter.requires_grad
            continue
        assert parameter.grad is not None, name
        hidden = ".conv2." in name or ".bn2.bias" in name or ".conv1." in name or ".bn1." in name or "in_proj" in name
        unused = count == 1 and variant.get("conditioning") == "aggregator" and "action_embedding" in name
        if not hidden and not unused:
            assert parameter.grad.any(), name

    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimiser = torch.optim.AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=1e-3)
    optimiser.step()
    model.update_target(0.75)
    after = model.state_dict()
    assert not torch.equal(after["predictor.hidden.weight"], before["predictor.hidden.weight"])
    for name, tensor in after.items():
        if name.startswith("target_encoder.") and "running_" not in name and "num_batches" not in name:
            online = after[name.removeprefix("target_")]
            torch.testing.assert_close(tensor, 0.75 * before[name] + 0.25 * online)


@pytest.mark.parametrize("variant", VARIANTS, ids=IDS)
def test_public_maps_and_loss_agree_in_eval_mode(variant):
    """Without dropout and batch statistics the loss is what the three public maps give."""
    model, batch = make_model(**variant).eval(), make_batch()
    config = model.config
    z = model.encode(batch.views)
    assert z.shape == (5, 4, 32)
    aggregate = model.aggregate(z[:, :-1], batch.actions[:, :-1])
    assert aggregate.shape == (5, config.token_dim)
    prediction = model.predict(aggregate, batch.actions[:, -1])
    assert prediction.shape == (5, 32)
    if config.prediction == "last":
        expected = 1 - F.cosine_similarity(prediction, z[:, -1]).mean()
        torch.testing.assert_close(model.loss_parts(batch)["prediction"], expected.detach())


@pytest.mark.parametrize("conditioning", ["both", "aggregator", "predictor", "none"])
def test_rows_may_have_fewer_views_than_others(conditioning):
    model, batch = make_model(conditioning=conditioning).eval(), make_batch(4)
    z, actions = model.encode(batch.views[:, :-1]), batch.actions[:, :-1]
    counts = torch.tensor([1, 4, 2, 3, 4])
    padding = torch.arange(4) < 4 - counts[:, None]
    together = model.aggregate(z, actions, padding)
    for row, count in enumerate(counts.tolist()):
        alone = model.aggregate(z[row : row + 1, 4 - count :], actions[row : row + 1, 4 - count :])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("conditioning", ["both", "aggregator", "predictor", "none"])
def test_prefixes_equal_a_loop_over_prefixes(conditioning):
    model, batch = make_model(prediction="prefixes", conditioning=conditioning).eval(), make_batch(4)
    z = model.encode(batch.views)
    losses = []
    for count in range(1, 5):
        aggregate = model.aggregate(z[:, :count], batch.actions[:, : count - 1])
        prediction = model.predict(aggregate, batch.actions[:, count - 1])
        losses.append(1 - F.cosine_similarity(prediction, z[:, count]).mean())
    torch.testing.assert_close(model.loss(batch), torch.stack(losses).mean())


@pytest.mark.parametrize("target", ["ema", "stop-gradient"])
@pytest.mark.parametrize("compatibility", ["mended", "official"])
def test_no_gradient_flows_through_the_target(target, compatibility):
    """The loss's gradient is that against constant targets (in eval mode, where rows do not mix)."""
    model, batch = make_model(target=target, compatibility=compatibility).eval(), make_batch()
    model.loss(batch).backward()
    ours = model.encoder.conv1.weight.grad.clone()
    model.zero_grad()
    z = model.encode(batch.views)
    prediction = model.predict(model.aggregate(z[:, :-1], batch.actions[:, :-1]), batch.actions[:, -1])
    (1 - F.cosine_similarity(prediction, z[:, -1].detach()).mean()).backward()
    torch.testing.assert_close(ours, model.encoder.conv1.weight.grad)


def test_widths_of_the_variants():
    for conditioning, token, predictor in (
        ("both", 640, 768),
        ("aggregator", 640, 640),
        ("predictor", 512, 640),
        ("none", 512, 512),
    ):
        model = SeqJEPA(2, "resnet18-cifar", conditioning=conditioning, target="stop-gradient")
        assert model.aggregator.token.shape == (1, 1, token)
        assert model.aggregator.transformer.layers[0].linear1.out_features == 4 * token
        assert model.predictor.hidden.weight.shape == (1024, predictor)
        assert (model.action_embedding is None) == (conditioning == "none")
    assert SeqJEPAConfig(action_dim=2, action_embedding_dim=16).token_dim == 528


@pytest.mark.parametrize(("conditioning", "aggregate_heeds", "prediction_heeds"), [
    ("both", True, True), ("aggregator", True, False), ("predictor", False, True), ("none", False, False),
])  # fmt: skip
def test_who_is_told_the_actions(conditioning, aggregate_heeds, prediction_heeds):
    model, batch = make_model(conditioning=conditioning).eval(), make_batch()
    z, other = model.encode(batch.views)[:, :-1], torch.randn(5, 3, 2)
    aggregate = model.aggregate(z, batch.actions[:, :-1])
    assert torch.equal(aggregate, model.aggregate(z, other[:, :-1])) != aggregate_heeds
    prediction = model.predict(aggregate, batch.actions[:, -1])
    assert torch.equal(prediction, model.predict(aggregate, other[:, -1])) != prediction_heeds
    if conditioning == "none":
        assert torch.equal(aggregate, model.aggregate(z))
        assert torch.equal(prediction, model.predict(aggregate))


# What the maps do


def test_uint8_views_are_normalised_and_floats_taken_as_they_are():
    model, batch = make_model(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6)).eval(), make_batch()
    mean, std = torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1), torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1)
    normalised = (batch.views.float() / 255 - mean) / std
    torch.testing.assert_close(model.encode(batch.views), model.encode(normalised), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.loss(batch), model.loss(SimpleNamespace(views=normalised, actions=batch.actions)))


def test_leading_dimensions_are_free():
    model, batch = make_model().eval(), make_batch()
    z = model.encode(batch.views)
    torch.testing.assert_close(model.encode(batch.views[2, 1]), z[2, 1])
    torch.testing.assert_close(model.encode(batch.views[:, 0]), z[:, 0])
    torch.testing.assert_close(model.encode(batch.views[:, :, None]), z[:, :, None])
    assert model.encode(batch.views[:0]).shape == (0, 4, 32)
    aggregate = model.aggregate(z[:, :1])
    candidates = torch.randn(5, 7, 2)
    many = model.predict(aggregate[:, None].expand(-1, 7, -1), candidates)
    assert many.shape == (5, 7, 32)
    torch.testing.assert_close(many[:, 3], model.predict(aggregate, candidates[:, 3]))


def test_the_aggregate_knows_no_order_but_that_of_the_actions():
    """Observed views that keep their own actions may be swapped; the last one, which has none, may not."""
    model, batch = make_model().eval(), make_batch(4)
    z, actions = model.encode(batch.views)[:, :4], batch.actions[:, :3]
    swapped = model.aggregate(z[:, [1, 0, 2, 3]], actions[:, [1, 0, 2]])
    torch.testing.assert_close(swapped, model.aggregate(z, actions))
    assert not torch.allclose(model.aggregate(z[:, [0, 1, 3, 2]], actions), model.aggregate(z, actions), atol=1e-3)


def test_mended_action_embedding_is_normalised_over_all_actions_at_once():
    model, batch = make_model(dropout=0.0), make_batch()
    seen = []
    model.predictor.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0][..., -128:]))
    model.loss(batch)
    raw = batch.actions @ model.action_embedding.projection.weight.T
    rows = raw.flatten(0, 1)
    expected = (raw - rows.mean(0)) / (rows.var(0, unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(seen[0], expected[:, -1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(model.action_embedding.norm.running_mean, 0.1 * rows.mean(0))


def test_the_target_keeps_statistics_of_its_own():
    """Of its own weights and the views it encodes; its step moves parameters only."""
    model, batch = make_model(), make_batch()
    model.loss(batch)
    model.update_target(0.5)
    views = batch.views[:, -1] * model.pixel_scale + model.pixel_shift
    twin = make_model().encoder.train()
    twin(views)
    for (name, buffer), expected in zip(model.target_encoder.named_buffers(), twin.buffers(), strict=True):
        torch.testing.assert_close(buffer, expected, msg=name)
    assert not torch.equal(model.encoder.bn1.running_mean, twin.bn1.running_mean)


def test_update_target_without_ema_does_nothing_and_checks_its_rate():
    model = make_model(target="stop-gradient")
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.update_target(0.5)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    for tau in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"tau=.* is out of range"):
            make_model().update_target(tau)


def test_learns_to_predict_a_world_that_can_be_predicted():
    """Views that show only where one looks: after a few steps the prediction beats the one of a wrong action."""
    model = make_model(regulariser_weight=1.0, dropout=0.0)
    optimiser = torch.optim.AdamW([parameter for parameter in model.parameters() if parameter.requires_grad], lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    ramp = torch.linspace(-1, 1, 16)

    def batch_of(size: int) -> SimpleNamespace:
        poses = torch.rand(size, 3, 2, generator=generator) * 2 - 1
        rows, columns = poses[..., 0, None, None], poses[..., 1, None, None]
        red = (ramp[:, None] - rows).expand(-1, -1, -1, 16)
        green = (ramp[None, :] - columns).expand(-1, -1, 16, -1)
        return SimpleNamespace(views=torch.stack([red, green, red * green], 2), actions=poses.diff(dim=1))

    for _ in range(80):
        optimiser.zero_grad()
        model.loss(batch_of(32)).backward()
        optimiser.step()
        model.update_target(0.9)
    model.eval()
    batch = batch_of(256)
    with torch.no_grad():
        right = model.loss(batch)
        wrong = model.loss(SimpleNamespace(views=batch.views, actions=batch.actions.roll(1, 0)))
    assert right < 0.7 * wrong
    assert model.loss_parts(batch)["spread"] > 0.2


def test_bf16_autocast():
    model, batch = make_model(regulariser_weight=0.1, dropout=0.0), make_batch()
    expected = model.loss_parts(batch)
    with torch.autocast("cpu", torch.bfloat16):
        parts = model.loss_parts(batch)
    parts["loss"].backward()
    for name, value in parts.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected[name], rtol=0.1, atol=0.05)


# Bad input


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"encoder": "vit"}, ValueError, "'resnet18', 'resnet18-cifar', 'small'"),
        ({"action_dim": 0}, ValueError, "action_dim=0 is out of range"),
        ({"action_dim": 2.0}, TypeError, "action_dim=2.0 must be int"),
        ({"heads": 7}, ValueError, r"heads=7 does not divide the width of a token, 160 \(embedding 32 \+ action 128\)"),
        ({"target": "momentum"}, ValueError, "target='momentum' is not known"),
        ({"conditioning": "all"}, ValueError, "conditioning='all' is not known"),
        ({"dropout": 1.0}, ValueError, "dropout"),
        ({"std": (0.1, 0.0, 0.1)}, ValueError, "std must be positive"),
        ({"mean": (0.1, 0.2)}, ValueError, "mean must be three numbers"),
        ({"std": (0.1, math.nan, 0.1)}, ValueError, "std"),
        ({"regulariser_weight": -1.0}, ValueError, "regulariser_weight"),
        ({"regulariser": "barlow"}, ValueError, "regulariser='barlow' is not known"),
        ({"regulariser_weight": math.nan}, ValueError, "regulariser_weight"),
        ({"compatibility": "official", "prediction": "prefixes"}, ValueError, "not part of the released model"),
        ({"colour": 1}, TypeError, "colour"),
        ({"encoder": ["small"]}, TypeError, r"encoder=\['small'\] must be str"),
        ({"dropout": "0.1"}, TypeError, "dropout='0.1' must be float"),
    ],
)
def test_bad_configuration(options, error, message):
    with pytest.raises(error, match=message):
        make_model(**{"action_dim": 2} | options)


@pytest.mark.parametrize(
    ("views", "actions", "error", "message"),
    [
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 2, 5), ValueError, r"actions must have shape \(4, 2, 2\)"),
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 3, 2), ValueError, r"\(4, 2, 2\) here, got \(4, 3, 2\)"),
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(5, 2, 2), ValueError, r"actions must have shape"),
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 2, 2, dtype=torch.int64), TypeError, "actions must be floating"),
        (torch.zeros(4, 3, 3, 16, 16).double(), torch.zeros(4, 2, 2), TypeError, "views must be uint8.*float64"),
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 2, 2).double(), TypeError, "actions must be torch.float32 like"),
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 2, 2).numpy(), TypeError, "actions must be a torch tensor"),
        ([[0]], torch.zeros(4, 2, 2), TypeError, "views must be a torch tensor, got list"),
        (torch.zeros(4, 3, 3, 16, 16).int(), torch.zeros(4, 2, 2), TypeError, "views must be uint8.*int32"),
        (torch.zeros(4, 1, 3, 16, 16), torch.zeros(4, 0, 2), ValueError, r"M \+ 1 >= 2"),
        (torch.zeros(4, 3, 16, 16), torch.zeros(4, 2, 2), ValueError, r"views must have shape"),
        (torch.zeros(4, 3, 16, 16, 3), torch.zeros(4, 2, 2), ValueError, r"\(\.\.\., 3, H, W\)"),
        (torch.zeros(1, 3, 3, 16, 16), torch.zeros(1, 2, 2), ValueError, "at least 2 sequences"),
        (torch.zeros(4, 3, 3, 16, 16, device="meta"), torch.zeros(4, 2, 2), ValueError, "views are on meta"),
        (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 2, 2, device="meta"), ValueError, "actions are on meta"),
    ],
)
def test_bad_batches(views, actions, error, message):
    with pytest.raises(error, match=message):
        make_model().loss(SimpleNamespace(views=views, actions=actions))


@pytest.mark.parametrize("batch", [None, (torch.zeros(4, 3, 3, 16, 16), torch.zeros(4, 2, 2))], ids=["none", "tuple"])
def test_what_is_no_batch(batch):
    with pytest.raises(TypeError, match="a batch must have views and actions, as rollouts have; got"):
        make_model().loss(batch)


def test_bad_calls_of_the_maps():
    model = make_model().eval()
    z = torch.zeros(4, 3, 32)
    with pytest.raises(ValueError, match=r"z must have shape \(B, M >= 1, 32\)"):
        model.aggregate(z[..., :5], torch.zeros(4, 2, 2))
    with pytest.raises(ValueError, match="need the 2 actions between them"):
        model.aggregate(z)
    with pytest.raises(ValueError, match=r"actions must have shape \(4, 2, 2\)"):
        model.aggregate(z, torch.zeros(4, 3, 2))
    with pytest.raises(ValueError, match=r"padding must be \(4, 3\) bool.*got \(4, 2\)"):
        model.aggregate(z, torch.zeros(4, 2, 2), torch.zeros(4, 2, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"aggregate must have shape \(\.\.\., 160\)"):
        model.predict(z[:, 0], torch.zeros(4, 2))
    with pytest.raises(ValueError, match="needs the action"):
        model.predict(torch.zeros(4, 160))
    with pytest.raises(TypeError, match=r"z must be torch\.float32 like the weights, got torch\.float64"):
        model.aggregate(z.double(), torch.zeros(4, 2, 2))
    with pytest.raises(TypeError, match="aggregate must be a torch tensor, got ndarray"):
        model.predict(torch.zeros(4, 160).numpy(), torch.zeros(4, 2))


@pytest.mark.parametrize("where", ["views", "actions"])
def test_nan_is_never_hidden(where):
    batch = make_batch()
    batch.views = batch.views.float()
    getattr(batch, where)[0, 0] = math.nan
    assert make_model(dropout=0.0).loss(batch).isnan()
