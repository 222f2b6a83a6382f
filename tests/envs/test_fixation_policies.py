import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.envs.fixation_policies import GAZE_OPTIONS
from saccadeworld.envs.sources.banks import PictureSet
from saccadeworld.envs.worlds import ImagesWorld, make_world
from saccadeworld.saliency.amplitudes import ExponentialAmplitudes
from saccadeworld.saliency.inhibition import DiscInhibition, NoInhibition


def pixels(world: ImagesWorld, policy: str = "saliency", rows: int = 300, length: int = 4) -> torch.Tensor:
    return (world.rollout(rows, length, policy).poses * world.side).round()


def apart(fixations: torch.Tensor) -> torch.Tensor:
    """Rows and columns between any two fixations of an episode. (B, L, 2) -> (B, L (L - 1) / 2, 2)."""
    first, second = torch.triu_indices(fixations.shape[1], fixations.shape[1], 1)
    return (fixations[:, first] - fixations[:, second]).abs()


@pytest.mark.parametrize("live", [False, True])
def test_pickles_and_copies_go_on_alike(pictures: PictureSet, live: bool):
    world = ImagesWorld(pictures, fovea=12, saliency_live=live)
    policy, expected = world.policies["saliency"], pixels(world)
    assert copy.deepcopy(policy) is policy
    again = pickle.loads(pickle.dumps(policy))
    assert torch.equal((world.rollout(300, 4, again).poses * world.side).round(), expected)


def test_live_maps_lead_to_the_same_fixations(pictures: PictureSet):
    kept, live = (ImagesWorld(pictures, fovea=12, saliency_live=value) for value in (False, True))
    assert torch.equal(pixels(kept), pixels(live))
    assert torch.equal(pixels(kept, "nearby"), pixels(live, "nearby"))


def test_from_the_centre_all_of_a_picture_is_seen(pictures: PictureSet):
    world = ImagesWorld(pictures, fovea=pictures.pictures.shape[1])
    batch = world.rollout(8, 3, "centre")
    shown = pictures.pictures[batch.scenes].permute(0, 3, 1, 2)
    assert torch.equal(batch.views, shown[:, None].expand(-1, 3, -1, -1, -1))
    assert not batch.actions.any()


@pytest.mark.parametrize("inhibition", ["square", "disc", DiscInhibition(9)])
def test_inhibition_keeps_fixations_apart(pictures: PictureSet, inhibition: str | DiscInhibition):
    away = apart(pixels(ImagesWorld(pictures, fovea=12, inhibition=inhibition)))
    if inhibition == "square":
        assert away.amax(-1).min() == 7
        assert away.norm(dim=-1).min() < 9
    else:
        assert away.norm(dim=-1).min() > (6 if inhibition == "disc" else 9)


def test_soft_inhibition_and_none(pictures: PictureSet):
    near = {
        name: (apart(pixels(ImagesWorld(pictures, fovea=16, inhibition=name), rows=2000)).norm(dim=-1) < 4)
        .float()
        .mean()
        for name in ("off", "gaussian")
    }
    assert near["gaussian"] < 0.6 * near["off"]
    assert near["off"] > 0.01


def test_a_prior_of_amplitudes_shortens_saccades(pictures: PictureSet):
    def length(**options: object) -> float:
        world = ImagesWorld(pictures, fovea=12, inhibition="off", **options)
        return float(world.rollout(1000, 2, "saliency").actions.norm(dim=-1).mean())

    assert length(amplitudes=ExponentialAmplitudes(0.1)) < 0.5 * length()
    assert length(amplitudes="exponential") < length()


def test_saliency_of_objects_looks_at_objects():
    world = make_world("images", count=8, size=48, fovea=12, saliency="mask", inhibition="off")
    assert world.made_of.masks is not None
    fixations = pixels(world, rows=400, length=1)[:, 0].long()
    scenes = world.draw_scenes(torch.arange(400))
    on_object = world.made_of.masks[scenes, fixations[:, 0], fixations[:, 1]].float().mean()
    assert on_object > 0.85
    assert on_object > 2 * world.made_of.masks.float().mean()


