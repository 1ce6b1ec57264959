"""Lesson 4's text: its headings and length, and every number in it, computed again with plain mathematics."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "04_positional_encoding"
README = (LESSON / "README.md").read_text(encoding="utf-8")

HEADINGS = (
    "What you will learn", "A bag of words", "What a good position looks like",
    "Clock hands of different speeds", "The table of sines and cosines", "Adding positions to tokens",
    "Learned tables", "Past the end of the table", "Only the distance counts", "A shift is a rotation",
    "Rotary embedding: turn instead of add", "The score knows only the distance", "Neighbours or halves",
    "ALiBi: distance as a penalty", "The four side by side", "Shapes, batches and dtypes",
    "Your inputs belong to the caller", "Common mistakes", "Practice", "Check yourself",
    "Common questions", "Where to go next",
)
SIGNATURES = {
    "4.1": "sinusoidal_encoding(n_positions, d_model, base=10000.0)",
    "4.2": "add_positions(x, table, offset=0)",
    "4.3": "shift_matrix(k, d_model, base=10000.0)",
    "4.4": "rotary_angles(positions, d_head, base=10000.0)",
    "4.5": "apply_rotary(x, cos, sin)",
    "4.6": "alibi_bias(n_head, t_q, t_k)",
}
WORDS_A_MINUTE = 200

# The worked example, typed here a second time on purpose: the text must agree with it.
FEATURES = {"cat": (2, 0, 0, 1), "sat": (0, 2, 0, 1), "on": (0, 0, 0, 1), "mat": (0, 0, 2, 1)}
OFFERS = {"cat": (1, 0), "sat": (0, 1), "on": (0, 0), "mat": (1, 1)}
WISH = (2, 0, 1, 0)
SENTENCES = (("cat", "sat", "on", "mat"), ("mat", "sat", "on", "cat"))
SPEEDS = (1.0, 0.1)
QUERY, KEY = (3, 1), (2, 2)

Row = Sequence[float]


def squeeze(text: str) -> str:
    """Make one blank of many, so that columns may be aligned as one likes."""
    return re.sub(r"[ \t]+", " ", text)


def listed(numbers: Row, digits: int = 3, between: str = " ") -> str:
    """Write numbers with so many digits each."""
    return between.join(f"{number:.{digits}f}" for number in numbers)


def dot(a: Row, b: Row) -> float:
    """Multiply position by position and add up."""
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def shares(scores: Row) -> list[float]:
    """Work out softmax the slow way."""
    parts = [math.exp(score) for score in scores]
    return [part / math.fsum(parts) for part in parts]


def row(position: int) -> list[float]:
    """Write a position by hand: width 4, base 100."""
    return [wave(position * speed) for speed in SPEEDS for wave in (math.sin, math.cos)]


def mixed(weights: Row, sentence: Sequence[str]) -> list[float]:
    """Mix the values of a sentence."""
    return [dot(weights, column) for column in zip(*(OFFERS[word] for word in sentence), strict=True)]


def fraction(value: float) -> str:
    """Write a power of two below 1 as a fraction."""
    return f"1/{round(1 / value)}"


def bag_claims() -> list[str]:
    """Give the lines in which *sat* reads two sentences without positions."""
    keys = [f"key {word} {' '.join(map(str, key))} {list(OFFERS[word])}\n" for word, key in FEATURES.items()]
    scores = {word: dot(WISH, key) for word, key in FEATURES.items()}
    halves = {word: score / math.sqrt(4) for word, score in scores.items()}
    lines, outputs = [], set()
    for sentence in SENTENCES:
        weights = shares([halves[word] for word in sentence])
        output = f"[{listed(mixed(weights, sentence), between=', ')}]"
        outputs.add(output)
        products = " + ".join(f"{w:.3f} × {list(OFFERS[word])}"
                              for w, word in zip(weights, sentence, strict=True))
        lines += [f" {' '.join(sentence)}\nscaled score {' '.join(f'{halves[w]:.0f}' for w in sentence)}\n"
                  f"share {listed(weights)}\noutput of sat {products} = {output}\n"]
    assert len(outputs) == 1, "without positions both sentences read the same"
    written = [f"{score:.0f}" for score in scores.values()]
    scaled = [f"{score:.0f}" for score in halves.values()]
    return [
        *keys, *lines, f"query sat {' '.join(map(str, WISH))}\n",
        f"The scores of the four words are {', '.join(written[:3])} and {written[3]}.",
        f"Divided by $\\sqrt{{4}} = {math.sqrt(4):.0f}$, they are {', '.join(scaled[:3])} and {scaled[3]}.",
        f"So *sat* reads the same from both sentences: {outputs.pop()}.",
    ]


def binary_claims() -> list[str]:
    """Give the table of binary digits."""
    digits = [[str(n >> bit & 1) for n in range(8)] for bit in (2, 1, 0)]
    assert all(digits[bit][3] != digits[bit][4] for bit in range(3))
    return [
        f"position {' '.join(map(str, range(8)))}\n",
        *(f"{name} {' '.join(line)}\n" for name, line in zip(("fours", "twos", "ones"), digits, strict=True)),
        "to hand over the position itself: 0, 1, 2, and so on.", "from 3 to 4 all three digits flip",
    ]


def clock_claims() -> list[str]:
    """Give the sentences on the speeds of the hands."""
    slowest = 2 * math.pi * 10000 ** (510 / 512)
    assert [100 ** (-2 * i / 4) for i in range(2)] == pytest.approx(SPEEDS)
    return [
        "Give it D/2 hands, numbered i = 0, 1, 2, …",
        "$ω_i = 1 / base^{2i/D}$",
        f"turns by 1 radian a step, one round in {2 * math.pi:.2f} steps.",
        f"takes 10000 for the base, and with D = 512 its slowest hand needs {slowest:,.0f} steps",
        "With D = 4 and a base of 100, which we use to work by hand",
        f"Their speeds are 1 and {SPEEDS[1]}, and the second needs {2 * math.pi / SPEEDS[1]:.1f} steps",
        "Mind the exponent: 2i is already the number of a column.",
        "**Why 10000?**",
    ]


def table_claims() -> list[str]:
    """Give the table of sines and cosines."""
    assert f"{math.sin(1):.3f}" == f"{math.sin(round(math.pi - 1, 3)):.3f}"
    return [
        f"the sine of 1 is {math.sin(1):.3f}, and so is the sine of {math.pi - 1:.3f}.",
        "$PE[t, 2i] = \\sin(t ω_i)$ and $PE[t, 2i + 1] = \\cos(t ω_i)$",
        "By hand, for D = 4 and a base of 100:",
        "sin t cos t sin t/10 cos t/10\n",
        *(f"\n{t} {t} {t * SPEEDS[1] if t else 0:.2g} {listed(row(t))}" for t in range(4)),
        "so the first row is 0, 1, 0, 1, …",
    ]


def adding_claims() -> list[str]:
    """Give the token with its position, and *sat* with positions."""
    token = (0.2, 0.7, 0.1, 0.3)
    total = [a + b for a, b in zip(token, row(1), strict=True)]
    wish = [w + p for w, p in zip(WISH, row(1), strict=True)]
    lines, outputs = [], set()
    for sentence in SENTENCES:
        keys = [[k + p for k, p in zip(FEATURES[w], row(t), strict=True)] for t, w in enumerate(sentence)]
        scores = [dot(wish, key) / 2 for key in keys]
        output = f"[{listed(mixed(shares(scores), sentence), between=', ')}]"
        outputs.add(output)
        lines.append(f"scaled score {listed(scores)}\n"
                     f"share {listed(shares(scores))} output of sat {output}\n")
    assert len(outputs) == 2, "with positions the sentences differ"
    for t in (0, 3):
        cat = FEATURES["cat"]
        parts = [dot(WISH, row(t)), dot(row(1), cat), dot(row(1), row(t))]
        whole = dot(WISH, cat) + math.fsum(parts)
        lines.append(f"cat at position {t}: {dot(WISH, cat):.0f} + {listed(parts, between=' + ')} = "
                     f"{whole:.3f} scaled {whole / 2:.3f}\n")
    return [
        *lines,
        f"token [{listed(token, between=', ')}]\n", f"row of position 1 [{listed(row(1), between=', ')}]\n",
        f"sum [{listed(total, between=', ')}]\n",
        "GPT-2 starts with random numbers, 1024 rows of width 768,",
        "there is no row for position 1024.",
    ]


def bounds_claims() -> list[str]:
    """Give the sentences on slices, tried out."""
    table = np.arange(15.0).reshape(5, 3)
    assert len(table[4:6]) == 1
    assert (np.zeros((2, 3)) + table[4:6]).shape == (2, 3)
    assert [10, 20, 30][1:9] == [20, 30]
    return ["What does `[10, 20, 30][1:9]` give in Python?",
            "Take a table of 5 rows and two tokens from position 4 on: one row is left,"]


def distance_claims() -> list[str]:
    """Give the products of two rows, from rounded rows as a reader would."""
    lines = []
    for t, s in ((1, 2), (0, 1)):
        one, other = ([float(f"{x:.3f}") for x in row(p)] for p in (t, s))
        assert f"{dot(one, other):.3f}" == f"{dot(row(t), row(s)):.3f}", "a reader who rounds gets the same"
        brackets = [f"({b:.3f})" if b < 0 else f"{b:.3f}" for b in other]
        products = " + ".join(f"{a:.3f}×{b}" for a, b in zip(one, brackets, strict=True))
        lines.append(f"PE[{t}]·PE[{s}] = {products} = {dot(row(t), row(s)):.3f}\n")
    by_distance = [math.fsum(math.cos(d * speed) for speed in SPEEDS) for d in range(4)]
    written = listed(by_distance[:3], between=", ") + f" and −{-by_distance[3]:.3f}"
    return [
        *lines, f"For the distances 0, 1, 2 and 3 the products are {written}:",
        "$PE[t] · PE[s] = \\cos((t − s) ω_0) + \\cos((t − s) ω_1) + …$",
        "A distance of 2 counts the same at the start of a book and at its end.",
    ]


def shift_claims() -> list[str]:
    """Give the slow hand's way from position 1 to position 3."""
    s, c = math.sin(0.3), math.cos(0.3)
    sin_1, cos_1, sin_2, cos_2 = (round(wave(a), 3) for a in (0.1, 0.2) for wave in (math.sin, math.cos))
    assert f"{sin_1 * cos_2 + cos_1 * sin_2:.3f}" == f"{s:.3f}", "a reader who rounds gets the same digits"
    assert f"{cos_1 * cos_2 - sin_1 * sin_2:.3f}" == f"{c:.3f}"
    return [
        "For the slow hand, from position 1 to position 3:",
        f"sin {3 * SPEEDS[1]:.1f} = {sin_1:.3f}×{cos_2:.3f} + {cos_1:.3f}×{sin_2:.3f} = {s:.3f}\n",
        f"cos {3 * SPEEDS[1]:.1f} = {cos_1:.3f}×{cos_2:.3f} - {sin_1:.3f}×{sin_2:.3f} = {c:.3f}\n",
    ]


