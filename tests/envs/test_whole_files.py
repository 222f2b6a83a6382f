import os

import pytest
from saccadeworld.envs.whole_files import whole


def test_a_file_is_there_once_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "file"
    with whole(path) as new:
        new.write_text("first")
        assert not path.exists()
    with whole(path) as new:
        new.write_text("second")
        assert path.read_text() == "first"
    assert path.read_text() == "second"
    assert os.listdir(path.parent) == ["file"]


def test_so_is_a_folder(tmp_path):
    for content in ("first", "second"):
        with whole(tmp_path / "folder") as new:
            (new / "in").mkdir(parents=True)
            (new / "in" / content).touch()
    assert [path.name for path in (tmp_path / "folder" / "in").iterdir()] == ["second"]
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OSError(28, "No space left on device")])
def test_after_an_error_all_is_as_it_was(tmp_path, error):
    (tmp_path / "file").write_text("first")
    caught = OSError if isinstance(error, OSError) else error

    def fail() -> None:
        with whole(tmp_path / "file") as new:
            new.write_text("half")
            raise error

    with pytest.raises(caught):
        fail()
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "first"


def test_what_a_killed_process_left_is_cleared_away(tmp_path):
    (tmp_path / ".new-file").mkdir()
    with whole(tmp_path / "file") as new:
        new.touch()
    assert os.listdir(tmp_path) == ["file"]


def test_a_disk_that_is_full_is_named(tmp_path, files_of_at_most):
    def fill() -> None:
        with files_of_at_most(100), whole(tmp_path / "file") as new:
            new.write_bytes(bytes(1000))

    with pytest.raises(OSError, match=r"file cannot be written: File too large"):
        fill()
    assert os.listdir(tmp_path) == []
