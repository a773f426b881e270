"""Whatever comes in: every row ends in exactly one place, and good rows are stored exactly as they were sent."""

from __future__ import annotations

import random
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.limits import Limits
from ingest.report import FeedReport
from tests.ingest.making import GOOD, Desk, csv_text, row

DAMAGE = {
    "order_id": ["", "O\u200b1", "x" * 129],
    "merchant_id": ["", "M\u202e1"],
    "amount": ["", "NaN", "1e400", "1.234", "-1", "9" * 30, "1,5", "inf"],
    "currency": ["", "XXX", "yuan"],
    "placed_at": ["", "2025-02-30", "1990-09-16 01:30:00", "1989-12-31T00:00:00Z", "2101-01-01", "yesterday"],
    "rating": ["0", "6", "4.5", "five", "99999999999999999999"],
    "phone": ["-", "1\u00003"],
    "status": ["x" * 513, "a\u2066b"],
    "updated_at": ["soon"],
    "known_at": ["2025-01-01"],
}
"""Cells that each make their row bad."""


class Twin:
    """The contract of SALES, one row at a time, the slow and plain way."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], tuple[str, ...]] = {}
        self.counts = dict.fromkeys(("sent", "stored", "duplicate", "rejected", "conflict"), 0)
        self.stored: list[dict[str, str]] = []

    def take(self, cells: dict[str, str], damaged: bool) -> None:
        self.counts["sent"] += 1
        if damaged:
            self.counts["rejected"] += 1
            return
        key = (cells["order_id"], cells["updated_at"] or cells["placed_at"])
        amount = str(Decimal(cells["amount"]).normalize())
        phone = cells["phone"].replace(" ", "").replace("+86", "")
        body = tuple(cells[n] for n in ("merchant_id", "currency", "placed_at", "rating", "status"))
        content = (*body, amount, phone)
        if key not in self.seen:
            self.seen[key] = content
            self.stored.append(cells)
            self.counts["stored"] += 1
        elif self.seen[key] == content:
            self.counts["duplicate"] += 1
        else:
            self.counts["conflict"] += 1


def _good_rows(rng: random.Random, n: int) -> list[dict[str, str]]:
    return [
        row(
            order_id=f"O{rng.randrange(max(2, n))}",
            merchant_id=rng.choice(["M1", "店 2", "007", "NA"]),
            amount=rng.choice(["1", "1.0", "1.50", "129", "0.01", "90000000000000000.01"]),
            placed_at=rng.choice(["2025-03-01T20:15:00+08:00", "2025-03-02"]),
            rating=rng.choice(["", "1", "5"]),
            phone=rng.choice(["", "13800000000", "+86 138 0000 0000", "13900000000"]),
            status=rng.choice(["", "placed", 'said "no", twice', "null"]),
            updated_at=rng.choice(["", "2025-03-05", "2025-03-06"]),
        )
        for _ in range(n)
    ]


@pytest.mark.slow
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9), st.integers(0, 40), st.floats(0, 1), st.booleans(), st.integers(1, 2))
def test_every_row_ends_in_one_place(
    tmp_path_factory: pytest.TempPathFactory, seed: int, n: int, share: float, gbk: bool, files: int
) -> None:
    rng = random.Random(seed)
    root = tmp_path_factory.getbasetemp() / "accounting"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    desk = Desk(root, Limits(chunk_bytes=2048))  # several chunks a file, so that repeats cross them
    twin = Twin()
    for number in range(files):
        rows = [(r, False) for r in _good_rows(rng, n)]
        for i in range(n):
            if rng.random() < share * 0.5:
                name = rng.choice(list(DAMAGE))
                rows[i] = ({**rows[i][0], name: rng.choice(DAMAGE[name])}, True)
        lines = csv_text([r for r, _ in rows]).splitlines()
        marked = [(line, bad) for line, (_, bad) in zip(lines[1:], rows, strict=True)]
        for _ in range(int(share * 5)):  # rows that cannot be cut into cells
            marked.insert(rng.randrange(len(marked) + 1), (rng.choice(["a,b", "," * 20, "x"]), True))
        before = dict(twin.counts)
        cells = iter(rows)
        for line, bad in marked:
            twin.take({} if line in ("a,b", "," * 20, "x") else next(cells)[0], bad)
        text = "\n".join([lines[0], *(line for line, _ in marked)]) + f"\n{'' if number == 0 else chr(10) * number}"
        bad_bytes = any("\u200b" in r["order_id"] or "\u202e" in r["merchant_id"] for r, _ in rows)
        encoding = "gb18030" if gbk and not bad_bytes else "utf-8"
        report = desk.take(text.encode(encoding))
        if report.already_taken:  # the same bytes again: nothing of them counts twice
            for name in twin.counts:
                twin.counts[name] = before[name]
            continue
        assert report.counts() == {name: twin.counts[name] - before[name] for name in before}
        _rejects_are_the_bad_lines(desk, report, [i + 2 for i, (_, bad) in enumerate(marked) if bad])
    _stored_exactly(desk, twin.stored)


def _rejects_are_the_bad_lines(desk: Desk, report: FeedReport, bad: list[int]) -> None:
    told = {line for line, _, code in desk.codes(report) if code != "conflict"}
    assert told == set(bad)
    assert len([c for c in desk.codes(report) if c[2] == "conflict"]) == report.conflict
    assert sum(report.codes.values()) == len(desk.rejected(report))


def _stored_exactly(desk: Desk, stored: list[dict[str, str]]) -> None:
    names = ("id", "amount", "currency", "status", "rating", "updated_ts")
    got = [tuple(r[n] for n in names) for r in desk.rows("Orders")]
    moments = {
        "2025-03-01T20:15:00+08:00": 1740831300000,
        "2025-03-02": 1740844800000,
        "2025-03-05": 1741104000000,
        "2025-03-06": 1741190400000,
    }
    expected = [
        (
            r["order_id"],
            int(Decimal(r["amount"]) * 100),
            "CNY",
            r["status"] or None,
            int(r["rating"]) if r["rating"] else None,
            moments[r["updated_at"] or r["placed_at"]],
        )
        for r in stored
    ]
    assert sorted(map(str, got)) == sorted(map(str, expected))
    assert len(desk.rows("SOLD_BY")) == len(stored)
    assert len(desk.rows("HAS_PHONE")) == sum(bool(r["phone"]) for r in stored)


def test_the_damage_is_damage(desk: Desk) -> None:
    """Each cell of DAMAGE alone makes a good row bad; without it the row is good: the property above can fail."""
    assert desk.take(csv_text([row()])).ok
    bad = [{**GOOD, "order_id": f"D{i}{j}", name: cell} for i, (name, cells) in enumerate(DAMAGE.items())
           for j, cell in enumerate(cells)]  # fmt: skip
    report = desk.take(csv_text(bad))
    assert report.rejected == report.sent == len(bad)
    assert {line for line, _, _ in desk.codes(report)} == set(range(2, len(bad) + 2))


def test_where_the_rejects_say_the_damage_is(desk: Desk, tmp_path: Path) -> None:
    rows = [row(), row(order_id="O2", amount="1.234", rating="9"), row(order_id="O3", currency="QQQ")]
    report = desk.take(csv_text(rows))
    assert desk.codes(report) == [(3, "amount", "decimals"), (3, "rating", "range"), (4, "currency", "currency")]
    assert report.codes == {"currency": 1, "decimals": 1, "range": 1}
    assert (report.stored, report.rejected) == (1, 2)
