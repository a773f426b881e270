"""What happens at one millisecond, drawn."""

from __future__ import annotations

import numpy as np
import pytest

from flow.window.engine import STEP, WindowEngine
from tests.flow.window import twin
from tests.flow.window.streams import START, batch_of, pushed, rule_set, sorted_edges
from tests.flow.window.test_engine import DAY, END, HOUR, MINUTE, order
from tests.flow.window.twin import Event


def edges_of(rules: list[tuple[str, str]], events: list[Event], until: int = END) -> list[tuple[int, str, str, bool]]:
    """Moment after the start, key, triggering event, whether it left; the twin agrees."""
    chosen = rule_set(rules)
    found = sorted_edges(pushed(WindowEngine(chosen), events, until))
    assert found == twin.edges(events, chosen, until)
    return [(e.ts - START, e.key, e.event_id, e.leaves) for e in found]


def test_a_ratio_that_peaks_between_two_arrivals_is_seen_at_its_millisecond() -> None:
    """
    ::

        B2 o
        B1   ooo
           |-------- 1 h -------|    4 orders, 2 buyers: 2
            |-------- 1 h -------|   3 orders, 1 buyer: 3, the moment B2's order leaves
    """
    events = [order(0, buyer="B2"), *(order(i, buyer="B1") for i in (1000, 2000, 3000))]
    peak = (HOUR, "M1", "e0", True)
    assert edges_of([("merchant", "orders_1h / buyers_1h >= 3")], events) == [peak]
    # 0 >= 3 * 0: this one is TRUE without events, so it turns TRUE once more as the last order leaves
    empty = (HOUR + 3000, "M1", "e3000", True)
    assert edges_of([("merchant", "orders_1h >= 3 * buyers_1h")], events) == [peak, empty]


def test_what_leaves_and_what_enters_at_one_millisecond_is_judged_once() -> None:
    """
    ::

        o            o
        |--- 24 h ---|      (t - 24 h, t]: the first has left when the second is in, never two at once
    """
    assert edges_of([("merchant", "orders_24h >= 2")], [order(0), order(DAY)]) == []
    assert edges_of([("merchant", "orders_24h >= 2")], [order(1), order(DAY)]) == [(DAY, "M1", f"e{DAY}", False)]


def test_a_rule_true_without_events_gives_no_edge_for_each_new_key() -> None:
    events = [order(0)]
    assert edges_of([("merchant", "refunds_1h = 0")], events) == []
    assert edges_of([("merchant", "orders_1h = 0")], events) == [(HOUR, "M1", "e0", True)]


def test_the_trigger_is_the_smallest_id_that_entered_else_that_left_a_window_the_rule_reads() -> None:
    events = [order(0, event_id="b"), order(0, event_id="a"), order(HOUR - 5 * MINUTE, event_id="0")]
    rules = [("merchant", "orders_1h = 1"), ("merchant", "orders_1h = 3")]
    assert edges_of(rules, events) == [
        (HOUR - 5 * MINUTE, "M1", "0", False),
        (HOUR, "M1", "a", True),  # "0" leaves the 5 minutes at the same moment, which no rule reads
    ]
    login = {"event_id": "z", "type": "login", "ts": START + HOUR, "merchant_id": "M1"}
    assert edges_of([("merchant", "orders_1h = 0")], [order(0), login]) == [(HOUR, "M1", "z", False)]


def test_a_transfer_to_oneself_belongs_once_and_its_other_end_is_oneself() -> None:
    transfer = {
        "event_id": "t",
        "type": "transfer",
        "ts": START,
        "src": "A",
        "dst": "A",
        "amount": 7,
        "currency": "CNY",
    }
    rules = [("account", "transfers_1h = 1 AND transfers_out_1h = 1 AND transfers_in_1h = 0 AND counterparties_1h = 1")]
    assert edges_of(rules, [transfer], START) == [(0, "A", "t", False)]


def test_loops_are_counted_and_are_no_events() -> None:
    loop = {"event_id": "t", "type": "loop", "ts": START, "account_id": "A"}
    rules = [("account", "loops_24h >= 2"), ("account", "events_24h > 0"), ("account", "gap_mean_24h >= 0")]
    assert edges_of(rules, [loop, loop]) == [(0, "A", "t", False)]


