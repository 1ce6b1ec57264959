"""Watch what one block of a transformer does to one token, and then run it on your own functions.

    python assignments/05_feed_forward_networks/example_05_transformer_block.py
    python assignments/05_feed_forward_networks/example_05_transformer_block.py --svg block.svg

The first part needs no exercise to be solved, and not even NumPy: its numbers are recorded.
The second part calls all eight functions of your `minigpt/feed_forward.py`, as far as they are written.
Nothing is written to disk, unless you ask for a picture with --svg.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_suffix(".json")
BAR = 5  # so many characters on each side of zero

Row = Sequence[float]
Steps = list[tuple[str, Row]]


# ---------------------------------------------------------------- how numbers are printed


def short(value: float, digits: int = 3) -> str:
    """Write a number, without a sign where it rounds to zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def listed(row: Row, digits: int = 3) -> str:
    """Write a row of numbers in columns."""
    return "".join(f"{short(value, digits):>9}" for value in row)


def ink() -> str:
    """Choose a character for bars that this terminal can print."""
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#"
    return "█"


def bar(value: float, largest: float, dot: str) -> str:
    """Draw one number as a bar that grows to the left or to the right of zero."""
    length = max(1, round(BAR * abs(value) / largest)) if round(value, 3) else 0
    left, right = (dot * length, "") if value < 0 else ("", dot * length)
    return f"{left:>{BAR}}|{right:<{BAR}}"


def draw(steps: Steps, title: str) -> None:
    """Draw each step as a line of bars, one for each feature; the longest bar of a line is its largest."""
    print(f"\n{title}")
    dot = ink()
    for name, row in steps:
        largest = max(map(abs, row)) or 1.0
        bars = " ".join(bar(value, largest, dot) for value in row)
        print(f"  {name:<12} {bars}".rstrip())


def svg(steps: Steps) -> str:
    """Draw the same steps as an SVG picture that needs nothing else."""
    width, height = 140 + 90 * max(len(row) for _, row in steps), 50 + 44 * len(steps)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
             'font-family="sans-serif" font-size="13">',
             "<title>What a block does to one token</title>",
             "<desc>Each line is a step, each column a feature: bars to the right are positive.</desc>",
             f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>']
    for line, (name, row) in enumerate(steps):
        top, largest = 30 + 44 * line, max(map(abs, row)) or 1.0
        parts.append(f'<text x="116" y="{top + 18}" text-anchor="end" fill="#1b2530">{name}</text>')
        for column, value in enumerate(row):
            middle, length = 172 + 90 * column, 36 * abs(value) / largest
            left, fill = (middle - length, "#a8321f") if value < 0 else (middle, "#1d5fa6")
            parts.append(f'<rect x="{left:.1f}" y="{top}" width="{length:.1f}" height="14" fill="{fill}"/>')
            parts.append(f'<line x1="{middle}" y1="{top - 3}" x2="{middle}" y2="{top + 17}" '
                         'stroke="#5b6675"/>')
            parts.append(f'<text x="{middle}" y="{top + 30}" text-anchor="middle" fill="#5b6675">'
                         f"{short(value)}</text>")
    return "\n".join([*parts, "</svg>", ""])


# ---------------------------------------------------------------- part 1: recorded numbers


def tell_by_hand(told: dict[str, Any]) -> Steps:
    """Tell how one token goes through normalising, feed-forward and adding."""
    print("One token has four features. A block of GPT-2 normalises a copy of it,")
    print("thinks about the copy, and adds what it found.\n")
    lines = [("token", "token", 0, f"mean {short(told['mean'], 0)}"), ("minus mean", "moved", 0, ""),
             ("squared", "squares", 0, f"mean {short(told['variance'], 0)}, whose root is 5"),
             ("normalised", "normalised", 1, "the line 'minus mean', by 5"),
             ("hidden", "hidden", 1, "three detectors"), ("bent", "bent", 3, "small negatives murmur"),
             ("found", "found", 3, "what the detectors write"),
             ("new stream", "stream", 3, "token + found")]
    for name, key, digits, remark in lines:
        print(f"  {name:<11}{listed(told[key], digits):<38}{remark}".rstrip())
    return [("stream", told["token"]), ("normalised", told["normalised"]), ("bent", told["bent"]),
            ("found", told["found"]), ("new stream", told["stream"])]


