"""A report as headings, sentences, lists and tables: what Markdown and the terminal both write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from grader.classroom.report import forms
from grader.classroom.report.items import Item
from grader.classroom.report.model import CAUTION, ClassReport
from grader.classroom.report.records import Change
from grader.classroom.report.teach import Topic
from grader.render.blocks import Block, Grid, Heading, Lines, Points, Sentence


def blocks(report: ClassReport) -> Iterator[Block]:
    """Write the report in the order of the page."""
    for part in _PARTS:
        yield from part(report)


def _banner(report: ClassReport) -> Iterator[Block]:
    counts = ", ".join(f"{number} {word}" for word, number in report.counts.items())
    yield Sentence(f"Report of {report.made_at}: {counts}.")
    if report.banner:
        yield Heading("Before you use these numbers")
        yield Points(report.banner)


def _teach(report: ClassReport) -> Iterator[Block]:
    yield Heading("What to teach tomorrow")
    if not report.topics:
        yield Sentence("No known misconception was recognised in this class.")
    for topic in report.topics:
        yield from _topic(topic)


def _topic(topic: Topic) -> Iterator[Block]:
    yield Heading(f"{topic.exercise} {topic.function}: {topic.title}", 3)
    verb = "student shows" if topic.students == 1 else "students show"
    read = f" Read again: {topic.read}." if topic.read else ""
    yield Sentence(f"{topic.students} {verb} it now ({forms.percent(topic.share)}); {topic.solved} got past "
                   f"it; time stuck: {forms.duration(topic.stuck_minutes)}.{read}")
    for paragraph in topic.text:
        yield Sentence(paragraph)
    if topic.code:
        yield Sentence("One of them wrote (names and comments taken out):")
        yield Lines(topic.code)
    yield Grid(("minute", "what to do"), topic.steps)


def _needs(report: ClassReport) -> Iterator[Block]:
    yield Heading("Students who need you")
    rows = tuple((need.name, need.kind, need.reason) for need in report.needs)
    yield Grid(("student", "what", "why"), rows) if rows else Sentence("Nobody stands out.")


def _map(report: ClassReport) -> Iterator[Block]:
    yield Heading("Class map")
    key = "; ".join(f"{forms.PART if word == 'part' else forms.SYMBOLS.get(word, '')} {text}"
                    for word, text in forms.WORDS.items() if word != "none")
    yield Sentence(key)
    rows = tuple(
        (s.name, f"{s.score}/{s.max_score}" if s.graded else s.state,
         *(forms.look(s.cells.get(e.id))[0] for e in report.exercises)) for s in report.students)
    yield Grid(("student", "score", *(e.id for e in report.exercises)), rows)


def _gates(report: ClassReport) -> Iterator[Block]:
    yield Heading("Checkpoints")
    if not report.gates:
        yield Sentence("No checkpoint has a result yet.")
        return
    yield Grid(
        ("checkpoint", "students", "pass", "pass rate", "mean", "median", "attempts (median)", "by tenths"),
        tuple((f"{g.id} {g.title}", str(g.students), str(g.passed), forms.percent(g.pass_rate),
               forms.percent(g.mean_share), forms.percent(g.median_share),
               "unknown" if g.median_tries is None else f"{g.median_tries:g}",
               " ".join(map(str, g.bands))) for g in report.gates))


def _items(report: ClassReport) -> Iterator[Block]:
    yield Heading("Difficulty and discrimination")
    rows = tuple(map(_item, report.items))
    yield Grid(("check", "kind", "tried", "won", "difficulty", "discrimination", "remark"), rows)
    yield from _definitions(report, ("tried", "difficulty", "discrimination", "suspicious"))


def _item(item: Item) -> tuple[str, ...]:
    return (f"{item.exercise} {item.criterion}", item.visibility, str(item.tried), str(item.won),
            forms.number(item.difficulty), forms.number(item.discrimination), forms.reading(item))


def _gaps(report: ClassReport) -> Iterator[Block]:
    yield Heading("Public against hidden")
    rows = tuple((f"{g.exercise} {g.function}", str(g.tried), forms.percent(g.public),
                  forms.percent(g.hidden), forms.percent(g.gap), str(g.only_public)) for g in report.gaps)
    yield Grid(("exercise", "tried", "public", "hidden", "gap", "all public, not all hidden"), rows)
    yield from _definitions(report, ("gap", "all public, not all hidden"))


def _definitions(report: ClassReport, words: Iterable[str]) -> Iterator[Block]:
    yield Points(tuple(f"{word}: {report.definitions[word]}" for word in words))


def _changes(report: ClassReport) -> Iterator[Block]:
    yield Heading("Overrides, late work, regrades")
    yield from _changed("Overrides", report.overrides, "No score was changed by hand.")
    yield Heading("Late", 3)
    late = tuple(f"{student.name}: {student.late}" for student in report.late)
    yield Points(late) if late else Sentence("Nothing came late.")
    yield from _changed("Regrades", report.regrades, "No regrade changed a score.")


def _changed(title: str, changes: Sequence[Change], nothing: str) -> Iterator[Block]:
    yield Heading(title, 3)
    rows = tuple((c.student, c.what, c.before, c.after, c.who, c.at, c.why) for c in changes)
    head = ("student", "what", "before", "after", "who", "when", "why")
    yield Grid(head, rows) if rows else Sentence(nothing)


def _alike(report: ClassReport) -> Iterator[Block]:
    yield Heading("Similarity")
    if report.pairs is None:
        yield Sentence("Not looked at. `grader similar` compares the submissions of a class.")
        return
    yield Sentence(CAUTION)
    rows = tuple((p.exercise, p.first, p.second, str(p.rare), forms.number(p.likeness),
                  forms.number(p.usual)) for p in report.pairs)
    yield (Grid(("exercise", "student", "student", "rare parts", "alike", "usual here"), rows) if rows
           else Sentence("No pair stands out."))
    if report.ids:
        yield Points(tuple(f"The same id in answers/me.toml: {', '.join(group)}" for group in report.ids))


def _exports(report: ClassReport) -> Iterator[Block]:
    yield Heading("Exports")
    yield Lines(report.exports)


def _again(report: ClassReport) -> Iterator[Block]:
    yield Heading("How to make these numbers again")
    yield Grid(("what", "value"), tuple(report.origin.items()))


_PARTS: tuple[Callable[[ClassReport], Iterator[Block]], ...] = (
    _banner, _teach, _needs, _map, _gates, _items, _gaps, _changes, _alike, _exports, _again)
