"""The vocabulary of rules: every fact by name, with its type, unit, window and meaning.

A fact is a number about one key (a merchant, a buyer, an account or a device) at one moment t: it depends on the
multiset of the key's events with ts in (t - w, t], never on their order. Names are ``<measure>_<window>``
(``orders_24h``, ``refund_rate_7d``) or, for counts and sums, ``<measure>_daily_mean_30d``: the value over 30 days
divided by 30. Sums and maxima are in the rule set's currency; ``sum_usd_24h`` names another one.

Which event belongs to which key: an event belongs to its merchant, its buyer, its device and its account. A transfer
belongs to both its accounts, as ``transfer_out`` to the payer and as ``transfer_in`` to the payee; a transfer to
oneself belongs once, as ``transfer_out``, and its other end is the account itself. A ``loop`` is no event that anyone
sent: it is derived for each account of a fund loop when the closing transfer arrives, and only ``loops`` counts it.

Distinct counts (buyers, devices, addresses, merchants) read events of every type that name one. Amounts are equal when
amount and currency are, whatever the type. A sum or a maximum is NULL where the window holds no event of its currency.
Gaps are those between neighbours in time; their deviation is that of the population: 0 with one gap, NULL without any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graph.currencies import DECIMALS

KINDS = ("merchant", "buyer", "account", "device")
"""Kinds of keys that rules are judged on."""

WINDOWS: dict[str, int] = {
    "5m": 300_000,
    "1h": 3_600_000,
    "24h": 86_400_000,
    "48h": 172_800_000,
    "72h": 259_200_000,
    "7d": 604_800_000,
    "30d": 2_592_000_000,
}
"""Window name -> length in ms, shortest first."""

CLASSES = (
    "order",
    "refund",
    "transfer_out",
    "transfer_in",
    "disbursement",
    "repayment",
    "login",
    "shipped",
    "signed",
    "returned",
    "notice",
    "loop",
)
"""What an event is to a key."""

NIGHT_HOURS = 6
"""Night is from midnight to this hour of the set's local time, the hour itself not included."""

Family = Literal["count", "sum", "max", "distinct", "ratio", "night", "peak", "top5", "gap_mean", "gap_sd", "equal"]

_ALL = KINDS
_TRADE = ("merchant", "buyer", "device")
_MONEY = ("merchant", "account")
_EVENTS = CLASSES[:-1]
_WITH_AMOUNT = CLASSES[:6]
_OUT, _IN = ("transfer_out", "repayment"), ("transfer_in", "disbursement")


@dataclass(frozen=True)
class Measure:
    """What is measured, over any window.

    ``classes``: the events that count. ``attribute``: the column whose values are told apart. ``kinds``: the keys for
    which it makes sense. ``en``, ``zh``: the meaning, to be followed (English) or preceded (Chinese) by the window.
    """

    name: str
    family: Family
    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    en: str
    zh: str
    attribute: str = ""

    @property
    def type(self) -> Literal["integer", "number"]:
        """Whole numbers are exact; others are IEEE doubles."""
        return "integer" if self.family in ("count", "sum", "max", "distinct", "equal") else "number"

    @property
    def nullable(self) -> bool:
        """Whether it is NULL on a key without events; if not, it is 0 there and never NULL."""
        return self.family not in ("count", "distinct", "equal")

    @property
    def in_currency(self) -> bool:
        """Whether its values are amounts of money."""
        return self.family in ("sum", "max")

    @property
    def unit(self) -> str:
        """Unit of its values; ``{currency}`` stands where the currency's code belongs."""
        if self.in_currency:
            return "minor units of {currency}"
        if self.family in ("gap_mean", "gap_sd"):
            return "ms"
        if self.family in ("ratio", "night", "peak", "top5"):
            return "share"
        return {"distinct": self.name, "equal": "events"}.get(self.family, self.name)


