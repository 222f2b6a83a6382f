from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld.envs.human_replay import HumanFixations
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.sources.picture_files import read_picture
from saccadeworld.envs.worlds import ImagesWorld, picture_world
from saccadeworld.saliency.fixations import Fixations, Scanpath
from saccadeworld.saliency.osie import load_osie
from scipy import stats
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

NAMES = tuple("abcdef")


def scanpath(*points: tuple[float, float]) -> Scanpath:
    """Of pixels (row, col) of a picture of 40 x 40 pixels, in the middle of one of 120 x 80 pixels."""
    rows, cols = (2 * np.array(points, dtype=np.float64).reshape(-1, 2) + 1).T
    return Scanpath(cols + 20, rows, np.ones(len(rows)))


@pytest.fixture
def fixations() -> Fixations:
    """Two observers of pictures f, e, ... a; fixation i of observer k of picture p is pixel (p + 10 k, i)."""
    outside = Scanpath(np.array([5.0]), np.array([9.0]), np.ones(1))
    paths = [
        (scanpath((p, 0), (p, 1), (p, 2)), scanpath(*[(p + 10, i) for i in range(4)]), outside)
        for p in reversed(range(6))
    ]
    return Fixations(NAMES[::-1], ((120, 80),) * 6, tuple(paths))


def test_episodes_follow_an_observer_of_their_picture(fixations: Fixations, images_world: ImagesWorld):
    policy = HumanFixations(fixations, NAMES, 40)
    rollout = images_world.rollout(2000, 4, policy, seed=5)
    pixels = (rollout.poses * 40).round().long()
    assert (rollout.poses * 40 - pixels).abs().max() < 1e-4
    observers = (pixels[:, 0, 0] - rollout.scenes) // 10
    assert stats.binomtest(int(observers.sum()), 2000).pvalue > 1e-3
    assert torch.equal(pixels[..., 0], (rollout.scenes + 10 * observers)[:, None].expand(-1, 4))
    assert torch.equal(pixels[:, :3, 1], torch.arange(3).expand(2000, 3))
    assert torch.equal(pixels[:, 3, 1], 2 + observers)  # the shorter scanpath stays at its last fixation


def test_short_scanpaths_are_left_out(fixations: Fixations, images_world: ImagesWorld):
    rollout = images_world.rollout(200, 4, HumanFixations(fixations, NAMES, 40, at_least=4))
    assert torch.equal((rollout.poses[..., 1] * 40).round().long(), torch.arange(4).expand(200, 4))
    with pytest.raises(ValueError, match="no observer has 5 fixations on the central square of 'a'"):
        HumanFixations(fixations, NAMES, 40, at_least=5)
    with pytest.raises(ValueError, match="at_least=0 is out of range"):
        HumanFixations(fixations, NAMES, 40, at_least=0)
    with pytest.raises(ValueError, match="there are no fixations on 'g'"):
        HumanFixations(fixations, "abcdg", 40)


def test_an_episode_is_the_same_alone_and_in_a_batch(fixations: Fixations, images_world: ImagesWorld):
    policy = HumanFixations(fixations, NAMES, 40)
    together = images_world.rollout(50, 3, policy)
    alone = images_world.rollout(1, 3, policy, seed=17)
    assert torch.equal(alone.poses[0], together.poses[17])


def test_nothing_waits_for_a_device(fixations: Fixations, pictures: PictureSet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(picture_world, "resolve_device", torch.device)
    with FakeTensorMode(allow_non_fake_inputs=True):
        world = ImagesWorld(pictures, fovea=12, device="meta")
        policy = HumanFixations(fixations, NAMES, 40, device="meta")
        poses = world.rollout(4, 5, policy).poses
        assert isinstance(poses, FakeTensor)
        assert poses.shape == (4, 5, 2)


def test_real_observers_look_at_the_same_things_on_pictures_of_any_size(data_folder: Path):
    """What lies under a fixation in the bank is what lies under it in the file."""
    fixations = load_osie(data_folder / "fixations" / "osie60")
    names = fixations.names[5:8]
    files = [data_folder / "fixations" / "osie60" / "stimuli" / name for name in names]
    large, small = (torch.from_numpy(np.stack([read_picture(f, s) for f in files])) for s in (600, 96))
    poses = {}
    for bank in (large, small):
        world = ImagesWorld(PictureSet(bank, torch.full((3,), -1), ()), fovea=8)
        poses[bank.shape[1]] = world.rollout(60, 5, HumanFixations(fixations, names, bank.shape[1], at_least=5)).poses
    # The centres of the pixels that are looked at, but for half a pixel where a fixation is on the border of the square
    centres = {side: (pose * side).double() + 0.5 for side, pose in poses.items()}
    assert (centres[600] * 0.16 - centres[96]).abs().max() < 0.51
    assert (centres[600] * 0.16 - centres[96]).abs().median() < 1e-4
