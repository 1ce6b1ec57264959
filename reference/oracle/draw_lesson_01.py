"""Draw the pictures of lesson 1, with nothing but the standard library.

Run `python reference/oracle/draw_lesson_01.py` to write them beside the lesson's text.
Every number in a picture is computed here from the lesson's example, so none can be mistyped.
The same numbers give the same bytes; a test draws them again and compares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

LESSON = Path(__file__).resolve().parents[2] / "assignments" / "01_attention_mechanism"

WORDS = ("cat", "sat", "mat")
READERS = ("it", "then")
KEYS = ((2, 0, 0, 1), (0, 2, 0, 1), (0, 0, 2, 1))
VALUES = ((1, 0), (0, 1), (1, 1))
QUERIES = ((2, 0, 1, 0), (0, 1, 0, 2))
MASK = ((True, True, False), (True, True, True))
POINTS = ((0.0, 10.0), (1.0, 20.0), (3.0, 40.0))
PLACE = 1.5
BANDWIDTHS = (0.1, 1.0, 100.0)
WIDTH = 64

# The card is opaque, so the pictures read the same on a light page and on a dark one.
CARD, FRAME, INK, SOFT, BLUE, RED, EMPTY = (
    "#ffffff", "#c9ced6", "#1b2530", "#5b6675", "#1d5fa6", "#a8321f", "#f3f5f8",
)
DARK = 0.75  # from this share on, white digits read better than black ones

Row = Sequence[float]
Table = Sequence[Row]


def shares(scores: Row) -> list[float]:
    """Turn one row of scores into shares."""
    top = max(scores)
    parts = [math.exp(score - top) for score in scores]
    return [part / sum(parts) for part in parts]


def dot(a: Row, b: Row) -> float:
    """Multiply position by position and add up."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def blend(weights: Row) -> list[float]:
    """Mix the values of the example in these shares."""
    return [dot(weights, column) for column in zip(*VALUES, strict=True)]


def smooth(place: float, bandwidth: float) -> float:
    """Guess the curve at a place from the known points."""
    weights = shares([-((place - x) ** 2) / (2 * bandwidth**2) for x, _ in POINTS])
    return dot(weights, [y for _, y in POINTS])


def number(value: float) -> str:
    """Write a coordinate with one digit, the same on every machine."""
    return f"{round(value, 1) + 0.0:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, *, size: int = 15, fill: str = INK, anchor: str = "middle",
         weight: str = "normal") -> str:
    """Set a line of text with its baseline at y."""
    return (f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{fill}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{escape(words)}</text>')


def box(x: float, y: float, width: float, height: float, *, fill: str = EMPTY, stroke: str = FRAME,
        round_by: int = 6) -> str:
    """Draw a rectangle."""
    return (f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
            f'rx="{round_by}" fill="{fill}" stroke="{stroke}"/>')


def line(x1: float, y1: float, x2: float, y2: float, *, width: float = 1.5, stroke: str = SOFT) -> str:
    """Draw a straight line."""
    return (f'<line x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}" '
            f'stroke="{stroke}" stroke-width="{number(width)}" stroke-linecap="round"/>')


def arrow(x1: float, x2: float, y: float, label: str) -> list[str]:
    """Draw an arrow to the right, with a word above it."""
    head = f"{number(x2)},{number(y)} {number(x2 - 9)},{number(y - 5)} {number(x2 - 9)},{number(y + 5)}"
    return [line(x1, y, x2 - 9, y), f'<polygon points="{head}" fill="{SOFT}"/>',
            text((x1 + x2) / 2, y - 10, label, size=13, fill=SOFT)]


def tint(share: float) -> str:
    """Mix white and blue: the larger the share, the darker."""
    blue = (29, 95, 166)
    return "#" + "".join(f"{round(255 + (channel - 255) * share):02x}" for channel in blue)


def picture(title: str, story: str, width: int, height: int, body: Sequence[str]) -> str:
    """Put the parts on a card, with a title and a description for those who listen."""
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title story" '
            f'font-family="Helvetica, Arial, sans-serif">')
    names = [f'<title id="title">{escape(title)}</title>', f'<desc id="story">{escape(story)}</desc>']
    card = box(0.5, 0.5, width - 1, height - 1, fill=CARD, round_by=10)
    return "\n".join([head, *names, card, *body, "</svg>", ""])


