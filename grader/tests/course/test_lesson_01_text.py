"""Lesson 1's text: its headings and length, and every number in it, computed again with plain mathematics."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "01_attention_mechanism"
README = (LESSON / "README.md").read_text(encoding="utf-8")

HEADINGS = (
    "What you will learn", "Attention is a soft look-up", "Softmax: from scores to shares",
    "A softmax that does not overflow", "Which axis?", "Scores: a dot product measures similarity",
    "Why we scale the scores", "Masks: who may look at whom", "True means may attend",
    "A row with nothing to look at", "The whole formula", "A worked example by hand",
    "Attention as kernel regression", "The gradient of softmax", "Shapes, batches and dtypes",
    "Your inputs belong to the caller", "Common mistakes", "Practice", "Check yourself",
    "Common questions", "Where to go next",
)
SIGNATURES = {
    "1.1": "softmax(x, axis=-1)",
    "1.2": "attention_scores(q, k)",
    "1.3": "scale_scores(scores, d_k)",
    "1.4": "mask_scores(scores, mask)",
    "1.5": "scaled_dot_product_attention(q, k, v, mask=None)",
    "1.6": "attention_pooling(x_query, x_key, y, bandwidth)",
    "1.7": "softmax_backward(d_out, weights, axis=-1)",
}
WORDS_A_MINUTE = 200

# The worked example, typed here a second time on purpose: the text must agree with it.
FEATURES = {"cat": (2, 0, 0, 1), "sat": (0, 2, 0, 1), "mat": (0, 0, 2, 1)}
OFFERS = {"cat": (1, 0), "sat": (0, 1), "mat": (1, 1)}
WISHES = {"it": (2, 0, 1, 0), "then": (0, 1, 0, 2)}
ROOT_OF_D_K = math.sqrt(4)

Row = Sequence[float]


def squeeze(text: str) -> str:
    """Make one blank of many, so that columns may be aligned as one likes."""
    return re.sub(r"[ \t]+", " ", text)


def shares(scores: Row) -> list[float]:
    """Work out softmax the slow way."""
    parts = [math.exp(score) for score in scores]
    return [part / math.fsum(parts) for part in parts]


def listed(numbers: Row, digits: int = 3, between: str = " ") -> str:
    """Write numbers with so many digits each."""
    return between.join(f"{number:.{digits}f}" for number in numbers)


def dot(a: Row, b: Row) -> float:
    """Multiply position by position and add up."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def scaled(reader: str) -> list[float]:
    """Work out a reader's scaled scores."""
    return [dot(WISHES[reader], key) / ROOT_OF_D_K for key in FEATURES.values()]


def output(weights: Row) -> list[float]:
    """Mix the values of the example."""
    return [dot(weights, column) for column in zip(*OFFERS.values(), strict=True)]


def largest_whole_exponent(dtype: type[np.floating]) -> int:
    """Find the largest whole number whose exponential is finite."""
    return math.floor(math.log(float(np.finfo(dtype).max)))


def softmax_claims() -> list[str]:
    """Give the sentences of the sections on softmax, with numbers computed here."""
    lowest, middle, highest = listed(shares([1, 2, 3])).split()
    double, single = largest_whole_exponent(np.float64), largest_whole_exponent(np.float32)
    mantissa = float(np.finfo(np.float64).max) / 10**308
    moved = [score - 2 for score in (2, 0, 1)]
    exponentials = [math.exp(score) for score in moved]
    both = shares([1000 - 1000, 999 - 1000])
    assert both == shares([0, -1])
    assert np.exp(-1000.0) == np.exp(-1001.0) == 0.0
    assert shares([11 - 10, 12 - 10, 13 - 10]) == shares([1, 2, 3])
    return [
        f"The scores 1, 2 and 3 become the shares {lowest}, {middle} and {highest}.",
        "The scores 11, 12 and 13 give the same three shares.",
        f"A lead of 1 makes a share {math.e:.3f} times as large",
        f"A lead of 2 makes it {math.exp(2):.3f} times as large",
        f"A float64 number ends near ${mantissa:.1f} · 10^{{308}}$.",
        f"The exponential of {double} still fits, the exponential of {double + 1} is already infinite.",
        f"the exponential of {single} fits, that of {single + 1} does not.",
        "for the scores 2, 0 and 1: take off the maximum, and 0, −2 and −1 remain.",
        "scores 2 0 1\n",
        "minus maximum " + listed(moved, 0) + "\n",
        f"exponential {listed(exponentials)} sum {math.fsum(exponentials):.3f}\n",
        f"share {listed(shares(moved))} sum 1.000\n",
        "one with the scores 1000 and 999, the other with 0 and −1.",
        "the second row would become −1000 and −1001,",
        f"each of the two rows gives the shares {listed(both, between=' and ')}.",
    ]


