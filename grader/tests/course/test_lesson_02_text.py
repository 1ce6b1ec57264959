"""Lesson 2's text: its headings and length, and every number in it, computed again with plain mathematics."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "02_self_attention"
README = (LESSON / "README.md").read_text(encoding="utf-8")

HEADINGS = (
    "What you will learn", "From reading in steps to looking around", "From words to vectors",
    "Ids that name no row", "One text, three roles", "A worked example by hand",
    "Causal masks: nobody looks ahead", "A text that goes on", "Padding masks: blanks are not words",
    "Self-attention, all together", "Two tests that need no answer sheet", "Reading attention: entropy",
    "The logarithm of zero", "The way back: gradients", "What the mask does on the way back",
    "Shapes, batches and dtypes", "Your inputs belong to the caller", "Common mistakes", "Practice",
    "Check yourself", "Common questions", "Where to go next",
)
SIGNATURES = {
    "2.1": "embed(ids, table)",
    "2.2": "project_qkv(x, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None)",
    "2.3": "causal_mask(t_q, t_k=None)",
    "2.4": "padding_mask(lengths, t_k)",
    "2.5": "self_attention(x, w_q, w_k, w_v, mask=None)",
    "2.6": "scaled_dot_product_attention_backward(d_out, q, k, v, weights)",
    "2.7": "attention_entropy(weights)",
}
WORDS_A_MINUTE = 200

# The worked example, typed here a second time on purpose: the text must agree with it.
TABLE = {
    "blank": (1, 1, 1, 0), "the": (0, 0, 0, 0), "bank": (2, 2, 0, 1),
    "was": (0, 0, 0, 0), "muddy": (4, 0, 2, 0), "lent": (0, 4, 2, 0),
}
TEXT = ("the", "bank", "was", "muddy")
OTHER = ("the", "bank", "lent", "blank")

Row = Sequence[float]


def squeeze(text: str) -> str:
    """Make one blank of many, so that columns may be aligned as one likes."""
    return re.sub(r"[ \t]+", " ", text)


def shares(scores: Row) -> list[float]:
    """Work out softmax the slow way; a score of minus infinity gets nothing."""
    parts = [math.exp(score) for score in scores]
    return [part / math.fsum(parts) for part in parts]


def entropy(row: Row) -> float:
    """Work out the entropy in nats."""
    return math.fsum(-w * math.log(w) for w in row if w)


def listed(numbers: Row, digits: int = 3, between: str = " ") -> str:
    """Write numbers with so many digits each."""
    return between.join(f"{number:.{digits}f}" for number in numbers)


def signed(number: float, digits: int = 2) -> str:
    """Write a number as the text does: with a real minus, and without zeros at its end."""
    return f"{number:.{digits}f}".rstrip("0").rstrip(".").replace("-", "−")


def look(words: Sequence[str], reader: str, seen: Sequence[str] | None = None) -> list[float]:
    """Work out a reader's shares; it sees the words given, or all."""
    asks, allowed = TABLE[reader][3], words if seen is None else seen
    return shares([asks * TABLE[word][2] if word in allowed else -math.inf for word in words])


def output(words: Sequence[str], weights: Row, digits: int = 2) -> str:
    """Blend the values, and write them down; a reader who rounds the shares must get the same digits."""
    blend, rounded = ([math.fsum(w * TABLE[word][place] for w, word in zip(row, words, strict=True))
                       for place in (0, 1)] for row in (weights, [round(w, 3) for w in weights]))
    assert listed(blend, digits) == listed(rounded, digits)
    return f"[{listed(blend, digits, ', ')}]"


def steps_claims() -> list[str]:
    """Give the sentences on recurrent networks and on the price of pairs."""
    return [
        f"Suppose each step keeps nine tenths of the state: after 20 steps {0.9**20:.2f} of it is left, "
        f"after 50 steps {0.9**50:.3f}.",
        f"Step {50} cannot begin before step {50 - 1} is done.",
        f"Each of 20 words looks at 20 words: {20 * 20} scores.",
        f"1,000 words make {1000 * 1000:,}.",
    ]


