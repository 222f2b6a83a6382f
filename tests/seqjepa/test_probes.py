import pytest
import torch
from saccadeworld.envs import rotations
from saccadeworld.envs.rotation_ranges import rotation_range
from saccadeworld.seqjepa.metrics import r2
from saccadeworld.seqjepa.probes import fit_class_scores, fit_classifier, fit_linear, fit_mlp
from sklearn.linear_model import LogisticRegression, Ridge
from torch.nn import functional


def correlated(count: int, width: int, generator: torch.Generator) -> torch.Tensor:
    """Features whose scales differ a hundredfold and that hang together, as those of a network do."""
    mixing = torch.randn(width, width, generator=generator) * torch.logspace(-1, 1, width)
    return torch.randn(count, width, generator=generator) @ mixing + 3


@pytest.fixture
def classes():
    """Features (900, 24), of which 600 are to fit on, and 5 classes that overlap."""
    generator = torch.Generator().manual_seed(0)
    x = correlated(900, 24, generator)
    logits = (x - x.mean(0)) / x.std(0) @ torch.randn(24, 5, generator=generator)
    labels = (logits + 2 * torch.randn(900, 5, generator=generator)).argmax(1)
    return x[:600], labels[:600], x[600:], labels[600:]


@pytest.mark.parametrize("decay", [1e-3, 1e-1])
def test_the_classifier_is_scikit_learns(classes, decay):
    x, labels, new, _ = classes
    mean, deviation = x.mean(0), x.std(0)
    theirs = LogisticRegression(C=1 / (decay * len(x)), max_iter=5000, tol=1e-8)
    theirs.fit(((x - mean) / deviation).double(), labels)
    expected = torch.from_numpy(theirs.predict(((new - mean) / deviation).double()))
    assert (fit_classifier(x, labels, 5, decay)(new) == expected).float().mean() > 0.99
    chances = torch.from_numpy(theirs.predict_proba(((new - mean) / deviation).double())).float()
    torch.testing.assert_close(fit_class_scores(x, labels, 5, decay)(new).softmax(1), chances, rtol=0, atol=2e-2)


def test_the_classifier_is_where_adam_tends_to(classes):
    x, labels, new, new_labels = classes
    ours = fit_classifier(x, labels, 5)
    mean, deviation = x.mean(0), x.std(0)
    weight, bias = torch.zeros(24, 5, requires_grad=True), torch.zeros(5, requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=3e-2)
    for _ in range(1000):
        loss = functional.cross_entropy((x - mean) / deviation @ weight + bias, labels) + 5e-4 * weight.square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    adams = ((new - mean) / deviation @ weight + bias).argmax(1)
    assert (ours(new) == adams).float().mean() > 0.99
    assert (ours(new) == new_labels).float().mean() > 0.5


def test_constant_features_and_absent_classes_do_no_harm(classes):
    x, labels, new, _ = classes
    x, new = (torch.cat([part, torch.full((len(part), 1), 7.0)], dim=1) for part in (x, new))
    kept = labels != 3
    predicted = fit_classifier(x[kept], labels[kept], 5)(new + torch.eye(25)[24] * 1e3)
    assert 3 not in predicted
    assert (predicted == fit_classifier(x[kept, :24], labels[kept], 5)(new[:, :24])).float().mean() > 0.99


def test_fitting_works_where_gradients_are_off(classes):
    x, labels, new, new_labels = classes
    with torch.no_grad():
        probe = fit_classifier(x, labels, 5)
        assert (probe(new) == new_labels).float().mean() > 0.5
        assert fit_mlp(x, x[:, :1], hidden=8, epochs=1)(new).shape == (300, 1)


@pytest.mark.parametrize("decay", [1e-3, 1.0])
def test_the_linear_regression_is_scikit_learns(decay):
    generator = torch.Generator().manual_seed(1)
    x = correlated(500, 20, generator)
    y = x @ torch.randn(20, 3, generator=generator) + torch.randn(500, 3, generator=generator) - 5
    mean, deviation = x[:400].double().mean(0), x[:400].double().std(0)
    standard = (x.double() - mean) / deviation
    theirs = Ridge(alpha=decay * 400).fit(standard[:400], y[:400].double())
    expected = torch.from_numpy(theirs.predict(standard[400:]))
    torch.testing.assert_close(fit_linear(x[:400], y[:400], decay)(x[400:]).double(), expected, rtol=1e-4, atol=1e-3)


