"""See that attention is blind to order, and what positions do about it; then try your own functions.

    python assignments/04_positional_encoding/example_04_positional.py
    python assignments/04_positional_encoding/example_04_positional.py --svg table.svg
    python assignments/04_positional_encoding/example_04_positional.py --plot

The first part needs no exercise to be solved: its positions are recorded in a file beside this one.
The second part calls exercises 4.1 to 4.6 of your `minigpt/positional.py`, as far as they are written.
Nothing is written to disk, unless you ask for a picture with --svg.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

# The words of the lesson's text: what each offers, what it hands over, and what "sat" asks for.
KEYS = {"cat": (2, 0, 0, 1), "sat": (0, 2, 0, 1), "on": (0, 0, 0, 1), "mat": (0, 0, 2, 1)}
VALUES = {"cat": (1, 0), "sat": (0, 1), "on": (0, 0), "mat": (1, 1)}
WISH = (2, 0, 1, 0)
SENTENCES = (("cat", "sat", "on", "mat"), ("mat", "sat", "on", "cat"))

# What the second part asks about.
TABLE_SIZE = (12, 16)
SMALL_BASE = 100.0
PLACES = (0, 1, 2, 3, 4)
PAIR = ((3, 1, 2, 0), (2, 2, 1, 1))  # a query and a key, which stand at all places
BIAS_SIZE = (2, 1, 4)

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDED = HERE / "example_04_positional.json"

Table = Sequence[Sequence[float]]


# ---------------------------------------------------------------- part 1: a bag of words


def products(one: Sequence[float], other: Sequence[float]) -> float:
    """Add up the products of two vectors; their width is 4, and √4 is 2."""
    return sum(a * b for a, b in zip(one, other, strict=True)) / 2


def reading(scores: Sequence[float], sentence: Sequence[str]) -> tuple[list[float], list[float]]:
    """Share out the attention of "sat" over a sentence, and mix the values."""
    pulls = [math.e**score for score in scores]
    portions = [pull / sum(pulls) for pull in pulls]
    mixed = [sum(p * VALUES[word][place] for p, word in zip(portions, sentence, strict=True))
             for place in range(2)]
    return portions, mixed


def tell(sentence: Sequence[str], clock: Table | None = None) -> str:
    """Print what "sat" reads from a sentence; give its output as text."""
    wish, keys = list(WISH), [list(KEYS[word]) for word in sentence]
    if clock is not None:  # both get what is recorded for their places
        wish = [w + p for w, p in zip(wish, clock[sentence.index("sat")], strict=True)]
        keys = [[k + p for k, p in zip(key, row, strict=True)] for key, row in zip(keys, clock, strict=True)]
    scores = [products(wish, key) for key in keys]
    portions, mixed = reading(scores, sentence)
    told = "[" + ", ".join(f"{number:.3f}" for number in mixed) + "]"
    print("\n          " + "".join(f"{word:>8}" for word in sentence))
    print("  score   " + "".join(f"{score:8.3f}" for score in scores))
    print("  share   " + "".join(f"{portion:8.3f}" for portion in portions) + f"   output {told}")
    return told


def tell_story(recorded: dict[str, Any]) -> None:
    """Tell the two sentences apart, first without positions and then with them."""
    print("What does the word 'sat' read from two sentences with the same words?")
    print("\nWithout positions:")
    first, second = (tell(sentence) for sentence in SENTENCES)
    print(f"\n  The outputs are {'the same' if first == second else 'different'}: a sum knows no order.")
    print("\nWith a row of sines and cosines added to the query and to each key:")
    first, second = (tell(sentence, recorded["clock"]) for sentence in SENTENCES)
    print(f"\n  The outputs are {'the same' if first == second else 'different'}: now order counts.")


def draw_table(table: Any, show: ModuleType, title: str) -> None:
    """Draw a table of sines and cosines as text: one row for each position, darker for larger numbers."""
    columns = [str(column) for column in range(len(table[0]))]
    rows = [str(position) for position in range(len(table))]
    shades = [[(number + 1) / 2 for number in row] for row in table]
    print(f"\n{title}")
    print("(one row for each position, one column for each sine or cosine; dark is 1)")
    print(show.render_attention(shades, columns, rows, show.best_form()).rstrip("\n"))


def draw_scores(turned: Any) -> None:
    """Print the scores of the turned query and key: a row for each place of the query."""
    print("  query at  " + "".join(f"  key at {place}" for place in PLACES))
    for place, query in zip(PLACES, turned[0], strict=True):
        scores = (2 * products(query, key) for key in turned[1])
        print(f"  {place:>8}  " + "".join(f"{score:10.3f}" for score in scores))
    print("  Down every diagonal stands one number: only the distance counts.")


# ---------------------------------------------------------------- the picture


def svg(table: Table) -> str:
    """Draw a table of sines and cosines as an SVG picture: blue above zero, red below."""
    cell, left, top = 26, 44, 46
    width, height = left + cell * len(table[0]) + 20, top + cell * len(table) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="12">',
        "<title>The table of sines and cosines</title>",
        f"<desc>{len(table)} positions, {len(table[0])} columns; fast waves left, slow ones right.</desc>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="{left}" y="22" fill="#1b2530">sines and cosines: blue is 1, red is -1</text>',
    ]
    for column in range(len(table[0])):
        parts.append(f'<text x="{left + cell * column + 13}" y="40" text-anchor="middle">{column}</text>')
    for position, row in enumerate(table):
        y = top + cell * position
        parts.append(f'<text x="{left - 8}" y="{y + 18}" text-anchor="end">{position}</text>')
        for column, number in enumerate(row):
            ink = "#1d5fa6" if number > 0 else "#a8321f"
            parts.append(f'<rect x="{left + cell * column}" y="{y}" width="{cell - 1}" height="{cell - 1}" '
                         f'fill="{ink}" fill-opacity="{min(abs(number), 1):.3f}" stroke="#c9ced6"/>')
    return "\n".join([*parts, "</svg>", ""])


def plot(table: Table) -> None:
    """Show the same table in a window, if matplotlib is there."""
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        print("\n--plot needs matplotlib, which is not installed. Try: pip install matplotlib")
        return
    figure, axes = pyplot.subplots()
    image = axes.imshow(table, cmap="RdBu", vmin=-1, vmax=1)
    axes.set_xlabel("column")
    axes.set_ylabel("position")
    figure.colorbar(image)
    pyplot.show()


# ---------------------------------------------------------------- part 2: your functions


def find_given() -> tuple[ModuleType, ModuleType] | str:
    """Import the given modules `live` and `show` from this file's repository, or say why that fails."""
    # A course's own tree keeps its package in reference/, a student's at the top.
    home = next((h for h in (ROOT, ROOT / "reference") if (h / "minigpt" / "live.py").is_file()), None)
    if home is None:
        return f"There is no minigpt/live.py in {ROOT}"
    sys.path.insert(0, str(home))
    sys.dont_write_bytecode = True
    try:
        return importlib.import_module("minigpt.live"), importlib.import_module("minigpt.show")
    except ImportError as problem:
        return f"{problem}. If NumPy is not installed, try: pip install numpy"


