"""The trusted side of one worker: ask, relay doors, and turn whatever comes back into a reply."""

from __future__ import annotations

import builtins
import re
import secrets
import signal
import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType
from typing import Any, Self, cast

from grader.errors import CourseError, GraderError
from grader.sandbox import values, wire
from grader.sandbox.answers import (
    CODE_LIMIT,
    FRAMES_LIMIT,
    MESSAGE_LIMIT,
    NAME_LIMIT,
    OPERANDS_LIMIT,
    PRINTED_LIMIT,
    REFUSED_LIMIT,
    Door,
    Exit,
    Frame,
    FunctionSeen,
    Inspection,
    Killed,
    KillReason,
    Operand,
    Raised,
    Reply,
    Unsupported,
    Value,
    Warned,
)
from grader.sandbox.channel import Channel, Expired, Gone, Limits
from grader.sandbox.modules import file_of
from grader.sandbox.scene import cut, source_lines

OWN_CPU_SECONDS = 10.0
OWN_WALL_SECONDS = 30.0
"""For what the worker does on our behalf: receiving texts, parsing them."""
DEATH_SECONDS = 2.0
GENERATORS_LIMIT = 64
NO_EXIT = Exit(None, None, 0.0, 0)

Answer = Callable[[Door, tuple[Any, ...], dict[str, Any]], Reply]

