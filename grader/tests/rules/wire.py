"""The rules of the wire: every check that the trusted side makes of what a worker sends."""

from __future__ import annotations

from grader.tests.rules.model import Rule

_VALUES, _WIRE, _CLIENT = "sandbox/values.py", "sandbox/wire.py", "sandbox/client.py"


def _check(name: str, file: str, line: str, probe: str, *, partner: str = "", new: str = "pass") -> Rule:
    """Make a rule of one `raise`: without it, the check finds and does nothing."""
    return Rule(name, file, line, new, probe, partner)


def _values(name: str, line: str, probe: str, partner: str = "", new: str = "pass") -> Rule:
    return _check(name, _VALUES, f'raise WireError("{line}")', probe, partner=partner, new=new)


def _client(name: str, line: str, probe: str, partner: str = "", new: str = "pass") -> Rule:
    return _check(name, _CLIENT, f'raise wire.WireError("{line}")', probe, partner=partner, new=new)


WIRE = (
    _check("size of a header", _WIRE, 'raise WireError(f"a header of {header} bytes")',
           "from grader.sandbox import wire\nwire.lengths(wire.HEAD.pack(1 << 30, 0), wire.REPLY_LIMITS)"),
    _check("size of a payload", _WIRE, 'raise WireError(f"a payload of {payload} bytes")',
           "from grader.sandbox import wire\nwire.lengths(wire.HEAD.pack(1, 1 << 60), wire.REPLY_LIMITS)"),
    Rule("digits of an integer", _WIRE, 'raise ValueError("an integer with too many digits")', "pass",
         "header('{\"a\": ' + '9' * 4000 + '}')"),
    Rule("no NaN literals", _WIRE, 'raise ValueError(f"the literal {text}")', "return float(text)",
         "header('{\"a\": NaN}')"),
    Rule("strict JSON", _WIRE, "    except (ValueError, RecursionError) as error:\n        raise WireError(",
         "    except ZeroDivisionError as error:\n        raise WireError(", "header('[' * 100_000)"),
    Rule("ASCII only", _WIRE, 'bytes(text).decode("ascii")', 'bytes(text).decode("utf-8", "replace")',
         "header(b'{\"a\": \"\\xff\"}')"),
    _check("a header is an object", _WIRE, 'raise WireError("a header that is not an object")',
           "header('[1, 2]')"),
    _check("exactly these fields", _WIRE,
           'raise WireError(f"fields {sorted(header)[:10]}, not {sorted(fields)}")',
           "raised(score=100)"),
    _check("fields of these types", _WIRE,
           'raise WireError(f"field {name} is not of type {kind.__name__}")', "raised(m=[1])"),
    _values("parts and depth", "too many parts, or too deep",
            "node = 1\nfor _ in range(40): node = [node]\ndecode(node)"),
    _values("finite numbers", "a number that is not finite", "decode(header('{\"v\": 1e999}')['v'])"),
    _values("one tag a node", "a node with more than one tag", "decode({'T': [], 'D': []})"),
    _values("known tags", "a node with an unknown tag", "decode({'X': 1})"),
    _values("keys are text, once", "a key that is not text, or twice", "decode({'D': [['a', 1], ['a', 2]]})"),
    _values("known floats", "an unknown float", "decode({'F': '1e5'})"),
    Rule("size of a scalar", _VALUES,
         "        if type(digits) is not str or len(digits) != 2 * dtype.itemsize:\n"
         '            raise WireError("a scalar of the wrong size")\n', "",
         "decode({'S': ['float64', ['00'] * 8]})"),
    Rule("hexadecimal scalars", _VALUES, "        except ValueError:\n            raise WireError("
         '"a scalar that is not hexadecimal") from None', "        except ZeroDivisionError:\n            pass",
         "decode({'S': ['float64', 'zz' * 8]})"),
    Rule("bytes of a scalar", _VALUES, "        if len(raw) != dtype.itemsize:\n"
         '            raise WireError("a scalar of the wrong size")\n', "",
         "decode({'S': ['float64', '00' * 7 + '  ']})"),
    _values("parts of an array", "an array with the wrong number of parts",
            "decode({'A': ['float64', [1], [8], 0, False]}, bytes(8))"),
    Rule("possible arrays", _VALUES, "except (ValueError, OverflowError) as error:",
         "except ZeroDivisionError as error:", "decode({'A': ['float64', [1 << 40] * 60 + [0]]})"),
    _values("no generators as values", "a random generator", "decode({'G': ['PCG64', 1, 1, 0, 0]})"),
    _values("bytes that are there", "fewer bytes than the header promises",
            "decode({'A': ['float64', [4]]}, bytes(8))"),
    _values("bytes that were asked for", "more bytes than the header promises", "decode(1, bytes(8))"),
    _values("forms of nodes", "a node of the wrong form", "decode({'T': 'abc'})"),
    Rule("whole characters", _VALUES, "    try:\n        text.encode(\"utf-8\")\n    except UnicodeEncodeError:\n"
         '        raise WireError("a text with half of a surrogate pair") from None\n', "",
         "decode('\\udcff')"),
    _values("known dtypes", "an unknown dtype", "decode({'A': ['object', [1]]}, bytes(8))"),
    _values("possible shapes", "an impossible shape", "decode({'A': ['float64', [True]]}, bytes(8))"),
    _values("known bit generators", "an unknown bit generator",
            "value(g=[['os', 1, 1, 0, 0]])"),
    _values("ranges of a random state", "a random state out of range", "value(g=[['PCG64', -1, 1, 0, 0]])"),
    _values("a state of the same kind", "a random state of another kind",
            "import numpy as np\nfrom grader.sandbox import values\n"
            "values.set_state(np.random.default_rng(0), ['PCG64DXSM', 1, 1, 0, 0])"),
    _client("the number of the request", "an answer to another request", "value(id='0' * 16)"),
    _client("doors that are there", "a question through a door that does not exist",
            "answer({'k': 'door', 'i': 7, 'args': {'T': []}, 'kwargs': {'D': []}})"),
    _client("a question is a call", "a question that is not a call",
            "answer({'k': 'door', 'i': 0, 'args': [], 'kwargs': {'D': []}})"),
    _client("the kind that was asked for", "an answer of another kind", "answer({'k': 'loaded'})"),
    _client("names of exceptions", "an exception without a proper name", "raised(t='X\\n::error::')"),
    _client("bases of exceptions", "an exception with unknown bases", "raised(b=['CheckPassed'])"),
    _client("parts of an exception", "an exception with too many parts",
            "raised(f=[['pkg/main.py', 1, 'f']] * 21)"),
    _client("form of a traceback line", "a traceback line of the wrong form", "raised(f=[['pkg/main.py', 1]])"),
    _client("lines of the package", "a traceback line of no module of the package",
            "raised(f=[['/etc/passwd', 10**9, 'f']])"),
    _client("number of random states", "too many random states", "value(g=[['PCG64', 1, 1, 0, 0]] * 65)"),
    _client("size of what was printed", "too much printed text",
            "value(p=1 << 20, payload=bytes(1 << 20))"),
    _client("size of a text", "a text that is too long", "raised(m='x' * 5000)"),
    _client("form of a function", "a function of the wrong form",
            "answer({'k': 'inspection', 'functions': {'f': [1]}, 'refused': []}, operation='inspect')"),
    _client("line of a function", "a function without a line",
            "answer({'k': 'inspection', 'functions': {'f': ['1', None]}, 'refused': []}, operation='inspect')"),
    _client("digest of a function", "a function with an odd digest",
            "answer({'k': 'inspection', 'functions': {'f': [1, 'same']}, 'refused': []}, operation='inspect')"),
    _client("form of a warning", "a warning of the wrong form",
            "value(w=['overflow\\n::error::', 'exp', 'pkg/main.py', 1, 'f'])"),
    _client("form of an operation", "an operation of the wrong form",
            "raised(f=[['pkg/main.py', 1, 'f']], o=[1, 1, 0, 1.5])"),
    _client("operations of the module", "an operation outside of the module",
            "raised(f=[['pkg/main.py', 1, 'f']], o=[1, 10**6, 0, 5])"),
    _client("operands of an operation", "operands without an operation, or too many",
            "raised(n=[['a', 'int', None]])", new="return ()"),
    _client("form of an operand", "an operand of the wrong form",
            "raised(f=[['pkg/main.py', 1, 'f']], o=[1, 1, 4, 9], n=[['a', 'int', None, 'LEAK']])"),
    _client("names of operands", "an operand without proper names",
            "raised(f=[['pkg/main.py', 1, 'f']], o=[1, 1, 4, 9], n=[['c', 'int', None]])"),
    _client("a name that is near", "a near name that is none", "raised(s='x\\n::error::')"),
    _client("number of imports", "too many imports",
            "answer({'k': 'inspection', 'functions': {}, 'refused': [[1, 'os']] * 21}, operation='inspect')"),
    _client("form of an import", "an import of the wrong form",
            "answer({'k': 'inspection', 'functions': {}, 'refused': [['1', 'os']]}, operation='inspect')"),
    _client("line and name of an import", "an import without a line or a name",
            "answer({'k': 'inspection', 'functions': {}, 'refused': [[1, 'o s']]}, operation='inspect')"),
)
_EARLY = """
import os, time
from grader.sandbox import wire
from grader.sandbox.channel import KernelChannel, Limits
from grader.sandbox.host import Spawned
request, reply = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    time.sleep(30)
    os._exit(0)
class Host:
    may_limit = False
    def reap(self, pid):
        os.waitpid(pid, 0)
for fd in (request[1], reply[0]):
    os.set_blocking(fd, False)
channel = KernelChannel(Host(), Spawned(pid, os.pidfd_open(pid), request[1], reply[0]))
try:
    limits = Limits(time.monotonic() + 5, 5.0)
    frame = b"".join(wire.frame({"k": "value"}, (), wire.REPLY_LIMITS))
    %s
finally:
    channel.end()
"""
CHANNEL = (
    Rule("no early bytes", "sandbox/channel.py", '            raise wire.WireError("bytes that nobody asked for")',
         "            return", _EARLY % "os.write(reply[1], frame); channel.send([frame], limits)"),
    Rule("no bytes after a frame", "sandbox/channel.py",
         '            raise wire.WireError("bytes after the end of the frame")', "            rest = payload",
         _EARLY % "os.write(reply[1], frame + b'more'); channel.receive(limits)"),
    Rule("a deadline by the clock", "sandbox/channel.py", '                raise Expired("wall")', "                break",
         "from grader.sandbox.channel import Expired\ntry:\n" + "\n".join(
             "    " + line for line in (_EARLY % "channel.receive(Limits(time.monotonic() + 0.2, 5.0))").split("\n"))
         + "\nexcept Expired:\n    raise Held\n"),
    Rule("a budget of CPU time", "sandbox/channel.py", '                raise Expired("cpu")', "                break",
         "from grader.sandbox.channel import Expired\ntry:\n" + "\n".join(
             "    " + line for line in (_EARLY % "channel.receive(Limits(time.monotonic() + 9, -1.0))").split("\n"))
         + "\nexcept Expired:\n    raise Held\n"),
)
