"""The rules of the trusted side: how it reads a stranger's files, starts processes, scores, and tells."""

from __future__ import annotations

from grader.tests.rules.model import Rule

_FOLDER, _READER, _SOURCE = "submission/folder.py", "submission/reader.py", "submission/source.py"
_ANSWERS, _STUDENTS, _SESSION = "submission/answers.py", "grading/students.py", "grading/session.py"
_TREE = """
import tempfile
from pathlib import Path
from grader.submission.reader import read_submission
root = Path(tempfile.mkdtemp())
(root / "pkg").mkdir()
try:
{fill}
    found = read_submission(root, "pkg")
finally:
    import shutil
    shutil.rmtree(root)
need({wanted})
"""
_ONE = """
import tempfile, signal, shutil
from pathlib import Path
from grader.submission import folder as module
root = Path(tempfile.mkdtemp())
{fill}
try:
    with module.Folder.open_root(root) as folder:
        folder.read("x", {limit})
finally:
    shutil.rmtree(root)
"""
_PACKAGE = """
from types import SimpleNamespace as N
from grader.grading.students import SandboxedPackage, _Current
from grader.sandbox import Value
earlier, now = N(function="g", module="m", id="1.1"), N(function="f", module="m", id="1.2", lesson="1", cpu_seconds=2)
package = SandboxedPackage(None, N(foundations=lambda e: [earlier]), {"m": ""}, rejected={},
                           doors=N(answer=lambda door, args, kwargs: Value("reference", "")))
package._begin = package._note_seconds = lambda: None
"""


def _tree(fill: str, wanted: str) -> str:
    lines = "\n".join(f"    {line}" for line in fill.split("\n"))
    return _TREE.format(fill=lines, wanted=wanted)


def _toml(text: str, begins: str) -> str:
    return (f"from grader.submission import parse_answers\ntry:\n    parse_answers({text})\nexcept ValueError as error:\n"
            f"    need(not str(error).startswith({begins!r}))\n")


def _no_text(data: str) -> str:
    return (f"from grader.submission.source import NotText, source_text\ntry:\n    source_text({data})\n"
            "except NotText:\n    raise Held\n")


