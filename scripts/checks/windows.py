"""Whether a window can be opened."""

from __future__ import annotations

import subprocess
import sys

from .finding import Finding

_OPEN = 'import cv2; cv2.namedWindow("SaccadeWorld"); cv2.waitKey(1); cv2.destroyAllWindows()'
_SECONDS = 30
_REMEDY = 'use render_mode="rgb_array" and save the frames'


def examine_windows() -> Finding:
    """Whether render_mode="human" works, by opening a window, in a process of its own: Qt ends one that it fails in."""
    from ...envs.screen import has_screen

    if not has_screen():
        return Finding("window", "missing", "DISPLAY and WAYLAND_DISPLAY are not set", _REMEDY)
    try:
        done = subprocess.run([sys.executable, "-c", _OPEN], capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return Finding("window", "warning", f"none opened within {_SECONDS} seconds", _REMEDY)
    if done.returncode == 0:
        return Finding("window", "ok", 'render_mode="human" opens one')
    if "not implemented" in done.stderr:
        return Finding("window", "missing", "this OpenCV has none", "pip install opencv-python, not -headless")
    reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
    return Finding("window", "warning", f"none can be opened: {reason}", _REMEDY)