def questions(recorded: dict[str, Any], live: ModuleType) -> list[Any]:
    """Give each function its inputs and the recorded answer."""
    both = [[vector] * len(PLACES) for vector in PAIR]
    tokens, clock = live.locked([[0.2, 0.7, 0.1, 0.3], [0.5, 0.4, 0.9, 0.6]]), live.locked(recorded["clock"])
    summed = [[t + p for t, p in zip(*rows, strict=True)]
              for rows in zip(tokens.tolist(), recorded["clock"][1:3], strict=True)]
    cos, sin = live.locked(recorded["cos"]), live.locked(recorded["sin"])
    asked = [
        ("4.1", "sinusoidal_encoding", TABLE_SIZE, recorded["table"]),
        ("4.2", "add_positions", (tokens, clock, 1), summed),
        ("4.3", "shift_matrix", (2, 4, SMALL_BASE), recorded["shift"]),
        ("4.4", "rotary_angles", (live.locked(PLACES), 4, SMALL_BASE), (recorded["cos"], recorded["sin"])),
        ("4.5", "apply_rotary", (live.locked(both), cos, sin), recorded["turned"]),
        ("4.6", "alibi_bias", BIAS_SIZE, recorded["bias"]),
    ]
    return [live.Question(exercise, "positional", function, given, expected)
            for exercise, function, given, expected in asked]


def above_last(bias: Any) -> list[list[list[float]]]:
    """Count every number of a bias from the last one of its row: softmax sees no other difference."""
    return [[[number - row[-1] for number in row] for row in head] for head in bias]


def judge(question: Any, live: ModuleType) -> tuple[str, Any]:
    """Ask for one verdict; a bias may be moved as a whole, row by row."""
    verdict, answer = live.attempt(question)
    if question.exercise == "4.6" and verdict.startswith("differs"):
        verdict = live.compare(above_last(answer), above_last(question.expected))
    return verdict, answer


def tell_yours(recorded: dict[str, Any], live: ModuleType, show: ModuleType) -> Table | None:
    """Report on exercises 4.1 to 4.6, and draw your table and your scores if they all agree."""
    print("\nNow your own functions, against recorded numbers:")
    answers, to_do = {}, []
    for question in questions(recorded, live):
        verdict, answers[question.exercise] = judge(question, live)
        live.say(f"{question.exercise} {question.function:<21} {verdict}")
        to_do += [] if verdict == "agrees" else [question.exercise]
    if to_do:
        live.say(f"Write what is missing, and run this again. Next: grader check {to_do[0]}")
        return None
    live.say("All six agree with the recorded numbers.")
    table = [[float(number) for number in row] for row in answers["4.1"]]
    draw_table(table, show, "Drawn from your table of sines and cosines")
    print("\nScores of your turned query with your turned key")
    draw_scores(answers["4.5"])
    return table


# ---------------------------------------------------------------- the command


def run(recorded: dict[str, Any]) -> Table | None:
    """Tell both parts; give your table if it may be drawn."""
    tell_story(recorded)
    given = find_given()
    if isinstance(given, str):
        print(f"\n{given}")
        return None
    live, show = given
    draw_table(recorded["table"], show, "Positions, written as sines and cosines")
    print("\nA query and a key, turned by the angles of their places (rotary):")
    draw_scores(recorded["turned"])
    return tell_yours(recorded, live, show)


def main() -> None:
    """Tell the story, then write or show the table if asked."""
    parser = argparse.ArgumentParser(description="See what positions do for attention.")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="also write the table as an SVG picture")
    parser.add_argument("--plot", action="store_true", help="also show the table in a window (matplotlib)")
    wanted = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a message of yours may hold any character
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    table = run(recorded) or recorded["table"]
    if wanted.svg:
        try:
            wanted.svg.write_text(svg(table), encoding="utf-8")
        except OSError as problem:
            parser.error(f"cannot write {wanted.svg}: {problem.strerror}. Choose another place.")
        print(f"\nThe picture is in {wanted.svg}.")
    if wanted.plot:
        plot(table)


if __name__ == "__main__":
    main()
