"""Lines of events for tests."""

from __future__ import annotations

import json
import random

TS = "2026-03-01T08:15:00.250Z"

ONE_OF_EACH: dict[str, dict[str, object]] = {
    "order": {
        "merchant_id": "M1",
        "buyer_id": "B7",
        "device_id": "D3",
        "address_id": "A9",
        "order_id": "O1",
        "amount": 12900,
        "currency": "CNY",
    },
    "refund": {"merchant_id": "M1", "order_id": "O1", "amount": 12900, "currency": "CNY"},
    "transfer": {"src": "A1", "dst": "A2", "amount": 5, "currency": "USD", "purpose": "goods", "channel": "bank"},
    "disbursement": {"loan_id": "L1", "account_id": "A1", "amount": 10**15, "currency": "CNY"},
    "repayment": {"loan_id": "L1", "account_id": "A1", "amount": 0, "currency": "CNY", "merchant_id": "M1"},
    "login": {"buyer_id": "B7", "device_id": "D3"},
    "logistics": {"merchant_id": "M1", "order_id": "O1", "status": "signed", "waybill": "SF1", "weight_g": 900},
    "notice": {"merchant_id": "M1", "severity": "severe", "code": "FAKE_ORDERS"},
}
"""The fields of an event of each type, without the common ones."""


def event(type_: str = "order", event_id: str = "e1", ts: str = TS, **changes: object) -> dict[str, object]:
    """An event as a mapping; a change to ``...`` takes the field away."""
    whole = {"event_id": event_id, "type": type_, "ts": ts, **ONE_OF_EACH[type_], **changes}
    return {name: value for name, value in whole.items() if value is not ...}


def line(type_: str = "order", event_id: str = "e1", ts: str = TS, **changes: object) -> bytes:
    """An event as a line, without the line feed."""
    return json.dumps(event(type_, event_id, ts, **changes), ensure_ascii=False).encode()


def mixed(n: int, seed: int = 1, start_ms: int = 1_772_352_000_000) -> list[bytes]:
    """``n`` lines of all types, a few seconds apart, with distinct ids ``e0``, ``e1`` ..."""
    r = random.Random(seed)
    lines, at = [], start_ms
    for i in range(n):
        at += r.randrange(0, 5000)
        seconds, ms = divmod(at, 1000)
        day, clock = divmod(seconds, 86400)
        ts = f"{_date(day)}T{clock // 3600:02}:{clock // 60 % 60:02}:{clock % 60:02}.{ms:03}Z"
        type_ = r.choice(list(ONE_OF_EACH))
        fields = {
            name: {
                "merchant_id": f"M{r.randrange(50)}",
                "buyer_id": f"B{r.randrange(300)}",
                "device_id": f"D{r.randrange(200)}",
                "order_id": f"O{i}",
                "src": f"A{r.randrange(100)}",
                "dst": f"A{r.randrange(100)}",
                "account_id": f"A{r.randrange(100)}",
                "amount": r.randrange(1, 10**6),
            }[name]
            for name in ONE_OF_EACH[type_]
            if name in ("merchant_id", "buyer_id", "device_id", "order_id", "src", "dst", "account_id", "amount")
        }
        lines.append(line(type_, f"e{i}", ts, **fields))
    return lines


def _date(day: int) -> str:
    from datetime import date, timedelta

    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()
