"""Watch a call for NumPy's warnings, which name the operation that made the first inf or nan."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self, TextIO

_FORM = re.compile(r"(overflow|divide by zero|invalid value) encountered in ([a-z_0-9]{1,40})")


class Watch:
    """Keeps the first such warning that a line of the package gives, and prints none."""

    def __init__(self, files: Collection[str]) -> None:
        self._files = files
        self._catcher = warnings.catch_warnings()
        self.first: list[Any] = []
        """What happened, the operation, file, line and function; empty if nothing did."""

    def __enter__(self) -> Self:
        self._catcher.__enter__()
        warnings.showwarning = self._note
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._catcher.__exit__(kind, error, trace)

    def _note(  # noqa: PLR0917 - as `warnings` calls it
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:
        form = _FORM.match(str(message)) if category is RuntimeWarning else None
        if form and not self.first and filename in self._files:
            self.first = [form[1], form[2], filename, lineno, _function(filename)]


def _function(filename: str) -> str:
    """Name the innermost function of that file that is running."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != filename:
        frame = frame.f_back  # type: ignore[assignment]
    return frame.f_code.co_name[:100] if frame else "<module>"
