"""Open a page in headless Chromium, and note everything it asks for or complains about."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--window-size=1400,1000")


@contextmanager
def chromium() -> Iterator[webdriver.Chrome]:
    """Start the browser; skip the test where it, or its driver, is missing."""
    binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("no Chromium with a chromedriver here (Debian: apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield opened
    finally:
        opened.quit()


def open_page(browser: webdriver.Chrome, page: Path) -> None:
    """Open a file, with empty logs."""
    requests(browser), complaints(browser)
    browser.get(page.resolve().as_uri())


def requests(browser: webdriver.Chrome) -> list[str]:
    """List the addresses that were asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]  # type: ignore[no-untyped-call]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def complaints(browser: webdriver.Chrome) -> list[str]:
    """List what the console said since the last call."""
    return [entry["message"] for entry in browser.get_log("browser")]  # type: ignore[no-untyped-call]


def prefer(browser: webdriver.Chrome, scheme: str) -> None:
    """Choose light or dark."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def violations(browser: webdriver.Chrome, axe: Path) -> list[tuple[str, str, Any]]:
    """Run axe-core on the page; give rule, impact and the first elements of each violation."""
    browser.execute_script(axe.read_text(encoding="utf-8"))
    found = browser.execute_async_script("axe.run(document).then(arguments[0])")
    return [(one["id"], one["impact"], [node["target"] for node in one["nodes"][:3]])
            for one in found["violations"]]
