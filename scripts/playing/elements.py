"""Parts that the page is put together from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui


@contextmanager
def panel(title: str, name: str = "") -> Iterator[ui.element]:
    """A part of the page with a heading, and a name that tests find it by."""
    with ui.element("section").classes("panel").props(f'data-testid="{name}"') as section:
        ui.html(f"<h2>{title}</h2>", sanitize=False)
        yield section


def image(alt: str, source: str = "", name: str = "") -> ui.element:
    """A picture whose pixels are seen, at the address `source`, and what it shows in words."""
    return ui.element("img").props(f'alt="{alt}" src="{source}" data-testid="{name}"').classes("pixels")
