"""``ringfence rings FILE``: coordinated groups and fake-order rings of an order table, and the bursts of its shops."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.findings.finding import fresh_id
from graph.findings.ring_sentences import ring_sentences, sign_sentences
from graph.loops.table import span_us
from graph.rings.bursts import busiest_buyers, find_bursts
from graph.rings.calibration import Calibration, calibrated
from graph.rings.distinct import distinct
from graph.rings.group import Group
from graph.rings.groups import Mined, mine_groups
from graph.rings.labels import known_shops
from graph.rings.params import RingParams
from graph.rings.score import FAKE_ORDERS, Judgement, judge
from graph.rings.signals import SignalReader, Signals
from graph.rings.table import OrderColumns, TableOrders, orders_of_table
from graph.table_columns import TableError, as_given, read_table

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_MOST_RESPONSIBLE = 5


@dataclass(frozen=True)
class RingsFileOptions:
    """What the columns are called and what is wanted besides the rings.

    ``time_unit``: of numbers in time columns (s, ms, us). ``summary_out``: one row a ring. ``burst``: length of the
    window, like ``1h``; ``burst_ratio``: orders a buyer from which a shop's peak is listed; ``burst_out``: where.
    ``utc_offset_h``: what the clocks of the buyers show, for night hours. ``labels``: what is known of some shops
    (the merchant column, and ``label`` 0 or 1); the scores are calibrated by the groups that hold such shops.
    """

    columns: OrderColumns = field(default_factory=OrderColumns)
    time_unit: str = "ms"
    summary_out: Path | None = None
    burst: str | None = None
    burst_ratio: float = 3.0
    burst_out: Path | None = None
    utc_offset_h: int = 8
    labels: Path | None = None


@dataclass(frozen=True)
class _Ring:
    """A group of the file with all that is said about it; ``inside``: rows of the mined book."""

    id: str
    group: Group
    inside: np.ndarray[tuple[int], np.dtype[np.int64]]
    signals: Signals
    judged: Judgement
    amount: float | None

    @property
    def output(self) -> str:
        return "fake_orders" if self.judged.fake_orders else "coordinated_group"


def run_rings(path: Path, out: Path | None, options: RingsFileOptions) -> dict[str, object]:
    """Mine an order table (CSV or Parquet), write what is asked for, and return the summary.

    ``out`` gets one row a member: ring_id, output (``fake_orders`` or ``coordinated_group``), member_kind (buyer,
    merchant), member_id, score, share (of the member's orders that are inside the ring). ``summary_out``: ring_id,
    output, buyers, merchants, orders, amount, score, crowd, top_signals, sentence, sentence_zh. ``burst_out``:
    merchant_id, from_ts, to_ts, orders, buyers, ratio, top_buyers (with their orders).

    The summary: orders, buyers, merchants, rows_left_out, rows_repeated, fake_orders, coordinated_groups, named_buyers,
    named_merchants, threshold, bursts, complete, truncated_why, seconds. TableError (with the file's name) when the
    file, a column or the window cannot be read.
    """
    began = time.perf_counter()
    table = read_table(path, options.columns.names())
    try:
        orders = orders_of_table(table, options.columns, options.time_unit)
        length = span_us(options.burst) if options.burst else None
    except TableError as e:
        raise TableError(e.code, f"{path}: {e}") from e
    known = known_shops(options.labels, options.columns.merchant) if options.labels else {}
    rings, cut, labelled = _rings(orders, RingParams(zone_h=options.utc_offset_h), known)
    if out is not None:
        _write(_members(rings, orders), out)
    if options.summary_out is not None:
        _write(_summaries(rings), options.summary_out)
    bursts = None
    if length is not None:
        peaks = _bursts(table, orders, length, options)
        bursts = peaks.num_rows
        if options.burst_out is not None:
            _write(peaks, options.burst_out)
    named = [r for r in rings if r.judged.fake_orders]
    return {
        "orders": len(orders.book),
        "buyers": orders.book.n_buyers,
        "merchants": orders.book.n_shops,
        "rows_left_out": orders.left_out,
        "rows_repeated": orders.repeated,
        "fake_orders": len(named),
        "coordinated_groups": len(rings) - len(named),
        "named_buyers": len({int(b) for r in named for b in r.group.buyers}),
        "named_merchants": len({int(s) for r in named for s in r.group.shops}),
        "threshold": FAKE_ORDERS,
        "calibrated_on": labelled,
        "bursts": bursts,
        "complete": not cut,
        "truncated_why": "; ".join(cut) or None,
        "seconds": round(time.perf_counter() - began, 3),
    }


def _rings(orders: TableOrders, params: RingParams, known: dict[str, bool]) -> tuple[list[_Ring], tuple[str, ...], int]:
    """The rings, what limits cut, and how many groups the calibration rests on."""
    if len(orders.book) == 0:
        return [], (), 0
    by_time = np.argsort(orders.book.ts, kind="stable")
    book = orders.book.take(by_time)
    mined = mine_groups(book, params)
    reader = SignalReader(mined, params)
    signals = [reader.read(g) for g in mined.groups]
    formula = [judge(s) for s in signals]
    calibration = _calibration(mined, [j.score for j in formula], orders, known)
    judged = [calibration.judged(j) for j in formula]
    rings = []
    for i in distinct(mined.groups, [j.score for j in judged], book.n_buyers):
        group = mined.groups[i]
        inside, _ = reader.rows(group)
        amount = None if orders.amount is None else round(float(np.nansum(orders.amount[by_time[inside]])), 2)
        nodes = [f"merchant:{_text(orders.merchants, s)}" for s in group.shops]
        nodes += [f"buyer:{_text(orders.buyers, b)}" for b in group.buyers]
        id_ = fresh_id("ring", nodes)
        rings.append(_Ring(id_, group, by_time[inside], signals[i], judged[i], amount))
    return sorted(rings, key=lambda r: (-r.judged.score, r.id)), mined.cut, calibration.outcomes


def _calibration(mined: Mined, formula: list[float], orders: TableOrders, known: dict[str, bool]) -> Calibration:
    """By the groups with shops that are known: fake when one of them is known for fake orders. One vote a ring."""
    scores, fake = [], []
    for i in distinct(mined.groups, formula, mined.book.n_buyers):
        words = [known[name] for s in mined.groups[i].shops if (name := _text(orders.merchants, s)) in known]
        if words:
            scores.append(formula[i])
            fake.append(any(words))
    return calibrated(scores, fake)


def _members(rings: list[_Ring], orders: TableOrders) -> pa.Table:
    book = orders.book
    of_buyer = np.bincount(book.buyer, minlength=book.n_buyers)
    of_shop = np.bincount(book.shop, minlength=book.n_shops)
    rows: dict[str, list[object]] = {n: [] for n in ("ring_id", "output", "member_kind", "member_id", "score", "share")}
    for ring in rings:
        for kind, numbers, ids, key, all_orders in (
            ("merchant", ring.group.shops, orders.merchants, book.shop, of_shop),
            ("buyer", ring.group.buyers, orders.buyers, book.buyer, of_buyer),
        ):
            members, count = np.unique(key[ring.inside], return_counts=True)
            inside = dict(zip(members.tolist(), count.tolist(), strict=True))
            for n in numbers.tolist():
                share = inside.get(n, 0) / max(int(all_orders[n]), 1)
                values = (ring.id, ring.output, kind, _text(ids, n), ring.judged.score, round(share, 6))
                for name, value in zip(rows, values, strict=True):
                    rows[name].append(value)
    types = (pa.string(), pa.string(), pa.string(), pa.string(), pa.float64(), pa.float64())
    return pa.table({n: pa.array(v, t) for (n, v), t in zip(rows.items(), types, strict=True)})


def _summaries(rings: list[_Ring]) -> pa.Table:
    rows = []
    for ring in rings:
        worth = "" if ring.amount is None else f"{ring.amount:,.2f}"
        en, zh = ring_sentences(ring.signals, ring.judged, worth)
        rows.append(
            {
                "ring_id": ring.id,
                "output": ring.output,
                "buyers": ring.signals.buyers,
                "merchants": ring.signals.shops,
                "orders": ring.signals.orders,
                "amount": ring.amount,
                "score": ring.judged.score,
                "crowd": ring.judged.crowd,
                "top_signals": [sign_sentences(name, ring.signals)[0] for name in list(ring.judged.signs)[:4]],
                "signals": [{"name": k, "value": float(v)} for k, v in ring.signals.numbers().items()],
                "sentence": en,
                "sentence_zh": zh,
            }
        )
    signal = pa.struct([("name", pa.string()), ("value", pa.float64())])
    schema = pa.schema(
        [
            ("ring_id", pa.string()),
            ("output", pa.string()),
            ("buyers", pa.int64()),
            ("merchants", pa.int64()),
            ("orders", pa.int64()),
            ("amount", pa.float64()),
            ("score", pa.float64()),
            ("crowd", pa.string()),
            ("top_signals", pa.list_(pa.string())),
            ("signals", pa.list_(signal)),
            ("sentence", pa.string()),
            ("sentence_zh", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _bursts(table: pa.Table, orders: TableOrders, length_us: int, options: RingsFileOptions) -> pa.Table:
    """Peaks of the shops that reach the ratio, the highest first."""
    book, ts = orders.book, orders.ts
    ticks, finer = divmod(length_us * _PER_SECOND[orders.unit], 1_000_000)
    if finer:  # a window finer than the clock of the file: nothing within it but the same tick
        ticks += 1
    found = find_bursts(book.shop, book.buyer, ts, book.n_shops, book.n_buyers, ticks)
    shops = np.flatnonzero((found.orders > 0) & (found.ratio >= options.burst_ratio))
    shops = shops[np.lexsort((shops, -found.orders[shops], -found.ratio[shops]))]
    given = table[options.columns.ts]
    top = [busiest_buyers(found, book.buyer, int(s), _MOST_RESPONSIBLE) for s in shops]
    first, last = (np.array([found.rows(int(s))[at] for s in shops], np.int64) for at in (0, -1))
    return pa.table(
        {
            "merchant_id": orders.merchants.take(pa.array(shops)),
            "from_ts": as_given(given, orders.row[first]),
            "to_ts": as_given(given, orders.row[last]),
            "orders": found.orders[shops],
            "buyers": found.buyers[shops],
            "ratio": found.ratio[shops],
            "top_buyers": pa.array(
                [[{"buyer_id": _text(orders.buyers, b), "orders": n} for b, n in buyers] for buyers in top],
                pa.list_(pa.struct([("buyer_id", pa.string()), ("orders", pa.int64())])),
            ),
        }
    )


def _text(ids: pa.Array, number: int) -> str:
    return str(ids[int(number)].as_py())


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")
