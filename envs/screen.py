"""The window of render mode "human"."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import numpy as np

from .checks import check_name
from .frames import tile

RENDER_MODES = ("rgb_array", "human")
_TITLE = "SaccadeWorld"


def has_screen() -> bool:
    """Whether a window can be opened: on Linux, whether a display server is named in the environment."""
    return not sys.platform.startswith("linux") or any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))


def usable_render_modes() -> list[str]:
    """The render modes that work on this machine."""
    return [mode for mode in RENDER_MODES if mode != "human" or has_screen()]


def check_render_mode(mode: str | None) -> None:
    """Refuse render modes that do not exist, and "human" where there is no screen.

    Raises:
        ValueError: with the remedy.
    """
    if mode is None:
        return
    check_name("render_mode", mode, RENDER_MODES)
    if mode not in usable_render_modes():
        raise ValueError(
            f"render_mode={mode!r} opens a window, but there is no screen here (DISPLAY and WAYLAND_DISPLAY are not "
            'set); use render_mode="rgb_array" and save the frames'
        )


class Window:
    """A window that opens with its first frames.

    Args:
        fps: how many times a second new frames are shown, at most.
    """

    def __init__(self, fps: int):
        self._pause = 1000 // fps
        self._open = False

    def show(self, frames: Sequence[np.ndarray]) -> None:
        """Show frames of one size, (H, W, 3) uint8 RGB each, side by side, for the time of one frame."""
        import cv2  # its window needs system libraries that a machine without a screen may lack

        self._open = True
        cv2.imshow(_TITLE, tile(frames)[..., ::-1])
        cv2.waitKey(self._pause)

    def close(self) -> None:
        """Close it, if it is open."""
        if self._open:
            import cv2

            cv2.destroyWindow(_TITLE)
            self._open = False
