"""Train the course's models once, and keep what lesson 6's example and text tell of it.

Run `python reference/oracle/record_example_06.py` with the course's Python; it takes some minutes on one
thread. It writes `example_06_mini_gpt.json` beside the lesson's example. Everything is seeded; on another
machine the last digits may differ, since sums of float32 depend on their order. A test trains the first
steps again and compares, and checks every fact that follows from the grammar alone.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any
from unittest import mock

REFERENCE = Path(__file__).resolve().parents[1]
LESSON = REFERENCE.parent / "assignments" / "06_transformer_architecture"
RECORD = LESSON / "example_06_mini_gpt.json"
sys.path.insert(0, str(REFERENCE))

import numpy as np  # noqa: E402

from minigpt import stories, transformer  # noqa: E402
from minigpt.chat import complete  # noqa: E402
from minigpt.multi_head import multi_head_attention  # noqa: E402
from minigpt.parameters import count_parameters  # noqa: E402
from minigpt.text import vocabulary_of  # noqa: E402
from minigpt.train import SIZES, Model, Point, new_model, train  # noqa: E402

TRAINING_SEED, VALIDATION_SEED = 1, 2
N_TRAINING, N_VALIDATION = 300_000, 100_000
SAMPLED_AT = (0, 100, 300, 600, 1500)
CLAUSE = ("the", "dogs", "that", "saw", "the", "cat")
FIRST_STEPS = 10

Batch = tuple[np.ndarray, np.ndarray]


@cache
def texts() -> tuple[str, str]:
    """Write the training text and the validation text."""
    return (stories.write_stories(np.random.default_rng(TRAINING_SEED), N_TRAINING),
            stories.write_stories(np.random.default_rng(VALIDATION_SEED), N_VALIDATION))


def bounds() -> dict[str, float]:
    """Compute what the losses are measured against, in nats per character."""
    training, validation = texts()
    return {
        "uniform": math.log(len(stories.source().alphabet)),
        "bigram": stories.bigram_loss(training, validation),
        "trigram": stories.trigram_loss(training, validation),
        "window_32": stories.window_bound(32),
        "window_64": stories.window_bound(64),
        "entropy": stories.entropy_per_character(),
    }


def first_losses(n_steps: int) -> list[float]:
    """Give the training losses of the small model's first steps."""
    text, _ = texts()
    size = SIZES["small"]
    data, rng = vocabulary_of(text).encode(text), np.random.default_rng([0, 1])
    model, state, losses = new_model(vocabulary_of(text), size), None, []
    params = model.params
    for step in range(n_steps):
        ids, targets = transformer.get_batch(data, size.batch, size.context, rng)
        rate = size.peak * (step + 1) / size.warm_up
        loss, params, state = transformer.train_step(params, state, ids, targets, size.n_head, rate)
        losses.append(float(loss))
    return losses


def grammatical(model: Model, n_texts: int = 64, n_characters: int = 320) -> tuple[float, int]:
    """Let the model write many texts; give the share of grammatical sentences, and how many there were."""
    start = np.full((n_texts, 1), model.vocabulary.characters.index("\n"))
    ids = transformer.generate(start, model.params, model.n_head, n_characters, np.random.default_rng(3))
    written = [model.vocabulary.decode(row[1:]) for row in ids]
    counts = [text.count("\n") for text in written]
    right = sum(stories.grammatical_share(text) * n for text, n in zip(written, counts, strict=True))
    return right / sum(counts), sum(counts)


def attention_by_word(model: Model) -> dict[str, Any]:
    """Find the head that looks back most, from the end of "the dogs that saw the cat" to "dogs that".

    The model reads characters. A row is the blank after a word; a column adds up the characters of a word.
    """
    sentence = "\n" + " ".join(CLAUSE) + " "
    ends = [place for place, character in enumerate(sentence) if character == " "]
    starts = [1, *(end + 1 for end in ends[:-1])]
    maps: dict[tuple[int, int], np.ndarray] = {}
    layer = -1

    def spy(x: np.ndarray, params: Any, n_head: int, mask: np.ndarray | None = None) -> Any:
        nonlocal layer
        layer += 1
        out, weights = multi_head_attention(x, params, n_head, mask)
        maps.update({(layer, head): weights[0, head] for head in range(n_head)})
        return out, weights

    with mock.patch.object(transformer, "multi_head_attention", spy):
        transformer.gpt_forward(model.vocabulary.encode(sentence)[np.newaxis], model.params, model.n_head)
    by_word = {
        key: np.array([[weights[end, a: b + 1].sum() for a, b in zip(starts, ends, strict=True)]
                       for end in ends])
        for key, weights in maps.items()
    }
    first = CLAUSE.index("dogs")
    layer, head = max(by_word, key=lambda key: float(by_word[key][-1, first: first + 2].sum()))
    return {"words": list(CLAUSE), "layer": layer, "head": head,
            "weights": [[round(float(share), 3) for share in row] for row in by_word[layer, head]]}


def agreement(model: Model) -> dict[str, float]:
    """Measure the chance of "were" against "was" after a clause, with a noun of the other number nearer by.

    Each number is the mean over all sentences like its key that fit into the small model's window.
    """
    pairs = list(stories.ANIMALS.items())
    shares: dict[str, list[float]] = {}
    for (one, many), (other, others) in permutations(pairs, 2):
        for sees in stories.SEES:
            for key, prompt in (("the dogs that saw the cat w", f"the {many} that {sees} the {other} w"),
                                ("the dog that saw the cats w", f"the {one} that {sees} the {others} w")):
                if len(prompt) < SIZES["small"].context:
                    shares.setdefault(key, []).append(chance_of(model, prompt, "e"))
    return {key: round(float(np.mean(found)), 4) for key, found in shares.items()}


