"""The tables of the page, which need no scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from recstore import doctor
from recstore._core import finding_kinds
from recstore._html import Html, table, text
from recstore._wording import size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recstore._contents import Share
    from recstore.report import Report

_SHARES: Final = {
    "endpoints": ("Endpoints", "endpoint"),
    "models": ("Models", "model"),
    "folders": ("Folders", "folder"),
    "types": ("Types of answers", "type"),
    "profiles": ("Key profiles", "profile"),
    "tests": ("Tests", "test"),
}
"""The tables of shares: what stands above them, and what one row is of."""

_AT_FIRST: Final = 8
"""So many rows of a table stand there at once; the others can be unfolded."""

_LONGEST: Final = 1_000
"""So many characters of a name are shown."""


def overview(report: Report) -> str:
    """Return the totals and the tables, as HTML."""
    return "\n".join([_figures(report), _findings(report), *_shares(report), _largest(report), _unreadable(report)])


def _figures(report: Report) -> str:
    contents = report.contents
    figures = [
        ("recordings", f"{contents.recordings:,}"),
        ("keys", f"{len(report.store):,}"),
        ("bytes", size(contents.bytes)),
        ("streams", f"{contents.streams:,}"),
        ("chunks", f"{contents.chunks:,}"),
        ("recorded errors", f"{contents.errors:,}"),
    ]
    said = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    return f'<dl class="figures">{said}</dl>'


def _findings(report: Report) -> str:
    counts = dict.fromkeys(finding_kinds(), 0)
    for finding in report.findings:
        counts[finding["id"]] += 1
    order = sorted(filter(counts.get, counts), key=lambda kind: -doctor.SEVERITIES.index(finding_kinds()[kind][0]))
    rows = []
    for kind in order:
        severity, remedy = finding_kinds()[kind]
        what_to_do = Html(re.sub("`(.+?)`", r"<code>\1</code>", text(remedy)))
        rows.append((_severity(severity), _filter("finding", kind), f"{counts[kind]:,}", what_to_do))
    if not rows:
        return _section("What the doctor found", '<p class="muted">Nothing: all is as it should be.</p>')
    found = table(("severity", "finding", "#findings", "what to do"), rows)
    return _section("What the doctor found", found, kind="findings")


def _shares(report: Report) -> Iterator[str]:
    yield '<div class="columns">'
    note = f'<p class="note">{text(report.ages.source.capitalize())}.</p>'
    ages = _section("Ages", note + _folded("date", report.periods, report), kind="shares")
    for facet, (title, name) in _SHARES.items():
        if facet == "tests":  # whose names are long
            yield f"{ages}</div>"
        shares = report.contents.shares[facet]
        yield _section(f"{title} ({len(shares):,})", _folded(name, shares, report), kind="shares")


def _folded(name: str, shares: Mapping[str, Share], report: Report) -> str:
    columns = (name, "", "#recordings", "#bytes")
    rows = [
        (_filter(name, value), _bar(share.recordings, report), f"{share.recordings:,}", size(share.bytes))
        for value, share in shares.items()
    ]
    shown = table(columns, rows[:_AT_FIRST])
    if len(rows) <= _AT_FIRST:
        return shown
    rest = table(columns, rows[_AT_FIRST:])
    return f"{shown}<details><summary>{len(rows) - _AT_FIRST:,} more</summary>{rest}</details>"


def _largest(report: Report) -> str:
    rows = []
    for number in report.largest():
        found = report.descriptions[number]
        name = Html(f'<a class="row" href="#{report.anchor(number)}">{_long(found["test_id"] or found["path"])}</a>')
        endpoint, model = Html(_long(found["endpoint"])), Html(_long(found["model"]))
        rows.append((name, endpoint, model, f"{found['chunks']:,}", size(found["size"])))
    largest = table(("test", "endpoint", "model", "#chunks", "#bytes"), rows)
    return _section("Largest recordings", largest, kind="largest")


def _unreadable(report: Report) -> str:
    """Return the findings about files that are no recordings, which are nowhere else on the page."""
    known = {found["path"] for found in report.descriptions}
    rows = [
        (_severity(finding["severity"]), finding["id"], finding["path"], finding["message"])
        for finding in report.findings
        if finding["path"] not in known
    ]
    if not rows:
        return ""
    return _section("Files that are no recordings", table(("severity", "finding", "file", "what it means"), rows))


def _section(title: str, content: str, kind: str = "") -> str:
    return f"<section{f' class={kind}' * bool(kind)}>\n<h2>{title}</h2>\n{content}\n</section>"


def _severity(severity: str) -> Html:
    return Html(f'<span class="severity {severity}">{severity}</span>')


def _filter(name: str, value: str) -> Html:
    """Return a link to the recordings that have this value."""
    query = urlencode({name: shortened(value)}, errors="surrogatepass")
    return Html(f'<a class="row" href="#?{text(query)}">{_long(value)}</a>')


def shortened(name: str) -> str:
    """Return a name, or the beginning of one that is a text of some length."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"


def _long(value: str) -> str:
    """Return a name that may break after its slashes; of the id of a test, the folder of its file is muted."""
    value = shortened(value)
    file, colons, _ = value.partition("::")
    folder, slash, _ = file.rpartition("/")
    parts = "/<wbr>".join(map(text, value.split("/")))
    if not (colons and slash):
        return parts
    end = len("/<wbr>".join(map(text, folder.split("/"))))
    return f'<span class="muted">{parts[:end]}</span>{parts[end:]}'


def _bar(count: int, report: Report) -> Html:
    """Return a bar as long as a share is large. No style, which the page's policy would refuse."""
    width = max(0.5, 100 * count / report.contents.recordings)
    return Html(f'<svg class="bar" aria-hidden="true"><rect width="{width:.1f}%" height="100%" rx="2"/></svg>')
