from types import SimpleNamespace

import pytest
import torch
import warp
from saccadeworld.scripts.checks.devices import examine_devices
from saccadeworld.scripts.checks.finding import Finding


def found() -> dict[str, Finding]:
    return {finding.about: finding for finding in examine_devices()}


def test_the_cpu_is_told_with_its_threads(one_thread: None):
    assert found()["cpu"].state == "ok"
    assert " 1 threads of torch" in found()["cpu"].text


@pytest.fixture
def pretended_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = SimpleNamespace(name="NVIDIA H100", total_memory=80e9, major=9, minor=0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: properties)


@pytest.mark.usefixtures("pretended_gpu")
@pytest.mark.parametrize(("seen", "state"), [((0,), "ok"), ((), "broken"), ((1,), "broken")])
def test_a_gpu_is_told_and_whether_warp_sees_it(seen: tuple[int, ...], state: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(warp, "get_cuda_devices", lambda: [SimpleNamespace(ordinal=number) for number in seen])
    gpu = found()["cuda:0"]
    assert gpu.state == state
    assert gpu.text.startswith("NVIDIA H100, 80.0 GB, compute capability 9.0")
    assert found()["cuda"].state == "ok"


def test_metal_is_named_where_it_is_and_not_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert found()["mps"] == Finding(
        "mps", "warning", "there, but worlds and models run on cpu or cuda", 'use device="cpu"'
    )
