"""Lesson 6's text: its headings and length, and every number in it, computed again with plain mathematics."""

from __future__ import annotations

import importlib.util
import json
import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "06_transformer_architecture"
README = (LESSON / "README.md").read_text(encoding="utf-8")
RECORD = json.loads((LESSON / "example_06_mini_gpt.json").read_text(encoding="utf-8"))

HEADINGS = (
    "What you will learn", "Positions, LayerNorm and GELU in half a page", "The block", "Pre-LN and post-LN",
    "The whole model", "Logits and the tied head", "Cross-entropy: how surprised is the model",
    "Targets are the text moved by one", "Backpropagation end to end", "A token that stands at many places",
    "AdamW", "From logits to the next token", "Temperature, top-k and top-p",
    "Writing, one token at a time", "Does it learn? What a falling loss proves", "A worked example by hand",
    "Shapes, batches and dtypes", "Your inputs belong to the caller", "Common mistakes", "Practice",
    "Check yourself", "Common questions", "Where to go next",
)
SIGNATURES = {
    "6.1": "transformer_block(x, params, n_head, mask=None)",
    "6.2": "gpt_forward(ids, params, n_head)",
    "6.3": "cross_entropy(logits, targets, ignore_index=-100)",
    "6.4": "get_batch(data, batch_size, block_size, rng)",
    "6.5": "gpt_loss_and_gradients(ids, targets, params, n_head)",
    "6.6": "adamw_step(params, grads, state, lr, betas, eps, weight_decay)",
    "6.7": "next_token_probabilities(logits, temperature=1.0, top_k=None, top_p=None)",
    "6.8": "generate(ids, params, n_head, n_new, rng, temperature=1.0, top_k=None, top_p=None)",
    "6.9": "train_step(params, state, ids, targets, n_head, lr)",
}
WORDS_A_MINUTE = 200

# The small model, typed here a second time on purpose: the text must agree with it.
V, D, T, HEADS, BLOCKS = 29, 64, 32, 4, 2
# The worked example.
VECTORS = {"the": (2, 0, 1, 0), "cat": (2, 1, 0, 0), "sat": (2, 2, 0, 0)}
POSITIONS = ((0, 0, 1, 0), (0, 1, 0, 0))

Row = Sequence[float]


@cache
def stories() -> Any:
    """Load the grammar of the stories by its path."""
    spec = importlib.util.spec_from_file_location(
        "stories_of_the_text", ROOT / "reference" / "minigpt" / "stories.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def squeeze(text: str) -> str:
    """Make one blank of many, so that columns may be aligned as one likes."""
    return re.sub(r"[ \t]+", " ", text)


def shares(scores: Row) -> list[float]:
    """Work out softmax the slow way."""
    parts = [math.exp(score) for score in scores]
    return [part / math.fsum(parts) for part in parts]


def dot(a: Row, b: Row) -> float:
    """Multiply position by position and add up."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def signed(number: float, digits: int = 0) -> str:
    """Write a number with the text's minus sign."""
    return f"{number:.{digits}f}".replace("-", "−")


def row(numbers: Row) -> str:
    """Write a row of whole numbers."""
    return "[" + ", ".join(signed(number) for number in numbers) + "]"


def listed(numbers: Row, digits: int = 3) -> str:
    """Write numbers as a sentence does."""
    shown = [signed(number, digits) for number in numbers]
    return ", ".join(shown[:-1]) + " and " + shown[-1]


def normed(numbers: Row) -> list[float]:
    """Normalise the slow way, without eps."""
    mean = math.fsum(numbers) / len(numbers)
    root = math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / len(numbers))
    return [(x - mean) / root for x in numbers]


def block_parameters(width: int) -> int:
    """Count the parameters of a block, layer by layer."""
    return ((width + 1) * 3 * width + (width + 1) * width + (width + 1) * 4 * width + (4 * width + 1) * width
            + 2 * 2 * width)


