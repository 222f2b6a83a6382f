"""Views of meshes, rendered live in batches."""

from .renderer import Renderer
from .setups import SETUPS, Setup

__all__ = ["SETUPS", "Renderer", "Setup"]
