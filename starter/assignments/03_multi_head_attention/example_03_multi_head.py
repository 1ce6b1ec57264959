"""Watch two heads read one sentence, each with a question of its own, and then your own functions.

    python assignments/03_multi_head_attention/example_03_multi_head.py
    python assignments/03_multi_head_attention/example_03_multi_head.py --svg maps.svg

The first part shows recorded numbers and needs no exercise to be solved. The second part calls exercises
3.1 to 3.7 of your `minigpt/multi_head.py`, as far as they are written, and these your lessons 1 and 2.
Nothing is written to disk, unless you ask for a picture with --svg.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORD = HERE / "example_03_multi_head.json"

# The example of the lesson's text: where each word stands, like a compass, and of which kind it is.
WORDS = ["old", "cat", "young", "dog"]
PLACES = [[2, 0], [0, 2], [-2, 0], [0, -2]]
KINDS = [[2, 0], [0, 2], [2, 0], [0, 2]]
KIND_NAMES = ["describes", "animal", "describes", "animal"]
X = [place + kind for place, kind in zip(PLACES, KINDS, strict=True)]

# Four rows of c_attn: queries (a place is turned back by a quarter), keys (as they are), values (the kind).
C_ATTN = [
    [0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0],
    [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1],
]
# c_proj passes everything through, and adds the last feature to the first one.
C_PROJ = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 1]]
CAUSAL = [[True, False, False, False], [True, True, False, False], [True, True, True, False], [True] * 4]

FRENCH, ENGLISH = ["la", "maison", "rouge"], ["the", "red", "house"]
FRENCH_X = [[3, 0, 0, 0], [0, 0, 3, 0], [0, 3, 0, 0]]
ENGLISH_X = [[3, 0, 0, 1], [0, 3, 0, 1], [0, 0, 3, 1]]
PLAIN = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]

TOKENS = [[1, 2, 3, 4], [5, 6, 7, 8]]
HEADS = [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
QUESTIONS = ("Which word is before me?", "Who is of my kind?")


def load_record() -> dict[str, Any]:
    """Read the recorded numbers; without them there is nothing to show."""
    try:
        found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


RECORDED = load_record()


class Tools(NamedTuple):
    """The given modules of the package: one compares, the other draws."""

    live: ModuleType
    show: ModuleType


def find_tools() -> Tools | str:
    """Import minigpt.live and minigpt.show from the repository of this file, or say why that fails."""
    # A course's own tree keeps its package in reference/, a student's at the top.
    home = next((h for h in (ROOT, ROOT / "reference") if (h / "minigpt" / "live.py").is_file()), None)
    if home is None:
        return f"There is no minigpt/live.py in {ROOT}"
    sys.path.insert(0, str(home))
    sys.dont_write_bytecode = True
    try:
        return Tools(importlib.import_module("minigpt.live"), importlib.import_module("minigpt.show"))
    except ModuleNotFoundError as problem:
        advice = " Try: pip install numpy" if problem.name == "numpy" else ""
        return f"Your functions cannot be called: {problem}.{advice}"
    except (Exception, SystemExit) as problem:  # a student's package may fail in any way
        return f"Your functions cannot be called: {type(problem).__name__}: {problem}"


def tell(line: str) -> None:
    """Print a line of the story, folded to the width of a terminal."""
    print(textwrap.fill(line, 78))


# ---------------------------------------------------------------- part 1: recorded


def tell_words() -> None:
    """Print the four words and their features."""
    print("Four words, four features each: two for the place, two for the kind.\n")
    print("           place      kind")
    for word, place, kind, name in zip(WORDS, PLACES, KINDS, KIND_NAMES, strict=True):
        print(f"  {word:<6} {place[0]:>4} {place[1]:>3}   {kind[0]:>4} {kind[1]:>3}    {name}")
    print()
    tell("Two heads read them. Each is two features wide, so scores are divided by the root of 2, 1.414.")


def tell_head(head: int) -> None:
    """Print the arithmetic in which 'dog' reads with one head, the way you would do it on paper."""
    query, keys = (PLACES[2], PLACES) if head == 0 else (KINDS[3], KINDS)
    print(f"\nHead {head} asks: {QUESTIONS[head]} The query of 'dog' is {query}.")
    for word, key, share in zip(WORDS, keys, RECORDED["weights"][0][head][3], strict=True):
        points = query[0] * key[0] + query[1] * key[1]
        sum_ = f"{query[0]:>2} x {key[0]:>2} + {query[1]} x {key[1]:>2} = {points:>2}"
        print(f"  {word:<6} {sum_}   / 1.414 = {points / 2**0.5:>6.3f}   share {share:.3f}")


def tell_output() -> None:
    """Print what the heads hand over, side by side, and the output."""
    first, *rest = RECORDED["out"][0][3]
    beside = [first - rest[2], *rest]
    shown = [f"{number:.2f}" for number in beside]
    print(f"\nHead 0 hands over [{shown[0]}, {shown[1]}]: the word before me describes.")
    print(f"Head 1 hands over [{shown[2]}, {shown[3]}]: my kind is animal.")
    print(f"Side by side      [{', '.join(shown)}]")
    tell(f"The output projection adds the last to the first: {shown[0]} + {shown[3]} = {first:.2f}, "
         "a feature that says 'an animal, and described'. No head alone could have made it.")


def tell_layout() -> None:
    """Print how eight numbers are cut into heads, rightly and wrongly."""
    print("\nHow two tokens, 1 2 3 4 and 5 6 7 8, are cut for two heads:")
    print("  rightly          head 0:  1 2 | 5 6    head 1:  3 4 | 7 8")
    print("  reshaped only    head 0:  1 2 | 3 4    head 1:  5 6 | 7 8")
    print("In the second line head 0 takes both halves of one token for two tokens.")


def tell_statistics(found: dict[str, Any], whose: str) -> None:
    """Print the four numbers of each head, and what they say."""
    print(f"\n{whose}")
    print("          previous   first    self  entropy")
    for head in range(2):
        numbers = "  ".join(f"{float(found[name][head]):6.3f}" for name in found)
        likes = max(("previous", "first", "self"), key=lambda name: found[name][head])
        kind = {"previous": "looks at the word before", "self": "looks at itself, or its kind"}.get(likes, "")
        print(f"  head {head}    {numbers}   {kind}".rstrip())


def draw(tools: Tools, weights: Any, tokens: list[str], readers: list[str], title: str) -> None:
    """Print both maps of a text."""
    print(f"\n{title}")
    print(tools.show.render_attention(weights, tokens, readers, form=tools.show.best_form()), end="")


def tell_recorded(tools: Tools | str) -> None:
    """Tell the first part."""
    tell_words()
    tell_head(0)
    tell_head(1)
    tell_output()
    tell_layout()
    if isinstance(tools, Tools):
        draw(tools, RECORDED["weights"][0], WORDS, WORDS, "Who looks at whom, under a causal mask:")
        tell_statistics(RECORDED["statistics"], "Mean shares and spread, from the second word on:")
        draw(tools, RECORDED["cross_weights"][0], ENGLISH, FRENCH, "Cross-attention: French reads English.")


# ---------------------------------------------------------------- part 2: your functions


def questions(live: ModuleType) -> list[Any]:
    """Give each function its inputs and the recorded answer."""
    locked, question = live.locked, live.Question
    x, tokens, heads = locked([X]), locked([TOKENS]), locked([HEADS])
    layer = {"c_attn": {"weight": locked(C_ATTN), "bias": locked([0] * 12)},
             "c_proj": {"weight": locked(C_PROJ), "bias": locked([0] * 4)}}
    plain = {"c_attn": {"weight": locked([row * 3 for row in PLAIN]), "bias": locked([0] * 12)},
             "c_proj": {"weight": locked(PLAIN), "bias": locked([0] * 4)}}
    mask, weights = locked(CAUSAL, bool), locked(RECORDED["weights"])
    french, english, ones = locked([FRENCH_X]), locked([ENGLISH_X]), locked([[[1] * 4] * 4])
    small = (locked([[1, 2]]), locked([[1, 0, 0, 1, 2, 1], [0, 1, 1, 0, 1, 0]]), locked([0] * 6))
    return [
        question("3.1", "multi_head", "split_heads", (tokens, 2), heads),
        question("3.2", "multi_head", "merge_heads", (heads,), tokens),
        question("3.3", "multi_head", "split_qkv", small, [[[1, 2]], [[2, 1]], [[4, 1]]]),
        question("3.4", "multi_head", "multi_head_attention", (x, layer, 2, mask),
                 (RECORDED["out"], RECORDED["weights"])),
        question("3.5", "multi_head", "cross_attention", (french, english, plain, 2),
                 (RECORDED["cross_out"], RECORDED["cross_weights"])),
        question("3.6", "multi_head", "multi_head_attention_backward", (ones, x, layer, 2, mask),
                 (RECORDED["d_x"], RECORDED["grads"])),
        question("3.7", "multi_head", "head_statistics", (weights,), RECORDED["statistics"]),
    ]


def tell_yours(tools: Tools | str) -> Any:
    """Report on the exercises; draw your maps and give your weights if all agree."""
    print("\nNow your own functions, on the same numbers:")
    if isinstance(tools, str):
        tell(tools)
        return None
    answers = tools.live.ask(questions(tools.live))
    if answers is None:
        return None
    tools.live.say("All seven agree with the recorded numbers.")
    weights, found = answers[3][1][0], answers[6]
    draw(tools, weights, WORDS, WORDS, "Who looks at whom, drawn from your weights:")
    in_order = {name: found[name] for name in RECORDED["statistics"]}
    tell_statistics(in_order, "Mean shares and spread, from your statistics:")
    return weights


# ---------------------------------------------------------------- the command


def main() -> None:
    """Tell the story, then write the maps if asked."""
    parser = argparse.ArgumentParser(description="Watch two heads read one sentence.")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="also write both maps as an SVG picture")
    wanted = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a message of yours may hold any character
    if not RECORDED:
        parser.error(f"{RECORD.name} is missing beside the example. Copy it from the course again.")
    tools = find_tools()
    tell_recorded(tools)
    yours = tell_yours(tools)
    if wanted.svg and isinstance(tools, str):
        parser.error("the maps are drawn by minigpt/show.py, which cannot be used now.")
    if wanted.svg:
        weights = RECORDED["weights"][0] if yours is None else yours
        try:
            wanted.svg.write_text(tools.show.render_attention(weights, WORDS, form="svg"), encoding="utf-8")
        except OSError as problem:
            parser.error(f"cannot write {wanted.svg}: {problem.strerror}. Choose another place.")
        print(f"\nThe maps are in {wanted.svg}.")


if __name__ == "__main__":
    main()
