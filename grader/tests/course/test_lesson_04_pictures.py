"""Lesson 4's pictures: drawn by our script, the same bytes each time, and fit to be listened to."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "04_positional_encoding"
README = (LESSON / "README.md").read_text(encoding="utf-8")


def script() -> ModuleType:
    """Load the script that draws the pictures."""
    path = ROOT / "reference" / "oracle" / "draw_lesson_04.py"
    spec = importlib.util.spec_from_file_location("draw_lesson_04", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn_in(picture: str) -> list[str]:
    """List the words and numbers that a picture shows."""
    return re.findall(r">([^<>]+)</text>", (LESSON / picture).read_text(encoding="utf-8"))


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
        assert (LESSON / name).read_bytes() == svg.encode(), f"run reference/oracle/draw_lesson_04.py: {name}"


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


def test_clock_hands_show_the_table_of_the_text() -> None:
    """Sines and cosines under the clock faces are those of the table worked out by hand."""
    table = README.split("position    angles")[1].split("```")[0]
    rows = [line.split()[-4:] for line in table.splitlines()[1:]]
    fast_and_slow = [f"sin {row[i]}  cos {row[i + 1]}" for row in rows for i in (0, 2)]
    assert [words for words in drawn_in("clock_hands.svg") if words.startswith("sin")] == fast_and_slow


def test_rotary_shows_the_scores_of_the_text() -> None:
    """Queries, keys and scores in the picture stand in the text too."""
    drawn = [words.replace("−", "-") for words in drawn_in("rotary.svg")]
    panels = zip(drawn[1::4], drawn[2::4], drawn[3::4], strict=True)
    for query, key, score in panels:
        places = [re.search(r"at (\d): \((.+), (.+)\)", words) for words in (query, key)]
        (m, a, b), (n, c, d) = (place.groups() for place in places if place is not None)
        assert int(a) * int(c) + int(b) * int(d) == int(score.removeprefix("score "))
        assert re.search(rf"query at {m}, key at {n}: .* = {score.removeprefix('score ')}\n", README)


def test_alibi_shows_the_shares_of_the_text() -> None:
    """The fourth reader of each map has the shares that the text works out."""
    numbers = [words for words in drawn_in("alibi.svg") if re.fullmatch(r"\d\.\d{3}", words)]
    fourth = slice(6, 10)  # after rows of one, two and three shares
    for slope, half in (("1/2", numbers[:15]), ("1/256", numbers[15:])):
        line = re.search(rf"share, slope {slope} +(.+)\n", README)
        assert line is not None
        assert half[fourth] == line[1].split()
