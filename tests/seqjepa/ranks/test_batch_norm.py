"""In one process; that two ranks normalise as one is seen in test_parallel.py."""

import copy

import pytest
import torch
from saccadeworld.seqjepa.ranks import synchronise_batch_norms
from tiny import tiny_model
from torch import nn

LAYERS = {
    "rows": (nn.BatchNorm1d(4), (6, 4)),
    "without scale": (nn.BatchNorm1d(4, affine=False), (6, 4)),
    "pictures": (nn.BatchNorm2d(4, momentum=0.3), (5, 4, 3, 2)),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_normalises_as_torchs(name, dtype):
    layer, shape = LAYERS[name]
    ours, theirs = copy.deepcopy(layer), copy.deepcopy(layer)
    synchronise_batch_norms(ours)
    assert type(ours) is not type(theirs)
    for seed in range(3):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).mul(3).add(2).to(dtype)
        x = x.to(memory_format=torch.channels_last) if x.ndim == 4 else x
        left, right = x.clone().requires_grad_(), x.clone().requires_grad_()
        outputs = ours(left), theirs(right)
        assert outputs[0].dtype == dtype
        assert outputs[0].stride() == outputs[1].stride()
        for output in outputs:
            output.square().mul(torch.arange(4.0).view(4, *[1] * (x.ndim - 2))).sum().backward()
        close = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 3e-2, "atol": 3e-2}
        torch.testing.assert_close(outputs[0], outputs[1], **close)
        torch.testing.assert_close(left.grad, right.grad, **close)
        torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_a_model_keeps_its_names_and_its_tensors():
    model = tiny_model()
    before = model.state_dict(keep_vars=True)
    synchronise_batch_norms(model)
    after = model.state_dict(keep_vars=True)
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)
