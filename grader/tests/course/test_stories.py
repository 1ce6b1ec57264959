"""The stories: what the grammar writes, its exact entropy, and the bound of a window, computed again."""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]


def load() -> Any:
    """Load the given module by its path, without touching sys.path."""
    spec = importlib.util.spec_from_file_location(
        "given_stories", ROOT / "reference" / "minigpt" / "stories.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_small() -> Any:
    """Load it once more with fewer words, so that all its sentences can be written down."""
    module = load()
    module.NAMES, module.ANIMALS = ("tom", "anna", "max"), {"cat": "cats", "mouse": "mice"}
    module.SEES, module.MOODS = {"saw": "seen", "chased": "chased"}, ("happy", "very big")
    module.PLACES, module.GIFTS = ("on the mat", "in the box"), ("the ball", "a jug")
    return module


stories, small = load(), load_small()


@cache
def all_sentences() -> dict[str, float]:
    """Give every sentence of the small grammar with its probability, by walking through all derivations."""
    rules = small.grammar()
    found: dict[str, float] = defaultdict(float)
    open_ends = [("", small.START, 1.0)]
    while open_ends:
        written, state, probability = open_ends.pop()
        total = sum(choice.weight for choice in rules[state])
        for choice in rules[state]:
            longer, share = written + choice.written, probability * choice.weight / total
            if choice.words.endswith("."):
                found[longer] += share
            else:
                open_ends.append((longer, choice.then, share))
    return dict(found)


@cache
def all_runs(length: int) -> dict[str, float]:
    """Give the probability of each run of characters that begins anywhere in endless small stories."""
    mean_length = sum(p * len(sentence) for sentence, p in all_sentences().items())
    starts: dict[str, float] = defaultdict(float)
    for sentence, p in all_sentences().items():
        starts[sentence[:length]] += p
    assert min(map(len, starts)) == length, "a sentence must fill the run that follows a tail"
    runs: dict[str, float] = defaultdict(float)
    for sentence, p in all_sentences().items():
        for place in range(len(sentence)):
            tail = sentence[place: place + length]
            for start, share in starts.items() if len(tail) < length else [("", 1.0)]:
                runs[(tail + start)[:length]] += p / mean_length * share
    return runs


def entropy(shares: dict[str, float]) -> float:
    """Compute an entropy in nats from its definition."""
    return -sum(p * math.log(p) for p in shares.values() if p > 0)


def surprise_and_length(state: str = stories.START) -> tuple[float, float]:
    """Give the expected surprise and length of what follows a state of the full grammar, by recursion."""
    choices = stories.grammar()[state]
    total = sum(choice.weight for choice in choices)
    surprise = length = 0.0
    for choice in choices:
        p = choice.weight / total
        more = (0.0, 0.0) if choice.words.endswith(".") else surprise_and_length(choice.then)
        surprise += p * (more[0] - math.log(p))
        length += p * (more[1] + len(choice.written))
    return surprise, length


def test_no_sentence_can_be_derived_in_two_ways() -> None:
    """A sentence has one derivation, so its probability is the product of its choices."""
    rules = small.grammar()

    def derivations(state: str) -> int:
        return sum(1 if c.words.endswith(".") else derivations(c.then) for c in rules[state])

    assert derivations(small.START) == len(all_sentences())
    assert math.isclose(sum(all_sentences().values()), 1.0, rel_tol=1e-12)


def test_a_sentence_ends_unmistakably() -> None:
    """A full stop and a line break end a sentence, and stand nowhere else."""
    assert all(s.endswith(".\n") and s.count(".") == s.count("\n") == 1 for s in all_sentences())


def test_the_entropy_is_that_of_a_sentence_over_its_length() -> None:
    """The entropy per character equals the sum over all sentences, divided by the mean length."""
    lengths = sum(p * len(sentence) for sentence, p in all_sentences().items())
    expected = -sum(p * math.log(p) for p in all_sentences().values()) / lengths
    assert math.isclose(small.entropy_per_character(), expected, rel_tol=1e-10)
    surprise, length = surprise_and_length()
    assert math.isclose(stories.entropy_per_character(), surprise / length, rel_tol=1e-10)


def probability_of(text: str, state: str = stories.START) -> float:
    """Compute the probability that the full grammar writes just this after a state, by trying all choices."""
    choices = stories.grammar()[state]
    total = sum(choice.weight for choice in choices)
    return sum(
        float(choice.weight / total) * (
            float(text == choice.written) if choice.words.endswith(".")
            else probability_of(text.removeprefix(choice.written), choice.then))
        for choice in choices if text.startswith(choice.written)
    )


def test_the_entropy_agrees_with_a_sample() -> None:
    """The surprise at a long sample has the entropy as its mean, within five standard errors."""
    written = stories.write_stories(np.random.default_rng(5), 200_000).splitlines(keepends=True)[:-1]
    surprises = np.array([-math.log(probability_of(sentence)) for sentence in written])
    lengths = np.array([len(sentence) for sentence in written])
    rate = surprises.sum() / lengths.sum()
    error = (surprises - rate * lengths).std() / math.sqrt(len(written)) / lengths.mean()
    assert abs(rate - stories.entropy_per_character()) < 5 * error
    assert error < 0.002


@pytest.mark.parametrize("context", [1, 2, 5])
def test_the_window_bound_agrees_with_brute_force(context: int) -> None:
    """The bound is the mean of H(next | seen), here from the probabilities of all runs of characters."""
    total = [entropy(all_runs(length)) for length in range(1, context + 2)]
    expected = np.mean([more - less for less, more in itertools.pairwise(total)])
    assert math.isclose(small.window_bound(context), float(expected), rel_tol=1e-9)


def test_a_predictor_with_the_true_probabilities_reaches_the_bound() -> None:
    """On sampled windows, beliefs followed one by one lose as much as the bound says, within five errors."""
    context, n_windows = 32, 1500
    _, probability, following = source = stories.source()
    text = stories.write_stories(np.random.default_rng(6), 400_000)
    starts = np.random.default_rng(7).integers(len(text) - context - 1, size=n_windows)
    losses = []
    for start in starts:
        belief, surprise = stories.visits(), 0.0
        for place in range(context + 1):
            character = source.alphabet.index(text[start + place])
            joint = belief * probability[:, character]
            surprise -= math.log(joint.sum()) if place else 0.0
            belief = np.bincount(np.maximum(following[:, character], 0), joint / joint.sum(), len(belief))
        losses.append(surprise / context)
    error = np.std(losses) / math.sqrt(n_windows)
    assert abs(np.mean(losses) - stories.window_bound(context)) < 5 * error


def test_more_context_is_never_worse_and_tends_to_the_entropy() -> None:
    """The loss at each place falls to the entropy, and so does the bound, which is their mean."""
    losses = stories.losses_in_window(96)
    assert (np.diff(losses) <= 1e-12).all()
    assert math.isclose(losses[-1], stories.entropy_per_character(), abs_tol=1e-9)
    bounds = [stories.window_bound(context) for context in (1, 8, 32, 64)]
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] > stories.entropy_per_character()
    assert math.isclose(bounds[2], losses[:32].mean(), rel_tol=1e-12)
    with pytest.raises(ValueError, match="context must be 1 or more"):
        stories.window_bound(0)