def grid(x: float, y: float, title: str, table: Table, *, columns: Sequence[str],
         write: Callable[[float], str], shade: bool = False) -> list[str]:
    """Draw a table of numbers, shaded by size where they are shares."""
    cell_w, cell_h = 56, 40
    parts = [text(x + cell_w * len(columns) / 2, y - 34, title, weight="bold")]
    for j, name in enumerate(columns):
        parts.append(text(x + cell_w * (j + 0.5), y - 10, name, size=13, fill=SOFT))
    for i, row in enumerate(table):
        for j, value in enumerate(row):
            fill = tint(value) if shade else EMPTY
            ink = CARD if shade and value > DARK else INK
            parts.append(box(x + j * cell_w, y + i * cell_h, cell_w, cell_h, fill=fill, round_by=0))
            parts.append(text(x + (j + 0.5) * cell_w, y + i * cell_h + 25, write(value), fill=ink))
    return parts


def reader_names(x: float, y: float) -> list[str]:
    """Name the rows of a table: the words that read."""
    return [text(x, y + 40 * i + 25, name, anchor="end", fill=SOFT) for i, name in enumerate(READERS)]


def whole(value: float) -> str:
    """Write a score of the example, which is whole or minus infinity."""
    return "−∞" if value == -math.inf else f"{value:.0f}"


def share_text(value: float) -> str:
    """Write a share with three digits."""
    return f"{value:.3f}"


def scaled_scores() -> list[list[float]]:
    """Compute the scaled scores of the example."""
    root = math.sqrt(len(KEYS[0]))
    return [[dot(query, key) / root for key in KEYS] for query in QUERIES]


def soft_look_up() -> str:
    """Draw the search engine: one query, three keys, three values, one blend."""
    weights = shares(scaled_scores()[0])
    parts = [text(92, 40, "query", weight="bold"), text(300, 40, "keys", weight="bold"),
             text(508, 40, "values", weight="bold"), text(670, 40, "output", weight="bold"),
             box(32, 118, 120, 64), text(92, 146, "it"), text(92, 168, "an animal?", size=13, fill=SOFT)]
    offers = ("I am an animal", "I am an action", "I am a thing")
    for i, (word, share, offer, value) in enumerate(zip(WORDS, weights, offers, VALUES, strict=True)):
        y = 64 + 68 * i
        thick = 1 + 11 * share
        parts += [line(152, 150, 230, y + 28, width=thick, stroke=BLUE), box(230, y, 140, 56),
                  text(300, y + 24, word), text(300, y + 44, offer, size=13, fill=SOFT),
                  line(370, y + 28, 468, y + 28, width=thick, stroke=BLUE),
                  text(419, y + 16, share_text(share), size=14, fill=BLUE, weight="bold"),
                  box(468, y, 80, 56), text(508, y + 33, f"[{value[0]}, {value[1]}]"),
                  line(548, y + 28, 606, 150, width=thick, stroke=BLUE)]
    first, second = blend(weights)
    parts += [box(606, 122, 128, 56, fill=tint(0.15)), text(670, 155, f"[{first:.3f}, {second:.3f}]"),
              text(380, 292, "The better query and key fit, the larger that value's share.",
                   size=14, fill=SOFT)]
    story = "The query 'it' is compared with the keys of cat, sat and mat; their values are mixed."
    return picture("Attention is a soft look-up", story, 760, 312, parts)


def worked_example() -> str:
    """Draw the example by hand: scores, scaled scores, weights, outputs."""
    scores = [[dot(query, key) for key in KEYS] for query in QUERIES]
    scaled = scaled_scores()
    weights = [shares(row) for row in scaled]
    outputs = [blend(row) for row in weights]
    y = 76
    parts = [*reader_names(62, y), *grid(74, y, "scores", scores, columns=WORDS, write=whole),
             *arrow(250, 304, y + 40, "÷ √4"),
             *grid(312, y, "scaled", scaled, columns=WORDS, write=whole),
             *arrow(488, 556, y + 40, "softmax"),
             *grid(564, y, "weights", weights, columns=WORDS, write=share_text, shade=True),
             *arrow(740, 808, y + 40, "× values"),
             *grid(816, y, "outputs", outputs, columns=("", ""), write=share_text)]
    story = "Two rows of scores are scaled, turned into weights that sum to one, and mix the values."
    return picture("A worked example", story, 956, 184, parts)


