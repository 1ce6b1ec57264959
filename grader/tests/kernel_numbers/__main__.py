"""Read the numbers of the system calls for aarch64 from Debian's headers, and print them as data.

First `apt-get install linux-libc-dev-arm64-cross`, then
`python -m grader.tests.kernel_numbers > grader/tests/kernel_numbers/aarch64.txt`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HEADER = Path("/usr/aarch64-linux-gnu/include/asm-generic/unistd.h")
"""Of linux-libc-dev-arm64-cross; aarch64 has the numbers that are the same for all new machines."""
_PLAIN = re.compile(r"^#define __NR_(\w+)\s+(\d+)\s*$", re.MULTILINE)
_WIDE = re.compile(r"^#define __NR3264_(\w+)\s+(\d+)\s*$", re.MULTILINE)
_NAMED = re.compile(r"^#define __NR_(\w+)\s+__NR3264_(\w+)\s*$", re.MULTILINE)


def numbers(header: str) -> dict[str, int]:
    """Give every name's number; a 64-bit machine calls the wide forms by their plain names."""
    found = {name: int(number) for name, number in _PLAIN.findall(header)}
    wide = {name: int(number) for name, number in _WIDE.findall(header)}
    for name, wide_name in reversed(_NAMED.findall(header)):  # the 64-bit names stand first, and win
        if wide_name in wide:
            found[name] = wide[wide_name]
    return found


def main() -> int:
    """Print them, or say what to install."""
    if not HEADER.is_file():
        print(f"{HEADER} is not here: apt-get install linux-libc-dev-arm64-cross", file=sys.stderr)
        return 1
    print("# System calls of aarch64, from asm-generic/unistd.h")
    print("# of Debian's package linux-libc-dev-arm64-cross, version 6.1.4-1cross1.")
    print("# Written by `python -m grader.tests.kernel_numbers`.")
    found = numbers(HEADER.read_text(encoding="utf-8"))
    for name, number in sorted(found.items(), key=lambda pair: pair[1]):
        print(f"{name} {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