def tell_block(told: dict[str, Any]) -> None:
    """Tell what a whole block did to one word, in a sentence and alone."""
    sentence, word = " ".join(told["words"]), told["words"][-1]
    print(f"\nA whole block with random weights reads '{sentence}'.")
    print(f"This happens to '{word}' on its way through both halves:\n")
    for name, key in (("stream", "stream"), ("+ heard", "heard"), ("= stream", "middle"),
                      ("+ thought", "thought"), ("= stream", "end")):
        print(f"  {name:<11}{listed(told[key])}")
    print(f"\nNow '{word}' stands alone, and the other words are gone. Attention hears something")
    print("else. Feed-forward, given the same token as before, thinks the same:\n")
    for name, key in (("heard", "heard"), ("alone", "heard_alone"), ("thought", "thought"),
                      ("alone", "thought_alone")):
        print(f"  {name:<11}{listed(told[key])}")


# ---------------------------------------------------------------- part 2: your functions


def find_live() -> ModuleType | str:
    """Import minigpt.live from the repository of this file, or say why that fails."""
    # A course's own tree keeps its package in reference/, a student's at the top.
    home = next((h for h in (ROOT, ROOT / "reference") if (h / "minigpt" / "live.py").is_file()), None)
    if home is None:
        return f"There is no minigpt/live.py in {ROOT}"
    sys.path.insert(0, str(home))
    sys.dont_write_bytecode = True
    try:
        importlib.import_module("numpy")
    except ImportError:
        return "Your functions need NumPy, which is not installed. Try: pip install numpy"
    try:
        return importlib.import_module("minigpt.live")
    except (Exception, SystemExit) as problem:  # a package of yours may fail in any way
        return f"minigpt cannot be imported: {type(problem).__name__}: {problem}"


def made(tree: Any, live: ModuleType) -> Any:
    """Turn recorded lists into locked arrays."""
    if isinstance(tree, dict):
        return {key: made(branch, live) for key, branch in tree.items()}
    return live.locked(tree) if isinstance(tree, list) else tree


def question(told: dict[str, Any], live: ModuleType) -> Any:
    """Make a question of a recorded call; a seed stands for a generator."""
    arguments = [made(argument, live) for argument in told["arguments"]]
    expected = told["expected"]
    if "seed" in told:
        arguments.append(importlib.import_module("numpy").random.default_rng(told["seed"]))
    several = told["function"].endswith("norm_backward") or isinstance(expected[-1], dict)
    expected = tuple(made(part, live) for part in expected) if several else made(expected, live)
    return live.Question(told["exercise"], "feed_forward", told["function"], tuple(arguments), expected)


def tell_yours(told: list[dict[str, Any]], token: Row) -> Steps | None:
    """Report on exercises 5.1 to 5.8, and give the steps of your block if they all agree."""
    print("\nNow your own functions, on the numbers of the first table and a second token:")
    live = find_live()
    if isinstance(live, str):
        print(textwrap.fill(live, 80, initial_indent="  ", subsequent_indent="  "))
        return None
    answers = live.ask([question(one, live) for one in told])
    if answers is None:
        return None
    live.say("All eight agree with the recorded numbers.")
    calm, found = ([float(x) for x in answers[place][0]] for place in (2, 4))
    bent, post = ([float(x) for x in row] for row in (answers[0], answers[6][0]))
    return [("stream", token), ("normalised", calm), ("bent", bent), ("found", found),
            ("new stream", [a + b for a, b in zip(token, found, strict=True)]),
            ("post-LN", post)]


# ---------------------------------------------------------------- the command


def main() -> None:
    """Tell the story, then write the picture if asked."""
    parser = argparse.ArgumentParser(description="Watch what a block does to one token.")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="also write the steps as an SVG picture")
    wanted = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a message of yours, or a path, may hold any character
    try:
        told = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        parser.error(f"cannot read {RECORD.name} beside this file ({problem}). Fetch it anew.")
    steps = tell_by_hand(told["by_hand"])
    draw(steps, "The same as bars (each line has its own scale)")
    tell_block(told["block"])
    yours = tell_yours(told["questions"], told["by_hand"]["token"])
    if yours:
        draw(yours, "One token in your own block, drawn from your answers")
    if wanted.svg:
        try:
            wanted.svg.write_text(svg(yours or steps), encoding="utf-8")
        except OSError as problem:
            parser.error(f"cannot write {wanted.svg}: {problem.strerror}. Choose another place.")
        print(f"\nThe picture is in {wanted.svg}.")


if __name__ == "__main__":
    main()
