"""Plain data on the wire: None, bool, int, float, str, list, tuple, dict, ndarray, NumPy scalars.

Encoding goes by exact type, so that nothing that merely behaves like plain data gets through. Decoding
believes nothing: every size is checked before it is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.sandbox.wire import ALIGNMENT, MAX_DIGITS, SMALL, Buffer, NotPlain, WireError

MAX_DEPTH = 32
MAX_NODES = 50_000
MAX_DIMENSIONS = 64
MAX_SIDE = 1 << 40

DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(name) for name in (
        "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
        "float16", "float32", "float64", "complex64", "complex128",
    )
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
SCALARS = frozenset(
    getattr(np, name) for name in (
        "bool_", "byte", "short", "intc", "int_", "long", "longlong", "ubyte", "ushort", "uintc",
        "uint", "ulong", "ulonglong", "half", "single", "double", "csingle", "cdouble",
    )
)
GeneratorState = list[Any]
BIT_GENERATORS = {name: getattr(np.random, name) for name in ("PCG64", "PCG64DXSM")}
"""Only kinds whose state is a few integers: a wrong position in an MT19937 would read beyond its memory."""
VALUE_LIMIT = 64 * 1024 * 1024
TEXT_LIMIT = 200 * 1024


@dataclass
class Encoder:
    """Turn plain data into nodes and buffers.

    `layout` sends strides and the read-only flag too (requests); without it arrays travel in C order.
    """

    layout: bool
    limit: int = VALUE_LIMIT
    buffers: list[Buffer] = field(default_factory=list)
    generators: list[np.random.Generator] = field(default_factory=list)
    accept_generators: bool = True
    _nodes: int = 0
    _bytes: int = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Give the JSON node of a value, by its exact type; raise `NotPlain` for anything else."""
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise NotPlain("too big", f"too big: more than {MAX_NODES:,} parts")
        if depth > MAX_DEPTH:
            raise NotPlain("too deep", f"nested more than {MAX_DEPTH} levels deep, or contains itself")
        encode = _ENCODERS.get(type(value))
        if encode is None:
            raise NotPlain(type(value).__name__[:100], describe(value))
        return encode(self, value, depth)

    def _text(self, value: str, depth: int) -> str:
        if len(value) > TEXT_LIMIT:
            raise NotPlain("str", f"a text of {len(value):,} characters, which is too long")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise NotPlain("str", "a text with half of a surrogate pair in it") from None
        return value

    def _int(self, value: int, depth: int) -> int:
        if not -(10**MAX_DIGITS) < value < 10**MAX_DIGITS:
            raise NotPlain("int", f"an integer of more than {MAX_DIGITS} digits")
        return value

    def _float(self, value: float, depth: int) -> Any:
        return value if math.isfinite(value) else {"F": repr(value)}

    def _same(self, value: Any, depth: int) -> Any:
        return value

    def _sequence(self, value: Sequence[Any], depth: int) -> list[Any]:
        nodes = []
        for index, part in enumerate(value):
            try:
                nodes.append(self.encode(part, depth + 1))
            except NotPlain as error:
                error.where = f"[{index}]{error.where}"
                raise
        return nodes

    def _list(self, value: list[Any], depth: int) -> list[Any]:
        return self._sequence(value, depth)

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        return {"T": self._sequence(value, depth)}

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        items = []
        for key, part in value.items():
            if type(key) is not str:
                raise NotPlain("dict", f"a dict with a key of type {type(key).__name__[:60]}, not text")
            try:
                items.append([self._text(key, depth), self.encode(part, depth + 1)])
            except NotPlain as error:
                error.where = f"[{key[:40]!r}]{error.where}"
                raise
        return {"D": items}

    def _scalar(self, value: Any, depth: int) -> Any:
        return {"S": [value.dtype.name, value.tobytes().hex()]}

    def _array(self, value: np.ndarray[Any, Any], depth: int) -> Any:
        name = _NAMES.get(value.dtype)
        if name is None:
            raise NotPlain("ndarray", f"an array of dtype {str(value.dtype)[:60]}, which is not supported")
        size = self._room(value.nbytes)
        plain = value.flags.c_contiguous and value.flags.writeable
        if not self.layout or plain or size == 0:
            self._add(np.ascontiguousarray(value), size)
            return {"A": [name, list(value.shape)]}
        base, strides, offset = _same_layout(value)
        self._add(base, base.nbytes)
        return {"A": [name, list(value.shape), list(strides), offset, not value.flags.writeable]}

    def _room(self, size: int) -> int:
        self._bytes += size
        if self._bytes > self.limit:
            raise NotPlain("too big", f"too big: its arrays take more than {self.limit:,} bytes")
        return size

    def _add(self, array: np.ndarray[Any, Any], size: int) -> None:
        if size <= SMALL:
            self.buffers.append(array.tobytes())
        else:
            self.buffers.append(array.reshape(-1).view(np.uint8).data)

    def _generator(self, value: np.random.Generator, depth: int) -> Any:
        kind = type(value.bit_generator)
        if not self.accept_generators or BIT_GENERATORS.get(kind.__name__) is not kind:
            raise NotPlain("Generator", "a random generator; return what you draw from it")
        self.generators.append(value)
        return {"G": generator_state(value)}


