"""Turn the bytes of a student's file into text, or say what is wrong with them."""

from __future__ import annotations

import codecs
import re

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_SAVE = "Save it as UTF-8"


class NotText(Exception):
    """The bytes are no Python text; says why, after the file's name, and what to do."""


def source_text(data: bytes) -> str:
    """Decode UTF-8 with plain line ends; a byte-order mark is taken off."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotText(f"is UTF-16 text. {_SAVE} (in Notepad: Save as, Encoding, UTF-8).")
    data = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data:
        raise NotText(f"has a NUL byte in line {_line(data, data.index(0))}, so it is no text. {_SAVE}.")
    _refuse_cookie(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte, line = data[error.start], _line(data, error.start)
        raise NotText(f"has the byte 0x{byte:02x} in line {line}, which is not UTF-8. {_SAVE}.") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(data: bytes, position: int) -> int:
    """Count lines as Python does: after a line feed, a carriage return, or both."""
    before = data[:position]
    return before.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1


def _refuse_cookie(data: bytes) -> None:
    """Refuse a comment that declares another encoding (PEP 263: in the first two lines)."""
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", data, maxsplit=2)[:2], start=1):
        cookie = _COOKIE.match(line)
        if cookie:
            encoding = cookie[1].decode("ascii", "replace")
            if encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
                raise NotText(
                    f"declares the encoding {encoding!r} in line {number}. {_SAVE} and take that line out.")
        if not _BLANK.match(line):
            return
