import sys
from pathlib import Path

import pytest
from saccadeworld.scripts.checks.windows import examine_windows

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a screen")


@pytest.fixture
def opencv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an OpenCV that other processes import in place of the real one, where there is a screen."""
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "cv2.py"


def test_without_a_screen_there_is_no_window(monkeypatch: pytest.MonkeyPatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    found = examine_windows()
    assert (found.state, found.text) == ("missing", "DISPLAY and WAYLAND_DISPLAY are not set")
    assert 'render_mode="rgb_array"' in found.remedy


def test_a_window_is_opened(opencv: Path):
    opencv.write_text("def namedWindow(title): pass\ndef waitKey(milliseconds): pass\ndef destroyAllWindows(): pass\n")
    assert examine_windows().state == "ok"


def test_opencv_without_windows_is_told(opencv: Path):
    opencv.write_text("def namedWindow(title): raise Exception('The function is not implemented. Rebuild it')\n")
    found = examine_windows()
    assert (found.state, found.remedy) == ("missing", "pip install opencv-python, not -headless")


def test_a_screen_that_is_not_there_is_a_warning(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":9753")  # Qt ends the process that asks for it
    assert examine_windows().state == "warning"
