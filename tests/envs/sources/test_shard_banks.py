"""Banks of shards: whole or not there, gone on with where they were cut off, and made once."""

import os
import signal
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import torch
from saccadeworld import make_world
from saccadeworld.envs.sources import shard_banks, shard_reader
from saccadeworld.envs.sources.bank_files import open_bank
from saccadeworld.envs.sources.listing import CHUNK
from saccadeworld.envs.sources.shard_banks import load_shard_bank
from saccadeworld.envs.sources.shards import find_shards
from shard_files import encoded, members_of, picture, send_all, serving, write_shards, write_tar

EVERY = np.stack([picture(i) for i in range(15)])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shard_reader, "PAUSE", 0.001)


def beside(bank: Path) -> list[str]:
    """What is in the folder of a bank beside it and its lock."""
    return sorted(set(os.listdir(bank.parent)) - {bank.name, f".{bank.name}.lock"})


def test_a_bank_of_shards_is_that_of_a_folder_of_the_same_pictures(tmp_path: Path):
    """On a server, or here; in episodes, too."""
    for i in range(15):
        place = tmp_path / "folder" / "train" / str(i % 3) / f"{i:05d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded(picture(i)))
    (tmp_path / "folder" / "test" / "0").mkdir(parents=True)
    (tmp_path / "folder" / "test" / "0" / "0.png").write_bytes(encoded(picture(0)))
    pattern = write_shards(tmp_path / "shards")
    options = {"size": 12, "fovea": 4, "bank": str(tmp_path / "banks")}
    with serving(tmp_path / "shards") as server:
        url = f"shards:{server.address}/train-{{000..002}}.tar"
        worlds = [make_world("images", source, **options) for source in (f"shards:{pattern}", url)]
        asked = len(server.asked)
        again = make_world("images", url, **options)
        assert len(server.asked) == asked == 3, "a bank that is there asks nobody"
    folder = make_world("images", str(tmp_path / "folder"), **options)
    order = [int(Path(name).stem) for name in folder.made_of.names]
    for world in (*worlds, again):
        assert np.array_equal(world.pictures.numpy(), EVERY)
        assert torch.equal(world.pictures[order], folder.pictures)
        assert torch.equal(world.labels[order], folder.labels)
        assert world.classes == folder.classes == ("0", "1", "2")
        assert world.made_of.moments == folder.made_of.moments
        assert torch.equal(world.rollout(20, 3).views, worlds[0].rollout(20, 3).views)
    assert worlds[0].data_hash == worlds[1].data_hash
    assert open_bank(worlds[0].made_of.path, thorough=True).sound.all()


class Cut(Exception):
    pass


