"""Worlds: images under saccades and objects under rotations, behind one face."""

from __future__ import annotations

from typing import Any

from .images import ImagesWorld
from .objects import ObjectsWorld
from .world import World

WORLDS: dict[str, type[ImagesWorld] | type[ObjectsWorld]] = {
    "images": ImagesWorld,
    "objects": ObjectsWorld,
}


def make_world(name: str, source: str | None = None, **options: Any) -> World:
    """A world by name.

    Args:
        name: "images" or "objects".
        source: a built-in source ("scenes" for images, "shapes" for objects, the defaults) or the path of a folder
            with a subfolder per class.
        options: of the world and its source: `split`, `count`, `device` and so on; see the world's class.

    Raises:
        ValueError: for an unknown world, source or option value.
        TypeError: for an option that the world does not have.
        FileNotFoundError: for a path that does not exist.
    """
    if name not in WORLDS:
        raise ValueError(f"world={name!r} is not known; use one of {', '.join(map(repr, WORLDS))}")
    if source is not None:
        options["source"] = source
    return WORLDS[name].from_source(**options)


__all__ = ["WORLDS", "ImagesWorld", "ObjectsWorld", "World", "make_world"]
