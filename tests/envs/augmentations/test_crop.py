import pytest
import torch
from PIL import Image
from saccadeworld.envs.augmentations.crop import resized_crop

EVERY = torch.arange(24)
UPRIGHT = torch.zeros(24, dtype=torch.bool)


def draw_boxes(seed: int) -> torch.Tensor:
    """(24, 4) whole pixels: top, left, height, width; from a few pixels to the whole picture."""
    random = torch.Generator().manual_seed(seed)
    sides = torch.randint(3, 49, (24, 2), generator=random)
    sides[0] = 48
    corners = (torch.rand(24, 2, generator=random) * (49 - sides)).long()
    return torch.cat([corners, sides], dim=1)


@pytest.mark.parametrize("size", [48, 32, 17, 80])
def test_crops_are_those_of_pillow(bank, pillow, size: int):
    boxes = draw_boxes(size)

    def crop(image: Image.Image, box: list[int]) -> Image.Image:
        top, left, height, width = box
        part = image.crop((left, top, left + width, top + height))
        # Rows first, as Pillow did until it turned the order round; in between, levels are rounded and clipped.
        return part.resize((size, height), Image.Resampling.BICUBIC).resize((size, size), Image.Resampling.BICUBIC)

    got = resized_crop(bank, EVERY, boxes.float(), UPRIGHT, size)
    assert got.shape == (24, 3, size, size)
    assert torch.equal(got, pillow(crop, boxes.tolist()))


def test_crops_are_those_of_torchvision(bank, transforms):
    """Within a grey level, which is rounded once more or less; levels leave room for overshoot, which is clipped."""
    boxes, muted = draw_boxes(1), bank // 2 + 64
    mode = transforms.InterpolationMode.BICUBIC
    pictures = zip(muted.movedim(-1, 1), boxes.tolist(), strict=True)
    theirs = [transforms.resized_crop(picture, *box, [40, 40], mode, antialias=True) for picture, box in pictures]
    apart = (resized_crop(muted, EVERY, boxes.float(), UPRIGHT, 40) - torch.stack(theirs).float()).abs()
    assert apart.max() <= 1


def test_the_whole_picture_at_its_size_is_itself(bank, levels):
    assert torch.equal(resized_crop(bank, EVERY, torch.tensor([0.0, 0, 48, 48]).expand(24, 4), UPRIGHT, 48), levels)


def test_a_mirrored_crop_is_the_crop_mirrored(bank):
    boxes, mirrored = draw_boxes(2).float(), EVERY % 2 == 0
    upright, mixed = (resized_crop(bank, EVERY, boxes, chosen, 20) for chosen in (UPRIGHT, mirrored))
    assert torch.equal(mixed[::2], upright[::2].flip(-1))
    assert torch.equal(mixed[1::2], upright[1::2])


def test_pixels_outside_do_not_count_when_rounding_shifts_the_border(bank):
    """Outside a crop of black everything is white: cubic weights would let it in."""
    framed = torch.full((1, 48, 48, 3), 255, dtype=torch.uint8)
    framed[:, 7:29, 11:35] = 0
    shifts = torch.tensor([[0.0], [3e-6], [-3e-6]])
    boxes = torch.tensor([[7.0, 11, 22, 24]]) + shifts
    crops = resized_crop(framed, torch.zeros(3, dtype=torch.int64), boxes, UPRIGHT[:3], 20)
    assert (crops == 0).all()


def test_crops_between_pixels_move_smoothly():
    """What a crop of a ramp shows on average tells where it is."""
    ramp = torch.arange(48).mul(5)[:, None, None].expand(1, 48, 48, 3).to(torch.uint8).contiguous()
    tops = torch.linspace(2, 10, 33)
    boxes = torch.stack([tops, torch.full_like(tops, 6), torch.full_like(tops, 30), torch.full_like(tops, 30)], dim=1)
    none = torch.zeros(33, dtype=torch.bool)
    seen = resized_crop(ramp, torch.zeros(33, dtype=torch.int64), boxes, none, 30)[:, 0, 10:20].mean((1, 2))
    torch.testing.assert_close(seen, 5 * (tops + 14.5), atol=0.51, rtol=0)
