import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageOps
from saccadeworld.envs.sources.picture_files import read_picture, read_whole
from saccadeworld.envs.sources.pictures import load_pictures

RAMP = np.linspace(0, 1, 64)[None].repeat(64, 0)  # dark on the left, bright on the right
BYTES = np.round(RAMP * 255).astype(np.uint8)
COLOURS = np.stack([BYTES, BYTES[::-1, ::-1], np.full_like(BYTES, 77)], -1)


def saved(folder: Path, name: str, image: Image.Image, **options: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / name, **options)
    return folder / name


def natural(height: int, width: int, seed: int = 0) -> Image.Image:
    """A smooth coloured picture with some noise."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height // 8, width // 8, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)


def test_a_whole_picture_keeps_its_size_and_its_bytes(tmp_path: Path):
    wide = np.asarray(natural(48, 80))
    assert (read_whole(saved(tmp_path, "wide.png", Image.fromarray(wide))) == wide).all()
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter, clockwise
    assert (read_whole(saved(tmp_path, "turned.png", Image.fromarray(wide), exif=turned)) == np.rot90(wide, -1)).all()
    clear = Image.new("RGBA", (5, 3), (255, 0, 0, 0))
    assert (read_whole(saved(tmp_path, "clear.png", clear), (1, 2, 3)) == [1, 2, 3]).all()


# --- modes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bytes.png", BYTES),
        ("sixteen.png", (RAMP * 65535).astype(np.uint16)),
        ("sixteen.tif", (RAMP * 65535).astype(np.uint16)),
        ("thirty_two.tif", (RAMP * 65535).astype(np.int32)),
        ("thirty_two_of_eight.tif", BYTES.astype(np.int32)),
        ("thirty_two_full.tif", (RAMP * (2**32 - 1) - 2**31).astype(np.int32)),
        ("unit_float.tif", RAMP.astype(np.float32)),
        ("byte_float.tif", (RAMP * 255).astype(np.float32)),
        ("any_float.tif", (RAMP * 9 - 7).astype(np.float32)),
    ],
)
def test_grey_of_any_depth(tmp_path: Path, name: str, values: np.ndarray):
    got = read_picture(saved(tmp_path, name, Image.fromarray(values)), 64)
    assert got.dtype == np.uint8
    assert np.abs(got.astype(int) - BYTES[..., None]).max() <= 1


def test_sixteen_bits_keep_their_level(tmp_path: Path):
    """Neither clipped at 255 nor stretched."""
    flat = np.full((8, 8), 20000, np.uint16)
    assert (read_picture(saved(tmp_path, "flat.png", Image.fromarray(flat)), 8) == 78).all()  # 20000 / 257 = 77.8


def test_black_float_picture_is_black(tmp_path: Path):
    flat = np.full((8, 8), -3, np.float32)
    assert (read_picture(saved(tmp_path, "flat.tif", Image.fromarray(flat)), 8) == 0).all()


@pytest.mark.parametrize(
    ("name", "mode", "tolerance"),
    [
        ("rgb.png", "RGB", 0),
        ("rgb.bmp", "RGB", 0),
        ("rgb.ppm", "RGB", 0),
        ("rgb.jpg", "RGB", 6),
        ("cmyk.jpg", "CMYK", 6),
        ("cmyk.tif", "CMYK", 1),
        ("ycbcr.tif", "YCbCr", 3),
        ("rgb.webp", "RGB", 40),
    ],
)
def test_colours_of_any_mode(tmp_path: Path, name: str, mode: str, tolerance: int):
    image = Image.fromarray(COLOURS)
    path = saved(tmp_path, name, image.convert(mode), **({"quality": 98} if "jpg" in name else {}))
    try:
        with Image.open(path) as written:
            written.load()
    except OSError as error:  # YCbCr by some versions
        pytest.skip(f"this version of Pillow cannot read the file that it wrote: {error}")
    assert np.abs(read_picture(path, 64).astype(int) - COLOURS).max() <= tolerance


def test_palette_and_one_bit(tmp_path: Path):
    few = COLOURS // 64 * 64
    image = Image.fromarray(few).quantize(64)
    assert (read_picture(saved(tmp_path, "palette.png", image), 64) == few).all()
    assert (read_picture(saved(tmp_path, "palette.gif", image), 64) == few).all()
    bits = Image.fromarray(BYTES > 127)
    assert bits.mode == "1"
    assert (read_picture(saved(tmp_path, "bits.png", bits), 64)[..., 0] == np.where(BYTES > 127, 255, 0)).all()
    assert set(np.unique(read_picture(tmp_path / "bits.png", 33))) > {0, 255}  # antialiased


def test_transparency_shows_the_background(tmp_path: Path):
    alpha = BYTES[:, ::-1]
    rgba = Image.fromarray(np.dstack([COLOURS, alpha]))
    background = np.array([200, 100, 50])
    weight = alpha[..., None] / 255
    expected = COLOURS * weight + background * (1 - weight)
    for name in ("a.png", "a.tif", "a.webp"):
        options = {"lossless": True, "exact": True} if name == "a.webp" else {}
        got = read_picture(saved(tmp_path, name, rgba, **options), 64, (200, 100, 50))
        assert np.abs(got - expected).max() <= 1, name


@pytest.mark.parametrize("name", ["palette.png", "palette.gif", "rgb.png", "grey.png", "grey_alpha.png"])
def test_transparency_in_other_modes(tmp_path: Path, name: str):
    left = np.zeros((64, 64, 3), np.uint8)
    left[:, 32:] = 255
    image = Image.fromarray(left)
    options: dict[str, Any] = {"transparency": (0, 0, 0)}
    if name.startswith("palette"):
        image = image.quantize(2)
        options = {"transparency": image.getpixel((0, 0))}
    elif name == "grey.png":
        image, options = image.convert("L"), {"transparency": 0}
    elif name == "grey_alpha.png":
        image, options = Image.merge("LA", [image.convert("L")] * 2), {}
    got = read_picture(saved(tmp_path, name, image, **options), 64)
    assert (got[:, :32] == 128).all()
    assert (got[:, 32:] == 255).all()


def test_invisible_colours_do_not_bleed(tmp_path: Path):
    """Resampling weighs colours by their coverage: the hidden green of transparent pixels stays hidden."""
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[:, :32] = (255, 0, 0, 255)
    rgba[:, 32:] = (0, 255, 0, 0)
    got = read_picture(saved(tmp_path, "a.png", Image.fromarray(rgba)), 9, (0, 0, 0))
    assert got[..., 1].max() == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str):
    """A red top left and a blue top right corner, stored turned, come out upright."""
    upright = np.zeros((64, 64, 3), np.uint8)
    upright[:32, :32, 0] = upright[:32, 32:, 2] = 255
    undo = {  # EXIF 2.3, tag 274: how the stored rows and columns lie; the array operation that stores them so
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x112] = orientation
    image = Image.fromarray(np.ascontiguousarray(undo(upright)))
    path = saved(tmp_path, f"a.{suffix}", image, exif=exif)
    got = read_picture(path, 64).astype(int)
    blocks = got.reshape(2, 32, 2, 32, 3).mean((1, 3))
    assert np.allclose(blocks, [[[255, 0, 0], [0, 0, 255]], [[0, 0, 0], [0, 0, 0]]], atol=8)


def test_first_frame_of_an_animation(tmp_path: Path):
    frames = [Image.new("RGB", (16, 16), c) for c in ("red", "lime")]
    for name in ("a.gif", "a.webp", "a.png"):
        got = read_picture(saved(tmp_path, name, frames[0], save_all=True, append_images=frames[1:]), 16)
        assert np.abs(got.astype(int) - (255, 0, 0)).max() < 4, name


def test_lab_is_read_or_refused_but_never_garbled(tmp_path: Path):
    to_lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    lab = ImageCms.applyTransform(Image.fromarray(COLOURS), to_lab)
    assert lab is not None
    path = saved(tmp_path, "lab.tif", lab)
    try:
        got = read_picture(path, 64)
    except ValueError:
        return
    assert np.abs(got.astype(int) - COLOURS).mean() < 10


# --- size and crop -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(64, 64), (40, 100), (100, 40), (97, 51), (8, 8), (1, 30)])
@pytest.mark.parametrize("size", [16, 33])
def test_central_square_of_any_shape(tmp_path: Path, shape: tuple[int, int], size: int):
    """A linear ramp stays linear: the value of a pixel tells where its centre lay in the original."""
    height, width = shape
    rows, columns = np.mgrid[:height, :width]
    ramp = np.stack([rows + 0.5, columns + 0.5, 0 * rows], -1) * (255 / 100)
    got = read_picture(saved(tmp_path, "a.png", Image.fromarray(ramp.round().astype(np.uint8))), size)
    side = min(shape)
    centres = (np.arange(size) + 0.5) * side / size
    inner = slice(3, -3) if side > 1 else slice(0)  # at the border no pixels lie beyond
    expected = ((height - side) / 2 + centres) * 2.55, ((width - side) / 2 + centres) * 2.55
    tolerance = 1.5 if side > 8 else 12  # enlarging eight pixels, the Lanczos kernel ripples
    assert np.abs(got[inner, :, 0] - expected[0][inner, None]).max(initial=0) < tolerance
    assert np.abs(got[:, inner, 1] - expected[1][None, inner]).max(initial=0) < tolerance
    assert got.shape == (size, size, 3)


def test_shrinking_is_antialiased(tmp_path: Path):
    checks = (np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)
    for name in ("a.png", "a.jpg"):
        got = read_picture(saved(tmp_path, name, Image.fromarray(checks)), 40)
        assert np.abs(got.astype(int) - 127).max() <= 4, name


def test_fast_jpeg_decoding_changes_little(tmp_path: Path):
    path = saved(tmp_path, "a.jpg", natural(1200, 1600), quality=95)
    fast = read_picture(path, 96).astype(int)
    full = ImageOps.fit(Image.open(path), (96, 96), Image.Resampling.LANCZOS)
    assert np.abs(fast - np.asarray(full)).mean() < 1
    assert np.abs(fast - np.asarray(full)).max() < 8


# --- sets --------------------------------------------------------------------------------------------------------


def tree(folder: Path, per_class: int = 10) -> Path:
    for label, name in enumerate(("ant", "bee")):
        for i in range(per_class):
            saved(folder / name, f"{i}.png", Image.new("RGB", (20 + i, 30), (100 * label, i, 0)))
    return folder


def test_set_of_pictures(tmp_path: Path):
    train, test = (load_pictures(tree(tmp_path), split, 12) for split in ("train", "test"))
    assert train.classes == test.classes == ("ant", "bee")
    assert train.pictures.dtype == torch.uint8
    assert train.labels.dtype == torch.int64
    assert train.pictures.shape == (len(train.labels), 12, 12, 3)
    assert train.pictures.is_contiguous()
    assert train.masks is None
    assert train.skipped == ()
    seen = torch.cat([train.pictures, test.pictures])[:, 0, 0].tolist()
    assert sorted(seen) == [[100 * label, i, 0] for label in range(2) for i in range(10)]
    for found in (train, test):
        assert (found.pictures[:, 6, 6, 0] == 100 * found.labels).all()


def test_order_is_the_same_with_any_number_of_threads(tmp_path: Path):
    one, many = (load_pictures(tree(tmp_path), "train", 12, threads=n) for n in (1, 7))
    assert torch.equal(one.pictures, many.pictures)
    assert torch.equal(one.labels, many.labels)


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_bad_files_are_skipped_listed_and_warned_of_once(tmp_path: Path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    saved(tmp_path / "test" / "a", "good.png", natural(32, 32))
    folder = tmp_path / "train" / "a"
    good = saved(folder, "good.png", natural(32, 32))
    jpeg = saved(folder, "half.jpg", natural(256, 256)).read_bytes()
    bad = {
        "zero.png": b"",
        "half.jpg": jpeg[: len(jpeg) // 2],
        "half.png": good.read_bytes()[: good.stat().st_size // 2],
        "liar.png": png(5000, 5000, b"\0" * 100),
        "bomb.png": png(60000, 60000, b"\0" * 100),
        "text.jpg": b"It is no picture.\n" * 30,
        "header.bmp": b"BM" + b"\xff" * 60,
        "header.tif": b"II*\0" + b"\xff" * 60,
        "program.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    }
    for name, content in bad.items():
        (folder / name).write_bytes(content)
    saved(folder, "infinite.tif", Image.fromarray(np.full((8, 8), np.nan, np.float32)))
    bad["infinite.tif"] = b""
    with pytest.warns(UserWarning, match=r"10 files skipped: .*bomb\.png .* and 5 more") as caught:
        found = load_pictures(tmp_path, "train", 16)
    assert len(caught) == 1
    assert {Path(s.path).name for s in found.skipped} == set(bad)
    assert all(s.reason for s in found.skipped)
    reasons = {Path(s.path).name: s.reason for s in found.skipped}
    assert reasons["zero.png"] == "empty file"
    assert "truncated" in reasons["half.jpg"]
    assert "exceeds limit" in reasons["bomb.png"]
    assert len(found.pictures) == len(found.labels) == 1


def test_pipe_does_not_hang(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "pipe.png", 8)


def test_nothing_readable(tmp_path: Path):
    (tmp_path / "a").mkdir()
    for i in range(2):
        (tmp_path / "a" / f"{i}.png").touch()
    with pytest.raises(ValueError, match=r"none of the 1 pictures of .* can be read.*empty file.*expected PNG"):
        load_pictures(tmp_path, "train", 8)


def test_bad_arguments(tmp_path: Path):
    with pytest.raises(ValueError, match="size=0 is out of range"):
        load_pictures(tree(tmp_path), "train", 0)
    with pytest.raises(FileNotFoundError):
        load_pictures(tmp_path / "none", "train", 8)


# --- real data ---------------------------------------------------------------------------------------------------


def test_real_pictures_equal_a_plain_decoder():
    root = os.environ.get("SACCADEWORLD_DATA")
    if root is None or not (Path(root) / "images" / "caltech20").is_dir():
        pytest.skip("SACCADEWORLD_DATA names no folder with real data")
    folder = Path(root) / "images" / "caltech20"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_pictures(folder, "test", 96)
    assert found.pictures.shape == (200, 96, 96, 3)
    assert len(found.classes) == 20
    paths = sorted(p for p in folder.glob("*/*.jpg") if p.parent.name == found.classes[0])
    of_class = found.pictures[found.labels == 0].numpy().astype(int)
    plain = [np.asarray(ImageOps.fit(Image.open(p).convert("RGB"), (96, 96), Image.Resampling.LANCZOS)) for p in paths]
    for picture in of_class:
        assert min(np.abs(picture - other).mean() for other in plain) < 2
