"""What holds of every figure."""

from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from saccadeworld.scripts.figures.style import PAGE


@pytest.fixture
def checked() -> Callable[[Figure], Figure]:
    """Fits the page, has letters that can be read in print, and words for those who cannot see it."""

    def check(figure: Figure) -> Figure:
        figure.canvas.draw()
        assert figure.get_tightbbox().width <= PAGE + 0.05
        letters = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        assert min(text.get_fontsize() for text in letters) >= 7
        assert figure.get_label().endswith(".")
        return figure

    return check
