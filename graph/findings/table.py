"""Findings as an Arrow table: one row each, nested parts as JSON text, read back exactly as they were."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pyarrow as pa

from graph.findings.finding import KINDS, EdgeRef, Finding, Member

FINDINGS = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("members", pa.string(), nullable=False),  # [[kind, id, role], ...]
        pa.field("edges", pa.string(), nullable=False),  # [[type, id, src, dst, ts, amount], ...]
        pa.field("numbers", pa.string(), nullable=False),
        pa.field("first_ts", pa.int64()),
        pa.field("last_ts", pa.int64()),
        pa.field("text_en", pa.string(), nullable=False),
        pa.field("text_zh", pa.string(), nullable=False),
        pa.field("complete", pa.bool_(), nullable=False),
        pa.field("truncated_why", pa.string()),
        pa.field("evidence", pa.string(), nullable=False),
    ]
)
"""Columns of a findings table, as published beside a snapshot."""


def findings_to_table(findings: Iterable[Finding]) -> pa.Table:
    """One row per finding, in the order given.

    Raises ValueError, naming the finding and the part, for a value that would not come back as it was: NaN and
    infinities, tuples or keys that are not text inside ``numbers`` and ``evidence``.
    """
    columns: dict[str, list[object]] = {name: [] for name in FINDINGS.names}
    for f in findings:
        row = (
            f.kind,
            f.id,
            float(f.score),
            _text([[m.kind, m.id, m.role] for m in f.members], f.id, "members"),
            _text([[e.type, e.id, e.src, e.dst, e.ts, e.amount] for e in f.edges], f.id, "edges"),
            _text(dict(f.numbers), f.id, "numbers"),
            f.first_ts,
            f.last_ts,
            f.text_en,
            f.text_zh,
            f.complete,
            f.truncated_why,
            _text(dict(f.evidence), f.id, "evidence"),
        )
        for name, value in zip(FINDINGS.names, row, strict=True):
            columns[name].append(value)
    return pa.table(columns, schema=FINDINGS)


def findings_from_table(table: pa.Table) -> list[Finding]:
    """The findings of a table made by ``findings_to_table``, equal to those it was made of.

    Raises ValueError when a column is missing or a kind is not one of ours.
    """
    missing = [name for name in FINDINGS.names if name not in table.column_names]
    if missing:
        raise ValueError(f"not a findings table: it lacks {', '.join(missing)}")
    return [_finding(row) for row in table.select(FINDINGS.names).to_pylist()]


def _finding(row: dict[str, object]) -> Finding:
    if row["kind"] not in KINDS:
        raise ValueError(f"finding {row['id']}: kind {row['kind']!r} is not one of {', '.join(KINDS)}")
    nested = {name: json.loads(str(row[name])) for name in ("members", "edges", "numbers", "evidence")}
    nested["members"] = tuple(Member(*m) for m in nested["members"])
    nested["edges"] = tuple(EdgeRef(*e) for e in nested["edges"])
    return Finding(**{**row, **nested})


def _text(value: object, id_: str, part: str) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as why:
        raise ValueError(f"finding {id_}: {part} cannot be written: {why}") from why
    if json.loads(text) != value:
        raise ValueError(f"finding {id_}: {part} would not be read back as it is; use lists and text keys")
    return text
