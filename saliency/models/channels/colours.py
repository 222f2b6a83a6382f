"""CIE L*a*b* colours (CIE 15, "Colorimetry"), of sRGB pictures (IEC 61966-2-1)."""

from __future__ import annotations

import torch
from torch import Tensor

_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""From linear sRGB, whose white is that of daylight (D65)."""
_WHITE = (0.9504700, 1.0000001, 1.0888300)
_LINEAR = 6 / 29
"""Up to which the cube root is replaced by its tangent."""


def lab(colours: Tensor) -> Tensor:
    """Lightness L* and the opponent colours a* (green to red) and b* (blue to yellow).

    Args:
        colours: (N, 3, H, W) float32 in [0, 1], sRGB.

    Returns:
        (N, 3, H, W) float32, L* in [0, 100], a* and b* of about -100 to 100.
    """
    linear = torch.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    matrix = torch.tensor(_TO_XYZ, device=colours.device) / torch.tensor(_WHITE, device=colours.device)[:, None]
    xyz = torch.einsum("ij,njhw->nihw", matrix, linear)
    x, y, z = torch.where(
        xyz > _LINEAR**3, xyz.clamp_min(_LINEAR**3) ** (1 / 3), xyz / (3 * _LINEAR**2) + 4 / 29
    ).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)
