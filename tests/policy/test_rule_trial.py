"""A dry run over a real journal counts what people would have been told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flow.batch import decode
from flow.facts import catalogue
from flow.journal import Incoming, Journal
from jobs.rule_trial import over_the_journal
from policy.dry_run import dry_run
from policy.ruleset import RuleSet, read

HOUR = 3_600_000
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def order(number: int, merchant: str, hour: float) -> dict[str, object]:
    ms = int(hour * HOUR)
    day, rest = divmod(ms, 24 * HOUR)
    clock = f"{rest // HOUR:02}:{rest % HOUR // 60_000:02}:{rest % 60_000 // 1000:02}.{rest % 1000:03}"
    return {
        "event_id": f"e{number}",
        "type": "order",
        "ts": f"2026-01-{1 + day:02}T{clock}Z",
        "merchant_id": merchant,
        "buyer_id": "B1",
        "order_id": f"O{number}",
        "amount": 100,
        "currency": "CNY",
    }


def rules(limit: int, cooldown: str = "0s", mode: str = "active") -> RuleSet:
    text = f"""[[rule]]
code = "MANY"
on = "merchant"
when = "orders_1h >= {limit}"
cooldown = "{cooldown}"
mode = "{mode}"
"""
    return read(text, catalogue())


def keep(folder: Path, hours: list[tuple[float, str]], received: float | None = None) -> Path:
    """A journal of orders, each received when it happened, or all at one hour."""
    with Journal(folder, durable=False) as opened:
        for n, (hour, shop) in enumerate(hours):
            decoded = decode(json.dumps(order(n, shop, hour)).encode())
            assert not decoded.refusals
            now = START + round((hour if received is None else received) * HOUR)
            opened.append([Incoming(decoded.events, decoded.bodies)], now)
    return folder


BURSTS = [(24 * day + 10 + i / 10, shop) for day in range(3) for i in range(3) for shop in ("M1", "M2")]
"""Two shops, a burst of three orders each, on the first, second and third day."""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return keep(tmp_path / "journal", BURSTS)


def test_alerts_within_the_stretch_are_counted_by_rule_and_key(journal: Path) -> None:
    fired = over_the_journal(journal)(rules(3), START + 24 * HOUR, START + 72 * HOUR)
    assert dict(fired.times) == {("MANY", "M1"): 2, ("MANY", "M2"): 2}
    assert fired.events == 12


def test_the_stretch_begins_at_its_first_moment_and_ends_before_its_last(journal: Path) -> None:
    third_order = START + 10 * HOUR + 12 * 60_000
    run = over_the_journal(journal)
    assert dict(run(rules(3), third_order, third_order + 1).times) == {("MANY", "M1"): 1, ("MANY", "M2"): 1}
    assert not run(rules(3), third_order + 1, third_order + HOUR).times


def test_windows_are_full_where_the_stretch_begins(journal: Path) -> None:
    start = START + 10 * HOUR + 10 * 60_000  # two of the three orders came before
    assert dict(over_the_journal(journal)(rules(3), start, start + HOUR).times) == {
        ("MANY", "M1"): 1,
        ("MANY", "M2"): 1,
    }


def test_repeats_within_a_cooldown_are_not_counted(journal: Path) -> None:
    run = over_the_journal(journal)
    assert sum(run(rules(3, "36h"), START, START + 99 * HOUR).times.values()) == 4
    assert sum(run(rules(3), START, START + 99 * HOUR).times.values()) == 6


def test_two_sets_are_told_side_by_side(journal: Path) -> None:
    found = dry_run(rules(2), rules(9), over_the_journal(journal), START, START + 99 * HOUR)
    assert found.sentence_en == "over 18 events, would have fired 6 times on 2 merchants; the current set 0 times"


def test_what_becomes_true_because_orders_leave_is_counted_too(journal: Path) -> None:
    text = """[[rule]]
code = "QUIET"
on = "merchant"
when = "orders_1h = 0 AND orders_24h >= 3"
"""
    found = over_the_journal(journal)(read(text, catalogue()), START + 58 * HOUR, START + 60 * HOUR)
    assert dict(found.times) == {("QUIET", "M1"): 1, ("QUIET", "M2"): 1}


def test_what_came_too_late_for_the_service_is_late_here(tmp_path: Path) -> None:
    folder = keep(tmp_path / "late", BURSTS, received=80)
    found = over_the_journal(folder)(rules(3), START, START + 99 * HOUR)
    assert (found.events, dict(found.times)) == (18, {})


def test_where_nothing_was_ever_taken_nothing_fires(tmp_path: Path) -> None:
    fired = over_the_journal(tmp_path / "nothing")(rules(1), 0, 1)
    assert (fired.events, dict(fired.times)) == (0, {})