def axis_claims() -> list[str]:
    """Give the lines of the table that shows the wrong axis."""
    rows = [scaled(reader) for reader in WISHES]
    down = list(zip(*(shares(column) for column in zip(*rows, strict=True)), strict=True))
    return [
        f"{listed(row)} {listed(shares(row))} = {math.fsum(shares(row)):.3f} {listed(wrong)} "
        f"= {math.fsum(wrong):.3f}\n"
        for row, wrong in zip(rows, down, strict=True)
    ]


def scaling_claims() -> list[str]:
    """Give the sentences on the variance of a dot product."""
    table = [
        f"| {d} | {d} | {math.isqrt(d)} | 1 | {math.sqrt(d) / d:g} |"
        for d in (4, 64, 256)
    ]  # fmt: skip
    gaps = [math.sqrt(2 * 64) / divisor for divisor in (1, math.sqrt(64), 64)]
    (raw, rest), (by_root, other), (by_d, last) = (shares([gap, 0]) for gap in gaps)
    return [
        *table,
        "with a 2 in the first place, and a key says \"I am an animal\" with a 2 in its first place, "
        f"that pair adds {2 * 2} to the score.",
        "differ typically by $\\sqrt{2 d_k}$.",
        f"For $d_k = 64$ that is {gaps[0]:.1f}, and softmax turns such a lead into shares of {raw:.5f} and "
        f"{rest:.5f}.",
        f"here {raw * rest:.6f}.",
        f"the typical difference is {gaps[1]:.2f} for every size, with shares of {by_root:.2f} and "
        f"{other:.2f} and a slope of {by_root * other:.3f}.",
        f"the typical difference is {gaps[2]:.2f}, with shares of {by_d:.2f} and {last:.2f}:",
    ]


def mask_claims() -> list[str]:
    """Give the lines on masks done right and wrong."""
    right, filled = [*shares([2, 0]), 0.0], shares([2, 0, 0])
    struck = [*shares([2, 0, 1])[:2], 0.0]
    return [
        "Suppose the scores are 2, 0 and 1, and the third word is forbidden.",
        f"right: score minus infinity {listed(right)} sum {math.fsum(right):.3f}\n",
        f'wrong: score 0 for "no" {listed(filled)} sum {math.fsum(filled):.3f}\n',
        f"wrong: shares times 0, afterwards {listed(struck)} sum {math.fsum(struck):.3f}\n",
        f"the forbidden word keeps a share of {filled[2]:.3f}.",
    ]


def reader_claims(reader: str) -> list[str]:
    """Give the lines that work out one reader of the example."""
    weights = shares(scaled(reader))
    lines = []
    for (word, key), share in zip(FEATURES.items(), weights, strict=True):
        products = " + ".join(f"{q}×{k}" for q, k in zip(WISHES[reader], key, strict=True))
        score = dot(WISHES[reader], key)
        lines.append(f"{reader} · {word} = {products} = {score:.0f} {score:.0f} / {ROOT_OF_D_K:.0f} = "
                     f"{score / ROOT_OF_D_K:.0f} share {share:.3f}\n")  # fmt: skip
    blend = " + ".join(f"{w:.3f} × {list(value)}" for w, value in zip(weights, OFFERS.values(), strict=True))
    by_hand = output([round(weight, 3) for weight in weights])
    assert listed(by_hand) == listed(output(weights)), "a reader who rounds must get the same digits"
    query = " ".join(map(str, WISHES[reader]))
    return [*lines, f"output of {reader} = {blend} = [{listed(output(weights), between=', ')}]\n",
            f"query {reader} {query}\n"]  # fmt: skip


