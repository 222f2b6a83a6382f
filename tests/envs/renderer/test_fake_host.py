"""What the host hands to the kernels, on a device that is not here: see tests/envs/test_fake_device.py."""

from types import SimpleNamespace

import pytest
import torch
from saccadeworld.envs.renderer import SETUPS, rasteriser
from torch._subclasses.fake_tensor import FakeTensorMode

ROWS, SIDE = 40, 256  # more than fit the depth buffers at once


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """All that kernels are given; Warp itself is not asked."""
    calls: list[tuple] = []

    def launch(kernel, shape, inputs, outputs, device):
        calls.append((kernel, shape, inputs, outputs))

    monkeypatch.setattr(rasteriser.wp, "from_torch", lambda tensor, dtype=None: tensor)
    monkeypatch.setattr(rasteriser.wp, "launch", launch)
    monkeypatch.setattr(rasteriser, "Rows", SimpleNamespace)
    monkeypatch.setattr(rasteriser, "_SCRATCH_GPU", 1 << 24)
    return calls


def test_everything_the_kernels_get_lies_there(launched: list[tuple], monkeypatch: pytest.MonkeyPatch):
    host = object.__new__(rasteriser.Rasteriser)
    host._setup, host._side = SimpleNamespace(size=SIDE, samples=1), SIDE
    host._bank = host._fixed = None
    host._torch_device, host._device = torch.device("meta"), SimpleNamespace(is_cpu=False)
    host._parts, host._span, host._scratch = 128, 1, rasteriser._SCRATCH_GPU
    monkeypatch.setattr(host, "_stream", lambda: torch.no_grad())
    with FakeTensorMode(allow_non_fake_inputs=True):
        scenes = torch.zeros(ROWS, dtype=torch.int64, device="meta")
        rotations, stages = torch.zeros(ROWS, 4, device="meta"), torch.zeros(1, 4, device="meta").expand(ROWS, 4)
        views = torch.zeros(ROWS, 3, SIDE, SIDE, dtype=torch.uint8, device="meta")
        host.draw(scenes, rotations, stages, views)
    counts = [shape[0] for kernel, shape, *_ in launched if kernel is rasteriser.shade]
    assert sum(counts) == ROWS
    assert len(counts) > 1
    for _, _, inputs, outputs in launched:
        tensors = [value for value in (*inputs, *outputs) if isinstance(value, torch.Tensor)]
        rows = [value for value in inputs if isinstance(value, SimpleNamespace)]
        tensors += [tensor for row in rows for tensor in vars(row).values()]
        assert len(tensors) >= 4
        assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_the_setups_know_no_device():
    assert all(not isinstance(value, torch.Tensor) for setup in SETUPS.values() for value in vars(setup).values())
