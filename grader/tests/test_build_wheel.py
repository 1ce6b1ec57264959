"""The wheel in the student's repository: the grader, nothing secret, the same bytes everywhere."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest

import grader
from grader.build import plan_build, with_wheel, write_build
from grader.build import wheel as module
from grader.build.secrets import course_secrets, refuse_secrets
from grader.build.wheel import pack_grader
from grader.course import Course, load_course
from grader.course.shipped import content_digest, parse_shipped
from grader.errors import CourseError, GraderError

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "grader"
NAME = "transformer-classroom"
LINE = f"{NAME}=={grader.__version__}"
PACK = """
import hashlib, sys
from importlib.metadata import Distribution
sys.path.insert(0, sys.argv[1])
from grader.build.wheel import pack_grader
print(hashlib.sha256(pack_grader(Distribution.at(sys.argv[2]))[1]).hexdigest())
"""


class Installed(Distribution):
    """A distribution as pip leaves it behind, in the words of some build tool."""

    def __init__(self, version: str = grader.__version__, *, licence: bool = True) -> None:
        self._texts = {
            "METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\nSummary: A grader.\n"
                        "Requires-Python: >=3.11\nProvides-Extra: viz\nRequires-Dist: rich>=13.7\n"
                        "Requires-Dist: matplotlib>=3.8; extra == 'viz'\nRequires-Dist: click>=8.1\n",
            **({"licenses/LICENSE": "Take it.\r\n"} if licence else {}),
        }

    def read_text(self, filename: str) -> str | None:
        """Give one of its files."""
        return self._texts.get(filename)

    def locate_file(self, path: object) -> Path:
        """Name the place of a file; nobody asks."""
        raise NotImplementedError


def unpacked(data: bytes) -> dict[str, bytes]:
    """Read a wheel."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def template(toy: Course, tmp_path: Path, requirements: str | None) -> Course:
    """Copy the toy course, with a `requirements.txt` in its template."""
    root = Path(shutil.copytree(toy.root, tmp_path / "course"))
    if requirements is not None:
        (root / "assignments/template/requirements.txt").write_text(requirements, encoding="utf-8")
    return load_course(root)


def vendored(course: Course) -> dict[str, bytes]:
    """Plan a repository that brings the grader."""
    return with_wheel(course, plan_build(course))


def test_the_wheel_holds_the_grader_and_nothing_else() -> None:
    """Each module is in it as it is; no test, no course, no cache."""
    name, data = pack_grader(Installed())
    files = unpacked(data)
    wanted = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*.py")
              if "tests" not in path.relative_to(PACKAGE).parts}
    about = name.removesuffix("-py3-none-any.whl") + ".dist-info/"
    assert {each for each in files if each.endswith(".py")} == wanted
    others = {each.removeprefix(about) for each in files if each.startswith(about)}
    assert others == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert all(each.startswith(("grader/", about)) for each in files)
    assert not [each for each in files if "tests" in each or "__pycache__" in each]
    assert files["grader/__main__.py"] == (PACKAGE / "__main__.py").read_bytes()


def test_the_wheel_holds_no_secret_of_the_course(course: Course) -> None:
    """No hidden test, no misconception and no solution stands in any file of it."""
    from grader.build.plan import _LessonCut

    packed = unpacked(pack_grader(module._installed())[1])
    files = {name.replace("/", "_"): data for name, data in packed.items()}  # cli/keys.py is no key
    solutions = [secret for lesson in course.lessons for secret in _LessonCut(course, lesson, None).secrets()]
    refuse_secrets(course, files, [*course_secrets(course), *solutions])
    leak = (course.root / "reference/minigpt/attention.py").read_bytes()
    with pytest.raises(CourseError, match="the solution of 1"):
        refuse_secrets(course, {**files, "extra.py": leak}, solutions)


def test_the_record_is_right() -> None:
    """Every file but the record itself stands there with its digest and its size."""
    files = unpacked(pack_grader(Installed())[1])
    record = next(name for name in files if name.endswith("/RECORD"))
    rows = list(csv.reader(files[record].decode().splitlines()))
    assert [row[0] for row in rows] == list(files)
    assert rows[-1] == [record, "", ""]
    for name, digest, size in rows[:-1]:
        sha = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).decode().rstrip("=")
        assert (digest, int(size)) == (f"sha256={sha}", len(files[name]))


def test_the_metadata_are_written_anew() -> None:
    """They are those of the installed grader, in one order and one spelling."""
    files = unpacked(pack_grader(Installed())[1])
    metadata = next(data.decode() for name, data in files.items() if name.endswith("/METADATA"))
    lines = metadata.splitlines()
    assert lines[2].startswith(f"Version: {grader.__version__}+g")
    assert lines[:2] + lines[3:] == [
        "Metadata-Version: 2.4", f"Name: {NAME}", "Summary: A grader.", "Requires-Python: >=3.11",
        "License-File: LICENSE", "Provides-Extra: viz", "Requires-Dist: click>=8.1",
        'Requires-Dist: matplotlib>=3.8; extra == "viz"', "Requires-Dist: rich>=13.7",
    ]
    without = unpacked(pack_grader(Installed(licence=False))[1])
    assert not [name for name in without if "LICENSE" in name]


