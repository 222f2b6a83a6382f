"""Drawings: read as XML, as a browser does."""

from xml.etree import ElementTree

import pytest
import torch
from saccadeworld.scripts.playing import drawings


def parsed(content: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<svg>{content}</svg>")


def test_a_scanpath_goes_through_its_fixations_in_their_order():
    points = [(24.5, 24.5), (10.5, 30.5), (40.5, 5.5)]
    svg = parsed(drawings.scanpath(points, [True, True, False], 48))
    circles = [(float(c.get("cx")), float(c.get("cy")), c.get("fill")) for c in svg.iter("circle")]
    colours = [drawings.ORANGE, drawings.ORANGE, drawings.SKY]
    assert circles == [(*point, colour) for point, colour in zip(points, colours, strict=True)]
    assert [text.text for text in svg.iter("text")] == ["1", "2", "3"]
    assert svg.find("polyline").get("points") == "24.50,24.50 10.50,30.50 40.50,5.50"


def test_of_many_fixations_the_last_are_numbered():
    svg = parsed(drawings.scanpath([(i, i) for i in range(20)], [True] * 20, 48))
    assert [int(text.text) for text in svg.iter("text")] == list(range(9, 21))
    assert len(list(svg.iter("circle"))) == 20


def test_the_window_and_the_axes_lie_where_they_are():
    frame = parsed(drawings.window((20.5, 10.5), 12, 48)).find("rect")
    assert (frame.get("x"), frame.get("y"), frame.get("width")) == ("14.00", "4.00", "12"), "as `crop` cuts it"
    assert parsed(drawings.window((20.5, 10.5), 13, 48)).find("rect").get("x") == "14.00"
    lines = list(parsed(drawings.axes(torch.eye(3), 100)).iter("line"))
    first = {line.get("stroke"): line for line in reversed(lines)}
    right, up = first[drawings.VERMILLION], first[drawings.GREEN]
    assert float(right.get("x2")) > float(right.get("x1"))
    assert right.get("y1") == right.get("y2")
    assert float(up.get("y2")) < float(up.get("y1")), "rows count downwards"
    assert lines[0].get("stroke") == lines[1].get("stroke") or lines[1].get("stroke") == drawings.SKY


def test_bars_are_the_most_probable_classes_and_the_true_one():
    names = [f"class {i}" for i in range(9)]
    belief = [0.3, 0.01, 0.2, 0.02, 0.15, 0.12, 0.1, 0.06, 0.04]
    rows = parsed(drawings.belief_bars(belief, names, "class 1")).findall("./ol/li")
    shown = ["".join(row.find("span").itertext()).split(" ✓")[0] for row in rows]
    assert shown == ["class 0", "class 2", "class 4", "class 5", "class 6", "class 1"]
    assert [row.get("class") for row in rows] == [""] * 5 + ["true"]
    widths = [row.find("./span/span[@class='bar']").get("style") for row in rows]
    assert widths == ["width:30.0%", "width:20.0%", "width:15.0%", "width:12.0%", "width:10.0%", "width:1.0%"]


def test_a_class_that_is_to_be_guessed_is_not_told():
    content = drawings.belief_bars([0.9, 0.1], ["ant", "bee"], None)
    assert "true" not in content


def test_names_of_classes_are_words_and_not_markup():
    name = '<img src=x onerror="alert(1)">&'
    (row,) = parsed(drawings.belief_bars([1.0], [name], name)).iter("li")
    assert row.find("img") is None
    assert row.find("span").text == name


@pytest.mark.parametrize(("greatest", "top"), [(0.15, "0.2"), (0.4, "0.5"), (0.7, "1"), (1.3, "2")])
def test_the_scale_of_surprise_holds_the_greatest(greatest: float, top: str):
    svg = ElementTree.fromstring(drawings.surprise_curve([None, 0.1, greatest, 0.05]))
    assert top in [text.text for text in svg.iter("text")]
    circles = [(float(c.get("cx")), float(c.get("cy"))) for c in svg.iter("circle")]
    assert len(circles) == 3
    assert circles == sorted(circles)
    assert all(8 <= y <= 90 for _, y in circles)
    assert circles[1][1] == min(y for _, y in circles), "more is higher"
    assert "0.05 at view 4" in svg.get("aria-label")


def test_there_is_a_curve_before_there_is_surprise():
    assert "none yet" in ElementTree.fromstring(drawings.surprise_curve([None])).get("aria-label")
