"""Lesson 5's pictures: drawn by our script, the same bytes each time, and fit to be listened to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "05_feed_forward_networks"
README = (LESSON / "README.md").read_text(encoding="utf-8")


def script() -> ModuleType:
    """Load the script that draws the pictures."""
    path = ROOT / "reference" / "oracle" / "draw_lesson_05.py"
    spec = importlib.util.spec_from_file_location("draw_lesson_05", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def labels(picture: str) -> list[str]:
    """Read the texts in a picture, with plain minus signs."""
    text = (LESSON / picture).read_text(encoding="utf-8")
    return [label.replace("−", "-") for label in re.findall(r">([^<>]+)</text>", text)]


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
        assert (LESSON / name).read_bytes() == svg.encode(), f"run reference/oracle/draw_lesson_05.py: {name}"


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


def test_worked_example_shows_the_numbers_of_the_text() -> None:
    """What the picture of the example shows to three digits stands in the text, in the same order."""
    worked = README.split("## A worked example by hand")[1].split("The stream has been moved")[0]
    drawn = [label for label in labels("worked_example.svg") if re.fullmatch(r"-?\d+\.\d{3}", label)]
    bent = re.findall(r"gelu +(-?\d\.\d{3})", worked)
    lines = [re.search(rf"^{name} +(.+)$", worked, re.MULTILINE) for name in ("found", "stream")]
    cells = [re.split(r" {2,}", line[1]) for line in lines if line]
    rows = [[cell.split()[-1] for cell in row] for row in cells]
    assert drawn == [*bent, *rows[0], *rows[1]]


def test_layer_norm_shows_the_numbers_of_the_text() -> None:
    """The normalised tokens in the picture are the right table of the text."""
    table = README.split("per token: right")[1].split("```")[0].splitlines()[1:3]
    drawn = [label for label in labels("layer_norm.svg") if re.fullmatch(r"-?\d\.\d", label)]
    assert drawn == [number for line in table for number in re.findall(r"-?\d\.\d", line)]
