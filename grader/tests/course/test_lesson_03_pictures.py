"""Lesson 3's pictures: drawn by our script, the same bytes each time, and fit to be listened to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "03_multi_head_attention"
README = (LESSON / "README.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def script() -> ModuleType:
    """Load the script that draws the pictures."""
    path = ROOT / "reference" / "oracle" / "draw_lesson_03.py"
    spec = importlib.util.spec_from_file_location("draw_lesson_03", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(picture: str) -> list[str]:
    """List the texts of a picture, in their order."""
    return [element.text or "" for element in ElementTree.parse(LESSON / picture).iter(f"{SVG}text")]


def test_pictures_are_shown_and_described() -> None:
    """Each picture beside the text is shown in it once, with words for those who cannot see it."""
    found = dict(re.findall(r"^!\[(.+)\]\((\w+\.svg)\)$", README, re.MULTILINE))
    assert sorted(found.values()) == sorted(path.name for path in LESSON.glob("*.svg"))
    assert all(len(story) > 40 for story in found)


def test_pictures_are_drawn_anew_byte_for_byte() -> None:
    """The pictures are what the script draws today."""
    drawn = script().pictures()
    assert sorted(drawn) == sorted(path.name for path in LESSON.glob("*.svg"))
    for name, svg in drawn.items():
        assert (LESSON / name).read_bytes() == svg.encode(), f"run reference/oracle/draw_lesson_03.py: {name}"


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
    assert svg.attrib["role"] == "img"
    assert all(len(svg.findtext(f"{SVG}{part}", "")) > 10 for part in ("title", "desc"))
    card = svg.find(f"{SVG}rect")
    assert card is not None
    assert card.attrib["fill"] == "#ffffff"
    assert "href" not in text


def test_memory_picture_shows_the_numbers_of_the_text() -> None:
    """The numbers 1 to 8 stand in memory order, token by token, as the right heads and as the wrong ones."""
    digits = [text for text in shown("memory_layout.svg") if re.fullmatch(r"\d", text)]
    memory, right, wrong = ("12345678", "12563478", "12345678")
    assert "".join(digits) == memory + "12345678" + right + wrong
    assert f"read out     {' '.join(right)}" in README


def test_head_maps_show_the_shares_of_the_text() -> None:
    """The rows of dog in the two maps are the shares that the text works out."""
    shares = re.findall(r"share (\d\.\d{3})", README.split("## A worked example by hand")[1])
    drawn = [text for text in shown("two_heads.svg") if re.fullmatch(r"\d\.\d{3}", text)]
    assert len(drawn) == 20
    assert drawn[6:10] + drawn[16:20] == shares


def test_masks_picture_shows_the_axes_of_the_text() -> None:
    """The axes drawn are those that the text lines up, and the misplaced one is the only red one."""
    axes = [text for text in shown("mask_axes.svg") if text in "BHT1"]
    assert "".join(axes) == "BHTT" + "TT" + "B1T" + "B11T" + "BHTT"
    svg = ElementTree.parse(LESSON / "mask_axes.svg")
    red = [e.text for e in svg.iter(f"{SVG}text") if e.attrib["fill"] == "#a8321f"]
    assert red == ["B", "texts stand on the heads"]


def test_the_gallery_is_drawn_from_shares() -> None:
    """Every row of the four heads sums to one, and its darkest cell is where the text says."""
    module = script()
    for name, scores in module.gallery_scores().items():
        rows = module.causal_shares(scores)
        assert all(abs(sum(row) - 1) < 1e-12 for row in rows)
        best = [row.index(max(row)) for row in rows]
        wanted = {"previous token": [0, 0, 1, 2, 3, 4], "first token": [0] * 6, "itself": list(range(6)),
                  "even rows": [0] * 6}
        assert best == wanted[name]
