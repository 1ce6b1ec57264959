"""Watch attention work on three words, step by step, and then on your own functions.

    python assignments/01_attention_mechanism/example_01_attention.py
    python assignments/01_attention_mechanism/example_01_attention.py --svg map.svg
    python assignments/01_attention_mechanism/example_01_attention.py --plot

The first part needs no exercise to be solved, and not even NumPy.
The second part calls exercises 1.1 to 1.5 of your `minigpt/attention.py`, as far as they are written.
Nothing is written to disk, unless you ask for a picture with --svg.
"""

from __future__ import annotations

import argparse
import importlib
import io
import math
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

try:
    import numpy as np
except ImportError:  # the first part works without it
    np = None  # type: ignore[assignment]

# The example of the lesson's text: what each word offers, what it hands over, what a reader asks for.
KEYS = {"cat": (2, 0, 0, 1), "sat": (0, 2, 0, 1), "mat": (0, 0, 2, 1)}
VALUES = {"cat": (1, 0), "sat": (0, 1), "mat": (1, 1)}
QUERIES = {"it": (2, 0, 1, 0), "then": (0, 1, 0, 2)}
FORBIDDEN = {("it", "mat")}

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = {
    "softmax": "1.1",
    "attention_scores": "1.2",
    "scale_scores": "1.3",
    "mask_scores": "1.4",
    "scaled_dot_product_attention": "1.5",
}
CLOSE = 1e-6
VERY_LOW = -1e9

Map = dict[str, dict[str, float]]


# ---------------------------------------------------------------- part 1: by hand


def score(reader: str, word: str) -> float:
    """Add up the products, feature by feature."""
    return float(sum(wish * offer for wish, offer in zip(QUERIES[reader], KEYS[word], strict=True)))


def share_out(reader: str, words: Sequence[str]) -> dict[str, float]:
    """Share out a reader's attention over these words; the keys have four features, and √4 is 2."""
    pulls = {word: math.e ** (score(reader, word) / 2) for word in words}
    together = sum(pulls.values())
    return {word: pulls.get(word, 0.0) / together for word in KEYS}


def attention_map(*, masked: bool) -> Map:
    """Compute every reader's shares, with the forbidden pairs left out if asked."""
    return {
        reader: share_out(reader, [w for w in KEYS if not (masked and (reader, w) in FORBIDDEN)])
        for reader in QUERIES
    }


def mix(weights: dict[str, float]) -> list[float]:
    """Add up the values, each taken in its share."""
    return [sum(weights[word] * VALUES[word][place] for word in VALUES) for place in range(2)]


def tell_step_by_step(reader: str) -> None:
    """Print the arithmetic of one reader, the way you would do it on paper."""
    weights = share_out(reader, list(KEYS))
    print(f"\nThe word '{reader}' reads. What it looks for: {list(QUERIES[reader])}")
    for word, key in KEYS.items():
        products = " + ".join(f"{q}x{k}" for q, k in zip(QUERIES[reader], key, strict=True))
        points = score(reader, word)
        print(f"  {word}: {products} = {points:.0f}   {points:.0f}/2 = {points / 2:.0f}   ", end="")
        print(f"exp {math.exp(points / 2):.3f}   share {weights[word]:.3f}")
    parts = " + ".join(f"{weights[word]:.3f} x {list(VALUES[word])}" for word in KEYS)
    first, second = mix(weights)
    print(f"  {parts}\n  = [{first:.3f}, {second:.3f}], the output of '{reader}'")


# ---------------------------------------------------------------- the map