_ENCODERS: dict[type, Callable[[Encoder, Any, int], Any]] = {
    type(None): Encoder._same, bool: Encoder._same, int: Encoder._int, float: Encoder._float,
    str: Encoder._text, list: Encoder._list, tuple: Encoder._tuple, dict: Encoder._dict,
    np.ndarray: Encoder._array, np.random.Generator: Encoder._generator,
    **dict.fromkeys(SCALARS, Encoder._scalar),
}


def _same_layout(value: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], tuple[int, ...], int]:
    """Copy an array into the smallest base with the same strides.

    What lies between its elements is zero: it may be something that is not meant to be sent.
    """
    item = value.itemsize
    steps = [(side - 1) * stride for side, stride in zip(value.shape, value.strides, strict=True)]
    offset = -sum(s for s in steps if s < 0)
    span = offset + sum(s for s in steps if s > 0) + item
    if any(stride % item for stride in value.strides) or span > 8 * value.nbytes + SMALL:
        base = np.ascontiguousarray(value)
        return base, base.strides, 0
    base = np.zeros(span // item, dtype=value.dtype)
    np.ndarray(value.shape, value.dtype, base, offset, value.strides)[...] = value
    return base, value.strides, offset


def generator_state(generator: np.random.Generator) -> GeneratorState:
    """Give a generator's state as plain data: its kind, state, increment, and a kept half of a draw."""
    state: Any = generator.bit_generator.state
    inner = state["state"]
    return [state["bit_generator"], inner["state"], inner["inc"], state["has_uint32"], state["uinteger"]]


_ARTICLES = {
    "MaskedArray": "a masked array; return a plain array, for example with .filled(0)",
    "matrix": "a numpy.matrix; return a plain array",
    "generator": "a generator: nothing was computed yet. Make a list or an array of it",
    "map": "a map object: nothing was computed yet. Make a list or an array of it",
    "zip": "a zip object: nothing was computed yet. Make a list or an array of it",
    "range": "a range; make a list or an array of it",
    "set": "a set, which has no order; return a list, a tuple or an array",
    "ellipsis": "the three dots ...: the function is not finished",
    "NotImplementedType": "NotImplemented: the function is not finished",
    "function": "a function; call it and return its answer",
    "Generator": "a random generator; return what you draw from it",
}


def describe(value: object) -> str:
    """Say what kind of thing cannot travel."""
    name = type(value).__name__
    for plain in (np.ndarray, dict, list, tuple, str, int, float):
        if isinstance(value, plain) and name not in _ARTICLES:
            return f"of type {name[:100]}, a kind of {plain.__name__}; return a plain {plain.__name__}"
    return _ARTICLES.get(name, f"of type {name[:100]}; return arrays, numbers, text, lists or dicts")


@dataclass
class Decoder:
    """Rebuild plain data from nodes and one payload; every size is checked before it is used."""

    payload: memoryview
    layout: bool
    accept_generators: bool = False
    generators: list[np.random.Generator] = field(default_factory=list)
    _position: int = 0
    _nodes: int = 0

    def decode(self, node: Any, depth: int = 0) -> Any:
        """Rebuild one node as an exact builtin, ndarray or NumPy scalar."""
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise WireError("too many parts, or too deep")
        kind = type(node)
        if kind is dict:
            return self._tagged(node, depth)
        if kind is list:
            return [self.decode(part, depth + 1) for part in node]
        if kind is str:
            return _clean_text(node)
        if kind is float and not math.isfinite(node):
            raise WireError("a number that is not finite")
        return node

    def _tagged(self, node: dict[str, Any], depth: int) -> Any:
        if len(node) != 1:
            raise WireError("a node with more than one tag")
        tag, body = next(iter(node.items()))
        decode = _DECODERS.get(tag)
        if decode is None:
            raise WireError("a node with an unknown tag")
        return decode(self, body, depth)

    def _tuple(self, body: Any, depth: int) -> tuple[Any, ...]:
        return tuple(self.decode(part, depth + 1) for part in _a_list(body))

    def _dict(self, body: Any, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for item in _a_list(body):
            key, node = _a_list(item, 2)
            if type(key) is not str or key in result:
                raise WireError("a key that is not text, or twice")
            result[_clean_text(key)] = self.decode(node, depth + 1)
        return result

    def _float(self, body: Any, depth: int) -> float:
        if body not in ("nan", "inf", "-inf"):
            raise WireError("an unknown float")
        return float(body)

    def _scalar(self, body: Any, depth: int) -> Any:
        name, digits = _a_list(body, 2)
        dtype = _dtype(name)
        if type(digits) is not str or len(digits) != 2 * dtype.itemsize:
            raise WireError("a scalar of the wrong size")
        try:
            raw = bytes.fromhex(digits)
        except ValueError:
            raise WireError("a scalar that is not hexadecimal") from None
        if len(raw) != dtype.itemsize:
            raise WireError("a scalar of the wrong size")
        if dtype == np.bool_:
            return np.bool_(raw != b"\0")
        return np.frombuffer(raw, dtype)[0]

    def _array(self, body: Any, depth: int) -> np.ndarray[Any, Any]:
        parts = _a_list(body)
        if len(parts) == 2:  # noqa: PLR2004 - dtype and shape
            return self._c_order(_dtype(parts[0]), shape_of(parts[1]))
        if not self.layout or len(parts) != 5:  # noqa: PLR2004 - strides, offset, read-only as well
            raise WireError("an array with the wrong number of parts")
        return self._laid_out(*parts)

    def _c_order(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        raw = self.raw(math.prod(shape) * dtype.itemsize)
        try:
            if dtype == np.bool_:
                truth = np.empty(shape, dtype=np.bool_)
                np.not_equal(np.ndarray(shape, np.uint8, raw), 0, out=truth)
                return truth
            return np.ndarray(shape, dtype, raw)
        except (ValueError, OverflowError) as error:
            raise WireError(f"an impossible array ({error})") from None

    def _laid_out(
        self, name: Any, shape: Any, strides: Any, offset: int, readonly: bool
    ) -> np.ndarray[Any, Any]:
        """Rebuild a request's array as it lay in memory; only workers do this, and trust the grader."""
        dtype = _dtype(name)
        steps = [(side - 1) * stride for side, stride in zip(shape, strides, strict=True)]
        raw = self.raw(offset + sum(s for s in steps if s > 0) + dtype.itemsize)
        base = bytes(raw) if readonly else raw  # bytes, so that the flag cannot be set back
        return np.ndarray(tuple(shape), dtype, base, offset, tuple(strides))

    def _generator(self, body: Any, depth: int) -> np.random.Generator:
        if not self.accept_generators:
            raise WireError("a random generator")
        generator = rebuild_generator(body)
        self.generators.append(generator)
        return generator

    def raw(self, size: int) -> memoryview:
        """Take the next bytes of the payload."""
        start = self._position + -self._position % ALIGNMENT
        if start + size > len(self.payload):
            raise WireError("fewer bytes than the header promises")
        self._position = start + size
        return self.payload[start:self._position]

    def done(self) -> None:
        """Refuse bytes that nothing in the header asked for."""
        if self._position != len(self.payload):
            raise WireError("more bytes than the header promises")


_DECODERS: dict[str, Callable[[Decoder, Any, int], Any]] = {
    "T": Decoder._tuple, "D": Decoder._dict, "F": Decoder._float, "S": Decoder._scalar,
    "A": Decoder._array, "G": Decoder._generator,
}


def _a_list(body: Any, length: int | None = None) -> list[Any]:
    if type(body) is not list or (length is not None and len(body) != length):
        raise WireError("a node of the wrong form")
    return body


def _clean_text(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise WireError("a text with half of a surrogate pair") from None
    return text


def _dtype(name: Any) -> np.dtype[Any]:
    dtype = DTYPES.get(name) if type(name) is str else None
    if dtype is None:
        raise WireError("an unknown dtype")
    return dtype


def shape_of(sides: Any) -> tuple[int, ...]:
    """Read a shape that came over the wire; raises `WireError`."""
    shape = tuple(_a_list(sides))
    if len(shape) > MAX_DIMENSIONS or any(type(s) is not int or not 0 <= s <= MAX_SIDE for s in shape):
        raise WireError("an impossible shape")
    return shape


def rebuild_generator(body: Any) -> np.random.Generator:
    """Make a random generator from its state: four integers whose ranges are checked here."""
    kind = body[0] if type(body) is list and body else None
    if type(kind) is not str or kind not in BIT_GENERATORS:
        raise WireError("an unknown bit generator")
    generator = np.random.Generator(BIT_GENERATORS[kind](0))
    set_state(generator, body)
    return generator


def set_state(generator: np.random.Generator, body: Any) -> None:
    """Put a state that came over the wire into a generator of the same kind."""
    kind, state, increment, has_half, half = _a_list(body, 5)
    sizes = ((state, 1 << 128), (increment, 1 << 128), (has_half, 2), (half, 1 << 32))
    if any(type(n) is not int or not 0 <= n < end for n, end in sizes):
        raise WireError("a random state out of range")
    bits = generator.bit_generator
    if kind != type(bits).__name__:
        raise WireError("a random state of another kind")
    bits.state = {"bit_generator": kind, "state": {"state": state, "inc": increment},
                  "has_uint32": has_half, "uinteger": half}
