"""What readers of published data sets share: finding their files, names of WordNet classes, downloads."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ..checks import keyword_options
from .banks import Split
from .splits import some


@dataclass(frozen=True)
class DataSet:
    """How one data set is read, and where it can be had.

    Attributes:
        title: its name, for messages.
        read: what reads it: (folder, split, **options) -> a `Listing`, or a `MeshSet`.
        home: its page, or empty.
        size: side of its pictures in pixels, None for meshes.
        fetch: puts it into a folder, over the network; None where that is up to the user.
    """

    title: str
    read: Callable[..., Any]
    home: str = ""
    size: int | None = None
    fetch: Callable[[Path], None] | None = None

    @property
    def options(self) -> set[str]:
        """Names of the options of `read`."""
        return keyword_options(self.read)

    def load(self, folder: Path, split: Split, *, download: bool = False, **options: Any) -> Any:
        """What `read` makes of the folder.

        Args:
            folder: where it lies, or is put.
            split: "train" or "test".
            download: whether to fetch it, if it is not there.
            options: of `read`.

        Raises:
            FileNotFoundError: naming what is missing, and where it can be had.
            ValueError: for a download where there is none.
            ImportError: for a download without the package that it takes.
        """
        if download and self.fetch is None:
            raise ValueError(
                f"download=True is not for {self.title}" + (f": get it from {self.home}" if self.home else "")
            )
        try:
            return self.read(folder, split, **options)
        except FileNotFoundError as error:
            if not download or self.fetch is None:
                remedy = f"; {self.title} can be had from {self.home}" if self.home else ""
                raise FileNotFoundError(f"{error}{remedy}{', or download=True' * (self.fetch is not None)}") from None
        folder.mkdir(parents=True, exist_ok=True)
        self.fetch(folder)
        return self.read(folder, split, **options)


def locate(folder: Path, wanted: Sequence[str], inner: Sequence[str] = ()) -> Path:
    """The folder itself, or a folder in it of one of the `inner` names, whichever holds all that is wanted.

    Args:
        folder: as the user gave it.
        wanted: relative paths, as published.
        inner: names of folders that archives unpack to.

    Raises:
        FileNotFoundError: naming all that was looked for, where, and what there is instead.
    """
    place = find(folder, wanted, inner)
    if place is not None:
        return place
    places = [folder, *(folder / name for name in inner)]
    best = max(places, key=lambda place: sum((place / name).exists() for name in wanted))
    missing = [name for name in wanted if not (best / name).exists()]
    also = f", nor in its folder{'s' * (len(inner) > 1)} {some(inner)}" if inner else ""
    raise FileNotFoundError(f"{best} holds no {some(missing)}{also}; what is there: {there(best)}")


def find(folder: Path, wanted: Sequence[str], inner: Sequence[str] = ()) -> Path | None:
    """As `locate`, but None where it is not found."""
    places = [folder, *(folder / name for name in inner)]
    return next((place for place in places if all((place / name).exists() for name in wanted)), None)


def there(folder: Path) -> str:
    """What a folder holds, in short.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: check the path")
    return some(sorted(path.name for path in folder.iterdir())) or "(nothing)"


def read_names(path: Path) -> dict[str, str]:
    """Names of WordNet classes, from lines of an id, white space, and terms, as ImageNet and Tiny ImageNet have them.

    Raises:
        ValueError: for a file that is not text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text in UTF-8 ({error})") from error
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def class_names(ids: Iterable[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """A name for each id: the first term, with the id where several share it; the id where it has no name."""
    ids = list(ids)
    terms = {i: names[i].split(",")[0].strip() if i in names else i for i in ids}
    shared = Counter(terms.values())
    return tuple(terms[i] if shared[terms[i]] == 1 else f"{terms[i]} ({i})" for i in ids)


def fetch_from_torchvision(name: str, **arguments: Any) -> Callable[[Path], None]:
    """Downloads a data set by torchvision, which compares its checksum.

    Args:
        name: of its class in torchvision.datasets.
        arguments: of the class.
    """

    def fetch(folder: Path) -> None:
        data_sets = _import("torchvision.datasets", "torchvision")
        getattr(data_sets, name)(root=str(folder), download=True, **arguments)

    return fetch


def fetch_from_hub(repository: str) -> Callable[[Path], None]:
    """Downloads a data set from the Hugging Face hub.

    Args:
        repository: owner/name.
    """

    def fetch(folder: Path) -> None:
        hub = _import("huggingface_hub", "huggingface_hub")
        hub.snapshot_download(repo_id=repository, repo_type="dataset", local_dir=str(folder))

    return fetch


def _import(module: str, package: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"download=True needs the package {package}: pip install {package}, or put the files there yourself"
        ) from error
