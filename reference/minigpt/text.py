"""Text as numbers: a vocabulary of characters, and texts to read.

This module is given. GPT-2 reads pieces of words; one token a character is the simplest vocabulary there is,
and enough to learn how a GPT works.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

MANY = 8


class Vocabulary(NamedTuple):
    """The characters that a model knows; the place of a character is its token id."""

    characters: str

    def encode(self, text: str) -> np.ndarray:
        """Turn a text into token ids, [len(text)], int64.

        Raises ValueError when a character is not in the vocabulary; the message names it.
        """
        numbers = {character: number for number, character in enumerate(self.characters)}
        if strangers := sorted(set(text) - set(numbers)):
            raise ValueError(f"the vocabulary has no {in_words(strangers)}")
        return np.array([numbers[character] for character in text], dtype=np.int64)

    def decode(self, ids: np.ndarray | Sequence[int]) -> str:
        """Turn token ids [T] into a text.

        Raises ValueError when an id is outside the vocabulary.
        """
        numbers = [int(number) for number in ids]
        if any(not 0 <= number < len(self.characters) for number in numbers):
            raise ValueError(f"a token id must be from 0 to {len(self.characters) - 1}")
        return "".join(self.characters[number] for number in numbers)


def vocabulary_of(text: str) -> Vocabulary:
    """Collect the characters of a text, in the order of their Unicode numbers.

    Raises ValueError for an empty text.
    """
    if not text:
        raise ValueError("an empty text has no vocabulary")
    return Vocabulary("".join(sorted(set(text))))


def in_words(characters: Sequence[str]) -> str:
    """Name characters so that blanks and line breaks can be read too; of many, the first ones."""
    named = ", ".join(repr(character) for character in characters[:MANY])
    more = len(characters) - MANY
    return named + (f" and {more} more" if more > 0 else "")


def read_text(path: str | Path | None = None) -> str:
    """Read a text to learn from: any file in UTF-8.

    Without a file it is English that comes with Python itself: the pages behind `help("if")`.

    Raises ValueError, with what to do, when the file cannot be read, is no text in UTF-8, or is empty.
    """
    if path is None:
        return _python_help()
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise ValueError(f"cannot read {path}: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise ValueError(f"{path} is no text in UTF-8 (byte {problem.start}); save it as UTF-8") from None
    if not text.strip():
        raise ValueError(f"{path} is empty")
    return text


def _python_help() -> str:
    """Join the pages of Python's help, in the order of their names; what is not plain ASCII is left out."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise ValueError("this Python comes without its help pages; name a file to read") from None
    text = "\n\n".join(topics[name] for name in sorted(topics))
    return "".join(character for character in text if character == "\n" or " " <= character <= "~")
