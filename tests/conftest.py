"""Small worlds for all tests, and the folder of real data where there is one."""

import errno
import os
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import torch
from saccadeworld.envs.sources.banks import MeshSet, PictureSet, ViewSet
from saccadeworld.envs.sources.shapes import make_shapes
from saccadeworld.envs.worlds import AugmentationsWorld, ImagesWorld, ObjectsWorld, StoredViewsWorld, World

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture
def one_thread():
    """More would wait for each other longer than they work on tensors as small as these."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch):
    """As torch would tell of them; the second is the current one."""
    for name, answer in (("is_available", True), ("device_count", 2), ("current_device", 1)):
        monkeypatch.setattr(torch.cuda, name, lambda answer=answer: answer)


@pytest.fixture
def files_of_at_most() -> Callable[[int], AbstractContextManager[None]]:
    """A disk that is full, as far as a test can have one: while it is entered no file grows beyond so many bytes."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)

    return limited


class ReadOnly:
    """Folders that cannot be written any more, for this process and whoever it runs as."""

    def __init__(self) -> None:
        self.folders: set[Path] = set()

    def __call__(self, event: str, arguments: tuple) -> None:
        """What Python asks, as an audit hook, before it opens, makes, renames or removes a file."""
        if not self.folders or event not in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
            return
        if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        for path in arguments[: 2 if event == "os.rename" else 1]:
            if isinstance(path, str | bytes | os.PathLike) and self.folders & {*Path(os.fsdecode(path)).parents}:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)


READ_ONLY = ReadOnly()
sys.addaudithook(READ_ONLY)


@pytest.fixture
def turn_read_only() -> Iterator[Callable[[Path, bool], None]]:
    """Turns a folder, by its absolute path, read-only, or writable again, as far as new files and names go."""

    def turn(folder: Path, read_only: bool = True) -> None:
        (READ_ONLY.folders.add if read_only else READ_ONLY.folders.discard)(folder)

    yield turn
    READ_ONLY.folders.clear()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real pictures and meshes."""
    folder = os.environ.get("SACCADEWORLD_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SACCADEWORLD_DATA names no folder with real data")
    return Path(folder)


def make_pictures(count: int = 6, side: int = 40) -> PictureSet:
    noise = torch.randint(0, 256, (count, side, side, 3), generator=torch.Generator().manual_seed(0))
    return PictureSet(noise.to(torch.uint8), torch.arange(count) % 3, ("ant", "bee", "cat"))


@pytest.fixture(scope="session")
def pictures() -> PictureSet:
    """Six pictures of noise, 40 pixels a side, of three classes."""
    return make_pictures()


@pytest.fixture(scope="session")
def meshes() -> MeshSet:
    """Four built-in shapes."""
    return make_shapes("train", 4)


@pytest.fixture(scope="session")
def images_world(pictures: PictureSet) -> ImagesWorld:
    return ImagesWorld(pictures, fovea=12)


@pytest.fixture(scope="session")
def objects_world(meshes: MeshSet) -> ObjectsWorld:
    return ObjectsWorld(meshes, size=12)


def make_views() -> ViewSet:
    """Four objects with 7, 3, 4 and 1 views of noise, 12 pixels a side."""
    objects = torch.arange(4).repeat_interleave(torch.tensor([7, 3, 4, 1]))
    random = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (15, 12, 12, 3), generator=random, dtype=torch.uint8)
    latents = torch.rand(15, 7, generator=random) * torch.tensor([1.5, 1.5, 1.5, 1.0, 0.75, 6.25, 1.0])
    extras = {"latents": latents, "objects": objects}
    return ViewSet.of(PictureSet(noise, objects % 3, ("ant", "bee", "cat"), extras=extras))


WORLDS = (
    "images",
    "images between pixels",
    "images with motor noise",
    "objects",
    "objects under moving light",
    "objects with colours",
    "objects with motor noise",
    "augmentations",
    "jitter",
    "stored views",
    "lit stored views",
)


@pytest.fixture(scope="session", params=WORLDS)
def world(request: pytest.FixtureRequest, pictures: PictureSet, meshes: MeshSet) -> World:
    """Every world there is, small."""
    return {
        "images": lambda: ImagesWorld(pictures, fovea=12),
        "images between pixels": lambda: ImagesWorld(pictures, fovea=12, subpixel=True),
        "images with motor noise": lambda: ImagesWorld(
            pictures, fovea=12, border="free", max_saccade=0.5, motor_noise=0.3
        ),
        "objects": lambda: ObjectsWorld(meshes, size=12),
        "objects under moving light": lambda: ObjectsWorld(meshes, size=12, stage="view", rotations="so3"),
        "objects with colours": lambda: ObjectsWorld(
            meshes, size=12, latents="rotcolor", stage="view", rotations="inner", max_rotation=50
        ),
        "objects with motor noise": lambda: ObjectsWorld(
            meshes, size=12, latents="rotcolor", rotations="so3", max_rotation=90, motor_noise=0.3
        ),
        "augmentations": lambda: AugmentationsWorld(pictures, view_size=24, target_view=2),
        "jitter": lambda: AugmentationsWorld(pictures, latents="jitter"),
        "stored views": lambda: StoredViewsWorld(make_views()),
        "lit stored views": lambda: StoredViewsWorld(make_views(), latents="all"),
    }[request.param]()
