"""The world model: seq-JEPA and what trains, probes and stores it."""

from .config import SeqJEPAConfig
from .model import SeqJEPA

__all__ = ["SeqJEPA", "SeqJEPAConfig"]
