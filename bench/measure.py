"""Measuring: CPU of processes, requests over one kept connection, medians of interleaved rounds."""

import http.client
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Result:
    """One line of the table: ``ours`` against ``limit``, whose quotient should meet ``goal``."""

    path: str
    ours: float
    limit: float
    unit: str
    goal: str
    met: bool
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return ours ÷ limit."""
        return self.ours / self.limit if self.limit else float("nan")


def at_most(path: str, ours: float, limit: float, most: float, unit: str, note: str = "") -> Result:
    """Return the result of a path whose ratio must not exceed ``most``."""
    return Result(path, ours, limit, unit, f"≤ {most:g}", ours <= most * limit, note)


def at_least(
    path: str, ours: float, limit: float, least: float, unit: str, note: str = ""
) -> Result:
    """Return the result of a path whose ratio must reach ``least``."""
    return Result(path, ours, limit, unit, f"≥ {least:g}", ours >= least * limit, note)


class Group:
    """Processes whose CPU and memory are counted together."""

    def __init__(self, pids: Iterable[int], *, children: bool = True) -> None:
        """Count the processes ``pids`` and, with ``children``, all that they start."""
        self.roots = [psutil.Process(pid) for pid in pids]
        self._children = children

    def members(self) -> list[psutil.Process]:
        """Return the processes that live now."""
        found = {}
        for root in self.roots:
            if root.is_running():
                below = root.children(recursive=True) if self._children else ()
                found.update({one.pid: one for one in (root, *below)})
        return list(found.values())

    def cpu(self) -> float:
        """Return the CPU seconds used so far by those that live."""
        return sum(_cpu_of(one) for one in self.members())

    def memory(self) -> list[int]:
        """Return the proportional memory (PSS, else RSS) of each process in bytes."""
        found = []
        for one in self.members():
            full = one.memory_full_info()
            found.append(int(getattr(full, "pss", full.rss)))
        return found


def _cpu_of(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, ended threads included; 0 when it has gone."""
    try:
        if psutil.LINUX:
            # The clock of another process, to the nanosecond: clock_getcpuclockid(3). What psutil
            # reads counts in hundredths of a second, which is hundreds of requests.
            return time.clock_gettime((~process.pid << 3) | 2)
        times = process.cpu_times()
    except (OSError, psutil.NoSuchProcess):
        return 0.0
    return float(times.user + times.system)


def mebibytes(group: Group) -> list[float]:
    """Return the memory of each process of a group in MB."""
    return [round(size / 2**20, 1) for size in group.memory()]


class Client:
    """One kept HTTP connection with fixed headers."""

    def __init__(self, port: int, token: str | None = None, *, seconds: float = 120) -> None:
        """Connect to the server on ``port`` of this machine; it must answer within ``seconds``."""
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, http.client.HTTPResponse]:
        """Return (status, body, response)."""
        self.connection.request(method, path, body, {**self.headers, **(headers or {})})
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a GET that must succeed: 304 if it says what it has."""
        status, body, _ = self.call("GET", path, headers=headers)
        wanted = 304 if headers and "If-None-Match" in headers else 200
        if status != wanted:
            raise RuntimeError(f"GET {path}: {status} {body[:300]!r}")
        return body

    def tag_of(self, path: str) -> str:
        """Return the ETag of a GET."""
        _, _, answer = self.call("GET", path)
        return answer.headers["ETag"] or ""


def cpu_each(group: Group, act: Callable[[], object], times: int) -> float:
    """Return the CPU milliseconds of ``group`` for each of ``times`` calls of ``act``."""
    before = group.cpu()
    for _ in range(times):
        act()
    return (group.cpu() - before) * 1000 / times


def interleaved(
    groups: Sequence[Group], acts: Sequence[Callable[[], object]], *, times: int, rounds: int
) -> list[list[float]]:
    """Return, act by act, the median CPU milliseconds of each group over interleaved rounds."""
    for act in acts:
        for _ in range(max(times // 5, 50)):
            act()
    found: list[list[list[float]]] = [[[] for _ in groups] for _ in acts]
    for _ in range(rounds):
        for act, per_group in zip(acts, found, strict=True):
            before = [group.cpu() for group in groups]
            for _ in range(times):
                act()
            for group, start, values in zip(groups, before, per_group, strict=True):
                values.append((group.cpu() - start) * 1000 / times)
    return [[statistics.median(values) for values in per_group] for per_group in found]


def timed(act: Callable[[], object]) -> float:
    """Return the seconds that ``act`` takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