def gpt_parameters(n_vocab: int, n_positions: int, n_layer: int, width: int) -> int:
    """Count the parameters of a GPT with a tied head."""
    return (n_vocab + n_positions + 2) * width + n_layer * block_parameters(width)


def opening_claims() -> list[str]:
    """Give the numbers of the first sections."""
    assert math.log(0.5) < 0
    assert normed((3, 1, 1, 3)) == [1, -1, -1, 1]
    return [
        "Which sign has the logarithm of 0.5?",
        f"with {T} rows, no thirty-third token can be read.",
        f"The token {row((3, 1, 1, 3))} has mean 2 and deviation 1, and becomes {row(normed((3, 1, 1, 3)))}.",
    ]


def counting_claims() -> list[str]:
    """Give the table that counts the small model, and GPT-2 by the same formula."""
    assert gpt_parameters(V, T, BLOCKS, D) == RECORD["small"]["parameters"]
    assert all(block_parameters(width) == 12 * width**2 + 13 * width for width in (D, 128, 768))
    size = RECORD["small"]["size"]
    assert (size["n_layer"], size["d_model"], size["n_head"], size["context"]) == (BLOCKS, D, HEADS, T)
    assert len(stories().source().alphabet) == V
    lines = [
        f"wte {V} × {D} {V * D:,}\n", f"wpe {T} × {D} {T * D:,}\n",
        f"a block c_attn {D} × {3 * D} + {3 * D} {D * 3 * D + 3 * D:,}\n",
        f" c_proj {D} × {D} + {D} {D * D + D:,}\n", f" c_fc {D} × {4 * D} + {4 * D} {D * 4 * D + 4 * D:,}\n",
        f" c_proj {4 * D} × {D} + {D} {4 * D * D + D:,}\n",
        f" two norms {4 * D} sum {block_parameters(D):,}\n",
        f"{BLOCKS} blocks {BLOCKS * block_parameters(D):,}\n", f"ln_f {2 * D}\n",
        f"together {gpt_parameters(V, T, BLOCKS, D):,}\n",
    ]
    gpt2 = gpt_parameters(50257, 1024, 12, 768)
    return [
        *lines,
        f"The small model of this course has V = {V} characters, width D = {D}, {T} positions, "
        f"{HEADS} heads and {BLOCKS} blocks.",
        "A block has $12 D^2 + 13 D$ parameters,",
        f"D = 768, 12 blocks, 50,257 tokens and 1,024 positions, the sum is {gpt2:,}.",
        f"The small one, counted above, has {gpt2 / 1e6:.0f} million parameters; the largest, GPT-2 XL, "
        "has 1.5 billion.",
        f"GPT-3 has {gpt_parameters(50257, 2048, 96, 12288) / 1e9:.0f} billion, with 96 blocks, width 12,288 "
        "and a context of 2,048;",
        f"A vocabulary of {V} keeps everything small.",
    ]


def loss_claims() -> list[str]:
    """Give the numbers on surprise, and on the windows of a text."""
    bound, nothing = round(stories().window_bound(T), 3), math.log(V)
    return [
        f"{-math.log(0.5):.3f} for a coin toss, {-math.log(0.01):.3f} for a chance of one in a hundred.",
        f"Its loss is log V, here log {V} = {nothing:.3f}.",
        f"A loss of 1.0 means that the right token gets {math.exp(-1):.3f}, as a geometric mean; "
        f"a loss of {bound} means {math.exp(-bound):.3f}.",
        f"At {nothing:.3f} it is {math.exp(nothing):.0f}, at {bound} it is {math.exp(bound):.2f}.",
        "By custom they carry the number −100,",
    ]


