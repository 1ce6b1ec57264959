"""Draw the pictures of lesson 2, with nothing but the standard library.

Run `python reference/oracle/draw_lesson_02.py` to write them beside the lesson's text.
Every number in a picture is computed here from the lesson's example, so none can be mistyped.
The same numbers give the same bytes; a test draws them again and compares.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also when this file is loaded by its path

from draw_lesson_01 import (
    BLUE,
    CARD,
    DARK,
    EMPTY,
    FRAME,
    INK,
    RED,
    SOFT,
    arrow,
    box,
    dot,
    line,
    number,
    picture,
    shares,
    text,
    tint,
)

LESSON = Path(__file__).resolve().parents[2] / "assignments" / "02_self_attention"

WORDS = ("the", "bank", "was", "muddy")
FEATURES = ("water", "money", "tells", "asks")
VECTORS = ((0, 0, 0, 0), (2, 2, 0, 1), (0, 0, 0, 0), (4, 0, 2, 0))
TELLS, ASKS, VALUE = 2, 3, (0, 1)
"""What the three matrices pick out: keys, queries and values."""
MASKS = ((4, 4), (2, 4), (1, 4))
LENGTHS, WIDTH = (4, 3), 4

Table = Sequence[Sequence[str]]


def queries_and_keys() -> tuple[list[int], list[int]]:
    """Pick the queries and the keys out of the vectors; both have one feature."""
    return [vector[ASKS] for vector in VECTORS], [vector[TELLS] for vector in VECTORS]


def values() -> list[list[int]]:
    """Pick the values out of the vectors."""
    return [[vector[place] for place in VALUE] for vector in VECTORS]


def weights() -> list[list[float]]:
    """Share out every word's attention; d_k is 1, so the scale changes nothing."""
    queries, keys = queries_and_keys()
    return [shares([query * key for key in keys]) for query in queries]


def outputs() -> list[list[float]]:
    """Blend the values in these shares."""
    columns = list(zip(*values(), strict=True))
    return [[dot(row, column) for column in columns] for row in weights()]


def cells(x: float, y: float, rows: Table, *, title: str = "", columns: Sequence[str] = (), wide: float = 48,
          fills: Table | None = None, inks: Table | None = None) -> list[str]:
    """Draw a table of words or numbers, with a title and the names of its columns above it."""
    tall = 34
    parts = [text(x + wide * len(rows[0]) / 2, y - 30, title, weight="bold")] if title else []
    parts += [text(x + wide * (j + 0.5), y - 9, name, size=12, fill=SOFT) for j, name in enumerate(columns)]
    for i, row in enumerate(rows):
        for j, words in enumerate(row):
            fill = fills[i][j] if fills else EMPTY
            ink = inks[i][j] if inks else INK
            parts.append(box(x + j * wide, y + i * tall, wide, tall, fill=fill, round_by=0))
            parts.append(text(x + (j + 0.5) * wide, y + i * tall + 22, words, size=14, fill=ink))
    return parts


def names(x: float, y: float, words: Sequence[str]) -> list[str]:
    """Name the rows of a table."""
    return [text(x, y + 34 * i + 22, word, anchor="end", size=14, fill=SOFT) for i, word in enumerate(words)]


