"""Train your mini-GPT: the loop around your own functions, and the files that keep its weights.

This module is given. It calls `get_batch`, `train_step`, `gpt_forward` and `cross_entropy` of your
minigpt/transformer.py, and through them everything that you have written since lesson 1.

    model, curve = train(write_stories(rng, 300_000), SIZES["small"])
    save_model("stories.npz", model)
"""

import math
import os
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigpt.parameters import count_parameters, init_gpt
from minigpt.text import Vocabulary, vocabulary_of

FORMAT = "minigpt/weights/v1"
HELD_OUT = 0.1  # the share of a text that is kept back to measure on
MEASURED, FINALLY_MEASURED = 8_192, 65_536  # characters that are measured on the way, and at the end
AT_ONCE = 64


class Size(NamedTuple):
    """How large a model is, and how it is trained."""

    n_layer: int
    d_model: int
    n_head: int
    context: int
    batch: int
    steps: int
    peak: float  # the highest learning rate
    warm_up: int = 100


SIZES = {
    "small": Size(n_layer=2, d_model=64, n_head=4, context=32, batch=16, steps=1500, peak=4e-3),
    "large": Size(n_layer=4, d_model=128, n_head=4, context=64, batch=16, steps=1500, peak=3e-3),
}


class Model(NamedTuple):
    """A GPT with all that it needs to read and write text."""

    params: dict[str, Any]
    n_head: int
    vocabulary: Vocabulary

    @property
    def context(self) -> int:
        """Give the number of tokens that it can see at once."""
        return int(self.params["wpe"]["weight"].shape[0])


class Point(NamedTuple):
    """One point of the learning curve; losses are in nats per character."""

    step: int
    training_loss: float  # the mean over the steps since the last point
    validation_loss: float


# ---------------------------------------------------------------- learning


def learning_rate(step: int, size: Size) -> float:
    """Give the learning rate of a step, from 0: a straight rise to the peak, then half a cosine down to 0.

    Early gradients point anywhere, so the first steps are small; the last ones are small to settle down.
    """
    if step < size.warm_up:
        return size.peak * (step + 1) / size.warm_up
    done = (step - size.warm_up) / max(size.steps - size.warm_up, 1)
    return size.peak * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def new_model(vocabulary: Vocabulary, size: Size, seed: int = 0) -> Model:
    """Make a model that has learnt nothing yet."""
    rng = np.random.default_rng(seed)
    params = init_gpt(rng, len(vocabulary.characters), size.context, size.n_layer, size.d_model)
    return Model(params, size.n_head, vocabulary)


def train(
    text: str, size: Size, *, seed: int = 0, every: int = 100, validation: str | None = None,
    tell: Callable[[str], None] | None = None, watch: Callable[[int, Model], None] | None = None,
) -> tuple[Model, list[Point]]:
    """Train a new model on a text; give it and its learning curve.

    every: measure the validation loss after so many steps, and at the end. validation: the text that it is
    measured on; without one, the last tenth of the text is kept back. tell: receives the lines of progress;
    None prints them. watch: called with the number of steps done and the model, at each measurement.
    The same seed gives the same batches.

    Raises ValueError when a text is too short for the context.
    """
    from minigpt.transformer import get_batch, train_step

    if validation is None:
        cut = len(text) - int(len(text) * HELD_OUT)
        text, validation = text[:cut], text[cut:]
    if min(len(text), len(validation)) < size.context + 2:
        raise ValueError(f"a text to learn from must have more than {size.context + 1} characters, "
                         "and so must the one to measure on")
    vocabulary = vocabulary_of(text + validation)
    data, held_out = vocabulary.encode(text), vocabulary.encode(validation)
    model, rng = new_model(vocabulary, size, seed), np.random.default_rng([seed, 1])
    progress = Progress(size.steps, tell)
    progress.line(f"{count_parameters(model.params):,} parameters, {size.steps} steps")
    curve, losses, state = [Point(0, math.nan, validation_loss(model, held_out))], [], None
    if watch:
        watch(0, model)
    for step in range(size.steps):
        ids, targets = get_batch(data, size.batch, size.context, rng)
        rate = learning_rate(step, size)
        loss, params, state = train_step(model.params, state, ids, targets, model.n_head, rate)
        model = model._replace(params=params)
        losses.append(loss)
        last = step + 1 == size.steps
        if last or (step + 1) % every == 0:
            measured = validation_loss(model, held_out, FINALLY_MEASURED if last else MEASURED)
            curve.append(Point(step + 1, float(np.mean(losses)), measured))
            progress.line(f"step {step + 1:>5}   training loss {np.mean(losses):.3f}   "
                          f"validation loss {measured:.3f}")
            losses = []
            if watch:
                watch(step + 1, model)
        else:
            progress.bar(step + 1, loss)
    return model, curve


