"""Human fixations and the pictures of a folder, brought together by the names of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from ..envs.sources.picture_files import read_whole
from ..envs.sources.splits import some
from ..saliency.fixations import Fixations
from .picture_folder import PictureFolder

_OBSERVERS = 2  # at least, as they are compared with each other


@dataclass(frozen=True)
class MatchedFixations:
    """Fixations on some of the pictures of a folder.

    Attributes:
        fixations: in pixels of the pictures as the folder gives them.
        indices: of these pictures in the folder.
        without_fixations: names of the pictures that fewer than two observers fixated.
        without_pictures: names under which there are fixations, but no picture.
    """

    fixations: Fixations
    indices: tuple[int, ...]
    without_fixations: tuple[str, ...]
    without_pictures: tuple[str, ...]

    @classmethod
    def of(cls, fixations: Fixations, pictures: PictureFolder) -> MatchedFixations:
        """Match the names of files, whatever folder they lie in.

        Raises:
            ValueError: for two pictures of one name that has fixations, for a picture of another size than those who
                fixated it saw, and for fewer than two pictures with fixations.
        """
        found: dict[str, int] = {}
        for index, path in enumerate(pictures.names):
            name = PurePosixPath(path).name
            if name in fixations.names and found.setdefault(name, index) != index:
                raise ValueError(
                    f"fixations on {name!r} may be on {pictures.names[found[name]]} or on {path}; leave one"
                )
        _check_sizes(fixations.select(list(found)), pictures, found)
        placed = fixations if pictures.size is None else fixations.centre_cropped(pictures.size)
        placed = placed.select(list(found))
        kept = [
            name
            for name, paths in zip(placed.names, placed.scanpaths, strict=True)
            if sum(len(path) > 0 for path in paths) >= _OBSERVERS
        ]
        if len(kept) < 2:
            raise ValueError(
                f"{len(kept)} of {len(pictures)} pictures in {pictures.root} have fixations of {_OBSERVERS} observers; "
                f"give 2 of those that were fixated, {some([repr(name) for name in fixations.names], 3)}"
            )
        indices = {found[name] for name in kept}
        return cls(
            placed.select(kept),
            tuple(found[name] for name in kept),
            tuple(name for index, name in enumerate(pictures.names) if index not in indices),
            tuple(name for name in fixations.names if name not in found),
        )

    @property
    def missing(self) -> list[str]:
        """In words, what could not be matched; nothing where all could."""
        sentences = {
            "pictures without fixations of two observers, which are not scored": self.without_fixations,
            "fixated pictures that are not in the folder": self.without_pictures,
        }
        return [f"{len(names)} {what}: {some(names)}" for what, names in sentences.items() if names]


def _check_sizes(fixations: Fixations, pictures: PictureFolder, indices: dict[str, int]) -> None:
    for name, (width, height) in zip(fixations.names, fixations.sizes, strict=True):
        shape = read_whole(pictures.files[indices[name]]).shape
        if shape[:2] != (height, width):
            raise ValueError(
                f"the picture {name} has {shape[1]} x {shape[0]} pixels, but fixations on {width} x {height}: give the "
                "pictures that were shown"
            )
