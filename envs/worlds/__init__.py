"""Worlds: images under saccades, objects under rotations and pictures under augmentations, behind one face."""

from __future__ import annotations

import os
from typing import Any
from weakref import WeakValueDictionary

from ..checks import check_name, check_options
from .augmentations import AugmentationsWorld
from .images import ImagesWorld
from .objects import ObjectsWorld
from .stored_views import StoredViewsWorld
from .world import World

WORLDS: dict[str, type[World]] = {
    world.name: world for world in (ImagesWorld, ObjectsWorld, AugmentationsWorld, StoredViewsWorld)
}


def make_world(name: str, source: str | os.PathLike[str] | None = None, **options: Any) -> World:
    """A world by name.

    Args:
        name: "images", "objects", "augmentations" or "stored-views".
        source: a built-in source ("scenes" for images and augmentations, "shapes" for objects, the defaults), the path
            of a folder with a subfolder per class, or the name of a data set, a colon and its path; see `envs.sources`.
        options: of the world, its source and its retina: `split`, `count`, `device` and so on; see the world's class.

    Raises:
        ValueError: for an unknown world, source or option value.
        TypeError: for an option that the world does not have.
        FileNotFoundError: for a path that does not exist.
    """
    check_name("world", name, WORLDS)
    world = WORLDS[name]
    check_options(f"the world {name!r}", options, world.option_names(options))
    if source is None:
        return world.from_source(**options)
    return world.from_source(os.fspath(source) if isinstance(source, os.PathLike) else source, **options)


_shared: WeakValueDictionary[Any, World] = WeakValueDictionary()


def shared_world(name: str, **options: Any) -> World:
    """The world that others of the same name and options are using, or a new one; see `make_world`.

    Worlds hold no episode, so that environments can share one and its bank of scenes.
    """
    try:
        key = (name, frozenset((option, type(value), value) for option, value in options.items()))
        world = _shared.get(key)
    except TypeError:  # an option that cannot be hashed
        return make_world(name, **options)
    if world is None:
        world = _shared[key] = make_world(name, **options)
    return world


__all__ = [
    "WORLDS",
    "AugmentationsWorld",
    "ImagesWorld",
    "ObjectsWorld",
    "StoredViewsWorld",
    "World",
    "make_world",
    "shared_world",
]
