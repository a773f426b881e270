"""A stream and fifty rules for the window engine's measurements: made up, with bursts, hubs and quiet keys."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flow.batch import EventBatch
from flow.events import TYPES
from flow.facts import catalogue
from policy.language import parse
from policy.rule_fields import RuleTests
from policy.ruleset import Rule, RuleSet

START = 1_700_000_000_000
DAY = 86_400_000

CONDITIONS: dict[str, list[str]] = {
    "merchant": [
        "orders_1h / buyers_1h >= 3",
        "orders_24h > 3 * orders_daily_mean_30d AND refund_rate_7d > 1.2",
        "refunds_24h >= 5 AND refund_rate_24h > 0.5",
        "sum_1h > 5 * sum_daily_mean_30d AND orders_1h > 3",
        "equal_amounts_1h >= 4",
        "night_share_7d > 0.6 AND events_7d >= 10",
        "devices_24h * 3 < orders_24h AND orders_24h >= 6",
        "max_24h > 0.8 * sum_24h AND events_24h > 4",
        "gap_sd_24h < 60000 AND events_24h >= 5",
        "events_5m >= 5",
        "addresses_7d <= 2 AND orders_7d > 10",
        "refunds_7d > 3 * refunds_daily_mean_30d + 4",
        "orders_24h < 0.1 * orders_daily_mean_30d AND orders_30d > 30",
        "COALESCE(refund_rate_7d, 0) > 3 OR (equal_amounts_24h > 8 AND NOT buyers_24h > 4)",
    ],
    "buyer": [
        "events_5m >= 4",
        "orders_1h >= 4 AND devices_1h >= 3",
        "sum_24h > 200000 AND orders_24h > 5 * orders_daily_mean_30d",
        "refund_rate_30d > 0.5 AND orders_30d >= 4",
        "addresses_24h >= 5",
        "gap_mean_24h < 120000 AND events_24h >= 4",
        "night_share_30d > 0.7 AND events_30d >= 8",
        "max_7d > 9 * sum_daily_mean_30d * 7 AND events_30d > 8",
        "equal_amounts_24h >= 3",
        "devices_7d >= 9",
        "refunds_24h >= 2",
        "events_1h >= 5 AND NOT orders_1h > 1",
    ],
    "account": [
        "sum_24h BETWEEN 90000 AND 99999",
        "events_1h >= 6",
        "counterparties_1h >= 4",
        "sum_in_1h > 0.5 * sum_in_30d AND events_30d > 5",
        "equal_amounts_7d >= 6",
        "gap_sd_7d < 1000 AND events_7d >= 4",
        "max_5m > 50000",
        "devices_24h >= 8",
        "transfers_24h IN (13, 17, 19) AND disbursements_24h = 0",
        "events_24h > 4 * events_daily_mean_30d + 3",
        "night_share_24h >= 0.5 AND events_24h >= 6",
        "counterparties_7d >= 15",
    ],
    "device": [
        "buyers_1h >= 5",
        "buyers_24h >= 9",
        "buyers_7d >= 6 AND refund_rate_7d > 0.1",
        "events_5m >= 4",
        "sum_1h / NULLIF(orders_1h, 0) > 80000",
        "addresses_24h >= 5",
        "gap_mean_1h < 30000 AND events_1h >= 4",
        "equal_amounts_1h >= 3",
        "max_1h > 0.9 * max_30d AND events_30d > 20",
        "refunds_7d >= 4",
        "orders_7d > 4 * orders_30d / 4.0 AND orders_30d > 5",
        "night_share_24h > 0.8 AND events_24h >= 4",
    ],
}
"""Fifty conditions over five windows; some of them are never true, as in life."""


def rules(conditions: dict[str, list[str]] = CONDITIONS) -> RuleSet:
    """The conditions as a set."""
    made = tuple(
        Rule(f"{kind}_{i}", kind, parse(text, catalogue()[kind]), "medium", "active", 0, "", "", "", RuleTests((), ()))
        for kind, texts in conditions.items()
        for i, text in enumerate(texts)
    )
    return RuleSet("benchmark", "0", made)


def stream(events: int, keys: int, days: float = 45.0, power: float = 0.9, seed: int = 1) -> EventBatch:
    """So many events sorted by ts, about so many ids in all, hubs by a power law (``power`` 0: none), a tenth in
    bursts.

    Six in ten are orders, one a refund, two transfers, the rest logins. A merchant in ten ids, half of the ids buyers,
    the rest devices and accounts alike.
    """
    rng = np.random.default_rng(seed)
    sizes = {"merchant": keys // 10, "buyer": keys // 2, "device": keys // 5, "account": keys // 5}
    ts = START + np.sort(rng.integers(0, int(days * DAY), events))
    kind = rng.choice(len(TYPES), events, p=[0.6, 0.1, 0.2, 0, 0, 0.1, 0, 0]).astype(np.int8)
    numbers = {name: _hubs(rng, events, size, power) for name, size in sizes.items()}
    payee = _hubs(rng, events, sizes["account"], power)
    burst = np.sort(rng.choice(np.arange(1, events), events // 10, replace=False))
    for column in (kind, payee, *numbers.values()):
        for i in burst:
            column[i] = column[i - 1]
    ts[burst] = ts[burst - 1] + rng.integers(0, 120_000, len(burst))
    amount = (np.round(np.exp(rng.normal(8, 1.3, events)) / 50) * 50).astype(np.int64)
    trade, money, login = np.isin(kind, (0, 1)), kind == 2, kind == 5
    there = rng.random((3, events))
    order = np.argsort(ts, kind="stable")

    def ids(letter: str, which: npt.NDArray[np.int64], where: npt.NDArray[np.bool_]) -> list[str | None]:
        pairs = zip(which[order].tolist(), where[order].tolist(), strict=True)
        return [f"{letter}{n}" if there else None for n, there in pairs]

    nothing: list[str | None] = [None] * events
    return EventBatch(
        event_id=[f"event-{i:08d}" for i in range(events)],
        ts=ts[order],
        type=kind[order],
        amount=np.where(login, -1, amount)[order],
        currency=[None if none else "CNY" for none in login[order].tolist()],
        merchant=ids("M", numbers["merchant"], trade),
        buyer=ids("B", numbers["buyer"], (trade | login) & (there[0] < 0.95)),
        device=ids("D", numbers["device"], (trade | login) & (there[1] < 0.8)),
        address=ids("A", rng.integers(0, max(keys // 10, 1), events), trade & (there[2] < 0.5)),
        account=ids("K", numbers["account"], money | login),
        counter=ids("K", payee, money),
        loan=nothing,
        order=nothing,
        purpose=nothing,
        status=nothing,
    )


def _hubs(rng: np.random.Generator, n: int, size: int, power: float) -> npt.NDArray[np.int64]:
    weight = 1.0 / np.arange(1, size + 1) ** power
    ranked = np.searchsorted(np.cumsum(weight) / weight.sum(), rng.random(n))
    return rng.permutation(size)[np.minimum(ranked, size - 1)]
