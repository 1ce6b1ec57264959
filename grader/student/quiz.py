"""Ask the quiz about the prerequisites, and say what to refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from grader.course.checkpoints import LETTERS
from grader.course.prerequisites import Quiz, QuizQuestion
from grader.render.screen import Screen
from grader.render.statuses import BAD, GOOD

Ask = Callable[[str], str]
"""Shows a prompt, and gives what was typed."""


def ask_quiz(quiz: Quiz, ask: Ask, screen_of: Callable[[], Screen]) -> int:
    """Ask every question, with the answer right after it; give the number of wrong answers."""
    wrong = 0
    for number, question in enumerate(quiz.questions, start=1):
        screen = screen_of()
        screen.blank()
        _show(screen, question, f"{number} of {len(quiz.questions)}")
        screen.show()
        answer = _letter(question, ask)
        screen = screen_of()
        _judge(screen, question, right=answer == question.answer)
        screen.show()
        wrong += answer != question.answer
    return wrong


def _show(screen: Screen, question: QuizQuestion, count: str) -> None:
    if screen.plain:
        screen.sentence(f"Question {count}: {question.title}.")
    else:
        screen.row(question.title, f"question {count}", style="bold")
    for line in question.text.splitlines():
        screen.sentence(line)
    for letter, option in zip(LETTERS, question.options, strict=False):
        screen.sentence(f"{letter}) {option}", indent=4)


def _letter(question: QuizQuestion, ask: Ask) -> str:
    """Ask until one of the letters comes; an empty answer means that none came to mind."""
    letters = LETTERS[: len(question.options)]
    while True:
        typed = ask(f"  {', '.join(letters)}, or Enter if you do not know").strip().lower().rstrip(").")
        if not typed or (len(typed) == 1 and typed in letters):
            return typed


def _judge(screen: Screen, question: QuizQuestion, *, right: bool) -> None:
    lead = "Right. " if right else f"The answer is {question.answer}. "
    screen.sentence(f"{lead}{question.why}", symbol=GOOD if right else BAD)
    if not right:
        screen.labelled("Refresh", question.refresh)


def verdict(quiz: Quiz, wrong: int) -> Iterator[str]:
    """Sum the quiz up."""
    yield f"{len(quiz.questions) - wrong} of {len(quiz.questions)} right."
    if wrong:
        yield "Refresh what was wrong before you begin, or keep it at hand: the lessons explain as they go."
