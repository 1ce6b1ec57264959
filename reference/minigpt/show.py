"""Draw a map of attention: who looks at whom, as text for a terminal or as an SVG picture.

This module is given. It needs only NumPy.
"""

import sys
from collections.abc import Sequence
from xml.sax.saxutils import escape

import numpy as np

SHADES = " ░▒▓█"
PLAIN_SHADES = " .:*#"
WIDEST_LABEL = 12
CELL = 44
INK, LINE, BLUE = "#1b2530", "#c9ced6", "#1d5fa6"


def render_attention(
    weights: np.ndarray, tokens: Sequence[str], readers: Sequence[str] | None = None, form: str = "text"
) -> str:
    """Draw a map of attention: one row for each reader, darker for a larger share.

    weights: [T_q, T_k], or [H, T_q, T_k] for one map per head. tokens: the T_k words that are looked at.
    readers: the T_q words that look; None means the last T_q of the tokens.
    form: "text" for shades of grey, "ascii" for a terminal that cannot print them, "svg" for a picture.

    Raises ValueError when the words do not fit the weights, or for another form.
    """
    maps = np.asarray(weights, dtype=float)
    maps = maps[np.newaxis] if maps.ndim == 2 else maps  # [T_q, T_k] -> [1, T_q, T_k]
    if maps.ndim != 3:
        raise ValueError(f"weights must be [T_q, T_k] or [H, T_q, T_k], not of shape {np.shape(weights)}")
    n_read = maps.shape[1]
    readers = list(tokens)[len(tokens) - n_read:] if readers is None else list(readers)
    if maps.shape[1:] != (len(readers), len(tokens)):
        raise ValueError(f"weights of shape {np.shape(weights)} do not fit {len(readers)} readers "
                         f"and {len(tokens)} tokens")
    if form == "svg":
        return _svg(maps, [_label(t) for t in tokens], [_label(r) for r in readers])
    if form not in ("text", "ascii"):
        raise ValueError(f'form must be "text", "ascii" or "svg", not {form!r}')
    shades = SHADES if form == "text" else PLAIN_SHADES
    blocks = [_text(one, [_label(t) for t in tokens], [_label(r) for r in readers], shades) for one in maps]
    titles = [f"head {number}\n" if len(maps) > 1 else "" for number in range(len(maps))]
    return "\n".join(title + block for title, block in zip(titles, blocks, strict=True))


def best_form() -> str:
    """Choose the form that this terminal can print: "text" or "ascii"."""
    try:
        SHADES.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "ascii"
    return "text"


def _label(token: str) -> str:
    """Make a token fit to be read in one line: blanks and control characters are made visible."""
    shown = repr(token)[1:-1] if token.strip() != token or not token.isprintable() or not token else token
    return shown if len(shown) <= WIDEST_LABEL else shown[: WIDEST_LABEL - 1] + "~"


def _text(weights: np.ndarray, tokens: list[str], readers: list[str], shades: str) -> str:
    """Draw one map; where ten tokens or fewer are looked at, the numbers stand beside the shades."""
    margin = max(map(len, readers)) + 3
    numbers = len(tokens) <= 8
    width = 8 if numbers else 3
    head = "".join(f"{token[:width - 1]:^{width}}" for token in tokens)
    lines = [(" " * margin + head).rstrip()]
    for reader, row in zip(readers, weights, strict=True):
        cells = (_cell(share, shades, numbers) for share in row)
        lines.append(f"{reader:>{margin - 1}} " + "".join(f"{cell:<{width}}" for cell in cells).rstrip())
    return "\n".join(lines) + "\n"


def _cell(share: float, shades: str, numbers: bool) -> str:
    """Shade one share; what is not a number shows as a question mark."""
    if not np.isfinite(share):
        return " ? "
    dark = shades[min(max(int(share * len(shades)), 0), len(shades) - 1)] * 2
    return f"{dark} {share:.2f}" if numbers else dark


def _svg(maps: np.ndarray, tokens: list[str], readers: list[str]) -> str:
    """Draw all maps side by side, as a picture that stands on its own."""
    one = 100 + CELL * len(tokens)
    width, height = one * len(maps) + 20, 70 + CELL * len(readers)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>Who attends to whom</title>",
        f"<desc>Each row is a reader, each column a word; darker means a larger share. "
        f"Readers: {escape(', '.join(readers))}.</desc>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>',
    ]
    for number, weights in enumerate(maps):
        title = f"head {number}" if len(maps) > 1 else ""
        parts += _svg_map(weights, tokens, readers, one * number + 90, title)
    return "\n".join([*parts, "</svg>", ""])


def _svg_map(weights: np.ndarray, tokens: list[str], readers: list[str], left: int, title: str) -> list[str]:
    parts = [f'<text x="{left}" y="20" fill="{INK}" font-weight="bold">{title}</text>'] if title else []
    for column, token in enumerate(tokens):
        middle = left + CELL * column + CELL // 2
        parts.append(f'<text x="{middle}" y="44" text-anchor="middle" fill="{INK}">{escape(token[:6])}'
                     "</text>")
    for line, (reader, row) in enumerate(zip(readers, weights, strict=True)):
        top = 52 + CELL * line
        parts.append(f'<text x="{left - 8}" y="{top + 26}" text-anchor="end" fill="{INK}">{escape(reader)}'
                     "</text>")
        for column, share in enumerate(row):
            known = bool(np.isfinite(share))
            ink = "#ffffff" if known and share > 0.6 else INK
            parts.append(
                f'<rect x="{left + CELL * column}" y="{top}" width="{CELL - 2}" height="{CELL - 2}" '
                f'fill="{BLUE}" fill-opacity="{min(max(share, 0), 1) if known else 0:.3f}" stroke="{LINE}"/>')
            parts.append(
                f'<text x="{left + CELL * column + CELL // 2 - 1}" y="{top + 26}" text-anchor="middle" '
                f'fill="{ink}">{f"{share:.2f}" if known else "?"}</text>')
    return parts
