"""Every shipped rule is raised by the kind of trade it is about, through the engine that runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from flow.batch import columns, decode
from flow.facts import catalogue
from flow.pipeline import Options, Pipeline
from policy.publish import SHIPPED
from policy.ruleset import read

DAY = 24.0
NOON = 40 * DAY + 4  # hours; local noon of the fortieth day, by the set's offset
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Trade:
    """Collects events; hours count from the start of the stream."""

    def __init__(self) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._numbers = count()

    def add(self, hour: float, kind: str, **fields: Any) -> None:
        self.events.append((hour, {"event_id": f"e{next(self._numbers):06}", "type": kind, **fields}))

    def orders(
        self, shop: str, hours: list[float], buyers: int = 1_000, amount: int | None = None, **more: Any
    ) -> None:
        for i, hour in enumerate(hours):
            number = next(self._numbers)
            money = {"amount": 1_000 + number if amount is None else amount, "currency": "CNY"}
            buyer = f"{shop}-B{i % buyers}"
            self.add(
                hour, "order", **{"merchant_id": shop, "buyer_id": buyer, "order_id": f"O{number}", **money, **more}
            )

    def refunds(self, shop: str, hours: list[float], **more: Any) -> None:
        for hour in hours:
            order = f"O{next(self._numbers)}"
            self.add(hour, "refund", merchant_id=shop, order_id=order, amount=1, currency="CNY", **more)

    def parcels(self, shop: str, hours: list[float], status: str) -> None:
        for hour in hours:
            self.add(hour, "logistics", merchant_id=shop, order_id=f"O{next(self._numbers)}", status=status)

    def pay(self, hour: float, src: str, dst: str, amount: int) -> None:
        self.add(hour, "transfer", src=src, dst=dst, amount=amount, currency="CNY")

    def lend(self, hour: float, account: str, amount: int, **more: Any) -> None:
        loan = f"L{next(self._numbers)}"
        self.add(hour, "disbursement", loan_id=loan, account_id=account, amount=amount, currency="CNY", **more)

    def lines(self) -> bytes:
        def of(hour: float, event: dict[str, Any]) -> str:
            ts = (_START + timedelta(hours=hour)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return json.dumps({**event, "ts": ts})

        return "\n".join(of(hour, event) for hour, event in sorted(self.events, key=lambda e: e[0])).encode()


def spread(start: float, step: float, times: int) -> list[float]:
    return [start + step * i for i in range(times)]


def usual(trade: Trade, shop: str, days: int = 30, a_day: int = 2, until: float = NOON - 12) -> None:
    """A month of quiet trade, evenly over the hours of the day."""
    hours = [DAY * (i // a_day) + DAY * (i * 0.618034 % 1) for i in range(days * a_day)]
    trade.orders(shop, sorted(until - days * DAY + h for h in hours))


def everything() -> Trade:
    """One key for each rule, called like it."""
    t = Trade()
    usual(t, "VOL_SPIKE")
    t.orders("VOL_SPIKE", spread(NOON, 0.5, 12))
    usual(t, "SUM_SPIKE")
    t.orders("SUM_SPIKE", spread(NOON, 1.0, 11), amount=90_000)
    usual(t, "TRADE_STOPS", until=NOON - 4 * DAY)
    t.lend(NOON - DAY, "A-STOPS", 1, merchant_id="TRADE_STOPS")
    for day in range(3):
        t.orders("REFUNDS_3D", spread(NOON + day * DAY, 0.1, 12))
        t.refunds("REFUNDS_3D", spread(NOON + day * DAY + 2, 0.1, 4))
    t.parcels("SIGNED_REFUNDED", spread(NOON, 0.1, 10), "signed")
    t.refunds("SIGNED_REFUNDED", spread(NOON + 2, 0.1, 6))
    t.orders("PAID_NOT_SHIPPED", spread(NOON - 4 * DAY, 0.1, 12))
    t.orders("-", spread(NOON, 0.1, 10), buyer_id="BUYER_REFUNDS")
    t.refunds("-", spread(NOON + 2, 0.1, 6), buyer_id="BUYER_REFUNDS")
    t.orders("HOURS_PEAK", [NOON - 5 * DAY + d * DAY + i / 100 for d in range(5) for i in range(3)])
    t.orders("NIGHT_TRADE", [NOON - 14 + h for h in spread(0, 0.5, 11)])
    t.orders("FIXED_PATTERN", spread(NOON, 0.2, 11), amount=9_900)
    t.orders("BUYERS_TOP5", spread(NOON, 2.3, 11), buyers=4)
    t.orders("BURST_FEW_BUYERS", spread(NOON, 0.05, 12), buyers=3)
    for i in range(35):
        t.pay(NOON - 20 * DAY + i * 9, "ACCOUNT_TOP5", f"X{i % 5 if i < 30 else i}", 100 + i)
    for i in range(3):
        t.add(NOON + i, "login", account_id="DEVICES_MANY", device_id=f"D{i}")
    t.add(NOON - 9 * DAY, "login", account_id="DEVICE_CHANGED", device_id="old")
    for i in range(10):
        t.pay(NOON - 20 * DAY + i, "DEVICE_CHANGED", f"Y{i}", 1 + i)
    t.add(NOON, "login", account_id="DEVICE_CHANGED", device_id="new")
    t.pay(NOON + 0.1, "DEVICE_CHANGED", "Y", 10_000)
    for i in range(3):
        t.orders("-", [NOON + i], buyer_id="ADDRESS_CHANGED", address_id=f"home {i}")
    for i in range(5):
        t.orders("-", [NOON + i], buyer_id=f"Z{i}", device_id="DEVICE_SHARED")
    t.lend(NOON, "LOAN_OUT_FAST", 1_000)
    t.pay(NOON + 5, "LOAN_OUT_FAST", "W", 900)
    t.lend(NOON - 5 * DAY, "LOAN_SCATTERED", 100_000)
    for i in range(8):
        t.pay(NOON + i, "LOAN_SCATTERED", f"V{i}", 500)
    for i in range(3):  # money out and back, three times
        at = NOON + 30 * i
        t.pay(at, "LOOP", f"U{i}", 10_000 + i)
        t.pay(at + 1, f"U{i}", "LOOP", 10_000 + i)
        t.pay(at + 2, "LOOPS_REPEATED", f"T{i}", 20_000 + i)
        t.pay(at + 3, f"T{i}", "LOOPS_REPEATED", 20_000 + i)
    for i in range(3):
        t.add(NOON + i * DAY, "notice", merchant_id="NOTICE", severity="warning", code=f"c{i}")
        t.add(NOON + i * DAY, "notice", merchant_id="NOTICES_REPEATED", severity="warning", code=f"c{i}")
    return t


@pytest.fixture(scope="module")
def raised() -> Iterator[set[tuple[str, str]]]:
    rules = read(SHIPPED.read_text("utf-8"), catalogue())
    decoded = decode(everything().lines())
    assert not decoded.refusals
    pipeline = Pipeline(rules, Options(provisional=False))
    alerts = [*pipeline.push(columns(decoded.events)), *pipeline.close(drain=False)]
    assert all("n/a" not in a.text_en and "{" not in a.text_en + a.text_zh for a in alerts)
    yield {(a.rule, a.key) for a in alerts}


@pytest.mark.parametrize("code", [rule.code for rule in read(SHIPPED.read_text("utf-8"), catalogue()).rules])
def test_a_shipped_rule_is_raised_by_what_it_is_about(raised: set[tuple[str, str]], code: str) -> None:
    assert (code, code) in raised


def test_a_month_of_quiet_trade_raises_nothing() -> None:
    trade = Trade()
    usual(trade, "M1")
    rules = read(SHIPPED.read_text("utf-8"), catalogue())
    pipeline = Pipeline(rules, Options(provisional=False))
    found = [*pipeline.push(columns(decode(trade.lines()).events)), *pipeline.close(drain=True)]
    assert {a.rule for a in found} <= {"PAID_NOT_SHIPPED"}  # no parcels are in this stream
