"""Progress bars: the time left, on a terminal only."""

from __future__ import annotations

import time
from typing import Self

from ..envs.progress import progress


class Deadline:
    """A wall-clock budget, shown while it is entered as a bar that tells what is being done and the time left.

    Args:
        seconds: the budget, counted from now.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._start = time.monotonic()
        layout = "{desc:<34} {percentage:3.0f}% |{bar}| {postfix}"
        self._bar = progress(total=seconds, bar_format=layout, unit="s", dynamic_ncols=True)

    @property
    def left(self) -> float:
        """Seconds left; negative when the budget is overdrawn."""
        return self.seconds - (time.monotonic() - self._start)

    def show(self, activity: str) -> None:
        """Say what is being done, and move the bar."""
        minutes, seconds = divmod(max(0, round(self.left)), 60)
        self._bar.set_description_str(activity, refresh=False)
        self._bar.set_postfix_str(f"{minutes}:{seconds:02d} left", refresh=False)
        self._bar.n = min(self.seconds, self.seconds - self.left)
        self._bar.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
