"""Record the numbers that the example of lesson 3 shows, as the reference computes them.

Run `python reference/oracle/record_example_03.py` to write example_03_multi_head.json beside the example.
A test records them again and compares.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "assignments" / "03_multi_head_attention" / "example_03_multi_head.py"
RECORD = EXAMPLE.with_suffix(".json")
DIGITS = 9  # the example compares to six


def example() -> ModuleType:
    """Load the example for its inputs."""
    spec = importlib.util.spec_from_file_location("example_03_multi_head", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def plain(tree: Any) -> Any:
    """Write arrays as lists of rounded numbers, and tuples as lists."""
    if isinstance(tree, dict):
        return {key: plain(branch) for key, branch in tree.items()}
    return (np.round(tree, DIGITS) + 0.0).tolist()  # + 0.0 turns -0.0 into 0.0


def record() -> dict[str, Any]:
    """Compute all numbers with the reference."""
    if str(ROOT / "reference") not in sys.path:
        sys.path.insert(0, str(ROOT / "reference"))
    reference = importlib.import_module("minigpt.multi_head")
    given = example()
    x, mask = np.array([given.X], dtype=float), np.array(given.CAUSAL)
    layer = {"c_attn": {"weight": np.array(given.C_ATTN, dtype=float), "bias": np.zeros(12)},
             "c_proj": {"weight": np.array(given.C_PROJ, dtype=float), "bias": np.zeros(4)}}
    identity = np.array(given.PLAIN, dtype=float)
    same = {"c_attn": {"weight": np.hstack([identity] * 3), "bias": np.zeros(12)},
            "c_proj": {"weight": identity, "bias": np.zeros(4)}}
    out, weights = reference.multi_head_attention(x, layer, 2, mask)
    french, english = (np.array([text], dtype=float) for text in (given.FRENCH_X, given.ENGLISH_X))
    cross_out, cross_weights = reference.cross_attention(french, english, same, 2)
    d_x, grads = reference.multi_head_attention_backward(np.ones_like(x), x, layer, 2, mask)
    answers = {
        "out": out, "weights": weights, "cross_out": cross_out, "cross_weights": cross_weights,
        "d_x": d_x, "grads": grads, "statistics": reference.head_statistics(weights),
    }
    return {name: plain(answer) for name, answer in answers.items()}


def packed(numbers: dict[str, Any]) -> str:
    """Write the record as text, one answer a line."""
    lines = (f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in numbers.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the record beside the example."""
    RECORD.write_text(packed(record()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
