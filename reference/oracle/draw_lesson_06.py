"""Draw the pictures of lesson 6, with nothing but the standard library.

Run `python reference/oracle/draw_lesson_06.py` to write them beside the lesson's text.
The curves come from the recorded training of example_06_mini_gpt.json, the bars are computed here.
The same numbers give the same bytes; a test draws them again and compares.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from draw_lesson_01 import (
    BLUE,
    CARD,
    EMPTY,
    FRAME,
    INK,
    RED,
    SOFT,
    box,
    line,
    number,
    picture,
    shares,
    text,
    tint,
)  # fmt: skip

LESSON = Path(__file__).resolve().parents[2] / "assignments" / "06_transformer_architecture"
RECORD = LESSON / "example_06_mini_gpt.json"

TOKENS = ("mat", "box", "tree", "river", "moon")
LOGITS = (2.0, 1.5, 0.5, 0.0, -1.0)


def head(x: float, y: float, way: str, *, fill: str = SOFT) -> str:
    """Draw the head of an arrow that points right, up or down."""
    corners = {
        "right": ((x, y), (x - 9, y - 5), (x - 9, y + 5)),
        "up": ((x, y), (x - 5, y + 9), (x + 5, y + 9)),
        "down": ((x, y), (x - 5, y - 9), (x + 5, y - 9)),
    }[way]
    points = " ".join(f"{number(a)},{number(b)}" for a, b in corners)
    return f'<polygon points="{points}" fill="{fill}"/>'


def plus(x: float, y: float) -> list[str]:
    """Draw a circle with a plus: here something is added to the stream."""
    return [f'<circle cx="{number(x)}" cy="{number(y)}" r="13" fill="{CARD}" stroke="{BLUE}" '
            'stroke-width="2"/>', line(x - 7, y, x + 7, y, width=2, stroke=BLUE),
            line(x, y - 7, x, y + 7, width=2, stroke=BLUE)]  # fmt: skip


def named(x: float, y: float, width: float, words: str, *, fill: str = EMPTY) -> list[str]:
    """Draw a box with its name; x and y are its middle."""
    return [box(x - width / 2, y - 18, width, 36, fill=fill), text(x, y + 5, words, size=14)]


def stream(y: float) -> list[str]:
    """Draw the stream from left to right."""
    return [text(40, y + 5, "x", weight="bold"), line(56, y, 716, y, width=5, stroke=BLUE),
            head(730, y, "right", fill=BLUE)]


def branch(left: float, right: float, y: float, parts: Sequence[tuple[str, float]]) -> list[str]:
    """Draw a branch that leaves the stream at `left`, passes some boxes, and is added at `right`."""
    over = y - 70
    drawn = [line(left, y, left, over), line(left, over, right, over), line(right, over, right, y - 22),
             head(right, y - 13, "down")]
    step = (right - left) / (len(parts) + 1)
    for place, (words, width) in enumerate(parts, 1):
        drawn += named(left + step * place, over, width, words, fill=CARD if words == "norm" else tint(0.15))
    return [*drawn, *plus(right, y)]


def block() -> str:
    """Draw the block of this course, and the one of 2017 below it."""
    y = 130
    parts = [text(40, 34, "pre-LN: the norms stand in the branches, the stream is free", anchor="start",
                  weight="bold"), *stream(y),
             *branch(96, 376, y, (("norm", 64), ("attention", 96))),
             *branch(408, 688, y, (("norm", 64), ("feed forward", 110)))]
    y = 292
    parts += [text(40, 196, "post-LN: the norms stand on the stream itself", anchor="start", weight="bold"),
              *stream(y), *branch(96, 300, y, (("attention", 96),)),
              *named(352, y, 64, "norm", fill=CARD),
              *branch(408, 612, y, (("feed forward", 110),)), *named(664, y, 64, "norm", fill=CARD)]
    story = "In pre-LN each sublayer reads the stream through a norm and adds to it; post-LN norms the sum."
    return picture("The block, with pre-LN and with post-LN", story, 760, 330, parts)


def gpt() -> str:
    """Draw the whole model, from ids at the bottom to the logits at the top."""
    x, letters = 300, "the_ca"
    parts = []
    for place, letter in enumerate(letters):
        left = x - 108 + 36 * place
        parts += [box(left, 470, 36, 32, round_by=0), text(left + 18, 491, letter)]
    parts += [text(150, 491, "ids", anchor="end", fill=SOFT),
              line(x, 470, x, 452), head(x, 443, "up"),
              *named(x, 424, 220, "token table wte", fill=tint(0.3)),
              line(x, 406, x, 386, width=5, stroke=BLUE), *plus(x, 374),
              *named(112, 374, 150, "positions wpe", fill=tint(0.15)), line(187, 374, 278, 374),
              head(287, 374, "right"), line(x, 361, x, 342, width=5, stroke=BLUE)]
    for place in range(2):
        y = 318 - 64 * place
        parts += [box(x - 110, y - 24, 220, 48, fill=tint(0.15)),
                  text(x, y - 3, f"block {place}"), text(x, y + 15, "attend, think", size=13, fill=SOFT),
                  line(x, y - 24, x, y - 40, width=5, stroke=BLUE)]
    parts += [text(150, 290, "causal mask:", size=13, fill=SOFT, anchor="end"),
              text(150, 308, "nobody looks ahead", size=13, fill=SOFT, anchor="end"),
              *named(x, 194, 220, "last norm ln_f", fill=CARD),
              line(x, 176, x, 160, width=5, stroke=BLUE),
              *named(x, 140, 220, "compare with each token", fill=tint(0.3)),
              line(410, 424, 452, 424, stroke=BLUE), line(452, 424, 452, 140, stroke=BLUE),
              line(452, 140, 422, 140, stroke=BLUE),
              f'<polygon points="412,140 421,135 421,145" fill="{BLUE}"/>',
              text(464, 278, "the same", size=13, fill=BLUE, anchor="start"),
              text(464, 296, "table: tied", size=13, fill=BLUE, anchor="start"),
              line(x, 122, x, 106), head(x, 97, "up")]
    for place, letter in enumerate("he_cat"):
        left = x - 108 + 36 * place
        parts += [box(left, 56, 36, 32, round_by=0, fill=CARD), text(left + 18, 77, letter, fill=BLUE)]
    parts += [text(150, 68, "logits at each place", size=13, anchor="end", fill=SOFT),
              text(150, 86, "for the next one", size=13, anchor="end", fill=SOFT),
              text(x, 36, "what should come out", size=13, fill=SOFT)]
    story = "Ids become vectors, positions are added, blocks work on the stream, a tied table scores tokens."
    return picture("The whole GPT", story, 560, 520, parts)


def kept(probabilities: Sequence[float], may: Sequence[bool]) -> list[float]:
    """Strike out what is forbidden, and divide by what is left."""
    left = [p if ok else 0.0 for p, ok in zip(probabilities, may, strict=True)]
    return [p / sum(left) for p in left]


def smallest_set(probabilities: Sequence[float], p: float) -> list[bool]:
    """Say which of the likeliest tokens, in falling order here, are needed to reach p."""
    return [sum(probabilities[:place]) < p for place in range(len(probabilities))]


def panels() -> list[tuple[str, list[float]]]:
    """Compute the five ways to choose from the same logits."""
    plain = shares(LOGITS)
    return [
        ("temperature 0.5", shares([logit / 0.5 for logit in LOGITS])), ("temperature 1", plain),
        ("temperature 2", shares([logit / 2 for logit in LOGITS])),
        ("top-k 2", kept(plain, [True, True, False, False, False])),
        ("top-p 0.9", kept(plain, smallest_set(plain, 0.9))),
    ]


def sampling() -> str:
    """Draw the probabilities of five tokens under five settings."""
    parts = []
    for place, (title, probabilities) in enumerate(panels()):
        left = 24 + 184 * place
        parts.append(text(left + 80, 32, title, weight="bold"))
        for row, (token, share) in enumerate(zip(TOKENS, probabilities, strict=True)):
            y = 52 + 30 * row
            parts.append(text(left + 40, y + 16, token, size=13, fill=SOFT, anchor="end"))
            if share:
                parts.append(box(left + 48, y, max(78 * share, 1), 22, fill=BLUE, stroke=BLUE, round_by=0))
            shown = f"{share:.3f}" if share else "0"
            parts.append(text(left + 54 + 78 * share, y + 16, shown, size=13, anchor="start",
                              fill=INK if share else RED))
    story = ("Low temperature sharpens five shares, high temperature flattens them; "
             "top-k and top-p strike out the tail.")
    return picture("Temperature, top-k and top-p", story, 944, 220, parts)


# ---------------------------------------------------------------- the learning curve


LEFT, RIGHT, TOP, BOTTOM = 70, 520, 40, 330
HIGHEST, LOWEST = 3.6, 0.015


def across(step: float) -> float:
    """Place a step."""
    return LEFT + step / 1500 * (RIGHT - LEFT)


def up(loss: float) -> float:
    """Place a loss, on a logarithmic scale."""
    share = math.log(loss / LOWEST) / math.log(HIGHEST / LOWEST)
    return BOTTOM - share * (BOTTOM - TOP)


def curve(story: dict[str, Any], colour: str, dashes: str) -> str:
    """Draw the validation losses of one size."""
    points = " ".join(f"{number(across(step))},{number(up(loss))}" for step, _, loss in story["curve"])
    return (f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{dashes}"/>')


def learning_curve() -> str:
    """Draw the recorded learning curves between their bounds."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    bounds, leak = record["bounds"], record["mistakes"]["no causal mask"]
    parts = [line(LEFT, BOTTOM, RIGHT, BOTTOM), line(LEFT, TOP - 8, LEFT, BOTTOM)]
    parts += [text(across(step), BOTTOM + 20, str(step), size=13, fill=SOFT)
              for step in (0, 300, 600, 900, 1200, 1500)]
    parts += [text(LEFT - 8, up(loss) + 5, str(loss), size=13, fill=SOFT, anchor="end")
              for loss in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)]
    lines = (("knows nothing: log 29", "uniform", 0), ("bigram", "bigram", 0), ("trigram", "trigram", 0),
             ("window bound, 32", "window_32", -1), ("window bound, 64", "window_64", 5),
             ("entropy", "entropy", 10))
    for words, name, move in lines:
        y = up(bounds[name])
        parts += [line(LEFT, y, RIGHT, y, width=1, stroke=FRAME),
                  text(RIGHT + 10, y + 5 + move, f"{words}: {bounds[name]:.3f}" if name != "uniform"
                       else f"knows nothing: {bounds[name]:.3f}", size=13, fill=SOFT, anchor="start")]
    parts += [curve(record["small"], BLUE, "none"), curve(record["large"], INK, "6 4"),
              f'<circle cx="{number(across(1500))}" cy="{number(up(leak))}" r="6" fill="{RED}"/>',
              text(RIGHT + 10, up(leak) + 5, f"without a mask: {leak:.3f}", size=13, fill=RED,
                   anchor="start"),
              '<polyline points="110,236 150,236" fill="none" stroke="#1d5fa6" stroke-width="2.5"/>',
              text(158, 241, "small model", size=13, anchor="start"),
              f'<polyline points="110,260 150,260" fill="none" stroke="{INK}" stroke-width="2.5" '
              'stroke-dasharray="6 4"/>', text(158, 265, "large model", size=13, anchor="start"),
              text((LEFT + RIGHT) / 2, BOTTOM + 44, "steps", size=13, fill=SOFT),
              text(LEFT - 40, 22, "validation loss, nats per character", size=13, fill=SOFT, anchor="start")]
    story = ("Both curves fall from log 29, pass the bigram and the trigram, and stay above their window "
             "bounds; the model without a mask lies far below.")
    return picture("The learning curve between its bounds", story, 720, 390, parts)


def pictures() -> dict[str, str]:
    """Draw every picture of the lesson: file name to SVG text."""
    drawn = (block, gpt, sampling, learning_curve)
    return {f"{draw.__name__}.svg": draw() for draw in drawn}


def main() -> None:
    """Write the pictures beside the lesson's text."""
    for name, svg in pictures().items():
        (LESSON / name).write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
