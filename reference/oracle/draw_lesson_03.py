"""Draw the pictures of lesson 3, with nothing but the standard library.

Run `python reference/oracle/draw_lesson_03.py` to write them beside the lesson's text.
Every number in a picture is computed here from the lesson's example, so none can be mistyped.
The same numbers give the same bytes; a test draws them again and compares.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the test loads this file by its path

from draw_lesson_01 import (
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
    picture,
    shares,
    text,
    tint,
)

LESSON = Path(__file__).resolve().parents[2] / "assignments" / "03_multi_head_attention"

WORDS = ("old", "cat", "young", "dog")
PLACES = ((2, 0), (0, 2), (-2, 0), (0, -2))
KINDS = ((2, 0), (0, 2), (2, 0), (0, 2))
WIDTH = 2  # of a head
TOKENS = ((1, 2, 3, 4), (5, 6, 7, 8))
FIRST_TOKEN, SECOND_TOKEN = tint(0.22), "#f4d8d2"
LEAD = 3.0  # how far a head of the gallery prefers what it looks for
LONG = 6  # tokens in the gallery

Row = Sequence[float]


def causal_shares(scores: Sequence[Row]) -> list[list[float]]:
    """Share out every row over its own place and those before it."""
    return [shares(row[: i + 1]) + [0.0] * (len(row) - i - 1) for i, row in enumerate(scores)]


def example_maps() -> list[list[list[float]]]:
    """Compute the two maps of the lesson's example, under a causal mask."""
    before = (PLACES[-1], *PLACES[:-1])  # a quarter turn back is the place of the word before
    heads = ((before, PLACES), (KINDS, KINDS))
    return [
        causal_shares([[dot(q, k) / math.sqrt(WIDTH) for k in keys] for q in queries])
        for queries, keys in heads
    ]


def cells(x: float, y: float, numbers: Sequence[int], size: float = 34) -> list[str]:
    """Draw numbers side by side, each in the colour of the token that it belongs to."""
    parts = []
    for j, number in enumerate(numbers):
        fill = FIRST_TOKEN if number in TOKENS[0] else SECOND_TOKEN
        parts.append(box(x + j * size, y, size, size, fill=fill, round_by=0))
        parts.append(text(x + (j + 0.5) * size, y + size / 2 + 5, str(number)))
    return parts


def two_heads_of(x: float, y: float, heads: Sequence[Sequence[Sequence[int]]]) -> list[str]:
    """Draw two heads of two tokens and two numbers each."""
    parts = []
    for h, head in enumerate(heads):
        left = x + 106 * h
        parts.append(text(left + 34, y - 10, f"head {h}", size=13, fill=SOFT))
        for t, row in enumerate(head):
            parts += cells(left, y + 34 * t, row)
    return parts


def memory_layout() -> str:
    """Draw the eight numbers in memory, the right way to two heads, and the wrong one."""
    flat = [number for token in TOKENS for number in token]
    halves = [[token[:2], token[2:]] for token in TOKENS]
    right = [[halves[t][h] for t in range(2)] for h in range(2)]
    counted = [flat[i : i + 2] for i in range(0, 8, 2)]
    wrong = [counted[:2], counted[2:]]
    parts = [text(380, 30, "two tokens of four features, as they lie in memory", weight="bold"),
             *cells(244, 44, flat), text(312, 98, "token 0", size=13, fill=SOFT),
             text(448, 98, "token 1", size=13, fill=SOFT),
             text(32, 146, "right: two steps", anchor="start", weight="bold")]
    parts += arrow(32, 150, 210, "count again")
    for t, token in enumerate(halves):
        for h, half in enumerate(token):
            parts += cells(170 + 82 * h, 176 + 34 * t, half)
    parts += [text(245, 166, "[T, H, d_k]", size=13, fill=SOFT),
              text(245, 264, "no number has moved", size=13, fill=SOFT)]
    parts += arrow(340, 488, 210, "exchange T and H")
    parts += [*two_heads_of(508, 176, right),
              text(595, 264, "each head has both tokens", size=13, fill=SOFT),
              line(32, 290, 728, 290, stroke=FRAME),
              text(32, 322, "wrong: a reshape alone", anchor="start", weight="bold", fill=RED)]
    parts += arrow(32, 488, 376, "count as [H, T, d_k] at once")
    parts += [*two_heads_of(508, 342, wrong),
              text(595, 430, "head 0 has both halves of token 0", size=13, fill=RED)]
    story = ("The numbers 1 to 8 in memory. Counted by token and head, and then exchanged, head 0 gets 1 2 "
             "and 5 6. With a reshape alone head 0 gets 1 2 and 3 4, both of token 0.")
    return picture("Reshape is not transpose", story, 760, 452, parts)


