"""The page of a class: one file that asks for nothing, and what it does in a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from grader.classroom.report.model import make_report
from grader.classroom.report.page import render
from grader.tests.browser import chromium, complaints, open_page, prefer, requests, violations
from grader.tests.class_samples import HOSTILE, cell, course, random_class, record, student

AXE = "GRADER_AXE"
NAMES = "#grid tbody tr:not([hidden]) th"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of a class of forty and one with a hostile name."""
    folder = tmp_path_factory.mktemp("page")
    made = course(folder, lessons=2)
    drawn = random_class(made, 40)
    hostile = student(HOSTILE, cell("values", mistake="swaps_1_1"), remarks=(HOSTILE,), late=HOSTILE)
    file = folder / "report.html"
    report = make_report(made, record([*drawn.students, hostile], code={("1.1", "swaps_1_1"): (HOSTILE,)}))
    file.write_text(render(report), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    """Start one browser for all tests of this file."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def opened(browser: Chrome, page: Path) -> Iterator[Chrome]:
    """Open the page; whatever a test does, the console stays silent and nothing is asked for."""
    open_page(browser, page)
    yield browser
    assert complaints(browser) == []
    assert requests(browser) == [page.resolve().as_uri()]


def names(browser: Chrome) -> list[str]:
    """List the students in the order in which they are shown."""
    return [str(browser.execute_script("return arguments[0].textContent", cell)).strip()
            for cell in browser.find_elements(By.CSS_SELECTOR, NAMES)]


def test_the_page_is_one_file_with_a_strict_policy(page: Path) -> None:
    """Nothing is loaded from elsewhere, and no script but the page's own may run."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)=(?!"#)', text.replace("&lt;img src=x", "")) == []
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert "<img" not in text
    assert not {"\u202e", "\x1b"} & set(text)


def test_a_large_class_stays_small(tmp_path: Path) -> None:
    """500 students and 60 exercises are a page below 2 MB."""
    made = course(tmp_path, lessons=6)
    text = render(make_report(made, random_class(made, 500)))
    assert len(text.encode()) < 2_000_000
    assert text.count("<tr data-s=") == 500


def test_a_class_without_results_has_a_page(tmp_path: Path) -> None:
    """Where nothing was handed in, every part says so."""
    text = render(make_report(course(tmp_path), record([student("Ada")])))
    for sentence in ("No known misconception", "No checkpoint has a result yet", "Nothing came late",
                     "No score was changed by hand", "Not looked at."):
        assert sentence in text


def test_sorting_by_score_and_by_an_exercise(opened: Chrome) -> None:
    """A heading sorts up, then down, and says so; equal ones keep their order."""
    score, exercise = opened.find_elements(By.CSS_SELECTOR, "#grid thead th")[1:3]
    score.find_element(By.TAG_NAME, "button").click()
    assert score.get_attribute("aria-sort") == "ascending"
    shares = [float(row.get_attribute("data-s") or "")
              for row in opened.find_elements(By.CSS_SELECTOR, "#grid tbody tr")]
    assert shares == sorted(shares)
    score.find_element(By.TAG_NAME, "button").click()
    assert score.get_attribute("aria-sort") == "descending"
    exercise.find_element(By.TAG_NAME, "button").click()
    assert score.get_attribute("aria-sort") is None
    column = [row.find_elements(By.TAG_NAME, "td")[1].text
              for row in opened.find_elements(By.CSS_SELECTOR, "#grid tbody tr")]
    assert column[-1] == "✓"
    assert column == sorted(column, key="·✗◐✓".index)


def test_filtering_by_name_and_misconception(opened: Chrome) -> None:
    """What is typed and chosen leaves those rows, and the number of them is told."""
    box = opened.find_element(By.ID, "find")
    box.send_keys("student 001")
    assert names(opened) == [f"Student 001{n}" for n in range(10)]
    assert opened.find_element(By.ID, "count").text == "10 of 41 students shown"
    box.send_keys(Keys.CONTROL, "a", Keys.BACKSPACE)
    choice = Select(opened.find_element(By.ID, "for"))
    value = "1.1/swaps_1_1"
    choice.select_by_value(value)
    shown = names(opened)
    assert shown
    assert any("img" in name for name in shown)
    assert choice.first_selected_option.text == f"1.1 swaps the rows ({len(shown)})"
    choice.select_by_value("")
    Select(opened.find_element(By.ID, "show")).select_by_value("need")
    assert 0 < len(names(opened)) < 41


def test_a_cell_opens_its_evidence_by_mouse_and_keys(opened: Chrome) -> None:
    """A click, or arrows and Enter, show who, what, which checks, which misconception; Escape closes it."""
    row = next(r for r in opened.find_elements(By.CSS_SELECTOR, "#grid tbody tr") if "img" in r.text)
    first = row.find_elements(By.TAG_NAME, "td")[1]
    first.click()
    evidence = opened.find_element(By.ID, "evidence")
    assert evidence.is_displayed()
    assert r'<img src=x onerror="alert(1)">\u202egnp\x1b[31m=1+1: 1.1 function_1' in evidence.text
    assert "Misconception: swaps the rows" in evidence.text
    assert "values (public): The values hold." in evidence.text
    opened.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert not evidence.is_displayed()
    opened.switch_to.active_element.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    active = opened.switch_to.active_element
    label = active.get_attribute("aria-label") or ""
    assert re.fullmatch(r"Student \d+, 1\.2 function_2: .+, \d+ of 10 points", label)
    active.send_keys(Keys.ENTER)
    assert evidence.is_displayed()
    assert "1.2 function_2" in evidence.text
    evidence.find_element(By.TAG_NAME, "button").click()


def test_light_and_dark_differ(opened: Chrome) -> None:
    """The page follows the reader's preference."""
    colours = set()
    for scheme in ("light", "dark"):
        prefer(opened, scheme)
        colours.add(opened.find_element(By.TAG_NAME, "body").value_of_css_property("background-color"))
    assert len(colours) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Chrome, scheme: str) -> None:
    """No rule of axe-core is broken seriously, with everything unfolded."""
    axe = os.environ.get(AXE)
    if not axe:
        pytest.skip(f"{AXE} does not name axe.min.js (npm install axe-core)")
    prefer(opened, scheme)
    opened.execute_script("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found = [one for one in violations(opened, Path(axe)) if one[1] in ("serious", "critical")]
    assert found == []
