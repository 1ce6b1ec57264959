"""The report as Markdown, as JSON, and on the terminal."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from grader.classroom.report import forms
from grader.classroom.report.blocks import blocks
from grader.classroom.report.model import CAUTION, SCHEMA, ClassReport
from grader.classroom.report.records import StudentRecord
from grader.render.blocks import to_markdown as blocks_to_markdown

if TYPE_CHECKING:
    from rich.console import Console

    from grader.render.screen import Screen

TOPICS = 5
NEEDS = 12


def to_markdown(report: ClassReport) -> str:
    """Write the whole report."""
    return blocks_to_markdown(report.title, blocks(report))


def to_json(report: ClassReport) -> str:
    """Write everything as JSON, in ASCII; numbers stay numbers."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "title": report.title,
        "made_at": report.made_at,
        "banner": report.banner,
        "counts": dict(report.counts),
        "topics": [asdict(topic) for topic in report.topics],
        "needs": [asdict(need) for need in report.needs],
        "exercises": [{"id": e.id, "function": e.function} for e in report.exercises],
        "students": [_student(student) for student in report.students],
        "checkpoints": [asdict(gate) | {"pass_rate": gate.pass_rate} for gate in report.gates],
        "items": [asdict(item) for item in report.items],
        "gaps": [asdict(gap) | {"gap": gap.gap} for gap in report.gaps],
        "definitions": dict(report.definitions),
        "overrides": [asdict(change) for change in report.overrides],
        "regrades": [asdict(change) for change in report.regrades],
        "similarity": None if report.pairs is None else {
            "caution": CAUTION, "pairs": [asdict(pair) for pair in report.pairs], "same_id": report.ids},
        "exports": report.exports,
        "origin": dict(report.origin),
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def _student(student: StudentRecord) -> dict[str, Any]:
    return {
        "id": student.id, "name": student.name, "state": student.state, "reason": student.reason,
        "authenticated": student.authenticated, "isolation": student.isolation,
        "score": student.score, "max_score": student.max_score, "attempts": len(student.tries),
        "late": student.late, "remarks": student.remarks,
        "exercises": {
            name: {"status": cell.status, "score": cell.score, "max_score": cell.max_score,
                   "lost": cell.lost, "misconception": cell.mistake}
            for name, cell in student.cells.items()},
        "checkpoints": {name: {"status": gate.status, "score": gate.score, "max_score": gate.max_score,
                               "questions": dict(gate.questions)} for name, gate in student.gates.items()},
    }


def show(report: ClassReport, *, console: Console, plain: bool) -> None:
    """Print what a teacher needs first; the other forms hold the rest."""
    from grader.render.screen import Screen

    screen = Screen(console, plain=plain)
    screen.sentence(report.title, style="bold")
    screen.sentence(", ".join(f"{number} {word}" for word, number in report.counts.items()))
    for line in report.banner:
        screen.sentence(line, style="yellow")
    _show_topics(screen, report)
    _show_needs(screen, report)
    _show_gates(screen, report)
    _show_tests(screen, report)
    screen.blank()
    book = report.origin["gradebook"]
    screen.labelled("The rest", f"grader report {book} --format html --output report.html")
    screen.show()


def on_paper(report: ClassReport) -> str:
    """Write the terminal's screen as plain text."""
    from grader.render.screen import open_console

    out = io.StringIO()
    show(report, console=open_console(plain=True, file=out), plain=True)
    return out.getvalue()


def _show_topics(screen: Screen, report: ClassReport) -> None:
    screen.blank()
    screen.sentence("What to teach tomorrow", style="bold")
    if not report.topics:
        screen.sentence("no known misconception was recognised", indent=4)
    for topic in report.topics[:TOPICS]:
        count = f"{topic.students} of {report.counts['graded'] + report.counts['partial']}"
        name = f"  {topic.exercise} {topic.title}"
        if screen.plain:
            screen.sentence(f"{name.strip()}: {count} students.")
        else:
            screen.row(name, count)
        if topic.read:
            screen.labelled("Read again", topic.read)
    _more(screen, len(report.topics) - TOPICS, "misconceptions")


def _show_needs(screen: Screen, report: ClassReport) -> None:
    screen.blank()
    screen.sentence("Students who need you", style="bold")
    if not report.needs:
        screen.sentence("nobody stands out", indent=4)
    for need in report.needs[:NEEDS]:
        screen.sentence(f"{need.name}: {need.kind}: {need.reason}", indent=4)
    _more(screen, len(report.needs) - NEEDS, "lines")


def _show_gates(screen: Screen, report: ClassReport) -> None:
    for gate in report.gates:
        screen.blank()
        screen.sentence(f"Checkpoint {gate.id}: {gate.title}", style="bold")
        screen.sentence(f"{gate.passed} of {gate.students} pass ({forms.percent(gate.pass_rate)}), "
                        f"median {forms.percent(gate.median_share)}", indent=4)


def _show_tests(screen: Screen, report: ClassReport) -> None:
    screen.blank()
    screen.sentence("Suspicious tests", style="bold")
    if not report.suspicious:
        screen.sentence("none", indent=4)
    for item in report.suspicious[:TOPICS]:
        screen.sentence(f"{item.exercise} {item.criterion}: {item.suspicious}", indent=4)
    _more(screen, len(report.suspicious) - TOPICS, "tests")


def _more(screen: Screen, count: int, noun: str) -> None:
    if count > 0:
        screen.sentence(f"and {count} more {noun}", indent=4, style="dim")
