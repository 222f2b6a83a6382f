"""What the page shows of a model's thoughts, or how to get a model."""

from __future__ import annotations

from html import escape

from nicegui import ui

from . import drawings
from .elements import panel
from .eye import Setting
from .face import Face


class ModelPanel:
    """Belief, surprise and path integration.

    Args:
        setting: whose model it is.
        face: what is shown beside it.
    """

    def __init__(self, setting: Setting, face: Face):
        self.setting = setting
        self.face = face
        self.insight = setting.insight
        if self.insight is None:
            self._build_advice()
            return
        if self.insight.belief is not None:
            with panel("What the model believes it is", "belief"):
                self._belief = ui.html(sanitize=False)
        with panel("How much each view surprised it", "surprise"):
            self._surprise = ui.html(sanitize=False)
            ui.label("1 - cosine of the embedding it predicted and that of the view that came").classes("note")
        with panel("Where it thinks the movements have led", "path"):
            self._path = ui.label()

    def _build_advice(self) -> None:
        with panel("No model", "advice"):
            ui.label(
                "What a world model believes, expects and remembers of the views would be shown here. To train one, "
                "and to play with it:"
            )
            for command in self.setting.how_to_get_a_model:
                words = " ".join(f"<span>{escape(word)}</span>" for word in command.split(" "))
                ui.html(f"<pre>{words}</pre>", sanitize=False)

    def show(self) -> None:
        """Show the thoughts at the newest view."""
        if self.insight is None:
            return
        thoughts = self.face.eye.thoughts
        newest = thoughts[-1]
        if newest.belief is not None:
            classes = self.setting.world.classes
            self._belief.content = drawings.belief_bars(newest.belief.tolist(), classes, self.face.truth)
        self._surprise.content = drawings.surprise_curve([thought.surprise for thought in thoughts])
        if not self.insight.paths:
            self._path.text = "It is not told movements."
        elif newest.place is None:
            self._path.text = "There was no movement yet."
        else:
            self._path.text = self.face.told_path(newest)
