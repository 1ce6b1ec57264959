"""What a report is made from: the records of a class as plain data, without the gradebook behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.result import Status


@dataclass(frozen=True, slots=True)
class Cell:
    """One exercise of one student, as it counts."""

    status: Status
    score: int
    max_score: int
    lost: tuple[str, ...] = ()
    """Ids of the criteria that were not won."""
    mistake: str = ""
    """The id of the misconception that was recognised for sure; else empty."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A checkpoint of one student."""

    status: Status
    score: int
    max_score: int
    questions: Mapping[str, Status] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when it was received (UTC, ISO 8601), and what it was worth."""

    at: str
    score: int
    mistakes: frozenset[tuple[str, str]] = frozenset()
    """(exercise, misconception) of all that were recognised for sure."""


@dataclass(frozen=True, slots=True)
class StudentRecord:
    """Everything of one student that a report of the class speaks of."""

    id: str
    name: str
    state: str
    """graded, partial, rejected, failed, or missing: nothing was handed in."""
    team: str = ""
    """Who hands in together has one; empty for who works alone."""
    reason: str = ""
    authenticated: bool = False
    isolation: str = ""
    score: int = 0
    max_score: int = 0
    cells: Mapping[str, Cell] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    tries: tuple[Try, ...] = ()
    remarks: tuple[str, ...] = ()
    """Files that were set aside, given modules that were changed."""
    late: str = ""
    """How late, and what it cost; empty if in time."""

    @property
    def graded(self) -> bool:
        """Tell whether there is a result to count."""
        return bool(self.cells)

    @property
    def share(self) -> float:
        """Give the score as a share of what could be reached."""
        return self.score / self.max_score if self.max_score else 0.0


@dataclass(frozen=True)
class Change:
    """One thing done to a score after grading: by whom, when, why."""

    student: str
    what: str
    before: str
    after: str
    who: str = ""
    at: str = ""
    why: str = ""
    student_id: str = ""
    """The login, where the change is one student's alone."""


@dataclass(frozen=True)
class Pair:
    """Two submissions whose code for one exercise is unusually alike."""

    exercise: str
    first: str
    second: str
    likeness: float
    usual: float
    """The median likeness of all pairs of the class at this exercise."""
    rare: int = 0
    """Parts that both have, and few others of the class."""


@dataclass(frozen=True)
class Origin:
    """Where the numbers come from, so that they can be made again."""

    gradebook: str
    command: str
    course: str
    course_digests: tuple[str, ...]
    grader_versions: tuple[str, ...]
    seed_ids: tuple[str, ...] = ()
    path: str = ""


@dataclass(frozen=True)
class ClassRecord:
    """A class: its students, what was changed by hand, and where all of it comes from."""

    title: str
    made_at: str
    students: Sequence[StudentRecord]
    origin: Origin
    overrides: tuple[Change, ...] = ()
    regrades: tuple[Change, ...] = ()
    pairs: tuple[Pair, ...] | None = None
    """None: similarity was not looked at."""
    ids: tuple[tuple[str, ...], ...] = ()
    """Students whose answers were drawn from the same id."""
    code: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(exercise, misconception) -> anonymised lines of one student's function."""

    @property
    def graded(self) -> tuple[StudentRecord, ...]:
        """List the students who have a result."""
        return tuple(s for s in self.students if s.graded)

    @property
    def submissions(self) -> tuple[StudentRecord, ...]:
        """List one student for each submission: what a team hands in is counted once."""
        return tuple({s.team or s.id: s for s in self.graded}.values())
