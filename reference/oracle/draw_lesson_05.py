"""Draw the pictures of lesson 5, with nothing but the standard library.

Run `python reference/oracle/draw_lesson_05.py` to write them beside the lesson's text.
Every number in a picture is computed here from the lesson's example, so none can be mistyped.
The same numbers give the same bytes; a test draws them again and compares.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from draw_lesson_01 import BLUE, CARD, EMPTY, FRAME, INK, RED, SOFT, arrow, box, line, number, picture, text

LESSON = Path(__file__).resolve().parents[2] / "assignments" / "05_feed_forward_networks"

TOKENS = ((1, 7, 9, 15), (3, 3, 5, 5))
C_FC = ((-1, 0, 0), (0, 1, 0), (0, -1, -1), (1, 0, 1))
C_FC_BIAS = (-0.8, -0.6, -0.2)
C_PROJ = ((1, 0, 0, -1), (0, 1, 0, 0), (0, 0, 2, 0))
C_PROJ_BIAS = (0.5, 0, 0, 0)

Row = Sequence[float]
Scale = Callable[[float], float]


def gelu(x: float) -> float:
    """Bend one number with GPT-2's formula."""
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def relu(x: float) -> float:
    """Cut a negative number off."""
    return max(x, 0.0)


def slope(x: float) -> float:
    """Nudge x, and see how much gelu changes."""
    return (gelu(x + 1e-5) - gelu(x - 1e-5)) / 2e-5


def normal(token: Row) -> list[float]:
    """Give a token mean 0 and variance 1; eps is left out, as in the text."""
    mean = sum(token) / len(token)
    spread = math.sqrt(sum((x - mean) ** 2 for x in token) / len(token))
    return [(x - mean) / spread for x in token]


def project(token: Row, weight: Sequence[Row], bias: Row) -> list[float]:
    """Take a token through a projection."""
    return [sum(x * row[j] for x, row in zip(token, weight, strict=True)) + b for j, b in enumerate(bias)]


def steps() -> list[tuple[str, list[float], int]]:
    """Work the example: the name of each step, its numbers, and how many digits they need."""
    stream = [float(x) for x in TOKENS[0]]
    calm = normal(stream)
    hidden = project(calm, C_FC, C_FC_BIAS)
    bent = [gelu(h) for h in hidden]
    found = project(bent, C_PROJ, C_PROJ_BIAS)
    new = [a + b for a, b in zip(stream, found, strict=True)]
    return [("stream", stream, 0), ("normalised", calm, 1), ("hidden", hidden, 1), ("bent", bent, 3),
            ("found", found, 3), ("new stream", new, 3)]


