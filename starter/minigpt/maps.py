"""What `grader show` draws: who looks at whom in a sentence of yours, for each lesson.

This module is given. Each function calls exercises of yours, with `own`; without, it works the same numbers
out by plain arithmetic, so that there is something to see before you have written anything.

In lessons 1 to 5 no model has learnt the vectors. They are made from the words themselves: which letters a
word has, and where it stands. That is enough to see what an exercise does to any sentence. In lesson 6 it is
the model that you have trained.
"""

import cmath
import math
from collections.abc import Callable
from typing import Any

import numpy as np

MOST_WORDS, MOST_LAYERS = 24, 4
N_LETTERS = 32
STRENGTH = 4.0  # the score of a word with itself
EVERYBODY, LOOKING_BACK = "every word sees every word", "nobody looks ahead"
SLOPE = 0.5  # of the first of eight ALiBi heads
HEADS = ("the word before me", "words with my letters", "myself", "no question at all")


def shared_letters(sentence: str, own: bool) -> dict[str, Any]:
    """Lesson 1: words look for words that share their letters, with your scaled_dot_product_attention."""
    words = words_of(sentence)
    x = letters(words)
    if own:
        from minigpt.attention import scaled_dot_product_attention

        _, weights = scaled_dot_product_attention(x, x, x)
    else:
        weights = by_hand(x, x, seen_by(words, EVERYBODY))
    note = "A word's vector counts its letters, so words with the same letters have a large dot product."
    return picture(words, [("who shares my letters?", weights)], note, sentence)


def with_and_without_mask(sentence: str, own: bool) -> dict[str, Any]:
    """Lesson 2: the same look with and without a causal mask, with your self_attention."""
    words = words_of(sentence)
    x, same = letters(words), np.eye(N_LETTERS)
    maps = []
    for title in (EVERYBODY, LOOKING_BACK):
        mask = seen_by(words, title)
        if own:
            from minigpt.self_attention import self_attention

            _, weights = self_attention(x, same, same, same, None if title == EVERYBODY else mask)
        else:
            weights = by_hand(x, x, mask)
        maps.append((title, weights))
    note = "A word's vector counts its letters; queries, keys and values are that vector."
    return picture(words, maps, note, sentence)


def four_questions(sentence: str, own: bool) -> dict[str, Any]:
    """Lesson 3: four heads with a question each, under a causal mask, with your multi_head_attention."""
    words = words_of(sentence)
    queries, keys = questions(words)  # [H, T, d_k]
    mask = seen_by(words, LOOKING_BACK)
    if own:
        from minigpt.multi_head import multi_head_attention

        x, params = one_layer(queries, keys)
        _, weights = multi_head_attention(x, params, len(HEADS), mask)
    else:
        weights = np.array([by_hand(q, k, mask) for q, k in zip(queries, keys, strict=True)])
    maps = [(f"head {number}: {title}", weights[..., number, :, :]) for number, title in enumerate(HEADS)]
    return picture(words, maps, "Each head was given its question by hand; a trained model finds its own. "
                   "Nobody looks ahead.", sentence)


def four_ways_to_place(sentence: str, own: bool) -> dict[str, Any]:
    """Lesson 4: the look of lesson 1 without positions, and with each of your three kinds of them."""
    words = words_of(sentence)
    x, n, everybody = letters(words), len(words), seen_by(words, EVERYBODY)
    if own:
        from minigpt.positional import (
            add_positions,
            alibi_bias,
            apply_rotary,
            rotary_angles,
            sinusoidal_encoding,
        )

        added = add_positions(x, sinusoidal_encoding(n, N_LETTERS))
        turned = apply_rotary(x, *rotary_angles(np.arange(n), N_LETTERS))
        waves, turns = by_hand(added, added, everybody), by_hand(turned, turned, everybody)
        near = by_hand(x, x, seen_by(words, LOOKING_BACK), alibi_bias(8, n, n)[0])
    else:
        waves = by_clock_hands(x, lambda pair, hand: pair + complex(hand.imag, hand.real))
        turns = by_clock_hands(x, lambda pair, hand: pair * hand)
        lower = [[-SLOPE * max(reader - other, 0) for other in range(n)] for reader in range(n)]
        near = by_hand(x, x, seen_by(words, LOOKING_BACK), np.array(lower))
    maps = [("without positions", by_hand(x, x, everybody)),
            ("sines and cosines added", waves), ("rotary: turned by their places", turns),
            ("ALiBi: far is low, nobody looks ahead", near)]
    note = ("A word's vector counts its letters. Write a word twice, and compare its two rows. "
            "The slope of ALiBi is 1/2.")
    return picture(words, maps, note, sentence)


