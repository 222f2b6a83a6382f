"""How alike scanpaths are: their saccades as distributions, their sequences by ScanMatch, and levels to hold against.

Scanpaths are those of `saliency.fixations`; `Scanpath.of_places` makes one of the poses of an episode.
"""

from .levels import between_observers, between_pictures
from .saccades import amplitudes, directions, jensen_shannon, turning_angles
from .scanmatch import ScanMatch

__all__ = [
    "ScanMatch",
    "amplitudes",
    "between_observers",
    "between_pictures",
    "directions",
    "jensen_shannon",
    "turning_angles",
]
