"""Train your mini-GPT, let it write, and talk with it: `python -m minigpt train`, `generate`, `chat`.

This module is given. It calls your own functions, so it works as well as they do.
"""

import argparse
import math
import re
import signal
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minigpt.chat import chat, complete
from minigpt.live import in_short, prepare_terminal
from minigpt.stories import write_stories
from minigpt.text import read_text
from minigpt.train import SIZES, Model, Size, load_model, save_model, train

FILE = "my_model.npz"
STORIES, STORIES_TO_MEASURE = 300_000, 30_000
PACKAGE = Path(__file__).resolve().parent
NOT_WRITTEN = re.compile(r"(\d+\.\d+) (\w+)")  # what a stub says when it is called
INTERRUPTED = 130


def main(words: Sequence[str] | None = None) -> int:
    """Run one command: 0 when it did what was asked, 1 when something of yours is in the way."""
    prepare_terminal()
    wanted = commands().parse_args(words)
    try:
        wanted.run(wanted)
    except Refused as problem:
        return stop(f"{problem}.", problem.advice)
    except NotImplementedError as problem:
        return stop(*not_written(problem))
    except KeyboardInterrupt:
        print("\nStopped.")
        return INTERRUPTED
    except (Exception, SystemExit) as problem:  # your functions may fail in any way
        line = own_line(problem) or "minigpt"
        return stop(f"{in_short(problem)}, in {line}", "grader check")
    return 0


class Refused(Exception):
    """Something is in the way that is no mistake in your code."""

    def __init__(self, problem: ValueError, advice: str) -> None:
        super().__init__(str(problem))
        self.advice = advice


@contextmanager
def advising(advice: str) -> Iterator[None]:
    """Give this advice with a ValueError of the given modules; one of your own code passes."""
    try:
        yield
    except ValueError as problem:
        if own_line(problem):
            raise
        raise Refused(problem, advice) from None


def stop(problem: str, advice: str) -> int:
    """Say on stderr what is in the way, and what to do."""
    for line in (f"Error: {problem}", f"Next: {advice}"):
        print(textwrap.fill(line, 80, subsequent_indent="  ", break_on_hyphens=False), file=sys.stderr)
    return 1


def not_written(problem: NotImplementedError) -> tuple[str, str]:
    """Name the exercise that was called before it was written."""
    found = NOT_WRITTEN.fullmatch(str(problem))
    if not found:
        return f"{in_short(problem)}, in {own_line(problem) or 'minigpt'}", "write what is missing there."
    return f"exercise {found[1]} is not written yet: {found[2]}", f"grader read {found[1]}"


def own_line(problem: BaseException) -> str:
    """Name the last line of an exercise's module on the way to a problem; of a given module, none."""
    given = {"__main__", "chat", "live", "parameters", "stories", "text", "train"}
    files = [(Path(step.filename), step.lineno) for step in traceback.extract_tb(problem.__traceback__)]
    own = [f"minigpt/{file.name}:{line}" for file, line in files
           if file.parent == PACKAGE and file.stem not in given]
    return own[-1] if own else ""


# ---------------------------------------------------------------- the commands


