"""Losses that baselines share."""

from .nt_xent import nt_xent
from .vicreg import VICRegTerms, vicreg_terms

__all__ = ["VICRegTerms", "nt_xent", "vicreg_terms"]
