"""The loop that trains, the files that keep weights, and the loop that writes, on the reference."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
STORY = "the cat sat on the mat.\nthe dog ran away.\n" * 20


class Given(NamedTuple):
    """The modules under test."""

    train: Any
    chat: Any


@pytest.fixture(scope="module")
def given() -> Iterator[Given]:
    """Import the given modules beside the reference, and forget them again."""
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "minigpt"}
    sys.path.insert(0, str(ROOT / "reference"))
    try:
        yield Given(importlib.import_module("minigpt.train"), importlib.import_module("minigpt.chat"))
    finally:
        sys.path.remove(str(ROOT / "reference"))
        for name in [name for name in sys.modules if name.split(".")[0] == "minigpt"]:
            del sys.modules[name]
        sys.modules.update(before)


@pytest.fixture(scope="module")
def size(given: Given) -> Any:
    """Give a size that trains in a moment."""
    return given.train.Size(n_layer=1, d_model=16, n_head=2, context=12, batch=8, steps=60,
                            peak=1e-2, warm_up=10)


@pytest.fixture(scope="module")
def trained(given: Given, size: Any) -> tuple[Any, list[Any], list[str]]:
    """Train once: the model, its curve, and what was told."""
    told: list[str] = []
    model, curve = given.train.train(STORY, size, seed=1, every=20, tell=told.append)
    return model, curve, told


def test_training_learns_and_tells(trained: tuple[Any, list[Any], list[str]]) -> None:
    """The loss falls from ln V, and each measurement is a line."""
    model, curve, told = trained
    assert [point.step for point in curve] == [0, 20, 40, 60]
    assert abs(curve[0].validation_loss - math.log(len(model.vocabulary.characters))) < 0.1
    assert curve[-1].validation_loss < 1.5 < curve[0].validation_loss
    assert len(told) == 4
    assert told[0].endswith("parameters, 60 steps")
    assert told[-1].startswith("step    60   training loss ")


def test_the_same_seed_trains_the_same_model(
    given: Given, size: Any, trained: tuple[Any, list[Any], list[str]]
) -> None:
    """Weights and curve repeat with the seed, and change with another one."""
    short = size._replace(steps=20)
    ends = [given.train.train(STORY, short, seed=seed, every=20, tell=lambda line: None)[1][-1]
            for seed in (4, 4, 5)]
    assert ends[0] == ends[1] != ends[2]


def test_the_learning_rate_rises_and_falls(given: Given) -> None:
    """It warms up in a straight line to the peak, and follows half a cosine down to zero."""
    size = given.train.SIZES["small"]._replace(steps=300, warm_up=100, peak=1.0)
    rates = [given.train.learning_rate(step, size) for step in range(300)]
    assert math.isclose(rates[0], 0.01)
    assert rates[99] == rates[100] == max(rates) == 1.0
    assert math.isclose(rates[200], 0.5)
    assert rates[299] < 0.001
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert given.train.learning_rate(10, size._replace(steps=5, warm_up=0)) == 0.0


def test_the_sizes_are_those_of_the_text(given: Given) -> None:
    """Two sizes, with the layers, widths and contexts that the lesson names."""
    shapes = {name: size[:6] for name, size in given.train.SIZES.items()}
    assert shapes == {"small": (2, 64, 4, 32, 16, 1500), "large": (4, 128, 4, 64, 16, 1500)}


def test_validation_loss_is_the_mean_over_windows(
    given: Given, trained: tuple[Any, list[Any], list[str]]
) -> None:
    """It is the mean of -log of the probabilities given to what came, from the first window to the last."""
    model = trained[0]
    data = model.vocabulary.encode("the mat sat on the cat.\nthe dog.\n")
    transformer = importlib.import_module("minigpt.transformer")
    losses = []
    assert len(data) == 33
    for start in (0, 20):
        logits = transformer.gpt_forward(data[start: start + 12], model.params, model.n_head)
        shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        losses += [-math.log(shares[t, data[start + t + 1]]) for t in range(12)]
    measured = given.train.validation_loss(model, data, 10_000)  # more than there is
    assert math.isclose(measured, sum(losses) / len(losses), rel_tol=1e-4)
    with pytest.raises(ValueError, match="more than 12 characters"):
        given.train.validation_loss(model, data[:12])


def test_a_watcher_sees_the_model_grow(given: Given, size: Any) -> None:
    """At each measurement the model of that step is handed over."""
    seen = []
    given.train.train(STORY, size._replace(steps=4), every=2, tell=lambda line: None,
                      watch=lambda step, model: seen.append((step, model.params["ln_f"]["weight"].sum())))
    assert [step for step, _ in seen] == [0, 2, 4]
    assert len({float(total) for _, total in seen}) == 3


def test_a_text_that_is_too_short_is_refused(given: Given, size: Any) -> None:
    """A text must fill more than a window, also the part kept back."""
    for text, validation in (("short", None), (STORY, "short"), (STORY[:60], None)):
        with pytest.raises(ValueError, match="must have more than 13 characters"):
            given.train.train(text, size, validation=validation)


def test_progress_is_plain_where_there_is_no_terminal(
    given: Given, size: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Into a file go whole lines only."""
    given.train.train(STORY, size._replace(steps=3), every=2)
    printed = capsys.readouterr().out
    assert "\r" not in printed
    assert [line.split()[1] for line in printed.splitlines()[1:]] == ["2", "3"]