def masks() -> str:
    """Draw a mask, the scores that it leaves, and the weights."""
    allowed = [[1.0 if may else 0.0 for may in row] for row in MASK]
    left = [[score if may else -math.inf for score, may in zip(row, mask, strict=True)]
            for row, mask in zip(scaled_scores(), MASK, strict=True)]
    weights = [shares(row) for row in left]
    y = 76
    parts = [*reader_names(62, y),
             *grid(74, y, "mask", allowed, columns=WORDS, write=lambda may: "True" if may else "False"),
             *arrow(250, 304, y + 40, "mark"),
             *grid(312, y, "scores", left, columns=WORDS, write=whole),
             *arrow(488, 556, y + 40, "softmax"),
             *grid(564, y, "weights", weights, columns=WORDS, write=share_text, shade=True)]
    story = "The word 'it' may not look at 'mat': its score there becomes minus infinity and its weight zero."
    return picture("Masks: True means may attend", story, 768, 184, parts)


def scaling() -> str:
    """Draw the shares of two keys at a typical difference of scores, scaled in three ways."""
    typical = math.sqrt(2 * WIDTH)
    panels = (("no scaling", 1.0), ("divided by √d_k", math.sqrt(WIDTH)), ("divided by d_k", float(WIDTH)))
    parts = [text(360, 30, f"d_k = {WIDTH}: two keys whose scores differ by {typical:.1f}", weight="bold")]
    for i, (label, divisor) in enumerate(panels):
        middle = 130 + 230 * i
        parts.append(text(middle, 236, label))
        parts.append(text(middle, 256, f"difference {typical / divisor:.2f}", size=13, fill=SOFT))
        for j, share in enumerate(shares([typical / divisor, 0.0])):
            x, tall = middle - 64 + 68 * j, 140 * share
            parts.append(box(x, 206 - tall, 60, tall, fill=BLUE, stroke=BLUE, round_by=0))
            digits = 5 if divisor == 1.0 else 2
            parts.append(text(x + 30, 198 - tall, f"{share:.{digits}f}", size=14))
        parts.append(line(middle - 72, 206, middle + 72, 206))
    story = "Without scaling one key takes all; divided by the root both count; divided by d_k they tie."
    return picture("Why we scale the scores", story, 720, 274, parts)


def kernel_regression() -> str:
    """Draw the guesses for three bandwidths through the same points."""

    def across(x: float) -> float:
        return 70 + (x + 0.5) / 4 * 480

    def up(y: float) -> float:
        return 250 - (y - 5) / 40 * 210

    parts = [line(70, 250, 550, 250), line(70, 40, 70, 250)]
    parts += [text(across(x), 270, number(x), size=13, fill=SOFT) for x in (0, 1, 2, 3)]
    parts += [text(60, up(y) + 5, number(y), size=13, fill=SOFT, anchor="end") for y in (10, 20, 30, 40)]
    styles = ((RED, "7 5"), (BLUE, "none"), (SOFT, "2 5"))
    for i, (bandwidth, (colour, dashes)) in enumerate(zip(BANDWIDTHS, styles, strict=True)):
        places = [-0.5 + step / 40 for step in range(161)]
        path = " ".join(f"{number(across(x))},{number(up(smooth(x, bandwidth)))}" for x in places)
        look = f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        y = 96 + 46 * i
        parts += [f'<polyline points="{path}" {look}/>', f'<polyline points="574,{y} 614,{y}" {look}/>',
                  text(624, y + 5, f"h = {number(bandwidth)}", anchor="start"),
                  text(624, y + 23, f"at {PLACE}: {smooth(PLACE, bandwidth):.2f}", size=13, fill=SOFT,
                       anchor="start")]
    for place, value in POINTS:
        parts.append(f'<circle cx="{number(across(place))}" cy="{number(up(value))}" r="6" fill="{INK}"/>')
    story = "Through three points: a staircase for h = 0.1, a smooth curve for 1, the mean for 100."
    return picture("Attention as kernel regression", story, 730, 288, parts)


def pictures() -> dict[str, str]:
    """Draw every picture of the lesson: file name to SVG text."""
    drawn = (soft_look_up, worked_example, masks, scaling, kernel_regression)
    return {f"{draw.__name__}.svg": draw() for draw in drawn}


def main() -> None:
    """Write the pictures beside the lesson's text."""
    for name, svg in pictures().items():
        (LESSON / name).write_text(svg, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