def test_the_same_seed_writes_the_same_stories() -> None:
    """Stories depend on the seed alone, have the length asked for, and begin alike whatever the length."""
    first, again = (stories.write_stories(np.random.default_rng(8), 3000) for _ in range(2))
    assert first == again != stories.write_stories(np.random.default_rng(9), 3000)
    assert len(first) == 3000
    assert stories.write_stories(np.random.default_rng(8), 1000) == first[:1000]
    assert stories.write_stories(np.random.default_rng(8), 0) == ""
    assert set(first) <= set(stories.source().alphabet)
    assert 25 <= len(stories.source().alphabet) <= 30


def test_what_is_written_has_the_probabilities_of_the_grammar() -> None:
    """First words appear as often as the grammar says, within six standard errors."""
    lines = stories.write_stories(np.random.default_rng(10), 300_000).splitlines()[:-1]
    seen = Counter(line.split()[0] for line in lines)
    choices = stories.grammar()[stories.START]
    expected: dict[str, float] = defaultdict(float)
    for choice in choices:
        expected[choice.words.split()[0]] += choice.weight / sum(c.weight for c in choices)
    for word, p in expected.items():
        assert abs(seen[word] / len(lines) - p) < 6 * math.sqrt(p * (1 - p) / len(lines))


def test_the_parser_accepts_what_is_written() -> None:
    """Every sentence of a sample is grammatical, with and without its line break."""
    text = stories.write_stories(np.random.default_rng(11), 20_000)
    assert all(stories.is_grammatical(line) for line in text.splitlines()[:-1])
    assert all(stories.is_grammatical(line) for line in text.splitlines(keepends=True)[:-1])
    assert stories.grammatical_share(text) == 1.0


