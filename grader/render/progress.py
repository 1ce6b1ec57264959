"""Show that long work goes on: one changing line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grader.render.text import fit, neutralise

if TYPE_CHECKING:
    from rich.console import Console


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