def turned(pair: tuple[int, int], quarters: int) -> tuple[int, int]:
    """Turn a pair with complex numbers, by quarter turns."""
    point = complex(*pair) * 1j**quarters
    return round(point.real), round(point.imag)


def product(query_at: int, key_at: int) -> tuple[str, int]:
    """Write the score of query and key at two places as a sum, and give it."""
    query, key = turned(QUERY, query_at), turned(KEY, key_at)
    shown = [[f"({n})" if n < 0 else str(n) for n in pair] for pair in (query, key)]
    return " + ".join(f"{a}×{b}" for a, b in zip(*shown, strict=True)), round(dot(query, key))


def rotary_claims() -> list[str]:
    """Give the example with quarter turns."""
    lines = []
    for m, n in ((1, 0), (2, 1), (3, 2), (2, 0), (3, 1)):
        products, score = product(m, n)
        lines.append(f"query at {m}, key at {n}: {products} = {score}\n")
    near, far = product(1, 0)[1], product(2, 0)[1]
    assert near == product(3, 2)[1]
    assert far == product(3, 1)[1]
    here, score = product(0, 0)
    assert abs(complex(*QUERY)) == abs(complex(*turned(QUERY, 1)))
    return [
        *lines,
        f"The query is {QUERY}, the key is {KEY}.",
        "position 0 1 2 3\nquery " + " ".join(str(turned(QUERY, t)) for t in range(4)) + "\n",
        "key " + " ".join(str(turned(KEY, t)) for t in range(4)) + "\n",
        f"One step apart, the score is {near}, wherever the two stand.",
        f"Two steps apart it is −{-far}, and side by side, at the same place, it is {here} = {score}.",
        "neighbouring features: 0 and 1, 2 and 3, and so on.",
        "from 0 on, from 57 on, or in any order.",
    ]


