"""The trusted side of the self-test: what a confined worker could not do becomes what the box may claim."""

from __future__ import annotations

import secrets
import signal
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from grader.errors import IsolationError
from grader.sandbox import canary, wire
from grader.sandbox.channel import Expired, Gone, KernelChannel, Limits
from grader.sandbox.host import KERNEL_FIX, Host

Level = Literal["kernel+", "kernel", "process"]
LAYERS = ("seccomp", "rlimits", "pidfd", "landlock", "uid")
EXTRA_LAYERS = frozenset({"landlock", "uid"})
READY_SECONDS = 20.0


@dataclass(frozen=True)
class Proof:
    """What was proved when the box was opened."""

    level: Level
    proved: tuple[str, ...]
    missing: tuple[str, ...]


NOTHING_PROVED = Proof("process", (), LAYERS)


def ready_worker(
    host: Host, without: Collection[str], *, probe: bool = False, extra: tuple[int, ...] = ()
) -> tuple[KernelChannel, list[str]]:
    """Fork a worker and wait until it says that it is confined; name its extra layers."""
    channel = KernelChannel(host, host.spawn(without=without, canary=probe, extra=extra))
    try:
        header = _hear(channel)
        if header.get("k") == "ready":
            return channel, header["layers"]
        raise IsolationError(f"a worker cannot be confined: {header.get('why')}", fix=KERNEL_FIX)
    except BaseException:
        channel.end()
        raise


def _hear(channel: KernelChannel) -> dict[str, Any]:
    """Receive a frame of our own code, which has run no student code; anything odd means there is no box."""
    limits = Limits(time.monotonic() + READY_SECONDS, channel.cpu_seconds() + READY_SECONDS)
    try:
        return wire.parse_header(channel.receive(limits)[0])
    except (Gone, Expired, wire.WireError) as error:
        what = str(error) or type(error).__name__
        raise IsolationError(f"a confined worker did not start ({what})", fix=KERNEL_FIX) from None


def prove(host: Host, without: Collection[str]) -> Proof:
    """Run the self-test in a confined worker; raise IsolationError if a single attempt got through."""
    with tempfile.TemporaryDirectory(prefix="canary-", dir=host.folder) as folder:
        file = Path(folder, "canary")
        file.write_bytes(canary.SECRET)
        file.chmod(0o666)
        Path(folder).chmod(0o755)
        with file.open("rb") as inherited:
            channel, layers = ready_worker(host, without, probe=True, extra=(inherited.fileno(),))
        try:
            found = _probe(channel, str(file))
            may_limit = host.allow_limits(channel.pid)
        finally:
            ended = channel.end()
        if file.read_bytes() != canary.SECRET:
            found.append("change a file")
    if ended.signal != signal.SIGKILL:
        found.append("outlive its kill")
    if found:
        escaped = ", ".join(found)
        raise IsolationError(f"the box failed its self-test: a worker could {escaped}", fix=KERNEL_FIX)
    proved = tuple(layer for layer in LAYERS if layer not in EXTRA_LAYERS or layer in layers)
    missing = tuple(layer for layer in LAYERS if layer not in proved) + (() if may_limit else ("prlimit",))
    return Proof("kernel+" if EXTRA_LAYERS & set(proved) else "kernel", proved, missing)


def _probe(channel: KernelChannel, file: str) -> list[str]:
    """Have everything tried; name what got through."""
    number = secrets.token_hex(8)
    limits = Limits(time.monotonic() + READY_SECONDS, channel.cpu_seconds() + READY_SECONDS)
    try:
        channel.send(wire.frame({"id": number, "file": file}, (), wire.REQUEST_LIMITS), limits)
    except Gone:
        return ["end before its self-test"]
    header = _hear(channel)
    if header.get("id") != number:
        return ["forge an answer"]
    loose = [f"exceed limit {kind}" for kind in canary.loose_limits(header.get("limits"))]
    return canary.escapes(header.get("attempts")) + loose
