"""The window of render mode "human"."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import numpy as np

_TITLE = "SaccadeWorld"


def has_screen() -> bool:
    """Whether a window can be opened: on Linux, whether a display server is named in the environment."""
    return not sys.platform.startswith("linux") or any(os.environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY"))


def render_modes() -> list[str]:
    """The render modes that work on this machine."""
    return ["rgb_array", "human"] if has_screen() else ["rgb_array"]


def check_render_mode(mode: str | None) -> None:
    """Refuse render modes that do not exist, and "human" where there is no screen.

    Raises:
        ValueError: with the remedy.
    """
    if mode not in (None, "rgb_array", "human"):
        raise ValueError(f'render_mode={mode!r} is not known; use None, "rgb_array" or "human"')
    if mode == "human" and not has_screen():
        raise ValueError(
            'render_mode="human" opens a window, but there is no screen here (DISPLAY and WAYLAND_DISPLAY are not '
            'set); use render_mode="rgb_array" and save the frames'
        )


def show(frames: Sequence[np.ndarray], fps: int) -> None:
    """Show frames, (H, W, 3) uint8 RGB each, one below the other in the window, for the time of one frame."""
    import cv2  # its window needs system libraries that a machine without a screen may lack

    cv2.imshow(_TITLE, np.concatenate(frames, axis=0)[..., ::-1])
    cv2.waitKey(1000 // fps)


def close() -> None:
    """Close the window, if one was opened."""
    import cv2

    cv2.destroyAllWindows()
