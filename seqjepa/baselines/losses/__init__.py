"""Losses that baselines share."""

from .cosine import cosine_distance
from .nt_xent import nt_xent
from .vicreg import VICRegTerms, vicreg_terms

__all__ = ["VICRegTerms", "cosine_distance", "nt_xent", "vicreg_terms"]
