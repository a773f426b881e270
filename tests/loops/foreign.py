"""Tables as other people write them: the same transfers in many file formats, column types and orders of rows."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NAMES: tuple[Sequence[object], ...] = (
    range(8),
    [10**17 + i for i in range(8)],
    [-3, -2, -1, 0, 1, 2, 3, 4],
    ["007", "07", "7", "0", "00", "-0", "7.0", "1e3"],
    ["NULL", "null", "NA", "nan", "None", "N/A", "true", "#N/A"],
    ["甲方", "a b", 'say "x"', "c,d", " a", "a", "A", "ß" * 3_000],
    [10**18, 10**18 + 1, "9" * 40, 3, 4, "x", 5, 6],
)
"""Eight accounts each: whole numbers, text that only looks like numbers, words that mean nothing, awkward text."""

EPOCH = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rows:
    """Transfers in the order of the file; None where a cell is missing. Times are whole ``unit``s."""

    src: list[object]
    dst: list[object]
    ts: list[int | None]
    amount: list[Decimal | None]
    unit: str

    def known(self, amounts: bool) -> list[int]:
        """Rows with both accounts and a time, and with a positive amount where ``amounts`` says so."""
        cells = zip(self.src, self.dst, self.ts, self.amount, strict=True)
        return [
            i
            for i, (s, d, t, a) in enumerate(cells)
            if None not in (s, d, t) and not (amounts and (a is None or a <= 0))
        ]


def random_rows(rng: np.random.Generator, most: int = 26, holes: bool = True) -> Rows:
    """Few accounts, coarse times, amounts near each other with borders hit; some cells missing, rows in any order."""
    names, n = NAMES[int(rng.integers(len(NAMES)))], int(rng.integers(1, most))
    accounts = int(rng.integers(2, 8))

    def cells(values: Sequence[object]) -> list[object]:
        return [None if holes and rng.random() < 0.03 else v for v in values]

    ends = [cells([names[i] for i in rng.integers(0, accounts, n).tolist()]) for _ in range(2)]
    ts = cells((rng.integers(0, int(rng.integers(2, 60)), n)).tolist())
    base = Decimal(str(rng.choice(["100", "72.9", "33.3", "0.07"])))
    steps = [Decimal("0.9"), Decimal("1.01"), Decimal("0.95"), Decimal("0.899"), Decimal(1), Decimal("1.02")]
    amounts: list[object] = [base * steps[int(rng.integers(6))] * steps[int(rng.integers(6))] for _ in range(n)]
    if holes:
        odd = [None, Decimal(0), Decimal(-5), base]
        amounts = [odd[int(rng.integers(4))] if rng.random() < 0.05 else a for a in amounts]
    unit = str(rng.choice(["s", "ms", "us"]))
    return Rows(ends[0], ends[1], ts, amounts, unit)  # type: ignore[arg-type]  # cells keep their kind


def _moment(ticks: int, unit: str, zone: timezone) -> datetime:
    micro = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
    return (EPOCH + timedelta(microseconds=ticks * micro)).astimezone(zone)


def _iso(rows: Rows, rng: np.random.Generator) -> list[str | None]:
    zones = [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))]
    made: list[str | None] = []
    for t in rows.ts:
        text = None if t is None else _moment(t, rows.unit, zones[int(rng.integers(3))]).isoformat()
        if text is not None and rng.random() < 0.3 and t is not None:  # naive is UTC
            text = _moment(t, rows.unit, UTC).replace(tzinfo=None).isoformat(sep=" ")
        made.append(text)
    return made


def write_csv(rows: Rows, path: Path, rng: np.random.Generator) -> Path:
    """As CSV, times as numbers or as ISO 8601."""
    ts: Sequence[object] = _iso(rows, rng) if rng.random() < 0.5 else rows.ts
    with path.open("w", encoding="utf-8", newline="") as f:
        out = csv.writer(f, lineterminator=str(rng.choice(["\n", "\r\n"])))
        out.writerow(["note", "to", "when", "from", "sum"])
        for cells in zip(rows.dst, ts, rows.src, rows.amount, strict=True):
            out.writerow(["x\ny", *("" if c is None else f"{c:f}" if isinstance(c, Decimal) else c for c in cells)])
    return path


def _ids(values: list[object], rng: np.random.Generator) -> pa.Array:
    if all(isinstance(v, int) for v in values if v is not None):
        small = all(abs(v) < 2**31 for v in values if isinstance(v, int))
        return pa.array(values, pa.int32() if small and rng.random() < 0.5 else pa.int64())
    text = pa.array([None if v is None else str(v) for v in values], pa.string())
    kinds: list[Callable[[], pa.Array]] = [
        lambda: text,
        lambda: text.cast(pa.large_string()),
        lambda: text.dictionary_encode(),
    ]
    return kinds[int(rng.integers(3))]()


def _times(rows: Rows, rng: np.random.Generator) -> pa.Array:
    kind = int(rng.integers(4))
    if kind == 0:
        small = all(t is None or t < 2**31 for t in rows.ts)
        return pa.array(rows.ts, pa.int32() if small else pa.int64())
    if kind == 1:
        return pa.array(rows.ts, pa.float64())
    moments = [None if t is None else _moment(t, rows.unit, UTC) for t in rows.ts]
    unit = str(rng.choice(["us", "ns"]))
    return pa.array(moments, pa.timestamp(unit, "Asia/Shanghai" if kind == 2 else None))


def write_parquet(rows: Rows, path: Path, rng: np.random.Generator) -> Path:
    """As Parquet, in any type that a column may have, in row groups."""
    amounts = [
        pa.array(rows.amount, pa.decimal128(20, 8)),
        pa.array([None if a is None else float(a) for a in rows.amount], pa.float64()),
    ]
    table = pa.table(
        {
            "sum": amounts[int(rng.integers(2))],
            "to": _ids(rows.dst, rng),
            "from": _ids(rows.src, rng),
            "when": _times(rows, rng),
        }
    )
    pq.write_table(table, path, row_group_size=int(rng.integers(1, 9)))
    return path


def write(rows: Rows, folder: Path, rng: np.random.Generator) -> Path:
    """As one or the other."""
    if rng.random() < 0.5:
        return write_csv(rows, folder / "t.csv", rng)
    return write_parquet(rows, folder / "t.parquet", rng)


NAMED = ("--src", "from", "--dst", "to", "--ts", "when", "--amount", "sum")
