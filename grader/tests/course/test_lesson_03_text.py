"""Lesson 3's text: its headings and length, and every number in it, computed again with plain mathematics."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
LESSON = ROOT / "assignments" / "03_multi_head_attention"
README = (LESSON / "README.md").read_text(encoding="utf-8")

HEADINGS = (
    "What you will learn", "Why several heads", "One width, cut into heads", "Reshape is not transpose",
    "Putting the heads side by side", "One product for queries, keys and values", "The whole layer",
    "A worked example by hand", "A mask and its axes", "Cross-attention: reading another text",
    "Gradients of shared inputs add up", "Reading a head from its map", "Shapes, batches and dtypes",
    "Your inputs belong to the caller", "Common mistakes", "Practice", "Check yourself", "Common questions",
    "Where to go next",
)
SIGNATURES = {
    "3.1": "split_heads(x, n_head)",
    "3.2": "merge_heads(x)",
    "3.3": "split_qkv(x, weight, bias)",
    "3.4": "multi_head_attention(x, params, n_head, mask=None)",
    "3.5": "cross_attention(x, memory, params, n_head, mask=None)",
    "3.6": "multi_head_attention_backward(d_out, x, params, n_head, mask=None)",
    "3.7": "head_statistics(weights)",
}
WORDS_A_MINUTE = 200

# The worked example, typed here a second time on purpose: the text must agree with it.
PLACES = {"old": (2, 0), "cat": (0, 2), "young": (-2, 0), "dog": (0, -2)}
KINDS = {"old": (2, 0), "cat": (0, 2), "young": (2, 0), "dog": (0, 2)}
BEFORE = {"old": "dog", "cat": "old", "young": "cat", "dog": "young"}
WORDS = list(PLACES)
ROOT_OF_D_K = math.sqrt(2)

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


def dot(a: Row, b: Row) -> int:
    """Multiply position by position and add up."""
    return int(sum(x * y for x, y in zip(a, b, strict=True)))


def wish(head: int, reader: str) -> tuple[int, int]:
    """Give the query of a reader: the place of the word before, or its own kind."""
    return PLACES[BEFORE[reader]] if head == 0 else KINDS[reader]


def offers(head: int) -> dict[str, tuple[int, int]]:
    """Give the keys of a head."""
    return PLACES if head == 0 else KINDS


def causal_row(head: int, reader: str, root: float = ROOT_OF_D_K) -> list[float]:
    """Work out a reader's shares over itself and the words before it."""
    seen = WORDS[: WORDS.index(reader) + 1]
    return shares([dot(wish(head, reader), offers(head)[word]) / root for word in seen])


def answer(head: int, reader: str, weights: Row | None = None) -> list[float]:
    """Blend the kinds of the words that a reader sees."""
    weights = causal_row(head, reader) if weights is None else weights
    return [math.fsum(w * KINDS[word][place] for w, word in zip(weights, WORDS, strict=False))
            for place in range(2)]


def statistics(rows: Sequence[Row]) -> list[float]:
    """Take the four means of a causal head over the queries from the second on; row i has i + 1 shares."""
    later = list(enumerate(rows))[1:]
    entropies = [-math.fsum(w * math.log(w) for w in row if w > 0) for _, row in later]
    return [math.fsum(row[i - 1] for i, row in later) / len(later),
            math.fsum(row[0] for _, row in later) / len(later),
            math.fsum(row[i] for i, row in later) / len(later),
            math.fsum(entropies) / len(later)]


def learn_claims() -> list[str]:
    """Give the prerequisites, tried out."""
    numbered = np.arange(12).reshape(2, 6)
    where = np.argwhere(numbered.reshape(2, 3, 2) == numbered[0, 4])[0].tolist()
    return [
        f'Reshape `[2, 6]` to `[2, 3, 2]`: where does entry 4 of row 0 go? If "to `{where}`"',
        "Differentiate $(2x) · (3x)$ once as a product of two factors, and once as $6x^2$.",
        "calls `scaled_dot_product_attention` (1.5), and later its gradient (2.6) and the entropy (2.7).",
    ]