def embedding_claims() -> list[str]:
    """Give the table, the ids of the sentence and the one-hot row."""
    tokens = list(TABLE)
    rows = [f"{number} {word} {' '.join(map(str, TABLE[word]))}\n" for number, word in enumerate(tokens)]
    ids = [tokens.index(word) for word in TEXT]
    one_hot = [int(number == 2) for number in range(len(tokens))]
    assert tuple(np.array(one_hot) @ np.array(list(TABLE.values()))) == TABLE["bank"]
    assert tokens[-1] == "lent"
    assert np.zeros(3)[np.array([[0, 2]])].shape == (1, 2)
    assert np.zeros((9, 3))[np.array([0, 5])].shape == (2, 3)
    return [
        *rows,
        f'"the bank was muddy" is the list of ids {", ".join(map(str, ids))}, and becomes four rows.',
        f"Write the id 2 as a row of zeros with a single one at place 2: {' '.join(map(str, one_hot))}.",
        f"An id of {len(tokens)} or more raises an `IndexError` somewhere deep inside.",
        "used as an index into a table of three columns? If `[2, 3]` surprises you,",
    ]


def example_claims() -> list[str]:
    """Give the worked example."""
    roles = [f"{word} {' '.join(map(str, TABLE[word]))} {TABLE[word][3]} {TABLE[word][2]} "
             f"[{TABLE[word][0]}, {TABLE[word][1]}]\n" for word in TEXT]
    weights = look(TEXT, "bank")
    total = math.fsum(math.exp(TABLE[word][2]) for word in TEXT)
    lines = [f"bank · {word} = 1×{TABLE[word][2]} = {TABLE[word][2]} "
             f"exponential {math.exp(TABLE[word][2]):.3f} share {share:.3f}"
             for word, share in zip(TEXT, weights, strict=True)]
    blend = " + ".join(f"{w:.3f} × [{TABLE[word][0]}, {TABLE[word][1]}]"
                       for w, word in zip(weights, TEXT, strict=True))
    moved = output(TEXT, weights)
    swapped = output(("the", "bank", "was", "lent"), look(("the", "bank", "was", "lent"), "bank"))
    after = moved[1:-1].replace(", ", " and ")
    others = [look(TEXT, word) for word in TEXT if word != "bank"]
    assert others == [[0.25] * 4] * 3
    return [
        *roles, *lines,
        f"(sum of exponentials {total:.3f})",
        f"output of bank = {blend} = {moved}\n",
        f"It came in with {TABLE['bank'][0]} of water and {TABLE['bank'][1]} of money, "
        f"and goes out with {after}.",
        f"All of their scores are 0, their shares {0.25:.3f} each, and their outputs "
        f"{output(TEXT, others[0])}, the plain mean of the values.",
        f"Put *lent* in the place of *muddy*, and the output of *bank* is {swapped}.",
        f"Without a mask, *bank* jumps from {moved} to {swapped}.",
        "So $d_k = 1$, and dividing by $\\sqrt{1}$ changes nothing.",
    ]


def causal_claims() -> list[str]:
    """Give the causal masks and the weights under the first of them."""
    lines = []
    for i, word in enumerate(TEXT):
        weights = look(TEXT, word, TEXT[: i + 1])
        mask = " ".join(str(int(j <= i)) for j in range(4))
        lines.append(f"{word} {mask} {listed(weights)} {output(TEXT, weights)}\n")

    def rows(t_q: int, t_k: int) -> list[str]:
        return [" ".join(str(int(j <= i + t_k - t_q)) for j in range(t_k)) for i in range(t_q)]

    square, two, one, tall = rows(4, 4), rows(2, 4), rows(1, 4), rows(4, 2)
    top_left = " ".join(str(int(j <= 0)) for j in range(4))
    return [
        *lines,
        "4 queries, 4 keys 2 queries, 4 keys 1 query, 4 keys 4 queries, 2 keys\n"
        f"{square[0]}\n{square[1]} {tall[0]}\n{square[2]} {two[0]} {tall[1]}\n"
        f"{square[3]} {two[1]} {one[0]} {tall[2]}\n {tall[3]}\n",
        f"would see only the first word of the text: {top_left}.",
    ]


