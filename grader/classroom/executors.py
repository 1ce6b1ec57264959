"""Where submissions are graded: local processes, or a Dask cluster. Both are `concurrent.futures`."""

from __future__ import annotations

import contextlib
import multiprocessing
import secrets
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

from grader.classroom.work import GOING_DOWN_SECONDS, Minimum, awake, begin, prepare, take_away
from grader.course import Course
from grader.errors import UsageError
from grader.sandbox import pooled

Answer = TypeVar("Answer")
CONNECT_SECONDS = 20
EARLY = 8
"""So many processes start before it is known how much there is to do; others when they are needed."""


class Pool(Protocol):
    """An executor that can be had anew after it broke."""

    width: int
    """How many submissions it grades at once."""

    def prepare(self, course: Course) -> None:
        """Have graders made ready for a course, where nobody there has read it yet; returns at once."""

    def prove(self) -> None:
        """Fail now, and once, where no submission could be graded at all: raises IsolationError."""

    def submit(self, work: Callable[..., Answer], *values: Any) -> Future[Answer]:
        """Have something done elsewhere."""

    def renew(self) -> None:
        """Start anew, after a process of it died."""


@dataclass
class LocalPool:
    """Processes of this machine, started afresh (never forked: they must not inherit what we know)."""

    width: int
    folder: str
    """Where they put their temporary files; the first of them makes it."""
    minimum: Minimum = "kernel"
    without: tuple[str, ...] = ()
    _executor: Executor | None = None
    _proofs: tuple[Future[str], ...] = ()

    @property
    def _early(self) -> int:
        return min(self.width, EARLY)

    def start(self) -> None:
        """Start processes now: each piece of work starts one, as long as none is idle."""
        for _ in range(self._early):
            self.submit(awake)

    def prepare(self, course: Course) -> None:
        """Send the course: whichever process takes it need not read it."""
        self._proofs = tuple(self.submit(prepare, course, self.minimum, self.without)
                             for _ in range(self._early))

    def prove(self) -> None:
        """Wait until one of them has proved its box."""
        for proof in self._proofs[:1]:
            proof.result()

    def submit(self, work: Callable[..., Answer], *values: Any) -> Future[Answer]:
        """Have something done in another process."""
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                self.width, mp_context=context, initializer=begin,
                initargs=(self.folder, self.minimum, self.without, pooled.places(self.width, context)))
        with pooled.starting():
            return self._executor.submit(work, *values)

    def renew(self) -> None:
        """Leave a broken set of processes behind."""
        self.close()

    def close(self) -> None:
        """Wait for the processes to end."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def end(self) -> None:
        """End the processes at once, with whatever they are doing."""
        ending = multiprocessing.active_children()
        for process in ending:
            process.terminate()
        for process in ending:
            process.join(GOING_DOWN_SECONDS)
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None


@contextmanager
def local_pool(jobs: int, minimum: Minimum = "kernel", without: tuple[str, ...] = ()) -> Iterator[Pool]:
    """Give processes of this machine; a Ctrl-C ends them at once."""
    folder = str(Path(tempfile.gettempdir(), f"grader-class-{secrets.token_hex(8)}"))
    pool = LocalPool(jobs, folder, minimum, without)
    try:
        pool.start()
        yield pool
        pool.close()
    except BaseException:
        pool.end()
        raise
    finally:
        take_away(folder)


@dataclass
class ClusterPool:
    """The workers of a Dask cluster; Dask itself does again what a dead worker left undone."""

    executor: Any
    width: int

    def prepare(self, course: Course) -> None:
        """Nothing: a worker reads its own copy, and finds out whether it is the same."""

    def prove(self) -> None:
        """Nothing: each worker proves its own box."""

    def submit(self, work: Callable[..., Answer], *values: Any) -> Future[Answer]:
        """Have something done by the cluster."""
        future: Future[Answer] = self.executor.submit(work, *values)
        return future

    def renew(self) -> None:
        """Nothing: the scheduler finds other workers."""


@contextmanager
def cluster_pool(address: str) -> Iterator[Pool]:
    """Connect to a Dask scheduler, such as `tcp://127.0.0.1:8786`.

    Its workers must see the course under the same path. Raises UsageError where there is no Dask, or no
    scheduler that answers.
    """
    try:
        client_of = import_module("distributed").Client
    except ImportError:
        fix = 'install it with: python -m pip install "transformer-classroom[cluster]"'
        raise UsageError("--executor needs Dask, which is not installed here.", fix=fix) from None
    try:
        client = client_of(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        fix = "start one with `dask scheduler`, and workers with `dask worker ADDRESS`."
        raise UsageError(f"no Dask scheduler answers ({error}).", where=address, fix=fix) from error
    with client, contextlib.closing(_Shutting(client)) as executor:
        width = sum(client.nthreads().values())
        if not width:
            raise UsageError("this Dask scheduler has no workers.", where=address,
                             fix=f"start some with: dask worker {address} --nthreads 1")
        yield ClusterPool(executor.executor, width)


class _Shutting:
    """A client's executor that forgets what it has not done when it is closed."""

    def __init__(self, client: Any) -> None:
        self.executor = client.get_executor(pure=False, retries=0)

    def close(self) -> None:
        self.executor.shutdown(wait=False)
