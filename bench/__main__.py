"""``python -m bench``: measure the main paths; ``python -m bench servers`` compares web servers."""

import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

import click
import psutil
from rich.console import Console
from rich.table import Table

from bench import events, publish, reads, reports, servers, sign_in, stage
from bench.measure import Result, at_most, mebibytes
from bench.stage import Stage

WIDTH = 100
console = Console(highlight=False)
if not console.is_terminal:
    console.width = WIDTH


def _memory(found: Stage) -> Iterator[Result]:
    """Measure the memory of the web processes after the paths have been driven."""
    sizes = mebibytes(found.web)
    note = " + ".join(f"{size:.0f}" for size in sizes) + f", {found.settings.web_workers} workers"
    yield at_most("memory of web", sum(sizes), 200, 1, "MB", note)


PATHS: dict[str, Callable[[Stage], Iterator[Result]]] = {
    "reads": reads.measure,
    "events": events.measure,
    "sign-in": sign_in.measure,
    "publish": publish.measure,
    "completion": reports.measure,
    "memory": _memory,
}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--members", default=131_000, show_default=True)
@click.option("--cells", default=10_000, show_default=True)
@click.option("--facts", default=1_000_000, show_default=True)
@click.option("--strict", is_flag=True, help="Leave with 2 when a goal is missed.")
def main(names: tuple[str, ...], members: int, cells: int, facts: int, *, strict: bool) -> None:
    """Measure the paths NAMES (all without any): reads events sign-in publish completion memory.

    ``servers`` compares granian and gunicorn instead. The database stays in var/bench.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped
    unknown = set(names) - {*PATHS, "servers"}
    if unknown:
        raise click.BadParameter(f"unknown: {', '.join(sorted(unknown))}")
    with stage.open_stage(console, members=members, cells=cells, facts=facts) as found:
        if "servers" in names:
            servers.compare(found)
            return
        load = _load()
        results: list[Result] = []
        for name in names or PATHS:
            console.print(f"… {name}")
            results.extend(PATHS[name](found))
        found.memory |= {"web": mebibytes(found.web), "postgres": mebibytes(found.postgres)}
        _show(results, load, found.memory)
        _write(results, load, found)
    sys.exit(2 if strict and not all(one.met for one in results) else 0)


def _load() -> str:
    """Return how busy the machine is with other things: figures of a busy one mean little."""
    busy = psutil.cpu_percent(interval=1)
    average = psutil.getloadavg()[0]
    return f"{os.cpu_count()} cores, {busy:.0f} % busy and load {average:.1f} before the start"


def _show(results: list[Result], load: str, memory: dict[str, list[float]]) -> None:
    table = Table(title=f"Benchmarks ({load})", width=WIDTH)
    table.add_column("path", ratio=1)
    for name in ("ours", "limit", "ratio", "goal"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for one in results:
        table.add_row(
            f"{one.path}\n[dim]{one.note}[/dim]" if one.note else one.path,
            f"{_figure(one.ours)} {one.unit}",
            _figure(one.limit),
            f"{one.ratio:.2f}",
            one.goal,
            "ok" if one.met else "MISSED",
        )
    console.print(table)
    for name, sizes in memory.items():
        told = " + ".join(f"{size:.0f}" for size in sizes)
        console.print(f"Memory of {name}: {told} = {sum(sizes):.0f} MB")


def _figure(value: float) -> str:
    """Return a figure with three digits that say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits


def _write(results: list[Result], load: str, found: Stage) -> None:
    lines = [
        {**asdict(one), "ratio": None if math.isnan(one.ratio) else round(one.ratio, 4)}
        for one in results
    ]
    body = {"machine": load, "results": lines, "memory_mb": found.memory}
    target = stage.ROOT.parent / "bench.json"
    target.write_text(json.dumps(body, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    console.print(f"Written to {target}.")


if __name__ == "__main__":
    main()
