"""The pictures of the pages are those that the script draws, and it still draws them."""

import re

import pytest
from PIL import Image
from saccadeworld.scripts.docs import pictures
from saccadeworld.scripts.docs.documents import PICTURES, ROOT

PAGES = ROOT / "scripts/docs/pages"


def test_every_picture_is_drawn_by_the_script_and_shown_on_a_page():
    drawn = {f"{name}.png" for name in pictures.FIGURES}
    assert {path.name for path in pictures.FOLDER.glob("*.png")} == drawn
    named = re.compile(r"pictures/([\w-]+\.(?:png|gif))")
    shown = {name for page in PAGES.rglob("*.md") for name in named.findall(page.read_text())}
    assert shown == drawn | {path.rsplit("/", 1)[1] for path in PICTURES.values()}


@pytest.mark.slow
def test_the_script_draws_them(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    pictures.main()
    for name in pictures.FIGURES:
        now, stored = (Image.open(folder / f"{name}.png").size for folder in (tmp_path, PAGES / "pictures"))
        assert now == pytest.approx(stored, rel=0.05), name
