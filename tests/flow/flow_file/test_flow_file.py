"""``ringfence flow --from``: a file in, alerts out, exactly those of the twin, the same each time."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from flow.alerts import moment_text
from flow.batch import LONGEST_LINE
from jobs import flow_lines
from jobs.flow_file import FlowFileOptions, FlowSummary, read_rules, run_flow
from jobs.flow_lines import FlowFileError
from policy.ruleset import RuleSetError
from tests.flow.lanes.batches import order, transfer
from tests.flow.pipeline import brute, streams

MINUTE, HOUR = 60_000, 3_600_000

RULES = """
[[rule]]
code = "TWO"
on = "merchant"
when = "orders_1h >= 2"
severity = "high"
text_en = "{orders_1h} orders"
text_zh = "{orders_1h} 个订单"
measure = "call"
cooldown = "1h"
[[rule]]
code = "RATE"
on = "merchant"
when = "refund_rate_24h > 0.5 OR refund_rate_24h IS NULL AND events_24h > 3"
[[rule]]
code = "SHADOW"
on = "buyer"
when = "orders_1h >= 1"
mode = "shadow"
"""


class Place:
    """A folder with a run in it."""

    def __init__(self, folder: Path, rules: str = RULES) -> None:
        self.source, self.rules, self.out = folder / "events.jsonl", folder / "rules.toml", folder / "alerts.jsonl"
        self.rejects = folder / "alerts.jsonl.rejects.jsonl"
        self.rules.write_text(rules, encoding="utf-8")

    def run(self, data: bytes, **options: object) -> FlowSummary:
        self.source.write_bytes(data)
        given = {"source": self.source, "rules": self.rules, "out": self.out, **options}
        return run_flow(FlowFileOptions(**given))  # type: ignore[arg-type]  # options of several types

    def told(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.read_bytes().splitlines()]

    def refused(self) -> list[tuple[int, str]]:
        return [(x["line"], x["code"]) for x in map(json.loads, self.rejects.read_bytes().splitlines())]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_an_alert_is_a_line_with_everything_that_is_promised(place: Place) -> None:
    summary = place.run(streams.lines([order("b", 5), order("a", 3), order("c", HOUR)]))
    assert place.told() == [
        {
            "alert_id": place.told()[0]["alert_id"],
            "rule": "TWO",
            "version": read_rules(place.rules).version,
            "on": "merchant",
            "key": "M",
            "ts": moment_text(brute.ms(str(order("b", 5)["ts"]))),
            "event_id": "b",
            "enter_or_leave": "enter",
            "facts": {"orders_1h": 2},
            "text_en": "2 orders",
            "text_zh": "2 个订单",
            "severity": "high",
            "measure": "call",
            "mode": "active",
            "risk_type": "volume",
            "tier": "restrict",
            "when": "orders_1h >= 2",
            "status": "final",
            "customer": "Merchant:M",
            "evidence": {"events": ["b"]},
            "late": False,
            "degraded": [],
            "count": 1,
        }
    ]
    assert (summary.events, summary.stored, summary.alerts, summary.by_rule) == (3, 3, 1, {"TWO": 1, "RATE": 0})
    assert not summary.refused


@pytest.mark.parametrize("seed", range(12))
def test_a_file_gives_the_alerts_of_the_twin(seed: int, tmp_path: Path) -> None:
    """Random rules and streams with refused lines among the good ones, plain and packed, drained and not."""
    rng = random.Random(seed)
    stream = streams.disturbed(rng, streams.events(rng, 30, rng.choice((0.2, 0.8))))
    rules_text = ""
    while not rules_text:
        rules_text = streams.rules(rng, 6)
        place = Place(tmp_path, rules_text)
        try:
            rules = read_rules(place.rules)
        except RuleSetError:
            rules_text = ""
    lines, bad = [], []
    for event in stream:
        if rng.random() < 0.15:
            lines.append(
                rng.choice((b"{", b'{"event_id":"x","type":"order"}', b"[]", b"\xff", b'{"type":"x"}')) + b"\n"
            )
            bad.append(len(lines))
        lines.append(streams.lines([event]) if rng.random() < 0.9 else streams.lines([event])[:-1] + b"\r\n")
        if rng.random() < 0.1:
            lines.append(b"\n")
    data, drain = b"".join(lines), rng.random() < 0.5
    summary = place.run(gzip.compress(data) if seed % 2 else data, drain=drain, shadow=True)
    want = brute.outcome(stream, rules, streams.LATENESS, drain)
    told = [
        (x["ts"], x["rule"], x["on"], x["key"], x["event_id"], x["enter_or_leave"], x["facts"], x["count"])
        for x in place.told()
    ]
    assert told == [
        (moment_text(t.ts), t.rule, t.on, t.key, t.event_id, "leave" if t.leaves else "enter", dict(t.facts), count)
        for t, count in want.alerts
    ]
    assert (summary.stored, summary.duplicates, summary.conflicts) == (want.stored, want.duplicates, want.conflicts)
    assert (summary.late, summary.rejected, summary.alerts) == (want.late, len(bad), len(told))
    assert summary.events == summary.stored + summary.duplicates + summary.conflicts + summary.rejected
    if summary.refused:
        assert [line for line, code in place.refused() if code != "conflict"] == bad
        assert [line for line, _ in place.refused()] == sorted(line for line, _ in place.refused())


def test_how_the_file_is_read_in_pieces_does_not_matter(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(3)
    data = streams.lines(streams.disturbed(rng, streams.events(rng, 200))) + b'{"no newline at the end": 1}'
    whole = place.run(data, provisional=True, drain=True)
    first = place.out.read_bytes(), place.rejects.read_bytes()
    for size in (1, 64, 1000):
        monkeypatch.setattr(flow_lines, "CHUNK", size)
        again = place.run(data, provisional=True, drain=True)
        assert (place.out.read_bytes(), place.rejects.read_bytes()) == first
        assert (again.events, again.provisional) == (whole.events, whole.provisional)


def test_refused_lines_are_listed_with_line_and_code_and_good_ones_go_on(place: Place) -> None:
    good = streams.lines([order("a", 0), order("b", 1)]).splitlines(keepends=True)
    long = b'{"event_id":"' + b"x" * (3 * LONGEST_LINE) + b'"}\n'
    data = good[0] + b"{nonsense\n" + b"\n" + long + good[1] + streams.lines([order("b", 2)]) + b'{"type":"order"}'
    summary = place.run(data)
    assert place.refused() == [(2, "json"), (4, "line_too_long"), (6, "conflict"), (7, "missing")]
    assert (summary.stored, summary.rejected, summary.conflicts, summary.alerts) == (2, 3, 1, 1)
    assert summary.rejects == str(place.rejects)
    assert b"nonsense" not in place.rejects.read_bytes(), "values of refused lines stay out"
    place.run(good[0])
    assert not place.rejects.exists(), "what an earlier run refused is gone"


def test_a_line_longer_than_any_piece_that_is_read_is_one_refused_line(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_lines, "CHUNK", 1000)
    data = b"y" * 200_000 + b"\n" + streams.lines([order("a", 0)]) + b"z" * 50_000
    summary = place.run(data)
    assert place.refused() == [(1, "line_too_long"), (3, "line_too_long")]
    assert summary.stored == 1


def test_an_empty_file_is_a_file_without_alerts(place: Place) -> None:
    for data in (b"", b"\n\n", gzip.compress(b"")):
        summary = place.run(data, drain=True, provisional=True)
        assert (summary.events, place.out.read_bytes()) == (0, b"")


def test_cooldown_repeats_are_counted_in_the_alert_they_belong_to(place: Place) -> None:
    events = [order(f"e{i}", i * 20 * MINUTE) for i in range(4)] + [order(f"f{i}", 3 * HOUR + i) for i in range(2)]
    place.rules.write_text(RULES.replace("orders_1h >= 2", "orders_5m >= 1"))
    summary = place.run(streams.lines(events))
    assert [(x["event_id"], x["count"]) for x in place.told()] == [("e0", 3), ("e3", 1), ("f0", 1)]
    assert (summary.alerts, summary.repeats) == (3, 2)


def test_shadow_rules_are_told_only_when_asked_for(place: Place) -> None:
    data = streams.lines([order("a", 0)])
    assert place.run(data).alerts == 0
    summary = place.run(data, shadow=True)
    assert [(x["rule"], x["mode"]) for x in place.told()] == [("SHADOW", "shadow")]
    assert summary.by_rule == {"TWO": 0, "RATE": 0, "SHADOW": 1}


def test_provisional_tells_every_step(place: Place) -> None:
    events = [order("a", 0), order("b", 5), order("c", 20 * MINUTE, "N"), order("a late one", 6, "N")]
    summary = place.run(streams.lines(events), provisional=True)
    steps = [(x["status"], x["event_id"], x["late"]) for x in place.told()]
    assert steps == [("provisional", "b", False), ("confirmed", "b", False), ("late", "a late one", True)]
    assert summary.late == 1
    assert summary.alerts == 1


def test_loan_money_is_watched_when_asked_for(place: Place) -> None:
    loan = {"loan_id": "L", "account_id": "A", "amount": 1000, "currency": "CNY"}
    events = [
        {"event_id": "d", "type": "disbursement", "ts": order("x", 0)["ts"], **loan},
        transfer("t", 1, "A", "B", 900),
    ]
    assert place.run(streams.lines(events)).alerts == 0
    summary = place.run(streams.lines(events), proceeds=True)
    assert [(x["rule"], x["degraded"]) for x in place.told()] == [
        ("LOAN_HOLD", ["ownership"]),
        ("LOAN_DIVERTED", ["ownership"]),
    ]
    assert summary.by_rule["LOAN_HOLD"] == 1


def test_a_pace_waits_for_what_has_not_happened_yet(place: Place) -> None:
    place.source.write_bytes(streams.lines([order("a", 0), order("b", 60_000)]))
    slept: list[float] = []
    options = FlowFileOptions(place.source, place.rules, place.out, speed=2.0)
    assert run_flow(options, sleep=slept.append, clock=lambda: sum(slept)).alerts == 1
    assert sum(slept) == 30.0 and max(slept) == 1.0  # a minute, twice as fast, in looks of a second
    slept.clear()
    options = FlowFileOptions(place.source, place.rules, place.out)
    assert run_flow(options, sleep=slept.append, clock=lambda: sum(slept)).alerts == 1
    assert slept == []


def test_a_run_that_breaks_off_leaves_what_was_there(place: Place) -> None:
    data = streams.lines([order(f"e{i}", i) for i in range(50)])
    place.run(data)
    before = place.out.read_bytes()
    packed = gzip.compress(data + streams.lines([order("z", 10**8)]) * 100)
    with pytest.raises(FlowFileError, match="damaged gzip"):
        place.run(packed[: len(packed) // 2])
    assert place.out.read_bytes() == before
    assert sorted(p.name for p in place.out.parent.iterdir()) == ["alerts.jsonl", "events.jsonl", "rules.toml"]


def test_rules_that_cannot_be_read_say_why(place: Place) -> None:
    place.rules.write_bytes(b"\xff")
    with pytest.raises(FlowFileError, match="UTF-8"):
        place.run(b"")
    place.rules.write_text('[[rule]]\ncode="X"\non="merchant"\nwhen="no_such_fact > 1"')
    with pytest.raises(RuleSetError, match="no_such_fact"):
        place.run(b"")