def test_the_oracle_looks_at_objects_and_not_twice_at_one_place():
    world = make_world("images", count=8, size=48, fovea=12)
    assert world.made_of.masks is not None
    known = make_world("images", count=8, size=48, fovea=12, saliency="mask")
    assert torch.equal(pixels(world, "object"), pixels(known, "saliency"))
    assert apart(pixels(world, "object")).square().sum(-1).min() > 36


def test_without_masks_there_is_no_oracle(folder: Path):
    world = make_world("images", source=str(folder / "pictures"), split="train", size=40, fovea=12)
    assert "object" not in world.policies


def osie(folder: Path, names: list[str]) -> str:
    """Three observers who look along a diagonal, on pictures of 80 x 60."""
    paths = [{"x": [13 + 2 * k, 30, 45, 66], "y": [3 + 2 * k, 20, 35, 56], "dur_ms": [200] * 4} for k in range(3)]
    content = {"image_size_wh": [80, 60], "n_subjects": 3, "images": dict.fromkeys(names, paths)}
    (folder / "fixations.json").write_text(json.dumps(content))
    return str(folder / "fixations.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures" / "ant").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (5, 60, 80, 3), dtype=np.uint8)
    for i in range(5):
        Image.fromarray(noise[i]).save(tmp_path / "pictures" / "ant" / f"{i}.png")
    return tmp_path


@pytest.mark.parametrize("bank", [False, True])
def test_people_are_replayed(folder: Path, bank: bool):
    file = osie(folder, [f"{i}.png" for i in range(5)])
    options = {"bank": str(folder / "banks")} if bank else {}
    world = make_world("images", str(folder / "pictures"), size=30, fovea=8, fixations=file, **options)
    fixations = pixels(world, "human", rows=50)
    # The central 60 x 60 pixels, from column 10 on, are shown with 30: pixel 1 is from 2 to 4 beyond its corner.
    assert {tuple(first) for first in fixations[:, 0].long().tolist()} == {(1, 1), (2, 2), (3, 3)}
    assert (fixations[:, -1] == fixations[0, -1]).all()
    assert "human" not in make_world("images", str(folder / "pictures"), size=30, fovea=8).policies


def test_a_cache_serves_the_next_world(folder: Path):
    options = {"size": 30, "fovea": 8, "saliency_cache": str(folder / "maps")}
    first = make_world("images", str(folder / "pictures"), **options)
    fixations = pixels(first)
    assert len(list((folder / "maps").glob("spectral-residual-*.npy"))) == 1
    assert torch.equal(pixels(make_world("images", str(folder / "pictures"), **options)), fixations)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"saliency": "nowhere/maps"}, "saliency='nowhere/maps' is not known and no path"),
        ({"saliency_cache": "maps", "saliency_live": True}, "saliency_cache='maps' .*; live maps are not kept"),
        ({"inhibition": "circle"}, "inhibition='circle' is not known; use one of 'square'"),
        ({"amplitudes": "short"}, "amplitudes='short' is not known; use one of 'exponential'"),
    ],
)
def test_what_does_not_fit_is_told_when_the_world_is_made(pictures: PictureSet, options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        ImagesWorld(pictures, fovea=12, **options)


@pytest.mark.parametrize(
    "options",
    [{"inhibition": 3}, {"amplitudes": 3}, {"fixations": 3}, {"saliency": 3}, {"saliency_cache": 3}]
    + [{"saliency_live": "no"}],
    ids=str,
)
def test_what_is_of_a_wrong_type_is_told_when_the_world_is_made(pictures: PictureSet, options: dict):
    with pytest.raises(TypeError, match="{}={!r}".format(*next(iter(options.items())))):
        ImagesWorld(pictures, fovea=12, **options)


def test_fixations_need_names(pictures: PictureSet, tmp_path: Path):
    with pytest.raises(ValueError, match="which this source does not have"):
        ImagesWorld(pictures, fixations=osie(tmp_path, ["0.png"]))
    with pytest.raises(FileNotFoundError, match="no file"):
        ImagesWorld(pictures, fixations=str(tmp_path / "none.json"))


def test_every_option_is_one_of_the_world(pictures: PictureSet):
    assert ImagesWorld.option_names({}) >= GAZE_OPTIONS
    assert ImagesWorld(pictures, inhibition=NoInhibition(), saliency_live=True).options["saliency_live"] is True
