"""Draw the pictures of lesson 4, with nothing but the standard library.

Run `python reference/oracle/draw_lesson_04.py` to write them beside the lesson's text.
Every number in a picture is computed here from the lesson's examples, so none can be mistyped.
The same numbers give the same bytes; a test draws them again and compares.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from draw_lesson_01 import (
    BLUE,
    CARD,
    DARK,
    EMPTY,
    FRAME,
    INK,
    RED,
    SOFT,
    box,
    dot,
    line,
    number,
    picture,
    share_text,
    shares,
    text,
    tint,
)

LESSON = Path(__file__).resolve().parents[2] / "assignments" / "04_positional_encoding"

SPEEDS = (1.0, 0.1)
POSITIONS = 24
WIDTH = 16
BASE = 10000.0
MIDDLE = 12  # the row that all others are multiplied with
QUERY = (3, 1)
KEY = (2, 2)
PLACES = ((1, 0), (3, 2), (2, 0))
SLOPES = ((1 / 2, "slope 1/2"), (1 / 256, "slope 1/256"))
WORDS = 5

Point = tuple[float, float]


def waves(position: int) -> list[float]:
    """Write a position as sines and cosines, width 16."""
    angles = [position / BASE ** (2 * i / WIDTH) for i in range(WIDTH // 2)]
    return [wave(angle) for angle in angles for wave in (math.sin, math.cos)]


def signed_tint(value: float) -> str:
    """Mix white with blue for numbers above zero, and with red for numbers below."""
    if value >= 0:
        return tint(value)
    red = (168, 50, 31)
    return "#" + "".join(f"{round(255 + (channel - 255) * -value):02x}" for channel in red)


def circle(x: float, y: float, radius: float) -> str:
    """Draw an empty circle."""
    return (f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{EMPTY}" '
            f'stroke="{FRAME}"/>')


def pointer(x: float, y: float, end: Point, colour: str, *, width: float = 3) -> list[str]:
    """Draw an arrow from (x, y) by so much to the right and so much up."""
    right, up = end
    length = math.hypot(right, up)
    along, across = (right / length, -up / length), (up / length, right / length)
    tip = (x + right, y - up)
    foot = [(tip[0] - 11 * along[0] + side * 5 * across[0], tip[1] - 11 * along[1] + side * 5 * across[1])
            for side in (1, -1)]
    corners = " ".join(f"{number(a)},{number(b)}" for a, b in (tip, *foot))
    return [line(x, y, tip[0] - 9 * along[0], tip[1] - 9 * along[1], width=width, stroke=colour),
            f'<polygon points="{corners}" fill="{colour}"/>']


def clock_hands() -> str:
    """Draw two clock faces for each of four positions, with sine and cosine below."""
    parts = [text(70, 104, "fast hand", size=13, fill=SOFT), text(70, 122, "speed 1", size=13, fill=SOFT),
             text(70, 254, "slow hand", size=13, fill=SOFT), text(70, 272, "speed 0.1", size=13, fill=SOFT)]
    for position in range(4):
        x = 200 + 150 * position
        parts.append(text(x, 34, f"position {position}", weight="bold"))
        for row, (speed, colour) in enumerate(zip(SPEEDS, (BLUE, RED), strict=True)):
            y, angle = 110 + 150 * row, position * speed
            tip = (46 * math.cos(angle), 46 * math.sin(angle))
            parts += [circle(x, y, 48), line(x - 48, y, x + 48, y, width=1, stroke=FRAME),
                      line(x, y - 48, x, y + 48, width=1, stroke=FRAME), *pointer(x, y, tip, colour),
                      text(x, y + 70, f"sin {math.sin(angle):.3f}  cos {math.cos(angle):.3f}", size=13)]
    story = ("For positions 0 to 3 the fast hand turns by 1 radian a step and the slow one by 0.1, "
             "counter-clockwise from the right; sine is the height of the tip, cosine its place sideways.")
    return picture("Clock hands of different speeds", story, 740, 352, parts)


def sinusoidal_table() -> str:
    """Draw the table as a heat map, and beside it the product of each row with one of them."""
    table = [waves(position) for position in range(POSITIONS)]
    left, top, cell_w, cell_h = 78, 60, 24, 15
    parts = [text(left + cell_w * WIDTH / 2, 28, "the table, width 16", weight="bold"),
             text(left + cell_w * WIDTH / 2, 48, "column 0 to 15: sin, cos, sin, cos, …", size=13, fill=SOFT)]
    for position, row in enumerate(table):
        y = top + cell_h * position
        if position % 4 == 0:
            parts.append(text(left - 10, y + 12, str(position), size=13, fill=SOFT, anchor="end"))
        for column, value in enumerate(row):
            parts.append(box(left + cell_w * column, y, cell_w, cell_h, fill=signed_tint(value),
                             stroke=CARD, round_by=0))
    parts.append(text(left - 48, top + cell_h * POSITIONS / 2 + 5, "t", size=15, fill=SOFT))
    right, longest = 590, WIDTH / 2
    parts += [text(right + 40, 28, f"times row {MIDDLE}", weight="bold"),
              text(right + 40, 48, "only the distance counts", size=13, fill=SOFT)]
    for position, row in enumerate(table):
        value = dot(row, table[MIDDLE]) / longest * 130
        parts.append(box(right - 60, top + cell_h * position + 2, value, cell_h - 4,
                         fill=BLUE if position == MIDDLE else SOFT, stroke=CARD, round_by=0))
    bottom = top + cell_h * POSITIONS
    parts.append(line(right - 60, top, right - 60, bottom))
    for position in (MIDDLE, MIDDLE + 1, MIDDLE - 1):
        product = dot(table[position], table[MIDDLE])
        parts.append(text(right + 76, top + cell_h * position + 12, f"{product:.2f}",
                          size=13, anchor="start"))
    key = [(-1.0, "−1"), (-0.5, ""), (0.0, "0"), (0.5, ""), (1.0, "1")]
    for i, (value, label) in enumerate(key):
        x = left + 132 + 24 * i
        parts += [box(x, bottom + 14, 24, 14, fill=signed_tint(value), stroke=FRAME, round_by=0),
                  text(x + 12, bottom + 44, label, size=13, fill=SOFT)]
    story = ("Left columns change sign every few rows, right columns hardly change. The product of row 12 "
             "with each row is largest for row 12 itself and the same on both sides.")
    return picture("The table of sines and cosines", story, 740, bottom + 58, parts)


def turned(pair: Point, quarters: int) -> Point:
    """Turn a pair by so many quarter turns to the left."""
    a, b = pair
    for _ in range(quarters):
        a, b = -b, a
    return a, b


def whole(pair: Point) -> str:
    """Write a pair of whole numbers."""
    return "(" + ", ".join(f"{part:.0f}".replace("-", "−") for part in pair) + ")"


def rotary() -> str:
    """Draw query and key at two places one step apart, and once two steps apart."""
    parts = []
    for i, (m, n) in enumerate(PLACES):
        x, y, unit = 130 + 240 * i, 170, 26
        query, key = turned(QUERY, m), turned(KEY, n)
        score = dot(query, key)
        apart = "one step apart" if m - n == 1 else "two steps apart"
        parts += [text(x, 36, apart, weight="bold"), circle(x, y, 92),
                  line(x - 92, y, x + 92, y, width=1, stroke=FRAME),
                  line(x, y - 92, x, y + 92, width=1, stroke=FRAME),
                  *pointer(x, y, (query[0] * unit, query[1] * unit), BLUE),
                  *pointer(x, y, (key[0] * unit, key[1] * unit), RED),
                  text(x, 292, f"query at {m}: {whole(query)}", fill=BLUE),
                  text(x, 314, f"key at {n}: {whole(key)}", fill=RED),
                  text(x, 340, f"score {score:.0f}".replace("-", "−"), weight="bold")]
    story = ("Query at 1 and key at 0 enclose the same angle as query at 3 and key at 2, and both score 4. "
             "Query at 2 and key at 0 are farther apart and score −8.")
    return picture("The score knows only the distance", story, 740, 362, parts)


def alibi() -> str:
    """Draw the shares of equal scores under the causal mask, for a steep and a flat head."""
    parts, cell = [], 52
    for i, (slope, label) in enumerate(SLOPES):
        left, top = 60 + 350 * i, 76
        parts.append(text(left + cell * WORDS / 2, 34, label, weight="bold"))
        parts.append(text(left + cell * WORDS / 2, 56, "keys 0 to 4", size=13, fill=SOFT))
        for reader in range(WORDS):
            row = shares([-slope * (reader - key) for key in range(reader + 1)])
            y = top + cell * reader
            parts.append(text(left - 12, y + 31, str(reader), size=13, fill=SOFT, anchor="end"))
            for key in range(WORDS):
                share = row[key] if key <= reader else None
                fill = EMPTY if share is None else tint(share)
                parts.append(box(left + cell * key, y, cell, cell, fill=fill, round_by=0))
                if share is not None:
                    ink = CARD if share > DARK else INK
                    middle = left + cell * (key + 0.5)
                    parts.append(text(middle, y + 31, share_text(share), size=14, fill=ink))
    story = ("Five words with equal scores, each row a reader. With the slope 1/2 the nearest words have the "
             "largest shares; with the slope 1/256 all visible words share alike. Nothing lies ahead.")
    return picture("ALiBi: distance as a penalty", story, 720, 360, parts)


def pictures() -> dict[str, str]:
    """Draw every picture of the lesson: file name to SVG text."""
    drawn = (clock_hands, sinusoidal_table, rotary, alibi)
    return {f"{draw.__name__}.svg": draw() for draw in drawn}


def main() -> None:
    """Write the pictures beside the lesson's text."""
    for name, svg in pictures().items():
        (LESSON / name).write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
