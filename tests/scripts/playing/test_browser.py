"""The page in a browser: the command as a person types it, and Chromium without a window."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="no Chromium with its ChromeDriver here; on Debian: apt-get install chromium chromium-driver",
)
_QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)
_WITH_A_BROKEN_MOVER = """
from saccadeworld.envs.worlds import ImagesWorld
from saccadeworld.scripts.play import main

def broken(episodes):
    raise RuntimeError("out of order")

make = ImagesWorld.make_policies
ImagesWorld.make_policies = lambda world: {"broken": broken} | make(world)
main()
"""
_PATIENCE = 30  # seconds, on a machine that has other things to do


class Browser:
    """A window of its own on the page.

    Args:
        address: of the page.
        width, height: of the window in pixels.
    """

    def __init__(self, address: str, width: int = 1440, height: int = 900):
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in _QUIET.split():
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(service=webdriver.ChromeService(DRIVER), options=options)
        self.resize(width, height)
        self.driver.get(address)
        self.wait(lambda: self.shown("status").startswith("View 1"))

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def find(self, name: str, inside: str = "") -> list:
        return self.driver.find_elements(By.CSS_SELECTOR, f'[data-testid="{name}"] {inside}')

    def shown(self, name: str) -> str:
        found = self.find(name)
        return found[0].text if found else ""

    def glimpse(self) -> str:
        return self.driver.execute_script("return document.querySelector('[data-testid=glimpse] img').src")

    def marks(self) -> str:
        """What is drawn over the picture."""
        return self.driver.execute_script("return document.querySelector('[data-testid=canvas] svg').innerHTML")

    def press(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def click(self, right: float, down: float) -> None:
        """At a place in sides of the picture from its middle."""
        (canvas,) = self.find("canvas")
        side = canvas.rect["width"]
        ActionChains(self.driver).move_to_element_with_offset(canvas, right * side, down * side).click().perform()

    def wait(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain: {self.driver.find_element(By.TAG_NAME, 'body').text}"
            time.sleep(0.02)

    def hosts(self) -> set[str]:
        """Hosts that were asked for anything since this was last called."""
        events = (json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance"))
        addresses = [
            event["params"]["request"]["url"] if "request" in event["params"] else event["params"]["url"]
            for event in events
            if event["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated")
        ]
        return {urlsplit(address).hostname or "" for address in addresses if not address.startswith("data:")}

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen, str, Path]]:
    """The command without a model, in an empty folder, with a mover that fails; its process, address and folder."""
    folder = tmp_path_factory.mktemp("here")
    options = "--port 0 --no-browser --world.options size 48 fovea 16 count 6"
    command = ["-c", _WITH_A_BROKEN_MOVER, *options.split()]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", told)
            assert found, f"{told}{process.communicate(timeout=10)}"
            yield process, found[0], folder
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser(served) -> Iterator[Browser]:
    opened = Browser(served[1])
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


def test_a_name_that_was_made_to_point_here_is_not_answered(served):
    host = served[1].removeprefix("http://")
    for name, status in ((host, 200), ("elsewhere.example", 400)):
        connection = HTTPConnection(host, timeout=_PATIENCE)
        connection.request("GET", "/", headers={"Host": name})
        assert connection.getresponse().status == status
        connection.close()


def test_two_people_have_an_eye_each(browser: Browser, served):
    browser.press("b")
    browser.wait(lambda: browser.shown("place").endswith("view 1"))
    scene = browser.shown("place")
    other = Browser(served[1], 420, 900)
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


def test_nothing_leaves_this_machine_and_nothing_is_left_behind(browser: Browser, served):
    process, _, folder = served
    assert browser.complaints() == []
    assert browser.hosts() == {"127.0.0.1"}
    assert list(folder.iterdir()) == []
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=_PATIENCE) == 130
    assert process.stderr is not None
    errors = [line for line in process.stderr.read().splitlines() if line and not line.startswith((" ", "Traceback"))]
    assert set(errors) == {"an error on the page", "RuntimeError: out of order"}
