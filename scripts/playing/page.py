"""The page: what one person sees of one `Eye`, and what clicks and keys do to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

from nicegui import events, ui

from ...envs.worlds import ImagesWorld
from . import drawings
from .elements import panel
from .eye import YOU, Eye, Setting
from .face import Face
from .model_panel import ModelPanel
from .object_face import ObjectFace
from .picture_eye import PictureEye
from .picture_face import PictureFace

_CSS = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_ARROWS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}
_SPEEDS, _SPEED = (0.5, 8.0), 2.0  # views in a second

# Arrow keys and Enter are the picture's while it has the focus, and do not scroll.
_OWN_KEYS = """(event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", " "].includes(event.key)) return;
    event.preventDefault();
    emit({ key: event.key, shift: event.shiftKey });
}"""
# Where the mouse goes without a button pressed is nobody's business.
_GESTURES = """(event) => {
    if (event.mouse_event_type !== "pointermove" || event.buttons) emit(event);
}"""


class Page:
    """Built into the NiceGUI client that is being served.

    Args:
        setting: what is played with.
    """

    def __init__(self, setting: Setting):
        self.setting = setting
        if isinstance(setting.world, ImagesWorld):
            eye = PictureEye(setting)
            self.eye: Eye = eye
            self.face: Face = PictureFace(eye, self._do)
        else:
            self.eye = Eye(setting)
            self.face = ObjectFace(self.eye, self._do)
        self.mover = YOU
        self.keys: dict[str, tuple[str, Callable[[], object]]] = {}
        self._timer = ui.timer(1 / _SPEED, self._tick, active=False)
        ui.add_css(_CSS)
        ui.colors(primary=drawings.BLUE)
        self._build()
        ui.keyboard(self._press, repeating=False, ignore=["input", "select", "textarea"])
        self._show()
        # NiceGUI leaves the image itself, in the element that is pointed at, without words for screen readers.
        ui.run_javascript(f"{self._element}.querySelector('img').alt = {json.dumps(self.face.title)}")
        self._focus()

    # What there is

    def _build(self) -> None:
        with ui.element("main").classes("play"):
            with ui.element("header"):
                ui.html("<h1>SaccadeWorld</h1>", sanitize=False)
                self._place = ui.label().classes("place").props("data-testid=place")
            self._alert = ui.label().classes("alert").props("role=alert data-testid=alert")
            with ui.element("div").classes("columns"):
                with ui.element("div"):
                    self._build_canvas()
                    self._build_controls()
                with ui.element("div"):
                    self.face.build()
                with ui.element("div"):
                    self._model = ModelPanel(self.setting, self.face)
                    self.keys |= self.face.keys
                    self._build_keys()

    def _build_canvas(self) -> None:
        face = self.face
        with panel(face.title):
            self._canvas = ui.interactive_image(events=list(face.gestures), sanitize=False).classes("canvas")
            if "pointerdown" in face.gestures:
                self._canvas.classes("drag")
            label = f'aria-label="{face.title}. {face.hint} Enter looks." aria-describedby=status'
            self._canvas.props(f"tabindex=0 role=application data-testid=canvas {label}")
            self._canvas.on("mouse", self._gesture, js_handler=_GESTURES)
            self._canvas.on("keydown", self._own_key, js_handler=_OWN_KEYS)
            ui.label(face.hint).classes("note")
            self._status = ui.label().classes("status").props("id=status role=status data-testid=status")

    def _build_controls(self) -> None:
        with ui.element("div").classes("controls").props('role=group aria-label="Controls"'):
            with ui.element("div").classes("line"):
                self._button("Look", "Enter", self._look)
                self._step_button = self._button("Step", "S", self._step)
                self._run_button = self._button("Run", "R", self._run)
                self._button("New scene", "N", self.eye.next_scene)
                self._button("Start over", "B", self.eye.restart)
            with ui.element("div").classes("line"):
                names = [YOU, *self.setting.movers]
                self._who = ui.select(names, value=YOU, label="Who looks (P)", on_change=self._choose_mover)
                self._who.classes("grow")
                with ui.element("div").classes("speed grow"):
                    speed = ui.slider(min=_SPEEDS[0], max=_SPEEDS[1], step=0.5, value=_SPEED)
                    speed.props('aria-label="Views a second"').on_value_change(self._choose_speed)
                    ui.label().bind_text_from(speed, "value", lambda value: f"{value:g} views a second")
        self.keys["P"] = (
            "the next one who looks",
            lambda: self._who.set_value(names[(names.index(self.mover) + 1) % len(names)]),
        )
        self.keys["F"] = "focus the picture", self._focus

    def _build_keys(self) -> None:
        rows = {"← → ↑ ↓": self.face.moving, "Enter": "look there"}
        rows |= {key: about for key, (about, _) in self.keys.items()}
        listed = "".join(f"<div><dt><kbd>{key}</kbd></dt><dd>{about}</dd></div>" for key, about in rows.items())
        with panel("Keys", "keys"):
            ui.html(f'<dl class="keys">{listed}</dl>', sanitize=False)

    def _button(self, label: str, key: str, act: Callable[[], object]) -> ui.button:
        main = key == "Enter"
        button = ui.button(on_click=lambda: self._do(act), color="primary" if main else None)
        button.props(f'no-caps {"unelevated" if main else "outline"} aria-keyshortcuts="{key}"')
        button.props(f'data-testid="{label.lower().replace(" ", "-")}"')
        with button:
            ui.html(f"<span>{label}</span> <kbd>{'↵' if main else key}</kbd>", sanitize=False)
        if not main:
            self.keys[key] = label.lower(), act
        return button

    # What people do

    def _gesture(self, event: events.GenericEventArguments) -> None:
        mouse = event.args

        def act() -> None:
            if self.face.point(mouse["mouse_event_type"], mouse["image_x"], mouse["image_y"]):
                self._look()

        self._do(act)

    def _own_key(self, event: events.GenericEventArguments) -> None:
        key, shift = event.args["key"], event.args["shift"]
        self._do(lambda: self.face.nudge(*_ARROWS[key], shift) if key in _ARROWS else self._look())

    def _press(self, event: events.KeyEventArguments) -> None:
        modifiers = event.modifiers
        if not event.action.keydown or modifiers.ctrl or modifiers.alt or modifiers.meta:
            return
        if (key := str(event.key.name).upper()) in self.keys:
            self._do(self.keys[key][1])

    def _look(self) -> None:
        self._timer.active = False
        self.eye.look()

    def _step(self) -> None:
        self._check_watching()
        if self.eye.full:
            self.eye.next_scene()
        else:
            self.eye.step(self.mover)

    def _run(self) -> None:
        self._check_watching()
        self._timer.active = not self._timer.active

    def _check_watching(self) -> None:
        if self.mover == YOU:
            raise ValueError("it is you who looks: choose somebody else to watch")

    def _tick(self) -> None:
        if not self._do(self._step):
            self._timer.active = False
            self._show_controls()

    def _choose_mover(self, event: events.ValueChangeEventArguments) -> None:
        def act() -> None:
            self.mover, self._timer.active = str(event.value), False

        self._do(act)

    def _choose_speed(self, event: events.ValueChangeEventArguments) -> None:
        self._timer.interval = 1 / event.value

    def _focus(self) -> None:
        ui.run_javascript(f"{self._element}.focus({{preventScroll: true}})")

    @property
    def _element(self) -> str:
        """The picture that is pointed at, in the words of the browser."""
        return f"getHtmlElement({self._canvas.id})"

    def _do(self, act: Callable[[], object]) -> bool:
        """Do it and show what came of it; what goes wrong is shown, too, and ends nothing. Whether it went well."""
        message = ""
        try:
            act()
            self._show()
        except ValueError as error:
            message = str(error)
        except Exception as error:
            logging.getLogger(__name__).exception("an error on the page")
            message = f"This did not work: {error}"
        self._alert.text = message
        return not message

    def _show(self) -> None:
        """Show how things stand."""
        eye, world = self.eye, self.setting.world
        truth = [] if self.face.truth is None else [self.face.truth]
        self._place.text = " · ".join([world.name, f"scene {eye.number + 1}", *truth, f"view {len(eye.poses)}"])
        told = self.face.told()
        if eye.thoughts and (belief := eye.thoughts[-1].belief) is not None:
            chance, best = belief.max(0)
            told += f" The model says {world.classes[int(best)]} ({chance:.0%})."
        self._status.text = told
        self._show_controls()
        self.face.show(self._canvas)
        self._model.show()

    def _show_controls(self) -> None:
        """Show whether there is somebody to watch, and whether they are running."""
        for button in (self._step_button, self._run_button):
            button.set_enabled(self.mover != YOU)
        self._run_button.props(f"aria-pressed={str(self._timer.active).lower()}")
