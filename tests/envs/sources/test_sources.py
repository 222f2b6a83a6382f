"""What names of sources lead to, and downloads, without a network."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from saccadeworld import make_world
from saccadeworld.envs.sources import PICTURE_SETS, VIEW_SETS, split_source
from saccadeworld.envs.sources.published import class_names, locate


def test_a_source_is_a_kind_and_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert split_source("stl10:/data/x", PICTURE_SETS) == ("stl10", Path("/data/x"))
    assert split_source("/data/stl10:x", PICTURE_SETS) == ("", Path("/data/stl10:x"))
    assert split_source("stl10", PICTURE_SETS) == ("", Path("stl10"))
    assert split_source("C:\\data", PICTURE_SETS) == ("", Path("C:\\data"))
    assert split_source("stl10:~/x", PICTURE_SETS) == ("stl10", Path.home() / "x")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd:name").mkdir()
    assert split_source("odd:name", PICTURE_SETS) == ("", Path("odd:name"))


@pytest.mark.parametrize(
    ("world", "source", "options", "error", "message"),
    [
        ("images", "stl11:/x", {}, ValueError, "'stl11' is not known here; use one of 'stl10:PATH', 'cifar100:PATH'"),
        ("images", "shapenet:/x", {}, ValueError, "'shapenet' is not known here"),
        ("objects", "stl10:/x", {}, ValueError, "'stl10' is not known here; use one of 'shapenet:PATH', 'modelnet"),
        ("images", "stl10:", {}, ValueError, "has no path: write stl10:PATH"),
        (
            "images",
            "stl10:/nowhere",
            {},
            FileNotFoundError,
            "no folder /nowhere.*had from https://cs.*or download=True",
        ),
        ("images", "imagenet:/nowhere", {}, FileNotFoundError, r"ImageNet can be had from https://image-net.org/\S+$"),
        ("images", "bank:/nowhere", {}, FileNotFoundError, "no picture bank /nowhere"),
        (
            "images",
            "stl10:/x",
            {"labels": "fine"},
            TypeError,
            "'stl10' has no option 'labels' .did you mean 'labe",
        ),
        ("images", "/x", {"labelled": False}, TypeError, "the source '/x' has no option 'labelled'; it takes 'bank'"),
        ("images", "scenes", {"bank": "/x"}, TypeError, "source 'scenes' has no option 'bank'; it takes none"),
        ("images", "bank:/x", {"bank": "/x"}, TypeError, "a bank that is there already has no option 'bank'"),
        ("images", "stl10:/x", {"count": 3}, ValueError, "count=3 is for the built-in source 'scenes'; 'stl10:/x' is"),
        ("images", "imagenet:/x", {"download": True}, ValueError, "not for ImageNet: get it from https://image-net"),
        ("images", "/x", {"download": True}, ValueError, "download=True is not for a folder$"),
        ("images", "/nowhere", {}, FileNotFoundError, "no folder /nowhere: check the path$"),
        (
            "images",
            "scene",
            {},
            FileNotFoundError,
            "no folder scene: check the path; built in are 'scenes' and 'shapes'",
        ),
        ("images", "", {}, ValueError, "source='' names nothing: leave it out for 'scenes'"),
        ("objects", 3, {}, TypeError, "source=3 is no text"),
        ("images", "stl10:/x", {"labelled": "no"}, TypeError, "labelled='no' is neither True nor False"),
        ("images", "stl10:/x", {"download": "no"}, TypeError, "download='no' is neither True nor False"),
        ("stored-views", "3diebench:/x", {"size": 0}, ValueError, "size=0 is out of range"),
    ],
)
def test_bad_sources(world: str, source: str, options: dict, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make_world(world, source, **options)


def test_what_was_looked_for(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a").touch()
    assert locate(tmp_path, ["a"], ["other", "inner"]) == tmp_path / "inner"
    with pytest.raises(
        FileNotFoundError, match=r"inner holds no b, nor in its folders other, inner; what is there: a$"
    ):
        locate(tmp_path, ["a", "b"], ["other", "inner"])


def test_names_of_classes_are_unique():
    names = {"n1": "crane", "n2": "crane, machine", "n3": "reel, wheel"}
    assert class_names(["n3", "n2", "n1", "n4"], names) == ("reel", "crane (n2)", "crane (n1)", "n4")


class Recorder:
    """Stands for torchvision.datasets or huggingface_hub: writes a file and remembers what it was asked for."""

    def __init__(self, name: str):
        self.name = name
        self.asked: list[dict[str, Any]] = []

    def __call__(self, **arguments: Any) -> None:
        self.asked.append(arguments)


def inject(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> Recorder:
    recorder = Recorder(name)
    fake = ModuleType(module)
    setattr(fake, name, recorder)
    parent = module.partition(".")[0]
    if parent != module:
        monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    monkeypatch.setitem(sys.modules, module, fake)
    return recorder


@pytest.mark.parametrize(
    ("source", "name", "arguments"),
    [("stl10", "STL10", {"split": "test"}), ("cifar100", "CIFAR100", {"train": True})],
)
def test_download_by_torchvision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, name: str, arguments: dict[str, Any]
):
    recorder = inject(monkeypatch, "torchvision.datasets", name)
    place = tmp_path / "new"
    with pytest.raises(FileNotFoundError):  # nothing is fetched unless asked for
        make_world("images", f"{source}:{place}")
    assert recorder.asked == []
    with pytest.raises(FileNotFoundError, match=r"looked for|holds no"):  # this one only pretends to
        make_world("images", f"{source}:{place}", download=True)
    assert recorder.asked == [{"root": str(place), "download": True} | arguments]


def test_download_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recorder = inject(monkeypatch, "huggingface_hub", "snapshot_download")
    with pytest.raises(FileNotFoundError, match="archives have to be unpacked"):
        VIEW_SETS["3diebench-ood"].load(tmp_path, "test", download=True)
    assert recorder.asked == [
        {"repo_id": "Hafez/3DIEBench-OOD", "repo_type": "dataset", "local_dir": str(tmp_path)},
    ]


def test_what_is_there_is_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recorder = inject(monkeypatch, "torchvision.datasets", "STL10")
    (tmp_path / "train_X.bin").write_bytes(bytes(27648))
    (tmp_path / "train_y.bin").write_bytes(b"\1")
    (tmp_path / "class_names.txt").write_text("airplane")
    assert len(make_world("images", f"stl10:{tmp_path}", download=True)) == 1
    assert recorder.asked == []


@pytest.mark.parametrize(
    ("world", "source", "package"),
    [("images", "stl10", "torchvision"), ("stored-views", "3diebench-ood", "huggingface_hub")],
)
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: str, source: str, package: str
):
    for module in (package, *(name for name in sys.modules if name.startswith(f"{package}."))):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"download=True needs the package {package}: pip install {package}"):
        make_world(world, f"{source}:{tmp_path}", split="test", download=True)
