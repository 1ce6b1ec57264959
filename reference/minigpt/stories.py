"""Tiny stories without end, whose best possible loss is known.

This module is given. A small grammar writes sentences such as

    the dogs that saw the cat were happy.
    tom gave the ball to anna and anna thanked tom.

One sentence a line, small letters only. The grammar holds three things that a model can only get right by
looking back: "were" agrees with "dogs" and not with the nearer "cat"; the names at the end repeat the ones
at the beginning, the other way round; and every line must be finished as it was begun.

Since we wrote the grammar, we know the probability of every character, and so the loss of a perfect
predictor (`entropy_per_character`), and of a perfect predictor that sees no more than a model does
(`window_bound`). A model that reaches a lower loss than that has seen what it should not see.

All losses are in nats per character.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

NAMES = ("tom", "anna", "max", "zoe")
ANIMALS = {"cat": "cats", "dog": "dogs", "bird": "birds", "fox": "foxes", "mouse": "mice",
           "horse": "horses", "cow": "cows", "frog": "frogs", "goat": "goats", "hen": "hens"}
SEES = {"saw": "seen", "chased": "chased", "liked": "liked", "found": "found", "heard": "heard",
        "followed": "followed"}
MOODS = ("happy", "quiet", "wet", "cold", "hungry", "very big")
PLACES = ("on the mat", "under the tree", "by the river", "in the box", "near the house")
GIFTS = ("the ball", "the key", "a jug", "a red hat", "some bread", "two eggs")
TO_BE = {"one": "was", "many": "were"}

START = "start"


class Choice(NamedTuple):
    """One way to go on: the words that are written, how likely they are, and what may come next.

    Words that end in a full stop end the sentence.
    """

    words: str
    weight: float
    then: str = START

    @property
    def written(self) -> str:
        """Give the characters: a blank follows the words, and a line ends after a full stop."""
        return self.words + ("\n" if self.words.endswith(".") else " ")


@cache
def grammar() -> dict[str, list[Choice]]:
    """Give the rules of the stories: for each state, the choices. Weights are relative."""
    rules = {
        START: [Choice("the", 7, "subject"), Choice("a", 3, "one subject")]
        + [Choice(f"{giver} gave", 0.5, f"{giver} gave") for giver in NAMES],
        "subject": [choice for one, many in ANIMALS.items()
                    for choice in (Choice(one, 1, "one"), Choice(many, 1, "many"))],
        "one subject": [Choice(one, 1, "one") for one in ANIMALS],
        "object": [Choice("the", 3, "whom"), Choice("a", 2, "one whom")],
        "whom": [Choice(f"{name}.", 1) for pair in ANIMALS.items() for name in pair],
        "one whom": [Choice(f"{one}.", 1) for one in ANIMALS],
        "place": [Choice(f"{place}.", 1) for place in PLACES],
        "mood": [Choice(f"{mood}.", 2) for mood in MOODS]
        + [Choice(f"{seen} by", 1, "object") for seen in SEES.values()],
    }
    for number, to_be in TO_BE.items():  # agreement: the number is remembered through the clause
        rules |= {
            number: [Choice(f"that {sees} the", 1, f"{number} clause") for sees in SEES]
            + [Choice(sees, 1, "object") for sees in SEES]
            + [Choice(to_be, 4, "mood"), Choice("sat", 2, "place"), Choice("slept", 2, "place"),
               Choice("ran away.", 1)],
            f"{number} clause": [Choice(name, 1, f"{number} after")
                                 for pair in ANIMALS.items() for name in pair],
            f"{number} after": [Choice(to_be, 4, "mood"), Choice("sat", 1, "place"),
                                Choice("slept", 1, "place"), Choice("ran away.", 1)],
        }
    for giver in NAMES:  # who did what to whom: the givers and takers are remembered
        takers = [taker for taker in NAMES if taker != giver]
        rules[f"{giver} gave"] = [Choice(f"{gift} to", 1, f"{giver} to") for gift in GIFTS]
        rules[f"{giver} to"] = [
            choice for taker in takers
            for choice in (Choice(f"{taker}.", 1), Choice(f"{taker} and {taker} thanked {giver}.", 2),
                           Choice(f"{taker} because {taker} helped {giver}.", 1))
        ]
    return rules


def write_stories(rng: np.random.Generator, n_characters: int) -> str:
    """Write sentence after sentence, one a line, and cut after n_characters.

    rng: draws one number per choice, in one call rng.random(). The same seed writes the same stories.
    """
    rules = grammar()
    limits = {state: np.cumsum([choice.weight for choice in choices]) for state, choices in rules.items()}
    pieces: list[str] = []
    length, state = 0, START
    while length < n_characters:
        limit = limits[state]
        number = int(np.searchsorted(limit, rng.random() * limit[-1], side="right"))
        choice = rules[state][min(number, len(limit) - 1)]
        pieces.append(choice.written)
        length, state = length + len(choice.written), choice.then
    return "".join(pieces)[:n_characters]


class Source(NamedTuple):
    """The grammar, character by character: S states, C characters.

    State 0 is the beginning of a sentence. A state and a character determine the next state, so what was
    written since the beginning of a sentence always tells where in the grammar we are.
    """

    alphabet: str
    probability: np.ndarray  # [S, C]: of each character in each state
    following: np.ndarray  # [S, C]: the state after it; -1 where the character cannot come


@cache
def source() -> Source:
    """Turn the grammar into a machine that writes one character at a time.

    A state of the machine is a state of the grammar and the characters of a choice written so far.

    Raises ValueError when two choices of a state could not be told apart as they are written.
    """
    rules = grammar()
    everything = "".join(choice.written for choices in rules.values() for choice in choices)
    alphabet = "".join(sorted(set(everything)))
    states = {(START, ""): 0}
    weights: dict[tuple[int, int], float] = {}
    moves: dict[tuple[int, int], int] = {}
    for rule, choices in rules.items():
        ends: set[str] = set()
        for choice in choices:
            written = choice.written
            if any(end.startswith(written) or written.startswith(end) for end in ends):
                raise ValueError(f"{written!r} cannot be told from another choice of {rule!r}")
            ends.add(written)
            for place, character in enumerate(written, 1):
                here = states.setdefault((rule, written[: place - 1]), len(states))
                there = (rule, written[:place]) if place < len(written) else (choice.then, "")
                edge = (here, alphabet.index(character))
                weights[edge] = weights.get(edge, 0.0) + choice.weight
                moves[edge] = states.setdefault(there, len(states))
    probability = np.zeros((len(states), len(alphabet)))
    following = np.full((len(states), len(alphabet)), -1)
    for edge, weight in weights.items():
        probability[edge], following[edge] = weight, moves[edge]
    return Source(alphabet, probability / probability.sum(axis=1, keepdims=True), following)


@cache
def visits() -> np.ndarray:
    """Give the share of its time that the source spends in each state, [S].

    The sentences are finite, so the expected number of visits in one sentence follows from the beginning
    on: v = e + v @ M, where M moves to the next character of the same sentence.
    """
    _, probability, following = source()
    n_states = len(probability)
    step = np.zeros((n_states, n_states))
    rows, columns = np.nonzero(following > 0)
    np.add.at(step, (rows, following[rows, columns]), probability[rows, columns])
    beginning = np.zeros(n_states)
    beginning[0] = 1.0
    expected: np.ndarray = np.linalg.solve(np.eye(n_states) - step.T, beginning)
    return expected / expected.sum()


def entropies(probability: np.ndarray) -> np.ndarray:
    """Give the entropy of each row, in nats; what never happens adds nothing."""
    logs = np.log(np.where(probability > 0, probability, 1.0))
    entropy: np.ndarray = -(probability * logs).sum(axis=-1)
    return entropy


def entropy_per_character() -> float:
    """Give the loss of the best of all predictors, one that has read from the first sentence on.

    It is exact: the entropy of each state of the source, weighted by how often the state is visited.
    The same number is the entropy of a sentence divided by the expected length of a sentence.
    """
    return float(visits() @ entropies(source().probability))


def window_bound(context: int) -> float:
    """Give the loss of the best predictor that sees only a window of `context` characters.

    The window begins anywhere in the text, as in training. At its place t (from 0) the predictor has seen
    t + 1 characters, and says the next one; the result is the mean over all places. No model with this
    context can be better on fresh text, except by chance.

    It is exact but for rounding. What the predictor knows is how likely each state of the source is (its
    belief). Windows that lead to the same belief are counted together; once the belief is sure of one
    state it stays sure, and only the mass in each state has to be carried on.
    """
    if context < 1:
        raise ValueError("context must be 1 or more")
    return float(np.mean(losses_in_window(context)))


def losses_in_window(context: int) -> np.ndarray:
    """Give the loss of that predictor at each place of the window, [context]; it never rises."""
    _, probability, following = source()
    n_states = len(probability)
    sure = np.zeros(n_states)  # mass of the windows whose state is known
    unsure = [(1.0, np.arange(n_states), visits())]  # mass, states, belief
    losses = np.zeros(context)
    for place in range(context):
        sure = _move(sure, probability, following)
        unsure = _listen(unsure, sure, probability, following)
        losses[place] = sure @ entropies(probability)
        for mass, states, belief in unsure:
            losses[place] += mass * float(entropies(belief @ probability[states]))
    return losses


def _move(sure: np.ndarray, probability: np.ndarray, following: np.ndarray) -> np.ndarray:
    """Let every known state write one character: the mass in each state after it, [S]."""
    moved = np.zeros_like(sure)
    rows, columns = np.nonzero(following >= 0)
    np.add.at(moved, following[rows, columns], sure[rows] * probability[rows, columns])
    return moved


def _listen(
    unsure: list[tuple[float, np.ndarray, np.ndarray]], sure: np.ndarray,
    probability: np.ndarray, following: np.ndarray,
) -> list[tuple[float, np.ndarray, np.ndarray]]:
    """Hear one more character in every unsure belief; those that become sure go into `sure`."""
    heard: dict[bytes, tuple[float, np.ndarray, np.ndarray]] = {}
    for mass, states, belief in unsure:
        joint = belief[:, np.newaxis] * probability[states]  # [states, C]
        for character in np.flatnonzero(joint.sum(axis=0)):
            can = joint[:, character] > 0
            after, where = np.unique(following[states[can], character], return_inverse=True)
            weight = np.bincount(where, joint[can, character])
            share = float(weight.sum())
            if len(after) == 1:
                sure[after[0]] += mass * share
                continue
            key = after.tobytes() + np.round(weight / share, 12).tobytes()
            known = heard.get(key, (0.0, after, weight / share))
            heard[key] = (known[0] + mass * share, known[1], known[2])
    return list(heard.values())


def is_grammatical(sentence: str) -> bool:
    """Say whether the grammar can write this sentence: one line, with or without the line break."""
    alphabet, _, following = source()
    written = sentence if sentence.endswith("\n") else sentence + "\n"
    state = 0
    for place, character in enumerate(written):
        number = alphabet.find(character)
        state = int(following[state, number]) if number >= 0 else -1
        if state < 0 or (state == 0 and place < len(written) - 1):
            return False
    return state == 0


def grammatical_share(text: str) -> float:
    """Give the share of the lines of a text that are grammatical sentences, 0 to 1.

    The text begins at the beginning of a sentence. A last line without a line break is not counted, since
    it was cut; a text without any whole line gives 0.
    """
    lines = text.split("\n")[:-1]
    return sum(map(is_grammatical, lines)) / max(len(lines), 1)


def bigram_loss(training: str, validation: str) -> float:
    """Give the loss of a predictor that sees only one character back; see `trigram_loss`."""
    return _counting_loss(training, validation, 1)


def trigram_loss(training: str, validation: str) -> float:
    """Give the loss of a predictor that sees only the last two characters.

    It counts in the training text what followed each two characters, and adds one to every count, so that
    nothing is impossible: p(c | ab) = (n(abc) + 1) / (n(ab) + C). The loss is the mean of -log p over the
    validation text, from its third character on.
    """
    return _counting_loss(training, validation, 2)


def _counting_loss(training: str, validation: str, back: int) -> float:
    alphabet = sorted(set(training) | set(validation))
    numbers = {character: number for number, character in enumerate(alphabet)}
    n = len(alphabet)

    def windows(text: str) -> np.ndarray:
        """Give a number to each run of `back` + 1 characters, [len(text) - back]."""
        ids = np.array([numbers[character] for character in text])
        if len(ids) <= back:
            raise ValueError(f"a text must have more than {back} characters")
        parts = [ids[place: len(ids) - back + place] * n ** (back - place) for place in range(back + 1)]
        return np.sum(parts, axis=0)

    counts = np.bincount(windows(training), minlength=n ** (back + 1)).reshape(-1, n) + 1.0
    logs = np.log(counts / counts.sum(axis=1, keepdims=True))
    return float(-logs.reshape(-1)[windows(validation)].mean())
