from __future__ import annotations

import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.scenes import make_scenes
from saccadeworld.saliency.object_mask import object_saliency
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode


def discs() -> np.ndarray:
    rows, cols = np.mgrid[:40, :60]
    return np.stack([np.hypot(rows - 12, cols - 40) < radius for radius in (3, 9.5, 100)])


@pytest.mark.parametrize("floor", [0.0, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("kind", [np.bool_, np.uint8])
def test_it_is_uniform_on_the_object_and_lower_outside(floor: float, kind: type):
    masks = discs()
    stored = masks if kind is np.bool_ else masks.astype(np.uint8) * 255
    saliency = object_saliency(torch.from_numpy(stored), floor).numpy()
    assert saliency.dtype == np.float32
    for got, mask in zip(saliency, masks, strict=True):
        on = 1 / (mask.sum() + floor * (~mask).sum())
        np.testing.assert_allclose(got, np.where(mask, on, floor * on), rtol=1e-5)


def test_most_fixations_are_on_the_object_of_a_scene():
    scenes = make_scenes("test", 8, 64)
    assert scenes.masks is not None
    saliency = object_saliency(scenes.masks)
    assert torch.allclose(saliency.sum((1, 2)), torch.ones(8), atol=1e-5)
    assert (saliency > 0).all()
    assert ((saliency * scenes.masks).sum((1, 2)) > 0.9).all()


@pytest.mark.parametrize("floor", [0.0, 0.01])
def test_without_an_object_it_is_uniform(floor: float):
    assert torch.allclose(object_saliency(torch.zeros(2, 10, 20).bool(), floor), torch.tensor(1 / 200))


def test_it_is_made_on_the_device_of_the_masks():
    with FakeTensorMode():
        saliency = object_saliency(torch.zeros(2, 10, 20, dtype=torch.bool, device="meta"))
    assert isinstance(saliency, FakeTensor)
    assert saliency.device.type == "meta"


def test_what_is_no_mask_is_refused():
    with pytest.raises(TypeError, match="masks of ndarray: give a torch tensor"):
        object_saliency(torch.ones(1, 9, 9).bool().numpy())  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"masks of torch\.float32"):
        object_saliency(torch.zeros(2, 10, 10))
    with pytest.raises(ValueError, match=r"masks of shape \(10, 10\)"):
        object_saliency(torch.zeros(10, 10).bool())
    for floor in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"floor=.* is out of range; use 0 to 1"):
            object_saliency(torch.zeros(1, 10, 10).bool(), floor)
