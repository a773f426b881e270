"""Small batches of events, written short."""

from __future__ import annotations

from flow.batch import EventBatch, columns, decode
from tests.flow.pipeline.streams import Event, lines, moment

BASE = 1_772_000_000_000


def order(id_: str, ts: int, merchant: str = "M", **more: object) -> Event:
    """An order; ``ts`` counts from BASE."""
    said = {"merchant_id": merchant, "buyer_id": "B", "order_id": "o", "amount": 100, "currency": "CNY"}
    return {"event_id": id_, "type": "order", "ts": moment(BASE + ts), **said, **more}


def transfer(id_: str, ts: int, src: str, dst: str, amount: int = 100, currency: str = "CNY") -> Event:
    """A transfer."""
    said = {"src": src, "dst": dst, "amount": amount, "currency": currency}
    return {"event_id": id_, "type": "transfer", "ts": moment(BASE + ts), **said}


def disbursement(id_: str, ts: int, account: str, amount: int, loan: str = "L", **more: object) -> Event:
    """A loan paid out."""
    said = {"loan_id": loan, "account_id": account, "amount": amount, "currency": "CNY"}
    return {"event_id": id_, "type": "disbursement", "ts": moment(BASE + ts), **said, **more}


def repayment(id_: str, ts: int, account: str, amount: int, loan: str = "L") -> Event:
    """Money paid back."""
    return disbursement(id_, ts, account, amount, loan) | {"type": "repayment"}


def batch(*events: Event) -> EventBatch:
    """The events as columns, in this order."""
    return columns(decode(lines(list(events))).events)