def _count(name: str, classes: tuple[str, ...], kinds: tuple[str, ...], en: str, zh: str) -> Measure:
    return Measure(name, "count", classes, kinds, en, zh)


def _distinct(attribute: str, kinds: tuple[str, ...], en: str, zh: str) -> Measure:
    return Measure(attribute, "distinct", _EVENTS, kinds, f"different {en}", f"不同{zh}数", attribute)


_TOP5_EN = "orders with the five most frequent buyers (of a buyer: merchants; of an account: transfers with the five most frequent counterparties), as a share of those that name one"  # noqa: E501 - one sentence
_TOP5_ZH = "前五大买家的订单占比(买家看商户;账户看前五大对手方的转账占比)"

MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        _count("events", _EVENTS, _ALL, "events of any type", "各类事件数"),
        _count("orders", ("order",), _TRADE, "orders", "订单数"),
        _count("refunds", ("refund",), _TRADE, "refunds", "退款数"),
        _count("logins", ("login",), _ALL, "logins", "登录次数"),
        _count("notices", ("notice",), ("merchant",), "platform notices", "平台通知数"),
        _count("shipped", ("shipped",), ("merchant", "buyer"), "parcels shipped", "发货数"),
        _count("signed", ("signed",), ("merchant", "buyer"), "parcels signed for", "签收数"),
        _count("returned", ("returned",), ("merchant", "buyer"), "parcels returned", "退货数"),
        _count("transfers", ("transfer_out", "transfer_in"), ("account",), "transfers in and out", "转账笔数"),
        _count("transfers_out", ("transfer_out",), ("account",), "transfers out", "转出笔数"),
        _count("transfers_in", ("transfer_in",), ("account",), "transfers in", "转入笔数"),
        _count("disbursements", ("disbursement",), _MONEY, "loan disbursements", "放款笔数"),
        _count("repayments", ("repayment",), _MONEY, "loan repayments", "还款笔数"),
        _count(
            "loops", ("loop",), ("account",), "fund loops closed that run through the account", "经过该账户的资金回路数"
        ),
        Measure("sum", "sum", _WITH_AMOUNT, _ALL, "sum of the amounts of all events", "全部事件金额合计"),
        Measure("max", "max", _WITH_AMOUNT, _ALL, "largest amount of any event", "单笔最大金额"),
        Measure("order_sum", "sum", ("order",), _TRADE, "sum of order amounts", "订单金额合计"),
        Measure("refund_sum", "sum", ("refund",), _TRADE, "sum of refund amounts", "退款金额合计"),
        Measure("sum_out", "sum", _OUT, _MONEY, "money out: transfers out and repayments", "流出金额(转出与还款)"),
        Measure("sum_in", "sum", _IN, _MONEY, "money in: transfers in and disbursements", "流入金额(转入与放款)"),
        _distinct("buyers", ("merchant", "device"), "buyers", "买家"),
        _distinct("devices", ("merchant", "buyer", "account"), "devices", "设备"),
        _distinct("addresses", _ALL, "addresses", "地址"),
        _distinct("counterparties", ("account",), "other ends of transfers", "转账对手方"),
        _distinct("merchants", ("buyer", "account", "device"), "merchants", "商户"),
        Measure("refund_rate", "ratio", ("refund", "order"), _TRADE, "refunds divided by orders", "退款数与订单数之比"),
        Measure("night_share", "night", _EVENTS, _ALL, "share of events between 0 and 6 o'clock", "0至6点事件占比"),
        Measure(
            "peak_hour_share",
            "peak",
            _EVENTS,
            _ALL,
            "share of events in the busiest hour of the day",
            "最集中小时的事件占比",
        ),
        Measure("top5_share", "top5", ("order", "transfer_out", "transfer_in"), _ALL, _TOP5_EN, _TOP5_ZH),
        Measure("gap_mean", "gap_mean", _EVENTS, _ALL, "mean time between neighbouring events", "相邻事件平均间隔"),
        Measure(
            "gap_sd",
            "gap_sd",
            _EVENTS,
            _ALL,
            "standard deviation of the time between neighbouring events",
            "相邻事件间隔标准差",
        ),
        Measure(
            "equal_amounts",
            "equal",
            _WITH_AMOUNT,
            _ALL,
            "events whose amount another event has too",
            "与其他事件金额相同的事件数",
        ),
    )
}
"""Measure name -> measure."""

