"""Worlds on a GPU are those on the CPU."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from saccadeworld.envs.sources.banks import MeshSet, PictureSet
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("subpixel", [False, True])
def test_images_are_the_same_to_the_bit(pictures: PictureSet, subpixel: bool):
    host, device = (
        ImagesWorld(pictures, fovea=12, subpixel=subpixel, device=d).rollout(64, 4, "uniform") for d in ("cpu", "cuda")
    )
    for part in ("views", "poses", "actions", "labels", "scenes"):
        assert getattr(device, part).device.type == "cuda"
        assert torch.equal(getattr(device, part).cpu(), getattr(host, part)), part


@pytest.mark.parametrize("policy", ["uniform", "saliency"])
def test_pictures_on_the_host_show_the_same(pictures: PictureSet, policy: str):
    """To the bit, as views are made there; salient fixations are drawn there, too."""
    host = ImagesWorld(pictures, fovea=12).rollout(64, 4, policy)
    world = ImagesWorld(pictures, fovea=12, device="cuda", bank_device="cpu")
    device = world.rollout(64, 4, policy)
    assert (world.pictures.device.type, device.views.device.type) == ("cpu", "cuda")
    for part in ("views", "poses", "actions", "labels", "scenes"):
        assert torch.equal(getattr(device, part).cpu(), getattr(host, part)), part
    near, far = (
        AugmentationsWorld(pictures, device="cuda", bank_device=place).rollout(64, 4) for place in (None, "cpu")
    )
    assert torch.equal(near.views, far.views)


@pytest.mark.parametrize("policy", ["saliency", "nearby"])
def test_salient_fixations_agree_but_for_rounding(pictures: PictureSet, policy: str):
    host, device = (ImagesWorld(pictures, fovea=12, device=d).rollout(500, 4, policy) for d in ("cpu", "cuda"))
    assert (host.poses == device.poses.cpu()).all((1, 2)).float().mean() > 0.99


@pytest.mark.parametrize("size", [40, 24])
def test_augmentations_agree_but_for_rounding(pictures: PictureSet, size: int):
    host, device = (
        AugmentationsWorld(pictures, view_size=size, target_view=2, device=d).rollout(200, 4) for d in ("cpu", "cuda")
    )
    assert torch.allclose(host.poses, device.poses.cpu(), atol=1e-6)
    assert (host.views == device.views.cpu()).float().mean() > 0.999


def test_objects_agree_but_for_rounding(meshes: MeshSet):
    host, device = (ObjectsWorld(meshes, size=24, device=d).rollout(32, 3) for d in ("cpu", "cuda"))
    assert torch.equal(host.scenes, device.scenes.cpu())
    assert torch.allclose(host.poses, device.poses.cpu(), atol=1e-6)
    assert torch.allclose(host.actions, device.actions.cpu(), atol=1e-6)
    assert (host.views.int() - device.views.cpu().int()).abs().float().mean() < 0.1


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_environments_are_the_same_to_the_bit(pictures: PictureSet, mode: str, chance: str):
    options = {"task": chance, "autoreset_mode": mode, "max_episode_steps": 3}
    host = gym.make_vec("SaccadeWorld-v0", 8, world=ImagesWorld(pictures, fovea=12), **options)
    device = gym.make_vec(
        "SaccadeWorld-v0", 8, world=ImagesWorld(pictures, fovea=12, device="cuda"), output="torch", **options
    )
    expected, got = host.reset(seed=0)[0], device.reset(seed=0)[0]
    host.action_space.seed(0)
    for _ in range(8):
        for key, value in got.items():
            assert value.device.type == "cuda"
            assert np.array_equal(value.cpu().numpy(), expected[key])
        actions = host.action_space.sample()
        expected, *flags, _ = host.step(actions)
        got, *tensors, _ = device.step(torch.from_numpy(actions).cuda())
        for flag, tensor in zip(flags, tensors, strict=True):
            assert np.array_equal(tensor.cpu().numpy(), flag.astype(tensor.cpu().numpy().dtype))


def test_actions_from_the_host_are_checked_there(pictures: PictureSet):
    env = gym.make_vec("SaccadeWorld-v0", 2, world=ImagesWorld(pictures, fovea=12, device="cuda"))
    env.reset(seed=0)
    with pytest.raises(ValueError, match="of row 1: use finite numbers"):
        env.step(np.array([[0, 0], [0, np.nan]]))
