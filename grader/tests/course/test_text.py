"""The vocabulary of characters, and the texts that a mini-GPT can read."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]


def load() -> Any:
    """Load the given module by its path, without touching sys.path."""
    spec = importlib.util.spec_from_file_location("given_text", ROOT / "reference" / "minigpt" / "text.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


text = load()


def test_a_vocabulary_gives_ids_and_takes_them_back() -> None:
    """Ids are places in the sorted characters, and decoding gives the text again."""
    known = text.vocabulary_of("the cat\nsat")
    assert known.characters == "\n acehst"
    ids = known.encode("the cat")
    assert ids.tolist() == [7, 5, 4, 1, 3, 2, 7]
    assert ids.dtype == np.int64
    assert known.decode(ids) == known.decode(ids.tolist()) == "the cat"
    assert known.encode("").shape == (0,)
    assert known.decode(known.encode("")) == ""


def test_strangers_are_named() -> None:
    """A character or an id that the vocabulary does not have is an error that names it."""
    known = text.vocabulary_of("abc")
    with pytest.raises(ValueError, match=r"the vocabulary has no '\\n', 'z'$"):
        known.encode("abz\n")
    with pytest.raises(ValueError, match=r"'6', '7' and 2 more$"):
        known.encode("0123456789"[::-1])
    for ids in ([3], [-1]):
        with pytest.raises(ValueError, match="a token id must be from 0 to 2"):
            known.decode(ids)
    with pytest.raises(ValueError, match="an empty text has no vocabulary"):
        text.vocabulary_of("")


def test_any_utf8_file_can_be_read(tmp_path: Path) -> None:
    """Letters of any alphabet, a mark at the beginning and line breaks of any system are fine."""
    file = tmp_path / "story.txt"
    file.write_bytes("\ufeffEs war\r\neinmal. ☃\n".encode())
    assert text.read_text(file) == text.read_text(str(file)) == "Es war\neinmal. ☃\n"


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    """A missing file, a folder, another encoding and an empty file each get their own words."""
    with pytest.raises(ValueError, match=r"cannot read .*none.txt: No such file or directory"):
        text.read_text(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="cannot read"):
        text.read_text(tmp_path)
    (tmp_path / "latin.txt").write_bytes("Käse".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.txt is no text in UTF-8 \(byte 1\); save it as UTF-8"):
        text.read_text(tmp_path / "latin.txt")
    (tmp_path / "empty.txt").write_text(" \n")
    with pytest.raises(ValueError, match=r"empty.txt is empty"):
        text.read_text(tmp_path / "empty.txt")


def test_without_a_file_it_is_the_english_of_python() -> None:
    """The help pages are long, plain, and the same on every call."""
    english = text.read_text()
    assert len(english) > 300_000
    assert " the " in english
    assert len(text.vocabulary_of(english).characters) < 100
    assert english == text.read_text()


def test_a_python_without_help_pages_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems leave the pages out."""
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(ValueError, match="name a file to read"):
        text.read_text()
