"""What runs inside a worker: read a request, run student code, send what came of it.

Nothing here is trusted by the other end. It is correct for honest students and has nothing to hide.
"""

from __future__ import annotations

import builtins
import importlib
import io
import os
import random
import sys
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from types import ModuleType, TracebackType
from typing import Any, TextIO, cast

import numpy as np

from grader.sandbox import values, wire
from grader.sandbox.answers import FRAMES_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, PRINTED_LIMIT
from grader.sandbox.modules import Package, file_of
from grader.sandbox.scene import scene
from grader.sandbox.trees import functions_seen, refused_imports
from grader.sandbox.warned import Watch

_CUT = "\n[cut here: more than 64 KiB were printed]\n"


class Pipes:
    """Frames over two descriptors, blocking."""

    def __init__(self, request: int, reply: int) -> None:
        self._request = request
        self._reply = reply

    def receive(self) -> tuple[dict[str, Any], memoryview]:
        """Read one frame; end the process when the other end is gone."""
        header, payload = wire.lengths(self._exactly(wire.HEAD.size), wire.REQUEST_LIMITS)
        fields = wire.parse_header(self._exactly(header))
        return fields, self._exactly(payload)

    def _exactly(self, size: int) -> memoryview:
        view = wire.blank(size)
        done = 0
        while done < size:
            count = _read_into(self._request, view[done:])
            if not count:
                os._exit(0)
            done += count
        return view

    def send(self, header: dict[str, Any], buffers: Sequence[wire.Buffer] = ()) -> None:
        """Write one frame; raise `NotPlain` before anything is written if it is too big."""
        for piece in wire.frame(header, buffers, wire.REPLY_LIMITS):
            view = memoryview(piece)
            while view:
                view = view[os.write(self._reply, view):]


def _read_into(fd: int, view: memoryview) -> int:
    if hasattr(os, "readv"):
        return os.readv(fd, [view])
    data = os.read(fd, len(view))
    view[:len(data)] = data
    return len(data)


