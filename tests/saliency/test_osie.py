import json
from pathlib import Path

import numpy as np
import pytest
from saccadeworld.saliency.osie import load_osie

PATH = {"x": [1.5, 2], "y": [3, 4.25], "dur_ms": [100, 250]}


def write(folder: Path, **changes: object) -> Path:
    content = {"image_size_wh": [80, 60], "n_subjects": 2, "images": {"b.jpg": [PATH, PATH], "a.jpg": [PATH, PATH]}}
    (folder / "fixations.json").write_text(json.dumps(content | changes))
    return folder


def test_fixations_are_read(tmp_path: Path):
    for place in (write(tmp_path), tmp_path / "fixations.json"):
        fixations = load_osie(place)
        assert fixations.names == ("b.jpg", "a.jpg")
        assert fixations.sizes == ((80, 60), (80, 60))
        path = fixations.scanpaths[1][1]
        assert (path.x.tolist(), path.y.tolist(), path.durations.tolist()) == ([1.5, 2], [3, 4.25], [100, 250])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_size_wh": [80]}, r"image_size_wh is \[80\]"),
        ({"image_size_wh": [80, -1]}, r"image_size_wh is \[80, -1\]"),
        ({"n_subjects": "two"}, "expected an object with the int 'n_subjects'"),
        ({"images": []}, "expected an object with the dict 'images'"),
        ({"images": {"../a.jpg": [PATH, PATH]}}, "'../a.jpg' does not lie in the folder of the pictures"),
        ({"images": {"/etc/passwd": [PATH, PATH]}}, "'/etc/passwd' does not lie in the folder of the pictures"),
        ({"images": {"a.jpg": [PATH]}}, "picture 'a.jpg': expected a list of 2 observers, found 1 of them"),
        ({"images": {"a.jpg": PATH}}, "picture 'a.jpg': expected a list of 2 observers, found dict"),
        ({"images": {"a.jpg": [PATH, {"x": []}]}}, "picture 'a.jpg', observer 1: expected an object with the lists"),
        ({"images": {"a.jpg": [PATH | {"y": [1]}, PATH]}}, "picture 'a.jpg', observer 0: 2 numbers in x, 1 in y"),
        ({"images": {"a.jpg": [PATH, PATH | {"y": [1, "2"]}]}}, "observer 1: y holds '2', which is not a number"),
        ({"images": {"a.jpg": [PATH, PATH | {"y": [1, float("nan")]}]}}, "observer 1: y holds nan"),
        ({"images": {"a.jpg": [PATH, PATH | {"dur_ms": [1, -1]}]}}, "observer 1: a duration of -1.0 ms"),
        ({"images": {"a.jpg": [PATH, PATH | {"x": [1, 80]}]}}, r"'a.jpg', observer 1: fixation 1 at \(x, y\) = \(80"),
    ],
)
def test_files_of_another_form_are_refused(tmp_path: Path, changes: dict, message: str):
    with pytest.raises(ValueError, match=message) as refused:
        load_osie(write(tmp_path, **changes))
    assert str(refused.value).startswith(str(tmp_path / "fixations.json"))


def test_files_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"no file .*fixations\.json"):
        load_osie(tmp_path / "fixations.json")
    (tmp_path / "fixations.json").write_text('{"images": ')
    with pytest.raises(ValueError, match=r"fixations\.json: Expecting value"):
        load_osie(tmp_path)


def test_the_published_numbers(data_folder: Path):
    fixations = load_osie(data_folder / "fixations" / "osie60")
    raw = json.loads((data_folder / "fixations" / "osie60" / "fixations.json").read_text())["images"]
    assert len(fixations) == 60
    assert {len(paths) for paths in fixations.scanpaths} == {15}
    count = sum(len(path["x"]) for paths in raw.values() for path in paths)
    assert sum(len(fixations.pooled(i)) for i in range(60)) == count == 8472
    assert np.array_equal(fixations.scanpaths[7][3].x, raw[fixations.names[7]][3]["x"])
