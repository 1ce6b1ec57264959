"""Write the formulas of a Markdown text so that a terminal can show them: a root as `√(d)`."""

from __future__ import annotations

import re

_CODE_OR_FORMULA = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^ {0,3}(?P=fence)[`~]*[ \t]*$"
    r"|(?P<tick>`+)[^`].*?(?P=tick))"
    r"|\$\$\s*(?P<block>[^$]+?)\s*\$\$"
    r"|\$(?P<inline>(?!\s)[^$\n]*?[^$\s\n])\$(?!\d)",
    re.DOTALL | re.MULTILINE,
)
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|mathbb|operatorname)\s*\{([^{}]*)\}")
_SCRIPT = re.compile(r"([_^])\{([^{}]*)\}")
_WORD = re.compile(r"\\([A-Za-z]+|.)")
_SIGNS = {
    "cdot": "·", "times": "×", "sum": "∑", "partial": "∂", "propto": "∝", "infty": "∞", "approx": "≈",
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "in": "∈", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "ldots": "…", "dots": "…", "cdots": "…", "pm": "±",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ", "lambda": "λ",
    "mu": "μ", "pi": "π", "sigma": "σ", "phi": "φ", "omega": "ω", "Delta": "Δ", "Phi": "Φ",
    "left": "", "right": "", ",": " ", ";": " ", ":": " ", "!": "", " ": " ", "\\": " ", "quad": "  ",
}  # fmt: skip


def with_readable_formulas(markdown: str) -> str:
    """Replace each formula by a code span, in which Markdown changes nothing; code stays as it is."""

    def replaced(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        if found["block"]:
            return f"\n```\n{readable(found['block'])}\n```\n"
        return f"`{readable(found['inline'])}`"

    return _CODE_OR_FORMULA.sub(replaced, markdown)


def readable(formula: str) -> str:
    """Write one formula with the signs that text has, and with round brackets for the others."""
    text = formula.replace("`", "'")
    before = ""
    while text != before:
        before = text
        text = _WRAPPED.sub(r"\1", _ROOT.sub(r"√(\1)", _FRACTION.sub(r"(\1)/(\2)", text)))
        text = _SCRIPT.sub(_script, text)
    text = _WORD.sub(lambda word: _SIGNS.get(word[1], word[1]), text)
    return re.sub(r" {2,}", " ", text.replace("{", "(").replace("}", ")")).strip()


def _script(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}" if len(found[2]) == 1 else f"{found[1]}({found[2]})"
