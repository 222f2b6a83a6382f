"""How an eye on pictures is shown: what it knows, its glimpse, its scanpath, and where it is worth looking."""

from __future__ import annotations

import math

import torch
from nicegui import events, ui
from torch import Tensor

from . import drawings
from .elements import image, panel
from .eye import YOU
from .face import Do, Face
from .insight import Thought
from .picture_eye import PictureEye
from .pictures import data_url, heated

_STRIDE = 1 / 16  # of the picture's side, by an arrow key; with Shift a pixel


class PictureFace(Face):
    """See `Face`."""

    title = "What you know of the picture"
    hint = "Click to look there, or move the cross with the arrow keys."
    moving = "move the cross (Shift: by a pixel)"
    gestures = ("click",)

    eye: PictureEye

    def __init__(self, eye: PictureEye, do: Do):
        super().__init__(eye, do)
        self.side = eye.pictures.side
        self._maps_shown = True

    def build(self) -> None:
        names = list(self.eye.retinas)
        with ui.element("div").classes("line"):
            self._retina = ui.select(names, value=self.eye.retina, label="Retina (G)", on_change=self._choose)
            self._retina.classes("grow")
            self.switch("Picture and class", "H", self.reveal)
            self.switch("Saliency", "M", self._show_maps)
        self.keys["G"] = "the next retina", lambda: self._retina.set_value(_next(names, self.eye.retina))
        for number, name in enumerate(names, start=1):
            self.keys[str(number)] = f"the retina {name}", lambda name=name: self._retina.set_value(name)
        with ui.element("div").classes("panels"):
            with panel("Glimpse", "glimpse"):
                self._glimpse = ui.element("div").classes("glimpse")
            with panel("The whole picture"):
                self._picture = image("The whole picture", name="picture")
                self._secret = ui.label("Hidden, so that you can guess.").classes("note")
            with panel("Saliency") as saliency:
                self._saliency = image("Where it is worth looking", name="saliency")
            with panel("After inhibition of return") as left:
                self._left = image("Where it is still worth looking", name="left")
        self._map_panels = saliency, left

    def point(self, gesture: str, x: float, y: float) -> bool:
        pixels = torch.tensor([math.floor(y), math.floor(x)]).clamp(0, self.side - 1)
        self.eye.point(pixels / self.side)
        return True

    def nudge(self, right: int, down: int, shift: bool) -> None:
        stride = (1 if shift else max(1, round(_STRIDE * self.side))) / self.side
        self.eye.nudge(stride * right, stride * down)

    def show(self, canvas: ui.interactive_image) -> None:
        eye = self.eye
        canvas.set_source(data_url(eye.known.picture))
        canvas.content = self._marks()
        self._glimpse.clear()
        with self._glimpse:
            for part, alt in zip(eye.glimpse, ("What the retina sends", "The same, straightened"), strict=False):
                image(alt, data_url(part))
        self._picture.set_visibility(self.reveals)
        self._secret.set_visibility(not self.reveals)
        under = eye.picture if self.reveals else eye.known.picture
        if self.reveals:
            _set_source(self._picture, data_url(under))
        for part in self._map_panels:
            part.set_visibility(self._maps_shown)
        if self._maps_shown:
            maps = eye.maps
            _set_source(self._saliency, data_url(heated(under, maps.saliency)))
            _set_source(self._left, data_url(heated(under, maps.left)))

    def told(self) -> str:
        row, col = (self.eye.poses[-1] * self.side).round().int().tolist()
        return f"View {len(self.eye.poses)} at row {row}, column {col}; {self.eye.known.share:.0%} of the picture seen."

    def told_path(self, thought: Thought) -> str:
        assert thought.place is not None
        assert thought.error is not None
        row, col = (thought.place * self.side).tolist()
        return (
            f"Since view {thought.start + 1} it thinks to have gone to row {row:.0f}, column {col:.0f} (dashed): "
            f"{thought.error * self.side:.1f} pixels, {thought.error:.0%} of the side, from where it is (green)."
        )

    def _marks(self) -> str:
        """What is drawn over the picture, the undermost first."""
        eye, side = self.eye, self.side
        points = [_centre(pose, side) for pose in eye.poses]
        marks = [drawings.window(points[-1], eye.pictures.fovea, side)]
        thought = eye.thoughts[-1] if eye.thoughts else None
        if thought is not None and thought.place is not None:
            start = points[thought.start]
            marks.append(drawings.arrow(start, points[-1], drawings.GREEN, side))
            marks.append(drawings.arrow(start, _centre(thought.place, side), drawings.VERMILLION, side, dashed=True))
        marks.append(drawings.scanpath(points, [True, *(player == YOU for player in eye.players)], side))
        if not torch.equal(eye.aim, eye.poses[-1]):
            marks.append(drawings.cursor(_centre(eye.aim, side), side))
        return "".join(marks)

    def _choose(self, event: events.ValueChangeEventArguments) -> None:
        self.do(lambda: self.eye.look_through(event.value))

    def _show_maps(self, whether: bool) -> None:
        self._maps_shown = whether


def _centre(pose: Tensor, side: int) -> drawings.Point:
    """The centre of a fixated pixel, in pixels."""
    row, col = (pose * side).tolist()
    return col + 0.5, row + 0.5


def _next(names: list[str], name: str) -> str:
    return names[(names.index(name) + 1) % len(names)]


def _set_source(element: ui.element, source: str) -> None:
    element.props(f'src="{source}"')
