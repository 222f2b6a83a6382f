"""Human fixations on a set of pictures: where observers looked, for how long and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

Size = tuple[int, int]


@dataclass(frozen=True)
class Scanpath:
    """One observer's fixations on one picture, in viewing order.

    Coordinates are continuous, the top left corner of the picture is (0, 0): pixel (row, col) holds the fixations
    with row <= y < row + 1 and col <= x < col + 1.

    Attributes:
        x: (n,) float64, columns in pixels.
        y: (n,) float64, rows in pixels.
        durations: (n,) float64, in milliseconds; zeros where they are not known.

    Raises:
        TypeError, ValueError: for anything else, and numbers that are not finite or durations below 0.
    """

    x: np.ndarray
    y: np.ndarray
    durations: np.ndarray

    def __post_init__(self) -> None:
        for name in ("x", "y", "durations"):
            values = getattr(self, name)
            if not isinstance(values, np.ndarray):
                raise TypeError(f"{name} must be an array, (n,) float64, got {type(values).__name__}")
            if values.ndim != 1 or values.dtype != np.float64 or len(values) != len(self.x):
                raise ValueError(f"{name} is {values.shape} {values.dtype}; give (n,) float64 as long as x")
            if not np.isfinite(values).all():
                raise ValueError(f"{name} holds {values[~np.isfinite(values)][0]}; leave such fixations out")
        if (self.durations < 0).any():
            raise ValueError(f"a duration of {self.durations.min()} ms is negative")

    @classmethod
    def of_places(cls, places: np.ndarray, size: Size) -> Scanpath:
        """What `places` makes (n, 2) fractions (row / H, col / W) of, in pixels of a picture of size (W, H)."""
        y, x = (places.astype(np.float64) * [size[1], size[0]] + 0.5).T
        return cls(x.copy(), y.copy(), np.zeros(len(x)))

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, kept: slice | np.ndarray) -> Scanpath:
        """Some of the fixations, by a slice, by a mask or by indices."""
        return Scanpath(self.x[kept], self.y[kept], self.durations[kept])

    def within(self, size: Size) -> Scanpath:
        """The fixations on a picture of that size (W, H), without those outside it."""
        return self[_inside(self, size)]

    def pixels(self) -> np.ndarray:
        """The fixated pixels, (n, 2) int64, (row, col)."""
        return np.stack([np.floor(self.y), np.floor(self.x)], axis=1).astype(np.int64)

    def places(self, size: Size) -> np.ndarray:
        """Fixations on a picture of that size (W, H) as fractions of it, (n, 2) float32, (row / H, col / W).

        Pixel (row, col) of a picture is the fraction (row / H, col / W); its centre is where x and y end in a half. So
        fractions lie in [0, 1), those of the outermost half pixels being set to the first or the last pixel.
        """
        width, height = size
        fractions = np.stack([(self.y - 0.5) / height, (self.x - 0.5) / width], axis=1)
        return fractions.clip(0, [(height - 1) / height, (width - 1) / width]).astype(np.float32)


@dataclass(frozen=True)
class Fixations:
    """Fixations of observers on N pictures.

    To read other data, write a function that returns one of these, as `osie.load_osie` does: one tuple of scanpaths
    for each picture, one scanpath for each observer of it in the same order for every picture, with no fixations
    where an observer has none. The reader removes what is no fixation on the picture (`Scanpath.within`; many data
    sets hold some that lie on the screen beside it), the first fixation where it is only the starting point at the
    centre of the screen, blinks, and values that are not finite. Coordinates are turned into pixels of the picture,
    counted from 0 at its top left corner; data in the manner of MATLAB count from 1, and have a half or one to be
    taken off. Anything that does not look as expected should raise a ValueError that names the file, the picture and
    the observer.

    Attributes:
        names: of the pictures, unique, usually file names.
        sizes: (W, H) of each picture in pixels.
        scanpaths: of each picture, of each observer.

    Raises:
        ValueError: for names that are not unique, lists of different lengths, and fixations outside a picture.
    """

    names: tuple[str, ...]
    sizes: tuple[Size, ...]
    scanpaths: tuple[tuple[Scanpath, ...], ...]

    def __post_init__(self) -> None:
        lengths = (len(self.names), len(self.sizes), len(self.scanpaths))
        if len(set(lengths)) > 1:
            raise ValueError("{} names, {} sizes and {} lists of scanpaths: give as many of each".format(*lengths))
        if len(set(self.names)) < len(self.names):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise ValueError(f"two pictures are called {twice!r}; names must be unique")
        for name, size, scanpaths in zip(self.names, self.sizes, self.scanpaths, strict=True):
            for observer, scanpath in enumerate(scanpaths):
                outside = ~_inside(scanpath, size)
                if outside.any():
                    first = int(outside.argmax())
                    place = f"({scanpath.x[first]}, {scanpath.y[first]})"
                    raise ValueError(
                        f"picture {name!r}, observer {observer}: fixation {first} at (x, y) = {place} lies outside the "
                        f"{size[0]} x {size[1]} pixels of the picture; leave it out"
                    )

    def __len__(self) -> int:
        return len(self.names)

    def select(self, names: Sequence[str]) -> Fixations:
        """The pictures of these names, in this order.

        Raises:
            ValueError: for a name that no picture has.
        """
        index = {name: i for i, name in enumerate(self.names)}
        unknown = [name for name in names if name not in index]
        if unknown:
            known = ", ".join(map(repr, self.names[:3]))
            raise ValueError(f"there are no fixations on {unknown[0]!r}; the pictures are called {known}, ...")
        order = [index[name] for name in names]
        return Fixations(tuple(names), tuple(self.sizes[i] for i in order), tuple(self.scanpaths[i] for i in order))

    def resized(self, size: Size) -> Fixations:
        """Fixations on the same pictures stretched to a size (W, H)."""
        return self._mapped(lambda path, old: _moved(path, 0, 0, size[0] / old[0], size[1] / old[1]), size)

    def centre_cropped(self, side: int) -> Fixations:
        """Fixations on the central square of each picture, resampled to `side` pixels.

        The square is as large as the picture allows, as banks of square pictures are made. Fixations outside it are
        left out, so that a scanpath may get shorter, or empty.
        """

        def crop(scanpath: Scanpath, size: Size) -> Scanpath:
            old = min(size)
            left, top = (size[0] - old) / 2, (size[1] - old) / 2
            return _moved(scanpath, left, top, side / old, side / old)

        return self._mapped(crop, (side, side))

    def _mapped(self, move: Callable[[Scanpath, Size], Scanpath], size: Size) -> Fixations:
        """Every scanpath moved, and what then lies outside pictures of the new size left out."""
        scanpaths = tuple(
            tuple(move(path, old).within(size) for path in paths)
            for paths, old in zip(self.scanpaths, self.sizes, strict=True)
        )
        return Fixations(self.names, (size,) * len(self), scanpaths)

    def pooled(self, picture: int) -> Scanpath:
        """All fixations on a picture, one observer after the other."""
        return _joined(self.scanpaths[picture])

    def leave_one_out(self, picture: int) -> Iterator[tuple[Scanpath, Scanpath]]:
        """Each observer's fixations on a picture, and those of all other observers on it."""
        paths = self.scanpaths[picture]
        for observer, path in enumerate(paths):
            yield path, _joined(paths[:observer] + paths[observer + 1 :])

    def elsewhere(self, picture: int) -> Scanpath:
        """All fixations on the other pictures, their pictures stretched to the size of this one."""
        moved = self.resized(self.sizes[picture]).scanpaths
        return _joined([path for i, paths in enumerate(moved) if i != picture for path in paths])


def _inside(scanpath: Scanpath, size: Size) -> np.ndarray:
    width, height = size
    return (scanpath.x >= 0) & (scanpath.x < width) & (scanpath.y >= 0) & (scanpath.y < height)


def _moved(scanpath: Scanpath, left: float, top: float, across: float, down: float) -> Scanpath:
    return Scanpath((scanpath.x - left) * across, (scanpath.y - top) * down, scanpath.durations)


def _joined(scanpaths: Sequence[Scanpath]) -> Scanpath:
    empty = np.empty(0)
    return Scanpath(
        np.concatenate([empty, *(path.x for path in scanpaths)]),
        np.concatenate([empty, *(path.y for path in scanpaths)]),
        np.concatenate([empty, *(path.durations for path in scanpaths)]),
    )
