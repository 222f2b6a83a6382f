"""The page of pictures in a browser."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from chromium import PATIENCE, Browser, needs_chromium, served
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

pytestmark = needs_chromium
_WITH_A_BROKEN_MOVER = """
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.scripts.play import main

def broken(episodes):
    raise RuntimeError("out of order")

make = ImagesWorld.make_policies
ImagesWorld.make_policies = lambda world: {"broken": broken} | make(world)
main()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen, str, Path]]:
    """The command without a model, in an empty folder, with a mover that fails; its process, address and folder."""
    folder = tmp_path_factory.mktemp("here")
    options = "--port 0 --no-browser --world.options size 48 fovea 16 count 6"
    with served(folder, ["-c", _WITH_A_BROKEN_MOVER, *options.split()]) as (process, address):
        yield process, address, folder


@pytest.fixture(scope="module")
def browser(page) -> Iterator[Browser]:
    opened = Browser(page[1])
    yield opened
    opened.driver.quit()


def test_a_click_looks_there(browser: Browser):
    before = browser.glimpse()
    browser.click(0.26, -0.24)
    browser.wait(lambda: browser.shown("status").startswith("View 2 at row 12, column 36;"))
    browser.wait(lambda: browser.glimpse() != before)
    assert browser.shown("place").endswith("view 2")
    assert [text.text for text in browser.find("canvas", "svg text")] == ["1", "2"]


def test_keys_alone_do(browser: Browser):
    browser.press("f", "b")
    browser.wait(lambda: browser.shown("status").startswith("View 1 at row 24, column 24;"))
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_UP)
    ActionChains(browser.driver).key_down(Keys.SHIFT).send_keys(Keys.ARROW_UP).key_up(Keys.SHIFT).perform()
    assert browser.driver.execute_script("return document.activeElement.dataset.testid") == "canvas"
    assert browser.driver.execute_script("return scrollY") == 0
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.shown("status").startswith("View 2 at row 20, column 30;"))
    place = browser.shown("place")
    browser.press("n")
    browser.wait(lambda: "scene 2" in browser.shown("place"))
    assert browser.shown("place") != place
    glimpse = browser.glimpse()
    browser.press("4")
    browser.wait(lambda: "100%" in browser.shown("status"))  # all of it is seen, but blurred
    assert browser.glimpse() != glimpse
    browser.press("1")
    browser.wait(lambda: "100%" not in browser.shown("status"))


def test_the_picture_and_its_class_can_be_hidden(browser: Browser):
    label = browser.shown("place").split(" · ")[2]
    (picture,) = browser.find("picture")
    assert picture.is_displayed()
    browser.press("h")
    browser.wait(lambda: not picture.is_displayed())
    assert label not in browser.shown("place")
    browser.press("h", "m")
    browser.wait(lambda: picture.is_displayed() and not browser.find("saliency")[0].is_displayed())
    browser.press("m")


def test_others_can_be_watched(browser: Browser):
    assert not browser.find("step")[0].is_enabled()
    browser.press("s")
    browser.wait(lambda: "it is you who looks" in browser.shown("alert"))
    browser.press("p", "p")  # saliency, after the one that fails
    browser.wait(lambda: browser.find("step")[0].is_enabled())
    assert browser.shown("alert") == ""
    view = int(browser.shown("place").rsplit(" ", 1)[1])
    browser.press("s")
    browser.wait(lambda: browser.shown("place").endswith(f"view {view + 1}"))
    browser.press("r")
    browser.wait(lambda: browser.shown("place").endswith(f"view {view + 3}"))
    assert browser.find("run")[0].get_attribute("aria-pressed") == "true"
    browser.press("r")
    browser.wait(lambda: browser.find("run")[0].get_attribute("aria-pressed") == "false")


def test_what_goes_wrong_is_shown_and_ends_nothing(browser: Browser):
    for _ in range(7):
        browser.press("p")  # back to the one that fails
    browser.press("p")
    browser.press("s")
    browser.wait(lambda: browser.shown("alert") == "This did not work: out of order")
    browser.press("b")
    browser.wait(lambda: browser.shown("alert") == "")
    browser.press("r")
    browser.wait(lambda: browser.shown("alert") == "This did not work: out of order")
    browser.wait(lambda: browser.find("run")[0].get_attribute("aria-pressed") == "false")
    browser.press("b")
    browser.wait(lambda: browser.shown("alert") == "" and browser.shown("place").endswith("view 1"))


def test_without_a_model_the_page_tells_how_to_get_one(browser: Browser):
    commands = [pre.text for pre in browser.find("advice", "pre")]
    options = "--world.name images --world.options size 48 fovea 16 count 6"
    assert commands[0].startswith("saccadeworld train ")
    assert commands[1] == f"saccadeworld play --model runs/model/model {options}"


def test_a_name_that_was_made_to_point_here_is_not_answered(page):
    host = page[1].removeprefix("http://")
    for name, status in ((host, 200), ("elsewhere.example", 400)):
        connection = HTTPConnection(host, timeout=PATIENCE)
        connection.request("GET", "/", headers={"Host": name})
        assert connection.getresponse().status == status
        connection.close()


def test_two_people_have_an_eye_each(browser: Browser, page):
    browser.press("b")
    browser.wait(lambda: browser.shown("place").endswith("view 1"))
    scene = browser.shown("place")
    other = Browser(page[1], 420, 900)
    try:
        assert "scene 1" in other.shown("place")
        other.click(0.1, 0.1)
        other.wait(lambda: other.shown("place").endswith("view 2"))
        wide = other.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], "a narrow window needs no scrolling to the side"
        assert browser.shown("place") == scene
        assert other.complaints() == []
        assert other.hosts() == {"127.0.0.1"}
    finally:
        other.driver.quit()


def test_everything_that_can_be_used_has_a_name(browser: Browser):
    tree = browser.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = {"button", "switch", "slider", "combobox", "textbox", "application", "image", "checkbox"}
    found = [
        (node["role"]["value"], node["name"]["value"]) for node in tree if node.get("role", {}).get("value") in used
    ]
    assert {"button", "application", "slider"} <= {role for role, _ in found}
    assert [role for role, name in found if not name.strip()] == []


def test_nothing_leaves_this_machine_and_nothing_is_left_behind(browser: Browser, page):
    process, _, folder = page
    assert browser.complaints() == []
    assert browser.hosts() == {"127.0.0.1"}
    assert list(folder.iterdir()) == []
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 130
    assert process.stderr is not None
    errors = [line for line in process.stderr.read().splitlines() if line and not line.startswith((" ", "Traceback"))]
    assert set(errors) == {"an error on the page", "RuntimeError: out of order"}
