"""Say in plain words what an error of Python or NumPy means: only what its type and its text are sure of.

A rule is an error's name, a pattern of its text, and a sentence. Texts of NumPy are the same on every
version of Python; where Python's own differ, the pattern takes each form, so that a student reads the
same words everywhere. What no rule knows is left to the error's own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.grading import shapes
from grader.grading.shapes import Parts, shape
from grader.sandbox.allowed import ALLOWED_MODULES
from grader.testing import StudentFailed

Words = Callable[[Parts], str]



@dataclass(frozen=True)
class Rule:
    """One way to fail."""

    error: str
    """Name of the error or of one of its builtin bases."""
    pattern: re.Pattern[str]
    words: str | Words


def explain(failure: StudentFailed) -> str | None:
    """Explain an error that student code raised; None where no rule is sure."""
    names = (failure.error, *failure.bases)
    for rule in RULES:
        found = rule.pattern.search(failure.message) if rule.error in names else None
        if found:
            parts = _parts(found, failure)
            return rule.words.format(**parts) if isinstance(rule.words, str) else rule.words(parts)
    return None


def _parts(found: re.Match[str], failure: StudentFailed) -> dict[str, str]:
    """Give what a rule's words may use: the named groups, and each with an article as `a_name`."""
    groups = found.groupdict(default="")
    return {**groups, **{f"a_{name}": _article(text) for name, text in groups.items()},
            "near": failure.scene.near, "told": failure.message}


def _article(kind: str) -> str:
    name = _KINDS.get(kind, kind.rpartition(".")[2])
    return name if name == "None" else f"{'an' if name[:1] in tuple('aeiou') else 'a'} {name}"


_KINDS = {"numpy.ndarray": "array", "ndarray": "array", "NoneType": "None", "str": "text", "string": "text",
          "builtin_function_or_method": "function", "method": "function"}


def _attribute(parts: Parts) -> str:
    owner, name, near = parts["owner"], parts["name"], parts["near"]
    guess = f" There is .{near}: is that what you mean?" if near else ""
    if owner == "NoneType":
        return (f"This is None, which has no .{name}. A function that ends without `return` gives None, "
                "and so does a method that works in place, such as list.append.")
    if owner in ("list", "tuple") and name in _OF_ARRAYS:
        return f"This is a {owner}, and only arrays have .{name}. np.array(…) makes an array of it."
    if owner == "numpy.ndarray":
        guess = guess or f" Is it a function, to be called as {name}(…)?"
        return f"An array has no .{name}.{guess}"
    return f"This is {parts['a_owner']}, which has no .{name}.{guess}"


_READ_ONLY = ("This array cannot be written to. An input belongs to the caller, who may still need it. "
              "Make a new array: x = x - 1 instead of x -= 1, or work on x.copy().")

_OF_ARRAYS = frozenset({
    "shape", "T", "dtype", "ndim", "size", "sum", "mean", "max", "min", "reshape", "astype", "transpose",
    "swapaxes", "std", "var", "dot", "argmax", "flatten", "ravel", "any", "all",
})

_GONE = {
    "float": "float", "int": "int", "bool": "bool", "object": "object", "str": "str", "complex": "complex",
    "float_": "np.float64", "bool8": "np.bool", "product": "np.prod", "cumproduct": "np.cumprod",
    "alltrue": "np.all", "sometrue": "np.any", "Inf": "np.inf", "Infinity": "np.inf", "infty": "np.inf",
    "NaN": "np.nan", "in1d": "np.isin", "row_stack": "np.vstack", "trapz": "np.trapezoid", "mat": "np.array",
    "asfarray": "np.asarray", "unicode_": "np.str_", "string_": "np.bytes_",
}
"""Names that NumPy once had, and what stands for them now."""


def _module_attribute(parts: Parts) -> str:
    owner, name, near = parts["owner"], parts["name"], parts["near"]
    short = "np" if owner == "numpy" else owner
    if owner == "numpy" and name in _GONE:
        return f"NumPy no longer has np.{name}. Write {_GONE[name]}."
    guess = f" There is {short}.{near}." if near else ""
    mine = " If it is a function of your own, call it without np." if owner == "numpy" and not near else ""
    return f"{owner} has no {name}.{guess}{mine}"


_HABITS = {"dim": "axis", "keepdim": "keepdims", "axes": "axis", "keep_dims": "keepdims"}