def head(x: float, y: float, dx: float, dy: float, colour: str) -> str:
    """Draw the head of an arrow that points along (dx, dy), a step of length 1."""
    corners = [(x, y), (x - 9 * dx - 5 * dy, y - 9 * dy + 5 * dx), (x - 9 * dx + 5 * dy, y - 9 * dy - 5 * dx)]
    points = " ".join(f"{number(a)},{number(b)}" for a, b in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def reading() -> str:
    """Draw a network that reads in steps beside words that all look at each other."""
    parts = [text(190, 36, "reading in steps", weight="bold"), text(570, 36, "looking around", weight="bold")]
    for i, word in enumerate(WORDS):
        x = 55 + 90 * i
        parts += [box(x - 36, 168, 72, 36), text(x, 191, word),
                  box(x - 30, 82, 60, 36, fill=tint(0.15)), text(x, 105, f"state {i + 1}", size=13),
                  line(x, 168, x, 128), head(x, 118, 0, -1, SOFT)]
        if i:
            parts += [line(x - 60, 100, x - 40, 100, stroke=RED, width=2.5), head(x - 30, 100, 1, 0, RED)]
    for i in range(len(WORDS)):
        for j in range(len(WORDS)):
            parts.append(line(435 + 90 * j, 168, 435 + 90 * i, 118, stroke=BLUE, width=1.5))
    for i, word in enumerate(WORDS):
        x = 435 + 90 * i
        parts += [box(x - 36, 168, 72, 36), text(x, 191, word),
                  box(x - 36, 82, 72, 36, fill=tint(0.15)), text(x, 105, f"output {i + 1}", size=13)]
    parts += [text(190, 236, "the first word needs three steps to reach the last", size=13, fill=SOFT),
              text(570, 236, "every pair is one step apart, and all at the same time", size=13, fill=SOFT)]
    story = ("On the left each state is made from the state before it and one word. "
             "On the right each output is joined with every word directly.")
    return picture("Reading in steps, and looking around", story, 760, 256, parts)


def self_attention() -> str:
    """Draw the worked example: vectors, three roles, weights, outputs."""
    y = 78
    queries, keys = queries_and_keys()
    table = weights()
    parts = [*names(66, y, WORDS),
             *cells(74, y, [[f"{n}" for n in vector] for vector in VECTORS], title="x", columns=FEATURES),
             *arrow(274, 340, y + 56, "matrices"),
             *cells(348, y, [[f"{n}"] for n in queries], title="q"),
             *cells(408, y, [[f"{n}"] for n in keys], title="k"),
             *cells(468, y, [[f"{n}" for n in value] for value in values()], title="v", wide=40),
             *arrow(556, 618, y + 56, "softmax"),
             *cells(626, y, [[f"{share:.3f}" for share in row] for row in table], title="weights",
                    columns=WORDS, wide=54, fills=[[tint(share) for share in row] for row in table],
                    inks=[[CARD if share > DARK else INK for share in row] for row in table]),
             *arrow(850, 902, y + 56, "× v"),
             *cells(910, y, [[f"{value:.2f}" for value in row] for row in outputs()], title="outputs",
                    columns=FEATURES[:2], wide=52)]
    parts.append(box(16, y + 34 - 2, 1002, 38, fill="none", stroke=BLUE))
    story = ("Each word's vector gives a query, a key and a value. The word bank asks, the word muddy tells: "
             "bank gives muddy its largest share, and its output holds much water and little money.")
    return picture("Self-attention on four words", story, 1034, 234, parts)


def marks(rows: Sequence[Sequence[bool]]) -> tuple[Table, Table, Table]:
    """Write a mask as ones and zeros, with the colours of its cells."""
    return ([["1" if may else "0" for may in row] for row in rows],
            [[tint(0.75) if may else EMPTY for may in row] for row in rows],
            [[CARD if may else SOFT for may in row] for row in rows])


def where_to_look() -> str:
    """Draw causal masks for three numbers of queries, which end at the same corner, and a padding mask."""
    parts: list[str] = []
    wide, bottom = 42, 92 + 34 * 4
    for place, (t_q, t_k) in enumerate(MASKS):
        x, y = 76 + 236 * place, bottom - 34 * t_q
        rows, fills, inks = marks([[j <= i + t_k - t_q for j in range(t_k)] for i in range(t_q)])
        queries = "1 query" if t_q == 1 else f"{t_q} queries"
        parts.append(text(x + wide * t_k / 2, 34, f"{queries}, {t_k} keys", weight="bold"))
        parts += cells(x, y, rows, fills=fills, inks=inks, columns=WORDS, wide=wide)
        parts += names(x - 8, y, WORDS[t_k - t_q:])
    x, y = 822, bottom - 34 * len(LENGTHS)
    rows, fills, inks = marks([[j < length for j in range(WIDTH)] for length in LENGTHS])
    parts.append(text(x + wide * WIDTH / 2, 34, "padding, two texts", weight="bold"))
    parts += cells(x, y, rows, fills=fills, inks=inks, columns=[f"{j + 1}" for j in range(WIDTH)], wide=wide)
    parts += names(x - 8, y, [f"{length} words" for length in LENGTHS])
    parts.append(line(740, 56, 740, bottom, stroke=FRAME))
    rule = "The last query belongs to the last key: the masks end at the same corner."
    parts.append(text(360, bottom + 32, rule, size=13, fill=SOFT))
    story = ("Masks of ones and zeros: for four queries a triangle, for two and for one query its last rows. "
             "The padding mask of a batch has a row for each text: 1 1 1 1 and 1 1 1 0.")
    return picture("Where to look: causal masks and a padding mask", story, 1012, bottom + 52, parts)


def way_back() -> str:
    """Draw the way forward in blue, and the gradients that come back in red."""
    parts = [text(40, 30, "forward", fill=BLUE, anchor="start", weight="bold"),
             text(124, 30, "back", fill=RED, anchor="start", weight="bold")]
    boxes = {"q": (50, 54), "k": (50, 150), "v": (50, 240), "scores": (270, 102), "weights": (490, 102),
             "out": (710, 165)}
    steps = (("q", "scores", "÷ √d_k", "d_q", -34, 30), ("k", "scores", "", "d_k", 24, 32),
             ("scores", "weights", "softmax", "d_scores", 0, 26),
             ("weights", "out", "", "d_weights", -34, 26),
             ("v", "out", "", "d_v", 0, 26))
    wide, tall = 100, 46
    for start, end, forward, back, aside, below in steps:
        x1, y1 = boxes[start][0] + wide, boxes[start][1] + tall / 2
        x2, y2 = boxes[end][0], boxes[end][1] + tall / 2
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        dx, dy = (x2 - x1) / length, (y2 - y1) / length
        up_x, up_y = 6 * dy, -6 * dx
        parts += [line(x1 + up_x, y1 + up_y, x2 + up_x - 9 * dx, y2 + up_y - 9 * dy, stroke=BLUE, width=2),
                  head(x2 + up_x, y2 + up_y, dx, dy, BLUE),
                  line(x1 - up_x + 9 * dx, y1 - up_y + 9 * dy, x2 - up_x, y2 - up_y, stroke=RED, width=2),
                  head(x1 - up_x, y1 - up_y, -dx, -dy, RED)]
        middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
        if forward:
            right = 20 if start == "q" else 0
            parts.append(text(middle_x + right, middle_y - 16, forward, size=13, fill=BLUE))
        parts.append(text(middle_x + aside, middle_y + below, back, size=13, fill=RED))
    for name, (x, y) in boxes.items():
        parts += [box(x, y, wide, tall), text(x + wide / 2, y + 29, name, weight="bold")]
    parts += [line(868, 182, 819, 182, stroke=RED, width=2), head(810, 182, -1, 0, RED),
              text(846, 212, "d_out", size=13, fill=RED)]
    story = ("Queries and keys make scores, softmax makes weights, weights and values make the output. "
             "The gradient comes back the same way: to weights and values, to scores, to queries and keys.")
    return picture("The way forward, and the way back", story, 890, 310, parts)


def pictures() -> dict[str, str]:
    """Draw every picture of the lesson: file name to SVG text."""
    return {f"{draw.__name__}.svg": draw() for draw in (reading, self_attention, where_to_look, way_back)}


def main() -> None:
    """Write the pictures beside the lesson's text."""
    for name, svg in pictures().items():
        (LESSON / name).write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
