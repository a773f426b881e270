"""Every fact of the catalogue, at every moment of random streams, is what the twin says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.facts import KINDS, catalogue
from flow.window.engine import WindowEngine
from tests.flow.window import twin
from tests.flow.window.streams import W, pushed, rule_set, streams
from tests.flow.window.twin import Event

OTHER_CURRENCIES = ["sum_usd_1h", "max_usd_7d", "sum_jpy_daily_mean_30d", "max_jpy_5m"]


def rules_that_read(names: list[str]) -> list[str]:
    """Conditions of at most 500 characters that read all these facts."""
    found = [""]
    for name in names:
        more = f"{found[-1]} OR {name} = 1".removeprefix(" OR ")
        if len(more) > 480 or more.count(" OR ") > 15:
            found.append(f"{name} = 1")
        else:
            found[-1] = more
    return found


def compared_at_every_moment(kind: str, events: list[Event], names: list[str]) -> None:
    """The facts of every key after each moment, beside the twin's."""
    rules = rule_set([(kind, text) for text in rules_that_read(names)], offset=90)
    engine = WindowEngine(rules, capacity=4)
    keys = sorted({key for e in events for key in twin.keys_of(e, kind)})
    taken = 0
    for moment in sorted({e["ts"] + w for e in events for w in (0, *W)}):
        due = [e for e in events[taken:] if e["ts"] <= moment]
        taken += len(due)
        pushed(engine, due, moment)
        for key in keys:
            mine = [e for e in events[:taken] if key in twin.keys_of(e, kind)]
            assert engine.facts_of(kind, key) == twin.facts_at(mine, moment, names, kind, key, rules)


@settings(max_examples=20, deadline=None)
@given(st.data(), st.sampled_from(KINDS), streams(12))
def test_facts_are_those_of_the_twin_at_every_moment(data: st.DataObject, kind: str, events: list[Event]) -> None:
    names = st.sampled_from([*catalogue()[kind], *OTHER_CURRENCIES])
    compared_at_every_moment(kind, events, data.draw(st.lists(names, min_size=1, max_size=25, unique=True)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=4, deadline=None)
@given(events=streams(12))
def test_every_fact_of_the_catalogue_is_that_of_the_twin(kind: str, events: list[Event]) -> None:
    compared_at_every_moment(kind, events, [*catalogue()[kind], *OTHER_CURRENCIES])


def test_a_key_without_events_has_counts_of_zero_and_no_shares() -> None:
    engine = WindowEngine(
        rule_set([("merchant", "orders_1h > 3 AND refund_rate_24h > 0.1 AND sum_daily_mean_30d > 5")])
    )
    assert engine.facts_of("merchant", "M1") == {
        "orders_1h": 0,
        "refund_rate_24h": None,
        "sum_daily_mean_30d": None,
    }