def example_claims() -> list[str]:
    """Give the table of the example, its masked row and the remark on the common feature."""
    keys = [f"key {word} {' '.join(map(str, key))} {list(OFFERS[word])}\n" for word, key in FEATURES.items()]
    masked = [*shares(scaled("it")[:2]), 0.0]
    common = {WISHES["then"][3] * key[3] for key in FEATURES.values()}
    assert shares(scaled("then")) == pytest.approx(shares([score - 1 for score in scaled("then")]))
    return [
        *keys,
        "The keys have $d_k = 4$ features, so $\\sqrt{d_k} = 2$.",
        f"It adds {common.pop()} to all three scores of *then*",
        f"Its scaled scores are {scaled('it')[0]:.0f}, {scaled('it')[1]:.0f} and minus infinity, its shares "
        f"{listed(masked[:2], between=', ')} and 0, and its output is "
        f"[{listed(output(masked), between=', ')}].",
    ]


def regression_claims() -> list[str]:
    """Give the numbers of the kernel regression."""
    places, values, asked = (0, 1, 3), (10, 20, 40), 1.5
    distances = [abs(asked - place) for place in places]

    def weights(bandwidth: float) -> list[float]:
        kernels = [math.exp(-(d**2) / (2 * bandwidth**2)) for d in distances]
        return [kernel / math.fsum(kernels) for kernel in kernels]

    products = " + ".join(f"{w:.3f} × {y}" for w, y in zip(weights(1), values, strict=True))
    return [
        f"Take points at 0, 1 and 3 with the values 10, 20 and 40, and ask at {asked} with h = 1:",
        f"distance {listed(distances, 1)}\n",
        f"score {listed([-(d**2) / 2 for d in distances])}\n",
        f"share {listed(weights(1))}\n",
        f"guess {products} = {dot(weights(1), values):.2f}\n",
        "$w_i ∝ e^{−(x − x_i)^2 / (2 h^2)}$",
        "with the score $−(x − x_i)^2 / (2 h^2)$.",
        "a dot product in it, $x x_i / h^2$,",
        f"With h = 0.1 the guess is {dot(weights(0.1), values):.2f},",
        f"With h = 100 it is {dot(weights(100), values):.2f}, the plain mean",
    ]


def gradient_claims() -> list[str]:
    """Give the numbers of the gradient's example, found by nudging the scores."""
    weights, upstream, step = (0.5, 0.3, 0.2), (1, 2, 4), 0.00001
    scores = [math.log(weight) for weight in weights]
    mean = dot(weights, upstream)

    def loss(place: int, nudge: float) -> float:
        moved = [score + nudge * (place == j) for j, score in enumerate(scores)]
        return dot(shares(moved), upstream)

    slopes = [(loss(j, step) - loss(j, -step)) / (2 * step) for j in range(3)]
    assert math.fsum(slopes) == pytest.approx(0, abs=1e-9)
    return [
        "with shares 0.5, 0.3 and 0.2:",
        f"g 1 2 4 weighted mean {mean:.1f}\n",
        f"g minus mean {listed([g - mean for g in upstream], 1)}\n",
        f"times share {listed(slopes, 2)} sum 0\n",
        f"nudge one score by {step:.5f} up and down",
    ]


def practice_claims() -> list[str]:
    """Give the practice problems' answers."""
    queries, keys, width = 5, 3, 6
    wanted = max(scaled("it")) * ROOT_OF_D_K / WISHES["it"][2]
    causal = [" ".join("1" if j <= i else "0" for j in range(3)) for i in range(3)]
    mean = dot(shares([0, 0]), (1, 3))
    return [
        "1. Two keys have the scores 3 and 3. What are their shares? And with 103 and 103?",
        f"1. {listed(shares([3, 3]), 1, ' and ')}, both times.",
        "2. One of two keys leads by 2.",
        f"2. {listed(shares([2, 0]), between=' and ')}.",
        "3. Five queries, three keys, d_k = 8, d_v = 6.",
        f"3. `[{queries}, {keys}]`, `[{queries}, {keys}]` and `[{queries}, {width}]`.",
        f"4. Rows {causal[0]}, then {causal[1]}, then {causal[2]}.",
        f"5. Each allowed word gets {1 / 3:.3f}, each of the others 0.",
        "6. The shares are 0.5 and 0.5, and g is 1 and 3.",
        f"6. The mean of g is {mean:.0f}, so −{-0.5 * (1 - mean):.1f} and {0.5 * (3 - mean):.1f}.",
        f"7. Put {wanted:.0f} in place of {FEATURES['mat'][2]} under \"thing\": "
        f"the score becomes {wanted * WISHES['it'][2]:.0f}, like that of *cat*.",
    ]


