"""Fuzz for as long as you like: `python -m grader.tests.fuzz frames --count 1000000`."""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from grader.classroom import code, listing, roster
from grader.classroom.export import canvas
from grader.course import load_course
from grader.errors import CourseError, SubmissionError
from grader.result import serialise
from grader.sandbox import Killed, client, values, wire
from grader.submission import (
    answers,
    archive,
    functions,
    notebooks,
    parse_answers,
    read_submission,
    reader,
    source,
)
from grader.tests.fuzz import frames, inputs, outputs, texts

SLOWEST = 1.0
"""Seconds that one input may take; a busy machine included."""
MEMORY = 1 << 30
_T = TypeVar("_T")
TOY = Path(__file__).parents[1] / "toy_course"
LONGEST = 1024
CORPORA = Path(__file__).with_name("corpora")


def _frame(data: bytes) -> str:
    reply = frames.hear(data, frames.OPERATIONS[zlib.crc32(data) % len(frames.OPERATIONS)])
    return reply.reason if isinstance(reply, Killed) else type(reply).__name__


def _answers(text: str | bytes) -> str:
    try:
        parse_answers(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    except ValueError:
        return "refused"
    return "read"


def _answer_files(seed: int, count: int) -> Iterator[str]:
    """Make answers, and one in fifty of full length."""
    yield from texts.long_answer_files(seed, count // 50, 64 * 1024)
    yield from texts.answer_files(seed, count)


def _submission(seed: int) -> str:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        texts.tree(random.Random(seed), Path(folder), "pkg")
        try:
            read_submission(Path(folder), "pkg")
        except SubmissionError:
            return "refused"
    return "read"


def _course(seed: int) -> str:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = Path(folder, "course")
        texts.spoil_course(random.Random(seed), TOY, root)
        try:
            load_course(root)
        except CourseError:
            return "refused"
    return "loaded"


def _seeds(seed: int, count: int) -> Iterator[int]:
    yield from range(seed, seed + count)


@dataclass(frozen=True)
class Kind:
    """Something that reads what strangers write."""

    inputs: Callable[[int, int], Iterable[Any]]
    """Seed and count -> odd inputs."""
    read: Callable[[Any], str]
    """Read one, and say what it was taken for; nothing else may come out than errors of our own."""
    modules: tuple[ModuleType, ...] = ()
    """What atheris looks into; only where inputs are bytes."""


KINDS: dict[str, Kind] = {
    "frames": Kind(frames.mutants, _frame, (client, values, wire)),
    "answers": Kind(_answer_files, _answers, (answers, import_module("tomllib._parser"))),
    "notebooks": Kind(inputs.notebooks, inputs.read_a_notebook, (notebooks, source)),
    "archives": Kind(inputs.archives, inputs.read_an_archive, (archive, reader)),
    "tables": Kind(inputs.tables, inputs.read_a_table, (roster, listing, canvas)),
    "results": Kind(inputs.results, inputs.read_a_result, (serialise,)),
    "modules": Kind(inputs.modules, inputs.read_a_module, (code, functions)),
    "outputs": Kind(outputs.texts, outputs.look_at),
    "submissions": Kind(_seeds, _submission),
    "courses": Kind(_seeds, _course),
}


def corpus(name: str) -> list[bytes]:
    """Give the inputs that atheris kept, because each reached code that no other one did."""
    file = CORPORA / f"{name}.txt"
    return [b64decode(line) for line in file.read_text().splitlines()] if file.is_file() else []


def fuzz(name: str, seed: int, count: int) -> Counter[str]:
    """Read so many odd inputs, and what was kept; count what they were taken for."""
    kind = KINDS[name]
    return Counter(_timed(kind.read, given) for given in chain(corpus(name), kind.inputs(seed, count)))


def _timed(read: Callable[..., _T], *what: object) -> _T:
    started = time.process_time()
    try:
        return read(*what)
    finally:
        if time.process_time() - started > SLOWEST:
            raise TimeoutError(f"more than {SLOWEST} s for {str(what)[:2000]}")


PROGRAM = """#!{python}
import sys
sys.path.insert(0, {root!r})
from grader.tests.fuzz.__main__ import by_coverage
by_coverage({kind!r}, sys.argv)
"""
"""What atheris starts again, to see which inputs are worth being kept."""


def by_coverage(name: str, words: list[str]) -> None:
    """Fuzz until the time is over; ends the process."""
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

    kind = KINDS[name]
    for module in kind.modules:
        classes = [c for c in vars(module).values()
                   if isinstance(c, type) and c.__module__ == module.__name__]
        for place in (module, *classes):
            for function in [f for f in vars(place).values() if isinstance(f, FunctionType)]:
                if function.__module__ == module.__name__:
                    atheris.instrument_func(function)
    atheris.Setup(words, kind.read)
    atheris.Fuzz()


def guided(name: str, seconds: int) -> None:
    """Let atheris look for inputs that reach new code (pip install atheris; for Python 3.11); keep them."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        seeds, kept, program = Path(folder, "seeds"), Path(folder, "kept"), Path(folder, "program")
        seeds.mkdir()
        kept.mkdir()
        program.write_text(PROGRAM.format(python=sys.executable, root=str(TOY.parents[2]), kind=name))
        program.chmod(0o700)
        first = [x if isinstance(x, bytes) else x.encode() for x in islice(KINDS[name].inputs(0, 300), 300)]
        for number, data in enumerate([*corpus(name), *first]):
            (seeds / str(number)).write_bytes(data)
        words = [str(program), "-rss_limit_mb=1024", "-timeout=5", f"-max_len={LONGEST}"]
        subprocess.run([*words, f"-max_total_time={seconds}", str(seeds)], cwd=folder, check=True)
        subprocess.run([*words, "-merge=1", str(kept), str(seeds)], cwd=folder, check=True)
        lines = sorted(b64encode(file.read_bytes()).decode() for file in kept.iterdir())
    (CORPORA / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    print(f"{name}: {len(lines)} inputs kept in {CORPORA / name}.txt")


def main() -> int:
    """Fuzz, and print the figures; whatever is not an error of our own ends it with a traceback."""
    parser = argparse.ArgumentParser(prog="python -m grader.tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--guided", type=int, metavar="SECONDS", help="by coverage, with atheris")
    options = parser.parse_args()
    if options.guided:
        if not KINDS[options.kind].modules:
            parser.error(f"the inputs of {options.kind} are no bytes")
        guided(options.kind, options.guided)
        return 0
    started = time.monotonic()
    found = fuzz(options.kind, options.seed, options.count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"{options.kind}: {options.count:,} inputs, seed {options.seed}, {time.monotonic() - started:.0f} s, "
        f"{peak / 1e6:.0f} MB: {', '.join(f'{n:,} {name}' for name, n in found.most_common())}"
    )
    if peak > MEMORY:
        print(f"more than {MEMORY / 1e6:.0f} MB of memory")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
