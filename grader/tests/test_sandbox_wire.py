"""The wire: plain data survives it exactly, and everything odd is refused."""

from __future__ import annotations

import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from grader.sandbox import values, wire
from grader.sandbox.values import Decoder, Encoder
from grader.sandbox.wire import NotPlain, WireError

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**60), 10**60)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), parts, max_size=4)
    ),
    max_leaves=20,
)
ARRAYS = st.sampled_from(sorted(values.DTYPES)).flatmap(
    lambda name: nps.arrays(name, nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


def carry(value: Any, *, layout: bool) -> Any:
    """Send a value through a whole frame, as the two ends do."""
    encoder = Encoder(layout=layout)
    node = encoder.encode(value)
    data = b"".join(wire.frame({"v": node}, encoder.buffers, wire.REQUEST_LIMITS))
    header, payload = wire.lengths(data[:12], wire.REQUEST_LIMITS)
    assert len(data) == 12 + header + payload
    decoder = Decoder(memoryview(bytearray(data[12 + header :])), layout=layout, accept_generators=True)
    result = decoder.decode(wire.parse_header(data[12 : 12 + header])["v"])
    if not layout:
        decoder.done()
    return result


def same(left: Any, right: Any) -> bool:  # noqa: PLR0911 - one line per kind of value
    """Compare by exact type and value; nan equals nan, and -0.0 is not 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, np.ndarray):
        return (
            bool(left.dtype == right.dtype and left.shape == right.shape)
            and left.tobytes() == right.tobytes()
        )
    if isinstance(left, np.generic):
        return bool(left.tobytes() == right.tobytes())
    if isinstance(left, float):
        return math.isnan(left) if math.isnan(right) else repr(left) == repr(right)
    return bool(left == right)


@given(PLAIN, st.booleans())
def test_plain_data_survives(value: Any, layout: bool) -> None:
    """Builtins arrive with exactly their type and value, in both directions."""
    assert same(carry(value, layout=layout), value)


@given(ARRAYS, st.booleans())
def test_arrays_survive(array: np.ndarray[Any, Any], layout: bool) -> None:
    """Arrays of every supported dtype arrive bit by bit and can be written to."""
    result = carry(array, layout=layout)
    assert same(result, array)
    assert result.flags.writeable


@given(ARRAYS.filter(lambda a: a.ndim > 0), st.data())
def test_requests_keep_the_layout(array: np.ndarray[Any, Any], data: st.DataObject) -> None:
    """Transposed, strided, reversed and read-only inputs arrive with the same strides and flag."""
    array = array.transpose(data.draw(st.permutations(range(array.ndim))))
    array = array[tuple(slice(None, None, data.draw(st.sampled_from([1, 2, -1, -2]))) for _ in array.shape)]
    array.flags.writeable = data.draw(st.booleans())
    result = carry(array, layout=True)
    assert same(result, array)
    if array.size:
        wide = [axis for axis, side in enumerate(array.shape) if side > 1]  # of other axes it means nothing
        assert [result.strides[axis] for axis in wide] == [array.strides[axis] for axis in wide]
        assert result.flags.writeable == array.flags.writeable


def test_a_broadcast_input_is_small_on_the_wire() -> None:
    """A zero-stride array costs only its base, and arrives with its zero strides."""
    array = np.broadcast_to(np.arange(3.0), (1000, 1000, 3))
    encoder = Encoder(layout=True, limit=1 << 30)
    encoder.encode(array)
    assert sum(len(b) for b in encoder.buffers) == 24
    assert carry(array[:5], layout=True).strides == (0, 0, 8)


def test_a_reply_sends_a_broadcast_array_in_full_or_not_at_all() -> None:
    """An answer that is only virtually large counts with its full size."""
    with pytest.raises(NotPlain, match="its arrays take more than 67,108,864 bytes"):
        Encoder(layout=False).encode(np.broadcast_to(1.0, (10**6, 10**6)))


def test_what_lies_between_strided_elements_is_not_sent() -> None:
    """The gaps of a strided input may hold what the worker must not see."""
    secret = np.array([1.0, 42.0, 2.0, 42.0, 3.0])
    encoder = Encoder(layout=True)
    encoder.encode(secret[::2])
    assert np.frombuffer(bytes(encoder.buffers[0])).tolist() == [1.0, 0.0, 2.0, 0.0, 3.0]


def test_strides_that_do_not_fit_are_made_plain() -> None:
    """A field of a record array, or a view with huge gaps, arrives in C order with the right values."""
    records = np.zeros(4, dtype=[("a", "i1"), ("b", "f8")])
    records["b"] = [1, 2, 3, 4]
    sparse = np.arange(10**6)[::250_000]
    assert carry(records["b"], layout=True).tolist() == [1, 2, 3, 4]
    assert carry(sparse, layout=True).strides == (8,)


@pytest.mark.parametrize("kind", sorted(values.SCALARS, key=str))
def test_numpy_scalars_stay_numpy_scalars(kind: type[np.generic]) -> None:
    """A NumPy scalar is rebuilt as the scalar of the same dtype, not as a Python number."""
    value = kind(1)
    result = carry(value, layout=False)
    assert result == value
    assert result.dtype == value.dtype
    assert isinstance(result, np.generic)


def test_booleans_are_normalised() -> None:
    """Any byte but zero in a boolean buffer is True, stored as 1."""
    decoder = Decoder(memoryview(bytearray([0, 1, 2, 255])), layout=False)
    array = decoder.decode({"A": ["bool", [4]]})
    assert array.view(np.uint8).tolist() == [0, 1, 1, 1]
    scalar = Decoder(memoryview(b""), layout=False).decode({"S": ["bool", "07"]})
    assert np.asarray(scalar).view(np.uint8) == 1


@pytest.mark.parametrize("kind", sorted(values.BIT_GENERATORS))
def test_a_generator_continues_where_it_was(kind: str) -> None:
    """A random generator arrives in the same state, with the kept half of a 32-bit draw."""
    generator = np.random.Generator(values.BIT_GENERATORS[kind](7))
    generator.integers(0, 10, dtype=np.int32)
    arrived = carry((generator,), layout=True)[0]
    assert arrived.random(5).tolist() == generator.random(5).tolist()


class _Array(np.ndarray):
    """A subclass that could lie about itself."""


class _Double(float):
    """A subclass that could lie about itself."""


def _deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(values.MAX_DEPTH + 2):
        value = [value]
    return value


def _recursive() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (
            np.ma.masked_array([1.0]),
            "the answer is a masked array; return a plain array, for example with .filled(0)",
        ),
        ((1, ["a"], (x for x in "ab")), "the answer[2] is a generator: nothing was computed yet."),
        (map(abs, [1]), "the answer is a map object: nothing was computed yet."),
        (zip([1], [2], strict=True), "the answer is a zip object"),
        (range(3), "the answer is a range"),
        ({1, 2}, "the answer is a set, which has no order"),
        (..., "the answer is the three dots ...: the function is not finished"),
        (NotImplemented, "the answer is NotImplemented: the function is not finished"),
        (test_booleans_are_normalised, "the answer is a function; call it"),
        (np.zeros(2).view(_Array), "the answer is of type _Array, a kind of ndarray; return a plain ndarray"),
        (_Double(1), "the answer is of type _Double, a kind of float; return a plain float"),
        (object(), "the answer is of type object; return arrays, numbers, text, lists or dicts"),
        (np.array([None]), "the answer is an array of dtype object, which is not supported"),
        (np.array(["a"]), "the answer is an array of dtype <U1, which is not supported"),
        (np.zeros(2, ">f8"), "the answer is an array of dtype >f8, which is not supported"),
        (np.zeros(2, "f8,i4"), "which is not supported"),
        ({"a": {3: 4}}, "the answer['a'] is a dict with a key of type int, not text"),
        (10**64, "the answer is an integer of more than 64 digits"),
        ("a\ud800", "the answer is a text with half of a surrogate pair in it"),
        ("a" * (values.TEXT_LIMIT + 1), "the answer is a text of 204,801 characters, which is too long"),
        (_deep(), "is nested more than 32 levels deep, or contains itself"),
        (_recursive(), "is nested more than 32 levels deep, or contains itself"),
        ([0] * values.MAX_NODES, "is too big: more than 50,000 parts"),
        (
            np.random.Generator(np.random.MT19937(1)),
            "the answer is a random generator; return what you draw from it",
        ),
    ],
)
def test_everything_else_is_explained(value: object, sentence: str) -> None:
    """What is not plain data by its exact type is refused with a sentence that names the place."""
    with pytest.raises(NotPlain) as caught:
        Encoder(layout=False).encode(value)
    assert sentence in caught.value.sentence("the answer")


def test_an_answer_may_not_be_a_generator() -> None:
    """A random generator travels in requests only."""
    with pytest.raises(NotPlain, match="return what you draw from it"):
        Encoder(layout=False, accept_generators=False).encode(np.random.default_rng(0))
    with pytest.raises(WireError, match="a random generator"):
        Decoder(memoryview(b""), layout=False).decode({"G": ["PCG64", 1, 1, 0, 0]})


def test_a_frame_that_is_too_big_is_not_sent() -> None:
    """Both caps of a frame are checked before a byte is written."""
    small = wire.Limits(header=100, payload=100)
    with pytest.raises(NotPlain, match="210 bytes of text and structure"):
        wire.frame({"v": "x" * 202}, (), small)
    with pytest.raises(NotPlain, match="101 bytes of arrays"):
        wire.frame({}, [bytes(101)], small)


@pytest.mark.parametrize(
    ("header", "payload", "why"),
    [
        (1 << 31, 0, "a header of 2147483648 bytes"),
        (0, 1 << 60, "a payload of 1152921504606846976 bytes"),
    ],
)
def test_giant_lengths_are_refused_before_memory_is_reserved(header: int, payload: int, why: str) -> None:
    """A worker cannot make the grader allocate."""
    with pytest.raises(WireError, match=why):
        wire.lengths(wire.HEAD.pack(header, payload), wire.REPLY_LIMITS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not strict JSON"),
        (b"[]", "not an object"),
        (b'{"a":NaN}', "the literal NaN"),
        (b'{"a":Infinity}', "the literal Infinity"),
        (b'{"a":-Infinity}', "the literal -Infinity"),
        (b'{"a":1} x', "not strict JSON"),
        (b'{"a":"\xff"}', "not strict JSON"),
        (b'{"a":' + b"1" * 70 + b"}", "too many digits"),
        (b'{"a":' + b"[" * 100_000, "not strict JSON"),
    ],
)
def test_headers_are_strict(text: bytes, why: str) -> None:
    """A header is one ASCII JSON object without Python's extensions."""
    with pytest.raises(WireError, match=why):
        wire.parse_header(text)


def test_fields_are_exactly_those_expected() -> None:
    """A missing, an extra and a mistyped field are refused; True is not an integer."""
    assert wire.take({"a": 1, "b": "x"}, a=int, b=str) == [1, "x"]
    with pytest.raises(WireError, match=r"fields \['a', 'b'\], not \['a'\]"):
        wire.take({"a": 1, "b": 2}, a=int)
    with pytest.raises(WireError, match="field a is not of type int"):
        wire.take({"a": True}, a=int)


@pytest.mark.parametrize(
    ("node", "why"),
    [
        ({}, "more than one tag"),
        ({"T": [], "D": []}, "more than one tag"),
        ({"X": 1}, "unknown tag"),
        ({"__class__": "os"}, "unknown tag"),
        ({"T": 3}, "wrong form"),
        ({"D": [["a"]]}, "wrong form"),
        ({"D": [[1, 2]]}, "not text, or twice"),
        ({"D": [["a", 1], ["a", 2]]}, "not text, or twice"),
        ({"F": "1"}, "unknown float"),
        (float("inf"), "not finite"),
        ("\ud800", "surrogate"),
        ({"S": ["float64", "00"]}, "scalar of the wrong size"),
        ({"S": ["float64", "zz" * 8]}, "not hexadecimal"),
        ({"S": ["int16", "  00"]}, "scalar of the wrong size"),
        ({"S": ["object", "00"]}, "unknown dtype"),
        ({"S": [[], "00"]}, "unknown dtype"),
        ({"A": ["O", [1]]}, "unknown dtype"),
        ({"A": ["float64", [-1]]}, "impossible shape"),
        ({"A": ["float64", [True]]}, "impossible shape"),
        ({"A": ["float64", [1.0]]}, "impossible shape"),
        ({"A": ["float64", [1] * 65]}, "impossible shape"),
        ({"A": ["float64", [1 << 50]]}, "impossible shape"),
        ({"A": ["float64", "ab"]}, "wrong form"),
        ({"A": ["float64", [0] + [1 << 40] * 3]}, "impossible array"),
        ({"A": ["float64", [2]]}, "fewer bytes"),
        ({"A": ["float64", [1 << 40, 1 << 40]]}, "fewer bytes"),
        ({"A": ["float64", [1], [8], 0, False]}, "wrong number of parts"),
        ({"A": ["float64"]}, "wrong number of parts"),
        ({"G": ["PCG64", 1, 1, 0, 0]}, "a random generator"),
    ],
)
def test_odd_nodes_are_refused(node: Any, why: str) -> None:
    """Every node that an honest worker would not send is a protocol error."""
    with pytest.raises(WireError, match=why):
        Decoder(memoryview(bytes(8)), layout=False).decode(node)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("PCG64", "unknown bit generator"),
        ([], "unknown bit generator"),
        ([[]], "unknown bit generator"),
        (["MT19937", 1, 1, 0, 0], "unknown bit generator"),
        (["PCG64", 1, 1, 0], "wrong form"),
        (["PCG64", -1, 1, 0, 0], "out of range"),
        (["PCG64", 1, 1 << 128, 0, 0], "out of range"),
        (["PCG64", 1, 1, 2, 0], "out of range"),
        (["PCG64", 1, 1, 0, 1 << 32], "out of range"),
        (["PCG64", True, 1, 0, 0], "out of range"),
    ],
)
def test_odd_generator_states_are_refused(state: Any, why: str) -> None:
    """A generator's state is four integers, each in its range."""
    with pytest.raises(WireError, match=why):
        values.rebuild_generator(state)


