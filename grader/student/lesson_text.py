"""Find the part of a lesson's text that is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.course import Course, Exercise, Lesson
from grader.course.files import CourseFiles
from grader.course.headings import Section, sections
from grader.errors import UsageError

PAGE = "README.md"


@dataclass(frozen=True)
class Passage:
    """A text to read, the folder of its pictures, and other sections that fit the words as well."""

    markdown: str
    folder: str
    also: tuple[str, ...] = ()


def whole_lesson(course: Course, lesson: Lesson) -> Passage:
    """Give a lesson's whole text."""
    return Passage(_page(course, lesson), _folder(course, lesson))


def section_about(course: Course, lesson: Lesson, words: str) -> Passage:
    """Give the section whose heading fits the words best, and name the others that fit."""
    text = _page(course, lesson)
    found = sections(text)
    fitting = sorted((s for s in found if _fits(words, s.title)), key=lambda s: not _begins(words, s.title))
    if not fitting:
        titles = "; ".join(section.title for section in found if section.level > 1)
        raise UsageError(f"no heading of lesson {lesson.id} has the words {words!r}.",
                         fix=f"use words of one of these: {titles}.")
    return Passage(_cut(text, fitting[0]), _folder(course, lesson), tuple(s.title for s in fitting[1:]))


def section_of(course: Course, exercise: Exercise) -> Passage:
    """Give the section in which an exercise is stated, and name the others that its criteria send to."""
    lesson = course.lesson(exercise.lesson)
    text = _page(course, lesson)
    found = [section for section in sections(text) if section.level > 1]
    named = _stated(text, found, exercise) or [s for s in found if s.anchor in _reads(exercise)]
    if not named:
        return whole_lesson(course, lesson)
    also = [s.title for s in found if s.anchor in _reads(exercise) and s != named[0]]
    return Passage(_cut(text, named[0]), _folder(course, lesson), tuple(also))


def _stated(text: str, found: list[Section], exercise: Exercise) -> list[Section]:
    """Find the innermost section that holds `**Exercise 1.5**`."""
    mark = re.compile(rf"\*\*\w+ {re.escape(exercise.id)}\*\*")
    at = next((n for n, line in enumerate(text.split("\n")) if mark.search(line)), None)
    return [] if at is None else [s for s in found if s.first <= at < s.end][-1:]


def _reads(exercise: Exercise) -> list[str]:
    return [c.read.partition("#")[2] for c in exercise.criteria if c.read.startswith(f"{PAGE}#")]


def _fits(words: str, title: str) -> bool:
    return all(word in title.casefold() for word in words.casefold().split())


def _begins(words: str, title: str) -> bool:
    return title.casefold().startswith(words.casefold())


def _cut(text: str, section: Section) -> str:
    return "\n".join(text.split("\n")[section.first : section.end]).rstrip() + "\n"


def _page(course: Course, lesson: Lesson) -> str:
    return CourseFiles(course.root).text(lesson.folder / PAGE)


def _folder(course: Course, lesson: Lesson) -> str:
    return lesson.folder.relative_to(course.root).as_posix()