def padding_claims() -> list[str]:
    """Give what the blank does to the word "bank", and the mask of the batch."""
    open_, masked = look(OTHER, "bank"), look(OTHER, "bank", OTHER[:3])
    masks = [" ".join(str(int(j < length)) for j in range(4)) for length in (4, 3)]
    return [
        f"without a mask {listed(open_)} {output(OTHER, open_)}\n",
        f"with a mask {listed(masked)} {output(OTHER, masked)}\n",
        f"Lengths 4 and 3 in a batch of width 4 give the rows {masks[0]} and {masks[1]}.",
    ]


def entropy_claims() -> list[str]:
    """Give the numbers on entropy and on the logarithm of zero."""
    rows = {
        "the, without a mask": look(TEXT, "the"), "bank, without a mask": look(TEXT, "bank"),
        "bank, causal mask": look(TEXT, "bank", TEXT[:2]), "the, causal mask": look(TEXT, "the", TEXT[:1]),
    }
    lines = [f"{name} {listed(row)} {entropy(row):.3f} {math.exp(entropy(row)):.1f} words\n"
             for name, row in rows.items()]
    small = (0.1, 0.01, 0.001)
    return [
        *lines,
        f"A share of 1 is no surprise at all, a share of 0.5 is one of {-math.log(0.5):.3f}, "
        f"a share of 0.25 one of {-math.log(0.25):.3f}.",
        f"w {' '.join(map(str, small))}\n",
        f"−w log w {listed([-w * math.log(w) for w in small])}\n",
    ]


def back_claims() -> list[str]:
    """Give the example of the way back; the gradients at query and keys are found by small steps."""
    query, keys, values, step = [1.0, 1, 0, 0], [[2.0, 0, 0, 0], [0.0, 2, 0, 0]], [1.0, 3.0], 0.00001
    root = math.sqrt(len(query))

    def loss(numbers: list[list[float]]) -> float:
        one, *others = numbers
        scores = [math.fsum(a * b for a, b in zip(one, key, strict=True)) / root for key in others]
        return math.fsum(w * v for w, v in zip(shares(scores), values, strict=True))

    def slope(which: int) -> str:
        slopes = []
        for place in range(4):
            moved = [[list(row) for row in (query, *keys)] for _ in range(2)]
            moved[0][which][place] += step
            moved[1][which][place] -= step
            slopes.append((loss(moved[0]) - loss(moved[1])) / (2 * step))
        return f"[{', '.join(signed(s + 0.0 if abs(s) > 1e-6 else 0.0) for s in slopes)}]"

    scores = [math.fsum(a * b for a, b in zip(query, key, strict=True)) for key in keys]
    weights = shares([score / root for score in scores])
    mean = math.fsum(w * v for w, v in zip(weights, values, strict=True))
    through = [w * (v - mean) for w, v in zip(weights, values, strict=True)]
    first, second = (signed(t / root) for t in through)
    one, other = ([int(n) for n in key] for key in keys)
    halves = f"{weights[0]} and {weights[1]}"
    return [
        f"query {[int(n) for n in query]} keys {one} and {other} values 1 and 3\n",
        f"scores {scores[0]:.0f} and {scores[1]:.0f} scaled {scores[0] / root:.0f} and "
        f"{scores[1] / root:.0f} shares {halves} output {loss([query, *keys]):.0f}\n",
        "gradient at the output 1\n",
        f"at the values {halves}\n",
        f"at the shares {values[0]:.0f} and {values[1]:.0f} (the values themselves)\n",
        f"through softmax {signed(through[0])} and {signed(through[1])} (the mean is {mean:.0f})\n",
        f"through the scale {first} and {second}\n",
        f"at the query {first} × {one} + {second} × {other} = {slope(0)}\n",
        f"at the keys {first} × {[int(n) for n in query]} = {slope(1)} and {slope(2)}\n",
        "one query, two keys with equal scores, $d_k = 4$,",
        f"nudge one number of q by {step:.5f} up and down",
    ]


