"""What is evaluated beside probes, on a device that is not here: see tests/envs/test_fake_device.py."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from saccadeworld.envs.worlds import ImagesWorld, images
from saccadeworld.seqjepa.disturbances import Disturbance
from saccadeworld.seqjepa.features import extract_features
from saccadeworld.seqjepa.latent_maps import principal_map
from saccadeworld.seqjepa.neighbours import _drawn, find_neighbours
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


@pytest.fixture
def world(pictures, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(images, "resolve_device", torch.device)
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
