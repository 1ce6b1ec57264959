"""Lesson 5's text: its headings and length, and every number in it, computed again with plain mathematics."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "05_feed_forward_networks"
README = (LESSON / "README.md").read_text(encoding="utf-8")

HEADINGS = (
    "What you will learn", "Attention mixes, this part thinks", "GELU: a soft gate",
    "Two formulas for one curve", "The slope of GELU", "Layer normalisation: one token at a time",
    "Stretch and shift", "Where eps goes", "A mean that swallows the differences",
    "The gradient of layer normalisation", "Widen, bend, narrow", "The gradient of the feed-forward part",
    "The residual stream", "Post-LN and pre-LN", "Dropout", "A worked example by hand",
    "Shapes, batches and dtypes", "Your inputs belong to the caller", "Common mistakes", "Practice",
    "Check yourself", "Common questions", "Where to go next",
)
SIGNATURES = {
    "5.1": 'gelu(x, approximate="tanh")',
    "5.2": 'gelu_backward(d_out, x, approximate="tanh")',
    "5.3": "layer_norm(x, gamma, beta, eps=1e-5)",
    "5.4": "layer_norm_backward(d_out, x, gamma, eps=1e-5)",
    "5.5": "feed_forward(x, params)",
    "5.6": "feed_forward_backward(d_out, x, params)",
    "5.7": "add_and_norm(x, sublayer_out, gamma, beta, eps=1e-5)",
    "5.8": "dropout(x, p, rng, training=True)",
}
WORDS_A_MINUTE = 200
STEP = 1e-6

# The example, typed here a second time on purpose: the text must agree with it.
TOKENS = ((1, 7, 9, 15), (3, 3, 5, 5))
DETECTORS = ((-1, 0, 0), (0, 1, 0), (0, -1, -1), (1, 0, 1))
THRESHOLDS = (-0.8, -0.6, -0.2)
REMARKS = ((1, 0, 0, -1), (0, 1, 0, 0), (0, 0, 2, 0))
BIAS = (0.5, 0, 0, 0)

Row = Sequence[float]


def squeeze(text: str) -> str:
    """Make one blank of many, so that columns may be aligned as one likes."""
    return re.sub(r"[ \t]+", " ", text)


def gate(x: float) -> float:
    """Compute the share of a normal bell curve below x."""
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def exact(x: float) -> float:
    """Compute the exact gelu."""
    return x * gate(x)


def gelu(x: float) -> float:
    """Compute GPT-2's gelu."""
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def slope(function: Callable[[float], float], x: float) -> float:
    """Nudge x, and see how much the function changes."""
    return (function(x + STEP) - function(x - STEP)) / (2 * STEP)


def mean(numbers: Row) -> float:
    """Add up and divide."""
    return math.fsum(numbers) / len(numbers)


def variance(numbers: Row, fewer: int = 0) -> float:
    """Average the squared distances from the mean, divided by D or by a few less."""
    return math.fsum((x - mean(numbers)) ** 2 for x in numbers) / (len(numbers) - fewer)


def normal(token: Row, eps: float = 0.0) -> list[float]:
    """Normalise one token."""
    return [(x - mean(token)) / math.sqrt(variance(token) + eps) for x in token]


def listed(numbers: Row, digits: int = 3, between: str = " ", sign: str = "-") -> str:
    """Write numbers with so many digits each; what rounds to zero has no sign."""
    shown = (f"{round(number, digits) + 0.0:.{digits}f}" for number in numbers)
    return between.join(shown).replace("-", sign)


def plain(numbers: Row) -> str:
    """Write numbers as short as they are."""
    return " ".join(f"{number:g}" for number in numbers)


