"""Lesson 2's pictures: drawn by our script, the same bytes each time, and fit to be listened to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "02_self_attention"
README = (LESSON / "README.md").read_text(encoding="utf-8")


def script() -> ModuleType:
    """Load the script that draws the pictures."""
    path = ROOT / "reference" / "oracle" / "draw_lesson_02.py"
    spec = importlib.util.spec_from_file_location("draw_lesson_02", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn(picture: str) -> list[str]:
    """List the texts of a committed picture, in the order in which they are drawn."""
    return re.findall(r">([^<]+)</text>", (LESSON / picture).read_text(encoding="utf-8"))


def test_pictures_are_shown_and_described() -> None:
    """Each picture beside the text is shown in it once, with words for those who cannot see it."""
    shown = dict(re.findall(r"^!\[(.+)\]\((\w+\.svg)\)$", README, re.MULTILINE))
    assert sorted(shown.values()) == sorted(path.name for path in LESSON.glob("*.svg"))
    assert all(len(story) > 40 for story in shown)


def test_the_script_writes_the_committed_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running the script writes every picture as it is committed, byte for byte."""
    module = script()
    monkeypatch.setattr(module, "LESSON", tmp_path)
    module.main()
    committed = {path.name: path.read_bytes() for path in LESSON.glob("*.svg")}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed, \
        "run reference/oracle/draw_lesson_02.py"


@pytest.mark.parametrize("picture", sorted(path.name for path in LESSON.glob("*.svg")))
def test_pictures_can_be_listened_to(picture: str) -> None:
    """Each picture is self-contained, titled and described, on a card that is not see-through."""
    text = (LESSON / picture).read_text(encoding="utf-8")
    svg = ElementTree.fromstring(text)
    name = "{http://www.w3.org/2000/svg}"
    assert svg.attrib["role"] == "img"
    assert all(len(svg.findtext(f"{name}{part}", "")) > 10 for part in ("title", "desc"))
    card = svg.find(f"{name}rect")
    assert card is not None
    assert card.attrib["fill"] == "#ffffff"
    assert "href" not in text


def test_the_example_shows_the_numbers_of_the_text() -> None:
    """Shares and outputs in the picture of the example stand in the text too."""
    worked = README.split("## A worked example by hand")[1].split("Put *lent*")[0]
    shares = re.findall(r"share (\d\.\d{3})", worked)
    (water, money), = re.findall(r"= \[(\d\.\d\d), (\d\.\d\d)\]", worked)
    texts = drawn("self_attention.svg")
    assert [number for number in texts if re.fullmatch(r"\d\.\d{3}", number)][4:8] == shares
    assert [number for number in texts if re.fullmatch(r"\d\.\d\d", number)][2:4] == [water, money]


def test_the_masks_are_those_of_the_text() -> None:
    """Ones and zeros of the four masks are drawn as the text prints them."""
    marks = [mark for mark in drawn("where_to_look.svg") if mark in ("0", "1")]
    padding = ["1", *"11111110"]  # the first 1 is the number above the first place
    assert marks == [*"1000110011101111", *"11101111", *"1111", *padding]
