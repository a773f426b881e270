"""Both lanes, the clock, swaps, watches: what is told when."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from flow.alerts import Alert
from flow.facts import catalogue
from flow.ownership import Ownership
from flow.pipeline import Options, Pipeline
from flow.proceeds_watch import WatchParams
from policy.ruleset import RuleSet, read
from tests.flow.lanes.batches import BASE, batch, disbursement, order, transfer

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def rules(*rows: tuple[str, str, str], cooldown: str = "0s") -> RuleSet:
    """Rules written (code, kind, condition)."""
    return read(
        "\n".join(f'[[rule]]\ncode="{c}"\non="{on}"\nwhen="{w}"\ncooldown="{cooldown}"' for c, on, w in rows),
        catalogue(),
    )


TWO = rules(("TWO", "merchant", "orders_1h >= 2"))


def said(alerts: Iterable[Alert]) -> list[tuple[str, str, int, str]]:
    """(status, key, moment from BASE, triggering event)."""
    return [(a.status, a.key, a.ts - BASE, a.event_id) for a in alerts]


def test_an_alert_is_told_at_once_and_confirmed_when_the_bound_has_passed() -> None:
    """
    0     5 min        15 min 1 ms
    a     b            c
          |provisional |b is older than the bound: confirmed
    """
    p = Pipeline(TWO)
    assert p.push(batch(order("a", 0))) == []
    assert said(p.push(batch(order("b", 5 * MINUTE)))) == [("provisional", "M", 5 * MINUTE, "b")]
    assert p.unsettled == 1
    assert said(p.push(batch(order("c", 15 * MINUTE + 1, "N")))) == [("confirmed", "M", 5 * MINUTE, "b")]
    assert p.unsettled == 0


def test_what_order_of_arrival_alone_made_true_is_withdrawn_and_what_it_hid_is_added() -> None:
    """
    rule: exactly two orders in the last hour

    true times   0   9    10 min                   arrival   0   10   9 (late, within the bound)
                 x   y    z                                  x   z    y
    sorted             2 at y: true                as seen        2 at z: true   3: false
    """
    p = Pipeline(rules(("EXACT", "merchant", "orders_1h = 2")))
    told = p.push(batch(order("x", 0))) + p.push(batch(order("z", 10 * MINUTE)))
    assert said(told) == [("provisional", "M", 10 * MINUTE, "z")]
    assert p.push(batch(order("y", 9 * MINUTE))) == []
    settled = said(p.advance(BASE + 10 * MINUTE + 10 * MINUTE + 1))
    assert settled == [("final", "M", 9 * MINUTE, "y"), ("withdrawn", "M", 10 * MINUTE, "z")]


def test_a_late_event_alerts_marked_late_and_changes_no_final_window() -> None:
    p = Pipeline(TWO)
    p.push(batch(order("a", 0), order("b", 2 * HOUR, "N")))
    told = p.push(batch(order("late", 0, "N")))
    assert [(a.status, a.late, a.event_id) for a in told] == [("late", True, "late")]
    assert p.late == 1
    assert [a for a in p.close(drain=True) if a.rule == "TWO"] == []


def test_very_old_events_are_counted_only() -> None:
    p = Pipeline(TWO)
    p.push(batch(order("a", 0), order("b", 2 * DAY, "N")))
    assert p.push(batch(order("old", 0, "N"))) == []
    assert p.late == 1


def test_the_clock_settles_a_stream_that_has_stopped() -> None:
    p = Pipeline(TWO)
    p.push(batch(order("a", 0), order("b", 1)))
    assert p.advance(BASE + 10 * MINUTE + 1) == []
    assert said(p.advance(BASE + 10 * MINUTE + 2)) == [("confirmed", "M", 1, "b")]
    assert p.advance(BASE) == [], "a clock that goes back is ignored"
    assert p.push(batch(order("c", 1)), BASE) == [] or p.late == 1


def test_windows_run_out_by_the_clock_as_well() -> None:
    """
    rule: as many orders as buyers times two, or more

    0    1 s  2 s  3 s                       1 h (a leaves)
    a(A) b(B) c(B) d(B)                      3 orders, 1 buyer
    """
    p = Pipeline(rules(("RATIO", "merchant", "orders_1h / buyers_1h >= 3")))
    p.push(batch(order("a", 0, buyer_id="A"), *(order(i, 1000 * n, buyer_id="B") for n, i in enumerate("bcd", 1))))
    told = p.advance(BASE + HOUR + 1000)
    assert [(a.status, a.ts - BASE, a.event_id, a.leaves) for a in told] == [("provisional", HOUR, "a", True)]
    assert [a.status for a in p.advance(BASE + HOUR + 10 * MINUTE + 1)] == ["confirmed"]


def test_repeats_within_a_cooldown_are_counted_not_told_again() -> None:
    p = Pipeline(rules(("THREE", "merchant", "orders_5m >= 1"), cooldown="1h"), Options(provisional=False))
    told = p.push(batch(*(order(f"e{i}", 6 * MINUTE * i) for i in range(12)))) + p.close()
    assert [a.status for a in told] == ["final", *["repeat"] * 9, "final", "repeat"]
    assert told[9].count == 10
    assert {a.alert_id for a in told[:10]} == {told[0].alert_id}


def test_ties_in_two_batches_are_judged_at_their_own_millisecond() -> None:
    p = Pipeline(TWO)
    assert p.push(batch(order("a", 0))) == []
    assert said(p.push(batch(order("b", 0)))) == [("provisional", "M", 0, "b")]
    assert said(p.advance(BASE + 10 * MINUTE + 1))[0][:3] in {("final", "M", 0), ("confirmed", "M", 0)}


def test_a_transfer_that_closes_a_loop_alerts_each_account_with_the_path() -> None:
    p = Pipeline(rules(("LOOP", "account", "loops_24h >= 1")), Options(provisional=False))
    p.push(batch(transfer("t1", 0, "A", "B"), transfer("t2", 1, "B", "C"), transfer("t3", 2, "C", "A")))
    told = p.close()
    assert [(a.key, a.ts - BASE, a.event_id) for a in told] == [(k, 2, "t3") for k in "ABC"]
    assert told[0].evidence["loops"] == [{"events": ["t1", "t2", "t3"], "accounts": ["A", "B", "C"]}]
    assert told[0].risk_type == "loop"


def test_a_loop_whose_middle_came_late_within_the_bound_is_found_by_both_lanes() -> None:
    p = Pipeline(rules(("LOOP", "account", "loops_24h >= 1")))
    p.push(batch(transfer("t1", 0, "A", "B"), transfer("t3", 2000, "C", "A")))
    told = p.push(batch(transfer("t2", 1000, "B", "C")))
    assert {(a.status, a.key, a.event_id) for a in told} == {("provisional", k, "t2") for k in "ABC"}
    settled = p.close()
    assert [(a.key, a.event_id) for a in settled if a.status == "final"] == [(k, "t3") for k in "ABC"]
    assert sum(a.status == "withdrawn" for a in settled) == 3


def test_a_transfer_is_checked_and_nothing_of_it_is_kept() -> None:
    p = Pipeline(rules(("LOOP", "account", "loops_24h >= 1")), Options(loops=True, watch=WatchParams()))
    p.push(batch(transfer("t1", 0, "A", "B"), transfer("t2", 1, "B", "C"), disbursement("d", 2, "L1", 1000)))
    for _ in range(2):
        check = p.check_transfer("C", "A", 5, "CNY", BASE + 3)
        assert [loop.to_json() for loop in check.loops] == [{"events": ["t1", "t2"], "accounts": ["A", "B", "C"]}]
        assert check.movements == []
    assert p.check_transfer("C", "D", 5, "CNY", BASE + 3).loops == []
    held = p.check_transfer("L1", "X", 900, "CNY", BASE + 3)
    assert [m.rule for m in held.movements] == ["LOAN_HOLD", "LOAN_DIVERTED"]
    assert "ownership" in held.movements[0].degraded
    assert [a.rule for a in p.close() if a.status in ("final", "confirmed")] == []


def test_what_is_away_marks_every_alert() -> None:
    p = Pipeline(TWO)
    p.missing = ("snapshot",)
    told = p.push(batch(order("a", 0), order("b", 1)))
    assert told[0].degraded == ("snapshot",)


def test_loan_money_is_told_with_its_owner() -> None:
    owned = Ownership("v1", {"L1": ("Merchant:M1",), "P": ("Person:P1",)})
    p = Pipeline(TWO, Options(provisional=False, watch=WatchParams()), owned)
    p.push(batch(disbursement("d", 0, "L1", 100_000), transfer("t", HOUR, "L1", "P", 30_000)))
    (told,) = p.close()
    assert (told.rule, told.key, told.customer, told.degraded) == ("LOAN_HOLD", "L1", "Merchant:M1", ())
    assert told.evidence == {"events": ["d", "t"], "loan": "L", "to": "P", "place": "person"}
    assert told.text_en == "300.00 CNY of 1,000 CNY of a loan (30 %) goes to a non-operating account"


def test_a_swapped_set_judges_what_happens_from_then_on_in_both_lanes() -> None:
    """
    old set: two orders      new set: three orders
    0      1 s  |swap|  2 s         3 s
    a      b            c           d
           old: 2       new: 3      new: still true
    """
    old, new = TWO, rules(("THREE", "merchant", "orders_1h >= 3"))
    p = Pipeline(old)
    told = p.push(batch(order("a", 0), order("b", 1000)))
    p.swap(new)
    told += p.push(batch(order("c", 2000))) + p.push(batch(order("d", 3000))) + p.close()
    assert [(a.rule, a.version, a.status, a.event_id) for a in told] == [
        ("TWO", old.version, "provisional", "b"),
        ("THREE", new.version, "provisional", "c"),
        ("TWO", old.version, "confirmed", "b"),
        ("THREE", new.version, "confirmed", "c"),
    ]


def test_swaps_follow_one_another_before_the_bound_has_passed() -> None:
    """Each moment is judged by the set that was in force at it, once."""
    sets = [rules((f"R{n}", "merchant", f"orders_1h >= {n}")) for n in (1, 2, 3, 1, 4)]
    p, told = Pipeline(sets[0]), []
    for i, one in enumerate(sets):
        if i:
            p.swap(one)
        told += p.push(batch(order(f"e{i}", 1000 * i)))
    told += p.close()
    finals = [(a.rule, a.ts - BASE) for a in told if a.status == "confirmed"]
    assert finals == [("R1", 0), ("R2", 1000), ("R3", 2000)], "a rule that was true already does not turn true"
    assert [a for a in told if a.status in ("final", "withdrawn")] == []


def test_what_only_the_clock_had_raised_before_a_restart_is_settled_after_it() -> None:
    """
    0            1 h                                   a clock passes 1 h before b (older than that) comes: told at
    a  b  c  d   a leaves | restart: no clock here     once. The journal knows nothing of that clock.
    """
    ratio = rules(("RATIO", "merchant", "orders_1h / buyers_1h >= 3"))
    before = Pipeline(ratio)
    events = batch(order("a", 0, buyer_id="A"), *(order(i, 1000 * n, buyer_id="B") for n, i in enumerate("bcd", 1)))
    before.push(events)
    (raised,) = before.advance(BASE + HOUR + 1000)
    after = Pipeline(ratio)
    after.push(events)
    late_one = batch(order("z", HOUR - 1000, buyer_id="C"))
    after.push(late_one)
    assert after.unsettled == 0
    after.expect([raised])
    assert said(after.push(batch(order("y", 2 * HOUR, "N")))) == [("withdrawn", "M", HOUR, "a")]


def test_loops_cannot_be_asked_for_later_where_they_are_not_searched() -> None:
    p = Pipeline(TWO)
    with pytest.raises(ValueError, match="loops=True"):
        p.swap(rules(("LOOP", "account", "loops_24h >= 1")))
