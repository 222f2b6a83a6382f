import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure
from saccadeworld.scripts.command import run
from saccadeworld.scripts.figures import curves
from saccadeworld.scripts.report import Report


@dataclass(frozen=True)
class Made:
    """A command that leaves a report."""

    out: Path
    speed: int = 3

    def run(self) -> None:
        report = Report("Cats & dogs")
        report.table(["a", "b"], [["<1", "2"]])
        report.figures("the caption", curves(["1"], {"own": [(0.5, 0.0)]}, {}, "scores"))
        plain = Figure(figsize=(2, 1))
        plain.subplots()
        report.figures("a plain one", plain)
        report.write(self.out / "report.html", self, [4, 5], {"train": "abc", "test": "def"})


class Page(HTMLParser):
    """Tags that are open at the end, elements by tag, and the text in them."""

    def __init__(self, path: Path):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in self.open[-1:]:
            self.texts.setdefault(tag, []).append(data)


def page_of(tmp_path: Path, *typed: str) -> Page:
    run(Made(tmp_path / "out"), typed)
    return Page(tmp_path / "out" / "report.html")


def test_it_ends_with_how_to_repeat_the_run(tmp_path):
    page = page_of(tmp_path, "demo", "--images", "my pictures", "--title", "it's")
    assert page.open == []
    assert page.texts["pre"] == ["saccadeworld demo --images 'my pictures' --title 'it'\"'\"'s'"]
    assert page.texts["h2"][-1] == "How to repeat this"
    cells = page.texts["td"][page.texts["td"].index("seeds") :]
    told = dict(zip(cells[::2], cells[1::2], strict=True))
    assert told["seeds"] == "4, 5"
    assert (told["data, train"], told["data, test"]) == ("abc", "def")
    assert told["torch"] == torch.__version__
    assert {"saccadeworld", "python", "numpy"} <= told.keys()


def test_a_command_that_python_called_is_told_as_a_call(tmp_path):
    page_of(tmp_path, "demo")
    page = page_of(tmp_path)
    assert page.texts["pre"] == [f"Made(out={(tmp_path / 'out')!r}, speed=3).run()"]


def test_pictures_are_told_in_words(tmp_path):
    described, plain = (attributes for tag, attributes in page_of(tmp_path).elements if tag == "img")
    assert described["alt"] == "Curves of scores: own 0.50 at 1."
    assert plain["alt"] == "a plain one"
    assert 100 < int(plain["width"]) < int(described["width"]) < 480, "two fit side by side"


def test_nothing_is_loaded_or_executed(tmp_path):
    page = page_of(tmp_path)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "link", "iframe", "object"})
    links = [value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")]
    assert len(links) == 2
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert not re.search(r"url\(|@import|https?:", page.source)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.texts["title"] == ["Cats & dogs"]
    assert "<td>&lt;1</td>" in page.source


@pytest.mark.parametrize("medium", ["(prefers-color-scheme: dark)", "print"])
def test_it_suits_dark_screens_and_paper(tmp_path, medium: str):
    style = "".join(page_of(tmp_path).texts["style"])
    colours = re.search(rf"@media {re.escape(medium)} {{\s*:root {{([^}}]*)}}", style)
    assert colours
    used = set(re.findall(r"var\((--[a-z]+)\)", style))
    assert used == set(re.findall(r"(--[a-z]+):", colours[1])), "every colour has its own there"
