"""Pictures with edges, gradients, noise and saturated colours, as grey levels and as Pillow has them."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

SIDE = 48


@pytest.fixture(scope="session")
def bank() -> torch.Tensor:
    """(24, 48, 48, 3) uint8: noise, noise of full and empty channels, and coarse noise, which is smooth."""
    random = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (8, SIDE, SIDE, 3), generator=random)
    extreme = 255 * torch.randint(0, 2, (8, SIDE, SIDE, 3), generator=random)
    coarse = torch.rand(8, 3, 5, 5, generator=random)
    smooth = 255 * torch.nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bilinear").movedim(1, -1)
    return torch.cat([noise, extreme, smooth.round().long()]).to(torch.uint8)


@pytest.fixture(scope="session")
def levels(bank: torch.Tensor) -> torch.Tensor:
    """The same pictures as (24, 3, 48, 48) float32 grey levels."""
    return bank.movedim(-1, 1).float()


@pytest.fixture(scope="session")
def pillow(bank: torch.Tensor) -> Callable[..., torch.Tensor]:
    """What a function of a Pillow image and of one entry of each list makes of all pictures, as (24, ..., H, W)."""
    images = [Image.fromarray(picture.numpy()) for picture in bank]

    def apply(function: Callable, *lists: list) -> torch.Tensor:
        made = np.stack([np.asarray(function(*entries)) for entries in zip(images, *lists, strict=True)])
        return torch.from_numpy(made).movedim(-1, 1).float() if made.ndim == 4 else torch.from_numpy(made).float()

    return apply


@pytest.fixture(scope="session")
def transforms():
    """torchvision's operations on pictures, where it is installed."""
    return pytest.importorskip("torchvision.transforms.functional", reason="torchvision is not installed")


@pytest.fixture(scope="session")
def reference_crops() -> torch.Tensor:
    """(20000, 4) top, left, height and width in pixels of 32 x 32 pictures, by torchvision's recipe, one at a time."""
    side, rng, crops = 32, random.Random(0), []
    while len(crops) < 20000:
        area = side * side * rng.uniform(0.2, 1.0)
        ratio = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        width, height = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < width <= side and 0 < height <= side:
            crops.append((rng.randint(0, side - height), rng.randint(0, side - width), height, width))
    return torch.tensor(crops)
