"""Pictures that lie or are damaged: each is read or refused with its reason, in bounds of memory."""

import io
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from saccadeworld.envs.sources import picture_files
from saccadeworld.envs.sources.picture_files import read_picture, read_whole
from saccadeworld.envs.sources.pictures import load_pictures

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "PPM")


def written(form: str, side: int = 24) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(stream, form)
    return stream.getvalue()


SOUND = {form: written(form) for form in FORMATS}


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


REFUSED = {
    "nothing.png": (b"", "empty file"),
    "text.png": (b"It is no picture.\n" * 20, "cannot identify"),
    "bomb.png": (png(100_000, 100_000, bytes(1000)), "exceeds limit of 178956970 pixels"),
    "bomb.gif": (b"GIF89a\xff\xff\xff\xff\x00\x00\x00," + bytes(4) + b"\xff\xff\xff\xff\x00\x08", "exceeds limit"),
    "bomb.bmp": (b"BM" + struct.pack("<IHHIIiiHHII", 0, 0, 0, 54, 40, 10**5, 10**5, 1, 24, 0, 0) + bytes(16), "limit"),
    "bomb.tif": (
        b"II*\0\x08\0\0\0\x03\0"
        + struct.pack("<HHII", 256, 4, 1, 10**5)
        + struct.pack("<HHII", 257, 4, 1, 10**5)
        + struct.pack("<HHII", 262, 3, 1, 1)
        + bytes(4),
        "exceeds limit|cannot identify",
    ),
    "bomb.ppm": (b"P6 100000 100000 255\n", "exceeds limit"),
    "lying.png": (png(5000, 5000, bytes(100)), "truncated"),
    "no size.png": (png(0, 0, b""), "."),
    "program.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n", "cannot identify"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("read", [lambda path: read_picture(path, 16), read_whole], ids=["square", "whole"])
def test_what_is_no_picture_is_refused_with_its_reason(tmp_path: Path, name: str, read):
    content, message = REFUSED[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises((OSError, ValueError), match=message):
        read(tmp_path / name)


def test_what_is_no_file_is_told(tmp_path: Path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")
    for name in ("folder.png", "dangling.png", "circle.png", "/dev/zero"):
        with pytest.raises(FileNotFoundError, match="no file"):
            read_picture(tmp_path / name, 16)


def test_in_a_folder_the_bad_are_left_out_and_named(tmp_path: Path):
    """Also a folder that is named like a picture, which is one of the folders, and links that lead nowhere."""
    for split in ("train", "test"):
        (tmp_path / split / "a").mkdir(parents=True)
        (tmp_path / split / "a" / "good.png").write_bytes(SOUND["PNG"])
    folder = tmp_path / "train" / "a"
    for name, (content, _) in REFUSED.items():
        (folder / name).write_bytes(content)
    (folder / "folder.png").mkdir()
    (folder / "dangling.png").symlink_to(tmp_path / "nowhere")
    with pytest.warns(UserWarning, match=f"{len(REFUSED) + 1} files skipped"):
        found = load_pictures(tmp_path, "train", 16)
    assert {Path(skipped.path).name for skipped in found.skipped} == {*REFUSED, "dangling.png"}
    assert all(skipped.reason for skipped in found.skipped)
    assert len(found.pictures) == 1


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_cut_short_it_is_refused_or_as_large_as_ever(tmp_path: Path, form: str, share: float):
    """Some decoders make do with what there is of the last rows."""
    path = tmp_path / f"cut.{form.lower()}"
    path.write_bytes(SOUND[form][: int(share * len(SOUND[form]))])
    refused_or_square(path)


def refused_or_square(path: Path) -> None:
    try:
        picture = read_picture(path, 16)
    except (OSError, ValueError) as error:
        message = str(error)
    else:
        message = "read" if picture.shape == (16, 16, 3) and picture.dtype == np.uint8 else ""
    assert message


@settings(max_examples=300, derandomize=True, deadline=None)
@given(form=st.sampled_from(FORMATS), place=st.floats(0, 1), early=st.booleans(), new=st.binary(min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore")
def test_damage_of_any_kind_is_told(tmp_path_factory, form: str, place: float, early: bool, new: bytes):
    """In the header, or anywhere."""
    content = bytearray(SOUND[form])
    start = int(place * (60 if early else len(content) - 1))
    content[start : start + len(new)] = new
    path = tmp_path_factory.getbasetemp() / f"damaged.{form.lower()}"
    path.write_bytes(content)
    refused_or_square(path)


def test_large_pictures_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each takes gigabytes: as many threads as there are cores may be reading."""
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    small.write_bytes(written("PNG", 8))
    large.write_bytes(written("PNG", 24))
    monkeypatch.setattr(picture_files, "_LARGE", 24 * 24 - 1)
    inside, most = [0, 0], [0, 0]
    upright, meeting = picture_files._upright, threading.Barrier(2)

    def watched(image: Image.Image) -> Image.Image:
        kind = int(image.width == 24)
        inside[kind] += 1
        most[kind] = max(most[kind], inside[kind])
        if not kind:
            meeting.wait(10)  # which only two at a time can
        result = upright(image)
        threading.Event().wait(0.02)
        inside[kind] -= 1
        return result

    monkeypatch.setattr(picture_files, "_upright", watched)
    threads = [threading.Thread(target=read_picture, args=(path, 8)) for path in [small, large, large, large, small]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2, 1]
