"""SaccadeWorld: worlds seen one glimpse at a time, and seq-JEPA, a world model that learns from every movement."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .envs.forks import work_alone_when_forked
from .envs.registration import register_envs

if TYPE_CHECKING:
    from .envs.rollout import Rollout
    from .envs.worlds import World, make_world
    from .seqjepa import SeqJEPA, SeqJEPAConfig

__version__ = "0.1.0"
__all__ = ["Rollout", "SeqJEPA", "SeqJEPAConfig", "World", "__version__", "make_world"]

_HOMES = {
    "Rollout": ".envs.rollout",
    "World": ".envs.worlds",
    "make_world": ".envs.worlds",
    "SeqJEPA": ".seqjepa",
    "SeqJEPAConfig": ".seqjepa",
}

register_envs()
work_alone_when_forked()

if not TYPE_CHECKING:  # or it would take every name for a public one

    def __getattr__(name: str) -> Any:
        """A public name, imported when it is first asked for: not all that a command says needs torch."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
        return globals()[name]