def start_claims() -> list[str]:
    """Give the numbers of the first sections."""
    assert (np.ones((2, 5, 3)) @ np.ones((3, 7))).shape == (2, 5, 7)
    odd, d = (1, 3, 5, 7), 768
    attention, thinking = d * 3 * d + 3 * d + d * d + d, d * 4 * d + 4 * d + 4 * d * d + d
    assert thinking / (attention + thinking) == pytest.approx(2 / 3, abs=1e-3)
    return [
        "the shape of a `[2, 5, 3]` array times a `[3, 7]` matrix? If `[2, 5, 7]` surprises you,",
        f"What are they for 1, 3, 5, 7? If {mean(odd):.0f} and {variance(odd):.0f} take you long,",
        f"with D = {d}, attention has {attention:,} numbers in each block, and the feed-forward part has "
        f"{thinking:,}: two thirds",
        "four times as many of them as features: $d_{ff} = 4 D$.",
    ]


def gelu_claims() -> list[str]:
    """Give the table of gelu, its dip, and the distances between the formulas."""
    xs = [*range(-3, 4)]
    places = [step / 1000 for step in range(-6000, 6001)]
    dip = min(places, key=exact)
    assert f"{gelu(dip):.3f}" == f"{exact(dip):.3f}"
    furthest = max(places, key=lambda x: abs(gelu(x) - exact(x)))
    apart = abs(gelu(furthest) - exact(furthest))
    logistic = max(abs(x / (1 + math.exp(-1.702 * x)) - exact(x)) for x in places)
    assert all(f(x) - f(-x) == pytest.approx(x) for f in (gelu, exact) for x in (0.3, 2.0))
    return [
        f"x {plain(xs)}\ngate {listed([gate(x) for x in xs], 4)}\n"
        f"gelu {listed([exact(x) for x in xs], 4)}\nrelu {listed([max(x, 0) for x in xs], 4)}\n",
        f"It is {gate(0)} at x = 0,",
        f"it dips to −{-exact(dip):.2f} near −{-dip:.2f}.](gelu.svg)",
        f"it dips to −{-exact(dip):.3f} near x = −{-dip:.2f} and",
        "$Φ(x) = (1 + erf(x / \\sqrt{2})) / 2$",
        "$gelu(x) ≈ 0.5 x (1 + tanh(\\sqrt{2/π} (x + 0.044715 x^3)))$",
        f"The root of 2/π, about {math.sqrt(2 / math.pi):.3f},",
        "And $(1 + tanh)/2$ turns",
        f"differ by at most {apart:.5f}, near x = {abs(furthest):.1f} and x = −{abs(furthest):.1f}.",
        f"the logistic function of 1.702 x, is off by up to {logistic:.3f}.",
    ]


def slope_claims() -> list[str]:
    """Give the slopes of gelu."""
    xs = (-2, -1, 0, 1, 2)
    places = [step / 100 for step in range(-400, 401)]
    steepest = max(places, key=lambda x: slope(gelu, x))
    for f in (gelu, exact):
        assert slope(f, 0.7) + slope(f, -0.7) == pytest.approx(1)
        assert slope(f, steepest) == pytest.approx(1.129, abs=5e-4)
    x = 0.7
    formula = gate(x) + x * math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    assert slope(exact, x) == pytest.approx(formula)
    assert steepest == pytest.approx(math.sqrt(2), abs=0.01)
    return [
        "$gelu'(x) = Φ(x) + x e^{−x^2/2} / \\sqrt{2π}$",
        "the slope of tanh is $1 − tanh^2$",
        f"x {plain(xs)}\nslope {listed([slope(gelu, x) for x in xs])}\n",
        f"it climbs to {slope(gelu, steepest):.3f} near x = {math.sqrt(2):.2f}, and falls to "
        f"−{-slope(gelu, -steepest):.3f} near x = −{math.sqrt(2):.2f}.",
    ]


