"""Repeats are counted, provisional alerts are confirmed or withdrawn."""

from __future__ import annotations

from dataclasses import replace

from flow.alerts import Alert, judged
from flow.facts import catalogue
from flow.settlement import Cooldown, Settlement
from policy.ruleset import read

RULES = read('[[rule]]\ncode = "R"\non = "merchant"\nwhen = "orders_1h > 1"\ncooldown = "1h"', catalogue())
HOUR = 3_600_000


def alert(ts: int, key: str = "M", event_id: str = "e") -> Alert:
    return judged(RULES)[0].alert(key, ts, event_id, False, {"orders_1h": 2})


def test_a_rule_that_turns_true_again_within_its_cooldown_is_a_repeat_and_at_its_end_the_next_alert() -> None:
    """
    0                         1h                        2h
    |alert ---- repeat --- r |alert ---------- repeat  |
    """
    cooldown = Cooldown()
    first = cooldown.admit(alert(0), HOUR)
    again = cooldown.admit(alert(5), HOUR)
    third = cooldown.admit(alert(HOUR - 1), HOUR)
    new = cooldown.admit(alert(HOUR), HOUR)
    assert [a.status for a in (first, again, third, new)] == ["final", "repeat", "repeat", "final"]
    assert {again.alert_id, third.alert_id} == {first.alert_id}
    assert (again.count, third.count, new.count) == (2, 3, 1)
    assert new.alert_id != first.alert_id
    assert cooldown.admit(alert(HOUR + 1), HOUR).alert_id == new.alert_id


def test_keys_and_rules_without_cooldown_are_apart() -> None:
    cooldown = Cooldown()
    cooldown.admit(alert(0), HOUR)
    assert cooldown.admit(alert(1, "N"), HOUR).status == "final"
    assert [cooldown.admit(alert(t, "O"), 0).status for t in (0, 0, 1)] == ["final"] * 3


def test_a_cooldown_goes_on_after_a_restart() -> None:
    before = Cooldown()
    first = before.admit(alert(0), HOUR)
    again = Cooldown(before.opened()).admit(alert(1), HOUR)
    assert (again.status, again.alert_id, again.count) == ("repeat", first.alert_id, 2)


def test_ended_cooldowns_are_forgotten() -> None:
    cooldown = Cooldown()
    for i in range(5000):
        cooldown.admit(alert(i * HOUR, f"M{i}"), HOUR)
    assert len(list(cooldown.opened())) < 1100


def test_what_both_lanes_say_is_confirmed_what_one_says_is_withdrawn_or_added() -> None:
    settlement = Settlement()
    both, quick, final = alert(10), alert(20), alert(30)
    assert settlement.expect(both.as_("provisional"))
    assert not settlement.expect(both.as_("provisional")), "told before"
    settlement.expect(quick.as_("provisional"))
    assert settlement.settle([both], 10) == [replace(both, status="confirmed")]
    assert settlement.settle([], 19) == []
    assert settlement.settle([final], 30) == [final, replace(quick, status="withdrawn")]
    assert len(settlement) == 0