def halves_claims() -> list[str]:
    """Give one vector turned with two kinds of pairs, and with both mixed."""
    a, b, c, d = vector = [1, 2, 3, 4]
    near = [*turned((a, b), 1), *turned((c, d), 1)]
    (a_turned, c_turned), (b_turned, d_turned) = turned((a, c), 1), turned((b, d), 1)
    half = [a_turned, b_turned, c_turned, d_turned]
    # Partners from the halves, but cosines 0, 0, 1, 1 and sines 1, 1, 0, 0 handed out to neighbours.
    cosines, sines, partners = (0, 0, 1, 1), (1, 1, 0, 0), (-c, -d, a, b)
    mix = [x * co + p * si for x, p, co, si in zip(vector, partners, cosines, sines, strict=True)]
    shown = str(mix).replace("-", "−")
    return [
        "feature j and feature j + D/2, one from each half.",
        f"Turn {vector}, with both pairs by a quarter:",
        f"neighbours ({a}, {b}) and ({c}, {d}) become {near}\n",
        f"halves ({a}, {c}) and ({b}, {d}) become {half}\n",
        f"If the first angle is a quarter turn and the second is 0, then {vector} becomes {shown}.",
        f"The squared length was {dot(vector, vector):.0f} and is now {dot(mix, mix):.0f},",
    ]


