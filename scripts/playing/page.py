"""The page: what one person sees of one `Eye`, and what clicks and keys do to it."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

import torch
from nicegui import events, ui

from ...envs import rotations
from ...envs.worlds import ImagesWorld, ObjectsWorld
from . import drawings
from .eye import YOU, Eye, Setting
from .hand import camera_axes, moved
from .pictures import data_url, heated

_CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}
_STRIDE = 1 / 16  # of the picture's side, by an arrow key; with Shift a pixel
_TURN = 1 / 12  # of the hand's way across the view, by an arrow key: 15 degrees
_CLICK = 0.02  # of the view: less is no drag
_SPEEDS = (0.5, 8.0)  # views in a second
_STRIP = 12  # views

# Arrow keys and Enter are the picture's while it has the focus, and do not scroll.
_OWN_KEYS = """(event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", " "].includes(event.key)) return;
    event.preventDefault();
    emit({ key: event.key, shift: event.shiftKey });
}"""
# What the mouse does without a button pressed is nobody's business.
_DRAGS = """(event) => {
    if (event.mouse_event_type !== "pointermove" || event.buttons) emit(event);
}"""


class Page:
    """Built into the NiceGUI client that is being served.

    Args:
        setting: what is played with.
    """

    def __init__(self, setting: Setting):
        self.setting = setting
        self.eye = Eye(setting)
        self.pictures = isinstance(setting.world, ImagesWorld)
        self.shows_picture = self.shows_maps = True
        self.mover = YOU
        self._grip: tuple[float, float] | None = None
        self.keys: dict[str, tuple[str, Callable[[], None]]] = {}
        ui.add_css(_CSS)
        ui.colors(primary=drawings.BLUE)
        self._build()
        self._timer = ui.timer(1.0, self._tick, active=False)
        ui.keyboard(self._press, repeating=False, ignore=["input", "select", "textarea"])
        self._refresh()
        self._focus()

    # What there is

    def _build(self) -> None:
        with ui.element("main").classes("play"):
            with ui.element("header"):
                ui.html("<h1>SaccadeWorld</h1>", sanitize=False)
                self._place = ui.label().classes("place").props("data-testid=place")
            self._alert = ui.label().classes("alert").props('role="alert" data-testid="alert"')
            with ui.element("div").classes("columns"):
                with ui.element("div").classes("column-eye"):
                    self._build_canvas()
                    self._build_controls()
                with ui.element("div").classes("column-side"):
                    (self._build_pictures if self.pictures else self._build_strip)()
                with ui.element("div").classes("column-model"):
                    self._build_model()
            self._build_keys()

    def _build_canvas(self) -> None:
        if self.pictures:
            title, hint = "What you know of the picture", "Click to look there, or move the cross with the arrow keys."
        else:
            title, hint = "What you see of the object", "Drag to turn it, or turn the dashed axes with the arrow keys."
        with _panel(title, "canvas-panel"):
            self._canvas = ui.interactive_image(
                events=["click"] if self.pictures else ["pointerdown", "pointermove", "pointerup", "pointerleave"],
                sanitize=False,
            ).classes("canvas" if self.pictures else "canvas drag")
            self._canvas.props(
                f'tabindex=0 role=application data-testid=canvas aria-describedby=status aria-label="{title}. {hint} '
                'Enter looks."'
            )
            self._canvas.on("mouse", self._mouse, js_handler=_DRAGS)
            self._canvas.on("keydown", self._own_key, js_handler=_OWN_KEYS)
            self._status = ui.label().classes("status").props("id=status role=status data-testid=status")

    def _build_controls(self) -> None:
        with ui.element("div").classes("controls").props('role=group aria-label="Controls"'):
            with ui.element("div").classes("row"):
                self._button("Look", "Enter", self._look)
                self._step_button = self._button("Step", "S", self._step)
                self._run_button = self._button("Run", "R", self._run)
                self._button("New scene", "N", self._new_scene)
                self._button("Start over", "B", self._start_over)
            with ui.element("div").classes("row"):
                self._who = ui.select(
                    [YOU, *self.setting.movers], value=YOU, label="Who looks (P)", on_change=self._choose_mover
                ).classes("grow")
                if self.pictures:
                    self._retina = ui.select(
                        list(self.eye.retinas), value=self.eye.retina, label="Retina (G)", on_change=self._choose_retina
                    ).classes("grow")
                with ui.element("div").classes("speed grow"):
                    ui.label("Views a second").props("id=speed-label")
                    self._speed = ui.slider(min=_SPEEDS[0], max=_SPEEDS[1], step=0.5, value=2).props(
                        'label-always aria-labelledby=speed-label'
                    )
                    self._speed.on_value_change(self._choose_speed)
        self.keys["P"] = "the next one who looks", self._next_mover
        self.keys["F"] = "focus the picture", self._focus
        if self.pictures:
            self.keys["G"] = "the next retina", self._next_retina

    def _build_pictures(self) -> None:
        with ui.element("div").classes("row"):
            self._picture_switch = ui.switch("Picture and class (H)", value=True, on_change=self._show_picture)
            self._maps_switch = ui.switch("Saliency (M)", value=True, on_change=self._show_maps)
        self.keys["H"] = "hide or show the picture and its class", lambda: _toggle(self._picture_switch)
        self.keys["M"] = "hide or show saliency", lambda: _toggle(self._maps_switch)
        with ui.element("div").classes("panels"):
            with _panel("Glimpse") as panel:
                panel.props("data-testid=glimpse")
                self._glimpse = ui.element("div").classes("glimpse")
            with _panel("The whole picture"):
                self._picture = _image("The whole picture, with the scanpath", "picture")
            with _panel("Saliency") as self._saliency_panel:
                self._saliency = _image("Where it is worth looking", "saliency")
            with _panel("After inhibition of return") as self._left_panel:
                self._left = _image("Where it is still worth looking", "left")

    def _build_strip(self) -> None:
        with _panel("Views so far"):
            self._strip = ui.element("ol").classes("strip").props("data-testid=strip")

    def _build_model(self) -> None:
        if self.setting.insight is None:
            with _panel("No model"):
                ui.label("What a world model believes, expects and remembers of the views needs one. To train it:")
                for command in self.setting.how_to_get_a_model:
                    ui.html(f"<pre>{escape(command)}</pre>", sanitize=False).props("data-testid=advice")
            return
        if self.setting.insight.belief is not None:
            with _panel("What the model believes it is"):
                self._belief = ui.html(sanitize=False).props("data-testid=belief")
        with _panel("How much each view surprised it"):
            self._surprise = ui.html(sanitize=False).props("data-testid=surprise")
            ui.label("1 - cosine of the embedding it predicted and that of the view that came").classes("note")
        with _panel("Where it thinks the movements have led"):
            self._path = ui.label().props("data-testid=path")
            if self.pictures:
                ui.html(
                    f'<p class="note">Arrows on the picture: <b style="--ink:{drawings.GREEN}">the way it went</b>, '
                    f'<b style="--ink:{drawings.VERMILLION}" class="dashed">the way it thinks</b></p>',
                    sanitize=False,
                )

    def _build_keys(self) -> None:
        moving = "move the cross (Shift: by a pixel)" if self.pictures else "turn the axes (Shift: about the line of sight)"
        rows = {"← → ↑ ↓": moving, "Enter": "look there"} | {key: about for key, (about, _) in self.keys.items()}
        if self.pictures:
            rows["1 to " + str(len(self.eye.retinas))] = "a retina"
        listed = "".join(f"<div><dt><kbd>{key}</kbd></dt><dd>{about}</dd></div>" for key, about in rows.items())
        ui.html(f'<section aria-label="Keys"><h2>Keys</h2><dl class="keys">{listed}</dl></section>', sanitize=False)

    def _button(self, label: str, key: str, act: Callable[[], None]) -> ui.button:
        button = ui.button(on_click=lambda: self._do(act)).props(f'no-caps aria-keyshortcuts="{key}"')
        button.props(f'data-testid="{label.lower().replace(" ", "-")}"')
        with button:
            ui.html(f"<span>{label}</span> <kbd>{'↵' if key == 'Enter' else key}</kbd>", sanitize=False)
        if key != "Enter":
            self.keys[key] = label.lower(), act
        return button

    # What people do

    def _mouse(self, event: events.GenericEventArguments) -> None:
        mouse = event.args
        side = self.setting.world.view_shape[1] if not self.pictures else 1
        x, y = mouse["image_x"] / side, mouse["image_y"] / side
        self._do(lambda: self._click(x, y) if self.pictures else self._drag(mouse["mouse_event_type"], x, y))

    def _click(self, x: float, y: float) -> None:
        side = self._side
        self.eye.point(torch.tensor([math.floor(y), math.floor(x)]).clamp(0, side - 1) / side)
        self._look()

    def _drag(self, what: str, x: float, y: float) -> None:
        """Turn the object with the hand, and look when it lets go."""
        if what == "pointerdown":
            self._grip = x, y
        elif self._grip is not None:
            right, down = x - self._grip[0], y - self._grip[1]
            self.eye.point(moved(self.setting.world, self.eye.poses[-1], right, down))
            if what != "pointermove":
                self._grip = None
                if math.hypot(right, down) > _CLICK:
                    self._look()

    def _own_key(self, event: events.GenericEventArguments) -> None:
        key, shift = event.args["key"], event.args["shift"]
        if key in _ARROWS:
            self._do(lambda: self._nudge(*_ARROWS[key], shift))
        else:
            self._do(self._look)

    def _nudge(self, right: int, down: int, fine: bool) -> None:
        if self.pictures:
            stride = 1 / self._side if fine else max(1, round(_STRIDE * self._side)) / self._side
            self.eye.nudge(stride * right, stride * down)
        elif fine:
            self.eye.nudge(0, 0, roll=math.pi * _TURN * (right or down))
        else:
            self.eye.nudge(_TURN * right, _TURN * down)

    def _press(self, event: events.KeyEventArguments) -> None:
        modifiers = event.modifiers
        if not event.action.keydown or modifiers.ctrl or modifiers.alt or modifiers.meta:
            return
        key = str(event.key.name).upper()
        if key in self.keys:
            self._do(self.keys[key][1])
        elif self.pictures and key.isdigit() and 1 <= int(key) <= len(self.eye.retinas):
            self._retina.value = self.eye.retinas[int(key) - 1]

    def _look(self) -> None:
        self._pause()
        self.eye.look()

    def _step(self) -> None:
        if self.mover == YOU:
            raise ValueError("it is you who looks: choose somebody else to watch")
        if self.eye.full:
            self.eye.next_scene()
        else:
            self.eye.step(self.mover)

    def _run(self) -> None:
        if self.mover == YOU and not self._timer.active:
            raise ValueError("it is you who looks: choose somebody else to watch")
        self._timer.active = not self._timer.active

    def _pause(self) -> None:
        self._timer.active = False

    def _tick(self) -> None:
        if not self._do(self._step):
            self._pause()

    def _new_scene(self) -> None:
        self.eye.next_scene()

    def _start_over(self) -> None:
        self.eye.restart()

    def _choose_mover(self, event: events.ValueChangeEventArguments) -> None:
        self.mover = event.value
        self._pause()
        self._do(lambda: None)

    def _next_mover(self) -> None:
        names = [YOU, *self.setting.movers]
        self._who.value = names[(names.index(self.mover) + 1) % len(names)]

    def _choose_retina(self, event: events.ValueChangeEventArguments) -> None:
        self._do(lambda: self.eye.look_through(event.value))

    def _next_retina(self) -> None:
        names = self.eye.retinas
        self._retina.value = names[(names.index(self.eye.retina) + 1) % len(names)]

    def _choose_speed(self, event: events.ValueChangeEventArguments) -> None:
        self._timer.interval = 1 / event.value

    def _show_picture(self, event: events.ValueChangeEventArguments) -> None:
        self.shows_picture = event.value
        self._do(lambda: None)

    def _show_maps(self, event: events.ValueChangeEventArguments) -> None:
        self.shows_maps = event.value
        self._do(lambda: None)

    def _focus(self) -> None:
        ui.run_javascript(f"getHtmlElement({self._canvas.id})?.focus({{preventScroll: true}})")

    def _do(self, act: Callable[[], None]) -> bool:
        """Do it and show what came of it; what goes wrong is shown, too, and ends nothing. Whether it went well."""
        message = ""
        try:
            act()
            self._refresh()
        except ValueError as error:
            message = str(error)
        except Exception as error:
            logging.getLogger(__name__).exception("an error on the page")
            message = f"This did not work: {error}"
        self._alert.text = message
        return not message

    # What is shown

    @property
    def _side(self) -> int:
        """Of the picture in pixels, or of the view."""
        world = self.setting.world
        return world.side if isinstance(world, ImagesWorld) else world.view_shape[1]

    def _refresh(self) -> None:
        eye = self.eye
        world = self.setting.world
        label = f", {eye.label}" if eye.label is not None and (self.shows_picture or not self.pictures) else ""
        self._place.text = f"{world.name}, scene {eye.number + 1}{label}, view {len(eye.poses)}"
        self._status.text = self._told()
        watching = self.mover != YOU
        self._step_button.set_enabled(watching)
        self._run_button.set_enabled(watching)
        self._run_button.props(f"aria-pressed={str(self._timer_active).lower()}")
        if self.pictures:
            self._refresh_pictures()
        else:
            self._refresh_views()
        self._refresh_model()

    @property
    def _timer_active(self) -> bool:
        return hasattr(self, "_timer") and self._timer.active

    def _told(self) -> str:
        """The newest view in words."""
        eye = self.eye
        if self.pictures:
            row, col = (eye.poses[-1] * self._side).round().int().tolist()
            where = f"View {len(eye.poses)} at row {row}, column {col}; {eye.known.share:.0%} of the picture seen."
        else:
            turned = math.degrees(eye.world.distance(eye.poses[0], eye.poses[-1]).item())
            where = f"View {len(eye.poses)}, {turned:.0f}° from the first."
        return where

    def _refresh_pictures(self) -> None:
        eye, side = self.eye, self._side
        points = [_centre(pose, side) for pose in eye.poses]
        path = drawings.scanpath(points, [True, *(player == YOU for player in eye.players)], side)
        self._canvas.set_source(data_url(eye.known.picture))
        marks = [path, drawings.cursor(_centre(eye.aim, side), side)]
        thought = eye.thoughts[-1] if eye.thoughts else None
        if thought is not None and thought.place is not None:
            start = points[thought.start]
            marks.append(drawings.arrow(start, points[-1], drawings.GREEN, side))
            marks.append(drawings.arrow(start, _centre(thought.place, side), drawings.VERMILLION, side, dashed=True))
        self._canvas.content = drawings.window(points[-1], eye.world.options["fovea"], side) + "".join(marks)
        self._glimpse.clear()
        with self._glimpse:
            for i, part in enumerate(eye.glimpse):
                _image("What the retina sends" if i == 0 else "The same, straightened", f"glimpse-{i}").props(
                    f'src="{data_url(part)}"'
                )
        under = eye.picture if self.shows_picture else eye.known.picture
        self._picture.classes(remove="hidden-picture") if self.shows_picture else self._picture.classes("hidden-picture")
        self._picture.props(f'src="{data_url(under)}"')
        for panel in (self._saliency_panel, self._left_panel):
            panel.set_visibility(self.shows_maps)
        if self.shows_maps:
            maps = eye.maps
            self._saliency.props(f'src="{data_url(heated(under, maps.saliency))}"')
            self._left.props(f'src="{data_url(heated(under, maps.left))}"')

    def _refresh_views(self) -> None:
        eye, world, side = self.eye, self.setting.world, self._side
        assert isinstance(world, ObjectsWorld)
        self._canvas.set_source(data_url(_array(eye.views[-1])))
        camera = camera_axes(world.setup)
        here, there = (
            (rotations.to_matrix(pose[:4].cpu()).T @ camera.T).numpy() for pose in (eye.poses[-1], eye.aim)
        )
        self._canvas.content = drawings.axes(here, side) + (
            "" if torch.equal(eye.aim, eye.poses[-1]) else drawings.axes(there, side, dashed=True)
        )
        self._strip.clear()
        first = max(0, len(eye.views) - _STRIP)
        with self._strip:
            for number, view in enumerate(eye.views[first:], start=first + 1):
                with ui.element("li"):
                    _image(f"View {number}", "").props(f'src="{data_url(_array(view))}"')
                    ui.label(str(number))

    def _refresh_model(self) -> None:
        insight, thoughts = self.setting.insight, self.eye.thoughts
        if insight is None:
            return
        newest = thoughts[-1]
        if newest.belief is not None:
            truth = self.eye.label if self.shows_picture or not self.pictures else None
            self._belief.content = drawings.belief_bars(newest.belief.tolist(), self.setting.world.classes, truth)
        self._surprise.content = drawings.surprise_curve([thought.surprise for thought in thoughts])
        self._path.text = self._told_path()

    def _told_path(self) -> str:
        newest = self.eye.thoughts[-1]
        assert self.setting.insight is not None
        if not self.setting.insight.paths:
            return "It is not told movements."
        if newest.place is None or newest.error is None:
            return "There was no movement yet."
        since = f"Since view {newest.start + 1}"
        if self.pictures:
            row, col = (newest.place * self._side).tolist()
            return (
                f"{since}: it thinks the eye is at row {row:.0f}, column {col:.0f}, {newest.error * self._side:.1f} "
                f"pixels ({newest.error:.0%} of the side) from where it is."
            )
        start = self.eye.poses[newest.start]
        thought, true = (
            math.degrees(rotations.angle_between(start[:4], pose[:4]).item())
            for pose in (newest.place, self.eye.poses[-1])
        )
        return (
            f"{since}: it thinks the object was turned by {thought:.0f}°, in truth by {true:.0f}°; between the two lie "
            f"{math.degrees(newest.error):.0f}°."
        )


@contextmanager
def _panel(title: str, name: str = "") -> Iterator[ui.element]:
    """A part of the page with a heading."""
    with ui.element("section").classes(f"panel {name}") as panel:
        ui.html(f"<h2>{title}</h2>", sanitize=False)
        yield panel


def _image(alt: str, name: str) -> ui.element:
    return ui.element("img").props(f'alt="{alt}" data-testid="{name}"').classes("pixels")


def _toggle(switch: ui.switch) -> None:
    switch.value = not switch.value


def _centre(pose: torch.Tensor, side: int) -> drawings.Point:
    """The centre of a fixated pixel, in pixels."""
    row, col = (pose * side).tolist()
    return col + 0.5, row + 0.5


def _array(view: torch.Tensor):
    return view.permute(1, 2, 0).cpu().numpy()