def gradient_claims() -> list[str]:
    """Give the numbers of the sections on gradients and on AdamW."""
    ids, parts = (4, 1, 4), (0.5, 0.2, 0.3)
    gathered = math.fsum(part for token, part in zip(ids, parts, strict=True) if token == 4)
    beta_1, beta_2, other = 0.9, 0.95, 0.999
    first, root, slow = 1 - beta_1, math.sqrt(1 - beta_2), math.sqrt(1 - other)
    return [
        "nudge one entry of each array by 0.00001 up and down,",
        "ids 4 1 4\n", "gradient 0.5 0.2 0.3\n", f"row 4 gets {gathered} right: both\n",
        f"row 4 gets {parts[2]} wrong: the last one has overwritten the first\n",
        "with gradients of 0.001 or of 100, the first step is lr.",
        f"With $β_1$ = {beta_1} and $β_2$ = {beta_2}, after one step m is {first:.1f} times the gradient and "
        f"the root of v is {root:.3f} times its size.",
        f"the first step would be {first / root:.3f} times as long as intended, and with $β_2$ = {other} it "
        f"would be {first / slow:.3f} times as long.",
        f"with lr 0.001 and decay 0.1 that is {1 - 0.001 * 0.1}.",
    ]


def choosing_claims() -> list[str]:
    """Give the numbers on drawing and on temperature."""
    sums = np.cumsum([0.2, 0.5, 0.3])
    assert int((sums > 0.65).argmax()) == 1
    return [
        f"With probabilities 0.2, 0.5 and 0.3 the sums are {listed(sums.tolist(), 1)}; "
        "the number 0.65 chooses the second token.",
        f"A lead of 1 is a factor of {math.e:.3f} at temperature 1, of {math.exp(1 / 0.5):.3f} at "
        f"temperature 0.5, and of {math.exp(1 / 2):.3f} at temperature 2.",
    ]


def learning_claims() -> list[str]:
    """Give the marks, which the grammar gives, and what was measured, which is recorded."""
    grammar, small, large = stories(), RECORD["small"], RECORD["large"]
    marks = RECORD["bounds"]
    bounds = {context: grammar.window_bound(context) for context in (32, 64)}
    ends = {name: story["curve"][-1][2] for name, story in (("small", small), ("large", large))}
    above = {"small": ends["small"] / bounds[32] - 1, "large": ends["large"] / bounds[64] - 1}
    mistakes = RECORD["mistakes"]
    assert above["large"] < 0.05
    assert large["grammatical"] > 0.85
    assert all(loss < marks["bigram"] for loss in mistakes.values())
    lines = [
        f"| knows nothing | {math.log(V):.3f} |", f"(bigram) | {marks['bigram']:.3f} |",
        f"(trigram) | {marks['trigram']:.3f} |", f"sees only a window of 32 | {bounds[32]:.3f} |",
        f"with a window of 64 | {bounds[64]:.3f} |",
        f"has read from the first line on | {grammar.entropy_per_character():.3f} |",
        f"The recorded small model ended at {ends['small']:.3f}, {above['small']:.0%} above its bound, and "
        f"{small['grammatical']:.0%} of its sentences were grammatical; the large one at "
        f"{ends['large']:.3f}, {above['large']:.0%} above its own, with {large['grammatical']:.0%}.",
        f"after *the dogs that saw the cat w* and the like it expects *were* with {agrees(large):.2f}, "
        f"the small one with {agrees(small):.2f}.",
        f"| none | {ends['small']:.3f} | |",
        *(f"| {words} | {loss:.3f} | {seen_by(loss, bounds[32], marks['trigram'])} |"
          for words, loss in mistakes.items()),
    ]
    return [line.replace("%", " %") for line in lines]


def agrees(story: dict[str, Any]) -> float:
    """Give the recorded chance of "were" where it is right."""
    return float(story["agreement"]["the dogs that saw the cat w"])


def seen_by(loss: float, bound: float, trigram: float) -> str:
    """Say which mark a loss misses."""
    return "window bound" if loss < bound else "trigram" if loss > trigram else "neither"