BUILTIN_EXCEPTIONS = frozenset(
    name for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
)
_FUNCTION = re.compile(r"[\w<>. ]{1,100}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OPERATION = re.compile(r"[a-z_0-9]{1,40}")
WARNINGS = ("overflow", "divide by zero", "invalid value")
CODE_LINES = 6
"""An operation of more lines than this is not shown."""
_PLAIN_FIX = "pass None, bool, int, float, str, list, tuple, dict, arrays, NumPy scalars or a PCG64 generator"


class Worker:
    """A confined process that holds one package."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._killed: Killed | None = None
        self._exit: Exit | None = None
        self._ran = False
        self._package = ""
        self._modules: Mapping[str, str] = {}
        self._texts: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}
        """By file, split when the first error comes from it."""
        self._doors: tuple[Door, ...] = ()
        self._answer: Answer | None = None
        self._wall_seconds = OWN_WALL_SECONDS
        self._cpu_total = OWN_CPU_SECONDS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Say whether the worker can still be asked."""
        return self._exit is None

    @property
    def cpu_seconds(self) -> float:
        """Give the CPU time of the process so far, in the kernel's words."""
        return self._exit.cpu_seconds if self._exit else self._channel.cpu_seconds()

    def load(self, package: str, modules: Mapping[str, str], *, owned: Collection[str] = ()) -> None:
        """Send a package's source texts, in place of any earlier ones. Nothing of them runs."""
        self._package, self._modules = package, dict(modules)
        self._texts = {file_of(package, name): text for name, text in modules.items()}
        self._lines = {}
        self._own_work("loaded", op="load", package=package, modules=self._modules, owned=sorted(owned))

    def inspect(self, module: str) -> Inspection | Killed:
        """Have a module's text parsed in the worker, which must not have run any student code yet."""
        if self._ran:
            raise GraderError("inspect() came after begin() in the same worker",
                              fix="inspect all modules first, or in a worker of their own")
        heard = self._own_work("inspection", op="inspect", module=module, text=self._modules.get(module, ""))
        if isinstance(heard, Raised):
            return Inspection({}, heard)
        return cast("Inspection | Killed", heard)

    def begin(
        self, module: str, *, doors: Collection[Door] = (), answer: Answer | None = None,
        cpu_seconds: float, wall_seconds: float,
    ) -> Reply:
        """Import a module in fresh namespaces, with these doors and a new CPU budget."""
        self._ran = True
        self._doors, self._answer, self._wall_seconds = tuple(doors), answer, wall_seconds
        if self._killed:
            return self._killed
        self._budget(cpu_seconds)
        own_limit = cpu_seconds if self._channel.limits_itself else None
        return self._reply({"op": "begin", "module": module, "doors": [list(d) for d in self._doors],
                            "cpu": own_limit}, ())

    def call(self, function: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reply:
        """Call a function of the module that was begun with plain data."""
        if self._killed:
            return self._killed
        encoder = values.Encoder(layout=True, limit=wire.REQUEST_LIMITS.payload)
        try:
            nodes = {"args": encoder.encode(args), "kwargs": encoder.encode(kwargs)}
            return self._reply({"op": "call", "function": function, **nodes}, encoder.buffers)
        except wire.NotPlain as error:
            raise CourseError(error.sentence(f"the arguments of {function}()"), fix=_PLAIN_FIX) from None

    def close(self) -> Exit:
        """Kill the worker if it lives, and tell how it ended."""
        return self._end()

    # ---- conversation
    def _budget(self, cpu_seconds: float) -> None:
        self._cpu_total = self._channel.cpu_seconds() + cpu_seconds
        self._channel.limit_cpu(self._cpu_total)

    def _own_work(self, expected: str, **fields: Any) -> Reply | Inspection | None:
        """Have the worker do something that runs no student code."""
        if self._killed:
            return self._killed
        self._doors, self._answer, self._wall_seconds = (), None, OWN_WALL_SECONDS
        self._budget(OWN_CPU_SECONDS)
        return self._converse(fields, (), expected)

    def _reply(self, fields: dict[str, Any], buffers: Any) -> Reply:
        return cast("Reply", self._converse(fields, buffers, "value"))

    def _converse(self, fields: dict[str, Any], buffers: Any, expected: str) -> Reply | Inspection | None:
        limits = Limits(time.monotonic() + self._wall_seconds, self._cpu_total)
        try:
            header, payload = self._exchange(fields, buffers, limits)
            while header.get("k") == "door":
                fields, buffers = self._relay(header, payload)
                header, payload = self._exchange(fields, buffers, limits)
            return self._parse(header, payload, expected)
        except Expired as expired:
            return self._kill(expired.reason, f"{expired.reason} time ran out")
        except wire.WireError as error:
            return self._odd(str(error))
        except Gone:
            return self._died()
        except BaseException:
            self._end()  # it is in the middle of a conversation that nobody will go on with
            raise

    def _exchange(
        self, fields: dict[str, Any], buffers: Any, limits: Limits
    ) -> tuple[dict[str, Any], memoryview]:
        number = secrets.token_hex(8)
        self._channel.send(wire.frame({"id": number, **fields}, buffers, wire.REQUEST_LIMITS), limits)
        text, payload = self._channel.receive(limits)
        header = wire.parse_header(text)
        if header.pop("id", None) != number:
            raise wire.WireError("an answer to another request")
        if self._channel.cpu_seconds() > limits.cpu:
            raise Expired("cpu")
        return header, payload

    def _relay(self, header: dict[str, Any], payload: memoryview) -> tuple[dict[str, Any], Any]:
        """Decode one question through a door, have it answered, and make the frame that goes back."""
        _, index, args, kwargs = wire.take(header, k=str, i=int, args=object, kwargs=object)
        decoder = values.Decoder(payload, layout=False, accept_generators=True)
        args, kwargs = decoder.decode(args), decoder.decode(kwargs)
        decoder.done()
        if self._answer is None or not 0 <= index < len(self._doors):
            raise wire.WireError("a question through a door that does not exist")
        if type(args) is not tuple or type(kwargs) is not dict:
            raise wire.WireError("a question that is not a call")
        return _frame_answer(self._answer(self._doors[index], args, kwargs))

    # ---- what came back
    def _parse(self, header: dict[str, Any], payload: memoryview, expected: str) -> Reply | Inspection | None:
        kind = header.get("k")
        if kind == "raised":
            return self._raised(header, payload)
        if kind == "unsupported" and expected == "value":
            _, name, detail, size = wire.take(header, k=str, t=str, d=str, p=int)
            return Unsupported(_text(name, NAME_LIMIT), _text(detail, MESSAGE_LIMIT), _printed(payload, size))
        if kind != expected:
            raise wire.WireError("an answer of another kind")
        if kind == "value":
            return self._value(header, payload)
        return _inspection(header) if kind == "inspection" else None

    def _raised(self, header: dict[str, Any], payload: memoryview) -> Raised:
        _, name, bases, message, frames, places, operands, near, size = wire.take(
            header, k=str, t=str, b=list, m=str, f=list, o=list, n=list, s=str, p=int)
        if not name.isidentifier() or len(name) > NAME_LIMIT:
            raise wire.WireError("an exception without a proper name")
        if not all(type(base) is str and base in BUILTIN_EXCEPTIONS for base in bases):
            raise wire.WireError("an exception with unknown bases")
        if len(frames) > FRAMES_LIMIT or len(bases) > FRAMES_LIMIT:
            raise wire.WireError("an exception with too many parts")
        lines = tuple(self._frame(frame) for frame in frames)
        operation = self._operation(lines, places)
        return Raised(name, tuple(bases), _text(message, MESSAGE_LIMIT), lines, _printed(payload, size),
                      operation, _operands(operands, operation), _near(near))

    def _value(self, header: dict[str, Any], payload: memoryview) -> Value:
        _, node, states, warned, size = wire.take(header, k=str, v=object, g=list, w=list, p=int)
        if len(states) > GENERATORS_LIMIT:
            raise wire.WireError("too many random states")
        decoder = values.Decoder(payload, layout=False)
        value = decoder.decode(node)
        generators = tuple(values.generator_state(values.rebuild_generator(state)) for state in states)
        return Value(value, _printed(payload, size, decoder), generators, self._warned(warned))

    def _warned(self, parts: list[Any]) -> Warned | None:
        if not parts:
            return None
        what, operation, *frame = parts if len(parts) == 5 else (None, None)  # noqa: PLR2004 - with a frame
        if what not in WARNINGS or type(operation) is not str or not _OPERATION.fullmatch(operation):
            raise wire.WireError("a warning of the wrong form")
        return Warned(what, operation, self._frame(frame))

    def _operation(self, frames: tuple[Frame, ...], places: list[Any]) -> str:
        """Cut out of the innermost line's file what was being computed."""
        if not places:
            return ""
        if not frames or len(places) != 4 or not all(type(n) is int for n in places):  # noqa: PLR2004
            raise wire.WireError("an operation of the wrong form")
        first, last, start, end = places
        file = frames[-1].file
        if not 1 <= first <= last <= len(self._source(file)) or min(start, end) < 0:
            raise wire.WireError("an operation outside of the module")
        return cut(self._texts[file], places) if last - first < CODE_LINES else ""

    def _source(self, file: str) -> list[str]:
        if file not in self._lines:
            self._lines[file] = source_lines(self._texts[file]) if file in self._texts else []
        return self._lines[file]

    def _frame(self, frame: Any) -> Frame:
        if type(frame) is not list or [type(part) for part in frame] != [str, int, str]:
            raise wire.WireError("a traceback line of the wrong form")
        file, line, function = frame
        # The number of a line that is not there could carry an input out.
        lines = self._source(file)
        if file not in self._texts or not 0 <= line <= len(lines) + 1 or not _FUNCTION.fullmatch(function):
            raise wire.WireError("a traceback line of no module of the package")
        code = lines[line - 1].strip()[:CODE_LIMIT] if 1 <= line <= len(lines) else ""
        return Frame(file, line, function, code)

    # ---- the end
    def _kill(self, reason: KillReason, detail: str) -> Killed:
        self._end()
        self._killed = Killed(reason, None, detail)
        return self._killed

    def _odd(self, detail: str) -> Killed:
        return self._kill("protocol", f"the worker sent {detail}")

    def _died(self) -> Killed:
        """Tell from the exit status why the worker died."""
        ended = self._end(DEATH_SECONDS)
        if ended.signal is not None and ended.signal == getattr(signal, "SIGXCPU", None):
            self._killed = Killed("cpu", ended.signal, "cpu time ran out")
        elif ended.signal is not None:
            name = _signal_name(ended.signal)
            self._killed = Killed("crash", ended.signal, f"the process was ended by {name}")
        else:
            self._killed = Killed("crash", None, f"the process ended by itself, with exit code {ended.code}")
        return self._killed

    def _end(self, patience: float = 0.0) -> Exit:
        if self._exit is None:
            self._exit = NO_EXIT  # should the zygote be gone, there is nothing more to learn
            self._exit = self._channel.end(patience)
            self._killed = Killed("crash", None, "the worker was closed")
        return self._exit


def _frame_answer(reply: Reply) -> tuple[dict[str, Any], Any]:
    """Put a reply into the form in which a door gets it."""
    if isinstance(reply, Value):
        encoder = values.Encoder(layout=True)
        return {"v": encoder.encode(reply.value), "g": list(reply.generators)}, encoder.buffers
    if isinstance(reply, Raised):
        return {"error": [reply.type, *reply.bases], "message": reply.message}, ()
    return {"error": ["RuntimeError"], "message": reply.detail}, ()


def _operands(parts: list[Any], operation: str) -> tuple[Operand, ...]:
    """Read what the names in the operation held; other names have no business here."""
    if len(parts) > OPERANDS_LIMIT or (parts and not operation):
        raise wire.WireError("operands without an operation, or too many")
    return tuple(_operand(part, operation) for part in parts)


def _operand(part: Any, operation: str) -> Operand:
    if type(part) is not list or [type(p) for p in part[:2]] != [str, str] or len(part) != 3:  # noqa: PLR2004
        raise wire.WireError("an operand of the wrong form")
    name, kind, sides = part
    if not (name.isidentifier() and kind.isidentifier() and len(kind) <= NAME_LIMIT and name in operation):
        raise wire.WireError("an operand without proper names")
    return Operand(name, kind, None if sides is None else values.shape_of(sides))


def _near(name: str) -> str:
    if name and not (name.isidentifier() and len(name) <= NAME_LIMIT):
        raise wire.WireError("a near name that is none")
    return name


def _printed(payload: memoryview, size: int, decoder: values.Decoder | None = None) -> str:
    """Take the printed text, which is the last part of every payload."""
    if not 0 <= size <= PRINTED_LIMIT:
        raise wire.WireError("too much printed text")
    decoder = decoder or values.Decoder(payload, layout=False)
    text = bytes(decoder.raw(size)).decode("utf-8", "replace")
    decoder.done()
    return text


def _text(text: str, limit: int) -> str:
    if len(text) > limit:
        raise wire.WireError("a text that is too long")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _inspection(header: dict[str, Any]) -> Inspection:
    _, functions, refused = wire.take(header, k=str, functions=dict, refused=list)
    if len(refused) > REFUSED_LIMIT:
        raise wire.WireError("too many imports")
    return Inspection({_text(name, NAME_LIMIT): _seen(entry) for name, entry in functions.items()}, None,
                      tuple(_refused(entry) for entry in refused))


def _refused(entry: Any) -> tuple[int, str]:
    if type(entry) is not list or [type(part) for part in entry] != [int, str]:
        raise wire.WireError("an import of the wrong form")
    line, name = entry
    if not 0 < line < 1 << 31 or not all(part.isidentifier() for part in name.split(".")):
        raise wire.WireError("an import without a line or a name")
    return line, _text(name, NAME_LIMIT)


def _seen(entry: Any) -> FunctionSeen:
    if type(entry) is not list or len(entry) != 2:  # noqa: PLR2004 - line and digest
        raise wire.WireError("a function of the wrong form")
    line, body = entry
    if type(line) is not int or not 0 <= line < 1 << 31:
        raise wire.WireError("a function without a line")
    if body is not None and not (type(body) is str and _DIGEST.fullmatch(body)):
        raise wire.WireError("a function with an odd digest")
    return FunctionSeen(line, body)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
