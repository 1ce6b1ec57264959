"""Lesson 6's pictures: drawn by our script, the same bytes each time, and fit to be listened to."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "06_transformer_architecture"
README = (LESSON / "README.md").read_text(encoding="utf-8")
RECORD = json.loads((LESSON / "example_06_mini_gpt.json").read_text(encoding="utf-8"))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script that draws the pictures, without leaving a trace in sys.path."""
    path = ROOT / "reference" / "oracle" / "draw_lesson_06.py"
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("draw_lesson_06", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(picture: str) -> list[str]:
    """Give the words of a picture."""
    return re.findall(r">([^<>]+)</text>", (LESSON / picture).read_text(encoding="utf-8"))


def test_pictures_are_shown_and_described() -> None:
    """Each picture beside the text is shown in it once, with words for those who cannot see it."""
    told = dict(re.findall(r"^!\[(.+)\]\((\w+\.svg)\)$", README, re.MULTILINE))
    assert sorted(told.values()) == sorted(path.name for path in LESSON.glob("*.svg"))
    assert all(len(story) > 40 for story in told)


def test_pictures_are_drawn_anew_byte_for_byte(script: ModuleType) -> None:
    """The pictures are what the script draws today."""
    drawn = script.pictures()
    assert sorted(drawn) == sorted(path.name for path in LESSON.glob("*.svg"))
    for name, svg in drawn.items():
        assert (LESSON / name).read_bytes() == svg.encode(), f"run reference/oracle/draw_lesson_06.py: {name}"


def test_the_script_writes_its_pictures(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running the script writes every picture, with line feeds only."""
    monkeypatch.setattr(script, "LESSON", tmp_path)
    script.main()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        name: svg.encode() for name, svg in script.pictures().items()
    }


@pytest.mark.parametrize("picture", ["block.svg", "gpt.svg", "learning_curve.svg", "sampling.svg"])
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


def test_the_learning_curve_shows_the_marks_of_the_text() -> None:
    """The marks beside the curves are those of the text's table, and so is the loss without a mask."""
    drawn = [float(number) for words in shown("learning_curve.svg")
             for number in re.findall(r": (\d\.\d{3})$", words)]
    table = README.split("| predictor | loss |")[1].split("\n\n")[0]
    told = [float(number) for number in re.findall(r"\| (\d\.\d{3}) \|$", table, re.MULTILINE)]
    assert drawn == [*told, round(RECORD["mistakes"]["no causal mask"], 3)]
    assert len(told) == 6


def test_the_curves_are_as_recorded(script: ModuleType) -> None:
    """Lower is a smaller loss, and each curve has a point for every recorded measurement."""
    lines = re.findall(r'points="([^"]+)"[^>]*stroke-width="2.5"',
                       (LESSON / "learning_curve.svg").read_text(encoding="utf-8"))
    curves = [line.split() for line in lines if line.count(",") > 2]
    assert [len(points) for points in curves] == [len(RECORD[name]["curve"]) for name in ("small", "large")]
    for points, name in zip(curves, ("small", "large"), strict=True):
        _, y = points[-1].split(",")
        share = (script.BOTTOM - float(y)) / (script.BOTTOM - script.TOP)
        loss = script.LOWEST * (script.HIGHEST / script.LOWEST) ** share
        assert math.isclose(loss, RECORD[name]["curve"][-1][2], rel_tol=0.01)


def test_the_bars_are_probabilities(script: ModuleType) -> None:
    """Each panel sums to one; temperature keeps the order, and the dials strike out the tail."""
    panels = dict(script.panels())
    assert all(math.isclose(sum(shares), 1) for shares in panels.values())
    weights = [math.exp(logit) for logit in script.LOGITS]
    assert panels["temperature 1"] == pytest.approx([w / sum(weights) for w in weights])
    cold, plain, warm = (panels[f"temperature {t}"][0] for t in ("0.5", "1", "2"))
    assert cold > plain > warm
    assert [share > 0 for share in panels["top-k 2"]] == [True, True, False, False, False]
    total, needed = 0.0, 0
    while total < 0.9:
        total, needed = total + panels["temperature 1"][needed], needed + 1
    assert [share > 0 for share in panels["top-p 0.9"]] == [place < needed for place in range(5)]