def norm_claims() -> list[str]:
    """Give the token that is normalised by hand, right and wrong."""
    token = TOKENS[0]
    moved = [x - mean(token) for x in token]
    few = math.sqrt(variance(token, 1))
    short = [1 - math.sqrt((d - 1) / d) for d in (8, 768)]
    columns = list(zip(*(normal(column) for column in zip(*TOKENS, strict=True)), strict=True))
    pairs = [f"{plain(row)} {listed(normal(row), 1)} {plain(wrong)}\n"
             for row, wrong in zip(TOKENS, columns, strict=True)]
    assert normal([x + 10 for x in token]) == pytest.approx(normal([3 * x for x in token]))
    return [
        "features 1, 7, 9 and 15:",
        f"token {plain(token)} mean {mean(token):.0f}\nminus the mean {plain(moved)}\n"
        f"squares {plain([x * x for x in moved])} mean {variance(token):.0f}: the variance\n"
        f"divided by {math.sqrt(variance(token)):.0f} {listed(normal(token), 1)} because the root of "
        f"{variance(token):.0f} is {math.sqrt(variance(token)):.0f}\n",
        f"the token would be {variance(token, 1):.2f}, and its last feature {moved[-1] / few:.3f} instead of "
        f"{normal(token)[-1]:.1f}.",
        f"At D = 8 the answers come out {100 * short[0]:.1f} % too small, at D = 768 only "
        f"{100 * short[1]:.3f} %:",
        *pairs,
    ]


def eps_claims() -> list[str]:
    """Give the numbers on eps, and on the short cut to the variance."""
    token = (0.1, 0.7, 0.9, 1.5)
    top, spread = token[-1] - mean(token), math.sqrt(variance(token))
    inside = [normal(token, eps)[-1] for eps in (1e-5, 0.1)]
    outside = [top / (spread + eps) for eps in (1e-5, 0.1)]
    assert normal([10 * x for x in token], 10.0) == pytest.approx(normal(token, 0.1))
    for number, kind in ((1_000_000_000, np.float64), (10_000, np.float32)):
        large: Any = np.array([number + 1, number + 1, number - 1, number - 1], dtype=kind)
        assert large.var() == 1
        assert np.mean(large * large) - np.mean(large) ** 2 == 0
    digits = len(str(1000000001**2))
    return [
        f"Take the token 0.1, 0.7, 0.9, 1.5, which has a variance of {variance(token):.2f}.",
        f"last feature eps = 0.00001 eps = 0.1\neps inside the root {listed(inside)}\n"
        f"eps outside the root {listed(outside)}\n",
        "grow by a factor of 10, an eps that is 100 times as large",
        "two features of 1000000001 and two of 999999999, whose variance is 1.",
        f"Their squares need {digits} digits, and float64 keeps about {math.log10(2**53):.0f}:",
        "In float32, features around 10000 are enough",
    ]


def norm_gradient_claims() -> list[str]:
    """Give the gradient of the token, step by step, and check it by nudging."""
    token, g = TOKENS[0], (1, 0, 0, 0)
    n, root = normal(token), math.sqrt(variance(token))
    along = mean([a * b for a, b in zip(g, n, strict=True)])
    first, second = [x - mean(g) for x in g], [x * along for x in n]
    left = [a - b for a, b in zip(first, second, strict=True)]
    nudged = []
    for place in range(4):
        up, down = ([x + s * STEP * (i == place) for i, x in enumerate(token)] for s in (1, -1))
        nudged.append((normal(up)[0] - normal(down)[0]) / (2 * STEP))
    assert [x / root for x in left] == pytest.approx(nudged, abs=1e-8)
    assert round(1 / root / nudged[0]) == 4
    return [
        "For the token 1, 7, 9, 15 with gamma 1, and a gradient of 1",
        f"g {plain(g)} mean {mean(g):.2f}\nn {listed(n, 1)} mean of g times n: {along:.2f}\n"
        f"g minus its mean {listed(first, 2)}\nn times {along:.2f} {listed(second, 2)}\n"
        f"difference {listed(left, 2)}\ndivided by {root:.0f} {listed(nudged)} sum 0\n",
        f"the first entry would be {1 / root:.1f}: nearly four times too large.",
    ]


