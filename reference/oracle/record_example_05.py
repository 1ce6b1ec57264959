"""Record the numbers that the example of lesson 5 tells: one block at work, as the reference computes it.

    python reference/oracle/record_example_05.py

A test records them again and compares.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "assignments" / "05_feed_forward_networks" / "example_05_transformer_block.json"
DIGITS = 9

# The worked example of the text, and a second token.
TOKENS = [[1.0, 7.0, 9.0, 15.0], [3.0, 3.0, 5.0, 5.0]]
PARAMS = {
    "c_fc": {"weight": [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, -1.0], [1.0, 0.0, 1.0]],
             "bias": [-0.8, -0.6, -0.2]},
    "c_proj": {"weight": [[1.0, 0.0, 0.0, -1.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]],
               "bias": [0.5, 0.0, 0.0, 0.0]},
}
WORDS = ["the", "cat", "sat"]
SEED = 3


def rounded(tree: Any) -> Any:
    """Write arrays as lists of numbers with so many digits."""
    if isinstance(tree, dict):
        return {key: rounded(branch) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [rounded(branch) for branch in tree]
    return np.round(tree, DIGITS).tolist() if isinstance(tree, np.ndarray) else tree


def arrays(tree: Any) -> Any:
    """Turn the lists of a dict into arrays."""
    return {key: arrays(branch) for key, branch in tree.items()} if isinstance(tree, dict) else np.array(tree)


def by_hand(lesson: Any) -> dict[str, Any]:
    """Take one token through the second half of a block, step by step, with eps left out."""
    params, token = arrays(PARAMS), np.array(TOKENS[0])
    moved = token - token.mean()
    calm = lesson.layer_norm(token, np.ones(4), np.zeros(4), eps=0.0)
    hidden = calm @ params["c_fc"]["weight"] + params["c_fc"]["bias"]
    found = lesson.feed_forward(calm, params)
    return {"token": token, "mean": float(token.mean()), "moved": moved, "squares": moved**2,
            "variance": float(token.var()), "normalised": calm, "hidden": hidden,
            "bent": lesson.gelu(hidden), "found": found, "stream": token + found}


def block(lesson: Any) -> dict[str, Any]:
    """Take three words through a small random block, then the last one alone."""
    heads = importlib.import_module("minigpt.multi_head")
    mask = importlib.import_module("minigpt.self_attention").causal_mask(len(WORDS))
    rng = np.random.default_rng(SEED)
    shapes = {"c_attn": (4, 12), "c_proj": (4, 4)}
    attn = {name: {"weight": rng.normal(0, 0.7, shape), "bias": np.zeros(shape[1])}
            for name, shape in shapes.items()}
    mlp = {name: {"weight": rng.normal(0, 0.5, shape), "bias": np.zeros(shape[1])}
           for name, shape in {"c_fc": (4, 16), "c_proj": (16, 4)}.items()}
    gamma, beta = np.ones(4), np.zeros(4)
    x = rng.normal(size=(1, len(WORDS), 4))
    found, _ = heads.multi_head_attention(lesson.layer_norm(x, gamma, beta), attn, 2, mask)
    alone, _ = heads.multi_head_attention(lesson.layer_norm(x[:, 2:], gamma, beta), attn, 2)
    middle = x + found
    calm = lesson.layer_norm(middle, gamma, beta)
    thought = lesson.feed_forward(calm, mlp)
    return {"words": WORDS, "stream": x[0, 2], "heard": found[0, 2], "heard_alone": alone[0, 0],
            "middle": middle[0, 2], "normalised": calm[0, 2], "thought": thought[0, 2],
            "thought_alone": lesson.feed_forward(calm[:, 2:], mlp)[0, 0], "end": (middle + thought)[0, 2]}


def questions(lesson: Any) -> list[dict[str, Any]]:
    """Ask the reference what the student's functions are asked, on the numbers of the worked example."""
    params, x = arrays(PARAMS), np.array(TOKENS)
    gamma, beta = np.ones(4), np.zeros(4)
    hidden, wish = np.array([2.0, -1.0, 1.0]), np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 2.0, 0.0]])
    calm = np.round(lesson.layer_norm(x, gamma, beta), DIGITS)
    found = np.round(lesson.feed_forward(calm, params), DIGITS)
    asked = [
        ("5.1", "gelu", (hidden,)),
        ("5.2", "gelu_backward", (np.ones(3), hidden)),
        ("5.3", "layer_norm", (x, gamma, beta)),
        ("5.4", "layer_norm_backward", (wish, x, gamma)),
        ("5.5", "feed_forward", (calm, params)),
        ("5.6", "feed_forward_backward", (wish, calm, params)),
        ("5.7", "add_and_norm", (x, found, gamma, beta)),
    ]
    told = [{"exercise": exercise, "function": function, "arguments": arguments,
             "expected": getattr(lesson, function)(*arguments)} for exercise, function, arguments in asked]
    dropped = lesson.dropout(x, 0.25, np.random.default_rng(SEED))
    return [*told, {"exercise": "5.8", "function": "dropout", "arguments": (x, 0.25), "seed": SEED,
                    "expected": dropped}]


def record() -> dict[str, Any]:
    """Record everything that the example tells."""
    if str(ROOT / "reference") not in sys.path:
        sys.path.insert(0, str(ROOT / "reference"))
    lesson = importlib.import_module("minigpt.feed_forward")
    told: dict[str, Any] = rounded(
        {"by_hand": by_hand(lesson), "block": block(lesson), "questions": questions(lesson)})
    return told


def main() -> None:
    """Write the record beside the example."""
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record().items())
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
