"""Reader of OSIE, the Object and Semantic Images and Eye-tracking data set.

Xu, Jiang, Wang, Kankanhalli & Zhao, "Predicting human gaze beyond pixels", Journal of Vision 14(1), 2014: 700 pictures
of 800 x 600 pixels, each viewed freely for three seconds by 15 observers.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from .fixations import Fixations, Scanpath

_KEYS = {"x": "x", "y": "y", "durations": "dur_ms"}


def load_osie(file: str | Path) -> Fixations:
    """Read fixations in OSIE's form from a JSON file.

    The file is an object with `image_size_wh`, [W, H] of all pictures; `n_subjects`, how many observers there are; and
    `images`, for each name of a picture a list with an object for each observer, of three lists of equal length: `x`
    and `y` in pixels and `dur_ms`, in viewing order.

    Args:
        file: the JSON file, or the folder that holds it as fixations.json.

    Returns:
        The fixations on the pictures in the order of the file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: for a file of another form, and for fixations outside their picture.
    """
    path = Path(file)
    path = path / "fixations.json" if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}; give OSIE's fixations.json, or the folder that holds it")
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:  # ValueError is those of json and of Unicode, too
        raise ValueError(f"{path}: {error}") from error


def _parse(content: Any) -> Fixations:
    for key, kind in {"image_size_wh": list, "n_subjects": int, "images": dict}.items():
        if not isinstance(content, dict) or not isinstance(content.get(key), kind):
            raise ValueError(f"expected an object with the {kind.__name__} {key!r}")
    size, observers, pictures = content["image_size_wh"], content["n_subjects"], content["images"]
    if len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
        raise ValueError(f"image_size_wh is {size}; expected width and height in pixels")
    scanpaths = tuple(_picture(name, paths, observers) for name, paths in pictures.items())
    return Fixations(tuple(pictures), ((size[0], size[1]),) * len(pictures), scanpaths)


def _picture(name: str, paths: Any, observers: int) -> tuple[Scanpath, ...]:
    if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ValueError(f"picture {name!r} does not lie in the folder of the pictures")
    if not isinstance(paths, list) or len(paths) != observers:
        found = f"{len(paths)} of them" if isinstance(paths, list) else type(paths).__name__
        raise ValueError(f"picture {name!r}: expected a list of {observers} observers, found {found}")
    return tuple(_scanpath(f"picture {name!r}, observer {i}", path) for i, path in enumerate(paths))


def _scanpath(place: str, path: Any) -> Scanpath:
    if not isinstance(path, dict) or not all(isinstance(path.get(key), list) for key in _KEYS.values()):
        raise ValueError(f"{place}: expected an object with the lists {', '.join(_KEYS.values())}")
    for key in _KEYS.values():
        odd = [value for value in path[key] if type(value) not in (int, float)]
        if odd:
            raise ValueError(f"{place}: {key} holds {odd[0]!r}, which is not a number")
        if len(path[key]) != len(path["x"]):
            raise ValueError(f"{place}: {len(path['x'])} numbers in x, {len(path[key])} in {key}")
    try:
        return Scanpath(**{name: np.array(path[key], dtype=np.float64) for name, key in _KEYS.items()})
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