def chance_of(model: Model, prompt: str, character: str) -> float:
    """Give the probability of a character after the beginning of a line."""
    ids = model.vocabulary.encode("\n" + prompt)[np.newaxis]
    logits = transformer.gpt_forward(ids, model.params, model.n_head)[0, -1]
    share = transformer.next_token_probabilities(logits)
    return float(share[model.vocabulary.characters.index(character)])


def record_size(name: str) -> tuple[dict[str, Any], Model]:
    """Train a size to the end; give its story and the model."""
    samples = []

    def watch(step: int, model: Model) -> None:
        if step in SAMPLED_AT:
            samples.append({"step": step, "text": complete(model, "", 200, seed=0)})

    training, validation = texts()
    model, curve = train(training, SIZES[name], validation=validation, watch=watch)
    share, n_sentences = grammatical(model)
    story = {
        "size": SIZES[name]._asdict(), "parameters": count_parameters(model.params),
        "curve": [_rounded(point) for point in curve],
        "samples": samples, "grammatical": round(share, 4), "sentences": n_sentences,
        "agreement": agreement(model),
    }
    return story, model


def _rounded(point: Point) -> list[float | None]:
    loss = None if math.isnan(point.training_loss) else round(point.training_loss, 4)
    return [point.step, loss, round(point.validation_loss, 4)]


# ---------------------------------------------------------------- mistakes that still learn


def everybody_sees_everything() -> Any:
    """Leave out the causal mask."""
    def mask(t_q: int, t_k: int | None = None) -> np.ndarray:
        return np.ones((t_q, t_q if t_k is None else t_k), dtype=bool)

    return mock.patch.object(transformer, "causal_mask", mask)


def no_positions() -> Any:
    """Leave out the positions."""
    return mock.patch.object(transformer, "add_positions", lambda x, table, offset=0: x)


def changed_step(change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """Replace the training step by one made from it."""
    return mock.patch.object(transformer, "train_step", change(transformer.train_step))


def forgets_the_state() -> Any:
    """Throw the optimiser's memory away after every step."""
    def change(step: Callable[..., Any]) -> Callable[..., Any]:
        return lambda params, state, *rest: step(params, None, *rest)

    return changed_step(change)


def frozen_attention() -> Any:
    """Never change the projections of attention, as when their gradients are lost."""
    def change(step: Callable[..., Any]) -> Callable[..., Any]:
        def frozen(params: Any, *rest: Any) -> Any:
            loss, new, state = step(params, *rest)
            kept = zip(params["h"], new["h"], strict=True)
            blocks = [{**block, "attn": old["attn"]} for old, block in kept]
            return loss, {**new, "h": blocks}, state

        return frozen

    return changed_step(change)


@contextmanager
def one_text_at_a_time() -> Iterator[None]:
    """Learn from the first text of each batch only."""
    def change(step: Callable[..., Any]) -> Callable[..., Any]:
        return lambda params, state, ids, targets, *rest: step(params, state, ids[:1], targets[:1], *rest)

    with changed_step(change):
        yield


MISTAKES: dict[str, Callable[[], Any]] = {
    "no causal mask": everybody_sees_everything,
    "no positions": no_positions,
    "attention never learns": frozen_attention,
    "AdamW forgets its state": forgets_the_state,
    "only the first text of a batch counts": one_text_at_a_time,
}


def record_mistakes() -> dict[str, float]:
    """Train the small size with one mistake at a time; give the validation losses at the end."""
    training, validation = texts()
    losses = {}
    for name, mistake in MISTAKES.items():
        with mistake():
            _, curve = train(training, SIZES["small"], validation=validation, every=500)
        losses[name] = round(curve[-1].validation_loss, 4)
        print(name, losses[name], flush=True)
    return losses


# ---------------------------------------------------------------- what your functions should give


def answers() -> dict[str, Any]:
    """Compute the answers to the example's calls."""
    spec = importlib.util.spec_from_file_location("example_06", LESSON / "example_06_mini_gpt.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return {
        exercise: {name: np.round(value, 8).tolist() for name, value in example.flat(
            getattr(transformer, function)(*arguments)).items()}
        for exercise, (function, arguments) in example.calls().items()
    }


def make() -> dict[str, Any]:
    """Make the whole record."""
    small, _ = record_size("small")
    large, model = record_size("large")
    return {
        "made_by": "reference/oracle/record_example_06.py",
        "bounds": {name: round(value, 6) for name, value in bounds().items()},
        "first_losses": [round(loss, 5) for loss in first_losses(FIRST_STEPS)],
        "small": small, "large": large,
        "attention": attention_by_word(model),
        "mistakes": record_mistakes(),
        "answers": answers(),
    }


def main() -> None:
    """Write the record beside the lesson's example."""
    RECORD.write_text(in_lines(make()) + "\n", encoding="utf-8", newline="\n")


def in_lines(value: Any, depth: int = 0) -> str:
    """Write JSON with one key a line, and whatever holds only numbers in one line."""
    blanks = " " * depth
    if isinstance(value, dict):
        body = ",\n".join(f"{blanks} {json.dumps(k)}: {in_lines(v, depth + 1)}" for k, v in value.items())
        return f"{{\n{body}\n{blanks}}}"
    if isinstance(value, list) and any(isinstance(branch, dict) for branch in value):
        body = ",\n".join(f"{blanks} {in_lines(branch, depth + 1)}" for branch in value)
        return f"[\n{body}\n{blanks}]"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