def validation_loss(model: Model, data: np.ndarray, n_measured: int = MEASURED) -> float:
    """Measure the loss on windows that are spread evenly over a text.

    data: ids [N]. n_measured: about how many characters to measure on, at most.

    Raises ValueError when the text is shorter than one window.
    """
    from minigpt.transformer import cross_entropy, gpt_forward

    context = model.context
    if len(data) < context + 1:
        raise ValueError(f"a text to measure on must have more than {context} characters")
    n_windows = max(min(n_measured, len(data)) // context, 1)
    starts = np.linspace(0, len(data) - context - 1, n_windows).astype(int)
    total = 0.0
    for first in range(0, n_windows, AT_ONCE):
        places = starts[first: first + AT_ONCE, np.newaxis] + np.arange(context)  # [windows, T]
        logits = gpt_forward(data[places], model.params, model.n_head)
        total += cross_entropy(logits, data[places + 1])[0] * len(places)
    return float(total / n_windows)


class Progress:
    """Shows how far the training is: a bar that moves on a terminal, plain lines anywhere else."""

    def __init__(self, steps: int, tell: Callable[[str], None] | None = None) -> None:
        self.steps, self.tell, self.began, self.shown = steps, tell, time.monotonic(), 0.0
        self.moves = tell is None and sys.stdout.isatty()

    def line(self, words: str) -> None:
        """Print a line that stays."""
        if self.tell:
            self.tell(words)
        else:
            print(("\r" + " " * 78 + "\r" if self.moves else "") + words, flush=True)

    def bar(self, step: int, loss: float) -> None:
        """Move the bar, at most ten times a second."""
        now = time.monotonic()
        if not self.moves or now - self.shown < 0.1:
            return
        self.shown = now
        done = 30 * step // self.steps
        left = (now - self.began) / step * (self.steps - step)
        bar = "#" * done + "." * (30 - done)
        print(f"\r[{bar}] {step}/{self.steps}   loss {loss:.3f}   {left:.0f} s left ", end="", flush=True)


# ---------------------------------------------------------------- files


def save_model(path: str | Path, model: Model) -> None:
    """Write a model into one .npz file, all or nothing: an old file stays whole until the new one is.

    Raises ValueError when the file cannot be written.
    """
    path = Path(path)
    facts = {"format": np.array(FORMAT), "n_head": np.array(model.n_head),
             "vocabulary": np.array([ord(character) for character in model.vocabulary.characters])}
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **facts, **_flat(model.params))
        beside.replace(path)
    except OSError as problem:
        raise ValueError(f"cannot write {path}: {problem.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)  # also after Ctrl-C


def load_model(path: str | Path) -> Model:
    """Read a model that `save_model` has written.

    Raises ValueError when the file cannot be read, or is not such a file.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
    except OSError as problem:
        raise ValueError(f"cannot read {path}: {problem.strerror}") from None
    except (ValueError, EOFError, zipfile.BadZipFile, TypeError, AttributeError):
        raise ValueError(f"{path} is not a file of weights that this course has written") from None
    if str(arrays.pop("format", "")) != FORMAT or not {"n_head", "vocabulary", "wpe.weight"} <= arrays.keys():
        raise ValueError(f"{path} is not a file of weights that this course has written")
    n_head, numbers = int(arrays.pop("n_head")), arrays.pop("vocabulary")
    vocabulary = Vocabulary("".join(chr(number) for number in numbers))
    return Model(_tree(arrays), n_head, vocabulary)


def _flat(tree: Any, name: str = "") -> dict[str, np.ndarray]:
    """Name every array by its way through the tree: "h.0.attn.c_attn.weight"."""
    if isinstance(tree, np.ndarray):
        return {name: tree}
    branches = tree.items() if isinstance(tree, dict) else enumerate(tree)
    flat: dict[str, np.ndarray] = {}
    for key, branch in branches:
        flat |= _flat(branch, f"{name}.{key}" if name else str(key))
    return flat


def _tree(flat: dict[str, np.ndarray]) -> Any:
    """Build the tree again; branches that are numbered make a list."""
    branches: dict[str, dict[str, np.ndarray]] = {}
    for name, array in flat.items():
        key, _, rest = name.partition(".")
        branches.setdefault(key, {})[rest] = array
    tree = {key: rest[""] if "" in rest else _tree(rest) for key, rest in branches.items()}
    if all(key.isdigit() for key in tree):
        return [tree[key] for key in sorted(tree, key=int)]
    return tree