def minus(value: float, digits: int) -> str:
    """Write a number with a real minus sign; what rounds to zero has none."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def curve(function: Scale, across: Scale, up: Scale, look: str) -> str:
    """Draw the graph of a function from -3 to 3."""
    places = [-3 + step / 20 for step in range(121)]
    path = " ".join(f"{number(across(x))},{number(up(function(x)))}" for x in places)
    return f'<polyline points="{path}" fill="none" {look}/>'


def graph(
    left: float, title: str, low: int, high: int, unit: float, base: float
) -> tuple[list[str], Scale, Scale]:
    """Draw the axes of one graph; give its parts and its two scales."""
    def across(x: float) -> float:
        return left + (x + 3) * 50

    def up(y: float) -> float:
        return base + (low - y) * unit

    parts = [text(left + 150, 32, title, weight="bold"), line(left, up(0), left + 300, up(0), stroke=FRAME),
             line(across(0), up(low), across(0), up(high), stroke=FRAME)]
    parts += [text(across(x), 272, minus(x, 0), size=13, fill=SOFT) for x in (-3, -2, -1, 0, 1, 2, 3)]
    parts += [text(left - 8, up(y) + 5, minus(y, 0), size=13, fill=SOFT, anchor="end")
              for y in range(low, high + 1)]
    return parts, across, up


def gelu_picture() -> str:
    """Draw GELU and ReLU, and their slopes."""
    solid = f'stroke="{BLUE}" stroke-width="3"'
    dashed = f'stroke="{RED}" stroke-width="2" stroke-dasharray="7 5"'
    parts, across, up = graph(50, "GELU and ReLU", -1, 3, 50, 250)
    parts += [curve(relu, across, up, dashed), curve(gelu, across, up, solid)]
    lowest = min((-3 + step / 100 for step in range(300)), key=gelu)
    parts += [f'<circle cx="{number(across(lowest))}" cy="{number(up(gelu(lowest)))}" r="4" fill="{BLUE}"/>',
              text(across(lowest), up(gelu(lowest)) + 24,
                   f"{minus(gelu(lowest), 2)} at {minus(lowest, 2)}", size=13, fill=SOFT)]
    right, across, up = graph(440, "their slopes", 0, 1, 140, 226)
    right += [curve(lambda x: float(x > 0), across, up, dashed), curve(slope, across, up, solid)]
    key = [line(270, 294, 306, 294, width=3, stroke=BLUE), text(314, 299, "GELU", anchor="start"),
           f'<line x1="410" y1="294" x2="446" y2="294" {dashed}/>', text(454, 299, "ReLU", anchor="start")]
    story = "GELU dips below zero before it rises; its slope climbs smoothly where that of ReLU jumps."
    return picture("GELU bends where ReLU cuts", story, 790, 314, [*parts, *right, *key])


def bars(x: float, base: float, values: Row, unit: float, digits: int, colour: str) -> list[str]:
    """Draw the features of one token as bars that stand on a line, or hang from it."""
    parts = [line(x - 8, base, x + 44 * len(values) + 2, base)]
    for i, value in enumerate(values):
        tall = abs(value) * unit
        top = base - tall if value > 0 else base
        parts.append(box(x + 44 * i, top, 36, tall, fill=colour, stroke=colour, round_by=0))
        label = base - tall - 8 if value > 0 else base + tall + 17
        parts.append(text(x + 44 * i + 18, label, minus(value, digits), size=13))
    return parts


def layer_norm() -> str:
    """Draw two tokens before and after normalising."""
    parts = []
    for row, (token, colour) in enumerate(zip(TOKENS, (BLUE, RED), strict=True)):
        base = 170 + 150 * row
        mean = sum(token) / len(token)
        spread = math.sqrt(sum((x - mean) ** 2 for x in token) / len(token))
        parts += [text(64, base - 44, f"token {row + 1}", weight="bold"),
                  *bars(126, base, token, 7, 0, colour),
                  text(64, base - 22, f"mean {number(mean)}", size=13, fill=SOFT),
                  text(64, base - 4, f"spread {number(spread)}", size=13, fill=SOFT),
                  *arrow(330, 440, base - 40, "layer norm"),
                  *bars(470, base - 40, normal(token), 40, 1, colour)]
    parts += [text(214, 34, "before", weight="bold"), text(558, 34, "after", weight="bold"),
              text(390, 372, "Each token has a mean and a spread of its own. "
                             "Afterwards both have mean 0 and variance 1.", size=14, fill=SOFT)]
    story = "Two tokens as bars, one large and one small; afterwards both are centred and of equal size."
    return picture("Layer normalisation, token by token", story, 780, 392, parts)


def arrow_up(x: float, y1: float, y2: float, *, stroke: str = SOFT, width: float = 1.5) -> list[str]:
    """Draw an arrow from y1 up to y2."""
    head = f"{number(x)},{number(y2)} {number(x - 5)},{number(y2 + 9)} {number(x + 5)},{number(y2 + 9)}"
    return [line(x, y1, x, y2 + 9, stroke=stroke, width=width), f'<polygon points="{head}" fill="{stroke}"/>']


def plus(x: float, y: float) -> list[str]:
    """Draw the place where a finding is added to the stream."""
    look = f'r="13" fill="{CARD}" stroke="{INK}" stroke-width="1.5"'
    return [f'<circle cx="{number(x)}" cy="{number(y)}" {look}/>',
            text(x, y + 6, "+", size=18, weight="bold")]


def named(x: float, y: float, words: str, *, fill: str = EMPTY) -> list[str]:
    """Draw a box with a word in it, centred at (x, y)."""
    return [box(x - 62, y - 17, 124, 34, fill=fill), text(x, y + 5, words)]


def branch(stream: float, side: float, y_from: float, y_to: float) -> list[str]:
    """Draw the way from the stream to the side, up, and back to the plus."""
    tip, end = stream + 13, stream + 22
    head = f"{number(tip)},{number(y_to)} {number(end)},{number(y_to - 5)} {number(end)},{number(y_to + 5)}"
    return [line(stream, y_from, side, y_from), line(side, y_from, side, y_to), line(side, y_to, end, y_to),
            f'<polygon points="{head}" fill="{SOFT}"/>']


def blocks() -> str:
    """Draw one block in post-LN and in pre-LN, read from the bottom to the top."""
    toll = "#f6dcd6"
    parts = []
    left, side = 150, 290
    parts += [text(220, 32, "post-LN: the first paper", weight="bold"),
              *arrow_up(left, 420, 52, stroke=BLUE, width=4)]
    for y, name in ((380, "attention"), (210, "feed-forward")):
        parts += [*branch(left, side, y, y - 70), *named(side, y - 35, name), *plus(left, y - 70),
                  *named(left, y - 120, "layer norm", fill=toll)]
    left, side = 530, 680
    parts += [text(605, 32, "pre-LN: GPT-2", weight="bold"), *arrow_up(left, 420, 52, stroke=BLUE, width=4)]
    for y, name in ((390, "attention"), (230, "feed-forward")):
        parts += [*branch(left, side, y, y - 130), *named(side, y - 35, "layer norm", fill=toll),
                  *named(side, y - 90, name), *plus(left, y - 130)]
    parts += [text(x, 444, "stream", fill=BLUE, weight="bold") for x in (150, 530)]
    story = ("Left: the stream passes through a layer norm after each sum. "
             "Right: the layer norms stand on the side branches, and the stream runs past them.")
    return picture("Post-LN and pre-LN", story, 790, 462, parts)


def worked_example() -> str:
    """Draw the token at each step of the second half of a block."""
    names = ("layer norm", "c_fc", "gelu", "c_proj", "+ stream")
    parts = []
    for i, (title, values, digits) in enumerate(steps()):
        x = 24 + 158 * i
        parts.append(text(x + 38, 36, title, weight="bold"))
        shift = 0 if len(values) == len(TOKENS[0]) else 20
        for j, value in enumerate(values):
            y = 56 + 40 * j + shift
            parts += [box(x, y, 76, 34), text(x + 38, y + 22, minus(value, digits))]
        if i < len(names):
            parts += arrow(x + 82, x + 152, 128, "")
            parts.append(text(x + 117, 118, names[i], size=12, fill=SOFT))
    story = "Six columns: the stream, normalised, three hidden features, bent, found, and the new stream."
    return picture("One token in half a block", story, 914, 236, parts)


def pictures() -> dict[str, str]:
    """Draw every picture of the lesson: file name to SVG text."""
    return {"gelu.svg": gelu_picture(), "layer_norm.svg": layer_norm(), "blocks.svg": blocks(),
            "worked_example.svg": worked_example()}


def main() -> None:
    """Write the pictures beside the lesson's text."""
    for name, svg in pictures().items():
        (LESSON / name).write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
