"""Random streams and rule sets for the window engine and its twin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from flow.batch import EventBatch
from flow.events import TYPES
from flow.facts import KINDS, WINDOWS, catalogue
from flow.window.engine import Edge
from flow.window.events import DerivedLoops
from policy.language import parse
from policy.rule_fields import RuleTests
from policy.ruleset import Rule, RuleSet
from tests.flow.window.twin import Event, TwinEdge

START = 1_700_000_000_000
W = tuple(WINDOWS.values())
STEPS = [0, 0, 0, 1, 2, 1000, 3_600_000, *(w + d for w in W for d in (-1, 0, 1)), 1_000_000_000, 20_000_000]


def rule(code: str, on: str, when: str, mode: str = "active") -> Rule:
    """A rule of which only the condition matters."""
    return Rule(code, on, parse(when, catalogue()[on]), "medium", mode, 0, "", "", "", RuleTests((), ()))


def rule_set(rules: Iterable[tuple[str, str]], currency: str = "CNY", offset: int = 0) -> RuleSet:
    """A set of (kind, condition)."""
    return RuleSet("t", "v", tuple(rule(f"R{i}", on, when) for i, (on, when) in enumerate(rules)), currency, offset)


def batch_of(events: Sequence[Mapping[str, Any]]) -> EventBatch:
    """Events of the twin as columns."""

    def column(*names: str) -> list[Any]:
        return [next((e[n] for n in names if e.get(n) is not None), None) for e in events]

    return EventBatch(
        event_id=column("event_id"),
        ts=np.array([e["ts"] for e in events], np.int64),
        type=np.array([TYPES.index(e["type"]) for e in events], np.int8),
        amount=np.array([-1 if e.get("amount") is None else e["amount"] for e in events], np.int64),
        currency=column("currency"),
        merchant=column("merchant_id"),
        buyer=column("buyer_id"),
        device=column("device_id"),
        address=column("address_id"),
        account=column("account_id", "src"),
        counter=column("dst"),
        loan=column("loan_id"),
        order=column("order_id"),
        purpose=column("purpose"),
        status=column("status", "severity"),
    )


def loops_of(events: Sequence[Mapping[str, Any]]) -> DerivedLoops:
    """Derived loops of the twin as the engine takes them."""
    return DerivedLoops(
        [e["event_id"] for e in events],
        np.array([e["ts"] for e in events], np.int64),
        [e["account_id"] for e in events],
    )


def pushed(engine: Any, events: Sequence[Event], watermark: int) -> list[Edge]:
    """Push events of the twin, derived loops among them."""
    real = [e for e in events if e["type"] != "loop"]
    loops = [e for e in events if e["type"] == "loop"]
    edges: list[Edge] = engine.push(batch_of(real), watermark, loops_of(loops))
    return edges


def sorted_edges(edges: Iterable[Edge]) -> list[TwinEdge]:
    """Edges as the twin says them."""
    found = [TwinEdge(e.ts, e.rule, e.kind, e.key, e.event_id, e.leaves, e.facts) for e in edges]
    return sorted(found, key=lambda e: e[:4])


def _some(name: str, letters: str, absent: bool) -> st.SearchStrategy[dict[str, str | None]]:
    values: list[str | None] = [letters[0] + c for c in letters[1:]]
    return st.sampled_from([*values, None] if absent else values).map(lambda v: {name: v})


_MERCHANT, _BUYER = _some("merchant_id", "M112", False), _some("buyer_id", "B1123", False)
_DEVICE, _ADDRESS = _some("device_id", "D112", True), _some("address_id", "A12", True)
_MAYBE_BUYER, _MAYBE_MERCHANT = _some("buyer_id", "B1123", True), _some("merchant_id", "M112", True)
_ACCOUNT, _SRC, _DST = (_some(name, "K1123", False) for name in ("account_id", "src", "dst"))
_MONEY = st.fixed_dictionaries(
    {
        "amount": st.sampled_from([0, 5, 5, 7, 9, 12, 10**15, (1 << 32) + 5]),
        "currency": st.sampled_from(["CNY", "CNY", "CNY", "USD", "JPY"]),
    }
)
_FIELDS: dict[str, list[st.SearchStrategy[dict[str, Any]]]] = {
    "order": [_MERCHANT, _BUYER, _DEVICE, _ADDRESS, _MONEY],
    "refund": [_MERCHANT, _MAYBE_BUYER, _DEVICE, _ADDRESS, _MONEY],
    "transfer": [_SRC, _DST, _MONEY],
    "disbursement": [_ACCOUNT, _MAYBE_MERCHANT, _MONEY],
    "repayment": [_ACCOUNT, _MAYBE_MERCHANT, _MONEY],
    "login": [_MAYBE_MERCHANT, _MAYBE_BUYER, _ACCOUNT, _DEVICE, _ADDRESS],
    "logistics": [
        _MERCHANT,
        _MAYBE_BUYER,
        _ADDRESS,
        st.sampled_from(["shipped", "signed", "returned"]).map(lambda s: {"status": s}),
    ],
    "notice": [_MERCHANT, st.just({"severity": "warning"})],
    "loop": [_ACCOUNT],
}


@st.composite
def _event(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(["order", "order", "order", "refund", "transfer", "transfer", *_FIELDS]))
    parts = [draw(s) for s in _FIELDS[kind]]
    return {"type": kind, **{k: v for part in parts for k, v in part.items()}, "ts": draw(st.sampled_from(STEPS))}


@st.composite
def streams(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Sorted events with ties, borders of windows hit exactly, and ids in no order."""
    events = draw(st.lists(_event(), min_size=1, max_size=most))
    ids = draw(st.permutations(range(len(events))))
    ts = START
    for e, number in zip(events, ids, strict=True):
        ts += e["ts"]
        e["ts"] = ts
        e["event_id"] = f"e{number:02d}"
    return events