def each_by_itself(sentence: str, own: bool) -> dict[str, Any]:
    """Lesson 5: which words feel it when another one changes, with your layer_norm and feed_forward."""
    words = words_of(sentence)
    x, everybody = letters(words), seen_by(words, EVERYBODY)
    if own:
        from minigpt.feed_forward import feed_forward, layer_norm

        ones, zeros, params = np.ones(N_LETTERS), np.zeros(N_LETTERS), a_network()
        normal = felt(x, lambda stream: layer_norm(stream, ones, zeros))
        thought = felt(x, lambda stream: feed_forward(stream, params))
    else:
        normal = thought = np.eye(len(words))
    mixed = felt(x, lambda stream: by_hand(stream, stream, everybody) @ stream)
    maps = [("layer_norm: a word feels only itself", normal), ("feed_forward: so here, too", thought),
            ("attention, to compare", mixed)]
    note = "Each column's word was left out in turn; a row shows whose absence moved this word most."
    return picture(words, maps, note, sentence)


def trained_heads(sentence: str, own: bool, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Lesson 6: every head of the model that you have trained, with your functions; there is no other way.

    arrays: what `python -m minigpt train` has saved.
    """
    from minigpt.feed_forward import layer_norm
    from minigpt.multi_head import multi_head_attention
    from minigpt.transformer import transformer_block

    text, stream = first_stream(sentence, arrays)
    n_head, mask, maps = int(arrays["n_head"]), seen_by(text, LOOKING_BACK), []
    for layer in range(MOST_LAYERS):
        block = branch(arrays, f"h.{layer}")
        if not block:
            break
        normal = layer_norm(stream, block["ln_1"]["weight"], block["ln_1"]["bias"])
        _, weights = multi_head_attention(normal, block["attn"], n_head, mask)
        maps += [{"title": f"block {layer}, head {head}", "shares": weights[..., head, :, :]}
                 for head in range(n_head)]
        stream = transformer_block(stream, block, n_head, mask)
    left_out = len(sentence) - len(text)
    more = f" Left out: {left_out} of {len(sentence)}, unknown to it or too many." if left_out else ""
    return {"words": ["_" if character == " " else character for character in text], "maps": maps,
            "note": f"Your trained model reads characters; _ is a blank. Nobody looks ahead.{more}"}


def first_stream(sentence: str, arrays: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    """Cut a sentence into characters that the model knows, and look them and their places up: [T, D]."""
    known = [chr(number) for number in arrays["vocabulary"]]
    places_ = arrays["wpe.weight"]
    text = [character for character in sentence if character in known][: min(MOST_WORDS, len(places_))]
    if not text:
        raise ValueError(f"the model knows none of these characters, only {' '.join(''.join(known).split())}")
    return text, arrays["wte.weight"][[known.index(character) for character in text]] + places_[: len(text)]


def branch(arrays: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    """Gather what is saved under a name as nested dicts: "h.0.attn.c_attn.weight" is below "h.0"."""
    found: dict[str, Any] = {}
    for path, array in arrays.items():
        if path.startswith(f"{name}."):
            *steps, last = path.removeprefix(f"{name}.").split(".")
            here = found
            for step in steps:
                here = here.setdefault(step, {})
            here[last] = array
    return found


def picture(words: list[str], maps: list[tuple[str, Any]], note: str, sentence: str) -> dict[str, Any]:
    """Say what is to be drawn: the words, and a map [T, T] for each title."""
    left_out = len(sentence.split()) - len(words)
    more = f" Only the first {MOST_WORDS} words are shown; {left_out} more are not." if left_out else ""
    drawn = [{"title": title, "shares": shares} for title, shares in maps]
    return {"words": words, "maps": drawn, "note": note + more}


# ---------------------------------------------------------------- words as vectors


def words_of(sentence: str) -> list[str]:
    """Cut a sentence at its blanks."""
    return sentence.split()[:MOST_WORDS]


def letters(words: list[str]) -> np.ndarray:
    """Count the letters of each word, scaled so that a word has the score STRENGTH with itself: [T, 32]."""
    counts = np.zeros((len(words), N_LETTERS))
    for row, word in zip(counts, words, strict=True):
        for character in word.lower():
            row[ord(character) % N_LETTERS] += 1  # a to z have a place of their own
    return scaled(counts)


def places(n_words: int, turned: int = 0) -> np.ndarray:
    """Tell each place by 16 clock hands: [T, 32]. Turned back by one, a place looks like the one before."""
    angles = np.arange(1, 17) * np.pi / 16 * (np.arange(n_words) + turned)[:, np.newaxis]  # [T, 16]
    return scaled(np.concatenate([np.cos(angles), np.sin(angles)], axis=1))


def scaled(vectors: np.ndarray) -> np.ndarray:
    """Give every vector the length at which its score with itself is STRENGTH."""
    length = math.sqrt(STRENGTH * math.sqrt(vectors.shape[1]))
    return vectors * (length / np.linalg.norm(vectors, axis=1, keepdims=True))


def a_network() -> dict[str, Any]:
    """Draw the weights of a feed-forward network that has learnt nothing."""
    rng, wide = np.random.default_rng(0), 4 * N_LETTERS
    return {"c_fc": {"weight": rng.normal(size=(N_LETTERS, wide)), "bias": np.zeros(wide)},
            "c_proj": {"weight": rng.normal(size=(wide, N_LETTERS)), "bias": np.zeros(N_LETTERS)}}


def questions(words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give what the four heads ask, and what they look at: queries and keys, [H, T, d_k]."""
    here, alike, n = places(len(words)), letters(words), len(words)
    return np.array([places(n, -1), alike, here, np.zeros_like(here)]), np.array([here, alike, here, here])


def one_layer(queries: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """Make the layer whose heads have these queries and keys, and its input, [T, D] with D = 2 * H * d_k.

    The input holds all queries and all keys side by side, and c_attn only hands each to its place.
    """
    n_head, n_words, d_k = queries.shape
    half = n_head * d_k
    flat = [part.transpose(1, 0, 2).reshape(n_words, half) for part in (queries, keys)]  # each [T, H * d_k]
    return np.concatenate(flat, axis=1), handing_on(half, n_head)


def handing_on(half: int, n_head: int) -> dict[str, Any]:
    """Make c_attn and c_proj for an input of width 2 * half; a head is twice as wide, and half of it is 0."""
    width, d_k = 2 * half, half // n_head
    weight = np.zeros((width, 3 * width))
    for head in range(n_head):
        for feature in range(d_k):
            to = head * 2 * d_k + feature
            # Twice as wide a head divides its scores by a root that is larger by sqrt(2).
            weight[head * d_k + feature, to] = math.sqrt(2)
            weight[half + head * d_k + feature, width + to] = 1
    return {"c_attn": {"weight": weight, "bias": np.zeros(3 * width)},
            "c_proj": {"weight": np.eye(width), "bias": np.zeros(width)}}


# ---------------------------------------------------------------- by plain arithmetic


def seen_by(words: list[str], title: str) -> np.ndarray:
    """Tell which word may see which: [T, T], True where it may."""
    n = len(words)
    return np.array([[title == EVERYBODY or other <= reader for other in range(n)] for reader in range(n)])


def by_hand(
    queries: np.ndarray, keys: np.ndarray, may: np.ndarray, bias: np.ndarray | None = None
) -> np.ndarray:
    """Share out each word's attention as on paper: scores and what is added to them, exponentials, shares."""
    added = np.zeros(may.shape) if bias is None else bias
    rows = []
    for query, seen, more in zip(queries, may, added, strict=True):
        scores = [float(query @ key) / math.sqrt(len(key)) for key in keys]
        rows.append(shares([score + extra for score, extra in zip(scores, more, strict=True)], seen))
    return np.array(rows)


def shares(scores: list[float], seen: np.ndarray) -> list[float]:
    """Make shares of the scores that may be seen; what is added to all of them does not change the shares."""
    highest = max(score for score, one in zip(scores, seen, strict=True) if one)
    pulls = [math.exp(score - highest) if one else 0.0 for score, one in zip(scores, seen, strict=True)]
    return [pull / sum(pulls) for pull in pulls]


def by_clock_hands(x: np.ndarray, place: Callable[[complex, complex], complex]) -> np.ndarray:
    """Share out attention where each two features are a point in the plane, and a place moves each point.

    A place is a clock with a hand for every point, each slower than the one before. The score of two words
    is the sum of the products of their points, seen as arrows.
    """
    width, everybody = x.shape[1], np.ones(len(x), dtype=bool)
    moved = []
    for number, word in enumerate(x):
        hands = [cmath.exp(1j * number / 10000 ** (f / width)) for f in range(0, width, 2)]
        points = [complex(word[f], word[f + 1]) for f in range(0, width, 2)]
        moved.append([place(point, hand) for point, hand in zip(points, hands, strict=True)])
    rows = []
    for reader in moved:
        products = [sum((a.conjugate() * b).real for a, b in zip(reader, key, strict=True)) for key in moved]
        rows.append(shares([product / math.sqrt(width) for product in products], everybody))
    return np.array(rows)


def felt(x: np.ndarray, step: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Leave out one word after another, and measure how far each output moves: [T, T]; rows sum to 1."""
    before, moves = step(x), np.zeros((len(x), len(x)))
    for number in range(len(x)):
        without = x.copy()
        without[number] = 0
        moves[:, number] = np.linalg.norm(step(without) - before, axis=-1)
    return moves / moves.sum(axis=1, keepdims=True)