def example_claims() -> list[str]:
    """Work the example out once more."""
    the, cat = ([a + b for a, b in zip(VECTORS[word], position, strict=True)]
                for word, position in zip(("the", "cat"), POSITIONS, strict=True))
    half = [(a + b) / 2 for a, b in zip(normed(the), normed(cat), strict=True)]
    stream = [a + b for a, b in zip(cat, half, strict=True)]
    deviations = [number - 1 for number in stream]
    assert math.fsum(deviations) == 0
    root = math.sqrt(2.5)
    assert dot(deviations, deviations) / 4 == 2.5
    dots = {word: dot(deviations, vector) for word, vector in VECTORS.items()}
    logits = [number / root for number in dots.values()]
    by_hand = [f"{number / 1.5811:.3f}" for number in dots.values()]
    assert by_hand == [f"{logit:.3f}" for logit in logits], "a reader who rounds must get the same digits"
    given = shares(logits)
    rounded = round(given[2], 4)
    assert f"{-math.log(rounded):.3f}" == f"{-math.log(given[2]):.3f}"
    lines = {"the": "2×2 + 1×(−1)", "cat": "2×2 + 1×1", "sat": "2×2 + 1×2"}
    two = [share / (given[1] + given[2]) for share in given[1:]]
    assert 0.5 < given[2] < 0.6 < given[1] + given[2]
    return [
        "Three words, width 4, one block.",
        *(f"{word} {row(VECTORS[word])} + {row(place)} = {row(total)}\n"
          for word, place, total in zip(("the", "cat"), POSITIONS, (the, cat), strict=True)),
        f"sat {row(VECTORS['sat'])}\n",
        f"Both rows of the stream have mean 1 and deviation 1; they become {row(normed(the))} and "
        f"{row(normed(cat))}.",
        f"gets half of each, {row(half)}.", f"Added to its stream: {row(stream)}.",
        f"The mean of {row(stream)} is 1, its deviations are {row(deviations)}, their mean square is 2.5, "
        f"and the root of that is {root:.4f}.",
        f"The dot products of {row(deviations)} with the three token vectors, divided by {root:.4f}:",
        *(f"{word} {lines[word]} = {dots[word]:.0f} {logit:.3f} {share:.3f} "
          f"{signed(share - (word == 'sat'), 3)}\n"
          for word, logit, share in zip(VECTORS, logits, given, strict=True)),
        f"The surprise is −log {rounded} = {-math.log(rounded):.3f}.",
        f"At temperature 0.5 the probabilities would be {listed(shares([2 * x for x in logits]))}, "
        f"at temperature 2 they would be {listed(shares([x / 2 for x in logits]))}.",
        f"Top-k with k = 2 leaves {two[0]:.3f} for *cat* and {two[1]:.3f} for *sat*.",
        "Top-p with p = 0.5 leaves only *sat*; with p = 0.6 it leaves both,",
    ]


def practice_claims() -> list[str]:
    """Give the practice problems' answers."""
    kept = [0.5 / 0.8, 0.3 / 0.8]
    decayed = 1 * (1 - 0.01 * 0.1)
    return [
        "1. A model that knows nothing has a vocabulary of 64.", f"1. {math.log(64):.3f}.\n",
        "2. A text has 1,000 tokens, and T = 32.", f"2. {1000 - 32}.\n",
        "3. How many parameters has a block with D = 128?", f"3. {block_parameters(128):,}.\n",
        "4. The probabilities are 0.7, 0.2 and 0.1, and the second token is right.",
        f"4. 0.7, {signed(0.2 - 1, 1)} and 0.1.\n",
        "5. A matrix entry is 1, its gradient 4, lr 0.01 and decay 0.1.",
        f"5. Decay makes it {decayed:.3f}, the step takes 0.01: {decayed - 0.01:.3f}.\n",
        "6. The probabilities are 0.5, 0.3, 0.15 and 0.05. What does top-p with p = 0.75 leave?",
        f"6. Two tokens, with {listed(kept)}.\n",
        "7. A model with a context of 32 reports a loss of 0.30 on fresh stories.",
        f"7. The bound is {stories().window_bound(32):.3f}, so run the leak probe",
    ]


