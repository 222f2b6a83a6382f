import pytest
import torch
from saccadeworld.envs.devices import resolve_device


@pytest.mark.usefixtures("two_gpus")
def test_devices_are_named_as_tensors_name_theirs():
    assert resolve_device("cuda") == torch.device("cuda:1") != torch.device("cuda")
    assert resolve_device(torch.device("cuda:0")) == torch.device("cuda:0")
    assert resolve_device("cpu") == torch.zeros(1).device


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"device='cuda:2' was asked for, but the last that torch sees is cuda:1"):
        resolve_device("cuda:2")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_nothing_falls_back_to_the_cpu():
    with pytest.raises(ValueError, match=r"device='cuda' was asked for, but torch .* sees no CUDA device"):
        resolve_device("cuda")


@pytest.mark.parametrize(
    ("device", "says"), [("mps", "'mps' is not supported"), ("gpu", "'gpu' is not a device"), (None, "None is not a")]
)
def test_what_is_no_device_of_ours_is_refused(device: str, says: str):
    with pytest.raises(ValueError, match=says):
        resolve_device(device)
