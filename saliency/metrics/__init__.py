"""How well a map of saliency predicts where people look, and how well people predict each other.

Definitions follow Bylinskii, Judd, Oliva, Torralba & Durand, "What do different evaluation metrics tell us about
saliency models?" (IEEE TPAMI 41, 2019; arXiv:1604.03605). Metrics take maps and fixations as tensors of H x W pixels,
(..., H, W), with any number of leading dimensions, and return a score for each map, (...) float64, on its device.
Fixations are counts, how many fell on each pixel (`fixation_counts`), or densities (`fixation_density`). There must be
one fixation at least on every map.
"""

from .auc import auc_borji, auc_judd, auc_shuffled
from .correlation import cc
from .densities import fixation_counts, fixation_density
from .divergence import kl
from .information import information_gain
from .inter_observer import predict_others
from .nss import nss
from .similarity import sim

__all__ = [
    "auc_borji",
    "auc_judd",
    "auc_shuffled",
    "cc",
    "fixation_counts",
    "fixation_density",
    "information_gain",
    "kl",
    "nss",
    "predict_others",
    "sim",
]
