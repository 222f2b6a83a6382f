"""Whether a model and a world belong together."""

from __future__ import annotations

from .experience import Experience
from .view_model import ViewModel


def check_match(model: ViewModel, world: Experience) -> None:
    """Refuse a model that is told actions, but was made for others than those of the world.

    Raises:
        TypeError: for names or paths in the place of a model or a world.
        ValueError: naming both.
    """
    if not hasattr(model, "config"):
        raise TypeError(f"{model!r} is no model: make one, or load one by load_model")
    if not isinstance(world, Experience):
        raise TypeError(f"{world!r} is no world: make one by make_world")
    if model.config.told_actions and model.config.action_dim != world.action_dim:
        raise ValueError(
            f"the model takes actions of {model.config.action_dim} numbers, the world {world.name!r} has "
            f"{world.action_dim}: it was made for another world"
        )


def check_optics(model: ViewModel, world: Experience) -> None:
    """Refuse a model that does not match (see `check_match`), or that was trained on views of another kind.

    As far as it knows which: `World.optics` tells.

    Raises:
        TypeError, ValueError: naming both.
    """
    check_match(model, world)
    trained_on = model.config.views
    if trained_on is not None and trained_on != world.optics:
        raise ValueError(
            f"the model was trained on {trained_on}, the world shows {world.optics}: make the world with the options "
            "that the model was trained with"
        )
