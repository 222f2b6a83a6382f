"""How an eye on one kind of world is shown, and moved by hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from nicegui import events, ui

from .eye import Eye
from .insight import Thought

Do = Callable[[Callable[[], object]], bool]
"""Does something and shows what came of it; whether it went well."""


class Face(ABC):
    """The part of a page that depends on the world.

    Args:
        eye: which is shown.
        do: how the page does what a person asks for.

    Attributes:
        title: of the picture that is pointed at.
        hint: how to point at something in it.
        moving: what arrow keys do.
        gestures: names of the browser's events in that picture that `point` is told.
        keys: what keys do beside those of the page, in words and in deed.
        reveals: whether the person is told what there is to guess.
    """

    title: ClassVar[str]
    hint: ClassVar[str]
    moving: ClassVar[str]
    gestures: ClassVar[Sequence[str]]

    def __init__(self, eye: Eye, do: Do):
        self.eye = eye
        self.do = do
        self.keys: dict[str, tuple[str, Callable[[], object]]] = {}
        self.reveals = True

    @property
    def truth(self) -> str | None:
        """The class of the scene, unless there is none or it is to be guessed."""
        return self.eye.label if self.reveals else None

    @abstractmethod
    def build(self) -> None:
        """Put what stands beside the picture on the page."""

    @abstractmethod
    def point(self, gesture: str, x: float, y: float) -> bool:
        """Point at what the gesture means, at a place in pixels of the picture; whether to look there at once."""

    @abstractmethod
    def nudge(self, right: int, down: int, shift: bool) -> None:
        """Move what is pointed at by an arrow key, with or without Shift."""

    @abstractmethod
    def show(self, canvas: ui.interactive_image) -> None:
        """Show how things stand, in the picture that is pointed at and beside it."""

    @abstractmethod
    def told(self) -> str:
        """The newest view in words."""

    @abstractmethod
    def told_path(self, thought: Thought) -> str:
        """In words where the model thinks that movements have led, and how far that is from the truth."""

    def switch(self, label: str, key: str, act: Callable[[bool], None]) -> None:
        """A switch that is on at first, and the key for it."""

        def changed(event: events.ValueChangeEventArguments) -> None:
            self.do(lambda: act(bool(event.value)))

        made = ui.switch(f"{label} ({key})", value=True, on_change=changed).props(f"dense aria-keyshortcuts={key}")
        self.keys[key] = f"hide or show: {label.lower()}", lambda: made.set_value(not made.value)

    def reveal(self, whether: bool) -> None:
        """Tell what there is to guess, or not."""
        self.reveals = whether