def test_a_moment_is_judged_again_when_more_comes_at_the_last_watermark() -> None:
    engine = WindowEngine(rule_set([("merchant", "orders_1h >= 2")]))
    assert not pushed(engine, [order(0, event_id="a")], START)
    (edge,) = pushed(engine, [order(0, event_id="b")], START)
    assert (edge.ts, edge.event_id, edge.leaves) == (START, "b", False)


def test_events_out_of_order_are_refused_and_change_nothing() -> None:
    engine = WindowEngine(rule_set([("merchant", "orders_1h >= 1")]))
    pushed(engine, [order(5)], START + 10)
    before = engine.figures()
    for events, watermark in (
        ([order(9)], START + 20),
        ([order(30)], START + 20),
        ([order(16), order(15)], START + 20),
        ([], START + 9),
    ):
        with pytest.raises(ValueError, match="watermark"):
            pushed(engine, events, watermark)
    assert engine.figures() == before


def test_sums_past_64_bits_are_exact() -> None:
    n = 10_000
    events = [order(i, amount=10**15) for i in range(n)]
    engine = WindowEngine(rule_set([("merchant", "orders_1h = 10000 AND sum_1h > 0")]))
    (edge,) = engine.push(batch_of(events), START + n)
    assert edge.facts == {"orders_1h": n, "sum_1h": n * 10**15} and n * 10**15 > 2**63


def test_a_step_is_never_cut_within_a_millisecond() -> None:
    n = 2 * STEP + 7
    events = [order(0, event_id=f"e{i:06d}") for i in range(n)]
    rules = rule_set(
        [("merchant", "orders_1h >= 1"), ("merchant", f"orders_1h = {n}"), ("merchant", f"orders_1h = {STEP}")]
    )
    found = pushed(WindowEngine(rules), events, START + HOUR)
    assert [(e.rule, e.ts, e.event_id) for e in found] == [(0, START, "e000000"), (1, START, "e000000")]


def test_log_and_tables_grow_and_keys_are_given_up() -> None:
    """Ten thousand merchants, each for a day: memory follows those of the last 30 days."""
    rng = np.random.default_rng(7)
    rules = rule_set([("merchant", "buyers_24h >= 2"), ("buyer", "top5_share_7d > 0.5"), ("merchant", "max_7d > 50")])
    engine, most = WindowEngine(rules, capacity=1), 0
    days = [
        [
            order(d * DAY + i, f"M{d}-{i % 40}", f"B{rng.integers(0, 50)}", amount=int(rng.integers(0, 60)))
            for i in range(80)
        ]
        for d in range(100)
    ]
    found = []
    for d, events in enumerate(days):
        found += pushed(engine, events, START + (d + 1) * DAY - 1)
        most = max(most, engine.figures()["merchant_ids"])
    assert most <= 31 * 40 and engine.held <= 31 * 80
    chosen = {f"M{d}-{i}" for d in (50, 51, 52) for i in range(9)}
    some = [e for e in days[50] + days[51] + days[52] if e["merchant_id"] in chosen]
    wanted = [e for e in twin.edges(some, rules, START + 100 * DAY - 1) if e.kind == "merchant"]
    assert [e for e in sorted_edges(found) if e.key in chosen] == wanted
    assert len(wanted) > 20


def test_what_leaves_with_the_row_that_turns_a_rule_is_named_where_its_id_is_smaller() -> None:
    """A login turns no rule on orders, but it leaves the hour that the rule reads."""
    login = {"event_id": "a", "type": "login", "ts": START, "merchant_id": "M1"}
    assert edges_of([("merchant", "orders_1h = 0")], [order(0, event_id="b"), login]) == [(HOUR, "M1", "a", True)]


def test_twenty_thousand_keys_at_one_millisecond_each_name_their_own_event() -> None:
    """Days as times: all of a day enters, and leaves, at one moment."""
    n = 20_000
    events = [order(0, f"M{i}", event_id=f"e{i}") for i in range(n)]
    found = pushed(WindowEngine(rule_set([("merchant", "orders_24h = 0")])), events, START + DAY)
    assert {(e.key, e.event_id, e.ts, e.leaves) for e in found} == {
        (f"M{i}", f"e{i}", START + DAY, True) for i in range(n)
    }