@pytest.fixture
def cut_at_the_third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str]:
    """A bank that was cut off after two of three shards, and its pattern."""
    pattern, bank = write_shards(tmp_path / "shards"), tmp_path / "bank"
    add_shard = shard_banks._add_shard

    def cut(*arguments):
        if "002" in arguments[2]:
            raise Cut
        return add_shard(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(shard_banks, "_add_shard", cut)
        with pytest.raises(Cut):
            load_shard_bank(bank, find_shards(pattern, "train"), 12)
    assert not bank.exists()
    assert beside(bank) == [".bank.part", "shards"]
    return bank, pattern


def read_on(bank: Path, pattern: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make the bank, and check it; the shards that were read for it."""
    read, add_shard = [], shard_banks._add_shard

    def watched(*arguments):
        read.append(Path(arguments[2]).stem)
        return add_shard(*arguments)

    monkeypatch.setattr(shard_banks, "_add_shard", watched)
    made = load_shard_bank(bank, find_shards(pattern, "train"), 12)
    assert np.array_equal(made.pictures.numpy(), EVERY)
    straight = load_shard_bank(bank.with_name("straight"), find_shards(pattern, "train"), 12)
    assert (made.content_hash, made.moments) == (straight.content_hash, straight.moments)
    assert (list(made.names), made.skipped) == (list(straight.names), straight.skipped)
    assert beside(bank) == [".straight.lock", "shards", "straight"]
    assert len(list(bank.iterdir())) == 5
    return read[:-3]


def test_a_bank_is_gone_on_with(cut_at_the_third: tuple[Path, str], monkeypatch: pytest.MonkeyPatch):
    assert read_on(*cut_at_the_third, monkeypatch) == ["train-002"]


@pytest.mark.parametrize("torn", ["a line", "pictures behind"])
def test_what_a_killed_process_left_in_part_is_dropped(
    cut_at_the_third: tuple[Path, str], torn: str, monkeypatch: pytest.MonkeyPatch
):
    part = cut_at_the_third[0].parent / ".bank.part"
    if torn == "a line":
        os.truncate(part / "journal", (part / "journal").stat().st_size - 3)
        (part / "0.tar").touch()
    else:
        with (part / "pictures.npy").open("ab") as stream:
            stream.write(bytes(1000))
    left = ["train-001", "train-002"] if torn == "a line" else ["train-002"]
    assert read_on(*cut_at_the_third, monkeypatch) == left


@pytest.mark.parametrize("damage", ["a picture", "no pictures", "other shards", "a journal of something else"])
def test_of_what_is_damaged_nothing_is_used(
    cut_at_the_third: tuple[Path, str], damage: str, monkeypatch: pytest.MonkeyPatch
):
    bank, pattern = cut_at_the_third
    part = bank.parent / ".bank.part"
    if damage == "a picture":
        with (part / "pictures.npy").open("r+b") as stream:
            stream.seek(128 + 12 * 12 * 3 * 7)
            stream.write(b"\1\2\3")
    elif damage == "no pictures":
        os.truncate(part / "pictures.npy", 128)
    elif damage == "other shards":
        os.utime(bank.parent / "shards" / "train-000.tar", (1, 1))
    else:
        (part / "journal").write_bytes(b"\xff" * 100)
    assert read_on(bank, pattern, monkeypatch) == ["train-000", "train-001", "train-002"]


def test_a_server_that_gives_up_costs_what_it_did_not_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_shards(tmp_path / "shards")

    def fail_at_last(request: BaseHTTPRequestHandler, content: bytes, before: int) -> None:
        if "002" in request.path and before < shard_reader.TRIES:
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            request.wfile.write(content[:1000])
        else:
            send_all(request, content, before)

    with serving(tmp_path / "shards", fail_at_last) as server:
        pattern = f"{server.address}/train-{{000..002}}.tar"
        with pytest.raises(OSError, match=r"002.tar could not be fetched in 5 tries, .*ended after 1000 of"):
            load_shard_bank(tmp_path / "bank", find_shards(pattern, "train"), 12)
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("shard-reader")] == []
        assert read_on(tmp_path / "bank", pattern, monkeypatch) == ["train-002"]
        urls = [path for path, _ in server.asked]
        assert urls.count("/train-000.tar") == 2, "for the bank, and for the one that it is compared with"


def test_a_damaged_shard_is_named_and_the_others_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pattern = write_shards(tmp_path / "shards")
    path = tmp_path / "shards" / "train-001.tar"
    content = path.read_bytes()
    path.write_bytes(content[:-11000])
    stamp = path.stat().st_mtime_ns
    with pytest.raises(ValueError, match=r"the shard .*train-001.tar cannot be read: .* fetch or make it again"):
        load_shard_bank(tmp_path / "bank", find_shards(pattern, "train"), 12)
    path.write_bytes(content)
    os.utime(path, ns=(stamp, stamp))
    assert len(read_on(tmp_path / "bank", pattern, monkeypatch)) == 3, "it has changed, and what was made with it"


@pytest.mark.filterwarnings("ignore:.*files skipped")
def test_bad_pictures_are_left_out_and_named(tmp_path: Path):
    members = members_of(range(3)) | {"x.png": b"no picture", "x.cls": b"1", "y.png": encoded(picture(0))}
    pattern = str(write_tar(tmp_path / "train.tar", members))
    bank = load_shard_bank(tmp_path / "bank", find_shards(pattern, "train"), 12)
    assert len(bank.pictures) == 3
    assert [skipped.path for skipped in bank.skipped] == [f"{pattern}/y", f"{pattern}/x.png"]
    nothing = str(write_tar(tmp_path / "train_.tar", {"x.png": b"no picture", "x.cls": b"1"}))
    with pytest.raises(
        ValueError, match=r"none of the 1 pictures of .*, the first because: cannot identify it as a pic"
    ):
        load_shard_bank(tmp_path / "other", find_shards(nothing, "train"), 12)


def test_shards_without_a_picture_are_told(tmp_path: Path):
    pattern = str(write_tar(tmp_path / "train.tar", {"x.cls": b"1"}))
    with pytest.raises(ValueError, match=r"train.tar holds no pictures of this split"):
        load_shard_bank(tmp_path / "bank", find_shards(pattern, "train"), 12)


def test_a_full_disk_is_told_and_what_was_read_is_kept(
    tmp_path: Path,
    files_of_at_most: Callable[[int], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
):
    pattern = write_shards(tmp_path / "shards")
    with files_of_at_most(128 + 12 * 12 * 3 * 11), pytest.raises(OSError, match="File too large"):
        load_shard_bank(tmp_path / "bank", find_shards(pattern, "train"), 12)
    assert read_on(tmp_path / "bank", pattern, monkeypatch) == ["train-002"]


def test_no_room_is_told_before_a_shard_is_decoded(tmp_path: Path):
    pattern = write_shards(tmp_path / "shards", shards=1)
    with pytest.raises(OSError, match=r"a bank of 5 pictures of 10000000 pixels a side takes .* make room"):
        load_shard_bank(tmp_path / "bank", find_shards(pattern, "train"), 10_000_000)


def forked(path: Path, pattern: str) -> int:
    """The id of a process that makes a bank."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        load_shard_bank(path, find_shards(pattern, "train"), 12)
        status = 0
    finally:
        os._exit(status)


def test_processes_make_it_once_and_one_that_is_killed_is_taken_over(tmp_path: Path):
    """Two of them, one waiting for the other, which is killed in the middle."""
    here = write_shards(tmp_path / "shards")
    go_on = threading.Event()

    def stop_at_the_second(request: BaseHTTPRequestHandler, content: bytes, before: int) -> None:
        if "001" in request.path and not before:
            go_on.wait(30)
        send_all(request, content, before)

    with serving(tmp_path / "shards", stop_at_the_second) as server:
        pattern = f"{server.address}/train-{{000..002}}.tar"
        first = forked(tmp_path / "bank", pattern)
        until_journal_has(tmp_path / ".bank.part" / "journal", 2)
        others = [forked(tmp_path / "bank", pattern) for _ in range(2)]
        os.kill(first, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) == -signal.SIGKILL
        go_on.set()
        assert [os.waitpid(other, 0)[1] for other in others] == [0, 0]
        asked = [path for path, _ in server.asked]
    assert [asked.count(f"/train-00{k}.tar") for k in range(3)] == [1, 2, 2], (
        "the last two by the one that was killed, too"
    )
    straight = load_shard_bank(tmp_path / "straight", find_shards(here, "train"), 12)
    assert straight.content_hash == open_bank(tmp_path / "bank", thorough=True).content_hash


def until_journal_has(journal: Path, lines: int) -> None:
    pause = threading.Event()
    for _ in range(2000):
        if journal.exists() and journal.read_bytes().count(b"\n") >= lines:
            return
        pause.wait(0.01)
    raise AssertionError("no shard was added")


def test_memory_is_bounded(tmp_path: Path):
    """By chunks of pictures, and not by shards."""
    count, size, small = 6 * CHUNK, 64, b"P6 2 2 255\n" + bytes(range(12))
    members = {f"{i}.{kind}": body for i in range(count) for kind, body in (("ppm", small), ("cls", b"0"))}
    shards = find_shards(str(write_tar(tmp_path / "train.tar", members)), "train")
    tracemalloc.start()
    bank = load_shard_bank(tmp_path / "bank", shards, size)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(bank.pictures) == count
    assert peak < 4 * CHUNK * size * size * 3


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ValueError, r"is read into a picture bank first: name a folder for it by bank=DIR"),
        ({"bank": "banks", "download": True}, TypeError, "the source 'shards' has no option 'download'"),
        ({"bank": "banks", "labels": "fine"}, TypeError, "the source 'shards' has no option 'labels'"),
        ({"bank": "banks", "count": 3}, ValueError, "count=3 is for the built-in source"),
    ],
)
def test_options(tmp_path: Path, options: dict, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        make_world("images", f"shards:{write_shards(tmp_path)}", **options)
