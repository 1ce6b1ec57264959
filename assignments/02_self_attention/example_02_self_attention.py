"""Watch a sentence look at itself: by hand, under two masks, and then with your own functions.

    python assignments/02_self_attention/example_02_self_attention.py
    python assignments/02_self_attention/example_02_self_attention.py --svg map.svg

The first part needs no exercise to be solved: it is plain arithmetic on four words.
The second part calls exercises 2.1 to 2.7 of your `minigpt/self_attention.py`, as far as they are written.
Nothing is written to disk, unless you ask for a picture with --svg.
"""

from __future__ import annotations

import argparse
import importlib
import math
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# The example of the lesson's text. Each word: how much water, how much money, how much it tells, and asks.
VOCABULARY = {
    "blank": (1, 1, 1, 0), "the": (0, 0, 0, 0), "bank": (2, 2, 0, 1),
    "was": (0, 0, 0, 0), "muddy": (4, 0, 2, 0), "lent": (0, 4, 2, 0),
}
SENTENCES = (("the", "bank", "was", "muddy"), ("the", "bank", "lent", "blank"))
EVERYTHING, LOOKING_BACK, NO_BLANK = "1111 1111 1111 1111", "1000 1100 1110 1111", "1110 1110 1110 1110"
# One query, two keys, two values: the gradients that the lesson works out by hand.
BACK = {
    "d_out": [[1]], "q": [[1, 1, 0, 0]], "k": [[2, 0, 0, 0], [0, 2, 0, 0]], "v": [[1], [3]],
    "weights": [[0.5, 0.5]], "d_q": [[-0.5, 0.5, 0, 0]],
    "d_k": [[-0.25, -0.25, 0, 0], [0.25, 0.25, 0, 0]], "d_v": [[0.5], [0.5]],
}


# ---------------------------------------------------------------- part 1: by hand


def look(words: tuple[str, ...], reader: str, may_see: str) -> list[float]:
    """Share out one word's attention, as on paper: asks times tells, exponential, share."""
    pulls = [math.e ** (VOCABULARY[reader][3] * VOCABULARY[word][2]) if may == "1" else 0.0
             for word, may in zip(words, may_see, strict=True)]
    return [pull / sum(pulls) for pull in pulls]


def look_around(words: tuple[str, ...], may_see: str) -> list[list[float]]:
    """Let every word of a sentence look; `may_see` has one group of 0 and 1 for each of them."""
    return [look(words, reader, row) for reader, row in zip(words, may_see.split(), strict=True)]


def gather(words: tuple[str, ...], shares: list[float]) -> list[float]:
    """Add up water and money of all words, each taken in its share."""
    return [sum(share * VOCABULARY[word][place] for share, word in zip(shares, words, strict=True))
            for place in (0, 1)]


def tell_step_by_step(words: tuple[str, ...]) -> None:
    """Print what the word "bank" sees, the way you would work it out on paper."""
    asks = VOCABULARY["bank"][3]
    print(f"\n'bank' looks around in '{' '.join(words)}'. It asks with {asks}.")
    shares = look(words, "bank", "1111")
    for word, share in zip(words, shares, strict=True):
        tells = VOCABULARY[word][2]
        print(f"  {word:>5} tells {tells}: score {asks}x{tells} = {asks * tells}   "
              f"exp {math.e ** (asks * tells):.3f}   share {share:.3f}")
    water, money = gather(words, shares)
    print(f"  before: water 2.00, money 2.00     after: water {water:.2f}, money {money:.2f}")


def tell_masks(show: Any) -> None:
    """Draw who looks at whom without a mask, with a causal one, and with a padding mask."""
    first, second = SENTENCES
    for title, words, may_see in (
        ("No mask: every word sees every word", first, EVERYTHING),
        ("Causal mask: nobody looks ahead, so 'bank' cannot see 'muddy'", first, LOOKING_BACK),
        ("No mask, and a blank at the end: it gets a share as if it were a word", second, EVERYTHING),
        ("Padding mask: nobody looks at the blank", second, NO_BLANK),
    ):
        weights = look_around(words, may_see)
        print(f"\n{title}\n{show.render_attention(weights, words, form=show.best_form())}", end="")
        water, money = gather(words, weights[1])
        print(f"  'bank' goes out with water {water:.2f}, money {money:.2f}")


def tell_by_hand(show: Any) -> None:
    """Tell the first part."""
    print("Six tokens, and a vector of four features for each:")
    print("         water  money  tells   asks")
    for word, vector in VOCABULARY.items():
        print(f"  {word:>5}" + "".join(f"{number:7}" for number in vector))
    tell_step_by_step(SENTENCES[0])
    tell_step_by_step(("the", "bank", "was", "lent"))
    print("  The same word, the same vector; other neighbours, another meaning.")
    tell_masks(show)


# ---------------------------------------------------------------- part 2: your functions