def fact_names(kind: str) -> st.SearchStrategy[str]:
    """Facts of a kind, those in other currencies among them."""
    listed = list(catalogue()[kind])
    money = ["sum_usd_24h", "max_usd_7d", "sum_jpy_daily_mean_30d", "max_jpy_5m"]
    return st.sampled_from([*listed, *money, *(f for f in listed if "_24h" in f or "_1h" in f)])


def _numbers(kind: str) -> st.SearchStrategy[str]:
    leaves = st.one_of(
        fact_names(kind),
        fact_names(kind),
        st.sampled_from(["0", "1", "2", "3", "0.5", "5", "7", "300000", "NULL", "-1"]),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda a: f"ABS({a})"),
            st.tuples(st.sampled_from(["COALESCE", "NULLIF", "GREATEST", "LEAST"]), inner, inner).map(
                lambda t: f"{t[0]}({t[1]}, {t[2]})"
            ),
            st.tuples(inner, inner, inner).map(lambda t: f"CASE WHEN {t[0]} > {t[1]} THEN {t[1]} ELSE {t[2]} END"),
        ),
        max_leaves=4,
    )


@st.composite
def conditions(draw: st.DrawFn, kind: str) -> str:
    """Random conditions of the whole language."""
    number = _numbers(kind)
    compared = st.tuples(number, st.sampled_from([">", ">=", "<", "<=", "=", "<>"]), number).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"
    )
    leaves = st.one_of(
        compared,
        compared,
        compared,
        number.map(lambda a: f"({a} IS NULL)"),
        st.tuples(number, number, number).map(lambda t: f"({t[0]} BETWEEN {t[1]} AND {t[2]})"),
        st.tuples(number, number, number).map(lambda t: f"({t[0]} IN ({t[1]}, {t[2]}))"),
    )
    tree = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda c: f"(NOT {c})"),
            st.tuples(inner, st.sampled_from(["TRUE", "FALSE", "NULL"])).map(lambda t: f"({t[0]} IS {t[1]})"),
        ),
        max_leaves=3,
    )
    return draw(tree)


def _readable(condition: tuple[str, str]) -> bool:
    """Whether the language takes it (it must read a fact, stay short and keep its numbers in range)."""
    kind, text = condition
    try:
        parse(text, catalogue()[kind])
    except ValueError:
        return False
    return True


rules_of_any_kind = (
    st.sampled_from(KINDS).flatmap(lambda kind: conditions(kind).map(lambda c: (kind, c))).filter(_readable)
)
"""(kind, condition)."""


@st.composite
def simple_rules(draw: st.DrawFn) -> tuple[str, str]:
    """One fact against a number that small streams reach, so that edges are many."""
    kind = draw(st.sampled_from(KINDS))
    fact = draw(fact_names(kind))
    how = draw(st.sampled_from([">", ">=", "<", "=", "<>"]))
    number = draw(st.sampled_from(["0", "1", "2", "3", "0.3", "0.5", "1 / 3", "5", "10", "1000", "100000000"]))
    return kind, f"{fact} {how} {number}"