def test_a_state_of_another_kind_is_refused() -> None:
    """A state goes only into a generator of its kind."""
    with pytest.raises(WireError, match="a random state of another kind"):
        values.set_state(np.random.default_rng(0), ["PCG64DXSM", 1, 1, 0, 0])


def test_counts_and_depth_are_capped() -> None:
    """A header of many tiny nodes, or of deep ones, is refused."""
    for node in ([0] * values.MAX_NODES, _deep()):
        with pytest.raises(WireError, match="too many parts, or too deep"):
            Decoder(memoryview(b""), layout=False).decode(node)


def test_bytes_that_nothing_asked_for_are_refused() -> None:
    """A payload must be used up."""
    with pytest.raises(WireError, match="more bytes than the header promises"):
        Decoder(memoryview(bytes(1)), layout=False).done()


@settings(max_examples=300)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=4)
        | st.sampled_from(["float64", "bool", "PCG64", "nan"]),
        lambda parts: (
            st.lists(parts, max_size=5)
            | st.dictionaries(st.sampled_from(["T", "D", "F", "S", "A", "G", "x"]), parts, max_size=2)
        ),
        max_leaves=12,
    ),
    st.binary(max_size=64),
)
def test_no_node_does_more_than_raise_a_wire_error(node: Any, payload: bytes) -> None:
    """Whatever arrives is decoded to plain data or refused; nothing else can be raised."""
    decoder = Decoder(memoryview(bytearray(payload)), layout=False, accept_generators=True)
    try:
        value = decoder.decode(node)
    except WireError:
        return
    json.dumps(value, default=lambda part: type(part).__name__)


def test_many_small_buffers_stay_aligned() -> None:
    """Each of several arrays in a frame is aligned and intact."""
    arrays = [
        np.arange(n, dtype=d) for n, d in itertools.product([0, 1, 3, 600], ["int8", "float64", "complex128"])
    ]
    result = carry(arrays, layout=False)
    assert same(result, arrays)
    assert all(array.flags.aligned for array in result)
