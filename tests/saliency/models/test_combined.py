from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld.saliency.metrics import fixation_counts, information_gain, nss
from saccadeworld.saliency.models.centre_bias import CentreBias
from saccadeworld.saliency.models.combined import PLACES, WEIGHTS, Combined, density, features
from saccadeworld.saliency.osie import load_osie

NAMES = list(WEIGHTS)


def scores(data_folder: Path, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """NSS and bits over the centre bias of the other pictures, (60,) each, on OSIE's central squares."""
    folder = data_folder / "fixations" / "osie60"
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    fixations = load_osie(folder)
    square = fixations.centre_cropped(side)
    box = (100, 0, 700, 600)
    files = (Image.open(folder / "stimuli" / name).convert("RGB") for name in fixations.names)
    pictures = np.stack([np.asarray(file.resize((side, side), Image.Resampling.BICUBIC, box)) for file in files])
    maps = Combined()(torch.from_numpy(pictures))
    pixels = [torch.from_numpy(square.pooled(i).pixels()) for i in range(len(square))]
    counts = torch.stack([fixation_counts(places, side, side) for places in pixels])
    others = [torch.from_numpy(square.elsewhere(i).places((side, side))) + 0.5 / side for i in range(len(square))]
    bias = torch.cat([CentreBias.from_fixations(places)(torch.zeros(1, side, side, 3).byte()) for places in others])
    return nss(maps, counts), information_gain(maps, counts, bias)


def test_small_pictures_are_predicted_as_well_as_it_says(data_folder: Path):
    standardised, bits = scores(data_folder, 96)
    assert standardised.mean() > 1.8
    assert bits.mean() > 0.8
    assert (bits > 0).double().mean() > 0.85


def test_it_is_mirrored_with_the_picture(photographs: np.ndarray):
    pictures = torch.from_numpy(photographs)
    maps, mirrored = Combined()(pictures), Combined()(pictures.flip(2)).flip(2)
    assert (maps - mirrored).abs().max() < 1e-2 * maps.max()


def test_features_are_standardised_and_keep_their_order(photographs: np.ndarray):
    maps = features(torch.from_numpy(photographs))
    assert maps.shape == (3, len(NAMES), 75, 100)
    channels = maps[:, : len(NAMES) - len(PLACES)]
    assert channels.mean((2, 3)).abs().max() < 1e-3
    assert NAMES[-len(PLACES) :] == list(PLACES)
    spread = channels.std((2, 3))
    assert ((spread - 1).abs() < 0.01).logical_or(spread == 0).all(), "0 where there is none of it"


def test_each_channel_finds_what_it_is_called_after():
    picture = torch.full((1, 150, 200, 3), 128, dtype=torch.uint8)
    picture[:, 20:50, 20:50] = torch.tensor([210, 150, 120], dtype=torch.uint8)  # skin, and redder than grey
    picture[:, 100:130, 20:50] = torch.tensor([60, 140, 60], dtype=torch.uint8)  # green
    picture[:, ::4, 120:150] = 90
    picture[:, :, 120:150:4] = 90  # a grid
    maps = dict(zip(NAMES, features(picture)[0], strict=True))
    skin, green, grid = (slice(14, 21), slice(14, 21)), (slice(54, 61), slice(14, 21)), (slice(20, 60), slice(64, 71))
    assert maps["skin"][skin].min() > 1 > maps["skin"][green].max()
    assert maps["redness"][skin].mean() > maps["redness"][green].mean() + 0.5
    assert min(maps["chroma"][place].min() for place in (skin, green)) > 1 > maps["chroma"][grid].max()
    assert maps["corners"][grid].mean() > maps["corners"][skin].mean() + 1
    assert min(maps["surroundedness"][place].min() for place in (skin, green)) > 1
    assert maps["height"][0, 0] == pytest.approx(-1 + 1 / 75)
    assert maps["across"][0, 0] == pytest.approx((1 - 1 / 100) ** 2)
    assert maps["down"][37].abs().max() < 1e-6


def test_a_flat_picture_has_the_preference_for_places_alone():
    flat = torch.full((1, 75, 100, 3), 90, dtype=torch.uint8)
    got = Combined()(flat)[0]
    down, across = (((torch.arange(side) + 0.5) / side * 2 - 1) for side in (75, 100))
    logarithm = (
        WEIGHTS["across"] * across.square() + (WEIGHTS["down"] * down.square() + WEIGHTS["height"] * down)[:, None]
    )
    expected = 0.99 * logarithm.exp() / logarithm.exp().sum() + 0.01 / 7500
    assert torch.allclose(got, expected, rtol=5e-3)


def test_the_density_is_an_exponential_of_the_weighted_sum():
    maps = torch.randn(2, 4, 10, 12, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([0.5, -1.0, 0.2, 0.0])
    got = density(maps, weights, 10, 12).numpy()
    powers = np.exp(np.einsum("nkhw,k->nhw", maps.numpy(), weights.numpy()))
    expected = 0.99 * powers / powers.sum((1, 2), keepdims=True) + 0.01 / 120
    assert np.allclose(got, expected, rtol=1e-4)


def test_other_weights_make_another_map(photographs: np.ndarray):
    pictures = torch.from_numpy(photographs)
    uniform = Combined(dict.fromkeys(NAMES, 0.0))(pictures)
    assert torch.allclose(uniform, torch.tensor(1 / 30000))
    assert torch.equal(Combined(WEIGHTS)(pictures), Combined()(pictures))


def test_weights_of_other_names_are_refused():
    with pytest.raises(ValueError, match=r"weights of \['faces'\]: give one for each of corners"):
        Combined({"faces": 1.0})
