"""What is redder than what lies around it."""

from __future__ import annotations

from torch import Tensor

from .gaussian import blur

_SURROUND = 1.6


def redness(opponents: Tensor, sigma: float) -> Tensor:
    """The red half of double opponency: a Gaussian centre of a* minus its surround, where that is positive.

    Red and green opponency is that of Itti, Koch & Niebur ("A model of saliency-based visual attention for rapid scene
    analysis", IEEE Transactions on Pattern Analysis and Machine Intelligence 20(11), 1998), and the surround, 1.6 times
    as wide as the centre, that of Marr & Hildreth ("Theory of edge detection", Proceedings of the Royal Society B 207,
    1980).

    Args:
        opponents: (N, 3, H, W) float32, L*a*b* colours.
        sigma: of the centre, in pixels.

    Returns:
        (N, 1, H, W), non-negative.
    """
    red = opponents[:, 1:2]
    return (blur(red, sigma) - blur(red, _SURROUND * sigma)).relu()