_WINDOW_EN = {"5m": "5 minutes", "1h": "hour", "24h": "24 hours", "48h": "48 hours", "72h": "72 hours", "7d": "7 days"}
_WINDOW_ZH = {"5m": "5分钟", "1h": "1小时", "24h": "24小时", "48h": "48小时", "72h": "72小时", "7d": "7天"}

_NAME = re.compile(
    rf"({'|'.join(sorted(MEASURES, key=len, reverse=True))})"
    rf"(?:_([a-z]{{3}}))??_(?:({'|'.join(WINDOWS)})|daily_mean_30d)"
)


@dataclass(frozen=True)
class Fact:
    """A fact by name.

    ``window_ms``: length of its window; ``daily``: the 30-day value divided by 30; ``currency``: code of the currency
    its name gives, None where the set's holds (or none is needed); ``nullable``: NULL on a key without events, else 0.
    """

    name: str
    measure: str
    window_ms: int
    daily: bool
    currency: str | None
    type: Literal["integer", "number"]
    nullable: bool
    unit: str
    meaning_en: str
    meaning_zh: str


class KindFacts(Mapping[str, Fact]):
    """The facts of one kind of key by name. Iterating gives those in the set's currency; names of other currencies
    (``sum_usd_24h``) are found as well."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._names = tuple(
            name for m in MEASURES.values() if kind in m.kinds for name in _names(m)
        )  # as the measures stand in their table

    def __getitem__(self, name: str) -> Fact:
        return fact(self._kind, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def catalogue() -> Mapping[str, Mapping[str, Fact]]:
    """Key kind -> fact name -> fact."""
    return _CATALOGUE


@lru_cache(maxsize=4096)
def fact(kind: str, name: str) -> Fact:
    """The fact of that name for a kind of key. Raises KeyError when there is none: no such kind, measure, window or
    currency, or a measure that makes no sense for the kind."""
    found = _NAME.fullmatch(name) if isinstance(name, str) else None
    if kind not in KINDS or not found:
        raise KeyError(name)
    measure, code, window = MEASURES[found[1]], found[2], found[3]
    daily = window is None
    if kind not in measure.kinds or (daily and measure.family not in ("count", "sum")):
        raise KeyError(name)
    if code and (not measure.in_currency or code.upper() not in DECIMALS):
        raise KeyError(name)
    return _fact(name, measure, "30d" if daily else window, daily, code.upper() if code else None)


def _fact(name: str, measure: Measure, window: str, daily: bool, currency: str | None) -> Fact:
    unit = measure.unit.format(currency=currency or "the set's currency") + (" a day" if daily else "")
    en, zh = measure.en, measure.zh
    if currency:
        en, zh = f"{en}, in {currency}", f"{zh}({currency})"
    if daily:
        en, zh = f"{en}: daily mean of the last 30 days", f"近30天日均{zh}"
    else:
        en, zh = f"{en}, last {_WINDOW_EN.get(window, '30 days')}", f"近{_WINDOW_ZH.get(window, '30天')}{zh}"
    kind: Literal["integer", "number"] = "number" if daily else measure.type
    return Fact(
        name, measure.name, WINDOWS[window], daily, currency, kind, measure.nullable, unit, en[0].upper() + en[1:], zh
    )


def _names(measure: Measure) -> list[str]:
    names = [f"{measure.name}_{window}" for window in WINDOWS]
    return [*names, f"{measure.name}_daily_mean_30d"] if measure.family in ("count", "sum") else names


_CATALOGUE = {kind: KindFacts(kind) for kind in KINDS}