def width_claims() -> list[str]:
    """Give the numbers on widths and parameters."""
    d, heads = 768, 12
    parameters = d * 3 * d + 3 * d + d * d + d
    assert math.isclose(heads * (d / heads), d)
    return [
        f"| the base model of Vaswani et al. 2017 | 512 | 8 | {512 // 8} |",
        f"| GPT-2, the small one | {d} | {heads} | {d // heads} |",
        f"| the example of this lesson | 4 | 2 | {4 // 2} |",
        f"GPT-2's small layer has {parameters:,} of them, with {heads} heads as well as with one.",
        f"many heads, {12 * heads} in GPT-2's small one, {heads} in each of 12 layers.",
        "Most models choose the width of a head, 64 or 128,",
    ]


def split(rows: np.ndarray, n_head: int) -> np.ndarray:
    """Cut columns into heads by hand."""
    width = rows.shape[1] // n_head
    return np.stack([rows[:, h * width:(h + 1) * width] for h in range(n_head)])


def spelled(numbers: np.ndarray, between: str = " ") -> str:
    """Write whole numbers one after the other."""
    return between.join(map(str, np.asarray(numbers).ravel().tolist()))


def layout_claims() -> list[str]:
    """Give the pictures of memory, made with arrays."""
    tokens = np.arange(1, 9).reshape(2, 4)
    right, wrong = split(tokens, 2), tokens.reshape(2, 2, 2)
    merged = right.reshape(2, 4)
    assert np.array_equal(wrong.reshape(2, 4), tokens)  # two mistakes cancel
    t, h, i = (int(n) for n in np.argwhere(right.swapaxes(0, 1) == 3)[0])
    assert (t, h, i) == (0, 1, 0)
    pairs = [spelled(pair) for pair in wrong.reshape(4, 2)]
    return [
        f"token 0 {spelled(tokens[0])}\ntoken 1 {spelled(tokens[1])}\nin memory {spelled(tokens)}\n",
        f"head 0 {spelled(right[0, 0])} head 1 {spelled(right[1, 0])}\n "
        f"{spelled(right[0, 1])} {spelled(right[1, 1])}\nread out {spelled(right)}\n",
        f"two features counts {pairs[0]}, {pairs[1]}, then {pairs[2]}, {pairs[3]}:",
        f"head 0 {pairs[0]} head 1 {pairs[2]}\n {pairs[1]} {pairs[3]}\n",
        f"So the 3 above, feature {tokens[0].tolist().index(3)} of token 0, is number {i} of head {h}.",
        f"as they are read out, {spelled(right)}, and cut after four:",
        f"token 0 {spelled(merged[0])}\ntoken 1 {spelled(merged[1])}\n",
        f"Now token 0 holds {' and '.join(str(n) for n in merged[0].tolist() if n in tokens[1])}, "
        "which are numbers of token 1,",
    ]


def fused_claims() -> list[str]:
    """Give the small product of one vector and three blocks."""
    x, weight = np.array([1, 2]), np.array([[1, 0, 0, 1, 2, 1], [0, 1, 1, 0, 1, 0]])
    rows = [" | ".join(spelled(block) for block in np.split(row, 3)) for row in (*weight, x @ weight)]
    return [
        "with a weight of `[D, 3D]` and a bias of `[3D]`.",
        f"x = [1, 2] weight {rows[0]}\n {rows[1]}\n x times weight {rows[2]}\n",
    ]


def reader_lines(head: int) -> list[str]:
    """Give the four lines in which dog reads."""
    lines, weights = [], causal_row(head, "dog")
    query = wish(head, "dog")
    for word, share in zip(WORDS, weights, strict=True):
        key = offers(head)[word]
        score = dot(query, key)
        lines.append(f"dog · {word} = {query[0]}×{key[0]} + {query[1]}×{key[1]} = {score} "
                     f"{score} / {ROOT_OF_D_K:.3f} = {score / ROOT_OF_D_K:.3f} share {share:.3f}\n")
    old, cat, young, dog = (f"{share:.3f}" for share in weights)
    by_hand = answer(head, "dog", [float(share) for share in (old, cat, young, dog)])
    exact = answer(head, "dog")
    assert listed(by_hand, 2) == listed(exact, 2), "a reader who rounds must get the same digits"
    source = ("the place of *young*", "its kind")[head]
    return [*lines, f"its query is {source}, [{query[0]}, {query[1]}]:",
            f"head {head} = ({old} + {young}) × [2, 0] + ({cat} + {dog}) × [0, 2] = "
            f"[{listed(exact, 2, ', ')}]\n"]


