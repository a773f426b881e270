"""The last months once more as they happened: events, a JSON object a line, as a platform and a bank would send them.

Orders come with seconds of delay, transfers now and then minutes late, so that a reader meets lateness as in life.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.world.bookings import CHANNELS, PURPOSES
from ingest.world.chance import Bool, Int
from ingest.world.letters import coded, numbers, picked, times, words
from ingest.world.scene import Scene
from ingest.world.spec import DAY
from ingest.world.texts import Texts

DAYS = 90
"""How many days before the world's end the events begin: the longest window and as much again, twice."""

Fields = dict[str, tuple[pa.Array, bool]]
"""Name -> values as text (empty ones are left out), and whether they stand in quotes."""


def write_events(scene: Scene, texts: Texts, root: Path) -> dict[str, int]:
    """``events/events.jsonl`` in the order of arrival; returns its number of lines."""
    rng, since = scene.chance.of("event file"), scene.calendar.end - DAYS * DAY
    lines, arrivals = [], []

    def add(kind: str, ts: Int, fields: Fields, late: float = 0.0, name: str | None = None) -> None:
        chosen = np.flatnonzero((ts >= since) & (ts < scene.calendar.end))
        delay = rng.exponential(2_000, len(chosen))
        delay += np.where(rng.random(len(chosen)) < late, rng.uniform(0, 8 * 60_000, len(chosen)), 0)
        every = {"event_id": (coded(f"{name or kind}-", chosen, 8), True), "ts": (times(ts[chosen]), True)}
        every |= {field: (values.take(pa.array(chosen)), quoted) for field, (values, quoted) in fields.items()}
        lines.append(_objects(kind, every, len(chosen)))
        arrivals.append(ts[chosen] + delay.astype(np.int64))

    orders, refunds, parcels = scene.orders, scene.refunds, scene.parcels
    cny = _same("CNY", max(len(orders), len(refunds), len(scene.transfers), len(scene.loans), len(scene.repayments)))
    shop, buyer = picked(texts.shop, orders["shop"]), picked(texts.buyer, orders["buyer"])
    placed: Fields = {"merchant_id": (shop, True), "buyer_id": (buyer, True), "order_id": (texts.order, True)}
    where: Fields = {
        "device_id": (picked(texts.device, orders["device"]), True),
        "address_id": (picked(texts.street, orders["address"]), True),
    }
    add("order", orders["ts"], {**placed, **where, **_money(orders["amount"], cny)})
    back = {name: (values.take(pa.array(refunds["order"])), quoted) for name, (values, quoted) in placed.items()}
    add("refund", refunds["ts"], {**back, **_money(refunds["amount"], cny)})
    sent = {name: (values.take(pa.array(parcels["order"])), quoted) for name, (values, quoted) in placed.items()}
    for status in ("shipped", "signed"):
        scan: Fields = {"status": (_same(status, len(parcels)), True)}
        scan["weight_g"] = (numbers(parcels["weight_g"], parcels["weight_g"] > 0), False)
        add("logistics", parcels[status], {**sent, **scan}, name=status)
    moved = scene.transfers
    add(
        "transfer",
        moved["ts"],
        {
            "src": (picked(texts.account, moved["src"]), True),
            "dst": (picked(texts.account, moved["dst"]), True),
            "purpose": (words(PURPOSES, moved["purpose"]), True),
            "channel": (words(CHANNELS, moved["channel"]), True),
            **_money(moved["amount"], cny),
        },
        late=0.05,
    )
    for kind, book, loan in (
        ("disbursement", scene.loans, np.arange(len(scene.loans))),
        ("repayment", scene.repayments, scene.repayments["loan"]),
    ):
        paid: Fields = {
            "loan_id": (picked(texts.loan, loan), True),
            "account_id": (picked(texts.account, book["account"]), True),
            "merchant_id": (picked(texts.shop, scene.loans["shop"][loan]), True),
        }
        add(kind, book["ts"], {**paid, **_money(book["amount"], cny)})
    order = np.argsort(np.concatenate(arrivals), kind="stable")
    (root / "events").mkdir(parents=True, exist_ok=True)
    text = pa.concat_arrays(lines).take(pa.array(order)).to_pylist()
    (root / "events" / "events.jsonl").write_text("".join(text), encoding="utf-8", newline="")
    return {"events/events.jsonl": len(text)}


def _same(text: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), n)


def _money(amount: Int, cny: pa.Array) -> Fields:
    known: Bool = np.ones(len(amount), np.bool_)
    return {"amount": (numbers(amount, known), False), "currency": (cny.slice(0, len(amount)), True)}


def _objects(kind: str, fields: Fields, n: int) -> pa.Array:
    """A line each; the texts of a world hold no quotes and no backslashes."""
    parts: list[pa.Array | pa.Scalar] = [pa.scalar(f'{{"type":"{kind}"')]
    for name, (values, quoted) in fields.items():
        quote = '"' if quoted else ""
        told = pc.binary_join_element_wise(f',"{name}":{quote}', values, quote, "")
        parts.append(pc.fill_null(told, ""))
    return pc.binary_join_element_wise(*parts, _same("}\n", n), "")