def _keyword(parts: Parts) -> str:
    function, name = parts["function"].rpartition(".")[2].lstrip("_"), parts["name"]
    guess = f" NumPy calls it {_HABITS[name]}." if name in _HABITS else ""
    return f"{function}() has no argument called {name}.{guess}"


def _name(parts: Parts) -> str:
    name, near = parts["name"], parts["near"]
    if name in _IMPORTS or name in ALLOWED_MODULES:
        return f"The name {name} is not known here. Is `{_IMPORTS.get(name, f'import {name}')}` missing?"
    return f"The name {name} is not known here.{f' There is {near}: did you mean that?' if near else ''}"


_IMPORTS = {"np": "import numpy as np"}


def _rules() -> Iterator[Rule]:
    for error, pattern, words in _TABLE:
        yield Rule(error, re.compile(pattern, re.DOTALL), words)


_TABLE: tuple[tuple[str, str, str | Words], ...] = (
    # shapes
    ("ValueError", r"^matmul: Input operand \d has a mismatch in its core dimension.*"
                   r"\(size (?P<have>\d+) is different from (?P<want>\d+)\)", shapes.matmul),
    ("ValueError", r"^matmul: Input operand \d does not have enough dimensions",
     "A matrix product needs arrays with at least one axis on both sides, and one side is a single number. "
     "For a number use *."),
    ("ValueError", r"^shapes \((?P<left>[\d, ]*)\) and \((?P<right>[\d, ]*)\) not aligned: "
                   r"(?P<a>\d+) \(dim \d\) != (?P<b>\d+)", shapes.dot),
    ("ValueError", r"^operands could not be broadcast together with shapes (?P<shapes>.*)$",
     shapes.broadcast),
    ("ValueError", r"^operands could not be broadcast together with remapped shapes[^:]*: (?P<shapes>.*)$",
     shapes.remapped),
    ("ValueError", r"^shape mismatch: objects cannot be broadcast.*Mismatch is between (?P<shapes>.*)$",
     shapes.broadcast),
    ("ValueError", r"^non-broadcastable output operand with shape \((?P<have>[\d, ]*)\) doesn't match the "
                   r"broadcast shape \((?P<need>[\d, ]*)\)",
     lambda p: f"The result has the shape {shape(p['need'])}, and an operator such as += or -= would have to "
               f"write it into an array of shape {shape(p['have'])}. Make a new array: x = x + …"),
    ("ValueError", r"^could not broadcast input array from shape \((?P<have>[\d, ]*)\) into shape "
                   r"\((?P<room>[\d, ]*)\)",
     lambda p: f"An array of shape {shape(p['have'])} is written into a place of shape {shape(p['room'])}."),
    ("ValueError", r"^cannot reshape array of size (?P<size>\d+) into shape \((?P<shape>[^)]*)\)",
     shapes.reshape),
    ("ValueError", r"^axes don't match array",
     "transpose() was given another number of axes than the array has. "
     "np.swapaxes(x, -1, -2) turns round the last two, however many there are."),
    ("ValueError", r"^all the input array dimensions except for the concatenation axis must match exactly, "
                   r"but along dimension (?P<axis>\d+), the array at index (?P<i>\d+) has size "
     r"(?P<a>\d+) and "
                   r"the array at index (?P<j>\d+) has size (?P<b>\d+)",
     "Arrays that are put together must be equally long on all other axes. "
     "On axis {axis} one is {a} long and another {b}."),
    ("ValueError", r"^all the input arrays must have same number of dimensions",
     "Arrays that are put together must have the same number of axes."),
    ("ValueError", r"^all input arrays must have the same shape", "Arrays that are stacked must "
     "have one shape."),
    ("ValueError", r"^cannot select an axis to squeeze out",
     "squeeze() takes out axes of length 1 only, and this one is longer."),
    ("ValueError", r"^array split does not result in an equal division",
     "np.split() needs parts of equal size, and the length of this axis is no multiple of their number."),
    ("ValueError", r"^zero-size array to reduction operation (?P<name>\w+)",
     "The {name} of no numbers at all does not exist: this array is empty."),
    ("ValueError", r"^einstein sum subscripts string contains too many subscripts for operand (?P<number>\d)",
     "The letters for operand {number} of einsum name more axes than that array has."),
    ("ValueError", r"^negative dimensions are not allowed", "A length of an array came out below 0."),
    ("ValueError", r"^setting an array element with a sequence.*inhomogeneous shape",
     "Rows of different lengths do not make an array."),
    ("ValueError", r"^setting an array element with a sequence",
     "Several numbers are written into a place for one number."),
    ("AxisError", r"axis (?P<axis>-?\d+) is out of bounds for array of dimension (?P<count>\d+)",
     shapes.axis),
    ("LinAlgError", r"^Last 2 dimensions of the array must be square",
     "This needs a square matrix: the last two axes must be equally long."),
    ("LinAlgError", r"^Singular matrix", "This matrix has no inverse."),
    # dtypes and values
    ("ValueError", r"^(?:assignment destination|output array) is read-only", _READ_ONLY),
    ("ValueError", r"^cannot set WRITEABLE flag", _READ_ONLY),
    ("TypeError", r"^Cannot cast ufunc '(?P<ufunc>\w+)' output from dtype\('(?P<from>\w+)'\) to "
                  r"dtype\('(?P<to>\w+)'\)", shapes.cast),
    ("TypeError", r"^ufunc '(?P<name>\w+)' (?:did not contain a loop|not supported for the input types)",
     "{name} works on numbers, and one of its inputs is made of something else, such as text or None."),
    ("TypeError", r"^loop of ufunc does not support argument \d+ of type (?P<kind>\w+) which has no callable "
                  r"(?P<name>\w+) method",
     "{name} works on numbers, and one of its inputs is or holds {a_kind}."),
    ("TypeError", r"^Cannot interpret '(?P<what>[^']*)' as a data type",
     "{what} stands where a dtype belongs. A shape of several axes needs its own brackets: "
     "np.zeros((2, 3))."),
    ("TypeError", r"^data type '?(?P<what>[^']*)'? not understood", "There is no dtype called {what}."),
    ("ValueError", r"^The truth value of an array with more than one element is ambiguous",
     "`if`, `and`, `or` and `not` need one yes or no, and an array has many. "
     "np.where chooses entry by entry; .any() and .all() make one of many."),
    ("ValueError", r"^Integers to negative integer powers", "Whole numbers have no negative powers here. "
     "Begin with floats: 10.0 instead of 10."),
    ("TypeError", r"^only (?:0-dimensional|length-1|size-1|integer scalar) arrays can be converted "
     r"to (?:Python "
                  r"scalars|a scalar index)",
     "One number was needed, and this is an array of several. Functions of `math` take one number; "
     "those of NumPy (np.exp, np.sqrt) take a whole array."),
    ("ValueError", r"^cannot convert float (?P<what>NaN|infinity) to integer",
     "A float that is {what} cannot become a whole number."),
    ("OverflowError", r"^cannot convert float infinity to integer",
     "A float that is infinity cannot become a whole number."),
    ("TypeError", r"^expected a sequence of integers or a single integer, got '(?P<what>[^']*)'",
     "A shape is made of whole numbers, not of {what}. // divides without a remainder and gives a "
     "whole number."),
    ("TypeError", r"^'(?P<kind>[\w.]+)' object cannot be interpreted as an integer",
     "A whole number is needed here, and this is {a_kind}. / always gives a float; // gives a whole number."),
    ("MemoryError", r"^Unable to allocate (?P<size>[\d.]+ \w+) for an array with shape \((?P<shape>[^)]*)\)",
     lambda p: f"An array of shape {shape(p['shape'])} would take {p['size']}. That is more than there is."),
    ("MemoryError", r"", "Your code asked for more memory than there is."),
    # indices and keys
    ("IndexError", r"^index (?P<index>-?\d+) is out of bounds for axis (?P<axis>\d+) with size (?P<size>\d+)",
     "There is no index {index} on axis {axis}, which is {size} long. The first index is 0."),
    ("IndexError", r"^too many indices for array: array is (?P<have>\d+)-dimensional, but (?P<used>\d+)",
     lambda p: f"The array has {shapes.axes(p['have'])}, and the brackets name {p['used']}."),
    ("IndexError", r"^boolean index did not match indexed array along axis (?P<axis>\d+); size of axis is "
                   r"(?P<have>\d+) but size of corresponding boolean axis is (?P<mask>\d+)",
     "An array of True and False must be as long as what it chooses from. On axis {axis} it is {mask} long, "
     "and the array {have}."),
    ("IndexError", r"^only integers, slices|^arrays used as indices must be of integer",
     "An index of an array is a whole number, a slice, or an array of whole numbers or of True and False. "
     "This is something else, such as a float."),
    ("IndexError", r"^(?P<kind>list|tuple|string) index out of range",
     "The {kind} is shorter than this index. The first index is 0, and the last is its length minus 1."),
    ("IndexError", r"^pop from empty list", "Nothing is left in this list."),
    ("TypeError", r"^list indices must be integers or slices, not (?P<kind>[\w.]+)",
     "A list has one axis and takes one whole number, and this is {a_kind}. "
     "np.array(…) makes an array of it, which takes [0, 1]."),
    ("TypeError", r"^slice indices must be integers", "The ends of a slice are whole numbers. "
     "/ always gives a float; // gives a whole number."),
    ("KeyError", r"^(?P<key>'[^']*'|-?\d+|\([^()]*\))$", "The dict has no entry {key}."),
    # types
    ("TypeError", r"^(?:cannot unpack non-iterable (?P<kind>\w+) object)",
     lambda p: "Several names stand on the left, and on the right is "
               + ("None. A function that ends without `return` gives None."
                  if p["kind"] == "NoneType" else f"one thing, {p['a_kind']}.")),
    ("ValueError", r"^too many values to unpack \(expected (?P<count>\d+)",
     "{count} names stand on the left, and the right side has more parts."),
    ("ValueError", r"^not enough values to unpack \(expected (?:at least )?(?P<count>\d+), got (?P<got>\d+)",
     "{count} names stand on the left, and the right side has {got}."),
    ("TypeError", r"^'NoneType' object is not (?:subscriptable|iterable|callable)",
     "This is None. A function that ends without `return` gives None."),
    ("TypeError", r"^'(?P<kind>[\w.]+)' object is not subscriptable",
     "[ ] takes a part of something, and this is {a_kind}, which has no parts."),
    ("TypeError", r"^'(?P<kind>[\w.]+)' object is not iterable|^iteration over a 0-d array",
     lambda p: f"This is {p['a_kind'] if p['kind'] else 'one number'}: "
               "there is nothing in it to go through."),
    ("TypeError", r"^'(?P<kind>[\w.]+)' object is not callable",
     "Round brackets call a function, and this is {a_kind}. For a part of it use square brackets; "
     "to multiply, write *."),
    ("TypeError", r"^unsupported operand type\(s\) for (?P<sign>\S+): '(?P<a>[\w.]+)' and '(?P<b>[\w.]+)'",
     lambda p: f"{p['sign'].rstrip(':')} does not work between {p['a_a']} and {p['a_b']}."
               + (" np.array(…) makes an array of a list." if "list" in (p["a"], p["b"]) else "")
               + (" A function that ends without `return` gives None." if "NoneType" in (p["a"], p["b"])
                  else "")),
    ("TypeError", r"^can't multiply sequence by non-int", "* repeats a list or a text, a whole "
     "number of times. "
     "np.array(…) makes an array of a list, which * multiplies entry by entry."),
    ("TypeError", r"^can only concatenate (?P<kind>\w+)", "+ puts something after {a_kind}, and only another "
     "{kind} can stand there."),
    ("TypeError", r"^object of type '(?P<kind>[\w.]+)' has no len\(\)",
     "Only what has parts has a length, and this is {a_kind}."),
    ("TypeError", r"^'(?P<sign>[<>=]+)' not supported between instances of '(?P<a>[\w.]+)' and "
     r"'(?P<b>[\w.]+)'",
     "{sign} cannot compare {a_a} with {a_b}."),
    # calls and names
    ("TypeError", r"(?P<function>[\w.]+)\(\) got an unexpected keyword argument '(?P<name>\w+)'", _keyword),
    ("TypeError", r"(?P<function>[\w.]+)\(\) missing (?P<count>\d+) required (?:[\w-]+ )?"
                  r"arguments?: (?P<names>.*)$",
     lambda p: f"{p['function'].rpartition('.')[2]}() was called without {p['names'].replace(chr(39), '')}."),
    ("TypeError", r"(?P<function>[\w.]+)\(\) takes (?:from \d+ to )?(?P<most>\d+|no) (?:\w+ "
     r")?arguments? "
                  r"but (?P<given>\d+) (?:was|were) given",
     lambda p: f"{p['function'].rpartition('.')[2]}() takes {p['most']} "
               f"{'argument' if p['most'] == '1' else 'arguments'} without a name, and got {p['given']}."),
    ("TypeError", r"(?P<function>[\w.]+)\(\) got multiple values for argument '(?P<name>\w+)'",
     "{function}() got {name} twice: by its place and by its name."),
    ("UnboundLocalError", r"local variable '(?P<name>\w+)'",
     "{name} is given a value somewhere in this function, so it belongs to the function, but it is "
     "used before "
     "that happens, or on a way past it."),
    ("NameError", r"name '(?P<name>\w+)' is not defined", _name),
    ("NameError", r"cannot access free variable '(?P<name>\w+)'", "{name} has no value yet at this point."),
    ("AttributeError", r"^(?:partially initialized )?module '(?P<owner>[\w.]+)' has no attribute "
     r"'(?P<name>\w+)'",
     _module_attribute),
    ("AttributeError", r"^'(?P<owner>[\w.]+)' object has no attribute '(?P<name>\w+)'", _attribute),
    # Python itself
    ("ZeroDivisionError", r"", "Something is divided by zero here."),
    ("RecursionError", r"", "Functions call each other, or one calls itself, deeper than Python allows. "
                            "Is there a way out, and is it reached?"),
    ("OverflowError", r"^math range error", "The result is too large for a float."),
    ("ValueError", r"^math domain error|^expected a (?:nonnegative|positive|noninteger)",
     "This function of `math` has no result for such a number (a root or a logarithm of a negative one)."),
    ("ImportError", r"^'[\w.]+' cannot be imported, neither", "{told}"),
    ("ImportError", r"^\w+ is a module of", "{told}"),
    ("ImportError", r"^No module named '(?P<module>[\w.]+)'", "There is no module {module}."),
    ("ImportError", r"^cannot import name '(?P<name>\w+)' from '(?P<module>[\w.]+)'",
     "{module} has no {name} to import."),
    # reading the file
    ("TabError", r"", "This line is indented with tabs and another one with spaces. Use four spaces "
     "everywhere."),
    ("IndentationError", r"^unindent does not match", "This line stands further left than the one "
     "before, but on "
     "no level that was begun. Use four spaces for each level."),
    ("IndentationError", r"^unexpected indent", "This line stands further right than the one before, and "
     "nothing there begins a block."),
    ("IndentationError", r"^expected an indented block", "The line before ends with a colon, so "
     "this one belongs "
     "further right: four spaces more."),
    ("SyntaxError", r"^'(?P<sign>[(\[{])' was never closed", "The {sign} in this line is never closed."),
    ("SyntaxError", r"^unmatched '(?P<sign>[)\]}])'", "Nothing is open that this {sign} could close."),
    ("SyntaxError", r"^closing parenthesis '(?P<close>.)' does not match opening parenthesis '(?P<open>.)'",
     "A {open} is open, and {close} cannot close it."),
    ("SyntaxError", r"^expected ':'", "A colon is missing at the end of this line."),
    ("SyntaxError", r"^unterminated (?:triple-quoted )?(?:f-)?string literal",
     "A text begins here, and its closing quote is missing."),
    ("SyntaxError", r"^'return' outside function", "This `return` stands outside of every function. "
     "Is its line indented?"),
    ("SyntaxError", r"Maybe you meant '==' (?:or ':=' )?instead of '='", "= gives a name a value. "
     "To compare, write ==."),
    ("SyntaxError", r"^invalid (?:non-printable )?character (?P<sign>.*)$",
     "Python does not know the character {sign}. Was it copied from a page?"),
    ("SyntaxError", r"^(?:invalid syntax\. Perhaps you forgot a comma)", "Python cannot read this line. "
     "Is a comma missing?"),
    ("SyntaxError", r"^\w+ argument follows keyword argument",
     "Arguments with a name come after those without one."),
    ("SyntaxError", r"^cannot assign to (?P<what>[^.]*?)(?: here.*)?$", "Nothing can be assigned to {what}."),
    ("SyntaxError", r"^(?:invalid syntax)$", "Python cannot read this line, or what stands just before it."),
)

RULES = tuple(_rules())
