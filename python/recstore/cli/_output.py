"""What all commands say, and how."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from recstore._wording import in_a_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_PIPE_WIDTH = 240


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to `main`; rich would exit with 1, as if something were wrong."""
        raise BrokenPipeError


_stderr = Console(stderr=True)


def say(*renderables: Any) -> None:
    """Print for people."""
    # A pipe has no width; eighty columns would cut what somebody greps for.
    console = _Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    for renderable in renderables:
        console.print(renderable)


def say_line(text: str) -> None:
    """Print a line for people and programs alike, however long it is; it stays one: CI obeys some that begin lines."""
    _Console(highlight=False).print(Text(in_a_line(text)), soft_wrap=True)


def say_text(lines: Iterable[str]) -> None:
    """Print lines, with what they should not hold spelled out; what begins at the margin stands out on a terminal."""
    console = _Console(highlight=False)
    for line in lines:
        style = "bold" if line[:1].isalpha() else ""
        console.print(Text(in_a_line(line), style=style), soft_wrap=True)


def say_json(value: Any) -> None:
    """Print for programs: one line of JSON."""
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    try:
        line = orjson.dumps(value, default=str, option=options)
    except orjson.JSONEncodeError:  # it takes no long integers, and no surrogates that stand alone
        line = json.dumps(value, default=str).encode() + b"\n"
    sys.stdout.buffer.write(line)


def complain(message: str) -> None:
    """Say what went wrong."""
    _stderr.print(f"[bold red]recstore:[/] {escape(visible(message))}", highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """Say something beside the data."""
    _stderr.print(escape(visible(message)), highlight=False, soft_wrap=True)


def plain(text: object) -> Text:
    """Return text from a recording, which means nothing to the terminal."""
    return Text(visible(str(text)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> Table:
    """Return a table; columns whose name begins with `#` hold numbers."""
    made = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        is_number = column.startswith("#")
        made.add_column(column.removeprefix("#"), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else plain(cell) for cell in row))
    return made


@contextmanager
def working(what: str, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Show progress where the work takes more than half a second; give a function to call after each step."""
    columns = [SpinnerColumn(), TextColumn("{task.description}")]
    if total is not None:
        columns += [BarColumn(), MofNCompleteColumn()]
    progress = Progress(*columns, TimeElapsedColumn(), console=_stderr, transient=True, disable=not _stderr.is_terminal)
    task = progress.add_task(what, total=total)
    timer = threading.Timer(0.5, progress.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda: progress.advance(task)
    finally:
        timer.cancel()
        timer.join()
        progress.stop()
