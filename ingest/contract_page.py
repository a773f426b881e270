"""docs/feeds.md, made from the declarations of the feeds: ``python -m ingest.contract_page`` writes it anew."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from ingest.faults import CODES
from ingest.feed import As, Column, EdgeRows, End, FactRows, Feed, NodeRows
from ingest.sources import SOURCES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "feeds.md"

_HEAD = """# Files that ringfence takes

<!-- Made from the declarations in ingest/sources by `python -m ingest.contract_page`; a test holds it current. -->

`ringfence ingest SOURCE PATH...` takes files or folders. A file belongs to the feed whose name its own begins with
(`orders.csv`, `orders-2025-03.parquet`). CSV with a header, comma-separated, in UTF-8 (with or without a byte order
mark) or GBK; or Parquet. Columns may stand in any order; unknown ones are ignored and reported; missing required ones
refuse the file.

* **Every row ends in exactly one place**: sent = stored + duplicate + rejected + conflict. A *duplicate* is a record
  (its key columns) with a version and content that were taken before; a *conflict* has other content than the one
  stored; another version of a record is stored beside the earlier ones. When we learnt a row is no part of its content.
* **Rejected and conflicting rows** go to a file with line, column, code and masked value. With more than 5 % of rows
  rejected (`--max-bad`) nothing of the file is stored.
* **Empty cells** mean unknown. `NA`, `null`, `007` are text as they stand.
* **id**: Unicode NFKC without outer spaces, 1 to 128 characters. **text**: the same, up to 512. Control,
  bidirectional, zero-width and other invisible characters are refused.
* **money**: a plain decimal (`1234.50`) in units of the row's `currency`, kept exactly as integer minor units; more
  decimals than the currency has are refused, not rounded.
* **time**: ISO 8601 with an offset, or without one in the zone of the feed, or epoch with `--time-unit s|ms|us`;
  between 1990 and 2100. A local time that happened twice or never is refused. **date**: a day, `2025-01-31`.
* **Versions**: a row's `updated_ts` is its version column, or the time of the event where it has none.
* **When we learnt it** (`known_ts`): the column `known_at` where it is filled, else the time of the intake;
  `--known now` always takes the time of the intake, `--known event` (a back-fill of history) takes `known_at` where
  it is filled, else the later of event and version. A row that came to be more than a day after we are said to have
  learnt it is rejected.
* **Personal** columns are brought to one form (phones without +86, identity numbers and cards without gaps, names and
  streets with single spaces, full width to plain) and replaced by keyed tokens before anything is stored. They show in
  no report, log or rejects file.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD]
    for source, feeds in SOURCES.items():
        parts.append(f"## {source}\n")
        parts += [_feed(f) for f in feeds]
    parts.append("## Codes of rejected rows\n\n| code | meaning |\n| --- | --- |")
    parts += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join(parts) + "\n"


def _feed(feed: Feed) -> str:
    lines = [f"### {feed.full_name}\n", f"{feed.doc}\n"]
    key = ", ".join(f"`{k}`" for k in feed.key) or "the whole row"
    version = f"`{feed.version}` (or `{feed.event_time}` where empty)" if feed.version else f"`{feed.event_time}`"
    lines.append(f"* Record: {key}; version: {version}; event: `{feed.event_time}`; zone of naive times: {feed.zone}.")
    if any(c.parse is As.MONEY for c in feed.columns):
        lines.append(f"* Currency: {'column `currency`' if feed.currency is None else feed.currency}.")
    lines += [f"* At least one of {', '.join(f'`{c}`' for c in group)}." for group in feed.one_of]
    lines += ["", "| column | type | | becomes | meaning | sample |", "| --- | --- | --- | --- | --- | --- |"]
    for c in feed.columns:
        becomes = "; ".join(_becomes(feed, c.name))
        lines.append(
            f"| `{c.name}` | {_type(c)} | {'required' if c.required else 'optional'} | {becomes} | {c.doc} | "
            f"{f'`{c.sample}`' if c.sample else ''} |"
        )
    return "\n".join([*lines, "", "```csv", *_sample(feed), "```", ""])


def _type(column: Column) -> str:
    said = str(column.parse)
    if column.personal is not None:
        said += f", personal ({column.personal})"
    if column.choices:
        said += ": " + ", ".join(column.choices)
    unit = " minor units" if column.parse is As.MONEY and column.low else ""
    if column.low is not None:
        said += f", from {column.low:,g}{unit}"
    if column.high is not None:
        said += f", to {column.high:,g}{unit}"
    return said


def _end(end: End) -> str:
    if not end.kind.startswith("$"):
        return end.kind
    return f"{' or '.join(end.kinds)} (by `{end.kind[1:]}`)" if end.kinds else f"node of the kind in `{end.kind[1:]}`"


def _becomes(feed: Feed, name: str) -> Iterator[str]:
    """What the model makes of a column, each thing once."""
    if name == (feed.version or feed.event_time):
        yield "updated_ts"
    if name == feed.known:
        yield "known_ts"
    yield from dict.fromkeys(thing for rows in feed.rows for thing in _uses(rows, name))


def _uses(rows: NodeRows | EdgeRows | FactRows, name: str) -> Iterator[str]:
    match rows:
        case NodeRows():
            owner = rows.node.kind.removeprefix("$")
            if rows.node.column == name:
                yield f"id of {_end(rows.node)}"
        case EdgeRows():
            owner = rows.type
            if rows.src.column == name:
                yield f"{rows.type} from {_end(rows.src)}"
            if rows.dst.column == name:
                yield f"{rows.type} to {_end(rows.dst)}"
            if rows.id_column == name:
                yield f"id of {rows.type}"
        case FactRows():
            owner = f"fact {rows.fact}"
            if rows.id_column == name:
                yield f"id of {owner}"
    yield from (f"{owner}.{p}" for p, column in rows.properties.items() if column == name)


def _sample(feed: Feed) -> list[str]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([c.name for c in feed.columns])
    writer.writerow([c.sample for c in feed.columns])
    return out.getvalue().splitlines()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE}\n")