def shape_claims() -> list[str]:
    """Give the shapes in the prerequisites and the trap of NumPy 2, tried out."""
    assert (np.ones((2, 4)) @ np.ones((4, 3))).shape == (2, 3)
    assert np.ones((2, 3)).sum(axis=1).shape == (2,)
    small = np.ones(3, dtype=np.float32)
    assert (small / np.float64(8.0)).dtype == np.float64
    assert (small / 8.0).dtype == np.float32
    assert isinstance(np.sqrt(64), np.float64)
    return ["the shape of a `[2, 4]` matrix times a `[4, 3]` matrix? If `[2, 3]` does not come at once,",
            "when you sum a `[2, 3]` array over axis 1? If two takes you long,", "differentiate $e^{2x}$",
            "such as `np.float64(8.0)` lifts a whole float32 array to float64"]  # fmt: skip


def claims() -> list[str]:
    """Collect everything that the text must say, each exactly once."""
    return [
        *shape_claims(), *softmax_claims(), *axis_claims(), *scaling_claims(), *mask_claims(),
        *example_claims(), *reader_claims("it"), *reader_claims("then"), *regression_claims(),
        *gradient_claims(), *practice_claims(),
    ]  # fmt: skip


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that the text does not make, or makes twice with other words around."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


def shown_numbers() -> list[re.Match[str]]:
    """Find the numbers of the text that could be mistyped; names, sources, plain 0 and 1 aside."""
    names = re.compile(
        r"\*\*Exercise 1\.\d|exercise 1\.\d|\(1\.\d\)|1\.1 to 1\.5|1\.6 and 1\.7|1\.5 returns|check 1(\.1)?"
        r"|[Ss]ections? 3\.2(\.1)?( and 3\.2\.1)?|\b(1964|2014|2017)\b|Lesson 1|NumPy 2|equation 1"
        r"|float(32|64)|0?1_\w+|about \d+ minutes|^\d\. |minigpt\.\w+|(?<![\d.])[01]\b(?!\.\d)",
        re.MULTILINE,
    )
    hidden = [match.span() for match in names.finditer(README)]
    return [
        match
        for match in re.finditer(r"(?<![\w.])\d+(?:\.\d+)?", README)
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
    assert len(numbers) > 200
    for match in numbers:
        changed = str((int(match[0][-1]) + 1) % 10)
        mutant = README[: match.end() - 1] + changed + README[match.end() :]
        line = README.count("\n", 0, match.start()) + 1
        assert first_wrong(mutant, wanted), f"README.md:{line}: nothing checks the number {match[0]}"


@pytest.mark.parametrize("heading", HEADINGS)
def test_has_the_headings_that_rubrics_point_at(heading: str) -> None:
    """Every section that feedback may name is there once."""
    assert len(re.findall(rf"^###? {re.escape(heading)}$", README, re.MULTILINE)) == 1


def test_has_no_other_headings() -> None:
    """The text has one title and the agreed sections, in their order."""
    titles = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    assert titles == ["Lesson 1 · Attention mechanism", *HEADINGS]


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
        r"np\.(exp|max|sum|where|sqrt|matmul|einsum|swapaxes)|keepdims|\.T\b|@ |\.sum\(|\.max\("
    )
    assert [line for line in code if telling.search(line)] == []


def test_one_sentence_a_line() -> None:
    """No line of prose holds the end of one sentence and the start of another, lists and tables aside."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not re.match(r"(- |\d\. |\||!|>)", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?!] [A-Z]", line)] == []
