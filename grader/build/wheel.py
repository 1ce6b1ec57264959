"""Pack the grader itself as a wheel for the student's repository: the same bytes on every machine.

A wheel is a ZIP file with a list of digests (Python packaging user guide, "Binary distribution format").
A build tool would compress it, and what comes out of that depends on the machine's zlib; it would also read
`pyproject.toml`, which an installed grader does not have. So the files are stored as they are, in one order,
with one date and one mode, and the metadata come from what is installed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, entry_points
from pathlib import Path

import grader
from grader.build.plan import STARTER, plain_lines, shipped_file
from grader.course import Course
from grader.course.shipped import SHIPPED
from grader.errors import CourseError, GraderError

VENDOR = "vendor"
REQUIREMENTS = "requirements.txt"
_PACKAGE = "grader"
_NOT_PACKED = frozenset({"tests", "__pycache__"})
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The first date that a ZIP file can tell: no clock is read."""
_DIGITS = 8
_UNIX, _PLAIN_FILE = 3, 0o100644 << 16
_WHEEL = f"Wheel-Version: 1.0\nGenerator: {_PACKAGE} build\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def with_wheel(course: Course, plan: Mapping[str, bytes]) -> dict[str, bytes]:
    """Add the grader's wheel to a plan, and let the starter's `requirements.txt` install that file.

    Raises CourseError where the template does not fit, GraderError where the grader is not installed.
    """
    installed = _installed()
    name, wheel = pack_grader(installed)
    place, requirements = f"{STARTER}/{VENDOR}/{name}", f"{STARTER}/{REQUIREMENTS}"
    if place in plan:
        raise CourseError("the build makes this file itself", where=f"assignments/template/{VENDOR}/{name}",
                          fix="Take it out of the template.")
    text = plan.get(requirements, b"").decode("utf-8", "replace")
    line = re.compile(rf"^{re.sub('[-_.]+', '[-_.]+', installed.name)}[ \t]*==.*$", re.M | re.I)
    if not line.search(text):
        raise CourseError("no line here installs the grader", where=f"assignments/template/{REQUIREMENTS}",
                          fix=f"Write the line `{installed.name}=={grader.__version__}`.")
    text = line.sub(f"./{VENDOR}/{name}", text, count=1)
    whole = {**plan, requirements: text.encode(), place: wheel}
    whole[f"{STARTER}/{SHIPPED}"] = shipped_file(course, whole)
    return dict(sorted(whole.items()))


def _installed() -> Distribution:
    """Find the distribution that the command `grader` comes from."""
    found = [entry.dist for entry in entry_points(group="console_scripts", name=_PACKAGE) if entry.dist
             and entry.value.startswith(f"{_PACKAGE}.")]
    if not found:
        raise GraderError("this grader was not installed, so nobody can install it from here",
                          fix="Install it with pip, then build again.")
    version = _public(found[0].version)
    if version != grader.__version__:
        raise GraderError(f"version {version} is installed, but the code says {grader.__version__}",
                          fix="Install it again with pip, then build again.")
    return found[0]


def _public(version: str) -> str:
    return version.partition("+")[0]


def pack_grader(installed: Distribution) -> tuple[str, bytes]:
    """Make the wheel of the running grader without its tests: its file name, and its bytes.

    The version ends in a digest of the content, so that pip sees a newer grader of the same version as new.
    """
    code = dict(sorted(_code(Path(grader.__file__).parent)))
    about = dict(_about(installed))
    content = hashlib.sha256(_record({**code, **about}).encode()).hexdigest()
    version = f"{_public(installed.version)}+g{content[:_DIGITS]}"
    head = f"Metadata-Version: 2.4\nName: {installed.name}\nVersion: {version}\n"
    about["METADATA"] = head.encode() + about["METADATA"]
    stem = f"{re.sub('[-_.]+', '_', installed.name).lower()}-{version}"
    files = code | {f"{stem}.dist-info/{name}": data for name, data in about.items()}
    record = f"{stem}.dist-info/RECORD"
    files[record] = f"{_record(files)}{record},,\n".encode()
    return f"{stem}-py3-none-any.whl", _zip(files)


def _record(files: Mapping[str, bytes]) -> str:
    """List names, digests and sizes in the form of a wheel's RECORD."""
    return "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in files.items())


def _zip(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _FIRST_DATE)
            entry.create_system, entry.external_attr = _UNIX, _PLAIN_FILE
            archive.writestr(entry, data)
    return packed.getvalue()


def _code(package: Path) -> Iterator[tuple[str, bytes]]:
    for path in package.rglob("*"):
        parts = path.relative_to(package).parts
        hidden = any(part in _NOT_PACKED or part.startswith(".") for part in parts)
        if path.is_file() and not hidden and path.suffix != ".pyc" and not path.name.endswith("~"):
            yield "/".join((_PACKAGE, *parts)), plain_lines(path.read_bytes())


def _about(installed: Distribution) -> Iterator[tuple[str, bytes]]:
    """Write the metadata anew, in one order: tools of other versions write them differently."""
    known = installed.metadata
    licence = installed.read_text("licenses/LICENSE")
    lines = [f"{field}: {value}" for field in ("Summary", "License-Expression", "Requires-Python")
             for value in known.get_all(field, [])]
    lines += ["License-File: LICENSE"] if licence else []
    for field in ("Provides-Extra", "Requires-Dist"):
        lines += sorted(f"{field}: {value}".replace("'", '"') for value in known.get_all(field, []))
    yield "METADATA", "".join(f"{line}\n" for line in lines).encode()
    yield "WHEEL", _WHEEL.encode()
    yield "entry_points.txt", f"[console_scripts]\n{_PACKAGE} = {_PACKAGE}.__main__:main\n".encode()
    if licence:
        yield "licenses/LICENSE", plain_lines(licence.encode())


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
