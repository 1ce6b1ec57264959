"""Let a trained model write: once, or again and again in a loop.

This module is given. It calls `generate` of your minigpt/transformer.py.
"""

from collections.abc import Callable

import numpy as np

from minigpt.text import in_words
from minigpt.train import Model

WELCOME = ("Begin a sentence, and the model writes on. It knows no questions and no answers: "
           "it continues. An empty line ends.")


def complete(
    model: Model, prompt: str = "", n_new: int = 200, *, seed: int | None = None, temperature: float = 1.0,
    top_k: int | None = None, top_p: float | None = None, stop: str | None = None,
) -> str:
    """Let the model write on from a prompt; give only what is new.

    n_new: how many characters. seed: the same seed writes the same text; None is new each time.
    stop: end after the first of this character. An empty prompt stands for the beginning of a line.

    Raises ValueError when the model does not know a character of the prompt, or for a bad setting.
    """
    from minigpt.transformer import generate

    known = model.vocabulary.characters
    start = prompt or ("\n" if "\n" in known else known[0])
    if strangers := sorted(set(start) - set(known)):
        raise ValueError(f"the model has never seen {in_words(strangers)}. "
                         f"It knows these characters: {in_full(known)}")
    if n_new < 0:
        raise ValueError("the number of new characters must be 0 or more")
    rng = np.random.default_rng(seed)
    ids = model.vocabulary.encode(start)[np.newaxis]  # [1, T]
    n_prompt, written = ids.shape[1], ""
    while len(written) < n_new:
        ids = generate(ids, model.params, model.n_head, 1, rng, temperature, top_k, top_p)
        written = model.vocabulary.decode(ids[0, n_prompt:])
        if stop is not None and written.endswith(stop):
            break
    return written


def in_full(characters: str) -> str:
    """List the characters of a vocabulary so that blanks can be read."""
    names = {" ": "blank", "\n": "line break", "\t": "tab"}
    return " ".join(names.get(character, character) for character in characters)


def chat(
    model: Model, *, read: Callable[[str], str] = input, tell: Callable[[str], None] = print,
    n_new: int = 200, seed: int | None = None, temperature: float = 1.0,
    top_k: int | None = None, top_p: float | None = None,
) -> None:
    """Read the beginning of a line, let the model end it, and start over, until an empty line or the end.

    read: asks for a line, as input() does. tell: shows one, as print() does.
    """
    tell(WELCOME)
    turn = 0
    while True:
        try:
            prompt = read("> ")
        except (EOFError, KeyboardInterrupt):
            tell("")
            return
        if not prompt:
            return
        try:
            written = complete(model, prompt, n_new, seed=None if seed is None else seed + turn,
                               temperature=temperature, top_k=top_k, top_p=top_p, stop="\n")
        except ValueError as problem:
            tell(f"Sorry, {problem}")
            continue
        tell(prompt + written.rstrip("\n"))
        turn += 1
