"""``python -m bench``: measure the main paths; ``python -m bench servers`` compares web servers."""

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from bench import reads, reports, servers, stage, writes
from bench.measure import Result
from bench.stage import Stage

PATHS: dict[str, Callable[[Stage], Iterator[Result]]] = {
    "reads": reads.measure,
    "events": writes.measure_events,
    "sign-in": writes.measure_sign_in,
    "publish": writes.measure_publish,
    "completion": reports.measure,
    "memory": lambda found: _memory(found),
}
console = Console(highlight=False)


def _memory(found: Stage) -> Iterator[Result]:
    """Measure the memory of the web processes after the paths have been driven."""
    sizes = [size / 2**20 for size in found.web.memory()]
    note = " + ".join(f"{size:.0f}" for size in sizes)
    yield Result("memory of web", sum(sizes), 200, "MB", "≤ 1", sum(sizes) <= 200, note)  # noqa: PLR2004  # the goal


@click.command()
@click.argument("names", nargs=-1)
@click.option("--members", default=131_000, show_default=True)
@click.option("--cells", default=10_000, show_default=True)
@click.option("--facts", default=1_000_000, show_default=True)
def main(names: tuple[str, ...], members: int, cells: int, facts: int) -> None:
    """Measure the paths NAMES (all without any): reads events sign-in publish completion memory.

    ``servers`` compares granian and gunicorn instead. The database stays in var/bench.
    """
    unknown = set(names) - {*PATHS, "servers"}
    if unknown:
        raise click.BadParameter(f"unknown: {', '.join(sorted(unknown))}")
    with stage.open_stage(console, members=members, cells=cells, facts=facts) as found:
        if "servers" in names:
            servers.compare(found)
            return
        results: list[Result] = []
        for name in names or PATHS:
            console.print(f"… {name}")
            results.extend(PATHS[name](found))
        memory = [round(size / 2**20, 1) for size in found.web.memory()]
    _show(results)
    _write(results, memory)
    sys.exit(0 if all(one.met for one in results) else 2)


def _show(results: list[Result]) -> None:
    table = Table(title="Benchmarks")
    for name in ("path", "ours", "limit", "ratio", "goal", "", "note"):
        table.add_column(name, justify="left" if name in {"path", "note", ""} else "right")
    for one in results:
        table.add_row(
            one.path,
            f"{one.ours:.3g} {one.unit}",
            f"{one.limit:.3g}",
            f"{one.ratio:.2f}",
            one.goal,
            "ok" if one.met else "MISSED",
            one.note,
        )
    console.print(table)


def _write(results: list[Result], memory: list[float]) -> None:
    lines = [
        {**asdict(one), "ratio": None if math.isnan(one.ratio) else round(one.ratio, 4)}
        for one in results
    ]
    body = {"results": lines, "memory_mb": {"web": memory}}
    target = stage.VAR.parent / "bench.json"
    target.write_text(json.dumps(body, ensure_ascii=False, indent=2), encoding="utf-8")
    console.print(f"Written to {target}.")


if __name__ == "__main__":
    main()
