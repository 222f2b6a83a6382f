"""Lets the tests of this folder import their reference policies; worlds in which there is something to search."""

import sys
from pathlib import Path

import pytest
from saccadeworld.envs.sources.banks import PictureSet, ViewSet
from saccadeworld.envs.worlds import StoredViewsWorld, World

sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def searchable(world: World) -> World:
    """Every world there is, without stored objects that have one view alone."""
    if not isinstance(world, StoredViewsWorld):
        return world
    views, several = world.made_of.views, (world.made_of.counts > 1).repeat_interleave(world.made_of.counts)
    extras = {key: value[several] for key, value in views.extras.items()}
    kept = PictureSet(views.pictures[several], views.labels[several], views.classes, extras=extras)
    return StoredViewsWorld(ViewSet.of(kept), **world.options)
