"""Show that long work goes on: one changing line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.render.text import fit, neutralise

if TYPE_CHECKING:
    from rich.console import Console

Advance = Callable[[str, str], None]
"""Say that one more is done: whose it was, and how it ended."""


@contextmanager
def progress(
    console: Console, *, plain: bool = False, lines: bool = True
) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done now.

    `plain` asks for lines on a terminal, too; `lines=False` leaves them out, where the work is short.
    """

    def shown(text: str) -> str:
        return fit(neutralise(text), console.encoding)

    if plain or not console.is_terminal:
        yield lambda text: console.print(shown(text), soft_wrap=True) if lines else None
        return
    # The spinner of plain ASCII: it shows on every terminal.
    with console.status("", spinner="line") as status:
        yield lambda text: status.update(shown(text))


@contextmanager
def counted(console: Console, total: int, *, plain: bool = False) -> Iterator[Advance]:
    """Show how many are done: a bar with rate and time left on a terminal, else a line for each."""

    def shown(text: str) -> str:
        return fit(neutralise(text), console.encoding)

    done = 0

    def line(name: str, text: str) -> None:
        nonlocal done
        done += 1
        console.print(f"[{done}/{total}] {shown(name)}: {shown(text)}", soft_wrap=True)

    if plain or not console.is_terminal:
        yield line
        return
    from rich import progress as rich_progress

    class Rate(rich_progress.ProgressColumn):
        """Write how many are done in a minute."""

        def render(self, task: rich_progress.Task) -> str:
            """Write the rate, once there is one."""
            return f"{60 * task.speed:.0f} a minute" if task.speed else ""

    bar = rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False), rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(), Rate(), rich_progress.TimeRemainingColumn(compact=True),
        console=console, transient=True, speed_estimate_period=60,
    )
    with bar:
        task = bar.add_task("grading", total=total)

        def advance(name: str, text: str) -> None:
            bar.update(task, advance=1, description=shown(name)[:24])

        yield advance
