"""The colours in which things are drawn, which the colour-blind tell apart.

Okabe & Ito, "Color Universal Design" (2008), without their yellow, which is hardly seen on white. In the order of
`COLOURS` each is far from the next, and the last from the first, in normal vision and in all three kinds of
dichromacy, and lighter or darker.
"""

from __future__ import annotations

BLUE, ORANGE, GREEN, BLACK = "#0072B2", "#E69F00", "#009E73", "#000000"
VERMILLION, SKY, PURPLE = "#D55E00", "#56B4E9", "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, BLACK, VERMILLION, SKY, PURPLE)
GREY = "#777777"  # of what is not compared, such as levels of chance


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of a colour such as "#E69F00", 0 to 255."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
