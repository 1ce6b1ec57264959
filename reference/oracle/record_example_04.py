"""Record the numbers of lesson 4's example with the reference.

Run `python reference/oracle/record_example_04.py` to write them beside the example; a test makes them again.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

REFERENCE = Path(__file__).resolve().parents[1]
EXAMPLE = REFERENCE.parent / "assignments" / "04_positional_encoding" / "example_04_positional.py"
TARGET = EXAMPLE.with_suffix(".json")
DIGITS = 9


def load(path: Path) -> ModuleType:
    """Import a file by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record() -> dict[str, Any]:
    """Compute every number that the example shows or compares with."""
    example, positional = load(EXAMPLE), load(REFERENCE / "minigpt" / "positional.py")
    cos, sin = positional.rotary_angles(np.array(example.PLACES), 4, example.SMALL_BASE)
    both = np.array([[vector] * len(example.PLACES) for vector in example.PAIR])
    arrays = {
        "table": positional.sinusoidal_encoding(*example.TABLE_SIZE),
        "clock": positional.sinusoidal_encoding(4, 4, example.SMALL_BASE),
        "shift": positional.shift_matrix(2, 4, example.SMALL_BASE),
        "cos": cos,
        "sin": sin,
        "turned": positional.apply_rotary(both, cos, sin),
        "bias": positional.alibi_bias(*example.BIAS_SIZE),
    }
    return {name: (np.round(array, DIGITS) + 0.0).tolist() for name, array in arrays.items()}


def text(recorded: dict[str, Any]) -> str:
    """Write the numbers as JSON, one array a line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(numbers)}" for name, numbers in recorded.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the file beside the example."""
    TARGET.write_text(text(record()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