def network_gradient_claims() -> list[str]:
    """Give the gradients of the network with one feature, checked by nudging."""
    x, first, second = 2.0, 0.5, 2.0

    def answer(x: float, first: float, second: float, bias: float = 0.0) -> float:
        return second * gelu(x * first + bias)

    d_first = slope(lambda w: answer(x, w, second), first)
    d_hidden = slope(lambda b: answer(x, first, second, b), 0.0)
    d_second = slope(lambda w: answer(x, first, w), second)
    d_x = slope(lambda a: answer(a, first, second), x)
    steep = slope(gelu, x * first)
    assert listed([2 * round(steep, 3), 2 * round(d_hidden, 3), 0.5 * round(d_hidden, 3)]) == listed(
        [d_hidden, d_first, d_x]), "a reader who rounds must get the same digits"
    return [
        "Let x = 2, the first weight 0.5 and the second weight 2,",
        f"forward hidden {first} × {x:.0f} = {first * x:.0f} bent {gelu(1):.3f} answer {second:.0f} × "
        f"{gelu(1):.3f} = {answer(x, first, second):.3f}\n",
        f"backward second weight {d_second:.3f} what",
        f"second bias 1\n bent {second:.0f} the second weight\n",
        f"hidden {second:.0f} × {steep:.3f} = {d_hidden:.3f} the slope",
        f"first weight {x:.0f} × {d_hidden:.3f} = {d_first:.3f} x, times",
        f"first bias {d_hidden:.3f}\n",
        f"x {first} × {d_hidden:.3f} = {d_x:.3f}\n",
    ]


def stream_claims() -> list[str]:
    """Give the numbers on post-LN and on the length of the way."""
    stream, found = (1, 3, 5, 7), (0, 4, 4, 8)
    total = [a + b for a, b in zip(stream, found, strict=True)]
    norms = 2 * 12
    assert total == [*TOKENS[0]]
    return [
        "the stream is 1, 3, 5, 7, and the sublayer found 0, 4, 4, 8.",
        f"The sum is {', '.join(map(str, total))}, and after normalising the stream is "
        f"{listed(normal(total), 1, ', ', '−')}.",
        "the sum has a variance of 2,",
        f"every normalisation divides by {math.sqrt(2):.3f}.",
        f"Twelve blocks have {norms} of them, so the direct way shrinks the gradient to "
        f"{math.sqrt(2) ** -norms:.5f} of its size.",
        "in x is 1 plus something",
    ]


def dropout_claims() -> list[str]:
    """Give the numbers of dropout."""
    p, number = 0.25, 6
    grown = number / (1 - p)
    assert p * 0 + (1 - p) * grown == number
    return [
        f"For one number {number} and p = {p}:",
        f"dropped, 1 time in {1 / p:.0f} 0\nkept, {(1 - p) / p:.0f} times in {1 / p:.0f} "
        f"{number} / {1 - p} = {grown:.0f}\non average {p} × 0 + {1 - p} × {grown:.0f} = {number}\n",
    ]


def example_claims() -> list[str]:
    """Give the worked example, and see that rounding on the way changes no digit."""
    n = normal(TOKENS[0])
    hidden = [math.fsum(x * row[j] for x, row in zip(n, DETECTORS, strict=True)) + THRESHOLDS[j]
              for j in range(3)]
    bent = [gelu(h) for h in hidden]

    def written(features: Row) -> list[float]:
        return [math.fsum(h * row[i] for h, row in zip(features, REMARKS, strict=True)) + BIAS[i]
                for i in range(4)]

    found = written(bent)
    by_hand = written([round(b, 3) for b in bent])
    assert listed(by_hand) == listed(found), "a reader who rounds must get the same digits"
    new = [a + b for a, b in zip(TOKENS[0], found, strict=True)]
    f, s = listed(found).split(), listed(new).split()
    rows = [f"{i} {plain(detector)}" for i, detector in enumerate(DETECTORS, 1)]
    remarks = [f"h{j} {plain(remark)}\n" for j, remark in enumerate(REMARKS, 1)]
    return [
        "Its features on the stream are 1, 7, 9, 15; gamma is 1, beta is 0,",
        "feature h1 h2 h3 hidden 1 2 3 4\n",
        *(f"{row} {remark}" for row, remark in zip(rows, remarks, strict=False)),
        f"{rows[3]}\n bias {plain(THRESHOLDS)} bias {plain(BIAS)}\n",
        f"First normalise, as above: {listed(n, 1, ', ', '−')}.",
        f"h1 = {-n[0]:.1f} + {n[3]:.1f} - 0.8 = {hidden[0]:.1f} gelu {bent[0]:.3f}\n",
        f"h2 = {n[1]:.1f} - {n[2]:.1f} - 0.6 = {hidden[1]:.1f} gelu {bent[1]:.3f}\n",
        f"h3 = {-n[2]:.1f} + {n[3]:.1f} - 0.2 = {hidden[2]:.1f} gelu {bent[2]:.3f}\n",
        "asks whether feature 4 is far above feature 1,",
        f"feature 1 2 3 4\nfound {bent[0]:.3f} + 0.5 = {f[0]} {f[1]} 2 × {bent[2]:.3f} = {f[2]} {f[3]}\n"
        f"stream 1 + {f[0]} = {s[0]} {s[1]} {s[2]} {s[3]}\n",
    ]