def run_train(wanted: argparse.Namespace) -> None:
    """Train a new model, and keep its weights at every measurement: Ctrl-C loses a few steps at most."""
    size = chosen_size(wanted)
    if not (folder := Path(wanted.model).resolve().parent).is_dir():
        problem = ValueError(f"there is no folder {folder} for the weights")
        raise Refused(problem, "name another --model FILE.")
    if wanted.text is None:
        text = write_stories(np.random.default_rng([wanted.seed, 2]), STORIES)
        other = write_stories(np.random.default_rng([wanted.seed, 3]), STORIES_TO_MEASURE)
        print("It learns from tiny stories; --text FILE takes a text of yours. Ctrl-C stops early.")
    else:
        with advising("--text FILE names a text in UTF-8."):
            text, other = read_text(wanted.text), None
        print(f"It learns from {wanted.text}, {len(text):,} characters. Ctrl-C stops early.")
    kept: list[int] = []

    def keep(step: int, model: Model) -> None:
        refuse_nonsense(model)
        if step:
            with undisturbed():
                save_model(wanted.model, model)
                kept.append(step)

    try:
        with advising("take another --text or --model; `python -m minigpt train -h` lists all."):
            model, _ = train(text, size, seed=wanted.seed, every=max(size.steps // 30, 10),
                             validation=other, watch=keep)
    except KeyboardInterrupt:
        if not kept:
            raise
        print(f"\nStopped. The weights after {kept[-1]} steps are in {wanted.model}.")
    else:
        print(f"\nThe weights are in {wanted.model}. It writes:\n")
        print(textwrap.indent(complete(model, "", 160, seed=wanted.seed), "  "))
    print("Next: python -m minigpt chat" + ("" if wanted.model == FILE else f" --model {wanted.model}"))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait until a file is whole: in the middle of one, zipfile makes another error of it."""
    waiting: list[int] = []
    heed = signal.signal(signal.SIGINT, lambda number, frame: waiting.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heed)
    if waiting and callable(heed):
        heed(waiting[0], None)


def chosen_size(wanted: argparse.Namespace) -> Size:
    """Give the size, with fewer or more steps where they were asked for."""
    size = SIZES[wanted.size]
    if wanted.steps is None:
        return size
    return size._replace(steps=wanted.steps, warm_up=min(size.warm_up, max(wanted.steps // 10, 1)))


def refuse_nonsense(model: Model) -> None:
    """Refuse weights that are no numbers any more: they would replace good ones."""
    if not math.isfinite(float(np.sum(model.params["wte"]["weight"]))):
        raise ValueError("the weights are no numbers any more (nan or inf), so the training was ended")


def run_generate(wanted: argparse.Namespace) -> None:
    """Let the model write on once."""
    model = trained_model(wanted)
    with advising("begin with characters that it knows, or train on a text that has them."):
        print(wanted.prompt + complete(model, wanted.prompt, wanted.characters, **how_to_write(wanted)))


def run_chat(wanted: argparse.Namespace) -> None:
    """Let the model end one line after another."""
    chat(trained_model(wanted), n_new=wanted.characters, **how_to_write(wanted))


def trained_model(wanted: argparse.Namespace) -> Model:
    """Read the weights."""
    with advising("python -m minigpt train makes a model; --model FILE names another one."):
        return load_model(wanted.model)


def how_to_write(wanted: argparse.Namespace) -> dict[str, Any]:
    """Give the settings of `generate`."""
    return {"seed": wanted.seed, "temperature": wanted.temperature, "top_k": wanted.top_k,
            "top_p": wanted.top_p}


# ---------------------------------------------------------------- the words of the command line


def commands() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m minigpt", description="Train your mini-GPT, let it write, and talk with it.",
        epilog="Start with: python -m minigpt train")
    several = parser.add_subparsers(required=True, metavar="COMMAND")
    learn = command(several, "train", run_train, "learn from a text, and keep the weights in a file")
    learn.add_argument("--text", metavar="FILE", help="a text in UTF-8; without it, tiny stories")
    learn.add_argument("--size", choices=sorted(SIZES, reverse=True), default="small",
                       help="small: about a minute; large: about ten")
    learn.add_argument("--steps", type=positive, metavar="N", help="how many steps; without it, 1500")
    learn.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed, the same model")
    for name, run, meaning in (("generate", run_generate, "write on from a beginning"),
                               ("chat", run_chat, "end your sentences, again and again")):
        write = command(several, name, run, meaning)
        if name == "generate":
            write.add_argument("prompt", nargs="?", default="", help="the beginning; may be left out")
        write.add_argument("--characters", type=positive, default=200, metavar="N", help="how many to write")
        write.add_argument("--temperature", type=warmth, default=0.8, metavar="X", help="0 is boldest")
        write.add_argument("--top-k", type=positive, metavar="K", help="draw from the K likeliest")
        write.add_argument("--top-p", type=share, metavar="P", help="draw from the likeliest that reach P")
        write.add_argument("--seed", type=int, metavar="N", help="the same seed, the same text")
    return parser


def command(
    several: Any, name: str, run: Callable[[argparse.Namespace], None], meaning: str
) -> argparse.ArgumentParser:
    """Add one command; every one has a file of weights."""
    parser: argparse.ArgumentParser = several.add_parser(name, help=meaning,
                                                        description=f"{meaning.capitalize()}.")
    parser.set_defaults(run=run)
    parser.add_argument("--model", default=FILE, metavar="FILE", help=f"the weights, {FILE} if not named")
    return parser


def positive(word: str) -> int:
    """Read a whole number above 0."""
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def warmth(word: str) -> float:
    """Read a number from 0."""
    number = float(word)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def share(word: str) -> float:
    """Read a number above 0, up to 1."""
    number = float(word)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError("must be above 0, and 1 at most")
    return number


if __name__ == "__main__":
    sys.exit(main())