def alibi_claims() -> list[str]:
    """Give the slopes, and the shares that they lead to."""
    slopes = {heads: [2 ** (-8 * h / heads) for h in range(1, heads + 1)] for heads in (2, 4, 8)}
    steep, flat = slopes[8][0], slopes[8][-1]
    distances = [3, 2, 1, 0]
    penalties = [-steep * distance for distance in distances]
    powers = [math.exp(penalty) for penalty in penalties]
    written = " ".join(f"{penalty + 0.0:g}" for penalty in penalties)
    assert all(values[-1] == flat for values in slopes.values())
    return [
        "With H heads, head h = 1, 2, …, H has the slope $2^{−8h/H}$.",
        f"Eight heads get {fraction(steep)}, {fraction(slopes[8][1])} and so on to {fraction(flat)}, "
        f"two heads get {fraction(slopes[2][0])} and {fraction(slopes[2][1])}.",
        f"Whatever H is, the last slope is {fraction(flat)}.",
        f"distance {' '.join(map(str, distances))}\n",
        f"slope {fraction(steep)} {written}\n",
        f"exponential {listed(powers)} sum {math.fsum(powers):.3f}\n",
        f"share, slope {fraction(steep)} {listed(shares(penalties))}\n",
        f"share, slope {fraction(flat)} {listed(shares([-flat * d for d in distances]))}\n",
        f"with the slope {fraction(steep)} they crowd at the diagonal, "
        f"with the slope {fraction(flat)} they are nearly even.",
        f"has the distances {', '.join(map(str, distances[:3]))} and {distances[3]}.",
        "7. Which slopes have four heads?",
        f"7. They are {', '.join(map(fraction, slopes[4][:3]))} and {fraction(slopes[4][3])}.",
    ]