def practice_claims() -> list[str]:
    """Give the practice problems' answers."""
    vectors = np.zeros((5, 3))[np.zeros((2, 4), dtype=int)].shape
    x = np.zeros((2, 6, 8))
    q, v = x @ np.zeros((8, 3)), x @ np.zeros((8, 5))
    weights = q @ np.swapaxes(q, -1, -2)
    named = [token for token in (0, 4, 5, -1) if 0 <= token < 5]
    causal = [" ".join(str(int(j <= i + 1)) for j in range(3)) for i in range(2)]
    padding = [" ".join(str(int(j < length)) for j in range(3)) for length in (1, 3)]
    row = (0.5, 0.25, 0.25)
    swapped = ("muddy", "bank", "was", "the")
    free, causal_shares = look(swapped, "bank"), look(swapped, "bank", swapped[:2])
    return [
        "1. A table has five rows and three columns, and the ids have the shape `[2, 4]`.",
        f"1. `{list(vectors)}`.",
        "2. Which of the ids 0, 4, 5 and −1 name a row of that table?",
        f"2. {named[0]} and {named[1]}.",
        "3. x is `[2, 6, 8]`, $W_q$ and $W_k$ are `[8, 3]`, $W_v$ is `[8, 5]`.",
        f"3. `{list(q.shape)}`, `{list(weights.shape)}` and `{list((weights @ v).shape)}`.",
        f"4. Rows {causal[0]}, then {causal[1]}.",
        "5. Two texts have lengths 1 and 3, in a batch of width 3.",
        f"5. One row for each text: {padding[0]} and {padding[1]}; its shape is `[2, 1, 3]`.",
        f"6. The shares of a row are {row[0]}, {row[1]} and {row[2]}.",
        f"6. {entropy(row):.3f}, as many as {math.exp(entropy(row)):.2f} equal words.",
        f"7. Without a mask still {output(swapped, free)}. With a causal one it now sees *muddy*: the shares "
        f"are {listed(causal_shares[:2], between=' and ')}, and the output is "
        f"{output(swapped, causal_shares)}.",
        "8. In the example of the way back, let both values be 3.",
        "8. 0 everywhere: whatever the shares are, the output stays 3.",
    ]


def claims() -> list[str]:
    """Collect everything that the text must say, each exactly once."""
    return [
        *steps_claims(), *embedding_claims(), *example_claims(), *causal_claims(), *padding_claims(),
        *entropy_claims(), *back_claims(), *practice_claims(),
    ]  # fmt: skip


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that the text does not make, or makes twice with other words around."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


def shown_numbers() -> list[re.Match[str]]:
    """Find the numbers of the text that could be mistyped; names, sources, plain 0 and 1 aside."""
    names = re.compile(
        r"\*\*Exercise 2\.\d|[Ee]xercises? 1\.\d( to 1\.5)?|skips 2\.4 and 2\.6|(check|show) 2(\.1)?"
        r"|sections 3\.2 and 4|section 6|Table 1|\b(1948|1997|2017)\b|[Ll]esson \d|GPT-2"
        r"|float(32|64)|64 bits|0?2_\w+|about \d+ minutes|^\d\. |minigpt\.\w+|(?<![\d.])[01]\b(?![.,]\d)",
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
    """Every number of the text is what plain mathematics gives."""
    assert first_wrong(README, claims()) is None


def test_every_number_is_checked() -> None:
    """A text in which any one number is changed is caught."""
    wanted = claims()
    numbers = shown_numbers()
    assert len(numbers) > 150
    for match in numbers:
        changed = str((int(match[0][-1]) + 1) % 10)
        mutant = README[: match.end() - 1] + changed + README[match.end() :]
        line = README.count("\n", 0, match.start()) + 1
        assert first_wrong(mutant, wanted), f"README.md:{line}: nothing checks the number {match[0]}"


def test_has_the_headings_that_rubrics_point_at() -> None:
    """The text has one title and the agreed sections, in their order."""
    titles = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    assert titles == ["Lesson 2 · Self-attention", *HEADINGS]


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
    telling = re.compile(
        r"np\.(arange|log|tril|triu|where|sqrt|matmul|einsum|swapaxes)|keepdims|\.T\b|@ |\.(sum|min|max)\("
        r"|table\[|<= |newaxis"
    )
    assert [line for line in code if telling.search(line)] == []


def test_one_sentence_a_line() -> None:
    """No line of prose holds the end of one sentence and the start of another, lists and tables aside."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not re.match(r"(- |\d\. |\||!|>|Read two short)", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?!][\"”*]* [A-Z\"]", line)] == []