def shades() -> str:
    """Choose characters from light to dark that this terminal can print."""
    for candidates in (" ░▒▓█", " .:*#"):
        try:
            candidates.encode(sys.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            continue
        return candidates
    return " .:*#"


def draw(weights: Map, title: str) -> None:
    """Draw a map of shares as text: one row for each reader, darker for more attention."""
    scale = shades()
    print(f"\n{title}\n" + (" " * 8 + "".join(f"{word:^12}" for word in KEYS)).rstrip())
    for reader, row in weights.items():
        cells = (scale[min(int(share * len(scale)), len(scale) - 1)] * 4 for share in row.values())
        inked = (f"  {cell} {share:.2f}" for cell, share in zip(cells, row.values(), strict=True))
        print(f"  {reader:>5} " + " ".join(inked))


def svg(weights: Map) -> str:
    """Draw the same map as an SVG picture that needs nothing else."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" width="320" height="150" font-family="sans-serif">']
    parts.append('<rect width="320" height="150" rx="8" fill="#ffffff"/>')
    for column, word in enumerate(KEYS):
        parts.append(f'<text x="{120 + 80 * column}" y="34" text-anchor="middle">{word}</text>')
    for line, (reader, row) in enumerate(weights.items()):
        top = 46 + 44 * line
        parts.append(f'<text x="66" y="{top + 27}" text-anchor="end">{reader}</text>')
        for column, share in enumerate(row.values()):
            left, ink = 80 + 80 * column, "#ffffff" if share > 0.75 else "#1b2530"
            parts.append(f'<rect x="{left}" y="{top}" width="78" height="42" fill="#1d5fa6"')
            parts.append(f' fill-opacity="{share:.3f}" stroke="#c9ced6"/>')
            parts.append(f'<text x="{left + 39}" y="{top + 27}" text-anchor="middle"')
            parts.append(f' fill="{ink}">{share:.2f}</text>')
    return "\n".join([*parts, "</svg>", ""])


def plot(weights: Map) -> None:
    """Show the same map in a window, if matplotlib is there."""
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError:
        print("\n--plot needs matplotlib, which is not installed. Try: pip install matplotlib")
        return
    figure, axes = pyplot.subplots()
    image = axes.imshow([list(row.values()) for row in weights.values()], cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(KEYS)), list(KEYS))
    axes.set_yticks(range(len(weights)), list(weights))
    axes.set_title("Who attends to whom")
    figure.colorbar(image, label="share")
    pyplot.show()


def tell_by_hand() -> Map:
    """Tell the first part; hand back the masked map."""
    print("Three words can be read, and each offers four features:")
    print("  animal, action, thing, any word")
    for word, key in KEYS.items():
        print(f"  {word}: key {list(key)}, value {list(VALUES[word])}")
    for reader in QUERIES:
        tell_step_by_step(reader)
    draw(attention_map(masked=False), "Who attends to whom (each row sums to 1)")
    masked = attention_map(masked=True)
    draw(masked, "With a mask: 'it' may not look at 'mat'")
    return masked


# ---------------------------------------------------------------- part 2: your functions


def find_module() -> ModuleType | str:
    """Import minigpt.attention from the repository of this file, or say why that fails."""
    if np is None:
        return "Your functions need NumPy, which is not installed. Try: pip install numpy"
    # A course's own tree keeps its package in reference/, a student's at the top.
    home = next((h for h in (ROOT, ROOT / "reference") if (h / "minigpt" / "attention.py").is_file()), None)
    if home is None:
        return f"There is no minigpt/attention.py in {ROOT}"
    sys.path.insert(0, str(home))
    sys.dont_write_bytecode = True
    try:
        return importlib.import_module("minigpt.attention")
    except (Exception, SystemExit) as problem:  # a student's module may fail in any way
        return f"minigpt/attention.py cannot be imported: {in_short(problem)}"


def in_short(problem: BaseException) -> str:
    """Name an exception and its message, without its line breaks."""
    place = f" (line {problem.lineno})" if isinstance(problem, SyntaxError) else ""
    message = getattr(problem, "msg", None) or str(problem)
    return textwrap.shorten(f"{type(problem).__name__}: {message}", 160, placeholder=" ...") + place


def say(line: str) -> None:
    """Print a line that may be long, folded to the width of a terminal."""
    print(textwrap.fill(line, 80, initial_indent="  ", subsequent_indent="      "))


def compare(answer: Any, expected: Any) -> str:
    """Compare an answer with the numbers of part 1, in a few words."""
    if isinstance(expected, tuple):
        if not isinstance(answer, tuple) or len(answer) != len(expected):
            return "should return two things: output and weights"
        verdicts = [compare(one, other) for one, other in zip(answer, expected, strict=True)]
        return next((verdict for verdict in verdicts if verdict != "agrees"), "agrees")
    if answer is None:
        return "returns nothing"
    got = np.asarray(answer, dtype=float)
    if got.shape != expected.shape:
        return f"has shape {list(got.shape)}, not {list(expected.shape)}"
    got = np.where(got <= VERY_LOW, -np.inf, got)  # "forbidden" has more than one right spelling
    same = np.isclose(got, expected, rtol=0.0, atol=CLOSE)
    return "agrees" if same.all() else f"differs in {int((~same).sum())} of {same.size} numbers"


def attempt(yours: ModuleType, name: str, given: tuple[Any, ...], expected: Any) -> tuple[str, Any]:
    """Call one function of yours: a verdict, whatever happens, and the answer."""
    if not hasattr(yours, name):
        return "is missing", None
    try:
        answer = getattr(yours, name)(*given)
        return compare(answer, expected), answer
    except NotImplementedError:
        return "not written yet", None
    except (Exception, SystemExit) as problem:  # a student's function may fail in any way
        return f"raises {in_short(problem)}", None


def table(rows: Any, kind: type = float) -> Any:
    """Make a locked array, so that a function that writes into its inputs is found out."""
    array: Any = np.array([list(row) for row in rows], dtype=kind)
    array.setflags(write=False)
    return array


def questions() -> dict[str, tuple[tuple[Any, ...], Any]]:
    """Give each function its inputs and the answer of part 1."""
    q, k, v = table(QUERIES.values()), table(KEYS.values()), table(VALUES.values())
    scores = table([score(reader, word) for word in KEYS] for reader in QUERIES)
    scaled = table([score(reader, word) / 2 for word in KEYS] for reader in QUERIES)
    mask = table(([(reader, word) not in FORBIDDEN for word in KEYS] for reader in QUERIES), bool)
    plain = table(row.values() for row in attention_map(masked=False).values())
    masked = attention_map(masked=True)
    answer = table(map(mix, masked.values())), table(row.values() for row in masked.values())
    return {
        "softmax": ((scaled,), plain),
        "attention_scores": ((q, k), scores),
        "scale_scores": ((scores, 4), scaled),
        "mask_scores": ((scaled, mask), np.where(mask, scaled, -np.inf)),
        "scaled_dot_product_attention": ((q, k, v, mask), answer),
    }


def tell_yours() -> Map | None:
    """Report on exercises 1.1 to 1.5, and draw your map if they all agree."""
    print("\nNow your own functions, on the same numbers:")
    yours = find_module()
    if isinstance(yours, str):
        say(yours)
        return None
    answer: Any = ()
    to_do = []
    for name, (given, expected) in questions().items():
        verdict, answer = attempt(yours, name, given, expected)
        say(f"{EXERCISES[name]} {name:<29} {verdict}")
        to_do += [EXERCISES[name]] if verdict != "agrees" else []
    if to_do:
        say(f"Solve them in order, and run this again. Next: grader check {to_do[0]}")
        return None
    say("All five agree with the numbers worked out by hand.")
    rows = (dict(zip(KEYS, map(float, row), strict=True)) for row in np.asarray(answer[1]))
    live = dict(zip(QUERIES, rows, strict=True))
    draw(live, "Who attends to whom, drawn from your weights ('it' may not look at 'mat')")
    return live


# ---------------------------------------------------------------- the command


def main() -> None:
    """Tell the story, then write or show the map if asked."""
    parser = argparse.ArgumentParser(description="Watch attention work on three words.")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="also write the map as an SVG picture")
    parser.add_argument("--plot", action="store_true", help="also show the map in a window (matplotlib)")
    wanted = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a message of yours may hold any character
    masked = tell_by_hand()
    live = tell_yours()
    if wanted.svg:
        try:
            wanted.svg.write_text(svg(live or masked), encoding="utf-8")
        except OSError as problem:
            parser.error(f"cannot write {wanted.svg}: {problem.strerror}. Choose another place.")
        print(f"\nThe map is in {wanted.svg}.")
    if wanted.plot:
        plot(live or masked)


if __name__ == "__main__":
    main()
