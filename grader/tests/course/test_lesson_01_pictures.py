"""Lesson 1's pictures: drawn by our script, the same bytes each time, and fit to be listened to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "01_attention_mechanism"
README = (LESSON / "README.md").read_text(encoding="utf-8")


def script() -> ModuleType:
    """Load the script that draws the pictures."""
    path = ROOT / "reference" / "oracle" / "draw_lesson_01.py"
    spec = importlib.util.spec_from_file_location("draw_lesson_01", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_are_shown_and_described() -> None:
    """Each picture beside the text is shown in it once, with words for those who cannot see it."""
    shown = dict(re.findall(r"^!\[(.+)\]\((\w+\.svg)\)$", README, re.MULTILINE))
    assert sorted(shown.values()) == sorted(path.name for path in LESSON.glob("*.svg"))
    assert all(len(story) > 40 for story in shown)


def test_pictures_are_drawn_anew_byte_for_byte() -> None:
    """The pictures are what the script draws today."""
    drawn = script().pictures()
    assert sorted(drawn) == sorted(path.name for path in LESSON.glob("*.svg"))
    for name, svg in drawn.items():
        assert (LESSON / name).read_bytes() == svg.encode(), f"run reference/oracle/draw_lesson_01.py: {name}"


def test_the_script_writes_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running the script writes every picture, with line feeds only."""
    module = script()
    monkeypatch.setattr(module, "LESSON", tmp_path)
    module.main()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: svg.encode() for name, svg in module.pictures().items()
    }


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


def test_pictures_show_the_numbers_of_the_text() -> None:
    """The weights and outputs in the picture of the example stand in the text too."""
    drawn = re.findall(r">(\d\.\d{3})</text>", (LESSON / "worked_example.svg").read_text(encoding="utf-8"))
    worked = README.split("## A worked example by hand")[1].split("Now forbid")[0]
    shares = re.findall(r"share (\d\.\d{3})", worked)
    outputs = re.findall(r"= \[(\d\.\d{3}), (\d\.\d{3})\]", worked)
    assert drawn == [*shares, *outputs[0], *outputs[1]]


def test_masks_picture_shows_the_masked_shares_of_the_text() -> None:
    """The masked row in the picture of masks is the row that the text works out."""
    drawn = re.findall(r">(\d\.\d{3})</text>", (LESSON / "masks.svg").read_text(encoding="utf-8"))
    right = re.search(r"right: score minus infinity +([\d.]+) +([\d.]+) +([\d.]+)", README)
    assert right is not None
    assert drawn[:3] == list(right.groups())
