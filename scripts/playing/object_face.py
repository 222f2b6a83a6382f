"""How an eye on an object is shown: its view, the axes of its body, and the views so far."""

from __future__ import annotations

import math

import torch
from nicegui import ui
from torch import Tensor

from ...envs import rotations
from ...envs.worlds import ObjectsWorld
from . import drawings
from .elements import image, panel
from .eye import Eye
from .face import Do, Face
from .hand import camera_axes, moved
from .insight import Thought
from .pictures import data_url

_TURN = 1 / 12  # of the hand's way across the view, by an arrow key: 15 degrees
_CLICK = 0.02  # of the view: less is no drag
_STRIP = 12  # views


class ObjectFace(Face):
    """See `Face`."""

    title = "What you see of the object"
    hint = "Drag to turn it, or turn the dashed axes with the arrow keys."
    moving = "turn the dashed axes (Shift: about the line of sight)"
    gestures = ("pointerdown", "pointermove", "pointerup", "pointerleave")

    def __init__(self, eye: Eye, do: Do):
        super().__init__(eye, do)
        assert isinstance(eye.world, ObjectsWorld)
        self.side = eye.world.view_shape[1]
        self._camera = camera_axes(eye.world.setup)
        self._grip: tuple[float, float] | None = None

    def build(self) -> None:
        with ui.element("div").classes("line"):
            self.switch("Class", "H", self.reveal)
        with panel("Views so far"):
            self._strip = ui.element("ol").classes("strip").props("data-testid=strip")

    def point(self, gesture: str, x: float, y: float) -> bool:
        """Take hold of the object, turn it with the hand, and look when it lets go."""
        if gesture == "pointerdown":
            self._grip = x, y
        if self._grip is None:
            return False
        right, down = ((at - start) / self.side for at, start in zip((x, y), self._grip, strict=True))
        self.eye.point(moved(self.eye.world, self.eye.poses[-1], right, down))
        if gesture in ("pointerup", "pointerleave"):
            self._grip = None
            return math.hypot(right, down) > _CLICK
        return False

    def nudge(self, right: int, down: int, shift: bool) -> None:
        if shift:
            self.eye.nudge(0, 0, roll=math.pi * _TURN * (right or down))
        else:
            self.eye.nudge(_TURN * right, _TURN * down)

    def show(self, canvas: ui.interactive_image) -> None:
        eye = self.eye
        canvas.set_source(_url(eye.views[-1]))
        here, aim = eye.poses[-1], eye.aim
        canvas.content = drawings.axes(self._seen(here), self.side)
        if not torch.equal(aim, here):
            canvas.content += drawings.axes(self._seen(aim), self.side, dashed=True)
        first = max(0, len(eye.views) - _STRIP)
        self._strip.clear()
        with self._strip:
            for number, view in enumerate(eye.views[first:], start=first + 1):
                with ui.element("li"):
                    image(f"View {number}", _url(view))
                    ui.label(str(number))

    def told(self) -> str:
        poses = self.eye.poses
        turned = math.degrees(self.eye.world.distance(poses[0], poses[-1]).item())
        return f"View {len(poses)}, turned by {turned:.0f}° from the first."

    def told_path(self, thought: Thought) -> str:
        assert thought.place is not None
        assert thought.error is not None
        start = self.eye.poses[thought.start]
        believed, true = (
            math.degrees(self.eye.world.distance(start[:4], pose[:4]).item())
            for pose in (thought.place, self.eye.poses[-1])
        )
        return (
            f"Since view {thought.start + 1}: it thinks that the object was turned by {believed:.0f}°; it was by "
            f"{true:.0f}°. Between the two lie {math.degrees(thought.error):.0f}°."
        )

    def _seen(self, pose: Tensor) -> Tensor:
        """The axes of the body as the camera sees them: to the right, upwards, into the view. (P,) -> (3, 3)."""
        return rotations.to_matrix(pose[:4].cpu()).T @ self._camera.T


def _url(view: Tensor) -> str:
    return data_url(view.permute(1, 2, 0).cpu().numpy())
