"""The page in a browser: the command as a person types it, and Chromium without a window."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="no Chromium with its ChromeDriver here; on Debian: apt-get install chromium chromium-driver",
)
_QUIET = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)
PATIENCE = 30  # seconds, on a machine that has other things to do


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

    def view(self) -> str:
        """The picture that is pointed at."""
        return self.driver.execute_script("return document.querySelector('[data-testid=canvas] img').src")

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

    def take_hold(self) -> None:
        """Of the middle of the picture, by the mouse button."""
        (canvas,) = self.find("canvas")
        ActionChains(self.driver).move_to_element(canvas).click_and_hold().perform()

    def drag(self, right: float, down: float) -> None:
        """What is held, by so many sides of the picture."""
        side = self.find("canvas")[0].rect["width"]
        ActionChains(self.driver, duration=50).move_by_offset(round(right * side), round(down * side)).perform()

    def let_go(self) -> None:
        ActionChains(self.driver).release().perform()

    def wait(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
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


@contextmanager
def served(folder: Path, command: Sequence[str]) -> Iterator[tuple[subprocess.Popen, str]]:
    """Python with these words, run in a folder, which serves the page; its process and address."""
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
            yield process, found[0]
        finally:
            process.kill()
