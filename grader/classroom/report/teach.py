"""What to teach tomorrow: the class's misconceptions, ranked, each with a mini-lesson of five minutes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from grader.classroom.report.records import ClassRecord, StudentRecord, Try
from grader.course import Course, Exercise, Misconception
from grader.course.headings import Section, sections
from grader.render.formulas import with_readable_formulas
from grader.render.reading import where_to_read

PAGE = "README.md"
EXCERPT_WORDS = 90
SECONDS_A_MINUTE = 60

Mistake = tuple[str, str]
"""(exercise, misconception)"""

_MARKUP = re.compile(r"\*\*|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_NO_PROSE = ("|", "#", ">", "!", "-", "*", "```", "~~~", "<", "$$", "    ")


@dataclass(frozen=True)
class Topic:
    """One misconception that the class shares, and how to teach it in five minutes."""

    exercise: str
    function: str
    misconception: str
    title: str
    students: int
    """Students who show it now."""
    share: float
    """Of those who have a result."""
    solved: int
    """Students who showed it once, and do not any more."""
    stuck_minutes: float | None
    """Median time; None where nobody has shown it twice."""
    text: tuple[str, ...]
    """What the student reads, by paragraph."""
    read: str
    excerpt: str
    """The beginning of that section."""
    code: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    """Minutes and what to do: five minutes in all."""


def topics(course: Course, record: ClassRecord) -> tuple[Topic, ...]:
    """Rank the misconceptions of the class by students, then by the time they have been stuck."""
    now = Counter((exercise, cell.mistake) for student in record.graded
                  for exercise, cell in student.cells.items() if cell.mistake)
    stuck, solved = _histories(record.students)
    known = {(m.exercise, m.id): m for lesson in course.lessons for m in lesson.misconceptions}
    found = [
        _topic(course, record, known[mistake], students=now[mistake], solved=solved[mistake],
               stuck=stuck.get(mistake))
        for mistake in known if now[mistake] or solved[mistake]
    ]
    return tuple(sorted(found, key=lambda t: (-t.students, -(t.stuck_minutes or 0.0), -t.solved)))


def _histories(students: Sequence[StudentRecord]) -> tuple[dict[Mistake, float], Counter[Mistake]]:
    """Give for each mistake the median minutes it lasts, and how many students got past it."""
    minutes: dict[Mistake, list[float]] = defaultdict(list)
    solved: Counter[Mistake] = Counter()
    for student in students:
        for mistake in {m for one in student.tries for m in one.mistakes}:
            showing = [mistake in one.mistakes for one in student.tries]
            solved[mistake] += not showing[-1]
            if sum(showing) > 1:
                minutes[mistake].append(_lasted(student.tries, showing))
    return {mistake: median(found) for mistake, found in minutes.items()}, solved


def _lasted(tries: Sequence[Try], showing: Sequence[bool]) -> float:
    """Count minutes from the first attempt with the mistake to the first without it, or to the last."""
    first = showing.index(True)
    end = next((n for n in range(first, len(tries)) if not showing[n]), len(tries) - 1)
    return (moment(tries[end].at) - moment(tries[first].at)).total_seconds() / SECONDS_A_MINUTE


def moment(text: str) -> datetime:
    """Read a time such as 2026-11-23T12:00:00Z."""
    return datetime.fromisoformat(text)


def _topic(
    course: Course, record: ClassRecord, found: Misconception, *, students: int, solved: int,
    stuck: float | None,
) -> Topic:
    exercise = course.exercises[found.exercise]
    read = _place(course, exercise, found)
    excerpt = _excerpt(course, read)
    paragraphs = tuple(" ".join(p.split()) for p in re.split(r"\n\s*\n", found.text) if p.strip())
    code = record.code.get((exercise.id, found.id), ())
    return Topic(
        exercise=exercise.id, function=exercise.function, misconception=found.id, title=found.title,
        students=students, share=students / max(1, len(record.graded)), solved=solved,
        stuck_minutes=stuck, text=paragraphs, read=where_to_read(course, read) if read else "",
        excerpt=excerpt, code=code, steps=tuple(_steps(exercise, found, paragraphs, excerpt, code)),
    )


def _place(course: Course, exercise: Exercise, found: Misconception) -> str:
    """Name the section to read again: that of the first criterion that the misconception loses."""
    folder = course.lesson(exercise.lesson).folder.relative_to(course.root).as_posix()
    reads = (c.read for c in exercise.criteria if c.id in found.loses and c.read)
    return next((f"{folder}/{read}" for read in reads), "")


def _steps(
    exercise: Exercise, found: Misconception, paragraphs: Sequence[str], excerpt: str, code: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Write the mini-lesson: see it, think, name it, read, try."""
    name = f"{exercise.id} {exercise.function}"
    shown = "the lines above" if code else f"a call of {name}"
    yield "0–1", f"Show {shown}. Everyone writes down what comes out, and why. Nobody speaks yet."
    yield "1–2", f"Neighbours compare. Then say what it shows: {paragraphs[0] if paragraphs else found.title}"
    if len(paragraphs) > 1:
        yield "2–3", f"Ask the class: {paragraphs[-1]}"
    else:
        yield "2–3", f"Ask the class: {exercise.hints[0] if exercise.hints else found.title}"
    yield "3–4", f"Read together: {excerpt}" if excerpt else "Read the section together."
    yield "4–5", f"Everyone mends it and runs: grader check {exercise.id}"


def _excerpt(course: Course, read: str) -> str:
    """Give the first sentences of the section's prose."""
    name, _, anchor = read.partition("#")
    file = course.root / name
    if not anchor or not file.is_file():
        return ""
    text = file.read_text(encoding="utf-8")
    section = next((s for s in sections(text) if s.anchor == anchor), None)
    return _first_prose(text, section) if section else ""


def _first_prose(text: str, section: Section) -> str:
    body = "\n".join(text.split("\n")[section.first + 1 : section.end])
    words: list[str] = []
    for block in re.split(r"\n\s*\n", with_readable_formulas(body)):
        if not block.strip() or block.startswith(_NO_PROSE):
            if words:
                break
            continue
        for sentence in block.strip().split("\n"):
            plain = _MARKUP.sub("", _LINK.sub(r"\1", sentence)).split()
            if words and len(words) + len(plain) > EXCERPT_WORDS:
                return " ".join(words)
            words += plain
    return " ".join(words)
