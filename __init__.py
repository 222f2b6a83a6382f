"""SaccadeWorld: worlds seen one glimpse at a time, and seq-JEPA, a world model that learns from every movement."""

from .envs.forks import work_alone_when_forked
from .envs.registration import register_envs
from .envs.rollout import Rollout
from .envs.worlds import World, make_world
from .seqjepa import SeqJEPA, SeqJEPAConfig

__version__ = "0.1.0"

register_envs()
work_alone_when_forked()

__all__ = ["Rollout", "SeqJEPA", "SeqJEPAConfig", "World", "__version__", "make_world"]
