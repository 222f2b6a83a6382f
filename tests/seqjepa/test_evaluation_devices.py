"""What is evaluated beside probes, on a device that is not here: see tests/envs/test_fake_device.py."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, picture_world
from saccadeworld.seqjepa.disturbances import Disturbance
from saccadeworld.seqjepa.features import extract_features
from saccadeworld.seqjepa.latent_maps import principal_map
from saccadeworld.seqjepa.neighbours import _drawn, find_neighbours
from saccadeworld.seqjepa.probes import fit_classifier, fit_linear, fit_mlp
from saccadeworld.seqjepa.retrieval import predict_views, rank_views
from saccadeworld.seqjepa.view_sets import embed_view_sets
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode


class Stub(nn.Module):
    """A model without weights."""

    config = SimpleNamespace(action_dim=2, method="stub", told_actions=True)

    def encode(self, views: Tensor) -> Tensor:
        return views.flatten(-3)[..., :8].float()

    def aggregate(self, z: Tensor, actions: Tensor) -> Tensor:
        return z.mean(1) + actions.sum()

    def predict(self, aggregate: Tensor, actions: Tensor) -> Tensor:
        return aggregate * actions.sum(-1, keepdim=True)


class FirstLoss:
    """A solver that only asks for the loss."""

    def __init__(self, parameters):
        self.parameters = list(parameters)

    def zero_grad(self) -> None:
        pass

    def step(self, loss) -> None:
        assert {tensor.device.type for tensor in (loss(), *self.parameters)} == {"meta"}


def moved(head: nn.Module, device: torch.device) -> nn.Module:
    """As `Module.to`, which cannot move weights without values."""
    for layer in head.modules():
        for name, weight in layer._parameters.items():
            assert weight is not None
            layer._parameters[name] = nn.Parameter(weight.detach().to(device))
    return head


@pytest.fixture
def world(pictures, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    monkeypatch.setattr(torch, "autocast", lambda *args, **named: nullcontext())  # it does not know the device
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield ImagesWorld(pictures, fovea=12, device="meta")


def test_views_are_embedded_predicted_ranked_and_mapped_there(world):
    sets = embed_view_sets(Stub(), world, 4, 9)
    ranks = rank_views(*predict_views(Stub(), world, sets, 2))
    found = [find_neighbours(sets, 3, other_scenes=True), find_neighbours(sets, 3, other_scenes=False)]
    drawn = [_drawn(sets, 3, True), _drawn(sets, 3, False)]
    map_ = principal_map(sets.z.flatten(0, 1))
    for tensor in (*vars(sets).values(), *vars(ranks).values(), *found, *drawn, *vars(map_).values()):
        assert tensor.device.type == "meta"


@pytest.mark.parametrize("order", ["shuffled", "mismatched"])
def test_disturbances_are_drawn_there(world, order):
    features = extract_features(Stub(), world, 6, (1, 3), "uniform", disturbance=Disturbance(order, 0.1))
    assert features.aggregates[3].device.type == "meta"


def test_probes_are_fitted_there(monkeypatch: pytest.MonkeyPatch):
    """But for the solver of classifiers, which has to look at its loss: it is asked for the first one alone."""
    monkeypatch.setattr(torch, "autocast", lambda *args, **named: nullcontext())
    monkeypatch.setattr(torch.optim, "LBFGS", lambda parameters, **_: FirstLoss(parameters))
    unfused = torch.optim.AdamW  # the fused step does not know the device
    monkeypatch.setattr(torch.optim, "AdamW", lambda *given, fused, **named: unfused(*given, **named))
    monkeypatch.setattr(nn.Sequential, "to", moved)
    monkeypatch.setattr(torch, "Generator", lambda _: SimpleNamespace(manual_seed=lambda _: None))
    with FakeTensorMode(allow_non_fake_inputs=True):
        features, targets = torch.zeros(8, 5, device="meta"), torch.zeros(8, 2, device="meta")
        labels = torch.zeros(8, dtype=torch.int64, device="meta")
        probes = [
            fit_classifier(features, labels, 3),
            fit_linear(features, targets),
            fit_mlp(features, targets, hidden=4, epochs=2, batch_size=4),
        ]
        predicted = [probe(features) for probe in probes]
    assert {tensor.device.type for tensor in predicted} == {"meta"}