@pytest.mark.parametrize("sentence", [
    "", "\n", ".", "the cat", "the cat sat on the mat", "the cat sat on the mat..", "cat the sat on the mat.",
    "the cat sat on the mat. the dog ran away.", "the cat sat on the mat.\nthe dog ran away.",
    "the cat sat on the mat.\n\n", " the cat sat on the mat.", "The cat sat on the mat.",
    "the dogs that saw the cat was happy.", "the dog that saw the cats were happy.", "a cats ran away.",
    "tom gave the ball to tom.", "tom gave the ball to anna and anna thanked anna.",
    "tom gave the ball to anna and max thanked tom.", "the cat 4 the mat.",
])  # fmt: skip
def test_the_parser_refuses_what_is_not_a_sentence(sentence: str) -> None:
    """Broken agreement, mixed-up names, two sentences, half a sentence: none of them is grammatical."""
    assert not stories.is_grammatical(sentence)


@pytest.mark.parametrize("sentence", [
    "the cat sat on the mat.", "a hen slept near the house.",
    "the dogs that saw the cat were happy.", "the dog that saw the cats was happy.",
    "tom gave the ball to anna and anna thanked tom.", "the mice were chased by a cat.",
])  # fmt: skip
def test_the_parser_knows_the_sentences_of_the_text(sentence: str) -> None:
    """The sentences that the lesson speaks of are sentences."""
    assert stories.is_grammatical(sentence)
    assert probability_of(sentence + "\n") > 0


def test_the_share_counts_whole_lines() -> None:
    """A cut last line does not count, an empty line counts against, and no line at all gives 0."""
    good = "the cat ran away.\n"
    assert stories.grammatical_share(good + "the do") == 1.0
    assert stories.grammatical_share(good + "\n") == 0.5
    assert stories.grammatical_share(good * 3 + "a dogs ran away.\n") == 0.75
    assert stories.grammatical_share("the cat") == stories.grammatical_share("") == 0.0


def test_counting_predictors_agree_with_plain_counting() -> None:
    """Bigram and trigram losses are those of counts plus one, by plain loops."""
    training, validation = "the cat sat. the hat.", "that cat. a!"
    alphabet = set(training) | set(validation)
    for back, function in ((1, stories.bigram_loss), (2, stories.trigram_loss)):
        counts = Counter(training[i: i + back + 1] for i in range(len(training) - back))
        losses = []
        for place in range(back, len(validation)):
            seen = validation[place - back: place]
            total = sum(counts[seen + c] for c in alphabet) + len(alphabet)
            losses.append(-math.log((counts[seen + validation[place]] + 1) / total))
        assert math.isclose(function(training, validation), sum(losses) / len(losses), rel_tol=1e-12)
        with pytest.raises(ValueError, match=f"more than {back} characters"):
            function(training, "a" * back)


def test_the_predictors_stand_in_their_order() -> None:
    """Two characters help over one, but a perfect reader of the same window is far better than both."""
    training = stories.write_stories(np.random.default_rng(12), 100_000)
    validation = stories.write_stories(np.random.default_rng(13), 20_000)
    bigram = stories.bigram_loss(training, validation)
    trigram = stories.trigram_loss(training, validation)
    assert bigram > 1.5 > trigram > 0.7 > stories.window_bound(32) > stories.entropy_per_character()
    assert 0.25 < stories.entropy_per_character() < 0.5


def test_choices_that_cannot_be_told_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grammar in which one choice begins another one would make the probabilities wrong."""
    choices = [stories.Choice("the cat.", 1), stories.Choice("the cat.", 2)]
    monkeypatch.setattr(stories, "grammar", lambda: {stories.START: choices})
    with pytest.raises(ValueError, match="cannot be told from another choice"):
        stories.source.__wrapped__()