def heat(x: float, y: float, weights: Sequence[Row], size: float, write: Callable[[float], str]) -> list[str]:
    """Draw a map of shares; what the mask hides is left grey."""
    parts = []
    for i, row in enumerate(weights):
        for j, share in enumerate(row):
            fill = EMPTY if j > i else tint(share)
            parts.append(box(x + j * size, y + i * size, size, size, fill=fill, round_by=0))
            if j <= i and write(share):
                ink = CARD if share > DARK else INK
                middle = x + (j + 0.5) * size
                parts.append(text(middle, y + (i + 0.5) * size + 5, write(share), size=14, fill=ink))
    return parts


def two_heads() -> str:
    """Draw the maps of the worked example."""
    titles = ("head 0: the word before", "head 1: the same kind")
    parts = []
    for h, (title, weights) in enumerate(zip(titles, example_maps(), strict=True)):
        x = 90 + 350 * h
        parts.append(text(x + 112, 34, title, weight="bold"))
        parts += heat(x, 72, weights, 56, lambda share: f"{share:.3f}")
        for i, word in enumerate(WORDS):
            parts.append(text(x + 56 * (i + 0.5), 62, word, size=13, fill=SOFT))
            parts.append(text(x - 10, 72 + 56 * i + 33, word, size=13, fill=SOFT, anchor="end"))
    parts.append(text(350, 328, "Each row is a reader and sums to 1. The mask hides the grey cells.",
                      size=14, fill=SOFT))
    story = "Head 0 is dark just below the diagonal; head 1 is dark where two words are of the same kind."
    return picture("Two heads read old cat young dog", story, 700, 350, parts)


def axes_row(
    y: float, label: str, axes: Sequence[str], verdict: str, *, wrong: Sequence[int] = ()
) -> list[str]:
    """Draw the axes of one array, lined up from the right; those at wrong places are red."""
    parts = [text(170, y + 25, label, anchor="end")]
    for place, axis in enumerate(axes):
        x = 190 + 62 * place
        if axis:
            ink, edge = (RED, RED) if place in wrong else (INK, FRAME)
            parts.append(box(x, y, 56, 38, fill=EMPTY if axis == "1" else tint(0.22), stroke=edge))
            parts.append(text(x + 28, y + 25, axis, fill=ink, weight="bold"))
    parts.append(text(456, y + 25, verdict, anchor="start", size=14, fill=RED if wrong else SOFT))
    return parts


def mask_axes() -> str:
    """Draw the axes of scores and masks, lined up from the right."""
    parts = [text(190 + 62 * j + 28, 32, name, size=13, fill=SOFT)
             for j, name in enumerate(("texts", "heads", "readers", "read"))]
    parts += axes_row(46, "scores", ("B", "H", "T", "T"), "")
    parts += axes_row(104, "causal mask", ("", "", "T", "T"), "one for all")
    parts += axes_row(162, "padding mask", ("", "B", "1", "T"), "texts stand on the heads", wrong=(1,))
    parts += axes_row(220, "with a new axis", ("B", "1", "1", "T"), "each text has its own")
    parts += axes_row(278, "mask for each head", ("B", "H", "T", "T"), "as it is")
    story = ("Shapes are lined up from the right. A padding mask of the axes B, 1, T puts texts where the "
             "scores have heads; with an axis of length one for the heads it fits.")
    return picture("A mask and its axes", story, 680, 336, parts)


def gallery_scores() -> dict[str, list[list[float]]]:
    """Score what each head of the gallery looks for."""
    place = range(LONG)
    return {
        "previous token": [[LEAD * (j == max(i - 1, 0)) for j in place] for i in place],
        "first token": [[LEAD * (j == 0) for j in place] for i in place],
        "itself": [[LEAD * (j == i) for j in place] for i in place],
        "even rows": [[0.0 for j in place] for i in place],
    }


def head_gallery() -> str:
    """Draw four heads that are easy to recognise."""
    parts = []
    for n, (title, scores) in enumerate(gallery_scores().items()):
        x = 26 + 184 * n
        parts.append(text(x + 78, 32, title, weight="bold"))
        parts += heat(x, 46, causal_shares(scores), 26, lambda share: "")
    parts.append(text(380, 230, "Rows are readers, columns are what they look at; darker is a larger share.",
                      size=14, fill=SOFT))
    story = ("Four causal maps of six words: dark below the diagonal, dark in the first column, dark on the "
             "diagonal, and rows that are even.")
    return picture("Four heads and their maps", story, 760, 250, parts)


def pictures() -> dict[str, str]:
    """Draw every picture of the lesson: file name to SVG text."""
    drawn = (memory_layout, two_heads, mask_axes, head_gallery)
    return {f"{draw.__name__}.svg": draw() for draw in drawn}


def main() -> None:
    """Write the pictures beside the lesson's text."""
    for name, svg in pictures().items():
        (LESSON / name).write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
