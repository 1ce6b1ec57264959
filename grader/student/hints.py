"""The three hints of an exercise, one rung at a time; how many were read is kept in `.grader/hints.jsonl`."""

from __future__ import annotations

from grader.course import Course, Exercise
from grader.errors import GraderError
from grader.render.reading import where_to_read
from grader.render.screen import Screen
from grader.render.statuses import GOOD
from grader.student import journal
from grader.student.history import read_history
from grader.student.steps import named

FILE = "hints.jsonl"
_RUNGS = ("A question", "A pointer", "Nearly code")


def show_hint(course: Course, exercise: Exercise, screen: Screen, *, again: bool = False) -> None:
    """Write the next hint of an exercise, or the last one again; after passing, where "why it works" is."""
    if read_history(course).passed(exercise.id) and not again:
        _passed(course, exercise, screen)
        return
    read = hints_read(course, exercise)
    rung = max(read, 1) if again else min(read + 1, len(exercise.hints))
    _hint(course, exercise, screen, rung)
    if rung > read:
        try:
            journal.append(course.root, FILE, {"course": course.id, "exercise": exercise.id, "hint": rung})
        except GraderError as error:
            screen.labelled("Not counted", str(error))


def hints_read(course: Course, exercise: Exercise) -> int:
    """Count the rungs of an exercise that were read."""
    rungs = [entry.get("hint") for entry in journal.entries(course.root, FILE)
             if entry.get("course") == course.id and entry.get("exercise") == exercise.id]
    return max([0, *(rung for rung in rungs if type(rung) is int and rung <= len(exercise.hints))])


def _hint(course: Course, exercise: Exercise, screen: Screen, rung: int) -> None:
    whole = len(exercise.hints)
    if screen.plain:
        screen.sentence(f"{named(exercise)}, hint {rung} of {whole}.")
    else:
        screen.row(named(exercise), f"hint {rung} of {whole}", style="bold")
    screen.labelled(_RUNGS[rung - 1], exercise.hints[rung - 1])
    if rung < whole:
        screen.labelled("More", f"another hint: grader hint {exercise.id}")
    else:
        read = places_to_read(course, exercise)[:1]
        screen.labelled("Read again", "; ".join([*read, "then ask a person: this was the last hint"]))
    screen.labelled("Next", f"grader check {exercise.id}", style="bold")


def _passed(course: Course, exercise: Exercise, screen: Screen) -> None:
    screen.sentence(f"{named(exercise)} passed when it was last checked.", symbol=GOOD)
    for number, place in enumerate(places_to_read(course, exercise)):
        screen.labelled("Why it works" if number == 0 else "and", place)
    screen.labelled("Next", f"grader read {exercise.id}")


def places_to_read(course: Course, exercise: Exercise) -> list[str]:
    """List the sections that the exercise's criteria send to, each once."""
    folder = course.lesson(exercise.lesson).folder.relative_to(course.root).as_posix()
    reads = dict.fromkeys(c.read for c in exercise.criteria if c.read)
    return [where_to_read(course, f"{folder}/{read}") for read in reads]
