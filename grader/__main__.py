"""The edge of the command line: the one place where every error ends, with a message and an exit code."""

# What only a failure needs is imported then, so that `grader --help` stays quick.

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from grader.cli import cli
from grader.errors import GraderError

INTERRUPTED = 130
BROKEN_PIPE = 141
FAILED = 3
AGAIN_SECONDS = 0.01
"""So long after its exception was dropped a signal is sent once more."""
_ENDINGS = ("SIGTERM", "SIGHUP")

if TYPE_CHECKING:
    from types import FrameType

    Handler = Callable[[int, FrameType | None], None]


class Ended(KeyboardInterrupt):
    """Somebody ended the command with a signal; like Ctrl-C it unwinds, so that nothing is left behind."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Before anything imports NumPy: more BLAS threads only cost time on small arrays.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    asked: list[int] = []
    try:
        with _unwinding(asked):
            return _run(words)
    except GraderError as error:
        return _report(error, error.exit_code, words)
    except KeyboardInterrupt as ended:  # before the command has begun, or when it is over
        return getattr(ended, "exit_code", INTERRUPTED)
    except Exception as error:  # the one broad except: whatever it was, a person reads one clear line
        if asked:  # Python 3.11, and C code, turn a KeyboardInterrupt into another error at some places
            return 128 + asked[0]
        return _report(error, FAILED, words)


def _run(words: list[str]) -> int:
    """Run a command, and settle what is not an error of ours."""
    try:
        code = _invoke(words)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Ended as ended:
        return ended.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _pipe_closed()
    return code


@contextlib.contextmanager
def _unwinding(asked: list[int]) -> Iterator[None]:
    """Turn a polite request to end into an exception, and note it; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.default_int_handler(number, frame)

    def end(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise Ended(number)

    ours: dict[int, Handler] = {
        number: end for number in (getattr(signal, name, None) for name in _ENDINGS)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        ours[signal.SIGINT] = interrupt
    before = {number: signal.signal(number, handler) for number, handler in ours.items()}
    try:
        with _asking_again(asked, ours):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _asking_again(asked: list[int], ours: Mapping[int, Handler]) -> Iterator[None]:
    """Send a signal once more whose exception Python drops, as in the callback that ends each import."""
    usual, here = sys.unraisablehook, threading.get_ident()
    again: list[threading.Timer] = []

    def send(number: int) -> None:
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(here, number)
        else:
            signal.raise_signal(number)

    def hear(dropped: sys.UnraisableHookArgs) -> None:
        if not asked or not isinstance(dropped.exc_value, KeyboardInterrupt):
            usual(dropped)
            return
        signal.signal(asked[-1], ours[asked[-1]])
        again.append(threading.Timer(AGAIN_SECONDS, send, [asked[-1]]))
        again[-1].start()

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = usual
        for timer in again:
            timer.cancel()


def _invoke(words: list[str]) -> int:
    # Not `cli.main`: it turns a closed pipe into exit 1, which here means that a criterion did not pass.
    try:
        with cli.make_context("grader", list(words)) as context:
            cli.invoke(context)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    return 0


def _pipe_closed() -> int:
    """Send what is left to nowhere, so that the interpreter's own last flush stays silent."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return BROKEN_PIPE


def _report(error: Exception, code: int, words: Sequence[str]) -> int:
    from grader.cli.say import say

    if "--debug" in words or os.environ.get("GRADER_DEBUG", "0") not in ("", "0"):
        import traceback

        say("".join(traceback.format_exception(error)), err=True)
    if isinstance(error, GraderError):
        say(f"Error: {error}", err=True)
    else:
        say(f"Error: the grader itself failed: {type(error).__name__}: {error}", err=True)
        say("  Next: run it again as `grader --debug …`, and report what it prints.", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
