"""The page of objects in a browser: a hand, and keys, turn what is seen."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from chromium import Browser, needs_chromium, served
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    options = "--port 0 --no-browser --world.name objects --world.options size 32 count 2"
    with served(tmp_path_factory.mktemp("here"), ["-m", "saccadeworld.scripts.play", *options.split()]) as (_, address):
        yield address


@pytest.fixture(params=[(1440, 900), (420, 900)], ids=["wide", "narrow"])
def browser(request: pytest.FixtureRequest, address: str) -> Iterator[Browser]:
    opened = Browser(address, *request.param)
    yield opened
    opened.driver.quit()


def test_it_is_turned_by_hand_and_by_keys(browser: Browser):
    """A hand across the whole view is half a turn, an arrow key a twelfth of that; turned back it looks as before."""
    first, axes = browser.view(), browser.marks()
    assert "dasharray" not in axes
    browser.take_hold()
    browser.drag(0.25, 0)
    browser.wait(lambda: "dasharray" in browser.marks())
    assert browser.shown("place").endswith("view 1"), "it is not looked at before it is let go"
    browser.let_go()
    browser.wait(lambda: browser.shown("status") == "View 2, turned by 45° from the first.")
    browser.wait(lambda: browser.view() != first)
    assert "dasharray" not in browser.marks()
    browser.wait(lambda: len(browser.find("strip", "img")) == 2)
    shown = [view.get_attribute("src") for view in browser.find("strip", "img")]
    assert shown == [first, browser.view()]

    browser.take_hold()
    browser.drag(-0.25, 0)
    browser.let_go()
    browser.wait(lambda: browser.shown("status") == "View 3, turned by 0° from the first.")
    browser.wait(lambda: browser.view() == first)

    browser.press("f", Keys.ARROW_LEFT, Keys.ARROW_LEFT)
    ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_UP).key_up(Keys.SHIFT).perform()
    browser.wait(lambda: "dasharray" in browser.marks())
    assert browser.driver.execute_script("return [scrollX, scrollY]") == [0, 0]
    assert browser.shown("place").endswith("view 3")
    browser.press(Keys.ENTER)
    # Two turns about axes that are upright to each other, 30° and 15°:
    turned = 2 * math.degrees(math.acos(math.cos(math.radians(30 / 2)) * math.cos(math.radians(15 / 2))))
    browser.wait(lambda: browser.shown("status") == f"View 4, turned by {turned:.0f}° from the first.")
    browser.wait(lambda: browser.view() != first)


def test_a_click_is_no_drag_and_who_leaves_the_view_lets_go(browser: Browser):
    browser.click(0.2, 0.2)
    browser.take_hold()
    browser.drag(0, 0.6)  # the pointer is out of the view, where the object was let go
    browser.wait(lambda: browser.shown("place").endswith("view 2"))
    turned = browser.shown("status")
    browser.drag(0, -0.3)
    browser.let_go()
    browser.press("h")
    browser.wait(lambda: browser.shown("place") == "objects · scene 1 · view 2")
    assert browser.shown("status") == turned
    wide = browser.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1], "no window needs scrolling to the side"
    assert browser.complaints() == []
    assert browser.hosts() == {"127.0.0.1"}
