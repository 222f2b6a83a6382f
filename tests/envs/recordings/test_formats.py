import shutil
from pathlib import Path

import pytest
from saccadeworld.envs.recordings.formats import FILES, READERS, find_recording

for name in ("h5py", "minari", "webdataset"):
    pytest.importorskip(name)


@pytest.fixture
def folder(searches, make_recording):
    """A recording in all formats."""
    folder, *others = (make_recording(searches, name, files=FILES) for name in READERS)
    for other in others:
        for place in FILES.values():
            if (other / place).exists():
                shutil.move(other / place, folder)
    return folder


@pytest.mark.parametrize(
    ("inside", "format"),
    [
        ("", "hdf5"),
        ("data.h5", "hdf5"),
        ("shards", "webdataset"),
        ("shards/000000.tar", "webdataset"),
        ("minari", "minari"),
        ("minari/saccadeworld/images-search-v0/data", "minari"),
    ],
)
def test_a_path_leads_to_a_format(folder, monkeypatch, inside, format):
    assert find_recording(folder / inside)[::2] == (folder, format)
    monkeypatch.chdir(folder)
    found, card, name = find_recording(Path(inside))
    assert (found.absolute(), card.episodes, name) == (folder, 7, format)


def test_what_is_gone_is_passed_over_and_named(folder):
    for name in ("hdf5", "webdataset", "minari"):
        assert find_recording(folder)[2] == name
        (folder / FILES[name]).rename(folder / f"moved {name}")
    with pytest.raises(
        ValueError, match=r"tells of data\.h5 \(hdf5\), .* and this is not among it, or is gone: copy it"
    ):
        find_recording(folder)


def test_what_the_card_does_not_tell_of_is_refused(searches, make_recording):
    folder = make_recording(searches, "hdf5")
    (folder / "shards").mkdir()
    with pytest.raises(ValueError, match=r"shards: .*card\.json tells of data\.h5 \(hdf5\), and this is not among it"):
        find_recording(folder / "shards")


@pytest.mark.parametrize("inside", ["", "shards", "minari"])
def test_a_recording_that_is_not_complete_says_how_it_is_completed(folder, inside):
    (folder / "card.json").unlink()
    (folder / "chunks").mkdir()
    with pytest.raises(
        FileNotFoundError, match=f"{folder} holds a recording that is not complete: .*{folder} --resume"
    ):
        find_recording(folder / inside)


@pytest.mark.parametrize("inside", ["", "data.h5", "shards", "minari", "elsewhere"])
def test_what_is_no_recording_says_what_one_is(folder, inside):
    (folder / "card.json").unlink()
    (folder / "elsewhere").mkdir()
    match = (
        r"is no recording, which `saccadeworld record --out DIR` leaves: give DIR, .*data\.h5 \(hdf5\), shards \(web"
    )
    with pytest.raises(FileNotFoundError, match=match):
        find_recording(folder / inside)


def test_a_path_that_leads_nowhere_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is missing"):
        find_recording(tmp_path / "nowhere")


def test_a_card_of_something_else_farther_up_is_not_its_own(tmp_path):
    (tmp_path / "card.json").write_text("{}")
    (tmp_path / "pictures" / "shards").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="is no recording"):
        find_recording(tmp_path / "pictures" / "shards")