def example_claims() -> list[str]:
    """Give the table of the example and what follows from the two heads."""
    table = [f"{word} {PLACES[word][0]} {PLACES[word][1]} {KINDS[word][0]} {KINDS[word][1]} "
             for word in WORDS]
    first, second = answer(0, "dog"), answer(1, "dog")
    described = {word: answer(0, word)[0] + answer(1, word)[1] for word in WORDS}
    assert round(round(first[0], 2) + round(second[1], 2), 2) == round(described["dog"], 2)
    even = causal_row(0, "dog", root=math.sqrt(4))[2]
    assert causal_row(0, "old") == causal_row(1, "old") == [1.0]
    return [
        *table,
        f"There are D = 4 features and H = 2 heads, so $d_k = {4 // 2}$ and "
        f"$\\sqrt{{d_k}} = {ROOT_OF_D_K:.3f}$.",
        f"Side by side that is [{listed([*first, *second], 2, ', ')}]:",
        f"adds the last feature to the first one: {first[0]:.2f} + {second[1]:.2f} = {described['dog']:.2f}.",
        f"it is only {described['young']:.2f}.",
        f"Divide by $\\sqrt{{D}} = {math.sqrt(4):.0f}$ instead of {ROOT_OF_D_K:.3f}, and *dog* gives *young* "
        f"no more than {even:.3f}:",
        f"*cat* gives *old* {causal_row(0, 'cat')[0]:.3f}, *young* gives *cat* "
        f"{causal_row(0, 'young')[1]:.3f}, and *dog* gives *young* {causal_row(0, 'dog')[2]:.3f}.",
    ]


def statistics_claims() -> list[str]:
    """Give the table of the four statistics."""
    heads = [statistics([causal_row(head, word) for word in WORDS]) for head in range(2)]
    even = statistics([[1 / n] * n for n in range(1, 5)])
    return [
        *(f"| head {head} | {listed(found, between=' | ')} |" for head, found in enumerate(heads)),
        f"| even rows | {listed(even, between=' | ')} |",
        f"The mean is {heads[0][0]:.3f}: a previous-token head.",
    ]


def cross_claims() -> list[str]:
    """Give the table of the translation."""
    french: dict[str, tuple[int, ...]] = {"la": (3, 0, 0, 0), "maison": (0, 0, 3, 0), "rouge": (0, 3, 0, 0)}
    english: list[tuple[int, ...]] = [(3, 0, 0, 1), (0, 3, 0, 1), (0, 0, 3, 1)]
    rows = []
    for word, query in french.items():
        both = [shares([dot(query[own], key[own]) / ROOT_OF_D_K for key in english])
                for own in (slice(0, 2), slice(2, 4))]
        rows.append(f"{word} {listed(both[0])} {listed(both[1])}\n")
    return rows


def gradient_claims() -> list[str]:
    """Give the numbers of the sum over two ways, found by nudging."""
    x, step = 5, 0.00001

    def slope(f: object) -> float:
        assert callable(f)
        return float(f(x + step) - f(x - step)) / (2 * step)

    through_q, through_k = slope(lambda at: 2 * at * 3 * x), slope(lambda at: 2 * x * 3 * at)
    both = slope(lambda at: 2 * at * 3 * at)
    assert both == pytest.approx(12 * x)
    return [
        "Let q = 2x and k = 3x, and let the score be q · k.",
        f"At x = {x} that is {2 * x} · {3 * x} = {2 * x * 3 * x}.",
        f"through q 2 · {3 * x} = {through_q:.0f}\n",
        f"through k 3 · {2 * x} = {through_k:.0f}\n",
        f"together {both:.0f}\n",
        f"the score is $6x^2$, its slope 12x, and at x = {x} that is {both:.0f}.",
        f"two texts of three tokens give each output bias a gradient of {2 * 3}.",
        "`[B, T, 3D]`;", "over all 3D columns.",
        f"by {step:.5f} up and down",
    ]


def shape_claims() -> list[str]:
    """Give the rule of the mask's axes, tried out on broadcasting."""
    scores = np.zeros((2, 2, 4, 4))
    padding = np.array([[[True, True, False, False]], [[True, True, True, False]]])
    silent = np.where(padding, scores, 1.0)
    assert np.array_equal(silent[0], silent[1])  # head 0 of both texts wears the mask of text 0
    with pytest.raises(ValueError, match="operands could not be broadcast"):
        np.where(padding, np.zeros((2, 3, 4, 4)), 1.0)
    return ["it gets an axis for the heads, at −3 |", "| `c_attn` | weight `[D, 3D]`, bias `[3D]` |"]


