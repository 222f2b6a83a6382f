import json
import os
import pickle
import shutil
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from saccadeworld import make_world
from saccadeworld.envs.rollout import Episodes
from saccadeworld.envs.sources import bank_files
from saccadeworld.envs.sources.bank_files import BrokenBank, build_bank, load_bank, open_bank
from saccadeworld.envs.sources.banks import Skipped
from saccadeworld.envs.sources.listing import CHUNK, Listing, read_all
from saccadeworld.envs.sources.moments import count_levels, moments


def listing_of(pictures: np.ndarray, bad: tuple[int, ...] = (), files: tuple[Path, ...] = ()) -> Listing:
    def read(i: int, size: int) -> np.ndarray:
        if i in bad:
            raise OSError(f"picture {i} is bad")
        return pictures[i][:size, :size]

    return Listing(
        place="somewhere",
        labels=np.arange(len(pictures)) % 3,
        classes=("ant", "bée", "cat"),
        read=read,
        name="picture {}".format,
        files=files,
        extras={"latents": lambda i: np.array([i, i / 7], np.float32), "objects": np.array},
        skipped=(Skipped("stray.png", "lies in no class folder"),),
    )


def noise(count: int, size: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def visible(folder: Path) -> list[str]:
    """What is in a folder beside the lock, which stays."""
    return sorted(set(os.listdir(folder)) - {f".{name}.lock" for name in ["bank", *os.listdir(folder)]})


pytestmark = pytest.mark.filterwarnings("ignore:somewhere. 1 files skipped")
BAD = (0, CHUNK - 1, CHUNK, *range(2 * CHUNK, 3 * CHUNK))  # first, at the border of chunks, and a whole chunk


@pytest.mark.filterwarnings("ignore:somewhere")
def test_a_bank_equals_what_is_in_memory(tmp_path: Path):
    pictures = noise(3 * CHUNK + 5)
    listing = listing_of(pictures, BAD)
    bank = load_bank(tmp_path / "deep" / "bank", listing, 8)
    again = load_bank(tmp_path / "deep" / "bank", listing, 8)
    memory = read_all(listing, 8)
    assert bank.content_hash == memory.content_hash
    good = [i for i in range(len(pictures)) if i not in BAD]
    for got in (bank, again, memory):
        assert np.array_equal(got.pictures.numpy(), pictures[good])
        assert got.labels.tolist() == [i % 3 for i in good]
        assert got.extras["objects"].tolist() == good
        assert got.extras["latents"].dtype == torch.float32
        assert np.allclose(got.extras["latents"][:, 1], np.array(good) / 7)
        assert got.classes == ("ant", "bée", "cat")
        assert (got.place, list(got.names)) == ("somewhere", [f"picture {i}" for i in good])
        assert list(got.names[3:6]) == [f"picture {i}" for i in good[3:6]]
        assert got.skipped == (*(Skipped(f"picture {i}", f"picture {i} is bad") for i in BAD), listing.skipped[0])
    assert visible(tmp_path / "deep") == ["bank"]


def test_mean_and_deviation(tmp_path: Path):
    pictures = noise(70)
    pictures[..., 1] //= 3
    bank, memory = load_bank(tmp_path / "bank", listing_of(pictures), 8), read_all(listing_of(pictures), 8)
    for got in (bank, memory):
        assert np.allclose(got.mean, pictures.mean((0, 1, 2)) / 255, atol=1e-12)
        assert np.allclose(got.std, pictures.std((0, 1, 2)) / 255, atol=1e-12)
    assert bank.moments == memory.moments == moments(count_levels(torch.from_numpy(pictures)))


def test_pictures_are_the_file_and_are_not_copied(tmp_path: Path):
    bank = load_bank(tmp_path / "bank", listing_of(noise(10)), 8)
    world = make_world("images", f"bank:{tmp_path / 'bank'}", fovea=4)
    assert world.made_of.pictures.data_ptr() == world.pictures.data_ptr()
    with (tmp_path / "bank" / "pictures.npy").open("r+b") as stream:
        stream.seek(128)
        stream.write(bytes([123]))
    assert bank.pictures[0, 0, 0, 0] == world.pictures[0, 0, 0, 0] == 123
    assert bank.to("cpu") is bank


def test_a_pickled_bank_is_its_path(tmp_path: Path):
    bank = load_bank(tmp_path / "bank", listing_of(noise(500)), 8)
    written = pickle.dumps(bank)
    assert len(written) < 1000
    assert torch.equal(pickle.loads(written).pictures, bank.pictures)


def test_a_bank_may_be_larger_than_the_memory_that_making_it_takes(tmp_path: Path):
    """At most a few chunks at a time, however many there are."""
    size, count = 32, 16 * CHUNK
    listing = listing_of(np.broadcast_to(noise(1, size), (count, size, size, 3)))
    tracemalloc.start()
    build_bank(tmp_path / "bank", listing, size, "")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * CHUNK * size * size * 3
    assert len(open_bank(tmp_path / "bank", thorough=True).pictures) == count


def test_a_bank_follows_its_files(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("one")
    pictures = noise(4)
    listing = listing_of(pictures, files=(file,))
    load_bank(tmp_path / "bank", listing, 8)
    pictures[:] = 7
    assert load_bank(tmp_path / "bank", listing, 8).pictures.float().mean() > 50  # found again
    file.write_text("three")
    with pytest.warns(UserWarning, match="bank is made anew: somewhere has changed since it was made"):
        assert (load_bank(tmp_path / "bank", listing, 8).pictures == 7).all()
    with pytest.warns(UserWarning, match="made anew"):
        assert load_bank(tmp_path / "bank", listing, 4).pictures.shape == (4, 4, 4, 3)


def rewrite(path: Path, place: int, content: bytes) -> None:
    with path.open("r+b") as stream:
        stream.seek(place, os.SEEK_END if place < 0 else os.SEEK_SET)
        stream.write(content)


def with_header(bank: Path, **changes: object) -> None:
    """A header that was written by someone, checksum and all."""
    header = json.loads((bank / "bank.json").read_text().splitlines()[1]) | changes
    written_header(bank, json.dumps(header))


def written_header(bank: Path, text: str) -> None:
    (bank / "bank.json").write_text(f"{zlib.crc32(text.encode()):08x}\n{text}\n")


def with_array(bank: Path, name: str, array: np.ndarray) -> None:
    """An array that was written by someone, checksum and all."""
    np.save(bank / f"{name}.npy", array)
    checksums = json.loads((bank / "bank.json").read_text().splitlines()[1])["checksums"]
    with_header(bank, checksums=checksums | {name: zlib.crc32((bank / f"{name}.npy").read_bytes())})


BREAKAGES = {
    "a byte of the pictures": (
        lambda bank: rewrite(bank / "pictures.npy", -5, b"\1\2"),
        "picture 11 .* does not have the checksum",
    ),
    "cut short": (lambda bank: os.truncate(bank / "pictures.npy", 1000), "pictures.npy cannot be read"),
    "empty": (lambda bank: os.truncate(bank / "pictures.npy", 0), "pictures.npy cannot be read"),
    "no pictures": (lambda bank: (bank / "pictures.npy").unlink(), "pictures.npy cannot be read"),
    "a byte of the labels": (lambda bank: rewrite(bank / "labels.npy", -1, b"\1"), "labels.npy does not have the ch"),
    "no labels": (lambda bank: (bank / "labels.npy").unlink(), "labels.npy cannot be read"),
    "a byte of the header": (
        lambda bank: rewrite(bank / "bank.json", 30, b"?"),
        "bank.json does not have the checksum",
    ),
    "no header": (lambda bank: (bank / "bank.json").unlink(), "is no picture bank"),
    "a header of bytes": (lambda bank: (bank / "bank.json").write_bytes(b"\xff\xfe"), "is no picture bank"),
    "another version": (lambda bank: with_header(bank, version=99), "it has the format 99, not 4"),
    "another count": (lambda bank: with_header(bank, count=11), "not as its header says"),
    "no classes": (lambda bank: with_header(bank, classes=None), "its classes are no names"),
    "classes that are none": (lambda bank: with_header(bank, classes=[1, 2, 3]), "its classes are no names"),
    "too few classes": (lambda bank: with_header(bank, classes=["a"]), "its labels are not those of 1 classes"),
    "moments that are none": (lambda bank: with_header(bank, mean=[1, 2]), "its header is incomplete"),
    "infinite moments": (lambda bank: with_header(bank, std=[1, 2, float("inf")]), "its header is incomplete"),
    "a byte of the checksums": (lambda bank: rewrite(bank / "checksums.npy", -1, b"\1"), "checksums.npy does not have"),
    "no checksums": (lambda bank: with_header(bank, checksums={}), "its header is incomplete"),
    "too few labels": (lambda bank: with_array(bank, "labels", np.zeros(3, int)), "has not as many labels as pictures"),
    "names that are numbers": (
        lambda bank: with_array(bank, "names", np.zeros(12, int)),
        r"its names are int64 \(12,\), not texts",
    ),
    "a header that is a list": (lambda bank: written_header(bank, "[]"), "it has the format None, not 4"),
    "a nested header": (lambda bank: written_header(bank, "[" * 100_000), "bank.json is not valid JSON"),
    "a way out": (
        lambda bank: with_header(bank, arrays=["pictures", "labels", "../x"]),
        "'../x' is no name of an array",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_bank_is_told_and_made_anew(tmp_path: Path, breakage: str):
    pictures = noise(12)
    load_bank(tmp_path / "bank", listing_of(pictures), 8)
    damage, message = BREAKAGES[breakage]
    damage(tmp_path / "bank")
    with pytest.raises(BrokenBank, match=message):
        open_bank(tmp_path / "bank")
    with pytest.warns(UserWarning, match="made anew"):
        bank = load_bank(tmp_path / "bank", listing_of(pictures), 8)
    assert np.array_equal(bank.pictures.numpy(), pictures)


@pytest.mark.parametrize("name", ["bank.json", "checksums.npy", "labels.npy", "names.npy", "pictures.npy"])
def test_no_byte_can_change_unnoticed(tmp_path: Path, name: str):
    """Of any file; but for blanks and such in the header of the array of pictures, which change none of them."""
    pictures = noise(12)
    load_bank(tmp_path / "bank", listing_of(pictures), 8)
    file = tmp_path / "bank" / name
    content = file.read_bytes()
    for place in range(0, len(content), 1 if len(content) < 500 else 13):
        file.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        try:
            unnoticed = open_bank(tmp_path / "bank")
        except BrokenBank:
            continue
        assert name == "pictures.npy"
        assert place < 128
        assert np.array_equal(unnoticed.pictures.numpy(), pictures)


@pytest.fixture
def half_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bank of twelve blocks, of which opening checks three, with damage to a picture of the sixth."""
    count, size = 12 * CHUNK, 4
    load_bank(tmp_path / "bank", listing_of(np.broadcast_to(noise(1, size), (count, size, size, 3))), size)
    rewrite(tmp_path / "bank" / "pictures.npy", 128 + 5 * CHUNK * size * size * 3, b"\1\2\3\4")
    monkeypatch.setattr(bank_files, "CHECKED_BYTES", count * size * size * 3 // 4)
    return tmp_path / "bank"


DAMAGED = f"picture {5 * CHUNK} .* does not have the checksum that it was written with: delete the folder"


def test_all_of_it_is_checked_up_to_a_size_and_a_part_beyond(half_checked: Path, monkeypatch: pytest.MonkeyPatch):
    bank = open_bank(half_checked)
    assert bank.sound.sum() == 3 * CHUNK
    assert bank.sound[[0, -1]].all()
    with pytest.raises(BrokenBank, match=DAMAGED):
        open_bank(half_checked, thorough=True)
    monkeypatch.setattr(bank_files, "CHECKED_BYTES", 12 * CHUNK * 4 * 4 * 3)
    with pytest.raises(BrokenBank, match=DAMAGED):
        open_bank(half_checked)


def test_what_was_not_checked_is_when_it_is_first_looked_at(half_checked: Path):
    bank = open_bank(half_checked)
    assert bank.take(torch.tensor([5 * CHUNK + 1, 7, 7, 5 * CHUNK - 1])).shape == (4, 4, 4, 3)
    assert bank.sound.sum() == 3 * CHUNK + 2
    for _ in range(2):
        with pytest.raises(BrokenBank, match=DAMAGED):
            bank.take(torch.tensor([5 * CHUNK + 1, 5 * CHUNK]))
    with pytest.raises(BrokenBank, match=DAMAGED):
        bank.to("meta")  # as all of them go there


@pytest.mark.parametrize("world", ["images", "augmentations"])
def test_no_world_shows_a_damaged_picture(half_checked: Path, world: str):
    options = {"fovea": 2} if world == "images" else {}
    made = make_world(world, f"bank:{half_checked}", **options)
    seen = torch.tensor([5 * CHUNK - 1, 5 * CHUNK + 1])
    made.rollout(scenes=seen, length=2, policy="uniform")
    with pytest.raises(BrokenBank, match=DAMAGED):
        made.rollout(scenes=seen.clamp(5 * CHUNK), length=2, policy="uniform")
    with pytest.raises(BrokenBank, match=DAMAGED):
        made.frame(5 * CHUNK, made.first_poses(torch.zeros(1, dtype=torch.int64), torch.tensor([5 * CHUNK])))
    if world == "images":
        live = make_world(world, f"bank:{half_checked}", saliency_live=True, **options)
        with pytest.raises(BrokenBank, match=DAMAGED):
            live.policies["saliency"](Episodes(live, seen, seen.clamp(5 * CHUNK)))


def test_a_broken_bank_that_is_given_as_such_is_refused(tmp_path: Path):
    """It cannot be made anew, as what it was made of is not known."""
    load_bank(tmp_path / "bank", listing_of(noise(12)), 8)
    rewrite(tmp_path / "bank" / "pictures.npy", -5, b"\1\2")
    with pytest.raises(BrokenBank, match=r"bank: picture 11 \(picture 11\) does not have the checksum"):
        make_world("images", f"bank:{tmp_path / 'bank'}", fovea=4)


def test_a_full_disk_leaves_the_former_bank(
    tmp_path: Path, files_of_at_most: Callable[[int], AbstractContextManager[None]]
):
    load_bank(tmp_path / "bank", listing_of(noise(12)), 8)
    with files_of_at_most(1000), pytest.raises(OSError, match="File too large"), pytest.warns(match="made anew"):
        load_bank(tmp_path / "bank", listing_of(noise(40)), 8)
    assert visible(tmp_path) == ["bank"]
    assert len(open_bank(tmp_path / "bank", thorough=True).pictures) == 12


def test_a_pickle_for_an_array_is_not_executed(tmp_path: Path):
    load_bank(tmp_path / "bank", listing_of(noise(3)), 8)
    np.save(tmp_path / "bank" / "labels.npy", np.array([print], dtype=object), allow_pickle=True)
    checksum = zlib.crc32((tmp_path / "bank" / "labels.npy").read_bytes())
    with_header(tmp_path / "bank", checksums={"labels": checksum})
    with pytest.raises(BrokenBank, match=r"labels.npy cannot be read"):
        open_bank(tmp_path / "bank")


@pytest.mark.filterwarnings("ignore:somewhere")
def test_a_failure_leaves_nothing_behind_and_the_former_bank_untouched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match=r"none of the 2 pictures of somewhere can be read, .* picture 0 is bad"):
        load_bank(tmp_path / "bank", listing_of(noise(2), (0, 1)), 8)
    assert visible(tmp_path) == []
    load_bank(tmp_path / "bank", listing_of(noise(2)), 8)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(bank_files.np, "save", full)
        with pytest.raises(OSError, match="No space left"), pytest.warns(UserWarning, match="made anew"):
            load_bank(tmp_path / "bank", listing_of(noise(3)), 8)
    assert visible(tmp_path) == ["bank"]
    assert len(open_bank(tmp_path / "bank").pictures) == 2


def test_debris_of_a_killed_process_is_cleared_away(tmp_path: Path):
    (tmp_path / ".bank-x1y2").mkdir()
    (tmp_path / ".bank-x1y2" / "pictures.npy").write_bytes(b"half")
    load_bank(tmp_path / "bank", listing_of(noise(2)), 8)
    assert visible(tmp_path) == ["bank"]


def test_no_room_is_told_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=10**6)
    monkeypatch.setattr(bank_files.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match=r"takes 0.2 GB, and .* has 0.0 GB left: make room"):
        build_bank(tmp_path / "bank", listing_of(noise(20)), 2000, "")


@pytest.mark.filterwarnings("ignore:somewhere")
def test_many_at_a_time_make_one_bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pictures, banks, made = noise(40), [], []

    def work() -> None:
        banks.append(load_bank(tmp_path / "bank", listing_of(pictures), 8))

    def count(*arguments: Any) -> None:
        made.append(arguments)
        build_bank(*arguments)

    monkeypatch.setattr(bank_files, "build_bank", count)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(banks), len(made)) == (6, 1)
    assert all(np.array_equal(bank.pictures.numpy(), pictures) for bank in banks)
    assert visible(tmp_path) == ["bank"]


def test_missing_banks(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no picture bank"):
        open_bank(tmp_path / "none")
    with pytest.raises(BrokenBank, match="is no picture bank"):
        open_bank(tmp_path)


def test_a_folder_of_pictures_by_way_of_a_bank(tmp_path: Path):
    for split, count in (("train", 4), ("test", 2)):
        for i in range(count):
            (tmp_path / "source" / split / "a").mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(6, 24)[i]).save(tmp_path / "source" / split / "a" / f"{i}.png")
    source, banks = str(tmp_path / "source"), tmp_path / "banks"
    for split in ("train", "test"):
        plain = make_world("images", source, split=split, size=16, fovea=8)
        for _ in range(2):
            banked = make_world("images", source, split=split, size=16, fovea=8, bank=str(banks))
            assert torch.equal(banked.rollout(5, 3).views, plain.rollout(5, 3).views)
    assert len(visible(banks)) == 2
    make_world("images", source, split="train", size=20, fovea=8, bank=str(banks))
    assert len(visible(banks)) == 3
    path = next(banks.glob("source-test-16-*"))
    shutil.rmtree(source)
    moved = make_world("images", f"bank:{path}", fovea=8)
    assert torch.equal(moved.rollout(5, 3).views, plain.rollout(5, 3).views)
    with pytest.raises(ValueError, match=r"size=20 is not that of the bank .*, 16: leave it out"):
        make_world("images", f"bank:{path}", size=20)


def test_real_pictures_by_way_of_a_bank(tmp_path: Path, data_folder: Path):
    source = str(data_folder / "images" / "caltech20")
    memory, bank = make_world("images", source, size=48), make_world("images", source, size=48, bank=str(tmp_path))
    assert torch.equal(memory.pictures, bank.pictures)
    assert torch.equal(memory.labels, bank.labels)
    assert memory.made_of.moments == bank.made_of.moments
    assert memory.classes == bank.classes