def practice_claims() -> list[str]:
    """Give the other practice problems and their answers."""
    speeds = [1000 ** (-2 * i / 6) for i in range(3)]
    first, second = turned((2, 1), 1), turned((2, 1), 2)
    products, score = product(3, 0)
    near, far = shares([0, -1])
    zero = " ".join(f"{(math.sin, math.cos)[column % 2](0):.0f}," for column in range(5))
    return [
        "1. How many hands has a table of width 6, and what are their speeds for a base of 1000?",
        f"1. Three, with the speeds {speeds[0]:.0f}, {speeds[1]:.1f} and {speeds[2]:.2f}.",
        "2. What is row 0 of a table of width 5?", f"2. It is {zero[:-1]}.",
        "3. What is PE[7]·PE[7] for width 6? And for width 512?",
        f"3. It is {6 // 2}, and {512 // 2}: each hand adds cos 0 = {math.cos(0):.0f}.",
        "4. Three tokens stand at offset 6.", f"4. It must have {6 + 3} rows, for the positions 6, 7 and 8.",
        "5. Turn (2, 1) by a quarter,",
        f"5. After {first} comes {second}: half a turn changes both signs.".replace("-", "−"),
        "6. In the example with quarter turns, what is the score of the query at 3 and the key at 0?",
        f"6. It is {products} = {score}.".replace("-", "−"),
        "8. ALiBi with a slope of 1, two equal scores, one step apart.",
        f"8. The nearer key has {near:.3f}, the other {far:.3f}.",
        "Then make a table of width 2 for three positions",
    ]


def shape_claims() -> list[str]:
    """Give the shapes of the angles, and how they line up with heads."""
    assert np.broadcast_shapes((5, 3), (2, 4, 5, 3)) == (2, 4, 5, 3)
    return ["| cos, sin | `[..., d_head/2]` | float64 |", "The angles `[T, d_head/2]` line up from the end"]


def claims() -> list[str]:
    """Collect everything that the text must say, each exactly once."""
    return [
        *bag_claims(), *binary_claims(), *clock_claims(), *table_claims(), *adding_claims(), *bounds_claims(),
        *distance_claims(), *shift_claims(), *rotary_claims(), *halves_claims(), *alibi_claims(),
        *practice_claims(), *shape_claims(),
    ]  # fmt: skip


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that the text does not make, or makes twice with other words around."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


def shown_numbers() -> list[re.Match[str]]:
    """Find the numbers of the text that could be mistyped; names, sources, plain 0 and 1 aside."""
    names = re.compile(
        r"\*\*Exercise 4\.\d\*\* is `[^`]+`|4\.1 to 4\.6|\b4\.2 and 4\.5\b|Why is 4\.3|(check|show) 4(\.1)?"
        r"|section 3\.5|\b(2017|2019|2021)\b|[Ll]esson [124]|GPT-2|float(32|64)|0?4_\w+|about \d+ minutes"
        r"|^\d\. |(?<![\d.,])[01]\b(?![.,]\d)",
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


def test_has_the_headings_that_rubrics_point_at() -> None:
    """The text has one title and the agreed sections, in their order."""
    titles = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    assert titles == ["Lesson 4 · Positional encoding", *HEADINGS]


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


def test_exercises_come_in_order() -> None:
    """A student who reads from top to bottom meets the exercises in the order of their numbers."""
    assert re.findall(r"\*\*Exercise (4\.\d)\*\*", README) == list(SIGNATURES)


def test_gives_no_solution_away() -> None:
    """The text holds no line of NumPy that could be copied into an exercise."""
    code = re.findall(r"`([^`\n]+)`", README)
    code += re.findall(r"^```(?!text|bash)\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    telling = re.compile(r"np\.\w+|newaxis|0::2|1::2|\*\* ?\(|@ |\.shape|\.astype|\barange")
    assert [line for line in code if telling.search(line)] == []


def test_one_sentence_a_line() -> None:
    """No line of prose holds the end of one sentence and the start of another, lists and tables aside."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not re.match(r"(- |\d\. |\||!|>)", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?!] [A-Z]", line)] == []