def test_the_linear_regression_recovers_a_line():
    x = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    y = x @ torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0], [0.5, 0.0]]) + torch.tensor([3.0, -4.0])
    assert r2(fit_linear(x, y, decay=0.0)(x), y) == pytest.approx(1.0, abs=1e-9)


@pytest.fixture(scope="module")
def products():
    """Features (3000, 8) and products of pairs of them, which no linear map gives; 2000 are to fit on."""
    x = torch.randn(3000, 8, generator=torch.Generator().manual_seed(0))
    y = x[:, :4] * x[:, 4:]
    return x[:2000], y[:2000], x[2000:], y[2000:]


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_the_mlp_learns_products(products, bf16):
    x, y, new, new_y = products
    assert r2(fit_linear(x, y)(new), new_y) < 0.05
    assert r2(fit_mlp(x, y, hidden=64, epochs=60, batch_size=64, bf16=bf16)(new), new_y) > 0.9


def test_decay_keeps_the_mlp_from_learning_by_heart():
    """Thirty samples of noise: nothing to learn."""
    x, y = torch.randn(60, 20, generator=torch.Generator().manual_seed(0)).split([18, 2], dim=1)
    plain, decayed = (fit_mlp(x[:30], y[:30], hidden=64, epochs=200, decay=decay) for decay in (0.0, 50.0))
    assert r2(plain(x[:30]), y[:30]) > 0.9 > 0.5 > r2(decayed(x[:30]), y[:30])
    assert r2(plain(x[30:]), y[30:]) < r2(decayed(x[30:]), y[30:])


def test_the_mlp_is_repeatable_and_leaves_the_generator_alone(products):
    x, y, new, _ = products
    torch.manual_seed(5)
    expected = torch.rand(3)
    predictions = []
    for seed in (0, 0, 1):
        torch.manual_seed(5)
        predictions.append(fit_mlp(x, y, hidden=16, epochs=2, seed=seed)(new))
        assert torch.equal(torch.rand(3), expected)
        torch.manual_seed(seed + 99)
    assert torch.equal(predictions[0], predictions[1])
    assert not torch.allclose(predictions[0], predictions[2])
    assert not predictions[0].requires_grad


def test_the_first_pose_alone_tells_of_3diebenchs_relative_rotation():
    """R2 of 0.31 with quaternions of any sign: the null level of that regression, got by the MLP itself."""
    draw, seeds = rotation_range("3diebench"), torch.arange(20_000)
    start = draw(seeds, 0)
    action = rotations.multiply(rotations.inverse(start), draw(seeds, 1))
    probe = fit_mlp(start[:15_000], action[:15_000], hidden=64, epochs=20)
    assert r2(probe(start[15_000:]), action[15_000:]) == pytest.approx(0.31, abs=0.02)


FEATURES, TARGETS = torch.ones(4, 3), torch.ones(4, 2)


@pytest.mark.parametrize("fit", [fit_linear, fit_mlp])
@pytest.mark.parametrize(
    ("features", "targets"),
    [(FEATURES[:1], TARGETS[:1]), (FEATURES, TARGETS[:3]), (FEATURES[0], TARGETS), (FEATURES, TARGETS[:, 0])],
)
def test_samples_that_nothing_can_be_fitted_on_are_refused(fit, features, targets):
    with pytest.raises(ValueError, match=r"must have shapes \(N, D\) and \(N, A\), N of at least 2; got"):
        fit(features, targets)


@pytest.mark.parametrize("fit", [fit_linear, fit_mlp, lambda x, y: fit_classifier(x, y[:, 0].long(), 2)])
def test_features_of_a_broken_model_are_refused(fit):
    broken = FEATURES.clone()
    broken[2, 1] = torch.nan
    with pytest.raises(ValueError, match="norm of features nan of row 2: use finite ones"):
        fit(broken, TARGETS)


@pytest.mark.parametrize("label", [-1, 3])
def test_labels_of_other_classes_are_refused(label):
    with pytest.raises(ValueError, match=f"label {label} of row 1: with classes=3 use 0 to 2"):
        fit_classifier(FEATURES, torch.tensor([0, label, 1, 2]), 3)


@pytest.mark.parametrize("sizes", [{"hidden": 0}, {"epochs": 0}, {"batch_size": 0}], ids=str)
def test_a_head_of_no_size_is_refused(sizes):
    with pytest.raises(ValueError, match="=0 is out of range; use at least 1"):
        fit_mlp(FEATURES, TARGETS, **sizes)