def practice_claims() -> list[str]:
    """Give the practice problems' answers."""
    width = 12 // 3
    token = split(np.arange(1, 7).reshape(1, 6), 3)
    heads = np.arange(1, 9).reshape(2, 2, 2)
    merged = np.concatenate(list(heads), axis=1)
    x = 2
    return [
        "1. D = 12 and H = 3. How wide is a head, and which features belong to head 2?",
        f"1. {width} wide; features {2 * width} to {3 * width - 1}.",
        f"2. A token is {spelled(np.arange(1, 7))}, and there are three heads.",
        f"2. {', then '.join(spelled(part) for part in token)}.",
        "3. Four texts of ten tokens, D = 12, H = 3.",
        "3. `[4, 3, 10, 10]` and `[4, 10, 12]`.",
        f"4. Heads 0 and 1 are {spelled(heads[0, 0])}, {spelled(heads[0, 1])} and "
        f"{spelled(heads[1, 0])}, {spelled(heads[1, 1])}, two tokens each.",
        f"4. {spelled(merged[0])} and {spelled(merged[1])}.",
        "5. x is `[4, 10, 12]`, H = 3. What happens to masks of `[10, 10]`, `[4, 1, 10]` and "
        "`[4, 3, 10, 10]`?",
        "it gets an axis for the heads, `[4, 1, 1, 10]`;",
        f"6. Let q = 4x and k = x. What is the slope of q · k at x = {x},",
        f"6. {2 * 4 * x} in all: {4 * x} through q and {4 * x} through k.",
        "\n5. It broadcasts;",
        "\n7. Under a causal mask, what",
        "\n7. previous {:.0f}, first {:.0f}, self {:.0f}, entropy {:.0f}.".format(
            *(abs(n) for n in statistics([[0.0] * i + [1.0] for i in range(4)]))),
    ]


def claims() -> list[str]:
    """Collect everything that the text must say, each exactly once."""
    return [
        *learn_claims(), *width_claims(), *layout_claims(), *fused_claims(), *example_claims(),
        *reader_lines(0), *reader_lines(1), *statistics_claims(), *cross_claims(), *gradient_claims(),
        *shape_claims(), *practice_claims(),
    ]  # fmt: skip


def first_wrong(text: str, wanted: Sequence[str]) -> str | None:
    """Name the first claim that the text does not make, or makes twice with other words around."""
    squeezed = squeeze(text)
    return next((claim for claim in wanted if squeezed.count(claim) != 1), None)


def shown_numbers() -> list[re.Match[str]]:
    """Find the numbers of the text that could be mistyped; names, sources, plain 0 and 1 aside."""
    names = re.compile(
        r"\*\*Exercise 3\.\d|\b3\.1 to 3\.4|then 3\.7|add 3\.5 and 3\.6|for 3\.6 only|(check|show) 3(\.1)?"
        r"|\| 3\.[123] \||\| 1\.5 \||\| 2\.6 \||as in 3\.4|So 3\.4 goes"
        r"|[Ss]ections? 3\.2\.[23]|\b(2017|2019|2022|2023)\b|Lessons 1 and 2|[Ll]esson [123]\b"
        r"|GPT-2|float(32|64)|0?3_\w+|about \d+ minutes|(?<![\d.,])[01]\b(?![.,]?\d)|head 2\?|in lesson [12]",
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


def test_has_the_agreed_headings() -> None:
    """The text has one title and the agreed sections, in their order; rubrics point at them."""
    titles = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    assert titles == ["Lesson 3 · Multi-head attention", *HEADINGS]


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
        r"np\.|keepdims|\.T\b|@ |\.sum\(|reshape\(|transpose\(|swapaxes|expand_dims|split\(x\b|newaxis"
    )
    assert [line for line in code if telling.search(line)] == []


def test_one_sentence_a_line() -> None:
    """No line of prose holds the end of one sentence and the start of another, lists and tables aside."""
    prose = re.sub(r"^```.*?^```\n", "", README, flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not re.match(r"(- |\d\. |\||!|>)", line)]
    assert [line for line in lines if re.search(r"[a-z]{2}[.?!] [A-Z]", line)] == []