def questions(live: Any) -> list[Any]:
    """Give each of your functions its inputs and the answer of part 1."""
    words = list(VOCABULARY)
    table = live.locked(list(VOCABULARY.values()))
    texts = [SENTENCES[0], SENTENCES[0], SENTENCES[1]]
    ids = live.locked([[words.index(word) for word in text] for text in texts], int)
    x = live.locked([[VOCABULARY[word] for word in text] for text in texts])
    masks = (EVERYTHING, LOOKING_BACK, NO_BLANK)
    mask = live.locked([[[may == "1" for may in row] for row in one.split()] for one in masks], bool)
    weights = [look_around(text, one) for text, one in zip(texts, masks, strict=True)]
    out = [[gather(text, row) for row in rows] for text, rows in zip(texts, weights, strict=True)]
    picks = {"w_q": (3,), "w_k": (2,), "w_v": (0, 1)}  # each matrix picks out the features of its role
    matrices = [live.locked([[float(row == place) for place in places] for row in range(4)])
                for places in picks.values()]
    roles = tuple([[[VOCABULARY[word][place] for place in places] for word in text] for text in texts]
                  for places in picks.values())
    spread = [[math.log(4), 0.91828377, math.log(4), math.log(4)], [0, math.log(2), math.log(3), math.log(4)]]
    back = {name: live.locked(numbers) for name, numbers in BACK.items()}
    ask = live.Question
    name = "self_attention"
    return [
        ask("2.1", name, "embed", (ids, table), x),
        ask("2.2", name, "project_qkv", (x, *matrices), roles),
        ask("2.3", name, "causal_mask", (4,), mask[1]),
        ask("2.4", name, "padding_mask", (live.locked([4, 3], int), 4), mask[[0, 2], :1]),
        ask("2.5", name, "self_attention", (x, *matrices, mask), (out, weights)),
        ask("2.6", name, "scaled_dot_product_attention_backward",
            tuple(back[part] for part in ("d_out", "q", "k", "v", "weights")),
            tuple(back[part] for part in ("d_q", "d_k", "d_v"))),
        ask("2.7", name, "attention_entropy", (live.locked(weights[:2]),), spread),
    ]


def tell_yours(live: Any, show: Any) -> Any:
    """Report on exercises 2.1 to 2.7, and draw your maps if they all agree."""
    print("\nNow your own functions, on the same numbers:")
    answers = live.ask(questions(live))
    if answers is None:
        return None
    live.say("All seven agree with the numbers worked out by hand.")
    np = importlib.import_module("numpy")
    weights, spread = np.asarray(answers[4][1], dtype=float), np.asarray(answers[6], dtype=float)
    for title, number in (("without a mask", 0), ("with a causal mask", 1)):
        print(f"\nWho attends to whom {title}, drawn from your weights")
        print(show.render_attention(weights[number], SENTENCES[0], form=show.best_form()), end="")
        pairs = zip(SENTENCES[0], np.abs(spread[number]), strict=True)  # a tiny -0.0 is shown as 0.00
        print("  entropy: " + ", ".join(f"{word} {value:.2f}" for word, value in pairs))
    return weights


# ---------------------------------------------------------------- the command


def given_modules() -> tuple[Any, Any]:
    """Import the given modules `live` and `show`; leave with a word of advice where that fails."""
    try:
        importlib.import_module("numpy")
    except ImportError:
        leave("This example needs NumPy, which is not installed. Try: pip install numpy")
    # A course's own tree keeps its package in reference/, a student's at the top.
    homes = (ROOT, ROOT / "reference")
    home = next((place for place in homes if (place / "minigpt" / "live.py").is_file()), None)
    if home is None:
        leave(f"There is no minigpt/live.py in {ROOT}. It comes with the course: fetch it again.")
    sys.path.insert(0, str(home))
    sys.dont_write_bytecode = True
    try:
        return importlib.import_module("minigpt.live"), importlib.import_module("minigpt.show")
    except (Exception, SystemExit) as problem:  # a file of the package may fail in any way
        leave(f"minigpt/ cannot be imported: {type(problem).__name__}: {problem}")


def leave(message: str) -> Any:
    """End with a message on stderr."""
    sys.exit(textwrap.fill(message, 80))


def main() -> None:
    """Tell the story, then write the map if asked."""
    parser = argparse.ArgumentParser(description="Watch a sentence look at itself.")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="also write the map as an SVG picture")
    wanted = parser.parse_args()
    live, show = given_modules()
    live.prepare_terminal()
    tell_by_hand(show)
    weights = tell_yours(live, show)
    if wanted.svg:
        shown = look_around(SENTENCES[0], EVERYTHING) if weights is None else weights[0]
        picture = show.render_attention(shown, SENTENCES[0], form="svg")
        try:
            wanted.svg.write_text(picture, encoding="utf-8")
        except OSError as problem:
            parser.error(f"cannot write {wanted.svg}: {problem.strerror}. Choose another place.")
        print(f"\nThe map without a mask is in {wanted.svg}.")


if __name__ == "__main__":
    main()