def practice_claims() -> list[str]:
    """Give the practice problems' answers."""
    token, quiet = (2, 2, 6, 6), (1, 3, 5, 7)
    for other in ([x + 100 for x in token], [10 * x for x in token]):
        assert normal(other) == normal(token)
    kept = 4 / (1 - 0.2)
    return [
        "1. Normalise the token 2, 2, 6, 6, with gamma 1 and beta 0.",
        f"1. {listed(normal(token), 0, ', ', '−')}: the mean is {mean(token):.0f}, the variance is "
        f"{variance(token):.0f}, and its root is {math.sqrt(variance(token)):.0f}.",
        "2. What does the token 102, 102, 106, 106 become? And 20, 20, 60, 60?",
        f"3. You know that gelu(2) is {gelu(2):.3f}. What is gelu(−2)?",
        f"3. {gelu(2):.3f} − 2 = −{-gelu(-2):.3f}.",
        "4. How many numbers does a feed-forward part with D = 8 and d_ff = 32 have,",
        f"4. 8 × 32 + 32 + 32 × 8 + 8 = {8 * 32 + 32 + 32 * 8 + 8}.",
        "6. With p = 0.2, which values can the number 4 become,",
        f"6. 0 in 20 % of the draws and {kept:.0f} in 80 %; the mean is {0.8 * kept:.0f}.",
        "7. A post-LN stream is 1, 3, 5, 7, and the sublayer",
        f"7. {listed(normal(quiet), 3, ', ', '−')}: the mean is {mean(quiet):.0f}, the variance is "
        f"{variance(quiet):.0f}, and nothing is added.",
        "| right for the usual eps, wrong for 0.1 |", "| everything twice too large | the factor 0.5 |",
        "is a NumPy number of 64 bits,",
    ]


def claims() -> list[str]:
    """Collect everything that the text must say, each exactly once."""
    assert isinstance(np.sqrt(2), np.float64)
    return [
        *start_claims(), *gelu_claims(), *slope_claims(), *norm_claims(), *eps_claims(),
        *norm_gradient_claims(), *network_gradient_claims(), *stream_claims(), *dropout_claims(),
        *example_claims(), *practice_claims(),
    ]  # fmt: skip


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that the text does not make, or makes twice with other words around."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


def shown_numbers() -> list[re.Match[str]]:
    """Find the numbers of the text that could be mistyped; names, sources, plain 0 and 1 aside."""
    names = re.compile(
        r"\*\*Exercise 5\.\d|5\.1 to 5\.8|(check|show) 5(\.1)?|\b20(15|16|20|21|14)\b|[Ll]esson \d|GPT-2|1e-5"
        r"|float(32|64)|0?5_\w+|about \d+ minutes|^\d\. |h[123]\b|(?<![\d.,])[01]\b(?![.,]\d)",
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
    assert titles == ["Lesson 5 · Feed-forward networks", *HEADINGS]


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
        r"np\.(tanh|sqrt|mean|var|where|exp)|math\.|keepdims|\.T\b|@ |\.sum\(|\.mean\(|rng\.random"
    )
    assert [line for line in code if telling.search(line)] == []


def test_one_sentence_a_line() -> None:
    """No line of prose holds the end of one sentence and the start of another, lists and tables aside."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not re.match(r"(- |\d\. |\||!|>)", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?!] [A-Z]", line)] == []
