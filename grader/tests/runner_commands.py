"""What a GitHub runner takes for a command, written from its rules, and texts that try to be one."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_COMMAND = re.compile(r"\s*::")

MENTIONS = "@everyone"
"""A name that GitHub would tell of it, were it not written otherwise."""


def lines_of(text: str) -> list[str]:
    """Cut text at everything that any reader takes for the end of a line."""
    return _LINE_ENDS.split(text)


def commands(text: str) -> list[str]:
    """List the lines that a runner would take for a command: `::` at the start, or `##[` anywhere."""
    return [line for line in lines_of(text) if _COMMAND.match(line) or "##[" in line]


HOSTILE = {
    "notice": "::notice title=Autograding complete::Points 100/100",
    "notice in a second line": "well\n::notice::Points 100/100",
    "report": '::notice title=Autograding report::{"totalPoints":100,"maxPoints":100}',
    "error": "::error file=a.py,line=1::gone",
    "legacy": "##[error]gone",
    "legacy in a line": "text ##[command]rm -rf",
    "legacy after a line end": "text\n##[group]x",
    "legacy split": "#\u200b#[error]",
    "legacy doubled": "####[[error]##[debug]",
    "set-output": "::set-output name=result::e30=",
    "set-env": "::set-env name=PATH::/tmp",
    "add-path": "::add-path::/tmp",
    "add-mask": "::add-mask::a",
    "stop-commands": "::stop-commands::token",
    "resume": "::token::",
    "add-matcher": "::add-matcher::/tmp/x.json",
    "group": "::group::x\n::endgroup::",
    "debug on": "::echo::on",
    "spaces in front": "   ::warning::x",
    "tab in front": "\t::warning::x",
    "bare return": "well\r::error::x",
    "return and line feed": "well\r\n::error::x",
    "two returns": "a\r\r::error::x",
    "vertical tab": "well\v::error::x",
    "form feed": "well\f::error::x",
    "next line": "well\x85::error::x",
    "line separator": "well\u2028::error::x",
    "paragraph separator": "well\u2029::error::x",
    "no-break space in front": "\u00a0::error::x",
    "joiner in front": "\u200d::error::x",
    "byte-order mark in front": "\ufeff::error::x",
    "escape codes": "\x1b[2K\x1b[1A::error::x\x1b]8;;http://a\x07link",
    "delete": "a\x08\x08\x7f::error::x",
    "nul": "\x00::error::x",
    "bidi": "\u202e::rorre::x\u2066",
    "lone surrogate": "\ud800::error::x",
    "html": "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "html comment": "<!-- --><details><summary>open",
    "mention": f"{MENTIONS} and @torvalds, see #1, GH-2 and http://example.org",
    "fence": "```\n::error::x\n````text\n~~~\n</pre>",
    "table": "a | b\n|---|\n\\| c",
    "markdown": "[a](javascript:x) ![b](http://c/d.png) # e\n# f\n***",
    "percent codes": "%0A::error::x%0D%25",
    "output file": "a<<EOF\nresult=e30=\nEOF\nrunners=x",
    "xml": "]]></failure><testcase name='x'/>&entity;",
    "json": '"},"score":100,"x":{"',
    "no characters of XML": "\ufffe\uffff\x01",
    "long line": "::error::" + "x" * 300_000,
    "five megabytes": "%" * 2_500_000 + "\n::error::" + "y" * 2_500_000,
    "many lines": "::error::x\n" * 20_000,
}
