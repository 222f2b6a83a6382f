import pytest
import torch
from saccadeworld.seqjepa.baselines.heads import ConditionedHead, Head
from tiny_baselines import array, head
from torch import nn


def sizes(module: nn.Module) -> list[str]:
    """Layers in the words of the papers."""
    told = []
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            told.append(f"{layer.in_features}-{layer.out_features}" + ("+b" if layer.bias is not None else ""))
        elif isinstance(layer, nn.BatchNorm1d):
            told.append("BN" if layer.affine else "BN*")
        elif isinstance(layer, nn.ReLU):
            told.append("ReLU")
    return told


def test_layers():
    assert sizes(Head(512, (2048, 128), "norm")) == ["512-2048", "BN", "ReLU", "2048-128", "BN*"]
    assert sizes(Head(128, (2048, 128), "bias")) == ["128-2048", "BN", "ReLU", "2048-128+b"]
    assert sizes(Head(8, (6, 4, 2), "plain")) == ["8-6", "BN", "ReLU", "6-4", "BN", "ReLU", "4-2"]
    assert sizes(Head(8, (3,), "norm")) == ["8-3", "BN*"]
    assert sizes(ConditionedHead(8, 2, 4, (6, 3), "bias")) == ["2-4", "BN*", "12-6", "BN", "ReLU", "6-3+b"]


@pytest.mark.parametrize("end", ["norm", "bias", "plain"])
@pytest.mark.parametrize("shape", [(9,), (5, 3)], ids=str)
def test_outputs_are_those_of_its_formula(end, shape):
    torch.manual_seed(0)
    module = Head(7, (6, 5, 4), end)
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    x = torch.randn(*shape, 7)
    ours = module(x)
    assert ours.shape == (*shape, 4)
    torch.testing.assert_close(ours.double(), torch.from_numpy(head(module, array(x))), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(9,), (5, 3)], ids=str)
def test_actions_are_embedded_and_read_beside_the_projections(shape):
    torch.manual_seed(0)
    module = ConditionedHead(7, 2, 4, (6, 5), "bias")
    x, actions = torch.randn(*shape, 7), torch.randn(*shape, 2)
    expected = torch.from_numpy(head(module, array(x), array(actions)))
    torch.testing.assert_close(module(x, actions).double(), expected, rtol=1e-4, atol=1e-4)
