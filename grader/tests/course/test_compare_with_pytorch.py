"""The optional comparison with PyTorch: a verdict for each function, whatever state these are in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "assignments" / "template" / "compare_with_pytorch.py"
NAMED = ("scaled_dot_product_attention", "nn.MultiheadAttention", "nn.LayerNorm", "nn.GELU", "cross_entropy",
         "AdamW")

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="PyTorch is not installed")


def student_tree(home: Path, package: Path) -> Path:
    """Make a repository with this package; give the path of the script in it."""
    shutil.copytree(package, home / "minigpt", ignore=shutil.ignore_patterns("__pycache__"))
    return Path(shutil.copy(SCRIPT, home))


def run(script: Path, *arguments: str, path: Path | None = None, encoding: str = "utf-8") -> tuple[int, str]:
    """Run the script as a student does; give its exit code and all that it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONIOENCODING": encoding} | ({"PYTHONPATH": str(path)} if path else {})
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, env=environment,
                          cwd=script.parent.parent, check=False, timeout=120)
    return done.returncode, (done.stdout + done.stderr).decode(encoding)


def verdicts(printed: str) -> list[str]:
    """List the verdicts, in order."""
    unfolded = re.sub(r"\n      (?=\S)", " ", printed)
    return re.findall(r"^ +\d\.\d \w+ +(.+)$", unfolded, re.MULTILINE)


@needs_torch
def test_the_reference_agrees_with_pytorch(tmp_path: Path) -> None:
    """All functions of the reference agree, on two seeds, in 80 columns of plain ASCII."""
    script = student_tree(tmp_path, ROOT / "reference" / "minigpt")
    for seed in ("0", "11"):
        code, printed = run(script, "--seed", seed, encoding="ascii")
        assert code == 0, printed
        assert set(verdicts(printed)) == {"agrees"}
        assert len(verdicts(printed)) >= 14
    assert [name for name in NAMED if name not in printed] == []
    assert max(map(len, printed.splitlines())) <= 80
    assert "keep out" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == [SCRIPT.name, "minigpt"]


@needs_torch
def test_an_unsolved_package_is_not_written_yet(tmp_path: Path) -> None:
    """With the stubs, every verdict is "not written yet", and that is no error."""
    code, printed = run(student_tree(tmp_path, ROOT / "starter" / "minigpt"))
    assert code == 0, printed
    assert set(verdicts(printed)) == {"not written yet"}


@needs_torch
def test_survives_broken_functions(tmp_path: Path) -> None:
    """A function that is wrong, writes into its inputs, exits or cannot be imported gets a verdict."""
    script = student_tree(tmp_path, ROOT / "reference" / "minigpt")
    package = tmp_path / "minigpt"
    (package / "attention.py").write_text("def softmax(x, axis):\n    x -= 1\n    return x\n")
    (package / "feed_forward.py").write_text("def gelu(x, approximate):\n    return 2 * x\n\n\n"
                                             "def layer_norm(*arrays):\n    raise SystemExit('enough')\n")
    (package / "transformer.py").write_text("def cross_entropy(:\n")
    code, printed = run(script)
    assert code == 1
    assert "Traceback" not in printed
    found = "\n".join(verdicts(printed))
    for words in ("read-only", "is missing", "differs in", "raises SystemExit: enough",
                  "cannot be imported: SyntaxError"):
        assert words in found
    assert "`grader check`" in printed


@pytest.mark.parametrize(("module", "problem"), [("torch", "ImportError"), ("torch", "OSError"),
                                                 ("numpy", "ImportError")])
def test_says_what_to_install(tmp_path: Path, module: str, problem: str) -> None:
    """Without PyTorch or NumPy, or with a damaged one, it says what to install, and nothing else happens."""
    script = student_tree(tmp_path / "home", ROOT / "starter" / "minigpt")
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / f"{module}.py").write_text(f"raise {problem}('not here')\n")
    code, printed = run(script, path=fake)
    assert code == 2
    assert f"pip install {module}" in printed
    assert "Traceback" not in printed


@needs_torch
def test_says_where_it_has_to_be_run(tmp_path: Path) -> None:
    """Without the package beside it, it says so."""
    (tmp_path / "home").mkdir()
    code, printed = run(Path(shutil.copy(SCRIPT, tmp_path / "home")))
    assert code == 2
    assert "folder of your repository" in printed
