"""Probes: small heads on frozen features, which tell what the features hold."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..envs.checks import check_rows, check_whole

Probe = Callable[[Tensor], Tensor]


def _standardise(features: Tensor) -> Probe:
    """Maps features to zero mean and unit deviation over the training set; constant ones become 0."""
    mean, deviation = features.mean(0), features.std(0)
    scale = torch.where(deviation > 1e-6, 1 / deviation.clamp_min(1e-6), 0.0)
    return lambda x: (x - mean) * scale


def _check_samples(features: Tensor, targets: Tensor, dimensions: int) -> None:
    """Refuse what nothing can be fitted on.

    Raises:
        ValueError: for fewer than two samples, other shapes, or features that are not finite.
    """
    shapes = tuple(features.shape), tuple(targets.shape)
    if features.ndim != 2 or targets.ndim != dimensions or len(features) != len(targets) or len(features) < 2:
        wanted = f"(N, D) and {('(N,)', '(N, A)')[dimensions - 1]}, N of at least 2"
        raise ValueError(f"features and targets of a probe must have shapes {wanted}; got {shapes[0]} and {shapes[1]}")
    norms = features.norm(dim=1)
    check_rows("norm of features", norms, norms.isfinite(), "use finite ones, see whether the model's weights are")


def fit_classifier(features: Tensor, labels: Tensor, classes: int, decay: float = 1e-3) -> Probe:
    """The most likely class by `fit_class_scores`, which raises alike: (N', D) float32 -> (N',) int64."""
    scores = fit_class_scores(features, labels, classes, decay)
    return lambda new: scores(new).argmax(1)


def fit_class_scores(features: Tensor, labels: Tensor, classes: int, decay: float = 1e-3) -> Probe:
    """A linear classifier (multinomial logistic regression), solved by L-BFGS.

    The loss is convex, so the answer is the one that the paper's Adam on the same loss tends to.

    Args:
        features: (N, D) float32.
        labels: (N,) int64.
        classes: their number.
        decay: weight of half the squared norm of the weights, on standardised features.

    Returns:
        (N', D) float32 -> (N', classes) float32, the logarithm of each class's probability, up to a constant a row.

    Raises:
        ValueError: for fewer than two samples, shapes that do not fit, features that are not finite, or other labels
            than 0 to `classes` - 1.
    """
    _check_samples(features, labels, 1)
    check_rows("label", labels, (labels >= 0) & (labels < classes), f"with classes={classes} use 0 to {classes - 1}")
    prepare = _standardise(features)
    x = prepare(features)
    head = nn.Linear(features.shape[1], classes, device=features.device)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    solver = torch.optim.LBFGS(head.parameters(), max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = functional.cross_entropy(head(x), labels) + 0.5 * decay * head.weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        solver.step(loss)
    return lambda new: head(prepare(new)).detach()


def fit_linear(features: Tensor, targets: Tensor, decay: float = 1e-3) -> Probe:
    """Linear regression with a little ridge, in closed form.

    Args:
        features: (N, D) float32.
        targets: (N, A) float32.
        decay: ridge per sample, on standardised features.

    Returns:
        (N', D) float32 -> (N', A) float32.

    Raises:
        ValueError: for fewer than two samples, shapes that do not fit, or features that are not finite.
    """
    _check_samples(features, targets, 2)
    prepare = _standardise(features)
    x, offset = prepare(features).double(), targets.double().mean(0)
    ridge = decay * len(x) * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    weights = torch.linalg.solve(x.T @ x + ridge, x.T @ (targets.double() - offset))
    return lambda new: (prepare(new).double() @ weights + offset).float()


def fit_mlp(
    features: Tensor,
    targets: Tensor,
    hidden: int = 1024,
    epochs: int = 300,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    decay: float = 0.0,
    seed: int = 0,
    bf16: bool = False,
) -> Probe:
    """Regression by D -> hidden -> ReLU -> hidden -> ReLU -> A, trained by Adam on the squared error.

    The head is the paper's; its Adam has a constant rate and no decay, and its loss takes the targets as they are. Here
    they are standardised first, so that a dimension of small deviation counts as much as any other, as it does in R2.

    Args:
        features: (N, D) float32.
        targets: (N, A) float32.
        hidden: width of the two hidden layers.
        epochs: passes over the training set.
        batch_size: samples per step.
        learning_rate: of Adam, which falls to 0 by a half cosine.
        decay: decoupled weight decay (AdamW), 0 for Adam.
        seed: of the weights and the order of the samples.
        bf16: whether to train under bfloat16 autocast.

    Returns:
        (N', D) float32 -> (N', A) float32.

    Raises:
        TypeError, ValueError: for fewer than two samples, shapes that do not fit, features that are not finite, or
            sizes below 1.
    """
    _check_samples(features, targets, 2)
    for name, value in (("hidden", hidden), ("epochs", epochs), ("batch_size", batch_size)):
        check_whole(name, value, 1)
    prepare = _standardise(features)
    x = prepare(features)
    offset, scale = targets.mean(0), targets.std(0).clamp_min(1e-6)
    y = (targets - offset) / scale
    generator = torch.Generator(features.device).manual_seed(seed)
    with torch.random.fork_rng(devices=[features.device] if features.device.type == "cuda" else []):
        torch.manual_seed(seed)
        head = nn.Sequential(
            nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, targets.shape[1]),
        ).to(features.device)  # fmt: skip
    optimiser = torch.optim.AdamW(head.parameters(), learning_rate, weight_decay=decay, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    with torch.enable_grad():
        for _ in range(epochs):
            for index in torch.randperm(len(x), generator=generator, device=x.device).split(batch_size):
                with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
                    predicted = head(x[index])
                functional.mse_loss(predicted.float(), y[index]).backward()
                optimiser.step()
                optimiser.zero_grad()
            schedule.step()
    return lambda new: (head(prepare(new)) * scale + offset).detach()