READING = (
    Rule("links are not followed", _FOLDER, "dir_fd=self._handle, follow_symlinks=False)", "dir_fd=self._handle)",
         _ONE.format(fill="(root / 'x').symlink_to('/etc/passwd')", limit=1 << 20), "no link is opened"),
    Rule("no link is opened", _FOLDER, 'getattr(os, "O_NOFOLLOW", 0) |', "0 |",
         _ONE.format(fill="(root / 'x').symlink_to('/etc/passwd')", limit=1 << 20), "links are not followed"),
    Rule("only plain files", _FOLDER, 'raise NotReadable(f"is a {found}, not a plain {kind}")', "pass",
         _ONE.format(fill="import os; os.mkfifo(root / 'x')", limit=10), "the file that was looked at"),
    Rule("the file that was looked at", _FOLDER, 'raise NotReadable("changed while it was being read")', "pass",
         _ONE.format(limit=10, fill="""(root / "x").write_text("a")
(root / "y").write_text("b")
real = module.os.open
def swapped(name, *more, **rest):
    if name == "x" and (root / "y").exists():
        (root / "y").rename(root / "x")
    return real(name, *more, **rest)
module.os.open = swapped""")),
    Rule("opening does not wait", _FOLDER, 'getattr(os, "O_NONBLOCK", 0)', "0",
         _ONE.format(fill="import os; os.mkfifo(root / 'x'); signal.alarm(3); "
                          "signal.signal(14, lambda *_: (_ for _ in ()).throw(ZeroDivisionError()))", limit=10),
         "only plain files"),
    Rule("size of a file", _FOLDER, 'raise NotReadable(f"is larger than {limit // 1024} KiB")', "return bytes(data)",
         _ONE.format(fill="(root / 'x').write_bytes(bytes(99))", limit=10)),
    Rule("number of files", _READER, 'raise NotReadable(f"comes after the first {FILES} files")', "pass",
         _tree("for i in range(205): (root / f'pkg/m{i}.py').touch()", "not found.rejected")),
    Rule("size of a module", _READER, "min(FILE_BYTES, left)", "left",
         _tree("(root / 'pkg/m.py').write_bytes(b'#' * (2 << 20))", "not found.rejected")),
    Rule("size of a tree", _READER, "min(FILE_BYTES, left)", "FILE_BYTES",
         _tree("for i in range(9): (root / f'pkg/m{i}.py').write_bytes(b'#' * (1 << 20))", "not found.rejected")),
    Rule("names in a folder", _READER, 'raise NotReadable(f"holds more than {NAMES} names")', "pass",
         _tree("(root / 'pkg/sub').mkdir()\nfor i in range(2005): (root / f'pkg/sub/m{i}.txt').touch()",
               "not found.problems")),
    Rule("depth of folders", _READER, 'return f"is more than {DEPTH} folders deep"', "return None",
         _tree("(root / 'pkg/a/a/a/a/a/a/a').mkdir(parents=True)", "not found.problems")),
    Rule("files that steer a runner", _READER,
         "if name in _RUNNER_FILES or name.endswith(_RUNNER_ENDINGS):", "if False:",
         _tree("(root / 'pkg/conftest.py').touch()", "'conftest' in found.modules")),
    Rule("folders with others' names", _READER, "if name in _RUNNER_FOLDERS:", "if False:",
         _tree("(root / 'pkg/numpy').mkdir()\n(root / 'pkg/numpy/x.py').touch()", "'numpy.x' in found.modules")),
    Rule("names that Python knows", _READER, "if not name.isidentifier():", "if False:",
         _tree("(root / 'pkg/a b.py').touch()", "'a b' in found.modules")),
    Rule("no words of Python's own", _READER, "if keyword.iskeyword(name):", "if False:",
         _tree("(root / 'pkg/class.py').touch()", "'class' in found.modules")),
    Rule("one spelling of a name", _READER, 'if unicodedata.normalize("NFKC", name) != name:', "if False:",
         _tree("(root / 'pkg/\\uff41.py').touch()", "'\\uff41' in found.modules")),
    Rule("no NUL bytes", _SOURCE, r'if b"\0" in data:', "if False:", _no_text(r"b'a\0'")),
    Rule("no other encodings", _SOURCE, "    _refuse_cookie(data)\n    try:", "    try:", _no_text("b'# coding: latin-1'")),
    Rule("brackets in answers", _ANSWERS,
         "if any(len(re.sub(r\"\\s\", \"\", run[0])) > DEPTH for run in _DEEP.finditer(outside)):", "if False:",
         _toml("'x = ' + '[' * 300", "has brackets")),
    Rule("dots in answers", _ANSWERS, "if _DOTTED.search(outside):", "if False:", _toml("'a.' * 300 + 'b = 1'", "has a name")),
    Rule("ids of students", _ANSWERS, "if not isinstance(student, str) or not ID.fullmatch(student):", "if False:",
         "from grader.submission.answers import _student\ntry:\n    _student({'id': '../x'})\nexcept ValueError:\n    raise Held\n"),
    Rule("refs stay in .git", "submission/commit.py", 'if {".", ".."} & {*folders, name}:', "if False:", """
import tempfile, shutil
from pathlib import Path
from grader.submission.commit import read_commit
from grader.submission.folder import Folder
root = Path(tempfile.mkdtemp())
(root / ".git/refs").mkdir(parents=True)
(root / ".git/HEAD").write_text("ref: refs/../loot")
(root / ".git/loot").write_text("a" * 40)
with Folder.open_root(root) as folder:
    found = read_commit(folder)
shutil.rmtree(root)
need(found)
"""),
)
_ZYGOTE = """
import time
os.environ["GRADER_SECRET"] = "secret"
from grader.sandbox import launch
from grader.sandbox.host import Host
host = Host()
{look}
host.close()
"""
STARTING = (
    Rule("a clean environment", "sandbox/launch.py", "env=environment(),", "env=dict(os.environ),",
         _ZYGOTE.format(look="seen = b''\nwhile not seen:  # it is empty for a moment, while the program starts\n"
                             "    seen = open(f'/proc/{host._process.pid}/environ', 'rb').read()")
         + "need(b'GRADER_SECRET' in seen)"),
    Rule("an isolated interpreter", "sandbox/launch.py", 'sys.executable, "-I", "-X"', 'sys.executable, "-X"',
         _ZYGOTE.format(look="seen = b''\nwhile not seen:  # it is empty for a moment, while the program starts\n"
                             "    seen = open(f'/proc/{host._process.pid}/cmdline', 'rb').read()")
         + "need(b'\\0-I\\0' not in seen)"),
    Rule("a session of its own", "sandbox/launch.py", "start_new_session=True,", "start_new_session=False,",
         _ZYGOTE.format(look="seen = os.getsid(host._process.pid)") + "need(seen == os.getsid(0))"),
    Rule("an empty folder to be in", "sandbox/zygote.py", "        _enter_emptiness(folder)\n", "",
         _ZYGOTE.format(look="host._ask({'reap': 0}, []) if False else time.sleep(3)\n"
                             "seen = os.readlink(f'/proc/{host._process.pid}/cwd')") + "need('deleted' not in seen)"),
    Rule("the zygote takes the folder away", "sandbox/zygote.py",
         "    shutil.rmtree(folder, ignore_errors=True)\n    os._exit(code)", "    os._exit(code)", """
import time
pid = os.fork()
if pid == 0:
    from grader.sandbox.host import Host
    host = Host()
    open("/tmp/rules-probe-%d" % os.getppid(), "w").write(str(host.folder))
    os.kill(os.getpid(), 9)
os.waitpid(pid, 0)
note = "/tmp/rules-probe-%d" % os.getpid()
folder = open(note).read()
os.unlink(note)
until = time.monotonic() + 8
while os.path.exists(folder) and time.monotonic() < until:
    time.sleep(0.1)
left = os.path.exists(folder)
if left:
    os.rmdir(folder)
need(left)
"""),
    Rule("what a worker says at first", "sandbox/proof.py", 'if header.get("k") == "ready":', "if True:", """
from grader.sandbox import proof
class Channel:
    def __init__(self, *_): pass
    def end(self): pass
proof.KernelChannel, proof._hear = Channel, lambda channel: {"k": "refused", "why": "no", "layers": []}
class Host:
    def spawn(self, **_): pass
proof.ready_worker(Host(), ())
"""),
    Rule("the self-test counts", "sandbox/proof.py", "    if found:\n", "    if False:\n", """
from grader.sandbox import canary, confine, proof
from grader.sandbox.host import Host
canary.ATTEMPTS["read the process's number"] = lambda file: os.getpid()
host = Host()
try:
    proof.prove(host, ())
finally:
    host.close()
"""),
)
SCORING = (
    Rule("a test asks the reference", _STUDENTS, "if other and self._doors:", "if False:",
         _PACKAGE + "package._current = _Current(now, False, ())\npackage._answered = lambda *a: Value('student', '')\n"
         "need(package.call('g', (), {}) == 'student')"),
    Rule("hidden tests have their own process", _STUDENTS, "        self._hidden = hidden\n", "",
         _PACKAGE + "package.enter(now, package=False, hidden=True, has_passed=lambda e: True)\nneed(not package._hidden)"),
    Rule("two kills and no more", _STUDENTS, "if current.kills >= KILLS_BEFORE_GIVING_UP:", "if False:",
         _PACKAGE + "from grader.sandbox import Killed\npackage._current = current = _Current(now, False, ())\n"
         "for _ in range(2): package._after_kill(Killed('cpu', None, ''))\nneed(current.broken is None)"),
    Rule("answers that are kept", _STUDENTS, "if current.kept + size > KEPT_BYTES or", "if",
         _PACKAGE + "package._current = _Current(now, False, ())\nneed(package.may_keep(40 << 20))"),
    Rule("answers that are kept in all", _STUDENTS, " or self._kept + size > ALL_KEPT_BYTES", "",
         _PACKAGE + "package._kept = 128 << 20\npackage._current = _Current(now, False, ())\nneed(package.may_keep(1 << 20))"),
    Rule("points come from the report", _SESSION, 'return "passed" if recorded == "passed" and failure is None else "failed"',
         'return "passed" if failure is None else "failed"',
         "from grader.grading.session import _outcome\nneed(_outcome('skipped', None, object()) == 'passed')"),
    Rule("a failure is no pass", _SESSION, 'recorded == "passed" and failure is None else', 'recorded == "passed" else',
         "from grader.grading.session import _outcome\nneed(_outcome('passed', 'a failure', object()) == 'passed')"),
    Rule("what was not recorded did not pass", _SESSION, "if recorded is None or recording is None:", "if False:",
         "from grader.grading.session import _outcome\nneed(_outcome('passed', None, None) == 'passed')"),
    Rule("every test of a criterion", "grading/scoring.py", "if not wanted or not all(runs.values()):", "if False:",
         "from types import SimpleNamespace as N\nfrom grader.grading.scoring import judge\nclass T: public = True\n"
         "need(judge(N(tests=[T()]), N(not_started=False, tests=[]), public_only=False).status == 'passed')"),
    Rule("no variables that steer pytest", _SESSION, "            for name in kept:\n                del os.environ[name]\n", "",
         "from grader.grading import session\nos.environ['PYTEST_ADDOPTS'] = '-x'\n"
         "with session.clean_surroundings():\n    need('PYTEST_ADDOPTS' in os.environ)"),
    Rule("no plugins by themselves", _SESSION, 'os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"', "pass",
         "from grader.grading import session\nwith session.clean_surroundings():\n"
         "    need('PYTEST_DISABLE_PLUGIN_AUTOLOAD' not in os.environ)"),
    Rule("nothing written beside the course", _SESSION, "sys.pycache_prefix, sys.dont_write_bytecode = folder, True", "pass",
         "import sys\nsys.dont_write_bytecode = False\nfrom grader.grading import session\n"
         "with session.clean_surroundings():\n    need(not sys.dont_write_bytecode)"),
    Rule("memory of a test", "grading/machine.py", "    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))\n", "",
         "from grader.grading.machine import memory_limit\ntry:\n    with memory_limit():\n        bytearray(3 << 30)\n"
         "except MemoryError:\n    raise Held\n"),
    Rule("the machine's faults", "grading/machine.py", "isinstance(error, OSError) or", "False or",
         "from grader.grading.machine import is_to_blame\nneed(not is_to_blame(OSError(24, 'x')))"),
    Rule("hidden errors are not told", "grading/feedback.py", 'elif public and failure.kind in ("raised", "import_failed"):',
         'elif failure.kind in ("raised", "import_failed"):',
         "from types import SimpleNamespace as N\nfrom grader.grading.feedback import _detail\n"
         "from grader.testing import StudentFailed\n"
         "exercise = N(id='1.1', module='m', function='f', lesson='1')\n"
         "need('LEAK' in _detail(N(package='p'), exercise, StudentFailed('raised', 'no', error='LEAK'),\n"
         "                       N(function=N(public=False), calls=()), ()))"),
    Rule("hidden kinds are not told", "grading/feedback.py", "if not public and failure.kind in _HIDDEN:", "if False:",
         "from grader.grading.feedback import _student_failed\nfrom grader.testing import StudentFailed\n"
         "need('LEAK' in _student_failed(None, None, StudentFailed('unsupported', 'LEAK'), False, ()))"),
    Rule("files that may be replaced", "result/store.py", "if not stat.S_ISREG(mode):", "if False:", """
import tempfile, shutil
from pathlib import Path
from grader.result.store import write_text
root = Path(tempfile.mkdtemp())
(root / "link").symlink_to("target")
try:
    write_text("x", root / "link")
finally:
    shutil.rmtree(root)
"""),
)
TRUSTED = (*READING, *STARTING, *SCORING)