class Printed(io.TextIOBase):
    """Keep the first 64 KiB of what is printed, and know whether there was more."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._cut = False

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        room = PRINTED_LIMIT - len(_CUT) - len(self._kept)
        data = text[:room + 1].encode("utf-8", "backslashreplace")
        self._kept += data[:room]
        self._cut = self._cut or len(data) > room
        return len(text)

    def take(self) -> bytes:
        """Give what was printed since the last time."""
        taken = bytes(self._kept) + (_CUT.encode() if self._cut else b"")
        self._kept, self._cut = bytearray(), False
        return taken


class Server:
    """One worker's loop and what it knows."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        self._id = ""
        self._package = Package("", {}, ())
        self._module: ModuleType | None = None
        self._file = ""
        self._printed = Printed()
        self._operations: dict[str, Callable[[dict[str, Any], memoryview], None]] = {
            "load": self._load, "inspect": self._inspect, "begin": self._begin, "call": self._call,
        }

    def serve_one(self) -> None:
        """Answer one request."""
        header, payload = self._pipes.receive()
        self._id = header["id"]
        self._operations[header["op"]](header, payload)

    def _send(self, kind: str, *buffers: wire.Buffer, **fields: Any) -> None:
        self._pipes.send({"id": self._id, "k": kind, **fields}, buffers)

    def _load(self, header: dict[str, Any], payload: memoryview) -> None:
        self._package.forget()
        self._package = Package(header["package"], header["modules"], header["owned"])
        self._send("loaded")

    def _inspect(self, header: dict[str, Any], payload: memoryview) -> None:
        file = file_of(self._package.name, header["module"])
        try:
            seen = functions_seen(header["text"], file)
            refused = refused_imports(header["text"], file, self._package.name)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self._send_raised(error, {file: header["text"]})
        else:
            self._send("inspection", functions={name: [f.line, f.body] for name, f in seen.items()},
                       refused=refused)

    def _begin(self, header: dict[str, Any], payload: memoryview) -> None:
        if header["cpu"] is not None:
            _limit_own_cpu(header["cpu"])
        _reset_process()
        doors: dict[str, dict[str, Callable[..., Any]]] = {}
        for index, (module, function) in enumerate(header["doors"]):
            doors.setdefault(module, {})[function] = self._door(index, module, function)
        self._file = file_of(self._package.name, header["module"])
        self._module = None
        self._run(self._import, (header["module"], doors), {})

    def _import(self, module: str, doors: dict[str, dict[str, Callable[..., Any]]]) -> None:
        self._module = self._package.begin(module, doors)

    def _call(self, header: dict[str, Any], payload: memoryview) -> None:
        decoder = values.Decoder(payload, layout=True, accept_generators=True)
        args, kwargs = decoder.decode(header["args"]), decoder.decode(header["kwargs"])
        function = vars(self._module).get(header["function"]) if self._module else None
        if function is None:
            missing = AttributeError(f"{self._file} has no function {header['function']}()")
            self._send_raised(missing, {})
        else:
            self._run(function, args, kwargs, decoder.generators)

    def _run(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
        generators: Sequence[np.random.Generator] = (),
    ) -> None:
        """Run student code, and send its value, its exception, or why its value cannot travel."""
        sys.stdout = sys.stderr = cast(TextIO, self._printed)
        watch = Watch(self._package.files)
        try:
            with watch:
                value = function(*args, **kwargs)
            self._send_value(value, generators, watch.first)
        except BaseException as error:  # whatever student code raises is its answer
            self._send_raised(error, self._package.files)

    def _send_value(
        self, value: Any, generators: Sequence[np.random.Generator], warned: list[Any]
    ) -> None:
        encoder = values.Encoder(layout=False, accept_generators=False)
        printed = self._printed.take()
        try:
            node = encoder.encode(value)
            states = [values.generator_state(generator) for generator in generators]
            self._send("value", *encoder.buffers, printed, v=node, g=states, w=warned, p=len(printed))
        except wire.NotPlain as error:
            self._send("unsupported", printed, t=error.kind, d=error.sentence("the answer"), p=len(printed))

    def _send_raised(self, error: BaseException, files: Mapping[str, str]) -> None:
        printed = self._printed.take()
        self._send("raised", printed, **told(error, files), p=len(printed))

    def _door(self, index: int, module: str, name: str) -> Callable[..., Any]:
        """Make a function that lets the other end answer."""

        def door(*args: Any, **kwargs: Any) -> Any:
            return self._ask(index, name, args, kwargs)

        door.__name__ = door.__qualname__ = name
        door.__module__ = f"{self._package.name}.{module}"
        return door

    def _ask(self, index: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        encoder = values.Encoder(layout=False)
        try:
            nodes = {"args": encoder.encode(args), "kwargs": encoder.encode(kwargs)}
            self._send("door", *encoder.buffers, i=index, **nodes)
        except wire.NotPlain as error:
            raise TypeError(error.sentence(f"{name}() cannot work with this: an argument")) from None
        header, payload = self._pipes.receive()
        self._id = header["id"]
        if "error" in header:
            raise _exception(header["error"], header["message"])
        decoder = values.Decoder(payload, layout=True)
        for generator, state in zip(encoder.generators, header["g"], strict=False):
            values.set_state(generator, state)
        return decoder.decode(header["v"])


def _exception(names: Sequence[str], message: str) -> Exception:
    """Make the exception that a door answered with, as the nearest class that is known here."""
    known = {"LinAlgError": np.linalg.LinAlgError, "AxisError": np.exceptions.AxisError}
    for name in names:
        kind = known.get(name) or getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            try:
                return kind(message)
            except TypeError:  # some classes need more than a message
                continue
    return RuntimeError(message)


def told(error: BaseException, files: Mapping[str, str]) -> dict[str, Any]:
    """Describe an exception in plain text: its class, message, lines in the package, and its scene."""
    mro = type(error).__mro__
    bases = [c.__name__ for c in mro if c.__module__ == "builtins" and c is not object]
    frames = _frames(error.__traceback__, files)
    if isinstance(error, SyntaxError) and error.filename in files:
        frames.append([error.filename, error.lineno or 1, "<module>"])
    name = type(error).__name__[:NAME_LIMIT]
    return {"t": name, "b": bases, "m": _message(error), "f": frames[-FRAMES_LIMIT:],
            **scene(error, files)}


def _message(error: BaseException) -> str:
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:  # a class of the student's own may do anything here
        return "(its message could not be read)"
    return text[:MESSAGE_LIMIT].encode("utf-8", "backslashreplace")[:MESSAGE_LIMIT].decode("utf-8", "ignore")


def _frames(trace: TracebackType | None, files: Collection[str]) -> list[list[Any]]:
    kept: deque[list[Any]] = deque(maxlen=FRAMES_LIMIT)
    for frame, line in traceback.walk_tb(trace):
        if frame.f_code.co_filename in files:
            kept.append([frame.f_code.co_filename, line, frame.f_code.co_name[:NAME_LIMIT]])
    return list(kept)


def _reset_process() -> None:
    """Undo what an earlier exercise may have changed for the whole process."""
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    warnings.simplefilter("default", RuntimeWarning)  # for `Watch`; nothing is ever printed
    np.seterr(all="warn")
    np.random.seed(0)
    random.seed(0)
    sys.setrecursionlimit(1000)


def _limit_own_cpu(budget: float) -> None:
    """Set this process's own CPU limit: at level `process` nobody outside can."""
    try:
        resource = importlib.import_module("resource")
    except ImportError:
        return
    soft = int(time.process_time() + budget) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    limited = hard != resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard) if limited else soft, hard))


def serve(pipes: Pipes, layers: Sequence[str]) -> None:
    """Say which layers are on, then answer requests until the other end is gone."""
    sys.stdin = io.StringIO("")
    server = Server(pipes)
    pipes.send({"id": "", "k": "ready", "layers": list(layers)})
    while True:
        server.serve_one()