def test_progress_moves_on_a_terminal(
    given: Given, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal a bar is drawn over and over, and a line that stays wipes it away; it fits 80 columns."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    clock = iter((100.0, 102.0, 102.05))
    monkeypatch.setattr(given.train, "time", SimpleNamespace(monotonic=clock.__next__))
    progress = given.train.Progress(10)
    progress.bar(5, 1.25)
    progress.bar(6, 1.24)  # too soon: not drawn
    progress.line("done")
    printed = capsys.readouterr().out
    assert printed.startswith("\r[###############...............] 5/10   loss 1.250   2 s left ")
    assert "6/10" not in printed
    assert printed.endswith("\rdone\n")
    assert max(map(len, printed.split("\r"))) <= 80


def test_weights_come_back_from_a_file(
    given: Given, trained: tuple[Any, list[Any], list[str]], tmp_path: Path
) -> None:
    """Parameters, heads and vocabulary are kept to the last bit, and nothing else lies beside."""
    model = trained[0]
    file = tmp_path / "weights.npz"
    file.write_text("an older file")
    given.train.save_model(file, model)
    again = given.train.load_model(file)
    assert again.vocabulary == model.vocabulary
    assert again.n_head == model.n_head == 2
    assert again.context == model.context == 12
    ours, theirs = given.train._flat(model.params), given.train._flat(again.params)
    assert ours.keys() == theirs.keys()
    assert all(ours[name].dtype == theirs[name].dtype for name in ours)
    assert all((ours[name] == theirs[name]).all() for name in ours)
    assert isinstance(again.params["h"], list)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]


def test_more_than_ten_blocks_keep_their_order(given: Given) -> None:
    """Blocks come back by number, not by spelling."""
    tree = {"h": [{"weight": np.array([n])} for n in range(12)]}
    back = given.train._tree(given.train._flat(tree))
    assert [int(block["weight"][0]) for block in back["h"]] == list(range(12))


def test_foreign_files_are_refused(given: Given, tmp_path: Path) -> None:
    """A text, an array, somebody else's archive, a pickle and half a file are not weights of this course."""
    np.savez(tmp_path / "other.npz", wte=np.ones(3))
    np.savez(tmp_path / "marked.npz", format=np.array(given.train.FORMAT))
    np.save(tmp_path / "array.npy", np.ones(3))
    np.save(tmp_path / "pickle.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npz").write_text("weights, honestly")
    (tmp_path / "empty.npz").write_bytes(b"")
    (tmp_path / "half.npz").write_bytes((tmp_path / "other.npz").read_bytes()[:60])
    for file in sorted(tmp_path.iterdir()):
        with pytest.raises(ValueError, match=rf"{file.name} is not a file of weights that this course"):
            given.train.load_model(file)
    with pytest.raises(ValueError, match=r"cannot read .*none.npz: No such file or directory"):
        given.train.load_model(tmp_path / "none.npz")


def test_a_place_that_cannot_be_written_says_so(
    given: Given, trained: tuple[Any, list[Any], list[str]], tmp_path: Path
) -> None:
    """A folder that is not there is an error with its reason, and an old file stays whole."""
    with pytest.raises(ValueError, match=r"cannot write .*: No such file or directory"):
        given.train.save_model(tmp_path / "none" / "weights.npz", trained[0])
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match="cannot write"):
        given.train.save_model(tmp_path / "folder", trained[0])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_it_writes_on_from_a_prompt(given: Given, trained: tuple[Any, list[Any], list[str]]) -> None:
    """What is new comes back: as many characters as asked, the same for a seed, cut at the stop."""
    model = trained[0]
    written = given.chat.complete(model, "the ", 30, seed=1)
    assert len(written) == 30
    assert written == given.chat.complete(model, "the ", 30, seed=1)
    assert written != given.chat.complete(model, "the ", 30, seed=2)
    assert set(written) <= set(model.vocabulary.characters)
    assert given.chat.complete(model, "the ", 0) == ""
    assert len(given.chat.complete(model, "", 5, seed=1)) == 5
    line = given.chat.complete(model, "the", 200, seed=1, stop="\n")
    assert line.count("\n") == 1
    assert line.endswith("\n")


def test_unknown_characters_are_named(given: Given, trained: tuple[Any, list[Any], list[str]]) -> None:
    """A prompt with a stranger says which one, and what the model knows."""
    with pytest.raises(ValueError, match=r"has never seen '\?', 'T'. It knows these characters: line break "):
        given.chat.complete(trained[0], "The cat?")
    with pytest.raises(ValueError, match="must be 0 or more"):
        given.chat.complete(trained[0], "the", -1)


def test_a_chat_reads_and_writes_until_it_ends(
    given: Given, trained: tuple[Any, list[Any], list[str]]
) -> None:
    """It ends each line, explains what it cannot read, and stops at an empty line or the end of input."""
    told: list[str] = []
    prompts = iter(["the ", "Oh!", "a", ""])
    given.chat.chat(trained[0], read=lambda _: next(prompts), tell=told.append, seed=1, n_new=20)
    assert told[0] == given.chat.WELCOME
    assert told[1].startswith("the ")
    assert told[2].startswith("Sorry, the model has never seen '!', 'O'.")
    assert told[3].startswith("a")
    assert len(told) == 4

    def gone(_: str) -> str:
        raise EOFError

    given.chat.chat(trained[0], read=gone, tell=told.append)
    assert told[4:] == [given.chat.WELCOME, ""]
