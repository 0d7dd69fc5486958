"""The report: each operation, what recstore takes, what others take, and the ratios. `make bench` prints it.

`--json` gives the same to programs, `--markdown` to the README.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import comparisons
import processes
import sizes
from inputs import Inputs
from measure import alone, machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from measure import Comparison, Row

SECONDS = 4.0
"""How long a comparison is measured, if three rounds of it take no longer."""

WIDTH = 140
"""Of the table where there is no terminal."""

FOOTNOTE = (
    "Medians over turns that the ways of a row take one after another, in a fresh process for each row. Imports, "
    "memory and runs of pytest have each their own processes, and are in seconds of CPU. The page cache is warm. The "
    "garbage collector is on, with a full collection before each turn and nothing of the benchmark's own to look at. A "
    "ratio is the other's time or size over recstore's: below 1, recstore loses. Loading and verifying use all cores "
    "in recstore, one in the others."
)


def rows_of(make: Callable[[Inputs], Comparison], inputs: Inputs, seconds: float) -> list[Row]:
    """Measure one comparison."""
    comparison = make(inputs)
    with comparison.lasting:
        return comparison.rows(seconds)


def rows(inputs: Inputs, seconds: float = SECONDS) -> Iterator[Row]:
    """Give all rows, each when it is measured."""
    for make in comparisons.ALL:
        yield from alone(rows_of, make, inputs, seconds)
    yield from processes.all_of(inputs)
    yield from sizes.all_of(inputs)


def amount(value: float | None, unit: str) -> str:
    """Return a value with its unit, in three digits."""
    if value is None:
        return "not installed"
    if unit == "B":
        return f"{value / 1e6:.3g} MB"
    scales = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
    scale, name = next((scale for scale in scales if abs(value) >= scale[0]), scales[-1])
    return f"{value / scale:.3g} {name}"


def table(measured: Iterable[Row]) -> Table:
    """Return the rows as a table; the others of a row stand below each other."""
    made = Table(show_lines=True)
    for heading in ("operation", "recstore", "aim", "others and floor", "", "ratio"):
        made.add_column(heading, justify="left" if heading in {"operation", "others and floor"} else "right")
    for row in measured:
        aim = "" if row.aim is None else f"{amount(row.aim, row.unit)}\n{'met' if row.is_met else 'missed'}"
        made.add_row(
            row.operation,
            amount(row.ours, row.unit),
            aim,
            "\n".join(("floor: " if other.is_floor else "") + other.name for other in row.others),
            "\n".join(amount(other.value, row.unit) for other in row.others),
            "\n".join("" if other.value is None else f"{other.value / row.ours:.3g}" for other in row.others),
        )
    return made


def markdown(measured: Iterable[Row]) -> str:
    """Return the rows as a table of Markdown, the others of a row one after another, each with its ratio."""
    lines = ["| operation | recstore | aim | others, and how many times as much they take |", "|---|---:|---:|---|"]
    for row in measured:
        aim = "" if row.aim is None else f"{amount(row.aim, row.unit)}, {'met' if row.is_met else '**missed**'}"
        others = [
            f"{'floor: ' if other.is_floor else ''}{other.name} {amount(other.value, row.unit)}"
            + ("" if other.value is None else f" ({float(f'{other.value / row.ours:.2g}'):g})")
            for other in row.others
        ]
        lines.append(f"| {row.operation} | {amount(row.ours, row.unit)} | {aim} | {'; '.join(others)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--markdown", action="store_true", help="for the README")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each comparison (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recstore-bench-") as scratch:
        inputs = Inputs(Path(scratch))
        measured = []
        for row in rows(inputs, arguments.seconds):
            print(f"measured: {row.operation}", file=sys.stderr)
            measured.append(row)
        if arguments.json:
            found = {"machine": machine(), "inputs": str(inputs), "rows": [row.to_json() for row in measured]}
            print(json.dumps(found, indent=2, ensure_ascii=False))
            return
        if arguments.markdown:
            print(f"{inputs}; {machine()}\n\n{markdown(measured)}")
            return
        console = Console(width=None if sys.stdout.isatty() else WIDTH)
        console.print(f"{inputs}; {machine()}", highlight=False)
        console.print(table(measured))
        console.print(FOOTNOTE, highlight=False)


if __name__ == "__main__":
    main()
