"""The world model: seq-JEPA, its baselines, and what trains, probes and stores them."""

from .baselines import BASELINES, make_baseline
from .config import SeqJEPAConfig
from .encoder import register_encoder
from .methods import load_model
from .model import SeqJEPA

__all__ = ["BASELINES", "SeqJEPA", "SeqJEPAConfig", "load_model", "make_baseline", "register_encoder"]