def test_the_installed_metadata_are_those_of_the_project() -> None:
    """What the wheel will ask for is what `pyproject.toml` asks for (if not: install again)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = module._installed().metadata.get_all("Requires-Dist", [])
    assert sorted(line for line in known if "extra ==" not in line) == sorted(project["dependencies"])


def copied(folder: Path) -> Path:
    """Copy the grader without its tests, and without caches: another process may be writing them."""
    return Path(shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("tests", "__pycache__")))


def test_neither_time_nor_machine_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows line ends, other times and modes, caches and swap files change no byte."""
    first = pack_grader(Installed())
    copy = copied(tmp_path / "grader")
    for path in list(copy.rglob("*.py")):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        path.chmod(0o600)
        os.utime(path, (1, 1))
    for junk in ("errors.pyc", "errors.py~", ".errors.py.swp", ".cache/x.py", "__pycache__/y.py"):
        (copy / junk).parent.mkdir(exist_ok=True)
        (copy / junk).write_bytes(b"junk")
    monkeypatch.setattr(grader, "__file__", str(copy / "__init__.py"))
    assert pack_grader(Installed()) == first


def test_a_changed_grader_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte more gives another name, so that pip does not take it for the one that is installed."""
    first, _ = pack_grader(Installed())
    copy = copied(tmp_path / "grader")
    (copy / "errors.py").write_bytes((copy / "errors.py").read_bytes() + b"\n")
    monkeypatch.setattr(grader, "__file__", str(copy / "__init__.py"))
    assert pack_grader(Installed())[0] != first


def test_a_grader_from_such_a_wheel_packs_the_same_one() -> None:
    """The mark at the end of the version does not grow."""
    name, _ = pack_grader(Installed())
    assert pack_grader(Installed(name.split("-")[1]))[0] == name


@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13"])
def test_every_python_packs_the_same_bytes(python: str) -> None:
    """The bytes do not depend on the Python that packs them."""
    found = shutil.which(python)
    if found is None or subprocess.run([found, "-V"], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no {python} that runs on this machine")
    installed = module._installed()
    about = next(file for file in installed.files or () if file.name == "METADATA")
    place = Path(str(installed.locate_file(about))).parent
    done = subprocess.run([found, "-I", "-c", PACK, str(ROOT), str(place)], capture_output=True, text=True,
                          check=False)
    assert done.stdout.strip() == hashlib.sha256(pack_grader(installed)[1]).hexdigest(), done.stderr


def test_the_starters_requirements_name_the_file(toy: Course, tmp_path: Path) -> None:
    """The line of the index gives way to the file; the rest of the plan stays."""
    course = template(toy, tmp_path, "# tools\nTransformer_Classroom == 0.0.1\nblack\n")
    before = plan_build(course)
    plan = with_wheel(course, before)
    (wheel,) = set(plan) - set(before)
    assert wheel.startswith("starter/vendor/transformer_classroom-")
    text = plan["starter/requirements.txt"].decode()
    assert text == f"# tools\n./{wheel.removeprefix('starter/')}\nblack\n"
    assert {name for name in before if plan[name] != before[name]} == {
        "starter/requirements.txt", "starter/assignments/shipped.json"}
    others = parse_shipped(plan["starter/assignments/shipped.json"].decode()).others
    assert others["requirements.txt"] == content_digest(text.encode())
    assert others[wheel.removeprefix("starter/")] == content_digest(plan[wheel])


@pytest.mark.parametrize("requirements", [None, "", "numpy\n", f"# {LINE}\n", f"my-{LINE}\n"])
def test_a_template_that_installs_no_grader_is_refused(
    toy: Course, tmp_path: Path, requirements: str | None
) -> None:
    """The build does not guess where the line belongs."""
    with pytest.raises(CourseError) as caught:
        vendored(template(toy, tmp_path, requirements))
    assert str(caught.value) == (
        "assignments/template/requirements.txt: no line here installs the grader\n"
        f"  Next: Write the line `{LINE}`."
    )


def test_a_wheel_in_the_template_is_refused(toy: Course, tmp_path: Path) -> None:
    """The build would overwrite it."""
    course = template(toy, tmp_path, LINE)
    plan = plan_build(course)
    name = pack_grader(module._installed())[0]
    with pytest.raises(CourseError, match="the build makes this file itself") as caught:
        with_wheel(course, {**plan, f"starter/vendor/{name}": b"old"})
    assert caught.value.where == f"assignments/template/vendor/{name}"


def test_a_grader_that_was_not_installed_is_not_packed(
    toy: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without metadata nobody knows what the wheel would need."""
    foreign = EntryPoint("grader", "another:main", "console_scripts")
    monkeypatch.setattr(module, "entry_points", lambda **asked: [foreign])
    with pytest.raises(GraderError, match="this grader was not installed") as caught:
        vendored(template(toy, tmp_path, LINE))
    assert caught.value.fix == "Install it with pip, then build again."


def test_metadata_of_another_version_are_refused(
    toy: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that was raised after the installation is found out."""
    monkeypatch.setattr(grader, "__version__", "9.9")
    problem = r"^version 0\.1\.0 is installed, but the code says 9\.9\n"
    with pytest.raises(GraderError, match=problem) as caught:
        vendored(template(toy, tmp_path, LINE))
    assert caught.value.fix == "Install it again with pip, then build again."


def test_pip_installs_it_and_it_checks(toy: Course, tmp_path: Path) -> None:
    """From the built repository alone, pip installs the wheel, and that grader checks the student's work."""
    home = tmp_path / "student"
    course = template(toy, tmp_path, LINE)
    write_build(course, vendored(course), home)
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet",
           "--disable-pip-version-check", "--target", str(site), "-r", "requirements.txt"]
    subprocess.run(pip, cwd=home, check=True, capture_output=True, text=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    code = "import grader, sys; from grader.__main__ import main; print(grader.__file__); sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, "check", "1"], cwd=home, env=environment,
                          capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(f"{site}{os.sep}grader")
    assert "not started" in done.stdout
