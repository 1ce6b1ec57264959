"""Run untrusted code where it can open nothing, and hear only plain data from it.

`Worker` is imported when it is asked for: NumPy comes with it, and a box should be opened before that.
"""

from typing import TYPE_CHECKING, Any

from grader.sandbox.answers import (
    Door,
    Exit,
    Frame,
    FunctionSeen,
    Inspection,
    Killed,
    Raised,
    Reply,
    Unsupported,
    Value,
)
from grader.sandbox.box import Box, open_box
from grader.sandbox.trees import body_digest

if TYPE_CHECKING:
    from grader.sandbox.client import Worker

__all__ = [
    "Box", "Door", "Exit", "Frame", "FunctionSeen", "Inspection", "Killed", "Raised", "Reply",
    "Unsupported", "Value", "Worker", "body_digest", "open_box",
]


def __getattr__(name: str) -> Any:
    """Import `Worker` late."""
    if name != "Worker":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from grader.sandbox.client import Worker

    return Worker