@cache
def claims() -> tuple[str, ...]:
    """Collect everything that the text must say, each exactly once."""
    return (
        *opening_claims(), *counting_claims(), *loss_claims(), *gradient_claims(), *choosing_claims(),
        *learning_claims(), *example_claims(), *practice_claims(),
    )  # fmt: skip


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that the text does not make, or makes twice with other words around."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


def shown_numbers() -> list[re.Match[str]]:
    """Find the numbers of the text that could be mistyped; names, sources, plain 0 and 1 aside."""
    names = re.compile(
        r"\*\*Exercise 6\.\d\*\* is `[^`]*`|6\.1, 6\.2, 6\.7 and 6\.8|check 6\.1|\b(2017|2019|2020)\b|GPT-\d"
        r"|show 6|Lesson 6|lessons 4 and 5|lessons? \d( to \d)?|those of 4 and 5|section 3|float32|0?6_\w+"
        r"|about \d+ minutes|^\d\. |(?<![\d.])[01]\b(?!\.\d)",
        re.MULTILINE,
    )
    hidden = [match.span() for match in names.finditer(README)]
    return [
        match
        for match in re.finditer(r"(?<![\w.])\d+(?:[.,]\d+)*", README)
        if not any(start <= match.start() < end for start, end in hidden)
    ]


def words() -> int:
    """Count the words that are read: runs of letters outside fenced blocks."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    return len(re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", prose))


def test_every_number_is_right() -> None:
    """Every number of the text is what plain mathematics, the grammar or the record gives."""
    assert first_wrong(README, claims()) is None


def test_every_number_is_checked() -> None:
    """Each number is part of a claim, so a text in which it is changed is caught."""
    numbers = shown_numbers()
    assert len(numbers) > 190
    squeezed = squeeze(README)
    spans = [(squeezed.index(claim), squeezed.index(claim) + len(claim)) for claim in claims()]
    unchecked = []
    for match in numbers:
        place = len(squeeze(README[: match.end()])) - 1  # of its last digit
        if not any(start <= place < end for start, end in spans):
            unchecked.append((README.count("\n", 0, match.start()) + 1, match[0]))
    assert unchecked == []


def test_has_the_agreed_headings_and_no_others() -> None:
    """The text has one title and the sections that feedback may name, in their order."""
    titles = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    assert titles == ["Lesson 6 · Transformer architecture", *HEADINGS]


def test_length_and_reading_time() -> None:
    """The text is as long as agreed, and the stated reading time is honest."""
    stated = re.search(r"Reading time: about (\d+) minutes\.", README)
    assert stated is not None
    assert 1800 <= words() <= 3500
    assert abs(int(stated[1]) - words() / WORDS_A_MINUTE) <= 1


@pytest.mark.parametrize("exercise", SIGNATURES)
def test_names_each_exercise_once_with_its_signature(exercise: str) -> None:
    """The text says where each exercise belongs, with the signature of the stub."""
    assert README.count(f"**Exercise {exercise}** is `{SIGNATURES[exercise]}`") == 1


def test_gives_no_solution_away() -> None:
    """The text holds no line of NumPy that could be copied into an exercise."""
    code = re.findall(r"`([^`\n]+)`", README)
    code += re.findall(r"^```(?!text|bash)\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    telling = re.compile(r"np\.|keepdims|\.T\b|@ |\.sum\(|\.max\(|add\.at")
    assert [line for line in code if telling.search(line)] == []


def test_one_sentence_a_line() -> None:
    """No line of prose holds the end of one sentence and the start of another, lists and tables aside."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not re.match(r"(- |\d\. |\||!|>|#|\*\*)", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?!] [A-Z]", line)] == []
