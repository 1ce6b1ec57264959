"""The seccomp tables against the kernel's own headers; aarch64 is checked here and run nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.sandbox import confine
from grader.tests.kernel_numbers.__main__ import HEADER, numbers

DATA = Path(__file__).parent / "kernel_numbers" / "aarch64.txt"
X86 = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")


def committed() -> dict[str, int]:
    """Read the data that was read from Debian's headers."""
    lines = [line.split() for line in DATA.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    return {name: int(number) for name, number in lines}


def ours(machine: str) -> dict[str, int]:
    """Collect every number that the filter names, by its name."""
    mmap, mprotect = confine._MAPPING[machine]
    return {
        **confine._ALLOWED[machine],
        "mmap": mmap,
        "mprotect": mprotect,
        "madvise": confine._MADVISE[machine],
        "prlimit64": confine._PRLIMIT[machine],
        "fcntl": confine._FCNTL[machine],
    }


def test_aarch64_numbers_are_the_kernel_s() -> None:
    """Every number of the aarch64 table is what Debian's header says of that name."""
    known = committed()
    assert {name: known.get(name) for name in ours("aarch64")} == ours("aarch64")


def test_landlock_s_numbers_are_the_same_on_both() -> None:
    """Landlock's calls came after the tables were made one."""
    known = committed()
    assert known["landlock_create_ruleset"] == confine._LANDLOCK_CREATE
    assert known["landlock_restrict_self"] == confine._LANDLOCK_RESTRICT


def test_nothing_dangerous_is_in_the_aarch64_table() -> None:
    """No number of the table belongs to a call that opens, starts, sends or traces."""
    known = committed()
    dangerous = {
        "openat",
        "openat2",
        "execve",
        "execveat",
        "clone",
        "clone3",
        "socket",
        "connect",
        "kill",
        "tkill",
        "tgkill",
        "ptrace",
        "process_vm_readv",
        "bpf",
        "io_uring_setup",
        "memfd_create",
        "shmget",
        "shmat",
        "mq_open",
        "keyctl",
        "unshare",
        "setns",
        "mount",
        "pidfd_getfd",
        "prctl",
        "seccomp",
        "dup",
        "dup3",
        "pipe2",
        "rt_sigaction",
        "setrlimit",
        "setuid",
        "close",
    }
    assert not {known[name] for name in dangerous} & set(ours("aarch64").values())


def test_committed_numbers_are_what_the_header_says() -> None:
    """The data is what a fresh reading of the header gives."""
    if not HEADER.is_file():
        pytest.skip("linux-libc-dev-arm64-cross is not installed; the committed numbers were compared above")
    assert numbers(HEADER.read_text(encoding="utf-8")) == committed()


def test_x86_64_numbers_are_the_kernel_s() -> None:
    """The table of x86-64, too, is what this machine's header says."""
    if not X86.is_file():
        pytest.skip("this machine has no kernel headers; the box itself runs on x86-64 in other tests")
    known = dict(re.findall(r"^#define __NR_(\w+) (\d+)$", X86.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: int(known[name]) for name in ours("x86_64")} == ours("x86_64")
